#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "gtlabel/core/executor.hpp"
#include "gtlabel/core/views.hpp"
#include "gtlabel/dataset/vote_table.hpp"

namespace gtlabel::detail {

/// How often each worker is expected to have given each answer, by the hidden state of the items: tables of (answers x
/// states), row by answer.
class VoteCounts {
 public:
  /// Borrows all.
  VoteCounts(const VoteTable& votes, std::ptrdiff_t n_states, Executor& executor);

  /// Before `add` is called with these (items x states). O(votes x states).
  void prepare(MatrixView<const double> posteriors);
  /// Adds the counts of a worker. Thread-safe.
  void add(std::int32_t worker, MatrixView<const double> posteriors, Matrix<double>& counts) const;
  /// Whether the tables of all workers together fit near the processor.
  [[nodiscard]] bool are_near() const noexcept;

 private:
  void count_part(std::size_t part, MatrixView<const double> posteriors);
  void add_by_worker(std::int32_t worker, MatrixView<const double> posteriors, Matrix<double>& counts) const;

  const VoteTable& votes_;
  Executor& executor_;
  std::ptrdiff_t n_states_;
  std::size_t size_;           // of all tables
  std::vector<double> parts_;  // the tables for each part of the items
};

}  // namespace gtlabel::detail
