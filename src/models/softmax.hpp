#pragma once

#include <algorithm>
#include <cmath>
#include <span>

namespace gtlabel::detail {

/// Logits to probabilities, in place. Not empty.
inline void to_probabilities(std::span<float> row) noexcept {
  const float largest = *std::max_element(row.begin(), row.end());
  float sum = 0.0F;
  for (float& value : row) sum += value = std::exp(value - largest);
  for (float& value : row) value /= sum;
}

}  // namespace gtlabel::detail
