#include "jobs/labeling_loop.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <unordered_set>
#include <utility>

#include "gtlabel/selection/margin_query.hpp"
#include "gtlabel/selection/seed_sample.hpp"
#include "jobs/final_commit.hpp"
#include "jobs/job_plan.hpp"
#include "jobs/learning_curve.hpp"
#include "jobs/spending.hpp"
#include "support/percent.hpp"

namespace gtlabel::detail {
namespace {

// Shares of the pool and of the labels so far that size batches: small enough that a round is not wasted on stale
// opinions, large enough that a job takes tens of rounds, not hundreds.
constexpr std::int64_t kSeedShare = 100;
constexpr std::int64_t kBatchShare = 200;
constexpr std::int64_t kGrowthShare = 10;
constexpr std::int64_t kLeastSeed = 20;
// A pool that so far cannot be helped: after a tenth of it, people are expected to label nearly all. Better opinions
// are then far off, and batches may be a third of the labels.
constexpr std::int64_t kHardShare = 10;
constexpr double kNearlyAll = 0.97;
constexpr std::int64_t kHardGrowthShare = 3;
// One in so many queried items is drawn at random: they show what the model is like where it is sure of itself.
constexpr std::size_t kUniformShare = 10;
constexpr std::int64_t kLeastBatch = 10;
constexpr const char* kBeyondHelp =
    "So far people are expected to label nearly all of this pool: the model is not sure enough of so many items that "
    "auditing them would cost less than labelling them. Batches are larger, because little depends on each.";
// A commit takes this part of what is planned: audits of the surer labels correct the plan for the less sure ones.
constexpr double kCommitStage = 0.6;
// A planned audit level is approached by halves: often it turns out to be higher than needed.
constexpr double kLevelStage = 0.5;
// Audits at the end that may fail before people label the rest: each further one has a tenth of the failure
// probability.
constexpr std::size_t kMostFinalAudits = 2;
// Weight of a label in training after people have taken it back; a model cannot forget an item.
constexpr float kTakenBack = 1e-3F;
// What a limited budget keeps for audits, over what is planned: plans err.
constexpr double kAuditReserve = 1.5;

// How an exact audit is planned: like that of a fresh ledger that expects nothing.
const AuditState kExactAudit{.prior = AuditPrior()};

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

AuditLedgers ledgers_for(const LabelingLoop::Setup& setup, int n_classes, std::uint64_t coin_seed) {
  // A threshold needs no audits; its ledger is the account of what is committed.
  const auto* of_error = std::get_if<ErrorTarget>(&setup.target);
  const ErrorTarget error = of_error != nullptr ? *of_error : ErrorTarget{};
  const double share = setup.gold.empty() ? 1.0 : 1.0 - 1.0 / kGoldParts;
  return AuditLedgers(share * error.failure_probability, error.per_class ? static_cast<std::size_t>(n_classes) : 1,
                      coin_seed);
}

/// What even a model without error is to be audited for; the exact audit at the end is the cheaper one.
Target audited_target(const LabelingLoop::Setup& setup) {
  const auto* error = std::get_if<ErrorTarget>(&setup.target);
  if (error == nullptr || setup.commit == CommitMode::eager) return setup.target;
  return final_planning_target(*error, 0);
}

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
  const double least_step = static_cast<double>(kLeastBatch) / static_cast<double>(ledger.n_delivered());
  return ledger.level() + std::min(missing, std::max(kLevelStage * missing, least_step));
}

}  // namespace

LabelingLoop::LabelingLoop(std::int64_t n_items, const Setup& setup, std::uint64_t coin_seed,
                           std::shared_ptr<IncrementalModel> model)
    : setup_(setup),
      model_(std::move(model)),
      items_(static_cast<std::size_t>(n_items)),
      answers_(n_items, model_->n_classes(), setup.overlap),
      gold_(setup.gold, setup.gold_rate, setup.seed),
      ledgers_(ledgers_for(setup, model_->n_classes(), coin_seed)),
      seed_random_(setup.seed, RandomPurpose::seed_sample),
      query_random_(setup.seed, RandomPurpose::query),
      least_audits_(least_audits(n_items, model_->n_classes(), audited_target(setup)).value_or(0.0)),
      asked_(static_cast<std::size_t>(n_items), 0) {
  take_gold();
}

void LabelingLoop::take_gold() {
  for (const GoldLabel& gold : setup_.gold) {
    items_.human[gold.item] = gold.class_index;
    items_.human_confidence[gold.item] = 1.0F;
    answers_.set_gold(gold.item, gold.class_index);
    untaught_.push_back(gold.item);
    ++n_human_;
  }
}

GoldRecord LabelingLoop::gold_record() const {
  const auto* target = error_target();
  return gold_.record(n_items(), (target != nullptr ? *target : ErrorTarget{}).failure_probability / kGoldParts);
}

void LabelingLoop::extend(const Features& longer) {
  const auto n = static_cast<std::size_t>(longer.n_items());
  auto items = items_;
  auto asked = asked_;
  items.resize(n);
  asked.resize(n, 0);
  const double audits = least_audits(longer.n_items(), model_->n_classes(), audited_target(setup_)).value_or(0.0);
  model_->extend(longer);
  items_ = std::move(items);
  asked_ = std::move(asked);
  answers_.resize(longer.n_items());
  gold_.end_sample();
  least_audits_ = audits;
  phase_ = Phase::sampling;
  outcome_.clear();
  ++revision_;
}

void LabelingLoop::set_meanings(std::span<const ClassIndex> meanings) {
  answers_.set_meanings(meanings);
  closed_classes_.clear();
  for (std::size_t c = 0; c < meanings.size(); ++c) {
    if (meanings[c] != static_cast<ClassIndex>(c)) closed_classes_.push_back(static_cast<ClassIndex>(c));
  }
  for (const GoldLabel& gold : setup_.gold) {
    const ClassIndex label = answers_.meaning(gold.class_index);
    if (label == gold.class_index) continue;
    items_.human[gold.item] = label;
    answers_.set_gold(gold.item, label);
    gold_.relabel(gold.item, label);
    if (label != kNoClass) continue;
    std::erase(untaught_, gold.item);
    --n_human_;
  }
}

