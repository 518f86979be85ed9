#pragma once

#include <string>

#include "gtlabel/core/random.hpp"

namespace gtlabel_test {

/// One small change: a byte made another, a digit made another, a part left out, or a part of another input put in.
inline void mutate(std::string& input, const std::string& other, gtlabel::RandomStream& random) {
  const std::size_t place = random.below(input.size() + 1);
  const std::size_t length = random.below(16);
  switch (random.below(4)) {
    case 0:
      if (place < input.size()) input[place] = static_cast<char>(random.below(256));
      break;
    case 1:
      if (place < input.size()) input[place] = static_cast<char>('0' + random.below(10));
      break;
    case 2: input.erase(place, length); break;
    default: input.insert(place, other, random.below(other.size() + 1), length); break;
  }
}

}  // namespace gtlabel_test
