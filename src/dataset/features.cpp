#include "gtlabel/dataset/features.hpp"

#include <cmath>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "gtlabel/core/error.hpp"

namespace gtlabel {
namespace {

[[noreturn]] void throw_not_finite(double value, std::ptrdiff_t row, std::ptrdiff_t column) {
  const char* fault = std::isnan(value)   ? "NaN, expected a finite number"
                      : std::isinf(value) ? "infinite, expected a finite number"
                                          : "too large for float32";
  throw InvalidArgument("features: row " + std::to_string(row) + ", column " + std::to_string(column) + " is " + fault,
                        ErrorCode::not_finite);
}

void require_not_empty(std::ptrdiff_t rows, std::ptrdiff_t cols) {
  if (rows > 0 && cols > 0) return;
  throw InvalidArgument("features: " + std::to_string(rows) + " items x " + std::to_string(cols) +
                            " features given, expected at least one of each",
                        ErrorCode::shape_mismatch);
}

template <class T>
void require_finite(MatrixView<T> rows) {
  for (std::ptrdiff_t r = 0; r < rows.rows; ++r) {
    // A sum of products with zero is NaN exactly when some value is not finite, and it vectorises; the search is for
    // the message only.
    float probe = 0.0F;
    for (const auto value : rows.row(r)) probe += static_cast<float>(value) * 0.0F;
    if (probe == 0.0F) continue;
    for (std::ptrdiff_t c = 0; c < rows.cols; ++c) {
      if (!std::isfinite(static_cast<float>(rows(r, c)))) throw_not_finite(static_cast<double>(rows(r, c)), r, c);
    }
  }
}

void require_valid(const CsrView<const float>& rows) {
  if (rows.indices.size() != rows.values.size()) {
    throw InvalidArgument("features: CSR has " + std::to_string(rows.indices.size()) + " indices and " +
                              std::to_string(rows.values.size()) + " values, expected equally many",
                          ErrorCode::shape_mismatch);
  }
  const auto n_values = static_cast<std::int64_t>(rows.values.size());
  if (rows.indptr.front() != 0 || rows.indptr.back() != n_values) {
    throw InvalidArgument("features: CSR indptr runs from " + std::to_string(rows.indptr.front()) + " to " +
                              std::to_string(rows.indptr.back()) + ", expected 0 to " + std::to_string(n_values),
                          ErrorCode::shape_mismatch);
  }
  for (std::ptrdiff_t r = 0; r < rows.rows(); ++r) {
    const std::int64_t begin = rows.indptr[r], end = rows.indptr[r + 1];
    if (end < begin || end > n_values) {
      throw InvalidArgument("features: CSR indptr of row " + std::to_string(r) + " is out of order",
                            ErrorCode::shape_mismatch);
    }
    for (std::int64_t e = begin; e < end; ++e) {
      if (rows.indices[e] < 0 || rows.indices[e] >= rows.cols) {
        throw InvalidArgument("features: CSR row " + std::to_string(r) + " has column index " +
                                  std::to_string(rows.indices[e]) + ", expected 0 to " + std::to_string(rows.cols - 1),
                              ErrorCode::shape_mismatch);
      }
      if (!std::isfinite(rows.values[e])) throw_not_finite(rows.values[e], r, rows.indices[e]);
    }
  }
}

/// A sparse matrix that owns its memory.
struct CsrMatrix {
  std::vector<std::int64_t> indptr{0};
  std::vector<std::int32_t> indices;
  std::vector<float> values;

  void append(const CsrView<const float>& rows) {
    const std::int64_t begin = indptr.back();
    for (const std::int64_t end : rows.indptr.subspan(1)) indptr.push_back(begin + end);
    indices.insert(indices.end(), rows.indices.begin(), rows.indices.end());
    values.insert(values.end(), rows.values.begin(), rows.values.end());
  }
};

void append(std::vector<float>& values, MatrixView<const float> rows) {
  for (std::ptrdiff_t r = 0; r < rows.rows; ++r) values.insert(values.end(), rows.row(r).begin(), rows.row(r).end());
}

/// FNV-1a over 32-bit words, in four lanes so that it runs at memory speed.
class Hash {
 public:
  void add(const void* bytes, std::size_t n_words) noexcept {
    const auto* source = static_cast<const unsigned char*>(bytes);
    for (std::size_t i = 0; i < n_words; ++i) {
      std::uint32_t word = 0;
      std::memcpy(&word, source + 4 * i, 4);
      std::uint64_t& lane = lanes_[i % 4];
      lane = (lane ^ word) * 0x100000001B3ull;
    }
  }
  [[nodiscard]] std::uint64_t value() const noexcept {
    std::uint64_t hash = 0;
    for (const std::uint64_t lane : lanes_) hash = (hash ^ (lane ^ (lane >> 29))) * 0xBF58476D1CE4E5B9ull;
    return hash ^ (hash >> 32);
  }

