#include "consolidation/expectation_maximization.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "consolidation/digamma.hpp"
#include "consolidation/log_sum.hpp"
#include "consolidation/shared_mistakes.hpp"
#include "consolidation/sum_of.hpp"

namespace gtlabel::detail {
namespace {

constexpr std::size_t kItemChunk = 2048;

/// Divides by the sum, in place; adds the logarithm of the sum.
void normalize(std::span<double> shares, LogSum& log_sum) {
  const double sum = sum_of(shares);
  const double factor = 1.0 / sum;
  for (double& share : shares) share *= factor;
  log_sum.add(sum);
}

/// Turns logarithms into shares of their sum, in place; adds the logarithm of the sum.
void normalize_logs(std::span<double> logs, LogSum& log_sum) {
  const double largest = *std::max_element(logs.begin(), logs.end());
  double sum = 0.0;
  for (double& value : logs) sum += value = std::exp(value - largest);
  const double share = 1.0 / sum;
  for (double& value : logs) value *= share;
  log_sum.add(largest, sum);
}

void keep_largest(std::span<double> row) {
  const auto best = std::max_element(row.begin(), row.end()) - row.begin();
  std::fill(row.begin(), row.end(), 0.0);
  row[static_cast<std::size_t>(best)] = 1.0;
}

class EmLoop {
 public:
  EmLoop(const VoteTable& votes, AnswerModel& model, const ConsolidationOptions& options, const EmSettings& settings)
      : votes_(votes),
        model_(model),
        options_(options),
        settings_(settings),
        executor_(options.executor ? *options.executor : serial_),
        kinds_(model.n_states() / votes.n_classes()) {}

  Consolidation run(Matrix<double> posteriors) {
    Consolidation result;
    for (int iteration = 0; iteration < options_.max_iterations; ++iteration) {
      if (iteration > 0 && settings_.has_hard_steps) harden(posteriors);
      model_.learn(posteriors);
      learn_shares(posteriors);
      result.log_likelihoods.push_back(expect(posteriors));
      if (is_converged(result.log_likelihoods)) break;
    }
    result.left_out_loss = model_.left_out_loss(posteriors);
    const bool are_final = kinds_ == 1 && settings_.shared_mistakes == 0.0;
    result.probabilities = are_final ? std::move(posteriors) : class_probabilities();
    return result;
  }

 private:
  [[nodiscard]] bool is_converged(const std::vector<double>& trace) const {
    const std::size_t n = trace.size();
    const double least_gain = options_.tolerance / settings_.patience;
    return n > 1 && std::abs(trace[n - 1] - trace[n - 2]) <= least_gain * std::abs(trace[n - 2]);
  }

  void learn_shares(const Matrix<double>& posteriors) {
    const std::size_t n_states = static_cast<std::size_t>(model_.n_states());
    std::vector<double> counts(n_states, settings_.prior_count);
    const auto n = static_cast<std::size_t>(posteriors.rows), n_parts = (n + kItemChunk - 1) / kItemChunk;
    std::vector<double> parts(n_parts * n_states, 0.0);
    for_chunks(executor_, n, kItemChunk, [&](std::size_t begin, std::size_t end) {
      double* __restrict part = parts.data() + begin / kItemChunk * n_states;
      for (std::size_t i = begin; i < end; ++i) {
        const double* __restrict row = &posteriors(static_cast<std::ptrdiff_t>(i), 0);
        for (std::size_t s = 0; s < n_states; ++s) part[s] += row[s];
      }
    });
    for (std::size_t e = 0; e < parts.size() && !settings_.has_equal_shares; ++e) counts[e % n_states] += parts[e];
    double total = 0.0;
    for (const double count : counts) total += count;
    log_shares_.resize(n_states);
    shares_.resize(n_states);
    for (std::size_t s = 0; s < n_states; ++s) {
      log_shares_[s] = settings_.is_variational ? digamma(counts[s]) - digamma(total) : std::log(counts[s] / total);
      shares_[s] = std::exp(log_shares_[s]);
    }
  }

  [[nodiscard]] ClassIndex gold(std::int32_t item) const {
    return options_.gold.empty() ? kNoClass : options_.gold[static_cast<std::size_t>(item)];
  }

