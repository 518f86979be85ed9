#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "gtlabel/core/export.hpp"
#include "gtlabel/routing/target.hpp"

namespace gtlabel {

/// What an exact audit of a ranking is to show and when it looks. Fixed before the first coin is drawn; the proof in
/// docs/certificate.md rests on that. A plain value.
struct ExactAuditDesign {
  std::vector<std::int64_t> prefixes;  ///< per claim: of so many first items of the ranking, ascending; one prefix may
                                       ///< have several, with descending bounds
  std::vector<std::int64_t> bounds;    ///< per claim: at most so many of those labels are wrong
  std::vector<double> levels;          ///< the audit levels at which is looked, ascending, in (0, 1)
  /// Per look the part of the failure probability that it takes, with what those before it could not use, in all at
  /// most 1. Empty: the looks share it along a level line of log_audit_martingale, which lets the lucky stop early.
  std::vector<double> parts = {};
  /// The bounds, all the same, speak of those wrong labels alone that the look which proves a claim did not draw: what
  /// a target of the whole dataset asks for. Then no order of the claims has to be kept, and all may hold. Needs parts.
  bool of_undrawn = false;
};

/// @throws InvalidArgument  no claim or look, sizes that do not agree, values out of order or range.
GTLABEL_EXPORT void validate(const ExactAuditDesign& design, std::int64_t n_items);

/// The exact test of one claim, "at most `bound` of these `n_items` labels are wrong", at several looks at one growing
/// sample drawn without replacement: at look i the claim is accepted if at most the i-th number of the drawn labels are
/// wrong. If more than `bound` are wrong, the probability that any look accepts is at most `failure_probability`
/// (hypergeometric, computed look by look, no approximation). Of all such numbers those along a level line of
/// log_audit_martingale are taken, so that early looks accept few errors and later ones more. -1: that look accepts
/// nothing.
/// With `parts` each look takes its part by itself (ExactAuditDesign): then its number is the highest for which the
/// chance of accepting is at most that.
/// @param drawn  labels drawn by each look, not falling, at most n_items.
/// @throws InvalidArgument  parts, if any, and looks of different numbers.
/// Cost: O(looks x c^2), c the largest number; with parts O(looks x c log c). Thread-safe.
[[nodiscard]] GTLABEL_EXPORT std::vector<std::int64_t> acceptance_numbers(std::int64_t n_items,
                                                                          std::span<const std::int64_t> drawn,
                                                                          std::int64_t bound,
                                                                          double failure_probability,
                                                                          std::span<const double> parts = {});

/// The exact test of "at most `bound` of the labels up to here are wrong and not drawn", of all prefixes of a ranking
/// of `n_items` at once: if the i-th number is the highest that look i accepts, the probability that any look accepts
/// any prefix of which this is false is at most `failure_probability` (docs/certificate.md).
/// @param drawn  labels of the whole ranking drawn by each look, not falling, at most n_items.  @param bound  at least
/// 0.
/// @param parts  as in ExactAuditDesign.  @throws InvalidArgument  parts and looks of different numbers.
/// Cost: O(looks x c log c), c the largest number. Thread-safe.
[[nodiscard]] GTLABEL_EXPORT std::vector<std::int64_t> undrawn_acceptance_numbers(std::int64_t n_items,
                                                                                  std::span<const std::int64_t> drawn,
                                                                                  std::int64_t bound,
                                                                                  double failure_probability,
                                                                                  std::span<const double> parts);

/// Where the exact audit of one claim stands.
struct ClaimProgress {
  std::int64_t n_items = 0;    ///< size of the prefix
  std::int64_t bound = 0;      ///< the claim about it
  std::int64_t n_open = 0;     ///< its labels that would be delivered now
  std::int64_t n_wrong = 0;    ///< its labels known to be wrong
  std::int64_t n_counted = 0;  ///< of those drawn by the last look: wrong or not answered yet
};

/// Where an exact audit stands.
struct ExactAuditProgress {
  std::vector<ClaimProgress> claims;  ///< as in the design
  std::size_t n_looks = 0;            ///< looks so far
  std::size_t n_proved = 0;           ///< so many first claims hold
};

/// The tests of a design on one set of coins: a fixed sequence of claims, of which each counts only if all before it
/// were accepted (of_undrawn: which is so by itself). With probability at least 1 - failure_probability no accepted
/// claim is false. Not thread-safe.
class GTLABEL_EXPORT ExactAudit {
 public:
  /// @param coins  of the items, in the order of the ranking.
  ExactAudit(ExactAuditDesign design, std::span<const double> coins, double failure_probability);

