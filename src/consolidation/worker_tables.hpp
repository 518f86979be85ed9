#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "consolidation/expectation_maximization.hpp"
#include "consolidation/vote_counts.hpp"

namespace gtlabel::detail {

/// Turns what a worker answered into how he answers. Tables are (answers x states), row by answer.
class WorkerRule {
 public:
  virtual ~WorkerRule() = default;
  /// Writes log P(answer | state) of a worker, from the expected number of his answers per state. Workers are told
  /// apart by number only; called from several threads at once, each with workers of its own.
  virtual void write(std::int32_t worker, MatrixView<const double> counts, MatrixView<double> log_table) = 0;
  /// Pseudo-count of an entry, for leaving a vote out; negative: the table is not one of counts.
  [[nodiscard]] virtual double pseudo_count(std::int32_t answer, std::int32_t state) const {
    static_cast<void>(answer), static_cast<void>(state);
    return -1.0;
  }
  /// After all workers of an M-step.
  virtual void finish() {}
};

/// Answers by tables: each worker has a probability of each answer for each state. The model of
/// ConsolidationOptions::model_probabilities is one worker more, whose answer is known only by its probabilities.
class WorkerTables final : public AnswerModel {
 public:
  /// @throws InvalidArgument  if the tables were too large. Borrows all.
  WorkerTables(const VoteTable& votes, const ConsolidationOptions& options, WorkerRule& rule, std::int32_t kinds);

  [[nodiscard]] std::int32_t n_states() const override { return n_states_; }
  void learn(MatrixView<const double> posteriors) override;
  void add_log_likelihoods(std::int32_t item, std::span<double> out) const override;
  [[nodiscard]] bool multiply_likelihoods(std::int32_t item, std::span<double> out) const override;
  [[nodiscard]] double left_out_loss(MatrixView<const double> posteriors) override;

 private:
  [[nodiscard]] bool has_model() const { return !options_.model_probabilities.values.empty(); }
  [[nodiscard]] MatrixView<double> table(std::int32_t worker);
  [[nodiscard]] MatrixView<const double> table(std::int32_t worker) const;
  void start_counts(std::int32_t worker, Matrix<double>& counts) const;
  void count(std::int32_t worker, MatrixView<const double> posteriors, Matrix<double>& counts) const;
  void count_model(MatrixView<const double> posteriors, Matrix<double>& counts) const;
  void note_likelihoods();
  template <std::size_t kStates>
  void multiply_states(std::span<const Vote> votes, std::size_t first, std::span<double> out) const;
  [[nodiscard]] double left_out_loss_of(std::int32_t worker, MatrixView<const double> posteriors,
                                        Matrix<double>& counts) const;

  const VoteTable& votes_;
  const ConsolidationOptions& options_;
  WorkerRule& rule_;
  mutable SerialExecutor serial_;
  Executor& executor_;
  std::int32_t n_states_;
  std::vector<double> tables_;       // workers (and the model) x answers x states
  std::vector<double> likelihoods_;  // the same, not logarithms; empty where they would not help
  VoteCounts counts_;
  Matrix<double> model_table_;  // of the model, not logarithms
};

}  // namespace gtlabel::detail
