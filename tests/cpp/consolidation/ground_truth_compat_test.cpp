#include "gtlabel/consolidation/ground_truth_compat.hpp"

#include <doctest/doctest.h>

#include "consolidation/crowd.hpp"

namespace {

TEST_CASE("ground_truth_compat: states at most 0.95, in hundredths, and is sound where all agree") {
  const Crowd crowd = make_crowd(50, 5, 10, std::vector<double>(12, 1.0));
  const auto result = gtlabel::ground_truth_compat(crowd.votes());
  CHECK(result.labels == crowd.truth);
  for (const double confidence : result.confidences) CHECK(confidence == 0.95);
}

TEST_CASE("ground_truth_compat: a lone object is decided by the majority") {
  const gtlabel::VoteTable votes(std::vector<std::int32_t>{0, 0, 0}, std::vector<std::int32_t>{0, 1, 2},
                                 std::vector<gtlabel::ClassIndex>{1, 0, 1}, 3);
  CHECK(gtlabel::ground_truth_compat(votes).labels[0] == 1);
}

}  // namespace
