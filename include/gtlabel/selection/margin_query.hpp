#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "gtlabel/core/export.hpp"
#include "gtlabel/core/ids.hpp"
#include "gtlabel/core/random.hpp"
#include "gtlabel/core/views.hpp"

namespace gtlabel {

/// Picks the items from whose labels a model is expected to learn most: of the 2 n with the smallest margin between the
/// two most probable classes, n at random, so that near-duplicates do not fill the batch ("margin-random", Vishwakarma
/// et al., NeurIPS 2023, with factor 2).
/// @param items          the candidates.  @param probabilities  candidates x classes, rows in their order.
/// @param n              how many; all candidates if fewer.
/// @return distinct items. Cost O(candidates x classes). Deterministic for the stream's state.
/// @throws InvalidArgument  probabilities that do not fit the items.
[[nodiscard]] GTLABEL_EXPORT std::vector<ItemIndex> margin_query(std::span<const ItemIndex> items,
                                                                 MatrixView<const float> probabilities, std::size_t n,
                                                                 RandomStream& random);

}  // namespace gtlabel
