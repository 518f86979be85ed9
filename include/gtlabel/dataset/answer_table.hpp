#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gtlabel/core/export.hpp"
#include "gtlabel/core/ids.hpp"

namespace gtlabel {

/// What one worker said about one item, once.
struct Answer {
  ItemIndex item = 0;
  ClassIndex class_index = kNoClass;  ///< or kSkip, kUnsure, kNoneOfThese
  std::int32_t worker = 0;            ///< index into AnswerTable::workers()
  std::int32_t round = 0;             ///< the job's round in which it came
  float certainty = 1.0F;             ///< the worker's own, above 0; below 1 the answer is a guess
  float seconds = 0.0F;               ///< that it took; 0: not told
};

/// Every answer that ever came, in order of arrival; nothing is changed or removed, a correction is a new row.
/// Not thread-safe.
class GTLABEL_EXPORT AnswerTable {
 public:
  /// Appends a row. @param worker  any name; "" is "not told". Amortised constant time.
  void add(ItemIndex item, ClassIndex class_index, std::string_view worker, std::int32_t round, float certainty = 1.0F,
           float seconds = 0.0F);

  [[nodiscard]] const std::vector<Answer>& answers() const noexcept { return answers_; }
  [[nodiscard]] const std::vector<std::string>& workers() const noexcept { return workers_; }

 private:
  std::vector<Answer> answers_;
  std::vector<std::string> workers_;
  std::unordered_map<std::string, std::int32_t> worker_index_;
};

}  // namespace gtlabel
