#pragma once

#include <cstdint>
#include <span>

#include "gtlabel/core/ids.hpp"

namespace gtlabel {

/// Who marked something (a box, a span) in which item, one entry per mark, and who looked at an item and marked
/// nothing: that is an answer too. Borrowed columns; indices from 0 (see encode_ids).
struct MarkColumns {
  std::span<const std::int32_t> items, workers;
  std::span<const ClassIndex> classes;                       ///< what was marked
  std::span<const std::int32_t> empty_items, empty_workers;  ///< one entry per answer that marks nothing
};

}  // namespace gtlabel
