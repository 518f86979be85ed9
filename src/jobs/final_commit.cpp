#include "jobs/final_commit.hpp"

#include <algorithm>
#include <cmath>
#include <variant>
#include <vector>

#include "gtlabel/models/fixed_probabilities.hpp"

namespace gtlabel::detail {
namespace {

constexpr double kPartOfNextAudit = 0.9;
constexpr std::int64_t kLargePool = 10'000;

/// With of = dataset: how many labels of the present audit may be wrong.
std::optional<double> allowed_of_dataset(const ErrorTarget& target, std::int64_t n_items, std::int64_t wrong_before) {
  if (target.of != ErrorScope::dataset) return std::nullopt;
  return std::max(0.0, target.max_error * static_cast<double>(n_items) - static_cast<double>(wrong_before));
}

/// Predicted wrong labels among the open ones of each prefix, corrected by what audits of the prefix found.
/// @param deviations  so many standard deviations above the mean.
std::vector<double> predicted_wrong(const AuditLedger& ledger, const ItemColumns& items,
                                    const ExactAuditProgress& progress, double deviations) {
  std::vector<double> wrong;
  double open = 0.0, predicted = kRatioPrior, found = kRatioPrior;
  const auto ranking = ledger.exact_ranking();
  std::size_t i = 0;
  for (const ClaimProgress& prefix : progress.claims) {
    for (; i < static_cast<std::size_t>(prefix.n_items); ++i) {
      const ItemIndex item = ranking[i];
      const bool is_open = ledger.is_delivered(item);
      if (!is_open && !ledger.is_audited(item)) continue;
      const double risk = 1.0 - static_cast<double>(items.confidence[item]);
      if (is_open) {
        open += risk;
        continue;
      }
      predicted += risk;
      found += items.human[item] != items.automatic[item] ? 1.0 : 0.0;
    }
    wrong.push_back(open * std::max(0.0, found + deviations * std::sqrt(found)) / predicted);
  }
  return wrong;
}

}  // namespace

bool is_fixed(const IncrementalModel& model) { return dynamic_cast<const FixedProbabilities*>(&model) != nullptr; }

CommitMode usual_commit_mode(const Target& target, const IncrementalModel* model, std::int64_t n_items) {
  const auto* error = std::get_if<ErrorTarget>(&target);
  if (error == nullptr || model == nullptr || !is_fixed(*model)) return CommitMode::eager;
  const bool finds_many = error->of == ErrorScope::dataset || (n_items >= kLargePool && !error->per_class);
  return finds_many ? CommitMode::final : CommitMode::eager;
}

std::int64_t final_scope(const ErrorTarget& target, std::int64_t n_items, std::int64_t wrong_before) {
  const auto allowed = allowed_of_dataset(target, n_items, wrong_before);
  return allowed ? static_cast<std::int64_t>(*allowed / target.max_error) : n_items;
}

double part_for_next_audit(double failure_probability, std::size_t n_audits_before) noexcept {
  return failure_probability * kPartOfNextAudit *
         std::pow(1.0 - kPartOfNextAudit, static_cast<double>(n_audits_before));
}

ErrorTarget final_planning_target(const ErrorTarget& target, std::size_t n_audits_before) {
  return planning_target(target, part_for_next_audit(target.failure_probability, n_audits_before));
}

bool begin_final_audit(AuditLedger& ledger, const Share& share, double ratio, const ErrorTarget& target,
                       std::int64_t n_items) {
  const std::vector<double> risks = risks_of(share, ratio);
  const auto n_before = ledger.n_exact_audits();
  const auto allowed = allowed_of_dataset(target, n_items, ledger.wrong_at_most());
  const double failure_probability = part_for_next_audit(target.failure_probability, n_before);
  auto design = allowed
                    ? design_dataset_audit(risks, static_cast<std::int64_t>(*allowed), failure_probability)
                    : design_exact_audit(risks, final_planning_target(target, n_before), n_items, failure_probability);
  if (!design) return false;
  ledger.commit_exactly(share.undecided, std::move(*design), failure_probability);
  return true;
}

ExactAuditForecast final_forecast(const AuditLedger& ledger, const ItemColumns& items, const ErrorTarget& target) {
  const auto n_items = static_cast<std::int64_t>(items.human.size());
  const auto allowed = allowed_of_dataset(target, n_items, ledger.earlier_wrong_at_most());
  const ExactAuditProgress progress = ledger.exact_progress();
  const auto expect = [&](double deviations) {
    return forecast(ledger.exact_audit(), progress, predicted_wrong(ledger, items, progress, deviations),
                    target.max_error, allowed);
  };
  ExactAuditForecast expected = expect(0.0);
  // With all at stake a standard deviation on the hopeful side: to give up what more audits would have certified costs
  // more people than those audits.
  if (!expected.deliverable && !expected.goes_on) expected = expect(-1.0);
  return expected;
}

}  // namespace gtlabel::detail
