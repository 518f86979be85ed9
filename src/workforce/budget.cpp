#include "gtlabel/workforce/budget.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "gtlabel/core/error.hpp"

namespace gtlabel {

void validate(const Budget& budget, const Price& price) {
  if (!(price.per_answer >= 0.0) || !std::isfinite(price.per_answer)) {
    throw InvalidArgument("price: " + std::to_string(price.per_answer) + " per answer given, expected 0 or more");
  }
  const auto require_one = [](const std::optional<std::int64_t>& limit, const char* name) {
    if (limit && *limit < 1) {
      throw InvalidArgument(std::string("budget: ") + name + " " + std::to_string(*limit) +
                            " given, expected at least 1");
    }
  };
  require_one(budget.max_answers, "max_answers");
  require_one(budget.max_items, "max_items");
  if (!budget.max_cost) return;
  if (!(*budget.max_cost > 0.0) || !std::isfinite(*budget.max_cost)) {
    throw InvalidArgument("budget: max_cost " + std::to_string(*budget.max_cost) + " given, expected above 0");
  }
  if (price.per_answer == 0.0) throw InvalidArgument("budget: max_cost given without a price, expected price too");
}

std::optional<std::int64_t> answer_limit(const Budget& budget, const Price& price) {
  if (!budget.max_cost) return budget.max_answers;
  // A cost limit that is a multiple of the price allows that many answers, whatever the rounding.
  const double affordable = std::floor(*budget.max_cost / price.per_answer * (1.0 + 1e-12));
  const auto limit =
      affordable < 9e18 ? static_cast<std::int64_t>(affordable) : std::numeric_limits<std::int64_t>::max();
  return budget.max_answers ? std::min(limit, *budget.max_answers) : limit;
}

}  // namespace gtlabel
