#include "gtlabel/models/column_scaling.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

namespace {

using namespace gtlabel;

ColumnScaling scaling_of(const std::vector<float>& values, std::ptrdiff_t rows, std::ptrdiff_t cols) {
  SerialExecutor serial;
  return column_scaling(Features::borrow(MatrixView<const float>(values.data(), rows, cols)), serial);
}

TEST_CASE("column_scaling: columns of one unit share a scale, so a wide column stays wider") {
  const auto s = scaling_of({0, 0, 2, 4, 0, 0, 2, 4}, 4, 2);
  CHECK(s.center[0] == doctest::Approx(1.0));
  CHECK(s.center[1] == doctest::Approx(2.0));
  CHECK(s.inverse_scale[0] == doctest::Approx(1.0 / std::sqrt(2.5)));
  CHECK(s.inverse_scale[1] == s.inverse_scale[0]);
  CHECK(s.mean_square_norm == doctest::Approx(2.0));
}

TEST_CASE("column_scaling: columns of different units are each divided by their own deviation") {
  const auto s = scaling_of({0, 0, 2, 4000, 0, 0, 2, 4000}, 4, 2);
  CHECK(s.inverse_scale[0] == doctest::Approx(1.0));
  CHECK(s.inverse_scale[1] == doctest::Approx(1.0 / 2000.0));
}

TEST_CASE("column_scaling: a constant column has inverse scale 0") {
  const auto s = scaling_of({5, 1, 5, 2, 5, 3}, 3, 2);
  CHECK(s.inverse_scale[0] == 0.0F);
  CHECK(s.inverse_scale[1] > 0.0F);
  CHECK(s.mean_square_norm == doctest::Approx(1.0));
}

TEST_CASE("column_scaling: a mean far above the deviation does not blur it") {
  std::vector<float> values;
  for (int i = 0; i < 1000; ++i) values.push_back(1e6F + static_cast<float>(i % 2));
  CHECK(scaling_of(values, 1000, 1).inverse_scale[0] == doctest::Approx(2.0));
}

TEST_CASE("scale_row: huge values give finite scaled rows") {
  const std::vector<float> values = {1e30F, 3e38F, -1e30F, -3e38F, 0, 0};
  const auto s = scaling_of(values, 3, 2);
  for (std::size_t r = 0; r < 3; ++r) {
    std::vector<float> out(2);
    scale_row(s, std::span(values).subspan(2 * r, 2), out);
    CHECK(std::isfinite(out[0]));
    CHECK(std::isfinite(out[1]));
  }
}

TEST_CASE("column_scaling: sparse pools are not centred, and a column stored twice counts as the sum") {
  const std::vector<std::int64_t> indptr = {0, 2, 3, 4}, merged_indptr = {0, 1, 2, 3};
  const std::vector<std::int32_t> indices = {0, 0, 0, 1}, merged_indices = {0, 0, 1};
  const std::vector<float> values = {1, 2, 3, 3}, merged_values = {3, 3, 3};
  SerialExecutor serial;
  const auto twice = column_scaling(Features::borrow(CsrView<const float>{indptr, indices, values, 3}), serial);
  const auto once =
      column_scaling(Features::borrow(CsrView<const float>{merged_indptr, merged_indices, merged_values, 3}), serial);
  CHECK(twice.center == std::vector<float>{0, 0, 0});
  CHECK(twice.inverse_scale == once.inverse_scale);
  CHECK(twice.inverse_scale[0] == doctest::Approx(1.0 / 3.0));
  CHECK(twice.inverse_scale[2] == 0.0F);
}

TEST_CASE("column_scaling: the same bits for 1, 2 and 7 threads") {
  std::vector<float> values(5000 * 3);
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = std::sin(static_cast<float>(i) * 1.37F) * static_cast<float>(1 + i % 3 * 50);
  const auto expected = scaling_of(values, 5000, 3);
  for (const std::size_t threads : {2U, 7U}) {
    ThreadPool executor(threads);
    const auto s = column_scaling(Features::borrow(MatrixView<const float>(values.data(), 5000, 3)), executor);
    CHECK(s.center == expected.center);
    CHECK(s.inverse_scale == expected.inverse_scale);
  }
}

}  // namespace
