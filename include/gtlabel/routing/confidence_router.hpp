#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gtlabel/core/export.hpp"
#include "gtlabel/core/ids.hpp"
#include "gtlabel/core/views.hpp"
#include "gtlabel/routing/audit_ledgers.hpp"
#include "gtlabel/routing/target.hpp"

namespace gtlabel {

/// Who decides an item's label.
enum class Route : std::uint8_t {
  automatic = 0,  ///< the machine's label is taken
  human = 1,      ///< people are asked
  audit = 2,      ///< the machine's label was drawn for a blind check: people are asked
};

/// What a router decided about a set of items, and why.
struct Routing {
  std::vector<Route> routes;            ///< one per item
  std::vector<ClassIndex> class_index;  ///< the most probable class; of equal ones the first
  std::vector<float> confidence;        ///< its probability
  std::int64_t n_automatic = 0;
  std::int64_t n_audit = 0;
  std::int64_t n_human = 0;
  double threshold = 0.0;       ///< the least confidence among automatic and audit items; above 1 if there are none
  double audit_level = 0.0;     ///< share of the machine's labels that is drawn for audit, on average over the coins
  double expected_error = 0.0;  ///< mean of 1 - confidence over the automatic items
  std::string reason;           ///< one sentence for people
  /// With an ErrorTarget: the ledger, or with per_class one per class, in which the automatic and audit items are
  /// committed (items are row numbers). Record what people find for the audit items, then ask `certify`.
  std::optional<AuditLedgers> ledgers;
};

/// Turns probabilities and a target into routes, for one set of items at a time; it keeps no state.
///
/// - ConfidenceThreshold: automatic at or above the confidence, the rest human.
/// - ErrorTarget: the prefix of the ranking and the audit level that are expected to certify with the fewest humans
///   (plan_commit), taking the probabilities as calibrated. Wrong probabilities cost humans, never validity: the
///   certificate comes only from the audits' outcome, through the ledgers in the result (see docs/certificate.md). With
///   per_class so for the labels of each class by itself.
/// Thread-safe (const).
class GTLABEL_EXPORT ConfidenceRouter {
 public:
  /// @param seed  of the audit's coins: another one for every set of items, unknown to whoever made the probabilities.
  /// @throws InvalidArgument  a target outside its range.
  explicit ConfidenceRouter(Target target = ErrorTarget{}, std::uint64_t seed = 0);

  /// @param probabilities  items x classes, rows sum to 1 (tolerance 1e-3).
  /// Cost: O(items x classes + items log items).
  /// @throws InvalidArgument  NaN, negative, a row that does not sum to 1: names the row.
  [[nodiscard]] Routing route(MatrixView<const float> probabilities) const;

  [[nodiscard]] const Target& target() const noexcept { return target_; }
  [[nodiscard]] std::uint64_t seed() const noexcept { return seed_; }

 private:
  Target target_;
  std::uint64_t seed_;
};

/// "auto", "human", "audit".
[[nodiscard]] GTLABEL_EXPORT const char* to_string(Route route) noexcept;

}  // namespace gtlabel
