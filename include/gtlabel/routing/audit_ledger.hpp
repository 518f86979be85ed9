#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "gtlabel/core/export.hpp"
#include "gtlabel/core/ids.hpp"
#include "gtlabel/core/random.hpp"
#include "gtlabel/routing/audit_bound.hpp"
#include "gtlabel/routing/exact_audit.hpp"

namespace gtlabel {

class SnapshotReader;
class SnapshotWriter;

/// What an audit ledger would state if the labels committed since an earlier moment were withdrawn.
struct AuditFallback {
  std::vector<ItemIndex> withdrawn;  ///< what would have to be withdrawn, in order of commit
  std::int64_t n_delivered = 0;      ///< what would be left
  std::int64_t wrong_at_most = 0;    ///< among those left
};

/// Proves how many of the automatic labels are wrong, by blind human checks of a random few.
///
/// Every item gets a private coin, uniform on (0, 1), when it is committed (given an automatic label that from then on
/// does not change). The audit level only grows; a committed item is due for audit as soon as its coin is at or below
/// the level. Then, whatever the model, the order and size of commits, the moments at which the level is raised, and
/// the moment one looks: with probability at least 1 - failure_probability over the coins, at all times at once,
///     wrong labels among the delivered  <=  wrong_at_most().
/// The proof is in docs/certificate.md. What keeps it true, and the caller must ensure: labels are fixed when
/// committed; whoever answers an audit does not see the label; nothing but the ledger knows coins that are above the
/// level.
///
/// An item that is due but not answered counts as an error found until it is answered, so the bound holds at every
/// moment. Not thread-safe.
class GTLABEL_EXPORT AuditLedger {
 public:
  /// @param failure_probability  in (0, 1).
  /// @param seed                 of the coins; they come from a stream that nothing else reads.
  explicit AuditLedger(double failure_probability = 0.05, std::uint64_t seed = 0);

  /// Tells beforehand how many of the labels are expected to be wrong, over how many the target allows: the closer, the
  /// fewer audits are needed. What is proved holds whatever was expected. Does not matter to exact audits.
  /// @throws InvalidState  after a commit, when coins are out; InvalidArgument  negative or NaN.
  void expect(double error_ratio);
  [[nodiscard]] const AuditPrior& prior() const noexcept { return prior_; }
  /// Whether nothing was ever committed, so that `expect` may still be told.
  [[nodiscard]] bool is_fresh() const noexcept { return entries_.empty(); }

  /// Gives each item a fresh coin. An item may be committed again only after it was withdrawn.
  /// @return those that are due for audit at once, in the order given. O(items).
  /// @throws InvalidState  an item that is committed already; InvalidArgument  a negative one, naming its row. Either
  /// way nothing is changed.
  std::vector<ItemIndex> commit(std::span<const ItemIndex> items);

  /// Commits a ranking, the surest first, to an exact audit instead (docs/certificate.md, "One exact audit at the
  /// end"): `design` says what is claimed of which first items and at which levels is looked. Then, except with
  /// `failure_probability`, wrong labels among the delivered <= wrong_at_most() at all times, where that is below
  /// n_delivered() once what lies beyond the proved prefix is withdrawn. Each call begins a new audit with a level of
  /// its own, from 0: the items of earlier ones are never due again, and what was proved of them stays. The failure
  /// probabilities of all calls add up. O(items).
  /// @throws InvalidState  a ledger with a plain commit, an item that is committed already, an earlier audit of which
  /// items are due; InvalidArgument  a design that does not fit. Either way nothing is changed.
  void commit_exactly(std::span<const ItemIndex> ranking, ExactAuditDesign design, double failure_probability);
  /// Audits begun by commit_exactly.
  [[nodiscard]] std::size_t n_exact_audits() const noexcept { return exact_.size(); }
  /// The last of them. It and what follows of it: @throws InvalidState  before commit_exactly.
  [[nodiscard]] const ExactAudit& exact_audit() const { return last_exact().audit; }
  /// Where it stands; O(its items).
  [[nodiscard]] ExactAuditProgress exact_progress() const;
  /// Its items, in the order of the ranking.
  [[nodiscard]] std::vector<ItemIndex> exact_ranking() const;
  /// Upper bound on the wrong labels that are delivered of earlier audits.
  [[nodiscard]] std::int64_t earlier_wrong_at_most() const;
  /// Its delivered items beyond a claim of its design: what is to be withdrawn to deliver its prefix alone.
  /// @throws InvalidArgument  a claim that there is not.
  [[nodiscard]] std::vector<ItemIndex> exact_open_beyond(std::size_t claim) const;

  /// Raises the audit level. @return the items that become due and are not answered yet, in order of commit.
  /// O(committed).
  /// @throws InvalidArgument  a level below the present one, or 1 and above.
  std::vector<ItemIndex> raise_level(double level);

