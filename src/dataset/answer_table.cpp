#include "gtlabel/dataset/answer_table.hpp"

namespace gtlabel {

void AnswerTable::add(ItemIndex item, ClassIndex class_index, std::string_view worker, std::int32_t round,
                      float certainty, float seconds) {
  const auto [place, is_new] =
      worker_index_.try_emplace(std::string(worker), static_cast<std::int32_t>(workers_.size()));
  if (is_new) workers_.emplace_back(worker);
  answers_.push_back({item, class_index, place->second, round, certainty, seconds});
}

}  // namespace gtlabel
