#pragma once

#include <cstddef>
#include <span>

namespace gtlabel::detail {

/// Two sums side by side, so that not every addition waits for the one before.
inline double sum_of(std::span<const double> values) noexcept {
  double even = 0.0, odd = 0.0;
  std::size_t i = 0;
  for (; i + 1 < values.size(); i += 2) {
    even += values[i];
    odd += values[i + 1];
  }
  if (i < values.size()) even += values[i];
  return even + odd;
}

}  // namespace gtlabel::detail
