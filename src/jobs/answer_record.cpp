#include "jobs/answer_record.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <unordered_set>
#include <utility>

#include "gtlabel/storage/snapshot.hpp"
#include "jobs/learned_skills.hpp"

namespace gtlabel::detail {
namespace {

// Several people have to say that an item is none of the classes before it leaves the pool.
constexpr std::int64_t kLeastNoneOfThese = 2;
constexpr std::size_t kMany = 32;  // words about an item

}  // namespace

AnswerRecord::AnswerRecord(std::int64_t n_items, int n_classes, const Overlap& overlap)
    : overlap_(overlap), n_classes_(static_cast<std::size_t>(n_classes)) {
  resize(n_items);
}

void AnswerRecord::resize(std::int64_t n_items) {
  last_row_.resize(static_cast<std::size_t>(n_items), -1);
  n_said_.resize(static_cast<std::size_t>(n_items), 0);
  if (!gold_.empty()) gold_.resize(static_cast<std::size_t>(n_items), kNoClass);
}

void AnswerRecord::set_gold(ItemIndex item, ClassIndex label) {
  gold_.resize(last_row_.size(), kNoClass);
  gold_[static_cast<std::size_t>(item)] = label;
}

void AnswerRecord::restore(const AnswerTable& table) {
  for (const Answer& answer : table.answers()) {
    add(answer.item, table.workers()[static_cast<std::size_t>(answer.worker)], answer);
  }
  news_.clear();
}

template <class Visit>
void AnswerRecord::for_rows(ItemIndex item, Visit visit) const {
  for (std::int32_t row = last_row_[static_cast<std::size_t>(item)]; row >= 0;
       row = previous_[static_cast<std::size_t>(row)]) {
    Answer answer = table_.answers()[static_cast<std::size_t>(row)];
    answer.class_index = meaning(answer.class_index);
    visit(answer);
  }
}

std::optional<ClassIndex> AnswerRecord::last_of(ItemIndex item, std::string_view worker) const {
  std::optional<ClassIndex> last;
  for_rows(item, [&](const Answer& answer) {
    if (!last && table_.workers()[static_cast<std::size_t>(answer.worker)] == worker) last = answer.class_index;
  });
  return last;
}

bool AnswerRecord::has_seen(ItemIndex item, std::string_view worker) const {
  return last_of(item, worker).value_or(kNoClass) != kNoClass;
}

bool AnswerRecord::is_taken_back(ItemIndex item) const {
  const std::int32_t last = last_row_[static_cast<std::size_t>(item)];
  return last >= 0 && meaning(table_.answers()[static_cast<std::size_t>(last)].class_index) == kNoClass;
}

bool AnswerRecord::has_answered(ItemIndex item, std::string_view worker) const {
  if (worker.empty()) return false;
  // Whatever has become of its class since, an answer was paid.
  for (std::int32_t row = last_row_[static_cast<std::size_t>(item)]; row >= 0;
       row = previous_[static_cast<std::size_t>(row)]) {
    const Answer& answer = table_.answers()[static_cast<std::size_t>(row)];
    if (answer.class_index != kSkip && table_.workers()[static_cast<std::size_t>(answer.worker)] == worker) return true;
  }
  return false;
}

bool AnswerRecord::is_repeated(ItemIndex item, std::string_view worker, ClassIndex answer, float certainty) const {
  if (answer == kSkip || (worker.empty() && !is_plain())) return false;
  // Where one answer is enough the last word counts, whoever has it; else everybody's own does.
  for (std::int32_t row = last_row_[static_cast<std::size_t>(item)]; row >= 0;
       row = previous_[static_cast<std::size_t>(row)]) {
    const Answer& last = table_.answers()[static_cast<std::size_t>(row)];
    const bool is_his = table_.workers()[static_cast<std::size_t>(last.worker)] == worker;
    if (is_his) return meaning(last.class_index) == answer && last.certainty == certainty;
    if (is_plain()) return false;
  }
  return false;
}

std::optional<Verdict> AnswerRecord::add(ItemIndex item, std::string_view worker, const Answer& answer) {
  const bool says_something = answer.class_index != kSkip;
  const bool is_paid = says_something && !has_answered(item, worker);
  table_.add(item, answer.class_index, worker, answer.round, answer.certainty, answer.seconds);
  const auto index = static_cast<std::size_t>(item);
  previous_.push_back(last_row_[index]);
  last_row_[index] = static_cast<std::int32_t>(previous_.size()) - 1;
  n_paid_to_.resize(table_.workers().size(), 0);
  is_paid_.push_back(is_paid ? 1 : 0);
  if (is_paid) {
    ++n_paid_;
    ++n_paid_to_[static_cast<std::size_t>(table_.answers().back().worker)];
  }
  const ClassIndex label = meaning(answer.class_index);
  if (!says_something || label == kNoClass) return std::nullopt;
  if (n_said_[index]++ == 0) ++n_answered_;
  if (is_plain() && label != kUnsure && answer.certainty >= 1.0F) return Verdict{true, label, 1.0F};
  news_.push_back(item);
  return std::nullopt;
}

std::vector<Word> AnswerRecord::words(ItemIndex item) const {
  std::vector<Word> words;
  std::unordered_set<std::int32_t> heard_of_many;  // of a few, a look at each is faster
  const auto is_first = [&](std::int32_t worker) {
    if (words.size() >= kMany) return heard_of_many.insert(worker).second;
    return std::none_of(words.begin(), words.end(), [&](const Word& word) { return word.worker == worker; });
  };
  for_rows(item, [&](const Answer& answer) {
    if (answer.class_index == kSkip) return;
    const bool has_name = !table_.workers()[static_cast<std::size_t>(answer.worker)].empty();
    if (has_name && !is_first(answer.worker)) return;
    words.push_back({answer.worker, answer.class_index, answer.certainty});
    if (words.size() == kMany) {
      for (const Word& word : words) heard_of_many.insert(word.worker);
    }
  });
  std::erase_if(words, [](const Word& word) { return word.answer == kNoClass; });
  return words;
}

void AnswerRecord::learn() {
  if (is_plain()) return;
  LearnedSkills learned = learn_skills(*this);
  are_spam_ = learned.are_spam(n_classes_);
  skills_ = std::move(learned.skills);
  if (gold_.empty() || audit_skills_) return;
  n_right_ = std::move(learned.n_right);
  n_shared_ = std::move(learned.n_shared);
}

bool AnswerRecord::seems_to_guess(std::string_view worker) const {
  const auto place = std::find(table_.workers().begin(), table_.workers().end(), worker) - table_.workers().begin();
  return place < std::ssize(are_spam_) && are_spam_[static_cast<std::size_t>(place)] != 0;
}

void AnswerRecord::fix_audit_skills() {
  if (!audit_skills_) audit_skills_ = skills_;
}

const WorkerSkills& AnswerRecord::skills_for(bool is_committed) const noexcept {
  return is_committed && audit_skills_ ? *audit_skills_ : skills_;
}

std::int64_t AnswerRecord::most_answers(std::span<const Word> words) const {
  const auto n_unsure = std::count_if(words.begin(), words.end(), [](const Word& word) { return !is_sure(word); });
  return overlap_.max + std::min<std::int64_t>(n_unsure, overlap_.max);
}

Verdict AnswerRecord::weighed(std::span<const Word> words, const WorkerSkills& skills) const {
  const bool says_nothing = std::all_of(words.begin(), words.end(), [](const Word& w) { return w.answer == kUnsure; });
  if (says_nothing) return {false, kNoneOfThese, 0.0F};
  const auto probabilities = weigh(words, skills, n_classes_);
  const auto best = std::max_element(probabilities.begin(), probabilities.end());
  const auto label = static_cast<ClassIndex>(best - probabilities.begin());
  return {false, label == static_cast<ClassIndex>(n_classes_) ? kNoneOfThese : label, static_cast<float>(*best)};
}

Verdict AnswerRecord::verdict(ItemIndex item, bool is_committed) const {
  return verdict_by(item, skills_for(is_committed));
}

Verdict AnswerRecord::gold_verdict(ItemIndex item) const {
  // People's answer about it is to be as good, or bad, as an audit's; taking out what was never in does no harm, for it
  // makes right words weigh less and wrong ones more.
  WorkerSkills skills = skills_for(true);
  for (const Word& word : words(item)) {
    const auto w = static_cast<std::size_t>(word.worker);
    if (!is_sure(word) || w >= n_shared_.size() || n_shared_[w] < 1.0) continue;
    const double n_right = std::max(0.0, n_right_[w] - (word.answer == gold(item) ? 1.0 : 0.0));
    skills.accuracy[w] = drawn_to_all(n_right, n_shared_[w] - 1.0, skills.of_others, n_classes_);
  }
  return verdict_by(item, skills);
}

Verdict AnswerRecord::verdict_by(ItemIndex item, const WorkerSkills& skills) const {
  const auto said = words(item);
  Verdict verdict = weighed(said, skills);
  // Whoever repeats himself counts as asked, so that a job with too few people ends.
  verdict.is_settled = n_said_[static_cast<std::size_t>(item)] >= most_answers(said);
  const auto n_sure = std::count_if(said.begin(), said.end(), is_sure);
  const auto n_none = std::count_if(said.begin(), said.end(), [](const Word& w) { return w.answer == kNoneOfThese; });
  if (n_sure < overlap_.min || verdict.confidence < static_cast<float>(overlap_.until_confidence)) return verdict;
  if (verdict.label != kNoneOfThese || n_none >= kLeastNoneOfThese) verdict.is_settled = true;
  return verdict;
}

Verdict AnswerRecord::last_verdict(ItemIndex item, bool is_committed) const {
  Verdict verdict = weighed(words(item), skills_for(is_committed));
  verdict.is_settled = true;
  return verdict;
}

void AnswerRecord::write_target(ItemIndex item, std::span<float> target) const {
  const auto probabilities = weigh(words(item), skills_, n_classes_);
  const double sum = std::accumulate(probabilities.begin(), probabilities.begin() + std::ssize(target), 0.0);
  for (std::size_t c = 0; c < target.size(); ++c) target[c] = static_cast<float>(probabilities[c] / sum);
}

std::vector<ItemIndex> AnswerRecord::take_news() {
  auto news = std::move(news_);
  news_.clear();
  std::sort(news.begin(), news.end());
  news.erase(std::unique(news.begin(), news.end()), news.end());
  return news;
}

void AnswerRecord::save(SnapshotWriter& writer) const {
  writer.section("answer_record", 3);
  detail::save(writer, skills_);
  writer.write(audit_skills_.has_value());
  detail::save(writer, audit_skills_.value_or(WorkerSkills{}));
  writer.write(std::span<const std::int64_t>(news_));
  writer.write(std::span<const double>(n_right_));  // since version 2
  writer.write(std::span<const double>(n_shared_));
  writer.write(std::span<const std::uint8_t>(are_spam_));  // since version 3
}

void AnswerRecord::load(SnapshotReader& reader) {
  const auto version = reader.section("answer_record", 3);
  skills_ = load_skills(reader);
  const bool is_fixed = reader.get<bool>();
  const WorkerSkills fixed = load_skills(reader);
  if (is_fixed) audit_skills_ = fixed;
  reader.read(news_);
  require_sound(
      std::all_of(news_.begin(), news_.end(),
                  [&](ItemIndex item) { return item >= 0 && item < std::ssize(last_row_) && is_answered(item); }),
      "answer record: news without an answer");
  if (version < 2) return;
  reader.read(n_right_);
  reader.read(n_shared_);
  require_sound(n_right_.size() == n_shared_.size() && n_shared_.size() <= skills_for(true).accuracy.size(),
                "answer record: what skills were learned from");
  for (std::size_t w = 0; w < n_right_.size(); ++w) {
    require_sound(n_right_[w] >= 0.0 && n_right_[w] <= n_shared_[w] + 1e-6 && std::isfinite(n_shared_[w]),
                  "answer record: what skills were learned from");
  }
  if (version < 3) return;
  reader.read(are_spam_);
  require_sound(are_spam_.size() <= table_.workers().size(), "answer record: more flags than workers");
}

}  // namespace gtlabel::detail
