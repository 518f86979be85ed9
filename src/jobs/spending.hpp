#pragma once

#include <vector>

#include "gtlabel/jobs/spending.hpp"
#include "gtlabel/workforce/budget.hpp"
#include "jobs/answer_record.hpp"

namespace gtlabel::detail {

/// What the answers so far cost. O(workers).
[[nodiscard]] double cost_of(const AnswerRecord& answers, const Price& price);

/// The same by round and worker: rounds ascending, in each the workers in the order of the answer table. O(answers).
[[nodiscard]] std::vector<Spending> spending_of(const AnswerRecord& answers, const Price& price);

}  // namespace gtlabel::detail
