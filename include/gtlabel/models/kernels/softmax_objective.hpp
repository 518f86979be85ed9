#pragma once

#include <Eigen/Core>
#include <cmath>

namespace gtlabel {

/// The penalised cross-entropy of a linear softmax model, for minimize_lbfgs:
///   sum_i w_i CE(y_i, softmax(logits_i)) + l2 / 2 |W|^2, the intercept b unpenalised.
/// Along a line the logits are linear, so a line search costs rows x classes and no product with the samples.
///
/// Geometry says what a vector of coordinates is (weights themselves, or coefficients in the span of the samples):
///   double weight_dot(u, v) const;              // inner product of the weights that are penalised
///   double dot(u, v) const;                     // inner product that gradients belong to
///   void logits(v, RowMatrix& out);             // rows x classes, linear in v
///   void gradient(residual, l2, x, out);        // of X^T residual + l2 W and the column sums, by that inner product
/// Targets (rows x classes), weights (rows) and the geometry are borrowed. A row of weight 0 has no influence.
template <class Geometry>
class SoftmaxObjective {
 public:
  using Vector = Eigen::VectorXf;
  using RowMatrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

  SoftmaxObjective(Geometry& geometry, const RowMatrix& targets, const Vector& weights, double l2)
      : geometry_(geometry), targets_(targets), weights_(weights), l2_(l2) {}

  [[nodiscard]] double dot(const Vector& u, const Vector& v) const { return geometry_.dot(u, v); }

  double start(const Vector& x, Vector& out) {
    geometry_.logits(x, base_);
    ray_.setZero(base_.rows(), base_.cols());
    set_lines(x, Vector::Zero(x.size()));
    double slope = 0.0;
    const double value = try_step(0.0, slope);
    set_gradient(x, out);
    return value;
  }

  void aim(const Vector& x, const Vector& direction) {
    geometry_.logits(direction, ray_);
    set_lines(x, direction);
  }

  double try_step(double step, double& slope) {
    step_ = static_cast<float>(step);
    probabilities_ = base_ + step_ * ray_;
    double loss = 0.0;
    shift_ = probabilities_.rowwise().maxCoeff();
    probabilities_.colwise() -= shift_;
    probabilities_.array() = probabilities_.array().exp();
    slope = l2_ * (x_direction_ + step * direction_square_) - linear_slope_;
    for (Eigen::Index r = 0; r < probabilities_.rows(); ++r) {
      if (weights_[r] == 0.0F) continue;
      const float sum = probabilities_.row(r).sum();
      probabilities_.row(r) /= sum;
      loss += weights_[r] * (static_cast<double>(shift_[r]) + std::log(sum));
      slope += static_cast<double>(weights_[r]) * probabilities_.row(r).dot(ray_.row(r));
    }
    const double square = x_square_ + 2.0 * step * x_direction_ + step * step * direction_square_;
    return loss - linear_ - step * linear_slope_ + l2_ / 2.0 * square;
  }

  /// At x = the last trial, which becomes the new base.
  void gradient(const Vector& x, Vector& out) {
    base_ += step_ * ray_;
    set_gradient(x, out);
  }

 private:
  void set_lines(const Vector& x, const Vector& direction) {
    linear_ = linear_slope_ = 0.0;
    for (Eigen::Index r = 0; r < base_.rows(); ++r) {
      if (weights_[r] == 0.0F) continue;
      linear_ += static_cast<double>(weights_[r]) * targets_.row(r).dot(base_.row(r));
      linear_slope_ += static_cast<double>(weights_[r]) * targets_.row(r).dot(ray_.row(r));
    }
    x_square_ = geometry_.weight_dot(x, x);
    x_direction_ = geometry_.weight_dot(x, direction);
    direction_square_ = geometry_.weight_dot(direction, direction);
  }

  void set_gradient(const Vector& x, Vector& out) {
    residual_ = weights_.asDiagonal() * (probabilities_ - targets_);
    geometry_.gradient(residual_, static_cast<float>(l2_), x, out);
  }

  Geometry& geometry_;
  const RowMatrix& targets_;
  const Vector& weights_;
  double l2_;
  RowMatrix base_, ray_, probabilities_, residual_;
  Vector shift_;
  float step_ = 0.0F;
  double linear_ = 0.0, linear_slope_ = 0.0;
  double x_square_ = 0.0, x_direction_ = 0.0, direction_square_ = 0.0;
};

}  // namespace gtlabel
