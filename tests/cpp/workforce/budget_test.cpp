#include "gtlabel/workforce/budget.hpp"

#include <doctest/doctest.h>

#include "gtlabel/core/error.hpp"

using namespace gtlabel;

TEST_CASE("Budget: the answers that it allows are the fewer of its two limits") {
  CHECK_FALSE(answer_limit({}, {}).has_value());
  CHECK(answer_limit({.max_answers = 7}, {}) == 7);
  CHECK(answer_limit({.max_cost = 1.0}, {.per_answer = 0.3}) == 3);
  CHECK(answer_limit({.max_answers = 2, .max_cost = 1.0}, {.per_answer = 0.3}) == 2);
}

TEST_CASE("Budget: a multiple of the price allows that many answers, whatever the rounding") {
  for (std::int64_t n = 1; n < 2000; ++n) {
    REQUIRE(answer_limit({.max_cost = static_cast<double>(n) * 0.07}, {.per_answer = 0.07}) == n);
  }
}

TEST_CASE("Budget: limits that mean nothing are refused") {
  CHECK_THROWS_AS(validate({.max_answers = 0}, {}), InvalidArgument);
  CHECK_THROWS_AS(validate({.max_items = -1}, {}), InvalidArgument);
  CHECK_THROWS_AS(validate({.max_cost = 0.0}, {.per_answer = 0.1}), InvalidArgument);
  CHECK_THROWS_AS(validate({.max_cost = 5.0}, {}), InvalidArgument);  // without a price
  CHECK_THROWS_AS(validate({}, {.per_answer = -0.1}), InvalidArgument);
  CHECK_NOTHROW(validate({.max_cost = 5.0}, {.per_answer = 0.1}));
}
