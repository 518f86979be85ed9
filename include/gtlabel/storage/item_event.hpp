#pragma once

#include <cstdint>
#include <string>

#include "gtlabel/core/ids.hpp"

namespace gtlabel {

/// One thing that happened to an item of a stored job.
struct ItemEvent {
  std::int64_t event = 0;  ///< its number in the store; what happened together has one number
  double at = 0.0;         ///< seconds since 1970
  /// "joined", "asked", "leased", "answer", "label" (of people), "commit" (an automatic label), "audit" (it was drawn
  /// for a check), "withdrawal", "certificate" (that speaks of its automatic label now).
  std::string kind;
  /// Of "asked" the purpose; of "answer" what was said beside a class; of "commit" the kind of the model; of
  /// "certificate" its statement; else empty.
  std::string detail;
  std::string worker;                 ///< of "answer" and "leased"
  ClassIndex class_index = kNoClass;  ///< or kSkip, kUnsure, kNoneOfThese
  double confidence = 0.0;            ///< of "label" and "commit"; of "answer" the worker's certainty
  std::int32_t round = 0;             ///< of "asked", "label" and "commit": how often the model had been updated
};

}  // namespace gtlabel
