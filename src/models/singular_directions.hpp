#pragma once

#include <cstddef>

#include "gtlabel/core/executor.hpp"
#include "gtlabel/dataset/features.hpp"

namespace gtlabel::detail {

/// The rows of a sparse pool on its leading right singular directions, the strongest first, scaled to length 1: a dense
/// pool of min(n_directions, items, columns in use) columns (at least 1) that owns its memory. The same bits for any
/// executor.
Features latent_rows(const Features& pool, std::ptrdiff_t n_directions, Executor& executor);

}  // namespace gtlabel::detail
