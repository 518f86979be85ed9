#include "gtlabel/workforce/simulated_workforce.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "gtlabel/core/error.hpp"

using namespace gtlabel;

namespace {

double share_right(const SimulatedWorkforce& workforce, std::size_t worker, int n, ItemIndex first = 0) {
  int right = 0;
  for (int i = 0; i < n; ++i)
    right += workforce.answer(worker, first + i, i % workforce.n_classes()) == i % workforce.n_classes();
  return static_cast<double>(right) / n;
}

}  // namespace

TEST_CASE("SimulatedWorkforce: people are as good as they were made, and say the same again") {
  const SimulatedWorkforce workforce(4, {{"good", 0.9}, {"spammer", 0.25}}, 5);
  constexpr int kItems = 4000;
  CHECK(std::abs(share_right(workforce, 0, kItems) - 0.9) < 4.0 * std::sqrt(0.09 / kItems));
  CHECK(std::abs(share_right(workforce, 1, kItems) - 0.25) < 4.0 * std::sqrt(0.1875 / kItems));
  CHECK(share_right(workforce, 0, kItems) == share_right(workforce, 0, kItems));
  const SimulatedWorkforce others(4, {{"good", 0.9}, {"spammer", 0.25}}, 6);
  bool differs = false;
  for (ItemIndex i = 0; i < 200; ++i) differs = differs || others.answer(1, i, 0) != workforce.answer(1, i, 0);
  CHECK(differs);
}

TEST_CASE("SimulatedWorkforce: confusions are followed, and a hard item makes everybody guess") {
  Matrix<double> confusion(2, 2);
  confusion.values = {1.0, 0.0, 0.3, 0.7};  // never mistaken about class 0
  std::vector<double> difficulty(4000, 0.0);
  for (std::size_t i = 2000; i < 4000; ++i) difficulty[i] = 1.0;
  const SimulatedWorkforce workforce(2, {{.name = "a", .accuracy = 0.5, .confusion = confusion}}, 1, difficulty);
  int right = 0;
  for (ItemIndex i = 0; i < 2000; ++i) {
    REQUIRE(workforce.answer(0, i, 0) == 0);
    right += workforce.answer(0, i, 1) == 1;
  }
  CHECK(std::abs(right / 2000.0 - 0.7) < 4.0 * std::sqrt(0.21 / 2000));
  CHECK(std::abs(share_right(workforce, 0, 2000, 2000) - 0.5) < 4.0 * std::sqrt(0.25 / 2000));
}

TEST_CASE("SimulatedWorkforce: answers take the time that they were said to") {
  const SimulatedWorkforce workforce(2, {{.name = "a", .seconds = 8.0}}, 1);
  double sum = 0.0;
  for (ItemIndex i = 0; i < 4000; ++i) sum += workforce.seconds(0, i);
  CHECK(std::abs(sum / 4000 - 8.0) < 4.0 * 8.0 / std::sqrt(4000.0));
}

TEST_CASE("SimulatedWorkforce: what makes no sense is refused") {
  CHECK_THROWS_AS(SimulatedWorkforce(1, {{"a"}}), InvalidArgument);
  CHECK_THROWS_AS(SimulatedWorkforce(2, {}), InvalidArgument);
  CHECK_THROWS_AS(SimulatedWorkforce(2, {{"a"}, {"a"}}), InvalidArgument);
  CHECK_THROWS_AS(SimulatedWorkforce(2, {{"a", 1.2}}), InvalidArgument);
  CHECK_THROWS_AS(SimulatedWorkforce(2, {{"a"}}, 0, {0.5, 1.5}), InvalidArgument);
  Matrix<double> bad(2, 2, 0.4);
  CHECK_THROWS_AS(SimulatedWorkforce(2, {{.name = "a", .confusion = bad}}), InvalidArgument);
  const SimulatedWorkforce one(2, {{"a"}}, 0, {0.5});
  CHECK_THROWS_AS(static_cast<void>(one.answer(0, 1, 0)), InvalidArgument);
  CHECK_THROWS_AS(static_cast<void>(one.answer(1, 0, 0)), InvalidArgument);
  CHECK_THROWS_AS(static_cast<void>(one.answer(0, 0, 2)), UnknownClass);
}
