#pragma once

#include <algorithm>
#include <cmath>
#include <span>

namespace gtlabel::detail {

/// ln(sum of exp(term)), also where the terms themselves overflow; at least one of them finite.
inline double log_sum_exp(std::span<const double> terms) noexcept {
  const double largest = *std::max_element(terms.begin(), terms.end());
  double sum = 0.0;
  for (const double term : terms) sum += std::exp(term - largest);
  return largest + std::log(sum);
}

}  // namespace gtlabel::detail
