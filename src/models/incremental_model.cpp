#include "gtlabel/models/incremental_model.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "core/distributions.hpp"
#include "gtlabel/core/error.hpp"
#include "gtlabel/storage/snapshot.hpp"

namespace gtlabel {
namespace {

std::string shape(std::ptrdiff_t rows, std::ptrdiff_t cols) {
  return std::to_string(rows) + " x " + std::to_string(cols);
}

void require_shape(const char* what, std::ptrdiff_t rows, std::ptrdiff_t cols, std::size_t n_items, int n_classes) {
  if (rows == static_cast<std::ptrdiff_t>(n_items) && cols == n_classes) return;
  throw InvalidArgument(std::string(what) + ": shape " + shape(rows, cols) + " given, expected " +
                            shape(static_cast<std::ptrdiff_t>(n_items), n_classes) + " (items x classes)",
                        ErrorCode::shape_mismatch);
}

void require_items(std::span<const ItemIndex> items, std::ptrdiff_t n_items) {
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (items[i] >= 0 && items[i] < n_items) continue;
    throw InvalidArgument("items: position " + std::to_string(i) + " is " + std::to_string(items[i]) +
                              ", expected 0 to " + std::to_string(n_items - 1),
                          ErrorCode::item_out_of_range);
  }
}

void require_continued(const Features& pool, const Features& longer) {
  if (longer.is_sparse() == pool.is_sparse() && longer.n_features() == pool.n_features() &&
      longer.n_items() >= pool.n_items()) {
    return;
  }
  const auto describe = [](const Features& features) {
    return shape(features.n_items(), features.n_features()) + (features.is_sparse() ? " sparse" : " dense");
  };
  throw InvalidArgument(
      "extend: a " + describe(longer) + " pool given, expected one that continues the model's " + describe(pool),
      ErrorCode::shape_mismatch);
}

void require_model_output(const IncrementalModel& model, MatrixView<const float> rows) {
  for (std::ptrdiff_t r = 0; r < rows.rows; ++r) {
    const auto fault = detail::distribution_fault(rows, r);
    if (!fault.text.empty()) throw ModelError("probabilities of model '" + model.kind() + "': " + fault.text);
  }
}

/// The positions in a training set that a fold holds out (`inside`) or learns from.
std::vector<std::ptrdiff_t> fold_positions(const TrainingSet& training, int fold, bool inside) {
  std::vector<std::ptrdiff_t> positions;
  for (std::size_t p = 0; p < training.size(); ++p) {
    if ((fold_of(training.items()[p], IncrementalModel::kFolds) == fold) == inside) {
      positions.push_back(static_cast<std::ptrdiff_t>(p));
    }
  }
  return positions;
}

}  // namespace

IncrementalModel::IncrementalModel() = default;
IncrementalModel::~IncrementalModel() = default;

void IncrementalModel::attach(const Features& pool, int n_classes, std::shared_ptr<Executor> executor) {
  if (n_classes < 2) {
    throw InvalidArgument("n_classes: " + std::to_string(n_classes) + " given, expected at least 2");
  }
  ++attachment_;
  pool_ = std::make_unique<Features>(pool);
  executor_ = executor ? std::move(executor) : std::make_shared<SerialExecutor>();
  training_ = TrainingSet(n_classes);
  is_bound_ = is_fitted_ = is_current_ = false;
  try {
    do_attach();
    is_bound_ = true;
  } catch (...) {
    pool_.reset();
    throw;
  }
}

void IncrementalModel::extend(const Features& longer) {
  if (!is_attached()) throw NotFitted("model '" + kind() + "': extend before attach");
  require_continued(*pool_, longer);
  Features known = std::exchange(*pool_, longer);
  try {
    do_extend(known.n_items());
  } catch (...) {
    *pool_ = std::move(known);
    throw;
  }
  ++attachment_;
}

void IncrementalModel::do_extend(std::ptrdiff_t) {
  const bool was_fitted = is_fitted_;
  is_bound_ = is_fitted_ = is_current_ = false;
  do_attach();
  if (was_fitted) do_update(training_.items(), training_.targets(), training_.weights());
  is_bound_ = true;
  is_fitted_ = is_current_ = was_fitted;
}

void IncrementalModel::learn(std::span<const ItemIndex> items, MatrixView<const float> targets,
                             std::span<const float> weights) {
  is_current_ = false;
  if (!is_bound_) do_attach();
  is_bound_ = true;
  if (is_fitted_) {
    do_update(items, targets, weights);
  } else {
    do_update(training_.items(), training_.targets(), training_.weights());
  }
  is_fitted_ = is_current_ = true;
}

