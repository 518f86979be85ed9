#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "gtlabel/core/executor.hpp"
#include "gtlabel/core/ids.hpp"
#include "gtlabel/core/views.hpp"

namespace gtlabel {

/// What is known beside the votes, and how to work. The defaults know nothing.
struct ConsolidationOptions {
  /// Class per item, kNoClass where it is unknown: known items keep their class and teach about the workers. Empty:
  /// none is known.
  std::vector<ClassIndex> gold;
  /// (workers x classes) rows of classes pseudo-counts: row w * n_classes + t holds how often worker w, in earlier
  /// work, gave each answer where the truth was t. Empty: no earlier work.
  Matrix<double> history;
  /// (items x classes) of a model, rows sum to 1: one more annotator, whose confusions are learned as the others'.
  /// The CROWDLAB idea (Goh, Tkachenko, Mueller 2022), inside the EM. Not for glad and mace. Empty: no model.
  Matrix<double> model_probabilities;
  int max_iterations = 100;                 ///< at least 1
  double tolerance = 1e-6;                  ///< ends when the log-likelihood gains less, relatively
  std::uint64_t seed = 0;                   ///< of the random starts of ebcc
  std::shared_ptr<Executor> executor = {};  ///< null: the calling thread. Same bits for any.
};

/// What many answers amount to. A plain result, owned by the caller.
struct Consolidation {
  /// Most probable class per item; of equals the lowest index.
  std::vector<ClassIndex> labels;
  /// (items x classes), rows sum to 1.
  Matrix<double> probabilities;
  /// (workers x classes) rows of classes: row w * n_classes + t, column a: expected number of times that worker w
  /// answered a where the label is t, history included. A row over its sum is a row of the confusion matrix; the sum
  /// says how much it is worth (see wilson_interval). Give it as `history` to a later call.
  Matrix<double> worker_counts;
  /// Probability that an answer of the worker is right, as the probabilities have it.
  std::vector<double> worker_accuracy;
  /// Expected share of wrong answers among those about the item, 0 to 1.
  std::vector<double> difficulty;
  /// After each iteration; empty for majority_vote.
  std::vector<double> log_likelihoods;
  /// Mean over the votes of -log of the probability that is given to it without it (nats); what consolidate weighs its
  /// members by. 0 where it is not computed: majority_vote, glad.
  double left_out_loss = 0.0;
  /// Weights of the members one_coin, fast_dawid_skene, ibcc and ebcc; only of consolidate.
  std::vector<double> member_weights;
};

}  // namespace gtlabel
