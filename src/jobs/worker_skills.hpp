#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "gtlabel/core/ids.hpp"

namespace gtlabel {
class SnapshotReader;
class SnapshotWriter;
}  // namespace gtlabel

namespace gtlabel::detail {

/// What one person said of an item, as far as it weighs: a class, kNoneOfThese or kUnsure.
struct Word {
  std::int32_t worker = 0;
  ClassIndex answer = kNoClass;
  float certainty = 1.0F;  ///< the worker's own; below 1 the answer is but a guess
};

[[nodiscard]] inline bool is_sure(const Word& word) noexcept {
  return word.answer != kUnsure && word.certainty >= 1.0F;
}

/// How often each worker is right: one number a worker, because jobs know few answers of each.
struct WorkerSkills {
  std::vector<double> accuracy;  ///< per worker of the answer table
  double of_others = 2.0 / 3.0;  ///< of workers that came later

  [[nodiscard]] double of(std::int32_t worker) const noexcept {
    const auto index = static_cast<std::size_t>(worker);
    return index < accuracy.size() ? accuracy[index] : of_others;
  }
};

/// Probabilities of the classes, all alike beforehand, given what people said: each word weighs as much as its worker
/// is good, a guess half of the lesser of that and of its own certainty, kUnsure nothing. One entry more, for "none of
/// these", if anybody said so. The same bits for any order of the words.
std::vector<double> weigh(std::span<const Word> words, const WorkerSkills& skills, std::size_t n_classes);

void save(SnapshotWriter& writer, const WorkerSkills& skills);
WorkerSkills load_skills(SnapshotReader& reader);

}  // namespace gtlabel::detail
