#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gtlabel/core/random.hpp"
#include "gtlabel/dataset/features.hpp"
#include "gtlabel/jobs/batch.hpp"
#include "gtlabel/jobs/commit_mode.hpp"
#include "gtlabel/jobs/job_report.hpp"
#include "gtlabel/jobs/labeling_job.hpp"
#include "gtlabel/models/incremental_model.hpp"
#include "gtlabel/routing/audit_ledgers.hpp"
#include "gtlabel/routing/target.hpp"
#include "gtlabel/workforce/budget.hpp"
#include "gtlabel/workforce/gold_label.hpp"
#include "gtlabel/workforce/overlap.hpp"
#include "jobs/answer_record.hpp"
#include "jobs/automatic_labels.hpp"
#include "jobs/gold_items.hpp"
#include "jobs/item_columns.hpp"
#include "jobs/scores.hpp"

namespace gtlabel::detail {

/// How a job proceeds: what people have said, the model's update, when to ask, to commit or to end. What to commit,
/// audit and withdraw is for AutomaticLabels to say. One thread at a time.
class LabelingLoop {
 public:
  struct Setup {
    Target target;
    std::int64_t batch_size;
    std::uint64_t seed;
    Overlap overlap = {};
    Budget budget = {};
    Price price = {};
    CommitMode commit = CommitMode::eager;
    std::vector<GoldLabel> gold = {};
    double gold_rate = 0.0;
  };

  /// @param coin_seed  of the audit's coins.  @param model  attached to the pool already.
  LabelingLoop(std::int64_t n_items, const Setup& setup, std::uint64_t coin_seed,
               std::shared_ptr<IncrementalModel> model);

  [[nodiscard]] std::optional<Batch> next_batch();
  /// Items have joined: `longer` is the pool with them. A finished job goes on. Exceptions of the model pass through
  /// and leave the loop as it was.
  void extend(const Features& longer);
  /// What answers of each class count as, before the first answer; classes that are not themselves get no label.
  void set_meanings(std::span<const ClassIndex> meanings);
  /// A loop of the same pool for other classes, that knows what people have said and nothing that followed from it: no
  /// automatic label, no audit, an untrained model.
  /// @param model       attached to the pool and to the classes.
  /// @param is_wider    a class is new: where its items are is not known, so a random sample is asked about again.
  [[nodiscard]] LabelingLoop with_classes(std::shared_ptr<IncrementalModel> model, std::uint64_t coin_seed,
                                          std::span<const ClassIndex> meanings, bool is_wider) const;
  /// Takes what somebody said of an item; its worker goes by name.
  void take(ItemIndex item, std::string_view worker, const Answer& answer);
  /// Takes the answers of a saved job, before load.
  void restore(const AnswerTable& answers) { answers_.restore(answers); }

  [[nodiscard]] bool is_outstanding(ItemIndex item) const;
  /// Whether the item has an automatic label that is not under audit and that no person has replaced.
  [[nodiscard]] bool is_delivered(ItemIndex item) const { return automatic_.is_delivered(items_, item); }
  [[nodiscard]] bool is_finished() const noexcept { return phase_ == Phase::finished && n_outstanding_ == 0; }
  [[nodiscard]] const AnswerRecord& answers() const noexcept { return answers_; }
  [[nodiscard]] const ItemColumns& items() const noexcept { return items_; }
  [[nodiscard]] const GoldItems& gold() const noexcept { return gold_; }
  [[nodiscard]] GoldRecord gold_record() const;
  [[nodiscard]] const AuditLedgers& ledgers() const noexcept { return automatic_.ledgers(); }
  [[nodiscard]] const Setup& setup() const noexcept { return setup_; }
  [[nodiscard]] const IncrementalModel& model() const noexcept { return *model_; }
  [[nodiscard]] const std::shared_ptr<IncrementalModel>& shared_model() const noexcept { return model_; }
  [[nodiscard]] const std::vector<RoundRecord>& history() const noexcept { return history_; }
  [[nodiscard]] const std::string& outcome() const noexcept { return outcome_; }
  [[nodiscard]] std::int32_t round() const noexcept { return round_; }
  /// Grows when something may have changed beside what people say.
  [[nodiscard]] std::uint64_t revision() const noexcept { return revision_; }
  [[nodiscard]] std::int64_t n_human() const noexcept { return n_human_; }
  [[nodiscard]] std::int64_t n_items() const noexcept { return static_cast<std::int64_t>(items_.human.size()); }
  [[nodiscard]] double seconds() const noexcept { return seconds_; }
  [[nodiscard]] std::optional<Certificate> certificate() const;
  [[nodiscard]] Predictions predictions() const;
  [[nodiscard]] LabelingPlan expectation() const;
  /// Answers paid per item that people have answered, at least 1.
  [[nodiscard]] double answers_per_item() const noexcept;
  /// What of the present batch is still asked.
  [[nodiscard]] std::optional<Batch> outstanding_batch() const;

  void save(SnapshotWriter& writer) const;
  /// For a loop just made with the same setup. @throws ArchiveError
  void load(SnapshotReader& reader);

 private:
  /// sampling: items of which nobody has drawn a sample yet are there, or that sample is with people.
  enum class Phase : std::uint8_t { sampling, training, committing, finished };
  using Outlook = AutomaticLabels::Outlook;

