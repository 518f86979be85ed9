#pragma once

#include <algorithm>
#include <cstddef>

#include "models/labelled_rows.hpp"
#include "support/eigen.hpp"

namespace gtlabel::detail {

/// A guess of the least curvature along the way, for stopping rules: the loss is within |gradient|^2 / (2 curvature).
inline constexpr double kLeastCurvature = 0.01;

inline double sum_of_products(const float* a, const float* b, std::ptrdiff_t size) {
  // Blocks in float32, their sums in double: rounding does not grow with the size.
  constexpr std::ptrdiff_t kBlock = 1024;
  double sum = 0.0;
  for (std::ptrdiff_t begin = 0; begin < size; begin += kBlock) {
    const std::ptrdiff_t length = std::min(kBlock, size - begin);
    sum +=
        Eigen::Map<const Eigen::VectorXf>(a + begin, length).dot(Eigen::Map<const Eigen::VectorXf>(b + begin, length));
  }
  return sum;
}

/// Vectors are [A, b, X X^T A, b]: coefficients of the samples, W = X^T A, with their image beside them.
class SpanGeometry {
 public:
  SpanGeometry(const LabelledRows& samples, std::ptrdiff_t n_classes)
      : samples_(samples), n_(samples.size()), k_(n_classes), half_((n_ + 1) * k_) {}

  [[nodiscard]] double weight_dot(const Eigen::VectorXf& u, const Eigen::VectorXf& v) const {
    return sum_of_products(u.data(), v.data() + half_, n_ * k_);
  }
  [[nodiscard]] double dot(const Eigen::VectorXf& u, const Eigen::VectorXf& v) const {
    return weight_dot(u, v) + sum_of_products(u.data() + n_ * k_, v.data() + n_ * k_, k_);
  }
  void logits(const Eigen::VectorXf& v, RowMatrix& out) const {
    out = Eigen::Map<const RowMatrix>(v.data() + half_, n_, k_);
    out.rowwise() += Eigen::Map<const Eigen::RowVectorXf>(v.data() + n_ * k_, k_);
  }
  void gradient(const RowMatrix& residual, float l2, const Eigen::VectorXf& x, Eigen::VectorXf& out) {
    out.head(n_ * k_) = l2 * x.head(n_ * k_);
    out.head(n_ * k_) += Eigen::Map<const Eigen::VectorXf>(residual.data(), n_ * k_);
    samples_.span_product(residual, scratch_, Eigen::Map<RowMatrix>(out.data() + half_, n_, k_));
    out.segment(half_, n_ * k_) += l2 * x.segment(half_, n_ * k_);
    const Eigen::RowVectorXf sums = residual.colwise().sum();
    out.segment(n_ * k_, k_) = sums;
    out.segment(half_ + n_ * k_, k_) = sums;
  }

  [[nodiscard]] Eigen::VectorXf expand(const Eigen::VectorXf& coefficients) {
    Eigen::VectorXf x = Eigen::VectorXf::Zero(2 * half_);
    if (coefficients.size() == 0) return x;
    const std::ptrdiff_t old = coefficients.size() - k_;
    x.head(old) = coefficients.head(old);
    x.segment(n_ * k_, k_) = coefficients.tail(k_);
    x.tail(k_) = coefficients.tail(k_);
    const RowMatrix a = Eigen::Map<const RowMatrix>(x.data(), n_, k_);
    samples_.span_product(a, scratch_, Eigen::Map<RowMatrix>(x.data() + half_, n_, k_));
    return x;
  }
  [[nodiscard]] Eigen::VectorXf compact(const Eigen::VectorXf& x) const { return x.head(half_); }
  /// At least l2; far more where the penalty is weak, because the labels themselves curve the objective.
  [[nodiscard]] double curvature(double l2) const { return std::max(l2, kLeastCurvature); }

