#include "gtlabel/models/forest_model.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
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
using gtlabel_test::out_of_fold;
using gtlabel_test::predict;
using gtlabel_test::range;
using gtlabel_test::teach;

/// A table of uniform columns in (-1, 1), and the class of each row.
struct Table {
  std::vector<float> values;
  std::vector<int> classes;
  std::ptrdiff_t n, d;

  template <class ClassOf>
  Table(std::ptrdiff_t n_, std::ptrdiff_t d_, ClassOf class_of) : n(n_), d(d_) {
    RandomStream random(1, RandomPurpose::user);
    for (std::ptrdiff_t i = 0; i < n; ++i) {
      for (std::ptrdiff_t c = 0; c < d; ++c) values.push_back(static_cast<float>(2.0 * random.uniform() - 1.0));
      classes.push_back(class_of(values.data() + i * d));
    }
  }
  [[nodiscard]] Features pool() const { return Features::borrow(MatrixView<const float>(values.data(), n, d)); }
};

int xor_class(const float* row) { return (row[0] > 0.0F) != (row[1] > 0.0F) ? 1 : 0; }
int ring_class(const float* row) {
  const float radius = std::hypot(row[0], row[1]);
  return radius < 0.45F ? 0 : radius < 0.8F ? 1 : 2;
}

TEST_CASE("ForestModel: separates XOR and rings among columns of noise") {
  for (const auto class_of : {xor_class, ring_class}) {
    const Table table(1500, 4, class_of);
    ForestModel model;
    model.attach(table.pool(), 3);
    teach(model, range(0, 500), table.classes);
    CHECK(accuracy(predict(model, range(500, 1500)), range(500, 1500), table.classes) > 0.85);
    CHECK(accuracy(out_of_fold(model, range(0, 500)), range(0, 500), table.classes) > 0.85);
    CHECK(accuracy(predict(model, range(0, 500)), range(0, 500), table.classes) > 0.99);
  }
}

TEST_CASE("ForestModel: the unit of a column does not matter") {
  const Table table(400, 4, ring_class);
  Table other = table;
  for (std::ptrdiff_t i = 0; i < table.n; ++i) {
    other.values[i * 4] *= 0x1p40F;
    other.values[i * 4 + 1] *= 0x1p-40F;
  }
  ForestModel a, b;
  a.attach(table.pool(), 3);
  b.attach(other.pool(), 3);
  teach(a, range(0, 150), table.classes);
  teach(b, range(0, 150), table.classes);
  CHECK(predict(a, range(0, 400)).values == predict(b, range(0, 400)).values);
}

TEST_CASE("ForestModel: constant columns are never split, however many there are") {
  const Table table(1000, 2, xor_class);
  std::vector<float> values;
  for (std::ptrdiff_t i = 0; i < table.n; ++i) {
    values.insert(values.end(), 300, 7.0F);
    values.insert(values.end(), {table.values[i * 2], table.values[i * 2 + 1]});
  }
  ForestModel model;
  model.attach(Features::borrow(MatrixView<const float>(values.data(), table.n, 302)), 2);
  teach(model, range(0, 300), table.classes);
  CHECK(accuracy(predict(model, range(300, 1000)), range(300, 1000), table.classes) > 0.9);
}

TEST_CASE("ForestModel: identical items with contradicting labels get the shares of their labels") {
  for (const float value : {0.0F, 3e38F}) {
    const std::vector<float> values(400 * 3, value);
    ForestModel model;
    model.attach(Features::borrow(MatrixView<const float>(values.data(), 400, 3)), 2);
    std::vector<int> classes(400);
    for (std::size_t i = 0; i < classes.size(); ++i) classes[i] = i % 4 == 0 ? 1 : 0;
    teach(model, range(0, 200), classes);
    CHECK(predict(model, {300})(0, 1) == doctest::Approx(0.25).epsilon(0.02));
  }
}

TEST_CASE("ForestModel: the largest and the smallest numbers can share a column") {
  std::vector<float> values;
  std::vector<int> classes;
  for (int i = 0; i < 60; ++i) {
    values.push_back((i % 2 == 0 ? 3e38F : -3e38F));
    classes.push_back(i % 2);
  }
  ForestModel model;
  model.attach(Features::borrow(MatrixView<const float>(values.data(), 60, 1)), 2);
  teach(model, range(0, 30), classes);
  CHECK(accuracy(predict(model, range(30, 60)), range(30, 60), classes) == 1.0);
}

