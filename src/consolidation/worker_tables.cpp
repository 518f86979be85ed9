#include "consolidation/worker_tables.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "consolidation/fetch_ahead.hpp"
#include "consolidation/log_sum.hpp"
#include "consolidation/sum_of.hpp"
#include "gtlabel/core/error.hpp"

namespace gtlabel::detail {
namespace {

constexpr std::size_t kWorkerChunk = 16;
constexpr std::int64_t kMostEntries = std::int64_t{1} << 27;  // 1 GB
constexpr double kLeast = 1e-300;
// Items of so few answers, none of them less probable than that, are done without logarithms: nothing underflows.
constexpr std::size_t kShort = 16;
const double kLeastLogFactor = std::log(1e-14);

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
      tables_(
          static_cast<std::size_t>(n_entries(votes.n_workers() + (has_model() ? 1 : 0), votes.n_classes(), n_states_))),
      counts_(votes, n_states_, executor_) {}

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
  if (worker == votes_.n_workers()) return count_model(posteriors, counts);
  start_counts(worker, counts);
  counts_.add(worker, posteriors, counts);
}

void WorkerTables::count_model(MatrixView<const double> posteriors, Matrix<double>& counts) const {
  std::fill(counts.values.begin(), counts.values.end(), 0.0);
  for (std::ptrdiff_t i = 0; i < posteriors.rows; ++i) {
    for (std::ptrdiff_t a = 0; a < counts.rows; ++a) {
      const double share = options_.model_probabilities(i, a);
      for (std::ptrdiff_t s = 0; s < n_states_; ++s) counts(a, s) += share * posteriors(i, s);
    }
  }
}

void WorkerTables::learn(MatrixView<const double> posteriors) {
  const auto n = static_cast<std::size_t>(votes_.n_workers()) + (has_model() ? 1 : 0);
  counts_.prepare(posteriors);
  for_chunks(executor_, n, kWorkerChunk, [&](std::size_t begin, std::size_t end) {
    Matrix<double> counts(votes_.n_classes(), n_states_);
    for (std::size_t w = begin; w < end; ++w) {
      const auto worker = static_cast<std::int32_t>(w);
      count(worker, posteriors, counts);
      rule_.write(worker, counts, table(worker));
    }
  });
  rule_.finish();
  note_likelihoods();
  if (!has_model()) return;
  const auto logs = table(votes_.n_workers());
  model_table_ = Matrix<double>(logs.rows, logs.cols);
  for (std::size_t e = 0; e < model_table_.values.size(); ++e) model_table_.values[e] = std::exp(logs.data[e]);
}

void WorkerTables::note_likelihoods() {
  likelihoods_.clear();
  if (has_model() || !counts_.are_near()) return;
  if (*std::min_element(tables_.begin(), tables_.end()) < kLeastLogFactor) return;
  likelihoods_.resize(tables_.size());
  for (std::size_t e = 0; e < tables_.size(); ++e) likelihoods_[e] = std::exp(tables_[e]);
}

/// For kStates neighbouring states, which stay in registers over the votes.
template <std::size_t kStates>
void WorkerTables::multiply_states(std::span<const Vote> votes, std::size_t first, std::span<double> out) const {
  const std::ptrdiff_t k = votes_.n_classes(), n = std::ssize(out);
  const double* from = likelihoods_.data() + first;
  double product[kStates];
  std::copy_n(out.begin() + static_cast<std::ptrdiff_t>(first), kStates, product);
  for (const Vote& vote : votes) {
    const double* row = from + (vote.other * k + vote.answer) * n;
    for (std::size_t s = 0; s < kStates; ++s) product[s] *= row[s];
  }
  std::copy_n(product, kStates, out.begin() + static_cast<std::ptrdiff_t>(first));
}

bool WorkerTables::multiply_likelihoods(std::int32_t item, std::span<double> out) const {
  const auto votes = votes_.of_item(item);
  if (likelihoods_.empty() || votes.size() > kShort) return false;
  std::size_t s = 0;
  for (; s + 8 <= out.size(); s += 8) multiply_states<8>(votes, s, out);
  if (s + 4 <= out.size()) multiply_states<4>(votes, std::exchange(s, s + 4), out);
  if (s + 2 <= out.size()) multiply_states<2>(votes, std::exchange(s, s + 2), out);
  if (s < out.size()) multiply_states<1>(votes, s, out);
  return true;
}

void WorkerTables::add_log_likelihoods(std::int32_t item, std::span<double> out) const {
  const std::ptrdiff_t k = votes_.n_classes(), n = std::ssize(out);
  double* __restrict sum = out.data();
  for (const Vote& vote : votes_.of_item(item)) {
    const double* __restrict row = tables_.data() + (vote.other * k + vote.answer) * n;
    for (std::ptrdiff_t s = 0; s < n; ++s) sum[s] += row[s];
  }
  if (!has_model()) return;
  const auto given = options_.model_probabilities.row(item);
  for (std::ptrdiff_t s = 0; s < n; ++s) {
    double likelihood = 0.0;
    for (std::ptrdiff_t a = 0; a < k; ++a) likelihood += given[static_cast<std::size_t>(a)] * model_table_(a, s);
    out[static_cast<std::size_t>(s)] += std::log(std::max(likelihood, kLeast));
  }
}

double WorkerTables::left_out_loss(MatrixView<const double> posteriors) {
  counts_.prepare(posteriors);
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
  const auto n = static_cast<std::size_t>(n_states_);
  const bool has_counts = rule_.pseudo_count(0, 0) >= 0.0;
  const auto logs = table(worker);
  std::vector<double> sums(n, 0.0), without(n), predicted(n);
  std::vector<double> inverses(counts.values.size());
  for (std::size_t e = 0; e < inverses.size(); ++e) inverses[e] = std::exp(std::min(-logs.data[e], 500.0));
  if (has_counts) {
    count(worker, posteriors, counts);
    for (std::int32_t a = 0; a < votes_.n_classes(); ++a) {
      for (std::int32_t s = 0; s < n_states_; ++s) sums[s] += counts(a, s) += rule_.pseudo_count(a, s);
    }
  }
  LogSum loss;
  const auto votes = votes_.of_worker(worker);
  for (std::size_t v = 0; v < votes.size(); ++v) {
    if (v + kAhead < votes.size()) fetch_ahead(&posteriors(votes[v + kAhead].other, 0), n_states_);
    const std::size_t row = static_cast<std::size_t>(votes[v].answer) * n;
    const double* __restrict posterior = &posteriors(votes[v].other, 0);
    const double* __restrict inverse = inverses.data() + row;
    const double* __restrict count = counts.values.data() + row;
    const double* __restrict sum = sums.data();
    double* __restrict left = without.data();
    double* __restrict given = predicted.data();
    for (std::size_t s = 0; s < n; ++s) left[s] = posterior[s] * inverse[s];
    if (has_counts) {
      for (std::size_t s = 0; s < n; ++s) {
        given[s] = left[s] * std::max(count[s] - posterior[s], 1e-12) / std::max(sum[s] - posterior[s], 1e-10);
      }
    } else {
      for (std::size_t s = 0; s < n; ++s) given[s] = posterior[s];
    }
    loss.add(std::clamp(sum_of(predicted) / sum_of(without), 1e-12, 1.0));
  }
  return -loss.total();
}

}  // namespace gtlabel::detail
