#pragma once

#include <memory>
#include <string>

#include "gtlabel/core/export.hpp"
#include "gtlabel/models/incremental_model.hpp"

namespace gtlabel {

struct SoftmaxRegressionOptions {
  /// Strength of the penalty l2 / 2 |W|^2 against the summed cross-entropy of the labels, where the rows of the pool
  /// are scaled to a mean squared norm of 1. 0: chosen out of fold, and chosen again as the labels grow.
  double l2 = 0.0;
};

/// Multinomial logistic regression on dense and sparse pools, with soft targets and weights.
///
/// Columns are scaled by column_scaling. The intercept is not penalised; targets are smoothed by the mass of one
/// observation in all, equally of all classes, so that a class without labels has a small positive probability. The
/// optimum is sought by L-BFGS from the last one. Dense pools: on their principal directions, where the diagonal of the
/// Hessian says how far to step; of more than kDirections columns only the leading directions, as long as there are
/// fewer labels than twice the columns. Sparse pools: in the span of the labelled rows.
///
/// Out of fold: each fold keeps a fit of its own, which starts from its own last fit and has never seen a label of the
/// fold, so nothing leaks however early an optimisation stops. Folds are refitted in `update`; predict_out_of_fold
/// reads. Strength: the best out-of-fold cross-entropy on a grid of half decades, at first among all, later (when the
/// labels have grown by a quarter) among the neighbours of the current one.
///
/// Cost of attach (dense): kDirections x features x a sample of 4,096 rows. Cost of update: (1 + kFolds) fits, each
/// iterations x 2 x labels x (directions, or entries of a sparse row) x classes. Memory: labels x directions besides.
/// Strong guarantee. Threads as in IncrementalModel.
class GTLABEL_EXPORT SoftmaxRegression final : public IncrementalModel {
 public:
  /// @throws InvalidArgument  l2 negative or not finite.
  explicit SoftmaxRegression(const SoftmaxRegressionOptions& options = {});
  ~SoftmaxRegression() override;

  [[nodiscard]] std::string kind() const override;
  /// The strength in use: the option, or the last choice; 0 before the first update.
  [[nodiscard]] double l2() const noexcept;
  [[nodiscard]] const SoftmaxRegressionOptions& options() const noexcept { return options_; }

  static constexpr std::ptrdiff_t kDirections = 128;

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
  SoftmaxRegressionOptions options_;
  std::unique_ptr<State> state_;
};

}  // namespace gtlabel
