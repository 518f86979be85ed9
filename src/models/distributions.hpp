#pragma once

#include <cmath>
#include <cstddef>
#include <span>
#include <string>

#include "gtlabel/core/error.hpp"
#include "gtlabel/core/views.hpp"

namespace gtlabel::detail {

inline constexpr float kSumTolerance = 1e-3F;

/// Why a row is not a distribution, or an empty string.
inline std::string distribution_fault(std::span<const float> row) {
  float sum = 0.0F;
  for (std::size_t c = 0; c < row.size(); ++c) {
    if (!(row[c] >= 0.0F) || !std::isfinite(row[c])) {
      return "has " + std::to_string(row[c]) + " in column " + std::to_string(c) + ", expected a probability";
    }
    sum += row[c];
  }
  if (std::fabs(sum - 1.0F) <= kSumTolerance) return {};
  return "sums to " + std::to_string(sum) + ", expected 1";
}

/// @throws InvalidArgument  naming the first row that is not a distribution.
inline void require_distributions(const char* what, MatrixView<const float> rows) {
  for (std::ptrdiff_t r = 0; r < rows.rows; ++r) {
    const std::string fault = distribution_fault(rows.row(r));
    if (!fault.empty()) throw InvalidArgument(std::string(what) + ": row " + std::to_string(r) + " " + fault);
  }
}

}  // namespace gtlabel::detail
