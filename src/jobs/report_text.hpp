#pragma once

#include <string>

#include "gtlabel/routing/target.hpp"

namespace gtlabel::detail {

/// A target in plain words, for reports.
std::string describe(const Target& target);

}  // namespace gtlabel::detail
