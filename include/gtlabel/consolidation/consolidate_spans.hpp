#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "gtlabel/consolidation/mark_columns.hpp"
#include "gtlabel/core/executor.hpp"
#include "gtlabel/core/export.hpp"
#include "gtlabel/core/ids.hpp"

namespace gtlabel {

enum class SpanMethod {
  tokens,  ///< every token has a tag: B (a span begins), I (goes on) with the class, or O
  spans    ///< spans as a whole are found or not
};

struct SpanConsolidationOptions {
  SpanMethod method = SpanMethod::tokens;
  std::shared_ptr<Executor> executor = {};  ///< null: the calling thread. Same bits for any.
};

/// What many workers' spans amount to: one entry per span, ordered by item, then by start; they do not overlap.
/// A plain result, owned by the caller.
struct SpanConsolidation {
  std::vector<std::int32_t> items, starts, ends;  ///< tokens starts .. ends - 1
  std::vector<ClassIndex> classes;
  std::vector<double> confidences;      ///< probability that exactly this span is right
  std::vector<std::int32_t> n_workers;  ///< that marked exactly this span
  /// Per worker: share of the spans here, in his items, that he marked exactly, and share of his that are here; NaN
  /// where there are none.
  std::vector<double> worker_recall, worker_precision;
};

/// Spans of many workers -> spans.
/// tokens: ibcc (see consolidate.hpp) on the tags of tokens, then the most probable sequence of tags in which every I
///    follows a B or I of its class (Viterbi). A span's confidence is the product of its tokens' probabilities and that
///    of ending there. O(tokens x answers x classes) time; tables of workers x (2 classes + 1)^2 entries, at most 2^27.
/// spans: spans of different workers are joined by falling Jaccard overlap, at least one half on average, at most one
/// of
///    each worker; whether there is a span, and of which class, is decided as in consolidate_boxes; its ends are
///    those with the largest sum of the precisions of their workers. Of spans that overlap the surer stays.
/// Log odds of n answers are divided by 1 + r (n - 1), as in consolidate. Thread-safe.
///
/// @param starts, ends  one entry per mark: tokens start .. end - 1 of the item
/// @param lengths  number of tokens, per item
/// @throws InvalidArgument  no answers, sizes that do not fit, a span that is empty or leaves its item or overlaps
/// another
///         of the same worker, an empty answer of a worker who marked something, an item or worker without any answer;
///         UnknownClass. The message names the row.
[[nodiscard]] GTLABEL_EXPORT SpanConsolidation consolidate_spans(
    const MarkColumns& marks, std::span<const std::int32_t> starts, std::span<const std::int32_t> ends,
    std::span<const std::int32_t> lengths, std::int32_t n_classes, const SpanConsolidationOptions& options = {});

}  // namespace gtlabel
