#pragma once

#include <cstddef>
#include <functional>

#include "gtlabel/core/executor.hpp"
#include "gtlabel/dataset/features.hpp"
#include "gtlabel/models/column_scaling.hpp"
#include "support/eigen.hpp"

namespace gtlabel::detail {

/// Columns x rank, uniform on (-0.5, 0.5) and always the same: where subspace iterations start.
RowMatrix random_directions(std::ptrdiff_t n_columns, std::ptrdiff_t rank);

/// An orthonormal basis (columns x min(rank, columns)) close to the leading principal directions of the scaled rows of
/// a dense pool, the widest first: subspace iteration from a fixed random start on an even sample of the pool, then
/// Rayleigh-Ritz (Halko, Martinsson and Tropp, "Finding structure with randomness", SIAM Review 2011, sections 4.5 and
/// 5). The same bits for any executor.
RowMatrix principal_basis(const Features& pool, const ColumnScaling& scaling, std::ptrdiff_t rank, Executor& executor);

/// The rows of a pool as neighbours are sought among them, made when they are needed: dense ones scaled, of many
/// columns projected to kProjectedColumns principal directions. Borrows the pool. May be read from many threads.
class SearchRows {
 public:
  SearchRows(const Features& pool, Executor& executor);

  [[nodiscard]] std::ptrdiff_t n_items() const noexcept { return pool_.n_items(); }
  [[nodiscard]] std::ptrdiff_t n_columns() const noexcept { return n_columns_; }
  /// Whether rows of zeros have no neighbours, as in sparse pools.
  [[nodiscard]] bool skips_zeros() const noexcept { return pool_.is_sparse(); }
  /// The rows item_of(0) .. item_of(n_rows - 1) into the first rows of `out`.
  void gather(std::ptrdiff_t n_rows, const std::function<std::ptrdiff_t(std::ptrdiff_t)>& item_of,
              RowMatrix& out) const;
  /// All rows at once.
  [[nodiscard]] RowMatrix all(Executor& executor) const;

 private:
  const Features& pool_;
  ColumnScaling scaling_;
  RowMatrix basis_;  // columns x n_columns_; empty where nothing is projected
  std::ptrdiff_t n_columns_ = 0;
};

}  // namespace gtlabel::detail
