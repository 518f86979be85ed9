#include "models/inverse_cholesky.hpp"

#include <algorithm>

#include "gtlabel/core/error.hpp"

namespace gtlabel::detail {
namespace {

using std::ptrdiff_t;

constexpr ptrdiff_t kRows = 64;
constexpr std::size_t kColumns = 128;

/// for_chunks over the columns of a matrix.
void for_columns(Executor& executor, ptrdiff_t n, const std::function<void(ptrdiff_t begin, ptrdiff_t size)>& body) {
  for_chunks(executor, static_cast<std::size_t>(n), kColumns, [&](std::size_t begin, std::size_t end) {
    body(static_cast<ptrdiff_t>(begin), static_cast<ptrdiff_t>(end - begin));
  });
}

/// The lower Cholesky factor of a block; its diagonal is raised where rounding has eaten it.
Eigen::MatrixXd cholesky(const Eigen::MatrixXd& block) {
  const double scale = std::max(1.0, block.diagonal().cwiseAbs().maxCoeff());
  Eigen::LLT<Eigen::MatrixXd> llt(block);
  for (double jitter = 1e-9; llt.info() != Eigen::Success; jitter *= 10.0) {
    if (!(jitter < 1e3)) throw ModelError("kernel: the kernel matrix left the range of float64");
    llt.compute(block + jitter * scale * Eigen::MatrixXd::Identity(block.rows(), block.cols()));
  }
  return llt.matrixL();
}

}  // namespace

void InverseCholesky::truncate(ptrdiff_t first) { size_ = std::min(size_, first); }

void InverseCholesky::grow(ptrdiff_t size, const RowsOf& rows_of, Executor& executor) {
  if (size == size_) return;
  if (w_.rows() < size) {
    RealMatrix larger = RealMatrix::Zero(std::max(size, size_ + size_ / 2), std::max(size, size_ + size_ / 2));
    larger.topLeftCorner(size_, size_) = w_.topLeftCorner(size_, size_);
    w_.swap(larger);
  }
  size_ = size_ / kRows * kRows;
  RealMatrix block;
  while (size_ < size) {
    const ptrdiff_t rows = std::min(kRows, size - size_);
    block.resize(rows, size_ + rows);
    rows_of(size_, block);
    grow_block(size_, block, executor);
    size_ += rows;
  }
}

void InverseCholesky::grow_block(ptrdiff_t first, RealMatrix& block, Executor& executor) {
  const ptrdiff_t rows = block.rows();
  RealMatrix left(rows, first);  // of L
  for_columns(executor, first, [&](ptrdiff_t begin, ptrdiff_t size) {
    left.middleCols(begin, size).noalias() =
        block.leftCols(begin + size) * w_.block(begin, 0, size, begin + size).transpose();
  });
  Eigen::MatrixXd corner = block.rightCols(rows);
  if (first > 0) corner.noalias() -= left * left.transpose();
  const Eigen::MatrixXd factor = cholesky(corner);
  const auto triangle = factor.triangularView<Eigen::Lower>();
  if (first > 0) left = triangle.solve(left);
  for_columns(executor, first, [&](ptrdiff_t begin, ptrdiff_t size) {
    w_.block(first, begin, rows, size).noalias() =
        -left.rightCols(first - begin) * w_.block(begin, begin, first - begin, size);
  });
  w_.block(first, first, rows, rows) = triangle.solve(Eigen::MatrixXd::Identity(rows, rows));
}

RealMatrix InverseCholesky::solve(const RealMatrix& v, Executor& executor) const {
  RealMatrix half(size_, v.cols()), solution(size_, v.cols());
  for_columns(executor, size_, [&](ptrdiff_t begin, ptrdiff_t size) {
    half.middleRows(begin, size).noalias() = w_.block(begin, 0, size, begin + size) * v.topRows(begin + size);
  });
  for_columns(executor, size_, [&](ptrdiff_t begin, ptrdiff_t size) {
    solution.middleRows(begin, size).noalias() =
        w_.block(begin, begin, size_ - begin, size).transpose() * half.bottomRows(size_ - begin);
  });
  return solution;
}

Eigen::VectorXd InverseCholesky::inverse_diagonal(Executor& executor) const {
  Eigen::VectorXd diagonal(size_);
  for_columns(executor, size_, [&](ptrdiff_t begin, ptrdiff_t size) {
    diagonal.segment(begin, size) = w_.block(begin, begin, size_ - begin, size).colwise().squaredNorm().transpose();
  });
  return diagonal;
}

}  // namespace gtlabel::detail
