#include "gtlabel/dataset/features.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "allocation_meter.hpp"
#include "gtlabel/core/error.hpp"

namespace {

using namespace gtlabel;

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

MatrixView<const float> view(const std::vector<float>& values, std::ptrdiff_t rows, std::ptrdiff_t cols) {
  return {values.data(), rows, cols};
}

/// A sparse matrix that owns its parts, so that tests can break one at a time.
struct Sparse {
  std::vector<std::int64_t> indptr{0, 2, 2, 3};
  std::vector<std::int32_t> indices{0, 3, 1};
  std::vector<float> values{1.0F, 2.0F, 3.0F};
  std::ptrdiff_t cols = 4;

  [[nodiscard]] CsrView<const float> view() const { return {indptr, indices, values, cols}; }
};

template <class Call>
std::pair<ErrorCode, std::string> fault_of(Call call) {
  try {
    call();
  } catch (const InvalidArgument& error) {
    return {error.code(), error.what()};
  }
  FAIL("expected InvalidArgument");
  return {};
}

bool says(const std::string& message, const std::string& part) { return message.find(part) != std::string::npos; }

TEST_CASE("Features: borrowing is free of copies: the same pointers, and next to no memory") {
  const std::vector<float> values(100000, 1.0F);
  const gtlabel_test::AllocationMeter meter;
  const Features features = Features::borrow(view(values, 1000, 100));
  CHECK(meter.bytes() < 1000);
  CHECK(features.dense().data == values.data());
  CHECK(features.n_items() == 1000);
  CHECK(features.n_features() == 100);
  CHECK_FALSE(features.is_sparse());
  const Features copy = features;  // NOLINT(performance-unnecessary-copy-initialization)
  CHECK(copy.dense().data == values.data());

  const Sparse sparse;
  const Features rows = Features::borrow(sparse.view());
  CHECK(rows.is_sparse());
  CHECK(rows.sparse().values.data() == sparse.values.data());
  CHECK(rows.sparse().indices.data() == sparse.indices.data());
  CHECK(rows.sparse().indptr.data() == sparse.indptr.data());
  CHECK(rows.n_items() == 3);
  CHECK(rows.n_features() == 4);
}

TEST_CASE("Features: strided rows are read where they lie, the gaps are not") {
  const std::vector<float> gapped{1, 2, kNaN, 3, 4, kInfinity};
  const Features features = Features::borrow(MatrixView<const float>(gapped.data(), 2, 2, 3));
  CHECK(features.dense()(1, 0) == 3.0F);
  CHECK(features.dense()(1, 1) == 4.0F);
  const std::vector<float> packed{1, 2, 3, 4};
  CHECK(features.fingerprint() == Features::borrow(view(packed, 2, 2)).fingerprint());
}

TEST_CASE("Features: NaN and infinity are named with row and column") {
  for (const auto& [bad, word] :
       {std::pair{kNaN, "NaN"}, std::pair{kInfinity, "infinite"}, std::pair{-kInfinity, "infinite"}}) {
    for (const std::size_t place : {0u, 7u, 13u, 19u}) {
      std::vector<float> values(20, 0.5F);
      values[place] = bad;
      const auto [code, message] = fault_of([&] { Features::borrow(view(values, 4, 5)); });
      CHECK(code == ErrorCode::not_finite);
      CHECK(says(message, "row " + std::to_string(place / 5)));
      CHECK(says(message, "column " + std::to_string(place % 5)));
      CHECK(says(message, word));
    }
  }
}

TEST_CASE("Features: the largest, the smallest and denormal numbers are finite") {
  const std::vector<float> values{std::numeric_limits<float>::max(), std::numeric_limits<float>::lowest(),
                                  std::numeric_limits<float>::denorm_min(), -0.0F};
  CHECK_NOTHROW(Features::borrow(view(values, 2, 2)));
}

TEST_CASE("Features: an empty pool is refused") {
  const std::vector<float> values{1.0F};
  for (const auto& [rows, cols] : {std::pair{0, 1}, std::pair{1, 0}, std::pair{0, 0}}) {
    CHECK(fault_of([&] { Features::borrow(view(values, rows, cols)); }).first == ErrorCode::shape_mismatch);
  }
  CHECK(fault_of([] { Features::borrow(CsrView<const float>{}); }).first == ErrorCode::shape_mismatch);
}

TEST_CASE("Features: each fault of a CSR matrix is named") {
  Sparse good;
  CHECK_NOTHROW(Features::borrow(good.view()));

  const auto fault = [](auto damage) {
    Sparse sparse;
    damage(sparse);
    return fault_of([&] { Features::borrow(sparse.view()); });
  };
  const auto uneven = fault([](Sparse& s) { s.values.pop_back(); });
  CHECK(uneven.first == ErrorCode::shape_mismatch);
  CHECK(says(uneven.second, "3 indices and 2 values"));
  CHECK(says(fault([](Sparse& s) { s.indptr.front() = 1; }).second, "from 1 to 3"));
  CHECK(says(fault([](Sparse& s) { s.indptr.back() = 2; }).second, "from 0 to 2"));
  CHECK(says(fault([](Sparse& s) { s.indptr.back() = 4; }).second, "from 0 to 4"));
  CHECK(says(fault([](Sparse& s) { s.indptr = {0, 2, 1, 3}; }).second, "row 1"));
  CHECK(says(fault([](Sparse& s) { s.indptr = {0, 9, 2, 3}; }).second, "row 0"));
  CHECK(says(fault([](Sparse& s) { s.indptr = {0, -5, 2, 3}; }).second, "row 0"));
  const auto beyond = fault([](Sparse& s) { s.indices[2] = 4; });
  CHECK(says(beyond.second, "row 2"));
  CHECK(says(beyond.second, "column index 4, expected 0 to 3"));
  CHECK(says(fault([](Sparse& s) { s.indices[1] = -1; }).second, "row 0"));
  const auto nan = fault([](Sparse& s) { s.values[2] = kNaN; });
  CHECK(nan.first == ErrorCode::not_finite);
  CHECK(says(nan.second, "row 2, column 1"));
}

TEST_CASE("Features: float64 is converted once, into memory of its own") {
  std::vector<double> values{1.0, 2.5, -3.0, 1e-3};
  const Features features = Features::copy({values.data(), 2, 2});
  values.assign(4, 9.0);
  CHECK(features.dense()(0, 1) == 2.5F);
  CHECK(features.dense()(1, 1) == 1e-3F);
}

TEST_CASE("Features: float64 beyond the range of float32 is refused, naming row and column") {
  for (const double bad : {1e39, -1e300}) {
    const std::vector<double> values{1.0, 1.0, 1.0, bad};
    const auto [code, message] = fault_of([&] { Features::copy({values.data(), 2, 2}); });
    CHECK(code == ErrorCode::not_finite);
    CHECK(says(message, "row 1, column 1"));
    CHECK(says(message, "float32"));
    CHECK_FALSE(says(message, "infinite"));  // the caller's number is finite
  }
  const std::vector<double> values{1.0, std::nan(""), 1.0, 1.0};
  CHECK(says(fault_of([&] { Features::copy({values.data(), 2, 2}); }).second, "row 0, column 1 is NaN"));
}

TEST_CASE("Features: the fingerprint changes with any value") {
  std::vector<float> values(35);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  std::set<std::uint64_t> seen{Features::borrow(view(values, 7, 5)).fingerprint()};
  for (float& value : values) {
    const float before = std::exchange(value, value + 0.25F);
    seen.insert(Features::borrow(view(values, 7, 5)).fingerprint());
    value = before;
  }
  CHECK(seen.size() == 36);
  CHECK(seen.contains(Features::borrow(view(values, 7, 5)).fingerprint()));
}

TEST_CASE("Features: the fingerprint changes with order, shape and form, not with the place in memory") {
  const std::vector<float> values{1, 2, 3, 4, 5, 6}, swapped_rows{4, 5, 6, 1, 2, 3}, swapped_columns{2, 1, 3, 5, 4, 6};
  const std::vector<float> elsewhere = values;  // NOLINT(performance-unnecessary-copy-initialization)
  const auto fingerprint = Features::borrow(view(values, 2, 3)).fingerprint();
  CHECK(Features::borrow(view(elsewhere, 2, 3)).fingerprint() == fingerprint);
  CHECK(Features::borrow(view(swapped_rows, 2, 3)).fingerprint() != fingerprint);
  CHECK(Features::borrow(view(swapped_columns, 2, 3)).fingerprint() != fingerprint);
  CHECK(Features::borrow(view(values, 3, 2)).fingerprint() != fingerprint);
  CHECK(Features::borrow(view(values, 1, 6)).fingerprint() != fingerprint);

  Sparse dense;
  dense.indptr = {0, 3, 6};
  dense.indices = {0, 1, 2, 0, 1, 2};
  dense.values = values;
  dense.cols = 3;
  CHECK(Features::borrow(dense.view()).fingerprint() != fingerprint);
}

TEST_CASE("Features: the fingerprint of sparse rows changes with values, columns, offsets and width") {
  std::set<std::uint64_t> seen{Features::borrow(Sparse{}.view()).fingerprint()};
  const auto add = [&](auto change) {
    Sparse sparse;
    change(sparse);
    seen.insert(Features::borrow(sparse.view()).fingerprint());
  };
  add([](Sparse& s) { s.values[1] = 2.5F; });
  add([](Sparse& s) { s.indices[2] = 2; });
  add([](Sparse& s) { s.indptr = {0, 1, 2, 3}; });
  add([](Sparse& s) { s.cols = 5; });
  add([](Sparse& s) { s.indptr = {0, 2, 3}; });
  CHECK(seen.size() == 6);
  add([](Sparse&) {});
  CHECK(seen.size() == 6);
}

TEST_CASE("Features: the owner lives exactly as long as a copy") {
  auto owner = std::make_shared<std::vector<float>>(6, 1.0F);
  const std::weak_ptr<std::vector<float>> alive = owner;
  {
    std::vector<Features> copies;
    {
      const Features features = Features::borrow(view(*owner, 2, 3), owner);
      owner.reset();
      copies.push_back(features);
    }
    REQUIRE_FALSE(alive.expired());
    CHECK(copies.back().dense()(1, 2) == 1.0F);
    copies.emplace_back(copies.front());
    copies.erase(copies.begin());
    CHECK_FALSE(alive.expired());
  }
  CHECK(alive.expired());
}

TEST_CASE("Features: one pool behind another is the pool of both, in memory of its own") {
  const std::vector<float> whole{1.0F, 2.0F, 3.0F, 4.0F, 5.0F, 6.0F, 7.0F, 8.0F};
  auto head = std::make_unique<std::vector<float>>(whole.begin(), whole.begin() + 6);
  const std::vector<float> strided{7.0F, 8.0F, -1.0F};
  const Features both = Features::borrow(view(*head, 3, 2))
                            .followed_by(Features::borrow(MatrixView<const float>(strided.data(), 1, 2, 3)));
  head.reset();
  CHECK(both.n_items() == 4);
  CHECK(both.fingerprint() == Features::borrow(view(whole, 4, 2)).fingerprint());

  const std::vector<std::int64_t> first_rows{0, 2, 2}, second_rows{0, 0, 1}, all_rows{0, 2, 2, 2, 3};
  const std::vector<std::int32_t> columns{0, 3, 1};
  const std::vector<float> values{1.0F, 2.0F, 3.0F};
  const auto csr = [&](const std::vector<std::int64_t>& indptr, std::size_t begin) {
    const auto n = static_cast<std::size_t>(indptr.back());
    CsrView<const float> rows;
    rows.indptr = indptr;
    rows.indices = std::span(columns).subspan(begin, n);
    rows.values = std::span(values).subspan(begin, n);
    rows.cols = 4;
    return Features::borrow(rows);
  };
  CHECK(csr(first_rows, 0).followed_by(csr(second_rows, 2)).fingerprint() == csr(all_rows, 0).fingerprint());
}

TEST_CASE("Features: pools of other columns or another form do not follow each other, and the message names both") {
  const std::vector<float> values(6, 1.0F);
  const Features two = Features::borrow(view(values, 3, 2)), three = Features::borrow(view(values, 2, 3));
  const std::vector<std::int64_t> indptr{0, 0};
  CsrView<const float> rows;
  rows.indptr = indptr;
  rows.cols = 2;
  const auto message = [](const Features& first, const Features& second) {
    try {
      static_cast<void>(first.followed_by(second));
    } catch (const InvalidArgument& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  CHECK(message(two, three) == "features: 3 columns given, expected the pool's 2");
  CHECK(message(two, Features::borrow(rows)) == "features: sparse rows given, expected dense ones like the pool's");
  CHECK(message(Features::borrow(rows), two) == "features: dense rows given, expected sparse ones like the pool's");
}

}  // namespace
