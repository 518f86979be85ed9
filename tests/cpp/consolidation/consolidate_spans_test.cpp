#include "gtlabel/consolidation/consolidate_spans.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <tuple>

#include "gtlabel/core/error.hpp"
#include "gtlabel/core/random.hpp"

namespace {

using gtlabel::SpanMethod;
using Span = std::tuple<std::int32_t, std::int32_t, std::int32_t, std::int32_t>;  // item, start, end, class

struct Answers {
  struct Row {
    std::int32_t item, worker, start, end, class_index;
  };
  std::vector<Row> rows;
  std::vector<std::pair<std::int32_t, std::int32_t>> empty;
  std::vector<std::int32_t> lengths;

  [[nodiscard]] gtlabel::SpanConsolidation consolidated(SpanMethod method,
                                                        std::shared_ptr<gtlabel::Executor> executor = {}) const {
    std::vector<std::int32_t> items, workers, starts, ends, classes, empty_items, empty_workers;
    for (const Row& row : rows) {
      items.push_back(row.item);
      workers.push_back(row.worker);
      starts.push_back(row.start);
      ends.push_back(row.end);
      classes.push_back(row.class_index);
    }
    for (const auto& [item, worker] : empty) {
      empty_items.push_back(item);
      empty_workers.push_back(worker);
    }
    return gtlabel::consolidate_spans({items, workers, classes, empty_items, empty_workers}, starts, ends, lengths, 2,
                                      {method, std::move(executor)});
  }
};

std::vector<Span> spans_of(const gtlabel::SpanConsolidation& result) {
  std::vector<Span> spans;
  for (std::size_t s = 0; s < result.items.size(); ++s) {
    spans.emplace_back(result.items[s], result.starts[s], result.ends[s], result.classes[s]);
  }
  return spans;
}

constexpr SpanMethod kMethods[] = {SpanMethod::tokens, SpanMethod::spans};

/// 60 items of 20 tokens with spans at 2-4 (class 0), 4-5 and 10-13 (class 1). Workers 0 to 3 miss a fifth; worker 4
/// marks at random.
Answers crowd() {
  gtlabel::RandomStream random(1, gtlabel::RandomPurpose::user);
  Answers answers;
  for (std::int32_t item = 0; item < 60; ++item) {
    answers.lengths.push_back(20);
    for (std::int32_t worker = 0; worker < 4; ++worker) {
      const std::size_t before = answers.rows.size();
      for (const auto& [start, end, class_index] : {std::tuple{2, 4, 0}, {4, 5, 1}, {10, 13, 1}}) {
        if (random.uniform() < 0.8) answers.rows.push_back({item, worker, start, end, class_index});
      }
      if (answers.rows.size() == before) answers.empty.emplace_back(item, worker);
    }
    const auto start = static_cast<std::int32_t>(random.below(18));
    answers.rows.push_back({item, 4, start, start + 2, static_cast<std::int32_t>(random.below(2))});
  }
  return answers;
}

TEST_CASE("consolidate_spans: a lone worker's spans come back, and so do items without any") {
  const Answers answers{{{0, 0, 0, 2, 0}, {0, 0, 2, 3, 0}, {2, 0, 1, 4, 1}}, {{1, 0}}, {3, 5, 4}};
  for (const SpanMethod method : kMethods) {
    const auto result = answers.consolidated(method);
    CHECK(spans_of(result) == std::vector<Span>{{0, 0, 2, 0}, {0, 2, 3, 0}, {2, 1, 4, 1}});
    CHECK(result.worker_recall == std::vector<double>{1.0});
  }
}

TEST_CASE("consolidate_spans: finds adjacent spans of a crowd and knows who marks at random") {
  const Answers answers = crowd();
  for (const SpanMethod method : kMethods) {
    const auto result = answers.consolidated(method);
    const auto spans = spans_of(result);
    std::size_t n_right = 0;
    for (const auto& [item, start, end, class_index] : spans) {
      const std::tuple span{start, end, class_index};
      n_right += span == std::tuple{2, 4, 0} || span == std::tuple{4, 5, 1} || span == std::tuple{10, 13, 1};
    }
    CHECK(n_right > 170);
    CHECK(spans.size() - n_right < 12);
    CHECK(result.worker_precision[4] < 0.3);
    CHECK(result.worker_precision[0] > 0.9);
    for (const double confidence : result.confidences) CHECK((confidence > 0.0 && confidence <= 1.0));
  }
}

TEST_CASE("consolidate_spans: all who agree are believed more than those who do not") {
  Answers answers{{}, {}, {10, 10}};
  for (std::int32_t worker = 0; worker < 3; ++worker) answers.rows.push_back({0, worker, 1, 4, 0});
  answers.rows.push_back({1, 0, 1, 4, 0});
  answers.rows.push_back({1, 1, 1, 4, 0});
  answers.rows.push_back({1, 2, 1, 3, 1});
  for (const SpanMethod method : kMethods) {
    const auto result = answers.consolidated(method);
    REQUIRE(spans_of(result) == std::vector<Span>{{0, 1, 4, 0}, {1, 1, 4, 0}});
    CHECK(result.confidences[0] > 0.6);
    CHECK(result.confidences[0] > result.confidences[1]);
    CHECK(result.n_workers == std::vector<std::int32_t>{3, 2});
  }
}

TEST_CASE("consolidate_spans: those who marked nothing vote against a span") {
  Answers answers{{{0, 0, 1, 3, 0}}, {{0, 1}, {0, 2}, {0, 3}}, {6}};
  for (const SpanMethod method : kMethods) {
    const auto result = answers.consolidated(method);
    CHECK(result.items.empty());
    CHECK(result.worker_precision[0] == 0.0);
    CHECK(std::isnan(result.worker_precision[1]));
  }
  answers.rows.clear();
  answers.empty.erase(answers.empty.begin() + 1, answers.empty.end());
  answers.empty[0].second = 0;
  for (const SpanMethod method : kMethods) CHECK(answers.consolidated(method).items.empty());
}

TEST_CASE("consolidate_spans: neither the order of rows nor the number of threads matters") {
  Answers answers = crowd();
  for (const SpanMethod method : kMethods) {
    const auto result = answers.consolidated(method);
    CHECK(result.confidences == answers.consolidated(method, std::make_shared<gtlabel::ThreadPool>(3)).confidences);
    std::reverse(answers.rows.begin(), answers.rows.end());
    CHECK(spans_of(answers.consolidated(method)) == spans_of(result));
  }
}

TEST_CASE("consolidate_spans: bad spans are refused by row") {
  const auto refused = [](const Answers& answers) { static_cast<void>(answers.consolidated(SpanMethod::tokens)); };
  CHECK_THROWS_WITH_AS(refused({{{0, 0, 1, 3, 0}, {0, 0, 4, 7, 0}}, {}, {6}}),
                       doctest::Contains("row 1 has 4 to 7, expected 0 <= start < end <= 6"), gtlabel::InvalidArgument);
  CHECK_THROWS_WITH_AS(refused({{{0, 0, 2, 2, 0}}, {}, {6}}), doctest::Contains("row 0"), gtlabel::InvalidArgument);
  CHECK_THROWS_WITH_AS(refused({{{0, 0, 3, 5, 0}, {0, 0, 1, 4, 0}}, {}, {6}}),
                       doctest::Contains("row 0 has 3 to 5, which overlaps row 1"), gtlabel::InvalidArgument);
  CHECK_THROWS_WITH_AS(refused({{{0, 0, 1, 3, 2}}, {}, {6}}), doctest::Contains("row 0 has class 2"),
                       gtlabel::UnknownClass);
  CHECK_THROWS_WITH_AS(refused({{{0, 0, 1, 3, 0}}, {{0, 0}}, {6}}), doctest::Contains("expected one or the other"),
                       gtlabel::InvalidArgument);
  CHECK_THROWS_WITH_AS(refused({{{1, 0, 1, 3, 0}}, {}, {6, 6}}), doctest::Contains("items: 0 has no answer"),
                       gtlabel::InvalidArgument);
  CHECK_THROWS_WITH_AS(refused({{{0, 0, 1, 3, 0}}, {}, {6, 6}}), doctest::Contains("2 lengths given"),
                       gtlabel::InvalidArgument);
  CHECK_THROWS_AS(refused({{}, {}, {}}), gtlabel::InvalidArgument);
}

}  // namespace
