#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "gtlabel/jobs/commit_mode.hpp"
#include "gtlabel/models/incremental_model.hpp"
#include "gtlabel/routing/audit_ledger.hpp"
#include "gtlabel/routing/exact_audit.hpp"
#include "gtlabel/routing/target.hpp"
#include "jobs/item_columns.hpp"
#include "jobs/scores.hpp"

namespace gtlabel::detail {

// CommitMode::final: one exact audit of a ledger's share of the undecided items, when training is over.

/// The part of a ledger's failure probability that its next exact audit takes: nine tenths of what earlier ones left,
/// so that items which join a finished job can have an audit of their own. All parts together are less than the whole.
[[nodiscard]] double part_for_next_audit(double failure_probability, std::size_t n_audits_before) noexcept;

/// The size of the dataset that would allow as many wrong labels as the target leaves for the next audit, of which
/// earlier ones may have used up `wrong_before`; without of = dataset, n_items.
[[nodiscard]] std::int64_t final_scope(const ErrorTarget& target, std::int64_t n_items, std::int64_t wrong_before);
/// What planning has to reckon with before the audit: the exact one needs fewer people than the anytime ledger.
/// @param target  of one ledger by itself.
[[nodiscard]] ErrorTarget final_planning_target(const ErrorTarget& target, std::size_t n_audits_before);

/// The mode of a job that was not told one: final with fixed probabilities where many errors will be found (a target of
/// the dataset) or the pool is large, because nothing is to be learned after the audit and it needs fewer people; of
/// few items it is the more likely to prove nothing. Else eager. docs/certificate.md has the figures.
[[nodiscard]] CommitMode usual_commit_mode(const Target& target, const IncrementalModel* model, std::int64_t n_items);

/// Whether labels change nothing of what the model says.
[[nodiscard]] bool is_fixed(const IncrementalModel& model);

/// Commits a share's whole ranking to an exact audit. @return false if none is expected to pay: nothing is changed.
/// @param ratio  errors found over predicted.
bool begin_final_audit(AuditLedger& ledger, const Share& share, double ratio, const ErrorTarget& target,
                       std::int64_t n_items);

/// How the audit of a ledger that has begun one is expected to go on.
[[nodiscard]] ExactAuditForecast final_forecast(const AuditLedger& ledger, const ItemColumns& items,
                                                const ErrorTarget& target);

}  // namespace gtlabel::detail