TEST_CASE("ForestModel: a soft target teaches its shares") {
  const Table table(600, 3, [](const float* row) { return row[0] > 0.0F ? 1 : 0; });
  ForestModel model;
  model.attach(table.pool(), 3);
  Matrix<float> targets(400, 3);
  for (std::ptrdiff_t i = 0; i < 400; ++i) {
    targets(i, 0) = table.classes[i] == 0 ? 0.7F : 0.1F;
    targets(i, 1) = table.classes[i] == 0 ? 0.1F : 0.7F;
    targets(i, 2) = 0.2F;
  }
  model.update(range(0, 400), targets);
  const auto p = predict(model, range(400, 600));
  CHECK(accuracy(p, range(400, 600), table.classes) > 0.95);
  for (std::ptrdiff_t i = 0; i < p.rows; ++i) REQUIRE(p(i, 2) == doctest::Approx(0.2).epsilon(0.02));
}

TEST_CASE("ForestModel: a weight counts like that many labels") {
  const std::vector<float> values(100 * 2, 1.0F);
  ForestModel model;
  model.attach(Features::borrow(MatrixView<const float>(values.data(), 100, 2)), 2);
  std::vector<int> classes(100);
  std::vector<float> weights(100);
  for (std::size_t i = 0; i < 100; ++i) {
    classes[i] = static_cast<int>(i % 2);
    weights[i] = i % 2 == 0 ? 9.0F : 1.0F;
  }
  teach(model, range(0, 100), classes, weights);
  CHECK(predict(model, {0})(0, 0) == doctest::Approx(0.9).epsilon(0.02));
  for (const float unit : {1e-30F, 1e30F}) {
    std::vector<float> other = weights;
    for (float& weight : other) weight *= unit;
    teach(model, range(0, 100), classes, other);
    CHECK(predict(model, {0})(0, 0) == doctest::Approx(0.9).epsilon(0.02));
  }
}

TEST_CASE("ForestModel: one class only, one label, more classes than labels") {
  const Table table(1200, 3, [](const float* row) { return static_cast<int>(500.0F * (row[0] + 1.0F)); });
  ForestModel single;
  single.attach(table.pool(), 20);
  teach(single, range(0, 100), std::vector<int>(1200, 3));
  const auto p = predict(single, range(0, 1200));
  for (std::ptrdiff_t i = 0; i < p.rows; ++i) {
    REQUIRE(p(i, 3) > 0.98F);
    REQUIRE(p(i, 4) > 0.0F);
  }
  ForestModel one;
  one.attach(table.pool(), 20);
  teach(one, {5}, std::vector<int>(1200, 3));
  CHECK(predict(one, {6})(0, 3) > 0.5F);
  CHECK(out_of_fold(one, {5})(0, 3) == doctest::Approx(0.05));  // its fold has seen nothing

  ForestModel few;
  few.attach(table.pool(), 1000);
  teach(few, range(0, 300), table.classes);
  CHECK_NOTHROW((void)predict(few, range(0, 1200)));  // rows are checked to be distributions
  CHECK_NOTHROW((void)out_of_fold(few, range(0, 300)));
}

TEST_CASE("ForestModel: out-of-fold accuracy on noise labels is chance, in-sample it is high") {
  Table table(1200, 10, xor_class);
  RandomStream random(9, RandomPurpose::user);
  for (int& c : table.classes) c = static_cast<int>(random.below(2));
  ForestModel model;
  model.attach(table.pool(), 2);
  for (ItemIndex begin = 0; begin < 1200; begin += 400) teach(model, range(begin, begin + 400), table.classes);
  CHECK(accuracy(predict(model, range(0, 1200)), range(0, 1200), table.classes) > 0.95);
  const double chance = accuracy(out_of_fold(model, range(0, 1200)), range(0, 1200), table.classes);
  CHECK(std::fabs(chance - 0.5) < 4.0 * 0.5 / std::sqrt(1200.0));
}

TEST_CASE("ForestModel: an item's own label never moves its out-of-fold prediction") {
  const Table table(300, 3, ring_class);
  ForestModel model;
  model.attach(table.pool(), 3);
  teach(model, range(0, 150), table.classes);
  const auto before = out_of_fold(model, {17});
  for (int c = 0; c < 3; ++c) {
    teach(model, {17}, std::vector<int>(300, c));
    CHECK(out_of_fold(model, {17}).values == before.values);
  }
}

