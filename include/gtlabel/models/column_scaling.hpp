#pragma once

#include <span>
#include <vector>

#include "gtlabel/core/executor.hpp"
#include "gtlabel/core/export.hpp"
#include "gtlabel/dataset/features.hpp"

namespace gtlabel {

/// How the columns of a pool are brought to one scale: value -> (value - center) * inverse_scale.
/// Learned from the whole pool, labels are not looked at.
struct ColumnScaling {
  std::vector<float> center;         ///< one per column; all 0 for sparse pools, which stay sparse
  std::vector<float> inverse_scale;  ///< one per column; 0 for a constant (sparse: empty) column
  double mean_square_norm = 0.0;     ///< mean over the pool of the squared Euclidean norm of a scaled row
};

/// The scaling of a pool.
///
/// Dense columns are centred. Where they share one unit (images, embeddings, one-hot columns), their differences in
/// spread mean something, so one common scale serves all: the root mean square of their standard deviations. Where they
/// do not (tables of lengths, counts and money), each is divided by its own standard deviation. They share one unit if
/// the 95th percentile of the half-ranges (max - min) / 2 of the non-constant columns is at most 8 times the 5th.
/// Sparse columns are not centred; the scale is the root mean square of a column's non-zeros, common or own by the same
/// test.
///
/// Cost: two passes over the values (sparse: one). Accumulates in double, in an order that does not depend on the
/// executor. Finite for every finite input. Thread-safe.
[[nodiscard]] GTLABEL_EXPORT ColumnScaling column_scaling(const Features& pool, Executor& executor);

/// Scales one dense row. @param row, out  one value per column; may be the same memory.
GTLABEL_EXPORT void scale_row(const ColumnScaling& scaling, std::span<const float> row, std::span<float> out) noexcept;

}  // namespace gtlabel
