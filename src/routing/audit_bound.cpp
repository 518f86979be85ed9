#include "gtlabel/routing/audit_bound.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace gtlabel {
namespace {

// Equal weights on b in [0, 0.8] needed the fewest audits, over true errors from 0 to 0.6 of the target, among the
// mixtures tried; no single b is within 10 % of it at both ends.
constexpr int kMixture = 17;
constexpr double kMixtureStep = 0.05;
const double kLogMixture = std::log(static_cast<double>(kMixture));

double mixture_point(int j) noexcept { return kMixtureStep * j; }

}  // namespace

double log_audit_martingale(double errors_found, double level, double wrong_unfound) noexcept {
  std::array<double, kMixture> terms{};
  double largest = -std::numeric_limits<double>::infinity();
  for (int j = 0; j < kMixture; ++j) {
    const double b = mixture_point(j);
    const double found =
        errors_found > 0.0 ? errors_found * std::log(b) : 0.0;  // b = 0: -infinity, once an error is found
    terms[j] = found + wrong_unfound * (std::log1p(-level * b) - std::log1p(-level));
    largest = std::max(largest, terms[j]);
  }
  double sum = 0.0;
  for (const double term : terms) sum += std::exp(term - largest);
  return largest + std::log(sum) - kLogMixture;
}

std::int64_t max_wrong_unfound(std::int64_t errors_found, double level, double failure_probability) noexcept {
  constexpr auto kUnknown = std::numeric_limits<std::int64_t>::max();
  if (level <= 0.0) return kUnknown;
  const double limit = -std::log(failure_probability);
  const auto believed = [&](std::int64_t wrong) {
    return log_audit_martingale(static_cast<double>(errors_found), level, static_cast<double>(wrong)) < limit;
  };
  if (!believed(0)) return 0;
  std::int64_t low = 0, high = 1;
  while (believed(high)) {
    low = high;
    if (high > kUnknown / 4) return kUnknown;
    high *= 2;
  }
  while (high - low > 1) {
    const std::int64_t middle = low + (high - low) / 2;
    (believed(middle) ? low : high) = middle;
  }
  return low;
}

}  // namespace gtlabel
