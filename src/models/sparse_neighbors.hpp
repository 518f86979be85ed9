#pragma once

#include <cstdint>
#include <vector>

#include "gtlabel/core/executor.hpp"
#include "gtlabel/core/views.hpp"
#include "gtlabel/dataset/features.hpp"

namespace gtlabel::detail {

/// Exact nearest neighbours of the rows of a sparse pool, columns scaled and rows of length 1: the largest cosines, by
/// products with all rows. Rows without a common column are never neighbours.
/// @param neighbors  items x k, the nearest first; -1 where there are fewer
/// @param distances  items x k, Euclidean; infinity where there are fewer
/// Cost: n^2 / 2 products in frequent columns, and of each other column the square of its entries.
void find_sparse_neighbors(const Features& pool, Executor& executor, MatrixView<std::int32_t> neighbors,
                           MatrixView<float> distances);

/// The same for large pools, not all of them right: the nearest by words among the 4 k nearest on the leading singular
/// directions (latent_rows), which find_approximate_neighbors finds. The same bits for any executor.
/// @returns  the items, each near its neighbours
/// Cost: that of find_approximate_neighbors on kProjectedColumns columns, and n x 4 k products of sparse rows. Memory:
/// n x (kProjectedColumns + 25 k) numbers or so, and one row of columns per thread.
std::vector<std::int32_t> find_approximate_sparse_neighbors(const Features& pool, Executor& executor,
                                                            MatrixView<std::int32_t> neighbors,
                                                            MatrixView<float> distances);

}  // namespace gtlabel::detail
