#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "gtlabel/core/export.hpp"
#include "gtlabel/models/incremental_model.hpp"

namespace gtlabel {

/// Another model, taught on what the words of a pool have in common: of a sparse pool it sees every item as the mean of
/// its words' vectors, scaled to length 1. A word is a column, and its vector says beside which other words it stands
/// more often than by chance (positive pointwise mutual information on its leading eigenvectors: Bullinaria and Levy,
/// "Extracting semantic representations from word co-occurrence statistics", Behavior Research Methods 2007). The
/// unlabelled items thereby say which words stand for each other, which is what a few hundred labelled texts cannot.
/// Only whether a word is there makes the vectors; values weigh the words of an item. Where rows hold more than half of
/// the columns presence says nothing, and the model sees the kSingularDirections leading singular directions of the
/// rows instead (latent semantic analysis, Deerwester et al., JASIS 41, 1990). A dense pool goes to the inner model as
/// it is.
///
/// Words are the 20,000 columns that most rows use, counted in an even sample of at most 20,000 items. Rows without any
/// known word are rows of zeros.
///
/// Cost: once, at the first update or at load, some four times the pairs of words that stand together (at most 50
/// million) x kDirections, a second or two on a core for 10,000 short texts; then that of the inner model. Memory:
/// items x kDirections numbers, and while they are made the pairs and four matrices of words x kDirections. extend
/// makes them anew and teaches all labels again. Otherwise guarantees and threads are those of the inner model.
class GTLABEL_EXPORT LatentModel final : public IncrementalModel {
 public:
  /// @param inner  unattached; null: a SoftmaxRegression. Shared with the caller, who must not train it meanwhile.
  explicit LatentModel(std::shared_ptr<IncrementalModel> inner = nullptr);
  ~LatentModel() override;

  [[nodiscard]] const std::shared_ptr<IncrementalModel>& inner() const noexcept { return inner_; }
  [[nodiscard]] std::string kind() const override;

  /// Length of the words' vectors, where the pool has as many words.
  static constexpr std::ptrdiff_t kDirections = 256;
  /// Of crowded pools, and of those in snapshots from before words had vectors.
  static constexpr std::int32_t kSingularDirections = 128;

 private:
  /// What the inner model sees.
  [[nodiscard]] Features latent_pool();
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
  std::int32_t n_singular_directions_ = 0;  // 0: vectors of words
};

}  // namespace gtlabel
