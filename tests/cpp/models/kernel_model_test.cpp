#include "gtlabel/models/kernel_model.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include "gaussian_pool.hpp"
#include "gtlabel/core/error.hpp"
#include "gtlabel/core/random.hpp"
#include "gtlabel/models/committee.hpp"
#include "gtlabel/models/softmax_regression.hpp"
#include "gtlabel/storage/snapshot.hpp"
#include "models/kernel_regression.hpp"
#include "models/teaching.hpp"

namespace {

using namespace gtlabel;
using detail::KernelRegression;
using detail::RowMatrix;
using gtlabel_test::accuracy;
using gtlabel_test::bytes_of;
using gtlabel_test::largest_difference;
using gtlabel_test::load;
using gtlabel_test::out_of_fold;
using gtlabel_test::predict;
using gtlabel_test::range;
using gtlabel_test::teach;
using std::ptrdiff_t;

/// Items on two rings, which no plane separates, and their classes.
struct Rings {
  std::vector<float> values;
  std::vector<int> classes;
  ptrdiff_t n, d;

  explicit Rings(ptrdiff_t n_, ptrdiff_t d_ = 2, std::uint64_t seed = 1) : n(n_), d(d_) {
    RandomStream random(seed, RandomPurpose::user);
    for (ptrdiff_t i = 0; i < n; ++i) {
      classes.push_back(static_cast<int>(random.below(2)));
      const double angle = 6.283185307 * random.uniform(), radius = 1.0 + classes.back() + 0.3 * random.uniform();
      for (ptrdiff_t c = 0; c < d; ++c) {
        const double noise = 0.1 * (random.uniform() - 0.5);
        const double place = c == 0 ? radius * std::cos(angle) : c == 1 ? radius * std::sin(angle) : 0.0;
        values.push_back(static_cast<float>(place + noise));
      }
    }
  }
  [[nodiscard]] Features pool() const { return Features::borrow(MatrixView<const float>(values.data(), n, d)); }
};

/// Random rows, soft targets and weights of a small regression.
struct Problem {
  RowMatrix rows;
  TrainingSet training;

