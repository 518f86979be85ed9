#pragma once

#include <cstddef>

namespace gtlabel_test {

/// Counts what operator new is asked for on this thread, from its construction on. One at a time.
class AllocationMeter {
 public:
  AllocationMeter();
  [[nodiscard]] std::size_t bytes() const;
};

}  // namespace gtlabel_test
