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
#include "jobs/answer_check.hpp"
#include "jobs/answer_ids.hpp"
#include "jobs/class_list.hpp"
#include "jobs/class_records.hpp"
#include "jobs/final_commit.hpp"
#include "jobs/job_recorder.hpp"
#include "jobs/job_snapshot.hpp"
#include "jobs/labeling_loop.hpp"
#include "jobs/query_record.hpp"
#include "jobs/report_text.hpp"
#include "jobs/spending.hpp"
#include "jobs/worker_records.hpp"
#include "workforce/lease_book.hpp"

namespace gtlabel {
namespace {

constexpr std::string_view kSnapshotKind = "labeling_job";
constexpr std::string_view kModelKind = "model";  // of bytes that never leave the job

/// The audit's coins depend on the pool too: jobs of one seed on different pools must not fail together.
std::uint64_t coin_seed(std::uint64_t seed, std::uint64_t fingerprint) {
  const auto words =
      philox4x32({static_cast<std::uint32_t>(fingerprint), static_cast<std::uint32_t>(fingerprint >> 32), 0, 0},
                 {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)});
  return (std::uint64_t{words[1]} << 32) | words[0];
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

void require_id(const std::string& id, std::size_t row) {
  if (!id.empty()) return;
  throw InvalidArgument("answer_ids: row " + std::to_string(row) + " is empty, expected an id of its own");
}

/// The arguments of a submission.
struct Rows {
  struct Row {
    ItemIndex item;
    ClassIndex answer;
    std::string_view worker;
    float seconds, certainty;
    std::string_view id;
  };

  std::span<const ItemIndex> items;
  std::span<const ClassIndex> answers;
  std::span<const std::string> workers;  // this and what follows: one each, or none
  std::span<const float> seconds, certainties;
  std::span<const std::string> ids;

  [[nodiscard]] Row operator[](std::size_t row) const {
    const auto name = [&](std::span<const std::string> names) {
      return names.empty() ? std::string_view{} : std::string_view(names[row]);
    };
    return {items[row],
            answers[row],
            name(workers),
            seconds.empty() ? 0.0F : seconds[row],
            certainties.empty() ? 1.0F : certainties[row],
            name(ids)};
  }

  void require_one_each() const {
    const auto is_one_each = [&](std::size_t n) { return n == 0 || n == items.size(); };
    if (answers.size() == items.size() && is_one_each(workers.size()) && is_one_each(seconds.size()) &&
        is_one_each(certainties.size()) && is_one_each(ids.size())) {
      return;
    }
    throw InvalidArgument("submit: " + std::to_string(items.size()) + " items, " + std::to_string(answers.size()) +
                              " answers, " + std::to_string(workers.size()) + " workers, " +
                              std::to_string(seconds.size()) + " seconds, " + std::to_string(certainties.size()) +
                              " certainties and " + std::to_string(ids.size()) +
                              " ids given, expected equally many (or none of the last four)",
                          ErrorCode::shape_mismatch);
  }
};

}  // namespace

struct LabelingJob::State {
  State(const Features& pool, std::uint64_t pool_fingerprint, std::vector<std::string> class_names,
        const detail::LabelingLoop::Setup& setup, LabelingJobOptions& options)
      : features(pool),
        fingerprint(pool_fingerprint),
        classes(std::move(class_names)),
        ids(std::move(options.ids)),
        executor(std::make_shared<ThreadPool>(options.n_threads, std::move(options.poll))),
        n_items(pool.n_items()),
        coins(coin_seed(setup.seed, fingerprint)),
        loop(pool.n_items(), setup, coins,
             attached(options.model ? std::move(options.model) : std::make_shared<Committee>())),
        attachment(loop.model().attachment()),
        lease_seconds(options.lease_seconds),
        now(options.now ? std::move(options.now) : detail::system_seconds),
        target(setup.target),
        price(setup.price) {}

  [[nodiscard]] std::shared_ptr<IncrementalModel> attached(std::shared_ptr<IncrementalModel> model) const {
    model->attach(features, static_cast<int>(classes.size()), executor);
    return model;
  }

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

