#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "jobs/class_list.hpp"
#include "jobs/labeling_loop.hpp"
#include "storage/job_store.hpp"

namespace gtlabel::detail {

/// What a store is told of a job beside its loop; borrowed for the call.
struct JobDescription {
  const Features& pool;
  std::uint64_t fingerprint;
  const std::vector<std::string>& ids;
  const ClassList& classes;
  std::uint64_t coin_seed;
};

/// Keeps a job's store up to date: knows what the store has been told, and tells it the rest.
class JobRecorder {
 public:
  /// A new store. @throws ArchiveError
  static JobRecorder create(const std::string& path, const JobDescription& job, const LabelingLoop& loop,
                            const std::string& snapshot);
  /// Goes on with a store.
  /// @param loop  as in its snapshot.
  JobRecorder(JobStore store, const LabelingLoop& loop);

  [[nodiscard]] JobStore& store() noexcept { return store_; }
  [[nodiscard]] const JobStore& store() const noexcept { return store_; }
  /// Whether the store has been told all but answers and leases.
  [[nodiscard]] bool is_current(const LabelingLoop& loop) const;
  /// Tells it. After an exception it is told again by the next call. @param snapshot  makes the job's.
  void record(const JobDescription& job, const LabelingLoop& loop, const std::function<std::string()>& snapshot);
  /// That a class has changed; stored with the next record.
  void note(StoreChange::ClassChange change) { class_changes_.push_back(std::move(change)); }
  /// The last note, because what it tells has been undone.
  void forget_note() { class_changes_.pop_back(); }

 private:
  using Settings = std::vector<std::pair<std::string, std::string>>;
  [[nodiscard]] StoreChange change_of(const JobDescription& job, const LabelingLoop& loop,
                                      const Settings& settings) const;
  void add_labels(StoreChange& change, const LabelingLoop& loop) const;
  /// The store has been told of the loop as it is.
  void accept(const LabelingLoop& loop);

  JobStore store_;
  std::uint64_t revision_ = 0;
  std::int64_t n_answers_ = 0;
  std::int64_t n_items_ = 0;
  std::size_t n_rounds_ = 0;
  std::vector<ClassIndex> human_, automatic_;
  std::vector<StoreChange::ClassChange> class_changes_;
  Settings settings_;  // what this process has told of them
};

/// Seconds since 1970.
[[nodiscard]] double system_seconds();

}  // namespace gtlabel::detail
