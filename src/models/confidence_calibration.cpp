#include "gtlabel/models/confidence_calibration.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "gtlabel/core/error.hpp"
#include "support/eigen.hpp"

namespace gtlabel {
namespace {

constexpr double kLeastProbability = 1e-4;
constexpr int kNewtonSteps = 30;
// A coefficient below this is zero.
constexpr double kZero = 1e-12;
// Prior precisions: how many informative observations it takes to move a coefficient away from the identity.
const Eigen::Vector3d kPriorMean(0.0, 1.0, 0.0);
const Eigen::Vector3d kPriorPrecision(0.5, 4.0, 4.0);

struct TopTwo {
  ClassIndex first_class = 0;
  double first = 0.0, second = 0.0;
};

TopTwo top_two(std::span<const float> row) noexcept {
  TopTwo top;
  for (std::size_t c = 0; c < row.size(); ++c) {
    const double p = row[c];
    if (p > top.first) {
      top.second = std::exchange(top.first, p);
      top.first_class = static_cast<ClassIndex>(c);
    } else if (p > top.second) {
      top.second = p;
    }
  }
  return top;
}

Eigen::Vector3d inputs_of(const TopTwo& top) noexcept {
  const double first = std::clamp(top.first, kLeastProbability, 1.0 - kLeastProbability);
  const double second = std::max(top.second, kLeastProbability);
  return {1.0, std::log(first / (1.0 - first)), std::log(std::max(1.0, first / second))};
}

/// The step, to be subtracted, that keeps coefficients 1 and 2 at zero where it would take them below.
Eigen::Vector3d newton_change(const Eigen::Vector3d& beta, Eigen::Vector3d gradient, Eigen::Matrix3d hessian) {
  Eigen::Vector3d change = hessian.ldlt().solve(gradient);
  for (int pass = 0; pass < 2; ++pass) {
    for (Eigen::Index j = 1; j < 3; ++j) {
      if (beta[j] > 0.0 || change[j] <= 0.0) continue;
      gradient[j] = 0.0;
      hessian.row(j).setZero();
      hessian.col(j).setZero();
      hessian(j, j) = 1.0;
    }
    change = hessian.ldlt().solve(gradient);
  }
  return change;
}

double logistic(double x) noexcept { return 1.0 / (1.0 + std::exp(-x)); }

}  // namespace

ConfidenceCalibration ConfidenceCalibration::fit(MatrixView<const float> out_of_fold,
                                                 std::span<const ClassIndex> labels, std::span<const float> weights) {
  if (out_of_fold.rows != static_cast<std::ptrdiff_t>(labels.size())) {
    throw InvalidArgument("labels: " + std::to_string(labels.size()) + " given for " +
                              std::to_string(out_of_fold.rows) + " rows of probabilities",
                          ErrorCode::shape_mismatch);
  }
  if (!weights.empty() && weights.size() != labels.size()) {
    throw InvalidArgument(
        "weights: " + std::to_string(weights.size()) + " given for " + std::to_string(labels.size()) + " labels",
        ErrorCode::shape_mismatch);
  }
  std::vector<std::pair<Eigen::Vector3d, double>> rows;  // inputs, correct or not
  rows.reserve(labels.size());
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const TopTwo top = top_two(out_of_fold.row(static_cast<std::ptrdiff_t>(i)));
    rows.emplace_back(inputs_of(top), top.first_class == labels[i] ? 1.0 : 0.0);
  }
  Eigen::Vector3d beta = kPriorMean;
  for (int step = 0; step < kNewtonSteps; ++step) {
    Eigen::Vector3d gradient = kPriorPrecision.cwiseProduct(beta - kPriorMean);
    Eigen::Matrix3d hessian = kPriorPrecision.asDiagonal();
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto& [x, correct] = rows[i];
      const double weight = weights.empty() ? 1.0 : weights[i];
      const double p = logistic(beta.dot(x));
      gradient += weight * (p - correct) * x;
      hessian += weight * p * (1.0 - p) * x * x.transpose();
    }
    const Eigen::Vector3d change = newton_change(beta, gradient, hessian);
    // Damped: the log odds are clipped at 9.2, so a step of size 1 per coefficient cannot jump over the optimum by
    // much. And shortened where a coefficient reaches zero: the others' steps count on it as it was.
    double scale = 1.0 / std::max(1.0, change.cwiseAbs().maxCoeff());
    for (Eigen::Index j = 1; j < 3; ++j) {
      if (scale * change[j] > beta[j]) scale = beta[j] / change[j];
    }
    beta -= scale * change;
    for (Eigen::Index j = 1; j < 3; ++j) {
      if (beta[j] < kZero) beta[j] = 0.0;
    }
    if (change.norm() < 1e-8) break;
  }
  ConfidenceCalibration calibration;
  calibration.coefficients_ = {beta[0], beta[1], beta[2]};
  return calibration;
}

std::vector<float> ConfidenceCalibration::confidence(MatrixView<const float> probabilities) const {
  const Eigen::Vector3d beta(coefficients_[0], coefficients_[1], coefficients_[2]);
  std::vector<float> confidence;
  confidence.reserve(static_cast<std::size_t>(probabilities.rows));
  for (std::ptrdiff_t r = 0; r < probabilities.rows; ++r) {
    confidence.push_back(static_cast<float>(logistic(beta.dot(inputs_of(top_two(probabilities.row(r)))))));
  }
  return confidence;
}

}  // namespace gtlabel
