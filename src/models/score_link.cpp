#include "models/score_link.hpp"

#include <algorithm>
#include <vector>

#include "models/held_coefficient.hpp"

namespace gtlabel::detail {
namespace {

using std::ptrdiff_t;

// Usual values of the coefficients, and how far they stray: measured on pools of images and tables.
constexpr std::array<double, 2> kUsual = {4.0, 0.5};
constexpr std::array<double, 2> kSpread = {4.0, 0.5};
constexpr int kNewtonSteps = 30;
constexpr double kLargest = 1e3;

Eigen::Array<float, 1, Eigen::Dynamic> log_scores(const Eigen::Ref<const Eigen::RowVectorXf>& scores) {
  return scores.array().max(ScoreLink::kLeastScore).log();
}

}  // namespace

ScoreLink::ScoreLink(std::span<const double> coefficients) {
  std::copy_n(coefficients.begin(), coefficients_.size(), coefficients_.begin());
}

bool ScoreLink::is_sound(std::span<const double> coefficients) {
  return coefficients.size() == kUsual.size() &&
         std::all_of(coefficients.begin(), coefficients.end(),
                     [](double value) { return value >= 0.0 && value <= kLargest; });
}

ScoreLink ScoreLink::fit(const RowMatrix& scores, const TrainingSet& training) {
  const ptrdiff_t n = scores.rows(), k = scores.cols();
  const ptrdiff_t sample = std::min(n, std::max<ptrdiff_t>(1, kMaxValues / k));
  const Eigen::Array2d spread(kSpread[0], kSpread[1]);
  const Eigen::Array2d usual = Eigen::Array2d(kUsual[0], kUsual[1]) / spread;
  std::vector<Eigen::Matrix<double, 2, Eigen::Dynamic>> features;  // in units of their coefficients' spread
  for (ptrdiff_t s = 0; s < sample; ++s) {
    const ptrdiff_t i = s * n / sample;
    auto& x = features.emplace_back(2, k);
    x.row(0) = spread[0] * scores.row(i).cast<double>();
    x.row(1) = spread[1] * log_scores(scores.row(i)).cast<double>();
  }
  Eigen::Array2d coefficients = usual;
  Eigen::RowVectorXd p(k), target(k);
  for (int step = 0; step < kNewtonSteps; ++step) {
    Eigen::Vector2d gradient = coefficients - usual;
    Eigen::Matrix2d hessian = Eigen::Matrix2d::Identity();
    for (ptrdiff_t s = 0; s < sample; ++s) {
      const ptrdiff_t i = s * n / sample;
      const auto& x = features[static_cast<std::size_t>(s)];
      p.noalias() = coefficients.matrix().transpose() * x;
      p = (p.array() - p.maxCoeff()).exp();
      p /= p.sum();
      const auto row = training.targets().row(i);
      target = Eigen::Map<const Eigen::RowVectorXf>(row.data(), k).cast<double>();
      const Eigen::Vector2d expected = x * p.transpose();
      const double weight = training.weights()[static_cast<std::size_t>(i)];
      gradient += weight * (expected - x * target.transpose());
      hessian += weight * (x * p.asDiagonal() * x.transpose() - expected * expected.transpose());
    }
    // Coefficients at zero that the gradient pushes further down stay there; the others take the step among themselves.
    for (int j = 0; j < 2; ++j) {
      if (coefficients[j] == 0.0 && gradient[j] >= 0.0) hold_coefficient(j, gradient, hessian);
    }
    const Eigen::Vector2d change = hessian.ldlt().solve(gradient);
    coefficients = (coefficients - change.array() / std::max(1.0, change.cwiseAbs().maxCoeff())).max(0.0);
    if (change.norm() < 1e-4) break;
  }
  const Eigen::Array2d found = (coefficients * spread).min(kLargest);
  return ScoreLink(std::span<const double>(found.data(), 2));
}

void ScoreLink::apply(const Eigen::Ref<const Eigen::RowVectorXf>& scores, std::span<float> out) const {
  Eigen::Map<Eigen::Array<float, 1, Eigen::Dynamic>> p(out.data(), scores.size());
  p = static_cast<float>(coefficients_[0]) * scores.array() + static_cast<float>(coefficients_[1]) * log_scores(scores);
  p = (p - p.maxCoeff()).exp();
  p /= p.sum();
}

}  // namespace gtlabel::detail
