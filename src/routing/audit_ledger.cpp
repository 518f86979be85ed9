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
namespace {

/// In snapshots.
constexpr double kNothingExpected = -1.0;

}  // namespace

AuditLedger::AuditLedger(double failure_probability, std::uint64_t seed)
    : failure_probability_(failure_probability), coins_(seed, RandomPurpose::audit_coins), seed_(seed) {
  validate(ErrorTarget{.failure_probability = failure_probability});
}

void AuditLedger::expect(double error_ratio) {
  if (!is_fresh()) throw InvalidState("audit ledger: expect after a commit, expected before the first");
  prior_ = AuditPrior(error_ratio);
}

void AuditLedger::require_new(std::span<const ItemIndex> items) const {
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
}

/// With a fresh coin.
void AuditLedger::add(ItemIndex item, std::vector<ItemIndex>& due) {
  Entry entry{.item = item, .coin = coins_.uniform()};
  entry.due = entry.coin <= level_;
  current_.emplace(item, entries_.size());
  entries_.push_back(entry);
  count(entry, entry.due, +1);
  if (entry.due) due.push_back(item);
}

std::vector<ItemIndex> AuditLedger::commit(std::span<const ItemIndex> items) {
  require_new(items);
  if (!exact_.empty()) throw InvalidState("audit ledger: a plain commit after an exact one, expected commit_exactly");
  if (!items.empty()) mark_stage();
  std::vector<ItemIndex> due;
  for (const ItemIndex item : items) add(item, due);
  carried_ += static_cast<std::int64_t>(items.size());
  tighten();
  return due;
}

void AuditLedger::commit_exactly(std::span<const ItemIndex> ranking, ExactAuditDesign design,
                                 double failure_probability) {
  require_new(ranking);
  validate(design, std::ssize(ranking));
  validate(ErrorTarget{.failure_probability = failure_probability});
  if (exact_.empty() && !entries_.empty()) {
    throw InvalidState("audit ledger: an exact commit after a plain one, expected a ledger of its own");
  }
  if (n_due_ > 0)
    throw InvalidState("audit ledger: an exact commit while audits are out, expected their answers first");
  std::vector<ItemIndex> none_due;
  level_ = 0.0;  // of the new audit alone
  const std::size_t begin = entries_.size();
  for (const ItemIndex item : ranking) add(item, none_due);
  std::vector<double> coins;
  for (std::size_t e = begin; e < entries_.size(); ++e) coins.push_back(entries_[e].coin);
  exact_.push_back({begin, ExactAudit(std::move(design), coins, failure_probability)});
}