 private:
  std::uint64_t lanes_[4] = {0xCBF29CE484222325ull, 0x9E3779B97F4A7C15ull, 0xC2B2AE3D27D4EB4Full,
                             0x165667B19E3779F9ull};
};

}  // namespace

Features Features::borrow(MatrixView<const float> rows, std::shared_ptr<const void> owner) {
  require_not_empty(rows.rows, rows.cols);
  require_finite(rows);
  Features features;
  features.dense_ = rows;
  features.owner_ = std::move(owner);
  return features;
}

Features Features::borrow(CsrView<const float> rows, std::shared_ptr<const void> owner) {
  require_not_empty(rows.rows(), rows.cols);
  require_valid(rows);
  Features features;
  features.is_sparse_ = true;
  features.sparse_ = rows;
  features.owner_ = std::move(owner);
  return features;
}

Features Features::copy(MatrixView<const double> rows) {
  require_not_empty(rows.rows, rows.cols);
  require_finite(rows);
  auto values = std::make_shared<std::vector<float>>();
  values->reserve(static_cast<std::size_t>(rows.rows * rows.cols));
  for (std::ptrdiff_t r = 0; r < rows.rows; ++r) {
    for (const double value : rows.row(r)) values->push_back(static_cast<float>(value));
  }
  const MatrixView<const float> view(values->data(), rows.rows, rows.cols);
  return borrow(view, values);
}

Features Features::followed_by(const Features& more) const {
  const auto form = [](const Features& features) { return features.is_sparse() ? "sparse" : "dense"; };
  if (more.is_sparse() != is_sparse()) {
    throw InvalidArgument(std::string("features: ") + form(more) + " rows given, expected " + form(*this) +
                          " ones like the pool's");
  }
  if (more.n_features() != n_features()) {
    throw InvalidArgument("features: " + std::to_string(more.n_features()) + " columns given, expected the pool's " +
                              std::to_string(n_features()),
                          ErrorCode::shape_mismatch);
  }
  Features both;
  both.is_sparse_ = is_sparse_;
  if (is_sparse_) {
    auto rows = std::make_shared<CsrMatrix>();
    rows->indptr.reserve(static_cast<std::size_t>(n_items() + more.n_items()) + 1);
    rows->indices.reserve(sparse_.indices.size() + more.sparse_.indices.size());
    rows->values.reserve(sparse_.values.size() + more.sparse_.values.size());
    rows->append(sparse_);
    rows->append(more.sparse_);
    both.sparse_ = {rows->indptr, rows->indices, rows->values, n_features()};
    both.owner_ = std::move(rows);
    return both;
  }
  auto values = std::make_shared<std::vector<float>>();
  values->reserve(static_cast<std::size_t>((n_items() + more.n_items()) * n_features()));
  append(*values, dense_);
  append(*values, more.dense_);
  both.dense_ = {values->data(), n_items() + more.n_items(), n_features()};
  both.owner_ = std::move(values);
  return both;
}

std::ptrdiff_t Features::n_items() const noexcept { return is_sparse_ ? sparse_.rows() : dense_.rows; }

std::ptrdiff_t Features::n_features() const noexcept { return is_sparse_ ? sparse_.cols : dense_.cols; }

std::uint64_t Features::fingerprint() const noexcept {
  Hash hash;
  const std::int64_t shape[3] = {n_items(), n_features(), is_sparse_ ? 1 : 0};
  hash.add(shape, 6);
  if (is_sparse_) {
    hash.add(sparse_.indptr.data(), 2 * sparse_.indptr.size());
    hash.add(sparse_.indices.data(), sparse_.indices.size());
    hash.add(sparse_.values.data(), sparse_.values.size());
  } else {
    for (std::ptrdiff_t r = 0; r < dense_.rows; ++r) {
      hash.add(dense_.row(r).data(), static_cast<std::size_t>(dense_.cols));
    }
  }
  return hash.value();
}

}  // namespace gtlabel
