#include "models/labelled_rows.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "gtlabel/models/softmax_regression.hpp"
#include "models/projection.hpp"
#include "models/scaled_rows.hpp"

namespace gtlabel::detail {
namespace {

using std::ptrdiff_t;

constexpr ptrdiff_t kTile = 64;
constexpr ptrdiff_t kDirections = SoftmaxRegression::kDirections;

}  // namespace

LabelledRows::LabelledRows(const Features& pool, const ColumnScaling& scaling, Executor& executor)
    : pool_(pool), scaling_(scaling), n_features_(pool.n_features()) {
  factor_ = scaling.mean_square_norm > 0.0 ? static_cast<float>(1.0 / std::sqrt(scaling.mean_square_norm)) : 1.0F;
  if (pool.is_sparse()) {
    place_.assign(static_cast<std::size_t>(n_features_), -1);
  } else {
    basis_ = principal_basis(pool, scaling, kDirections, executor);
  }
  offsets_.assign(1, 0);
}

bool LabelledRows::is_projected() const noexcept { return is_projected(size_); }

bool LabelledRows::is_projected(ptrdiff_t n_rows) const noexcept {
  return !is_sparse() && (n_features_ <= kDirections || n_rows <= 2 * n_features_);
}

void LabelledRows::append(std::span<const ItemIndex> items, Executor& executor) {
  if (is_sparse()) {
    append_sparse(items);
  } else {
    append_dense(items, executor);
  }
}

void LabelledRows::span_product(const RowMatrix& v, RowMatrix& scratch, Eigen::Ref<RowMatrix> out) const {
  transposed_product(v, scratch);
  out.setZero();
  for (ptrdiff_t r = 0; r < size_; ++r) {
    for (std::int64_t e = offsets_[r]; e < offsets_[r + 1]; ++e) out.row(r) += values_[e] * scratch.row(columns_[e]);
  }
}

void LabelledRows::transposed_product(const RowMatrix& v, RowMatrix& out) const {
  out.setZero(static_cast<ptrdiff_t>(active_.size()), v.cols());
  for (ptrdiff_t r = 0; r < size_; ++r) {
    for (std::int64_t e = offsets_[r]; e < offsets_[r + 1]; ++e) out.row(columns_[e]) += values_[e] * v.row(r);
  }
}

void LabelledRows::append_sparse(std::span<const ItemIndex> items) {
  const auto rows = pool_.sparse();
  for (const ItemIndex item : items) {
    for (std::int64_t e = rows.indptr[item]; e < rows.indptr[item + 1]; ++e) {
      const std::int32_t column = rows.indices[e];
      if (place_[column] < 0) {
        place_[column] = static_cast<std::int32_t>(active_.size());
        active_.push_back(column);
      }
      columns_.push_back(place_[column]);
      values_.push_back(rows.values[e] * scaling_.inverse_scale[column] * factor_);
    }
    offsets_.push_back(static_cast<std::int64_t>(columns_.size()));
  }
  size_ += static_cast<ptrdiff_t>(items.size());
}

/// Whole tiles are made anew, also where some of their rows are known: each has the same bits whenever it is computed.
void LabelledRows::append_dense(std::span<const ItemIndex> items, Executor& executor) {
  std::vector<ItemIndex> all = items_;
  all.insert(all.end(), items.begin(), items.end());
  const auto n_rows = static_cast<ptrdiff_t>(all.size()), n_tiles = (n_rows + kTile - 1) / kTile;
  const bool project = is_projected(n_rows);
  const ptrdiff_t n_columns = project ? basis_.cols() : n_features_;
  const ptrdiff_t n_kept = project == is_projected() ? size_ / kTile : 0;
  RowMatrix added((n_tiles - n_kept) * kTile, n_columns);
  executor.run(static_cast<std::size_t>(n_tiles - n_kept), [&](std::size_t t) {
    const ptrdiff_t begin = static_cast<ptrdiff_t>(t) * kTile, position = n_kept * kTile + begin;
    RowMatrix rows = RowMatrix::Zero(kTile, n_features_);
    gather_scaled_rows(
        pool_, scaling_, std::min(kTile, n_rows - position), [&](ptrdiff_t r) { return all[position + r]; }, factor_,
        rows);
    if (project) {
      added.middleRows(begin, kTile).noalias() = rows * basis_;
    } else {
      added.middleRows(begin, kTile) = rows;
    }
  });
  if (dense_.cols() != n_columns || dense_.rows() < n_tiles * kTile) {
    RowMatrix larger(std::max(n_tiles * kTile, 2 * dense_.rows()), n_columns);
    if (n_kept > 0) larger.topRows(n_kept * kTile) = dense_.topRows(n_kept * kTile);
    dense_.swap(larger);
  }
  dense_.middleRows(n_kept * kTile, added.rows()) = added;
  items_.swap(all);
  size_ = n_rows;
}

}  // namespace gtlabel::detail
