#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "gtlabel/core/export.hpp"
#include "gtlabel/core/ids.hpp"
#include "gtlabel/core/views.hpp"

namespace gtlabel {

class SnapshotReader;
class SnapshotWriter;

/// What a model has been taught so far: per labelled item a target row (class probabilities) and a weight, in the order
/// in which items were first labelled. A label given again replaces the old one in place. Not thread-safe.
class GTLABEL_EXPORT TrainingSet {
 public:
  explicit TrainingSet(int n_classes = 0) : n_classes_(n_classes) {}

  /// Adds or replaces. @returns whether anything is other than before. Cost O(items x n_classes).
  bool merge(std::span<const ItemIndex> items, MatrixView<const float> targets, std::span<const float> weights);

  [[nodiscard]] int n_classes() const noexcept { return n_classes_; }
  [[nodiscard]] std::size_t size() const noexcept { return items_.size(); }
  [[nodiscard]] std::span<const ItemIndex> items() const noexcept { return items_; }
  [[nodiscard]] std::span<const float> weights() const noexcept { return weights_; }
  /// size() x n_classes.
  [[nodiscard]] MatrixView<const float> targets() const noexcept {
    return {targets_.data(), static_cast<std::ptrdiff_t>(items_.size()), n_classes_};
  }
  /// Where an item stands in items(), or -1.
  [[nodiscard]] std::ptrdiff_t position(ItemIndex item) const;
  /// The part at the given positions, in that order.
  [[nodiscard]] TrainingSet subset(std::span<const std::ptrdiff_t> positions) const;

  void save(SnapshotWriter& writer) const;
  static TrainingSet load(SnapshotReader& reader);

 private:
  int n_classes_ = 0;
  std::vector<ItemIndex> items_;
  std::vector<float> targets_;
  std::vector<float> weights_;
  std::unordered_map<ItemIndex, std::ptrdiff_t> position_;
};

/// The fold of an item in k-fold prediction, 0 .. n_folds - 1: a hash of the item alone, so that an item keeps its fold
/// for the whole job, whatever else is labelled. Constant time.
[[nodiscard]] GTLABEL_EXPORT int fold_of(ItemIndex item, int n_folds) noexcept;

}  // namespace gtlabel
