#pragma once

#include <cmath>
#include <cstddef>
#include <string>

#include "gtlabel/core/ids.hpp"
#include "gtlabel/dataset/answer_table.hpp"
#include "gtlabel/storage/snapshot.hpp"

namespace gtlabel::detail {

/// Whether an answer says something else than a class.
[[nodiscard]] inline bool is_special(ClassIndex answer) {
  return answer == kSkip || answer == kUnsure || answer == kNoneOfThese;
}

/// That an answer in a file, perhaps a stranger's, is one that a job could have taken.
/// @param where  names the place in the file.  @throws ArchiveError
inline void require_sound_answer(const Answer& answer, std::int64_t n_items, std::size_t n_classes, const char* where) {
  const auto require = [&](bool holds, const char* fault) {
    if (!holds) require_sound(false, std::string(where) + ": " + fault);
  };
  const bool is_class = answer.class_index >= 0 && static_cast<std::size_t>(answer.class_index) < n_classes;
  require(answer.item >= 0 && answer.item < n_items, "an item outside the pool");
  require(is_class || is_special(answer.class_index), "an unknown class");
  require(answer.certainty > 0.0F && answer.certainty <= 1.0F, "a certainty outside its range");
  require(answer.seconds >= 0.0F && std::isfinite(answer.seconds), "a time outside its range");
  require(answer.round >= 0, "a negative round");
}

}  // namespace gtlabel::detail
