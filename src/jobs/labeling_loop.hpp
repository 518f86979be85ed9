#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gtlabel/core/random.hpp"
#include "gtlabel/dataset/features.hpp"
#include "gtlabel/jobs/batch.hpp"
#include "gtlabel/jobs/job_report.hpp"
#include "gtlabel/jobs/labeling_job.hpp"
#include "gtlabel/models/incremental_model.hpp"
#include "gtlabel/routing/audit_ledger.hpp"
#include "gtlabel/routing/commit_plan.hpp"
#include "gtlabel/routing/target.hpp"
#include "jobs/item_columns.hpp"
#include "jobs/scores.hpp"

namespace gtlabel::detail {

/// How a job proceeds: the model's update, the decision what to commit, audit or ask, and when to end. One thread at a
/// time.
class LabelingLoop {
 public:
  struct Setup {
    Target target;
    std::int64_t batch_size;
    std::uint64_t seed;
  };

  /// @param coin_seed  of the audit's coins.  @param model  attached to the pool already.
  LabelingLoop(std::int64_t n_items, const Setup& setup, std::uint64_t coin_seed,
               std::shared_ptr<IncrementalModel> model);

  [[nodiscard]] std::optional<Batch> next_batch();
  /// Items have joined: `longer` is the pool with them. A finished job goes on. Exceptions of the model pass through
  /// and leave the loop as it was.
  void extend(const Features& longer);
  /// Takes a human answer.
  void record(ItemIndex item, ClassIndex answer);

  [[nodiscard]] bool is_outstanding(ItemIndex item) const;
  [[nodiscard]] bool is_finished() const noexcept { return phase_ == Phase::finished; }
  [[nodiscard]] const ItemColumns& items() const noexcept { return items_; }
  [[nodiscard]] const AuditLedger& ledger() const noexcept { return ledger_; }
  [[nodiscard]] const Setup& setup() const noexcept { return setup_; }
  [[nodiscard]] const IncrementalModel& model() const noexcept { return *model_; }
  [[nodiscard]] const std::vector<RoundRecord>& history() const noexcept { return history_; }
  [[nodiscard]] const std::string& outcome() const noexcept { return outcome_; }
  [[nodiscard]] std::int32_t round() const noexcept { return round_; }
  [[nodiscard]] std::int64_t n_human() const noexcept { return n_human_; }
  [[nodiscard]] std::int64_t n_items() const noexcept { return static_cast<std::int64_t>(items_.human.size()); }
  [[nodiscard]] double seconds() const noexcept { return seconds_; }
  [[nodiscard]] std::optional<Certificate> certificate() const;
  [[nodiscard]] Predictions predictions() const;
  [[nodiscard]] LabelingPlan expectation() const;

  void save(SnapshotWriter& writer) const;
  /// For a loop just made with the same setup. @throws ArchiveError
  void load(SnapshotReader& reader);

 private:
  /// sampling: items of which nobody has drawn a sample yet are there, or that sample is with people.
  enum class Phase : std::uint8_t { sampling, training, committing, finished };
  /// What could be done next.
  struct Outlook {
    CommitPlan commit;
    std::vector<ItemIndex> doubtful;  ///< delivered labels to have checked instead, if that is cheaper
    double expected_humans = 0.0;     ///< still to come
  };

  [[nodiscard]] std::optional<Batch> outstanding_batch() const;
  [[nodiscard]] bool is_short_of_certificate() const;
  void teach();
  [[nodiscard]] CommitPlan plan(const Scores& scores) const;
  /// Predicted wrong labels among the delivered, so many standard deviations above the mean.
  [[nodiscard]] double expected_wrong(const Scores& scores, double deviations) const;
  /// Errors that audits found, over what was predicted for the same labels when they were committed.
  [[nodiscard]] double audit_ratio() const;
  [[nodiscard]] AuditState audit_state(const Scores& scores) const;
  [[nodiscard]] Outlook outlook(const Scores& scores) const;
  /// Delivered labels whose check is expected to bring the certificate, the most doubtful first; none if there is a
  /// certificate or no such set.
  [[nodiscard]] std::vector<ItemIndex> doubtful(const Scores& scores) const;
  [[nodiscard]] bool is_trained_enough(double humans_to_come) const;
  [[nodiscard]] bool is_time_to_commit(const Outlook& outlook) const;
  /// Whether, short of a certificate, the model should learn more before more is audited.
  [[nodiscard]] bool is_worth_training(const Scores& scores, const Outlook& outlook) const;
  void note_round(const Scores& scores, const Outlook& outlook, double seconds);

  /// Asks about a random sample of the items that have joined since the last; at first, those of the whole pool.
  void sample();
  [[nodiscard]] bool is_too_small(std::size_t n_undecided) const;
  [[nodiscard]] std::int64_t sample_size() const;
  void decide(Scores& scores, double seconds);
  void ask_query(Scores& scores);
  /// Commits and raises the audit level as planned. @return false if there is nothing to gain by it.
  bool advance_commit(Scores& scores, const CommitPlan& plan);
  /// Commits the n surest undecided items. @return those due for audit at the present level.
  std::vector<ItemIndex> commit(Scores& scores, std::int64_t n);
  /// A part of the way to a planned audit level: the level may turn out to be higher than needed.
  [[nodiscard]] double next_level(double planned) const;
  /// Short of a certificate: withdraws what was committed since one was in hand and goes back to training, where that
  /// is cheaper than more audits. @return whether.
  bool fall_back(Scores& scores, const Outlook& outlook);
  void withdraw(const std::vector<ItemIndex>& items);
  void withdraw_all(Scores& scores);
  void ask_review(const Scores& scores);
  void finish();
  [[nodiscard]] std::string price_of_certificate() const;
  void ask(std::vector<ItemIndex> items, Purpose purpose);
  [[nodiscard]] std::int64_t query_size() const;

  Setup setup_;
  std::shared_ptr<IncrementalModel> model_;
  ItemColumns items_;
  AuditLedger ledger_;
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
};

}  // namespace gtlabel::detail
