#include "consolidation/marks.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>
#include <string>
#include <tuple>
#include <utility>

#include "consolidation/discounted_ibcc.hpp"
#include "gtlabel/core/error.hpp"
#include "gtlabel/dataset/id_codes.hpp"

namespace gtlabel::detail {
namespace {

void require_sizes(const MarkColumns& columns) {
  if (columns.workers.size() != columns.items.size() || columns.classes.size() != columns.items.size()) {
    throw InvalidArgument("marks: " + std::to_string(columns.items.size()) + " items, " +
                              std::to_string(columns.workers.size()) + " workers and " +
                              std::to_string(columns.classes.size()) + " classes given, expected one of each per mark",
                          ErrorCode::shape_mismatch);
  }
  if (columns.empty_items.size() != columns.empty_workers.size()) {
    throw InvalidArgument("empty answers: " + std::to_string(columns.empty_items.size()) + " items and " +
                              std::to_string(columns.empty_workers.size()) + " workers given, expected one of each",
                          ErrorCode::shape_mismatch);
  }
  if (columns.items.empty() && columns.empty_items.empty()) {
    throw InvalidArgument("marks: no answers given, expected at least one mark or empty answer");
  }
}

void require_indices(std::span<const std::int32_t> indices, const char* name) {
  for (std::size_t row = 0; row < indices.size(); ++row) {
    if (indices[row] >= 0) continue;
    throw InvalidArgument(std::string(name) + ": row " + std::to_string(row) + " has index " +
                          std::to_string(indices[row]) + ", expected 0 or more");
  }
}

void require_classes(std::span<const ClassIndex> classes, std::int32_t n_classes) {
  if (n_classes < 1) throw InvalidArgument("n_classes: " + std::to_string(n_classes) + " given, expected at least 1");
  for (std::size_t row = 0; row < classes.size(); ++row) {
    if (classes[row] >= 0 && classes[row] < n_classes) continue;
    throw UnknownClass("classes: row " + std::to_string(row) + " has class " + std::to_string(classes[row]) +
                       ", expected 0 to " + std::to_string(n_classes - 1));
  }
}

std::int32_t count_of(std::span<const std::int32_t> a, std::span<const std::int32_t> b) {
  std::int32_t last = -1;
  for (const std::int32_t index : a) last = std::max(last, index);
  for (const std::int32_t index : b) last = std::max(last, index);
  return last + 1;
}

/// Clusters of one item while they grow.
class Growth {
 public:
  Growth(const Marks& marks, std::vector<std::size_t> rows, const MarkOverlap& overlap, double min_overlap)
      : columns_(marks.columns()), rows_(std::move(rows)), overlap_(overlap), min_overlap_(min_overlap) {
    for (std::size_t r = 0; r < rows_.size(); ++r) {
      members_.push_back({r});
      home_.push_back(r);
    }
  }

  std::vector<MarkCluster> run(std::int32_t item) {
    for (const auto& [is_other_class, minus_overlap, a, b] : pairs()) {
      const std::size_t first = home_[a], second = home_[b];
      if (first != second && belong_together(members_[first], members_[second])) join(first, second);
    }
    std::vector<MarkCluster> clusters;
    for (const auto& members : members_) {
      if (members.empty()) continue;
      clusters.push_back({item, {}});
      for (const std::size_t m : members) clusters.back().rows.push_back(rows_[m]);
    }
    return clusters;
  }

 private:
  using Pair = std::tuple<bool, double, std::size_t, std::size_t>;

  [[nodiscard]] std::vector<Pair> pairs() const {
    std::vector<Pair> found;
    for (std::size_t a = 0; a < rows_.size(); ++a) {
      for (std::size_t b = a + 1; b < rows_.size(); ++b) {
        if (columns_.workers[rows_[a]] == columns_.workers[rows_[b]]) continue;
        const double overlap = overlap_(rows_[a], rows_[b]);
        if (!(overlap >= min_overlap_)) continue;  // also of sides so large or small that there is no number
        found.emplace_back(columns_.classes[rows_[a]] != columns_.classes[rows_[b]], -overlap, a, b);
      }
    }
    std::sort(found.begin(), found.end());
    return found;
  }

  [[nodiscard]] bool belong_together(const std::vector<std::size_t>& a, const std::vector<std::size_t>& b) const {
    double sum = 0.0;
    for (const std::size_t m : a) {
      for (const std::size_t n : b) {
        if (columns_.workers[rows_[m]] == columns_.workers[rows_[n]]) return false;
        sum += overlap_(rows_[m], rows_[n]);
      }
    }
    return sum >= min_overlap_ * static_cast<double>(a.size() * b.size());
  }

  void join(std::size_t first, std::size_t second) {
    for (const std::size_t m : members_[second]) {
      members_[first].push_back(m);
      home_[m] = first;
    }
    members_[second].clear();
  }

