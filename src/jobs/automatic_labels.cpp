#include "jobs/automatic_labels.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "gtlabel/storage/snapshot.hpp"
#include "jobs/final_commit.hpp"

namespace gtlabel::detail {
namespace {

// A commit takes this part of what is planned: audits of the surer labels correct the plan for the less sure ones.
constexpr double kCommitStage = 0.6;
// A planned audit level is approached by halves: often it turns out to be higher than needed.
constexpr double kLevelStage = 0.5;
constexpr double kLeastAudits = 10.0;
// Audits at the end that may fail before people label the rest: each further one has a tenth of the failure
// probability.
constexpr std::size_t kMostFinalAudits = 2;

// How an exact audit is planned: like that of a fresh ledger that expects nothing.
const AuditState kExactAudit{.prior = AuditPrior()};

/// Predicted wrong labels among the delivered, so many standard deviations above the mean.
double expected_wrong(const AuditLedger& ledger, const Share& share, double deviations) {
  if (ledger.n_delivered() == 0 || ledger.n_audited() == 0) return share.expected_wrong;
  // The audits' own rate, with the model's opinion as a prior worth one error.
  const auto delivered = static_cast<double>(ledger.n_delivered());
  const double opinion = std::max(share.expected_wrong / delivered, 1e-4);
  const double errors = static_cast<double>(ledger.errors_found()) + 1.0;
  return delivered * (errors + deviations * std::sqrt(errors)) /
         (static_cast<double>(ledger.n_audited()) + 1.0 / opinion);
}

/// Nothing while the ledger may still be told what to expect.
std::optional<AuditPrior> prior_of(const AuditLedger& ledger) {
  return ledger.is_fresh() ? std::nullopt : std::optional(ledger.prior());
}

/// A part of the way to a planned audit level: the level may turn out to be higher than needed.
double next_level(const AuditLedger& ledger, double planned) {
  const double missing = planned - ledger.level();
  if (missing <= 0.0) return ledger.level();
  const double least_step = kLeastAudits / static_cast<double>(ledger.n_delivered());
  return ledger.level() + std::min(missing, std::max(kLevelStage * missing, least_step));
}

CommitPlan plan_by_threshold(const ConfidenceThreshold& threshold, const Share& share) {
  CommitPlan plan;
  for (const float confidence : share.confidence) {
    if (confidence < static_cast<float>(threshold.confidence)) break;
    ++plan.n_commit;
    plan.expected_wrong += 1.0 - confidence;
  }
  plan.certifies = plan.n_commit > 0;
  plan.expected_humans = static_cast<double>(share.undecided.size()) - static_cast<double>(plan.n_commit);
  return plan;
}

AuditLedgers ledgers_for(const Target& target, double failure_probability, int n_classes, std::uint64_t coin_seed) {
  const auto* error = std::get_if<ErrorTarget>(&target);
  const bool per_class = error != nullptr && error->per_class;
  return AuditLedgers(failure_probability, per_class ? static_cast<std::size_t>(n_classes) : 1, coin_seed);
}

void append(std::vector<ItemIndex>& items, std::span<const ItemIndex> more) {
  items.insert(items.end(), more.begin(), more.end());
}

}  // namespace

bool AutomaticLabels::Outlook::is_promising() const {
  return std::any_of(prospects.begin(), prospects.end(), [](const Prospect& p) { return p.commit.certifies; });
}

double AutomaticLabels::Outlook::audits_to_come() const {
  double audits = 0.0;
  for (const Prospect& prospect : prospects) audits += prospect.commit.certifies ? prospect.audits_to_come : 0.0;
  return audits;
}

std::vector<ItemIndex> AutomaticLabels::Outlook::doubtful() const {
  std::vector<ItemIndex> doubtful;
  for (const Prospect& prospect : prospects) append(doubtful, prospect.doubtful);
  return doubtful;
}

AutomaticLabels::AutomaticLabels(const Target& target, CommitMode commit, double failure_probability, int n_classes,
                                 std::uint64_t coin_seed)
    : target_(target), commit_(commit), ledgers_(ledgers_for(target, failure_probability, n_classes, coin_seed)) {}

bool AutomaticLabels::commits_at_end() const noexcept {
  return commit_ == CommitMode::final && error_target() != nullptr;
}

bool AutomaticLabels::is_delivered(const ItemColumns& items, ItemIndex item) const {
  return is_committed(items, item) && ledgers_[ledgers_.index_of(items.automatic[item])].is_delivered(item);
}

// ---- What is proved ----

bool AutomaticLabels::is_certified(const ItemColumns& items, const AuditLedger& ledger) const {
  return error_target() != nullptr &&
         certify(ledger, ledgers_.target_of_each(*error_target()), items.size()).has_value();
}

bool AutomaticLabels::is_short_of_certificate(const ItemColumns& items, const AuditLedger& ledger) const {
  return error_target() != nullptr && ledger.n_delivered() > 0 && !is_certified(items, ledger);
}

std::vector<std::size_t> AutomaticLabels::short_of_certificate(const ItemColumns& items) const {
  std::vector<std::size_t> ledgers;
  for (std::size_t l = 0; l < ledgers_.size(); ++l) {
    if (is_short_of_certificate(items, ledgers_[l])) ledgers.push_back(l);
  }
  return ledgers;
}

std::optional<Certificate> AutomaticLabels::certificate(const ItemColumns& items, std::string_view reference) const {
  if (error_target() == nullptr) return std::nullopt;
  return certify(ledgers_, *error_target(), items.size(), reference);
}

bool AutomaticLabels::is_proved(const ItemColumns& items, const AuditFallback& fallback) const {
  const ErrorTarget& target = *error_target();
  const std::int64_t scope = target.of == ErrorScope::dataset ? items.size() : fallback.n_delivered;
  return fallback.n_delivered > 0 &&
         static_cast<double>(fallback.wrong_at_most) <= target.max_error * static_cast<double>(scope);
}

// ---- What is to be expected ----

ErrorTarget AutomaticLabels::planning_target_of(const AuditLedger& ledger) const {
  const ErrorTarget target = ledgers_.target_of_each(*error_target());
  return commits_at_end() ? final_planning_target(target, ledger.n_exact_audits()) : target;
}

bool AutomaticLabels::could_certify(std::int64_t n_left, std::int64_t n_items) const {
  // All items may be of one class.
  const std::vector<double> no_risk(static_cast<std::size_t>(std::max<std::int64_t>(0, n_left)), 0.0);
  return std::any_of(ledgers_.begin(), ledgers_.end(), [&](const AuditLedger& ledger) {
    const AuditState audit{.level = ledger.level(), .errors_found = ledger.errors_found(), .prior = prior_of(ledger)};
    return plan_commit(no_risk, commits_at_end() ? kExactAudit : audit, planning_target_of(ledger), n_items).certifies;
  });
}

std::vector<double> AutomaticLabels::audit_ratios(const ItemColumns& items) const {
  std::vector<double> found(ledgers_.size(), kRatioPrior), predicted(ledgers_.size(), kRatioPrior);
  for (std::size_t item = 0; item < items.human.size(); ++item) {
    const bool is_audited = items.automatic[item] != kNoClass && items.human[item] != kNoClass;
    if (!is_audited || items.is_random[item] == 0) continue;
    const std::size_t l = ledgers_.index_of(items.automatic[item]);
    found[l] += items.human[item] != items.automatic[item] ? 1.0 : 0.0;
    predicted[l] += 1.0 - items.confidence[item];
  }
  for (std::size_t l = 0; l < found.size(); ++l) found[l] /= predicted[l];
  return found;
}

AuditState AutomaticLabels::audit_state(const ItemColumns& items, const AuditLedger& ledger, const Share& share) const {
  // A standard deviation on the hopeful side: to give up a commit that more audits would have certified costs more
  // people than those audits.
  return {.level = ledger.level(),
          .delivered = ledger.n_delivered(),
          .errors_found = ledger.errors_found(),
          .known_wrong = ledger.known_wrong(),
          .expected_wrong = expected_wrong(ledger, share, -1.0),
          .is_certified = is_certified(items, ledger),
          .prior = prior_of(ledger)};
}

CommitPlan AutomaticLabels::plan(const ItemColumns& items, const AuditLedger& ledger, const Share& share, double ratio,
                                 bool is_committing) const {
  if (const auto* threshold = std::get_if<ConfidenceThreshold>(&target_)) return plan_by_threshold(*threshold, share);
  const std::vector<double> risks = risks_of(share, ratio);
  if (commits_at_end()) return plan_at_end(items, ledger, risks, is_committing);
  return plan_commit(risks, audit_state(items, ledger, share), planning_target_of(ledger), items.size());
}

CommitPlan AutomaticLabels::plan_at_end(const ItemColumns& items, const AuditLedger& ledger,
                                        std::span<const double> risks, bool is_committing) const {
  // Of what waits for an audit, of what is in it, and of what it left to people.
  if (!is_committing) {
    const ErrorTarget target = planning_target_of(ledger);
    return plan_commit(risks, kExactAudit, target, final_scope(target, items.size(), ledger.wrong_at_most()));
  }
  CommitPlan plan{.expected_humans = static_cast<double>(risks.size()), .certifies = is_certified(items, ledger)};
  if (is_short_of_certificate(items, ledger)) {
    const auto forecast = final_forecast(ledger, items, ledgers_.target_of_each(*error_target()));
    plan.expected_humans += forecast.expected_humans;
    plan.certifies = forecast.deliverable || forecast.goes_on;
  }
  return plan;
}

AutomaticLabels::Prospect AutomaticLabels::prospect(const ItemColumns& items, const AuditLedger& ledger,
                                                    const Share& share, double ratio, bool is_committing) const {
  Prospect prospect{plan(items, ledger, share, ratio, is_committing), {}, 0.0};
  if (!commits_at_end()) prospect.doubtful = doubtful(items, ledger, share);
  const auto humans_if_repaired = static_cast<double>(prospect.doubtful.size() + share.undecided.size());
  prospect.expected_humans = prospect.commit.expected_humans;
  prospect.audits_to_come =
      prospect.commit.expected_humans - static_cast<double>(std::ssize(share.undecided) - prospect.commit.n_commit);
  if (!prospect.doubtful.empty() && humans_if_repaired < prospect.expected_humans) {
    prospect.expected_humans = humans_if_repaired;
  } else {
    prospect.doubtful.clear();
  }
  return prospect;
}

AutomaticLabels::Outlook AutomaticLabels::outlook(const ItemColumns& items, const Scores& scores,
                                                  bool is_committing) const {
  Outlook outlook;
  const std::vector<double> ratios = audit_ratios(items);
  for (std::size_t l = 0; l < ledgers_.size(); ++l) {
    const Share& share = scores.shares[l];
    outlook.prospects.push_back(prospect(items, ledgers_[l], share, ratios[l], is_committing));
    outlook.expected_humans += outlook.prospects.back().expected_humans;
    outlook.expected_wrong += expected_wrong(ledgers_[l], share, 0.0);
  }
  return outlook;
}

std::vector<ItemIndex> AutomaticLabels::doubtful(const ItemColumns& items, const AuditLedger& ledger,
                                                 const Share& share) const {
  if (!is_short_of_certificate(items, ledger)) return {};
  const ErrorTarget& target = *error_target();
  const bool of_dataset = target.of == ErrorScope::dataset;
  const auto scope = static_cast<double>(of_dataset ? items.size() : ledger.n_delivered());
  double deficit = static_cast<double>(ledger.wrong_at_most()) - target.max_error * scope;
  std::vector<ItemIndex> doubtful;
  for (const auto& [risk, item] : share.doubts) {
    // An error found lowers the bound by one; an item that leaves the delivered lowers what the target allows.
    const double gain = risk - (of_dataset ? 0.0 : target.max_error);
    if (gain <= 0.0 || deficit <= 0.0) break;
    if (!ledger.is_delivered(item)) continue;
    deficit -= gain;
    doubtful.push_back(item);
  }
  return deficit > 0.0 ? std::vector<ItemIndex>{} : doubtful;
}

// ---- Committing ----

void AutomaticLabels::record(const ItemColumns& items, ItemIndex item, ClassIndex label) {
  if (is_committed(items, item)) ledger_of(items, item).record(item, label != items.automatic[item]);
}

void AutomaticLabels::label(ItemColumns& items, Share& share, std::int64_t n, std::int32_t round) {
  for (std::int64_t i = 0; i < n; ++i) {
    const ItemIndex item = share.undecided[static_cast<std::size_t>(i)];
    items.automatic[item] = share.best[static_cast<std::size_t>(i)];
    items.confidence[item] = share.confidence[static_cast<std::size_t>(i)];
    items.automatic_round[item] = round;
    share.doubts.emplace_back(1.0 - items.confidence[item], item);
    share.expected_wrong += share.doubts.back().first;
  }
  std::stable_sort(share.doubts.begin(), share.doubts.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  share.drop_front(n);
}

bool AutomaticLabels::is_worth_committing(const ItemColumns& items, const AuditLedger& ledger, const Share& share,
                                          const CommitPlan& plan) const {
  if (!plan.certifies || (plan.n_commit == 0 && plan.level <= ledger.level())) return false;
  const auto humans_if_stopped =
      static_cast<double>(share.undecided.size()) +
      (is_short_of_certificate(items, ledger) ? static_cast<double>(ledger.n_delivered()) : 0.0);
  return humans_if_stopped - plan.expected_humans >= 1.0;
}

std::optional<std::vector<ItemIndex>> AutomaticLabels::advance(ItemColumns& items, Scores& scores,
                                                               const Outlook& outlook, std::int64_t least_stage,
                                                               std::int32_t round) {
  std::optional<std::vector<ItemIndex>> due;
  for (std::size_t l = 0; l < ledgers_.size(); ++l) {
    const CommitPlan& plan = outlook.prospects[l].commit;
    AuditLedger& ledger = ledgers_[l];
    Share& share = scores.shares[l];
    if (!is_worth_committing(items, ledger, share, plan)) continue;
    auto n = static_cast<std::int64_t>(std::ceil(kCommitStage * static_cast<double>(plan.n_commit)));
    if (plan.n_commit - n < least_stage) n = plan.n_commit;
    if (ledger.is_fresh()) ledger.expect(plan.error_ratio);
    const std::vector<ItemIndex> committed(share.undecided.begin(), share.undecided.begin() + n);
    label(items, share, n, round);
    if (!due) due.emplace();
    append(*due, ledger.commit(committed));
    append(*due, ledger.raise_level(next_level(ledger, plan.level)));
  }
  scores.drop_committed(items);
  return due;
}

// ---- Withdrawing ----

void AutomaticLabels::withdraw(ItemColumns& items, AuditLedger& ledger, std::span<const ItemIndex> withdrawn) {
  ledger.withdraw(withdrawn);
  for (const ItemIndex item : withdrawn) items.automatic[item] = kNoClass;
}

void AutomaticLabels::withdraw(ItemColumns& items, ItemIndex item) {
  withdraw(items, ledger_of(items, item), {{item}});
}

bool AutomaticLabels::fall_back(ItemColumns& items, const Scores& scores, const Outlook& outlook) {
  bool has_fallen_back = false;
  for (std::size_t l = 0; l < ledgers_.size(); ++l) {
    const std::size_t n_undecided = scores.shares[l].undecided.size();
    if (fall_back(items, ledgers_[l], n_undecided, outlook.prospects[l].expected_humans)) has_fallen_back = true;
  }
  return has_fallen_back;
}

bool AutomaticLabels::fall_back(ItemColumns& items, AuditLedger& ledger, std::size_t n_undecided,
                                double expected_humans) {
  if (!is_short_of_certificate(items, ledger)) return false;
  for (const AuditFallback& fallback : ledger.fallbacks()) {
    const auto humans = static_cast<double>(n_undecided + fallback.withdrawn.size());
    if (!is_proved(items, fallback) || humans > expected_humans) continue;
    withdraw(items, ledger, fallback.withdrawn);
    return true;
  }
  return false;
}

std::vector<std::size_t> AutomaticLabels::without_prospect(const ItemColumns& items, const Outlook& outlook) const {
  std::vector<std::size_t> hopeless;
  if (ledgers_.size() == 1) return hopeless;  // with all at stake a better model is worth waiting for
  for (const std::size_t l : short_of_certificate(items)) {
    const Prospect& prospect = outlook.prospects[l];
    if (!prospect.commit.certifies && prospect.doubtful.empty()) hopeless.push_back(l);
  }
  return hopeless;
}

AutomaticLabels::Withdrawal AutomaticLabels::give_up(ItemColumns& items, Scores& scores,
                                                     std::span<const std::size_t> ledgers) {
  Withdrawal all;
  for (const std::size_t l : ledgers) {
    AuditLedger& ledger = ledgers_[l];
    all.n_audited += ledger.n_audited();
    all.n_wrong += ledger.errors_found();
    all.wrong_at_most += ledger.wrong_at_most();
    const auto withdrawn = ledger.delivered();
    append(all.items, withdrawn);
    withdraw(items, ledger, withdrawn);
    scores.shares[l].doubts.clear();
    scores.shares[l].expected_wrong = 0.0;
  }
  append(scores.undecided, all.items);
  return all;
}

void AutomaticLabels::keep_proved(ItemColumns& items) {
  for (std::size_t l = 0; l < ledgers_.size(); ++l) {
    AuditLedger& ledger = ledgers_[l];
    if (commits_at_end() && is_short_of_certificate(items, ledger)) {
      keep_proved(items, ledger, final_forecast(ledger, items, ledgers_.target_of_each(*error_target())));
    }
    for (const AuditFallback& fallback : ledger.fallbacks()) {
      if (!is_short_of_certificate(items, ledger)) break;
      if (is_proved(items, fallback)) withdraw(items, ledger, fallback.withdrawn);
    }
    if (is_short_of_certificate(items, ledger)) withdraw(items, ledger, ledger.delivered());
  }
}

// ---- The audit at the end ----

bool AutomaticLabels::begin_audit_at_end(ItemColumns& items, Scores& scores, std::int32_t round) {
  bool has_begun = false;
  const std::vector<double> ratios = audit_ratios(items);
  for (std::size_t l = 0; l < ledgers_.size(); ++l) {
    Share& share = scores.shares[l];
    const ErrorTarget target = ledgers_.target_of_each(*error_target());
    if (!begin_final_audit(ledgers_[l], share, ratios[l], target, items.size())) continue;
    label(items, share, std::ssize(share.undecided), round);
    has_begun = true;
  }
  scores.drop_committed(items);
  return has_begun;
}

AutomaticLabels::LookAtEnd AutomaticLabels::look_at_end(ItemColumns& items) {
  LookAtEnd look;
  for (const std::size_t l : short_of_certificate(items)) {
    AuditLedger& ledger = ledgers_[l];
    const ExactAuditForecast next = final_forecast(ledger, items, ledgers_.target_of_each(*error_target()));
    if (next.goes_on) {
      append(look.due, ledger.raise_level(ledger.exact_audit().design().levels[ledger.exact_progress().n_looks]));
      continue;
    }
    keep_proved(items, ledger, next);
    if (is_short_of_certificate(items, ledger)) look.failed.push_back(l);
  }
  return look;
}

bool AutomaticLabels::may_audit_again() const {
  if (ledgers_.n_delivered() > 0) return false;
  const auto n_audits = [](const AuditLedger& ledger) { return ledger.n_exact_audits(); };
  const auto most = std::max_element(ledgers_.begin(), ledgers_.end(),
                                     [&](const auto& a, const auto& b) { return n_audits(a) < n_audits(b); });
  return n_audits(*most) > 0 && n_audits(*most) < kMostFinalAudits;
}

void AutomaticLabels::keep_proved(ItemColumns& items, AuditLedger& ledger, const ExactAuditForecast& forecast) {
  if (forecast.deliverable) {
    withdraw(items, ledger, ledger.exact_open_beyond(*forecast.deliverable));
  } else if (ledger.n_exact_audits() > 1) {
    std::vector<ItemIndex> unproved = ledger.exact_ranking();
    std::erase_if(unproved, [&](ItemIndex item) { return !ledger.is_delivered(item); });
    withdraw(items, ledger, unproved);
  }
}

// ---- Snapshots ----

void AutomaticLabels::load(SnapshotReader& reader, const ItemColumns& items) {
  ledgers_.load(reader);
  for (std::size_t l = 0; l < ledgers_.size(); ++l) require_own(items, l);
  for (ItemIndex item = 0; item < items.size(); ++item) {
    if (!is_committed(items, item)) continue;
    const AuditLedger& ledger = ledgers_[ledgers_.index_of(items.automatic[item])];
    const bool is_answered = items.human[item] != kNoClass;
    require_sound(is_answered ? !ledger.is_delivered(item) : !ledger.is_audited(item),
                  "audit ledger: an audit without an answer, or a delivered label with one");
  }
}

void AutomaticLabels::require_own(const ItemColumns& items, std::size_t l) const {
  const AuditLedger& ledger = ledgers_[l];
  const auto require_item = [&](ItemIndex item) {
    require_sound(item >= 0 && item < items.size(), "audit ledger: an item outside the pool");
  };
  for (const auto& held : {ledger.delivered(), ledger.due()}) {
    for (const ItemIndex item : held) {
      require_item(item);
      const ClassIndex label = items.automatic[item];
      require_sound(label != kNoClass && ledgers_.index_of(label) == l, "audit ledger: an item of another ledger");
    }
  }
  const bool is_begun = ledger.n_delivered() + ledger.n_due() + ledger.n_audited() > 0;
  require_sound(commits_at_end() ? !is_begun || ledger.n_exact_audits() > 0 : ledger.n_exact_audits() == 0,
                "audit ledger: not of the job's way to commit");
  if (ledger.n_exact_audits() == 0) return;
  for (const ItemIndex item : ledger.exact_ranking()) require_item(item);
}

}  // namespace gtlabel::detail
