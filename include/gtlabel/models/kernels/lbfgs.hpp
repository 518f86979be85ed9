#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace gtlabel {

struct LbfgsOptions {
  int max_iterations = 200;
  int n_pairs = 10;
  double gradient_tolerance = 1e-3;  ///< stop at |gradient| <= this, in the norm of the problem
};

struct LbfgsResult {
  int n_iterations = 0;
  double value = 0.0;
  double gradient_norm = 0.0;
  bool converged = false;
};

namespace detail {

/// The last curvature pairs and the two-loop recursion (Nocedal and Wright, Numerical Optimization, algorithm 7.4).
template <class Problem>
class LbfgsMemory {
 public:
  LbfgsMemory(const Problem& problem, int n_pairs) : problem_(problem), n_pairs_(static_cast<std::size_t>(n_pairs)) {}

  void clear() { size_ = 0; }

  /// step = x_new - x, change = g_new - g; skipped where the curvature is not safely positive.
  void add(const Eigen::VectorXf& step, const Eigen::VectorXf& change) {
    const double curvature = problem_.dot(step, change);
    const double scale = problem_.dot(change, change);
    if (!(curvature > 1e-10 * scale)) return;
    if (pairs_.size() < n_pairs_ && size_ == pairs_.size()) pairs_.emplace_back();
    if (size_ == n_pairs_) {
      std::rotate(pairs_.begin(), pairs_.begin() + 1, pairs_.end());
    } else {
      ++size_;
    }
    pairs_[size_ - 1].step = step;
    pairs_[size_ - 1].change = change;
    pairs_[size_ - 1].inverse_curvature = 1.0 / curvature;
    initial_scale_ = curvature / scale;
  }

  /// direction = -H gradient.
  void direction(const Eigen::VectorXf& gradient, Eigen::VectorXf& direction) {
    direction = -gradient;
    if (size_ == 0) return;
    coefficients_.resize(size_);
    for (std::size_t i = size_; i-- > 0;) {
      coefficients_[i] = pairs_[i].inverse_curvature * problem_.dot(pairs_[i].step, direction);
      direction -= static_cast<float>(coefficients_[i]) * pairs_[i].change;
    }
    direction *= static_cast<float>(initial_scale_);
    for (std::size_t i = 0; i < size_; ++i) {
      const double b = pairs_[i].inverse_curvature * problem_.dot(pairs_[i].change, direction);
      direction += static_cast<float>(coefficients_[i] - b) * pairs_[i].step;
    }
  }

 private:
  struct Pair {
    Eigen::VectorXf step, change;
    double inverse_curvature = 0.0;
  };
  const Problem& problem_;
  std::size_t n_pairs_, size_ = 0;
  double initial_scale_ = 1.0;
  std::vector<Pair> pairs_;
  std::vector<double> coefficients_;
};

/// A step along the aimed direction that fulfils the weak Wolfe conditions of a convex function, by bracketing and
/// secant steps on the slope; 0 if none was found. The last trial of the problem is the returned step.
template <class Problem>
double wolfe_step(Problem& problem, double value, double slope, double first, double& new_value) {
  constexpr double kDecrease = 1e-4, kCurvature = 0.9, kGrowth = 4.0;
  double low = 0.0, low_slope = slope, high = 0.0, high_slope = 0.0, step = first;
  for (int trial = 0; trial < 30; ++trial) {
    double trial_slope = 0.0;
    new_value = problem.try_step(step, trial_slope);
    // Near the optimum values differ by less than their rounding; the slope still tells.
    const double rounding = 1e-7 * std::fabs(value);
    const bool decreased = new_value <= value + kDecrease * step * slope + rounding;
    if (decreased && std::fabs(trial_slope) <= kCurvature * std::fabs(slope)) return step;
    if (decreased && trial_slope < 0.0) {
      low = step;
      low_slope = trial_slope;
    } else {
      high = step;
      high_slope = trial_slope;
    }
    if (high == 0.0) {
      step *= kGrowth;
      continue;
    }
    const double share = high_slope > 0.0 ? -low_slope / (high_slope - low_slope) : 0.5;
    step = low + std::clamp(share, 0.1, 0.9) * (high - low);
  }
  return 0.0;
}

}  // namespace detail

/// Minimises a smooth convex function by limited-memory BFGS (Liu and Nocedal, Math. Programming 45, 1989), from `x`.
///
/// The problem chooses its own inner product, so it may keep vectors in any linear coordinates (e.g. a span of
/// samples). Problem:
///   double dot(const Eigen::VectorXf& u, const Eigen::VectorXf& v) const;       // inner product
///   double start(const Eigen::VectorXf& x, Eigen::VectorXf& gradient);          // value and gradient at x
///   void aim(const Eigen::VectorXf& x, const Eigen::VectorXf& direction);       // prepares try_step
///   double try_step(double step, double& slope);                                // value and slope at x + step *
///   direction void gradient(const Eigen::VectorXf& x, Eigen::VectorXf& gradient);         // at x = the last trial
/// Any number of vectors `n_pairs` x 2 + 5 is held. Deterministic.
template <class Problem>
LbfgsResult minimize_lbfgs(Problem& problem, Eigen::VectorXf& x, const LbfgsOptions& options) {
  detail::LbfgsMemory<Problem> memory(problem, options.n_pairs);
  Eigen::VectorXf gradient(x.size()), previous(x.size()), direction(x.size());
  LbfgsResult result;
  result.value = problem.start(x, gradient);
  bool fresh = true;
  for (;; ++result.n_iterations) {
    result.gradient_norm = std::sqrt(std::max(0.0, problem.dot(gradient, gradient)));
    result.converged = result.gradient_norm <= options.gradient_tolerance;
    if (result.converged || result.n_iterations >= options.max_iterations) return result;
    memory.direction(gradient, direction);
    const double slope = problem.dot(gradient, direction);
    if (!(slope < 0.0)) {
      if (fresh) return result;
      memory.clear();
      fresh = true;
      continue;
    }
    problem.aim(x, direction);
    double value = result.value;
    const double first = fresh ? std::min(1.0, 1.0 / result.gradient_norm) : 1.0;
    const double step = detail::wolfe_step(problem, result.value, slope, first, value);
    if (step == 0.0) {
      if (fresh) return result;
      memory.clear();
      fresh = true;
      continue;
    }
    direction *= static_cast<float>(step);
    x += direction;
    previous.swap(gradient);
    problem.gradient(x, gradient);
    previous = gradient - previous;
    memory.add(direction, previous);
    result.value = value;
    fresh = false;
  }
}

}  // namespace gtlabel