void IncrementalModel::update(std::span<const ItemIndex> items, MatrixView<const float> targets,
                              std::span<const float> weights) {
  if (!is_attached()) throw NotFitted("model '" + kind() + "': update before attach");
  require_items(items, pool_->n_items());
  require_shape("targets", targets.rows, targets.cols, items.size(), n_classes());
  detail::require_distributions("targets", targets);
  if (!weights.empty() && weights.size() != items.size()) {
    throw InvalidArgument(
        "weights: " + std::to_string(weights.size()) + " given for " + std::to_string(items.size()) + " items",
        ErrorCode::shape_mismatch);
  }
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] > 0.0F && std::isfinite(weights[i])) continue;
    throw InvalidArgument("weights: position " + std::to_string(i) + " is " + std::to_string(weights[i]) +
                          ", expected a positive number");
  }
  if (items.empty() && (is_fitted_ || training_.size() == 0)) return;
  if (!training_.merge(items, targets, weights) && is_current_) return;
  learn(items, targets, weights);
}

void IncrementalModel::predict_proba(std::span<const ItemIndex> items, MatrixView<float> out) const {
  if (!is_fitted_) throw NotFitted("model '" + kind() + "': predict_proba before the first update");
  require_items(items, pool_->n_items());
  require_shape("out", out.rows, out.cols, items.size(), n_classes());
  do_predict_proba(items, out);
  require_model_output(*this, out);
}

void IncrementalModel::predict_out_of_fold(std::span<const ItemIndex> items, MatrixView<float> out) const {
  if (!is_fitted_) throw NotFitted("model '" + kind() + "': predict_out_of_fold before the first update");
  require_shape("out", out.rows, out.cols, items.size(), n_classes());
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (training_.position(items[i]) >= 0) continue;
    throw InvalidArgument("predict_out_of_fold: item " + std::to_string(items[i]) + " was never taught");
  }
  do_predict_out_of_fold(items, out);
  require_model_output(*this, out);
}

void IncrementalModel::do_predict_out_of_fold(std::span<const ItemIndex> items, MatrixView<float> out) const {
  for (int fold = 0; fold < kFolds; ++fold) {
    std::vector<ItemIndex> held_out;
    std::vector<std::ptrdiff_t> rows;
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (fold_of(items[i], kFolds) != fold) continue;
      held_out.push_back(items[i]);
      rows.push_back(static_cast<std::ptrdiff_t>(i));
    }
    if (held_out.empty()) continue;
    Matrix<float> predicted(static_cast<std::ptrdiff_t>(held_out.size()), n_classes(),
                            1.0F / static_cast<float>(n_classes()));
    const auto learned_from = fold_positions(training_, fold, false);
    if (!learned_from.empty()) {
      const TrainingSet part = training_.subset(learned_from);
      const auto model = clone();
      model->attach(*pool_, n_classes(), executor_);
      model->update(part.items(), part.targets(), part.weights());
      model->predict_proba(held_out, predicted);
    }
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto source = predicted.row(static_cast<std::ptrdiff_t>(i));
      std::copy(source.begin(), source.end(), out.row(rows[i]).begin());
    }
  }
}

std::shared_ptr<IncrementalModel> IncrementalModel::clone() const {
  auto copy = do_clone();
  if (copy == nullptr) throw ModelError("model '" + kind() + "': clone returned nothing");
  return copy;
}

std::string IncrementalModel::kind() const { return "custom"; }

void IncrementalModel::save(SnapshotWriter& writer) const {
  if (!is_attached()) throw NotFitted("model '" + kind() + "': save before attach");
  writer.section("incremental_model", 2);
  writer.write(kind());
  training_.save(writer);
  writer.write(is_fitted_);
  writer.write(is_current_);
  writer.write(is_bound_);
  if (is_bound_) do_save(writer);  // else the fit was lost by a failed extend, perhaps half-way to another pool
}

void IncrementalModel::load(SnapshotReader& reader) {
  if (!is_attached()) throw NotFitted("model '" + kind() + "': load before attach");
  const auto version = reader.section("incremental_model", 2);
  if (const auto saved = reader.get<std::string>(); saved != kind()) {
    throw ArchiveError(ErrorCode::archive_mismatch, "snapshot: holds a model of kind '" + saved + "', '" + kind() +
                                                        "' given; load with a model like the one that was saved");
  }
  TrainingSet training = TrainingSet::load(reader);
  require_sound(training.n_classes() == n_classes(), "model: number of classes differs from the pool's");
  for (const ItemIndex item : training.items())
    require_sound(item >= 0 && item < pool_->n_items(), "model: item outside the pool");
  training_ = std::move(training);
  try {
    is_fitted_ = reader.get<bool>();
    is_current_ = reader.get<bool>();
    const bool has_fit = version < 2 || reader.get<bool>();
    require_sound(has_fit || (!is_fitted_ && !is_current_), "model: fitted, but without a fit");
    if (has_fit) do_load(reader);
  } catch (...) {
    is_fitted_ = is_current_ = false;  // the labels are there, the fit may not be
    throw;
  }
}

void IncrementalModel::do_save(SnapshotWriter&) const {}

void IncrementalModel::do_load(SnapshotReader&) {
  if (is_fitted_) do_update(training_.items(), training_.targets(), training_.weights());
}

}  // namespace gtlabel
