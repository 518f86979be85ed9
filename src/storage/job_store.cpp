#include "storage/job_store.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "gtlabel/core/error.hpp"
#include "storage/directory_sync.hpp"
#include "storage/store_schema.hpp"

namespace gtlabel::detail {
namespace {

constexpr std::string_view kAddEvent = "INSERT INTO events (at, kind, detail) VALUES (?, ?, ?)";
constexpr std::string_view kAddAnswer =
    "INSERT INTO answers (event, item, worker, kind, class, certainty, seconds, id) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
constexpr std::string_view kAddWorker = "INSERT INTO workers (event, name) VALUES (?, ?)";
constexpr std::string_view kAddLease = "INSERT INTO leases (event, item, worker, until) VALUES (?, ?, ?, ?)";
constexpr std::size_t kLargestPart = std::size_t{1} << 28;  // of a snapshot; SQLite copies it once or twice
constexpr std::size_t kRowOverhead = 100;                   // what a part's row has beside its bytes

[[noreturn]] void refuse(ErrorCode code, const std::string& path, const std::string& what) {
  throw ArchiveError(code, path + ": store: " + what);
}

std::string_view answer_kind(ClassIndex answer) {
  switch (answer) {
    case kSkip: return "skip";
    case kUnsure: return "unsure";
    case kNoneOfThese: return "none of these";
    case kNoClass: return "open";  // of a label: taken back
    default: return "class";
  }
}

/// The class index that a row stands for.
ClassIndex answer_of(const Statement& row, int kind, int class_column) {
  const std::string_view name = row.bytes(kind);
  for (const ClassIndex special : {kSkip, kUnsure, kNoneOfThese}) {
    if (name == answer_kind(special)) return special;
  }
  return row.is_null(class_column) ? kNoClass : static_cast<ClassIndex>(row.integer(class_column));
}

void set_durable(Database& database) {
  database.execute(
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA foreign_keys = ON;"
      "PRAGMA cache_size = -8192");
}

bool exists(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0;
}

/// One name for a file, whatever links lead to it and wherever the process goes: the lock goes by the name.
std::string real_path(const std::string& path) {
  std::error_code none;
  const auto real = std::filesystem::weakly_canonical(std::filesystem::absolute(path, none), none);
  return real.empty() ? path : real.string();
}

bool is_empty_file(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && status.st_size == 0;
}

/// A file beside another whose name it may take; else it goes.
class NewFile {
 public:
  explicit NewFile(const std::string& path) : path_(path), name_(path + ".new-" + std::to_string(::getpid())) {
    remove();  // of a process that had this number before
  }
  ~NewFile() { remove(); }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  void take_name() const {
    if (std::rename(name_.c_str(), path_.c_str()) != 0) {
      refuse(ErrorCode::file_access, path_, "cannot be made: " + std::generic_category().message(errno));
    }
    sync_directory_of(path_);
  }

 private:
  void remove() const {
    for (const char* part : {"", "-journal"}) ::unlink((name_ + part).c_str());
  }

