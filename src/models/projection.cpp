#include "models/projection.hpp"

#include <algorithm>
#include <vector>

#include "gtlabel/core/random.hpp"
#include "gtlabel/models/neighbor_graph.hpp"
#include "models/scaled_rows.hpp"

namespace gtlabel::detail {
namespace {

using std::ptrdiff_t;

constexpr ptrdiff_t kSample = 4096;
constexpr ptrdiff_t kChunk = 256;
constexpr int kPasses = 3;

void make_orthonormal(RowMatrix& columns) {
  Eigen::HouseholderQR<Eigen::MatrixXf> qr(columns);
  columns = qr.householderQ() * Eigen::MatrixXf::Identity(columns.rows(), columns.cols());
}

/// Turns an invariant subspace, spanned by an orthonormal basis with its image, into directions by falling variance.
RowMatrix ritz_directions(const RowMatrix& basis, const RowMatrix& image) {
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXf> eigen(Eigen::MatrixXf(basis.transpose() * image));
  return basis * eigen.eigenvectors().rowwise().reverse();
}

}  // namespace

RowMatrix random_directions(ptrdiff_t n_columns, ptrdiff_t rank) {
  RowMatrix directions(n_columns, rank);
  RandomStream random(0, RandomPurpose::query);
  for (ptrdiff_t i = 0; i < directions.size(); ++i) directions.data()[i] = static_cast<float>(random.uniform() - 0.5);
  return directions;
}

RowMatrix principal_basis(const Features& pool, const ColumnScaling& scaling, ptrdiff_t rank, Executor& executor) {
  const ptrdiff_t n = pool.n_items(), d = pool.n_features(), sample = std::min(n, kSample);
  RowMatrix basis = random_directions(d, std::min(rank, d));
  std::vector<RowMatrix> partial(static_cast<std::size_t>((sample + kChunk - 1) / kChunk));
  const int passes = d <= rank ? 1 : kPasses;
  for (int pass = 0; pass < passes; ++pass) {
    make_orthonormal(basis);
    for_chunks(executor, static_cast<std::size_t>(sample), kChunk, [&](std::size_t begin, std::size_t end) {
      const auto size = static_cast<ptrdiff_t>(end - begin);
      RowMatrix rows(size, d);
      const auto item_of = [&](ptrdiff_t r) { return (static_cast<ptrdiff_t>(begin) + r) * n / sample; };
      gather_scaled_rows(pool, scaling, size, item_of, 1.0F, rows);
      const RowMatrix projected = rows * basis;
      partial[begin / kChunk].noalias() = rows.transpose() * projected;
    });
    for (std::size_t c = 1; c < partial.size(); ++c) partial[0] += partial[c];
    if (pass + 1 < passes) basis = partial[0];
  }
  return ritz_directions(basis, partial[0]);
}

SearchRows::SearchRows(const Features& pool, Executor& executor)
    : pool_(pool), scaling_(column_scaling(pool, executor)), n_columns_(pool.n_features()) {
  if (n_columns_ <= NeighborGraph::kMaxExactColumns) return;
  basis_ = principal_basis(pool, scaling_, NeighborGraph::kProjectedColumns, executor);
  n_columns_ = basis_.cols();
}

void SearchRows::gather(ptrdiff_t n_rows, const std::function<ptrdiff_t(ptrdiff_t)>& item_of, RowMatrix& out) const {
  if (basis_.size() == 0) {
    gather_scaled_rows(pool_, scaling_, n_rows, item_of, 1.0F, out);
    return;
  }
  RowMatrix rows(n_rows, pool_.n_features());
  gather_scaled_rows(pool_, scaling_, n_rows, item_of, 1.0F, rows);
  out.topRows(n_rows).noalias() = rows * basis_;
}

RowMatrix SearchRows::all(Executor& executor) const {
  RowMatrix all(n_items(), n_columns());
  for_chunks(executor, static_cast<std::size_t>(all.rows()), kChunk, [&](std::size_t begin, std::size_t end) {
    const auto first = static_cast<std::ptrdiff_t>(begin), size = static_cast<std::ptrdiff_t>(end - begin);
    RowMatrix rows(size, all.cols());
    gather(
        size, [&](std::ptrdiff_t r) { return first + r; }, rows);
    all.middleRows(first, size) = rows;
  });
  return all;
}

}  // namespace gtlabel::detail
