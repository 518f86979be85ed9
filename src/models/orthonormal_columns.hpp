#pragma once

#include "gtlabel/core/executor.hpp"
#include "support/eigen.hpp"

namespace gtlabel::detail {

// Products of matrices of many rows and few columns. The same bits for any executor.

/// The products of all pairs of columns.
Eigen::MatrixXd column_products(const RowMatrix& rows, Executor& executor);

/// rows * matrix.
RowMatrix multiplied(const RowMatrix& rows, const RowMatrix& matrix, Executor& executor);

/// Orthonormal columns that span what the given ones span, up to directions that are noise of rounding: at least one
/// column, which is zero if all are.
RowMatrix orthonormal_columns(const RowMatrix& rows, Executor& executor);

}  // namespace gtlabel::detail
