#include "jobs/labeling_loop.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "gtlabel/selection/margin_query.hpp"
#include "gtlabel/selection/seed_sample.hpp"
#include "jobs/job_plan.hpp"
#include "jobs/learning_curve.hpp"
#include "support/percent.hpp"

namespace gtlabel::detail {
namespace {

// Shares of the pool and of the labels so far that size batches: small enough that a round is not wasted on stale
// opinions, large enough that a job takes tens of rounds, not hundreds.
constexpr std::int64_t kSeedShare = 100;
constexpr std::int64_t kBatchShare = 200;
constexpr std::int64_t kGrowthShare = 10;
constexpr std::int64_t kLeastSeed = 20;
// One in so many queried items is drawn at random: they show what the model is like where it is sure of itself.
constexpr std::size_t kUniformShare = 10;
constexpr std::int64_t kLeastBatch = 10;
// A commit takes this part of what is planned: audits of the surer labels correct the plan for the less sure ones.
constexpr double kCommitStage = 0.6;
// A planned audit level is approached by halves: often it turns out to be higher than needed.
constexpr double kLevelStage = 0.5;
// Weight of the model's own word on how often it errs against what audits found, in errors.
constexpr double kRatioPrior = 2.0;

double least_audits(const Target& target, std::int64_t n_items) {
  const auto* error = std::get_if<ErrorTarget>(&target);
  return error == nullptr ? 0.0 : std::max(0.0, expected_audits(n_items, 0.0, *error));
}

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

LabelingLoop::LabelingLoop(std::int64_t n_items, const Setup& setup, std::uint64_t coin_seed,
                           std::shared_ptr<IncrementalModel> model)
    : setup_(setup),
      model_(std::move(model)),
      items_(static_cast<std::size_t>(n_items)),
      ledger_(std::holds_alternative<ErrorTarget>(setup.target)
                  ? std::get<ErrorTarget>(setup.target).failure_probability
                  : 0.05,
              coin_seed),
      seed_random_(setup.seed, RandomPurpose::seed_sample),
      query_random_(setup.seed, RandomPurpose::query),
      least_audits_(least_audits(setup.target, n_items)),
      asked_(static_cast<std::size_t>(n_items), 0) {}

void LabelingLoop::extend(const Features& longer) {
  const auto n = static_cast<std::size_t>(longer.n_items());
  auto items = items_;
  auto asked = asked_;
  items.resize(n);
  asked.resize(n, 0);
  const double audits = least_audits(setup_.target, longer.n_items());
  model_->extend(longer);
  items_ = std::move(items);
  asked_ = std::move(asked);
  least_audits_ = audits;
  phase_ = Phase::sampling;
  outcome_.clear();
}

LabelingPlan LabelingLoop::expectation() const {
  if (is_finished()) return plan_of_finished(n_items(), n_human_);
  // Rounds before items joined say nothing of these.
  const bool is_known = !history_.empty() && history_.back().n_items == n_items();
  return is_known ? plan_from_history(history_, n_items(), n_human_, setup_.target)
                  : plan_from_other_pools(n_items(), n_human_, setup_.target);
}

bool LabelingLoop::is_short_of_certificate() const {
  return std::holds_alternative<ErrorTarget>(setup_.target) && ledger_.n_delivered() > 0 && !certificate();
}

std::optional<Certificate> LabelingLoop::certificate() const {
  const auto* target = std::get_if<ErrorTarget>(&setup_.target);
  return target == nullptr ? std::nullopt : certify(ledger_, *target, n_items());
}

Predictions LabelingLoop::predictions() const {
  const Opinion opinion = opinion_of(*model_, items_);
  Predictions predictions{opinion.items, {}, opinion.confidence};
  for (std::ptrdiff_t i = 0; i < opinion.probabilities.rows; ++i) {
    predictions.class_index.push_back(best_class(opinion.probabilities.row(i)));
  }
  return predictions;
}

bool LabelingLoop::is_outstanding(ItemIndex item) const { return asked_[item] != 0; }

void LabelingLoop::record(ItemIndex item, ClassIndex answer) {
  if (items_.human[item] == kNoClass) ++n_human_;
  n_outstanding_ -= std::exchange(asked_[item], std::uint8_t{0});
  items_.human[item] = answer;
  items_.human_round[item] = round_;
  if (items_.automatic[item] != kNoClass) ledger_.record(item, answer != items_.automatic[item]);
  untaught_.push_back(item);
  if (phase_ == Phase::finished && is_short_of_certificate()) {  // a correction has taken it: the job goes on
    phase_ = Phase::committing;
    outcome_.clear();
  }
}

std::optional<Batch> LabelingLoop::next_batch() {
  if (n_outstanding_ == 0 && phase_ != Phase::finished) {
    const auto begin = std::chrono::steady_clock::now();
    if (n_sampled_ < n_items()) sample();
    if (n_outstanding_ == 0) {
      teach();
      Scores scores = score(*model_, items_);
      ++round_;
      decide(scores, seconds_since(begin));
    }
    seconds_ += seconds_since(begin);
  }
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
  if (items.empty()) return;
  for (const ItemIndex item : items) {
    asked_[item] = 1;
    if (purpose == Purpose::seed || purpose == Purpose::audit) items_.is_random[item] = 1;
  }
  n_outstanding_ = static_cast<std::int64_t>(items.size());
  batch_ = {std::move(items), {}, round_};
  batch_.purposes.assign(batch_.items.size(), purpose);
}

void LabelingLoop::sample() {
  auto undecided = items_.without_human();
  if (is_too_small(undecided.size())) {
    outcome_ = "The pool is too small for automatic labels: auditing them would cost as many people as labelling them.";
    n_sampled_ = n_items();
    phase_ = Phase::committing;
    return ask(std::move(undecided), Purpose::review);
  }
  const auto n = static_cast<std::size_t>(sample_size());
  std::erase_if(undecided, [&](ItemIndex item) { return item < n_sampled_; });
  n_sampled_ = n_items();
  ask(seed_sample(undecided, n, seed_random_), Purpose::seed);
}

std::int64_t LabelingLoop::sample_size() const {
  // Items that join get the share that they would have had of the whole pool's sample.
  const std::int64_t whole =
      std::max({kLeastSeed, n_items() / kSeedShare, 2 * static_cast<std::int64_t>(model_->n_classes())});
  return (whole * (n_items() - n_sampled_) + n_items() - 1) / n_items();
}

bool LabelingLoop::is_too_small(std::size_t n_undecided) const {
  const auto* target = std::get_if<ErrorTarget>(&setup_.target);
  const bool is_committed = ledger_.n_delivered() > 0;
  const auto n_left = static_cast<std::int64_t>(n_undecided) - sample_size();
  if (target == nullptr || is_committed || n_undecided == 0) return false;
  // Even a model that is never wrong would have to be audited.
  const std::vector<double> no_risk(static_cast<std::size_t>(std::max<std::int64_t>(0, n_left)), 0.0);
  const AuditState audit{.level = ledger_.level(), .errors_found = ledger_.errors_found()};
  return !plan_commit(no_risk, audit, *target, n_items()).certifies;
}

void LabelingLoop::teach() {
  if (untaught_.empty() && model_->is_fitted()) return;
  std::sort(untaught_.begin(), untaught_.end());
  untaught_.erase(std::unique(untaught_.begin(), untaught_.end()), untaught_.end());
  Matrix<float> targets(static_cast<std::ptrdiff_t>(untaught_.size()), model_->n_classes());
  for (std::size_t i = 0; i < untaught_.size(); ++i) {
    targets(static_cast<std::ptrdiff_t>(i), items_.human[untaught_[i]]) = 1.0F;
  }
  model_->update(untaught_, targets);
  untaught_.clear();
}

double LabelingLoop::expected_wrong(const Scores& scores, double deviations) const {
  if (ledger_.n_delivered() == 0 || ledger_.n_audited() == 0) return scores.expected_wrong;
  // The audits' own rate, with the model's opinion as a prior worth one error.
  const auto delivered = static_cast<double>(ledger_.n_delivered());
  const double opinion = std::max(scores.expected_wrong / delivered, 1e-4);
  const double errors = static_cast<double>(ledger_.errors_found()) + 1.0;
  return delivered * (errors + deviations * std::sqrt(errors)) /
         (static_cast<double>(ledger_.n_audited()) + 1.0 / opinion);
}

double LabelingLoop::audit_ratio() const {
  double found = kRatioPrior, predicted = kRatioPrior;
  for (std::size_t item = 0; item < items_.human.size(); ++item) {
    const bool is_audited = items_.automatic[item] != kNoClass && items_.human[item] != kNoClass;
    if (!is_audited || items_.is_random[item] == 0) continue;
    found += items_.human[item] != items_.automatic[item] ? 1.0 : 0.0;
    predicted += 1.0 - items_.confidence[item];
  }
  return found / predicted;
}

AuditState LabelingLoop::audit_state(const Scores& scores) const {
  // A standard deviation on the hopeful side: to give up a commit that more audits would have certified costs more
  // people than those audits.
  return {.level = ledger_.level(),
          .delivered = ledger_.n_delivered(),
          .errors_found = ledger_.errors_found(),
          .known_wrong = ledger_.known_wrong(),
          .expected_wrong = expected_wrong(scores, -1.0),
          .is_certified = certificate().has_value()};
}

CommitPlan LabelingLoop::plan(const Scores& scores) const {
  if (const auto* threshold = std::get_if<ConfidenceThreshold>(&setup_.target)) {
    CommitPlan plan;
    for (const float confidence : scores.confidence) {
      if (confidence < static_cast<float>(threshold->confidence)) break;
      ++plan.n_commit;
      plan.expected_wrong += 1.0 - confidence;
    }
    plan.certifies = plan.n_commit > 0;
    plan.expected_humans = static_cast<double>(scores.undecided.size()) - static_cast<double>(plan.n_commit);
    return plan;
  }
  std::vector<double> risks;
  risks.reserve(scores.confidence.size());
  const double ratio = audit_ratio();
  for (const float confidence : scores.confidence) risks.push_back(std::min(1.0, ratio * (1.0 - confidence)));
  return plan_commit(risks, audit_state(scores), std::get<ErrorTarget>(setup_.target), n_items());
}

LabelingLoop::Outlook LabelingLoop::outlook(const Scores& scores) const {
  Outlook outlook{plan(scores), doubtful(scores), 0.0};
  const auto humans_if_repaired = static_cast<double>(outlook.doubtful.size() + scores.undecided.size());
  outlook.expected_humans = outlook.commit.expected_humans;
  if (!outlook.doubtful.empty() && humans_if_repaired < outlook.expected_humans) {
    outlook.expected_humans = humans_if_repaired;
  } else {
    outlook.doubtful.clear();
  }
  return outlook;
}

void LabelingLoop::note_round(const Scores& scores, const Outlook& outlook, double seconds) {
  const auto n = static_cast<double>(n_items());
  const auto delivered = static_cast<double>(ledger_.n_delivered());
  RoundRecord record;
  record.round = round_;
  record.n_items = n_items();
  record.n_human = n_human_;
  record.n_auto = ledger_.n_delivered();
  record.n_audited = ledger_.n_audited();
  record.errors_found = ledger_.errors_found();
  record.coverage = (static_cast<double>(n_human_) + delivered) / n;
  record.human_share = static_cast<double>(n_human_) / n;
  record.expected_human_share = std::min(1.0, (static_cast<double>(n_human_) + outlook.expected_humans) / n);
  if (delivered > 0) {
    record.estimated_error = expected_wrong(scores, 0.0) / delivered;
    record.bounded_error = static_cast<double>(ledger_.wrong_at_most()) / delivered;
  } else if (outlook.commit.n_commit > 0) {
    record.estimated_error = outlook.commit.expected_wrong / static_cast<double>(outlook.commit.n_commit);
  }
  record.accuracy = scores.accuracy;
  record.seconds = seconds;
  history_.push_back(record);
}

bool LabelingLoop::is_trained_enough(double humans_to_come) const {
  // If the cost still to come, but for the audits that even a perfect model needs, falls with the number of labels n
  // like n^-g, the total is least where n = g x that cost.
  return static_cast<double>(n_human_) >= kLearningExponent * (humans_to_come - least_audits_);
}

bool LabelingLoop::is_time_to_commit(const Outlook& outlook) const {
  // Stopping late costs little (the total is flat there), stopping early much, so a few rounds have to agree. Rounds
  // before items joined say nothing of these.
  if (!outlook.commit.certifies || history_.size() < kRoundsToAgree) return false;
  return is_trained_enough(humans_to_come(history_, n_items()));
}

void LabelingLoop::decide(Scores& scores, double seconds) {
  const auto first = outlook(scores);
  note_round(scores, first, seconds);
  if (phase_ == Phase::sampling) phase_ = Phase::training;
  if (phase_ == Phase::training && !scores.undecided.empty() && !is_time_to_commit(first)) return ask_query(scores);

  phase_ = Phase::committing;
  // A commit whose coins all lie above the level needs no audit: then decide again at once.
  while (n_outstanding_ == 0) {
    const auto next = outlook(scores);
    if (fall_back(scores, next) || is_worth_training(scores, next)) {
      phase_ = Phase::training;
      return ask_query(scores);
    }
    if (!next.doubtful.empty()) return ask(next.doubtful, Purpose::review);
    if (advance_commit(scores, next.commit)) continue;
    if (scores.undecided.empty()) {
      if (!is_short_of_certificate()) return finish();
      withdraw_all(scores);
    }
    // Short of a certificate a better model may find the doubtful labels, or sure ones that make up for them.
    if (is_short_of_certificate()) return ask_query(scores);
    return ask_review(scores);
  }
}

bool LabelingLoop::is_worth_training(const Scores& scores, const Outlook& outlook) const {
  return is_short_of_certificate() && !scores.undecided.empty() && !is_trained_enough(outlook.expected_humans);
}

std::int64_t LabelingLoop::query_size() const {
  if (setup_.batch_size > 0) return setup_.batch_size;
  return std::max({kLeastBatch, n_items() / kBatchShare, n_human_ / kGrowthShare});
}

void LabelingLoop::ask_query(Scores& scores) {
  const auto n = static_cast<std::size_t>(query_size());
  auto batch = margin_query(scores.undecided, scores.probabilities, n - n / kUniformShare, query_random_);
  for (const ItemIndex item : batch) asked_[item] = 1;
  std::erase_if(scores.undecided, [&](ItemIndex item) { return asked_[item] != 0; });
  const auto uniform = seed_sample(scores.undecided, n / kUniformShare, query_random_);
  for (const ItemIndex item : uniform) items_.is_random[item] = 1;
  batch.insert(batch.end(), uniform.begin(), uniform.end());
  ask(std::move(batch), Purpose::query);
}

bool LabelingLoop::advance_commit(Scores& scores, const CommitPlan& plan) {
  if (!plan.certifies || (plan.n_commit == 0 && plan.level <= ledger_.level())) return false;
  const bool is_certified = std::holds_alternative<ConfidenceThreshold>(setup_.target) || certificate().has_value();
  const auto humans_if_stopped =
      static_cast<double>(scores.undecided.size()) + (is_certified ? 0.0 : static_cast<double>(ledger_.n_delivered()));
  if (humans_if_stopped - plan.expected_humans < 1.0) return false;

  auto n = static_cast<std::int64_t>(std::ceil(kCommitStage * static_cast<double>(plan.n_commit)));
  if (plan.n_commit - n < query_size()) n = plan.n_commit;
  auto due = commit(scores, n);
  const auto raised = ledger_.raise_level(next_level(plan.level));
  due.insert(due.end(), raised.begin(), raised.end());
  ask(std::move(due), Purpose::audit);
  return true;
}

std::vector<ItemIndex> LabelingLoop::commit(Scores& scores, std::int64_t n) {
  const std::vector<ItemIndex> committed(scores.undecided.begin(), scores.undecided.begin() + n);
  for (std::int64_t i = 0; i < n; ++i) {
    const ItemIndex item = committed[static_cast<std::size_t>(i)];
    items_.automatic[item] = scores.best[static_cast<std::size_t>(i)];
    items_.confidence[item] = scores.confidence[static_cast<std::size_t>(i)];
    items_.automatic_round[item] = round_;
    scores.doubts.emplace_back(1.0 - items_.confidence[item], item);
    scores.expected_wrong += scores.doubts.back().first;
  }
  std::stable_sort(scores.doubts.begin(), scores.doubts.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  scores.drop_front(n);
  return ledger_.commit(committed);
}

double LabelingLoop::next_level(double planned) const {
  const double missing = planned - ledger_.level();
  if (missing <= 0.0) return ledger_.level();
  const double least_step = static_cast<double>(kLeastBatch) / static_cast<double>(ledger_.n_delivered());
  return ledger_.level() + std::min(missing, std::max(kLevelStage * missing, least_step));
}

std::vector<ItemIndex> LabelingLoop::doubtful(const Scores& scores) const {
  const auto* target = std::get_if<ErrorTarget>(&setup_.target);
  if (target == nullptr || ledger_.n_delivered() == 0 || certificate()) return {};
  const bool of_dataset = target->of == ErrorScope::dataset;
  const auto scope = static_cast<double>(of_dataset ? n_items() : ledger_.n_delivered());
  double deficit = static_cast<double>(ledger_.wrong_at_most()) - target->max_error * scope;
  std::vector<ItemIndex> doubtful;
  for (const auto& [risk, item] : scores.doubts) {
    // An error found lowers the bound by one; an item that leaves the delivered lowers what the target allows.
    const double gain = risk - (of_dataset ? 0.0 : target->max_error);
    if (gain <= 0.0 || deficit <= 0.0) break;
    if (!ledger_.is_delivered(item)) continue;
    deficit -= gain;
    doubtful.push_back(item);
  }
  return deficit > 0.0 ? std::vector<ItemIndex>{} : doubtful;
}

bool LabelingLoop::fall_back(Scores& scores, const Outlook& outlook) {
  const auto* target = std::get_if<ErrorTarget>(&setup_.target);
  if (target == nullptr || ledger_.n_delivered() == 0 || certificate()) return false;
  for (const AuditFallback& fallback : ledger_.fallbacks()) {
    const std::int64_t scope = target->of == ErrorScope::dataset ? n_items() : fallback.n_delivered;
    const auto humans = static_cast<double>(scores.undecided.size() + fallback.withdrawn.size());
    const bool is_certified =
        static_cast<double>(fallback.wrong_at_most) <= target->max_error * static_cast<double>(scope);
    if (!is_certified || fallback.n_delivered == 0 || humans > outlook.expected_humans) continue;
    withdraw(fallback.withdrawn);
    scores = score(*model_, items_);
    return true;
  }
  return false;
}

void LabelingLoop::withdraw(const std::vector<ItemIndex>& items) {
  ledger_.withdraw(items);
  for (const ItemIndex item : items) items_.automatic[item] = kNoClass;
}

void LabelingLoop::withdraw_all(Scores& scores) {
  const auto withdrawn = ledger_.delivered();
  const double bound = static_cast<double>(ledger_.wrong_at_most()) / static_cast<double>(withdrawn.size());
  outcome_ = "The audits did not prove the target: of " + std::to_string(ledger_.n_audited()) +
             " automatic labels checked " + std::to_string(ledger_.errors_found()) +
             " were wrong, so of the others at most " + percent(bound) +
             " were proved to be. They were withdrawn: to prove more would have cost as many people as labelling them.";
  withdraw(withdrawn);
  scores.undecided.insert(scores.undecided.end(), withdrawn.begin(), withdrawn.end());
  scores.doubts.clear();
  scores.expected_wrong = 0.0;
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
  if (ledger_.n_delivered() == 0) {
    if (!outcome_.empty()) return;
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
  for (const ItemIndex item : ledger_.delivered()) expected_wrong += 1.0 - items_.confidence[item];
  const auto delivered = static_cast<double>(ledger_.n_delivered());
  const ErrorTarget target;
  const double audits = expected_audits(ledger_.n_delivered(), expected_wrong / delivered, target);
  if (audits < 0.0) return "No audit is expected to certify them at " + percent(target.max_error) + ".";
  return "Certifying them at " + percent(target.max_error) + " is expected to cost " +
         std::to_string(std::llround(audits)) + " audits.";
}

}  // namespace gtlabel::detail
