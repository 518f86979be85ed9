#include "gtlabel/jobs/labeling_job.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <functional>
#include <iterator>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>

#include "gtlabel/core/error.hpp"
#include "gtlabel/core/random.hpp"
#include "gtlabel/models/committee.hpp"
#include "gtlabel/storage/snapshot.hpp"
#include "jobs/class_records.hpp"
#include "jobs/job_snapshot.hpp"
#include "jobs/labeling_loop.hpp"
#include "jobs/report_text.hpp"
#include "jobs/worker_records.hpp"
#include "workforce/lease_book.hpp"

namespace gtlabel {
namespace {

constexpr std::string_view kSnapshotKind = "labeling_job";

/// The audit's coins depend on the pool too: jobs of one seed on different pools must not fail together.
std::uint64_t coin_seed(std::uint64_t seed, std::uint64_t fingerprint) {
  const auto words =
      philox4x32({static_cast<std::uint32_t>(fingerprint), static_cast<std::uint32_t>(fingerprint >> 32), 0, 0},
                 {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)});
  return (std::uint64_t{words[1]} << 32) | words[0];
}

std::unordered_map<std::string, ClassIndex> index_classes(const std::vector<std::string>& classes) {
  if (classes.size() < 2) {
    throw InvalidArgument("classes: " + std::to_string(classes.size()) + " given, expected at least 2");
  }
  std::unordered_map<std::string, ClassIndex> index;
  for (const std::string& name : classes) {
    if (!index.emplace(name, static_cast<ClassIndex>(index.size())).second) {
      throw InvalidArgument("classes: '" + name + "' is given twice, expected distinct names");
    }
  }
  return index;
}

void require_ids(std::size_t n_ids, std::ptrdiff_t n_items) {
  if (n_ids == 0 || n_ids == static_cast<std::size_t>(n_items)) return;
  throw InvalidArgument(
      "ids: " + std::to_string(n_ids) + " given, expected " + std::to_string(n_items) + ", one an item",
      ErrorCode::shape_mismatch);
}

/// Of the items that join a job.
void require_joining_ids(std::size_t n_ids, std::ptrdiff_t n_joining, bool has_ids) {
  if (has_ids != (n_ids > 0)) {
    throw InvalidArgument(has_ids ? "ids: none given, but the job has ids, expected one per item that joins"
                                  : "ids: some given, but the job has none, expected none");
  }
  require_ids(n_ids, n_joining);
}

void require_seconds(float seconds, std::size_t row) {
  if (seconds >= 0.0F && std::isfinite(seconds)) return;
  throw InvalidArgument("seconds: row " + std::to_string(row) + " is " + std::to_string(seconds) +
                        ", expected 0 or more");
}

void require_certainty(float certainty, std::size_t row) {
  if (certainty > 0.0F && certainty <= 1.0F) return;
  throw InvalidArgument("certainties: row " + std::to_string(row) + " is " + std::to_string(certainty) +
                        ", expected above 0 and at most 1");
}

double system_seconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// Lets calls take turns; a call from inside another of the same thread is refused instead of waiting for itself.
class Turn {
 public:
  Turn(std::mutex& mutex, std::atomic<std::thread::id>& holder) : holder_(holder) {
    if (holder.load() == std::this_thread::get_id()) {
      throw InvalidState("labeling job: called from inside one of its own calls (by its model or its poll function)");
    }
    lock_ = std::unique_lock(mutex);
    holder_.store(std::this_thread::get_id());
  }
  ~Turn() { holder_.store(std::thread::id{}); }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  std::atomic<std::thread::id>& holder_;
  std::unique_lock<std::mutex> lock_;
};

std::shared_ptr<IncrementalModel> attach_model(const Features& features, std::size_t n_classes,
                                               LabelingJobOptions& options) {
  auto model = options.model ? std::move(options.model) : std::make_shared<Committee>();
  model->attach(features, static_cast<int>(n_classes),
                std::make_shared<ThreadPool>(options.n_threads, std::move(options.poll)));
  return model;
}

}  // namespace

