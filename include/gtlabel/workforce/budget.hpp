#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "gtlabel/core/export.hpp"

namespace gtlabel {

/// What people are paid.
struct Price {
  double per_answer = 0.0;       ///< 0 or more; a skip is no answer, and nobody is paid twice for the same item
  std::string currency = "USD";  ///< for reports
};

/// What a job may use up at most; empty: without limit. A job never asks for more than is left.
struct Budget {
  std::optional<std::int64_t> max_answers = {};  ///< paid answers; at least 1
  std::optional<double> max_cost = {};           ///< in the price's currency; above 0
  std::optional<std::int64_t> max_items = {};    ///< items that people are asked about; at least 1
};

/// @throws InvalidArgument  a value outside its range; a cost limit without a price.
GTLABEL_EXPORT void validate(const Budget& budget, const Price& price);

/// Answers that the budget allows in all; nothing if their number is not limited. Constant time.
[[nodiscard]] GTLABEL_EXPORT std::optional<std::int64_t> answer_limit(const Budget& budget, const Price& price);

}  // namespace gtlabel
