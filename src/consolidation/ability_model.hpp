#pragma once

#include <span>
#include <vector>

#include "consolidation/expectation_maximization.hpp"

namespace gtlabel::detail {

/// GLAD: an answer is right with probability logistic(ability of the worker x ease of the item), else any other class.
class AbilityModel final : public AnswerModel {
 public:
  /// Borrows all.
  AbilityModel(const VoteTable& votes, const ConsolidationOptions& options);

  [[nodiscard]] std::int32_t n_states() const override { return votes_.n_classes(); }
  void learn(MatrixView<const double> posteriors) override;
  void add_log_likelihoods(std::int32_t item, std::span<double> out) const override;

 private:
  void learn_abilities(MatrixView<const double> posteriors);
  void learn_eases(MatrixView<const double> posteriors);

  const VoteTable& votes_;
  SerialExecutor serial_;
  Executor& executor_;
  std::vector<double> abilities_;
  std::vector<double> log_eases_;
};

}  // namespace gtlabel::detail
