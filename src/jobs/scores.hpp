#pragma once

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "gtlabel/core/ids.hpp"
#include "gtlabel/core/views.hpp"
#include "gtlabel/models/incremental_model.hpp"
#include "gtlabel/routing/audit_ledgers.hpp"
#include "jobs/item_columns.hpp"

namespace gtlabel::detail {

/// Weight of the model's own word on how often it errs against what audits found, in errors.
inline constexpr double kRatioPrior = 2.0;

/// A model's present opinion of the items without a human answer, ascending.
struct Opinion {
  std::vector<ItemIndex> items;
  Matrix<float> probabilities;
  std::vector<float> confidence;  ///< of the most probable class, calibrated on the labelled items
  double accuracy = 0.0;          ///< out of fold, on the labelled items
};

/// @param closed_classes  that get no label, whatever the model thinks. Exceptions of the model pass through.
Opinion opinion_of(const IncrementalModel& model, const ItemColumns& items, std::span<const ClassIndex> closed_classes);

[[nodiscard]] ClassIndex best_class(std::span<const float> probabilities) noexcept;

/// The opinion of the labels that one ledger holds, or would hold.
struct Share {
  std::vector<ItemIndex> undecided;                  ///< by descending confidence
  std::vector<ClassIndex> best;                      ///< per undecided item
  std::vector<float> confidence;                     ///< per undecided item
  std::vector<std::pair<double, ItemIndex>> doubts;  ///< committed items by descending risk of being wrong
  double expected_wrong = 0.0;                       ///< among the committed

  /// Forgets the first n undecided items.
  void drop_front(std::ptrdiff_t n);
};

/// What to reckon with per undecided item: its chance of being wrong, times `ratio`.
[[nodiscard]] std::vector<double> risks_of(const Share& share, double ratio);

/// The opinion, sorted for decisions.
struct Scores {
  std::vector<ItemIndex> undecided;  ///< by descending confidence
  Matrix<float> probabilities;       ///< per undecided item
  std::vector<Share> shares;         ///< per ledger
  double accuracy = 0.0;             ///< out of fold, on the labelled items

  /// Forgets the undecided items that are committed by now; the shares have done so.
  void drop_committed(const ItemColumns& items);
};

/// Predicts all items without a human answer. Exceptions of the model pass through.
Scores score(const IncrementalModel& model, const ItemColumns& items, const AuditLedgers& ledgers,
             std::span<const ClassIndex> closed_classes);

}  // namespace gtlabel::detail
