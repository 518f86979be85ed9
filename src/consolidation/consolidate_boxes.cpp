#include "gtlabel/consolidation/consolidate_boxes.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <tuple>
#include <utility>

#include "consolidation/marks.hpp"
#include "gtlabel/core/error.hpp"

namespace gtlabel {
namespace {

using detail::MarkCluster;
using detail::Marks;

constexpr int kRounds = 20;
constexpr double kPriorObjects = 3.0;
constexpr double kLeastError = 1e-6;  // where all boxes are the same

void require_boxes(MatrixView<const double> boxes, std::size_t n_marks) {
  if (boxes.cols != 4 || boxes.rows != static_cast<std::ptrdiff_t>(n_marks)) {
    throw InvalidArgument("boxes: " + std::to_string(boxes.rows) + " x " + std::to_string(boxes.cols) +
                              " given, expected " + std::to_string(n_marks) + " x 4",
                          ErrorCode::shape_mismatch);
  }
  static constexpr const char* kNames[] = {"x1", "y1", "x2", "y2"};
  for (std::ptrdiff_t row = 0; row < boxes.rows; ++row) {
    for (std::ptrdiff_t side = 0; side < 4; ++side) {
      if (std::isfinite(boxes(row, side))) continue;
      throw InvalidArgument("boxes: row " + std::to_string(row) + " has " + kNames[side] + " = " +
                                std::to_string(boxes(row, side)) + ", expected a finite number",
                            ErrorCode::not_finite);
    }
    for (std::ptrdiff_t axis = 0; axis < 2; ++axis) {
      if (boxes(row, axis) < boxes(row, axis + 2)) continue;
      throw InvalidArgument("boxes: row " + std::to_string(row) + " has " + kNames[axis] + " = " +
                            std::to_string(boxes(row, axis)) + " and " + kNames[axis + 2] + " = " +
                            std::to_string(boxes(row, axis + 2)) + ", expected " + kNames[axis] + " < " +
                            kNames[axis + 2]);
    }
  }
}

void require_share(double value, const char* name, bool may_be_zero) {
  if (value <= 1.0 && (value > 0.0 || (may_be_zero && value == 0.0))) return;
  throw InvalidArgument(std::string(name) + ": " + std::to_string(value) + " given, expected " +
                        (may_be_zero ? "0 to 1" : "above 0, at most 1"));
}

double area(std::span<const double> box) { return (box[2] - box[0]) * (box[3] - box[1]); }

double intersection_over_union(std::span<const double> a, std::span<const double> b) {
  const double width = std::min(a[2], b[2]) - std::max(a[0], b[0]);
  const double height = std::min(a[3], b[3]) - std::max(a[1], b[1]);
  if (width <= 0.0 || height <= 0.0) return 0.0;
  return width * height / (area(a) + area(b) - width * height);
}

/// Coordinates of clusters and errors of workers, each from the other.
class Localization {
 public:
  Localization(const Marks& marks, MatrixView<const double> boxes, const std::vector<MarkCluster>& clusters)
      : marks_(marks),
        boxes_(boxes),
        clusters_(clusters),
        consensus_(std::ssize(clusters), 4),
        weights_(static_cast<std::size_t>(marks.n_workers()), 1.0) {
    locate();
    for (int round = 0; round < kRounds; ++round) {
      learn_weights();
      const auto before = consensus_.values;
      locate();
      if (before == consensus_.values) break;
    }
    learn_weights();
  }

  [[nodiscard]] const Matrix<double>& consensus() const { return consensus_; }
  /// Mean distance per worker, NaN where nobody else marked what he marked.
  [[nodiscard]] const std::vector<double>& errors() const { return errors_; }

 private:
  void learn_weights() {
    std::vector<double> sums(weights_.size(), 0.0), counts(weights_.size(), 0.0);
    for (std::size_t c = 0; c < clusters_.size(); ++c) {
      if (clusters_[c].rows.size() < 2) continue;
      for (const std::size_t row : clusters_[c].rows) {
        const std::int32_t worker = marks_.columns().workers[row];
        sums[worker] += distance(row, consensus_.row(static_cast<std::ptrdiff_t>(c)));
        counts[worker] += 1.0;
      }
    }
    const double total = std::accumulate(counts.begin(), counts.end(), 0.0);
    const double mean = total > 0.0 ? std::accumulate(sums.begin(), sums.end(), 0.0) / total : 0.0;
    errors_.assign(weights_.size(), std::nan(""));
    for (std::size_t w = 0; w < weights_.size(); ++w) {
      if (counts[w] > 0.0) errors_[w] = sums[w] / counts[w];
      weights_[w] = 1.0 / std::max(kLeastError, (sums[w] + kPriorObjects * mean) / (counts[w] + kPriorObjects));
    }
  }