LabelingLoop LabelingLoop::with_classes(std::shared_ptr<IncrementalModel> model, std::uint64_t coin_seed,
                                        std::span<const ClassIndex> meanings, bool is_wider) const {
  LabelingLoop next(n_items(), setup_, coin_seed, std::move(model));
  next.set_meanings(meanings);
  next.items_.is_random = items_.is_random;
  next.seed_random_ = seed_random_;
  next.query_random_ = query_random_;
  next.seconds_ = seconds_;
  next.gold_.go_on_from(gold_);
  next.gold_.end_sample();  // what people say of a class that was not there, or what is known of it, nobody knows
  const AnswerTable& said = answers_.table();
  for (const Answer& answer : said.answers()) {
    next.round_ = answer.round;
    next.take(answer.item, said.workers()[static_cast<std::size_t>(answer.worker)], answer);
  }
  for (const ItemIndex item : next.gold_.open_items()) {
    if (!next.answers_.is_answered(item)) next.gold_.take_back(item);  // its batch is no more
  }
  // Where one answer is enough the last word counts, be it that of a class that is retired.
  for (ItemIndex item = 0; next.answers_.is_plain() && item < n_items(); ++item) {
    if (next.items_.human[item] == kNoClass || !next.answers_.is_taken_back(item)) continue;
    if (next.gold_.contains(item)) continue;
    next.items_.human[item] = kNoClass;
    --next.n_human_;
    std::erase(next.untaught_, item);
  }
  next.round_ = round_;
  if (!next.answers_.is_plain()) next.keep_labels(items_);
  if (!is_wider && next.answers_.n_answered() > 0 && n_sampled_ == n_items()) {
    next.n_sampled_ = n_items();
    next.phase_ = Phase::training;
  }
  next.revision_ = revision_ + 1;
  return next;
}

double LabelingLoop::answers_per_item() const noexcept {
  if (answers_.n_answered() == 0) return 1.0;
  return std::max(1.0, static_cast<double>(answers_.n_paid()) / static_cast<double>(answers_.n_answered()));
}

LabelingPlan LabelingLoop::expectation() const {
  LabelingPlan plan = expected_people();
  plan.answers_per_item = answers_per_item();
  plan.n_gold_unasked = n_gold_unasked();
  plan.n_asked -= plan.n_gold_unasked;
  return plan;
}

std::int64_t LabelingLoop::n_gold_unasked() const {
  return std::count_if(setup_.gold.begin(), setup_.gold.end(), [&](const GoldLabel& gold) {
    return gold_.contains(gold.item) && !answers_.is_answered(gold.item);
  });
}

LabelingPlan LabelingLoop::expected_people() const {
  if (is_finished()) return plan_of_finished(n_items(), n_human_);
  // Rounds before items joined say nothing of these.
  const bool is_known = !history_.empty() && history_.back().n_items == n_items();
  if (is_known) return plan_from_history(history_, n_items(), n_human_, least_audits_);
  const std::int64_t n_certified = certificate() ? ledgers_.n_delivered() : 0;
  return plan_from_other_pools(n_items(), n_human_, n_certified, model_->n_classes(), audited_target(setup_));
}

bool LabelingLoop::is_certified(const AuditLedger& ledger) const {
  return error_target() != nullptr && certify(ledger, ledgers_.target_of_each(*error_target()), n_items()).has_value();
}

bool LabelingLoop::is_short_of_certificate(const AuditLedger& ledger) const {
  return error_target() != nullptr && ledger.n_delivered() > 0 && !is_certified(ledger);
}

std::vector<std::size_t> LabelingLoop::short_of_certificate() const {
  std::vector<std::size_t> ledgers;
  for (std::size_t l = 0; l < ledgers_.size(); ++l) {
    if (is_short_of_certificate(ledgers_[l])) ledgers.push_back(l);
  }
  return ledgers;
}

bool LabelingLoop::is_short_of_certificate() const { return !short_of_certificate().empty(); }

std::optional<Certificate> LabelingLoop::certificate() const {
  if (error_target() == nullptr) return std::nullopt;
  const std::string reference =
      answers_.is_plain() ? std::string(kOneAnswer)
                          : "the consolidated answer of up to " + std::to_string(setup_.overlap.max) + " people";
  auto certificate = certify(ledgers_, *error_target(), n_items(), reference);
  if (certificate && gold_.tells_about_pool()) {
    const GoldRecord gold = gold_record();
    add_truth(*certificate, gold.n_asked, gold.n_wrong, gold.people_wrong_at_most, error_target()->failure_probability,
              n_items());
  }
  return certificate;
}

Predictions LabelingLoop::predictions() const {
  const Opinion opinion = opinion_of(*model_, items_, closed_classes_);
  Predictions predictions{opinion.items, {}, opinion.confidence};
  for (std::ptrdiff_t i = 0; i < opinion.probabilities.rows; ++i) {
    predictions.class_index.push_back(best_class(opinion.probabilities.row(i)));
  }
  return predictions;
}

bool LabelingLoop::is_outstanding(ItemIndex item) const { return asked_[item] != 0; }

bool LabelingLoop::is_delivered(ItemIndex item) const {
  const ClassIndex automatic = items_.automatic[item];
  return automatic != kNoClass && ledgers_[ledgers_.index_of(automatic)].is_delivered(item);
}

void LabelingLoop::take(ItemIndex item, std::string_view worker, const Answer& answer) {
  if (answer.class_index != kSkip) n_outstanding_ -= std::exchange(asked_[item], std::uint8_t{0});
  const auto verdict = answers_.add(item, worker, answer);
  if (gold_.contains(item)) {
    if (answer.class_index != kSkip) gold_.note_answer(item);
    if (verdict) gold_.settle(item, verdict->label);
  } else if (verdict) {
    record(item, *verdict);
  }
}

bool LabelingLoop::settle_gold(ItemIndex item) {
  if (!gold_.is_open(item)) return false;
  const Verdict verdict = answers_.gold_verdict(item);
  if (verdict.is_settled) gold_.settle(item, verdict.label);
  return !verdict.is_settled;
}

