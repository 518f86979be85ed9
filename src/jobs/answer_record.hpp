#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "gtlabel/core/ids.hpp"
#include "gtlabel/dataset/answer_table.hpp"
#include "gtlabel/workforce/overlap.hpp"
#include "jobs/worker_skills.hpp"

namespace gtlabel::detail {

/// What the answers about an item amount to.
struct Verdict {
  bool is_settled = false;  ///< nobody else has to be asked
  ClassIndex label = kNoClass;
  float confidence = 0.0F;  ///< probability of the label
};

/// Everything that people said, and what it amounts to item by item.
///
/// A person's word about an item is the last answer with his name; answers without a name are of different people. With
/// an overlap of one, the last sure answer is the label. Else words are weighed by the workers' skills, and these are
/// learned from gold and from items of which several people have said something: another lone word says nothing about
/// its worker.
/// Nothing here depends on the order in which answers of one pass arrive.
class AnswerRecord {
 public:
  AnswerRecord(std::int64_t n_items, int n_classes, const Overlap& overlap);
  void resize(std::int64_t n_items);
  /// What answers of each class count as, before the first answer: itself, another class, or kUnsure for a class that
  /// is retired, of which an answer says nothing any more. The table keeps them as they were given.
  void set_meanings(std::span<const ClassIndex> meanings) { meanings_.assign(meanings.begin(), meanings.end()); }
  /// The known class of an item, before the first answer; kNoClass: it is not known.
  void set_gold(ItemIndex item, ClassIndex label);
  [[nodiscard]] ClassIndex gold(ItemIndex item) const {
    return gold_.empty() ? kNoClass : gold_[static_cast<std::size_t>(item)];
  }
  /// What an answer of the table counts as; kNoClass: nothing, its class is retired.
  [[nodiscard]] ClassIndex meaning(ClassIndex answer) const {
    if (answer < 0 || meanings_.empty()) return answer;
    const ClassIndex meant = meanings_[static_cast<std::size_t>(answer)];
    return meant == kUnsure ? kNoClass : meant;
  }
  /// Whether the last answer about an item says nothing any more.
  [[nodiscard]] bool is_taken_back(ItemIndex item) const;
  /// All rows of a saved job.
  void restore(const AnswerTable& table);

  /// @return a verdict if the answer settles the item at once. O(answers about the item).
  std::optional<Verdict> add(ItemIndex item, std::string_view worker, const Answer& answer);

  [[nodiscard]] const AnswerTable& table() const noexcept { return table_; }
  [[nodiscard]] const Overlap& overlap() const noexcept { return overlap_; }
  /// Whether one answer is enough.
  [[nodiscard]] bool is_plain() const noexcept { return overlap_.max == 1; }
  /// Answers that are paid: no skips, and nobody twice for an item.
  [[nodiscard]] std::int64_t n_paid() const noexcept { return n_paid_; }
  /// The same by worker.
  [[nodiscard]] const std::vector<std::int64_t>& n_paid_to() const noexcept { return n_paid_to_; }
  /// Whether an answer of the table is one of them.
  [[nodiscard]] bool is_paid(std::size_t row) const { return is_paid_[row] != 0; }
  [[nodiscard]] std::size_t n_classes() const noexcept { return n_classes_; }
  [[nodiscard]] std::int64_t n_items() const noexcept { return static_cast<std::int64_t>(last_row_.size()); }
  /// Items about which somebody has said something.
  [[nodiscard]] std::int64_t n_answered() const noexcept { return n_answered_; }
  [[nodiscard]] bool is_answered(ItemIndex item) const { return n_said_[static_cast<std::size_t>(item)] > 0; }
  /// Whether the worker has answered or skipped the item, and his last word still says something.
  [[nodiscard]] bool has_seen(ItemIndex item, std::string_view worker) const;
  /// Whether the worker, known by name, has answered the item.
  [[nodiscard]] bool has_answered(ItemIndex item, std::string_view worker) const;
  /// Whether the worker's last word about the item was this very answer: then it is the same one sent twice. Without a
  /// name it is where one answer is enough; else it may be somebody else's.
  [[nodiscard]] bool is_repeated(ItemIndex item, std::string_view worker, ClassIndex answer, float certainty) const;
  /// One word per person. O(answers about the item).
  [[nodiscard]] std::vector<Word> words(ItemIndex item) const;

  /// Learns the skills from all answers so far. Cost: some tens of passes over the answers.
  void learn();
  [[nodiscard]] const WorkerSkills& skills() const noexcept { return skills_; }
  /// Whether the worker seemed to guess when skills were learned last. O(workers).
  [[nodiscard]] bool seems_to_guess(std::string_view worker) const;
  /// From now on audits are judged by the present skills: what is learned later may depend on the audit's coins.
  void fix_audit_skills();
  /// @param is_committed  judged as an audit: by the skills that were fixed.
  [[nodiscard]] Verdict verdict(ItemIndex item, bool is_committed) const;
  /// Of an item of gold: as of an audit, its workers' skills being learned without what is known of this item.
  [[nodiscard]] Verdict gold_verdict(ItemIndex item) const;
  /// The first of these, but nobody can be asked any more.
  [[nodiscard]] Verdict last_verdict(ItemIndex item, bool is_committed) const;
  /// Probabilities of the job's classes, for training.
  void write_target(ItemIndex item, std::span<float> target) const;

  /// Items that were answered since the last call, without those settled at once; ascending.
  [[nodiscard]] std::vector<ItemIndex> take_news();
  [[nodiscard]] bool has_news() const noexcept { return !news_.empty(); }

  void save(SnapshotWriter& writer) const;
  /// After restore. @throws ArchiveError
  void load(SnapshotReader& reader);

 private:
  /// Rows about an item, the latest first: row = last_row_[item], then previous_[row], until -1.
  /// Their classes as they are meant now.
  template <class Visit>
  void for_rows(ItemIndex item, Visit visit) const;
  /// What the worker said last about the item; nothing if he said nothing.
  [[nodiscard]] std::optional<ClassIndex> last_of(ItemIndex item, std::string_view worker) const;
  [[nodiscard]] const WorkerSkills& skills_for(bool is_committed) const noexcept;
  [[nodiscard]] std::int64_t most_answers(std::span<const Word> words) const;
  [[nodiscard]] Verdict verdict_by(ItemIndex item, const WorkerSkills& skills) const;
  [[nodiscard]] Verdict weighed(std::span<const Word> words, const WorkerSkills& skills) const;

  AnswerTable table_;
  Overlap overlap_;
  std::size_t n_classes_;
  std::vector<ClassIndex> meanings_;    // empty: each class is itself
  std::vector<ClassIndex> gold_;        // per item; empty: none
  std::vector<std::int32_t> last_row_;  // per item
  std::vector<std::int32_t> previous_;  // per row
  std::vector<std::int32_t> n_said_;    // per item: answers but for skips
  std::int64_t n_paid_ = 0;
  std::vector<std::int64_t> n_paid_to_;  // per worker
  std::vector<std::uint8_t> is_paid_;    // per row
  std::int64_t n_answered_ = 0;
  WorkerSkills skills_;
  std::vector<double> n_right_, n_shared_;  // with gold: what the skills for audits are learned from
  std::optional<WorkerSkills> audit_skills_;
  std::vector<std::uint8_t> are_spam_;  // per worker, as of `learn`
  std::vector<ItemIndex> news_;
};

}  // namespace gtlabel::detail
