#include "gtlabel/routing/sample_bound.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "gtlabel/core/error.hpp"
#include "gtlabel/core/random.hpp"
#include "statistics.hpp"

namespace {

using namespace gtlabel;
using Draws = std::vector<std::uint8_t>;

/// M straight from its definition, b = 0, 0.05, .., 0.8 with weights (1 - b) / 10.2, without logarithms.
double direct_martingale(const Draws& draws, int n_pool, int n_wrong) {
  double sum = 0.0;
  for (int j = 0; j <= 16; ++j) {
    const double b = 0.05 * j;
    double product = 1.0, left = n_pool, wrong_left = n_wrong;
    for (const auto wrong : draws) {
      const double p = wrong_left / left;
      product *= wrong != 0 ? b : (1.0 - b * p) / (1.0 - p);
      left -= 1.0;
      wrong_left -= wrong != 0 ? 1.0 : 0.0;
    }
    sum += (1.0 - b) * product;
  }
  return sum / 10.2;
}

TEST_CASE("max_wrong_in_pool: a pool that doubles cannot count is refused, not answered with nonsense") {
  const std::vector<std::uint8_t> right(1, 0);
  CHECK_THROWS_WITH_AS((void)max_wrong_in_pool(right, std::numeric_limits<std::int64_t>::max(), 0.05),
                       doctest::Contains("2^53"), InvalidArgument);
  CHECK(max_wrong_in_pool(right, std::int64_t{1} << 53, 0.05) > 1'000'000);
}

TEST_CASE("max_wrong_in_pool: the largest number whose martingale is below the limit") {
  const std::vector<Draws> samples = {
      Draws(20, 0), Draws(100, 0), {1, 0, 0, 0, 0}, {0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0}};
  for (const Draws& draws : samples) {
    const auto bound = static_cast<int>(max_wrong_in_pool(draws, 200, 0.05));
    CHECK(direct_martingale(draws, 200, bound) < 20.0);
    const int n_wrong = static_cast<int>(std::count(draws.begin(), draws.end(), 1));
    if (bound < 200 - (std::ssize(draws) - n_wrong)) CHECK(direct_martingale(draws, 200, bound + 1) >= 20.0);
  }
}

TEST_CASE("max_wrong_in_pool: the martingale has expectation 1 over all orders of the draws") {
  // 2 wrong of 5, three draws: every ordered sample is as probable as its sequence.
  double expectation = 0.0;
  for (int bits = 0; bits < 8; ++bits) {
    const Draws draws = {static_cast<std::uint8_t>(bits & 1), static_cast<std::uint8_t>(bits >> 1 & 1),
                         static_cast<std::uint8_t>(bits >> 2)};
    double probability = 1.0, wrong = 2.0, left = 5.0;
    for (const auto drawn : draws) {
      probability *= drawn != 0 ? wrong / left : 1.0 - wrong / left;
      wrong -= drawn != 0 ? 1.0 : 0.0;
      left -= 1.0;
    }
    if (probability > 0.0) expectation += probability * direct_martingale(draws, 5, 2);
  }
  CHECK(expectation == doctest::Approx(1.0).epsilon(1e-12));
}

TEST_CASE("max_wrong_in_pool: nothing drawn says nothing, everything drawn says all") {
  CHECK(max_wrong_in_pool({}, 30, 0.05) == 30);
  CHECK(max_wrong_in_pool(Draws(30, 0), 30, 0.05) == 0);
  CHECK(max_wrong_in_pool(Draws(30, 1), 30, 0.05) == 30);
  CHECK(max_wrong_in_pool(Draws{1, 1, 0, 0, 0}, 5, 0.05) == 2);
}

TEST_CASE("max_wrong_in_pool: looked at after every draw, it is too low in no more samples than it says") {
  constexpr int kRuns = 500, kPool = 400, kDraws = 100;
  for (const int n_wrong : {8, 60}) {
    std::int64_t n_false = 0;
    RandomStream random(7, RandomPurpose::user, static_cast<std::uint64_t>(n_wrong) << 32);
    for (int run = 0; run < kRuns; ++run) {
      Draws pool(kPool, 0);
      std::fill_n(pool.begin(), n_wrong, std::uint8_t{1});
      for (std::size_t i = pool.size(); i > 1; --i) std::swap(pool[i - 1], pool[random.below(i)]);
      bool is_false = false;
      for (std::size_t n = 10; n <= kDraws && !is_false; n += 10) {
        is_false = max_wrong_in_pool(std::span(pool).first(n), kPool, 0.1) < n_wrong;
      }
      n_false += is_false ? 1 : 0;
    }
    CAPTURE(n_wrong);
    CHECK(n_false <= gtlabel_test::binomial_quantile(kRuns, 0.1, 0.9999));
  }
}

TEST_CASE("max_wrong_in_pool: refuses more draws than items and probabilities that are none") {
  CHECK_THROWS_AS((void)max_wrong_in_pool(Draws(3, 0), 2, 0.05), InvalidArgument);
  CHECK_THROWS_AS((void)max_wrong_in_pool(Draws(1, 0), 2, 0.0), InvalidArgument);
  CHECK_THROWS_AS((void)max_wrong_in_pool(Draws(1, 0), 2, 1.0), InvalidArgument);
}

}  // namespace
