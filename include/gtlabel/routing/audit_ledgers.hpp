#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "gtlabel/core/export.hpp"
#include "gtlabel/core/ids.hpp"
#include "gtlabel/routing/audit_ledger.hpp"
#include "gtlabel/routing/target.hpp"

namespace gtlabel {

/// The ledgers of one pool: one for all automatic labels, or one for each class's (ErrorTarget::per_class). Each has
/// its own coins, level and bound, and all bounds hold at once, with probability at least 1 - failure_probability. For
/// that each of n ledgers keeps 1 - (1 - failure_probability)^(1/n), of which docs/certificate.md proves that no larger
/// probability would do. An item is to be committed in one ledger at a time. Not thread-safe.
class GTLABEL_EXPORT AuditLedgers {
 public:
  /// @param failure_probability  in (0, 1), of all ledgers together.
  /// @param n_ledgers            at least 1.
  /// @param seed                 of the coins; a single ledger has those of AuditLedger(failure_probability, seed).
  /// @throws InvalidArgument
  explicit AuditLedgers(double failure_probability = 0.05, std::size_t n_ledgers = 1, std::uint64_t seed = 0);

  [[nodiscard]] std::size_t size() const noexcept { return ledgers_.size(); }
  [[nodiscard]] AuditLedger& operator[](std::size_t ledger) noexcept { return ledgers_[ledger]; }
  [[nodiscard]] const AuditLedger& operator[](std::size_t ledger) const noexcept { return ledgers_[ledger]; }
  [[nodiscard]] auto begin() const noexcept { return ledgers_.begin(); }
  [[nodiscard]] auto end() const noexcept { return ledgers_.end(); }

  /// The ledger of the labels that name a class.
  [[nodiscard]] std::size_t index_of(ClassIndex label) const noexcept {
    return ledgers_.size() == 1 ? 0 : static_cast<std::size_t>(label);
  }
  /// What each ledger by itself has to meet, so that all of them meet `target`.
  [[nodiscard]] ErrorTarget target_of_each(const ErrorTarget& target) const noexcept;

  /// AuditLedger::record in the ledger that holds the item. @return false if none does. O(ledgers).
  bool record(ItemIndex item, bool wrong);

  // Sums over the ledgers, O(ledgers). The sum of the bounds bounds all wrong labels, because they hold at once.
  [[nodiscard]] std::int64_t wrong_at_most() const;
  [[nodiscard]] std::int64_t n_delivered() const noexcept;
  [[nodiscard]] std::int64_t n_due() const noexcept;
  [[nodiscard]] std::int64_t n_audited() const noexcept;
  [[nodiscard]] std::int64_t errors_found() const noexcept;
  [[nodiscard]] double failure_probability() const noexcept { return failure_probability_; }

  /// Delivered items of all ledgers, one ledger after the other, in order of commit. O(committed).
  [[nodiscard]] std::vector<ItemIndex> delivered() const;
  /// Items due and not answered, likewise.
  [[nodiscard]] std::vector<ItemIndex> due() const;

  void save(SnapshotWriter& writer) const;
  /// Into ledgers made with the same failure probability and number. @throws ArchiveError
  void load(SnapshotReader& reader);

 private:
  double failure_probability_;
  std::vector<AuditLedger> ledgers_;
};

}  // namespace gtlabel
