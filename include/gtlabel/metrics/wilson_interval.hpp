#pragma once

#include "gtlabel/core/export.hpp"

namespace gtlabel {

/// Two ends of an interval; both NaN where there is none.
struct Interval {
  double low = 0.0;
  double high = 1.0;
};

/// Wilson's score interval for a share (JASA 1927): `successes` of `trials`, which need not be whole numbers. From 0 to
/// 1 without trials. @param confidence  above 0, below 1. Constant time. Thread-safe.
/// @throws InvalidArgument  confidence out of range.
[[nodiscard]] GTLABEL_EXPORT Interval wilson_interval(double successes, double trials, double confidence = 0.95);

}  // namespace gtlabel
