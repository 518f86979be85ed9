#include "gtlabel/consolidation/consolidate_spans.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <string>
#include <tuple>
#include <utility>

#include "consolidation/discounted_ibcc.hpp"
#include "consolidation/marks.hpp"
#include "consolidation/span_tags.hpp"
#include "gtlabel/core/error.hpp"
#include "gtlabel/dataset/id_codes.hpp"

namespace gtlabel {
namespace {

using detail::Marks;
using detail::TaggedSpan;

constexpr double kMinOverlap = 0.5;
constexpr double kMinExistence = 0.5;

/// A table of marks with their ends.
struct Spans {
  const Marks& marks;
  std::span<const std::int32_t> starts, ends, lengths;

  [[nodiscard]] double overlap(std::size_t a, std::size_t b) const {
    const double common = std::min(ends[a], ends[b]) - std::max(starts[a], starts[b]);
    const double both = std::max(ends[a], ends[b]) - std::min(starts[a], starts[b]);
    return std::max(0.0, common / both);
  }
  [[nodiscard]] bool precedes(std::size_t a, std::size_t b) const {
    return std::pair(starts[a], ends[a]) < std::pair(starts[b], ends[b]);
  }
};

std::string described(const Spans& spans, std::size_t row) {
  return "row " + std::to_string(row) + " has " + std::to_string(spans.starts[row]) + " to " +
         std::to_string(spans.ends[row]);
}

void require_ranges(const Spans& spans) {
  const MarkColumns& columns = spans.marks.columns();
  const std::size_t n = columns.items.size();
  if (spans.starts.size() != n || spans.ends.size() != n || std::ssize(spans.lengths) != spans.marks.n_items()) {
    throw InvalidArgument("spans: " + std::to_string(spans.starts.size()) + " starts, " +
                              std::to_string(spans.ends.size()) + " ends and " + std::to_string(spans.lengths.size()) +
                              " lengths given, expected " + std::to_string(n) + ", " + std::to_string(n) + " and " +
                              std::to_string(spans.marks.n_items()) + " (one length per item)",
                          ErrorCode::shape_mismatch);
  }
  for (std::size_t i = 0; i < spans.lengths.size(); ++i) {
    if (spans.lengths[i] >= 0) continue;
    throw InvalidArgument("lengths: item " + std::to_string(i) + " has " + std::to_string(spans.lengths[i]) +
                          ", expected 0 or more");
  }
  for (std::size_t row = 0; row < n; ++row) {
    const std::int32_t length = spans.lengths[columns.items[row]];
    if (spans.starts[row] >= 0 && spans.starts[row] < spans.ends[row] && spans.ends[row] <= length) continue;
    throw InvalidArgument("spans: " + described(spans, row) +
                          ", expected 0 <= start < end <= " + std::to_string(length) + ", the length of its item");
  }
}

/// Rows of an item by worker, then by place.
std::vector<std::size_t> rows_by_worker(const Spans& spans, std::int32_t item) {
  const auto workers = spans.marks.columns().workers;
  auto rows = spans.marks.rows_of(item);
  std::sort(rows.begin(), rows.end(), [&](std::size_t a, std::size_t b) {
    return std::tuple(workers[a], spans.starts[a], a) < std::tuple(workers[b], spans.starts[b], b);
  });
  return rows;
}

void require_apart(const Spans& spans) {
  for (std::int32_t item = 0; item < spans.marks.n_items(); ++item) {
    const auto rows = rows_by_worker(spans, item);
    for (std::size_t r = 1; r < rows.size(); ++r) {
      const auto workers = spans.marks.columns().workers;
      if (workers[rows[r - 1]] != workers[rows[r]] || spans.ends[rows[r - 1]] <= spans.starts[rows[r]]) continue;
      throw InvalidArgument("spans: " + described(spans, rows[r]) + ", which overlaps row " +
                            std::to_string(rows[r - 1]) + " of the same worker and item, expected spans apart");
    }
  }
}

using ItemSpans = std::vector<std::vector<TaggedSpan>>;

/// A vote on the tag of each token that a worker saw.
struct TagVotes {
  std::vector<std::int32_t> tokens, workers;
  std::vector<ClassIndex> tags;
  std::vector<std::int64_t> begins;  ///< first token of each item, and the end
};

TagVotes tag_votes(const Spans& spans) {
  TagVotes votes;
  votes.begins.push_back(0);
  std::vector<ClassIndex> tags;
  for (std::int32_t item = 0; item < spans.marks.n_items(); ++item) {
    const std::int64_t begin = votes.begins.back();
    votes.begins.push_back(begin + spans.lengths[item]);
    if (votes.begins.back() > std::numeric_limits<std::int32_t>::max()) {
      throw InvalidArgument("lengths: more than 2^31 - 1 tokens in all, expected fewer");
    }
    const auto rows = rows_by_worker(spans, item);
    auto row = rows.begin();
    for (const std::int32_t worker : spans.marks.workers_of(item)) {
      tags.assign(static_cast<std::size_t>(spans.lengths[item]), detail::kOutside);
      for (; row != rows.end() && spans.marks.columns().workers[*row] == worker; ++row) {
        const ClassIndex c = spans.marks.columns().classes[*row];
        std::fill(tags.begin() + spans.starts[*row], tags.begin() + spans.ends[*row], detail::inside_tag(c));
        tags[spans.starts[*row]] = detail::begin_tag(c);
      }
      for (std::size_t t = 0; t < tags.size(); ++t) {
        votes.tokens.push_back(static_cast<std::int32_t>(begin + static_cast<std::int64_t>(t)));
        votes.workers.push_back(worker);
      }
      votes.tags.insert(votes.tags.end(), tags.begin(), tags.end());
    }
  }
  return votes;
}

ItemSpans by_tokens(const Spans& spans, const SpanConsolidationOptions& options) {
  ItemSpans found(static_cast<std::size_t>(spans.marks.n_items()));
  const TagVotes votes = tag_votes(spans);
  if (votes.tokens.empty()) return found;
  const auto workers = encode_ids(std::span<const std::int32_t>(votes.workers));  // those who saw a token
  ConsolidationOptions how;
  how.executor = options.executor;
  const Consolidation result = detail::discounted_ibcc(
      VoteTable(votes.tokens, workers.codes, votes.tags, detail::n_tags(spans.marks.n_classes())), how);
  const std::ptrdiff_t k = result.probabilities.cols;
  for (std::size_t item = 0; item < found.size(); ++item) {
    const double* first = result.probabilities.values.data() + votes.begins[item] * k;
    found[item] =
        detail::most_probable_spans(MatrixView<const double>(first, votes.begins[item + 1] - votes.begins[item], k));
  }
  return found;
}

/// The ends with the largest sum of precisions, and their share of it; of equals those that come first.
TaggedSpan with_best_ends(const Spans& spans, const std::vector<std::size_t>& rows,
                          const std::vector<double>& precisions) {
  std::map<std::pair<std::int32_t, std::int32_t>, double> weights;
  double total = 0.0;
  for (const std::size_t row : rows) {
    const double weight = precisions[spans.marks.columns().workers[row]];
    weights[{spans.starts[row], spans.ends[row]}] += weight;
    total += weight;
  }
  const auto best = std::max_element(weights.begin(), weights.end(),
                                     [](const auto& a, const auto& b) { return a.second < b.second; });
  return {best->first.first, best->first.second, 0, total > 0.0 ? best->second / total : 0.0};
}

/// Of spans that overlap the surest; ordered by start.
void keep_apart(std::vector<TaggedSpan>& spans) {
  std::stable_sort(spans.begin(), spans.end(),
                   [](const TaggedSpan& a, const TaggedSpan& b) { return a.confidence > b.confidence; });
  std::vector<TaggedSpan> kept;
  for (const TaggedSpan& span : spans) {
    const bool is_free = std::all_of(kept.begin(), kept.end(), [&](const TaggedSpan& other) {
      return span.end <= other.start || other.end <= span.start;
    });
    if (is_free) kept.push_back(span);
  }
  std::sort(kept.begin(), kept.end(), [](const TaggedSpan& a, const TaggedSpan& b) { return a.start < b.start; });
  spans = std::move(kept);
}

ItemSpans by_spans(const Spans& spans, const SpanConsolidationOptions& options) {
  SerialExecutor serial;
  const auto clusters = cluster_marks(
      spans.marks, [&](std::size_t a, std::size_t b) { return spans.overlap(a, b); },
      [&](std::size_t a, std::size_t b) { return spans.precedes(a, b); }, kMinOverlap,
      options.executor ? *options.executor : serial);
  const auto judgement = judge_clusters(spans.marks, clusters, options.executor);
  ItemSpans found(static_cast<std::size_t>(spans.marks.n_items()));
  for (std::size_t c = 0; c < clusters.size(); ++c) {
    if (judgement.existences[c] < kMinExistence) continue;
    TaggedSpan span = with_best_ends(spans, clusters[c].rows, judgement.worker_precision);
    span.class_index = judgement.classes[c];
    span.confidence *= judgement.confidences[c];
    found[static_cast<std::size_t>(clusters[c].item)].push_back(span);
  }
  for (auto& of_item : found) keep_apart(of_item);
  return found;
}

SpanConsolidation compared_with_workers(const Spans& spans, const ItemSpans& found) {
  using Key = std::tuple<std::int32_t, std::int32_t, ClassIndex>;
  const MarkColumns& columns = spans.marks.columns();
  const auto n_workers = static_cast<std::size_t>(spans.marks.n_workers());
  std::vector<double> agreed(n_workers, 0.0), there = agreed, marked = agreed;
  SpanConsolidation result;
  for (std::int32_t item = 0; item < spans.marks.n_items(); ++item) {
    std::map<Key, std::vector<std::int32_t>> workers_of;
    for (const std::size_t row : spans.marks.rows_of(item)) {
      workers_of[{spans.starts[row], spans.ends[row], columns.classes[row]}].push_back(columns.workers[row]);
      marked[columns.workers[row]] += 1.0;
    }
    const auto& of_item = found[static_cast<std::size_t>(item)];
    for (const std::int32_t worker : spans.marks.workers_of(item)) there[worker] += static_cast<double>(of_item.size());
    for (const TaggedSpan& span : of_item) {
      const auto& same = workers_of[{span.start, span.end, span.class_index}];
      for (const std::int32_t worker : same) agreed[worker] += 1.0;
      result.items.push_back(item);
      result.starts.push_back(span.start);
      result.ends.push_back(span.end);
      result.classes.push_back(span.class_index);
      result.confidences.push_back(span.confidence);
      result.n_workers.push_back(static_cast<std::int32_t>(same.size()));
    }
  }
  for (std::size_t w = 0; w < n_workers; ++w) {
    result.worker_recall.push_back(detail::share(agreed[w], there[w]));
    result.worker_precision.push_back(detail::share(agreed[w], marked[w]));
  }
  return result;
}

}  // namespace

SpanConsolidation consolidate_spans(const MarkColumns& columns, std::span<const std::int32_t> starts,
                                    std::span<const std::int32_t> ends, std::span<const std::int32_t> lengths,
                                    std::int32_t n_classes, const SpanConsolidationOptions& options) {
  const Marks marks(columns, n_classes);
  const Spans spans{marks, starts, ends, lengths};
  require_ranges(spans);
  require_apart(spans);
  const ItemSpans found = options.method == SpanMethod::tokens ? by_tokens(spans, options) : by_spans(spans, options);
  return compared_with_workers(spans, found);
}

}  // namespace gtlabel
