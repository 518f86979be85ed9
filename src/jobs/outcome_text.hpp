#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gtlabel/routing/target.hpp"
#include "jobs/automatic_labels.hpp"

namespace gtlabel::detail {

// How a job ended, or how it stands, in words for people.

inline constexpr std::string_view kBeyondHelp =
    "So far people are expected to label nearly all of this pool: the model is not sure enough of so many items that "
    "auditing them would cost less than labelling them. Batches are larger, because little depends on each.";
inline constexpr std::string_view kAllByPeople =
    "All labels come from people: at no point was the model sure enough of so many items that auditing them would "
    "have cost less than labelling them.";
inline constexpr std::string_view kCertified = "The automatic labels meet the target, as certified.";

/// @param is_whole  no item has a label yet.
[[nodiscard]] std::string too_small(bool is_whole);
[[nodiscard]] std::string not_proved(const AutomaticLabels::Withdrawal& withdrawal);
/// @param n_left  items without a label.
[[nodiscard]] std::string budget_spent(std::int64_t n_paid, std::int64_t n_answered, std::int64_t n_left,
                                       std::int64_t n_delivered, bool is_certified);
/// @param expected_wrong  among the n_delivered labels.
[[nodiscard]] std::string by_threshold(std::int64_t n_delivered, double expected_wrong);

}  // namespace gtlabel::detail
