#include "gtlabel/routing/sample_bound.hpp"

#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>

#include "core/log_sum_exp.hpp"
#include "gtlabel/core/error.hpp"
#include "gtlabel/routing/audit_bound.hpp"

namespace gtlabel {
namespace {

// Whole numbers up to here are exact as doubles.
constexpr std::int64_t kLargestPool = std::int64_t{1} << 53;

/// ln M if `n_wrong` of the pool are wrong; infinity if the draws cannot be.
double log_sample_martingale(std::span<const std::uint8_t> is_wrong, std::int64_t n_pool, std::int64_t n_wrong) {
  std::array<double, AuditPrior::kSize> terms = AuditPrior().log_weights();
  auto left = static_cast<double>(n_pool), wrong_left = static_cast<double>(n_wrong);
  for (const std::uint8_t wrong : is_wrong) {
    const double p = wrong_left / left;
    const bool is_possible = wrong != 0 ? p > 0.0 : p < 1.0;
    if (!is_possible) return std::numeric_limits<double>::infinity();
    for (std::size_t j = 0; j < terms.size(); ++j) {
      const double b = AuditPrior::kStep * static_cast<double>(j);
      terms[j] += wrong != 0 ? std::log(b) : std::log1p(-b * p) - std::log1p(-p);
    }
    left -= 1.0;
    if (wrong != 0) wrong_left -= 1.0;
  }
  return detail::log_sum_exp(terms);
}

}  // namespace

std::int64_t max_wrong_in_pool(std::span<const std::uint8_t> is_wrong, std::int64_t n_pool,
                               double failure_probability) {
  if (std::ssize(is_wrong) > n_pool) {
    throw InvalidArgument("is_wrong: " + std::to_string(is_wrong.size()) + " draws given of a pool of " +
                          std::to_string(n_pool));
  }
  if (n_pool > kLargestPool) {
    throw InvalidArgument("n_pool: " + std::to_string(n_pool) + " given, expected at most 2^53");
  }
  if (!(failure_probability > 0.0 && failure_probability < 1.0)) {
    throw InvalidArgument("failure_probability: " + std::to_string(failure_probability) +
                          " given, expected between 0 and 1");
  }
  if (is_wrong.empty()) return n_pool;
  const double limit = -std::log(failure_probability);
  // Fewer than were drawn cannot be: all below counts as believed, so that the bound is at least what was seen.
  std::int64_t low = 0;
  for (const std::uint8_t wrong : is_wrong) low += wrong != 0 ? 1 : 0;
  std::int64_t high = n_pool + 1;
  while (high - low > 1) {
    const std::int64_t middle = low + (high - low) / 2;
    (log_sample_martingale(is_wrong, n_pool, middle) < limit ? low : high) = middle;
  }
  return low;
}

}  // namespace gtlabel
