#pragma once

#include <algorithm>
#include <cstddef>

#include "models/labelled_rows.hpp"
#include "support/eigen.hpp"

namespace gtlabel::detail {

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
  [[nodiscard]] double bias_dot(const Eigen::VectorXf& u, const Eigen::VectorXf& v) const {
    return sum_of_products(u.data() + n_ * k_, v.data() + n_ * k_, k_);
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

 private:
  const LabelledRows& samples_;
  std::ptrdiff_t n_, k_, half_;
  RowMatrix scratch_;
};

/// Vectors are [W, b].
class WeightGeometry {
 public:
  WeightGeometry(const LabelledRows& samples, std::ptrdiff_t n_classes)
      : samples_(samples), size_(samples.n_features() * n_classes), k_(n_classes) {}

  [[nodiscard]] double weight_dot(const Eigen::VectorXf& u, const Eigen::VectorXf& v) const {
    return sum_of_products(u.data(), v.data(), size_);
  }
  [[nodiscard]] double bias_dot(const Eigen::VectorXf& u, const Eigen::VectorXf& v) const {
    return sum_of_products(u.data() + size_, v.data() + size_, k_);
  }
  void logits(const Eigen::VectorXf& v, RowMatrix& out) const {
    out.noalias() = samples_.dense() * Eigen::Map<const RowMatrix>(v.data(), size_ / k_, k_);
    out.rowwise() += Eigen::Map<const Eigen::RowVectorXf>(v.data() + size_, k_);
  }
  void gradient(const RowMatrix& residual, float l2, const Eigen::VectorXf& x, Eigen::VectorXf& out) {
    samples_.transposed_product(residual, product_);
    out.head(size_) = l2 * x.head(size_);
    out.head(size_) += Eigen::Map<const Eigen::VectorXf>(product_.data(), size_);
    out.tail(k_) = residual.colwise().sum();
  }
  [[nodiscard]] Eigen::VectorXf expand(const Eigen::VectorXf& weights) const {
    return weights.size() > 0 ? weights : Eigen::VectorXf::Zero(size_ + k_);
  }
  [[nodiscard]] Eigen::VectorXf compact(const Eigen::VectorXf& x) const { return x; }

 private:
  const LabelledRows& samples_;
  std::ptrdiff_t size_, k_;
  RowMatrix product_;
};

}  // namespace gtlabel::detail
