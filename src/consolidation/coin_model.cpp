#include "consolidation/coin_model.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "consolidation/log_sum.hpp"

namespace gtlabel::detail {
namespace {

constexpr std::size_t kWorkerChunk = 16;
constexpr std::size_t kItemChunk = 2048;
constexpr double kLeast = 1e-300;
/// Of a probability: who has always been right may err.
constexpr double kLeastError = 1e-12;

}  // namespace

double CoinPrior::of_all(double n_right, double n_answers) const noexcept {
  return std::min((n_right + right) / (n_answers + right + wrong), most);
}

double CoinPrior::of_one(double n_right, double n_answers, double of_all) const noexcept {
  return std::clamp((n_right + draw * of_all) / (n_answers + draw), least, std::max(least, most));
}

CoinModel::CoinModel(const VoteTable& votes, const ConsolidationOptions& options, const CoinPrior& prior)
    : votes_(votes),
      options_(options),
      prior_(prior),
      executor_(options.executor ? *options.executor : serial_),
      n_right_(static_cast<std::size_t>(votes.n_workers()) + (has_model() ? 1 : 0), 0.0),
      n_answers_(n_right_),
      coins_(n_right_.size()),
      of_all_(prior.of_all(0.0, 0.0)) {}

void CoinModel::count(MatrixView<const double> posteriors) {
  const std::ptrdiff_t k = votes_.n_classes();
  const auto n = static_cast<std::size_t>(votes_.n_workers());
  for_chunks(executor_, n, kWorkerChunk, [&](std::size_t begin, std::size_t end) {
    for (std::size_t w = begin; w < end; ++w) {
      double right = 0.0, total = 0.0;
      for (std::ptrdiff_t t = 0; t < k && !options_.history.values.empty(); ++t) {
        const auto row = options_.history.row(static_cast<std::ptrdiff_t>(w) * k + t);
        right += row[static_cast<std::size_t>(t)];
        total += std::accumulate(row.begin(), row.end(), 0.0);
      }
      const auto votes = votes_.of_worker(static_cast<std::int32_t>(w));
      for (const Vote& vote : votes) right += posteriors(vote.other, vote.answer);
      n_right_[w] = right;
      n_answers_[w] = total + static_cast<double>(votes.size());
    }
  });
}

void CoinModel::count_model(MatrixView<const double> posteriors) {
  double right = 0.0;
  for (std::ptrdiff_t i = 0; i < posteriors.rows; ++i) {
    const auto given = options_.model_probabilities.row(i), truth = posteriors.row(i);
    right += std::inner_product(given.begin(), given.end(), truth.begin(), 0.0);
  }
  n_right_.back() = right;
  n_answers_.back() = static_cast<double>(posteriors.rows);
}

void CoinModel::learn(MatrixView<const double> posteriors) {
  count(posteriors);
  if (has_model()) count_model(posteriors);
  if (prior_.learns_all) {
    of_all_ = prior_.of_all(std::accumulate(n_right_.begin(), n_right_.end(), 0.0),
                            std::accumulate(n_answers_.begin(), n_answers_.end(), 0.0));
  }
  const double n_others = std::max(1.0, static_cast<double>(votes_.n_classes() - 1));
  for (std::size_t w = 0; w < coins_.size(); ++w) {
    const double accuracy = prior_.of_one(n_right_[w], n_answers_[w], of_all_);
    Coin& coin = coins_[w];
    coin.right = std::clamp(accuracy, kLeastError, 1.0 - kLeastError);
    coin.wrong = (1.0 - coin.right) / n_others;
    coin.log_wrong = std::log(coin.wrong);
    coin.log_odds = std::log(coin.right) - coin.log_wrong;
  }
}

void CoinModel::add_log_likelihoods(std::int32_t item, std::span<double> out) const {
  double wrong = 0.0;
  for (const Vote& vote : votes_.of_item(item)) {
    const Coin& coin = coins_[static_cast<std::size_t>(vote.other)];
    wrong += coin.log_wrong;
    out[static_cast<std::size_t>(vote.answer)] += coin.log_odds;
  }
  for (double& value : out) value += wrong;
  if (!has_model()) return;
  const Coin& model = coins_.back();
  const auto given = options_.model_probabilities.row(item);
  for (std::size_t s = 0; s < out.size(); ++s) {
    out[s] += std::log(std::max(given[s] * model.right + (1.0 - given[s]) * model.wrong, kLeast));
  }
}

/// The item's posterior is taken without the vote; what else the vote has influenced is small.
double CoinModel::left_out_loss(MatrixView<const double> posteriors) {
  const auto n = static_cast<std::size_t>(votes_.n_items());
  std::vector<double> parts((n + kItemChunk - 1) / kItemChunk, 0.0);
  for_chunks(executor_, n, kItemChunk, [&](std::size_t begin, std::size_t end) {
    LogSum part;
    for (std::size_t i = begin; i < end; ++i) {
      const auto row = posteriors.row(static_cast<std::ptrdiff_t>(i));
      for (const Vote& vote : votes_.of_item(static_cast<std::int32_t>(i))) {
        const Coin& coin = coins_[static_cast<std::size_t>(vote.other)];
        const double p = row[static_cast<std::size_t>(vote.answer)];
        part.add(std::clamp(1.0 / (p / coin.right + (1.0 - p) / coin.wrong), 1e-12, 1.0));
      }
    }
    parts[begin / kItemChunk] = part.total();
  });
  return -std::accumulate(parts.begin(), parts.end(), 0.0) / static_cast<double>(votes_.n_votes());
}

}  // namespace gtlabel::detail
