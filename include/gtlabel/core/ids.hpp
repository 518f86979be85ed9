#pragma once

#include <cstdint>

namespace gtlabel {

/// Position of an item in its pool, 0 .. n_items - 1.
using ItemIndex = std::int64_t;

/// Position of a class in the job's list of classes, 0 .. n_classes - 1.
using ClassIndex = std::int32_t;

/// "No class": an item that has no label.
inline constexpr ClassIndex kNoClass = -1;

// Answers that name no class, where a class index is expected. Numbers are part of the snapshot format.

/// "Ask somebody else": says nothing about the item.
inline constexpr ClassIndex kSkip = -2;
/// "I cannot tell": says nothing about the class, but that the item is hard.
inline constexpr ClassIndex kUnsure = -3;
/// "None of the classes": a label of its own, never trained on and never assigned automatically.
inline constexpr ClassIndex kNoneOfThese = -4;

}  // namespace gtlabel
