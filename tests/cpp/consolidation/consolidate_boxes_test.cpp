#include "gtlabel/consolidation/consolidate_boxes.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <numeric>

#include "gtlabel/core/error.hpp"
#include "gtlabel/core/random.hpp"

namespace {

using Box = std::array<double, 4>;

struct Answers {
  struct Row {
    std::int32_t item, worker;
    Box box;
    std::int32_t class_index = 0;
  };
  std::vector<Row> rows;
  std::vector<std::pair<std::int32_t, std::int32_t>> empty;

  [[nodiscard]] gtlabel::BoxConsolidation consolidated(const gtlabel::BoxConsolidationOptions& options = {}) const {
    std::vector<std::int32_t> items, workers, classes, empty_items, empty_workers;
    std::vector<double> sides;
    for (const Row& row : rows) {
      items.push_back(row.item);
      workers.push_back(row.worker);
      classes.push_back(row.class_index);
      sides.insert(sides.end(), row.box.begin(), row.box.end());
    }
    for (const auto& [item, worker] : empty) {
      empty_items.push_back(item);
      empty_workers.push_back(worker);
    }
    const gtlabel::MatrixView<const double> boxes(sides.data(), std::ssize(rows), 4);
    return gtlabel::consolidate_boxes({items, workers, classes, empty_items, empty_workers}, boxes, 2, options);
  }
};

Box moved(Box box, double by, gtlabel::RandomStream& random) {
  for (double& side : box) side += by * (2.0 * random.uniform() - 1.0);
  return box;
}

/// 80 items with a box of class 0 and one of class 1. Worker 0 is exact, 1 to 3 are not and miss a fifth; worker 4
/// marks anything anywhere.
Answers crowd() {
  gtlabel::RandomStream random(0, gtlabel::RandomPurpose::user);
  Answers answers;
  for (std::int32_t item = 0; item < 80; ++item) {
    for (std::int32_t worker = 0; worker < 4; ++worker) {
      answers.rows.push_back({item, worker, moved({10, 10, 50, 50}, worker == 0 ? 0.5 : 6.0, random), 0});
      if (random.uniform() < 0.8) {
        answers.rows.push_back({item, worker, moved({30, 60, 90, 90}, worker == 0 ? 0.5 : 6.0, random), 1});
      }
    }
    const double x = 100.0 * random.uniform(), y = 100.0 * random.uniform();
    answers.rows.push_back({item, 4, {x, y, x + 30, y + 30}, static_cast<std::int32_t>(random.below(2))});
  }
  return answers;
}

TEST_CASE("consolidate_boxes: a lone worker's boxes come back as they are") {
  const Answers answers{{{0, 0, {0, 0, 10, 10}, 1}, {0, 0, {1, 1, 11, 11}, 1}, {2, 0, {5, 5, 8, 9}, 0}}, {{1, 0}}};
  const auto result = answers.consolidated();
  REQUIRE(result.items == std::vector<std::int32_t>{0, 0, 2});
  for (std::size_t row = 0; row < 3; ++row) {
    const auto object = result.boxes.row(result.objects[row]);
    CHECK(std::equal(object.begin(), object.end(), answers.rows[row].box.begin()));
    CHECK(result.classes[static_cast<std::size_t>(result.objects[row])] == answers.rows[row].class_index);
  }
  CHECK(std::isnan(result.worker_error[0]));
}

TEST_CASE("consolidate_boxes: boxes that all agree on come back with confidence") {
  Answers answers;
  for (std::int32_t worker = 0; worker < 5; ++worker) answers.rows.push_back({0, worker, {1, 2, 30, 40}, 1});
  const auto result = answers.consolidated();
  REQUIRE(result.items.size() == 1);
  CHECK(result.boxes.values == std::vector<double>{1, 2, 30, 40});
  CHECK(result.classes[0] == 1);
  CHECK(result.confidences[0] > 0.8);
  CHECK(result.n_workers[0] == 5);
}

TEST_CASE("consolidate_boxes: objects are found, exact workers count more, a spammer is known") {
  const auto result = crowd().consolidated();
  CHECK(std::abs(static_cast<double>(result.items.size()) - 160.0) < 8.0);
  CHECK(result.worker_precision[4] < 0.3);
  CHECK(result.worker_precision[0] > 0.95);
  CHECK(result.worker_recall[4] < 0.4);
  CHECK(result.worker_error[0] < 0.5 * result.worker_error[1]);
  double distance = 0.0;
  for (std::ptrdiff_t o = 0; o < result.boxes.rows; ++o) {
    if (result.classes[static_cast<std::size_t>(o)] == 0) distance += std::abs(result.boxes(o, 0) - 10.0) / 80.0;
  }
  CHECK(distance < 1.2);  // one worker in four errs by 0.25 on average, the others by 3
}

TEST_CASE("consolidate_boxes: those who marked nothing vote against a box, which is not lost") {
  const Answers answers{{{0, 0, {0, 0, 10, 10}}}, {{0, 1}, {0, 2}, {0, 3}}};
  CHECK(answers.consolidated().items.empty());
  CHECK(answers.consolidated().objects == std::vector<std::int32_t>{-1});
  gtlabel::BoxConsolidationOptions options;
  options.min_existence = 0.0;
  const auto all = answers.consolidated(options);
  REQUIRE(all.items.size() == 1);
  CHECK(all.existences[0] < 0.5);
  const Answers nothing{{}, {{0, 0}, {1, 0}}};
  CHECK(nothing.consolidated().items.empty());
}

TEST_CASE("consolidate_boxes: two boxes of a worker are two objects, boxes of a class are joined first") {
  const Answers answers{{{0, 0, {0, 0, 10, 10}, 0},
                         {0, 0, {0, 1, 10, 11}, 1},
                         {0, 1, {0, 0.5, 10, 10.5}, 0},
                         {0, 1, {0, 1, 10, 11}, 1},
                         {0, 2, {0, 0, 10, 10}, 0}},
                        {}};
  const auto result = answers.consolidated();
  REQUIRE(result.items.size() == 2);
  CHECK(result.objects[0] == result.objects[2]);
  CHECK(result.objects[0] == result.objects[4]);
  CHECK(result.objects[1] == result.objects[3]);
}

TEST_CASE("consolidate_boxes: a disputed class is one object with doubt about its class") {
  Answers answers;
  for (std::int32_t worker = 0; worker < 5; ++worker) answers.rows.push_back({0, worker, {0, 0, 9, 9}, worker < 3});
  const auto result = answers.consolidated();
  REQUIRE(result.items.size() == 1);
  CHECK(result.classes[0] == 1);
  CHECK(result.confidences[0] < result.existences[0] - 0.05);
}

TEST_CASE("consolidate_boxes: neither the order of rows nor the number of threads matters") {
  Answers answers = crowd();
  const auto result = answers.consolidated();
  gtlabel::BoxConsolidationOptions options;
  options.executor = std::make_shared<gtlabel::ThreadPool>(3);
  CHECK(result.boxes.values == answers.consolidated(options).boxes.values);
  std::reverse(answers.rows.begin(), answers.rows.end());
  const auto reversed = answers.consolidated();
  REQUIRE(reversed.items == result.items);
  for (std::size_t e = 0; e < result.boxes.values.size(); ++e) {
    REQUIRE(reversed.boxes.values[e] == doctest::Approx(result.boxes.values[e]));
  }
}

TEST_CASE("consolidate_boxes: bad boxes are refused by row") {
  const auto refused = [](const Answers& answers) { static_cast<void>(answers.consolidated()); };
  CHECK_THROWS_WITH_AS(refused({{{0, 0, {0, 0, 1, 1}}, {0, 1, {2, 0, 2, 1}}}, {}}),
                       doctest::Contains("row 1 has x1 = 2"), gtlabel::InvalidArgument);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_WITH_AS(refused({{{0, 0, {0, nan, 1, 1}}}, {}}), doctest::Contains("row 0 has y1 = nan"),
                       gtlabel::InvalidArgument);
  CHECK_THROWS_WITH_AS(refused({{{0, 0, {0, 0, 1, 1}, 2}}, {}}), doctest::Contains("row 0 has class 2"),
                       gtlabel::UnknownClass);
  CHECK_THROWS_WITH_AS(refused({{{0, 0, {0, 0, 1, 1}}}, {{0, 0}}}), doctest::Contains("marked nothing in item 0"),
                       gtlabel::InvalidArgument);
  CHECK_THROWS_AS(refused({{}, {}}), gtlabel::InvalidArgument);
  gtlabel::BoxConsolidationOptions options;
  options.min_overlap = 0.0;
  CHECK_THROWS_WITH_AS(static_cast<void>(crowd().consolidated(options)), doctest::Contains("min_overlap: 0"),
                       gtlabel::InvalidArgument);
}

}  // namespace
