#include "models/sparse_neighbors.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <vector>

#include "gtlabel/models/column_scaling.hpp"
#include "gtlabel/models/neighbor_graph.hpp"
#include "models/approximate_neighbors.hpp"
#include "models/nearest_candidates.hpp"
#include "models/projection.hpp"
#include "models/singular_directions.hpp"
#include "support/eigen.hpp"

namespace gtlabel::detail {
namespace {

using std::ptrdiff_t;

// Candidates along the latent directions per neighbour by words.
constexpr ptrdiff_t kCandidates = 4;

/// The rows of a sparse pool, columns scaled, each of length 1 or 0.
class UnitRows {
 public:
  UnitRows(const Features& pool, Executor& executor)
      : rows_(pool.sparse()), scaling_(column_scaling(pool, executor).inverse_scale) {
    set_factors();
  }

  [[nodiscard]] ptrdiff_t n_columns() const noexcept { return rows_.cols; }

  template <class Use>
  void for_entries(ptrdiff_t row, Use use) const {
    for (std::int64_t e = rows_.indptr[row]; e < rows_.indptr[row + 1]; ++e) {
      const std::int32_t column = rows_.indices[e];
      const float value = rows_.values[e] * scaling_[column] * factors_[row];
      if (value != 0.0F) use(column, value);
    }
  }

 private:
  void set_factors() {
    factors_.assign(static_cast<std::size_t>(rows_.rows()), 1.0F);
    std::vector<double> sums(static_cast<std::size_t>(rows_.cols), 0.0);
    for (ptrdiff_t r = 0; r < rows_.rows(); ++r) {
      double square = 0.0;
      for_entries(r, [&](std::int32_t column, float value) { sums[column] += value; });
      for_entries(r, [&](std::int32_t column, float) {
        square += sums[column] * sums[column];
        sums[column] = 0.0;
      });
      factors_[static_cast<std::size_t>(r)] = square > 0.0 ? static_cast<float>(1.0 / std::sqrt(square)) : 0.0F;
    }
  }

  CsrView<const float> rows_;
  std::vector<float> scaling_;
  std::vector<float> factors_;
};

/// A sparse pool for products of rows: frequent columns as dense rows, the others as postings (column -> items).
class CosineIndex {
 public:
  CosineIndex(const Features& pool, Executor& executor) : rows_(pool, executor), n_(pool.n_items()) {
    choose_frequent_columns();
    set_postings();
  }

  /// similarity[j] = cosine of rows `first + r` and j, for the `size` rows of a block.
  void similarities(ptrdiff_t first, ptrdiff_t size, RowMatrix& similarity) const {
    similarity.topRows(size).noalias() = frequent_.middleRows(first, size) * frequent_.transpose();
    for (ptrdiff_t r = 0; r < size; ++r) {
      float* out = similarity.data() + r * n_;
      rows_.for_entries(first + r, [&](std::int32_t column, float value) {
        if (place_[column] >= 0) return;
        for (std::int64_t p = offsets_[column]; p < offsets_[column + 1]; ++p) out[items_[p]] += value * values_[p];
      });
    }
  }

 private:
  // A column is frequent when more than this share of the items have it; bounded by memory.
  static constexpr double kFrequentShare = 1.0 / 32.0;
  static constexpr std::size_t kFrequentBytes = std::size_t{128} << 20;

  void choose_frequent_columns() {
    const auto n_cols = static_cast<std::size_t>(rows_.n_columns());
    offsets_.assign(n_cols + 1, 0);
    for (ptrdiff_t r = 0; r < n_; ++r) {
      rows_.for_entries(r, [&](std::int32_t column, float) { ++offsets_[column + 1]; });
    }
    std::vector<std::int32_t> frequent;
    for (std::size_t c = 0; c < n_cols; ++c) {
      if (static_cast<double>(offsets_[c + 1]) > kFrequentShare * static_cast<double>(n_)) {
        frequent.push_back(static_cast<std::int32_t>(c));
      }
    }
    const std::size_t most = std::max<std::size_t>(1, kFrequentBytes / (sizeof(float) * static_cast<std::size_t>(n_)));
    std::stable_sort(frequent.begin(), frequent.end(),
                     [&](std::int32_t a, std::int32_t b) { return offsets_[a + 1] > offsets_[b + 1]; });
    frequent.resize(std::min(frequent.size(), most));
    place_.assign(n_cols, -1);
    for (std::size_t f = 0; f < frequent.size(); ++f) {
      place_[frequent[f]] = static_cast<std::int32_t>(f);
      offsets_[frequent[f] + 1] = 0;
    }
    frequent_.setZero(n_, static_cast<ptrdiff_t>(std::max<std::size_t>(1, frequent.size())));
  }

