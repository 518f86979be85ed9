#include "models/search_rows.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "gtlabel/core/random.hpp"
#include "gtlabel/models/column_scaling.hpp"
#include "gtlabel/models/neighbor_graph.hpp"
#include "models/scaled_rows.hpp"

namespace gtlabel::detail {
namespace {

using std::ptrdiff_t;

/// A basis (columns x kProjectedColumns, orthonormal) close to the leading principal directions, by subspace iteration
/// from a fixed random start on an even sample of the pool (Halko, Martinsson and Tropp, SIAM Review 2011,
/// section 4.5).
RowMatrix principal_basis(const Features& pool, const ColumnScaling& scaling, Executor& executor) {
  constexpr ptrdiff_t kSample = 4096, kChunk = 256;
  constexpr int kPasses = 4;
  const ptrdiff_t n = pool.n_items(), d = pool.n_features(), sample = std::min(n, kSample);
  const ptrdiff_t rank = NeighborGraph::kProjectedColumns;
  RowMatrix basis(d, rank);
  RandomStream random(0, RandomPurpose::query);
  for (ptrdiff_t i = 0; i < basis.size(); ++i) basis.data()[i] = static_cast<float>(random.uniform() - 0.5);
  std::vector<RowMatrix> partial(static_cast<std::size_t>((sample + kChunk - 1) / kChunk));
  for (int pass = 0; pass < kPasses; ++pass) {
    for_chunks(executor, static_cast<std::size_t>(sample), kChunk, [&](std::size_t begin, std::size_t end) {
      const auto size = static_cast<ptrdiff_t>(end - begin);
      RowMatrix rows(size, d);
      const auto item_of = [&](ptrdiff_t r) { return (static_cast<ptrdiff_t>(begin) + r) * n / sample; };
      gather_scaled_rows(pool, scaling, size, item_of, 1.0F, rows);
      const RowMatrix projected = rows * basis;
      partial[begin / kChunk].noalias() = rows.transpose() * projected;
    });
    for (std::size_t c = 1; c < partial.size(); ++c) partial[0] += partial[c];
    Eigen::HouseholderQR<Eigen::MatrixXf> qr(partial[0]);
    basis = qr.householderQ() * Eigen::MatrixXf::Identity(d, rank);
  }
  return basis;
}

}  // namespace

RowMatrix search_rows(const Features& pool, Executor& executor) {
  constexpr ptrdiff_t kChunk = 256;
  const ColumnScaling scaling = column_scaling(pool, executor);
  const ptrdiff_t n = pool.n_items(), d = pool.n_features();
  const bool project = d > NeighborGraph::kMaxExactColumns;
  const RowMatrix basis = project ? principal_basis(pool, scaling, executor) : RowMatrix();
  RowMatrix rows(n, project ? basis.cols() : d);
  for_chunks(executor, static_cast<std::size_t>(n), kChunk, [&](std::size_t begin, std::size_t end) {
    const auto first = static_cast<ptrdiff_t>(begin), size = static_cast<ptrdiff_t>(end - begin);
    RowMatrix scaled(size, d);
    gather_scaled_rows(
        pool, scaling, size, [&](ptrdiff_t r) { return first + r; }, 1.0F, scaled);
    if (project) {
      rows.middleRows(first, size).noalias() = scaled * basis;
    } else {
      rows.middleRows(first, size) = scaled;
    }
  });
  return rows;
}

}  // namespace gtlabel::detail
