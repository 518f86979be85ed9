#include <algorithm>
#include <cmath>
#include <string>

#include "consolidation/expectation_maximization.hpp"
#include "consolidation/vote_counts.hpp"
#include "gtlabel/core/error.hpp"

namespace gtlabel::detail {
namespace {

/// Probabilities of somebody else are often float32.
constexpr double kSumTolerance = 1e-3;
constexpr std::size_t kItemChunk = 2048;
constexpr std::size_t kWorkerChunk = 16;

void require_shape(const Matrix<double>& matrix, std::ptrdiff_t rows, std::ptrdiff_t cols, const char* name) {
  if (matrix.rows == rows && matrix.cols == cols) return;
  throw InvalidArgument(std::string(name) + ": " + std::to_string(matrix.rows) + " x " + std::to_string(matrix.cols) +
                            " given, expected " + std::to_string(rows) + " x " + std::to_string(cols),
                        ErrorCode::shape_mismatch);
}

void require_non_negative(const Matrix<double>& matrix, const char* name) {
  for (std::ptrdiff_t r = 0; r < matrix.rows; ++r) {
    for (const double value : matrix.row(r)) {
      if (value >= 0.0 && std::isfinite(value)) continue;
      throw InvalidArgument(std::string(name) + ": row " + std::to_string(r) + " has " + std::to_string(value) +
                                ", expected a number that is not negative",
                            ErrorCode::not_finite);
    }
  }
}

void require_sums(const Matrix<double>& matrix, const char* name) {
  for (std::ptrdiff_t r = 0; r < matrix.rows; ++r) {
    double sum = 0.0;
    for (const double value : matrix.row(r)) sum += value;
    if (std::abs(sum - 1.0) <= kSumTolerance) continue;
    throw InvalidArgument(std::string(name) + ": row " + std::to_string(r) + " sums to " + std::to_string(sum) +
                          ", expected 1");
  }
}

void require_gold(const VoteTable& votes, const std::vector<ClassIndex>& gold) {
  if (gold.empty()) return;
  if (std::ssize(gold) != votes.n_items()) {
    throw InvalidArgument(
        "gold: " + std::to_string(gold.size()) + " classes given for " + std::to_string(votes.n_items()) + " items",
        ErrorCode::shape_mismatch);
  }
  for (std::size_t i = 0; i < gold.size(); ++i) {
    if (gold[i] >= kNoClass && gold[i] < votes.n_classes()) continue;
    throw UnknownClass("gold: item " + std::to_string(i) + " has class " + std::to_string(gold[i]) +
                       ", expected 0 to " + std::to_string(votes.n_classes() - 1) + ", or -1");
  }
}

}  // namespace

void require_sound(const VoteTable& votes, const ConsolidationOptions& options) {
  require_gold(votes, options.gold);
  const std::ptrdiff_t k = votes.n_classes();
  if (!options.history.values.empty()) {
    require_shape(options.history, votes.n_workers() * k, k, "history");
    require_non_negative(options.history, "history");
  }
  if (!options.model_probabilities.values.empty()) {
    require_shape(options.model_probabilities, votes.n_items(), k, "model_probabilities");
    require_non_negative(options.model_probabilities, "model_probabilities");
    require_sums(options.model_probabilities, "model_probabilities");
  }
  if (options.max_iterations < 1) {
    throw InvalidArgument("max_iterations: " + std::to_string(options.max_iterations) + " given, expected at least 1");
  }
  if (!(options.tolerance >= 0.0)) {
    throw InvalidArgument("tolerance: " + std::to_string(options.tolerance) + " given, expected 0 or more");
  }
}

Matrix<double> vote_shares(const VoteTable& votes, const ConsolidationOptions& options) {
  Matrix<double> shares(votes.n_items(), votes.n_classes());
  for (std::int32_t i = 0; i < votes.n_items(); ++i) {
    const auto row = shares.row(i);
    const ClassIndex known = options.gold.empty() ? kNoClass : options.gold[static_cast<std::size_t>(i)];
    if (known != kNoClass) {
      row[static_cast<std::size_t>(known)] = 1.0;
      continue;
    }
    const auto answers = votes.of_item(i);
    for (const Vote& vote : answers) {
      row[static_cast<std::size_t>(vote.answer)] += 1.0;
    }
    for (double& value : row) value /= static_cast<double>(answers.size());
  }
  return shares;
}

void describe(const VoteTable& votes, const ConsolidationOptions& options, Consolidation& result) {
  SerialExecutor serial;
  Executor& executor = options.executor ? *options.executor : serial;
  const std::ptrdiff_t k = votes.n_classes();
  result.labels.resize(static_cast<std::size_t>(votes.n_items()));
  result.difficulty.resize(result.labels.size());
  for_chunks(executor, result.labels.size(), kItemChunk, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      const auto row = result.probabilities.row(static_cast<std::ptrdiff_t>(i));
      const auto answers = votes.of_item(static_cast<std::int32_t>(i));
      result.labels[i] = static_cast<ClassIndex>(std::max_element(row.begin(), row.end()) - row.begin());
      double right = 0.0;
      for (const Vote& vote : answers) right += row[static_cast<std::size_t>(vote.answer)];
      result.difficulty[i] = std::max(0.0, 1.0 - right / static_cast<double>(answers.size()));
    }
  });
  result.worker_counts = options.history.values.empty() ? Matrix<double>(votes.n_workers() * k, k) : options.history;
  result.worker_accuracy.resize(static_cast<std::size_t>(votes.n_workers()));
  VoteCounts by_answer(votes, k, executor);
  by_answer.prepare(result.probabilities);
  for_chunks(executor, result.worker_accuracy.size(), kWorkerChunk, [&](std::size_t begin, std::size_t end) {
    Matrix<double> own(k, k);
    for (std::size_t w = begin; w < end; ++w) {
      const MatrixView<double> counts(result.worker_counts.values.data() + w * k * k, k, k);
      std::fill(own.values.begin(), own.values.end(), 0.0);
      by_answer.add(static_cast<std::int32_t>(w), result.probabilities, own);
      for (std::ptrdiff_t t = 0; t < k; ++t) {
        for (std::ptrdiff_t a = 0; a < k; ++a) counts(t, a) += own(a, t);
      }
      double right = 0.0, total = 0.0;
      for (std::ptrdiff_t t = 0; t < k; ++t) {
        right += counts(t, t);
        for (const double count : counts.row(t)) total += count;
      }
      result.worker_accuracy[w] = right / total;
    }
  });
}

}  // namespace gtlabel::detail
