#pragma once

#include <vector>

#include "gtlabel/jobs/worker_record.hpp"
#include "gtlabel/workforce/budget.hpp"
#include "jobs/answer_record.hpp"
#include "jobs/item_columns.hpp"

namespace gtlabel::detail {

/// What is known of each worker, in the order of the answer table. Cost: that of learning the skills.
std::vector<WorkerRecord> worker_records(const AnswerRecord& answers, const ItemColumns& items, const Price& price);

/// Of `items` the at most `size` about which one more word of this worker is expected to tell most, these in the order
/// given: those whose entropy it lowers most. O(items x answers about them x classes).
std::vector<ItemIndex> most_helped(const AnswerRecord& answers, std::vector<ItemIndex> items, std::int32_t worker,
                                   std::int64_t size, std::size_t n_classes);

}  // namespace gtlabel::detail
