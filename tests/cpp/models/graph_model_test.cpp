#include "gtlabel/models/graph_model.hpp"

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

/// Two interleaved half circles: a shape that a linear model cannot separate.
struct Moons {
  std::vector<float> values;
  std::vector<int> classes;

  explicit Moons(int n, std::uint64_t seed = 1) {
    RandomStream random(seed, RandomPurpose::user);
    for (int i = 0; i < n; ++i) {
      const int c = static_cast<int>(random.below(2));
      const double angle = 3.14159265 * random.uniform(), noise = 0.1 * random.uniform();
      values.push_back(static_cast<float>(c == 0 ? std::cos(angle) : 1.0 - std::cos(angle)) +
                       static_cast<float>(noise));
      values.push_back(static_cast<float>(c == 0 ? std::sin(angle) : 0.5 - std::sin(angle)) +
                       static_cast<float>(noise));
      classes.push_back(c);
    }
  }
  [[nodiscard]] Features pool() const {
    return Features::borrow(MatrixView<const float>(values.data(), static_cast<std::ptrdiff_t>(classes.size()), 2));
  }
};

TEST_CASE("GraphModel: follows the shape of the pool from 20 labels") {
  const Moons moons(600);
  GraphModel model;
  model.attach(moons.pool(), 2);
  teach(model, range(0, 20), moons.classes);
  CHECK(accuracy(predict(model, range(20, 600)), range(20, 600), moons.classes) > 0.97);
}

TEST_CASE("GraphModel: the solution fulfils the equations of the quadratic form") {
  const Moons moons(300);
  const GraphModelOptions options;
  GraphModel model(options);
  model.attach(moons.pool(), 2);
  teach(model, range(0, 30), moons.classes);
  const auto f = predict(model, range(0, 300));
  const auto weights = model.graph()->weights();
  double ones = 0.0;
  for (int i = 0; i < 30; ++i) ones += moons.classes[i];
  const double prior = (ones + 0.5) / 31.0;
  for (std::ptrdiff_t i = 0; i < 300; ++i) {
    const double degree = model.graph()->degrees()[i], pull = i < 30 ? options.label_strength : 0.0;
    double right = degree * (pull * moons.classes[i] + options.prior_strength * prior);
    for (std::int64_t e = weights.indptr[i]; e < weights.indptr[i + 1]; ++e)
      right += weights.values[e] * f(weights.indices[e], 1);
    REQUIRE(f(i, 1) == doctest::Approx(right / (degree * (1.0 + pull + options.prior_strength))).epsilon(0.01));
  }
}

TEST_CASE("GraphModel: a warm start ends where a cold start ends") {
  const Moons moons(500);
  GraphModel warm, cold;
  warm.attach(moons.pool(), 2);
  cold.attach(moons.pool(), 2);
  for (ItemIndex begin = 0; begin < 60; begin += 10) teach(warm, range(begin, begin + 10), moons.classes);
  teach(cold, range(0, 60), moons.classes);
  CHECK(largest_difference(predict(warm, range(0, 500)), predict(cold, range(0, 500))) < 0.03);
  CHECK(largest_difference(out_of_fold(warm, range(0, 60)), out_of_fold(cold, range(0, 60))) < 0.03);
}

TEST_CASE("GraphModel: out-of-fold accuracy on noise labels is chance, after many warm rounds") {
  Moons moons(1200);
  RandomStream random(9, RandomPurpose::user);
  for (int& c : moons.classes) c = static_cast<int>(random.below(2));
  GraphModel model;
  model.attach(moons.pool(), 2);
  for (ItemIndex begin = 0; begin < 1200; begin += 100) teach(model, range(begin, begin + 100), moons.classes);
  CHECK(accuracy(predict(model, range(0, 1200)), range(0, 1200), moons.classes) > 0.9);  // it does learn the noise
  const double chance = accuracy(out_of_fold(model, range(0, 1200)), range(0, 1200), moons.classes);
  CHECK(std::fabs(chance - 0.5) < 4.0 * 0.5 / std::sqrt(1200.0));
}

TEST_CASE("GraphModel: a component without labels falls back to the prior") {
  std::vector<float> values;
  for (int i = 0; i < 60; ++i) values.push_back(static_cast<float>(i % 30) * 0.01F + (i < 30 ? 0.0F : 1000.0F));
  GraphModel model;
  model.attach(Features::borrow(MatrixView<const float>(values.data(), 60, 1)), 2);
  std::vector<int> classes(60, 0);
  classes[3] = 1;
  teach(model, range(0, 4), classes);
  const auto p = predict(model, range(30, 60));
  for (std::ptrdiff_t i = 0; i < 30; ++i) REQUIRE(p(i, 1) == doctest::Approx(1.5 / 5.0).epsilon(0.01));
}