void LabelingLoop::record_human(ItemIndex item, const Verdict& verdict) {
  if (items_.human[item] == kNoClass) ++n_human_;
  items_.human[item] = verdict.label;
  items_.human_round[item] = round_;
  items_.human_confidence[item] = verdict.confidence;
  untaught_.push_back(item);
}

void LabelingLoop::record(ItemIndex item, const Verdict& verdict) {
  record_human(item, verdict);
  const ClassIndex automatic = items_.automatic[item];
  if (automatic != kNoClass) ledgers_[ledgers_.index_of(automatic)].record(item, verdict.label != automatic);
  if (phase_ == Phase::finished && is_short_of_certificate()) {  // a correction has taken it: the job goes on
    phase_ = Phase::committing;
    outcome_.clear();
  }
}

void LabelingLoop::settle() {
  if (!answers_.has_news()) return;
  answers_.learn();
  std::vector<ItemIndex> unsettled;
  for (const ItemIndex item : answers_.take_news()) {
    if (gold_.contains(item)) {
      if (settle_gold(item)) unsettled.push_back(item);
      continue;
    }
    // What was an audit is not judged again because somebody else has an opinion too.
    if (items_.human[item] != kNoClass && (is_committed(item) || answers_.is_plain())) continue;
    const Verdict verdict = answers_.verdict(item, is_committed(item));
    if (verdict.is_settled || items_.human[item] != kNoClass) {
      record(item, verdict);
    } else {
      unsettled.push_back(item);
    }
  }
  if (!answers_.is_plain()) {
    // What was settled by people who turn out to be less good is asked again.
    const auto doubtful = reweigh();
    if (phase_ != Phase::finished) unsettled.insert(unsettled.end(), doubtful.begin(), doubtful.end());
    std::sort(unsettled.begin(), unsettled.end());
  }
  const bool is_open = !unsettled.empty();
  ask(std::move(unsettled), Purpose::review);
  if (is_open && n_outstanding_ == 0 && phase_ == Phase::finished) finish_on_budget();
}

void LabelingLoop::keep_labels(const ItemColumns& before) {
  answers_.learn();
  for (ItemIndex item = 0; item < n_items(); ++item) {
    if (!answers_.is_answered(item) || gold_.contains(item)) continue;
    const Verdict verdict = answers_.verdict(item, false);
    const ClassIndex label = before.human[item];
    const bool is_same = label != kNoClass && verdict.label == answers_.meaning(label);
    if (verdict.is_settled || is_same) record_human(item, verdict);
  }
}

std::vector<ItemIndex> LabelingLoop::reweigh() {
  std::vector<ItemIndex> doubtful;
  for (ItemIndex item = 0; item < n_items(); ++item) {
    if (items_.human[item] == kNoClass || is_committed(item) || gold_.contains(item)) continue;
    const Verdict verdict = answers_.verdict(item, false);
    items_.human[item] = verdict.label;
    items_.human_confidence[item] = verdict.confidence;
    untaught_.push_back(item);
    if (!verdict.is_settled) doubtful.push_back(item);
  }
  return doubtful;
}

std::optional<std::int64_t> LabelingLoop::answers_left() const {
  const double cost = setup_.budget.max_cost ? cost_of(answers_, setup_.price) : 0.0;
  return gtlabel::answers_left(setup_.budget, setup_.price, answers_.n_paid(), cost);
}

double LabelingLoop::affordable_answers() const {
  const auto certain = answers_left();
  if (!certain || !setup_.budget.max_cost) return static_cast<double>(certain.value_or(n_items()));
  const double cost = cost_of(answers_, setup_.price);
  const Price usual{.per_answer = answers_.n_paid() > 0 ? cost / static_cast<double>(answers_.n_paid())
                                                        : setup_.price.per_answer};
  if (usual.per_answer == 0.0) return static_cast<double>(*certain);
  return static_cast<double>(*gtlabel::answers_left(setup_.budget, usual, answers_.n_paid(), cost));
}

void LabelingLoop::ask_what_was_cut() {
  if (!answers_left()) return;
  std::vector<ItemIndex> audits, others;
  for (const AuditLedger& ledger : ledgers_) {
    for (const ItemIndex item : ledger.due()) {
      if (!answers_.is_answered(item)) audits.push_back(item);
    }
  }
  for (ItemIndex item = 0; item < n_items(); ++item) {
    const bool is_open = answers_.is_answered(item) && items_.human[item] == kNoClass;
    if (is_open || gold_.is_open(item)) others.push_back(item);
  }
  if (!audits.empty()) return ask(std::move(audits), Purpose::audit);
  ask(std::move(others), Purpose::review);
}

std::size_t LabelingLoop::askable(std::size_t n_items, bool are_new) const {
  if (const auto left = answers_left()) n_items = std::min(n_items, static_cast<std::size_t>(*left));
  if (are_new && setup_.budget.max_items) {
    const auto left = std::max<std::int64_t>(0, *setup_.budget.max_items - answers_.n_answered());
    n_items = std::min(n_items, static_cast<std::size_t>(left));
  }
  return n_items;
}

void LabelingLoop::cut_to_budget() {
  // Answers that nobody had asked for have used it up.
  const auto left = answers_left();
  if (!left || n_outstanding_ <= *left) return;
  auto n_cut = n_outstanding_ - *left;
  for (auto item = batch_.items.rbegin(); item != batch_.items.rend() && n_cut > 0; ++item) {
    if (asked_[*item] == 0) continue;
    asked_[*item] = 0;
    --n_outstanding_;
    --n_cut;
  }
}

bool LabelingLoop::has_to_commit_by_threshold() const { return error_target() == nullptr && !has_no_lesson(); }

bool LabelingLoop::has_to_save(const Outlook& outlook) const {
  if (!answers_left() && !setup_.budget.max_items) return false;
  double audits = 0.0;
  for (const Prospect& prospect : outlook.prospects) {
    if (prospect.commit.certifies) audits += prospect.audits_to_come;
  }
  if (audits == 0.0) return false;
  const double left = std::min(
      affordable_answers() / answers_per_item(),
      static_cast<double>(setup_.budget.max_items ? *setup_.budget.max_items - answers_.n_answered() : n_items()));
  // Gold is planted among audits too.
  return left - static_cast<double>(query_size()) < kAuditReserve * audits * (1.0 + gold_.planting_rate());
}

