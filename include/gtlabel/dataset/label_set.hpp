#pragma once

#include <cstdint>
#include <vector>

#include "gtlabel/core/ids.hpp"

namespace gtlabel {

/// Where a label comes from.
enum class LabelSource : std::uint8_t { human = 0, automatic = 1 };

/// The decided labels of a pool, as columns of equal length, by ascending item. A plain result: owned by the caller.
struct LabelSet {
  std::vector<ItemIndex> item;
  std::vector<ClassIndex> class_index;
  std::vector<LabelSource> source;
  std::vector<float> confidence;    ///< human: 1; automatic: the calibrated confidence at the commit
  std::vector<std::int32_t> round;  ///< the round in which the label was decided
};

}  // namespace gtlabel
