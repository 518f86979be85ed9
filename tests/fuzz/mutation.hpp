#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "gtlabel/core/random.hpp"
#include "gtlabel/storage/snapshot.hpp"

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

/// Writes sound inputs to files, for libFuzzer to begin with.
inline void write_corpus(const std::string& folder, const std::vector<std::string>& inputs) {
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    gtlabel::write_file_atomically(folder + "/sound-" + std::to_string(i), inputs[i]);
  }
}

}  // namespace gtlabel_test
