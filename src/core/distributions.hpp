#pragma once

#include <cmath>
#include <cstddef>
#include <string>

#include "gtlabel/core/error.hpp"
#include "gtlabel/core/views.hpp"

namespace gtlabel::detail {

inline constexpr double kSumTolerance = 1e-3;

/// Why a row of a matrix is not a distribution, if `text` is not empty.
struct DistributionFault {
  std::string text;
  ErrorCode code = ErrorCode::invalid_argument;
};

inline DistributionFault distribution_fault(MatrixView<const float> rows, std::ptrdiff_t r) {
  double sum = 0.0;
  for (std::ptrdiff_t c = 0; c < rows.cols; ++c) {
    const float value = rows(r, c);
    if (!(value >= 0.0F) || !std::isfinite(value)) {
      return {"row " + std::to_string(r) + ", column " + std::to_string(c) + " is " + std::to_string(value) +
                  ", expected a number from 0 to 1",
              std::isfinite(value) ? ErrorCode::invalid_argument : ErrorCode::not_finite};
    }
    sum += value;
  }
  if (std::fabs(sum - 1.0) <= kSumTolerance) return {};
  return {"row " + std::to_string(r) + " sums to " + std::to_string(sum) + ", expected 1"};
}

/// @throws InvalidArgument  naming the first row that is not a distribution.
inline void require_distributions(const char* what, MatrixView<const float> rows) {
  for (std::ptrdiff_t r = 0; r < rows.rows; ++r) {
    const DistributionFault fault = distribution_fault(rows, r);
    if (!fault.text.empty()) throw InvalidArgument(std::string(what) + ": " + fault.text, fault.code);
  }
}

}  // namespace gtlabel::detail