TEST_CASE("ForestModel: the same bits for 1, 2 and 7 threads") {
  const Table table(700, 30, ring_class);
  ForestModel expected;
  expected.attach(table.pool(), 3);
  teach(expected, range(0, 200), table.classes);
  for (const std::size_t threads : {2U, 7U}) {
    ForestModel model;
    model.attach(table.pool(), 3, std::make_shared<ThreadPool>(threads));
    teach(model, range(0, 200), table.classes);
    CHECK(predict(model, range(0, 700)).values == predict(expected, range(0, 700)).values);
    CHECK(out_of_fold(model, range(0, 200)).values == out_of_fold(expected, range(0, 200)).values);
  }
}

TEST_CASE("ForestModel: the order and the rounds in which labels come leave no trace; the seed does") {
  const Table table(300, 4, ring_class);
  ForestModel once, rounds, other({.seed = 1});
  for (IncrementalModel* model : {static_cast<IncrementalModel*>(&once), static_cast<IncrementalModel*>(&rounds),
                                  static_cast<IncrementalModel*>(&other)}) {
    model->attach(table.pool(), 3);
  }
  teach(once, range(0, 120), table.classes);
  teach(other, range(0, 120), table.classes);
  teach(rounds, range(50, 120), table.classes);
  teach(rounds, range(30, 60), std::vector<int>(300, 0));
  teach(rounds, range(0, 60), table.classes);
  CHECK(predict(rounds, range(0, 300)).values == predict(once, range(0, 300)).values);
  CHECK(predict(other, range(0, 300)).values != predict(once, range(0, 300)).values);
}

TEST_CASE("ForestModel: the items that are asked together do not matter") {
  const Table table(300, 4, ring_class);
  ForestModel model;
  model.attach(table.pool(), 3);
  teach(model, range(0, 120), table.classes);
  const auto all = predict(model, range(0, 300));
  for (const ItemIndex item : {0, 7, 8, 131, 299}) {
    const auto alone = predict(model, {item});
    CHECK(std::equal(alone.values.begin(), alone.values.end(), all.row(item).begin()));
  }
}

/// The same rows as CSR, zeros left out.
struct Sparse {
  std::vector<std::int64_t> indptr = {0};
  std::vector<std::int32_t> indices;
  std::vector<float> values;
  std::ptrdiff_t d;

  Sparse(const std::vector<float>& rows, std::ptrdiff_t d_) : d(d_) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (rows[i] != 0.0F) {
        indices.push_back(static_cast<std::int32_t>(static_cast<std::ptrdiff_t>(i) % d));
        values.push_back(rows[i]);
      }
      if (static_cast<std::ptrdiff_t>(i + 1) % d == 0) indptr.push_back(static_cast<std::int64_t>(indices.size()));
    }
  }
  [[nodiscard]] Features pool() const { return Features::borrow(CsrView<const float>{indptr, indices, values, d}); }
};

TEST_CASE("ForestModel: sparse rows are learned, also of more columns than trees look at") {
  const std::ptrdiff_t d = 5000;
  RandomStream random(4, RandomPurpose::user);
  std::vector<float> rows(static_cast<std::size_t>(600 * d), 0.0F);
  std::vector<int> classes;
  for (std::ptrdiff_t i = 0; i < 600; ++i) {
    classes.push_back(static_cast<int>(random.below(2)));
    for (int word = 0; word < 8; ++word) {  // of 40 words of the class, among many of no meaning
      rows[i * d + 40 * classes.back() + static_cast<std::ptrdiff_t>(random.below(40))] += 1.0F;
      rows[i * d + 80 + static_cast<std::ptrdiff_t>(random.below(4920))] += 1.0F;
    }
  }
  const Sparse sparse(rows, d);
  ForestModel model;
  model.attach(sparse.pool(), 2);
  teach(model, range(0, 200), classes);
  CHECK(accuracy(predict(model, range(200, 600)), range(200, 600), classes) > 0.9);
  CHECK(accuracy(out_of_fold(model, range(0, 200)), range(0, 200), classes) > 0.9);
}

TEST_CASE("ForestModel: sparse rows without entries, columns stored twice") {
  const std::vector<std::int64_t> indptr = {0, 0, 2, 2, 4, 4, 6};
  const std::vector<std::int32_t> indices = {1, 1, 1, 1, 1, 1};
  const std::vector<float> values = {0.5F, 0.5F, 1.0F, 0.0F, 2.0F, -1.0F};  // 1 in every second row
  ForestModel model;
  model.attach(Features::borrow(CsrView<const float>{indptr, indices, values, 3}), 2);
  const std::vector<int> classes = {0, 1, 0, 1, 0, 1};
  teach(model, {0, 2}, classes);
  CHECK(predict(model, {1})(0, 0) > 0.8F);  // nothing but rows without entries is known
  teach(model, range(0, 4), classes);
  CHECK(accuracy(predict(model, {4, 5}), {4, 5}, classes) == 1.0);
}

