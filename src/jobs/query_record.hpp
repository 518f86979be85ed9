#pragma once

#include "gtlabel/jobs/job_report.hpp"
#include "jobs/item_columns.hpp"

namespace gtlabel::detail {

/// How often the model was wrong about items that the query chose, and about those drawn at random beside them.
/// O(items).
[[nodiscard]] QueryRecord query_record(const ItemColumns& items);

}  // namespace gtlabel::detail
