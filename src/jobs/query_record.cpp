#include "jobs/query_record.hpp"

#include <cmath>

namespace gtlabel::detail {
namespace {

constexpr double kNormal95 = 1.959964;

/// Half the width of the interval of ln(lift), by Katz et al. (Biometrics 1978) with half an error added to each side.
double half_width(double n_chosen, double chosen_wrong, double n_control, double control_wrong) {
  return kNormal95 * std::sqrt(1.0 / chosen_wrong - 1.0 / n_chosen + 1.0 / control_wrong - 1.0 / n_control);
}

}  // namespace

QueryRecord query_record(const ItemColumns& items) {
  QueryRecord record;
  for (std::size_t i = 0; i < items.guess.size(); ++i) {
    if (items.guess[i] == kNoClass || items.human[i] == kNoClass) continue;
    const std::int64_t is_wrong = items.guess[i] != items.human[i] ? 1 : 0;
    ++(items.is_random[i] != 0 ? record.n_control : record.n_chosen);
    (items.is_random[i] != 0 ? record.control_wrong : record.chosen_wrong) += is_wrong;
  }
  if (record.n_control == 0 || record.n_chosen == 0) return record;
  const double n_chosen = static_cast<double>(record.n_chosen) + 0.5;
  const double n_control = static_cast<double>(record.n_control) + 0.5;
  const double chosen_wrong = static_cast<double>(record.chosen_wrong) + 0.5;
  const double control_wrong = static_cast<double>(record.control_wrong) + 0.5;
  const double ratio = (chosen_wrong / n_chosen) / (control_wrong / n_control);
  const double width = std::exp(half_width(n_chosen, chosen_wrong, n_control, control_wrong));
  record.lift = ratio;
  record.lift_low = ratio / width;
  record.lift_high = ratio * width;
  return record;
}

}  // namespace gtlabel::detail