struct LabelingJob::State {
  State(const Features& pool, std::uint64_t pool_fingerprint, std::vector<std::string> class_names,
        const detail::LabelingLoop::Setup& setup, LabelingJobOptions& options)
      : features(pool),
        fingerprint(pool_fingerprint),
        classes(std::move(class_names)),
        ids(std::move(options.ids)),
        class_index(index_classes(classes)),
        n_items(pool.n_items()),
        loop(pool.n_items(), setup, coin_seed(setup.seed, fingerprint), attach_model(pool, classes.size(), options)),
        attachment(loop.model().attachment()),
        lease_seconds(options.lease_seconds),
        now(options.now ? std::move(options.now) : system_seconds) {}

  [[nodiscard]] Turn turn() const { return Turn(mutex, holder); }

  void require_own_model() const {
    if (loop.model().attachment() == attachment) return;
    throw InvalidState("labeling job: its model '" + loop.model().kind() +
                       "' was attached again since, perhaps by another job, expected a model of its own: pass clone()");
  }

  void require_item(ItemIndex item, std::size_t row) const {
    if (item >= 0 && item < n_items) return;
    throw InvalidArgument("items: row " + std::to_string(row) + " is " + std::to_string(item) + ", expected 0 to " +
                              std::to_string(n_items - 1),
                          ErrorCode::item_out_of_range);
  }

  void require_class(ClassIndex answer, std::size_t row) const {
    if (answer >= 0 && static_cast<std::size_t>(answer) < classes.size()) return;
    if (answer == kSkip || answer == kUnsure || answer == kNoneOfThese) return;
    throw UnknownClass("answers: row " + std::to_string(row) + " is class " + std::to_string(answer) +
                       ", expected 0 to " + std::to_string(classes.size() - 1));
  }

  /// Of a batch what this worker should do next, from now on in his hands.
  Batch lease(const Batch& whole, const std::string& worker, std::int64_t size, double time) {
    std::vector<ItemIndex> his, open;
    for (const ItemIndex item : whole.items) {
      const auto having = leases.holder(item);
      if (loop.answers().has_seen(item, worker)) continue;
      if (having == worker) his.push_back(item);
      if (having.empty()) open.push_back(item);
    }
    if (his.empty()) {
      his = detail::most_helped(loop.answers(), std::move(open), index_of_worker(worker), size, classes.size());
    }
    Batch batch{.items = {}, .purposes = {}, .round = whole.round};
    for (std::size_t i = 0; i < whole.items.size(); ++i) {
      if (std::find(his.begin(), his.end(), whole.items[i]) == his.end()) continue;
      batch.items.push_back(whole.items[i]);
      batch.purposes.push_back(whole.purposes[i]);
      leases.lease(whole.items[i], worker, time + lease_seconds);
    }
    return batch;
  }

  /// In the answer table; behind all for one who has not answered yet.
  [[nodiscard]] std::int32_t index_of_worker(const std::string& worker) const {
    const auto& names = loop.answers().table().workers();
    return static_cast<std::int32_t>(std::find(names.begin(), names.end(), worker) - names.begin());
  }

  Features features;
  std::uint64_t fingerprint;
  std::vector<std::string> classes;
  std::vector<std::string> ids;
  std::unordered_map<std::string, ClassIndex> class_index;
  std::atomic<std::int64_t> n_items;  // read without waiting for a turn
  detail::LabelingLoop loop;
  std::uint64_t attachment;  // of the model, to this job
  double lease_seconds;
  std::function<double()> now;
  detail::LeaseBook leases;
  mutable std::mutex mutex;
  mutable std::atomic<std::thread::id> holder{};
};

