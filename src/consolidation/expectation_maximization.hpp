#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "gtlabel/consolidation/consolidation.hpp"
#include "gtlabel/core/executor.hpp"
#include "gtlabel/core/views.hpp"
#include "gtlabel/dataset/vote_table.hpp"

namespace gtlabel::detail {

/// How answers come about, given the hidden state of an item; what differs between the methods.
/// States are classes, or several kinds per class: the class of state s is s / (n_states / n_classes).
class AnswerModel {
 public:
  virtual ~AnswerModel() = default;
  [[nodiscard]] virtual std::int32_t n_states() const = 0;
  /// The M-step, from (items x states) posteriors.
  virtual void learn(MatrixView<const double> posteriors) = 0;
  /// Adds log P(answers about the item | state) to each state. Called from several threads at once.
  virtual void add_log_likelihoods(std::int32_t item, std::span<double> out) const = 0;
  /// The same without logarithms, which is faster: multiplies each state by P(answers about the item | state), unless
  /// that might underflow or the model cannot.  @return whether it has.
  [[nodiscard]] virtual bool multiply_likelihoods(std::int32_t item, std::span<double> out) const {
    static_cast<void>(item), static_cast<void>(out);
    return false;
  }
  /// Mean loss on votes left out, in nats; 0 where it is not known.
  [[nodiscard]] virtual double left_out_loss(MatrixView<const double>) { return 0.0; }
};

struct EmSettings {
  double prior_count = 1.0;       ///< added to the expected number of items of every state
  bool has_equal_shares = false;  ///< all states are equally probable beforehand, whatever the items say
  bool is_variational = false;    ///< expected logarithm of the states' shares instead of the logarithm
  bool has_hard_steps = false;    ///< the M-step sees the best state only
  double patience = 1.0;          ///< the tolerance is divided by it
  double shared_mistakes = 0.0;   ///< r: log odds of n votes count 1 / (1 + r (n - 1)); only in the final posteriors
};

/// The one loop of all methods: M-step, shares of the states, E-step, until the likelihood stands still. `start` is
/// (items x states). Fills probabilities, log_likelihoods and left_out_loss.
Consolidation run_em(const VoteTable& votes, AnswerModel& model, Matrix<double> start,
                     const ConsolidationOptions& options, const EmSettings& settings);

/// (items x classes) shares of votes; one for the class of gold.
Matrix<double> vote_shares(const VoteTable& votes, const ConsolidationOptions& options);

/// Labels, worker_counts, worker_accuracy and difficulty from the probabilities.
void describe(const VoteTable& votes, const ConsolidationOptions& options, Consolidation& result);

/// @throws InvalidArgument  options that do not fit the votes.
void require_sound(const VoteTable& votes, const ConsolidationOptions& options);

}  // namespace gtlabel::detail
