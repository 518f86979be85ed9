#include "gtlabel/workforce/budget.hpp"

#include <doctest/doctest.h>

#include "gtlabel/core/error.hpp"

using namespace gtlabel;

TEST_CASE("Budget: the answers that it allows are the fewer of its two limits") {
  CHECK_FALSE(answers_left({}, {}).has_value());
  CHECK(answers_left({.max_answers = 7}, {}) == 7);
  CHECK(answers_left({.max_cost = 1.0}, {.per_answer = 0.3}) == 3);
  CHECK(answers_left({.max_answers = 2, .max_cost = 1.0}, {.per_answer = 0.3}) == 2);
}

TEST_CASE("Budget: a multiple of the price allows that many answers, whatever the rounding") {
  for (std::int64_t n = 1; n < 2000; ++n) {
    REQUIRE(answers_left({.max_cost = static_cast<double>(n) * 0.07}, {.per_answer = 0.07}) == n);
  }
}

TEST_CASE("Budget: with prices of workers every answer is reckoned as the dearest, of what is left") {
  const Price price{.per_answer = 0.1, .per_worker = {{"ann", 0.25}, {"bob", 0.0}}};
  CHECK(price.of("ann") == 0.25);
  CHECK(price.of("bob") == 0.0);
  CHECK(price.of("cid") == 0.1);
  CHECK(price.of("") == 0.1);
  CHECK(price.dearest() == 0.25);
  CHECK(answers_left({.max_cost = 1.0}, price) == 4);
  CHECK(answers_left({.max_cost = 1.0}, price, 3, 0.3) == 2);
  CHECK(answers_left({.max_cost = 1.0}, price, 9, 0.9) == 0);
  CHECK(answers_left({.max_cost = 1.0}, price, 9, 1.5) == 0);
  CHECK(answers_left({.max_answers = 5, .max_cost = 1.0}, price, 4, 0.1) == 1);
}

TEST_CASE("Budget: limits that mean nothing are refused") {
  CHECK_THROWS_AS(validate({.max_answers = 0}, {}), InvalidArgument);
  CHECK_THROWS_AS(validate({.max_items = -1}, {}), InvalidArgument);
  CHECK_THROWS_AS(validate({.max_cost = 0.0}, {.per_answer = 0.1}), InvalidArgument);
  CHECK_THROWS_AS(validate({.max_cost = 5.0}, {}), InvalidArgument);  // without a price
  CHECK_THROWS_AS(validate({}, {.per_answer = -0.1}), InvalidArgument);
  CHECK_THROWS_WITH_AS(
      validate({.max_cost = 50.0}, {.per_answer = 1.0, .per_worker = {{"bob", 2.0}, {"ann", 99.0}}}),
      "budget: max_cost 50 given, which pays not one answer of 99 (worker 'ann'), expected at least that",
      InvalidArgument);
  CHECK_THROWS_WITH_AS(validate({.max_cost = 0.05}, {.per_answer = 0.1}),
                       "budget: max_cost 0.05 given, which pays not one answer of 0.1, expected at least that",
                       InvalidArgument);
  CHECK_NOTHROW(validate({.max_cost = 0.1}, {.per_answer = 0.1}));
  CHECK_NOTHROW(validate({.max_cost = 5.0}, {.per_answer = 0.1}));
  CHECK_NOTHROW(validate({.max_cost = 5.0}, {.per_worker = {{"ann", 0.1}}}));
  CHECK_THROWS_AS(validate({}, {.per_worker = {{"ann", -0.1}}}), InvalidArgument);
  CHECK_THROWS_AS(validate({}, {.per_worker = {{"", 0.1}}}), InvalidArgument);
}
