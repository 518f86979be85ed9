#pragma once

namespace gtlabel::detail {

/// The intraclass correlation of mistakes; docs/consolidation.md says how it was chosen.
inline constexpr double kSharedMistakes = 0.35;

/// What the log odds of n votes are divided by, because people share mistakes (Kish's design effect).
constexpr double design_effect(double n_votes, double shared_mistakes = kSharedMistakes) noexcept {
  return 1.0 + shared_mistakes * (n_votes - 1.0);
}

}  // namespace gtlabel::detail
