#include "gtlabel/routing/target.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <string>

#include "gtlabel/core/error.hpp"

namespace {

using namespace gtlabel;

void check_refused(const Target& target, const std::string& name) {
  try {
    validate(target);
  } catch (const InvalidArgument& error) {
    CHECK(std::string(error.what()).find(name) == 0);
    return;
  }
  FAIL("accepted: " << name);
}

TEST_CASE("validate: the defaults are sound and are 5 %, 5 % and 0.9") {
  CHECK_NOTHROW(validate(ErrorTarget{}));
  CHECK_NOTHROW(validate(ConfidenceThreshold{}));
  CHECK(ErrorTarget{}.max_error == 0.05);
  CHECK(ErrorTarget{}.failure_probability == 0.05);
  CHECK(ConfidenceThreshold{}.confidence == 0.9);
}

TEST_CASE("validate: an error target lies strictly between 0 and 1; the bad value is named") {
  for (const double bad : {0.0, 1.0, -0.1, 1.5, std::nan(""), HUGE_VAL}) {
    check_refused(ErrorTarget{.max_error = bad}, "max_error");
    check_refused(ErrorTarget{.failure_probability = bad}, "failure_probability");
  }
  for (const double good : {1e-9, 0.5, 1.0 - 1e-9}) {
    CHECK_NOTHROW(validate(ErrorTarget{.max_error = good, .failure_probability = good}));
  }
}

TEST_CASE("validate: a confidence threshold is above 0 and at most 1") {
  for (const double bad : {0.0, 1.0000001, -0.1, std::nan(""), HUGE_VAL}) {
    check_refused(ConfidenceThreshold{bad}, "confidence");
  }
  CHECK_NOTHROW(validate(ConfidenceThreshold{1.0}));
  CHECK_NOTHROW(validate(ConfidenceThreshold{1e-9}));
}

}  // namespace
