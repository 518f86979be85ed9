#include "gtlabel/consolidation/consolidate_multi_label.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "consolidation/discounted_ibcc.hpp"
#include "gtlabel/core/error.hpp"

namespace gtlabel {
namespace {

std::string row_named(std::size_t row) { return "label_sets: row " + std::to_string(row); }

void require_sound(const LabelSetAnswers& answers, std::int32_t n_labels) {
  if (n_labels < 1) throw InvalidArgument("n_labels: " + std::to_string(n_labels) + " given, expected at least 1");
  const std::size_t n = answers.items.size();
  if (answers.workers.size() != n || answers.ends.size() != n) {
    throw InvalidArgument("label_sets: " + std::to_string(n) + " items, " + std::to_string(answers.workers.size()) +
                              " workers and " + std::to_string(answers.ends.size()) +
                              " ends given, expected one of each per answer",
                          ErrorCode::shape_mismatch);
  }
  std::int64_t begin = 0;
  std::vector<std::size_t> last_row(static_cast<std::size_t>(n_labels), n);
  for (std::size_t row = 0; row < n; ++row) {
    if (answers.ends[row] < begin || answers.ends[row] > std::ssize(answers.labels)) {
      throw InvalidArgument(row_named(row) + " ends at " + std::to_string(answers.ends[row]) + ", expected " +
                            std::to_string(begin) + " to " + std::to_string(answers.labels.size()));
    }
    for (; begin < answers.ends[row]; ++begin) {
      const ClassIndex label = answers.labels[static_cast<std::size_t>(begin)];
      if (label < 0 || label >= n_labels) {
        throw UnknownClass(row_named(row) + " has label " + std::to_string(label) + ", expected 0 to " +
                           std::to_string(n_labels - 1));
      }
      if (std::exchange(last_row[static_cast<std::size_t>(label)], row) == row) {
        throw InvalidArgument(row_named(row) + " has label " + std::to_string(label) + " twice, expected it once");
      }
    }
  }
  if (begin != std::ssize(answers.labels)) {
    throw InvalidArgument("label_sets: the last row ends at " + std::to_string(begin) + ", expected " +
                              std::to_string(answers.labels.size()) + ", the number of labels",
                          ErrorCode::shape_mismatch);
  }
}

/// The rows of each label's answers yes.
std::vector<std::vector<std::size_t>> rows_by_label(const LabelSetAnswers& answers, std::int32_t n_labels) {
  std::vector<std::vector<std::size_t>> rows(static_cast<std::size_t>(n_labels));
  std::size_t place = 0;
  for (std::size_t row = 0; row < answers.ends.size(); ++row) {
    for (; std::ssize(answers.labels) > 0 && static_cast<std::int64_t>(place) < answers.ends[row]; ++place) {
      rows[static_cast<std::size_t>(answers.labels[place])].push_back(row);
    }
  }
  return rows;
}

void rate_workers(std::int32_t n_labels, MultiLabelConsolidation& result) {
  const std::ptrdiff_t n_workers = result.worker_counts.rows / n_labels;
  for (std::ptrdiff_t w = 0; w < n_workers; ++w) {
    double found = 0.0, invented = 0.0, missed = 0.0;
    for (std::ptrdiff_t l = 0; l < n_labels; ++l) {
      const auto counts = result.worker_counts.row(w * n_labels + l);
      invented += counts[1];
      missed += counts[2];
      found += counts[3];
    }
    result.worker_recall.push_back(found + missed > 0.0 ? found / (found + missed) : std::nan(""));
    result.worker_precision.push_back(found + invented > 0.0 ? found / (found + invented) : std::nan(""));
  }
}

}  // namespace

MultiLabelConsolidation consolidate_multi_label(const LabelSetAnswers& answers, std::int32_t n_labels,
                                                const std::shared_ptr<Executor>& executor) {
  require_sound(answers, n_labels);
  ConsolidationOptions options;
  options.executor = executor;
  MultiLabelConsolidation result;
  std::vector<ClassIndex> said(answers.items.size(), 0);
  const auto rows = rows_by_label(answers, n_labels);
  for (std::int32_t label = 0; label < n_labels; ++label) {
    for (const std::size_t row : rows[static_cast<std::size_t>(label)]) said[row] = 1;
    const VoteTable votes(answers.items, answers.workers, said, 2);
    for (const std::size_t row : rows[static_cast<std::size_t>(label)]) said[row] = 0;
    const Consolidation one = detail::discounted_ibcc(votes, options);
    if (label == 0) {
      result.label_sets.resize(static_cast<std::size_t>(votes.n_items()));
      result.probabilities = Matrix<double>(votes.n_items(), n_labels);
      result.worker_counts = Matrix<double>(std::ptrdiff_t{votes.n_workers()} * n_labels, 4);
    }
    for (std::int32_t i = 0; i < votes.n_items(); ++i) {
      result.probabilities(i, label) = one.probabilities(i, 1);
      if (one.labels[static_cast<std::size_t>(i)] == 1) {
        result.label_sets[static_cast<std::size_t>(i)].push_back(label);
      }
    }
    for (std::int32_t w = 0; w < votes.n_workers(); ++w) {
      const auto counts = result.worker_counts.row(std::ptrdiff_t{w} * n_labels + label);
      for (std::ptrdiff_t e = 0; e < 4; ++e) {
        counts[static_cast<std::size_t>(e)] = one.worker_counts(2 * w + e / 2, e % 2);
      }
    }
  }
  rate_workers(n_labels, result);
  return result;
}

}  // namespace gtlabel
