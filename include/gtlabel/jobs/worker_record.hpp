#pragma once

#include <cstdint>
#include <string>

#include "gtlabel/metrics/wilson_interval.hpp"

namespace gtlabel {

/// What a job knows of one worker.
struct WorkerRecord {
  std::string worker;          ///< name; "": all who gave none
  std::int64_t n_answers = 0;  ///< skips not counted
  std::int64_t n_skipped = 0;
  /// Expected share of right answers, learned from gold and from items of which others have said something too; NaN
  /// without any.
  double accuracy = 0.0;
  Interval accuracy_interval;     ///< 95 %, Wilson; 0 to 1 without such items
  double agreement = 0.0;         ///< share of the sure answers that are the item's label by people; NaN without any
  double seconds = 0.0;           ///< told in all
  double cost = 0.0;              ///< paid answers times his price
  bool is_spam = false;           ///< the whole interval is nearer to guessing than to the others
  std::int64_t n_gold = 0;        ///< sure answers about items of which the host knows the class
  std::int64_t n_gold_right = 0;  ///< of those, right
  /// The worker with whom he agrees more often than people do who are as good as they are and do not know of each
  /// other; "": nobody. Of jobs of people who seem to repeat each other in two fifths of their items at most, because
  /// they work alone, at most 1 in 20 flags any of them (docs/people.md).
  std::string copying_with;
};

}  // namespace gtlabel
