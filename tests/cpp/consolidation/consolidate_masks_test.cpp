#include "gtlabel/consolidation/consolidate_masks.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "gtlabel/core/error.hpp"
#include "gtlabel/core/random.hpp"

namespace {

using gtlabel::MaskMethod;
using Mask = gtlabel::Matrix<std::uint8_t>;

struct Answers {
  std::vector<std::int32_t> items, workers;
  std::vector<Mask> masks;

  void add(std::int32_t item, std::int32_t worker, Mask mask) {
    items.push_back(item);
    workers.push_back(worker);
    masks.push_back(std::move(mask));
  }
  [[nodiscard]] gtlabel::MaskConsolidation consolidated(const gtlabel::MaskConsolidationOptions& options = {},
                                                        std::int32_t n_classes = 3) const {
    const std::vector<gtlabel::MatrixView<const std::uint8_t>> views(masks.begin(), masks.end());
    return gtlabel::consolidate_masks(items, workers, views, n_classes, options);
  }
};

constexpr MaskMethod kMethods[] = {MaskMethod::one_accuracy, MaskMethod::staple};

/// A disc of a class.
Mask disc(double radius, std::uint8_t class_index = 1) {
  Mask mask(40, 50);
  for (std::ptrdiff_t y = 0; y < mask.rows; ++y) {
    for (std::ptrdiff_t x = 0; x < mask.cols; ++x) {
      if (std::hypot(static_cast<double>(y) - 20.0, static_cast<double>(x) - 25.0) <= radius) mask(y, x) = class_index;
    }
  }
  return mask;
}

/// 4 items, a disc each; workers 0 to 3 err by some pixels in a hundred, worker 4 in half of them.
Answers crowd() {
  gtlabel::RandomStream random(0, gtlabel::RandomPurpose::user);
  Answers answers;
  for (std::int32_t item = 0; item < 4; ++item) {
    for (std::int32_t worker = 0; worker < 5; ++worker) {
      Mask mask = disc(12.0);
      for (std::uint8_t& pixel : mask.values) {
        if (random.uniform() < (worker == 4 ? 0.5 : 0.1)) pixel = 1 - pixel;
      }
      answers.add(item, worker, std::move(mask));
    }
  }
  return answers;
}

double share_right(const Mask& mask, const Mask& truth) {
  double right = 0.0;
  for (std::size_t p = 0; p < mask.values.size(); ++p) right += mask.values[p] == truth.values[p];
  return right / static_cast<double>(mask.values.size());
}

TEST_CASE("consolidate_masks: a lone mask comes back, and so does one on which all agree") {
  Answers answers;
  answers.add(0, 0, disc(8.0, 2));
  answers.add(1, 0, disc(9.0));
  answers.add(1, 1, disc(9.0));
  for (const MaskMethod method : kMethods) {
    const auto result = answers.consolidated({.method = method});
    CHECK(result.masks[0].values == disc(8.0, 2).values);
    CHECK(result.masks[1].values == disc(9.0).values);
    CHECK(result.confidences == std::vector<double>{1.0, 1.0});
    CHECK(result.n_workers == std::vector<std::int32_t>{1, 2});
    CHECK(std::isnan(result.worker_accuracy[0]));
  }
}

TEST_CASE("consolidate_masks: finds the mask, is surest where it is right, knows who guesses") {
  const Answers answers = crowd();
  for (const MaskMethod method : kMethods) {
    const auto result = answers.consolidated({.method = method}, 2);
    for (const Mask& mask : result.masks) CHECK(share_right(mask, disc(12.0)) > 0.98);
    CHECK(result.worker_accuracy[0] > result.worker_accuracy[4] + 0.2);
    for (const double confidence : result.confidences) CHECK((confidence > 0.5 && confidence < 1.0));
    for (std::ptrdiff_t p = 0; p < result.probabilities[0].rows; ++p) {
      REQUIRE(result.probabilities[0](p, 0) + result.probabilities[0](p, 1) == doctest::Approx(1.0));
    }
  }
}

TEST_CASE("consolidate_masks: neighbours speak for a pixel on which votes are equal, not against most people") {
  Answers answers;
  Mask speckled = disc(12.0);
  speckled(20, 25) = 0;
  answers.add(0, 0, speckled);
  answers.add(0, 1, disc(12.0));
  CHECK(answers.consolidated({.smoothness = 0.0}).masks[0](20, 25) == 0);
  CHECK(answers.consolidated({.smoothness = 0.25}).masks[0](20, 25) == 1);
  answers.add(0, 2, speckled);
  CHECK(answers.consolidated({.smoothness = 2.0}).masks[0](20, 25) == 0);
}

TEST_CASE("consolidate_masks: what most people mark alike is kept, of any size, whoever saw nothing") {
  for (std::int32_t side = 1; side <= 20; ++side) {
    for (std::int32_t other_side = 1; other_side <= side; ++other_side) {
      Mask object(22, 22);
      for (std::int32_t y = 1; y <= side; ++y) {
        for (std::int32_t x = 1; x <= other_side; ++x) object(y, x) = 1;
      }
      for (const auto& [n_marked, n_empty] : {std::pair{2, 1}, {3, 1}, {3, 2}, {5, 4}}) {
        Answers answers;
        for (std::int32_t worker = 0; worker < n_marked + n_empty; ++worker) {
          answers.add(0, worker, worker < n_marked ? object : Mask(22, 22));
        }
        for (const MaskMethod method : kMethods) {
          INFO(side, " x ", other_side, ", ", n_marked, " of ", n_marked + n_empty);
          CHECK(answers.consolidated({.method = method}, 2).masks[0].values == object.values);
        }
      }
    }
  }
}

TEST_CASE("consolidate_masks: three classes and people who all disagree still give a mask") {
  Answers answers;
  for (std::int32_t worker = 0; worker < 3; ++worker) {
    answers.add(0, worker, Mask(2, 2, static_cast<std::uint8_t>(worker)));
  }
  for (const MaskMethod method : kMethods) {
    const auto result = answers.consolidated({.method = method});
    for (const float p : result.probabilities[0].values) CHECK((p >= 0.0F && p <= 1.0F));
    CHECK(result.confidences[0] <= 1.0);
  }
}

TEST_CASE("consolidate_masks: neither the order of masks nor the number of threads matters") {
  Answers answers = crowd();
  const auto result = answers.consolidated({}, 2);
  gtlabel::MaskConsolidationOptions options;
  options.executor = std::make_shared<gtlabel::ThreadPool>(3);
  CHECK(answers.consolidated(options, 2).probabilities[3].values == result.probabilities[3].values);
  std::reverse(answers.items.begin(), answers.items.end());
  std::reverse(answers.workers.begin(), answers.workers.end());
  std::reverse(answers.masks.begin(), answers.masks.end());
  CHECK(answers.consolidated({}, 2).masks[3].values == result.masks[3].values);
}

TEST_CASE("consolidate_masks: bad masks are refused by row") {
  const auto refused = [](const Answers& answers) { static_cast<void>(answers.consolidated()); };
  Answers answers;
  answers.add(0, 0, Mask(3, 4));
  answers.add(0, 1, Mask(4, 3));
  CHECK_THROWS_WITH_AS(refused(answers), doctest::Contains("row 1 is 4 x 3, expected 3 x 4 like row 0"),
                       gtlabel::InvalidArgument);
  answers.masks[1] = Mask(3, 4);
  answers.masks[1](2, 1) = 3;
  CHECK_THROWS_WITH_AS(refused(answers), doctest::Contains("row 1 has class 3 at pixel (2, 1), expected 0 to 2"),
                       gtlabel::UnknownClass);
  answers.workers[1] = 0;
  CHECK_THROWS_WITH_AS(refused(answers), doctest::Contains("row 1 is of the same item and worker as row 0"),
                       gtlabel::InvalidArgument);
  answers.items[1] = 2;
  CHECK_THROWS_WITH_AS(refused(answers), doctest::Contains("item: 1 has no answer"), gtlabel::InvalidArgument);
  Answers empty;
  CHECK_THROWS_AS(refused(empty), gtlabel::InvalidArgument);
  empty.add(0, 0, Mask(0, 4));
  CHECK_THROWS_WITH_AS(refused(empty), doctest::Contains("row 0 is 0 x 4"), gtlabel::InvalidArgument);
  CHECK_THROWS_WITH_AS(static_cast<void>(crowd().consolidated({.smoothness = -1.0})), doctest::Contains("smoothness"),
                       gtlabel::InvalidArgument);
}

}  // namespace
