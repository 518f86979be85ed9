#pragma once

#include <string>

#include "gtlabel/routing/target.hpp"
#include "gtlabel/workforce/budget.hpp"

namespace gtlabel::detail {

/// A target in plain words, for reports.
std::string describe(const Target& target);
/// A price in plain words.
std::string describe(const Price& price);

}  // namespace gtlabel::detail
