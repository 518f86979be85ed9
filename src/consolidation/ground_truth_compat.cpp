#include "gtlabel/consolidation/ground_truth_compat.hpp"

#include <algorithm>
#include <cmath>

#include "consolidation/expectation_maximization.hpp"
#include "consolidation/worker_rules.hpp"
#include "consolidation/worker_tables.hpp"

namespace gtlabel {
namespace {

/// What AWS's first E-step gives: every worker right 7 times in 10, every class as frequent.
Matrix<double> first_posteriors(const VoteTable& votes) {
  const double right = 0.7, wrong = 0.3 / std::max(votes.n_classes() - 1, 1);
  Matrix<double> posteriors = detail::vote_shares(votes, {});
  for (std::int32_t i = 0; i < votes.n_items(); ++i) {
    const auto row = posteriors.row(i);
    const auto n = static_cast<double>(votes.of_item(i).size());
    const double most = *std::max_element(row.begin(), row.end());
    double sum = 0.0;
    for (double& value : row) sum += value = std::exp((value - most) * n * std::log(right / wrong));
    for (double& value : row) value /= sum;
  }
  return posteriors;
}

double stated_confidence(double probability) { return std::round(100.0 * (0.05 + 0.9 * probability)) / 100.0; }

}  // namespace

GroundTruthConsolidation ground_truth_compat(const VoteTable& batch) {
  ConsolidationOptions options;
  options.max_iterations = 1;
  detail::GroundTruthRule rule(batch.n_workers());
  detail::WorkerTables tables(batch, options, rule, 1);
  const Consolidation em = run_em(batch, tables, first_posteriors(batch), options, {.prior_count = 0.0});
  GroundTruthConsolidation result;
  for (std::int32_t i = 0; i < batch.n_items(); ++i) {
    const auto row = em.probabilities.row(i);
    const auto best = std::max_element(row.begin(), row.end());
    result.labels.push_back(static_cast<ClassIndex>(best - row.begin()));
    result.confidences.push_back(stated_confidence(*best));
  }
  return result;
}

}  // namespace gtlabel