  /// Closes what the answers settle, and asks about the rest again.
  void settle();
  /// Items that people may be asked about now, new ones or those they have been asked about.
  [[nodiscard]] std::size_t askable(std::size_t n_items, bool are_new) const;
  [[nodiscard]] bool is_budget_spent() const { return askable(1, true) == 0; }
  /// What did not fit into earlier batches where answers were reckoned dearer than they turned out to be.
  void ask_what_was_cut();
  /// Stops asking about what the budget does not allow any more.
  void cut_to_budget();
  /// Whether a query now would leave too little for the audits that are planned.
  [[nodiscard]] bool has_to_save(const Outlook& outlook) const;
  /// Ends the job with what is proved.
  void finish_on_budget();
  /// Without audits labels can still be committed when nobody can be asked any more.
  [[nodiscard]] bool has_to_commit_by_threshold() const;
  [[nodiscard]] LabelingPlan expected_people() const;
  /// Gold that nobody has answered, planted or not. O(gold).
  [[nodiscard]] std::int64_t n_gold_unasked() const;
  void close_open_items();
  /// The host's classes count as labels from the start.
  void take_gold();
  /// What people say of an item of gold by now. @return whether more of them have to be asked.
  bool settle_gold(ItemIndex item);
  /// What people say of an item from now on.
  void record(ItemIndex item, const Verdict& verdict);
  void record_human(ItemIndex item, const Verdict& verdict);
  /// Of a loop with other classes than `before`: labels what the answers settle, and what has its label still. The next
  /// batch weighs them again.
  void keep_labels(const ItemColumns& before);
  /// Weighs the answers about items that were never committed again, by what is known of the workers now.
  /// @return those that are settled no more.
  std::vector<ItemIndex> reweigh();
  [[nodiscard]] bool is_committed(ItemIndex item) const { return AutomaticLabels::is_committed(items_, item); }
  [[nodiscard]] const ErrorTarget* error_target() const noexcept { return std::get_if<ErrorTarget>(&setup_.target); }
  /// Whether labels are delivered that are not certified yet, though they have to be.
  [[nodiscard]] bool is_short_of_certificate() const { return automatic_.is_short_of_certificate(items_); }
  void teach();
  /// The model's present opinion.
  [[nodiscard]] Scores rescore() const;
  [[nodiscard]] bool is_trained_enough(double humans_to_come) const;
  [[nodiscard]] bool is_time_to_commit(const Outlook& outlook) const;
  /// Whether, short of a certificate, the model should learn more before more is audited.
  [[nodiscard]] bool is_worth_training(const Scores& scores, const Outlook& outlook) const;
  /// Whether the audit at the end is going on: labels are committed and not certified yet.
  [[nodiscard]] bool is_auditing_at_end() const { return automatic_.commits_at_end() && is_short_of_certificate(); }
  void note_round(const Scores& scores, const Outlook& outlook, double seconds);

  /// Asks about a random sample of the items that have joined since the last; at first, those of the whole pool.
  void sample();
  /// Whether people have named no class yet: none of the items sampled was of any.
  [[nodiscard]] bool has_no_lesson() const;
  void sample_again();
  [[nodiscard]] bool is_too_small(std::size_t n_undecided) const;
  [[nodiscard]] std::int64_t sample_size() const;
  void decide(Scores& scores, double seconds);
  void ask_query(const Scores& scores);
  /// Commits and raises the audit levels as planned. @return false if there is nothing to gain by it in any ledger.
  bool advance_commit(Scores& scores, const Outlook& outlook);
  /// CommitMode::final: commits all undecided items to the audit at the end.
  void begin_audit_at_end(Scores& scores);
  /// The next look, or the end of the audit: what it proved is delivered and the rest goes to people.
  void audit_at_end(Scores& scores);
  /// Withdraws all that these ledgers deliver, and says why.
  void give_up(Scores& scores, const std::vector<std::size_t>& ledgers);
  void ask_review(const Scores& scores);
  void finish();
  void ask(std::vector<ItemIndex> items, Purpose purpose);
  [[nodiscard]] std::int64_t query_size() const;
  /// Whether people are expected to label nearly all, and will be for long.
  [[nodiscard]] bool is_beyond_help() const;

  Setup setup_;
  std::shared_ptr<IncrementalModel> model_;
  ItemColumns items_;
  AnswerRecord answers_;
  GoldItems gold_;
  AutomaticLabels automatic_;
  RandomStream seed_random_, query_random_;
  Phase phase_ = Phase::sampling;
  std::int32_t round_ = 0;
  Batch batch_;
  std::int64_t n_sampled_ = 0;       // the items from here on have joined since the last sample
  double least_audits_ = 0.0;        // what a certificate costs if the model is never wrong
  std::vector<std::uint8_t> asked_;  // 1: of the current batch and unanswered
  std::int64_t n_outstanding_ = 0;
  std::int64_t n_human_ = 0;
  std::vector<ItemIndex> untaught_;  // answered since the last update of the model
  std::vector<RoundRecord> history_;
  std::string outcome_;
  double seconds_ = 0.0;
  std::vector<ClassIndex> closed_classes_;  // merged or retired
  std::uint64_t revision_ = 0;
};

}  // namespace gtlabel::detail
