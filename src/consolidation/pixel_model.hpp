#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "consolidation/expectation_maximization.hpp"
#include "consolidation/shared_mistakes.hpp"
#include "consolidation/worker_tables.hpp"

namespace gtlabel::detail {

/// Pixels whose class is to be decided, and what lies around them.
struct PixelNeighbors {
  /// Four entries per pixel: an undecided neighbour, or -1. Across a border that most people draw there is none.
  std::vector<std::int32_t> undecided;
  /// (pixels x classes): number of neighbours whose class is settled.
  Matrix<float> settled;
};

/// One accuracy per worker, half of it his own and half everybody's however many pixels he decided: an outline is one
/// decision, and thousands of pixels that follow from it say little more of him than one would.
class OutlineRule final : public WorkerRule {
 public:
  explicit OutlineRule(std::int32_t n_workers)
      : right_(static_cast<std::size_t>(n_workers)), total_(static_cast<std::size_t>(n_workers)) {}

  void write(std::int32_t worker, MatrixView<const double> counts, MatrixView<double> log_table) override {
    double right = 0.0, total = 0.0;
    for (std::ptrdiff_t a = 0; a < counts.rows; ++a) {
      right += counts(a, a);
      for (const double count : counts.row(a)) total += count;
    }
    right_[static_cast<std::size_t>(worker)] = right;
    total_[static_cast<std::size_t>(worker)] = total;
    const double accuracy = 0.5 * right / total + 0.5 * everybody_;
    const double wrong = (1.0 - accuracy) / static_cast<double>(counts.rows - 1);
    for (std::ptrdiff_t a = 0; a < counts.rows; ++a) {
      for (std::ptrdiff_t s = 0; s < counts.cols; ++s) log_table(a, s) = std::log(a == s ? accuracy : wrong);
    }
  }

  void finish() override {
    double right = kPriorRight, total = kPriorTotal;
    for (const double value : right_) right += value;
    for (const double value : total_) total += value;
    everybody_ = right / total;
  }

 private:
  static constexpr double kPriorRight = 8.0, kPriorTotal = 10.0;
  std::vector<double> right_, total_;
  double everybody_ = kPriorRight / kPriorTotal;
};

/// Another model's answers, and neighbours that speak for their own classes: mean field, each iteration from the
/// posteriors of the one before.
class PixelModel final : public AnswerModel {
 public:
  /// @param is_discounted  answers' log-likelihoods are divided by the design effect. Borrows all.
  PixelModel(const VoteTable& votes, AnswerModel& answers, const PixelNeighbors& neighbors, double smoothness,
             bool is_discounted)
      : votes_(votes),
        answers_(answers),
        neighbors_(neighbors),
        smoothness_(smoothness),
        is_discounted_(is_discounted) {}

  [[nodiscard]] std::int32_t n_states() const override { return answers_.n_states(); }

  void learn(MatrixView<const double> posteriors) override {
    answers_.learn(posteriors);
    before_.assign(posteriors.data, posteriors.data + posteriors.rows * posteriors.cols);
  }

  void add_log_likelihoods(std::int32_t pixel, std::span<double> out) const override {
    const double n = is_discounted_ ? design_effect(static_cast<double>(votes_.of_item(pixel).size())) : 1.0;
    for (double& value : out) value *= n;
    answers_.add_log_likelihoods(pixel, out);
    for (double& value : out) value /= n;
    const auto settled = neighbors_.settled.row(pixel);
    for (std::size_t c = 0; c < out.size(); ++c) out[c] += smoothness_ * static_cast<double>(settled[c]);
    for (std::ptrdiff_t side = 0; side < 4; ++side) {
      const std::int32_t neighbor = neighbors_.undecided[std::ptrdiff_t{pixel} * 4 + side];
      if (neighbor < 0) continue;
      const double* posterior = before_.data() + neighbor * std::ssize(out);
      for (std::size_t c = 0; c < out.size(); ++c) out[c] += smoothness_ * posterior[c];
    }
  }

 private:
  const VoteTable& votes_;
  AnswerModel& answers_;
  const PixelNeighbors& neighbors_;
  double smoothness_;
  bool is_discounted_;
  std::vector<double> before_;  // posteriors, pixels x classes
};

}  // namespace gtlabel::detail
