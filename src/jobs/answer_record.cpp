#include "jobs/answer_record.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <string>
#include <utility>

#include "gtlabel/storage/snapshot.hpp"

namespace gtlabel::detail {
namespace {

// Answers' worth by which a worker's accuracy is drawn to that of all: nobody is trusted or distrusted on a few.
constexpr double kSkillPrior = 10.0;
// Of all workers' answers, before there are any. Two people who agree on the first sample look faultless.
constexpr double kRightPrior = 8.0, kWrongPrior = 4.0;
// Agreeing with others proves no more. By default it takes two people to settle an item, because one whom nobody checks
// any more would keep the accuracy that he was thought to have.
constexpr double kMostAccuracy = 0.97;
// Several people have to say that an item is none of the classes before it leaves the pool.
constexpr std::int64_t kLeastNoneOfThese = 2;
constexpr double kTolerance = 1e-5;  // of an accuracy
constexpr int kMostPasses = 50;
constexpr double kLeastRight = 1e-3;

double drawn_to_all(double n_right, double n_shared, double of_others, double chance) {
  const double accuracy = (n_right + kSkillPrior * of_others) / (n_shared + kSkillPrior);
  return std::clamp(accuracy, chance, std::max(chance, kMostAccuracy));
}

/// Position of each name among the sorted ones, so that nothing depends on who answered first.
std::vector<std::int32_t> ranks_of(const std::vector<std::string>& names) {
  std::vector<std::int32_t> order(names.size()), ranks(names.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](std::int32_t a, std::int32_t b) { return names[a] < names[b]; });
  for (std::size_t r = 0; r < order.size(); ++r) ranks[order[r]] = static_cast<std::int32_t>(r);
  return ranks;
}

/// Sure words about items of which there are several, or whose class is known, by consecutive numbers.
struct SharedVotes {
  std::vector<std::int32_t> items, workers;
  std::vector<ClassIndex> answers;
  std::vector<std::int32_t> worker_names;  // of the answer table
  std::vector<ClassIndex> gold;            // per item
  ClassIndex n_classes = 0;
};

SharedVotes shared_votes(const AnswerRecord& record, std::int64_t n_items, std::size_t n_classes) {
  SharedVotes votes;
  votes.n_classes = static_cast<ClassIndex>(n_classes);
  const auto ranks = ranks_of(record.table().workers());
  std::int32_t n_shared = 0;
  for (ItemIndex item = 0; item < n_items; ++item) {
    if (!record.is_answered(item)) continue;
    auto words = record.words(item);
    std::erase_if(words, [](const Word& word) { return !is_sure(word); });
    if (words.size() < (record.gold(item) == kNoClass ? 2 : 1)) continue;
    votes.gold.push_back(record.gold(item));
    std::sort(words.begin(), words.end(), [&](const Word& a, const Word& b) {
      return std::pair(ranks[a.worker], a.answer) < std::pair(ranks[b.worker], b.answer);
    });
    for (const Word& word : words) {
      votes.items.push_back(n_shared);
      votes.workers.push_back(ranks[word.worker]);
      const bool is_none = word.answer == kNoneOfThese;
      votes.answers.push_back(is_none ? static_cast<ClassIndex>(n_classes) : word.answer);
      if (is_none) votes.n_classes = static_cast<ClassIndex>(n_classes) + 1;
    }
    ++n_shared;
  }
  // Workers without such a word get no number.
  std::vector<std::int32_t> number(ranks.size(), -1), name_of(ranks.size());
  for (std::size_t w = 0; w < ranks.size(); ++w) name_of[ranks[w]] = static_cast<std::int32_t>(w);
  for (const std::int32_t rank : votes.workers) number[rank] = 0;
  for (std::size_t rank = 0; rank < number.size(); ++rank) {
    if (number[rank] < 0) continue;
    number[rank] = static_cast<std::int32_t>(votes.worker_names.size());
    votes.worker_names.push_back(name_of[rank]);
  }
  for (std::int32_t& worker : votes.workers) worker = number[worker];
  return votes;
}

/// One accuracy a worker, by expectation maximisation from "all are right as often as a prior says". Every class is as
/// probable as any other beforehand: shares of classes that are learned from the few items of which several people have
/// spoken cost answers and accuracy on real crowds, above all where one class is common (tests/benchmarks/people.py).
class SkillSearch {
 public:
  explicit SkillSearch(const SharedVotes& votes)
      : votes_(votes),
        n_right_(votes.worker_names.size(), 0.0),
        n_shared_(votes.worker_names.size(), 0.0),
        accuracy_(votes.worker_names.size(), kRightPrior / (kRightPrior + kWrongPrior)) {}

  /// One pass over the votes. @return the largest change of an accuracy.
  double improve() {
    std::fill(n_right_.begin(), n_right_.end(), 0.0);
    std::fill(n_shared_.begin(), n_shared_.end(), 0.0);
    for (std::size_t begin = 0, end = 0; begin < votes_.items.size(); begin = end) {
      while (end < votes_.items.size() && votes_.items[end] == votes_.items[begin]) ++end;
      count(begin, end);
    }
    of_others_ = std::min((std::accumulate(n_right_.begin(), n_right_.end(), 0.0) + kRightPrior) /
                              (std::accumulate(n_shared_.begin(), n_shared_.end(), 0.0) + kRightPrior + kWrongPrior),
                          kMostAccuracy);
    double change = 0.0;
    for (std::size_t w = 0; w < accuracy_.size(); ++w) {
      const double before = std::exchange(accuracy_[w], shrunk(n_right_[w], n_shared_[w]));
      change = std::max(change, std::abs(accuracy_[w] - before));
    }
    return change;
  }

