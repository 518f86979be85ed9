#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "gtlabel/core/export.hpp"
#include "gtlabel/models/incremental_model.hpp"

namespace gtlabel {

/// Somebody else's probabilities as a model: the pool's features are the class probabilities of its items, one column
/// per class, and labels change nothing. A job of it asks people, audits and certifies as any other; the labels teach
/// how far the probabilities can be trusted (ConfidenceCalibration), the setting of Candes, Ilyas and Zrnic,
/// "Probably approximately correct labels", 2025.
///
/// In fold and out of fold are the same, so the labels of the pool must not have been used to make the probabilities.
///
/// Cost: attach reads the pool once, extend the new rows; update nothing; prediction copies. Threads as in
/// IncrementalModel. attach and extend throw InvalidArgument for a sparse pool, another number of columns than classes,
/// or a row that is no distribution (named; extend counts from its first new row). Strong guarantee.
class GTLABEL_EXPORT FixedProbabilities final : public IncrementalModel {
 public:
  [[nodiscard]] std::string kind() const override;

 private:
  void do_attach() override;
  void do_extend(std::ptrdiff_t n_known) override;
  void do_update(std::span<const ItemIndex> items, MatrixView<const float> targets,
                 std::span<const float> weights) override;
  void do_predict_proba(std::span<const ItemIndex> items, MatrixView<float> out) const override;
  void do_predict_out_of_fold(std::span<const ItemIndex> items, MatrixView<float> out) const override;
  std::shared_ptr<IncrementalModel> do_clone() const override;
};

}  // namespace gtlabel
