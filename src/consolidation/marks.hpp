#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "gtlabel/consolidation/mark_columns.hpp"
#include "gtlabel/core/executor.hpp"

namespace gtlabel::detail {

/// Marks grouped by item, and who answered about it.
class Marks {
 public:
  /// Borrows the columns. @throws InvalidArgument, UnknownClass  what the public functions say of them.
  Marks(const MarkColumns& columns, std::int32_t n_classes);

  [[nodiscard]] const MarkColumns& columns() const noexcept { return columns_; }
  [[nodiscard]] std::int32_t n_items() const noexcept { return static_cast<std::int32_t>(rows_.size()); }
  [[nodiscard]] std::int32_t n_workers() const noexcept { return n_workers_; }
  [[nodiscard]] std::int32_t n_classes() const noexcept { return n_classes_; }
  [[nodiscard]] const std::vector<std::size_t>& rows_of(std::int32_t item) const { return rows_[item]; }
  /// Everybody who answered about the item, each once, ascending.
  [[nodiscard]] const std::vector<std::int32_t>& workers_of(std::int32_t item) const { return workers_[item]; }

 private:
  MarkColumns columns_;
  std::int32_t n_classes_, n_workers_ = 0;
  std::vector<std::vector<std::size_t>> rows_;
  std::vector<std::vector<std::int32_t>> workers_;
};

/// Marks of one thing, at most one of each worker.
struct MarkCluster {
  std::int32_t item = 0;
  std::vector<std::size_t> rows;
};

/// 0 to 1, symmetric; of two rows of one item.
using MarkOverlap = std::function<double(std::size_t, std::size_t)>;

/// Marks of different workers joined by falling overlap, of equal classes first, while the mean overlap between what is
/// joined is at least `min_overlap`. `precedes` orders rows by what they mark, so that the order given does not matter.
std::vector<MarkCluster> cluster_marks(const Marks& marks, const MarkOverlap& overlap,
                                       const std::function<bool(std::size_t, std::size_t)>& precedes,
                                       double min_overlap, Executor& executor);

/// What people think of clusters.
struct ClusterJudgement {
  std::vector<ClassIndex> classes;                      ///< most probable, given that there is something
  std::vector<double> existences;                       ///< probability that there is something
  std::vector<double> confidences;                      ///< and that it is of the class
  std::vector<double> worker_recall, worker_precision;  ///< NaN where there is nothing to judge by
};

/// By discounted_ibcc among "nothing" and the classes.
ClusterJudgement judge_clusters(const Marks& marks, const std::vector<MarkCluster>& clusters,
                                const std::shared_ptr<Executor>& executor);

/// a / b, NaN where b is 0.
[[nodiscard]] double share(double a, double b) noexcept;

}  // namespace gtlabel::detail
