#include "gtlabel/models/latent_model.hpp"

#include <utility>

#include "gtlabel/models/softmax_regression.hpp"
#include "gtlabel/storage/snapshot.hpp"
#include "models/singular_directions.hpp"
#include "models/word_vectors.hpp"

namespace gtlabel {

LatentModel::LatentModel(std::shared_ptr<IncrementalModel> inner)
    : inner_(inner != nullptr ? std::move(inner) : std::make_shared<SoftmaxRegression>()) {}

LatentModel::~LatentModel() = default;

std::string LatentModel::kind() const { return "latent"; }

void LatentModel::do_attach() {
  is_inner_bound_ = false;
  n_singular_directions_ = pool().is_sparse() && detail::is_crowded(pool()) ? kSingularDirections : 0;
}

Features LatentModel::latent_pool() {
  if (!pool().is_sparse()) return pool();
  return n_singular_directions_ > 0 ? detail::latent_rows(pool(), n_singular_directions_, executor())
                                    : detail::word_vector_rows(pool(), kDirections, executor());
}

void LatentModel::bind() {
  if (is_inner_bound_) return;
  inner_->attach(latent_pool(), n_classes(), shared_executor());
  is_inner_bound_ = true;
}

void LatentModel::do_update(std::span<const ItemIndex> items, MatrixView<const float> targets,
                            std::span<const float> weights) {
  bind();
  inner_->update(items, targets, weights);
}

void LatentModel::do_predict_proba(std::span<const ItemIndex> items, MatrixView<float> out) const {
  inner_->predict_proba(items, out);
}

void LatentModel::do_predict_out_of_fold(std::span<const ItemIndex> items, MatrixView<float> out) const {
  inner_->predict_out_of_fold(items, out);
}

std::shared_ptr<IncrementalModel> LatentModel::do_clone() const {
  return std::make_shared<LatentModel>(inner_->clone());
}

void LatentModel::do_save(SnapshotWriter& writer) const {
  writer.section("latent_model", 2);
  writer.write(n_singular_directions_);
  writer.write(is_inner_bound_);
  if (is_inner_bound_) inner_->save(writer);
}

void LatentModel::do_load(SnapshotReader& reader) {
  // The first version knew singular directions alone.
  const bool is_first = reader.section("latent_model", 2) == 1;
  const auto n_singular = is_first ? kSingularDirections : reader.get<std::int32_t>();
  require_sound(n_singular == 0 || n_singular == kSingularDirections, "latent_model: number of directions");
  n_singular_directions_ = n_singular;
  const auto is_bound = reader.get<bool>();
  require_sound(is_bound || !is_fitted(), "latent_model: fitted, but its inner model knows no pool");
  is_inner_bound_ = false;
  if (!is_bound) return;
  bind();
  inner_->load(reader);
  require_sound(inner_->is_fitted() == is_fitted(), "latent_model: its inner model is not at the same point");
}

}  // namespace gtlabel
