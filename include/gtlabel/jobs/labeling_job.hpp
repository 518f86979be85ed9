#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gtlabel/core/export.hpp"
#include "gtlabel/core/ids.hpp"
#include "gtlabel/dataset/answer_table.hpp"
#include "gtlabel/dataset/features.hpp"
#include "gtlabel/dataset/label_set.hpp"
#include "gtlabel/jobs/batch.hpp"
#include "gtlabel/jobs/commit_mode.hpp"
#include "gtlabel/jobs/job_report.hpp"
#include "gtlabel/jobs/labeling_plan.hpp"
#include "gtlabel/jobs/spending.hpp"
#include "gtlabel/jobs/worker_record.hpp"
#include "gtlabel/models/incremental_model.hpp"
#include "gtlabel/routing/certificate.hpp"
#include "gtlabel/routing/target.hpp"
#include "gtlabel/storage/item_event.hpp"
#include "gtlabel/workforce/budget.hpp"
#include "gtlabel/workforce/gold_label.hpp"
#include "gtlabel/workforce/overlap.hpp"

namespace gtlabel {

/// How a job is set up; the defaults are meant to be good.
struct LabelingJobOptions {
  Target target = ErrorTarget{};
  std::shared_ptr<IncrementalModel> model = {};  ///< attached to the pool by the job; null: a Committee
  std::int64_t batch_size = 0;                   ///< items per query batch; 0: chosen from the pool's size
  /// When to label automatically; no meaning for a threshold. Empty: eager, but of fixed probabilities what asks fewer.
  std::optional<CommitMode> commit = std::nullopt;
  std::optional<std::uint64_t> seed = 0;  ///< of everything random, the audit's coins included; empty: from the system
  std::size_t n_threads = 0;              ///< 0: as many as the machine has cores; results do not depend on it
  std::function<void()> poll = {};        ///< called now and then during long work; what it throws cancels the call
  std::vector<std::string> ids = {};      ///< names of the items, one each, kept in snapshots; empty: none
  Overlap overlap = {};                   ///< how many people are asked about an item
  Price price = {};                       ///< what they are paid
  Budget budget = {};                     ///< what may be used up; the job ends when it is
  /// Items whose class is known beforehand, no item twice. They count as labelled by people from the start and are
  /// trained on. Some are planted in the batches, so that nobody sees which they are: people's answers about them tell
  /// how good each worker is and, if gold is a random sample of the pool, bound the error against the truth.
  std::vector<GoldLabel> gold = {};
  double gold_rate = 0.05;           ///< items of gold per item that people are asked about; 0 to 1
  double lease_seconds = 3600.0;     ///< how long a worker has for an item that he was given; above 0
  std::function<double()> now = {};  ///< the leases' clock, seconds; empty: the system's time
  std::string store = {};  ///< a new file that the job lives in, docs/store.md; empty: the job is in memory alone
};

/// What `submit` did.
struct Submission {
  std::int64_t n_answers = 0;  ///< answers taken, skips not counted
  std::int64_t n_free = 0;     ///< of those, about items that nobody had asked about
  /// Of those, in place of an earlier one, both are recorded: by the same worker, or where one answer is enough by
  /// anybody.
  std::int64_t n_replaced = 0;
  std::int64_t n_skipped = 0;   ///< kSkip: the items are asked again
  std::int64_t n_repeated = 0;  ///< known already, so nothing was changed; not counted above
};

/// A model's opinion of the items without a human answer, ascending.
struct Predictions {
  std::vector<ItemIndex> item;
  std::vector<ClassIndex> class_index;  ///< the most probable class
  std::vector<float> confidence;        ///< calibrated probability that it is right
};

/// Labels a pool with as few human answers as it can: asks people about a random sample, trains a model, asks about
/// what the model learns most from, labels automatically what it is sure of, audits that by coin until the target is
/// certified, and leaves the rest to people. The host drives it:
///
///     gtlabel::LabelingJob job(features, {"cat", "dog"});
///     while (auto batch = job.next_batch()) job.submit(batch->items, ask_people(batch->items));
///
/// The same seed and the same answers give the same batches, for any number of threads. Internally synchronised: any
/// thread may call anything; calls take turns. A model that calls back into its own job gets InvalidState instead of a
/// deadlock. Movable; a moved-from job may only be destroyed or assigned to.
class GTLABEL_EXPORT LabelingJob {
 public:
  /// @param features  the pool; shared, not copied. More items can join it later, see extend.
  /// @param classes   their names, distinct, at least 2.
  /// @param options   ids: none or one per item.
  /// Cost: attaching the model; the default builds a neighbour graph of the pool (10,000 x 784: seconds).
  /// @throws InvalidArgument
  LabelingJob(const Features& features, std::vector<std::string> classes, LabelingJobOptions options = {});
  ~LabelingJob();
  LabelingJob(LabelingJob&&) noexcept;
  LabelingJob& operator=(LabelingJob&&) noexcept;