  std::string path_, name_;
};

void bind_class(Statement& statement, ClassIndex class_index) {
  if (class_index >= 0) {
    statement.bind(std::int64_t{class_index});
  } else {
    statement.bind_null();
  }
}

}  // namespace

JobStore::JobStore(Database database, WriterLock lock, int version)
    : lock_(std::move(lock)),
      database_(std::move(database)),
      identity_(identity(database_.path())),
      add_event_(database_.prepare(kAddEvent)),
      add_answer_(database_.prepare(kAddAnswer)),
      add_worker_(database_.prepare(kAddWorker)),
      add_lease_(database_.prepare(kAddLease)),
      version_(version) {
  Statement rows = database_.prepare("SELECT name, worker FROM workers");
  while (rows.step()) workers_.emplace(rows.text(0), rows.integer(1));
  n_items_ = database_.integer("SELECT count(*) FROM items");
  Statement last = database_.prepare("SELECT max(at) FROM events");
  if (last.step()) last_time_ = last.number(0);
}

JobStore JobStore::create(const std::string& given, const StoreChange& first, double now) {
  const std::string path = real_path(given);
  WriterLock lock(path);
  if (exists(path) && !is_empty_file(path)) {
    refuse(ErrorCode::file_access, path,
           "the file is there already, expected a new one (LabelingJob.open resumes a job)");
  }
  // Made beside and given its name when it is whole: a file of this name is a store, whenever the process ends.
  const NewFile beside(path);
  {
    Database database(beside.name(), Database::Access::create);
    database.execute("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; BEGIN IMMEDIATE");
    database.execute(std::string(kStoreSchema) + "PRAGMA application_id = " + std::to_string(kStoreApplication) +
                     "; PRAGMA user_version = " + std::to_string(kStoreVersion));
    JobStore store(std::move(database), std::move(lock), kStoreVersion);
    store.insert(first, now);
    store.database_.execute("COMMIT");
    lock = std::move(store.lock_);
  }
  for (const char* part : {"-wal", "-shm", "-journal"}) ::unlink((path + part).c_str());  // of a file that is no more
  beside.take_name();
  try {
    return open(path, std::move(lock));
  } catch (...) {
    // What cannot be made leaves nothing, so that it can be tried again.
    for (const char* part : {"", "-wal", "-shm"}) ::unlink((path + part).c_str());
    throw;
  }
}

JobStore JobStore::open(const std::string& given) {
  if (!exists(given)) refuse(ErrorCode::file_access, given, "No such file or directory");
  const std::string path = real_path(given);
  return open(path, WriterLock(path));
}

JobStore JobStore::open(const std::string& path, WriterLock lock) {
  Database database(path, Database::Access::write);
  const int version = require_store(database);
  set_durable(database);
  return {std::move(database), std::move(lock), version};
}

std::optional<JobStore::FileIdentity> JobStore::identity(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  return FileIdentity{static_cast<std::uint64_t>(status.st_dev), static_cast<std::uint64_t>(status.st_ino)};
}

void JobStore::require_writable() const {
  lock_.require_own_process();
  const bool is_there = identity(path()) == identity_;
  // What is committed goes to the write-ahead log first, so that has to be the one that others read, too.
  const bool has_log = !has_lost_log_ && (!log_identity_ || identity(path() + "-wal") == log_identity_);
  if (is_there && has_log) return;
  refuse(ErrorCode::file_access, path(),
         "the file was removed or replaced while the job has it, so nothing more can be written to it; "
         "save() writes the job as it is now to another file");
}

void JobStore::write_answers(std::span<const StoredAnswer> answers, double now) {
  require_writable();
  new_workers_.clear();
  Transaction transaction(database_);
  const auto event = add_event("answers", {}, now);
  for (const StoredAnswer& answer : answers) {
    const std::int64_t worker = answer.worker.empty() ? 0 : worker_row(answer.worker, event);
    add_answer_.bind(event).bind(answer.item);
    if (worker == 0) {
      add_answer_.bind_null();
    } else {
      add_answer_.bind(worker);
    }
    add_answer_.bind(answer_kind(answer.class_index));
    bind_class(add_answer_, answer.class_index);
    add_answer_.bind(double{answer.certainty}).bind(double{answer.seconds}).bind_or_null(answer.id).run();
  }
  transaction.commit();
  accept_log();
  accept_workers();
}

void JobStore::accept_log() {
  const auto present = identity(path() + "-wal");
  if (!log_identity_) log_identity_ = present;
  if (present && present == log_identity_) return;
  has_lost_log_ = true;  // also if there is another one of this name by the next call
  refuse(ErrorCode::file_access, path(),
         "its write-ahead log was removed or replaced while the job has it, so what was written last may be lost; "
         "open the store again, and send it again");
}

void JobStore::write_leases(std::span<const StoredLease> leases, double now) {
  require_writable();
  Transaction transaction(database_);
  const auto event = add_event("leases", {}, now);
  for (const StoredLease& lease : leases) {
    add_lease_.bind(event).bind(lease.item).bind(lease.worker).bind(lease.until).run();
  }
  transaction.commit();
  accept_log();
}

void JobStore::write(const StoreChange& change, double now) {
  require_writable();
  Transaction transaction(database_);
  insert(change, now);
  transaction.commit();
  n_items_ += change.n_joined;
  version_ = kStoreVersion;
  accept_log();
}

std::int64_t JobStore::add_event(std::string_view kind, std::string_view detail, double now) {
  last_time_ = std::max(last_time_, now);  // whatever the clock does, history goes forward
  add_event_.bind(last_time_).bind(kind).bind_or_null(detail).run();
  return database_.last_row();
}

std::int64_t JobStore::worker_row(std::string_view name, std::int64_t event) {
  const std::string key(name);
  if (const auto known = workers_.find(key); known != workers_.end()) return known->second;
  if (const auto added = new_workers_.find(key); added != new_workers_.end()) return added->second;
  add_worker_.bind(event).bind(name).run();
  return new_workers_.emplace(key, database_.last_row()).first->second;
}

void JobStore::insert(const StoreChange& change, double now) {
  const auto event = add_event(change.kind, change.detail, now);
  insert_pool(change, event);
  insert_work(change, event);
  insert_labels(change, event);
  const StoreChange::Progress& progress = change.progress;
  database_.prepare("INSERT INTO progress VALUES (?, ?, ?, ?, ?, ?, ?)")
      .bind(event)
      .bind(std::int64_t{progress.round})
      .bind(progress.n_items)
      .bind(progress.n_human)
      .bind(progress.n_auto)
      .bind(progress.n_audited)
      .bind(std::int64_t{progress.is_finished})
      .run();
  replace_snapshot(change.snapshot, event);
}

void JobStore::replace_snapshot(std::string_view bytes, std::int64_t event) {
  if (version_ < kStoreVersion) {
    database_.execute("DROP TABLE snapshots;" + create_statement("snapshots") +
                      ";PRAGMA user_version = " + std::to_string(kStoreVersion));
  }
  database_.execute("DELETE FROM snapshots");
  const std::size_t part_size = std::min(kLargestPart, database_.longest_row() - kRowOverhead);
  Statement add = database_.prepare("INSERT INTO snapshots VALUES (?, ?, ?)");
  for (std::int64_t part = 0; part == 0 || !bytes.empty(); ++part) {
    add.bind(part).bind(event).bind_bytes(bytes.substr(0, part_size)).run();
    bytes.remove_prefix(std::min(part_size, bytes.size()));
  }
}

void JobStore::insert_pool(const StoreChange& change, std::int64_t event) {
  Statement set = database_.prepare("INSERT OR REPLACE INTO job VALUES (?, ?)");
  for (const auto& [name, value] : change.settings) set.bind(name).bind(value).run();
  Statement join = database_.prepare("INSERT INTO items VALUES (?, ?, ?)");
  for (std::int64_t i = 0; i < change.n_joined; ++i) {
    join.bind(n_items_ + i).bind(event);
    join.bind_or_null(change.joined_ids.empty() ? std::string_view{} : change.joined_ids[static_cast<std::size_t>(i)]);
    join.run();
  }
  Statement add = database_.prepare("INSERT INTO classes VALUES (?, ?, ?)");
  Statement alter =
      database_.prepare("INSERT INTO class_changes (event, class, kind, name, into_class) VALUES (?, ?, ?, ?, ?)");
  for (const StoreChange::ClassChange& of : change.class_changes) {
    if (of.kind == "added") {
      add.bind(std::int64_t{of.class_index}).bind(event).bind(of.name).run();
      continue;
    }
    alter.bind(event).bind(std::int64_t{of.class_index}).bind(of.kind).bind_or_null(of.name);
    bind_class(alter, of.into.value_or(kNoClass));
    alter.run();
  }
}

void JobStore::insert_work(const StoreChange& change, std::int64_t event) {
  if (change.batch) {
    database_.prepare("INSERT INTO batches (event, round) VALUES (?, ?)")
        .bind(event)
        .bind(std::int64_t{change.batch->round})
        .run();
    const auto batch = database_.last_row();
    Statement ask = database_.prepare("INSERT INTO batch_items VALUES (?, ?, ?, ?)");
    std::int64_t position = 0;
    for (const auto& [item, purpose] : change.batch->items) {
      ask.bind(batch).bind(position++).bind(item).bind(purpose).run();
    }
  }
  Statement add = database_.prepare("INSERT INTO rounds VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  for (const StoreChange::Round& round : change.rounds) {
    add.bind(event).bind(std::int64_t{round.round}).bind(change.model);
    add.bind(round.n_items).bind(round.n_human).bind(round.n_auto).bind(round.n_audited).bind(round.errors_found);
    add.bind(round.estimated_error).bind(round.bounded_error).bind(round.accuracy).bind(round.seconds).run();
  }
}

void JobStore::insert_labels(const StoreChange& change, std::int64_t event) {
  Statement label =
      database_.prepare("INSERT INTO labels (event, item, kind, class, confidence, round) VALUES (?, ?, ?, ?, ?, ?)");
  for (const StoreChange::Label& row : change.labels) {
    label.bind(event).bind(row.item).bind(row.is_gold ? "gold" : answer_kind(row.class_index));
    bind_class(label, row.class_index);
    label.bind(double{row.confidence}).bind(std::int64_t{row.round}).run();
  }
  Statement commit =
      database_.prepare("INSERT INTO commits (event, item, class, confidence, round) VALUES (?, ?, ?, ?, ?)");
  for (const StoreChange::Label& row : change.commits) {
    commit.bind(event).bind(row.item).bind(std::int64_t{row.class_index});
    commit.bind(double{row.confidence}).bind(std::int64_t{row.round}).run();
  }
  Statement withdraw = database_.prepare("INSERT INTO withdrawals (event, item) VALUES (?, ?)");
  for (const ItemIndex item : change.withdrawals) withdraw.bind(event).bind(item).run();
  Statement audit = database_.prepare("INSERT INTO audits (event, item, class) VALUES (?, ?, ?)");
  for (const StoreChange::Label& row : change.audits) {
    audit.bind(event).bind(row.item).bind(std::int64_t{row.class_index}).run();
  }
  if (!change.certificate) return;
  const StoreChange::Certificate& of = *change.certificate;
  Statement certify = database_.prepare("INSERT INTO certificates VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
  certify.bind(event).bind(std::int64_t{change.progress.round}).bind(of.max_error).bind(of.failure_probability);
  certify.bind(of.delivered).bind(of.audited).bind(of.errors_found).bind(of.bound).bind(of.statement).run();
}

std::string JobStore::snapshot() const {
  Statement rows = database_.prepare("SELECT bytes FROM snapshots ORDER BY rowid");  // part by part
  if (!rows.step()) refuse(ErrorCode::archive_damaged, path(), "no snapshot");
  std::string bytes = rows.text(0);
  while (rows.step()) bytes += rows.bytes(0);
  return bytes;
}

namespace {

/// Rows of a statement whose first column is the event, one event at a time.
template <class Row, class Read>
class EventRows {
 public:
  EventRows(Statement statement, Read read) : statement_(std::move(statement)), read_(std::move(read)) { advance(); }

  [[nodiscard]] std::optional<std::int64_t> event() const { return event_; }
  /// Those of the present event; moves on to the next.
  std::vector<Row> take() {
    const auto event = event_;
    std::vector<Row> rows;
    while (event_ == event) {
      rows.push_back(read_(statement_));
      advance();
    }
    return rows;
  }

 private:
  void advance() { event_ = statement_.step() ? std::optional(statement_.integer(0)) : std::nullopt; }

  Statement statement_;
  Read read_;
  std::optional<std::int64_t> event_;
};

}  // namespace

void JobStore::replay(const std::function<void(std::span<const StoredAnswer>)>& answers,
                      const std::function<void(std::span<const StoredLease>)>& leases) const {
  struct Texts {
    std::string worker, id;
  };
  const auto read_answer = [](const Statement& row) {
    return std::pair{StoredAnswer{.item = row.integer(1),
                                  .class_index = answer_of(row, 3, 4),
                                  .certainty = static_cast<float>(row.number(5)),
                                  .seconds = static_cast<float>(row.number(6))},
                     Texts{row.text(2), row.text(7)}};
  };
  const auto read_lease = [](const Statement& row) {
    return std::pair{StoredLease{.item = row.integer(1), .until = row.number(3)}, Texts{row.text(2), {}}};
  };
  EventRows<std::pair<StoredAnswer, Texts>, decltype(read_answer)> said(
      database_.prepare("SELECT answers.event, item, coalesce(name, ''), kind, class, certainty, seconds, "
                        "coalesce(id, '') FROM answers LEFT JOIN workers USING (worker) "
                        "WHERE answers.event > (SELECT max(event) FROM snapshots) ORDER BY answer"),
      read_answer);
  EventRows<std::pair<StoredLease, Texts>, decltype(read_lease)> leased(
      database_.prepare("SELECT event, item, worker, until FROM leases "
                        "WHERE event > (SELECT max(event) FROM snapshots) ORDER BY lease"),
      read_lease);
  while (said.event() || leased.event()) {
    if (!leased.event() || (said.event() && *said.event() < *leased.event())) {
      auto rows = said.take();
      std::vector<StoredAnswer> together;
      for (auto& [answer, texts] : rows) {
        answer.worker = texts.worker;
        answer.id = texts.id;
        together.push_back(answer);
      }
      answers(together);
    } else {
      auto rows = leased.take();
      std::vector<StoredLease> together;
      for (auto& [lease, texts] : rows) {
        lease.worker = texts.worker;
        together.push_back(lease);
      }
      leases(together);
    }
  }
}

std::vector<ItemEvent> JobStore::history(ItemIndex item) const {
  // What an item went through, whatever table tells it; within an event in the order of these lines.
  Statement rows = database_.prepare(
      "SELECT event, at, 0 AS place, 'joined' AS what, NULL AS detail, NULL AS worker, NULL AS class, NULL AS "
      "confidence,"
      "  0 AS round FROM items JOIN events USING (event) WHERE item = ?1 "
      "UNION ALL SELECT event, at, 1, 'label', labels.kind, NULL, class, confidence, round"
      "  FROM labels JOIN events USING (event) WHERE item = ?1 "
      "UNION ALL SELECT event, at, 2, 'withdrawal', NULL, NULL, NULL, NULL, 0"
      "  FROM withdrawals JOIN events USING (event) WHERE item = ?1 "
      "UNION ALL SELECT event, at, 3, 'commit', (SELECT model FROM rounds WHERE rounds.round = commits.round AND "
      "  rounds.event <= commits.event ORDER BY rounds.event DESC LIMIT 1), NULL, class, confidence, round"
      "  FROM commits JOIN events USING (event) WHERE item = ?1 "
      "UNION ALL SELECT event, at, 4, 'audit', NULL, NULL, class, NULL, 0"
      "  FROM audits JOIN events USING (event) WHERE item = ?1 "
      "UNION ALL SELECT event, at, 5, 'asked', purpose, NULL, NULL, NULL, round"
      "  FROM batch_items JOIN batches USING (batch) JOIN events USING (event) WHERE item = ?1 "
      "UNION ALL SELECT event, at, 6, 'leased', NULL, worker, NULL, NULL, 0"
      "  FROM leases JOIN events USING (event) WHERE item = ?1 "
      "UNION ALL SELECT answers.event, at, 7, 'answer', answers.kind, name, class, certainty, 0"
      "  FROM answers JOIN events USING (event) LEFT JOIN workers USING (worker) WHERE item = ?1 "
      // The certificate that speaks of the item now: the last change has it, and the item's automatic label stands.
      "UNION ALL SELECT event, at, 8, 'certificate', statement, NULL, NULL, NULL, round"
      "  FROM certificates JOIN events USING (event) WHERE event = (SELECT max(event) FROM progress) AND"
      "  (SELECT max(event) FROM commits WHERE item = ?1) >"
      "  coalesce((SELECT max(event) FROM (SELECT event FROM withdrawals WHERE item = ?1"
      "    UNION ALL SELECT event FROM labels WHERE item = ?1)), 0) "
      "ORDER BY event, place");
  rows.bind(item);
  std::vector<ItemEvent> history;
  while (rows.step()) {
    ItemEvent event{.event = rows.integer(0),
                    .at = rows.number(1),
                    .kind = rows.text(3),
                    .detail = rows.text(4),
                    .worker = rows.text(5),
                    .class_index = answer_of(rows, 4, 6),
                    .confidence = rows.number(7),
                    .round = static_cast<std::int32_t>(rows.integer(8))};
    if (event.detail == "class") event.detail.clear();
    history.push_back(std::move(event));
  }
  return history;
}

}  // namespace gtlabel::detail
