#pragma once

#include <cmath>

namespace gtlabel::detail {

/// Derivative of the logarithm of the gamma function, for x > 0: recurrence up to 6, then the asymptotic series
/// (Abramowitz and Stegun 6.3.5, 6.3.18); absolute error below 1e-10.
inline double digamma(double x) noexcept {
  double shift = 0.0;
  for (; x < 6.0; x += 1.0) shift -= 1.0 / x;
  const double y = 1.0 / (x * x);
  const double series = y * (1.0 / 12 - y * (1.0 / 120 - y * (1.0 / 252 - y * (1.0 / 240 - y * (1.0 / 132)))));
  return shift + std::log(x) - 0.5 / x - series;
}

}  // namespace gtlabel::detail
