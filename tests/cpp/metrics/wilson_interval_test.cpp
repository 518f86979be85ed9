#include "gtlabel/metrics/wilson_interval.hpp"

#include <doctest/doctest.h>

#include "gtlabel/core/error.hpp"

namespace {

TEST_CASE("wilson_interval: agrees with a published example") {
  // Newcombe, Statistics in Medicine 1998, table I, method 3: 81 of 263.
  const auto interval = gtlabel::wilson_interval(81, 263);
  CHECK(interval.low == doctest::Approx(0.2553).epsilon(0.0005));
  CHECK(interval.high == doctest::Approx(0.3662).epsilon(0.0005));
}

TEST_CASE("wilson_interval: knows nothing without trials, stays within 0 and 1, widens with confidence") {
  CHECK(gtlabel::wilson_interval(0, 0).low == 0.0);
  CHECK(gtlabel::wilson_interval(0, 0).high == 1.0);
  CHECK(gtlabel::wilson_interval(0, 29).low == 0.0);
  CHECK(gtlabel::wilson_interval(0, 29).high == doctest::Approx(0.1170).epsilon(0.001));
  CHECK(gtlabel::wilson_interval(5, 10, 0.99).low < gtlabel::wilson_interval(5, 10, 0.9).low);
  CHECK_THROWS_AS(static_cast<void>(gtlabel::wilson_interval(1, 2, 1.0)), gtlabel::InvalidArgument);
}

}  // namespace
