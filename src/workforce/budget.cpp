#include "gtlabel/workforce/budget.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <string>

#include "gtlabel/core/error.hpp"

namespace gtlabel {

namespace {

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.12g", value);
  return text;
}

/// Whose price is the dearest, for a message; nothing if it is everybody's.
std::string dearest_worker(const Price& price) {
  for (const auto& [worker, own] : price.per_worker) {
    if (own > price.per_answer && own == price.dearest()) return " (worker '" + worker + "')";
  }
  return "";
}

}  // namespace

void validate(const Budget& budget, const Price& price) {
  if (!(price.per_answer >= 0.0) || !std::isfinite(price.per_answer)) {
    throw InvalidArgument("price: " + std::to_string(price.per_answer) + " per answer given, expected 0 or more");
  }
  for (const auto& [worker, own] : price.per_worker) {
    if (worker.empty()) throw InvalidArgument("price: one for a worker without a name, expected a name");
    if (own >= 0.0 && std::isfinite(own)) continue;
    throw InvalidArgument("price: " + std::to_string(own) + " for worker '" + worker + "' given, expected 0 or more");
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
  const double dearest = price.dearest();
  if (dearest == 0.0) throw InvalidArgument("budget: max_cost given without a price, expected price too");
  if (answers_left(budget, price).value_or(1) > 0) return;
  throw InvalidArgument("budget: max_cost " + number(*budget.max_cost) + " given, which pays not one answer of " +
                        number(dearest) + dearest_worker(price) + ", expected at least that");
}

double Price::dearest() const {
  double most = per_answer;
  for (const auto& [worker, own] : per_worker) most = std::max(most, own);
  return most;
}

std::optional<std::int64_t> answers_left(const Budget& budget, const Price& price, std::int64_t n_paid, double cost) {
  std::optional<std::int64_t> left;
  if (budget.max_answers) left = std::max<std::int64_t>(0, *budget.max_answers - n_paid);
  if (!budget.max_cost) return left;
  // A limit that is a multiple of the price allows that many answers, whatever the rounding. Who will answer is not
  // known, so every answer is reckoned as the dearest.
  const double affordable = std::floor(std::max(0.0, *budget.max_cost * (1.0 + 1e-12) - cost) / price.dearest());
  const auto by_cost =
      affordable < 9e18 ? static_cast<std::int64_t>(affordable) : std::numeric_limits<std::int64_t>::max();
  return left ? std::min(*left, by_cost) : by_cost;
}

}  // namespace gtlabel
