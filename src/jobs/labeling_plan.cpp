#include "gtlabel/jobs/labeling_plan.hpp"

#include <algorithm>
#include <cmath>
#include <variant>

#include "gtlabel/core/error.hpp"
#include "gtlabel/routing/audit_ledgers.hpp"
#include "gtlabel/routing/commit_plan.hpp"
#include "jobs/job_plan.hpp"
#include "jobs/learning_curve.hpp"

namespace gtlabel {
namespace {

/// Shares of a pool that people label beside the audits of a model without error.
struct Difficulty {
  double max_error;
  double low, expected, high;
};

// The first tenth, the mean and the last tenth over the pools of tests/benchmarks/pools.py (banking77 not measured).
constexpr Difficulty kStrict{0.02, 0.07, 0.49, 1.0};
constexpr Difficulty kLoose{0.05, 0.045, 0.40, 1.0};

/// Linear in the logarithm of the error, through the two measured targets.
Difficulty difficulty(double max_error) {
  static constexpr double kLeast = 0.01;
  const double part =
      std::log(std::max(max_error, 1e-6) / kStrict.max_error) / std::log(kLoose.max_error / kStrict.max_error);
  const auto at = [part](double strict, double loose) {
    return std::clamp(strict + part * (loose - strict), kLeast, 1.0);
  };
  return {max_error, at(kStrict.low, kLoose.low), at(kStrict.expected, kLoose.expected), at(kStrict.high, kLoose.high)};
}

// How the end of jobs compared with what was predicted of them on the way, while they trained and once they had
// committed: the first tenth, the middle and the last tenth. Measured on eight pools at targets of 1, 2, 5 and 10 %.
struct Spread {
  double low, middle, high;
};
constexpr Spread kWhileTraining{0.42, 0.78, 1.41};
constexpr Spread kWhileCommitting{0.82, 1.0, 1.13};

std::int64_t bounded(double humans, std::int64_t n_asked, std::int64_t n_items) {
  return std::llround(std::clamp(humans, static_cast<double>(n_asked), static_cast<double>(n_items)));
}

LabelingPlan make_plan(std::int64_t n_items, std::int64_t n_asked, double predicted, Spread spread, std::string basis) {
  return {n_items,
          n_asked,
          bounded(spread.middle * predicted, n_asked, n_items),
          bounded(spread.low * predicted, n_asked, n_items),
          bounded(spread.high * predicted, n_asked, n_items),
          std::move(basis)};
}

}  // namespace

LabelingPlan plan_labeling(std::int64_t n_items, int n_classes, const Target& target) {
  validate(target);
  if (n_items < 1) throw InvalidArgument("n_items: " + std::to_string(n_items) + " given, expected at least 1");
  if (n_classes < 2) throw InvalidArgument("n_classes: " + std::to_string(n_classes) + " given, expected at least 2");
  return detail::plan_from_other_pools(n_items, 0, 0, n_classes, target);
}

namespace detail {

std::optional<double> least_audits(std::int64_t n_items, int n_classes, const Target& target) {
  const auto* error = std::get_if<ErrorTarget>(&target);
  if (error == nullptr) return 0.0;
  const std::int64_t n_ledgers = error->per_class ? n_classes : 1;
  const AuditLedgers ledgers(error->failure_probability, static_cast<std::size_t>(n_ledgers));
  const double audits_of_each = expected_audits(n_items / n_ledgers, 0.0, ledgers.target_of_each(*error));
  if (audits_of_each < 0.0) return std::nullopt;
  return static_cast<double>(n_ledgers) * audits_of_each;
}

LabelingPlan plan_from_other_pools(std::int64_t n_items, std::int64_t n_asked, std::int64_t n_delivered, int n_classes,
                                   const Target& target) {
  const auto* error = std::get_if<ErrorTarget>(&target);
  const double max_error = error != nullptr ? error->max_error : 1.0 - std::get<ConfidenceThreshold>(target).confidence;
  const Difficulty measured = difficulty(max_error);
  const std::int64_t n_open = n_items - n_asked - n_delivered;
  const auto people = [&](int n_audited_classes, double share) {
    const auto open = static_cast<double>(n_open);
    const double audits = n_open > 0 ? least_audits(n_open, n_audited_classes, target).value_or(open) : 0.0;
    return bounded(static_cast<double>(n_asked) + audits + share * open, n_asked, n_asked + n_open);
  };
  // At best all items are of one class.
  return {n_items,
          n_asked,
          people(n_classes, measured.expected),
          people(1, measured.low),
          people(n_classes, measured.high),
          n_open < n_items ? "jobs on other pools; nothing is known of the open items yet"
                           : "jobs on other pools; nothing is known of this one yet"};
}

LabelingPlan plan_from_history(std::span<const RoundRecord> history, std::int64_t n_items, std::int64_t n_asked,
                               double least_audits) {
  const RoundRecord& last = history.back();
  if (last.n_auto > 0) {
    const double predicted = last.expected_human_share * static_cast<double>(n_items);
    return make_plan(n_items, n_asked, predicted, kWhileCommitting, "the audits of this job so far");
  }
  const double to_come = humans_to_come(history, n_items);
  const double audits = std::min(least_audits, to_come);
  const auto labels = static_cast<double>(last.n_human);
  const double best = std::max(labels, best_training(labels, to_come - audits));
  const double predicted = audits + best + (to_come - audits) * std::pow(labels / best, kLearningExponent);
  LabelingPlan plan = make_plan(n_items, n_asked, predicted, kWhileTraining, "how this job's model has learned so far");
  // As long as no label could be delivered, none may ever be.
  if (to_come + labels > 0.99 * static_cast<double>(n_items)) plan.n_human_high = n_items;
  return plan;
}

LabelingPlan plan_of_finished(std::int64_t n_items, std::int64_t n_human) {
  return {n_items, n_human, n_human, n_human, n_human, "the job is finished"};
}

}  // namespace detail
}  // namespace gtlabel
