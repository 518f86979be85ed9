#include "gtlabel/models/column_scaling.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

namespace gtlabel {
namespace {

constexpr double kSharedUnitRatio = 8.0;
constexpr std::size_t kMaxChunks = 32;
constexpr std::size_t kMinChunk = 256;
// Scaled values stay in a range whose squares and products are finite float32 numbers.
constexpr float kLargest = 1e9F;
constexpr double kSmallestScale = 1e-36;

std::size_t chunk_of(std::size_t n_rows) { return std::max(kMinChunk, (n_rows + kMaxChunks - 1) / kMaxChunks); }

/// Sums over columns, one per chunk of rows, combined in chunk order.
template <class AddRow>
std::vector<double> column_sums(MatrixView<const float> rows, Executor& executor, AddRow add_row) {
  const auto n_rows = static_cast<std::size_t>(rows.rows);
  const auto n_cols = static_cast<std::size_t>(rows.cols);
  const std::size_t chunk = chunk_of(n_rows);
  std::vector<std::vector<double>> partial((n_rows + chunk - 1) / chunk);
  for_chunks(executor, n_rows, chunk, [&](std::size_t begin, std::size_t end) {
    std::vector<double> sums(n_cols, 0.0);
    for (std::size_t r = begin; r < end; ++r) add_row(rows.row(static_cast<std::ptrdiff_t>(r)), sums);
    partial[begin / chunk] = std::move(sums);
  });
  std::vector<double> total(n_cols, 0.0);
  for (const auto& sums : partial) {
    for (std::size_t c = 0; c < n_cols; ++c) total[c] += sums[c];
  }
  return total;
}

struct Range {
  float lowest = std::numeric_limits<float>::infinity();
  float highest = -std::numeric_limits<float>::infinity();
};

std::vector<Range> column_ranges(MatrixView<const float> rows) {
  std::vector<Range> ranges(static_cast<std::size_t>(rows.cols));
  for (std::ptrdiff_t r = 0; r < rows.rows; ++r) {
    const float* row = rows.row(r).data();
    for (std::size_t c = 0; c < ranges.size(); ++c) {
      ranges[c].lowest = std::min(ranges[c].lowest, row[c]);
      ranges[c].highest = std::max(ranges[c].highest, row[c]);
    }
  }
  return ranges;
}

/// Whether positive spreads are near enough to be of one unit. Reorders them.
bool share_one_unit(std::vector<double>& spreads) {
  if (spreads.empty()) return true;
  const auto at = [&](double quantile) {
    const auto place = static_cast<std::ptrdiff_t>(quantile * static_cast<double>(spreads.size() - 1) + 0.5);
    std::nth_element(spreads.begin(), spreads.begin() + place, spreads.end());
    return spreads[static_cast<std::size_t>(place)];
  };
  const double low = at(0.05);
  return at(0.95) <= kSharedUnitRatio * low;
}

/// Turns the spread of each column (0: constant) into inverse scales, common or own.
void set_inverse_scales(const std::vector<double>& spread, bool common, double common_scale, ColumnScaling& scaling) {
  for (std::size_t c = 0; c < spread.size(); ++c) {
    const double scale = common ? common_scale : spread[c];
    scaling.inverse_scale[c] = spread[c] > kSmallestScale ? static_cast<float>(1.0 / scale) : 0.0F;
  }
}

ColumnScaling dense_scaling(MatrixView<const float> rows, Executor& executor) {
  const auto n_cols = static_cast<std::size_t>(rows.cols);
  const double n_rows = static_cast<double>(rows.rows);
  const auto ranges = column_ranges(rows);
  auto mean = column_sums(rows, executor, [](std::span<const float> row, std::vector<double>& sums) {
    for (std::size_t c = 0; c < sums.size(); ++c) sums[c] += row[c];
  });
  ColumnScaling scaling{std::vector<float>(n_cols), std::vector<float>(n_cols), 0.0};
  for (std::size_t c = 0; c < n_cols; ++c) scaling.center[c] = static_cast<float>(mean[c] / n_rows);
  const auto squares = column_sums(rows, executor, [&](std::span<const float> row, std::vector<double>& sums) {
    for (std::size_t c = 0; c < sums.size(); ++c) {
      const double distance = static_cast<double>(row[c]) - scaling.center[c];
      sums[c] += distance * distance;
    }
  });

  std::vector<double> deviation(n_cols, 0.0);
  std::vector<double> half_ranges;
  double sum = 0.0;
  for (std::size_t c = 0; c < n_cols; ++c) {
    const double half_range = (static_cast<double>(ranges[c].highest) - ranges[c].lowest) / 2.0;
    if (!(half_range > kSmallestScale)) continue;
    deviation[c] = std::sqrt(squares[c] / n_rows);
    half_ranges.push_back(half_range);
    sum += squares[c] / n_rows;
  }
  const double n_varying = static_cast<double>(half_ranges.size());
  set_inverse_scales(deviation, share_one_unit(half_ranges), std::sqrt(sum / std::max(1.0, n_varying)), scaling);
  scaling.mean_square_norm = n_varying;
  return scaling;
}

/// Calls use(column, value) for the entries of one row, those of a repeated column summed first.
template <class Use>
void for_merged_entries(const CsrView<const float>& rows, std::ptrdiff_t r, std::vector<double>& accumulator,
                        std::vector<std::int32_t>& touched, Use use) {
  touched.clear();
  for (std::int64_t e = rows.indptr[r]; e < rows.indptr[r + 1]; ++e) {
    const std::int32_t c = rows.indices[e];
    accumulator[c] += rows.values[e];
    touched.push_back(c);
  }
  for (const std::int32_t c : touched) {
    if (accumulator[c] != 0.0) use(static_cast<std::size_t>(c), accumulator[c]);
    accumulator[c] = 0.0;
  }
}

ColumnScaling sparse_scaling(const CsrView<const float>& rows) {
  const auto n_cols = static_cast<std::size_t>(rows.cols);
  std::vector<double> squares(n_cols, 0.0), counts(n_cols, 0.0), accumulator(n_cols, 0.0);
  std::vector<std::int32_t> touched;
  for (std::ptrdiff_t r = 0; r < rows.rows(); ++r) {
    for_merged_entries(rows, r, accumulator, touched, [&](std::size_t c, double value) {
      squares[c] += value * value;
      counts[c] += 1.0;
    });
  }
  std::vector<double> spread(n_cols, 0.0), spreads;
  double sum = 0.0, count = 0.0;
  for (std::size_t c = 0; c < n_cols; ++c) {
    if (counts[c] > 0.0) spread[c] = std::sqrt(squares[c] / counts[c]);
    if (!(spread[c] > kSmallestScale)) continue;
    spreads.push_back(spread[c]);
    sum += squares[c];
    count += counts[c];
  }
  ColumnScaling scaling{std::vector<float>(n_cols), std::vector<float>(n_cols), 0.0};
  set_inverse_scales(spread, share_one_unit(spreads), std::sqrt(sum / std::max(1.0, count)), scaling);
  scaling.mean_square_norm = count / static_cast<double>(rows.rows());
  return scaling;
}

}  // namespace

ColumnScaling column_scaling(const Features& pool, Executor& executor) {
  return pool.is_sparse() ? sparse_scaling(pool.sparse()) : dense_scaling(pool.dense(), executor);
}

void scale_row(const ColumnScaling& scaling, std::span<const float> row, std::span<float> out) noexcept {
  for (std::size_t c = 0; c < row.size(); ++c) {
    const float scaled = (row[c] - scaling.center[c]) * scaling.inverse_scale[c];
    out[c] = std::min(kLargest, std::max(-kLargest, scaled));
  }
}

}  // namespace gtlabel
