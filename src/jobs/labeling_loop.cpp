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
#include "jobs/lessons.hpp"
#include "jobs/outcome_text.hpp"
#include "jobs/spending.hpp"

namespace gtlabel::detail {
namespace {

// Shares of the pool and of the labels so far that size batches: small enough that a round is not wasted on stale
// opinions, large enough that a job takes tens of rounds, not hundreds.
constexpr std::int64_t kSeedShare = 100;
constexpr std::int64_t kBatchShare = 200;
constexpr std::int64_t kGrowthShare = 10;
constexpr std::int64_t kLeastSeed = 20;
// Of scores that somebody else has made nothing is learned but how far they can be trusted.
constexpr std::int64_t kMostSeedOfFixed = 200;
// A pool that so far cannot be helped: after a tenth of it, people are expected to label nearly all. Better opinions
// are then far off, and batches may be a third of the labels.
constexpr std::int64_t kHardShare = 10;
constexpr double kNearlyAll = 0.97;
constexpr std::int64_t kHardGrowthShare = 3;
// One in so many queried items is drawn at random: they show what the model is like where it is sure of itself, and
// what choosing brings (QueryRecord).
constexpr std::size_t kControlShare = 10;
constexpr std::int64_t kLeastBatch = 10;
// What a limited budget keeps for audits, over what is planned: plans err.
constexpr double kAuditReserve = 1.5;

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

/// What even a model without error is to be audited for; the exact audit at the end is the cheaper one.
Target audited_target(const LabelingLoop::Setup& setup) {
  const auto* error = std::get_if<ErrorTarget>(&setup.target);
  if (error == nullptr || setup.commit == CommitMode::eager) return setup.target;
  return final_planning_target(*error, 0);
}

/// Of the audits: what gold tells about people has the rest.
double failure_probability_of_audits(const LabelingLoop::Setup& setup) {
  const auto* error = std::get_if<ErrorTarget>(&setup.target);
  const double share = setup.gold.empty() ? 1.0 : 1.0 - 1.0 / kGoldParts;
  return share * (error != nullptr ? *error : ErrorTarget{}).failure_probability;
}

}  // namespace

LabelingLoop::LabelingLoop(std::int64_t n_items, const Setup& setup, std::uint64_t coin_seed,
                           std::shared_ptr<IncrementalModel> model)
    : setup_(setup),
      model_(std::move(model)),
      items_(static_cast<std::size_t>(n_items)),
      answers_(n_items, model_->n_classes(), setup.overlap),
      gold_(setup.gold, setup.gold_rate, setup.seed),
      automatic_(setup.target, setup.commit, failure_probability_of_audits(setup), model_->n_classes(), coin_seed),
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
  // Items whose answers have not settled them yet are asked too.
  plan.n_asked = std::max(plan.n_asked - plan.n_gold_unasked, answers_.n_answered());
  for (auto* expected : {&plan.n_human_low, &plan.n_human, &plan.n_human_high}) {
    *expected = std::max(*expected, plan.n_asked + plan.n_gold_unasked);
  }
  plan.gold_rate = is_finished() ? 0.0 : gold_.planting_rate();
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
  const std::int64_t n_certified = certificate() ? automatic_.ledgers().n_delivered() : 0;
  return plan_from_other_pools(n_items(), n_human_, n_certified, model_->n_classes(), audited_target(setup_));
}

std::optional<Certificate> LabelingLoop::certificate() const {
  const std::string reference =
      answers_.is_plain() ? std::string(kOneAnswer)
                          : "the consolidated answer of up to " + std::to_string(setup_.overlap.max) + " people";
  auto certificate = automatic_.certificate(items_, reference);
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
  automatic_.record(items_, item, verdict.label);
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

void LabelingLoop::ask_what_was_cut() {
  if (!answers_left(setup_.budget, setup_.price, answers_)) return;
  std::vector<ItemIndex> audits, others;
  for (const ItemIndex item : automatic_.ledgers().due()) {
    if (!answers_.is_answered(item)) audits.push_back(item);
  }
  for (ItemIndex item = 0; item < n_items(); ++item) {
    const bool is_open = answers_.is_answered(item) && items_.human[item] == kNoClass;
    if (is_open || gold_.is_open(item)) others.push_back(item);
  }
  if (!audits.empty()) return ask(std::move(audits), Purpose::audit);
  ask(std::move(others), Purpose::review);
}

std::size_t LabelingLoop::askable(std::size_t n_items, bool are_new) const {
  if (const auto left = answers_left(setup_.budget, setup_.price, answers_))
    n_items = std::min(n_items, static_cast<std::size_t>(*left));
  if (are_new && setup_.budget.max_items) {
    const auto left = std::max<std::int64_t>(0, *setup_.budget.max_items - answers_.n_answered());
    n_items = std::min(n_items, static_cast<std::size_t>(left));
  }
  return n_items;
}

void LabelingLoop::cut_to_budget() {
  // Answers that nobody had asked for have used it up.
  const auto left = answers_left(setup_.budget, setup_.price, answers_);
  if (!left || n_outstanding_ <= *left) return;
  auto n_cut = n_outstanding_ - *left;
  for (auto item = batch_.items.rbegin(); item != batch_.items.rend() && n_cut > 0; ++item) {
    if (asked_[*item] == 0) continue;
    asked_[*item] = 0;
    --n_outstanding_;
    --n_cut;
    if (answers_.is_answered(*item)) continue;
    items_.is_random[*item] = 0;  // it may be asked about for another reason later
    items_.guess[*item] = kNoClass;
  }
}

bool LabelingLoop::has_to_commit_by_threshold() const { return error_target() == nullptr && !has_no_lesson(); }

bool LabelingLoop::has_to_save(const Outlook& outlook) const {
  const auto n_answers = affordable_answers(setup_.budget, setup_.price, answers_);
  const auto& most_items = setup_.budget.max_items;
  const double audits = outlook.audits_to_come();
  if (audits == 0.0 || (!n_answers && !most_items)) return false;
  const double left = std::min(static_cast<double>(n_answers.value_or(n_items())) / answers_per_item(),
                               static_cast<double>(most_items ? *most_items - answers_.n_answered() : n_items()));
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
    if (automatic_.is_delivered(items_, item)) automatic_.withdraw(items_, item);
    record_human(item, verdict);
  }
}

