#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "gtlabel/core/export.hpp"
#include "gtlabel/models/incremental_model.hpp"

namespace gtlabel {

struct ForestModelOptions {
  int n_trees = 150;       ///< a positive multiple of kFolds, at most kMaxTrees
  std::uint64_t seed = 0;  ///< of the trees' random streams
};

/// Extremely randomised trees (Geurts, Ernst and Wehenkel, Machine Learning 63, 2006): best on tables, whose columns
/// may have any scale and meaning.
///
/// Each node draws sqrt(columns) + 2 columns that are not constant in it (fewer where most are) and one uniformly
/// random cut in the range of each, and keeps the cut with the purest sides (Gini, on the mass weight x target of each
/// class) until a leaf is of one class or its rows are equal. A leaf tells the shares of its classes, mixed with the
/// class prior by the mass of a twentieth of a label; the forest averages its leaves. Classes with less than a
/// thousandth of a row's largest target are left out.
///
/// Out of fold: tree t never sees the labels of fold t mod kFolds; predict_out_of_fold of an item asks exactly those
/// n_trees / kFolds trees, predict_proba asks all.
///
/// Sparse pools: trees look at the kMaxSparseColumns columns that most labelled rows have entries in, so memory stays
/// labels x kMaxSparseColumns. On text a SoftmaxRegression is better.
///
/// All trees are grown anew at each update, each from a random stream of its own, so the forest depends on the labels
/// and the seed alone: not on the order or the rounds in which labels came, nor on the executor. A snapshot holds the
/// options; after load the first prediction grows the trees again.
///
/// Cost of update: n_trees x labels x depth x sqrt(features). Memory: a copy of the labelled rows while updating,
/// and up to 2 x n_trees x labels nodes of 16 bytes. Cost of prediction: n_trees x depth per item. Strong guarantee.
/// Threads as in IncrementalModel.
class GTLABEL_EXPORT ForestModel final : public IncrementalModel {
 public:
  /// @throws InvalidArgument  n_trees no positive multiple of kFolds, or above kMaxTrees.
  explicit ForestModel(const ForestModelOptions& options = {});
  ~ForestModel() override;

  [[nodiscard]] std::string kind() const override;
  [[nodiscard]] const ForestModelOptions& options() const noexcept { return options_; }

  static constexpr int kMaxTrees = 1000;
  static constexpr std::ptrdiff_t kMaxSparseColumns = 512;

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
  /// The trees, grown now if they were not kept.
  [[nodiscard]] const State& state() const;

  ForestModelOptions options_;
  mutable std::unique_ptr<State> state_;
  mutable std::mutex growing_;
};

}  // namespace gtlabel