  /// What an answer counts as.
  [[nodiscard]] ClassIndex require_class(ClassIndex answer, std::size_t row) const {
    if (detail::is_special(answer)) return answer;
    if (answer < 0 || static_cast<std::size_t>(answer) >= classes.size()) {
      throw UnknownClass("answers: row " + std::to_string(row) + " is class " + std::to_string(answer) +
                         ", expected 0 to " + std::to_string(classes.size() - 1));
    }
    const ClassIndex meant = classes.meanings()[static_cast<std::size_t>(answer)];
    if (meant >= 0) return meant;
    throw UnknownClass("answers: row " + std::to_string(row) + " is '" +
                       classes.names()[static_cast<std::size_t>(answer)] + "', which was retired");
  }

  /// Never goes back, whatever the clock does.
  double time() {
    last_time = std::max(last_time, now());
    return last_time;
  }

  [[nodiscard]] std::string snapshot() const;
  static std::unique_ptr<State> restored(std::string_view snapshot, const Features& features,
                                         LabelingJobOptions& options);

  [[nodiscard]] detail::JobDescription description() const { return {features, fingerprint, ids, classes, coins}; }

  /// Tells the store, if there is one, all that it does not know yet but for answers and leases.
  void record() {
    if (!recorder || recorder->is_current(loop)) return;
    require_own_model();  // a snapshot of another job's model could not be read again
    recorder->record(description(), loop, [&] { return snapshot(); });
  }

  void require_open() const {
    if (is_closed) throw InvalidState("labeling job: closed, expected one that is open: LabelingJob::open goes on");
  }

  /// Of checked rows those that are not known already, all of one moment.
  [[nodiscard]] std::vector<std::size_t> new_rows(const Rows& rows) const;
  void store(const Rows& rows, const std::vector<std::size_t>& which);
  void take(const Rows& rows, std::size_t row, Submission& submission);
  void replay();
  /// The same as record; what cannot be written now is by the next call.
  void record_if_possible() {
    try {
      record();
    } catch (const Error&) {  // NOLINT(bugprone-empty-catch): told above
    }
  }
  void change_classes(detail::ClassList next, detail::StoreChange::ClassChange change, bool is_wider);

  /// The pool is a longer one. @param its_ids  exchanged for those before.
  void extend(const Features& longer, std::uint64_t its_fingerprint, std::vector<std::string>& its_ids);
  /// Undoes it. @param model_before  the model's snapshot.
  void extend_back(const detail::LabelingLoop& before, const Features& shorter, std::uint64_t its_fingerprint,
                   std::vector<std::string>& its_ids, std::string_view model_before);

  /// Of a batch what this worker should do next, from now on in his hands.
  Batch lease(const Batch& whole, const std::string& worker, std::int64_t size, double time) {
    std::vector<ItemIndex> his, open;
    for (const ItemIndex item : whole.items) {
      const auto having = leases.holder(item);
      if (loop.answers().has_seen(item, worker)) continue;
      if (having == worker) his.push_back(item);
      if (having.empty()) open.push_back(item);
    }
    if (his.empty() && !has_to_wait(worker)) {
      his = detail::most_helped(loop.answers(), std::move(open), index_of_worker(worker), size, classes.size());
    }
    Batch batch{.items = {}, .purposes = {}, .round = whole.round};
    std::vector<detail::StoredLease> given;
    for (std::size_t i = 0; i < whole.items.size(); ++i) {
      if (std::find(his.begin(), his.end(), whole.items[i]) == his.end()) continue;
      batch.items.push_back(whole.items[i]);
      batch.purposes.push_back(whole.purposes[i]);
      given.push_back({whole.items[i], worker, time + lease_seconds});
    }
    if (recorder && !given.empty()) recorder->store().write_leases(given, detail::system_seconds());
    for (const detail::StoredLease& lease : given) leases.lease(lease.item, lease.worker, lease.until);
    return batch;
  }

