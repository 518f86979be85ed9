#include "models/kernel_regression.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace gtlabel::detail {
namespace {

using Eigen::RowVectorXd;
using Eigen::VectorXd;
using Eigen::VectorXf;
using std::ptrdiff_t;

// Beyond this weight a label is interpolated anyway; it keeps the kernel matrix well enough conditioned for float64.
constexpr float kLargestWeight = 1000.0F;
// Added to the diagonal of the landmarks' kernel matrix, whose own smallest eigenvalues are below float32's rounding.
constexpr double kJitter = 1e-4;
constexpr std::size_t kLabelBlock = 256;
constexpr ptrdiff_t kTile = 256;
// 1 - the share of an item's own label in its fitted value; 0 would be an item that no other says anything about.
constexpr double kLeastOther = 1e-6;

VectorXf bounded_weights(const TrainingSet& training) {
  const auto weights = training.weights();
  return Eigen::Map<const VectorXf>(weights.data(), std::ssize(weights)).cwiseMin(kLargestWeight);
}

/// The targets with a last column of ones: the response to the prior, which is not the same for every left out item.
RealMatrix with_ones(const TrainingSet& training) {
  const auto targets = training.targets();
  RealMatrix out(targets.rows, targets.cols + 1);
  out.leftCols(targets.cols) = Eigen::Map<const RowMatrix>(targets.data, targets.rows, targets.cols).cast<double>();
  out.rightCols(1).setOnes();
  return out;
}

/// The response to targets - prior, from that to the targets and to ones.
template <class Response>
auto centred(const Response& response, const RowVectorXd& prior) {
  return response.leftCols(prior.size()) - response.rightCols(1) * prior;
}

void for_rows(Executor& executor, ptrdiff_t n, std::size_t chunk,
              const std::function<void(ptrdiff_t begin, ptrdiff_t size)>& body) {
  for_chunks(executor, static_cast<std::size_t>(n), chunk, [&](std::size_t begin, std::size_t end) {
    body(static_cast<ptrdiff_t>(begin), static_cast<ptrdiff_t>(end - begin));
  });
}

/// out = rows * lower^T for a lower triangular matrix.
void triangular_product(const Eigen::Ref<const RowMatrix>& rows, const RowMatrix& lower, Eigen::Ref<RowMatrix> out) {
  for (ptrdiff_t begin = 0; begin < lower.rows(); begin += kTile) {
    const ptrdiff_t size = std::min(kTile, lower.rows() - begin);
    out.middleCols(begin, size).noalias() =
        rows.leftCols(begin + size) * lower.block(begin, 0, size, begin + size).transpose();
  }
}

/// The product of two lower triangular matrices.
RealMatrix lower_product(const Eigen::Ref<const RealMatrix>& a, const Eigen::Ref<const RealMatrix>& b,
                         Executor& executor) {
  RealMatrix out = RealMatrix::Zero(a.rows(), a.rows());
  for_rows(executor, a.rows(), 64, [&](ptrdiff_t begin, ptrdiff_t size) {
    const ptrdiff_t end = begin + size;
    for (ptrdiff_t left = 0; left < end; left += kTile) {
      const ptrdiff_t width = std::min(kTile, end - left);
      out.block(begin, left, size, width).noalias() =
          a.block(begin, left, size, end - left) * b.block(left, left, end - left, width);
    }
  });
  return out;
}

}  // namespace

ClassPrior::ClassPrior(const TrainingSet& training) : training_(training) {
  const ptrdiff_t k = training.n_classes();
  sums_ = RowVectorXd::Constant(k, 1.0 / static_cast<double>(k));
  for (std::size_t p = 0; p < training.size(); ++p) {
    const auto target = training.targets().row(static_cast<ptrdiff_t>(p));
    sums_ += static_cast<double>(training.weights()[p]) *
             Eigen::Map<const Eigen::RowVectorXf>(target.data(), k).cast<double>();
  }
}

RowVectorXd ClassPrior::without(ptrdiff_t position) const {
  const auto target = training_.targets().row(position);
  const double least = 0.5 / static_cast<double>(sums_.size());  // rounding may leave less than the smoothing
  const RowVectorXd own = static_cast<double>(training_.weights()[static_cast<std::size_t>(position)]) *
                          Eigen::Map<const Eigen::RowVectorXf>(target.data(), sums_.size()).cast<double>();
  const RowVectorXd rest = (sums_ - own).cwiseMax(least);
  return rest / rest.sum();
}

