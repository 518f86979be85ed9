#pragma once

#include <cstdint>
#include <vector>

#include "gtlabel/core/executor.hpp"
#include "gtlabel/core/views.hpp"
#include "models/projection.hpp"

namespace gtlabel::detail {

/// Nearest neighbours of all rows of a large pool, nearly all of them right.
///
/// Rows are cut into lists around the centres of a k-means of a sample (an "inverted file": Jegou, Douze and Schmid,
/// "Product quantization for nearest neighbor search", PAMI 2011, section IV), and lists that are too long are halved
/// at medians, so that repeated rows do no harm. Each list is compared with the nearest lists by blocked products. Then
/// each row looks at the neighbours of its neighbours, both ways (Dong, Charikar and Li, "Efficient
/// k-nearest neighbor graph construction for generic similarity measures", WWW 2011).
///
/// Of rows at equal distance those that follow in the list come first, so repeated rows make no hubs. Rows of zeros,
/// where the pool is sparse, have no neighbours and are nobody's.
///
/// Cost: multiplications, about 4 n^1.5 x columns for the lists, n x kProbes x 256 x columns for the neighbours.
/// Memory: n x (columns + 5 x neighbours) x 4 bytes or so. The same bits for any executor.
/// @param neighbors  items x k, the nearest first; -1 where there are fewer
/// @param distances  items x k, Euclidean; infinity where there are fewer
/// @returns  the items in the order of the lists
std::vector<std::int32_t> find_approximate_neighbors(const SearchRows& rows, Executor& executor,
                                                     MatrixView<std::int32_t> neighbors, MatrixView<float> distances);

}  // namespace gtlabel::detail