void LabelingLoop::finish_on_budget() {
  close_open_items();
  automatic_.keep_proved(items_);
  phase_ = Phase::finished;
  n_sampled_ = n_items();
  const std::int64_t n_delivered = automatic_.ledgers().n_delivered();
  outcome_ = budget_spent(answers_.n_paid(), answers_.n_answered(), n_items() - n_human_ - n_delivered, n_delivered,
                          error_target() != nullptr);
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
      Scores scores = rescore();
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
    outcome_ = too_small(std::ssize(undecided) == n_items());
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
  const std::int64_t share = n_items() / kSeedShare;
  const std::int64_t whole = is_fixed(*model_)
                                 ? std::clamp(share, kLeastSeed, kMostSeedOfFixed)
                                 : std::max({kLeastSeed, share, 2 * static_cast<std::int64_t>(model_->n_classes())});
  return (whole * (n_items() - n_sampled_) + n_items() - 1) / n_items();
}

bool LabelingLoop::is_too_small(std::size_t n_undecided) const {
  if (error_target() == nullptr || automatic_.ledgers().n_delivered() > 0 || n_undecided == 0) return false;
  return !automatic_.could_certify(static_cast<std::int64_t>(n_undecided) - sample_size(), n_items());
}

Scores LabelingLoop::rescore() const { return score(*model_, items_, automatic_.ledgers(), closed_classes_); }

void LabelingLoop::teach() {
  if (untaught_.empty() && model_->is_fitted()) return;
  std::sort(untaught_.begin(), untaught_.end());
  untaught_.erase(std::unique(untaught_.begin(), untaught_.end()), untaught_.end());
  const Lessons lessons = lessons_of(untaught_, items_, answers_, *model_);
  model_->update(lessons.items, lessons.targets, lessons.weights);
  untaught_.clear();
}

