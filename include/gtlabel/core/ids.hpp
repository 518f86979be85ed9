#pragma once

#include <cstdint>

namespace gtlabel {

/// Position of an item in its pool, 0 .. n_items - 1.
using ItemIndex = std::int64_t;

/// Position of a class in the job's list of classes, 0 .. n_classes - 1.
using ClassIndex = std::int32_t;

/// "No class": an item that has no label.
inline constexpr ClassIndex kNoClass = -1;

}  // namespace gtlabel
