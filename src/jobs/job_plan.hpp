#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "gtlabel/jobs/job_report.hpp"
#include "gtlabel/jobs/labeling_plan.hpp"

namespace gtlabel::detail {

/// Audits that even a model without error needs; nothing where no audit would do. With a target per class: of classes
/// of one size, because nobody knows their sizes yet.
std::optional<double> least_audits(std::int64_t n_items, int n_classes, const Target& target);

/// The plan of a job whose open items nothing is known of yet: people were asked about n_asked of the others, and the
/// labels of n_delivered are certified.
LabelingPlan plan_from_other_pools(std::int64_t n_items, std::int64_t n_asked, std::int64_t n_delivered, int n_classes,
                                   const Target& target);
/// The plan of a running job.
/// @param history  the last round of this size of the pool; while nothing is committed its law of learning is carried
/// on.
/// @param n_asked  items that people were asked about so far; the last round may have known fewer.
/// @param least_audits  of a model without error.
LabelingPlan plan_from_history(std::span<const RoundRecord> history, std::int64_t n_items, std::int64_t n_asked,
                               double least_audits);
LabelingPlan plan_of_finished(std::int64_t n_items, std::int64_t n_human);

}  // namespace gtlabel::detail