  /// Nobody is taken to be right in less than by guessing: with few answers his word would be turned round by chance.
  [[nodiscard]] double shrunk(double n_right, double n_shared) const {
    return drawn_to_all(n_right, n_shared, of_others_, 1.0 / static_cast<double>(votes_.n_classes));
  }
  [[nodiscard]] double of_others() const noexcept { return of_others_; }
  [[nodiscard]] const std::vector<double>& n_right() const noexcept { return n_right_; }
  [[nodiscard]] const std::vector<double>& n_shared() const noexcept { return n_shared_; }

 private:
  /// The votes of one item.
  void count(std::size_t begin, std::size_t end) {
    const ClassIndex known = votes_.gold[static_cast<std::size_t>(votes_.items[begin])];
    odds_.clear();
    for (std::size_t v = begin; v < end && known == kNoClass; ++v) odds_[votes_.answers[v]] += log_odds(v);
    double largest = 0.0, sum = 0.0;
    for (const auto& [answer, odds] : odds_) largest = std::max(largest, odds);
    for (const auto& [answer, odds] : odds_) sum += std::exp(odds - largest);
    sum += static_cast<double>(votes_.n_classes - std::ssize(odds_)) * std::exp(-largest);  // what nobody has named
    for (std::size_t v = begin; v < end; ++v) {
      const auto w = static_cast<std::size_t>(votes_.workers[v]);
      n_shared_[w] += 1.0;
      n_right_[w] += known != kNoClass ? (votes_.answers[v] == known ? 1.0 : 0.0)
                                       : std::exp(odds_[votes_.answers[v]] - largest) / sum;
    }
  }
  [[nodiscard]] double log_odds(std::size_t v) const {
    const double right =
        std::clamp(accuracy_[static_cast<std::size_t>(votes_.workers[v])], kLeastRight, 1 - kLeastRight);
    return std::log(right * static_cast<double>(votes_.n_classes - 1) / (1.0 - right));
  }

  const SharedVotes& votes_;
  std::vector<double> n_right_, n_shared_, accuracy_;
  double of_others_ = kRightPrior / (kRightPrior + kWrongPrior);
  std::map<ClassIndex, double> odds_;  // of the item that is being counted
};

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
  for_rows(item, [&](const Answer& answer) {
    if (answer.class_index == kSkip) return;
    const bool has_name = !table_.workers()[static_cast<std::size_t>(answer.worker)].empty();
    const bool is_replaced = has_name && std::any_of(words.begin(), words.end(),
                                                     [&](const Word& word) { return word.worker == answer.worker; });
    if (!is_replaced) words.push_back({answer.worker, answer.class_index, answer.certainty});
  });
  std::erase_if(words, [](const Word& word) { return word.answer == kNoClass; });
  return words;
}

LearnedSkills AnswerRecord::learned() const {
  LearnedSkills learned;
  const SharedVotes votes = shared_votes(*this, std::ssize(last_row_), n_classes_);
  if (votes.items.empty()) return learned;
  SkillSearch search(votes);
  for (int pass = 0; pass < kMostPasses && search.improve() > kTolerance; ++pass) continue;
  const std::size_t n = table_.workers().size();
  learned.n_right.assign(n, 0.0);
  learned.n_shared.assign(n, 0.0);
  learned.skills.of_others = search.of_others();
  learned.skills.accuracy.assign(n, search.shrunk(0.0, 0.0));
  for (std::size_t w = 0; w < votes.worker_names.size(); ++w) {
    const auto name = static_cast<std::size_t>(votes.worker_names[w]);
    learned.n_right[name] = search.n_right()[w];
    learned.n_shared[name] = search.n_shared()[w];
    learned.skills.accuracy[name] = search.shrunk(search.n_right()[w], search.n_shared()[w]);
  }
  return learned;
}

void AnswerRecord::learn() {
  if (is_plain()) return;
  LearnedSkills learned = this->learned();
  skills_ = std::move(learned.skills);
  if (gold_.empty() || audit_skills_) return;
  n_right_ = std::move(learned.n_right);
  n_shared_ = std::move(learned.n_shared);
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
  const double chance = 1.0 / static_cast<double>(n_classes_);
  for (const Word& word : words(item)) {
    const auto w = static_cast<std::size_t>(word.worker);
    if (!is_sure(word) || w >= n_shared_.size() || n_shared_[w] < 1.0) continue;
    const double n_right = std::max(0.0, n_right_[w] - (word.answer == gold(item) ? 1.0 : 0.0));
    skills.accuracy[w] = drawn_to_all(n_right, n_shared_[w] - 1.0, skills.of_others, chance);
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
  writer.section("answer_record", 2);
  detail::save(writer, skills_);
  writer.write(audit_skills_.has_value());
  detail::save(writer, audit_skills_.value_or(WorkerSkills{}));
  writer.write(std::span<const std::int64_t>(news_));
  writer.write(std::span<const double>(n_right_));  // since version 2
  writer.write(std::span<const double>(n_shared_));
}

void AnswerRecord::load(SnapshotReader& reader) {
  const auto version = reader.section("answer_record", 2);
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
}

}  // namespace gtlabel::detail
