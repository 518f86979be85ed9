#include "consolidation/worker_rules.hpp"

#include <algorithm>
#include <cmath>

#include "consolidation/digamma.hpp"

namespace gtlabel::detail {
namespace {

constexpr double kLeast = 1e-300;

double sum_of(MatrixView<const double> counts) {
  double sum = 0.0;
  for (std::ptrdiff_t a = 0; a < counts.rows; ++a) {
    for (const double count : counts.row(a)) sum += count;
  }
  return sum;
}

double trace_of(MatrixView<const double> counts) {
  double sum = 0.0;
  for (std::ptrdiff_t a = 0; a < counts.rows; ++a) sum += counts(a, a);
  return sum;
}

/// What is left for each of the other classes.
double rest(double share, std::ptrdiff_t n_classes) {
  return (1.0 - share) / static_cast<double>(std::max<std::ptrdiff_t>(n_classes - 1, 1));
}

}  // namespace

void CountedRule::write(std::int32_t, MatrixView<const double> counts, MatrixView<double> log_table) {
  for (std::int32_t s = 0; s < counts.cols; ++s) {
    double sum = 0.0;
    for (std::int32_t a = 0; a < counts.rows; ++a) sum += counts(a, s) + pseudo_count(a, s);
    const double log_sum = is_variational_ ? digamma(sum) : std::log(sum);
    for (std::int32_t a = 0; a < counts.rows; ++a) {
      const double count = counts(a, s) + pseudo_count(a, s);
      log_table(a, s) = (is_variational_ ? digamma(count) : std::log(count)) - log_sum;
    }
  }
}

SpamRule::SpamRule(std::int32_t n_workers, std::int32_t n_classes)
    : knowing_(static_cast<std::size_t>(n_workers), 0.5), habits_(n_workers, n_classes, 1.0 / n_classes) {}

void SpamRule::write(std::int32_t worker, MatrixView<const double> counts, MatrixView<double> log_table) {
  constexpr double kKnowingPrior = 0.5, kHabitPrior = 10.0;
  const std::ptrdiff_t k = counts.rows;
  double& knowing = knowing_[static_cast<std::size_t>(worker)];
  const auto habit = habits_.row(worker);
  double known = 0.0, total = 0.0;
  std::vector<double> spammed(static_cast<std::size_t>(k), kHabitPrior / static_cast<double>(k));
  for (std::ptrdiff_t a = 0; a < k; ++a) {
    const double by_habit = (1.0 - knowing) * habit[a];
    const double known_share = knowing / (knowing + by_habit);
    double of_answer = 0.0;
    for (const double count : counts.row(a)) of_answer += count;
    known += counts(a, a) * known_share;
    spammed[a] += of_answer - counts(a, a) * known_share;
    total += of_answer;
  }
  knowing = (known + kKnowingPrior) / (total + 2.0 * kKnowingPrior);
  double spam = 0.0;
  for (const double count : spammed) spam += count;
  for (std::ptrdiff_t a = 0; a < k; ++a) {
    habit[a] = spammed[a] / spam;
    for (std::ptrdiff_t s = 0; s < k; ++s) {
      log_table(a, s) = std::log((1.0 - knowing) * habit[a] + (a == s ? knowing : 0.0));
    }
  }
}

GroundTruthRule::GroundTruthRule(std::int32_t n_workers) : accuracies_(static_cast<std::size_t>(n_workers)) {}

void GroundTruthRule::write(std::int32_t worker, MatrixView<const double> counts, MatrixView<double> log_table) {
  const std::ptrdiff_t k = counts.rows;
  const double n = sum_of(counts), accuracy = trace_of(counts) / n;
  accuracies_[static_cast<std::size_t>(worker)] = accuracy;
  const double right = n * (accuracy + 0.5 * prior_);
  const double wrong = n * (rest(accuracy, k) + 0.5 * rest(prior_, k));
  for (std::ptrdiff_t t = 0; t < k; ++t) {
    double sum = 0.0;
    for (std::ptrdiff_t a = 0; a < k; ++a) sum += counts(a, t) + (a == t ? right : wrong);
    for (std::ptrdiff_t a = 0; a < k; ++a) {
      log_table(a, t) = std::log(std::max((counts(a, t) + (a == t ? right : wrong)) / sum, kLeast));
    }
  }
}

void GroundTruthRule::finish() {
  double sum = 0.0;
  for (const double accuracy : accuracies_) sum += accuracy;
  prior_ = sum / static_cast<double>(accuracies_.size());
}

}  // namespace gtlabel::detail
