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
