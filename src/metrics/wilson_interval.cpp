#include "gtlabel/metrics/wilson_interval.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include "gtlabel/core/error.hpp"

namespace gtlabel {
namespace {

/// The z that a standard normal exceeds in absolute value with probability 1 - confidence: Newton steps on erf.
double two_sided_quantile(double confidence) {
  double z = 1.0;
  for (int step = 0; step < 60; ++step) {
    const double density = std::exp(-0.5 * z * z) * std::sqrt(2.0 / std::numbers::pi);
    const double change = (std::erf(z / std::numbers::sqrt2) - confidence) / density;
    z = std::max(0.5 * z, z - std::clamp(change, -1.0, 1.0));
    if (std::abs(change) < 1e-12) break;
  }
  return z;
}

}  // namespace

Interval wilson_interval(double successes, double trials, double confidence) {
  if (!(confidence > 0.0 && confidence < 1.0)) {
    throw InvalidArgument("confidence: " + std::to_string(confidence) + " given, expected above 0 and below 1");
  }
  if (!(trials > 0.0)) return {};
  const double z = two_sided_quantile(confidence), share = successes / trials, zz = z * z / trials;
  const double middle = (share + 0.5 * zz) / (1.0 + zz);
  const double half = z * std::sqrt(std::max(share * (1.0 - share) / trials + zz / (4.0 * trials), 0.0)) / (1.0 + zz);
  return {std::max(0.0, middle - half), std::min(1.0, middle + half)};
}

}  // namespace gtlabel
