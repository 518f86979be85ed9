#include "gtlabel/models/training_set.hpp"

#include <algorithm>
#include <cmath>

#include "gtlabel/storage/snapshot.hpp"

namespace gtlabel {

bool TrainingSet::merge(std::span<const ItemIndex> items, MatrixView<const float> targets,
                        std::span<const float> weights) {
  bool is_changed = false;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const auto [place, is_new] = position_.try_emplace(items[i], static_cast<std::ptrdiff_t>(items_.size()));
    const auto row = targets.row(static_cast<std::ptrdiff_t>(i));
    const float weight = weights.empty() ? 1.0F : weights[i];
    if (is_new) {
      items_.push_back(items[i]);
      weights_.push_back(weight);
      targets_.insert(targets_.end(), row.begin(), row.end());
      is_changed = true;
    } else {
      float& known_weight = weights_[static_cast<std::size_t>(place->second)];
      const auto known_row = targets_.begin() + place->second * n_classes_;
      is_changed |= known_weight != weight || !std::equal(row.begin(), row.end(), known_row);
      known_weight = weight;
      std::copy(row.begin(), row.end(), known_row);
    }
  }
  return is_changed;
}

std::ptrdiff_t TrainingSet::position(ItemIndex item) const {
  const auto place = position_.find(item);
  return place == position_.end() ? -1 : place->second;
}

TrainingSet TrainingSet::subset(std::span<const std::ptrdiff_t> positions) const {
  TrainingSet part(n_classes_);
  for (const std::ptrdiff_t p : positions) {
    const auto row = targets().row(p);
    part.position_.emplace(items_[p], static_cast<std::ptrdiff_t>(part.items_.size()));
    part.items_.push_back(items_[p]);
    part.weights_.push_back(weights_[p]);
    part.targets_.insert(part.targets_.end(), row.begin(), row.end());
  }
  return part;
}

void TrainingSet::save(SnapshotWriter& writer) const {
  writer.section("training_set", 1);
  writer.write(static_cast<std::int32_t>(n_classes_));
  writer.write(std::span<const std::int64_t>(items_));
  writer.write(std::span<const float>(targets_));
  writer.write(std::span<const float>(weights_));
}

TrainingSet TrainingSet::load(SnapshotReader& reader) {
  reader.section("training_set", 1);
  const auto n_classes = reader.get<std::int32_t>();
  const auto items = reader.get<std::vector<std::int64_t>>();
  const auto targets = reader.get<std::vector<float>>();
  const auto weights = reader.get<std::vector<float>>();
  require_sound(n_classes >= 0 && weights.size() == items.size(), "training set: sizes do not agree");
  require_sound(items.empty() ? targets.empty()
                              : targets.size() / items.size() == static_cast<std::size_t>(n_classes) &&
                                    targets.size() % items.size() == 0,
                "training set: sizes do not agree");
  // Rows that sum to 1 up to rounding are taught, so a target may be a little above 1.
  const auto is_probability = [](float value) { return value >= 0.0F && value <= 1.01F; };
  const auto is_weight = [](float value) { return value > 0.0F && std::isfinite(value); };
  require_sound(std::all_of(targets.begin(), targets.end(), is_probability),
                "training set: a target is no probability");
  require_sound(std::all_of(weights.begin(), weights.end(), is_weight), "training set: a weight is not positive");
  TrainingSet set(n_classes);
  set.merge(items, {targets.data(), static_cast<std::ptrdiff_t>(items.size()), n_classes}, weights);
  require_sound(set.size() == items.size(), "training set: an item stands twice");
  return set;
}

int fold_of(ItemIndex item, int n_folds) noexcept {
  auto hash = static_cast<std::uint64_t>(item) + 0x9E3779B97F4A7C15ull;
  hash = (hash ^ (hash >> 30)) * 0xBF58476D1CE4E5B9ull;
  hash = (hash ^ (hash >> 27)) * 0x94D049BB133111EBull;
  return static_cast<int>((hash ^ (hash >> 31)) % static_cast<std::uint64_t>(n_folds));
}

}  // namespace gtlabel
