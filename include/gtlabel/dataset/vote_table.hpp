#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "gtlabel/core/export.hpp"
#include "gtlabel/core/ids.hpp"

namespace gtlabel {

/// One answer as seen from one side: `other` is the worker of an item's vote, or the item of a worker's vote.
struct Vote {
  std::int32_t other = 0;
  ClassIndex answer = 0;
};

/// Many people's answers about many items, grouped by item and by worker; memory and time follow the votes, never
/// items x workers. A worker may answer an item more than once: each answer counts. Immutable, so thread-safe; 16 bytes
/// a vote.
class GTLABEL_EXPORT VoteTable {
 public:
  /// @param items, workers, answers  one entry per vote: indices from 0 (see encode_ids). Copied.
  /// @param n_classes  at least 1.
  /// Items are 0 .. the largest given, workers likewise. O(votes).
  /// @throws InvalidArgument  no votes, columns of different length, a negative item or worker, an item or worker
  ///         without any vote; UnknownClass  an answer outside 0 .. n_classes - 1. The message names the row.
  VoteTable(std::span<const std::int32_t> items, std::span<const std::int32_t> workers,
            std::span<const ClassIndex> answers, std::int32_t n_classes);

  [[nodiscard]] std::int32_t n_items() const noexcept { return static_cast<std::int32_t>(item_ends_.size()) - 1; }
  [[nodiscard]] std::int32_t n_workers() const noexcept { return static_cast<std::int32_t>(worker_ends_.size()) - 1; }
  [[nodiscard]] std::int32_t n_classes() const noexcept { return n_classes_; }
  [[nodiscard]] std::int64_t n_votes() const noexcept { return static_cast<std::int64_t>(by_item_.size()); }

  /// The votes about an item, in the order given; `other` is the worker.
  [[nodiscard]] std::span<const Vote> of_item(std::int32_t item) const noexcept {
    return group(by_item_, item_ends_, item);
  }
  /// The votes of a worker, in the order given; `other` is the item.
  [[nodiscard]] std::span<const Vote> of_worker(std::int32_t worker) const noexcept {
    return group(by_worker_, worker_ends_, worker);
  }

 private:
  static std::span<const Vote> group(const std::vector<Vote>& votes, const std::vector<std::int64_t>& ends,
                                     std::int32_t index) noexcept {
    return {votes.data() + ends[index], static_cast<std::size_t>(ends[index + 1] - ends[index])};
  }

  std::vector<Vote> by_item_, by_worker_;
  std::vector<std::int64_t> item_ends_, worker_ends_;
  std::int32_t n_classes_ = 0;
};

}  // namespace gtlabel