void LabelingLoop::close_open_items() {
  // Gold that is open stays so, and counts as wrong: who answers before a budget ends must not matter for what it
  // tells.
  for (ItemIndex item = 0; item < n_items(); ++item) {
    if (!answers_.is_answered(item) || items_.human[item] != kNoClass) continue;
    Verdict verdict = answers_.last_verdict(item, is_committed(item));
    if (!is_committed(item)) {
      record(item, verdict);
      continue;
    }
    // How far people were asked about an audit must not matter for what it proves. For the ledger it stays without an
    // answer, which counts as an error; what was asked without being due is no longer vouched for.
    AuditLedger& ledger = ledgers_[ledgers_.index_of(items_.automatic[item])];
    if (ledger.is_delivered(item)) withdraw(ledger, {item});
    record_human(item, verdict);
  }
}

void LabelingLoop::finish_on_budget() {
  close_open_items();
  for (std::size_t l = 0; l < ledgers_.size(); ++l) {
    AuditLedger& ledger = ledgers_[l];
    if (commits_at_end() && is_short_of_certificate(ledger)) {
      keep_proved(ledger, final_forecast(ledger, items_, ledgers_.target_of_each(*error_target())));
    }
    for (const AuditFallback& fallback : ledger.fallbacks()) {
      if (!is_short_of_certificate(ledger)) break;
      if (is_proved(fallback)) withdraw(ledger, fallback.withdrawn);
    }
    if (is_short_of_certificate(ledger)) withdraw(ledger, ledger.delivered());
  }
  phase_ = Phase::finished;
  n_sampled_ = n_items();
  const std::int64_t n_left = n_items() - n_human_ - ledgers_.n_delivered();
  outcome_ = "The budget is spent: " + std::to_string(answers_.n_paid()) + " answers about " +
             std::to_string(answers_.n_answered()) + " items. " +
             (ledgers_.n_delivered() == 0 ? "No automatic label is proved, so none is delivered."
              : error_target() == nullptr ? "The automatic labels follow the plain confidence rule."
                                          : "The automatic labels meet the target, as certified.") +
             (n_left > 0 ? " Without a label: " + std::to_string(n_left) + " items." : "");
}

std::optional<Batch> LabelingLoop::next_batch() {
  cut_to_budget();
  if (n_outstanding_ == 0 && (phase_ != Phase::finished || answers_.has_news())) ++revision_;
  if (n_outstanding_ == 0) settle();
  if (n_outstanding_ == 0 && phase_ != Phase::finished && !is_budget_spent()) ask_what_was_cut();
  if (n_outstanding_ == 0 && phase_ != Phase::finished) {
    const auto begin = std::chrono::steady_clock::now();
    // What has joined waits for the end of an audit at the end: its ranking was fixed without it.
    if (n_sampled_ < n_items() && !is_auditing_at_end()) sample();
    if (n_outstanding_ == 0 && is_budget_spent() && !has_to_commit_by_threshold()) finish_on_budget();
    if (n_outstanding_ == 0 && phase_ != Phase::finished && has_no_lesson()) sample_again();
    if (n_outstanding_ == 0 && phase_ != Phase::finished) {
      teach();
      Scores scores = score(*model_, items_, ledgers_, closed_classes_);
      ++round_;
      decide(scores, seconds_since(begin));
    }
    seconds_ += seconds_since(begin);
  }
  // Items that failed to join a finished job may have cost the model its fit.
  if (is_finished() && !model_->is_fitted() && model_->training().size() > 0) teach();
  return outstanding_batch();
}

std::optional<Batch> LabelingLoop::outstanding_batch() const {
  if (n_outstanding_ == 0) return std::nullopt;
  Batch batch{.items = {}, .purposes = {}, .round = batch_.round};
  for (std::size_t i = 0; i < batch_.items.size(); ++i) {
    if (!is_outstanding(batch_.items[i])) continue;
    batch.items.push_back(batch_.items[i]);
    batch.purposes.push_back(batch_.purposes[i]);
  }
  return batch;
}

void LabelingLoop::ask(std::vector<ItemIndex> items, Purpose purpose) {
  const bool are_new = items.empty() || !answers_.is_answered(items.front());
  items.resize(askable(items.size(), are_new));
  if (items.empty()) return;
  if (are_new && !gold_.empty()) {
    gold_.plant_among(items, askable(2 * items.size(), true) - items.size());
  }
  for (const ItemIndex item : items) {
    asked_[item] = 1;
    if (gold_.contains(item)) continue;
    if (purpose == Purpose::seed || purpose == Purpose::audit) items_.is_random[item] = 1;
  }
  n_outstanding_ = static_cast<std::int64_t>(items.size());
  batch_ = {std::move(items), {}, round_};
  batch_.purposes.assign(batch_.items.size(), purpose);
}

void LabelingLoop::sample() {
  auto undecided = items_.without_human();
  if (is_too_small(undecided.size())) {
    const bool is_whole = std::ssize(undecided) == n_items();
    outcome_ = std::string(is_whole ? "The pool is" : "What people have not labelled yet is") +
               " too small for automatic labels: auditing them would cost as many people as labelling them.";
    n_sampled_ = n_items();
    phase_ = Phase::committing;
    return ask(std::move(undecided), Purpose::review);
  }
  const auto n = static_cast<std::size_t>(sample_size());
  std::erase_if(undecided, [&](ItemIndex item) { return item < n_sampled_; });
  n_sampled_ = n_items();
  ask(seed_sample(undecided, n, seed_random_), Purpose::seed);
}

bool LabelingLoop::has_no_lesson() const {
  return model_->training().size() == 0 &&
         std::none_of(untaught_.begin(), untaught_.end(), [&](ItemIndex item) { return items_.human[item] >= 0; });
}

