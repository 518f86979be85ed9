#include "consolidation/ability_model.hpp"

#include <algorithm>
#include <cmath>

namespace gtlabel::detail {
namespace {

constexpr int kRounds = 5;
constexpr double kStep = 0.5;  // of Newton's: abilities and eases pull on each other
constexpr double kMostLogEase = 3.0;
constexpr double kLeast = 1e-6;  // of a probability
constexpr std::size_t kChunk = 256;

double logistic(double x) noexcept { return 1.0 / (1.0 + std::exp(-x)); }

}  // namespace

AbilityModel::AbilityModel(const VoteTable& votes, const ConsolidationOptions& options)
    : votes_(votes),
      executor_(options.executor ? *options.executor : serial_),
      abilities_(static_cast<std::size_t>(votes.n_workers()), 1.0),
      log_eases_(static_cast<std::size_t>(votes.n_items()), 0.0) {}

void AbilityModel::learn(MatrixView<const double> posteriors) {
  for (int round = 0; round < kRounds; ++round) {
    learn_abilities(posteriors);
    learn_eases(posteriors);
  }
}

void AbilityModel::learn_abilities(MatrixView<const double> posteriors) {
  for_chunks(executor_, abilities_.size(), kChunk, [&](std::size_t begin, std::size_t end) {
    for (std::size_t w = begin; w < end; ++w) {
      double gradient = 1.0 - abilities_[w], curvature = 1.0;
      for (const Vote& vote : votes_.of_worker(static_cast<std::int32_t>(w))) {
        const double ease = std::exp(log_eases_[static_cast<std::size_t>(vote.other)]);
        const double p = logistic(abilities_[w] * ease);
        gradient += (posteriors(vote.other, vote.answer) - p) * ease;
        curvature += p * (1.0 - p) * ease * ease;
      }
      abilities_[w] += kStep * gradient / curvature;
    }
  });
}

void AbilityModel::learn_eases(MatrixView<const double> posteriors) {
  for_chunks(executor_, log_eases_.size(), kChunk, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      double gradient = -log_eases_[i], curvature = 1.0;
      const auto item = static_cast<std::int32_t>(i);
      for (const Vote& vote : votes_.of_item(item)) {
        const double logit = abilities_[static_cast<std::size_t>(vote.other)] * std::exp(log_eases_[i]);
        const double p = logistic(logit);
        gradient += (posteriors(item, vote.answer) - p) * logit;
        curvature += p * (1.0 - p) * logit * logit;
      }
      log_eases_[i] = std::clamp(log_eases_[i] + kStep * gradient / curvature, -kMostLogEase, kMostLogEase);
    }
  });
}

void AbilityModel::add_log_likelihoods(std::int32_t item, std::span<double> out) const {
  const double ease = std::exp(log_eases_[static_cast<std::size_t>(item)]);
  const auto n_others = static_cast<double>(std::max<std::size_t>(out.size() - 1, 1));
  for (const Vote& vote : votes_.of_item(item)) {
    const double p =
        std::clamp(logistic(abilities_[static_cast<std::size_t>(vote.other)] * ease), kLeast, 1.0 - kLeast);
    const double wrong = std::log((1.0 - p) / n_others);
    for (double& value : out) value += wrong;
    out[static_cast<std::size_t>(vote.answer)] += std::log(p) - wrong;
  }
}

}  // namespace gtlabel::detail
