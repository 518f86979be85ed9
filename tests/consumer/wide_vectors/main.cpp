// An application that uses Eigen itself, compiled with -mavx2, beside a library that was compiled without: both must
// keep to their own Eigen. If the linker merged the two, memory would be freed with the other's rule, or results would
// change.
#include <Eigen/Core>
#include <Eigen/QR>
#include <cmath>
#include <gtlabel/gtlabel.hpp>
#include <numeric>
#include <vector>

namespace {

using RowMatrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// Matrices of the application's own, of the type that the library uses too, allocated, multiplied, resized and freed.
bool own_algebra_works(int size) {
  RowMatrix a = RowMatrix::Identity(size, size) * 2.0F;
  a.conservativeResize(size + 1, size + 1);
  a.row(size).setZero();
  a.col(size).setZero();
  a(size, size) = 2.0F;
  const RowMatrix product = a * a;
  const RowMatrix inverse = product.colPivHouseholderQr().solve(RowMatrix::Identity(size + 1, size + 1));
  return std::abs(product.sum() - 4.0F * static_cast<float>(size + 1)) < 1e-3F &&
         std::abs(inverse(size, size) - 0.25F) < 1e-5F;
}

/// Two separable clouds: a library model that is taught ten items has all of them right.
bool library_algebra_works() {
  constexpr int kItems = 200;
  constexpr int kColumns = 37;
  gtlabel::RandomStream random(1, gtlabel::RandomPurpose::user);
  gtlabel::Matrix<float> rows(kItems, kColumns);
  for (std::ptrdiff_t r = 0; r < kItems; ++r) {
    for (float& value : rows.row(r)) value = static_cast<float>(random.uniform() + (r % 2 == 0 ? 1.0 : -1.0));
  }
  gtlabel::SoftmaxRegression model;
  model.attach(gtlabel::Features::borrow(rows.view()), 2);

  std::vector<gtlabel::ItemIndex> items(kItems);
  std::iota(items.begin(), items.end(), 0);
  gtlabel::Matrix<float> targets(10, 2);
  for (std::ptrdiff_t r = 0; r < 10; ++r) targets(r, r % 2) = 1.0F;
  model.update({items.data(), 10}, targets);

  gtlabel::Matrix<float> probabilities(kItems, 2);
  model.predict_proba(items, probabilities);
  for (std::ptrdiff_t r = 0; r < kItems; ++r) {
    if (!(probabilities(r, r % 2) > 0.5F)) return false;
  }
  return true;
}

}  // namespace

int main() {
  for (int size = 1; size < 70; ++size) {
    if (!own_algebra_works(size) || !library_algebra_works()) return 1;
  }
  return 0;
}
