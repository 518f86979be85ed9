#include "gtlabel/metrics/agreement.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <memory>
#include <vector>

#include "gtlabel/core/error.hpp"

namespace {

using gtlabel::AgreementOptions;
using gtlabel::AnswerScale;
using gtlabel::VoteTable;

struct Columns {
  std::vector<std::int32_t> items, workers, answers;

  void add(std::int32_t item, std::int32_t worker, std::int32_t answer) {
    items.push_back(item);
    workers.push_back(worker);
    answers.push_back(answer);
  }
  [[nodiscard]] VoteTable votes(std::int32_t n_classes) const { return {items, workers, answers, n_classes}; }
};

/// Krippendorff, "Computing Krippendorff's alpha-reliability" (2011), example C: 4 observers, 12 units, 0: missing.
VoteTable reliability_data() {
  const int values[4][12] = {{1, 2, 3, 3, 2, 1, 4, 1, 2, 0, 0, 0},
                             {1, 2, 3, 3, 2, 2, 4, 1, 2, 5, 0, 3},
                             {0, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, 0},
                             {1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, 0}};
  Columns columns;
  for (int unit = 0; unit < 12; ++unit) {
    for (int observer = 0; observer < 4; ++observer) {
      if (values[observer][unit] > 0) columns.add(unit, observer, values[observer][unit] - 1);
    }
  }
  return columns.votes(5);
}

/// Fleiss, Nally and others' worked table of 10 subjects, 14 raters and 5 categories.
VoteTable fleiss_table() {
  const int counts[10][5] = {{0, 0, 0, 0, 14}, {0, 2, 6, 4, 2}, {0, 0, 3, 5, 6}, {0, 3, 9, 2, 0}, {2, 2, 8, 1, 1},
                             {7, 7, 0, 0, 0},  {3, 2, 6, 3, 0}, {2, 5, 3, 2, 2}, {6, 5, 2, 1, 0}, {0, 2, 2, 3, 7}};
  Columns columns;
  for (int subject = 0; subject < 10; ++subject) {
    int rater = 0;
    for (int category = 0; category < 5; ++category) {
      for (int n = 0; n < counts[subject][category]; ++n) columns.add(subject, rater++, category);
    }
  }
  return columns.votes(5);
}

TEST_CASE("krippendorff_alpha: agrees with Krippendorff's worked example on each scale") {
  const VoteTable votes = reliability_data();
  CHECK(gtlabel::krippendorff_alpha(votes).value == doctest::Approx(0.743).epsilon(0.001));
  CHECK(gtlabel::krippendorff_alpha(votes, AnswerScale::ordinal).value == doctest::Approx(0.815).epsilon(0.001));
  CHECK(gtlabel::krippendorff_alpha(votes, AnswerScale::interval).value == doctest::Approx(0.849).epsilon(0.001));
}

TEST_CASE("fleiss_kappa: agrees with the worked example, and refuses unequal numbers of answers") {
  CHECK(gtlabel::fleiss_kappa(fleiss_table()).value == doctest::Approx(0.210).epsilon(0.003));
  CHECK_THROWS_WITH_AS(static_cast<void>(gtlabel::fleiss_kappa(reliability_data())), doctest::Contains("item 1 has 4"),
                       gtlabel::InvalidArgument);
}

TEST_CASE("cohen_kappa: agrees with the worked example of 50 proposals") {
  Columns columns;
  const auto add = [&](int n, int first, int second) {
    for (int i = 0; i < n; ++i) {
      const auto item = static_cast<std::int32_t>(columns.items.size() / 2);
      columns.add(item, 0, first);
      columns.add(item, 1, second);
    }
  };
  add(20, 1, 1), add(5, 1, 0), add(10, 0, 1), add(15, 0, 0);
  const auto pairs = gtlabel::cohen_kappa(columns.votes(2));
  REQUIRE(pairs.size() == 1);
  CHECK(pairs[0].n_common == 50);
  CHECK(pairs[0].kappa.value == doctest::Approx(0.4));
  CHECK(pairs[0].kappa.interval.low < 0.4);
  CHECK(pairs[0].kappa.interval.high > 0.4);
  CHECK(gtlabel::cohen_kappa(columns.votes(2), 51).empty());
}

TEST_CASE("Agreement: the interval surrounds the value and is the same for any number of threads") {
  AgreementOptions serial, threads;
  threads.executor = std::make_shared<gtlabel::ThreadPool>(3);
  const auto one = gtlabel::krippendorff_alpha(reliability_data(), AnswerScale::ordinal, {}, serial);
  const auto other = gtlabel::krippendorff_alpha(reliability_data(), AnswerScale::ordinal, {}, threads);
  CHECK(one.interval.low == other.interval.low);
  CHECK(one.interval.high == other.interval.high);
  CHECK(one.interval.low < one.value);
  CHECK(one.interval.high > one.value);
}

TEST_CASE("Agreement: is undefined where nobody could have disagreed") {
  Columns columns;
  columns.add(0, 0, 0), columns.add(0, 1, 0), columns.add(1, 0, 0), columns.add(1, 1, 0);
  CHECK(std::isnan(gtlabel::krippendorff_alpha(columns.votes(2)).value));
  CHECK(std::isnan(gtlabel::fleiss_kappa(columns.votes(2)).value));
}

TEST_CASE("krippendorff_alpha_per_class: finds the class that people confuse with nothing") {
  Columns columns;
  for (int i = 0; i < 30; ++i) {
    columns.add(i, 0, i % 3);
    columns.add(i, 1, i % 3 == 0 ? 0 : 1 + i % 2);  // classes 1 and 2 at random
  }
  const auto per_class = gtlabel::krippendorff_alpha_per_class(columns.votes(3));
  REQUIRE(per_class.size() == 3);
  CHECK(per_class[0].value == doctest::Approx(1.0));
  CHECK(per_class[1].value < 0.5);
}

}  // namespace