  [[nodiscard]] const ExactAuditDesign& design() const noexcept { return design_; }
  [[nodiscard]] double failure_probability() const noexcept { return failure_probability_; }
  /// Looks up to an audit level.
  [[nodiscard]] std::size_t n_looks(double level) const noexcept;
  /// Wrong or unanswered labels with which a look accepts a claim.
  [[nodiscard]] std::int64_t acceptance(std::size_t claim, std::size_t look) const;
  /// So many first claims hold.
  /// @param counted  wrong or unanswered labels drawn of what each claim is about, claim by claim, per look.
  [[nodiscard]] std::size_t n_proved(std::span<const std::int64_t> counted, std::size_t n_looks) const;

 private:
  /// Where the numbers of a claim are kept.
  [[nodiscard]] std::size_t index_of(std::size_t claim) const noexcept { return design_.of_undrawn ? 0 : claim; }

  ExactAuditDesign design_;
  double failure_probability_;
  std::int64_t n_items_;
  std::vector<std::int64_t> drawn_;                            // claim by claim, per look; of_undrawn: of all items
  mutable std::vector<std::vector<std::int64_t>> acceptance_;  // per claim; computed when first asked for
};

/// How an exact audit is expected to go on.
struct ExactAuditForecast {
  std::optional<std::size_t> deliverable;  ///< the claim whose prefix could be delivered now
  bool goes_on = false;                    ///< whether another look is expected to save more people than it costs
  double expected_humans = 0.0;            ///< still to come: audits, and labels left to people
};

/// Compares stopping now with the looks still to come, at which what was found and `risks` make expect.
/// @param risks     predicted number of wrong labels among the open ones of each claim's prefix.
/// @param n_allowed wrong labels that may be delivered, however many are: with of = dataset, what earlier audits have
///                  left of the target; nothing: max_error times the number delivered.
[[nodiscard]] GTLABEL_EXPORT ExactAuditForecast forecast(const ExactAudit& audit, const ExactAuditProgress& progress,
                                                         std::span<const double> risks, double max_error,
                                                         std::optional<double> n_allowed);

/// A design for a ranking and a target of the automatic labels, or nothing if none is expected to pay.
/// @param risks   predicted probability of being wrong per item, the surest first.
/// @param failure_probability  of the audit; `target` is used for the rest.
[[nodiscard]] GTLABEL_EXPORT std::optional<ExactAuditDesign> design_exact_audit(std::span<const double> risks,
                                                                                const ErrorTarget& target,
                                                                                std::int64_t n_items,
                                                                                double failure_probability);

/// A design for a ranking of which, however much of it is delivered, at most `n_allowed` labels may be wrong: what a
/// target of the whole dataset asks for. Nothing if none is expected to pay.
/// Cost: some 10^4 steps of a hypergeometric sum (milliseconds).
[[nodiscard]] GTLABEL_EXPORT std::optional<ExactAuditDesign> design_dataset_audit(std::span<const double> risks,
                                                                                  std::int64_t n_allowed,
                                                                                  double failure_probability);

/// The target with which plan_commit foresees an exact audit: it needs fewer audits than the martingale.
[[nodiscard]] GTLABEL_EXPORT ErrorTarget planning_target(const ErrorTarget& target, double failure_probability);

}  // namespace gtlabel