void LabelingLoop::note_round(const Scores& scores, const Outlook& outlook, double seconds) {
  const auto n = static_cast<double>(n_items());
  const AuditLedgers& ledgers = automatic_.ledgers();
  double planned_wrong = 0.0, n_planned = 0.0;
  for (const auto& prospect : outlook.prospects) {
    planned_wrong += prospect.commit.expected_wrong;
    n_planned += static_cast<double>(prospect.commit.n_commit);
  }
  RoundRecord record;
  record.round = round_;
  record.n_items = n_items();
  record.n_human = n_human_;
  record.n_auto = ledgers.n_delivered();
  record.n_audited = ledgers.n_audited();
  record.errors_found = ledgers.errors_found();
  const auto delivered = static_cast<double>(record.n_auto);
  record.coverage = (static_cast<double>(n_human_) + delivered) / n;
  record.human_share = static_cast<double>(n_human_) / n;
  record.expected_human_share = std::min(1.0, (static_cast<double>(n_human_) + outlook.expected_humans) / n);
  if (delivered > 0) {
    record.estimated_error = outlook.expected_wrong / delivered;
    record.bounded_error = static_cast<double>(ledgers.wrong_at_most()) / delivered;
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
  if (is_fixed(*model_)) return true;
  // If the cost still to come, but for the audits that even a perfect model needs, falls with the number of labels n
  // like n^-g, the total is least where n = g x that cost.
  return static_cast<double>(n_human_) >= kLearningExponent * (humans_to_come - least_audits_);
}

bool LabelingLoop::is_time_to_commit(const Outlook& outlook) const {
  // Stopping late costs little (the total is flat there), stopping early much, so a few rounds have to agree.
  if (is_fixed(*model_)) return outlook.is_promising();
  return outlook.is_promising() && history_.size() >= kRoundsToAgree &&
         is_trained_enough(humans_to_come(history_, n_items()));
}

void LabelingLoop::decide(Scores& scores, double seconds) {
  const Outlook first = automatic_.outlook(items_, scores, phase_ == Phase::committing);
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
  if (automatic_.commits_at_end()) {
    if (phase_ == Phase::training) begin_audit_at_end(scores);
    return audit_at_end(scores);
  }

  phase_ = Phase::committing;
  // A commit whose coins all lie above the level needs no audit: then decide again at once.
  while (n_outstanding_ == 0) {
    if (is_budget_spent()) return finish_on_budget();
    const Outlook next = automatic_.outlook(items_, scores, phase_ == Phase::committing);
    const bool has_fallen_back = automatic_.fall_back(items_, scores, next);
    if (has_fallen_back) scores = rescore();
    if (const auto hopeless = automatic_.without_prospect(items_, next); !has_fallen_back && !hopeless.empty()) {
      give_up(scores, hopeless);
      scores = rescore();
      continue;
    }
    if (has_fallen_back && scores.undecided.empty()) continue;
    if (has_fallen_back || is_worth_training(scores, next)) {
      phase_ = Phase::training;
      return ask_query(scores);
    }
    if (auto doubtful = next.doubtful(); !doubtful.empty()) return ask(std::move(doubtful), Purpose::review);
    if (advance_commit(scores, next)) continue;
    if (scores.undecided.empty()) {
      if (!is_short_of_certificate()) return finish();
      give_up(scores, automatic_.short_of_certificate(items_));
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
  if (phase_ != Phase::training || automatic_.ledgers().n_delivered() > 0 || n_human_ < n_items() / kHardShare)
    return false;
  if (history_.size() < kRoundsToAgree) return false;
  return std::all_of(history_.end() - kRoundsToAgree, history_.end(), [&](const RoundRecord& round) {
    return round.n_items == n_items() && round.expected_human_share >= kNearlyAll;
  });
}

void LabelingLoop::ask_query(const Scores& scores) {
  if (outcome_.empty() || outcome_ == kBeyondHelp) outcome_ = is_beyond_help() ? kBeyondHelp : "";
  const auto n = static_cast<std::size_t>(query_size());
  auto batch = margin_query(scores.undecided, scores.probabilities, n - n / kControlShare, query_random_);
  const std::unordered_set<ItemIndex> chosen(batch.begin(), batch.end());
  std::vector<ItemIndex> others = scores.undecided;
  std::erase_if(others, [&](ItemIndex item) { return chosen.contains(item); });
  const auto control = seed_sample(others, n / kControlShare, query_random_);
  batch.insert(batch.end(), control.begin(), control.end());
  ask(std::move(batch), Purpose::query);
  for (const ItemIndex item : control) items_.is_random[item] = asked_[item];  // what a budget has cut was not drawn
  for (std::ptrdiff_t row = 0; row < scores.probabilities.rows; ++row) {
    const ItemIndex item = scores.undecided[static_cast<std::size_t>(row)];
    if (is_outstanding(item)) items_.guess[item] = best_class(scores.probabilities.row(row));
  }
}

bool LabelingLoop::advance_commit(Scores& scores, const Outlook& outlook) {
  auto due = automatic_.advance(items_, scores, outlook, query_size(), round_);
  if (!due) return false;
  answers_.fix_audit_skills();
  ask(std::move(*due), Purpose::audit);
  return true;
}

void LabelingLoop::begin_audit_at_end(Scores& scores) {
  phase_ = Phase::committing;
  if (automatic_.begin_audit_at_end(items_, scores, round_)) answers_.fix_audit_skills();
}

void LabelingLoop::audit_at_end(Scores& scores) {
  while (n_outstanding_ == 0 && is_short_of_certificate() && !is_budget_spent()) {
    auto [due, failed] = automatic_.look_at_end(items_);
    if (!failed.empty()) give_up(scores, failed);
    ask(std::move(due), Purpose::audit);
  }
  if (n_outstanding_ > 0) return;
  if (is_budget_spent()) return finish_on_budget();
  bool goes_on = automatic_.may_audit_again();
  if (n_sampled_ < n_items()) {
    phase_ = Phase::sampling;
    sample();
    if (n_outstanding_ > 0) return;
    goes_on = true;  // what has joined was answered unasked, and is learned from all the same
  }
  scores = rescore();
  if (scores.undecided.empty()) return finish();
  if (goes_on) {
    phase_ = Phase::training;
    return ask_query(scores);
  }
  ask_review(scores);
}

void LabelingLoop::give_up(Scores& scores, const std::vector<std::size_t>& ledgers) {
  outcome_ = not_proved(automatic_.give_up(items_, scores, ledgers));
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
  const std::int64_t n_delivered = automatic_.ledgers().n_delivered();
  if (n_delivered == 0) {
    if (outcome_.empty() || outcome_ == kBeyondHelp) outcome_ = kAllByPeople;
  } else if (error_target() != nullptr) {
    outcome_ = kCertified;
  } else {
    double expected_wrong = 0.0;
    for (const ItemIndex item : automatic_.ledgers().delivered()) expected_wrong += 1.0 - items_.confidence[item];
    outcome_ = by_threshold(n_delivered, expected_wrong);
  }
}

}  // namespace gtlabel::detail
