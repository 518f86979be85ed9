#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "gtlabel/jobs/spending.hpp"
#include "gtlabel/workforce/budget.hpp"
#include "jobs/answer_record.hpp"

namespace gtlabel::detail {

/// What the answers so far cost. O(workers).
[[nodiscard]] double cost_of(const AnswerRecord& answers, const Price& price);

/// Answers that the budget still allows for certain: at the dearest price; nothing if their number is not limited.
/// O(workers).
[[nodiscard]] std::optional<std::int64_t> answers_left(const Budget& budget, const Price& price,
                                                       const AnswerRecord& answers);

/// Answers that it is likely to pay, at what they have cost so far. O(workers).
[[nodiscard]] std::optional<std::int64_t> affordable_answers(const Budget& budget, const Price& price,
                                                             const AnswerRecord& answers);

/// What the answers so far cost by round and worker: rounds ascending, in each the workers in the order of the answer
/// table. O(answers).
[[nodiscard]] std::vector<Spending> spending_of(const AnswerRecord& answers, const Price& price);

}  // namespace gtlabel::detail