  explicit Problem(ptrdiff_t n, int k = 3, std::uint64_t seed = 3) : rows(n, 4), training(k) {
    RandomStream random(seed, RandomPurpose::user);
    for (ptrdiff_t i = 0; i < rows.size(); ++i) rows.data()[i] = static_cast<float>(2.0 * random.uniform());
    Matrix<float> targets(n, k);
    std::vector<float> weights;
    for (ptrdiff_t i = 0; i < n; ++i) {
      float sum = 0.0F;
      for (float& value : targets.row(i)) sum += value = static_cast<float>(random.uniform());
      for (float& value : targets.row(i)) value /= sum;
      weights.push_back(static_cast<float>(0.5 + random.uniform()));
    }
    training.merge(range(0, n), targets, weights);
  }
};

/// The fit without one label, and its value at the item that is left out.
Eigen::RowVectorXf refitted(const Problem& problem, ptrdiff_t left_out, double noise, ptrdiff_t max_landmarks) {
  std::vector<ptrdiff_t> kept;
  for (ptrdiff_t i = 0; i < problem.rows.rows(); ++i) {
    if (i != left_out) kept.push_back(i);
  }
  RowMatrix rows(std::ssize(kept), problem.rows.cols());
  for (ptrdiff_t i = 0; i < rows.rows(); ++i) rows.row(i) = problem.rows.row(kept[static_cast<std::size_t>(i)]);
  SerialExecutor serial;
  KernelRegression regression(noise, max_landmarks);
  const auto fit = regression.fit(rows, problem.training.subset(kept), serial);
  const RowMatrix item = problem.rows.row(left_out);
  const RowMatrix landmarks = rows.topRows(fit.coefficients.rows());
  const Eigen::VectorXf item_half = item.rowwise().squaredNorm() / 2.0F,
                        halves = landmarks.rowwise().squaredNorm() / 2.0F;
  RowMatrix kernel(1, landmarks.rows());
  detail::gaussian_kernel(item, item_half, landmarks, halves, kernel);
  return fit.prior.cast<float>() + kernel * fit.coefficients;
}

TEST_CASE("KernelRegression: leave-one-out values are those of a fit without the item") {
  SerialExecutor serial;
  for (const ptrdiff_t n : {2, 30, 150}) {
    const Problem problem(n);
    KernelRegression regression(0.1, 1000);
    const auto fit = regression.fit(problem.rows, problem.training, serial);
    for (ptrdiff_t i = 0; i < n; i += 7) {
      CHECK((fit.leave_one_out.row(i) - refitted(problem, i, 0.1, 1000)).norm() < 1e-4);
    }
  }
}

TEST_CASE("KernelRegression: so they are beyond the landmarks, where a landmark is left out as such too") {
  SerialExecutor serial;
  const Problem problem(600);
  KernelRegression regression(0.1, 70);
  const auto fit = regression.fit(problem.rows, problem.training, serial);
  REQUIRE(fit.coefficients.rows() == 70);
  for (ptrdiff_t i = 0; i < 600; i += 23) {
    const ptrdiff_t landmarks = i < 70 ? 69 : 70;
    CHECK((fit.leave_one_out.row(i) - refitted(problem, i, 0.1, landmarks)).norm() < 2e-3);
  }
}

TEST_CASE("KernelRegression: landmarks beyond which hardly anything is left give nearly the exact fit") {
  SerialExecutor serial;
  const Problem problem(300);
  KernelRegression exact(0.1, 300), reduced(0.1, 299);
  const auto a = exact.fit(problem.rows, problem.training, serial);
  const auto b = reduced.fit(problem.rows, problem.training, serial);
  CHECK((a.leave_one_out - b.leave_one_out).cwiseAbs().maxCoeff() < 0.02);
}

TEST_CASE("KernelRegression: what grew round by round has the bits of one fit") {
  SerialExecutor serial;
  const Problem problem(700);
  for (const ptrdiff_t landmarks : {1000, 200}) {
    KernelRegression grown(0.1, landmarks), fresh(0.1, landmarks);
    detail::KernelFit last;
    for (ptrdiff_t n = 90; n <= 700; n += 61) {
      std::vector<ptrdiff_t> first(static_cast<std::size_t>(n));
      std::iota(first.begin(), first.end(), 0);
      last = grown.fit(problem.rows.topRows(n), problem.training.subset(first), serial);
    }
    const auto whole = fresh.fit(problem.rows, problem.training, serial);
    CHECK(last.coefficients == whole.coefficients);
    CHECK(last.leave_one_out == whole.leave_one_out);
  }
}

TEST_CASE("KernelRegression: a changed weight of an early label counts, before and beyond the landmarks") {
  SerialExecutor serial;
  Problem problem(400);
  for (const ptrdiff_t landmarks : {1000, 100}) {
    KernelRegression kept(0.1, landmarks), fresh(0.1, landmarks);
    (void)kept.fit(problem.rows, problem.training, serial);
    Matrix<float> target(1, 3);
    target(0, 1) = 1.0F;
    problem.training.merge(std::vector<ItemIndex>{5}, target, std::vector<float>{7.0F});
    CHECK(kept.fit(problem.rows, problem.training, serial).coefficients ==
          fresh.fit(problem.rows, problem.training, serial).coefficients);
    target(0, 1) = 0.0F;
    target(0, 2) = 1.0F;
    problem.training.merge(std::vector<ItemIndex>{5}, target, {});
  }
}

TEST_CASE("KernelRegression: weight 2 is the item given twice") {
  SerialExecutor serial;
  Problem once(40), twice(41);
  twice.rows.topRows(40) = once.rows;
  twice.rows.row(40) = once.rows.row(3);
  twice.training = TrainingSet(3);
  twice.training.merge(once.training.items(), once.training.targets(), once.training.weights());
  const auto target = once.training.targets().row(3);
  const MatrixView<const float> row(target.data(), 1, 3);
  const float weight = once.training.weights()[3];
  twice.training.merge(std::vector<ItemIndex>{40}, row, std::vector<float>{weight});
  TrainingSet doubled = once.training;
  const std::vector<float> copy(target.begin(), target.end());
  doubled.merge(std::vector<ItemIndex>{3}, {copy.data(), 1, 3}, std::vector<float>{2.0F * weight});
  for (const ptrdiff_t landmarks : {100, 20}) {
    KernelRegression a(0.1, landmarks), b(0.1, landmarks);
    const auto fit_a = a.fit(twice.rows, twice.training, serial);
    const auto fit_b = b.fit(once.rows, doubled, serial);
    CHECK((fit_a.prior - fit_b.prior).norm() < 1e-6);
    // Both copies share the work; what is left of the other items' coefficients is the same.
    Eigen::MatrixXf merged = fit_a.coefficients.topRows(fit_b.coefficients.rows());
    if (landmarks == 100) merged.row(3) += fit_a.coefficients.row(40);
    CHECK((merged - fit_b.coefficients).cwiseAbs().maxCoeff() < 1e-2F * fit_b.coefficients.cwiseAbs().maxCoeff());
  }
}

TEST_CASE("KernelModel: separates rings, which planes do not, in few columns and in projected ones") {
  for (const ptrdiff_t d : {2, 140}) {
    const Rings rings(600, d);
    KernelModel model;
    model.attach(rings.pool(), 2);
    teach(model, range(0, 100), rings.classes);
    CHECK(model.kind() == "kernel");
    CHECK(accuracy(predict(model, range(100, 600)), range(100, 600), rings.classes) > 0.95);
    CHECK(accuracy(out_of_fold(model, range(0, 100)), range(0, 100), rings.classes) > 0.9);
  }
}

TEST_CASE("KernelModel: separates the corners of a square, diagonal from diagonal") {
  RandomStream random(4, RandomPurpose::user);
  std::vector<float> values;
  std::vector<int> classes;
  for (int i = 0; i < 400; ++i) {
    const auto corner = [&] { return (random.below(2) == 0 ? -1.0 : 1.0) * (0.2 + random.uniform()); };
    const double x = corner(), y = corner();
    values.push_back(static_cast<float>(x));
    values.push_back(static_cast<float>(y));
    classes.push_back((x > 0.0) == (y > 0.0) ? 1 : 0);
  }
  KernelModel model;
  model.attach(Features::borrow(MatrixView<const float>(values.data(), 400, 2)), 2);
  teach(model, range(0, 120), classes);
  CHECK(accuracy(predict(model, range(120, 400)), range(120, 400), classes) > 0.95);
}

TEST_CASE("KernelModel: out-of-fold accuracy on noise labels is chance") {
  Rings rings(1200, 5);
  RandomStream random(9, RandomPurpose::user);
  for (int& c : rings.classes) c = static_cast<int>(random.below(2));
  KernelModel model;
  model.attach(rings.pool(), 2);
  for (ItemIndex begin = 0; begin < 1200; begin += 300) teach(model, range(begin, begin + 300), rings.classes);
  const double chance = accuracy(out_of_fold(model, range(0, 1200)), range(0, 1200), rings.classes);
  CHECK(std::fabs(chance - 0.5) < 4.0 * 0.5 / std::sqrt(1200.0));
}

TEST_CASE("KernelModel: the out-of-fold prediction of an item hardly moves when its own label does") {
  // Only the few numbers that all items share have seen the label.
  const Rings rings(300);
  auto flipped = rings.classes;
  flipped[7] = 1 - flipped[7];
  KernelModel a, b;
  a.attach(rings.pool(), 2);
  b.attach(rings.pool(), 2);
  teach(a, range(0, 200), rings.classes);
  teach(b, range(0, 200), flipped);
  const auto p = out_of_fold(a, {7}), q = out_of_fold(b, {7});
  CHECK((p(0, 0) > 0.5F) == (q(0, 0) > 0.5F));
  CHECK(largest_difference(p, q) < 0.1);
}

TEST_CASE("KernelModel: soft targets give soft predictions") {
  const Rings rings(200);
  KernelModel model;
  model.attach(rings.pool(), 2);
  Matrix<float> targets(200, 2);
  for (ptrdiff_t i = 0; i < 200; ++i) {
    targets(i, rings.classes[static_cast<std::size_t>(i)]) = 0.8F;
    targets(i, 1 - rings.classes[static_cast<std::size_t>(i)]) = 0.2F;
  }
  model.update(range(0, 200), targets);
  const auto p = predict(model, range(0, 200));
  double right = 0.0;
  for (ptrdiff_t i = 0; i < 200; ++i) right += p(i, rings.classes[static_cast<std::size_t>(i)]);
  CHECK(right / 200.0 == doctest::Approx(0.8).epsilon(0.08));
}

TEST_CASE("KernelModel: a label given again replaces the old one") {
  const Rings rings(200);
  auto wrong = rings.classes;
  for (int& c : wrong) c = 1 - c;
  KernelModel model, clean;
  model.attach(rings.pool(), 2);
  clean.attach(rings.pool(), 2);
  teach(model, range(0, 80), wrong);
  teach(model, range(0, 80), rings.classes);
  teach(clean, range(0, 80), rings.classes);
  CHECK(predict(model, range(0, 200)).values == predict(clean, range(0, 200)).values);
}

TEST_CASE("KernelModel: one label, one class only, more classes than labels, a thousand classes") {
  const Rings rings(100);
  KernelModel one;
  one.attach(rings.pool(), 2);
  teach(one, {5}, rings.classes);
  CHECK(out_of_fold(one, {5})(0, 0) == doctest::Approx(0.5));
  CHECK(predict(one, {5})(0, rings.classes[5]) > 0.5F);

  KernelModel single;
  single.attach(rings.pool(), 20);
  teach(single, range(0, 40), std::vector<int>(100, 3));
  const auto p = predict(single, range(0, 100));
  for (ptrdiff_t i = 0; i < 100; ++i) {
    REQUIRE(p(i, 3) > 0.5F);
    REQUIRE(p(i, 4) > 0.0F);
  }
  std::vector<int> classes(100);
  for (std::size_t i = 0; i < 100; ++i) classes[i] = static_cast<int>(i * 9);
  KernelModel many;
  many.attach(rings.pool(), 1000);
  teach(many, range(0, 90), classes);
  CHECK_NOTHROW((void)predict(many, range(0, 100)));  // rows are checked to be distributions
  CHECK_NOTHROW((void)out_of_fold(many, range(0, 90)));
}

TEST_CASE("KernelModel: identical items, constant columns, huge values and extreme weights give probabilities") {
  for (const float value : {0.0F, 1e30F}) {
    std::vector<float> values(80 * 3, value);
    values[0] = 2.0F;
    KernelModel model;
    model.attach(Features::borrow(MatrixView<const float>(values.data(), 80, 3)), 2);
    std::vector<int> classes(80);
    for (std::size_t i = 0; i < 80; ++i) classes[i] = static_cast<int>(i % 2);
    teach(model, range(0, 70), classes);
    CHECK(predict(model, range(0, 80))(75, 0) == doctest::Approx(0.5).epsilon(0.1));
    Matrix<float> targets(4, 2);
    for (ptrdiff_t i = 0; i < 4; ++i) targets(i, i % 2) = 1.0F;
    model.update(range(2, 6), targets, std::vector<float>{1e30F, 1e-30F, 1e-45F, 1e30F});
    CHECK_NOTHROW((void)predict(model, range(0, 80)));
    CHECK_NOTHROW((void)out_of_fold(model, range(0, 70)));
  }
}

TEST_CASE("KernelModel: sparse pools get the class prior, which does not harm a committee") {
  const Rings rings(200, 4);
  std::vector<std::int64_t> indptr = {0};
  std::vector<std::int32_t> indices;
  auto values = rings.values;
  for (ptrdiff_t i = 0; i < rings.n; ++i) {
    for (std::int32_t c = 0; c < 4; ++c) indices.push_back(c);
    values[static_cast<std::size_t>(i * 4 + 3)] = static_cast<float>(rings.classes[static_cast<std::size_t>(i)]);
    indptr.push_back(std::ssize(indices));
  }
  const auto pool = Features::borrow(CsrView<const float>{indptr, indices, values, 4});
  const auto kernel = std::make_shared<KernelModel>();
  Committee committee({kernel, std::make_shared<SoftmaxRegression>()});
  committee.attach(pool, 2);
  teach(committee, range(0, 100), rings.classes);
  const auto share = std::count(rings.classes.begin(), rings.classes.begin() + 100, 1);
  const float expected = (static_cast<float>(share) + 0.5F) / 101.0F;
  CHECK(predict(*kernel, {150})(0, 1) == doctest::Approx(expected));
  CHECK(accuracy(predict(committee, range(100, 200)), range(100, 200), rings.classes) > 0.95);

  KernelModel loaded;
  loaded.attach(pool, 2);
  load(loaded, bytes_of(*kernel));
  CHECK(out_of_fold(loaded, range(0, 100)).values == out_of_fold(*kernel, range(0, 100)).values);
}

TEST_CASE("KernelModel: the same bits for 1, 2 and 7 threads") {
  const Rings rings(700, 150);
  KernelModel expected;
  expected.attach(rings.pool(), 2);
  teach(expected, range(0, 90), rings.classes);
  teach(expected, range(90, 300), rings.classes);
  for (const std::size_t threads : {2U, 7U}) {
    KernelModel model;
    model.attach(rings.pool(), 2, std::make_shared<ThreadPool>(threads));
    teach(model, range(0, 90), rings.classes);
    teach(model, range(90, 300), rings.classes);
    CHECK(predict(model, range(0, 700)).values == predict(expected, range(0, 700)).values);
    CHECK(out_of_fold(model, range(0, 300)).values == out_of_fold(expected, range(0, 300)).values);
  }
  const Problem problem(900);
  SerialExecutor serial;
  ThreadPool threads(7);
  KernelRegression a(0.1, 300), b(0.1, 300);
  const auto fit_a = a.fit(problem.rows, problem.training, serial);
  const auto fit_b = b.fit(problem.rows, problem.training, threads);
  CHECK(fit_a.coefficients == fit_b.coefficients);
  CHECK(fit_a.leave_one_out == fit_b.leave_one_out);
}

TEST_CASE("KernelModel: after a load it goes on bit for bit") {
  for (const ptrdiff_t d : {3, 150}) {
    const Rings rings(400, d);
    KernelModel model;
    model.attach(rings.pool(), 2);
    for (ItemIndex begin = 0; begin < 120; begin += 30) teach(model, range(begin, begin + 30), rings.classes);
    KernelModel loaded;
    loaded.attach(rings.pool(), 2);
    load(loaded, bytes_of(model));
    CHECK(predict(loaded, range(0, 400)).values == predict(model, range(0, 400)).values);
    CHECK(out_of_fold(loaded, range(0, 120)).values == out_of_fold(model, range(0, 120)).values);
    for (IncrementalModel* m : {static_cast<IncrementalModel*>(&model), static_cast<IncrementalModel*>(&loaded)}) {
      teach(*m, range(120, 135), rings.classes);
    }
    CHECK(predict(loaded, range(0, 400)).values == predict(model, range(0, 400)).values);
    CHECK(out_of_fold(loaded, range(0, 135)).values == out_of_fold(model, range(0, 135)).values);
  }
}

TEST_CASE("KernelModel: unsound snapshots are refused") {
  const Rings rings(60);
  const auto attempt = [&](std::int32_t width, float coefficient, float probability, std::size_t n_coefficients) {
    KernelModel model;
    model.attach(rings.pool(), 2);
    teach(model, range(0, 10), rings.classes);
    SnapshotWriter writer;
    writer.section("incremental_model", 1);
    writer.write("kernel");
    model.training().save(writer);
    writer.write(true);
    writer.write(true);
    writer.section("kernel_model", 1);
    writer.write(width);
    writer.write(std::int32_t{0});
    writer.write(std::int64_t{10});
    writer.write(std::span<const double>(std::vector<double>{4.0, 0.5}));
    writer.write(std::span<const float>(std::vector<float>{0.5F, 0.5F}));
    writer.write(std::span<const float>(std::vector<float>(n_coefficients, coefficient)));
    writer.write(std::span<const float>(std::vector<float>(20, probability)));
    load(model, writer.finish("model"));
  };
  CHECK_NOTHROW(attempt(0, 0.1F, 0.5F, 20));
  CHECK_THROWS_AS(attempt(99, 0.1F, 0.5F, 20), ArchiveError);
  CHECK_THROWS_AS(attempt(-1, 0.1F, 0.5F, 20), ArchiveError);
  CHECK_THROWS_AS(attempt(0, INFINITY, 0.5F, 20), ArchiveError);
  CHECK_THROWS_AS(attempt(0, 0.1F, 1.5F, 20), ArchiveError);
  CHECK_THROWS_AS(attempt(0, 0.1F, 0.5F, 18), ArchiveError);
}

TEST_CASE("KernelModel: an executor that fails during an update leaves the fit as it was") {
  struct Failing final : Executor {
    int runs_left = -1;
    void run(std::size_t n_tasks, const std::function<void(std::size_t)>& task) override {
      if (runs_left == 0) throw std::runtime_error("cancelled");
      if (runs_left > 0) --runs_left;
      for (std::size_t i = 0; i < n_tasks; ++i) task(i);
    }
    [[nodiscard]] std::size_t n_threads() const noexcept override { return 1; }
  };
  const Rings rings(300, 6);
  const auto executor = std::make_shared<Failing>();
  KernelModel model, clean;
  model.attach(rings.pool(), 2, executor);
  clean.attach(rings.pool(), 2);
  teach(model, range(0, 100), rings.classes);
  teach(clean, range(0, 100), rings.classes);
  const auto before = predict(model, range(0, 300));
  for (const int runs : {0, 1, 2, 3}) {
    executor->runs_left = runs;
    CHECK_THROWS(teach(model, range(100, 200), rings.classes));
    executor->runs_left = -1;
    CHECK(predict(model, range(0, 300)).values == before.values);
    CHECK_NOTHROW((void)out_of_fold(model, range(100, 200)));
  }
  KernelModel loaded;
  loaded.attach(rings.pool(), 2);
  load(loaded, bytes_of(model));
  CHECK(predict(loaded, range(0, 300)).values == before.values);
  for (IncrementalModel* m : {static_cast<IncrementalModel*>(&model), static_cast<IncrementalModel*>(&clean)}) {
    teach(*m, range(100, 200), rings.classes);
  }
  CHECK(predict(model, range(0, 300)).values == predict(clean, range(0, 300)).values);
}

}  // namespace
