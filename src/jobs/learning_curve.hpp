#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "gtlabel/jobs/job_report.hpp"

namespace gtlabel::detail {

/// How the cost still to come falls as people label: like n^-0.8 in their number n, but for the audits that even a
/// model without error needs.
inline constexpr double kLearningExponent = 0.8;
/// Rounds whose median says what is still to come: the opinion of one is noisy.
inline constexpr std::size_t kRoundsToAgree = 3;

/// Items that people would still be asked about if the training stopped now: the median of the last rounds of this
/// pool.
/// @param history  the last round of this size of the pool: rounds before items joined say nothing of these.
inline double humans_to_come(std::span<const RoundRecord> history, std::int64_t n_items) {
  std::vector<double> to_come;
  for (auto round = history.rbegin(); round != history.rend() && round->n_items == n_items; ++round) {
    if (to_come.size() == kRoundsToAgree) break;
    to_come.push_back((round->expected_human_share - round->human_share) * static_cast<double>(n_items));
  }
  const auto middle = to_come.begin() + static_cast<std::ptrdiff_t>(to_come.size() / 2);
  std::nth_element(to_come.begin(), middle, to_come.end());
  return *middle;
}

/// The number of labels at which training costs least in all: n + c n^-g is least where n = g c n^-g.
/// @param n_human  labels so far.  @param to_come  cost still to come if training stops at them, at least 0.
inline double best_training(double n_human, double to_come) {
  return std::pow(kLearningExponent * to_come * std::pow(n_human, kLearningExponent), 1.0 / (1.0 + kLearningExponent));
}

}  // namespace gtlabel::detail
