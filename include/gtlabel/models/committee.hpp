#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gtlabel/core/export.hpp"
#include "gtlabel/models/incremental_model.hpp"

namespace gtlabel {

/// Several models that vote, with weights learned on their out-of-fold predictions: probabilities are a weighted
/// geometric mean ("logarithmic opinion pool", Heskes 1998), the weights (non-negative, free to sum to more than 1, so
/// that the committee is calibrated too) minimise the log loss on the labelled items. A member that does not help gets
/// weight 0, and after kPatience updates without weight it is left untrained until the labels have grown by half: then
/// it is taught everything and judged anew. The default model of a job. Guarantees of IncrementalModel hold as far as
/// they hold for the members.
class GTLABEL_EXPORT Committee final : public IncrementalModel {
 public:
  /// @param members  the models, unattached; empty: a SoftmaxRegression, a GraphModel and a ForestModel, and with a
  ///                 sparse pool instead of the graph a LatentModel of a committee of the first two. Given ones are
  ///                 shared with the caller, who must not train them meanwhile; the default ones are made anew by
  ///                 attach. @throws InvalidArgument  a null member.
  explicit Committee(std::vector<std::shared_ptr<IncrementalModel>> members = {});
  ~Committee() override;

  [[nodiscard]] const std::vector<std::shared_ptr<IncrementalModel>>& members() const noexcept { return members_; }
  /// Whether it chooses its members by the pool.
  [[nodiscard]] bool has_default_members() const noexcept { return has_default_members_; }
  /// One weight per member, of the last update; before it: equal.
  [[nodiscard]] const std::vector<double>& weights() const noexcept { return weights_; }

  [[nodiscard]] std::string kind() const override;

  static constexpr std::int32_t kPatience = 3;

 private:
  /// A member's run of updates without weight.
  struct Idleness {
    std::int32_t n_updates = 0;
    std::int64_t wakes_at = 0;  ///< number of labels at which it is trained again
  };

  /// The default members, by what they were when a snapshot was made.
  enum class DefaultMembers : std::int32_t {
    dense = 0,         ///< regression, graph, forest
    with_latent = 1,   ///< and a LatentModel of a regression, of sparse pools up to version 2 of the section
    latent_graph = 2,  ///< regression, forest and a LatentModel of a regression and a graph, of sparse pools
  };

  static std::vector<std::shared_ptr<IncrementalModel>> make(DefaultMembers members);
  void set_default_members(DefaultMembers members);
  void set_members(std::vector<std::shared_ptr<IncrementalModel>> members);
  [[nodiscard]] bool is_asleep(std::size_t member) const;
  void send_idle_members_to_sleep();

  void do_attach() override;
  void do_update(std::span<const ItemIndex> items, MatrixView<const float> targets,
                 std::span<const float> weights) override;
  void do_predict_proba(std::span<const ItemIndex> items, MatrixView<float> out) const override;
  void do_predict_out_of_fold(std::span<const ItemIndex> items, MatrixView<float> out) const override;
  std::shared_ptr<IncrementalModel> do_clone() const override;
  void do_save(SnapshotWriter& writer) const override;
  void do_load(SnapshotReader& reader) override;

  bool has_default_members_;
  DefaultMembers default_members_ = DefaultMembers::dense;
  std::vector<std::shared_ptr<IncrementalModel>> members_;
  std::vector<double> weights_;
  std::vector<Idleness> idleness_;  // one per member
};

}  // namespace gtlabel
