#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "gtlabel/core/executor.hpp"
#include "gtlabel/core/export.hpp"
#include "gtlabel/core/views.hpp"

namespace gtlabel {

enum class MaskMethod {
  one_accuracy,  ///< a worker is right about a doubtful pixel with one probability, whatever its class
  staple         ///< a confusion matrix per worker: sensitivity and specificity
};

struct MaskConsolidationOptions {
  MaskMethod method = MaskMethod::one_accuracy;
  double smoothness = 0.25;  ///< log odds that each of the four neighbours of a pixel adds to its own class, 0 or more
  std::shared_ptr<Executor> executor = {};  ///< null: the calling thread. Same bits for any.
};

/// What many workers' masks amount to. A plain result, owned by the caller.
struct MaskConsolidation {
  std::vector<Matrix<std::uint8_t>> masks;  ///< per item (height x width): most probable class of each pixel
  /// Per item (height * width x classes), pixels row by row; rows sum to 1. A pixel on which all agree has 1.
  std::vector<Matrix<float>> probabilities;
  /// Per item: intersection over union that the mask is expected to have with the truth, by the probabilities; mean
  /// over the classes above 0 that are in the mask (of class 0 if there is no other). 1 where nobody disagrees, so also
  /// where a single worker answered.
  std::vector<double> confidences;
  std::vector<std::int32_t> n_workers;  ///< per item: answers
  /// (workers x classes) rows of classes: expected number of pixels of class t, row w * n_classes + t, that the worker
  /// gave class a, over the pixels on which people disagree. For two classes the shares of rows 1 and 0 that lie on the
  /// diagonal are the worker's sensitivity and specificity there.
  Matrix<double> worker_counts;
  std::vector<double> worker_accuracy;  ///< over the same pixels; NaN without any
};

/// Masks of many workers -> one mask per item. Pixels on which all agree are settled; the others are decided by EM,
/// with a prior that neighbours are of one class (Potts, by mean field), unless most people draw a border between them:
/// what most people mark is kept, however small or thin.
/// one_accuracy: the rule of one_coin (see consolidate.hpp) on these pixels, its log odds divided as those of
///    consolidate.
/// staple: STAPLE (Warfield, Zou and Wells, IEEE TMI 2004) on these pixels. It takes what all have in common, such as
///    outlines that are too wide, for sensitivity; docs/consolidation.md has measurements. Answers count in full.
///
/// O(pixels x answers) time to compare, then O(doubtful pixels x answers x classes) an iteration, at most 30; memory
/// for the probabilities and, per doubtful pixel, about 30 bytes an answer and 40 a class. Thread-safe.
/// @param items, workers  one entry per mask: indices from 0 (see encode_ids)
/// @param masks  (height x width) classes; masks of an item have one size. Borrowed.
/// @param n_classes  2 to 256; class 0 is the background
/// @throws InvalidArgument  no masks, columns of different length, masks of an item with different sizes or without
///         pixels, two masks of an item by one worker, an item or worker without any mask, options out of range;
///         UnknownClass  a pixel outside 0 .. n_classes - 1. The message names row and pixel.
[[nodiscard]] GTLABEL_EXPORT MaskConsolidation consolidate_masks(std::span<const std::int32_t> items,
                                                                 std::span<const std::int32_t> workers,
                                                                 std::span<const MatrixView<const std::uint8_t>> masks,
                                                                 std::int32_t n_classes,
                                                                 const MaskConsolidationOptions& options = {});

}  // namespace gtlabel
