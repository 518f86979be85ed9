#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "gtlabel/core/export.hpp"

namespace gtlabel {

/// What people are paid.
struct Price {
  double per_answer = 0.0;       ///< 0 or more; a skip is no answer, and nobody is paid twice for the same item
  std::string currency = "USD";  ///< for reports
  std::map<std::string, double, std::less<>> per_worker = {};  ///< of those who get another price, by name

  /// What an answer of this worker costs.
  [[nodiscard]] double of(std::string_view worker) const {
    const auto own = per_worker.find(worker);
    return own == per_worker.end() ? per_answer : own->second;
  }
  /// The most that an answer may cost.
  [[nodiscard]] GTLABEL_EXPORT double dearest() const;
};

/// What a job may use up at most; empty: without limit. A job never asks for more than is left.
struct Budget {
  std::optional<std::int64_t> max_answers = {};  ///< paid answers; at least 1
  std::optional<double> max_cost = {};           ///< in the price's currency; at least the dearest price
  std::optional<std::int64_t> max_items = {};    ///< items that people are asked about; at least 1
};

/// @throws InvalidArgument  a value outside its range; a cost limit without a price, or that pays not one answer of the
/// dearest worker: every answer is reckoned as his.
GTLABEL_EXPORT void validate(const Budget& budget, const Price& price);

/// Answers that the budget still allows, whoever gives them; nothing if their number is not limited. O(per_worker).
/// @param n_paid, cost  what is paid already.
[[nodiscard]] GTLABEL_EXPORT std::optional<std::int64_t> answers_left(const Budget& budget, const Price& price,
                                                                      std::int64_t n_paid = 0, double cost = 0.0);

}  // namespace gtlabel
