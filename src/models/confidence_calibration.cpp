#include "gtlabel/models/confidence_calibration.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "gtlabel/core/error.hpp"
#include "models/held_coefficient.hpp"
#include "support/eigen.hpp"

namespace gtlabel {
namespace {

constexpr double kLeastProbability = 1e-4;
constexpr int kNewtonSteps = 30;
// A coefficient below this is zero.
constexpr double kZero = 1e-12;

/// Intercept, log odds, log ratio; then for hard items intercept and log odds once more.
using Inputs = Eigen::Matrix<double, 5, 1>;
using Hessian = Eigen::Matrix<double, 5, 5>;

// Prior precisions: how many informative observations it takes to move a coefficient away from the identity.
const Inputs kPriorMean(0.0, 1.0, 0.0, 0.0, 0.0);
const Inputs kPriorPrecision(0.5, 4.0, 4.0, 0.5, 4.0);

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

Inputs inputs_of(const TopTwo& top, bool is_hard) noexcept {
  const double first = std::clamp(top.first, kLeastProbability, 1.0 - kLeastProbability);
  const double second = std::max(top.second, kLeastProbability);
  const double odds = std::log(first / (1.0 - first)), ratio = std::log(std::max(1.0, first / second));
  return is_hard ? Inputs(1.0, odds, ratio, 1.0, odds) : Inputs(1.0, odds, ratio, 0.0, 0.0);
}

/// The step, to be subtracted, that keeps coefficients 1 and 2 at zero where it would take them below.
Inputs newton_change(const Inputs& beta, Inputs gradient, Hessian hessian) {
  Inputs change = hessian.ldlt().solve(gradient);
  for (int pass = 0; pass < 2; ++pass) {
    for (Eigen::Index j = 1; j < 3; ++j) {
      if (beta[j] == 0.0 && change[j] > 0.0) detail::hold_coefficient(j, gradient, hessian);
    }
    change = hessian.ldlt().solve(gradient);
  }
  return change;
}

double logistic(double x) noexcept { return 1.0 / (1.0 + std::exp(-x)); }

}  // namespace

ConfidenceCalibration ConfidenceCalibration::fit(MatrixView<const float> out_of_fold,
                                                 std::span<const ClassIndex> labels,
                                                 std::span<const std::uint8_t> is_random) {
  if (out_of_fold.rows != static_cast<std::ptrdiff_t>(labels.size())) {
    throw InvalidArgument("labels: " + std::to_string(labels.size()) + " given for " +
                              std::to_string(out_of_fold.rows) + " rows of probabilities",
                          ErrorCode::shape_mismatch);
  }
  if (!is_random.empty() && is_random.size() != labels.size()) {
    throw InvalidArgument(
        "is_random: " + std::to_string(is_random.size()) + " given for " + std::to_string(labels.size()) + " labels",
        ErrorCode::shape_mismatch);
  }
  std::vector<std::pair<Inputs, double>> rows;  // inputs, correct or not
  rows.reserve(labels.size());
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const TopTwo top = top_two(out_of_fold.row(static_cast<std::ptrdiff_t>(i)));
    const bool is_hard = !is_random.empty() && is_random[i] == 0;
    rows.emplace_back(inputs_of(top, is_hard), top.first_class == labels[i] ? 1.0 : 0.0);
  }
  Inputs beta = kPriorMean;
  for (int step = 0; step < kNewtonSteps; ++step) {
    Inputs gradient = kPriorPrecision.cwiseProduct(beta - kPriorMean);
    Hessian hessian = kPriorPrecision.asDiagonal();
    for (const auto& [x, correct] : rows) {
      const double p = logistic(beta.dot(x));
      gradient += (p - correct) * x;
      hessian += p * (1.0 - p) * x * x.transpose();
    }
    const Inputs change = newton_change(beta, gradient, hessian);
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
  const Inputs beta(coefficients_[0], coefficients_[1], coefficients_[2], 0.0, 0.0);
  std::vector<float> confidence;
  confidence.reserve(static_cast<std::size_t>(probabilities.rows));
  for (std::ptrdiff_t r = 0; r < probabilities.rows; ++r) {
    confidence.push_back(static_cast<float>(logistic(beta.dot(inputs_of(top_two(probabilities.row(r)), false)))));
  }
  return confidence;
}

}  // namespace gtlabel
