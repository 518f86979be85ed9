#include "gtlabel/workforce/overlap.hpp"

#include <string>

#include "gtlabel/core/error.hpp"

namespace gtlabel {

void validate(const Overlap& overlap) {
  if (overlap.min < 1) {
    throw InvalidArgument("overlap: min " + std::to_string(overlap.min) + " given, expected at least 1");
  }
  if (overlap.max < overlap.min) {
    throw InvalidArgument("overlap: max " + std::to_string(overlap.max) + " given, expected at least min, " +
                          std::to_string(overlap.min));
  }
  if (!(overlap.until_confidence > 0.0 && overlap.until_confidence <= 1.0)) {
    throw InvalidArgument("overlap: until_confidence " + std::to_string(overlap.until_confidence) +
                          " given, expected above 0 and at most 1");
  }
}

}  // namespace gtlabel