std::vector<ItemIndex> AuditLedger::raise_level(double level) {
  if (!(level >= level_ && level < 1.0)) {
    throw InvalidArgument("audit level: " + std::to_string(level) + " given, expected at least the present " +
                          std::to_string(level_) + " and below 1");
  }
  std::vector<ItemIndex> due;
  for (std::size_t e = exact_.empty() ? 0 : exact_.back().begin; e < entries_.size(); ++e) {
    Entry& entry = entries_[e];
    if (entry.withdrawn || entry.due || entry.coin > level) continue;
    count(entry, false, -1);
    count(entry, true, +1);
    entry.due = true;
    if (entry.finding == Finding::unknown) due.push_back(entry.item);
  }
  level_ = level;
  if (!exact_.empty()) exact_.back().level = level;
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
  count(entry, entry.due, -1);
  entry.finding = finding;
  count(entry, entry.due, +1);
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
    if (entry.due || entry.finding != Finding::unknown) continue;
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
      if (entry.due) {
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
  const std::int64_t unfound = max_wrong_unfound(errors_found_ + n_due_, level_, failure_probability_, prior_);
  // More wrong labels are known than there should be at all: this is one of the few runs in which the bound fails.
  if (unfound < known_wrong_) return std::numeric_limits<std::int64_t>::max();
  return unfound - known_wrong_;
}

void AuditLedger::tighten() noexcept {
  if (!exact_.empty()) {  // nothing is carried
    carried_ = 0;
    return;
  }
  const std::int64_t everything = n_delivered_ + n_due_;
  if (carried_ < 0 || carried_ > everything) carried_ = everything;  // refuted, or no news
  // While audits are out, the martingale's bound does not speak of the due items, which `carried_` includes.
  if (n_due_ == 0) carried_ = std::min(carried_, martingale_bound());
}

std::size_t AuditLedger::end_of(const ExactStage& stage) const noexcept {
  const std::size_t next = static_cast<std::size_t>(&stage - exact_.data()) + 1;
  return next < exact_.size() ? exact_[next].begin : entries_.size();
}

ExactAuditProgress AuditLedger::progress_of(const ExactStage& stage) const {
  const ExactAuditDesign& design = stage.audit.design();
  const std::size_t n_levels = design.levels.size();
  ExactAuditProgress progress;
  progress.n_looks = stage.audit.n_looks(stage.level);
  std::vector<std::int64_t> counted(design.prefixes.size() * n_levels, 0);
  std::size_t e = stage.begin;
  ClaimProgress so_far;
  for (std::size_t p = 0; p < design.prefixes.size(); ++p) {
    for (; e < stage.begin + static_cast<std::size_t>(design.prefixes[p]); ++e) {
      const Entry& entry = entries_[e];
      if (is_open(entry) && !entry.due) ++so_far.n_open;
      if (entry.finding == Finding::wrong) ++so_far.n_wrong;
      // What is not known to be right counts as wrong, also if it was withdrawn before its coin came up.
      if (entry.finding == Finding::right) continue;
      const auto look = std::lower_bound(design.levels.begin(), design.levels.end(), entry.coin);
      for (auto l = static_cast<std::size_t>(look - design.levels.begin()); l < n_levels; ++l) {
        ++counted[p * n_levels + l];
      }
    }
    for (std::size_t l = 0; l < n_levels && p > 0; ++l) counted[p * n_levels + l] += counted[(p - 1) * n_levels + l];
    so_far.n_items = design.prefixes[p];
    so_far.bound = design.bounds[p];
    so_far.n_counted = progress.n_looks > 0 ? counted[p * n_levels + progress.n_looks - 1] : 0;
    progress.claims.push_back(so_far);
  }
  progress.n_proved = stage.audit.n_proved(counted, progress.n_looks);
  return progress;
}

const AuditLedger::ExactStage& AuditLedger::last_exact() const {
  if (exact_.empty()) throw InvalidState("audit ledger: no exact audit, expected commit_exactly before");
  return exact_.back();
}

ExactAuditProgress AuditLedger::exact_progress() const { return progress_of(last_exact()); }

std::vector<ItemIndex> AuditLedger::exact_ranking() const {
  std::vector<ItemIndex> ranking;
  for (std::size_t e = last_exact().begin; e < entries_.size(); ++e) ranking.push_back(entries_[e].item);
  return ranking;
}

std::int64_t AuditLedger::earlier_wrong_at_most() const {
  return exact_.empty() ? 0 : exact_bound() - exact_bound(exact_.back());
}

std::vector<ItemIndex> AuditLedger::exact_open_beyond(std::size_t claim) const {
  const ExactStage& stage = last_exact();
  if (claim >= stage.audit.design().prefixes.size()) {
    throw InvalidArgument("claim: " + std::to_string(claim) + " given, expected 0 to " +
                          std::to_string(stage.audit.design().prefixes.size() - 1));
  }
  std::vector<ItemIndex> beyond;
  for (auto e = stage.begin + static_cast<std::size_t>(stage.audit.design().prefixes[claim]); e < entries_.size();
       ++e) {
    if (is_open(entries_[e]) && !entries_[e].due) beyond.push_back(entries_[e].item);
  }
  return beyond;
}

std::int64_t AuditLedger::exact_bound(const ExactStage& stage) const {
  const ExactAuditProgress progress = progress_of(stage);
  const std::int64_t n_open = progress.claims.back().n_open;
  std::int64_t bound = n_open;
  // Every proved prefix that holds all open items speaks of them; beyond the last prefix there may be some, too.
  std::int64_t n_beyond = 0;
  for (auto e = stage.begin + static_cast<std::size_t>(progress.claims.back().n_items); e < end_of(stage); ++e) {
    if (is_open(entries_[e]) && !entries_[e].due) ++n_beyond;
  }
  for (std::size_t p = 0; p < progress.n_proved; ++p) {
    const ClaimProgress& prefix = progress.claims[p];
    const std::int64_t n_known = stage.audit.design().of_undrawn ? 0 : prefix.n_wrong;
    if (n_known > prefix.bound) continue;  // refuted: one of the few audits that fail
    bound = std::min(bound, prefix.bound - n_known + (n_open - prefix.n_open));
  }
  return bound + n_beyond;
}

/// The sum over the audits, each of which speaks of its own items.
std::int64_t AuditLedger::exact_bound() const {
  std::int64_t bound = 0;
  for (const ExactStage& stage : exact_) bound += exact_bound(stage);
  return bound;
}

std::int64_t AuditLedger::wrong_at_most() const {
  if (!exact_.empty()) return std::min(exact_bound(), n_delivered_);
  return std::min({carried_, martingale_bound(), n_delivered_});
}

std::vector<ItemIndex> AuditLedger::delivered() const {
  std::vector<ItemIndex> items;
  items.reserve(static_cast<std::size_t>(n_delivered_));
  for (const Entry& entry : entries_) {
    if (!entry.withdrawn && !entry.due && entry.finding == Finding::unknown) items.push_back(entry.item);
  }
  return items;
}

std::vector<ItemIndex> AuditLedger::due() const {
  std::vector<ItemIndex> items;
  for (const Entry& entry : entries_) {
    if (!entry.withdrawn && entry.due && entry.finding == Finding::unknown) items.push_back(entry.item);
  }
  return items;
}

bool AuditLedger::is_delivered(ItemIndex item) const {
  const auto place = current_.find(item);
  if (place == current_.end()) return false;
  const Entry& entry = entries_[place->second];
  return !entry.due && entry.finding == Finding::unknown;
}

bool AuditLedger::is_audited(ItemIndex item) const {
  const auto place = current_.find(item);
  if (place == current_.end()) return false;
  const Entry& entry = entries_[place->second];
  return entry.due && entry.finding != Finding::unknown;
}

void AuditLedger::save(SnapshotWriter& writer) const {
  writer.section("audit_ledger", 4);
  writer.write(failure_probability_);
  writer.write(prior_.error_ratio().value_or(kNothingExpected));
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
  // Since version 2.
  writer.write(static_cast<std::int64_t>(exact_.size()));
  for (const ExactStage& stage : exact_) {
    writer.write(static_cast<std::int64_t>(stage.begin));
    writer.write(stage.level);
    writer.write(stage.audit.failure_probability());
    writer.write(std::span<const std::int64_t>(stage.audit.design().prefixes));
    writer.write(std::span<const std::int64_t>(stage.audit.design().bounds));
    writer.write(std::span<const double>(stage.audit.design().levels));
    // Since version 4.
    writer.write(std::span<const double>(stage.audit.design().parts));
    writer.write(static_cast<std::int64_t>(stage.audit.design().of_undrawn));
  }
}

double AuditLedger::level_at(std::size_t entry) const noexcept {
  double level = level_;
  for (const ExactStage& stage : exact_) {
    if (stage.begin <= entry) level = stage.level;
  }
  return level;
}

void AuditLedger::load_exact(SnapshotReader& reader, std::uint32_t version) {
  const auto n_stages = reader.get<std::int64_t>();
  require_sound(n_stages >= 0 && n_stages <= std::ssize(entries_), "audit ledger: number of exact audits");
  struct Loaded {
    std::size_t begin;
    double level, failure_probability;
    ExactAuditDesign design;
  };
  std::vector<Loaded> loaded;
  double spent = 0.0;
  for (std::int64_t i = 0; i < n_stages; ++i) {
    const auto begin = reader.get<std::int64_t>();
    const std::int64_t least = loaded.empty() ? 0 : static_cast<std::int64_t>(loaded.back().begin) + 1;
    require_sound(begin < std::ssize(entries_) && (loaded.empty() ? begin == 0 : begin >= least),
                  "audit ledger: begin of an exact audit");
    const auto level = reader.get<double>();
    const auto failure_probability = reader.get<double>();
    require_sound(level >= 0.0 && level < 1.0 && failure_probability > 0.0 && failure_probability < 1.0,
                  "audit ledger: level or failure probability of an exact audit");
    spent += failure_probability;
    require_sound(spent <= failure_probability_ * (1.0 + 1e-9), "audit ledger: exact audits that may fail too often");
    ExactAuditDesign design;
    reader.read(design.prefixes);
    reader.read(design.bounds);
    reader.read(design.levels);
    if (version >= 4) {
      reader.read(design.parts);
      design.of_undrawn = reader.get<std::int64_t>() != 0;
    }
    loaded.push_back({static_cast<std::size_t>(begin), level, failure_probability, std::move(design)});
  }
  require_sound(loaded.empty() || loaded.back().level == level_, "audit ledger: level of the last exact audit");
  for (std::size_t i = 0; i < loaded.size(); ++i) {
    const std::size_t end = i + 1 < loaded.size() ? loaded[i + 1].begin : entries_.size();
    std::vector<double> coins;
    for (std::size_t e = loaded[i].begin; e < end; ++e) coins.push_back(entries_[e].coin);
    try {
      exact_.push_back({loaded[i].begin, ExactAudit(std::move(loaded[i].design), coins, loaded[i].failure_probability),
                        loaded[i].level});
    } catch (const InvalidArgument& error) {
      require_sound(false, error.what());
    }
  }
}

AuditLedger AuditLedger::load(SnapshotReader& reader) {
  const auto version = reader.section("audit_ledger", 4);
  const auto failure_probability = reader.get<double>();
  require_sound(failure_probability > 0.0 && failure_probability < 1.0,
                "audit ledger: failure probability outside (0, 1)");
  const double error_ratio = version >= 3 ? reader.get<double>() : kNothingExpected;
  require_sound(error_ratio >= 0.0 || error_ratio == kNothingExpected, "audit ledger: a negative expectation");
  const auto seed = reader.get<std::uint64_t>();
  const auto position = reader.get<std::uint64_t>();
  AuditLedger ledger(failure_probability, seed);
  if (error_ratio >= 0.0) ledger.expect(error_ratio);
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
    ledger.entries_.push_back({items[i], coins[i], static_cast<Finding>(states[i] / 2), states[i] % 2 == 1});
  }
  if (version >= 2) ledger.load_exact(reader, version);
  for (std::size_t i = 0; i < items.size(); ++i) {
    Entry& entry = ledger.entries_[i];
    if (entry.withdrawn) continue;
    require_sound(ledger.current_.emplace(entry.item, i).second, "audit ledger: an item is committed twice");
    entry.due = entry.coin <= ledger.level_at(i);
    ledger.count(entry, entry.due, +1);
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
