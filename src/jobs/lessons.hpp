#pragma once

#include <span>
#include <vector>

#include "gtlabel/core/ids.hpp"
#include "gtlabel/core/views.hpp"
#include "gtlabel/models/incremental_model.hpp"
#include "jobs/answer_record.hpp"
#include "jobs/item_columns.hpp"

namespace gtlabel::detail {

/// What people have said, as a model is taught it: the arguments of IncrementalModel::update.
struct Lessons {
  std::vector<ItemIndex> items;
  Matrix<float> targets;
  std::vector<float> weights;  ///< empty: all count the same
};

/// @param answered  items whose label is new to the model, ascending.
[[nodiscard]] Lessons lessons_of(std::span<const ItemIndex> answered, const ItemColumns& items,
                                 const AnswerRecord& answers, const IncrementalModel& model);

}  // namespace gtlabel::detail
