#include "gtlabel/models/latent_model.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "gaussian_pool.hpp"
#include "gtlabel/core/error.hpp"
#include "gtlabel/core/executor.hpp"
#include "gtlabel/core/random.hpp"
#include "gtlabel/models/graph_model.hpp"
#include "gtlabel/models/softmax_regression.hpp"
#include "models/teaching.hpp"

namespace {

using namespace gtlabel;
using gtlabel_test::accuracy;
using gtlabel_test::bytes_of;
using gtlabel_test::GaussianPool;
using gtlabel_test::load;
using gtlabel_test::out_of_fold;
using gtlabel_test::predict;
using gtlabel_test::range;
using gtlabel_test::teach;

/// Texts of one topic each: every topic has many words of its own, and a text a few of them, so two texts of a topic
/// mostly share none.
struct Texts {
  static constexpr std::int32_t kWordsOfTopic = 200;
  static constexpr int kWordsOfText = 8;
  std::vector<std::int64_t> indptr{0};
  std::vector<std::int32_t> indices;
  std::vector<float> values;
  std::vector<ClassIndex> classes;
  int n_topics;

  Texts(std::ptrdiff_t n, int topics, float value = 1.0F) : n_topics(topics) {
    RandomStream random(3, RandomPurpose::user);
    for (std::ptrdiff_t i = 0; i < n; ++i) {
      classes.push_back(static_cast<ClassIndex>(random.below(static_cast<std::uint64_t>(topics))));
      for (int w = 0; w < kWordsOfText; ++w) {
        indices.push_back(classes.back() * kWordsOfTopic + static_cast<std::int32_t>(random.below(kWordsOfTopic)));
        values.push_back(value);
      }
      indptr.push_back(static_cast<std::int64_t>(indices.size()));
    }
  }
  [[nodiscard]] Features part(std::size_t n) const {
    const auto n_entries = static_cast<std::size_t>(indptr[n]);
    return Features::borrow(CsrView<const float>{std::span(indptr).first(n + 1), std::span(indices).first(n_entries),
                                                 std::span(values).first(n_entries), n_topics * kWordsOfTopic});
  }
  [[nodiscard]] Features pool() const { return part(classes.size()); }
};

double accuracy_of(IncrementalModel& model, const Texts& texts, ItemIndex n_labels) {
  const auto n = static_cast<ItemIndex>(texts.classes.size());
  model.attach(texts.pool(), texts.n_topics);
  teach(model, range(0, n_labels), texts.classes);
  return accuracy(predict(model, range(n_labels, n)), range(n_labels, n), texts.classes);
}

TEST_CASE("LatentModel: knows words that no labelled text has, which a regression on words cannot") {
  const Texts texts(3000, 4);
  LatentModel latent;
  SoftmaxRegression plain;
  const double of_latent = accuracy_of(latent, texts, 16);
  CHECK(of_latent > 0.8);
  CHECK(of_latent > accuracy_of(plain, texts, 16) + 0.2);
  const Matrix<float> held_out = out_of_fold(latent, range(0, 16));
  CHECK(accuracy(held_out, range(0, 16), texts.classes) > 0.6);
}

TEST_CASE("LatentModel: the unit of the values does not matter, not even at the ends of float32") {
  const Texts texts(600, 3), huge(600, 3, 1e38F), tiny(600, 3, 1e-38F);
  for (const Texts* other : {&huge, &tiny}) {
    LatentModel a, b;
    CHECK(accuracy_of(a, texts, 60) == accuracy_of(b, *other, 60));
  }
}

TEST_CASE("LatentModel: the same bits for any executor") {
  const Texts texts(1500, 3);
  const auto predicted = [&](std::shared_ptr<Executor> executor) {
    LatentModel model;
    model.attach(texts.pool(), 3, std::move(executor));
    teach(model, range(0, 50), texts.classes);
    return predict(model, range(0, 1500)).values;
  };
  const auto serial = predicted(nullptr);
  CHECK(predicted(std::make_shared<ThreadPool>(3)) == serial);
  CHECK(predicted(std::make_shared<ThreadPool>(7)) == serial);
}

TEST_CASE("LatentModel: a dense pool goes to the inner model as it is") {
  const GaussianPool pool(300, 3, 4.0);
  LatentModel latent;
  SoftmaxRegression plain;
  for (IncrementalModel* model : {static_cast<IncrementalModel*>(&latent), static_cast<IncrementalModel*>(&plain)}) {
    model->attach(pool.features(), 3);
    teach(*model, range(0, 60), pool.classes);
  }
  CHECK(predict(latent, range(0, 300)).values == predict(plain, range(0, 300)).values);
}

TEST_CASE("LatentModel: where every row has every column, their values count") {
  const GaussianPool pool(600, 3, 4.0);
  std::vector<std::int64_t> indptr{0};
  std::vector<std::int32_t> indices;
  for (std::ptrdiff_t r = 0; r < pool.n; ++r) {
    for (std::int32_t c = 0; c < pool.d; ++c) indices.push_back(c);
    indptr.push_back(static_cast<std::int64_t>(indices.size()));
  }
  LatentModel latent;
  latent.attach(Features::borrow(CsrView<const float>{indptr, indices, pool.values, pool.d}), 3);
  teach(latent, range(0, 60), pool.classes);
  CHECK(accuracy(predict(latent, range(60, 600)), range(60, 600), pool.classes) > 0.8);
}

TEST_CASE("LatentModel: texts of many hundred words are known by some of them") {
  // Two topics of 2,000 words each, and 700 in every text: all pairs of 1,500 such texts are 700 million.
  constexpr std::int32_t kWordsOfTopic = 2000, kWordsOfText = 700;
  RandomStream random(5, RandomPurpose::user);
  std::vector<std::int64_t> indptr{0};
  std::vector<std::int32_t> indices;
  std::vector<ClassIndex> classes;
  for (int i = 0; i < 1500; ++i) {
    classes.push_back(static_cast<ClassIndex>(random.below(2)));
    for (std::int32_t w = 0; w < kWordsOfText; ++w) {
      indices.push_back(classes.back() * kWordsOfTopic + static_cast<std::int32_t>(random.below(kWordsOfTopic)));
    }
    indptr.push_back(static_cast<std::int64_t>(indices.size()));
  }
  const std::vector<float> values(indices.size(), 1.0F);
  LatentModel latent;
  latent.attach(Features::borrow(CsrView<const float>{indptr, indices, values, 2 * kWordsOfTopic}), 2);
  teach(latent, range(0, 20), classes);
  CHECK(accuracy(predict(latent, range(20, 1500)), range(20, 1500), classes) > 0.99);
}

TEST_CASE("LatentModel: pools with hardly any words have sound predictions") {
  std::vector<float> values(5, 1.0F);
  const auto predicted = [&](std::vector<std::int64_t> indptr, std::vector<std::int32_t> indices, std::ptrdiff_t cols) {
    const std::span<const float> used(values.data(), indices.size());
    LatentModel model;
    model.attach(Features::borrow(CsrView<const float>{indptr, indices, used, cols}), 2);
    teach(model, {0, 1}, {0, 1, 0, 1});
    return predict(model, range(0, 4));
  };
  const auto is_sound = [](const Matrix<float>& rows) {
    return std::all_of(rows.values.begin(), rows.values.end(), [](float p) { return p >= 0.0F && p <= 1.0F; });
  };
  CHECK(is_sound(predicted({0, 0, 0, 0, 0}, {}, 3)));               // none at all
  CHECK(is_sound(predicted({0, 1, 2, 3, 4}, {0, 1, 2, 3}, 5)));     // each only once
  CHECK(is_sound(predicted({0, 1, 2, 3, 4}, {7, 7, 7, 7}, 1000)));  // one word
  const auto two_words = predicted({0, 1, 2, 3, 4}, {0, 1, 0, 1}, 2);
  CHECK(two_words(2, 0) > 0.5F);
  CHECK(two_words(3, 1) > 0.5F);
}

TEST_CASE("LatentModel: a snapshot resumes it exactly, and one of another inner model is refused") {
  const Texts texts(800, 3);
  LatentModel model, copy, graph(std::make_shared<GraphModel>());
  for (IncrementalModel* each : {&model, &copy, &graph}) each->attach(texts.pool(), 3);
  const std::string unfitted = bytes_of(model);
  teach(model, range(0, 40), texts.classes);
  load(copy, bytes_of(model));
  CHECK(predict(copy, range(0, 800)).values == predict(model, range(0, 800)).values);
  teach(model, range(40, 80), texts.classes);
  teach(copy, range(40, 80), texts.classes);
  CHECK(predict(copy, range(0, 800)).values == predict(model, range(0, 800)).values);
  CHECK_THROWS_AS(load(graph, bytes_of(model)), ArchiveError);
  load(copy, unfitted);
  CHECK_FALSE(copy.is_fitted());
  teach(copy, range(0, 40), texts.classes);
  CHECK(copy.is_fitted());
}

TEST_CASE("LatentModel: items that join are known as if they had been there from the start") {
  const Texts texts(900, 3);
  LatentModel grown, whole;
  grown.attach(texts.part(500), 3);
  teach(grown, range(0, 50), texts.classes);
  grown.extend(texts.pool());
  whole.attach(texts.pool(), 3);
  teach(whole, range(0, 50), texts.classes);
  CHECK(predict(grown, range(0, 900)).values == predict(whole, range(0, 900)).values);
}

TEST_CASE("LatentModel: clones are untrained and have an inner model of the same kind") {
  const LatentModel model(std::make_shared<GraphModel>());
  const auto copy = model.clone();
  CHECK(copy->kind() == "latent");
  CHECK(dynamic_cast<const LatentModel&>(*copy).inner()->kind() == "graph");
  CHECK(dynamic_cast<const LatentModel&>(*copy).inner() != model.inner());
}

}  // namespace
