#pragma once

#include <cstddef>

#include "gtlabel/dataset/features.hpp"
#include "gtlabel/models/column_scaling.hpp"
#include "support/eigen.hpp"

namespace gtlabel::detail {

/// Scaled copies of the dense rows item_of(0) .. item_of(n_rows - 1), times `factor`, into the first rows of `out`.
template <class ItemOf>
void gather_scaled_rows(const Features& pool, const ColumnScaling& scaling, std::ptrdiff_t n_rows, ItemOf item_of,
                        float factor, RowMatrix& out) {
  const auto rows = pool.dense();
  for (std::ptrdiff_t r = 0; r < n_rows; ++r) {
    const std::span<float> target(out.data() + r * out.cols(), static_cast<std::size_t>(rows.cols));
    scale_row(scaling, rows.row(item_of(r)), target);
    for (float& value : target) value *= factor;
  }
}

}  // namespace gtlabel::detail
