#pragma once

#include <cmath>
#include <cstdint>
#include <span>

namespace gtlabel_test {

/// The least k with P(Binomial(n, p) <= k) >= level: a count above it refutes "at most p" at that level.
inline std::int64_t binomial_quantile(std::int64_t n, double p, double level) {
  double term = std::exp(static_cast<double>(n) * std::log1p(-p)), sum = term;
  std::int64_t k = 0;
  while (sum < level && k < n) {
    term *= static_cast<double>(n - k) / static_cast<double>(k + 1) * p / (1.0 - p);
    sum += term;
    ++k;
  }
  return k;
}

/// Pearson's statistic of counts that are expected to be equal.
inline double chi_square(std::span<const std::int64_t> counts) {
  double total = 0.0, statistic = 0.0;
  for (const auto count : counts) total += static_cast<double>(count);
  const double expected = total / static_cast<double>(counts.size());
  for (const auto count : counts) statistic += (static_cast<double>(count) - expected) * (count - expected) / expected;
  return statistic;
}

/// The 99.99 % quantile of chi-square (Wilson and Hilferty, 1931).
inline double chi_square_limit(double degrees) {
  const double spread = 2.0 / (9.0 * degrees);
  return degrees * std::pow(1.0 - spread + 3.719 * std::sqrt(spread), 3);
}

}  // namespace gtlabel_test
