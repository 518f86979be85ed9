#pragma once

#include <cmath>

namespace gtlabel::detail {

/// Sum of logarithms, each of a factor given: one logarithm for many factors, which costs as much as four of their
/// products. Factors are from 1e-250 to 1e250.
class LogSum {
 public:
  void add(double factor) noexcept {
    product_ *= factor;
    if (product_ > kLargest || product_ < 1.0 / kLargest) flush();
  }
  /// The logarithm of a factor beside it.
  void add(double log, double factor) noexcept {
    sum_ += log;
    add(factor);
  }
  [[nodiscard]] double total() const noexcept { return sum_ + std::log(product_); }

 private:
  static constexpr double kLargest = 1e50;
  void flush() noexcept {
    sum_ += std::log(product_);
    product_ = 1.0;
  }

  double sum_ = 0.0, product_ = 1.0;
};

}  // namespace gtlabel::detail
