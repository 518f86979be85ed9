#pragma once

/// The only place that names Eigen's headers for src/. Only its permissively licensed part is used, and it never makes
/// threads: parallelism comes from gtlabel's executors alone.
#ifndef EIGEN_MPL2_ONLY
#define EIGEN_MPL2_ONLY
#endif
#ifndef EIGEN_DONT_PARALLELIZE
#define EIGEN_DONT_PARALLELIZE
#endif
#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <Eigen/Eigenvalues>
#include <Eigen/QR>

namespace gtlabel::detail {

/// Row-major float32, as everywhere in the library.
using RowMatrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

}  // namespace gtlabel::detail