  const MarkColumns& columns_;
  std::vector<std::size_t> rows_;
  const MarkOverlap& overlap_;
  double min_overlap_;
  std::vector<std::vector<std::size_t>> members_;
  std::vector<std::size_t> home_;
};

/// Each worker's opinion of each cluster of his items: 0 for nothing, else 1 + the class he gave.
struct Opinions {
  std::vector<std::int32_t> clusters, workers;
  std::vector<ClassIndex> answers;
};

Opinions opinions_of(const Marks& marks, const std::vector<MarkCluster>& clusters) {
  Opinions opinions;
  std::vector<ClassIndex> said(static_cast<std::size_t>(marks.n_workers()), 0);
  for (std::size_t c = 0; c < clusters.size(); ++c) {
    const MarkColumns& columns = marks.columns();
    for (const std::size_t row : clusters[c].rows) said[columns.workers[row]] = columns.classes[row] + 1;
    for (const std::int32_t worker : marks.workers_of(clusters[c].item)) {
      opinions.clusters.push_back(static_cast<std::int32_t>(c));
      opinions.workers.push_back(worker);
      opinions.answers.push_back(std::exchange(said[worker], 0));
    }
  }
  return opinions;
}

}  // namespace

double share(double a, double b) noexcept { return b > 0.0 ? a / b : std::nan(""); }

Marks::Marks(const MarkColumns& columns, std::int32_t n_classes) : columns_(columns), n_classes_(n_classes) {
  require_sizes(columns);
  require_indices(columns.items, "items");
  require_indices(columns.workers, "workers");
  require_indices(columns.empty_items, "empty answers, items");
  require_indices(columns.empty_workers, "empty answers, workers");
  require_classes(columns.classes, n_classes);
  rows_.resize(static_cast<std::size_t>(count_of(columns.items, columns.empty_items)));
  workers_.resize(rows_.size());
  n_workers_ = count_of(columns.workers, columns.empty_workers);
  for (std::size_t row = 0; row < columns.items.size(); ++row) {
    rows_[columns.items[row]].push_back(row);
    workers_[columns.items[row]].push_back(columns.workers[row]);
  }
  std::vector<char> has_answered(static_cast<std::size_t>(n_workers_), 0);
  for (auto& workers : workers_) {
    std::sort(workers.begin(), workers.end());
    workers.erase(std::unique(workers.begin(), workers.end()), workers.end());
    for (const std::int32_t worker : workers) has_answered[worker] = 1;
  }
  for (std::size_t row = 0; row < columns.empty_items.size(); ++row) {
    const std::int32_t item = columns.empty_items[row], worker = columns.empty_workers[row];
    auto& workers = workers_[item];
    const auto place = std::lower_bound(workers.begin(), workers.end(), worker);
    if (place != workers.end() && *place == worker) {
      throw InvalidArgument("empty answers: row " + std::to_string(row) + " says that worker " +
                            std::to_string(worker) + " marked nothing in item " + std::to_string(item) +
                            ", which another row of him answers; expected one or the other");
    }
    workers.insert(place, worker);
    has_answered[worker] = 1;
  }
  for (std::size_t item = 0; item < workers_.size(); ++item) {
    if (workers_[item].empty()) throw InvalidArgument("items: " + std::to_string(item) + " has no answer");
  }
  const auto absent = std::find(has_answered.begin(), has_answered.end(), 0);
  if (absent != has_answered.end()) {
    throw InvalidArgument("workers: " + std::to_string(absent - has_answered.begin()) + " has no answer");
  }
}

std::vector<MarkCluster> cluster_marks(const Marks& marks, const MarkOverlap& overlap,
                                       const std::function<bool(std::size_t, std::size_t)>& precedes,
                                       double min_overlap, Executor& executor) {
  const auto n = static_cast<std::size_t>(marks.n_items());
  std::vector<std::vector<MarkCluster>> by_item(n);
  for_chunks(executor, n, 16, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      const auto item = static_cast<std::int32_t>(i);
      auto rows = marks.rows_of(item);
      std::stable_sort(rows.begin(), rows.end(), precedes);
      by_item[i] = Growth(marks, std::move(rows), overlap, min_overlap).run(item);
    }
  });
  std::vector<MarkCluster> clusters;
  for (auto& of_item : by_item) std::move(of_item.begin(), of_item.end(), std::back_inserter(clusters));
  return clusters;
}

ClusterJudgement judge_clusters(const Marks& marks, const std::vector<MarkCluster>& clusters,
                                const std::shared_ptr<Executor>& executor) {
  ClusterJudgement judgement;
  judgement.worker_recall.assign(static_cast<std::size_t>(marks.n_workers()), std::nan(""));
  judgement.worker_precision = judgement.worker_recall;
  if (clusters.empty()) return judgement;
  const Opinions opinions = opinions_of(marks, clusters);
  const auto workers = encode_ids(std::span<const std::int32_t>(opinions.workers));  // those who saw a cluster
  ConsolidationOptions options;
  options.executor = executor;
  const Consolidation result =
      discounted_ibcc(VoteTable(opinions.clusters, workers.codes, opinions.answers, marks.n_classes() + 1), options);
  for (std::ptrdiff_t c = 0; c < result.probabilities.rows; ++c) {
    const auto classes = result.probabilities.row(c).subspan(1);
    const auto best = std::max_element(classes.begin(), classes.end());
    judgement.classes.push_back(static_cast<ClassIndex>(best - classes.begin()));
    judgement.confidences.push_back(*best);
    double existence = 0.0;
    for (const double p : classes) existence += p;
    judgement.existences.push_back(std::min(existence, 1.0));
  }
  for (std::size_t w = 0; w < workers.ids.size(); ++w) {
    double found = 0.0, missed = 0.0, invented = 0.0;
    for (std::ptrdiff_t truth = 0; truth <= marks.n_classes(); ++truth) {
      const auto counts = result.worker_counts.row(static_cast<std::ptrdiff_t>(w) * (marks.n_classes() + 1) + truth);
      const double marked = std::accumulate(counts.begin() + 1, counts.end(), 0.0);
      (truth == 0 ? invented : found) += marked;
      missed += truth == 0 ? 0.0 : counts[0];
    }
    judgement.worker_recall[workers.ids[w]] = share(found, found + missed);
    judgement.worker_precision[workers.ids[w]] = share(found, found + invented);
  }
  return judgement;
}

}  // namespace gtlabel::detail
