#include "gtlabel/dataset/vote_table.hpp"

#include <algorithm>
#include <string>

#include "gtlabel/core/error.hpp"

namespace gtlabel {
namespace {

void require_same_length(std::size_t items, std::size_t workers, std::size_t answers) {
  if (items == workers && items == answers) return;
  throw InvalidArgument("votes: " + std::to_string(items) + " items, " + std::to_string(workers) + " workers and " +
                            std::to_string(answers) + " answers given, expected one of each per vote",
                        ErrorCode::shape_mismatch);
}

void require_index(std::int32_t index, const char* name, std::size_t row) {
  if (index >= 0) return;
  throw InvalidArgument(std::string(name) + ": row " + std::to_string(row) + " has index " + std::to_string(index) +
                        ", expected 0 or more");
}

/// Where each group begins; the last entry is the number of votes.
std::vector<std::int64_t> group_ends(std::span<const std::int32_t> keys, const char* name) {
  const std::int32_t last = *std::max_element(keys.begin(), keys.end());
  std::vector<std::int64_t> ends(static_cast<std::size_t>(last) + 2, 0);
  for (const std::int32_t key : keys) ++ends[key + 1];
  for (std::size_t g = 1; g < ends.size(); ++g) {
    if (ends[g] == 0) throw InvalidArgument(std::string(name) + ": " + std::to_string(g - 1) + " has no answer");
    ends[g] += ends[g - 1];
  }
  return ends;
}

std::vector<Vote> grouped(std::span<const std::int32_t> keys, std::span<const std::int32_t> others,
                          std::span<const ClassIndex> answers, const std::vector<std::int64_t>& ends) {
  std::vector<std::int64_t> next(ends.begin(), ends.end() - 1);
  std::vector<Vote> votes(keys.size());
  for (std::size_t row = 0; row < keys.size(); ++row) votes[next[keys[row]]++] = {others[row], answers[row]};
  return votes;
}

}  // namespace

VoteTable::VoteTable(std::span<const std::int32_t> items, std::span<const std::int32_t> workers,
                     std::span<const ClassIndex> answers, std::int32_t n_classes)
    : n_classes_(n_classes) {
  require_same_length(items.size(), workers.size(), answers.size());
  if (items.empty()) throw InvalidArgument("votes: none given, expected at least one");
  if (n_classes < 1) throw InvalidArgument("n_classes: " + std::to_string(n_classes) + " given, expected at least 1");
  for (std::size_t row = 0; row < items.size(); ++row) {
    require_index(items[row], "items", row);
    require_index(workers[row], "workers", row);
    if (answers[row] >= 0 && answers[row] < n_classes) continue;
    throw UnknownClass("answers: row " + std::to_string(row) + " has class " + std::to_string(answers[row]) +
                       ", expected 0 to " + std::to_string(n_classes - 1));
  }
  item_ends_ = group_ends(items, "item");
  worker_ends_ = group_ends(workers, "worker");
  by_item_ = grouped(items, workers, answers, item_ends_);
  by_worker_ = grouped(workers, items, answers, worker_ends_);
}

}  // namespace gtlabel
