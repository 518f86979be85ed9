#pragma once

#include <vector>

#include "gtlabel/core/executor.hpp"
#include "gtlabel/core/export.hpp"
#include "gtlabel/core/ids.hpp"
#include "gtlabel/dataset/vote_table.hpp"

namespace gtlabel {

/// Label and confidence per item, as SageMaker Ground Truth writes them into its manifest.
struct GroundTruthConsolidation {
  std::vector<ClassIndex> labels;
  std::vector<double> confidences;  ///< 0.05 + 0.9 p, rounded to two decimals: never above 0.95
};

/// The consolidation of classes that AWS published for SageMaker Ground Truth (class MulticlassDawidSkeneEM, "modified
/// Dawid-Skene", amazon-sagemaker-examples), for re-consolidating its worker responses.
///
/// A worker's confusion matrix is drawn towards one of his own accuracy and one of the mean accuracy, the first with
/// the weight of all his votes, the second with half of it. Two iterations: AWS's stopping rule means more, its code
/// stops there in effect. The service calls it once per batch of finished items (at most 50), each alone: so do you.
/// Of a batch with a single vote per item the service states confidence 0; that is not imitated.
/// On the job that AWS published, all 302 labels and confidences are equal. For anything else than repeating the
/// service prefer consolidate: the confidence says next to nothing about being right.
/// O(votes x classes). Deterministic, thread-safe.
[[nodiscard]] GTLABEL_EXPORT GroundTruthConsolidation ground_truth_compat(const VoteTable& batch);

}  // namespace gtlabel
