#pragma once

#include <cstddef>

namespace gtlabel::detail {

inline constexpr std::size_t kAhead = 8;

/// Rows are visited in no order that the processor could foresee, and what they are worth hardly pays for the wait.
inline void fetch_ahead(const double* row, std::ptrdiff_t size) noexcept {
#if defined(__GNUC__)
  constexpr std::ptrdiff_t kLine = 8;
  for (std::ptrdiff_t e = 0; e < size; e += kLine) __builtin_prefetch(row + e);
#else
  static_cast<void>(row), static_cast<void>(size);
#endif
}

}  // namespace gtlabel::detail
