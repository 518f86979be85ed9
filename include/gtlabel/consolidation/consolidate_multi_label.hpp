#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "gtlabel/core/executor.hpp"
#include "gtlabel/core/export.hpp"
#include "gtlabel/core/ids.hpp"
#include "gtlabel/core/views.hpp"

namespace gtlabel {

/// Answers of which each is a set of labels, perhaps an empty one. Borrowed columns.
struct LabelSetAnswers {
  std::span<const std::int32_t> items, workers;  ///< one entry per answer: indices from 0 (see encode_ids)
  /// The labels of answer v are labels[ends[v - 1] .. ends[v]), those of the first begin at 0. One entry per answer.
  std::span<const std::int64_t> ends;
  std::span<const ClassIndex> labels;  ///< in any order within an answer
};

/// What many label sets amount to. A plain result, owned by the caller.
struct MultiLabelConsolidation {
  /// Per item the labels whose probability is above one half, ascending; may be empty.
  std::vector<std::vector<ClassIndex>> label_sets;
  /// (items x labels): probability that the item has the label. Rows do not sum to 1.
  Matrix<double> probabilities;
  /// (workers x labels) rows of 4: expected number of answers without the label where it is not, with it where it is
  /// not, without it where it is, with it where it is. Row w * n_labels + l.
  Matrix<double> worker_counts;
  /// Share of the true labels of his items that the worker gave, and share of the labels that he gave that are true;
  /// NaN where there are none.
  std::vector<double> worker_recall, worker_precision;
};

/// Label sets of many workers -> one set per item with a probability per label. Each label is a question of its own
/// with the answers yes and no, decided by ibcc (see consolidate.hpp): a worker has, for every label, a rate of finding
/// it and a rate of inventing it (two coins). Not giving a label says no to it, so that an empty set is an answer. Log
/// odds of n answers are divided by 1 + r (n - 1), as in consolidate.
///
/// O(answers x labels) time, O(answers + (items + workers) x labels) memory. Thread-safe, the same bits for any
/// executor (null: the calling thread).
/// @throws InvalidArgument  no answers, columns of different length, ends that fall, a label given twice in an answer,
///         an item or worker without any answer; UnknownClass  a label outside 0 .. n_labels - 1. The message names the
///         row.
[[nodiscard]] GTLABEL_EXPORT MultiLabelConsolidation consolidate_multi_label(
    const LabelSetAnswers& answers, std::int32_t n_labels, const std::shared_ptr<Executor>& executor = {});

}  // namespace gtlabel
