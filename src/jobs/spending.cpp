#include "jobs/spending.hpp"

#include <cstddef>
#include <map>
#include <utility>

namespace gtlabel::detail {

double cost_of(const AnswerRecord& answers, const Price& price) {
  double cost = 0.0;
  for (std::size_t w = 0; w < answers.n_paid_to().size(); ++w) {
    cost += static_cast<double>(answers.n_paid_to()[w]) * price.of(answers.table().workers()[w]);
  }
  return cost;
}

std::optional<std::int64_t> answers_left(const Budget& budget, const Price& price, const AnswerRecord& answers) {
  return gtlabel::answers_left(budget, price, answers.n_paid(), budget.max_cost ? cost_of(answers, price) : 0.0);
}

std::optional<std::int64_t> affordable_answers(const Budget& budget, const Price& price, const AnswerRecord& answers) {
  const auto certain = answers_left(budget, price, answers);
  if (!certain || !budget.max_cost) return certain;
  const double cost = cost_of(answers, price);
  const auto n_paid = static_cast<double>(answers.n_paid());
  const Price usual{.per_answer = n_paid > 0.0 ? cost / n_paid : price.per_answer};
  if (usual.per_answer == 0.0) return certain;
  return gtlabel::answers_left(budget, usual, answers.n_paid(), cost);
}

std::vector<Spending> spending_of(const AnswerRecord& answers, const Price& price) {
  std::map<std::pair<std::int32_t, std::int32_t>, std::int64_t> n_paid;
  const auto& rows = answers.table().answers();
  for (std::size_t row = 0; row < rows.size(); ++row) {
    if (answers.is_paid(row)) ++n_paid[{rows[row].round, rows[row].worker}];
  }
  std::vector<Spending> spending;
  for (const auto& [key, n] : n_paid) {
    const std::string& worker = answers.table().workers()[static_cast<std::size_t>(key.second)];
    spending.push_back({key.first, worker, n, static_cast<double>(n) * price.of(worker)});
  }
  return spending;
}

}  // namespace gtlabel::detail
