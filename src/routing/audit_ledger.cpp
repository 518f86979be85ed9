#include "gtlabel/routing/audit_ledger.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <unordered_set>

#include "gtlabel/core/error.hpp"
#include "gtlabel/routing/audit_bound.hpp"
#include "gtlabel/routing/target.hpp"
#include "gtlabel/storage/snapshot.hpp"

namespace gtlabel {

AuditLedger::AuditLedger(double failure_probability, std::uint64_t seed)
    : failure_probability_(failure_probability), coins_(seed, RandomPurpose::audit_coins), seed_(seed) {
  validate(ErrorTarget{.failure_probability = failure_probability});
}

std::vector<ItemIndex> AuditLedger::commit(std::span<const ItemIndex> items) {
  std::unordered_set<ItemIndex> given;
  for (std::size_t row = 0; row < items.size(); ++row) {
    const ItemIndex item = items[row];
    if (item < 0) {
      throw InvalidArgument(
          "items: row " + std::to_string(row) + " is " + std::to_string(item) + ", expected an item's index, 0 or more",
          ErrorCode::item_out_of_range);
    }
    if (current_.contains(item) || !given.insert(item).second) {
      throw InvalidState("audit ledger: item " + std::to_string(item) + " is committed already; withdraw it first");
    }
  }
  if (!items.empty()) mark_stage();
  std::vector<ItemIndex> due;
  for (const ItemIndex item : items) {
    const Entry entry{.item = item, .coin = coins_.uniform()};
    current_.emplace(item, entries_.size());
    entries_.push_back(entry);
    count(entry, is_due(entry), +1);
    if (is_due(entry)) due.push_back(item);
  }
  carried_ += static_cast<std::int64_t>(items.size());
  tighten();
  return due;
}

std::vector<ItemIndex> AuditLedger::raise_level(double level) {
  if (!(level >= level_ && level < 1.0)) {
    throw InvalidArgument("audit level: " + std::to_string(level) + " given, expected at least the present " +
                          std::to_string(level_) + " and below 1");
  }
  std::vector<ItemIndex> due;
  for (const Entry& entry : entries_) {
    if (entry.withdrawn || entry.coin <= level_ || entry.coin > level) continue;
    count(entry, false, -1);
    count(entry, true, +1);
    if (entry.finding == Finding::unknown) due.push_back(entry.item);
  }
  level_ = level;
  tighten();
  return due;
}

bool AuditLedger::record(ItemIndex item, bool wrong) {
  const auto place = current_.find(item);
  if (place == current_.end()) return false;
  Entry& entry = entries_[place->second];
  const Finding finding = wrong ? Finding::wrong : Finding::right;
  const bool is_correction = entry.finding != Finding::unknown && entry.finding != finding;
  const bool is_first_error = entry.finding == Finding::unknown && wrong;
  count(entry, is_due(entry), -1);
  entry.finding = finding;
  count(entry, is_due(entry), +1);
  if (is_first_error) {
    carried_ -= 1;
    for (Stage& stage : stages_) stage.carried -= place->second < stage.size ? 1 : 0;
    std::erase_if(stages_, [](const Stage& stage) { return stage.carried < 0; });  // refuted
  }
  // What was proved with the old answer is void: start again from "all may be wrong".
  if (is_correction) {
    carried_ = n_delivered_ + n_due_;
    stages_.clear();
  }
  tighten();
  return true;
}

void AuditLedger::withdraw(std::span<const ItemIndex> items) {
  for (const ItemIndex item : items) {
    const auto place = current_.find(item);
    if (place == current_.end()) continue;
    Entry& entry = entries_[place->second];
    if (is_due(entry) || entry.finding != Finding::unknown) continue;
    count(entry, false, -1);
    entry.withdrawn = true;
    current_.erase(place);
  }
  fall_back();
  tighten();
}

/// Remembers what is proved before more is committed.
void AuditLedger::mark_stage() {
  if (carried_ >= n_delivered_ + n_due_) return;  // nothing
  if (stages_.size() == kMaxStages) stages_.erase(stages_.begin());
  stages_.push_back({entries_.size(), carried_});
}

/// Leaves the stages behind which nothing is open any more.
void AuditLedger::fall_back() noexcept {
  std::size_t n_open = entries_.size();
  while (n_open > 0 && !is_open(entries_[n_open - 1])) --n_open;
  while (!stages_.empty() && n_open <= stages_.back().size) {
    carried_ = std::min(carried_, stages_.back().carried);
    stages_.pop_back();
  }
}

std::vector<AuditFallback> AuditLedger::fallbacks() const {
  std::vector<AuditFallback> fallbacks;
  for (auto stage = stages_.rbegin(); stage != stages_.rend(); ++stage) {
    AuditFallback fallback;
    bool is_possible = true;
    for (std::size_t e = 0; e < entries_.size(); ++e) {
      const Entry& entry = entries_[e];
      if (!is_open(entry)) continue;
      if (is_due(entry)) {
        is_possible = is_possible && e < stage->size;
      } else if (e < stage->size) {
        ++fallback.n_delivered;
      } else {
        fallback.withdrawn.push_back(entry.item);
      }
    }
    fallback.wrong_at_most = std::min({stage->carried, martingale_bound(), fallback.n_delivered});
    if (is_possible) fallbacks.push_back(std::move(fallback));
  }
  return fallbacks;
}

/// Adds (sign +1) or takes out (-1) what an entry contributes to the counts, due for audit or not.
void AuditLedger::count(const Entry& entry, bool due, std::int64_t sign) noexcept {
  const bool is_wrong = entry.finding == Finding::wrong;
  if (!due) {
    if (entry.finding == Finding::unknown) n_delivered_ += sign;
    if (is_wrong) known_wrong_ += sign;
  } else if (entry.finding == Finding::unknown) {
    n_due_ += sign;
  } else {
    n_audited_ += sign;
    if (is_wrong) errors_found_ += sign;
  }
}

std::int64_t AuditLedger::martingale_bound() const noexcept {
  const std::int64_t unfound = max_wrong_unfound(errors_found_ + n_due_, level_, failure_probability_);
  // More wrong labels are known than there should be at all: this is one of the few runs in which the bound fails.
  if (unfound < known_wrong_) return std::numeric_limits<std::int64_t>::max();
  return unfound - known_wrong_;
}

void AuditLedger::tighten() noexcept {
  const std::int64_t everything = n_delivered_ + n_due_;
  if (carried_ < 0 || carried_ > everything) carried_ = everything;  // refuted, or no news
  // While audits are out, the martingale's bound does not speak of the due items, which `carried_` includes.
  if (n_due_ == 0) carried_ = std::min(carried_, martingale_bound());
}

std::int64_t AuditLedger::wrong_at_most() const noexcept {
  return std::min({carried_, martingale_bound(), n_delivered_});
}

std::vector<ItemIndex> AuditLedger::delivered() const {
  std::vector<ItemIndex> items;
  items.reserve(static_cast<std::size_t>(n_delivered_));
  for (const Entry& entry : entries_) {
    if (!entry.withdrawn && !is_due(entry) && entry.finding == Finding::unknown) items.push_back(entry.item);
  }
  return items;
}

std::vector<ItemIndex> AuditLedger::due() const {
  std::vector<ItemIndex> items;
  for (const Entry& entry : entries_) {
    if (!entry.withdrawn && is_due(entry) && entry.finding == Finding::unknown) items.push_back(entry.item);
  }
  return items;
}

bool AuditLedger::is_delivered(ItemIndex item) const {
  const auto place = current_.find(item);
  if (place == current_.end()) return false;
  const Entry& entry = entries_[place->second];
  return !is_due(entry) && entry.finding == Finding::unknown;
}

bool AuditLedger::is_audited(ItemIndex item) const {
  const auto place = current_.find(item);
  if (place == current_.end()) return false;
  const Entry& entry = entries_[place->second];
  return is_due(entry) && entry.finding != Finding::unknown;
}

void AuditLedger::save(SnapshotWriter& writer) const {
  writer.section("audit_ledger", 1);
  writer.write(failure_probability_);
  writer.write(seed_);
  writer.write(coins_.position());
  writer.write(level_);
  writer.write(carried_);
  std::vector<std::int64_t> stage_sizes, stage_bounds;
  for (const Stage& stage : stages_) {
    stage_sizes.push_back(static_cast<std::int64_t>(stage.size));
    stage_bounds.push_back(stage.carried);
  }
  writer.write(std::span<const std::int64_t>(stage_sizes));
  writer.write(std::span<const std::int64_t>(stage_bounds));
  std::vector<std::int64_t> items;
  std::vector<double> coins;
  std::vector<std::uint8_t> states;
  for (const Entry& entry : entries_) {
    items.push_back(entry.item);
    coins.push_back(entry.coin);
    states.push_back(static_cast<std::uint8_t>(2 * static_cast<int>(entry.finding) + (entry.withdrawn ? 1 : 0)));
  }
  writer.write(std::span<const std::int64_t>(items));
  writer.write(std::span<const double>(coins));
  writer.write(std::span<const std::uint8_t>(states));
}

AuditLedger AuditLedger::load(SnapshotReader& reader) {
  reader.section("audit_ledger", 1);
  const auto failure_probability = reader.get<double>();
  require_sound(failure_probability > 0.0 && failure_probability < 1.0,
                "audit ledger: failure probability outside (0, 1)");
  const auto seed = reader.get<std::uint64_t>();
  const auto position = reader.get<std::uint64_t>();
  AuditLedger ledger(failure_probability, seed);
  ledger.coins_ = RandomStream(seed, RandomPurpose::audit_coins, position);
  reader.read(ledger.level_);
  require_sound(ledger.level_ >= 0.0 && ledger.level_ < 1.0, "audit ledger: level outside [0, 1)");
  reader.read(ledger.carried_);
  const auto stage_sizes = reader.get<std::vector<std::int64_t>>();
  const auto stage_bounds = reader.get<std::vector<std::int64_t>>();
  const auto items = reader.get<std::vector<std::int64_t>>();
  const auto coins = reader.get<std::vector<double>>();
  const auto states = reader.get<std::vector<std::uint8_t>>();
  require_sound(coins.size() == items.size() && states.size() == items.size(), "audit ledger: sizes do not agree");
  for (std::size_t i = 0; i < items.size(); ++i) {
    require_sound(items[i] >= 0, "audit ledger: a negative item");
    require_sound(coins[i] > 0.0 && coins[i] < 1.0, "audit ledger: a coin outside (0, 1)");
    require_sound(states[i] < 6, "audit ledger: an unknown state");
    const Entry entry{items[i], coins[i], static_cast<Finding>(states[i] / 2), states[i] % 2 == 1};
    if (!entry.withdrawn) {
      require_sound(ledger.current_.emplace(entry.item, i).second, "audit ledger: an item is committed twice");
      ledger.count(entry, ledger.is_due(entry), +1);
    }
    ledger.entries_.push_back(entry);
  }
  require_sound(ledger.carried_ >= 0 && ledger.carried_ <= ledger.n_delivered_ + ledger.n_due_,
                "audit ledger: a bound outside its range");
  require_sound(stage_sizes.size() == stage_bounds.size() && stage_sizes.size() <= kMaxStages &&
                    std::is_sorted(stage_sizes.begin(), stage_sizes.end()),
                "audit ledger: stages do not agree");
  for (std::size_t i = 0; i < stage_sizes.size(); ++i) {
    require_sound(stage_sizes[i] >= 0 && stage_sizes[i] < std::ssize(ledger.entries_) && stage_bounds[i] >= 0,
                  "audit ledger: a stage outside its range");
    ledger.stages_.push_back({static_cast<std::size_t>(stage_sizes[i]), stage_bounds[i]});
  }
  return ledger;
}

}  // namespace gtlabel
