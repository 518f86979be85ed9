#pragma once

#include <cstdint>

#include "gtlabel/core/export.hpp"

namespace gtlabel {

/// How many people are asked about an item. The default asks one and takes his word.
struct Overlap {
  std::int32_t min = 1;  ///< answers that an item has at least; 1 to max
  /// Answers that an item has at most; one more for each person who is unsure, but no more than twice as many.
  std::int32_t max = 1;
  /// Between min and max an item is asked again while its most probable class has a lower probability than this, by the
  /// answers so far, each weighed by how good its worker is. Above 0, at most 1.
  double until_confidence = 0.98;
};

/// @throws InvalidArgument  a value outside its range, naming it.
GTLABEL_EXPORT void validate(const Overlap& overlap);

}  // namespace gtlabel
