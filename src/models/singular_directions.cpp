#include "models/singular_directions.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <vector>

#include "models/orthonormal_columns.hpp"
#include "models/projection.hpp"
#include "support/eigen.hpp"

namespace gtlabel::detail {
namespace {

using std::ptrdiff_t;

constexpr ptrdiff_t kSample = 20'000;
constexpr int kPasses = 4;
constexpr std::size_t kChunk = 512;

/// An even sample of a sparse pool, rows scaled to length 1, by rows and by columns; columns that are used at least
/// twice are numbered anew.
class SampledRows {
 public:
  explicit SampledRows(CsrView<const float> pool) : pool_(pool), n_rows_(std::min(pool.rows(), kSample)) {
    std::vector<std::int32_t> n_uses(static_cast<std::size_t>(pool.cols), 0);
    for (ptrdiff_t r = 0; r < n_rows_; ++r) for_entries(item_of(r), [&](auto column, float) { ++n_uses[column]; });
    number_of_.assign(n_uses.size(), -1);
    for (std::size_t c = 0; c < n_uses.size(); ++c) {
      if (n_uses[c] < 2) continue;
      number_of_[c] = static_cast<std::int32_t>(n_columns_++);
      begins_.push_back(begins_.back() + n_uses[c]);
    }
    rows_.resize(static_cast<std::size_t>(begins_.back()));
    values_.resize(rows_.size());
    std::vector<std::int64_t> next(begins_.begin(), begins_.end());
    for (ptrdiff_t r = 0; r < n_rows_; ++r) {
      const double inverse_length = inverse_length_of(item_of(r));
      for_entries(item_of(r), [&](auto column, float value) {
        if (number_of_[column] < 0) return;
        const auto place = static_cast<std::size_t>(next[static_cast<std::size_t>(number_of_[column])]++);
        rows_[place] = static_cast<std::int32_t>(r);
        values_[place] = static_cast<float>(value * inverse_length);
      });
    }
  }

  [[nodiscard]] ptrdiff_t n_rows() const noexcept { return n_rows_; }
  [[nodiscard]] ptrdiff_t n_columns() const noexcept { return n_columns_; }
  [[nodiscard]] ptrdiff_t item_of(ptrdiff_t row) const noexcept { return row * pool_.rows() / n_rows_; }

  /// An item of the pool, scaled to length 1, on the directions (columns x directions), added to `out`.
  void project(ptrdiff_t item, const RowMatrix& directions, Eigen::Ref<Eigen::RowVectorXf> out) const {
    const double inverse_length = inverse_length_of(item);
    for_entries(item, [&](auto column, float value) {
      if (number_of_[column] >= 0) {
        out += static_cast<float>(value * inverse_length) * directions.row(number_of_[column]);
      }
    });
  }

  /// The sampled rows on the directions: rows x directions.
  [[nodiscard]] RowMatrix times(const RowMatrix& directions, Executor& executor) const {
    RowMatrix out = RowMatrix::Zero(n_rows_, directions.cols());
    for_chunks(executor, static_cast<std::size_t>(n_rows_), kChunk, [&](std::size_t begin, std::size_t end) {
      for (std::size_t r = begin; r < end; ++r) {
        const auto row = static_cast<ptrdiff_t>(r);
        project(item_of(row), directions, out.row(row));
      }
    });
    return out;
  }

  /// The transposed sample times one row per sampled item: columns x directions.
  [[nodiscard]] RowMatrix transposed_times(const RowMatrix& rows, Executor& executor) const {
    RowMatrix out = RowMatrix::Zero(n_columns_, rows.cols());
    for_chunks(executor, static_cast<std::size_t>(n_columns_), kChunk, [&](std::size_t begin, std::size_t end) {
      for (std::size_t c = begin; c < end; ++c) {
        auto target = out.row(static_cast<ptrdiff_t>(c));
        for (auto e = static_cast<std::size_t>(begins_[c]); e < static_cast<std::size_t>(begins_[c + 1]); ++e) {
          target += values_[e] * rows.row(rows_[e]);
        }
      }
    });
    return out;
  }

 private:
  template <class Body>
  void for_entries(ptrdiff_t item, Body body) const {
    const auto begin = static_cast<std::size_t>(pool_.indptr[static_cast<std::size_t>(item)]);
    const auto end = static_cast<std::size_t>(pool_.indptr[static_cast<std::size_t>(item) + 1]);
    for (std::size_t e = begin; e < end; ++e) body(static_cast<std::size_t>(pool_.indices[e]), pool_.values[e]);
  }

  [[nodiscard]] double inverse_length_of(ptrdiff_t item) const {
    double sum = 0.0;
    for_entries(item, [&](auto, double value) { sum += value * value; });
    return sum > 0.0 ? 1.0 / std::sqrt(sum) : 0.0;
  }

  CsrView<const float> pool_;
  ptrdiff_t n_rows_;
  ptrdiff_t n_columns_ = 0;
  std::vector<std::int32_t> number_of_;  // per column of the pool; -1 where it is used less than twice
  std::vector<std::int64_t> begins_{0};  // per numbered column, of its entries
  std::vector<std::int32_t> rows_;
  std::vector<float> values_;
};

/// Columns x directions, orthonormal.
RowMatrix singular_directions(const SampledRows& sample, ptrdiff_t rank, Executor& executor) {
  RowMatrix basis = random_directions(sample.n_columns(), rank);
  for (int pass = 0; pass < kPasses; ++pass) {
    basis = orthonormal_columns(basis, executor);
    if (pass + 1 < kPasses) basis = sample.transposed_times(sample.times(basis, executor), executor);
  }
  // The directions of the most variance within what the basis spans (Rayleigh-Ritz).
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen(column_products(sample.times(basis, executor), executor));
  return multiplied(basis, eigen.eigenvectors().rowwise().reverse().cast<float>(), executor);
}

}  // namespace

Features latent_rows(const Features& pool, ptrdiff_t n_directions, Executor& executor) {
  const SampledRows sample(pool.sparse());
  const ptrdiff_t rank = std::min({n_directions, sample.n_rows(), sample.n_columns()});
  const RowMatrix directions = rank > 0 ? singular_directions(sample, rank, executor) : RowMatrix();
  const auto rows =
      std::make_shared<RowMatrix>(RowMatrix::Zero(pool.n_items(), std::max<ptrdiff_t>(1, directions.cols())));
  if (rank > 0) {
    for_chunks(executor, static_cast<std::size_t>(pool.n_items()), kChunk, [&](std::size_t begin, std::size_t end) {
      for (auto item = static_cast<ptrdiff_t>(begin); item < static_cast<ptrdiff_t>(end); ++item) {
        auto row = rows->row(item);
        sample.project(item, directions, row);
        const float length = row.norm();
        if (length > 0.0F) row /= length;
      }
    });
  }
  return Features::borrow(MatrixView<const float>(rows->data(), rows->rows(), rows->cols()), rows);
}

}  // namespace gtlabel::detail
