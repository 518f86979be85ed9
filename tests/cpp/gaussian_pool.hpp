#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

#include "gtlabel/core/random.hpp"
#include "gtlabel/dataset/features.hpp"

namespace gtlabel_test {

/// A standard normal number (Box and Muller, 1958).
inline double normal(gtlabel::RandomStream& random) {
  const double radius = std::sqrt(-2.0 * std::log(random.uniform()));
  return radius * std::cos(2.0 * 3.14159265358979323846 * random.uniform());
}

/// Items of normal noise around one centre per class, with the classes that drew them. Centres lie on the axes,
/// `separation` from the origin, so two classes overlap by the normal tail at separation / sqrt(2). Columns past the
/// number of classes are noise.
struct GaussianPool {
  std::vector<float> values;
  std::vector<gtlabel::ClassIndex> classes;
  std::ptrdiff_t n, d;
  int k;

  GaussianPool(std::ptrdiff_t n_, int k_, double separation, std::uint64_t seed = 1, std::ptrdiff_t d_ = 0)
      : n(n_), d(d_ == 0 ? k_ : d_), k(k_) {
    gtlabel::RandomStream random(seed, gtlabel::RandomPurpose::user);
    for (std::ptrdiff_t i = 0; i < n; ++i) {
      classes.push_back(static_cast<gtlabel::ClassIndex>(random.below(static_cast<std::uint64_t>(k))));
      for (std::ptrdiff_t c = 0; c < d; ++c) {
        values.push_back(static_cast<float>((classes.back() == c ? separation : 0.0) + normal(random)));
      }
    }
  }
  /// Borrows: this object must outlive it.
  [[nodiscard]] gtlabel::Features features() const { return part(0, n); }
  /// The items from `begin` to before `end`, borrowed likewise.
  [[nodiscard]] gtlabel::Features part(std::ptrdiff_t begin, std::ptrdiff_t end) const {
    return gtlabel::Features::borrow(gtlabel::MatrixView<const float>(values.data() + begin * d, end - begin, d));
  }
};

inline std::vector<gtlabel::ItemIndex> range(gtlabel::ItemIndex begin, gtlabel::ItemIndex end) {
  std::vector<gtlabel::ItemIndex> items(static_cast<std::size_t>(end - begin));
  std::iota(items.begin(), items.end(), begin);
  return items;
}

}  // namespace gtlabel_test
