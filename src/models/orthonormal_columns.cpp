#include "models/orthonormal_columns.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace gtlabel::detail {
namespace {

using std::ptrdiff_t;

constexpr std::size_t kChunk = 512;
// A direction that holds less than this part of the strongest one's variance is noise of rounding.
constexpr double kLeastVariance = 1e-10;

/// The matrix that turns columns with these products into orthonormal ones, the widest first; narrow ones are dropped.
RowMatrix whitening(const Eigen::MatrixXd& products) {
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen(products);
  const Eigen::VectorXd& widths = eigen.eigenvalues();  // ascending
  const auto n_kept = std::max<ptrdiff_t>(1, (widths.array() > kLeastVariance * widths.maxCoeff()).count());
  Eigen::MatrixXd columns = eigen.eigenvectors().rightCols(n_kept).rowwise().reverse();
  for (ptrdiff_t c = 0; c < n_kept; ++c) {
    const double width = widths[widths.size() - 1 - c];
    columns.col(c) *= width > 0.0 ? 1.0 / std::sqrt(width) : 0.0;
  }
  return columns.cast<float>();
}

}  // namespace

Eigen::MatrixXd column_products(const RowMatrix& rows, Executor& executor) {
  const auto n = static_cast<std::size_t>(rows.rows());
  std::vector<Eigen::MatrixXd> partial((n + kChunk - 1) / kChunk);
  for_chunks(executor, n, kChunk, [&](std::size_t begin, std::size_t end) {
    const auto part = rows.middleRows(static_cast<ptrdiff_t>(begin), static_cast<ptrdiff_t>(end - begin));
    partial[begin / kChunk] = (part.transpose() * part).cast<double>();
  });
  for (std::size_t p = 1; p < partial.size(); ++p) partial[0] += partial[p];
  return partial[0];
}

RowMatrix multiplied(const RowMatrix& rows, const RowMatrix& matrix, Executor& executor) {
  RowMatrix out(rows.rows(), matrix.cols());
  for_chunks(executor, static_cast<std::size_t>(rows.rows()), kChunk, [&](std::size_t begin, std::size_t end) {
    const auto first = static_cast<ptrdiff_t>(begin), size = static_cast<ptrdiff_t>(end - begin);
    out.middleRows(first, size).noalias() = rows.middleRows(first, size) * matrix;
  });
  return out;
}

RowMatrix orthonormal_columns(const RowMatrix& rows, Executor& executor) {
  return multiplied(rows, whitening(column_products(rows, executor)), executor);
}

}  // namespace gtlabel::detail
