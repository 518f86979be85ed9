#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "gtlabel/core/ids.hpp"
#include "gtlabel/storage/item_event.hpp"
#include "storage/sqlite.hpp"
#include "storage/writer_lock.hpp"

namespace gtlabel::detail {

/// One answer as it stands in a store; texts are borrowed.
struct StoredAnswer {
  ItemIndex item = 0;
  ClassIndex class_index = kNoClass;  ///< or kSkip, kUnsure, kNoneOfThese
  std::string_view worker = {};       ///< empty: not told
  float certainty = 1.0F;
  float seconds = 0.0F;
  std::string_view id = {};  ///< empty: none
};

struct StoredLease {
  ItemIndex item = 0;
  std::string_view worker = {};
  double until = 0.0;
};

/// What changed in a job's state since it was last stored, beside answers and leases.
struct StoreChange {
  struct Label {
    ItemIndex item = 0;
    ClassIndex class_index = kNoClass;
    float confidence = 0.0F;
    std::int32_t round = 0;
    bool is_gold = false;  ///< of the host, known beforehand
  };
  struct Batch {
    std::int32_t round = 0;
    std::vector<std::pair<ItemIndex, std::string_view>> items;  ///< and their purposes
  };
  struct Round {
    std::int32_t round = 0;
    std::int64_t n_items = 0, n_human = 0, n_auto = 0, n_audited = 0, errors_found = 0;
    double estimated_error = 0.0, bounded_error = 1.0, accuracy = 0.0, seconds = 0.0;
  };
  struct Certificate {
    double max_error = 0.0, failure_probability = 0.0, bound = 0.0;
    std::int64_t delivered = 0, audited = 0, errors_found = 0;
    std::string statement;
  };
  struct Progress {
    std::int32_t round = 0;
    std::int64_t n_items = 0, n_human = 0, n_auto = 0, n_audited = 0;
    bool is_finished = false;
  };
  struct ClassChange {
    ClassIndex class_index = kNoClass;
    std::string kind;                     ///< "added", "renamed", "merged", "retired"
    std::string name = {};                ///< of "added" and "renamed"
    std::optional<ClassIndex> into = {};  ///< of "merged"
  };

  std::string kind;    ///< of the event: "created", "batch", "finished", "extended", "classes"
  std::string detail;  ///< in words; may be empty
  std::vector<std::pair<std::string, std::string>> settings;  ///< new or changed rows of `job`
  std::int64_t n_joined = 0;                                  ///< items behind those that are there
  std::vector<std::string> joined_ids;                        ///< theirs, or none
  std::vector<ClassChange> class_changes;
  std::optional<Batch> batch;
  std::string model;  ///< its kind
  std::vector<Round> rounds;
  std::vector<Label> labels;   ///< that people's answers amount to now
  std::vector<Label> commits;  ///< automatic labels that are new
  std::vector<ItemIndex> withdrawals;
  std::vector<Label> audits;  ///< automatic labels drawn for a check
  std::optional<Certificate> certificate;
  Progress progress;
  std::string snapshot;  ///< the whole state
};

/// The file that a job lives in: one writer, append-only, durable when a call returns. Every call either has its effect
/// whole or none. One thread at a time.
///
/// SQLite in WAL mode with synchronous=FULL. Beside the tables that people read it keeps the last snapshot of the job,
/// so that going on takes that and the answers and leases since.
class JobStore {
 public:
  /// A new file with the first change in it; whole as soon as it has its name. @throws ArchiveError  file_access, also
  /// if there is a store already.
  static JobStore create(const std::string& path, const StoreChange& first, double now);
  /// Goes on with a store. @throws ArchiveError  store_in_use, archive_damaged, archive_too_new, file_access.
  static JobStore open(const std::string& path);

  void write_answers(std::span<const StoredAnswer> answers, double now);
  void write_leases(std::span<const StoredLease> leases, double now);
  void write(const StoreChange& change, double now);

  [[nodiscard]] std::string snapshot() const;
  /// What came after the snapshot, in its order; the texts are valid during the call. Either function gets what
  /// happened together.
  void replay(const std::function<void(std::span<const StoredAnswer>)>& answers,
              const std::function<void(std::span<const StoredLease>)>& leases) const;
  /// All that happened to an item, in its order. Cost: one pass over the tables.
  [[nodiscard]] std::vector<ItemEvent> history(ItemIndex item) const;
  [[nodiscard]] const std::string& path() const noexcept { return database_.path(); }

 private:
  struct FileIdentity {
    std::uint64_t device = 0, inode = 0;
    bool operator==(const FileIdentity&) const = default;
  };
  JobStore(Database database, WriterLock lock, int version);
  static JobStore open(const std::string& path, WriterLock lock);

  [[nodiscard]] static std::optional<FileIdentity> identity(const std::string& path);
  /// That the file is still there, and this process its writer.
  void require_writable() const;
  std::int64_t add_event(std::string_view kind, std::string_view detail, double now);
  std::int64_t worker_row(std::string_view name, std::int64_t event);
  /// After a commit: that the log that it went to is the one with the log's name.
  void accept_log();
  /// Those that the last commit brought.
  void accept_workers() { workers_.merge(std::exchange(new_workers_, {})); }
  void insert(const StoreChange& change, double now);
  void insert_pool(const StoreChange& change, std::int64_t event);
  void insert_work(const StoreChange& change, std::int64_t event);
  void insert_labels(const StoreChange& change, std::int64_t event);
  /// In place of the last one. SQLite limits how long a value may be, so in parts.
  void replace_snapshot(std::string_view bytes, std::int64_t event);

  WriterLock lock_;  // before the database: it is let go last
  Database database_;
  std::optional<FileIdentity> identity_, log_identity_;
  bool has_lost_log_ = false;
  Statement add_event_, add_answer_, add_worker_, add_lease_;
  std::unordered_map<std::string, std::int64_t> workers_;      // rows by name, those on disk
  std::unordered_map<std::string, std::int64_t> new_workers_;  // of the transaction that is going on
  std::int64_t n_items_ = 0;
  double last_time_ = 0.0;
  int version_;  // of the tables
};

}  // namespace gtlabel::detail
