#pragma once

#include <cstdint>
#include <memory>

#include "gtlabel/core/export.hpp"
#include "gtlabel/core/views.hpp"

namespace gtlabel {

/// The features of a pool: one float32 row per item, dense or sparse (CSR), checked once and never changed afterwards.
///
/// Borrowing: nothing is copied; `owner` (any shared_ptr, e.g. one that holds a Python object) keeps the memory alive
/// as long as a copy of this object lives. Without an owner the caller keeps the memory alive and unchanged. Copying a
/// Features is cheap (shared). Const methods are thread-safe.
class GTLABEL_EXPORT Features {
 public:
  /// Borrows `n_items x n_features` float32 values, rows any stride apart.
  /// Cost: one pass to check that every value is finite, no copy.
  /// @throws InvalidArgument  empty input; NaN or infinity, naming row and column.
  static Features borrow(MatrixView<const float> rows, std::shared_ptr<const void> owner = {});

  /// Borrows a sparse matrix. @throws InvalidArgument also for offsets or column indices out of range, naming the row.
  static Features borrow(CsrView<const float> rows, std::shared_ptr<const void> owner = {});

  /// Converts float64 rows to float32 once; the copy is owned. @throws InvalidArgument also for values that overflow
  /// float32.
  static Features copy(MatrixView<const double> rows);

  /// These items and then those of `more`, in one block of memory that the result owns; neither of the two is kept.
  /// Cost: copies both.
  /// @throws InvalidArgument  another number of columns, or sparse rows behind dense ones or the other way round.
  [[nodiscard]] Features followed_by(const Features& more) const;

  [[nodiscard]] std::ptrdiff_t n_items() const noexcept;
  [[nodiscard]] std::ptrdiff_t n_features() const noexcept;
  [[nodiscard]] bool is_sparse() const noexcept { return is_sparse_; }

  /// The dense rows; only where !is_sparse().
  [[nodiscard]] MatrixView<const float> dense() const noexcept { return dense_; }
  /// The sparse rows; only where is_sparse().
  [[nodiscard]] CsrView<const float> sparse() const noexcept { return sparse_; }

  /// A hash of shape and content: equal pools in equal order have equal fingerprints. O(values), computed at each call.
  [[nodiscard]] std::uint64_t fingerprint() const noexcept;

 private:
  Features() = default;

  bool is_sparse_ = false;
  MatrixView<const float> dense_;
  CsrView<const float> sparse_;
  std::shared_ptr<const void> owner_;
};

}  // namespace gtlabel
