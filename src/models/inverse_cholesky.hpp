#pragma once

#include <cstddef>
#include <functional>

#include "gtlabel/core/executor.hpp"
#include "support/eigen.hpp"

namespace gtlabel::detail {

using RealMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// W = L^-1, lower triangular, for a positive definite A = L L^T that grows by rows: A^-1 = W^T W, and diag(A^-1) are
/// the squared norms of W's columns. Made in blocks of rows, whose bounds depend on the number of rows alone: a grown W
/// has the same bits as one made at once.
class InverseCholesky {
 public:
  /// Writes rows first .. first + block.rows() - 1 of A, columns 0 .. first + block.rows() - 1, into `block`.
  using RowsOf = std::function<void(std::ptrdiff_t first, RealMatrix& block)>;

  [[nodiscard]] std::ptrdiff_t size() const noexcept { return size_; }
  /// The factor; what stands right of the diagonal is 0.
  [[nodiscard]] auto matrix() const { return w_.topLeftCorner(size_, size_); }

  /// Forgets the rows from `first` on, because A has changed there.
  void truncate(std::ptrdiff_t first);
  /// Goes on to `size` rows. A block that is not positive definite, but for rounding, gets a larger diagonal.
  /// Cost: (size - size()) size^2 multiplications in all. After an exception the blocks made so far are kept.
  void grow(std::ptrdiff_t size, const RowsOf& rows_of, Executor& executor);

  /// A^-1 v.
  [[nodiscard]] RealMatrix solve(const RealMatrix& v, Executor& executor) const;
  /// diag(A^-1).
  [[nodiscard]] Eigen::VectorXd inverse_diagonal(Executor& executor) const;

 private:
  void grow_block(std::ptrdiff_t first, RealMatrix& block, Executor& executor);

  RealMatrix w_;
  std::ptrdiff_t size_ = 0;
};

}  // namespace gtlabel::detail
