#include "consolidation/shared_mistakes.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "gtlabel/core/executor.hpp"

namespace gtlabel::detail {
namespace {

constexpr std::size_t kItemChunk = 2048;
constexpr double kRight = 4.0, kAnswers = 5.0;  // prior counts
/// With few votes the correlation is what gives kSharedMistakes: so many pairs of votes, in units of their variance.
constexpr double kPriorPairs = 300.0;
constexpr double kVisible = 2.0;
constexpr double kMost = 2.0 * kSharedMistakes;  // an item may be hard, and yet most of its answers right
constexpr double kPriorCorrelation = kSharedMistakes * kSharedMistakes / (kVisible * kVisible);

/// (workers x classes) probability that the worker recognises the class, drawn towards that of all workers together: a
/// mean that is too low would make all look right together.
Matrix<double> recognition(const Matrix<double>& worker_counts, std::ptrdiff_t n_workers) {
  const std::ptrdiff_t k = worker_counts.cols;
  Matrix<double> right(n_workers, k), totals(n_workers, k);
  std::vector<double> all_right(static_cast<std::size_t>(k), kRight), all(static_cast<std::size_t>(k), kAnswers);
  for (std::ptrdiff_t w = 0; w < n_workers; ++w) {
    for (std::ptrdiff_t t = 0; t < k; ++t) {
      right(w, t) = worker_counts(w * k + t, t);
      for (const double count : worker_counts.row(w * k + t)) totals(w, t) += count;
      all_right[t] += right(w, t);
      all[t] += totals(w, t);
    }
  }
  for (std::ptrdiff_t w = 0; w < n_workers; ++w) {
    for (std::ptrdiff_t t = 0; t < k; ++t) {
      right(w, t) = (right(w, t) + kAnswers * all_right[t] / all[t]) / (totals(w, t) + kAnswers);
    }
  }
  return right;
}

/// Sum over pairs of different numbers of their products.
struct Pairs {
  double sum = 0.0, squares = 0.0;
  void add(double value) noexcept {
    sum += value;
    squares += value * value;
  }
  [[nodiscard]] double total() const noexcept { return sum * sum - squares; }
};

struct Covariance {
  double observed = 0.0, most = 0.0;  // most: if mistakes were the same
};

void add_item(std::span<const Vote> votes, std::span<const double> probabilities, const Matrix<double>& right,
              Covariance& sums) {
  for (std::size_t c = 0; c < probabilities.size(); ++c) {
    Pairs residuals, deviations;
    for (const Vote& vote : votes) {
      const double p = right(vote.other, static_cast<std::ptrdiff_t>(c));
      residuals.add((vote.answer == static_cast<ClassIndex>(c) ? 1.0 : 0.0) - p);
      deviations.add(std::sqrt(p * (1.0 - p)));
    }
    sums.observed += probabilities[c] * residuals.total();
    sums.most += probabilities[c] * deviations.total();
  }
}

}  // namespace

double estimated_shared_mistakes(const VoteTable& votes, const Consolidation& described, Executor& executor) {
  const Matrix<double> right = recognition(described.worker_counts, votes.n_workers());
  const auto n = static_cast<std::size_t>(votes.n_items());
  std::vector<Covariance> parts((n + kItemChunk - 1) / kItemChunk);
  for_chunks(executor, n, kItemChunk, [&](std::size_t begin, std::size_t end) {
    Covariance part;
    for (std::size_t i = begin; i < end; ++i) {
      const auto item = static_cast<std::int32_t>(i);
      add_item(votes.of_item(item), described.probabilities.row(item), right, part);
    }
    parts[begin / kItemChunk] = part;
  });
  Covariance sums{.observed = kPriorCorrelation * kPriorPairs, .most = kPriorPairs};
  for (const Covariance& part : parts) {
    sums.observed += part.observed;
    sums.most += part.most;
  }
  return std::min(kMost, kVisible * std::sqrt(std::max(0.0, sums.observed / sums.most)));
}

void discount(const VoteTable& votes, double shared_mistakes, Matrix<double>& probabilities) {
  for (std::int32_t i = 0; i < votes.n_items(); ++i) {
    const double power = 1.0 / design_effect(static_cast<double>(votes.of_item(i).size()), shared_mistakes);
    double sum = 0.0;
    for (double& p : probabilities.row(i)) sum += p = std::pow(p, power);
    for (double& p : probabilities.row(i)) p /= sum;
  }
}

}  // namespace gtlabel::detail