void gaussian_kernel(const Eigen::Ref<const RowMatrix>& a, const Eigen::Ref<const VectorXf>& a_half,
                     const Eigen::Ref<const RowMatrix>& b, const Eigen::Ref<const VectorXf>& b_half,
                     Eigen::Ref<RowMatrix> out) {
  out.noalias() = a * b.transpose();
  for (ptrdiff_t r = 0; r < out.rows(); ++r) {
    out.row(r) = (out.row(r).array() - b_half.transpose().array() - a_half[r]).min(0.0F).exp();
  }
}

KernelFit KernelRegression::fit(const RowMatrix& rows, const TrainingSet& training, Executor& executor) {
  if (rows_.rows() <= max_landmarks_ && rows.rows() > max_landmarks_) {  // another matrix is factored from now on
    factor_.truncate(0);
    diagonal_.resize(0);
  }
  rows_ = rows;
  half_norms_ = rows_.rowwise().squaredNorm() / 2.0F;
  return rows_.rows() <= max_landmarks_ ? fit_all(training, executor) : fit_landmarks(training, executor);
}

KernelFit KernelRegression::fit_all(const TrainingSet& training, Executor& executor) {
  const ptrdiff_t n = rows_.rows(), k = training.n_classes();
  const VectorXd diagonal = noise_ * bounded_weights(training).cast<double>().cwiseInverse();
  const ptrdiff_t known = std::min(diagonal_.size(), n);
  ptrdiff_t same = 0;
  while (same < known && diagonal_[same] == diagonal[same]) ++same;
  factor_.truncate(same);
  diagonal_ = diagonal;
  factor_.grow(
      n,
      [&](ptrdiff_t first, RealMatrix& block) {
        RowMatrix values(block.rows(), block.cols());
        gaussian_kernel(rows_.middleRows(first, block.rows()), half_norms_.segment(first, block.rows()),
                        rows_.topRows(block.cols()), half_norms_.head(block.cols()), values);
        block = values.cast<double>();
        block.rightCols(block.rows()).diagonal() = VectorXd::Ones(block.rows()) + diagonal.segment(first, block.rows());
      },
      executor);
  const RealMatrix targets = with_ones(training);
  const RealMatrix response = factor_.solve(targets, executor);
  const VectorXd inverse_diagonal = factor_.inverse_diagonal(executor);

  const ClassPrior prior(training);
  KernelFit fit{prior.all(), {}, RowMatrix(n, k)};
  fit.coefficients = centred(response, fit.prior).cast<float>();
  for (ptrdiff_t i = 0; i < n; ++i) {
    const RowVectorXd residual = centred(response.row(i), prior.without(i)) / inverse_diagonal[i];
    fit.leave_one_out.row(i) = (targets.row(i).head(k) - residual).cast<float>();
  }
  return fit;
}

void KernelRegression::grow_features(Executor& executor) {
  const ptrdiff_t n = rows_.rows(), m = max_landmarks_;
  if (factor_.size() == 0) {
    factor_.grow(
        m,
        [&](ptrdiff_t first, RealMatrix& block) {
          RowMatrix values(block.rows(), block.cols());
          gaussian_kernel(rows_.middleRows(first, block.rows()), half_norms_.segment(first, block.rows()),
                          rows_.topRows(block.cols()), half_norms_.head(block.cols()), values);
          block = values.cast<double>();
          block.rightCols(block.rows()).diagonal().setConstant(1.0 + kJitter);
        },
        executor);
    whitening_ = factor_.matrix().cast<float>();
    n_features_ = n_moments_ = 0;
  }
  if (features_.rows() < n) features_.conservativeResize(std::max(n, features_.rows() * 5 / 4), m);
  const ptrdiff_t first = n_features_ / static_cast<ptrdiff_t>(kLabelBlock) * static_cast<ptrdiff_t>(kLabelBlock);
  for_rows(executor, n - first, kLabelBlock, [&](ptrdiff_t offset, ptrdiff_t size) {
    const ptrdiff_t begin = first + offset;
    RowMatrix values(size, m);
    gaussian_kernel(rows_.middleRows(begin, size), half_norms_.segment(begin, size), rows_.topRows(m),
                    half_norms_.head(m), values);
    triangular_product(values, whitening_, features_.middleRows(begin, size));
  });
  n_features_ = n;
}

