#include "gtlabel/routing/audit_bound.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>

#include "core/log_sum_exp.hpp"
#include "gtlabel/core/error.hpp"

namespace gtlabel {
namespace {

// Measured in docs/certificate.md. Nothing expected: fewer audits than equal weights need where less than 0.4 of the
// target is wrong, and about 4 % more at 0.5; steeper weights save little more there and lose more here.
constexpr int kUnexpecting = 17;
// Something expected: less trust loses more where the expectation is right than it saves where it is off by half.
constexpr double kTrust = 0.7;
constexpr double kDeviation = 0.5;
constexpr double kLeastRatio = 0.1;
constexpr double kLargestRatio = AuditPrior::kStep * (AuditPrior::kSize - 1);

using Weights = std::array<double, AuditPrior::kSize>;

double b_of(std::size_t j) noexcept { return AuditPrior::kStep * static_cast<double>(j); }

Weights unexpecting_weights() noexcept {
  Weights weights{};
  for (int j = 0; j < kUnexpecting; ++j) weights[static_cast<std::size_t>(j)] = (20.0 - j) / 204.0;
  return weights;
}

Weights weights_around(double ratio) noexcept {
  Weights around{};
  double sum = 0.0;
  for (std::size_t j = 0; j < around.size(); ++j) {
    // b = 0 stands for what is below the first step.
    const double distance = std::log(std::max(b_of(j), 0.4 * AuditPrior::kStep) / ratio) / kDeviation;
    sum += around[j] = std::exp(-0.5 * distance * distance);
  }
  Weights weights = unexpecting_weights();
  for (std::size_t j = 0; j < weights.size(); ++j) {
    weights[j] = (1.0 - kTrust) * weights[j] + kTrust * around[j] / sum;
  }
  return weights;
}

Weights logarithms(Weights weights) noexcept {
  for (double& weight : weights) weight = std::log(weight);
  return weights;
}

/// ln M as a function of the unfound alone: the logarithm of each term of the mixture is a straight line.
class LogMixture {
 public:
  LogMixture(double errors_found, double level, const AuditPrior& prior) noexcept : start_(prior.log_weights()) {
    for (std::size_t j = 0; j < start_.size(); ++j) {
      const double b = b_of(j);
      if (errors_found > 0.0) start_[j] += errors_found * std::log(b);  // b = 0: -infinity, once an error is found
      slope_[j] = std::log1p(-level * b) - std::log1p(-level);
    }
  }

  [[nodiscard]] double at(double wrong_unfound) const noexcept {
    Weights terms{};
    for (std::size_t j = 0; j < terms.size(); ++j) terms[j] = start_[j] + wrong_unfound * slope_[j];
    return detail::log_sum_exp(terms);
  }

 private:
  Weights start_, slope_{};
};

}  // namespace

AuditPrior::AuditPrior() noexcept {
  static const Weights unexpecting = logarithms(unexpecting_weights());
  log_weights_ = unexpecting;
}

AuditPrior::AuditPrior(double error_ratio) : error_ratio_(error_ratio) {
  if (!(error_ratio >= 0.0)) {
    throw InvalidArgument("error_ratio: " + std::to_string(error_ratio) + " given, expected a number of at least 0");
  }
  log_weights_ = logarithms(weights_around(std::clamp(error_ratio, kLeastRatio, kLargestRatio)));
}

double log_audit_martingale(double errors_found, double level, double wrong_unfound, const AuditPrior& prior) noexcept {
  return LogMixture(errors_found, level, prior).at(wrong_unfound);
}

std::int64_t max_wrong_unfound(std::int64_t errors_found, double level, double failure_probability,
                               const AuditPrior& prior) noexcept {
  constexpr auto kUnknown = std::numeric_limits<std::int64_t>::max();
  if (level <= 0.0) return kUnknown;
  const double limit = -std::log(failure_probability);
  const LogMixture mixture(static_cast<double>(errors_found), level, prior);
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
