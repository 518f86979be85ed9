#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "gtlabel/core/export.hpp"
#include "gtlabel/core/ids.hpp"
#include "gtlabel/core/views.hpp"

namespace gtlabel {

/// Turns a model's probabilities into confidence: the calibrated probability that the most probable class is right.
///
/// A logistic regression of out-of-fold correctness on the log odds of the first class and the log ratio of the first
/// two, shrunk towards "the model's own probability is right", so that few labels change little. Coefficients are kept
/// non-negative: a surer model is never called less sure. (Platt 1999, with the margin as second input: with many
/// classes it ranks better than the first probability alone.)
///
/// Items that people were asked about because they are hard are more often mistaken than others of equal probability,
/// so they have an intercept and a slope of their own, which teach the shape of the curve and are left out of the
/// confidence of the rest of the pool. Thread-safe once made.
class GTLABEL_EXPORT ConfidenceCalibration {
 public:
  /// The identity: confidence is the first probability.
  ConfidenceCalibration() = default;

  /// @param out_of_fold  items x classes, predicted without the item's own label.
  /// @param labels       the human labels of the same items.
  /// @param is_random    1: asked because of a random draw, 0: because it is hard; empty: all random.
  /// Cost: O(items x classes), some 20 Newton steps. @throws InvalidArgument  sizes that differ.
  static ConfidenceCalibration fit(MatrixView<const float> out_of_fold, std::span<const ClassIndex> labels,
                                   std::span<const std::uint8_t> is_random = {});

  /// Confidence per row, in (0, 1).
  [[nodiscard]] std::vector<float> confidence(MatrixView<const float> probabilities) const;

 private:
  std::array<double, 3> coefficients_{0.0, 1.0, 0.0};  // intercept, log odds, log ratio
};

}  // namespace gtlabel
