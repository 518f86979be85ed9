#pragma once

#include <cstdint>
#include <string>

#include "gtlabel/core/export.hpp"
#include "gtlabel/routing/target.hpp"

namespace gtlabel {

/// How many people a job is expected to need in all, as far as can be told by now. An expectation, not a promise: what
/// is promised is the error (Certificate). A plain result: owned by the caller.
struct LabelingPlan {
  std::int64_t n_items = 0;
  std::int64_t n_asked = 0;         ///< items that people have answered already
  std::int64_t n_human = 0;         ///< expected at the end, audits and all gold included; n_human <= n_items
  std::int64_t n_human_low = 0;     ///< nine of ten measured jobs ended at or above this,
  std::int64_t n_human_high = 0;    ///< nine of ten at or below this
  std::string basis;                ///< what the figures rest on, in words
  double answers_per_item = 1.0;    ///< paid answers about an item that is asked, on average so far
  std::int64_t n_gold_unasked = 0;  ///< gold without an answer so far, in n_human: nobody is paid for it
  double gold_rate = 0.0;           ///< of that, planted per item that people will be asked about; as far as it goes
};

/// The plan before anything is known but the size of the task. It rests on the pools of docs/benchmarks.md, on which
/// jobs differ by more than ten times: the interval is wide, and narrows as soon as a job has a model
/// (LabelingJob::plan).
/// @param n_items    at least 1.
/// @param n_classes  at least 2; of weight only with a target per class, which has each class audited.
/// @param target     a ConfidenceThreshold of c is taken as an error of 1 - c without audits.
/// Cost: microseconds. Thread-safe. @throws InvalidArgument
[[nodiscard]] GTLABEL_EXPORT LabelingPlan plan_labeling(std::int64_t n_items, int n_classes, const Target& target);

}  // namespace gtlabel
