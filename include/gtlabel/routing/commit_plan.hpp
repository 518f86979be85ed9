#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "gtlabel/core/export.hpp"
#include "gtlabel/routing/audit_bound.hpp"
#include "gtlabel/routing/target.hpp"

namespace gtlabel {

/// Where the audit of a pool stands: what planning has to know of a ledger. All zero before the first commit.
struct AuditState {
  double level = 0.0;
  std::int64_t delivered = 0;
  std::int64_t errors_found = 0;
  std::int64_t known_wrong = 0;  ///< delivered once, then found wrong without audit: the bound may subtract them
  double expected_wrong = 0.0;   ///< predicted wrong labels among the delivered
  bool is_certified = false;     ///< the target is met as things stand
  /// Of the ledger; nothing: it is fresh and will expect what is planned.
  std::optional<AuditPrior> prior = std::nullopt;
};

/// What to commit next and how hard to audit it, so that the fewest humans are expected in total.
struct CommitPlan {
  std::int64_t n_commit = 0;     ///< how many undecided items to commit, the most confident first
  double level = 0.0;            ///< audit level that is expected to certify them
  double expected_humans = 0.0;  ///< audits still to come + undecided items left to people
  double expected_wrong = 0.0;   ///< predicted wrong labels among the n_commit
  double error_ratio = 0.0;      ///< wrong labels expected over those allowed: what a fresh ledger is to expect
  bool certifies = false;        ///< whether a certificate is expected at all; if not, everything goes to people
};

/// Plans commits towards an error target: over prefixes of the undecided items ranked by confidence and audit levels,
/// the pair with the fewest expected humans among those whose expected audit result certifies. Nothing is guaranteed
/// here (the ledger does that): a bad prediction costs humans, never the certificate.
/// @param risks    predicted probability of being wrong per undecided item, ascending.
/// @param n_items  size of the pool.
/// Cost: O(items) + some 10^4 evaluations of the bound's formula (milliseconds).
[[nodiscard]] GTLABEL_EXPORT CommitPlan plan_commit(std::span<const double> risks, const AuditState& state,
                                                    const ErrorTarget& target, std::int64_t n_items);

/// The audits that a plan needs for `n_items` committed labels of which a share `error_rate` is wrong; a negative
/// number if no number of audits would do. What `ConfidenceThreshold` reports as the price of a certificate.
[[nodiscard]] GTLABEL_EXPORT double expected_audits(std::int64_t n_items, double error_rate, const ErrorTarget& target);

}  // namespace gtlabel
