#include "gtlabel/consolidation/consolidate.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "consolidation/ability_model.hpp"
#include "consolidation/coin_model.hpp"
#include "consolidation/discounted_ibcc.hpp"
#include "consolidation/expectation_maximization.hpp"
#include "consolidation/shared_mistakes.hpp"
#include "consolidation/worker_rules.hpp"
#include "consolidation/worker_tables.hpp"
#include "gtlabel/core/error.hpp"
#include "gtlabel/core/random.hpp"

namespace gtlabel {
namespace {

using detail::EmSettings;
using detail::WorkerRule;

constexpr double kSmoothing = 0.01;
constexpr double kSamePrior = 4.0, kOtherPrior = 1.0;
constexpr std::int32_t kKinds = 3;
constexpr double kKindPatience = 10.0;  // kinds part slowly at first
constexpr double kKindPrior = 0.1;      // below 1, so that kinds without need die out
// Nats of left-out loss that cost a member the factor e: some three votes' worth, about what an item has. Much steeper
// would be to pick one member, and the best predictor of votes is not always the best judge of the truth.
constexpr double kLossScale = 1.0 / 3.0;
// Of one_coin, fast_dawid_skene, ibcc and ebcc where their losses are equal.
constexpr double kShares[] = {1.0, 0.5, 1.25, 2.0};
constexpr std::uint64_t kStarts = 3;
constexpr int kTrialIterations = 30;

void refuse(bool is_given, const char* method, const char* name) {
  if (!is_given) return;
  throw InvalidArgument(std::string(name) + ": given to " + method + ", which cannot use it; expected none");
}

Consolidation by_tables(const VoteTable& votes, const ConsolidationOptions& options, WorkerRule&& rule,
                        const EmSettings& settings) {
  detail::WorkerTables tables(votes, options, rule, 1);
  return run_em(votes, tables, detail::vote_shares(votes, options), options, settings);
}

Consolidation by_coin(const VoteTable& votes, const ConsolidationOptions& options, double shared_mistakes) {
  detail::CoinModel coins(votes, options);
  return run_em(votes, coins, detail::vote_shares(votes, options), options, {.shared_mistakes = shared_mistakes});
}

Consolidation by_hard_steps(const VoteTable& votes, const ConsolidationOptions& options, double shared_mistakes) {
  return by_tables(votes, options, detail::CountedRule(kSmoothing, kSmoothing, 1, false),
                   {.has_hard_steps = true, .shared_mistakes = shared_mistakes});
}

/// Shares of votes, split over the kinds at random.
Matrix<double> random_kinds(const Matrix<double>& shares, std::uint64_t seed) {
  RandomStream random(seed, RandomPurpose::consolidation);
  Matrix<double> states(shares.rows, shares.cols * kKinds);
  for (std::ptrdiff_t i = 0; i < shares.rows; ++i) {
    for (std::ptrdiff_t c = 0; c < shares.cols; ++c) {
      double parts[kKinds], sum = 0.0;  // uniform on the simplex
      for (double& part : parts) sum += part = -std::log(random.uniform());
      for (std::ptrdiff_t m = 0; m < kKinds; ++m) states(i, c * kKinds + m) = shares(i, c) * parts[m] / sum;
    }
  }
  return states;
}

Consolidation by_ebcc(const VoteTable& votes, const ConsolidationOptions& options, std::uint64_t seed,
                      double shared_mistakes) {
  detail::CountedRule rule(kSamePrior, kOtherPrior, kKinds, true);
  detail::WorkerTables tables(votes, options, rule, kKinds);
  return run_em(votes, tables, random_kinds(detail::vote_shares(votes, options), seed), options,
                {.prior_count = kKindPrior,
                 .is_variational = true,
                 .patience = kKindPatience,
                 .shared_mistakes = shared_mistakes});
}

Consolidation described(Consolidation result, const VoteTable& votes, const ConsolidationOptions& options) {
  detail::describe(votes, options, result);
  return result;
}

/// From the start that is likeliest after some iterations: ebcc's ends differ much.
Consolidation best_ebcc(const VoteTable& votes, const ConsolidationOptions& options, double shared_mistakes) {
  ConsolidationOptions trial = options;
  trial.max_iterations = std::min(options.max_iterations, kTrialIterations);
  std::uint64_t best = 0;
  double largest = -INFINITY;
  for (std::uint64_t start = 0; start < kStarts; ++start) {
    const double reached = by_ebcc(votes, trial, options.seed + start, shared_mistakes).log_likelihoods.back();
    if (reached > largest) best = start;
    largest = std::max(largest, reached);
  }
  return by_ebcc(votes, options, options.seed + best, shared_mistakes);
}

std::vector<double> weights_of(const std::vector<Consolidation>& members) {
  double least = members[0].left_out_loss, sum = 0.0;
  for (const Consolidation& member : members) least = std::min(least, member.left_out_loss);
  std::vector<double> weights;
  for (const Consolidation& member : members) {
    weights.push_back(kShares[weights.size()] * std::exp((least - member.left_out_loss) / kLossScale));
    sum += weights.back();
  }
  for (double& weight : weights) weight /= sum;
  return weights;
}

Consolidation weighted_mean(std::vector<Consolidation> members) {
  Consolidation mean;
  mean.member_weights = weights_of(members);
  mean.probabilities = Matrix<double>(members[0].probabilities.rows, members[0].probabilities.cols);
  for (std::size_t m = 0; m < members.size(); ++m) {
    const double weight = mean.member_weights[m];
    mean.left_out_loss += weight * members[m].left_out_loss;
    for (std::size_t e = 0; e < mean.probabilities.values.size(); ++e) {
      mean.probabilities.values[e] += weight * members[m].probabilities.values[e];
    }
  }
  const auto first = std::max_element(mean.member_weights.begin(), mean.member_weights.end());
  mean.log_likelihoods = std::move(members[first - mean.member_weights.begin()].log_likelihoods);
  return mean;
}

}  // namespace

Consolidation detail::discounted_ibcc(const VoteTable& votes, const ConsolidationOptions& options) {
  SerialExecutor serial;
  Consolidation result = ibcc(votes, options);
  discount(votes, estimated_shared_mistakes(votes, result, options.executor ? *options.executor : serial),
           result.probabilities);
  return result;
}

Consolidation consolidate(const VoteTable& votes, const ConsolidationOptions& options) {
  SerialExecutor serial;
  Consolidation independent = ibcc(votes, options);
  const double shared_mistakes =
      detail::estimated_shared_mistakes(votes, independent, options.executor ? *options.executor : serial);
  detail::discount(votes, shared_mistakes, independent.probabilities);
  std::vector<Consolidation> members;
  members.push_back(by_coin(votes, options, shared_mistakes));
  members.push_back(by_hard_steps(votes, options, shared_mistakes));
  members.push_back(std::move(independent));
  members.push_back(best_ebcc(votes, options, shared_mistakes));
  return described(weighted_mean(std::move(members)), votes, options);
}

Consolidation majority_vote(const VoteTable& votes, const ConsolidationOptions& options) {
  detail::require_sound(votes, options);
  Consolidation result;
  result.probabilities = detail::vote_shares(votes, options);
  return described(std::move(result), votes, options);
}

Consolidation dawid_skene(const VoteTable& votes, const ConsolidationOptions& options) {
  detail::require_sound(votes, options);
  return described(by_tables(votes, options, detail::CountedRule(kSmoothing, kSmoothing, 1, false), {}), votes,
                   options);
}

Consolidation fast_dawid_skene(const VoteTable& votes, const ConsolidationOptions& options) {
  detail::require_sound(votes, options);
  return described(by_hard_steps(votes, options, 0.0), votes, options);
}

Consolidation one_coin(const VoteTable& votes, const ConsolidationOptions& options) {
  detail::require_sound(votes, options);
  return described(by_coin(votes, options, 0.0), votes, options);
}

Consolidation glad(const VoteTable& votes, const ConsolidationOptions& options) {
  detail::require_sound(votes, options);
  refuse(!options.history.values.empty(), "glad", "history");
  refuse(!options.model_probabilities.values.empty(), "glad", "model_probabilities");
  detail::AbilityModel model(votes, options);
  return described(run_em(votes, model, detail::vote_shares(votes, options), options, {}), votes, options);
}

Consolidation mace(const VoteTable& votes, const ConsolidationOptions& options) {
  detail::require_sound(votes, options);
  refuse(!options.model_probabilities.values.empty(), "mace", "model_probabilities");
  return described(by_tables(votes, options, detail::SpamRule(votes.n_workers(), votes.n_classes()), {}), votes,
                   options);
}

Consolidation ibcc(const VoteTable& votes, const ConsolidationOptions& options) {
  detail::require_sound(votes, options);
  return described(by_tables(votes, options, detail::CountedRule(kSamePrior, kOtherPrior, 1, true), {}), votes,
                   options);
}

Consolidation ebcc(const VoteTable& votes, const ConsolidationOptions& options) {
  detail::require_sound(votes, options);
  return described(by_ebcc(votes, options, options.seed, 0.0), votes, options);
}

}  // namespace gtlabel