LabelingJob::LabelingJob(const Features& features, std::vector<std::string> classes, LabelingJobOptions options) {
  validate(options.target);
  validate(options.overlap);
  validate(options.budget, options.price);
  if (!(options.lease_seconds > 0.0) || !std::isfinite(options.lease_seconds)) {
    throw InvalidArgument("lease_seconds: " + std::to_string(options.lease_seconds) + " given, expected above 0");
  }
  require_ids(options.ids.size(), features.n_items());
  if (options.batch_size < 0) {
    throw InvalidArgument("batch_size: " + std::to_string(options.batch_size) +
                          " given, expected a positive number, or 0 for automatic");
  }
  const detail::LabelingLoop::Setup setup{
      options.target, options.batch_size, options.seed ? *options.seed : random_seed(), options.overlap, options.budget,
      options.price,  options.commit};
  state_ = std::make_unique<State>(features, features.fingerprint(), std::move(classes), setup, options);
}

LabelingJob::LabelingJob(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
LabelingJob::~LabelingJob() = default;
LabelingJob::LabelingJob(LabelingJob&&) noexcept = default;
LabelingJob& LabelingJob::operator=(LabelingJob&&) noexcept = default;

std::optional<Batch> LabelingJob::next_batch() {
  const auto turn = state_->turn();
  state_->require_own_model();
  return state_->loop.next_batch();
}

std::optional<Batch> LabelingJob::next_batch(const std::string& worker, std::int64_t size) {
  if (worker.empty()) throw InvalidArgument("worker: no name given, expected one that is not empty");
  if (size < 0) {
    throw InvalidArgument("size: " + std::to_string(size) + " given, expected a positive number, or 0 for automatic");
  }
  const auto turn = state_->turn();
  state_->require_own_model();
  const auto whole = state_->loop.next_batch();
  if (!whole) return std::nullopt;
  const double now = state_->now();
  state_->leases.expire(now);
  return state_->lease(*whole, worker, size == 0 ? kLeaseSize : size, now);
}

Submission LabelingJob::submit(std::span<const ItemIndex> items, std::span<const ClassIndex> answers,
                               std::span<const std::string> workers, std::span<const float> seconds,
                               std::span<const float> certainties) {
  const auto is_one_each = [&](std::size_t n) { return n == 0 || n == items.size(); };
  if (answers.size() != items.size() || !is_one_each(workers.size()) || !is_one_each(seconds.size()) ||
      !is_one_each(certainties.size())) {
    throw InvalidArgument("submit: " + std::to_string(items.size()) + " items, " + std::to_string(answers.size()) +
                              " answers, " + std::to_string(workers.size()) + " workers, " +
                              std::to_string(seconds.size()) + " seconds and " + std::to_string(certainties.size()) +
                              " certainties given, expected equally many (or none of the last three)",
                          ErrorCode::shape_mismatch);
  }
  const auto turn = state_->turn();
  for (std::size_t row = 0; row < items.size(); ++row) {
    state_->require_item(items[row], row);
    state_->require_class(answers[row], row);
    if (!seconds.empty()) require_seconds(seconds[row], row);
    if (!certainties.empty()) require_certainty(certainties[row], row);
  }
  Submission submission;
  detail::LabelingLoop& loop = state_->loop;
  for (std::size_t row = 0; row < items.size(); ++row) {
    const ItemIndex item = items[row];
    const std::string_view worker = workers.empty() ? std::string_view{} : workers[row];
    if (answers[row] == kSkip) {
      ++submission.n_skipped;
    } else {
      ++submission.n_answers;
      const bool is_replaced =
          loop.answers().is_plain() ? loop.items().human[item] != kNoClass : loop.answers().has_answered(item, worker);
      if (is_replaced) {
        ++submission.n_replaced;
      } else if (!loop.is_outstanding(item) && !loop.answers().is_answered(item)) {
        ++submission.n_free;
      }
    }
    if (answers[row] == kSkip) {
      state_->leases.release(item, worker);
    } else {
      state_->leases.release(item);  // also if somebody else has it: whether one more is asked is decided anew
    }
    loop.take(item, worker,
              {.class_index = answers[row],
               .round = loop.round(),
               .certainty = certainties.empty() ? 1.0F : certainties[row],
               .seconds = seconds.empty() ? 0.0F : seconds[row]});
  }
  return submission;
}

Submission LabelingJob::submit(std::span<const ItemIndex> items, std::span<const std::string> answers,
                               std::span<const std::string> workers, std::span<const float> seconds,
                               std::span<const float> certainties) {
  std::vector<ClassIndex> indices;
  indices.reserve(answers.size());
  for (std::size_t row = 0; row < answers.size(); ++row) {
    const auto place = state_->class_index.find(answers[row]);
    if (place == state_->class_index.end()) {
      throw UnknownClass("answers: row " + std::to_string(row) + " is '" + answers[row] +
                         "', which is none of the job's " + std::to_string(state_->classes.size()) + " classes");
    }
    indices.push_back(place->second);
  }
  return submit(items, indices, workers, seconds, certainties);
}

void LabelingJob::extend(const Features& more, std::vector<std::string> ids) {
  const auto turn = state_->turn();
  state_->require_own_model();
  require_joining_ids(ids.size(), more.n_items(), !state_->ids.empty());
  auto all_ids = state_->ids;
  all_ids.insert(all_ids.end(), std::make_move_iterator(ids.begin()), std::make_move_iterator(ids.end()));
  const Features longer = state_->features.followed_by(more);
  const std::uint64_t fingerprint = longer.fingerprint();
  state_->loop.extend(longer);
  state_->attachment = state_->loop.model().attachment();
  state_->features = longer;
  state_->ids = std::move(all_ids);
  state_->fingerprint = fingerprint;
  state_->n_items = longer.n_items();
}

LabelSet LabelingJob::labels() const {
  const auto turn = state_->turn();
  const detail::ItemColumns& items = state_->loop.items();
  LabelSet labels;
  for (ItemIndex item = 0; item < state_->features.n_items(); ++item) {
    const bool is_human = items.human[item] != kNoClass;
    // A committed label that is due for audit is not decided until its audit is answered.
    if (!is_human && !state_->loop.is_delivered(item)) continue;
    labels.item.push_back(item);
    labels.class_index.push_back(is_human ? items.human[item] : items.automatic[item]);
    labels.source.push_back(is_human ? LabelSource::human : LabelSource::automatic);
    labels.confidence.push_back(is_human ? items.human_confidence[item] : items.confidence[item]);
    labels.round.push_back(is_human ? items.human_round[item] : items.automatic_round[item]);
  }
  return labels;
}

Predictions LabelingJob::predictions() const {
  const auto turn = state_->turn();
  state_->require_own_model();
  if (!state_->loop.model().is_fitted()) throw NotFitted("predictions: asked for before the first training");
  return state_->loop.predictions();
}

std::optional<Certificate> LabelingJob::certificate() const {
  const auto turn = state_->turn();
  return state_->loop.certificate();
}

JobReport LabelingJob::report() const {
  const auto turn = state_->turn();
  const detail::LabelingLoop& loop = state_->loop;
  JobReport report;
  report.n_items = loop.n_items();
  report.n_human = loop.n_human();
  report.n_auto = loop.ledgers().n_delivered();
  report.n_audited = loop.ledgers().n_audited();
  report.n_answers = static_cast<std::int64_t>(loop.answers().table().answers().size());
  report.n_paid = loop.answers().n_paid();
  report.cost = static_cast<double>(report.n_paid) * loop.setup().price.per_answer;
  report.currency = loop.setup().price.currency;
  report.savings = 1.0 - static_cast<double>(report.n_human) / static_cast<double>(report.n_items);
  report.rounds = loop.round();
  report.is_finished = loop.is_finished();
  report.model = loop.model().kind();
  report.target = detail::describe(loop.setup().target);
  // A part given up says nothing of the rest while that goes on.
  if (report.is_finished || report.n_auto == 0) report.outcome = loop.outcome();
  report.by_class = detail::class_records(loop.items(), loop.ledgers(), state_->classes.size());
  if (report.is_finished && report.n_auto > 0) {
    const auto* target = std::get_if<ErrorTarget>(&loop.setup().target);
    report.outcome += detail::class_notes(report.by_class, state_->classes, target != nullptr && target->per_class);
  }
  report.seconds = loop.seconds();
  report.certificate = loop.certificate();
  report.plan = loop.expectation();
  report.history = loop.history();
  return report;
}

LabelingPlan LabelingJob::plan() const {
  const auto turn = state_->turn();
  return state_->loop.expectation();
}

bool LabelingJob::is_finished() const {
  const auto turn = state_->turn();
  return state_->loop.is_finished();
}

std::vector<WorkerRecord> LabelingJob::workers() const {
  const auto turn = state_->turn();
  return detail::worker_records(state_->loop.answers(), state_->loop.items(), state_->loop.setup().price);
}

AnswerTable LabelingJob::answers() const {
  const auto turn = state_->turn();
  return state_->loop.answers().table();
}

const std::vector<std::string>& LabelingJob::classes() const noexcept { return state_->classes; }
std::vector<std::string> LabelingJob::ids() const {
  const auto turn = state_->turn();
  return state_->ids;
}
std::int64_t LabelingJob::n_items() const noexcept { return state_->n_items; }
Features LabelingJob::pool() const {
  const auto turn = state_->turn();
  return state_->features;
}
const Target& LabelingJob::target() const noexcept { return state_->loop.setup().target; }
const Price& LabelingJob::price() const noexcept { return state_->loop.setup().price; }

std::string LabelingJob::snapshot() const {
  const auto turn = state_->turn();
  state_->require_own_model();
  SnapshotWriter writer;
  writer.section("labeling_job", 3);
  writer.write(state_->features.n_items());
  writer.write(state_->fingerprint);
  writer.write(state_->classes);
  writer.write(state_->ids);
  detail::save_setup(writer, state_->loop.setup());
  detail::save_answers(writer, state_->loop.answers().table());
  state_->loop.save(writer);
  writer.write(state_->lease_seconds);  // since version 3
  state_->leases.save(writer);
  return writer.finish(kSnapshotKind);
}

void LabelingJob::save(const std::string& path) const { write_file_atomically(path, snapshot()); }

LabelingJob LabelingJob::restore(std::string_view snapshot, const Features& features, LabelingJobOptions options) {
  SnapshotReader reader(snapshot, kSnapshotKind);
  const auto version = reader.section("labeling_job", 3);
  const auto n_items = reader.get<std::int64_t>();
  const auto fingerprint = reader.get<std::uint64_t>();
  if (n_items != features.n_items() || fingerprint != features.fingerprint()) {
    throw ArchiveError(ErrorCode::archive_mismatch,
                       "snapshot: made for another pool (" + std::to_string(n_items) + " items; " +
                           std::to_string(features.n_items()) +
                           " given), or for the same items in another order or with other features");
  }
  auto classes = reader.get<std::vector<std::string>>();
  require_sound(classes.size() >= 2, "classes: fewer than 2");
  auto ids = version >= 2 ? reader.get<std::vector<std::string>>() : std::vector<std::string>{};
  require_sound(ids.empty() || std::ssize(ids) == n_items, "ids: not one per item");
  require_ids(options.ids.size(), n_items);
  if (options.ids.empty()) options.ids = std::move(ids);
  const auto setup = detail::load_setup(reader);
  const auto answers = detail::load_answers(reader, n_items, classes.size());
  auto state = std::make_unique<State>(features, fingerprint, std::move(classes), setup, options);
  state->loop.restore(answers);
  state->loop.load(reader);
  if (version >= 3) {
    reader.read(state->lease_seconds);
    require_sound(state->lease_seconds > 0.0 && std::isfinite(state->lease_seconds), "lease: no time");
    state->leases.load(reader, n_items);
  }
  return LabelingJob(std::move(state));
}

LabelingJob LabelingJob::load(const std::string& path, const Features& features, LabelingJobOptions options) {
  return restore(read_file(path), features, std::move(options));
}

}  // namespace gtlabel
