#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "gtlabel/core/ids.hpp"
#include "gtlabel/jobs/batch.hpp"
#include "gtlabel/jobs/labeling_plan.hpp"
#include "gtlabel/routing/certificate.hpp"

namespace gtlabel {

/// Where a job stands after one update of the model.
struct RoundRecord {
  std::int32_t round = 0;
  std::int64_t n_items = 0;  ///< size of the pool then
  std::int64_t n_human = 0;  ///< items that people were asked about so far, this round's batch excluded
  std::int64_t n_auto = 0;   ///< automatic labels committed and not under audit
  std::int64_t n_audited = 0;
  std::int64_t errors_found = 0;
  double coverage = 0.0;              ///< (n_human + n_auto) / n_items
  double human_share = 0.0;           ///< n_human / n_items
  double expected_human_share = 0.0;  ///< what the job predicts for its end, audits included
  double estimated_error = 0.0;  ///< predicted share of wrong ones among the automatic labels; before the first commit:
                                 ///< among those that would be committed now
  double bounded_error = 1.0;    ///< upper bound on that share, proved by audits; 1 while nothing is proved
  double accuracy = 0.0;         ///< the model's out-of-fold accuracy on the labelled items (chosen to be hard ones)
  double seconds = 0.0;          ///< time the round took, people excluded
  std::int64_t n_paid = 0;       ///< paid answers so far
  double cost = 0.0;             ///< of the paid answers so far
};

/// What became of one class.
struct ClassRecord {
  ClassIndex class_index = 0;
  std::int64_t n_human = 0;       ///< items that people gave it
  std::int64_t n_auto = 0;        ///< automatic labels that name it, committed and not under audit
  std::int64_t n_audited = 0;     ///< automatic labels that named it and were checked
  std::int64_t errors_found = 0;  ///< of those, wrong: people gave another class
  std::int64_t n_missed = 0;      ///< checks of labels that named others, and still are delivered, where people gave it
};

/// What people said of the items whose class the host knew beforehand.
struct GoldRecord {
  std::int64_t n_given = 0;
  std::int64_t n_asked = 0;  ///< of those, planted in batches so far
  std::int64_t n_wrong = 0;  ///< of those, where people's answer is not the known class, or is not settled yet
  /// With probability at least 1 - failure_probability, if gold is a random sample of the pool: people's answer is
  /// wrong for at most so many items of the pool. Of all: nothing is known.
  std::int64_t people_wrong_at_most = 0;
  double failure_probability = 0.0;
};

/// What choosing items to ask about brings over drawing them at random: how often the model was wrong about them when
/// they were asked. One in ten items of each query is drawn at random, as the control. Audits, and what several people
/// have not settled yet, are left out.
struct QueryRecord {
  std::int64_t n_chosen = 0;  ///< items chosen by the query that have people's answer
  std::int64_t chosen_wrong = 0;
  std::int64_t n_control = 0;  ///< items drawn at random
  std::int64_t control_wrong = 0;
  /// The share of wrong ones among the chosen over that among the control, each with half an error more; above 1 a
  /// chosen item teaches more than a random one. Infinite interval while there is no control.
  double lift = 1.0;
  double lift_low = 0.0;  ///< the 95 % interval
  double lift_high = std::numeric_limits<double>::infinity();
};

/// What a job did and what it cost. A plain result: owned by the caller.
struct JobReport {
  std::int64_t n_items = 0;
  std::int64_t n_human = 0;    ///< items that a person was asked about, audits included, and gold
  std::int64_t n_auto = 0;     ///< automatic labels (now committed; at the end delivered)
  std::int64_t n_audited = 0;  ///< of n_human
  std::int64_t n_answers = 0;  ///< rows of the answer table, corrections and skips included
  std::int64_t n_paid = 0;     ///< paid answers: no skips, and nobody twice for an item
  double cost = 0.0;           ///< of the paid answers
  std::string currency;        ///< of the cost
  double savings = 0.0;        ///< 1 - n_human / n_items
  std::int32_t rounds = 0;
  bool is_finished = false;
  std::string model;     ///< kind of the model
  std::string target;    ///< the target in words
  std::string outcome;   ///< why the job went the way it did, in words
  double seconds = 0.0;  ///< in the library, people excluded
  std::optional<Certificate> certificate;
  LabelingPlan plan;
  GoldRecord gold;
  QueryRecord query;
  std::vector<ClassRecord> by_class;  ///< one per class, in their order
  std::vector<RoundRecord> history;
};

}  // namespace gtlabel