  /// What to ask people next. While items of the last batch are unanswered: those again (nothing is computed). Else
  /// trains, decides and returns a new batch; nothing when the job is finished. Answers may come in any order and
  /// portion. Strong guarantee: after an exception (of the model, of poll) the job is as before, and the call can be
  /// repeated.
  [[nodiscard]] std::optional<Batch> next_batch();

  /// What to ask this worker next: items of the present batch that he has not answered or skipped and that nobody else
  /// has now, those first that his answer is expected to make surest. They are leased to him; what he has not answered
  /// within lease_seconds goes to others. Asked for again before, the same items. Empty: nothing for him at the moment,
  /// ask again when others have answered; nothing: the job is finished. A worker who seems to guess
  /// (WorkerRecord::is_spam, as of the last round) gets nothing while anybody who does not has items in hand. Use
  /// either this or the one above in a job.
  /// @param worker  his name, not empty.
  /// @param size    items at most; 0: kLeaseSize.
  /// Cost beside that of next_batch: O(items of the batch x answers about them x classes).
  /// @throws InvalidArgument
  [[nodiscard]] std::optional<Batch> next_batch(const std::string& worker, std::int64_t size = 0);
  static constexpr std::int64_t kLeaseSize = 10;

  /// Takes answers, by class index or class name. Items need not be of the last batch: an answer nobody asked for is
  /// taken as a human label too. All or nothing: a bad row changes nothing.
  ///
  /// With an overlap above one answers become labels at the next next_batch; an item that is not settled then is in the
  /// batch again, with Purpose::review. Whoever gives no name counts as somebody else each time.
  /// @param answers      class indices, or kSkip, kUnsure, kNoneOfThese.
  /// @param workers      who said it: one name per answer, or none.  Cost O(answers).
  /// @param seconds      how long each took, 0 if it is not known; or none.
  /// @param certainties  the workers' own: 1 is sure; below, the answer is a guess, which counts little and raises the
  ///                     number of people asked; above 0; or none: all sure.
  /// @param answer_ids   names of the answers, each given once: what comes again with its id is known, and changes
  ///                     nothing. Or none: then an answer about an item that is not asked about now is known if
  ///                     it is what its worker said last about it (where one answer is enough: what was said last).
  /// With a store the answers are on disk when the call returns; if they cannot be written, nothing is taken.
  /// @throws InvalidArgument (item, sizes, numbers, an id given to another answer), UnknownClass; they name the row.
  /// ArchiveError (store).
  Submission submit(std::span<const ItemIndex> items, std::span<const ClassIndex> answers,
                    std::span<const std::string> workers = {}, std::span<const float> seconds = {},
                    std::span<const float> certainties = {}, std::span<const std::string> answer_ids = {});
  Submission submit(std::span<const ItemIndex> items, std::span<const std::string> answers,
                    std::span<const std::string> workers = {}, std::span<const float> seconds = {},
                    std::span<const float> certainties = {}, std::span<const std::string> answer_ids = {});

  /// Items join the pool, behind the others: they get the next indices. At any time, also when the job is finished: it
  /// then goes on. Answers, labels, audits and history stay, and so does a batch that is out. Of the new items people
  /// are first asked about a random sample, as large a share as any pool's; then all go their way together.
  /// The certificate covers what it covered: committed labels, their coins and what was proved of them are not touched.
  /// Join many items at once rather than few at a time: the model is attached to the longer pool at each call.
  /// @param more  of the pool's number of columns, dense or sparse as the pool; copied.
  /// @param ids   their names, one each, if the job's items have names; else none.
  /// Cost: one copy of the whole pool, which replaces the job's hold on the memory that it borrowed (peak: the old
  /// pool, `more` and the copy), and IncrementalModel::extend: for the default a neighbour graph of the whole pool and
  /// a fit from scratch.
  /// @throws InvalidArgument  what does not fit the pool, or the model: nothing is changed.
  /// After an exception of the model or of poll, or of a store that cannot be written (ArchiveError), the items
  /// have not joined and the job is as before, but the model may have to be fitted again from its labels, which the
  /// next next_batch does; till then predictions() may be NotFitted.
  void extend(const Features& more, std::vector<std::string> ids = {});

  // The list of classes can change at any time, also when the job is finished: it then goes on. An index stays that of
  // its class for ever. Answers, and what they were about, stay. The first three below begin anew what followed from
  // the answers: automatic labels and audits are withdrawn, the model is trained from scratch, and the report's history
  // starts; a certificate speaks of the list of its time only. Strong guarantee. @throws UnknownClass,
  // InvalidArgument; ArchiveError (store); what the model throws.
  // Cost: attaching the model, as for a new job.

