#pragma once

#include <Eigen/Core>
#include <cmath>
#include <cstddef>
#include <vector>

#include "gtlabel/core/executor.hpp"

namespace gtlabel {

struct ConjugateGradientOptions {
  int max_iterations = 200;
  double tolerance = 1e-3;  ///< a column is done when sqrt(r' D^-1 r) <= this, D the diagonal of its system
};

struct ConjugateGradientResult {
  int n_iterations = 0;
  bool converged = false;
};

/// Solves one symmetric positive definite system per column at once, by conjugate gradients with diagonal
/// preconditioning (Hestenes and Stiefel 1952; Saad, Iterative Methods for Sparse Linear Systems, algorithm 9.1), from
/// the `x` given. All columns share the passes over memory; each has its own step lengths and stops by itself.
///
/// Operator:
///   void apply(begin, end, p, q) const;            // rows [begin, end) of q = A p
///   float inverse_diagonal(row) const;             // the preconditioner, the same for all columns
/// @tparam Columns  the number of columns if known at compile time (several times faster when it is small and a
/// multiple
///                  of 4), else Eigen::Dynamic.
/// @param b  right-hand sides, becomes the residuals.
/// The same bits for any executor: sums are taken per chunk of rows and combined in order.
template <class Operator, int Columns>
ConjugateGradientResult block_conjugate_gradients(const Operator& op,
                                                  Eigen::Matrix<float, Eigen::Dynamic, Columns, Eigen::RowMajor>& b,
                                                  Eigen::Matrix<float, Eigen::Dynamic, Columns, Eigen::RowMajor>& x,
                                                  const ConjugateGradientOptions& options, Executor& executor) {
  using RowMatrix = Eigen::Matrix<float, Eigen::Dynamic, Columns, Eigen::RowMajor>;
  using Row = Eigen::Array<float, 1, Columns>;
  using Sums = Eigen::Array<double, 1, Eigen::Dynamic>;
  constexpr std::size_t kChunk = 256;
  const Eigen::Index n = x.rows(), n_columns = x.cols();
  RowMatrix& r = b;
  RowMatrix p(n, n_columns), q(n, n_columns);
  std::vector<Sums> partial((static_cast<std::size_t>(n) + kChunk - 1) / kChunk);
  // Calls body(row, sums) for every row; returns the sums of each column.
  const auto pass = [&](auto&& body) {
    for_chunks(executor, static_cast<std::size_t>(n), kChunk, [&](std::size_t begin, std::size_t end) {
      Row sums = Row::Zero(n_columns);
      body(static_cast<Eigen::Index>(begin), static_cast<Eigen::Index>(end), sums);
      partial[begin / kChunk] = sums.template cast<double>();
    });
    Sums total = Sums::Zero(n_columns);
    for (const Sums& sums : partial) total += sums;
    return total;
  };

  Sums rz = pass([&](Eigen::Index begin, Eigen::Index end, Row& sums) {
    op.apply(begin, end, x, q);
    for (Eigen::Index i = begin; i < end; ++i) {
      r.row(i) -= q.row(i);
      p.row(i) = op.inverse_diagonal(i) * r.row(i);
      sums += p.row(i).array() * r.row(i).array();
    }
  });
  const double limit = options.tolerance * options.tolerance;
  ConjugateGradientResult result;
  while (true) {
    result.converged = (rz <= limit).all();
    if (result.converged || result.n_iterations >= options.max_iterations) return result;
    ++result.n_iterations;
    const Sums pq = pass([&](Eigen::Index begin, Eigen::Index end, Row& sums) {
      op.apply(begin, end, p, q);
      for (Eigen::Index i = begin; i < end; ++i) sums += p.row(i).array() * q.row(i).array();
    });
    const Row alpha = (rz > limit && pq > 0.0).select(rz / pq, 0.0).template cast<float>();
    const Sums next = pass([&](Eigen::Index begin, Eigen::Index end, Row& sums) {
      for (Eigen::Index i = begin; i < end; ++i) {
        x.row(i).array() += alpha * p.row(i).array();
        r.row(i).array() -= alpha * q.row(i).array();
        sums += op.inverse_diagonal(i) * r.row(i).array().square();
      }
    });
    const Row beta = (rz > 0.0).select(next / rz, 0.0).template cast<float>();
    pass([&](Eigen::Index begin, Eigen::Index end, Row&) {
      for (Eigen::Index i = begin; i < end; ++i) {
        p.row(i).array() = op.inverse_diagonal(i) * r.row(i).array() + beta * p.row(i).array();
      }
    });
    rz = next;
  }
}

}  // namespace gtlabel