/// Second moments over the full blocks of labels; the last, shorter one is for the caller to add.
void KernelRegression::grow_moments(const VectorXf& weights, Executor& executor) {
  const ptrdiff_t m = max_landmarks_, block = kLabelBlock;
  const ptrdiff_t known = std::min(n_moments_, weights.size());
  if (n_moments_ == 0 || moment_weights_.head(known) != weights.head(known)) {
    moments_ = RealMatrix::Zero(m, m);
    n_moments_ = 0;
  }
  const ptrdiff_t full = weights.size() / block * block, tiles = (m + kTile - 1) / kTile;
  if (full > n_moments_) {
    const ptrdiff_t first = n_moments_;
    n_moments_ = 0;  // until all is well
    executor.run(static_cast<std::size_t>(tiles * tiles), [&](std::size_t task) {
      const ptrdiff_t r = static_cast<ptrdiff_t>(task) / tiles * kTile,
                      c = static_cast<ptrdiff_t>(task) % tiles * kTile;
      if (c > r) return;
      const ptrdiff_t height = std::min(kTile, m - r), width = std::min(kTile, m - c);
      for (ptrdiff_t begin = first; begin < full; begin += block) {
        const auto right = features_.block(begin, c, block, width);
        const RowMatrix left = weights.segment(begin, block).asDiagonal() * features_.block(begin, r, block, height);
        const RowMatrix product = left.transpose() * right;
        moments_.block(r, c, height, width) += product.cast<double>();
      }
    });
    n_moments_ = full;
  }
  moment_weights_ = weights;
}

KernelFit KernelRegression::fit_landmarks(const TrainingSet& training, Executor& executor) {
  const ptrdiff_t n = rows_.rows(), m = max_landmarks_, k = training.n_classes();
  const VectorXf weights = bounded_weights(training);
  grow_features(executor);
  grow_moments(weights, executor);

  const ptrdiff_t rest = n - n_moments_;
  const RowMatrix last = features_.middleRows(n_moments_, rest);
  const RowMatrix weighted_last = weights.tail(rest).asDiagonal() * last;
  InverseCholesky posterior;
  posterior.grow(
      m,
      [&](ptrdiff_t first, RealMatrix& block) {
        const RowMatrix product =
            weighted_last.middleCols(first, block.rows()).transpose() * last.leftCols(block.cols());
        block = moments_.block(first, 0, block.rows(), block.cols()) + product.cast<double>();
        block.rightCols(block.rows()).diagonal().array() += noise_;
      },
      executor);

  const RealMatrix targets = with_ones(training);
  const RowMatrix weighted = weights.asDiagonal() * targets.cast<float>();
  RealMatrix right(m, k + 1);
  for_rows(executor, m, 64, [&](ptrdiff_t begin, ptrdiff_t size) {
    const RowMatrix product = features_.block(0, begin, n, size).transpose() * weighted;
    right.middleRows(begin, size) = product.cast<double>();
  });
  const RealMatrix response = posterior.solve(right, executor);

  const RealMatrix raw = factor_.matrix().transpose() * response;  // the same on the landmarks' kernel functions
  // Left out, a landmark's own function goes too: else it would be spent on the residuals of its neighbours.
  const RealMatrix root = lower_product(posterior.matrix(), factor_.matrix(), executor);
  const VectorXd variance = root.colwise().squaredNorm().transpose();

  const ClassPrior prior(training);
  KernelFit fit{prior.all(), centred(raw, prior.all()).cast<float>(), RowMatrix(n, k)};
  const RowMatrix response32 = response.cast<float>(), spread = posterior.matrix().cast<float>();
  for_rows(executor, n, kLabelBlock, [&](ptrdiff_t begin, ptrdiff_t size) {
    const auto features = features_.middleRows(begin, size);
    const RealMatrix fitted = (features * response32).cast<double>();
    RowMatrix spread_features(size, m);
    triangular_product(features, spread, spread_features);
    for (ptrdiff_t r = 0; r < size; ++r) {
      const ptrdiff_t i = begin + r;
      double own = spread_features.row(r).squaredNorm();
      RowVectorXd value = fitted.row(r);
      if (i < m) {
        const double share = spread_features.row(r).cast<double>().dot(root.col(i).transpose());
        own = std::max(0.0, own - share * share / variance[i]);
        value -= share / variance[i] * raw.row(i);
      }
      own *= static_cast<double>(weights[i]);
      const RowVectorXd mean = prior.without(i), target = targets.row(i).head(k) - mean;
      fit.leave_one_out.row(i) =
          (mean + (centred(value, mean) - own * target) / std::max(kLeastOther, 1.0 - own)).cast<float>();
    }
  });
  return fit;
}

}  // namespace gtlabel::detail
