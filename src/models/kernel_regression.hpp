#pragma once

#include <cstddef>
#include <functional>

#include "gtlabel/core/executor.hpp"
#include "gtlabel/models/training_set.hpp"
#include "models/inverse_cholesky.hpp"
#include "support/eigen.hpp"

namespace gtlabel::detail {

/// The smoothed class shares of labels: their weighted mean target with one observation more, equally of all classes.
class ClassPrior {
 public:
  explicit ClassPrior(const TrainingSet& training);
  [[nodiscard]] Eigen::RowVectorXd all() const { return sums_ / sums_.sum(); }
  /// Without the label at a position.
  [[nodiscard]] Eigen::RowVectorXd without(std::ptrdiff_t position) const;

 private:
  const TrainingSet& training_;
  Eigen::RowVectorXd sums_;
};

/// k(x, y) = exp(-|x - y|^2 / 2) of all pairs of rows. `a_half`, `b_half`: half the squared norms of the rows.
void gaussian_kernel(const Eigen::Ref<const RowMatrix>& a, const Eigen::Ref<const Eigen::VectorXf>& a_half,
                     const Eigen::Ref<const RowMatrix>& b, const Eigen::Ref<const Eigen::VectorXf>& b_half,
                     Eigen::Ref<RowMatrix> out);

/// What one fit gives: f(x) = prior + sum_j k(x, x_j) coefficients_j over the landmarks x_j, and the value at each
/// label of the function that is fitted without it (its share of the prior included).
struct KernelFit {
  Eigen::RowVectorXd prior;
  RowMatrix coefficients;   // landmarks x classes
  RowMatrix leave_one_out;  // labels x classes
};

/// Regularised least squares with a Gaussian kernel of unit width on the rows of the labelled items:
///   min  sum_i weight_i |f(x_i) - y_i|^2 + noise |f - prior|^2   (the norm of the kernel's function space).
/// Up to `max_landmarks` labels: f spans the kernel functions of all of them (Rifkin, Yeo and Poggio 2003); leave-one-
/// out values from the inverse of the kernel matrix (Rasmussen and Williams 2006, section 5.4.2). Beyond: of the first
/// max_landmarks alone ("subset of regressors", ibid. section 8.3.1), leave-one-out values from the hat matrix, in the
/// orthonormal basis that a Cholesky factor of the landmarks' kernel matrix gives; a landmark is left out both as a
/// label and as a landmark.
///
/// Factors are kept from fit to fit and go on where the labels of the last fit are a prefix of the new ones.
class KernelRegression {
 public:
  KernelRegression(double noise, std::ptrdiff_t max_landmarks) : noise_(noise), max_landmarks_(max_landmarks) {}

  /// @param rows  labels x columns, in units of the kernel's width; those of earlier fits unchanged.
  KernelFit fit(const RowMatrix& rows, const TrainingSet& training, Executor& executor);

 private:
  KernelFit fit_all(const TrainingSet& training, Executor& executor);
  KernelFit fit_landmarks(const TrainingSet& training, Executor& executor);
  void grow_features(Executor& executor);
  void grow_moments(const Eigen::VectorXf& weights, Executor& executor);

  double noise_;
  std::ptrdiff_t max_landmarks_;
  RowMatrix rows_;
  Eigen::VectorXf half_norms_;

  InverseCholesky factor_;  // of the kernel matrix with the noise of the labels, or of the landmarks' kernel matrix
  Eigen::VectorXd diagonal_;
  RowMatrix whitening_;  // factor_ of the landmarks
  RowMatrix features_;   // labels x landmarks
  std::ptrdiff_t n_features_ = 0;
  RealMatrix moments_;  // weighted second moments of the features, lower triangle in tiles
  std::ptrdiff_t n_moments_ = 0;
  Eigen::VectorXf moment_weights_;
};

}  // namespace gtlabel::detail
