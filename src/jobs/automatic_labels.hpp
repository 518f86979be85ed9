#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "gtlabel/jobs/commit_mode.hpp"
#include "gtlabel/routing/audit_ledgers.hpp"
#include "gtlabel/routing/certificate.hpp"
#include "gtlabel/routing/commit_plan.hpp"
#include "gtlabel/routing/target.hpp"
#include "jobs/item_columns.hpp"
#include "jobs/scores.hpp"

namespace gtlabel {
class SnapshotReader;
class SnapshotWriter;
}  // namespace gtlabel

namespace gtlabel::detail {

/// What a job labels by itself: what to commit, how far to audit it, and what to withdraw, so that what is delivered
/// meets the target at the least cost. Decided ledger by ledger (with ErrorTarget::per_class; else there is but one).
/// What is committed stands in the columns of the items; they belong to the job and are given to every call.
class AutomaticLabels {
 public:
  /// What could be done next in one ledger.
  struct Prospect {
    CommitPlan commit;
    std::vector<ItemIndex> doubtful;  ///< delivered labels to have checked instead, if that is cheaper
    double expected_humans = 0.0;     ///< still to come
    double audits_to_come = 0.0;      ///< of the commit
  };
  struct Outlook {
    std::vector<Prospect> prospects;  ///< per ledger
    double expected_humans = 0.0;     ///< still to come in all
    double expected_wrong = 0.0;      ///< among the delivered labels

    [[nodiscard]] bool is_promising() const;
    /// Of all commits that are expected to be certified.
    [[nodiscard]] double audits_to_come() const;
    [[nodiscard]] std::vector<ItemIndex> doubtful() const;
  };
  /// What is due at the next look of the audits at the end, and the ledgers whose audit has ended in vain.
  struct LookAtEnd {
    std::vector<ItemIndex> due;
    std::vector<std::size_t> failed;
  };
  /// Labels that were given up, and what the audits had said of them.
  struct Withdrawal {
    std::vector<ItemIndex> items;
    std::int64_t n_audited = 0, n_wrong = 0, wrong_at_most = 0;
  };

  /// @param failure_probability  of all ledgers; a ConfidenceThreshold has one ledger that keeps account only.
  AutomaticLabels(const Target& target, CommitMode commit, double failure_probability, int n_classes,
                  std::uint64_t coin_seed);

  [[nodiscard]] const AuditLedgers& ledgers() const noexcept { return ledgers_; }
  [[nodiscard]] const ErrorTarget* error_target() const noexcept { return std::get_if<ErrorTarget>(&target_); }
  [[nodiscard]] bool commits_at_end() const noexcept;
  [[nodiscard]] static bool is_committed(const ItemColumns& items, ItemIndex item) {
    return items.automatic[item] != kNoClass;
  }
  /// Whether the item has an automatic label that is not under audit and that no person has replaced.
  [[nodiscard]] bool is_delivered(const ItemColumns& items, ItemIndex item) const;
  [[nodiscard]] bool is_short_of_certificate(const ItemColumns& items) const {
    return !short_of_certificate(items).empty();
  }
  /// Ledgers that deliver what is not certified yet, though it has to be.
  [[nodiscard]] std::vector<std::size_t> short_of_certificate(const ItemColumns& items) const;
  /// Of the audits alone. @param reference  as for certify.
  [[nodiscard]] std::optional<Certificate> certificate(const ItemColumns& items, std::string_view reference) const;
  /// Whether a model that is never wrong could have n_left labels certified for less than labelling them costs.
  [[nodiscard]] bool could_certify(std::int64_t n_left, std::int64_t n_items) const;

  /// @param is_committing  training is over.
  [[nodiscard]] Outlook outlook(const ItemColumns& items, const Scores& scores, bool is_committing) const;
  /// What a person says of a committed item.
  void record(const ItemColumns& items, ItemIndex item, ClassIndex label);

