#include "gtlabel/core/error.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>

namespace {

using namespace gtlabel;

constexpr int kLastCode = static_cast<int>(ErrorCode::format_fault);

TEST_CASE("ErrorCode: every code has a name of its own, and no other number has") {
  std::set<std::string> names;
  for (int code = 1; code <= kLastCode; ++code) names.insert(to_string(static_cast<ErrorCode>(code)));
  CHECK(names.size() == kLastCode);
  CHECK_FALSE(names.contains("unknown"));
  CHECK(std::string(to_string(static_cast<ErrorCode>(0))) == "unknown");
  CHECK(std::string(to_string(static_cast<ErrorCode>(kLastCode + 1))) == "unknown");
}

TEST_CASE("ErrorCode: numbers are stable") {
  CHECK(static_cast<int>(ErrorCode::invalid_argument) == 1);
  CHECK(static_cast<int>(ErrorCode::shape_mismatch) == 3);
  CHECK(static_cast<int>(ErrorCode::item_out_of_range) == 6);
  CHECK(static_cast<int>(ErrorCode::archive_mismatch) == 12);
  CHECK(static_cast<int>(ErrorCode::file_access) == 13);
}

template <class E>
void check_carries(const E& thrown, ErrorCode code) {
  try {
    throw E(thrown);
  } catch (const Error& error) {
    CHECK(error.code() == code);
    CHECK(std::string(error.what()) == "why");
    return;
  }
  FAIL("not caught as gtlabel::Error");
}

TEST_CASE("Error: each class carries its code and message, and is caught as gtlabel::Error") {
  check_carries(InvalidArgument("why"), ErrorCode::invalid_argument);
  check_carries(InvalidArgument("why", ErrorCode::not_finite), ErrorCode::not_finite);
  check_carries(InvalidType("why"), ErrorCode::invalid_type);
  check_carries(UnknownClass("why"), ErrorCode::unknown_class);
  check_carries(NotFitted("why"), ErrorCode::not_fitted);
  check_carries(InvalidState("why"), ErrorCode::invalid_state);
  check_carries(ModelError("why"), ErrorCode::model_contract);
  check_carries(ArchiveError(ErrorCode::archive_too_new, "why"), ErrorCode::archive_too_new);
}

TEST_CASE("Error: is a std::runtime_error") { CHECK_THROWS_AS(throw InvalidState("why"), std::runtime_error); }

}  // namespace