 private:
  const LabelledRows& samples_;
  std::ptrdiff_t n_, k_, half_;
  RowMatrix scratch_;
};

/// Vectors are [W / S, b / s]: S and s make the diagonal of the Hessian at the start about 1, which spares most of the
/// iterations where the columns are principal directions.
class WeightGeometry {
 public:
  /// @param start  the weights [W, b] that the optimisation will start from; empty: 0.
  WeightGeometry(const LabelledRows& samples, const Eigen::VectorXf& weights, const Eigen::VectorXf& start, double l2,
                 std::ptrdiff_t n_classes)
      : samples_(samples), size_(samples.dense().cols() * n_classes), k_(n_classes) {
    set_scale(weights, start, static_cast<float>(l2));
  }

  [[nodiscard]] double dot(const Eigen::VectorXf& u, const Eigen::VectorXf& v) const {
    return sum_of_products(u.data(), v.data(), size_ + k_);
  }
  [[nodiscard]] double weight_dot(const Eigen::VectorXf& u, const Eigen::VectorXf& v) const {
    return (u.head(size_).array() * square_.array()).matrix().cast<double>().dot(v.head(size_).cast<double>());
  }
  void logits(const Eigen::VectorXf& v, RowMatrix& out) {
    scaled_ = v.cwiseProduct(scale_);
    out.noalias() = samples_.dense() * Eigen::Map<const RowMatrix>(scaled_.data(), size_ / k_, k_);
    out.rowwise() += Eigen::Map<const Eigen::RowVectorXf>(scaled_.data() + size_, k_);
  }
  void gradient(const RowMatrix& residual, float l2, const Eigen::VectorXf& x, Eigen::VectorXf& out) {
    product_.noalias() = samples_.dense().transpose() * residual;
    out.head(size_) = Eigen::Map<const Eigen::VectorXf>(product_.data(), size_).cwiseProduct(scale_.head(size_));
    out.head(size_) += l2 * square_.cwiseProduct(x.head(size_));
    out.tail(k_) = residual.colwise().sum().transpose().cwiseProduct(scale_.tail(k_));
  }
  [[nodiscard]] Eigen::VectorXf expand(const Eigen::VectorXf& weights) const {
    if (weights.size() == 0) return Eigen::VectorXf::Zero(size_ + k_);
    return weights.cwiseQuotient(scale_);
  }
  [[nodiscard]] Eigen::VectorXf compact(const Eigen::VectorXf& x) const { return x.cwiseProduct(scale_); }
  /// About 1 in these coordinates at the start; much less where the fit grows surer of its labels.
  [[nodiscard]] double curvature(double) const { return kLeastCurvature; }

 private:
  void set_scale(const Eigen::VectorXf& weights, const Eigen::VectorXf& start, float l2) {
    RowMatrix spread;  // p (1 - p) times the label's weight
    scale_.setOnes(size_ + k_);
    if (start.size() > 0) {
      logits(start, spread);
      for (std::ptrdiff_t r = 0; r < spread.rows(); ++r) {
        auto row = spread.row(r).array();
        row = (row - row.maxCoeff()).exp();
        row /= row.sum();
        row *= weights[r] * (1.0F - row);
      }
    } else {
      const auto share = 1.0F / static_cast<float>(k_);
      spread = share * (1.0F - share) * weights.replicate(1, k_);
    }
    const RowMatrix diagonal = samples_.dense().cwiseAbs2().transpose() * spread;
    constexpr float kLeast = 1e-6F;
    scale_.head(size_) =
        (Eigen::Map<const Eigen::ArrayXf>(diagonal.data(), size_) + std::max(l2, kLeast)).rsqrt().matrix();
    scale_.tail(k_) = (spread.colwise().sum().transpose().array() + kLeast).rsqrt().matrix();
    square_ = scale_.head(size_).cwiseAbs2();
  }

  const LabelledRows& samples_;
  std::ptrdiff_t size_, k_;
  Eigen::VectorXf scale_, square_, scaled_;
  RowMatrix product_;
};

}  // namespace gtlabel::detail
