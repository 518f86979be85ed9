#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "gtlabel/core/export.hpp"
#include "gtlabel/models/incremental_model.hpp"

namespace gtlabel {

/// Another model, taught on what the words of a pool have in common: of a sparse pool it sees the leading singular
/// directions of the whole pool (latent semantic analysis, Deerwester et al., "Indexing by latent semantic analysis",
/// JASIS 41, 1990), rows scaled to length 1 before and after. The unlabelled items thereby say which words stand for
/// each other, which is what a few hundred labelled texts cannot. A dense pool goes to the inner model as it is.
///
/// The directions are found by subspace iteration (Halko, Martinsson and Tropp, "Finding structure with randomness",
/// SIAM Review 2011, section 4.5) on an even sample of at most 20,000 items; a column with less than two entries in it
/// has none. Rows without any known column are rows of zeros.
///
/// Cost: once, at the first update or at load, some 10 passes over the sample's entries x directions, and one over the
/// pool's; then that of the inner model. Memory: items x kDirections numbers, and while they are made columns x
/// kDirections. extend makes them anew and teaches all labels again. Otherwise guarantees and threads are those of the
/// inner model.
class GTLABEL_EXPORT LatentModel final : public IncrementalModel {
 public:
  /// @param inner  unattached; null: a SoftmaxRegression. Shared with the caller, who must not train it meanwhile.
  explicit LatentModel(std::shared_ptr<IncrementalModel> inner = nullptr);
  ~LatentModel() override;

  [[nodiscard]] const std::shared_ptr<IncrementalModel>& inner() const noexcept { return inner_; }
  [[nodiscard]] std::string kind() const override;

  /// Directions, where pool and columns have as many.
  static constexpr std::ptrdiff_t kDirections = 128;

 private:
  /// Attaches the inner model to the directions, if that is not done yet.
  void bind();

  void do_attach() override;
  void do_update(std::span<const ItemIndex> items, MatrixView<const float> targets,
                 std::span<const float> weights) override;
  void do_predict_proba(std::span<const ItemIndex> items, MatrixView<float> out) const override;
  void do_predict_out_of_fold(std::span<const ItemIndex> items, MatrixView<float> out) const override;
  std::shared_ptr<IncrementalModel> do_clone() const override;
  void do_save(SnapshotWriter& writer) const override;
  void do_load(SnapshotReader& reader) override;

  std::shared_ptr<IncrementalModel> inner_;
  bool is_inner_bound_ = false;
};

}  // namespace gtlabel
