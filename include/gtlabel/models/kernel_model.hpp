#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "gtlabel/core/export.hpp"
#include "gtlabel/models/incremental_model.hpp"

namespace gtlabel {

/// Regularised least-squares classification with a Gaussian kernel, that is Gaussian process regression on one-hot (or
/// soft) targets (Rifkin, Yeo and Poggio, "Regularized least-squares classification", 2003; Rasmussen and Williams,
/// "Gaussian processes for machine learning", 2006), for dense pools.
///
/// Rows: scaled, and beyond 128 columns projected to 64 principal directions, as for NeighborGraph. The targets are
/// regressed from the class prior, which decides where no label is near; a label of weight w has noise / w. Scores
/// become probabilities by a logistic regression on the score of a class and its logarithm, two coefficients shared by
/// all classes.
///
/// Out of fold: in closed form, leaving out one item rather than a fold; an item's own label enters neither its score
/// nor its prior, only the few numbers that all items share. Width and noise: the best squared leave-one-out error on a
/// grid, at first among all, later (when the labels have grown by a quarter) among the neighbours of the current ones,
/// judged on at most 512 labels.
///
/// Beyond kMaxLandmarks labels the function is spanned by the first kMaxLandmarks labelled items alone and still fitted
/// to all labels ("subset of regressors"), so that the cost per label stays bounded.
///
/// Sparse pools: every item gets the class prior, at no cost; in a Committee that changes next to nothing.
///
/// Cost of update: with n labels, m = min(n, kMaxLandmarks): new labels x m^2 for the factor, n m^2 where weights or
/// parameters have changed; beyond kMaxLandmarks also n m^2 for leave-one-out. Prediction: items x m x (columns +
/// classes), in blocks. Memory: m^2 doubles; beyond kMaxLandmarks n x m floats; beyond 128 columns items x 64 floats.
/// Strong guarantee. Threads as in IncrementalModel.
class GTLABEL_EXPORT KernelModel final : public IncrementalModel {
 public:
  KernelModel();
  ~KernelModel() override;

  [[nodiscard]] std::string kind() const override;

  static constexpr std::ptrdiff_t kMaxLandmarks = 1024;

 private:
  void do_attach() override;
  void do_update(std::span<const ItemIndex> items, MatrixView<const float> targets,
                 std::span<const float> weights) override;
  void do_predict_proba(std::span<const ItemIndex> items, MatrixView<float> out) const override;
  void do_predict_out_of_fold(std::span<const ItemIndex> items, MatrixView<float> out) const override;
  std::shared_ptr<IncrementalModel> do_clone() const override;
  void do_save(SnapshotWriter& writer) const override;
  void do_load(SnapshotReader& reader) override;

  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gtlabel
