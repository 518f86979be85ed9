#include "gtlabel/models/softmax_regression.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include "gaussian_pool.hpp"
#include "gtlabel/core/error.hpp"
#include "gtlabel/core/random.hpp"
#include "gtlabel/storage/snapshot.hpp"
#include "models/teaching.hpp"

namespace {

using namespace gtlabel;
using gtlabel_test::accuracy;
using gtlabel_test::largest_difference;
using gtlabel_test::out_of_fold;
using gtlabel_test::predict;
using gtlabel_test::range;
using gtlabel_test::teach;

/// Items around one centre per class, and their classes.
struct Blobs {
  std::vector<float> values;
  std::vector<int> classes;
  std::ptrdiff_t n, d;
  int k;

  Blobs(std::ptrdiff_t n_, std::ptrdiff_t d_, int k_, std::uint64_t seed = 1, double spread = 1.5)
      : n(n_), d(d_), k(k_) {
    RandomStream random(seed, RandomPurpose::user);
    std::vector<double> centres(static_cast<std::size_t>(k * d));
    for (double& c : centres) c = random.uniform();
    for (std::ptrdiff_t i = 0; i < n; ++i) {
      classes.push_back(static_cast<int>(random.below(static_cast<std::uint64_t>(k))));
      for (std::ptrdiff_t c = 0; c < d; ++c) {
        values.push_back(static_cast<float>(centres[classes.back() * d + c] + spread * (random.uniform() - 0.5)));
      }
    }
  }
  [[nodiscard]] Features pool() const { return Features::borrow(MatrixView<const float>(values.data(), n, d)); }
};

TEST_CASE("SoftmaxRegression: separates blobs of few and of many columns, from few labels") {
  for (const std::ptrdiff_t d : {4, 200}) {
    const Blobs blobs(600, d, 3, 1, 0.4);
    SoftmaxRegression model;
    model.attach(blobs.pool(), 3);
    teach(model, range(0, 150), blobs.classes);
    CHECK(accuracy(predict(model, range(150, 600)), range(150, 600), blobs.classes) > 0.9);
    CHECK(accuracy(out_of_fold(model, range(0, 150)), range(0, 150), blobs.classes) > 0.9);
  }
}

TEST_CASE("SoftmaxRegression: the fit is stationary: predicted class mass equals labelled mass") {
  // The derivative by the unpenalised intercept: sum of (p - y) over labels and the one uniform observation is 0.
  const Blobs blobs(200, 3, 2);
  SoftmaxRegression model({.l2 = 0.1});
  model.attach(blobs.pool(), 2);
  teach(model, range(0, 200), blobs.classes);
  const auto p = predict(model, range(0, 200));
  double predicted = 0.0, labelled = 0.0;
  for (std::ptrdiff_t i = 0; i < 200; ++i) {
    predicted += p(i, 1);
    labelled += blobs.classes[i];
  }
  CHECK(std::fabs(predicted - labelled) < 1.0);
}

TEST_CASE("SoftmaxRegression: a warm start ends where a cold start ends, also across the change of form") {
  for (const std::ptrdiff_t d : {30, 150}) {  // at 150 columns, 325 labels are past twice the columns
    const Blobs blobs(400, d, 4);
    SoftmaxRegression warm({.l2 = 0.1}), cold({.l2 = 0.1});
    warm.attach(blobs.pool(), 4);
    cold.attach(blobs.pool(), 4);
    for (ItemIndex begin = 0; begin < 325; begin += 25) teach(warm, range(begin, begin + 25), blobs.classes);
    teach(cold, range(0, 325), blobs.classes);
    CHECK(largest_difference(predict(warm, range(0, 400)), predict(cold, range(0, 400))) < 0.03);
  }
}

TEST_CASE("SoftmaxRegression: out-of-fold accuracy on noise labels is chance, after many warm rounds") {
  Blobs blobs(1200, 100, 2);
  RandomStream random(9, RandomPurpose::user);
  for (int& c : blobs.classes) c = static_cast<int>(random.below(2));
  SoftmaxRegression model({.l2 = 0.001});
  model.attach(blobs.pool(), 2);
  for (ItemIndex begin = 0; begin < 1200; begin += 100) teach(model, range(begin, begin + 100), blobs.classes);
  CHECK(accuracy(predict(model, range(0, 1200)), range(0, 1200), blobs.classes) > 0.57);  // it does learn the noise
  const double chance = accuracy(out_of_fold(model, range(0, 1200)), range(0, 1200), blobs.classes);
  CHECK(std::fabs(chance - 0.5) < 4.0 * 0.5 / std::sqrt(1200.0));
}

TEST_CASE("SoftmaxRegression: the same bits for 1, 2 and 7 threads") {
  const Blobs blobs(700, 60, 3);
  SoftmaxRegression expected;
  expected.attach(blobs.pool(), 3);
  teach(expected, range(0, 90), blobs.classes);
  for (const std::size_t threads : {2U, 7U}) {
    SoftmaxRegression model;
    model.attach(blobs.pool(), 3, std::make_shared<ThreadPool>(threads));
    teach(model, range(0, 90), blobs.classes);
    CHECK(predict(model, range(0, 700)).values == predict(expected, range(0, 700)).values);
    CHECK(out_of_fold(model, range(0, 90)).values == out_of_fold(expected, range(0, 90)).values);
  }
}

TEST_CASE("SoftmaxRegression: a column of another unit leaves predictions nearly alone") {
  Blobs blobs(300, 3, 2);
  for (std::ptrdiff_t i = 0; i < blobs.n; ++i) blobs.values[i * 3] *= 1e3F;  // already columns of different units
  Blobs scaled = blobs;
  for (std::ptrdiff_t i = 0; i < scaled.n; ++i) scaled.values[i * 3] *= 1e6F;
  SoftmaxRegression a({.l2 = 0.1}), b({.l2 = 0.1});
  a.attach(blobs.pool(), 2);
  b.attach(scaled.pool(), 2);
  teach(a, range(0, 80), blobs.classes);
  teach(b, range(0, 80), blobs.classes);
  CHECK(largest_difference(predict(a, range(0, 300)), predict(b, range(0, 300))) < 1e-2);
}

TEST_CASE("SoftmaxRegression: a label given again replaces the old one") {
  const Blobs blobs(200, 4, 2);
  auto wrong = blobs.classes;
  for (int& c : wrong) c = 1 - c;
  SoftmaxRegression model({.l2 = 0.1}), clean({.l2 = 0.1});
  model.attach(blobs.pool(), 2);
  clean.attach(blobs.pool(), 2);
  teach(model, range(0, 60), wrong);
  teach(model, range(0, 60), blobs.classes);
  teach(clean, range(0, 60), blobs.classes);
  CHECK(largest_difference(predict(model, range(0, 200)), predict(clean, range(0, 200))) < 0.03);
}

TEST_CASE("SoftmaxRegression: a fold without a class, one class only, more classes than labels, one label") {
  const Blobs blobs(100, 5, 20);
  SoftmaxRegression few;
  few.attach(blobs.pool(), 20);
  teach(few, range(0, 7), blobs.classes);
  CHECK_NOTHROW((void)predict(few, range(0, 100)));  // rows are checked to be distributions
  CHECK_NOTHROW((void)out_of_fold(few, range(0, 7)));

  SoftmaxRegression single;
  single.attach(blobs.pool(), 20);
  teach(single, range(0, 40), std::vector<int>(100, 3));
  const auto p = predict(single, range(0, 100));
  for (std::ptrdiff_t i = 0; i < 100; ++i) {
    REQUIRE(p(i, 3) > 0.5F);
    REQUIRE(p(i, 4) > 0.0F);
    REQUIRE(p(i, 4) < 0.05F);
  }
  SoftmaxRegression one;
  one.attach(blobs.pool(), 20);
  teach(one, {5}, blobs.classes);
  CHECK(out_of_fold(one, {5})(0, 0) == doctest::Approx(0.05));  // its fold has seen nothing
}

TEST_CASE("SoftmaxRegression: identical items, constant columns and huge values give probabilities") {
  for (const float value : {0.0F, 1e30F}) {
    std::vector<float> values(40 * 3, value);
    values[0] = 2.0F;
    SoftmaxRegression model;
    model.attach(Features::borrow(MatrixView<const float>(values.data(), 40, 3)), 2);
    std::vector<int> classes(40);
    for (std::size_t i = 0; i < 40; ++i) classes[i] = static_cast<int>(i % 2);
    teach(model, range(0, 20), classes);
    CHECK(predict(model, range(0, 40))(30, 0) == doctest::Approx(0.5).epsilon(0.1));
  }
}

TEST_CASE("SoftmaxRegression: a weight counts like that many labels") {
  const Blobs blobs(100, 3, 2);
  SoftmaxRegression model({.l2 = 0.1});
  model.attach(blobs.pool(), 2);
  Matrix<float> targets(2, 2, 0.0F);
  targets(0, 0) = targets(1, 1) = 1.0F;
  const std::vector<ItemIndex> items = {0, 1};
  const std::vector<float> weights = {20.0F, 1.0F};
  model.update(items, targets, weights);
  const auto heavy = predict(model, items);
  CHECK(heavy(0, 0) > heavy(1, 1));
}

TEST_CASE("SoftmaxRegression: sparse rows predict like the same rows dense") {
  const Blobs blobs(300, 6, 3, 5, 0.8);
  std::vector<std::int64_t> indptr = {0};
  std::vector<std::int32_t> indices;
  for (std::ptrdiff_t i = 0; i < blobs.n; ++i) {
    for (std::int32_t c = 0; c < 6; ++c) indices.push_back(c);
    indptr.push_back(static_cast<std::int64_t>(indices.size()));
  }
  // The same penalty on the raw weights: strengths are relative to rows centred (dense) or not (sparse).
  double square = 0.0, variance = 0.0;
  for (std::ptrdiff_t c = 0; c < 6; ++c) {
    double sum = 0.0, squares = 0.0;
    for (std::ptrdiff_t i = 0; i < blobs.n; ++i) {
      const double value = blobs.values[i * 6 + c];
      sum += value;
      squares += value * value;
    }
    square += squares / 300.0;
    variance += squares / 300.0 - sum / 300.0 * (sum / 300.0);
  }
  SoftmaxRegression dense({.l2 = 0.1}), sparse({.l2 = 0.1 * variance / square});
  dense.attach(blobs.pool(), 3);
  sparse.attach(Features::borrow(CsrView<const float>{indptr, indices, blobs.values, 6}), 3);
  teach(dense, range(0, 150), blobs.classes);
  teach(sparse, range(0, 150), blobs.classes);
  CHECK(largest_difference(predict(dense, range(0, 300)), predict(sparse, range(0, 300))) < 0.03);
}

TEST_CASE("SoftmaxRegression: after a load it goes on bit for bit") {
  for (const std::ptrdiff_t d : {10, 129, 300}) {
    const Blobs blobs(400, d, 3);
    SoftmaxRegression model;
    model.attach(blobs.pool(), 3);
    for (ItemIndex begin = 0; begin < 120; begin += 30) teach(model, range(begin, begin + 30), blobs.classes);
    SnapshotWriter writer;
    model.save(writer);
    const std::string bytes = writer.finish("model");
    SoftmaxRegression loaded;
    loaded.attach(blobs.pool(), 3);
    SnapshotReader reader(bytes, "model");
    loaded.load(reader);
    CHECK(predict(loaded, range(0, 400)).values == predict(model, range(0, 400)).values);
    CHECK(out_of_fold(loaded, range(0, 120)).values == out_of_fold(model, range(0, 120)).values);
    for (IncrementalModel* m : {static_cast<IncrementalModel*>(&model), static_cast<IncrementalModel*>(&loaded)}) {
      teach(*m, range(120, 170), blobs.classes);
    }
    CHECK(predict(loaded, range(0, 400)).values == predict(model, range(0, 400)).values);
    CHECK(out_of_fold(loaded, range(0, 170)).values == out_of_fold(model, range(0, 170)).values);
  }
}

TEST_CASE("SoftmaxRegression: an executor that fails during an update leaves the fit as it was") {
  struct Failing final : Executor {
    bool fail = false;
    void run(std::size_t n_tasks, const std::function<void(std::size_t)>& task) override {
      if (fail) throw std::runtime_error("cancelled");
      for (std::size_t i = 0; i < n_tasks; ++i) task(i);
    }
    [[nodiscard]] std::size_t n_threads() const noexcept override { return 1; }
  };
  const Blobs blobs(200, 8, 2);
  const auto executor = std::make_shared<Failing>();
  SoftmaxRegression model;
  model.attach(blobs.pool(), 2, executor);
  teach(model, range(0, 40), blobs.classes);
  const auto before = predict(model, range(0, 200));
  executor->fail = true;
  CHECK_THROWS(teach(model, range(40, 80), blobs.classes));
  executor->fail = false;
  CHECK(predict(model, range(0, 200)).values == before.values);
  CHECK_NOTHROW((void)out_of_fold(model, range(40, 80)));
  SnapshotWriter writer;
  model.save(writer);
  const std::string bytes = writer.finish("model");
  SoftmaxRegression loaded;
  loaded.attach(blobs.pool(), 2);
  SnapshotReader reader(bytes, "model");
  loaded.load(reader);
  CHECK(predict(loaded, range(0, 200)).values == before.values);
  CHECK_NOTHROW(teach(model, range(40, 80), blobs.classes));
}

TEST_CASE("SoftmaxRegression: a negative strength is refused") {
  CHECK_THROWS_AS(SoftmaxRegression({.l2 = -1.0}), InvalidArgument);
}

}  // namespace
