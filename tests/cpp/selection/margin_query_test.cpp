#include "gtlabel/selection/margin_query.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <vector>

#include "gtlabel/core/error.hpp"
#include "statistics.hpp"

namespace {

using namespace gtlabel;
using Items = std::vector<ItemIndex>;

/// Item 1000 + i has margin i / n between classes 2 and 0 of three.
struct Candidates {
  Items items;
  Matrix<float> probabilities;

  explicit Candidates(std::ptrdiff_t n) : items(static_cast<std::size_t>(n)), probabilities(n, 3) {
    std::iota(items.begin(), items.end(), 1000);
    for (std::ptrdiff_t r = 0; r < n; ++r) {
      const float margin = static_cast<float>(r) / static_cast<float>(n);
      probabilities(r, 2) = 0.5F + margin / 2.0F;
      probabilities(r, 0) = 0.5F - margin / 2.0F;
    }
  }
};

TEST_CASE("margin_query: takes distinct items, all from the 2 n least margins") {
  const Candidates candidates(500);
  RandomStream random(1, RandomPurpose::query);
  for (const std::size_t n : {1u, 7u, 50u, 250u}) {
    const auto picked = margin_query(candidates.items, candidates.probabilities, n, random);
    CHECK(picked.size() == n);
    CHECK(std::set<ItemIndex>(picked.begin(), picked.end()).size() == n);
    for (const ItemIndex item : picked) CHECK(item - 1000 < static_cast<ItemIndex>(2 * n));
  }
}

TEST_CASE("margin_query: takes each of the 2 n equally often") {
  const Candidates candidates(100);
  RandomStream random(2, RandomPurpose::query);
  std::vector<std::int64_t> counts(20);
  for (int i = 0; i < 5000; ++i) {
    for (const ItemIndex item : margin_query(candidates.items, candidates.probabilities, 10, random)) {
      ++counts.at(static_cast<std::size_t>(item - 1000));
    }
  }
  // Drawn without replacement, half of the items at a time: the counts vary less than independent ones would.
  CHECK(gtlabel_test::chi_square(counts) < gtlabel_test::chi_square_limit(19));
}

TEST_CASE("margin_query: all candidates where there are no more; none of none") {
  const Candidates candidates(5);
  RandomStream random(3, RandomPurpose::query);
  auto picked = margin_query(candidates.items, candidates.probabilities, 9, random);
  std::sort(picked.begin(), picked.end());
  CHECK(picked == candidates.items);
  CHECK(margin_query(candidates.items, candidates.probabilities, 0, random).empty());
  CHECK(margin_query(Items{}, MatrixView<const float>(nullptr, 0, 3), 5, random).empty());
}

TEST_CASE("margin_query: is the same for the same stream state, in whatever order the candidates come") {
  const Candidates candidates(300);
  Candidates reversed(300);
  std::reverse(reversed.items.begin(), reversed.items.end());
  for (std::ptrdiff_t r = 0; r < 300; ++r) {
    const auto source = candidates.probabilities.row(299 - r);
    std::copy(source.begin(), source.end(), reversed.probabilities.row(r).begin());
  }
  RandomStream a(4, RandomPurpose::query), b(4, RandomPurpose::query), c(4, RandomPurpose::query);
  const auto picked = margin_query(candidates.items, candidates.probabilities, 20, a);
  CHECK(margin_query(candidates.items, candidates.probabilities, 20, b) == picked);
  CHECK(margin_query(reversed.items, reversed.probabilities, 20, c) == picked);
  CHECK(margin_query(candidates.items, candidates.probabilities, 20, a) != picked);
}

TEST_CASE("margin_query: the margin is between the two most probable classes, wherever they stand") {
  const Items items{0, 1, 2, 3};
  Matrix<float> rows(4, 4);
  const float values[4][4] = {{0.1F, 0.1F, 0.1F, 0.7F},      // margin 0.6
                              {0.45F, 0.05F, 0.45F, 0.05F},  // 0
                              {0.0F, 1.0F, 0.0F, 0.0F},      // 1
                              {0.4F, 0.35F, 0.15F, 0.1F}};   // 0.05
  for (std::ptrdiff_t r = 0; r < 4; ++r) std::copy(values[r], values[r] + 4, rows.row(r).begin());
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    RandomStream random(seed, RandomPurpose::query);
    const auto picked = margin_query(items, rows, 1, random);
    CHECK((picked.front() == 1 || picked.front() == 3));
  }
}

TEST_CASE("margin_query: probabilities for other items are refused") {
  const Candidates candidates(5);
  RandomStream random(1, RandomPurpose::query);
  CHECK_THROWS_AS((void)margin_query(Items{1, 2}, candidates.probabilities, 1, random), InvalidArgument);
}

}  // namespace