TEST_CASE("GraphModel: contradicting labels of identical items meet in the middle") {
  std::vector<float> values(40, 1.0F);
  GraphModel model;
  model.attach(Features::borrow(MatrixView<const float>(values.data(), 40, 1)), 2);
  std::vector<int> classes(40);
  for (std::size_t i = 0; i < 40; ++i) classes[i] = static_cast<int>(i % 2);
  teach(model, range(0, 20), classes);
  CHECK(predict(model, {35})(0, 0) == doctest::Approx(0.5).epsilon(0.1));
}

TEST_CASE("GraphModel: one class only, more classes than labels, one label, a pool of two") {
  const Moons moons(100);
  GraphModel single, few;
  single.attach(moons.pool(), 30);
  teach(single, range(0, 10), std::vector<int>(100, 3));
  CHECK(predict(single, {50})(0, 3) > 0.5F);
  CHECK(out_of_fold(single, {5})(0, 3) > 0.5F);
  few.attach(moons.pool(), 30);
  teach(few, {1}, std::vector<int>(100, 7));
  CHECK(out_of_fold(few, {1})(0, 0) == doctest::Approx(1.0 / 30.0));  // its fold has seen nothing
  const std::vector<float> two = {0.0F, 1.0F};
  GraphModel tiny;
  tiny.attach(Features::borrow(MatrixView<const float>(two.data(), 2, 1)), 2);
  teach(tiny, {0}, {1, 0});
  CHECK(predict(tiny, {1})(0, 1) > 0.5F);
}

TEST_CASE("GraphModel: a label given again replaces the old one") {
  const Moons moons(300);
  auto wrong = moons.classes;
  for (int& c : wrong) c = 1 - c;
  GraphModel model, clean;
  model.attach(moons.pool(), 2);
  clean.attach(moons.pool(), 2);
  teach(model, range(0, 40), wrong);
  teach(model, range(0, 40), moons.classes);
  teach(clean, range(0, 40), moons.classes);
  CHECK(largest_difference(predict(model, range(0, 300)), predict(clean, range(0, 300))) < 0.01);
}

TEST_CASE("GraphModel: the same bits for 1, 2 and 7 threads") {
  const Moons moons(600);
  GraphModel expected;
  expected.attach(moons.pool(), 2);
  teach(expected, range(0, 40), moons.classes);
  for (const std::size_t threads : {2U, 7U}) {
    GraphModel model;
    model.attach(moons.pool(), 2, std::make_shared<ThreadPool>(threads));
    teach(model, range(0, 40), moons.classes);
    CHECK(predict(model, range(0, 600)).values == predict(expected, range(0, 600)).values);
    CHECK(out_of_fold(model, range(0, 40)).values == out_of_fold(expected, range(0, 40)).values);
  }
}

TEST_CASE("GraphModel: a clone shares the graph on an equal pool and builds its own on another") {
  const Moons moons(200), equal(200), other(200, 2);
  GraphModel model;
  model.attach(moons.pool(), 2);
  CHECK(model.graph() == nullptr);
  teach(model, range(0, 20), moons.classes);
  const auto attached = [&](const Moons& pool) {
    auto clone = model.clone();
    clone->attach(pool.pool(), 2);
    teach(*clone, range(0, 20), pool.classes);
    return std::dynamic_pointer_cast<GraphModel>(clone)->graph();
  };
  CHECK(attached(equal) == model.graph());
  CHECK(attached(other) != model.graph());
}

TEST_CASE("GraphModel: a given graph must have the pool's items") {
  const Moons moons(50), larger(60);
  SerialExecutor serial;
  GraphModel model({}, NeighborGraph::build(larger.pool(), {}, serial));
  CHECK_THROWS_AS(model.attach(moons.pool(), 2), InvalidArgument);
}

TEST_CASE("GraphModel: after a load it goes on bit for bit") {
  const Moons moons(400);
  GraphModel model;
  model.attach(moons.pool(), 2);
  for (ItemIndex begin = 0; begin < 60; begin += 20) teach(model, range(begin, begin + 20), moons.classes);
  SnapshotWriter writer;
  model.save(writer);
  const std::string bytes = writer.finish("model");
  GraphModel loaded;
  loaded.attach(moons.pool(), 2);
  SnapshotReader reader(bytes, "model");
  loaded.load(reader);
  CHECK(predict(loaded, range(0, 400)).values == predict(model, range(0, 400)).values);
  for (IncrementalModel* m : {static_cast<IncrementalModel*>(&model), static_cast<IncrementalModel*>(&loaded)}) {
    teach(*m, range(60, 90), moons.classes);
  }
  CHECK(predict(loaded, range(0, 400)).values == predict(model, range(0, 400)).values);
  CHECK(out_of_fold(loaded, range(0, 90)).values == out_of_fold(model, range(0, 90)).values);
}

TEST_CASE("GraphModel: options out of range are refused") {
  CHECK_THROWS_AS(GraphModel({.n_neighbors = 0}), InvalidArgument);
  CHECK_THROWS_AS(GraphModel({.label_strength = 0.0}), InvalidArgument);
  CHECK_THROWS_AS(GraphModel({.prior_strength = -1.0}), InvalidArgument);
}

}  // namespace