  /// Who seems to guess gets nothing while anybody who does not has work in hand: if all others have left, or guess
  /// too, the job goes on with him.
  [[nodiscard]] bool has_to_wait(const std::string& worker) const {
    if (!loop.answers().seems_to_guess(worker)) return false;
    const auto batch = loop.outstanding_batch();
    return batch && std::any_of(batch->items.begin(), batch->items.end(), [&](ItemIndex item) {
             const std::string_view other = leases.holder(item);
             return !other.empty() && !loop.answers().seems_to_guess(other);
           });
  }

  /// In the answer table; behind all for one who has not answered yet.
  [[nodiscard]] std::int32_t index_of_worker(const std::string& worker) const {
    const auto& names = loop.answers().table().workers();
    return static_cast<std::int32_t>(std::find(names.begin(), names.end(), worker) - names.begin());
  }

  Features features;
  std::uint64_t fingerprint;
  detail::ClassList classes;
  std::vector<std::string> ids;
  std::shared_ptr<Executor> executor;
  std::atomic<std::int64_t> n_items;  // read without waiting for a turn
  std::uint64_t coins;                // seed of the audits' coins
  detail::LabelingLoop loop;
  std::uint64_t attachment;  // of the model, to this job
  double lease_seconds;
  std::function<double()> now;
  double last_time = 0.0;
  detail::LeaseBook leases;
  detail::AnswerIds answer_ids;
  std::optional<detail::JobRecorder> recorder;
  const Target target;  // these two are read without a turn
  const Price price;
  bool is_closed = false;
  mutable std::mutex class_mutex;  // of `classes`, for who reads them without a turn
  mutable std::mutex mutex;
  mutable std::atomic<std::thread::id> holder{};
};

std::vector<std::size_t> LabelingJob::State::new_rows(const Rows& rows) const {
  std::vector<std::size_t> which;
  std::unordered_map<std::string, std::size_t> ids_here;
  for (std::size_t row = 0; row < rows.items.size(); ++row) {
    const Rows::Row said = rows[row];
    if (rows.ids.empty()) {
      // Who is asked again may well say the same again.
      const bool is_known = !loop.is_outstanding(said.item) &&
                            loop.answers().is_repeated(said.item, said.worker, said.answer, said.certainty);
      if (!is_known) which.push_back(row);
      continue;
    }
    const auto require_same = [&](ItemIndex item, ClassIndex answer) {
      if (item == said.item && (answer == said.answer || loop.answers().meaning(answer) == said.answer)) return;
      throw InvalidArgument("answer_ids: row " + std::to_string(row) + ", '" + rows.ids[row] + "', came before with " +
                            (item == said.item ? "another answer" : "item " + std::to_string(item)) +
                            ", expected an id of its own for every answer");
    };
    if (const auto known = answer_ids.find(rows.ids[row]); known >= 0) {
      const Answer& answer = loop.answers().table().answers()[static_cast<std::size_t>(known)];
      require_same(answer.item, answer.class_index);
    } else if (const auto [place, is_new] = ids_here.emplace(rows.ids[row], row); is_new) {
      which.push_back(row);
    } else {
      require_same(rows.items[place->second], rows.answers[place->second]);
    }
  }
  return which;
}

void LabelingJob::State::store(const Rows& rows, const std::vector<std::size_t>& which) {
  if (!recorder || which.empty()) return;
  record();  // what an earlier call could not write comes first
  std::vector<detail::StoredAnswer> answers;
  answers.reserve(which.size());
  for (const std::size_t row : which) {
    const Rows::Row said = rows[row];
    answers.push_back({said.item, said.answer, said.worker, said.certainty, said.seconds, said.id});
  }
  recorder->store().write_answers(answers, detail::system_seconds());
}

void LabelingJob::State::take(const Rows& rows, std::size_t row, Submission& submission) {
  const Rows::Row said = rows[row];
  if (said.answer == kSkip) {
    ++submission.n_skipped;
  } else {
    ++submission.n_answers;
    const bool has_label = loop.gold().contains(said.item) ? loop.answers().is_answered(said.item)
                                                           : loop.items().human[said.item] != kNoClass;
    const bool is_replaced =
        loop.answers().is_plain() ? has_label : loop.answers().has_answered(said.item, said.worker);
    if (is_replaced) {
      ++submission.n_replaced;
    } else if (!loop.is_outstanding(said.item) && !loop.answers().is_answered(said.item)) {
      ++submission.n_free;
    }
  }
  if (said.answer == kSkip) {
    leases.release(said.item, said.worker);
  } else {
    leases.release(said.item);  // also if somebody else has it: whether one more is asked is decided anew
  }
  if (!said.id.empty()) answer_ids.add(std::string(said.id), std::ssize(loop.answers().table().answers()));
  loop.take(said.item, said.worker,
            {.class_index = said.answer, .round = loop.round(), .certainty = said.certainty, .seconds = said.seconds});
}

void LabelingJob::State::replay() {
  const auto take_again = [&](std::span<const detail::StoredAnswer> answers) {
    Submission ignored;
    for (const detail::StoredAnswer& answer : answers) {
      const Answer said{.item = answer.item,
                        .class_index = answer.class_index,
                        .certainty = answer.certainty,
                        .seconds = answer.seconds};
      detail::require_sound_answer(said, n_items, classes.size(), "store");
      const std::string worker(answer.worker), id(answer.id);
      Rows row{{&answer.item, 1},    {&answer.class_index, 1}, {&worker, 1},
               {&answer.seconds, 1}, {&answer.certainty, 1},   {&id, id.empty() ? std::size_t{0} : std::size_t{1}}};
      take(row, 0, ignored);
    }
  };
  const auto lease_again = [&](std::span<const detail::StoredLease> given) {
    for (const detail::StoredLease& lease : given) {
      require_sound(lease.item >= 0 && lease.item < n_items, "store: an item outside the pool");
      require_sound(std::isfinite(lease.until) && !lease.worker.empty(), "store: a lease without an end or a worker");
      leases.lease(lease.item, lease.worker, lease.until);
      last_time = std::max(last_time, lease.until - lease_seconds);
    }
  };
  recorder->store().replay(take_again, lease_again);
}

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
  detail::require_gold(options.gold, options.gold_rate, features.n_items(), classes.size());
  const detail::LabelingLoop::Setup setup{.target = options.target,
                                          .batch_size = options.batch_size,
                                          .seed = options.seed ? *options.seed : random_seed(),
                                          .overlap = options.overlap,
                                          .budget = options.budget,
                                          .price = options.price,
                                          .commit = options.commit.value_or(detail::usual_commit_mode(
                                              options.target, options.model.get(), features.n_items())),
                                          .gold = options.gold,
                                          .gold_rate = options.gold_rate};
  state_ = std::make_unique<State>(features, features.fingerprint(), std::move(classes), setup, options);
  if (options.store.empty()) return;
  const State& state = *state_;
  state_->recorder.emplace(
      detail::JobRecorder::create(options.store, state.description(), state.loop, state.snapshot()));
}

