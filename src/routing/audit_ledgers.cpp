#include "gtlabel/routing/audit_ledgers.hpp"

#include <cmath>
#include <string>

#include "gtlabel/core/error.hpp"
#include "gtlabel/core/random.hpp"
#include "gtlabel/storage/snapshot.hpp"

namespace gtlabel {
namespace {

double share_of(double failure_probability, std::size_t n_ledgers) {
  if (n_ledgers == 1) return failure_probability;
  return -std::expm1(std::log1p(-failure_probability) / static_cast<double>(n_ledgers));
}

/// Mixed, so that the ledgers of neighbouring seeds share no coins.
std::uint64_t seed_of(std::uint64_t seed, std::size_t ledger, std::size_t n_ledgers) {
  if (n_ledgers == 1) return seed;
  const auto words = philox4x32({static_cast<std::uint32_t>(ledger), 0, 0, 0},
                                {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)});
  return (std::uint64_t{words[1]} << 32) | words[0];
}

template <class Count>
std::int64_t sum(const std::vector<AuditLedger>& ledgers, Count count) {
  std::int64_t total = 0;
  for (const AuditLedger& ledger : ledgers) total += (ledger.*count)();
  return total;
}

template <class Items>
std::vector<ItemIndex> join(const std::vector<AuditLedger>& ledgers, Items items) {
  std::vector<ItemIndex> joined;
  for (const AuditLedger& ledger : ledgers) {
    const auto part = (ledger.*items)();
    joined.insert(joined.end(), part.begin(), part.end());
  }
  return joined;
}

}  // namespace

AuditLedgers::AuditLedgers(double failure_probability, std::size_t n_ledgers, std::uint64_t seed)
    : failure_probability_(failure_probability) {
  validate(ErrorTarget{.failure_probability = failure_probability});
  if (n_ledgers == 0) throw InvalidArgument("n_ledgers: 0 given, expected at least 1");
  const double share = share_of(failure_probability, n_ledgers);
  for (std::size_t i = 0; i < n_ledgers; ++i) ledgers_.emplace_back(share, seed_of(seed, i, n_ledgers));
}

ErrorTarget AuditLedgers::target_of_each(const ErrorTarget& target) const noexcept {
  return {
      .max_error = target.max_error, .failure_probability = ledgers_.front().failure_probability(), .of = target.of};
}

bool AuditLedgers::record(ItemIndex item, bool wrong) {
  for (AuditLedger& ledger : ledgers_) {
    if (ledger.record(item, wrong)) return true;
  }
  return false;
}

std::int64_t AuditLedgers::wrong_at_most() const { return sum(ledgers_, &AuditLedger::wrong_at_most); }
std::int64_t AuditLedgers::n_delivered() const noexcept { return sum(ledgers_, &AuditLedger::n_delivered); }
std::int64_t AuditLedgers::n_due() const noexcept { return sum(ledgers_, &AuditLedger::n_due); }
std::int64_t AuditLedgers::n_audited() const noexcept { return sum(ledgers_, &AuditLedger::n_audited); }
std::int64_t AuditLedgers::errors_found() const noexcept { return sum(ledgers_, &AuditLedger::errors_found); }

std::vector<ItemIndex> AuditLedgers::delivered() const { return join(ledgers_, &AuditLedger::delivered); }
std::vector<ItemIndex> AuditLedgers::due() const { return join(ledgers_, &AuditLedger::due); }

void AuditLedgers::save(SnapshotWriter& writer) const {
  for (const AuditLedger& ledger : ledgers_) ledger.save(writer);
}

void AuditLedgers::load(SnapshotReader& reader) {
  for (AuditLedger& ledger : ledgers_) {
    const double expected = ledger.failure_probability();
    ledger = AuditLedger::load(reader);
    // Not to the bit: the share of a ledger is computed, and another machine may round it otherwise.
    require_sound(std::fabs(ledger.failure_probability() - expected) <= 1e-9 * expected,
                  "audit ledger: another failure probability than the target's");
  }
}

}  // namespace gtlabel
