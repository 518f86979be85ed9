#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "gtlabel/models/training_set.hpp"
#include "support/eigen.hpp"

namespace gtlabel::detail {

/// Turns regression scores of the classes into probabilities:
///   p_c ~ exp(a score_c + b log max(score_c, kLeastScore)),  a, b >= 0,
/// a logistic regression of two coefficients for all classes. Scores near 1 count by their difference, small ones by
/// their ratio; measured to have a lower log loss than either alone.
class ScoreLink {
 public:
  static constexpr float kLeastScore = 0.02F;
  static constexpr std::ptrdiff_t kMaxValues = 200'000;

  ScoreLink() = default;
  explicit ScoreLink(std::span<const double> coefficients);
  /// The coefficients of least log loss on scores that were made without an item's own label, with a weak pull towards
  /// usual values. Cost: some 10 Newton steps on at most kMaxValues scores, of evenly spread labels.
  [[nodiscard]] static ScoreLink fit(const RowMatrix& scores, const TrainingSet& training);
  /// Whether coefficients may stand in a link.
  [[nodiscard]] static bool is_sound(std::span<const double> coefficients);

  [[nodiscard]] std::span<const double> coefficients() const noexcept { return coefficients_; }
  void apply(const Eigen::Ref<const Eigen::RowVectorXf>& scores, std::span<float> out) const;

 private:
  std::array<double, 2> coefficients_{0.0, 0.0};
};

}  // namespace gtlabel::detail
