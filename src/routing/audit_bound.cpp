#include "gtlabel/routing/audit_bound.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace gtlabel {
namespace {

// b = 0, 0.05, .., 0.8 with weights proportional to 1 - b: fewer audits than equal weights need where less than 0.4 of
// the target is wrong, which is the usual case, and about 4 % more at 0.5. Steeper weights save little more there and
// lose more here (docs/certificate.md).
constexpr int kMixture = 17;
constexpr double kMixtureStep = 0.05;
const std::array<double, kMixture> kLogWeights = [] {
  std::array<double, kMixture> log_weights{};
  for (int j = 0; j < kMixture; ++j) log_weights[j] = std::log((20.0 - j) / 204.0);
  return log_weights;
}();

/// ln M as a function of the unfound alone: the logarithm of each term of the mixture is a straight line.
class LogMixture {
 public:
  LogMixture(double errors_found, double level) noexcept {
    for (int j = 0; j < kMixture; ++j) {
      const double b = kMixtureStep * j;
      start_[j] = kLogWeights[j];
      if (errors_found > 0.0) start_[j] += errors_found * std::log(b);  // b = 0: -infinity, once an error is found
      slope_[j] = std::log1p(-level * b) - std::log1p(-level);
    }
  }

  [[nodiscard]] double at(double wrong_unfound) const noexcept {
    std::array<double, kMixture> terms{};
    for (int j = 0; j < kMixture; ++j) terms[j] = start_[j] + wrong_unfound * slope_[j];
    const double largest = *std::max_element(terms.begin(), terms.end());
    double sum = 0.0;
    for (const double term : terms) sum += std::exp(term - largest);
    return largest + std::log(sum);
  }

 private:
  std::array<double, kMixture> start_{}, slope_{};
};

}  // namespace

double log_audit_martingale(double errors_found, double level, double wrong_unfound) noexcept {
  return LogMixture(errors_found, level).at(wrong_unfound);
}

std::int64_t max_wrong_unfound(std::int64_t errors_found, double level, double failure_probability) noexcept {
  constexpr auto kUnknown = std::numeric_limits<std::int64_t>::max();
  if (level <= 0.0) return kUnknown;
  const double limit = -std::log(failure_probability);
  const LogMixture mixture(static_cast<double>(errors_found), level);
  const auto believed = [&](std::int64_t wrong) { return mixture.at(static_cast<double>(wrong)) < limit; };
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
