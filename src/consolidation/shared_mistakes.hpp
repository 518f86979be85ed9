#pragma once

#include "gtlabel/consolidation/consolidation.hpp"
#include "gtlabel/dataset/vote_table.hpp"

namespace gtlabel::detail {

/// The intraclass correlation of mistakes where it is not estimated; docs/consolidation.md says how it was chosen.
inline constexpr double kSharedMistakes = 0.35;

/// What the log odds of n votes are divided by, because people share mistakes (Kish's design effect).
constexpr double design_effect(double n_votes, double shared_mistakes = kSharedMistakes) noexcept {
  return 1.0 + shared_mistakes * (n_votes - 1.0);
}

/// The intraclass correlation of mistakes, from how much more often than chance people are right, or wrong, about the
/// same items, as `described` (probabilities and worker counts, by a model without shared mistakes) has it. That is
/// what votes show, twice the root of it is used: a model takes many shared mistakes for the truth, and does not see
/// them. O(votes x classes).
double estimated_shared_mistakes(const VoteTable& votes, const Consolidation& described, Executor& executor);

/// Divides the log odds of each item's probabilities by the design effect of its votes.
void discount(const VoteTable& votes, double shared_mistakes, Matrix<double>& probabilities);

}  // namespace gtlabel::detail
