#pragma once

#include "gtlabel/core/executor.hpp"
#include "gtlabel/dataset/features.hpp"
#include "support/eigen.hpp"

namespace gtlabel::detail {

/// The dense rows in which neighbours are sought: scaled, and projected where there are many columns.
[[nodiscard]] RowMatrix search_rows(const Features& pool, Executor& executor);

}  // namespace gtlabel::detail
