#include "models/labelled_rows.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "models/scaled_rows.hpp"

namespace gtlabel::detail {
namespace {

using std::ptrdiff_t;

constexpr ptrdiff_t kTile = 64;
constexpr ptrdiff_t kMaxGram = 6000;

}  // namespace

LabelledRows::LabelledRows(const Features& pool, const ColumnScaling& scaling)
    : pool_(pool), scaling_(scaling), n_features_(pool.n_features()) {
  factor_ = scaling.mean_square_norm > 0.0 ? static_cast<float>(1.0 / std::sqrt(scaling.mean_square_norm)) : 1.0F;
  if (pool.is_sparse()) place_.assign(static_cast<std::size_t>(n_features_), -1);
  offsets_.assign(1, 0);
}

bool LabelledRows::use_span() const noexcept { return is_sparse() || size_ <= std::min(2 * n_features_, kMaxGram); }

void LabelledRows::append(std::span<const ItemIndex> items, Executor& executor) {
  if (is_sparse()) {
    append_sparse(items);
  } else {
    append_dense(items, executor);
  }
}

void LabelledRows::span_product(const RowMatrix& v, RowMatrix& scratch, Eigen::Ref<RowMatrix> out) const {
  if (!is_sparse()) {
    out.noalias() = gram_.topLeftCorner(size_, size_) * v;
    return;
  }
  transposed_product(v, scratch);
  out.setZero();
  for (ptrdiff_t r = 0; r < size_; ++r) {
    for (std::int64_t e = offsets_[r]; e < offsets_[r + 1]; ++e) out.row(r) += values_[e] * scratch.row(columns_[e]);
  }
}

void LabelledRows::transposed_product(const RowMatrix& v, RowMatrix& out) const {
  if (!is_sparse()) {
    out.noalias() = dense_.topRows(size_).transpose() * v;
    return;
  }
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

void LabelledRows::append_dense(std::span<const ItemIndex> items, Executor& executor) {
  const ptrdiff_t old_size = size_, new_size = size_ + static_cast<ptrdiff_t>(items.size());
  ptrdiff_t capacity = std::max(kTile, dense_.rows());
  while (capacity < new_size) capacity *= 2;
  if (capacity != dense_.rows()) {
    RowMatrix larger = RowMatrix::Zero(capacity, n_features_);
    if (dense_.size() > 0) larger.topRows(dense_.rows()) = dense_;
    dense_.swap(larger);
  }
  RowMatrix added(new_size - old_size, n_features_);
  detail::gather_scaled_rows(
      pool_, scaling_, added.rows(), [&](ptrdiff_t r) { return items[r]; }, factor_, added);
  dense_.middleRows(old_size, added.rows()) = added;
  size_ = new_size;
  if (use_span()) {
    grow_gram(old_size, executor);
  } else {
    gram_.resize(0, 0);
  }
}

/// Inner products tile by tile, always of whole tiles: each has the same bits whenever it is computed.
void LabelledRows::grow_gram(ptrdiff_t old_size, Executor& executor) {
  if (gram_.rows() != dense_.rows()) {
    RowMatrix larger = RowMatrix::Zero(dense_.rows(), dense_.rows());
    if (gram_.size() > 0) larger.topLeftCorner(gram_.rows(), gram_.cols()) = gram_;
    gram_.swap(larger);
  }
  std::vector<std::pair<ptrdiff_t, ptrdiff_t>> tiles;
  for (ptrdiff_t i = old_size / kTile * kTile; i < size_; i += kTile) {
    for (ptrdiff_t j = 0; j <= i; j += kTile) tiles.emplace_back(i, j);
  }
  executor.run(tiles.size(), [&](std::size_t t) {
    const auto [i, j] = tiles[t];
    const RowMatrix tile = dense_.middleRows(i, kTile) * dense_.middleRows(j, kTile).transpose();
    gram_.block(i, j, kTile, kTile) = tile;
    if (i != j) gram_.block(j, i, kTile, kTile) = tile.transpose();
  });
}

}  // namespace gtlabel::detail
