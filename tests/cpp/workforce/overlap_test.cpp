#include "gtlabel/workforce/overlap.hpp"

#include <doctest/doctest.h>

#include "gtlabel/core/error.hpp"

TEST_CASE("Overlap: the default asks one person") {
  const gtlabel::Overlap overlap;
  CHECK(overlap.min == 1);
  CHECK(overlap.max == 1);
  CHECK_NOTHROW(gtlabel::validate(overlap));
}

TEST_CASE("Overlap: values outside their ranges are refused") {
  using gtlabel::InvalidArgument;
  CHECK_THROWS_AS(gtlabel::validate({.min = 0, .max = 3}), InvalidArgument);
  CHECK_THROWS_AS(gtlabel::validate({.min = 3, .max = 2}), InvalidArgument);
  CHECK_THROWS_AS(gtlabel::validate({.min = 1, .max = 2, .until_confidence = 0.0}), InvalidArgument);
  CHECK_THROWS_AS(gtlabel::validate({.min = 1, .max = 2, .until_confidence = 1.01}), InvalidArgument);
  CHECK_NOTHROW(gtlabel::validate({.min = 2, .max = 2, .until_confidence = 1.0}));
}