  /// A new class, behind the others. Where its items are is not known, so people are asked about a random sample again.
  void add_class(const std::string& name);
  /// All of a class belongs to another from now on: answers so far, and those that still come under its name.
  void merge_classes(const std::string& name, const std::string& into);
  /// A class is no longer asked for: items that people gave it are asked again, and answers that name it are refused.
  void retire_class(const std::string& name);
  /// Another name for the same class. Nothing else changes. O(1).
  void rename_class(const std::string& name, const std::string& new_name);

  /// The labels decided so far; at the end one per item. Before the end automatic labels may still be audited or
  /// withdrawn.
  [[nodiscard]] LabelSet labels() const;
  /// What the model thinks now of the items without a human answer, committed or not; nothing of it is promised. Never
  /// show it to the people who answer. Cost: one prediction of the pool. @throws NotFitted before the first training.
  [[nodiscard]] Predictions predictions() const;
  /// The certificate that the audits support now; nothing without an ErrorTarget, automatic labels, or enough evidence.
  [[nodiscard]] std::optional<Certificate> certificate() const;
  [[nodiscard]] JobReport report() const;
  /// How many people the job is expected to need in all. Before the first round, and before the first after items
  /// joined: from jobs on other pools; then from how the model learns and what audits find. Cost: microseconds.
  [[nodiscard]] LabelingPlan plan() const;
  /// Whether every item has its final label.
  [[nodiscard]] bool is_finished() const;
  /// Who has answered, in order of their first answers, and how well. Cost: some tens of passes over the answers, and
  /// one over the pairs of answers about the same item.
  [[nodiscard]] std::vector<WorkerRecord> workers() const;
  /// What each worker was paid in each round, by round and then by first answers. O(answers).
  [[nodiscard]] std::vector<Spending> spending() const;
  /// All answers in order of arrival.
  [[nodiscard]] AnswerTable answers() const;

  /// Lets go of the store, so that another may open it. Of a closed job what it knows can be read; what would change it
  /// is InvalidState. Nothing without a store. @throws ArchiveError  the last change cannot be written: it stays open.
  void close();
  /// All that happened to an item, in its order: when it was asked about, who said what, and what was decided.
  /// Cost: one pass over the store. @throws InvalidState  a job without a store; InvalidArgument.
  [[nodiscard]] std::vector<ItemEvent> explain(ItemIndex item) const;

  /// Names by class index, those of merged and retired classes included. Cost: a copy.
  [[nodiscard]] std::vector<std::string> classes() const;
  /// Indices of the classes in use, ascending.
  [[nodiscard]] std::vector<ClassIndex> active_classes() const;
  /// The job's model, another object after the classes have changed. Shared; to be looked at, not to be taught.
  [[nodiscard]] std::shared_ptr<IncrementalModel> model() const;
  /// The file that the job lives in; empty: none.
  [[nodiscard]] std::string store() const;
  /// Names of the items, one each, or empty if the job was given none. Cost: a copy.
  [[nodiscard]] std::vector<std::string> ids() const;
  [[nodiscard]] std::int64_t n_items() const noexcept;
  /// The pool, with all that joined; shared, not copied.
  [[nodiscard]] Features pool() const;
  [[nodiscard]] const Target& target() const noexcept;
  /// What people are paid.
  [[nodiscard]] const Price& price() const noexcept;

  /// The whole state but the pool, as bytes for `restore`; docs/snapshots.md. With a custom model: its labels, not its
  /// fit.
  [[nodiscard]] std::string snapshot() const;
  /// Writes `snapshot` to a file, atomically. @throws ArchiveError
  void save(const std::string& path) const;

  /// Continues a saved job to the same batches as if it had not been interrupted.
  /// @param features  the same pool (checked by fingerprint), with all items that joined.
  /// @param options   only model (needed if the saved one was custom), n_threads, poll, now and ids (if any, in place
  /// of
  ///                  the saved ones) are read.
  /// @throws ArchiveError  damaged bytes, a newer version, another pool or model; InvalidArgument  ids of another
  /// number.
  static LabelingJob restore(std::string_view snapshot, const Features& features, LabelingJobOptions options = {});
  static LabelingJob load(const std::string& path, const Features& features, LabelingJobOptions options = {});

  /// Goes on with a job that lives in a store, after whatever ended the process that had it: to the same batches,
  /// routes and certificate as if nothing had happened. The store's parameters are those of restore. One writer at a
  /// time. Cost: attaching the model, the last snapshot, and the answers since.
  /// @throws ArchiveError  store_in_use (naming who writes it), file_access, and those of restore.
  static LabelingJob open(const std::string& store, const Features& features, LabelingJobOptions options = {});

 private:
  struct State;
  explicit LabelingJob(std::unique_ptr<State> state) noexcept;
  std::unique_ptr<State> state_;
};

}  // namespace gtlabel
