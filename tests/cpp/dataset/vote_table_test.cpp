#include "gtlabel/dataset/vote_table.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "gtlabel/core/error.hpp"
#include "gtlabel/dataset/id_codes.hpp"

namespace {

using gtlabel::ClassIndex;
using gtlabel::VoteTable;
using Indices = std::vector<std::int32_t>;

TEST_CASE("VoteTable: groups votes by item and by worker, in the order given") {
  const VoteTable votes(Indices{1, 0, 1, 1}, Indices{0, 0, 1, 0}, std::vector<ClassIndex>{2, 1, 0, 1}, 3);
  CHECK(votes.n_items() == 2);
  CHECK(votes.n_workers() == 2);
  CHECK(votes.n_votes() == 4);
  REQUIRE(votes.of_item(1).size() == 3);
  CHECK(votes.of_item(1)[0].answer == 2);
  CHECK(votes.of_item(1)[1].other == 1);
  REQUIRE(votes.of_worker(0).size() == 3);
  CHECK(votes.of_worker(0)[2].other == 1);
  CHECK(votes.of_worker(0)[2].answer == 1);
}

TEST_CASE("VoteTable: a bad row is named") {
  const Indices two{0, 1}, same{0, 0};
  CHECK_THROWS_WITH_AS(VoteTable(two, same, std::vector<ClassIndex>{0, 2}, 2), doctest::Contains("row 1 has class 2"),
                       gtlabel::UnknownClass);
  CHECK_THROWS_WITH_AS(VoteTable(Indices{0, -1}, same, std::vector<ClassIndex>{0, 1}, 2),
                       doctest::Contains("items: row 1"), gtlabel::InvalidArgument);
  CHECK_THROWS_WITH_AS(VoteTable(Indices{0, 2}, same, std::vector<ClassIndex>{0, 1}, 2),
                       doctest::Contains("item: 1 has no answer"), gtlabel::InvalidArgument);
  CHECK_THROWS_AS(VoteTable(two, Indices{0}, std::vector<ClassIndex>{0, 1}, 2), gtlabel::InvalidArgument);
  CHECK_THROWS_AS(VoteTable(Indices{}, Indices{}, std::vector<ClassIndex>{}, 2), gtlabel::InvalidArgument);
}

TEST_CASE("encode_ids: codes count distinct ids in order of first appearance") {
  const std::vector<std::string> ids{"b", "a", "b", "c"};
  const auto codes = gtlabel::encode_ids<std::string>(ids);
  CHECK(codes.ids == std::vector<std::string>{"b", "a", "c"});
  CHECK(codes.codes == Indices{0, 1, 0, 2});
}

TEST_CASE("encode_ids: whole numbers are coded alike, close together or as far apart as they can be") {
  constexpr auto kLeast = std::numeric_limits<std::int64_t>::min(), kMost = std::numeric_limits<std::int64_t>::max();
  for (const std::vector<std::int64_t>& ids : {std::vector<std::int64_t>{-1, -2, -1, 0},
                                               {7, 5, 7, 1000},
                                               {kMost, kLeast, kMost, 0},
                                               {kMost, kMost - 1, kMost, kMost - 2}}) {
    const auto codes = gtlabel::encode_ids<std::int64_t>(ids);
    CHECK(codes.ids == std::vector<std::int64_t>{ids[0], ids[1], ids[3]});
    CHECK(codes.codes == Indices{0, 1, 0, 2});
  }
  CHECK(gtlabel::encode_ids<std::int64_t>({}).ids.empty());
}

}  // namespace
