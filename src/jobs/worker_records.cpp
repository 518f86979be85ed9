#include "jobs/worker_records.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <utility>

#include "jobs/learned_skills.hpp"
#include "workforce/copying.hpp"

namespace gtlabel::detail {
namespace {

constexpr double kNotKnown = std::numeric_limits<double>::quiet_NaN();

double entropy_of(const std::vector<double>& probabilities) {
  double entropy = 0.0;
  for (const double p : probabilities) entropy -= p > 0.0 ? p * std::log(p) : 0.0;
  return entropy;
}

/// Expected fall of the entropy by one more word of a worker.
double expected_gain(const AnswerRecord& answers, ItemIndex item, std::int32_t worker, std::size_t n_classes) {
  auto words = answers.words(item);
  const auto before = weigh(words, answers.skills(), n_classes);
  const double right = answers.skills().of(worker);
  double after = 0.0;
  words.push_back({worker, kNoClass});
  for (std::size_t a = 0; a < n_classes; ++a) {
    const double wrong = (1.0 - right) / static_cast<double>(n_classes - 1);
    words.back().answer = static_cast<ClassIndex>(a);
    after += (before[a] * right + (1.0 - before[a]) * wrong) * entropy_of(weigh(words, answers.skills(), n_classes));
  }
  return entropy_of(before) - after;
}

/// Of all jobs whose people work alone, the share in which anybody is flagged.
constexpr double kFalseAlarm = 0.05;

/// Per worker the one with whom he seems to copy, -1: nobody.
std::vector<std::int32_t> copying_partners(const AnswerRecord& answers, const WorkerSkills& skills) {
  const std::size_t n_workers = answers.table().workers().size();
  std::vector<double> accuracy;
  for (std::size_t w = 0; w < n_workers; ++w) accuracy.push_back(skills.of(static_cast<std::int32_t>(w)));
  // "None of these" is one class more.
  const auto none = static_cast<std::int32_t>(answers.n_classes());
  CopyingSearch search(std::move(accuracy), none + 1);
  std::vector<SharedWord> shared;
  for (ItemIndex item = 0; item < answers.n_items(); ++item) {
    if (!answers.is_answered(item)) continue;
    shared.clear();
    for (const Word& word : answers.words(item)) {
      const bool has_name = !answers.table().workers()[static_cast<std::size_t>(word.worker)].empty();
      if (!is_sure(word) || !has_name) continue;
      shared.push_back({word.worker, word.answer == kNoneOfThese ? none : word.answer});
    }
    search.add_item(shared, answers.gold(item));
  }
  return search.partners(kFalseAlarm);
}

}  // namespace

std::vector<ItemIndex> most_helped(const AnswerRecord& answers, std::vector<ItemIndex> items, std::int32_t worker,
                                   std::int64_t size, std::size_t n_classes) {
  if (std::ssize(items) <= size) return items;
  const bool are_all_new =
      std::none_of(items.begin(), items.end(), [&](ItemIndex item) { return answers.is_answered(item); });
  if (!are_all_new) {
    std::vector<double> gains;
    gains.reserve(items.size());
    for (const ItemIndex item : items) gains.push_back(expected_gain(answers, item, worker, n_classes));
    std::vector<std::size_t> order(items.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return gains[a] > gains[b]; });
    order.resize(static_cast<std::size_t>(size));
    std::sort(order.begin(), order.end());
    for (std::size_t i = 0; i < order.size(); ++i) items[i] = items[order[i]];
  }
  items.resize(static_cast<std::size_t>(size));
  return items;
}

std::vector<WorkerRecord> worker_records(const AnswerRecord& answers, const ItemColumns& items, const Price& price) {
  const AnswerTable& table = answers.table();
  const LearnedSkills learned = learn_skills(answers);
  std::vector<WorkerRecord> records(table.workers().size());
  std::vector<std::int64_t> n_agreed(records.size(), 0), n_compared(records.size(), 0);
  for (std::size_t w = 0; w < records.size(); ++w) records[w].worker = table.workers()[w];
  for (const Answer& answer : table.answers()) {
    WorkerRecord& record = records[static_cast<std::size_t>(answer.worker)];
    record.seconds += answer.seconds;
    if (answer.class_index == kSkip) {
      ++record.n_skipped;
      continue;
    }
    ++record.n_answers;
    const ClassIndex label = items.human[static_cast<std::size_t>(answer.item)];
    const ClassIndex said = answers.meaning(answer.class_index);
    if (label == kNoClass || said == kNoClass || said == kUnsure || answer.certainty < 1.0F) continue;
    if (answers.gold(answer.item) != kNoClass) {
      ++record.n_gold;
      record.n_gold_right += said == label ? 1 : 0;
    }
    ++n_compared[static_cast<std::size_t>(answer.worker)];
    n_agreed[static_cast<std::size_t>(answer.worker)] += said == label;
  }
  const auto are_spam = learned.are_spam(answers.n_classes());
  const auto partners = copying_partners(answers, learned.skills);
  for (std::size_t w = 0; w < records.size(); ++w) {
    WorkerRecord& record = records[w];
    if (partners[w] >= 0) record.copying_with = table.workers()[static_cast<std::size_t>(partners[w])];
    const auto compared = static_cast<double>(n_compared[w]);
    record.agreement = compared > 0.0 ? static_cast<double>(n_agreed[w]) / compared : kNotKnown;
    record.cost = static_cast<double>(answers.n_paid_to()[w]) * price.of(table.workers()[w]);
    const bool is_known = w < learned.n_shared.size() && learned.n_shared[w] > 0.0;
    record.accuracy = is_known ? learned.n_right[w] / learned.n_shared[w] : kNotKnown;
    if (!is_known) continue;
    record.accuracy_interval = wilson_interval(learned.n_right[w], learned.n_shared[w]);
    record.is_spam = are_spam[w] != 0;
  }
  return records;
}

}  // namespace gtlabel::detail
