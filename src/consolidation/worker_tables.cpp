#include "consolidation/worker_tables.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "gtlabel/core/error.hpp"

namespace gtlabel::detail {
namespace {

constexpr std::size_t kWorkerChunk = 16;
constexpr std::size_t kItemParts = 16;
constexpr std::size_t kNearEntries = std::size_t{1} << 18;    // 2 MB: what a processor keeps near
constexpr std::int64_t kMostEntries = std::int64_t{1} << 27;  // 1 GB
constexpr double kLeast = 1e-300;
constexpr std::size_t kAhead = 8;

/// Rows are visited in no order that the processor could foresee, and what they are worth hardly pays for the wait.
void fetch_ahead(const double* row, std::ptrdiff_t size) noexcept {
#if defined(__GNUC__)
  constexpr std::ptrdiff_t kLine = 8;
  for (std::ptrdiff_t e = 0; e < size; e += kLine) __builtin_prefetch(row + e);
#else
  static_cast<void>(row), static_cast<void>(size);
#endif
}

std::int64_t n_entries(std::int64_t n_workers, std::int64_t n_classes, std::int64_t n_states) {
  const std::int64_t n = n_workers * n_classes;
  if (n > kMostEntries / n_states) {
    throw InvalidArgument("votes: " + std::to_string(n_workers) + " workers with " + std::to_string(n_classes) + " x " +
                          std::to_string(n_states) + " confusions each are too many, expected at most " +
                          std::to_string(kMostEntries) + " in all; use majority_vote, glad or merge rare workers");
  }
  return n * n_states;
}

}  // namespace

WorkerTables::WorkerTables(const VoteTable& votes, const ConsolidationOptions& options, WorkerRule& rule,
                           std::int32_t kinds)
    : votes_(votes),
      options_(options),
      rule_(rule),
      executor_(options.executor ? *options.executor : serial_),
      n_states_(votes.n_classes() * kinds),
      tables_(static_cast<std::size_t>(
          n_entries(votes.n_workers() + (has_model() ? 1 : 0), votes.n_classes(), n_states_))) {}

MatrixView<double> WorkerTables::table(std::int32_t worker) {
  const std::ptrdiff_t size = std::ptrdiff_t{votes_.n_classes()} * n_states_;
  return {tables_.data() + worker * size, votes_.n_classes(), n_states_};
}

MatrixView<const double> WorkerTables::table(std::int32_t worker) const {
  const std::ptrdiff_t size = std::ptrdiff_t{votes_.n_classes()} * n_states_;
  return {tables_.data() + worker * size, votes_.n_classes(), n_states_};
}

/// History, spread evenly over the kinds of a class.
void WorkerTables::start_counts(std::int32_t worker, Matrix<double>& counts) const {
  const std::ptrdiff_t k = votes_.n_classes(), kinds = n_states_ / k;
  std::fill(counts.values.begin(), counts.values.end(), 0.0);
  if (options_.history.values.empty()) return;
  for (std::ptrdiff_t a = 0; a < k; ++a) {
    for (std::ptrdiff_t s = 0; s < n_states_; ++s) {
      counts(a, s) = options_.history(worker * k + s / kinds, a) / static_cast<double>(kinds);
    }
  }
}

/// Expected answers of a worker per state.
void WorkerTables::count(std::int32_t worker, MatrixView<const double> posteriors, Matrix<double>& counts) const {
  if (worker == votes_.n_workers()) {
    std::fill(counts.values.begin(), counts.values.end(), 0.0);
    for (std::ptrdiff_t i = 0; i < posteriors.rows; ++i) {
      for (std::ptrdiff_t a = 0; a < counts.rows; ++a) {
        const double share = options_.model_probabilities(i, a);
        for (std::ptrdiff_t s = 0; s < n_states_; ++s) counts(a, s) += share * posteriors(i, s);
      }
    }
    return;
  }
  start_counts(worker, counts);
  const auto votes = votes_.of_worker(worker);
  for (std::size_t v = 0; v < votes.size(); ++v) {
    if (v + kAhead < votes.size()) fetch_ahead(&posteriors(votes[v + kAhead].other, 0), n_states_);
    const double* posterior = &posteriors(votes[v].other, 0);
    double* row = counts.values.data() + votes[v].answer * counts.cols;
    for (std::ptrdiff_t s = 0; s < n_states_; ++s) row[s] += posterior[s];
  }
}

std::span<const Vote> WorkerTables::first_votes(std::int32_t item) const {
  const auto votes = votes_.of_item(item);
  return votes.first(std::min(kAhead, votes.size()));
}

/// The same for all workers at once, item by item in parts of the items: an item's posterior is read once, and small
/// tables stay near the processor. Tables too large for that are better filled worker by worker.
void WorkerTables::count_by_item(MatrixView<const double> posteriors) {
  const std::size_t size = tables_.size();
  part_counts_.resize(kItemParts * size);
  const auto n_items = static_cast<std::size_t>(votes_.n_items());
  executor_.run(kItemParts, [&](std::size_t part) {
    double* counts = part_counts_.data() + part * size;
    std::fill_n(counts, size, 0.0);
    const auto row_of = [&](const Vote& vote) {
      return counts + (std::ptrdiff_t{vote.other} * votes_.n_classes() + vote.answer) * n_states_;
    };
    const std::size_t end = (part + 1) * n_items / kItemParts;
    for (std::size_t i = part * n_items / kItemParts; i < end; ++i) {
      const double* posterior = &posteriors(static_cast<std::ptrdiff_t>(i), 0);
      if (i + 1 < end) {
        for (const Vote& vote : first_votes(static_cast<std::int32_t>(i + 1))) fetch_ahead(row_of(vote), n_states_);
      }
      for (const Vote& vote : votes_.of_item(static_cast<std::int32_t>(i))) {
        double* row = row_of(vote);
        for (std::ptrdiff_t s = 0; s < n_states_; ++s) row[s] += posterior[s];
      }
    }
  });
}

void WorkerTables::learn(MatrixView<const double> posteriors) {
  const auto n = static_cast<std::size_t>(votes_.n_workers()) + (has_model() ? 1 : 0);
  const bool is_near = tables_.size() <= kNearEntries;
  if (is_near) count_by_item(posteriors);
  for_chunks(executor_, n, kWorkerChunk, [&](std::size_t begin, std::size_t end) {
    Matrix<double> counts(votes_.n_classes(), n_states_);
    for (std::size_t w = begin; w < end; ++w) {
      const auto worker = static_cast<std::int32_t>(w);
      if (is_near && worker < votes_.n_workers()) {
        start_counts(worker, counts);
        for (std::size_t part = 0; part < kItemParts; ++part) {
          const double* from = part_counts_.data() + part * tables_.size() + w * counts.values.size();
          for (std::size_t e = 0; e < counts.values.size(); ++e) counts.values[e] += from[e];
        }
      } else {
        count(worker, posteriors, counts);
      }
      rule_.write(worker, counts, table(worker));
    }
  });
  rule_.finish();
  if (!has_model()) return;
  const auto logs = table(votes_.n_workers());
  model_table_ = Matrix<double>(logs.rows, logs.cols);
  for (std::size_t e = 0; e < model_table_.values.size(); ++e) model_table_.values[e] = std::exp(logs.data[e]);
}

void WorkerTables::add_log_likelihoods(std::int32_t item, std::span<double> out) const {
  const std::size_t n = out.size();
  const std::ptrdiff_t k = votes_.n_classes();
  const auto votes = votes_.of_item(item);
  const auto row_of = [&](const Vote& vote) {
    return tables_.data() + (vote.other * k + vote.answer) * static_cast<std::ptrdiff_t>(n);
  };
  if (item + 1 < votes_.n_items()) {
    for (const Vote& vote : first_votes(item + 1)) fetch_ahead(row_of(vote), n_states_);
  }
  for (const Vote& vote : votes) {
    const double* row = row_of(vote);
    for (std::size_t s = 0; s < n; ++s) out[s] += row[s];
  }
  if (!has_model()) return;
  const auto given = options_.model_probabilities.row(item);
  for (std::size_t s = 0; s < n; ++s) {
    double likelihood = 0.0;
    for (std::ptrdiff_t a = 0; a < k; ++a) {
      likelihood += given[static_cast<std::size_t>(a)] * model_table_(a, static_cast<std::ptrdiff_t>(s));
    }
    out[s] += std::log(std::max(likelihood, kLeast));
  }
}

double WorkerTables::left_out_loss(MatrixView<const double> posteriors) const {
  const auto n = static_cast<std::size_t>(votes_.n_workers());
  std::vector<double> parts((n + kWorkerChunk - 1) / kWorkerChunk, 0.0);
  for_chunks(executor_, n, kWorkerChunk, [&](std::size_t begin, std::size_t end) {
    Matrix<double> counts(votes_.n_classes(), n_states_);
    double part = 0.0;
    for (std::size_t w = begin; w < end; ++w) {
      part += left_out_loss_of(static_cast<std::int32_t>(w), posteriors, counts);
    }
    parts[begin / kWorkerChunk] = part;
  });
  double sum = 0.0;
  for (const double part : parts) sum += part;
  return sum / static_cast<double>(votes_.n_votes());
}

/// Both the item's posterior and the worker's counts are taken without the vote; what else the vote has influenced is
/// small.
double WorkerTables::left_out_loss_of(std::int32_t worker, MatrixView<const double> posteriors,
                                      Matrix<double>& counts) const {
  const std::ptrdiff_t n = n_states_;
  count(worker, posteriors, counts);
  const bool has_counts = rule_.pseudo_count(0, 0) >= 0.0;
  std::vector<double> sums(static_cast<std::size_t>(n), 0.0);
  for (std::int32_t a = 0; a < votes_.n_classes() && has_counts; ++a) {
    for (std::int32_t s = 0; s < n; ++s) sums[s] += counts(a, s) + rule_.pseudo_count(a, s);
  }
  const auto logs = table(worker);
  Matrix<double> likelihoods(logs.rows, n);
  for (std::size_t e = 0; e < likelihoods.values.size(); ++e) {
    likelihoods.values[e] = std::exp(std::max(logs.data[e], -500.0));
  }
  double loss = 0.0;
  for (const Vote& vote : votes_.of_worker(worker)) {
    const auto posterior = posteriors.row(vote.other);
    double total = 0.0, predicted = 0.0;
    for (std::int32_t s = 0; s < n; ++s) {
      double likelihood = likelihoods(vote.answer, s);
      const double without = posterior[s] / likelihood;
      if (has_counts) {
        const double left = counts(vote.answer, s) + rule_.pseudo_count(vote.answer, s) - posterior[s];
        likelihood = std::max(left, 1e-12) / std::max(sums[s] - posterior[s], 1e-10);
      }
      total += without;
      predicted += without * likelihood;
    }
    loss -= std::log(std::clamp(predicted / total, 1e-12, 1.0));
  }
  return loss;
}

}  // namespace gtlabel::detail