  /// Commits and raises the audit levels as planned. @return the items that become due, perhaps none; nothing if there
  /// is nothing to gain in any ledger.
  std::optional<std::vector<ItemIndex>> advance(ItemColumns& items, Scores& scores, const Outlook& outlook,
                                                std::int64_t least_stage, std::int32_t round);
  /// Short of a certificate: withdraws what was committed since one was in hand, where that is cheaper than more
  /// audits. @return whether.
  bool fall_back(ItemColumns& items, const Scores& scores, const Outlook& outlook);
  /// Of several ledgers those that are short of a certificate and that neither audits nor mending are expected to bring
  /// it: the others must not wait for them.
  [[nodiscard]] std::vector<std::size_t> without_prospect(const ItemColumns& items, const Outlook& outlook) const;
  /// Withdraws all that these ledgers deliver.
  /// @param scores  gets the items back, at the end.
  Withdrawal give_up(ItemColumns& items, Scores& scores, std::span<const std::size_t> ledgers);
  /// Withdraws what is not proved. Nobody can be asked any more.
  void keep_proved(ItemColumns& items);
  /// Of one delivered label.
  void withdraw(ItemColumns& items, ItemIndex item);

  /// CommitMode::final: commits all undecided items to the exact audit of their ledger, where one is expected to pay.
  /// @return whether any was.
  bool begin_audit_at_end(ItemColumns& items, Scores& scores, std::int32_t round);
  /// The next look of every ledger that is short of a certificate, or the end of its audit: what that proved stays.
  LookAtEnd look_at_end(ItemColumns& items);
  /// After an audit at the end that proved nothing: whether there may be another.
  [[nodiscard]] bool may_audit_again() const;

  void save(SnapshotWriter& writer) const { ledgers_.save(writer); }
  /// @param items  restored already. @throws ArchiveError  what does not go with them.
  void load(SnapshotReader& reader, const ItemColumns& items);

 private:
  [[nodiscard]] AuditLedger& ledger_of(const ItemColumns& items, ItemIndex item) {
    return ledgers_[ledgers_.index_of(items.automatic[item])];
  }
  [[nodiscard]] bool is_certified(const ItemColumns& items, const AuditLedger& ledger) const;
  [[nodiscard]] bool is_short_of_certificate(const ItemColumns& items, const AuditLedger& ledger) const;
  [[nodiscard]] bool is_proved(const ItemColumns& items, const AuditFallback& fallback) const;
  /// The target of one ledger that commits are planned with.
  [[nodiscard]] ErrorTarget planning_target_of(const AuditLedger& ledger) const;
  /// Per ledger: errors that audits found, over what was predicted for the same labels when they were committed.
  [[nodiscard]] std::vector<double> audit_ratios(const ItemColumns& items) const;
  [[nodiscard]] AuditState audit_state(const ItemColumns& items, const AuditLedger& ledger, const Share& share) const;
  [[nodiscard]] CommitPlan plan(const ItemColumns& items, const AuditLedger& ledger, const Share& share, double ratio,
                                bool is_committing) const;
  [[nodiscard]] CommitPlan plan_at_end(const ItemColumns& items, const AuditLedger& ledger,
                                       std::span<const double> risks, bool is_committing) const;
  [[nodiscard]] Prospect prospect(const ItemColumns& items, const AuditLedger& ledger, const Share& share, double ratio,
                                  bool is_committing) const;
  /// Delivered labels whose check is expected to bring the certificate, the most doubtful first; none if there is a
  /// certificate or no such set.
  [[nodiscard]] std::vector<ItemIndex> doubtful(const ItemColumns& items, const AuditLedger& ledger,
                                                const Share& share) const;
  [[nodiscard]] bool is_worth_committing(const ItemColumns& items, const AuditLedger& ledger, const Share& share,
                                         const CommitPlan& plan) const;
  /// Notes the n surest undecided items of a share as automatic labels.
  static void label(ItemColumns& items, Share& share, std::int64_t n, std::int32_t round);
  bool fall_back(ItemColumns& items, AuditLedger& ledger, std::size_t n_undecided, double expected_humans);
  /// Withdraws of the present exact audit what it has not proved; all of an only one stays, for who tells why it goes.
  void keep_proved(ItemColumns& items, AuditLedger& ledger, const ExactAuditForecast& forecast);
  void withdraw(ItemColumns& items, AuditLedger& ledger, std::span<const ItemIndex> withdrawn);
  /// @throws ArchiveError  a ledger with what it cannot hold.
  void require_own(const ItemColumns& items, std::size_t ledger) const;

  Target target_;
  CommitMode commit_;
  AuditLedgers ledgers_;
};

}  // namespace gtlabel::detail
