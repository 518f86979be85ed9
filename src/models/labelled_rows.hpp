#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "gtlabel/core/executor.hpp"
#include "gtlabel/core/ids.hpp"
#include "gtlabel/dataset/features.hpp"
#include "gtlabel/models/column_scaling.hpp"
#include "support/eigen.hpp"

namespace gtlabel::detail {

/// The labelled rows X of a pool, scaled, as a regression needs them; rows are only ever added. Dense rows are turned
/// to the principal directions of the pool. While labels are few, only the leading directions of many are kept: the
/// others cost most of the time and few labels say nothing about them. Sparse rows come with the columns that occur.
class LabelledRows {
 public:
  /// `pool` and `scaling` must outlive this.
  LabelledRows(const Features& pool, const ColumnScaling& scaling, Executor& executor);

  [[nodiscard]] std::ptrdiff_t size() const noexcept { return size_; }
  [[nodiscard]] std::ptrdiff_t n_features() const noexcept { return n_features_; }
  [[nodiscard]] bool is_sparse() const noexcept { return pool_.is_sparse(); }
  /// What scaled rows are multiplied by, so that the pool's mean squared norm is 1.
  [[nodiscard]] float factor() const noexcept { return factor_; }
  /// Whether the columns of dense rows are principal directions; false once labels of a wide pool are many.
  [[nodiscard]] bool is_projected() const noexcept;

  void append(std::span<const ItemIndex> items, Executor& executor);

  /// Sparse: out = X X^T v, for v of size() rows.
  void span_product(const RowMatrix& v, RowMatrix& scratch, Eigen::Ref<RowMatrix> out) const;
  /// Sparse: out = X^T v, only the columns that occur, see active_columns().
  void transposed_product(const RowMatrix& v, RowMatrix& out) const;
  [[nodiscard]] const std::vector<std::int32_t>& active_columns() const noexcept { return active_; }

  /// Dense: size() x columns.
  [[nodiscard]] auto dense() const { return dense_.topRows(size_); }
  /// Dense: features x columns, the principal directions.
  [[nodiscard]] const RowMatrix& basis() const noexcept { return basis_; }

 private:
  [[nodiscard]] bool is_projected(std::ptrdiff_t n_rows) const noexcept;
  void append_sparse(std::span<const ItemIndex> items);
  void append_dense(std::span<const ItemIndex> items, Executor& executor);

  const Features& pool_;
  const ColumnScaling& scaling_;
  std::ptrdiff_t n_features_;
  float factor_ = 1.0F;
  std::ptrdiff_t size_ = 0;
  std::vector<ItemIndex> items_;  // of dense rows
  RowMatrix basis_, dense_;
  std::vector<std::int64_t> offsets_;
  std::vector<std::int32_t> columns_, active_, place_;
  std::vector<float> values_;
};

}  // namespace gtlabel::detail