TEST_CASE("ForestModel: after a load it goes on bit for bit") {
  const Table table(400, 10, ring_class);
  ForestModel model({.n_trees = 20, .seed = 5});
  model.attach(table.pool(), 3);
  teach(model, range(60, 120), table.classes);
  teach(model, range(0, 60), table.classes);
  SnapshotWriter writer;
  model.save(writer);
  const std::string bytes = writer.finish("model");
  ForestModel loaded;
  loaded.attach(table.pool(), 3);
  SnapshotReader reader(bytes, "model");
  loaded.load(reader);
  CHECK(loaded.options().n_trees == 20);
  CHECK(predict(loaded, range(0, 400)).values == predict(model, range(0, 400)).values);
  CHECK(out_of_fold(loaded, range(0, 120)).values == out_of_fold(model, range(0, 120)).values);
  for (IncrementalModel* m : {static_cast<IncrementalModel*>(&model), static_cast<IncrementalModel*>(&loaded)}) {
    teach(*m, range(120, 170), table.classes);
  }
  CHECK(predict(loaded, range(0, 400)).values == predict(model, range(0, 400)).values);
}

TEST_CASE("ForestModel: an untaught model is saved and loaded; a snapshot that is not sound is refused") {
  const Table table(40, 2, xor_class);
  const auto load = [&](ForestModel& target, std::int32_t n_trees, bool is_fitted) {
    SnapshotWriter writer;
    writer.section("incremental_model", 1);
    writer.write("forest");
    TrainingSet(2).save(writer);
    writer.write(is_fitted);
    writer.write(is_fitted);  // current
    writer.section("forest_model", 1);
    writer.write(n_trees);
    writer.write(std::uint64_t{0});
    const std::string bytes = writer.finish("model");
    SnapshotReader reader(bytes, "model");
    target.load(reader);
  };
  ForestModel model;
  model.attach(table.pool(), 2);
  CHECK_NOTHROW(load(model, 20, false));
  CHECK(!model.is_fitted());
  CHECK_THROWS_AS(load(model, 7, false), ArchiveError);
  CHECK_THROWS_AS(load(model, -5, false), ArchiveError);
  CHECK_THROWS_AS(load(model, ForestModel::kMaxTrees + 5, false), ArchiveError);
  CHECK_THROWS_AS(load(model, 20, true), ArchiveError);
  CHECK_THROWS_AS((void)predict(model, {0}), NotFitted);
}

TEST_CASE("ForestModel: an executor that fails during an update leaves the fit as it was") {
  struct Failing final : Executor {
    bool fail = false;
    void run(std::size_t n_tasks, const std::function<void(std::size_t)>& task) override {
      if (fail) throw std::runtime_error("cancelled");
      for (std::size_t i = 0; i < n_tasks; ++i) task(i);
    }
    [[nodiscard]] std::size_t n_threads() const noexcept override { return 1; }
  };
  const Table table(200, 8, xor_class);
  const auto executor = std::make_shared<Failing>();
  ForestModel model;
  model.attach(table.pool(), 2, executor);
  teach(model, range(0, 40), table.classes);
  const auto before = predict(model, range(0, 200));
  executor->fail = true;
  CHECK_THROWS(teach(model, range(40, 80), table.classes));
  executor->fail = false;
  CHECK(predict(model, range(0, 200)).values == before.values);
  CHECK_NOTHROW((void)out_of_fold(model, range(40, 80)));
  CHECK_NOTHROW(teach(model, range(40, 80), table.classes));
}

TEST_CASE("ForestModel: a clone has the options and nothing learned") {
  const ForestModel model({.n_trees = 25, .seed = 3});
  const auto copy = std::dynamic_pointer_cast<ForestModel>(model.clone());
  REQUIRE(copy != nullptr);
  CHECK(copy->options().n_trees == 25);
  CHECK(copy->options().seed == 3);
  CHECK(!copy->is_fitted());
}

TEST_CASE("ForestModel: numbers of trees that do not share out to the folds are refused") {
  for (const int n_trees : {0, -5, 7, ForestModel::kMaxTrees + 5}) {
    CHECK_THROWS_AS(ForestModel({.n_trees = n_trees}), InvalidArgument);
  }
}

}  // namespace
