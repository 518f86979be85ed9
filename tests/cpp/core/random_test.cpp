#include "gtlabel/core/random.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <set>
#include <vector>

#include "statistics.hpp"

namespace {

using namespace gtlabel;
using Words = std::array<std::uint32_t, 4>;

TEST_CASE("philox4x32: the published test vectors of Random123 hold") {  // kat_vectors, philox4x32 10
  CHECK(philox4x32({0, 0, 0, 0}, {0, 0}) == Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  constexpr std::uint32_t kOnes = 0xffffffff;
  CHECK(philox4x32({kOnes, kOnes, kOnes, kOnes}, {kOnes, kOnes}) ==
        Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  // The digits of pi.
  CHECK(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
        Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("RandomStream: the first numbers never change, or stored jobs would not repeat") {
  RandomStream zero(0, static_cast<RandomPurpose>(0));
  CHECK(zero.next() == 0xe169c58d6627e8d5ull);  // words 1 and 0 of the all-zero test vector
}

TEST_CASE("RandomStream: goes on from a position exactly") {
  RandomStream whole(42, RandomPurpose::query);
  std::vector<std::uint64_t> numbers;
  for (int i = 0; i < 100; ++i) numbers.push_back(whole.next());
  CHECK(whole.position() == 100);
  for (const std::uint64_t position : {0u, 1u, 37u, 99u}) {
    RandomStream resumed(42, RandomPurpose::query, position);
    for (std::size_t i = position; i < numbers.size(); ++i) CHECK(resumed.next() == numbers[i]);
  }
  RandomStream far(42, RandomPurpose::query, std::uint64_t{1} << 32);  // past 32 bits of the counter
  CHECK(far.next() != numbers[0]);
}

TEST_CASE("RandomStream: position counts every draw, whatever it was drawn for") {
  RandomStream stream(9, RandomPurpose::user);
  stream.uniform();
  stream.below(10);
  std::vector<ItemIndex> items(50);
  std::iota(items.begin(), items.end(), 0);
  stream.shuffle(items);
  RandomStream resumed(9, RandomPurpose::user, stream.position());
  CHECK(stream.next() == resumed.next());
}

TEST_CASE("RandomStream: copies go on independently") {
  RandomStream stream(5, RandomPurpose::user);
  stream.next();
  RandomStream copy = stream;
  const auto expected = stream.next();
  stream.next();
  CHECK(copy.next() == expected);
}

TEST_CASE("RandomStream: streams of another purpose or seed share no number") {
  std::set<std::uint64_t> seen;
  std::size_t n = 0;
  for (const auto purpose :
       {RandomPurpose::seed_sample, RandomPurpose::query, RandomPurpose::audit_coins, RandomPurpose::user}) {
    for (const std::uint64_t seed : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 40}) {
      RandomStream stream(seed, purpose);
      for (int i = 0; i < 500; ++i, ++n) seen.insert(stream.next());
    }
  }
  CHECK(seen.size() == n);  // 6,000 of 2^64: a coincidence has probability 1e-12
}

TEST_CASE("RandomStream: uniform lies inside (0, 1) and is uniform by chi-square") {
  RandomStream stream(1, RandomPurpose::user);
  std::vector<std::int64_t> counts(100);
  bool inside = true;
  for (int i = 0; i < 200000; ++i) {
    const double u = stream.uniform();
    inside = inside && u > 0.0 && u < 1.0;
    ++counts[static_cast<std::size_t>(u * 100.0)];
  }
  CHECK(inside);
  CHECK(gtlabel_test::chi_square(counts) < gtlabel_test::chi_square_limit(99));
}

TEST_CASE("RandomStream: below is uniform by chi-square, for n that do not divide 2^64") {
  for (const std::uint64_t n : {1u, 2u, 3u, 7u, 10u, 1000u}) {
    RandomStream stream(n, RandomPurpose::user);
    std::vector<std::int64_t> counts(n);
    for (int i = 0; i < 100000; ++i) ++counts.at(stream.below(n));
    if (n > 1) CHECK(gtlabel_test::chi_square(counts) < gtlabel_test::chi_square_limit(static_cast<double>(n) - 1.0));
  }
}

TEST_CASE("RandomStream: below has no modulo bias where it would be largest") {
  // With n = 3 * 2^62, `next() % n` would fall below 2^62 half of the time, instead of a third.
  const std::uint64_t n = std::uint64_t{3} << 62;
  RandomStream stream(3, RandomPurpose::user);
  std::vector<std::int64_t> thirds(3);
  for (int i = 0; i < 30000; ++i) ++thirds.at(stream.below(n) >> 62);
  CHECK(gtlabel_test::chi_square(thirds) < gtlabel_test::chi_square_limit(2));
}

TEST_CASE("RandomStream: shuffle makes every order equally often") {
  RandomStream stream(11, RandomPurpose::user);
  std::vector<std::int64_t> counts(24);
  for (int i = 0; i < 48000; ++i) {
    std::array<ItemIndex, 4> items{0, 1, 2, 3};
    stream.shuffle(items);
    std::size_t rank = 0;
    for (std::size_t a = 0; a < 4; ++a) {
      const auto smaller = std::count_if(items.begin() + static_cast<std::ptrdiff_t>(a) + 1, items.end(),
                                         [&](ItemIndex other) { return other < items[a]; });
      rank = rank * (4 - a) + static_cast<std::size_t>(smaller);
    }
    ++counts.at(rank);
  }
  CHECK(gtlabel_test::chi_square(counts) < gtlabel_test::chi_square_limit(23));
}

TEST_CASE("random_seed: differs from call to call") { CHECK(random_seed() != random_seed()); }

}  // namespace
