#include "gtlabel/selection/seed_sample.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <vector>

#include "statistics.hpp"

namespace {

using namespace gtlabel;
using Items = std::vector<ItemIndex>;

TEST_CASE("seed_sample: draws distinct candidates, as many as asked or all of them") {
  RandomStream random(1, RandomPurpose::seed_sample);
  const Items candidates{3, 14, 15, 92, 65, 35};
  for (const std::size_t n : {0u, 1u, 5u, 6u, 100u}) {
    const auto sample = seed_sample(candidates, n, random);
    CHECK(sample.size() == std::min(n, candidates.size()));
    CHECK(std::set<ItemIndex>(sample.begin(), sample.end()).size() == sample.size());
    for (const ItemIndex item : sample)
      CHECK(std::find(candidates.begin(), candidates.end(), item) != candidates.end());
  }
  CHECK(seed_sample(Items{}, 5, random).empty());
}

TEST_CASE("seed_sample: every pair of candidates is drawn equally often") {
  RandomStream random(2, RandomPurpose::seed_sample);
  const Items candidates{0, 1, 2, 3, 4, 5};
  std::vector<std::int64_t> ordered_pairs(36);
  for (int i = 0; i < 60000; ++i) {
    const auto sample = seed_sample(candidates, 2, random);
    ++ordered_pairs[static_cast<std::size_t>(6 * sample[0] + sample[1])];
  }
  std::erase(ordered_pairs, 0);  // an item with itself
  REQUIRE(ordered_pairs.size() == 30);
  CHECK(gtlabel_test::chi_square(ordered_pairs) < gtlabel_test::chi_square_limit(29));
}

TEST_CASE("seed_sample: the same stream state gives the same sample, the next call another") {
  Items candidates(1000);
  for (std::size_t i = 0; i < candidates.size(); ++i) candidates[i] = static_cast<ItemIndex>(i);
  RandomStream a(3, RandomPurpose::seed_sample), b(3, RandomPurpose::seed_sample);
  const auto first = seed_sample(candidates, 20, a);
  CHECK(seed_sample(candidates, 20, b) == first);
  CHECK(seed_sample(candidates, 20, a) != first);
}

}  // namespace
