#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "gtlabel/core/export.hpp"
#include "gtlabel/core/ids.hpp"
#include "gtlabel/core/random.hpp"

namespace gtlabel {

/// The first items to ask people about: a uniform random sample without replacement, so that the first model and its
/// calibration see the pool as it is.
/// @param candidates  items to draw from.  @param n  how many; all of them if fewer.
/// Cost O(candidates). Deterministic for the stream's state.
[[nodiscard]] GTLABEL_EXPORT std::vector<ItemIndex> seed_sample(std::span<const ItemIndex> candidates, std::size_t n,
                                                                RandomStream& random);

}  // namespace gtlabel
