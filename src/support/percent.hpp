#pragma once

#include <cstdio>
#include <string>

namespace gtlabel::detail {

/// 0.0312 as "3.12 %": three significant digits, for sentences.
inline std::string percent(double share) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g %%", 100.0 * share);
  return text;
}

}  // namespace gtlabel::detail