void LabelingLoop::sample_again() {
  const auto undecided = items_.without_human();
  if (undecided.empty()) return finish();
  ask(seed_sample(undecided, static_cast<std::size_t>(kLeastSeed), seed_random_), Purpose::seed);
}

std::int64_t LabelingLoop::sample_size() const {
  // Items that join get the share that they would have had of the whole pool's sample.
  const std::int64_t whole =
      std::max({kLeastSeed, n_items() / kSeedShare, 2 * static_cast<std::int64_t>(model_->n_classes())});
  return (whole * (n_items() - n_sampled_) + n_items() - 1) / n_items();
}

bool LabelingLoop::is_too_small(std::size_t n_undecided) const {
  const auto n_left = static_cast<std::int64_t>(n_undecided) - sample_size();
  if (error_target() == nullptr || ledgers_.n_delivered() > 0 || n_undecided == 0) return false;
  // Even a model that is never wrong would have to be audited, and all items may be of one class.
  const std::vector<double> no_risk(static_cast<std::size_t>(std::max<std::int64_t>(0, n_left)), 0.0);
  return std::none_of(ledgers_.begin(), ledgers_.end(), [&](const AuditLedger& ledger) {
    const AuditState audit{.level = ledger.level(), .errors_found = ledger.errors_found(), .prior = prior_of(ledger)};
    return plan_commit(no_risk, commits_at_end() ? kExactAudit : audit, planning_target_of(ledger), n_items())
        .certifies;
  });
}

void LabelingLoop::teach() {
  if (untaught_.empty() && model_->is_fitted()) return;
  std::sort(untaught_.begin(), untaught_.end());
  untaught_.erase(std::unique(untaught_.begin(), untaught_.end()), untaught_.end());
  // None of the classes: there is nothing to teach, but perhaps something to take back.
  std::vector<ItemIndex> lessons;
  bool takes_back = false;
  for (const ItemIndex item : untaught_) {
    const bool is_none = items_.human[item] == kNoneOfThese;
    if (is_none && model_->training().position(item) < 0) continue;
    lessons.push_back(item);
    takes_back = takes_back || is_none;
  }
  Matrix<float> targets(static_cast<std::ptrdiff_t>(lessons.size()), model_->n_classes());
  std::vector<float> weights(takes_back ? lessons.size() : 0, 1.0F);
  for (std::size_t i = 0; i < lessons.size(); ++i) {
    const ClassIndex label = items_.human[lessons[i]];
    const auto target = targets.row(static_cast<std::ptrdiff_t>(i));
    if (label == kNoneOfThese) {
      std::fill(target.begin(), target.end(), 1.0F / static_cast<float>(target.size()));
      weights[i] = kTakenBack;
    } else if (items_.human_confidence[lessons[i]] < 1.0F) {
      answers_.write_target(lessons[i], target);
    } else {
      target[static_cast<std::size_t>(label)] = 1.0F;
    }
  }
  model_->update(lessons, targets, weights);
  untaught_.clear();
}

std::vector<double> LabelingLoop::audit_ratios() const {
  std::vector<double> found(ledgers_.size(), kRatioPrior), predicted(ledgers_.size(), kRatioPrior);
  for (std::size_t item = 0; item < items_.human.size(); ++item) {
    const bool is_audited = items_.automatic[item] != kNoClass && items_.human[item] != kNoClass;
    if (!is_audited || items_.is_random[item] == 0) continue;
    const std::size_t l = ledgers_.index_of(items_.automatic[item]);
    found[l] += items_.human[item] != items_.automatic[item] ? 1.0 : 0.0;
    predicted[l] += 1.0 - items_.confidence[item];
  }
  for (std::size_t l = 0; l < found.size(); ++l) found[l] /= predicted[l];
  return found;
}

AuditState LabelingLoop::audit_state(const AuditLedger& ledger, const Share& share) const {
  // A standard deviation on the hopeful side: to give up a commit that more audits would have certified costs more
  // people than those audits.
  return {.level = ledger.level(),
          .delivered = ledger.n_delivered(),
          .errors_found = ledger.errors_found(),
          .known_wrong = ledger.known_wrong(),
          .expected_wrong = expected_wrong(ledger, share, -1.0),
          .is_certified = is_certified(ledger),
          .prior = prior_of(ledger)};
}

CommitPlan LabelingLoop::plan(const AuditLedger& ledger, const Share& share, double ratio) const {
  if (const auto* threshold = std::get_if<ConfidenceThreshold>(&setup_.target)) {
    CommitPlan plan;
    for (const float confidence : share.confidence) {
      if (confidence < static_cast<float>(threshold->confidence)) break;
      ++plan.n_commit;
      plan.expected_wrong += 1.0 - confidence;
    }
    plan.certifies = plan.n_commit > 0;
    plan.expected_humans = static_cast<double>(share.undecided.size()) - static_cast<double>(plan.n_commit);
    return plan;
  }
  std::vector<double> risks;
  risks.reserve(share.confidence.size());
  for (const float confidence : share.confidence) risks.push_back(std::min(1.0, ratio * (1.0 - confidence)));
  if (!commits_at_end()) return plan_commit(risks, audit_state(ledger, share), planning_target_of(ledger), n_items());
  // Of what waits for an audit, of what is in it, and of what it left to people.
  if (phase_ != Phase::committing) {
    const ErrorTarget target = planning_target_of(ledger);
    return plan_commit(risks, kExactAudit, target, final_scope(target, n_items(), ledger.wrong_at_most()));
  }
  CommitPlan plan{.expected_humans = static_cast<double>(risks.size()), .certifies = is_certified(ledger)};
  if (is_short_of_certificate(ledger)) {
    const auto forecast = final_forecast(ledger, items_, ledgers_.target_of_each(*error_target()));
    plan.expected_humans += forecast.expected_humans;
    plan.certifies = forecast.deliverable || forecast.goes_on;
  }
  return plan;
}

bool LabelingLoop::commits_at_end() const noexcept {
  return setup_.commit == CommitMode::final && error_target() != nullptr;
}

