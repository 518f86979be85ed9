#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "jobs/worker_skills.hpp"

namespace gtlabel::detail {

class AnswerRecord;

/// Skills, and what they were learned from.
struct LearnedSkills {
  WorkerSkills skills;
  std::vector<double> n_right;   ///< per worker: expected right answers about items of which others have spoken too
  std::vector<double> n_shared;  ///< of so many
  /// Per worker, whether he is surely nearer to guessing than to the others: the whole of Wilson's interval at 95 %.
  [[nodiscard]] std::vector<std::uint8_t> are_spam(std::size_t n_classes) const;
};

/// Learns the skills from all answers of a record: one_coin's model and loop, all classes being equally probable
/// beforehand. The same bits for any order of the answers. O(shared items x classes + answers) a pass, some tens of
/// them.
LearnedSkills learn_skills(const AnswerRecord& record);

/// The skill of who was right in n_right of n_shared answers.
double drawn_to_all(double n_right, double n_shared, double of_others, std::size_t n_classes);

}  // namespace gtlabel::detail
