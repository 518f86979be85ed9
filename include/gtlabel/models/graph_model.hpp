#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "gtlabel/core/export.hpp"
#include "gtlabel/models/incremental_model.hpp"
#include "gtlabel/models/neighbor_graph.hpp"

namespace gtlabel {

struct GraphModelOptions {
  int n_neighbors = 10;          ///< of the graph, at least 1
  double label_strength = 10.0;  ///< pull of a label of weight 1, relative to that of all neighbours; above 0
  double prior_strength = 1e-3;  ///< pull of the class prior on every item, likewise; above 0
};

/// Laplace learning: probabilities that vary as little as possible along the pool's nearest-neighbour graph.
///
/// Minimises  sum_ij w_ij |f_i - f_j|^2 / 2 + label_strength sum_labelled weight_i d_i |f_i - y_i|^2
///            + prior_strength sum_i d_i |f_i - prior|^2
/// (Zhu, Ghahramani and Lafferty, ICML 2003, with soft labels as in Zhou et al., NIPS 2003, and a prior; d: degrees),
/// by block conjugate gradients over all classes, from the last solution. Soft constraints keep contradicting labels of
/// identical items sound; the prior decides where no label reaches.
///
/// Out of fold: each fold keeps a solution of its own that has never seen the fold's labels; all are solved together in
/// `update`; predict_out_of_fold reads.
///
/// Cost: attach O(1) beside the pool's fingerprint, so that a saved job is quickly at hand. The first update builds the
/// graph (see NeighborGraph), or takes the one it shares, and beyond NeighborGraph::kMaxExactItems items copies it in
/// the order of locality(); update: iterations x edges x classes x (1 + kFolds). Memory: n x classes x 2 x (1 + kFolds)
/// floats while updating, and n x 4 x min(classes, 16) per thread. Strong guarantee. Threads as in IncrementalModel.
class GTLABEL_EXPORT GraphModel final : public IncrementalModel {
 public:
  /// @param graph  a graph of the pool that will be attached, to share; null: built at the first update.
  /// @throws InvalidArgument  an option out of range.
  explicit GraphModel(const GraphModelOptions& options = {}, std::shared_ptr<const NeighborGraph> graph = {});
  ~GraphModel() override;

  [[nodiscard]] std::string kind() const override;
  /// Null before the first update unless given. A clone shares it when it is attached to an equal pool.
  [[nodiscard]] const std::shared_ptr<const NeighborGraph>& graph() const noexcept { return graph_; }

 private:
  void do_attach() override;
  void do_update(std::span<const ItemIndex> items, MatrixView<const float> targets,
                 std::span<const float> weights) override;
  void do_predict_proba(std::span<const ItemIndex> items, MatrixView<float> out) const override;
  void do_predict_out_of_fold(std::span<const ItemIndex> items, MatrixView<float> out) const override;
  std::shared_ptr<IncrementalModel> do_clone() const override;
  void do_save(SnapshotWriter& writer) const override;
  void do_load(SnapshotReader& reader) override;

  struct Network;
  struct State;
  const Network& network();

  GraphModelOptions options_;
  std::shared_ptr<const NeighborGraph> graph_;
  bool is_graph_given_ = false;          // by the caller: taken on trust
  std::uint64_t graph_fingerprint_ = 0;  // of the pool that graph_ is, or will be, built from
  std::unique_ptr<const Network> network_;
  std::unique_ptr<State> state_;
};

}  // namespace gtlabel
