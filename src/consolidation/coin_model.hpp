#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "consolidation/expectation_maximization.hpp"

namespace gtlabel::detail {

/// What is thought of workers before they have answered: of all `right` of `right + wrong` answers are right, and the
/// accuracy of each is drawn to that of all by `draw` answers' worth, and stays from `least` to `most`.
struct CoinPrior {
  double right = 2.0, wrong = 1.0, draw = 3.0;
  double least = 0.0, most = 1.0;
  bool learns_all = false;  ///< the accuracy of all is learned too

  [[nodiscard]] double of_all(double n_right, double n_answers) const noexcept;
  /// @param n_right  of `n_answers`, expected.
  [[nodiscard]] double of_one(double n_right, double n_answers, double of_all) const noexcept;
};

/// One accuracy per worker, errors spread evenly over the other classes. The model of
/// ConsolidationOptions::model_probabilities is one worker more, whose answer is known only by its probabilities.
/// Memory O(workers); an M-step and an E-step O(votes + items x classes).
class CoinModel final : public AnswerModel {
 public:
  /// Borrows the votes and the options.
  CoinModel(const VoteTable& votes, const ConsolidationOptions& options, const CoinPrior& prior = {});

  [[nodiscard]] std::int32_t n_states() const override { return votes_.n_classes(); }
  void learn(MatrixView<const double> posteriors) override;
  void add_log_likelihoods(std::int32_t item, std::span<double> out) const override;
  [[nodiscard]] double left_out_loss(MatrixView<const double> posteriors) override;

  /// Per worker: expected right answers, history included, and of how many; as of the last M-step.
  [[nodiscard]] const std::vector<double>& n_right() const noexcept { return n_right_; }
  [[nodiscard]] const std::vector<double>& n_answers() const noexcept { return n_answers_; }
  [[nodiscard]] double of_all() const noexcept { return of_all_; }

 private:
  [[nodiscard]] bool has_model() const { return !options_.model_probabilities.values.empty(); }
  void count(MatrixView<const double> posteriors);
  void count_model(MatrixView<const double> posteriors);

  /// Probabilities of the right class, and of each other one.
  struct Coin {
    double right = 0.0, wrong = 0.0;
    double log_wrong = 0.0, log_odds = 0.0;
  };

  const VoteTable& votes_;
  const ConsolidationOptions& options_;
  CoinPrior prior_;
  SerialExecutor serial_;
  Executor& executor_;
  std::vector<double> n_right_, n_answers_;  // per worker, then of the model
  std::vector<Coin> coins_;
  double of_all_;
};

}  // namespace gtlabel::detail