  /// Mean over the sides, as shares of the box's width and height.
  [[nodiscard]] double distance(std::size_t row, std::span<const double> to) const {
    const auto box = boxes_.row(static_cast<std::ptrdiff_t>(row));
    const double x = std::abs(box[0] - to[0]) + std::abs(box[2] - to[2]);
    const double y = std::abs(box[1] - to[1]) + std::abs(box[3] - to[3]);
    return 0.25 * (x / (to[2] - to[0]) + y / (to[3] - to[1]));
  }

  void locate() {
    for (std::size_t c = 0; c < clusters_.size(); ++c) {
      for (std::ptrdiff_t side = 0; side < 4; ++side) {
        consensus_(static_cast<std::ptrdiff_t>(c), side) = center(clusters_[c].rows, side);
      }
    }
  }

  /// The median wastes what few people know, the mean is drawn by one who is far off; half of each has little of both.
  [[nodiscard]] double center(const std::vector<std::size_t>& rows, std::ptrdiff_t side) const {
    std::vector<std::pair<double, double>> sorted;  // coordinate, weight
    double total = 0.0, mean = 0.0;
    for (const std::size_t row : rows) {
      const double weight = weights_[marks_.columns().workers[row]];
      sorted.emplace_back(boxes_(static_cast<std::ptrdiff_t>(row), side), weight);
      total += weight;
    }
    std::sort(sorted.begin(), sorted.end());
    for (const auto& [coordinate, weight] : sorted) mean += coordinate * (weight / total);
    return 0.5 * (weighted_median(sorted, total) + mean);
  }

  /// Interpolated between the middles of the weights, so that equal weights give the usual median.
  static double weighted_median(const std::vector<std::pair<double, double>>& sorted, double total) {
    double below = 0.0, place_before = 0.0;
    for (std::size_t s = 0; s < sorted.size(); ++s) {
      const double place = (below + 0.5 * sorted[s].second) / total;
      if (place >= 0.5) {
        if (s == 0) return sorted[0].first;
        const double part = (0.5 - place_before) / (place - place_before);
        return sorted[s - 1].first + part * (sorted[s].first - sorted[s - 1].first);
      }
      below += sorted[s].second;
      place_before = place;
    }
    return sorted.back().first;
  }

  const Marks& marks_;
  MatrixView<const double> boxes_;
  const std::vector<MarkCluster>& clusters_;
  Matrix<double> consensus_;
  std::vector<double> weights_, errors_;
};

}  // namespace

BoxConsolidation consolidate_boxes(const MarkColumns& columns, MatrixView<const double> boxes, std::int32_t n_classes,
                                   const BoxConsolidationOptions& options) {
  require_share(options.min_overlap, "min_overlap", false);
  require_share(options.min_existence, "min_existence", true);
  const Marks marks(columns, n_classes);
  require_boxes(boxes, columns.items.size());
  SerialExecutor serial;
  Executor& executor = options.executor ? *options.executor : serial;
  const auto box = [&](std::size_t row) { return boxes.row(static_cast<std::ptrdiff_t>(row)); };
  const auto clusters = cluster_marks(
      marks, [&](std::size_t a, std::size_t b) { return intersection_over_union(box(a), box(b)); },
      [&](std::size_t a, std::size_t b) {
        const auto first = box(a), second = box(b);
        return std::lexicographical_compare(first.begin(), first.end(), second.begin(), second.end());
      },
      options.min_overlap, executor);
  auto judgement = judge_clusters(marks, clusters, options.executor);
  const Localization localization(marks, boxes, clusters);

  std::vector<std::size_t> kept;
  for (std::size_t c = 0; c < clusters.size(); ++c) {
    if (judgement.existences[c] >= options.min_existence) kept.push_back(c);
  }
  // By confidence, then class; what differs by rounding alone is alike.
  const auto place = [&](std::size_t c) {
    return std::tuple(clusters[c].item, -static_cast<float>(judgement.confidences[c]), judgement.classes[c]);
  };
  std::stable_sort(kept.begin(), kept.end(), [&](std::size_t a, std::size_t b) { return place(a) < place(b); });
  BoxConsolidation result;
  result.boxes = Matrix<double>(std::ssize(kept), 4);
  result.objects.assign(columns.items.size(), -1);
  for (std::size_t k = 0; k < kept.size(); ++k) {
    const MarkCluster& cluster = clusters[kept[k]];
    const auto coordinates = localization.consensus().row(static_cast<std::ptrdiff_t>(kept[k]));
    std::copy(coordinates.begin(), coordinates.end(), result.boxes.row(static_cast<std::ptrdiff_t>(k)).begin());
    result.items.push_back(cluster.item);
    result.classes.push_back(judgement.classes[kept[k]]);
    result.existences.push_back(judgement.existences[kept[k]]);
    result.confidences.push_back(judgement.confidences[kept[k]]);
    result.n_workers.push_back(static_cast<std::int32_t>(cluster.rows.size()));
    for (const std::size_t row : cluster.rows) result.objects[row] = static_cast<std::int32_t>(k);
  }
  result.worker_recall = std::move(judgement.worker_recall);
  result.worker_precision = std::move(judgement.worker_precision);
  result.worker_error = localization.errors();
  return result;
}

}  // namespace gtlabel