  /// Replaces what speaks for other classes than the known one.
  void keep_class(ClassIndex known, std::span<double> states, double nothing) const {
    if (known == kNoClass) return;
    for (std::size_t s = 0; s < states.size(); ++s) {
      if (static_cast<std::int32_t>(s) / kinds_ != known) states[s] = nothing;
    }
  }

  void log_joint(std::int32_t item, std::span<double> out) const {
    std::copy(log_shares_.begin(), log_shares_.end(), out.begin());
    model_.add_log_likelihoods(item, out);
    keep_class(gold(item), out, -INFINITY);
  }

  /// The posterior of one item; adds the logarithm of its likelihood.
  void expect(std::int32_t item, std::span<double> out, LogSum& log_likelihood) const {
    std::copy(shares_.begin(), shares_.end(), out.begin());
    if (model_.multiply_likelihoods(item, out)) {
      keep_class(gold(item), out, 0.0);
      return normalize(out, log_likelihood);
    }
    log_joint(item, out);
    normalize_logs(out, log_likelihood);
  }

  /// The E-step, in place; returns the log-likelihood.
  double expect(Matrix<double>& posteriors) const {
    const std::size_t n = static_cast<std::size_t>(votes_.n_items());
    std::vector<double> parts((n + kItemChunk - 1) / kItemChunk, 0.0);
    for_chunks(executor_, n, kItemChunk, [&](std::size_t begin, std::size_t end) {
      LogSum part;
      for (std::size_t i = begin; i < end; ++i) {
        expect(static_cast<std::int32_t>(i), posteriors.row(static_cast<std::ptrdiff_t>(i)), part);
      }
      parts[begin / kItemChunk] = part.total();
    });
    double sum = 0.0;
    for (const double part : parts) sum += part;
    return sum;
  }

  static void harden(Matrix<double>& posteriors) {
    for (std::ptrdiff_t i = 0; i < posteriors.rows; ++i) keep_largest(posteriors.row(i));
  }

  /// How much of the log odds of an item remains.
  [[nodiscard]] double strength(std::int32_t item) const {
    const auto n = static_cast<double>(votes_.of_item(item).size());
    return 1.0 / design_effect(n, settings_.shared_mistakes);
  }

  [[nodiscard]] Matrix<double> class_probabilities() const {
    Matrix<double> probabilities(votes_.n_items(), votes_.n_classes());
    for_chunks(executor_, static_cast<std::size_t>(votes_.n_items()), kItemChunk,
               [&](std::size_t begin, std::size_t end) {
                 std::vector<double> states(static_cast<std::size_t>(model_.n_states()));
                 for (std::size_t i = begin; i < end; ++i) {
                   const auto item = static_cast<std::int32_t>(i);
                   log_joint(item, states);
                   write_classes(states, strength(item), probabilities.row(item));
                 }
               });
    return probabilities;
  }

  /// Logarithms of states -> probabilities of classes whose log odds are scaled.
  void write_classes(std::span<const double> states, double scale, std::span<double> out) const {
    const auto kinds = static_cast<std::size_t>(kinds_);
    for (std::size_t c = 0; c < out.size(); ++c) {
      const auto of_class = states.subspan(c * kinds, kinds);
      const double largest = *std::max_element(of_class.begin(), of_class.end());
      double sum = 0.0;
      for (const double value : of_class) sum += std::isinf(largest) ? 0.0 : std::exp(value - largest);
      out[c] = std::isinf(largest) ? largest : scale * (largest + std::log(sum));
    }
    LogSum unused;
    normalize_logs(out, unused);
  }

  const VoteTable& votes_;
  AnswerModel& model_;
  const ConsolidationOptions& options_;
  EmSettings settings_;
  mutable SerialExecutor serial_;
  Executor& executor_;
  std::int32_t kinds_;                       // per class
  std::vector<double> log_shares_, shares_;  // of the states
};

}  // namespace

Consolidation run_em(const VoteTable& votes, AnswerModel& model, Matrix<double> start,
                     const ConsolidationOptions& options, const EmSettings& settings) {
  return EmLoop(votes, model, options, settings).run(std::move(start));
}

}  // namespace gtlabel::detail