  void set_postings() {
    std::partial_sum(offsets_.begin(), offsets_.end(), offsets_.begin());
    items_.resize(static_cast<std::size_t>(offsets_.back()));
    values_.resize(items_.size());
    std::vector<std::int64_t> next(offsets_.begin(), offsets_.end() - 1);
    for (ptrdiff_t r = 0; r < n_; ++r) {
      rows_.for_entries(r, [&](std::int32_t column, float value) {
        if (place_[column] >= 0) {
          frequent_(r, place_[column]) += value;
        } else {
          const auto place = static_cast<std::size_t>(next[column]++);
          items_[place] = static_cast<std::int32_t>(r);
          values_[place] = value;
        }
      });
    }
  }

  UnitRows rows_;
  ptrdiff_t n_;
  std::vector<std::int32_t> place_;  // column of frequent_, or -1
  RowMatrix frequent_;
  std::vector<std::int64_t> offsets_;
  std::vector<std::int32_t> items_;
  std::vector<float> values_;
};

}  // namespace

void find_sparse_neighbors(const Features& pool, Executor& executor, MatrixView<std::int32_t> neighbors,
                           MatrixView<float> distances) {
  constexpr ptrdiff_t kBlock = 64;
  const CosineIndex index(pool, executor);
  const ptrdiff_t n = pool.n_items();
  for_chunks(executor, static_cast<std::size_t>(n), kBlock, [&](std::size_t begin, std::size_t end) {
    const auto first = static_cast<ptrdiff_t>(begin), size = static_cast<ptrdiff_t>(end - begin);
    RowMatrix similarity(kBlock, n);
    index.similarities(first, size, similarity);
    BestCandidates best;
    for (ptrdiff_t r = 0; r < size; ++r) {
      best.reset(static_cast<std::size_t>(neighbors.cols));
      const float* row = similarity.data() + r * n;
      for (ptrdiff_t j = 0; j < n; ++j) {
        if (row[j] > 0.0F && -row[j] < best.limit() && j != first + r) best.add(-row[j], j);
      }
      for (auto& candidate : best.items()) candidate.value = 2.0F + 2.0F * candidate.value;
      write_nearest(best.items(), neighbors.row(first + r), distances.row(first + r));
    }
  });
}

std::vector<std::int32_t> find_approximate_sparse_neighbors(const Features& pool, Executor& executor,
                                                            MatrixView<std::int32_t> neighbors,
                                                            MatrixView<float> distances) {
  constexpr std::size_t kChunk = 1024;
  const ptrdiff_t n = pool.n_items();
  const Features latent = latent_rows(pool, NeighborGraph::kProjectedColumns, executor);
  const ptrdiff_t n_candidates = std::min(kCandidates * neighbors.cols, n - 1);
  Matrix<std::int32_t> candidates(n, n_candidates, -1);
  Matrix<float> latent_distances(n, n_candidates);
  auto locality = find_approximate_neighbors(SearchRows(latent, executor), executor, candidates, latent_distances);

  const UnitRows rows(pool, executor);
  for_chunks(executor, static_cast<std::size_t>(n), kChunk, [&](std::size_t begin, std::size_t end) {
    std::vector<float> words(static_cast<std::size_t>(rows.n_columns()), 0.0F);
    std::vector<Candidate> nearest;
    for (auto item = static_cast<ptrdiff_t>(begin); item < static_cast<ptrdiff_t>(end); ++item) {
      rows.for_entries(item, [&](std::int32_t column, float value) { words[column] += value; });
      nearest.clear();
      for (const std::int32_t candidate : candidates.row(item)) {
        if (candidate < 0) break;
        float cosine = 0.0F;
        rows.for_entries(candidate, [&](std::int32_t column, float value) { cosine += value * words[column]; });
        if (cosine > 0.0F) nearest.push_back({2.0F - 2.0F * cosine, candidate});
      }
      rows.for_entries(item, [&](std::int32_t column, float) { words[column] = 0.0F; });
      write_nearest(nearest, neighbors.row(item), distances.row(item));
    }
  });
  return locality;
}

}  // namespace gtlabel::detail
