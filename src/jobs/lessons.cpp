#include "jobs/lessons.hpp"

#include <algorithm>

namespace gtlabel::detail {
namespace {

// Weight of a label after people have taken it back; a model cannot forget an item.
constexpr float kTakenBack = 1e-3F;

}  // namespace

Lessons lessons_of(std::span<const ItemIndex> answered, const ItemColumns& items, const AnswerRecord& answers,
                   const IncrementalModel& model) {
  // None of the classes: there is nothing to teach, but perhaps something to take back.
  Lessons lessons;
  bool takes_back = false;
  for (const ItemIndex item : answered) {
    const bool is_none = items.human[item] == kNoneOfThese;
    if (is_none && model.training().position(item) < 0) continue;
    lessons.items.push_back(item);
    takes_back = takes_back || is_none;
  }
  lessons.targets = Matrix<float>(static_cast<std::ptrdiff_t>(lessons.items.size()), model.n_classes());
  lessons.weights.assign(takes_back ? lessons.items.size() : 0, 1.0F);
  for (std::size_t i = 0; i < lessons.items.size(); ++i) {
    const ItemIndex item = lessons.items[i];
    const ClassIndex label = items.human[item];
    const auto target = lessons.targets.row(static_cast<std::ptrdiff_t>(i));
    if (label == kNoneOfThese) {
      std::fill(target.begin(), target.end(), 1.0F / static_cast<float>(target.size()));
      lessons.weights[i] = kTakenBack;
    } else if (items.human_confidence[item] < 1.0F) {
      answers.write_target(item, target);
    } else {
      target[static_cast<std::size_t>(label)] = 1.0F;
    }
  }
  return lessons;
}

}  // namespace gtlabel::detail
