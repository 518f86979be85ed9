#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace gtlabel {

/// A borrowed dense matrix, row-major: element (r, c) is data[r * row_stride + c]. Rows may lie further apart than
/// `cols` (strided rows); columns are adjacent. Trivially copyable; owns nothing; valid as long as the memory it points
/// to.
template <class T>
struct MatrixView {
  T* data = nullptr;
  std::ptrdiff_t rows = 0;
  std::ptrdiff_t cols = 0;
  std::ptrdiff_t row_stride = 0;

  MatrixView() = default;
  MatrixView(T* data_, std::ptrdiff_t rows_, std::ptrdiff_t cols_) noexcept : MatrixView(data_, rows_, cols_, cols_) {}
  MatrixView(T* data_, std::ptrdiff_t rows_, std::ptrdiff_t cols_, std::ptrdiff_t row_stride_) noexcept
      : data(data_), rows(rows_), cols(cols_), row_stride(row_stride_) {}

  /// A mutable view is usable wherever a const one is asked for.
  operator MatrixView<const T>() const noexcept { return {data, rows, cols, row_stride}; }

  [[nodiscard]] std::span<T> row(std::ptrdiff_t r) const noexcept {
    return {data + r * row_stride, static_cast<std::size_t>(cols)};
  }
  [[nodiscard]] T& operator()(std::ptrdiff_t r, std::ptrdiff_t c) const noexcept { return data[r * row_stride + c]; }
};

/// A borrowed sparse matrix in compressed sparse rows: the entries of row r are indices[indptr[r] .. indptr[r + 1])
/// with their values. Column order within a row is free; a column that is stored twice counts as the sum. Owns nothing.
template <class T>
struct CsrView {
  std::span<const std::int64_t> indptr;  ///< n_rows + 1 offsets, non-decreasing, from 0
  std::span<const std::int32_t> indices;
  std::span<T> values;
  std::ptrdiff_t cols = 0;

  [[nodiscard]] std::ptrdiff_t rows() const noexcept {
    return indptr.empty() ? 0 : static_cast<std::ptrdiff_t>(indptr.size()) - 1;
  }
};

/// A dense row-major matrix that owns its memory; what functions of the library return.
template <class T>
struct Matrix {
  std::vector<T> values;
  std::ptrdiff_t rows = 0;
  std::ptrdiff_t cols = 0;

  Matrix() = default;
  Matrix(std::ptrdiff_t rows_, std::ptrdiff_t cols_, T fill = T{})
      : values(static_cast<std::size_t>(rows_ * cols_), fill), rows(rows_), cols(cols_) {}

  [[nodiscard]] MatrixView<T> view() noexcept { return {values.data(), rows, cols}; }
  [[nodiscard]] MatrixView<const T> view() const noexcept { return {values.data(), rows, cols}; }
  operator MatrixView<T>() noexcept { return view(); }
  operator MatrixView<const T>() const noexcept { return view(); }
  [[nodiscard]] std::span<T> row(std::ptrdiff_t r) noexcept { return view().row(r); }
  [[nodiscard]] std::span<const T> row(std::ptrdiff_t r) const noexcept { return view().row(r); }
  [[nodiscard]] T& operator()(std::ptrdiff_t r, std::ptrdiff_t c) noexcept { return values[r * cols + c]; }
  [[nodiscard]] const T& operator()(std::ptrdiff_t r, std::ptrdiff_t c) const noexcept { return values[r * cols + c]; }
};

}  // namespace gtlabel
