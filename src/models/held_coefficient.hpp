#pragma once

#include "support/eigen.hpp"

namespace gtlabel::detail {

/// Takes a coefficient that is to stay where it is out of a Newton step: the others take it among themselves.
template <class Gradient, class Hessian>
void hold_coefficient(Eigen::Index j, Gradient& gradient, Hessian& hessian) {
  gradient[j] = 0.0;
  hessian.row(j).setZero();
  hessian.col(j).setZero();
  hessian(j, j) = 1.0;
}

}  // namespace gtlabel::detail
