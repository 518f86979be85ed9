#include "gtlabel/consolidation/consolidate_multi_label.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>

#include "gtlabel/core/error.hpp"
#include "gtlabel/core/random.hpp"

namespace {

using gtlabel::ClassIndex;
using Sets = std::vector<std::vector<ClassIndex>>;

struct Answers {
  std::vector<std::int32_t> items, workers;
  Sets sets;

  [[nodiscard]] gtlabel::MultiLabelConsolidation consolidated(std::int32_t n_labels,
                                                              std::shared_ptr<gtlabel::Executor> executor = {}) const {
    std::vector<std::int64_t> ends;
    std::vector<ClassIndex> labels;
    for (const auto& set : sets) {
      labels.insert(labels.end(), set.begin(), set.end());
      ends.push_back(std::ssize(labels));
    }
    return gtlabel::consolidate_multi_label({items, workers, ends, labels}, n_labels, executor);
  }
};

/// 200 items, 4 labels; workers 0 to 4 err seldom, worker 5 answers at random.
Answers crowd(Sets& truth) {
  gtlabel::RandomStream random(0, gtlabel::RandomPurpose::user);
  Answers answers;
  for (std::int32_t item = 0; item < 200; ++item) {
    truth.emplace_back();
    for (ClassIndex label = 0; label < 4; ++label) {
      if (random.uniform() < 0.3) truth.back().push_back(label);
    }
    for (std::int32_t worker = 0; worker < 6; ++worker) {
      answers.items.push_back(item);
      answers.workers.push_back(worker);
      answers.sets.emplace_back();
      for (ClassIndex label = 0; label < 4; ++label) {
        const bool is_true = std::count(truth.back().begin(), truth.back().end(), label) > 0;
        const bool is_said = worker == 5 ? random.uniform() < 0.5 : is_true == (random.uniform() < 0.85);
        if (is_said) answers.sets.back().push_back(label);
      }
    }
  }
  return answers;
}

TEST_CASE("consolidate_multi_label: what all say comes back with confidence, an empty set too") {
  const Answers answers{{0, 0, 0, 1, 1, 1}, {0, 1, 2, 0, 1, 2}, {{0, 2}, {2, 0}, {0, 2}, {}, {}, {}}};
  const auto result = answers.consolidated(3);
  CHECK(result.label_sets == Sets{{0, 2}, {}});
  for (const double p : result.probabilities.values) CHECK(std::max(p, 1.0 - p) > 0.7);
}

TEST_CASE("consolidate_multi_label: a lone worker's answers come back") {
  const Answers answers{{0, 1, 2}, {0, 0, 0}, {{1}, {0, 1}, {}}};
  CHECK(answers.consolidated(2).label_sets == answers.sets);
}

TEST_CASE("consolidate_multi_label: finds the sets, and who answers at random") {
  Sets truth;
  const auto result = crowd(truth).consolidated(4);
  std::size_t n_right = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) n_right += result.label_sets[i] == truth[i];
  CHECK(n_right > 170);
  CHECK(result.worker_recall[0] > 0.8);
  CHECK(result.worker_precision[0] > 0.6);
  CHECK(result.worker_precision[5] < 0.4);
}

TEST_CASE("consolidate_multi_label: neither the order of answers nor the number of threads matters") {
  Sets truth;
  Answers answers = crowd(truth);
  const auto result = answers.consolidated(4);
  const auto parallel = answers.consolidated(4, std::make_shared<gtlabel::ThreadPool>(3));
  CHECK(result.probabilities.values == parallel.probabilities.values);
  std::reverse(answers.items.begin(), answers.items.end());
  std::reverse(answers.workers.begin(), answers.workers.end());
  std::reverse(answers.sets.begin(), answers.sets.end());
  CHECK(answers.consolidated(4).label_sets == result.label_sets);
}

TEST_CASE("consolidate_multi_label: a worker who gives no label has no precision") {
  const Answers answers{{0, 0}, {0, 1}, {{0}, {}}};
  const auto result = answers.consolidated(1);
  CHECK(std::isnan(result.worker_precision[1]));
  CHECK_FALSE(std::isnan(result.worker_precision[0]));
}

TEST_CASE("consolidate_multi_label: bad answers are refused by row") {
  const auto refused = [](const Answers& answers) { static_cast<void>(answers.consolidated(2)); };
  CHECK_THROWS_WITH_AS(refused({{0}, {0}, {{2}}}), doctest::Contains("row 0 has label 2, expected 0 to 1"),
                       gtlabel::UnknownClass);
  CHECK_THROWS_WITH_AS(refused({{0, 1}, {0, 0}, {{1}, {0, 1, 0}}}), doctest::Contains("row 1 has label 0 twice"),
                       gtlabel::InvalidArgument);
  CHECK_THROWS_WITH_AS(refused({{0, 2}, {0, 0}, {{1}, {0}}}), doctest::Contains("item: 1 has no answer"),
                       gtlabel::InvalidArgument);
  CHECK_THROWS_WITH_AS(refused({{0, 1}, {0}, {{1}, {0}}}), doctest::Contains("1 workers"), gtlabel::InvalidArgument);
  CHECK_THROWS_AS(refused({{}, {}, {}}), gtlabel::InvalidArgument);
}

}  // namespace
