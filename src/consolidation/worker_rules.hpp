#pragma once

#include <vector>

#include "consolidation/worker_tables.hpp"

namespace gtlabel::detail {

/// Counts plus pseudo-counts, normalised per state; by variational Bayes their expected logarithms.
class CountedRule final : public WorkerRule {
 public:
  CountedRule(double same, double other, std::int32_t kinds, bool is_variational)
      : same_(same), other_(other), kinds_(kinds), is_variational_(is_variational) {}
  void write(std::int32_t worker, MatrixView<const double> counts, MatrixView<double> log_table) override;
  [[nodiscard]] double pseudo_count(std::int32_t answer, std::int32_t state) const override {
    return state / kinds_ == answer ? same_ : other_;
  }

 private:
  double same_, other_;
  std::int32_t kinds_;
  bool is_variational_;
};

/// Knows, or answers by a habit of his own whatever the truth.
class SpamRule final : public WorkerRule {
 public:
  SpamRule(std::int32_t n_workers, std::int32_t n_classes);
  void write(std::int32_t worker, MatrixView<const double> counts, MatrixView<double> log_table) override;

 private:
  std::vector<double> knowing_;
  Matrix<double> habits_;  // workers x answers
};

/// AWS's: see ground_truth_compat.
class GroundTruthRule final : public WorkerRule {
 public:
  explicit GroundTruthRule(std::int32_t n_workers);
  void write(std::int32_t worker, MatrixView<const double> counts, MatrixView<double> log_table) override;
  void finish() override;

 private:
  std::vector<double> accuracies_;
  double prior_ = 0.7;
};

}  // namespace gtlabel::detail
