#include "consolidation/vote_counts.hpp"

#include <algorithm>

#include "consolidation/fetch_ahead.hpp"

namespace gtlabel::detail {
namespace {

constexpr std::size_t kItemParts = 8;
constexpr std::size_t kNearEntries = std::size_t{1} << 18;  // 2 MB: what a processor keeps near

}  // namespace

VoteCounts::VoteCounts(const VoteTable& votes, std::ptrdiff_t n_states, Executor& executor)
    : votes_(votes),
      executor_(executor),
      n_states_(n_states),
      size_(static_cast<std::size_t>(votes.n_workers() * std::ptrdiff_t{votes.n_classes()} * n_states)) {}

bool VoteCounts::are_near() const noexcept { return size_ <= kNearEntries; }

/// Small tables are filled item by item, in parts of the items: an item's posterior is read once, and the tables stay
/// near. Tables too large for that are better filled worker by worker.
void VoteCounts::prepare(MatrixView<const double> posteriors) {
  if (!are_near()) return;
  parts_.resize(kItemParts * size_);
  executor_.run(kItemParts, [&](std::size_t part) { count_part(part, posteriors); });
}

void VoteCounts::count_part(std::size_t part, MatrixView<const double> posteriors) {
  double* tables = parts_.data() + part * size_;
  std::fill_n(tables, size_, 0.0);
  const auto n_items = static_cast<std::size_t>(votes_.n_items());
  const std::ptrdiff_t k = votes_.n_classes(), n = n_states_;
  const std::size_t end = (part + 1) * n_items / kItemParts;
  for (std::size_t i = part * n_items / kItemParts; i < end; ++i) {
    const double* __restrict posterior = &posteriors(static_cast<std::ptrdiff_t>(i), 0);
    for (const Vote& vote : votes_.of_item(static_cast<std::int32_t>(i))) {
      double* __restrict row = tables + (vote.other * k + vote.answer) * n;
      for (std::ptrdiff_t s = 0; s < n; ++s) row[s] += posterior[s];
    }
  }
}

void VoteCounts::add(std::int32_t worker, MatrixView<const double> posteriors, Matrix<double>& counts) const {
  if (!are_near()) return add_by_worker(worker, posteriors, counts);
  const std::size_t n = counts.values.size();
  for (std::size_t part = 0; part < kItemParts; ++part) {
    const double* __restrict from = parts_.data() + part * size_ + static_cast<std::size_t>(worker) * n;
    double* __restrict to = counts.values.data();
    for (std::size_t e = 0; e < n; ++e) to[e] += from[e];
  }
}

void VoteCounts::add_by_worker(std::int32_t worker, MatrixView<const double> posteriors, Matrix<double>& counts) const {
  const auto votes = votes_.of_worker(worker);
  for (std::size_t v = 0; v < votes.size(); ++v) {
    if (v + kAhead < votes.size()) fetch_ahead(&posteriors(votes[v + kAhead].other, 0), n_states_);
    const double* __restrict posterior = &posteriors(votes[v].other, 0);
    double* __restrict row = counts.values.data() + votes[v].answer * counts.cols;
    for (std::ptrdiff_t s = 0; s < n_states_; ++s) row[s] += posterior[s];
  }
}

}  // namespace gtlabel::detail