LabelingJob::LabelingJob(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
LabelingJob::~LabelingJob() = default;
LabelingJob::LabelingJob(LabelingJob&&) noexcept = default;
LabelingJob& LabelingJob::operator=(LabelingJob&&) noexcept = default;

std::optional<Batch> LabelingJob::next_batch() {
  const auto turn = state_->turn();
  state_->require_open();
  state_->require_own_model();
  auto batch = state_->loop.next_batch();
  state_->record();
  return batch;
}

std::optional<Batch> LabelingJob::next_batch(const std::string& worker, std::int64_t size) {
  if (worker.empty()) throw InvalidArgument("worker: no name given, expected one that is not empty");
  if (size < 0) {
    throw InvalidArgument("size: " + std::to_string(size) + " given, expected a positive number, or 0 for automatic");
  }
  const auto turn = state_->turn();
  state_->require_open();
  state_->require_own_model();
  const auto whole = state_->loop.next_batch();
  state_->record();
  if (!whole) return std::nullopt;
  const double now = state_->time();
  state_->leases.expire(now);
  return state_->lease(*whole, worker, size == 0 ? kLeaseSize : size, now);
}

Submission LabelingJob::submit(std::span<const ItemIndex> items, std::span<const ClassIndex> answers,
                               std::span<const std::string> workers, std::span<const float> seconds,
                               std::span<const float> certainties, std::span<const std::string> answer_ids) {
  Rows rows{items, answers, workers, seconds, certainties, answer_ids};
  rows.require_one_each();
  const auto turn = state_->turn();
  state_->require_open();
  std::vector<ClassIndex> meant;
  meant.reserve(items.size());
  for (std::size_t row = 0; row < items.size(); ++row) {
    state_->require_item(items[row], row);
    // What is known already may be of a class that is not in use any more.
    const bool is_known = !answer_ids.empty() && state_->answer_ids.find(answer_ids[row]) >= 0;
    meant.push_back(is_known ? answers[row] : state_->require_class(answers[row], row));
    if (!seconds.empty()) require_seconds(seconds[row], row);
    if (!certainties.empty()) require_certainty(certainties[row], row);
    if (!answer_ids.empty()) require_id(answer_ids[row], row);
  }
  rows.answers = meant;
  const auto news = state_->new_rows(rows);
  state_->store(rows, news);
  Submission submission;
  submission.n_repeated = std::ssize(items) - std::ssize(news);
  const bool was_finished = state_->loop.is_finished();
  for (const std::size_t row : news) state_->take(rows, row, submission);
  if (was_finished && !news.empty()) state_->record_if_possible();
  return submission;
}

Submission LabelingJob::submit(std::span<const ItemIndex> items, std::span<const std::string> answers,
                               std::span<const std::string> workers, std::span<const float> seconds,
                               std::span<const float> certainties, std::span<const std::string> answer_ids) {
  std::vector<ClassIndex> indices;
  indices.reserve(answers.size());
  {
    const auto turn = state_->turn();
    for (std::size_t row = 0; row < answers.size(); ++row) {
      const ClassIndex index = state_->classes.find(answers[row]);
      if (index == kNoClass) {
        throw UnknownClass("answers: row " + std::to_string(row) + " is '" + answers[row] +
                           "', which is none of the job's " + std::to_string(state_->classes.size()) + " classes");
      }
      indices.push_back(index);
    }
  }
  return submit(items, indices, workers, seconds, certainties, answer_ids);
}

void LabelingJob::extend(const Features& more, std::vector<std::string> ids) {
  const auto turn = state_->turn();
  state_->require_open();
  state_->require_own_model();
  require_joining_ids(ids.size(), more.n_items(), !state_->ids.empty());
  auto all_ids = state_->ids;
  all_ids.insert(all_ids.end(), std::make_move_iterator(ids.begin()), std::make_move_iterator(ids.end()));
  const Features longer = state_->features.followed_by(more);
  const std::uint64_t fingerprint = longer.fingerprint();
  if (!state_->recorder) {
    state_->extend(longer, fingerprint, all_ids);
    return;
  }
  // What the store cannot be told has not happened.
  const detail::LabelingLoop before = state_->loop;
  const Features shorter = state_->features;
  const auto shorter_fingerprint = state_->fingerprint;
  SnapshotWriter model;
  before.model().save(model);
  const std::string model_before = model.finish(kModelKind);
  state_->extend(longer, fingerprint, all_ids);
  try {
    state_->record();
  } catch (...) {
    state_->extend_back(before, shorter, shorter_fingerprint, all_ids, model_before);
    throw;
  }
}

void LabelingJob::State::extend(const Features& longer, std::uint64_t its_fingerprint,
                                std::vector<std::string>& its_ids) {
  loop.extend(longer);
  attachment = loop.model().attachment();
  features = longer;
  ids.swap(its_ids);
  fingerprint = its_fingerprint;
  n_items = longer.n_items();
}

void LabelingJob::State::extend_back(const detail::LabelingLoop& before, const Features& shorter,
                                     std::uint64_t its_fingerprint, std::vector<std::string>& its_ids,
                                     std::string_view model_before) {
  const auto model = loop.shared_model();
  loop = before;
  features = shorter;
  ids.swap(its_ids);
  fingerprint = its_fingerprint;
  n_items = shorter.n_items();
  try {
    model->attach(shorter, static_cast<int>(classes.size()), executor);
    SnapshotReader reader(model_before, kModelKind);
    model->load(reader);
  } catch (...) {  // NOLINT(bugprone-empty-catch): it has the labels; its fit is made again by the next update
  }
  attachment = model->attachment();
}

void LabelingJob::State::change_classes(detail::ClassList next, detail::StoreChange::ClassChange change,
                                        bool is_wider) {
  require_open();
  require_own_model();
  auto model = loop.model().clone();
  model->attach(features, static_cast<int>(next.size()), executor);
  // Other coins than those of the audits so far, whose outcome people know.
  std::uint64_t next_coins = coin_seed(coins, fingerprint);
  auto next_loop = loop.with_classes(std::move(model), next_coins, next.meanings(), is_wider);
  auto next_leases = detail::LeaseBook{};
  const auto exchange = [&] {
    std::swap(loop, next_loop);
    attachment = loop.model().attachment();
    {
      const std::scoped_lock lock(class_mutex);
      std::swap(classes, next);
    }
    std::swap(coins, next_coins);
    std::swap(leases, next_leases);
  };
  exchange();
  if (!recorder) return;
  recorder->note(std::move(change));
  try {
    record();
  } catch (...) {
    recorder->forget_note();
    exchange();
    throw;
  }
}

void LabelingJob::add_class(const std::string& name) {
  const auto turn = state_->turn();
  detail::ClassList next = state_->classes;
  const ClassIndex index = next.add(name);
  state_->change_classes(std::move(next), {.class_index = index, .kind = "added", .name = name}, true);
}

void LabelingJob::rename_class(const std::string& name, const std::string& new_name) {
  const auto turn = state_->turn();
  state_->require_open();
  const ClassIndex index = state_->classes.require(name);
  const auto rename = [&](const std::string& to) {
    const std::scoped_lock lock(state_->class_mutex);
    state_->classes.rename(index, to);
  };
  rename(new_name);
  if (!state_->recorder) return;
  state_->recorder->note({.class_index = index, .kind = "renamed", .name = new_name});
  try {
    state_->record();
  } catch (...) {
    state_->recorder->forget_note();
    rename(name);
    throw;
  }
}

void LabelingJob::merge_classes(const std::string& name, const std::string& into) {
  const auto turn = state_->turn();
  detail::ClassList next = state_->classes;
  const ClassIndex from = next.require(name), target = next.require(into);
  next.merge(from, target);
  state_->change_classes(std::move(next), {.class_index = from, .kind = "merged", .name = {}, .into = target}, false);
}

void LabelingJob::retire_class(const std::string& name) {
  const auto turn = state_->turn();
  detail::ClassList next = state_->classes;
  const ClassIndex index = next.require(name);
  next.retire(index);
  state_->change_classes(std::move(next), {.class_index = index, .kind = "retired"}, false);
}

void LabelingJob::close() {
  const auto turn = state_->turn();
  if (!state_->recorder) return;
  state_->record();
  state_->recorder.reset();
  state_->is_closed = true;
}

std::vector<ItemEvent> LabelingJob::explain(ItemIndex item) const {
  const auto turn = state_->turn();
  state_->require_item(item, 0);
  if (!state_->recorder) throw InvalidState("explain: this job has no store, expected one made with a store");
  return state_->recorder->store().history(item);
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
  report.cost = detail::cost_of(loop.answers(), loop.setup().price);
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
    report.outcome +=
        detail::class_notes(report.by_class, state_->classes.names(), target != nullptr && target->per_class);
  }
  report.seconds = loop.seconds();
  report.certificate = loop.certificate();
  report.gold = loop.gold_record();
  report.query = detail::query_record(loop.items());
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

std::vector<Spending> LabelingJob::spending() const {
  const auto turn = state_->turn();
  return detail::spending_of(state_->loop.answers(), state_->loop.setup().price);
}

AnswerTable LabelingJob::answers() const {
  const auto turn = state_->turn();
  return state_->loop.answers().table();
}

std::vector<std::string> LabelingJob::classes() const {
  const std::scoped_lock lock(state_->class_mutex);
  return state_->classes.names();
}
std::vector<ClassIndex> LabelingJob::active_classes() const {
  const auto turn = state_->turn();
  std::vector<ClassIndex> active;
  for (std::size_t c = 0; c < state_->classes.size(); ++c) {
    if (state_->classes.is_active(static_cast<ClassIndex>(c))) active.push_back(static_cast<ClassIndex>(c));
  }
  return active;
}
std::shared_ptr<IncrementalModel> LabelingJob::model() const {
  const auto turn = state_->turn();
  return state_->loop.shared_model();
}
std::string LabelingJob::store() const {
  const auto turn = state_->turn();
  return state_->recorder ? state_->recorder->store().path() : std::string{};
}
std::vector<std::string> LabelingJob::ids() const {
  const auto turn = state_->turn();
  return state_->ids;
}
std::int64_t LabelingJob::n_items() const noexcept { return state_->n_items; }
Features LabelingJob::pool() const {
  const auto turn = state_->turn();
  return state_->features;
}
const Target& LabelingJob::target() const noexcept { return state_->target; }
const Price& LabelingJob::price() const noexcept { return state_->price; }

std::string LabelingJob::State::snapshot() const {
  SnapshotWriter writer;
  writer.section("labeling_job", 6);
  writer.write(features.n_items());
  writer.write(fingerprint);
  writer.write(classes.names());
  writer.write(ids);
  classes.save(writer);  // since version 4
  detail::save_setup(writer, loop.setup());
  detail::save_answers(writer, loop.answers().table());
  loop.save(writer);
  writer.write(lease_seconds);  // since version 3
  leases.save(writer);
  writer.write(coins);  // since version 4
  answer_ids.save(writer);
  writer.write(last_time);  // since version 5
  return writer.finish(kSnapshotKind);
}

std::unique_ptr<LabelingJob::State> LabelingJob::State::restored(std::string_view snapshot, const Features& features,
                                                                 LabelingJobOptions& options) {
  SnapshotReader reader(snapshot, kSnapshotKind);
  const auto version = reader.section("labeling_job", 6);
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
  detail::ClassList list(classes);
  if (version >= 4) list.load(reader);
  const auto setup = detail::load_setup(reader, n_items, classes.size());
  const auto answers = detail::load_answers(reader, n_items, classes.size());
  auto state = std::make_unique<State>(features, fingerprint, std::move(classes), setup, options);
  state->classes = std::move(list);
  state->loop.set_meanings(state->classes.meanings());
  state->loop.restore(answers);
  state->loop.load(reader);
  if (version >= 3) {
    reader.read(state->lease_seconds);
    require_sound(state->lease_seconds > 0.0 && std::isfinite(state->lease_seconds), "lease: no time");
    state->leases.load(reader, n_items);
  }
  if (version >= 4) {
    reader.read(state->coins);
    state->answer_ids.load(reader, std::ssize(answers.answers()));
  }
  if (version >= 5) {
    reader.read(state->last_time);
    require_sound(std::isfinite(state->last_time), "time: not a number");
  }
  return state;
}

std::string LabelingJob::snapshot() const {
  const auto turn = state_->turn();
  state_->require_own_model();
  return state_->snapshot();
}

void LabelingJob::save(const std::string& path) const { write_file_atomically(path, snapshot()); }

LabelingJob LabelingJob::restore(std::string_view snapshot, const Features& features, LabelingJobOptions options) {
  return LabelingJob(State::restored(snapshot, features, options));
}

LabelingJob LabelingJob::load(const std::string& path, const Features& features, LabelingJobOptions options) {
  return restore(read_file(path), features, std::move(options));
}

LabelingJob LabelingJob::open(const std::string& store, const Features& features, LabelingJobOptions options) {
  auto job_store = detail::JobStore::open(store);
  auto state = State::restored(job_store.snapshot(), features, options);
  state->recorder.emplace(std::move(job_store), state->loop);
  state->replay();
  return LabelingJob(std::move(state));
}

}  // namespace gtlabel
