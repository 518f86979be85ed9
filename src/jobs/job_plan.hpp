#pragma once

#include <cstdint>
#include <span>

#include "gtlabel/jobs/job_report.hpp"
#include "gtlabel/jobs/labeling_plan.hpp"

namespace gtlabel::detail {

/// The plan of a job of which nothing is known yet but its size, its target and that people were asked about n_asked.
LabelingPlan plan_from_other_pools(std::int64_t n_items, std::int64_t n_asked, const Target& target);
/// The plan of a running job.
/// @param history  the last round of this size of the pool; while nothing is committed its law of learning is carried on.
/// @param n_asked  items that people were asked about so far; the last round may have known fewer.
LabelingPlan plan_from_history(std::span<const RoundRecord> history, std::int64_t n_items, std::int64_t n_asked,
                               const Target& target);
LabelingPlan plan_of_finished(std::int64_t n_items, std::int64_t n_human);

}  // namespace gtlabel::detail