  /// Tells what a human found about a committed item: due (an audit) or not (a free answer). Said again, the later
  /// counts.
  /// @return false if the item is not committed: nothing is changed. O(1).
  bool record(ItemIndex item, bool wrong);

  /// Takes back automatic labels without checking them; items that are due or answered stay. If nothing is left of what
  /// was committed since an earlier moment, what was proved then holds again (see fallbacks). O(committed).
  void withdraw(std::span<const ItemIndex> items);

  /// Upper bound on the wrong labels among the delivered ones; n_delivered() while nothing better is known.
  [[nodiscard]] std::int64_t wrong_at_most() const;

  /// The earlier moments to which `withdraw` can go back, the latest first: one per commit before which something was
  /// proved, the last kMaxStages at most. O(committed x stages).
  [[nodiscard]] std::vector<AuditFallback> fallbacks() const;
  static constexpr std::size_t kMaxStages = 32;

  /// Committed, not due, not answered, not withdrawn: the automatic labels that would be delivered now.
  [[nodiscard]] std::int64_t n_delivered() const noexcept { return n_delivered_; }
  /// Audits answered.
  [[nodiscard]] std::int64_t n_audited() const noexcept { return n_audited_; }
  /// Due and not answered.
  [[nodiscard]] std::int64_t n_due() const noexcept { return n_due_; }
  /// Audits that found a wrong label.
  [[nodiscard]] std::int64_t errors_found() const noexcept { return errors_found_; }
  /// Labels found wrong by free answers, their coins still above the level.
  [[nodiscard]] std::int64_t known_wrong() const noexcept { return known_wrong_; }
  [[nodiscard]] double level() const noexcept { return level_; }
  [[nodiscard]] double failure_probability() const noexcept { return failure_probability_; }

  /// Delivered items, in order of commit. O(committed).
  [[nodiscard]] std::vector<ItemIndex> delivered() const;
  /// Items due and not answered, in order of commit. O(committed).
  [[nodiscard]] std::vector<ItemIndex> due() const;
  /// Whether an item is among them. O(1).
  [[nodiscard]] bool is_delivered(ItemIndex item) const;
  /// Whether the item was due for audit and is answered. O(1).
  [[nodiscard]] bool is_audited(ItemIndex item) const;

  void save(SnapshotWriter& writer) const;
  /// @throws ArchiveError
  static AuditLedger load(SnapshotReader& reader);

 private:
  enum class Finding : std::uint8_t { unknown, right, wrong };
  struct Entry {
    ItemIndex item;
    double coin;
    Finding finding = Finding::unknown;
    bool withdrawn = false;
    bool due = false;  // its coin is at or below the level
  };

  /// An exact audit, and where its items begin among the entries.
  struct ExactStage {
    std::size_t begin;
    ExactAudit audit;
    double level = 0.0;
  };

  /// What was carried when `size` entries were committed, carried on for them alone.
  struct Stage {
    std::size_t size;
    std::int64_t carried;
  };

  void require_new(std::span<const ItemIndex> items) const;
  void add(ItemIndex item, std::vector<ItemIndex>& due);
  /// Entries of an exact audit: [begin, end).
  [[nodiscard]] std::size_t end_of(const ExactStage& stage) const noexcept;
  [[nodiscard]] const ExactStage& last_exact() const;
  [[nodiscard]] ExactAuditProgress progress_of(const ExactStage& stage) const;
  [[nodiscard]] std::int64_t exact_bound() const;
  [[nodiscard]] std::int64_t exact_bound(const ExactStage& stage) const;
  void load_exact(SnapshotReader& reader, std::uint32_t version);
  [[nodiscard]] double level_at(std::size_t entry) const noexcept;
  void mark_stage();
  void fall_back() noexcept;
  [[nodiscard]] static bool is_open(const Entry& entry) noexcept {
    return !entry.withdrawn && entry.finding == Finding::unknown;
  }
  void count(const Entry& entry, bool due, std::int64_t sign) noexcept;
  void tighten() noexcept;
  [[nodiscard]] std::int64_t martingale_bound() const noexcept;

  double failure_probability_;
  AuditPrior prior_;
  RandomStream coins_;
  std::uint64_t seed_;
  double level_ = 0.0;
  std::vector<Entry> entries_;                          // in order of commit; withdrawn ones stay
  std::unordered_map<ItemIndex, std::size_t> current_;  // the live entry of an item
  std::int64_t n_delivered_ = 0;
  std::int64_t n_due_ = 0;
  std::int64_t n_audited_ = 0;
  std::int64_t errors_found_ = 0;
  std::int64_t known_wrong_ = 0;  // answered without audit, and wrong
  // The best bound so far on the wrong labels among delivered and due items, carried along: a bound proved earlier
  // stays true while only audits follow, where the martingale's own bound may get worse.
  std::int64_t carried_ = 0;
  std::vector<Stage> stages_;  // by ascending size
  std::vector<ExactStage> exact_;
};

}  // namespace gtlabel
