#pragma once

#include <cstddef>

#include "gtlabel/core/executor.hpp"
#include "gtlabel/dataset/features.hpp"
#include "gtlabel/models/column_scaling.hpp"
#include "support/eigen.hpp"

namespace gtlabel::detail {

/// An orthonormal basis (columns x min(rank, columns)) close to the leading principal directions of the scaled rows of
/// a dense pool, the widest first: subspace iteration from a fixed random start on an even sample of the pool, then
/// Rayleigh-Ritz (Halko, Martinsson and Tropp, "Finding structure with randomness", SIAM Review 2011, sections 4.5 and
/// 5). The same bits for any executor.
RowMatrix principal_basis(const Features& pool, const ColumnScaling& scaling, std::ptrdiff_t rank, Executor& executor);

}  // namespace gtlabel::detail