ErrorTarget LabelingLoop::planning_target_of(const AuditLedger& ledger) const {
  const ErrorTarget target = ledgers_.target_of_each(*error_target());
  return commits_at_end() ? final_planning_target(target, ledger.n_exact_audits()) : target;
}

LabelingLoop::Prospect LabelingLoop::prospect(const AuditLedger& ledger, const Share& share, double ratio) const {
  Prospect prospect{plan(ledger, share, ratio), {}, 0.0};
  if (!commits_at_end()) prospect.doubtful = doubtful(ledger, share);
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

LabelingLoop::Outlook LabelingLoop::outlook(const Scores& scores) const {
  Outlook outlook;
  const std::vector<double> ratios = audit_ratios();
  for (std::size_t l = 0; l < ledgers_.size(); ++l) {
    outlook.prospects.push_back(prospect(ledgers_[l], scores.shares[l], ratios[l]));
    outlook.expected_humans += outlook.prospects.back().expected_humans;
  }
  return outlook;
}

void LabelingLoop::note_round(const Scores& scores, const Outlook& outlook, double seconds) {
  const auto n = static_cast<double>(n_items());
  double wrong = 0.0, planned_wrong = 0.0, n_planned = 0.0;
  for (std::size_t l = 0; l < ledgers_.size(); ++l) {
    wrong += expected_wrong(ledgers_[l], scores.shares[l], 0.0);
    planned_wrong += outlook.prospects[l].commit.expected_wrong;
    n_planned += static_cast<double>(outlook.prospects[l].commit.n_commit);
  }
  RoundRecord record;
  record.round = round_;
  record.n_items = n_items();
  record.n_human = n_human_;
  record.n_auto = ledgers_.n_delivered();
  record.n_audited = ledgers_.n_audited();
  record.errors_found = ledgers_.errors_found();
  const auto delivered = static_cast<double>(record.n_auto);
  record.coverage = (static_cast<double>(n_human_) + delivered) / n;
  record.human_share = static_cast<double>(n_human_) / n;
  record.expected_human_share = std::min(1.0, (static_cast<double>(n_human_) + outlook.expected_humans) / n);
  if (delivered > 0) {
    record.estimated_error = wrong / delivered;
    record.bounded_error = static_cast<double>(ledgers_.wrong_at_most()) / delivered;
  } else if (n_planned > 0) {
    record.estimated_error = planned_wrong / n_planned;
  }
  record.accuracy = scores.accuracy;
  record.seconds = seconds;
  record.n_paid = answers_.n_paid();
  record.cost = cost_of(answers_, setup_.price);
  history_.push_back(record);
}

bool LabelingLoop::is_trained_enough(double humans_to_come) const {
  // If the cost still to come, but for the audits that even a perfect model needs, falls with the number of labels n
  // like n^-g, the total is least where n = g x that cost.
  return static_cast<double>(n_human_) >= kLearningExponent * (humans_to_come - least_audits_);
}

bool LabelingLoop::is_time_to_commit(const Outlook& outlook) const {
  // Stopping late costs little (the total is flat there), stopping early much, so a few rounds have to agree.
  const bool is_promising = std::any_of(outlook.prospects.begin(), outlook.prospects.end(),
                                        [](const Prospect& prospect) { return prospect.commit.certifies; });
  return is_promising && history_.size() >= kRoundsToAgree && is_trained_enough(humans_to_come(history_, n_items()));
}

void LabelingLoop::decide(Scores& scores, double seconds) {
  const auto first = outlook(scores);
  note_round(scores, first, seconds);
  if (is_auditing_at_end()) return audit_at_end(scores);
  if (phase_ == Phase::sampling) phase_ = Phase::training;
  if (is_budget_spent()) {  // only where labels follow the plain rule
    advance_commit(scores, first);
    return finish_on_budget();
  }
  if (phase_ == Phase::training && !scores.undecided.empty() && !is_time_to_commit(first) && !has_to_save(first)) {
    return ask_query(scores);
  }
  if (commits_at_end()) {
    if (phase_ == Phase::training) begin_audit_at_end(scores);
    return audit_at_end(scores);
  }

  phase_ = Phase::committing;
  // A commit whose coins all lie above the level needs no audit: then decide again at once.
  while (n_outstanding_ == 0) {
    if (is_budget_spent()) return finish_on_budget();
    const auto next = outlook(scores);
    const bool has_fallen_back = fall_back(scores, next);
    if (const auto hopeless = without_prospect(next); !has_fallen_back && !hopeless.empty()) {
      give_up(scores, hopeless);
      scores = score(*model_, items_, ledgers_, closed_classes_);
      continue;
    }
    if (has_fallen_back && scores.undecided.empty()) continue;
    if (has_fallen_back || is_worth_training(scores, next)) {
      phase_ = Phase::training;
      return ask_query(scores);
    }
    std::vector<ItemIndex> doubtful;
    for (const Prospect& prospect : next.prospects) {
      doubtful.insert(doubtful.end(), prospect.doubtful.begin(), prospect.doubtful.end());
    }
    if (!doubtful.empty()) return ask(std::move(doubtful), Purpose::review);
    if (advance_commit(scores, next)) continue;
    if (scores.undecided.empty()) {
      if (!is_short_of_certificate()) return finish();
      give_up(scores, short_of_certificate());
    }
    // Short of a certificate a better model may find the doubtful labels, or sure ones that make up for them.
    if (is_short_of_certificate()) return ask_query(scores);
    return ask_review(scores);
  }
}

bool LabelingLoop::is_worth_training(const Scores& scores, const Outlook& outlook) const {
  return is_short_of_certificate() && !scores.undecided.empty() && !is_trained_enough(outlook.expected_humans) &&
         !has_to_save(outlook);
}

std::int64_t LabelingLoop::query_size() const {
  if (setup_.batch_size > 0) return setup_.batch_size;
  return std::max(
      {kLeastBatch, n_items() / kBatchShare, n_human_ / (is_beyond_help() ? kHardGrowthShare : kGrowthShare)});
}

bool LabelingLoop::is_beyond_help() const {
  if (phase_ != Phase::training || ledgers_.n_delivered() > 0 || n_human_ < n_items() / kHardShare) return false;
  if (history_.size() < kRoundsToAgree) return false;
  return std::all_of(history_.end() - kRoundsToAgree, history_.end(), [&](const RoundRecord& round) {
    return round.n_items == n_items() && round.expected_human_share >= kNearlyAll;
  });
}

void LabelingLoop::ask_query(Scores& scores) {
  if (outcome_.empty() || outcome_ == kBeyondHelp) outcome_ = is_beyond_help() ? kBeyondHelp : "";
  const auto n = static_cast<std::size_t>(query_size());
  auto batch = margin_query(scores.undecided, scores.probabilities, n - n / kUniformShare, query_random_);
  const std::unordered_set<ItemIndex> chosen(batch.begin(), batch.end());
  std::erase_if(scores.undecided, [&](ItemIndex item) { return chosen.contains(item); });
  const auto uniform = seed_sample(scores.undecided, n / kUniformShare, query_random_);
  for (const ItemIndex item : uniform) items_.is_random[item] = 1;
  batch.insert(batch.end(), uniform.begin(), uniform.end());
  ask(std::move(batch), Purpose::query);
}

bool LabelingLoop::is_worth_committing(const AuditLedger& ledger, const Share& share, const CommitPlan& plan) const {
  if (!plan.certifies || (plan.n_commit == 0 && plan.level <= ledger.level())) return false;
  const auto humans_if_stopped = static_cast<double>(share.undecided.size()) +
                                 (is_short_of_certificate(ledger) ? static_cast<double>(ledger.n_delivered()) : 0.0);
  return humans_if_stopped - plan.expected_humans >= 1.0;
}

bool LabelingLoop::advance_commit(Scores& scores, const Outlook& outlook) {
  std::vector<ItemIndex> due;
  const auto add_due = [&](const std::vector<ItemIndex>& items) { due.insert(due.end(), items.begin(), items.end()); };
  bool has_advanced = false;
  for (std::size_t l = 0; l < ledgers_.size(); ++l) {
    const CommitPlan& plan = outlook.prospects[l].commit;
    if (!is_worth_committing(ledgers_[l], scores.shares[l], plan)) continue;
    auto n = static_cast<std::int64_t>(std::ceil(kCommitStage * static_cast<double>(plan.n_commit)));
    if (plan.n_commit - n < query_size()) n = plan.n_commit;
    if (ledgers_[l].is_fresh()) ledgers_[l].expect(plan.error_ratio);
    add_due(commit(ledgers_[l], scores.shares[l], n));
    add_due(ledgers_[l].raise_level(next_level(ledgers_[l], plan.level)));
    has_advanced = true;
  }
  scores.drop_committed(items_);
  ask(std::move(due), Purpose::audit);
  return has_advanced;
}

std::vector<ItemIndex> LabelingLoop::commit(AuditLedger& ledger, Share& share, std::int64_t n) {
  const std::vector<ItemIndex> committed(share.undecided.begin(), share.undecided.begin() + n);
  label_automatically(share, n);
  return ledger.commit(committed);
}

void LabelingLoop::label_automatically(Share& share, std::int64_t n) {
  if (n > 0) answers_.fix_audit_skills();
  for (std::int64_t i = 0; i < n; ++i) {
    const ItemIndex item = share.undecided[static_cast<std::size_t>(i)];
    items_.automatic[item] = share.best[static_cast<std::size_t>(i)];
    items_.confidence[item] = share.confidence[static_cast<std::size_t>(i)];
    items_.automatic_round[item] = round_;
    share.doubts.emplace_back(1.0 - items_.confidence[item], item);
    share.expected_wrong += share.doubts.back().first;
  }
  std::stable_sort(share.doubts.begin(), share.doubts.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  share.drop_front(n);
}

void LabelingLoop::begin_audit_at_end(Scores& scores) {
  phase_ = Phase::committing;
  const std::vector<double> ratios = audit_ratios();
  for (std::size_t l = 0; l < ledgers_.size(); ++l) {
    Share& share = scores.shares[l];
    const ErrorTarget target = ledgers_.target_of_each(*error_target());
    if (!begin_final_audit(ledgers_[l], share, ratios[l], target, n_items())) continue;
    label_automatically(share, std::ssize(share.undecided));
  }
  scores.drop_committed(items_);
}

void LabelingLoop::audit_at_end(Scores& scores) {
  while (n_outstanding_ == 0 && is_short_of_certificate() && !is_budget_spent()) {
    std::vector<ItemIndex> due;
    for (const std::size_t l : short_of_certificate()) {
      const auto of_ledger = step_audit_at_end(l, scores);
      due.insert(due.end(), of_ledger.begin(), of_ledger.end());
    }
    ask(std::move(due), Purpose::audit);
  }
  if (n_outstanding_ > 0) return;
  if (is_budget_spent()) return finish_on_budget();
  if (n_sampled_ < n_items()) {
    phase_ = Phase::sampling;
    return sample();
  }
  scores = score(*model_, items_, ledgers_, closed_classes_);
  if (scores.undecided.empty()) return finish();
  if (may_audit_again()) {
    phase_ = Phase::training;
    return ask_query(scores);
  }
  ask_review(scores);
}

bool LabelingLoop::may_audit_again() const {
  if (ledgers_.n_delivered() > 0) return false;
  const auto n_audits = [](const AuditLedger& ledger) { return ledger.n_exact_audits(); };
  const auto most = std::max_element(ledgers_.begin(), ledgers_.end(),
                                     [&](const auto& a, const auto& b) { return n_audits(a) < n_audits(b); });
  return n_audits(*most) > 0 && n_audits(*most) < kMostFinalAudits;
}

std::vector<ItemIndex> LabelingLoop::step_audit_at_end(std::size_t l, Scores& scores) {
  AuditLedger& ledger = ledgers_[l];
  const ExactAuditForecast next = final_forecast(ledger, items_, ledgers_.target_of_each(*error_target()));
  if (next.goes_on) {
    return ledger.raise_level(ledger.exact_audit().design().levels[ledger.exact_progress().n_looks]);
  }
  keep_proved(ledger, next);
  if (is_short_of_certificate(ledger)) give_up(scores, {l});
  return {};
}

void LabelingLoop::keep_proved(AuditLedger& ledger, const ExactAuditForecast& forecast) {
  if (forecast.deliverable) {
    withdraw(ledger, ledger.exact_open_beyond(*forecast.deliverable));
  } else if (ledger.n_exact_audits() > 1) {
    std::vector<ItemIndex> unproved = ledger.exact_ranking();
    std::erase_if(unproved, [&](ItemIndex item) { return !ledger.is_delivered(item); });
    withdraw(ledger, unproved);
  }
}

std::vector<ItemIndex> LabelingLoop::doubtful(const AuditLedger& ledger, const Share& share) const {
  if (!is_short_of_certificate(ledger)) return {};
  const ErrorTarget& target = *error_target();
  const bool of_dataset = target.of == ErrorScope::dataset;
  const auto scope = static_cast<double>(of_dataset ? n_items() : ledger.n_delivered());
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

bool LabelingLoop::fall_back(Scores& scores, const Outlook& outlook) {
  bool has_fallen_back = false;
  for (std::size_t l = 0; l < ledgers_.size(); ++l) {
    const std::size_t n_undecided = scores.shares[l].undecided.size();
    if (fall_back(ledgers_[l], n_undecided, outlook.prospects[l].expected_humans)) has_fallen_back = true;
  }
  if (has_fallen_back) scores = score(*model_, items_, ledgers_, closed_classes_);
  return has_fallen_back;
}

bool LabelingLoop::fall_back(AuditLedger& ledger, std::size_t n_undecided, double expected_humans) {
  if (!is_short_of_certificate(ledger)) return false;
  for (const AuditFallback& fallback : ledger.fallbacks()) {
    const auto humans = static_cast<double>(n_undecided + fallback.withdrawn.size());
    if (!is_proved(fallback) || humans > expected_humans) continue;
    withdraw(ledger, fallback.withdrawn);
    return true;
  }
  return false;
}

bool LabelingLoop::is_proved(const AuditFallback& fallback) const {
  const ErrorTarget& target = *error_target();
  const std::int64_t scope = target.of == ErrorScope::dataset ? n_items() : fallback.n_delivered;
  return fallback.n_delivered > 0 &&
         static_cast<double>(fallback.wrong_at_most) <= target.max_error * static_cast<double>(scope);
}

void LabelingLoop::withdraw(AuditLedger& ledger, const std::vector<ItemIndex>& items) {
  ledger.withdraw(items);
  for (const ItemIndex item : items) items_.automatic[item] = kNoClass;
}

std::vector<std::size_t> LabelingLoop::without_prospect(const Outlook& outlook) const {
  std::vector<std::size_t> hopeless;
  if (ledgers_.size() == 1) return hopeless;  // with all at stake a better model is worth waiting for
  for (const std::size_t l : short_of_certificate()) {
    const Prospect& prospect = outlook.prospects[l];
    if (!prospect.commit.certifies && prospect.doubtful.empty()) hopeless.push_back(l);
  }
  return hopeless;
}

void LabelingLoop::give_up(Scores& scores, const std::vector<std::size_t>& ledgers) {
  std::int64_t n_audited = 0, n_wrong = 0, wrong_at_most = 0;
  std::vector<ItemIndex> all_withdrawn;
  for (const std::size_t l : ledgers) {
    AuditLedger& ledger = ledgers_[l];
    n_audited += ledger.n_audited();
    n_wrong += ledger.errors_found();
    wrong_at_most += ledger.wrong_at_most();
    const auto withdrawn = ledger.delivered();
    all_withdrawn.insert(all_withdrawn.end(), withdrawn.begin(), withdrawn.end());
    withdraw(ledger, withdrawn);
    scores.shares[l].doubts.clear();
    scores.shares[l].expected_wrong = 0.0;
  }
  const double bound = static_cast<double>(wrong_at_most) / static_cast<double>(all_withdrawn.size());
  outcome_ = "The audits did not prove the target: of " + std::to_string(n_audited) + " automatic labels checked " +
             std::to_string(n_wrong) + " were wrong, so of the others at most " + percent(bound) +
             " were proved to be. They were withdrawn: to prove more would have cost as many people as labelling them.";
  scores.undecided.insert(scores.undecided.end(), all_withdrawn.begin(), all_withdrawn.end());
}

void LabelingLoop::ask_review(const Scores& scores) {
  // The least sure first: their labels may make the model sure enough of the others.
  const auto n_undecided = static_cast<std::int64_t>(scores.undecided.size());
  std::int64_t n = std::max(query_size(), n_undecided / 4);
  if (n_undecided - n < query_size()) n = n_undecided;
  ask(std::vector<ItemIndex>(scores.undecided.end() - n, scores.undecided.end()), Purpose::review);
}

void LabelingLoop::finish() {
  phase_ = Phase::finished;
  if (ledgers_.n_delivered() == 0) {
    if (!outcome_.empty() && outcome_ != kBeyondHelp) return;
    outcome_ =
        "All labels come from people: at no point was the model sure enough of so many items that auditing them would "
        "have cost less than labelling them.";
  } else if (std::holds_alternative<ErrorTarget>(setup_.target)) {
    outcome_ = "The automatic labels meet the target, as certified.";
  } else {
    outcome_ = "The automatic labels follow the plain confidence rule; nothing is certified. " + price_of_certificate();
  }
}

std::string LabelingLoop::price_of_certificate() const {
  double expected_wrong = 0.0;
  for (const ItemIndex item : ledgers_.delivered()) expected_wrong += 1.0 - items_.confidence[item];
  const auto delivered = static_cast<double>(ledgers_.n_delivered());
  const ErrorTarget target;
  const double audits = expected_audits(ledgers_.n_delivered(), expected_wrong / delivered, target);
  if (audits < 0.0) return "No audit is expected to certify them at " + percent(target.max_error) + ".";
  return "Certifying them at " + percent(target.max_error) + " is expected to cost " +
         std::to_string(std::llround(audits)) + " audits.";
}

}  // namespace gtlabel::detail
