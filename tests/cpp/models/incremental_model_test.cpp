#include "gtlabel/models/incremental_model.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "gaussian_pool.hpp"
#include "gtlabel/core/error.hpp"
#include "gtlabel/models/committee.hpp"
#include "gtlabel/models/graph_model.hpp"
#include "gtlabel/models/softmax_regression.hpp"
#include "gtlabel/storage/snapshot.hpp"
#include "models/centroid_model.hpp"
#include "models/teaching.hpp"

namespace {

using namespace gtlabel;
using gtlabel_test::bytes_of;
using gtlabel_test::CentroidModel;
using gtlabel_test::GaussianPool;
using gtlabel_test::load;
using gtlabel_test::ModelHooks;
using gtlabel_test::out_of_fold;
using gtlabel_test::predict;
using gtlabel_test::range;
using gtlabel_test::teach;
using Items = std::vector<ItemIndex>;
using Floats = std::vector<float>;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

/// The code of the error that `call` must throw; anything else fails the test.
template <class Call>
ErrorCode refusal(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error.code();
  }
  FAIL("nothing was refused");
  return {};
}

/// Says of every taught item what it was taught, and of others that it knows nothing: out of fold it must know nothing.
class Parrot final : public IncrementalModel {
 private:
  void do_attach() override {}
  void do_update(std::span<const ItemIndex>, MatrixView<const float>, std::span<const float>) override {}
  void do_predict_proba(std::span<const ItemIndex> items, MatrixView<float> out) const override {
    for (std::ptrdiff_t r = 0; r < out.rows; ++r) {
      const auto place = training().position(items[r]);
      for (std::ptrdiff_t c = 0; c < out.cols; ++c) {
        out(r, c) = place >= 0 ? training().targets()(place, c) : 1.0F / static_cast<float>(out.cols);
      }
    }
  }
  std::shared_ptr<IncrementalModel> do_clone() const override { return std::make_shared<Parrot>(); }
};

/// One of each kind of model: what the base class promises is promised by all.
std::vector<std::shared_ptr<IncrementalModel>> every_model() {
  return {std::make_shared<CentroidModel>(), std::make_shared<SoftmaxRegression>(), std::make_shared<GraphModel>(),
          std::make_shared<Committee>(),
          std::make_shared<Committee>(std::vector<std::shared_ptr<IncrementalModel>>{
              std::make_shared<CentroidModel>(), std::make_shared<SoftmaxRegression>()})};
}

TEST_CASE("IncrementalModel: nothing works before attach, and no prediction before the first update") {
  const GaussianPool pool(60, 2, 3.0);
  for (const auto& model : every_model()) {
    CAPTURE(model->kind());
    CHECK_FALSE(model->is_attached());
    const Matrix<float> target(1, 2, 0.5F);
    CHECK(refusal([&] { model->update(Items{0}, target); }) == ErrorCode::not_fitted);
    CHECK(refusal([&] { (void)predict(*model, {}); }) == ErrorCode::not_fitted);
    CHECK(refusal([&] { (void)bytes_of(*model); }) == ErrorCode::not_fitted);
    const auto other = model->clone();
    other->attach(pool.features(), 2);
    CHECK(refusal([&] { load(*model, bytes_of(*other)); }) == ErrorCode::not_fitted);
    model->attach(pool.features(), 2);
    CHECK(model->is_attached());
    CHECK_FALSE(model->is_fitted());
    CHECK(model->n_classes() == 2);
    CHECK(model->attached_pool().n_items() == 60);
    CHECK(refusal([&] { (void)predict(*model, {0}); }) == ErrorCode::not_fitted);
    CHECK(refusal([&] { (void)out_of_fold(*model, {}); }) == ErrorCode::not_fitted);
    teach(*model, range(0, 10), pool.classes);
    CHECK(model->is_fitted());
    CHECK_NOTHROW((void)predict(*model, range(0, 60)));
  }
}

TEST_CASE("IncrementalModel: fewer than two classes are refused, and leave the model as it was") {
  const GaussianPool pool(20, 2, 3.0);
  for (const auto& model : every_model()) {
    for (const int bad : {1, 0, -3}) {
      CHECK(refusal([&] { model->attach(pool.features(), bad); }) == ErrorCode::invalid_argument);
      CHECK_FALSE(model->is_attached());
    }
  }
}

TEST_CASE("IncrementalModel: labels that do not fit are refused before anything is learned") {
  const GaussianPool pool(60, 3, 3.0);
  for (const auto& model : every_model()) {
    CAPTURE(model->kind());
    model->attach(pool.features(), 3);
    teach(*model, range(0, 30), pool.classes);
    const auto before = bytes_of(*model);
    const auto code = [&](const Items& items, const Matrix<float>& targets, const Floats& weights = {}) {
      return refusal([&] { model->update(items, targets, weights); });
    };
    const auto rows = [](std::ptrdiff_t n, std::ptrdiff_t k, Floats values) {
      Matrix<float> matrix(n, k);
      matrix.values = std::move(values);
      return matrix;
    };
    const auto uniform = rows(1, 3, {0.2F, 0.3F, 0.5F});
    CHECK(code({60}, uniform) == ErrorCode::item_out_of_range);
    CHECK(code({-1}, uniform) == ErrorCode::item_out_of_range);
    CHECK(code({std::numeric_limits<ItemIndex>::max()}, uniform) == ErrorCode::item_out_of_range);
    CHECK(code({40, 41}, uniform) == ErrorCode::shape_mismatch);
    CHECK(code({40}, rows(1, 2, {0.5F, 0.5F})) == ErrorCode::shape_mismatch);
    CHECK(code({40}, rows(1, 4, {0.25F, 0.25F, 0.25F, 0.25F})) == ErrorCode::shape_mismatch);
    CHECK(code({40}, uniform, {1.0F, 1.0F}) == ErrorCode::shape_mismatch);
    for (const Floats& bad : {Floats{0.5F, 0.5F, 0.5F}, Floats{0.0F, 0.0F, 0.0F}, Floats{1.5F, -0.5F, 0.0F}}) {
      CHECK(code({40}, rows(1, 3, bad)) == ErrorCode::invalid_argument);
    }
    for (const Floats& bad : {Floats{kNan, 0.5F, 0.5F}, Floats{kInfinity, 0.0F, 0.0F}}) {
      CHECK(code({40}, rows(1, 3, bad)) == ErrorCode::not_finite);
    }
    for (const float bad : {0.0F, -1.0F, kNan, kInfinity}) {
      CHECK(code({40}, uniform, {bad}) == ErrorCode::invalid_argument);
    }
    // The last row alone is bad: the rows before it are not learned either.
    CHECK(code({40, 41}, rows(2, 3, {1.0F, 0.0F, 0.0F, 0.0F, 0.0F, 0.0F})) == ErrorCode::invalid_argument);
    CHECK(bytes_of(*model) == before);
  }
}

TEST_CASE("IncrementalModel: an update without labels changes nothing") {
  const GaussianPool pool(40, 2, 3.0);
  for (const auto& model : every_model()) {
    model->attach(pool.features(), 2);
    model->update({}, Matrix<float>(0, 2));
    CHECK_FALSE(model->is_fitted());
    teach(*model, range(0, 20), pool.classes);
    const auto before = bytes_of(*model);
    model->update({}, Matrix<float>(0, 2));
    CHECK(bytes_of(*model) == before);
  }
}

TEST_CASE("IncrementalModel: labels that are known already change nothing") {
  const GaussianPool pool(60, 2, 2.0);
  for (const auto& model : every_model()) {
    CAPTURE(model->kind());
    model->attach(pool.features(), 2);
    for (ItemIndex begin = 0; begin < 40; begin += 20) teach(*model, range(begin, begin + 20), pool.classes);
    const auto before = bytes_of(*model);
    teach(*model, range(10, 30), pool.classes);
    CHECK(bytes_of(*model) == before);
  }
}

TEST_CASE("IncrementalModel: a failed update is made up for by the same labels, also after save and load") {
  const GaussianPool pool(40, 2, 3.0);
  const auto hooks = std::make_shared<ModelHooks>();
  CentroidModel model(hooks), other;
  for (IncrementalModel* m : {static_cast<IncrementalModel*>(&model), static_cast<IncrementalModel*>(&other)}) {
    m->attach(pool.features(), 2);
    teach(*m, range(0, 20), pool.classes);
  }
  hooks->before_update = [] { throw std::runtime_error("no memory"); };
  CHECK_THROWS_AS(teach(model, range(20, 30), pool.classes), std::runtime_error);
  hooks->before_update = {};
  load(other, bytes_of(model));
  const int n_updates = other.hooks().n_updates;
  teach(other, range(20, 30), pool.classes);
  CHECK(other.hooks().n_updates == n_updates + 1);
  teach(other, range(20, 30), pool.classes);
  CHECK(other.hooks().n_updates == n_updates + 1);
}

TEST_CASE("IncrementalModel: predictions of items or into shapes that do not fit are refused") {
  const GaussianPool pool(60, 3, 3.0);
  for (const auto& model : every_model()) {
    CAPTURE(model->kind());
    model->attach(pool.features(), 3);
    teach(*model, range(0, 30), pool.classes);
    Matrix<float> out(2, 3), narrow(2, 2), long_out(3, 3);
    CHECK(refusal([&] { model->predict_proba(Items{0, 60}, out); }) == ErrorCode::item_out_of_range);
    CHECK(refusal([&] { model->predict_proba(Items{-1, 0}, out); }) == ErrorCode::item_out_of_range);
    CHECK(refusal([&] { model->predict_proba(Items{0, 1}, narrow); }) == ErrorCode::shape_mismatch);
    CHECK(refusal([&] { model->predict_proba(Items{0, 1}, long_out); }) == ErrorCode::shape_mismatch);
    CHECK(refusal([&] { model->predict_out_of_fold(Items{0, 1}, narrow); }) == ErrorCode::shape_mismatch);
    CHECK(refusal([&] { model->predict_out_of_fold(Items{0, 30}, out); }) == ErrorCode::invalid_argument);
    CHECK(refusal([&] { model->predict_out_of_fold(Items{0, -1}, out); }) == ErrorCode::invalid_argument);
    CHECK_NOTHROW(model->predict_proba({}, Matrix<float>(0, 3)));
    CHECK_NOTHROW(model->predict_out_of_fold({}, Matrix<float>(0, 3)));
  }
}

TEST_CASE("IncrementalModel: each row of a prediction depends on its item alone, whatever else is asked") {
  const GaussianPool pool(80, 3, 2.0);
  for (const auto& model : every_model()) {
    CAPTURE(model->kind());
    model->attach(pool.features(), 3);
    teach(*model, range(0, 30), pool.classes);
    const auto all = predict(*model, range(0, 80));
    const auto all_out_of_fold = out_of_fold(*model, range(0, 30));
    const Items some = {17, 3, 3, 29};
    const auto p = predict(*model, some), q = out_of_fold(*model, some);
    for (std::ptrdiff_t r = 0; r < 4; ++r) {
      for (std::ptrdiff_t c = 0; c < 3; ++c) {
        CHECK(p(r, c) == doctest::Approx(all(some[static_cast<std::size_t>(r)], c)).epsilon(1e-4));
        CHECK(q(r, c) == doctest::Approx(all_out_of_fold(some[static_cast<std::size_t>(r)], c)).epsilon(1e-4));
      }
    }
  }
}

TEST_CASE("IncrementalModel: predictions go into strided rows and leave the room between them alone") {
  const GaussianPool pool(40, 2, 3.0);
  for (const auto& model : every_model()) {
    model->attach(pool.features(), 2);
    teach(*model, range(0, 20), pool.classes);
    Floats wide(5 * 3, -7.0F);
    const auto expected = predict(*model, range(20, 25));
    model->predict_proba(range(20, 25), MatrixView<float>(wide.data(), 5, 2, 3));
    for (std::size_t r = 0; r < 5; ++r) {
      CHECK(wide[3 * r] == expected.values[2 * r]);
      CHECK(wide[3 * r + 2] == -7.0F);
    }
  }
}

TEST_CASE("IncrementalModel: a model that returns no distributions is named in a ModelError") {
  const GaussianPool pool(40, 2, 3.0);
  const auto hooks = std::make_shared<ModelHooks>();
  CentroidModel model(hooks);
  model.attach(pool.features(), 2);
  teach(model, range(0, 20), pool.classes);
  for (const Floats& bad : {Floats{kNan, 1.0F}, Floats{kInfinity, 0.0F}, Floats{-0.5F, 1.5F}, Floats{0.2F, 0.2F},
                            Floats{1.0F, 1.0F}, Floats{0.0F, 0.0F}}) {
    hooks->after_predict = [&](MatrixView<float> out) {
      std::copy(bad.begin(), bad.end(), out.row(out.rows - 1).begin());
    };
    CHECK(refusal([&] { (void)predict(model, {3, 4}); }) == ErrorCode::model_contract);
    CHECK(refusal([&] { (void)out_of_fold(model, {3, 4}); }) == ErrorCode::model_contract);
    try {
      (void)predict(model, {3, 4});
    } catch (const ModelError& error) {
      CHECK(std::string(error.what()).find("custom") != std::string::npos);
      CHECK(std::string(error.what()).find("row 1") != std::string::npos);
    }
  }
  hooks->after_predict = {};
  CHECK_NOTHROW((void)predict(model, {3, 4}));
}

TEST_CASE("IncrementalModel: a model that writes nothing is found out") {
  class Silent final : public IncrementalModel {
    void do_attach() override {}
    void do_update(std::span<const ItemIndex>, MatrixView<const float>, std::span<const float>) override {}
    void do_predict_proba(std::span<const ItemIndex>, MatrixView<float>) const override {}
    std::shared_ptr<IncrementalModel> do_clone() const override { return {}; }
  };
  const GaussianPool pool(10, 2, 3.0);
  Silent model;
  model.attach(pool.features(), 2);
  teach(model, range(0, 5), pool.classes);
  CHECK(refusal([&] { (void)predict(model, {0}); }) == ErrorCode::model_contract);
  CHECK(refusal([&] { (void)model.clone(); }) == ErrorCode::model_contract);
}

TEST_CASE("IncrementalModel: what a subclass throws passes through, and the same labels again repair the fit") {
  struct Trouble {};
  const GaussianPool pool(40, 2, 3.0);
  const auto hooks = std::make_shared<ModelHooks>();
  CentroidModel model(hooks), other;
  model.attach(pool.features(), 2);
  other.attach(pool.features(), 2);
  teach(model, range(0, 20), pool.classes);
  hooks->before_update = [] { throw Trouble{}; };
  CHECK_THROWS_AS(teach(model, range(20, 30), pool.classes), Trouble);
  CHECK(model.training().size() == 30);
  hooks->before_update = {};
  teach(model, range(20, 30), pool.classes);
  teach(other, range(0, 30), pool.classes);
  CHECK(predict(model, range(0, 40)).values == predict(other, range(0, 40)).values);
}

TEST_CASE("IncrementalModel: after a failed first update there is still no prediction") {
  const GaussianPool pool(40, 2, 3.0);
  const auto hooks = std::make_shared<ModelHooks>();
  hooks->before_update = [] { throw std::runtime_error("no memory"); };
  CentroidModel model(hooks);
  model.attach(pool.features(), 2);
  CHECK_THROWS_AS(teach(model, range(0, 20), pool.classes), std::runtime_error);
  CHECK(refusal([&] { (void)predict(model, {0}); }) == ErrorCode::not_fitted);
}

TEST_CASE("IncrementalModel: a label given again replaces the old one") {
  const GaussianPool pool(120, 2, 3.0);
  auto wrong = pool.classes;
  for (auto& c : wrong) c = 1 - c;
  for (const auto& model : every_model()) {
    CAPTURE(model->kind());
    const auto clean = model->clone();
    for (const auto& m : {model, clean}) m->attach(pool.features(), 2);
    teach(*model, range(0, 60), wrong);
    teach(*model, range(0, 60), pool.classes);
    teach(*clean, range(0, 60), pool.classes);
    CHECK(model->training().size() == 60);
    const auto p = predict(*model, range(0, 120)), q = predict(*clean, range(0, 120));
    double difference = 0.0;
    for (std::size_t i = 0; i < p.values.size(); ++i) difference += std::fabs(p.values[i] - q.values[i]);
    CHECK(difference / static_cast<double>(p.values.size()) < 0.03);
  }
}

TEST_CASE("IncrementalModel: labels in portions are the same training set as all at once") {
  const GaussianPool pool(60, 2, 3.0);
  for (const auto& model : every_model()) {
    model->attach(pool.features(), 2);
    for (ItemIndex begin = 0; begin < 40; begin += 10) teach(*model, range(begin, begin + 10), pool.classes);
    CHECK(model->training().size() == 40);
    for (ItemIndex item = 0; item < 40; ++item) {
      CHECK(model->training().targets()(model->training().position(item), pool.classes[item]) == 1.0F);
    }
  }
}

TEST_CASE("IncrementalModel: attaching again forgets what was learned") {
  const GaussianPool first(60, 2, 3.0, 1), second(50, 3, 3.0, 2);
  for (const auto& model : every_model()) {
    CAPTURE(model->kind());
    const auto fresh = model->clone();
    model->attach(first.features(), 2);
    teach(*model, range(0, 30), first.classes);
    model->attach(second.features(), 3);
    CHECK_FALSE(model->is_fitted());
    CHECK(model->training().size() == 0);
    CHECK(model->n_classes() == 3);
    fresh->attach(second.features(), 3);
    for (const auto& m : {model, fresh}) teach(*m, range(0, 30), second.classes);
    CHECK(predict(*model, range(0, 50)).values == predict(*fresh, range(0, 50)).values);
  }
}

TEST_CASE("IncrementalModel: on a longer pool all labels are known, as if it had been there from the start") {
  const GaussianPool pool(80, 3, 3.0);
  for (const auto& model : every_model()) {
    CAPTURE(model->kind());
    const auto whole = model->clone();
    model->attach(pool.part(0, 60), 3);
    model->extend(pool.part(0, 70));  // nothing is taught yet
    CHECK_FALSE(model->is_fitted());
    teach(*model, range(10, 40), pool.classes);
    const auto attachment = model->attachment();
    model->extend(pool.features());
    CHECK(model->attachment() != attachment);
    CHECK(model->is_fitted());
    CHECK(model->attached_pool().n_items() == 80);
    whole->attach(pool.features(), 3);
    teach(*whole, range(10, 40), pool.classes);
    CHECK(predict(*model, range(0, 80)).values == predict(*whole, range(0, 80)).values);
    CHECK(out_of_fold(*model, range(10, 40)).values == out_of_fold(*whole, range(10, 40)).values);
    for (const auto& m : {model, whole}) teach(*m, range(60, 80), pool.classes);
    CHECK(predict(*model, range(0, 80)).values == predict(*whole, range(0, 80)).values);
  }
}

TEST_CASE("IncrementalModel: what does not continue its pool is refused and changes nothing") {
  const GaussianPool pool(60, 2, 3.0), wider(80, 2, 3.0, 1, 5);
  CentroidModel unattached;
  CHECK(refusal([&] { unattached.extend(pool.features()); }) == ErrorCode::not_fitted);
  for (const auto& model : every_model()) {
    CAPTURE(model->kind());
    model->attach(pool.features(), 2);
    teach(*model, range(0, 30), pool.classes);
    const auto before = predict(*model, range(0, 60)).values;
    for (const Features& other : {pool.part(0, 59), wider.features()}) {
      CHECK(refusal([&] { model->extend(other); }) == ErrorCode::shape_mismatch);
    }
    CHECK(predict(*model, range(0, 60)).values == before);
  }
}

TEST_CASE("IncrementalModel: an extension that fails costs the fit but no label, also after save and load") {
  const GaussianPool pool(80, 3, 3.0);
  const auto hooks = std::make_shared<ModelHooks>();
  const auto centroids = std::make_shared<CentroidModel>(hooks);
  const auto committee = std::make_shared<Committee>(std::vector<std::shared_ptr<IncrementalModel>>{
      std::make_shared<SoftmaxRegression>(), std::make_shared<CentroidModel>(hooks)});
  for (const std::shared_ptr<IncrementalModel>& model :
       std::vector<std::shared_ptr<IncrementalModel>>{centroids, committee}) {
    CAPTURE(model->kind());
    model->attach(pool.part(0, 60), 3);
    teach(*model, range(0, 30), pool.classes);
    const auto before = predict(*model, range(0, 60)).values;
    hooks->before_update = [] { throw std::domain_error("not now"); };
    CHECK_THROWS_AS(model->extend(pool.features()), std::domain_error);
    hooks->before_update = {};
    CHECK(model->attached_pool().n_items() == 60);
    CHECK(model->training().size() == 30);
    const auto loaded = model->clone();
    loaded->attach(pool.part(0, 60), 3);
    load(*loaded, bytes_of(*model));
    for (const auto& m : {model, loaded}) {
      teach(*m, {}, pool.classes);
      CHECK(predict(*m, range(0, 60)).values == before);
      m->extend(pool.features());
      CHECK(predict(*m, range(60, 80)).rows == 20);
    }
  }
}

TEST_CASE("IncrementalModel: a pool that its model refuses leaves it unattached") {
  class Picky final : public IncrementalModel {
   public:
    bool refuses = true;

   private:
    void do_attach() override {
      if (refuses) throw std::domain_error("not this pool");
    }
    void do_update(std::span<const ItemIndex>, MatrixView<const float>, std::span<const float>) override {}
    void do_predict_proba(std::span<const ItemIndex>, MatrixView<float>) const override {}
    std::shared_ptr<IncrementalModel> do_clone() const override { return std::make_shared<Picky>(); }
  };
  const GaussianPool pool(10, 2, 3.0);
  Picky model;
  CHECK_THROWS_AS(model.attach(pool.features(), 2), std::domain_error);
  CHECK_FALSE(model.is_attached());
  CHECK(refusal([&] { teach(model, {}, pool.classes); }) == ErrorCode::not_fitted);
  model.refuses = false;
  model.attach(pool.features(), 2);
  CHECK(model.is_attached());
}

TEST_CASE("IncrementalModel: the model keeps its pool, so the caller's Features may go") {
  const GaussianPool pool(40, 2, 3.0);
  for (const auto& model : every_model()) {
    {
      // A copy owned by the Features alone.
      const auto values = std::make_shared<Floats>(pool.values);
      model->attach(Features::borrow(MatrixView<const float>(values->data(), pool.n, pool.d), values), 2);
    }
    teach(*model, range(0, 20), pool.classes);
    CHECK_NOTHROW((void)predict(*model, range(0, 40)));
  }
}

TEST_CASE("IncrementalModel: a clone is unattached and untrained, of the same kind") {
  const GaussianPool pool(40, 2, 3.0);
  for (const auto& model : every_model()) {
    CAPTURE(model->kind());
    model->attach(pool.features(), 2);
    teach(*model, range(0, 20), pool.classes);
    const auto before = bytes_of(*model);
    const auto clone = model->clone();
    CHECK(clone->kind() == model->kind());
    CHECK_FALSE(clone->is_attached());
    CHECK_FALSE(clone->is_fitted());
    CHECK(clone->training().size() == 0);
    clone->attach(pool.features(), 2);
    CHECK(refusal([&] { (void)predict(*clone, {0}); }) == ErrorCode::not_fitted);
    teach(*clone, range(20, 40), pool.classes);
    CHECK(bytes_of(*model) == before);  // no state is shared
  }
}

TEST_CASE("IncrementalModel: the default out-of-fold prediction has never seen the item's own label") {
  const GaussianPool pool(300, 3, 1.0);
  Parrot parrot;
  parrot.attach(pool.features(), 3);
  teach(parrot, range(0, 200), pool.classes);
  for (ItemIndex item = 0; item < 200; ++item) CHECK(predict(parrot, {item})(0, pool.classes[item]) == 1.0F);
  const auto p = out_of_fold(parrot, range(0, 200));
  for (const float value : p.values) REQUIRE(value == doctest::Approx(1.0F / 3.0F));
}

TEST_CASE("IncrementalModel: changing an item's label does not change its own out-of-fold prediction") {
  const GaussianPool pool(150, 2, 1.0);
  auto changed = pool.classes;
  changed[7] = 1 - changed[7];
  for (const auto& model : every_model()) {
    // A committee's weights are fitted on all labels, its own included; what its members predict is tested here too.
    if (model->kind() == "committee") continue;
    CAPTURE(model->kind());
    const auto other = model->clone();
    for (const auto& m : {model, other}) m->attach(pool.features(), 2);
    teach(*model, range(0, 100), pool.classes);
    teach(*other, range(0, 100), changed);
    CHECK(out_of_fold(*model, {7})(0, 0) == doctest::Approx(out_of_fold(*other, {7})(0, 0)).epsilon(0.02));
  }
}

TEST_CASE("IncrementalModel: the default out-of-fold prediction learns from the other folds, with their weights") {
  const GaussianPool pool(60, 2, 4.0);
  CentroidModel model;
  model.attach(pool.features(), 2);
  Matrix<float> targets(60, 2);
  Floats weights;
  for (ItemIndex item = 0; item < 60; ++item) {
    targets(item, pool.classes[item]) = 1.0F;
    weights.push_back(item < 5 ? 10.0F : 0.1F);
  }
  model.update(range(0, 60), targets, weights);
  const auto p = out_of_fold(model, range(0, 60));
  for (int fold = 0; fold < IncrementalModel::kFolds; ++fold) {
    CentroidModel part;
    part.attach(pool.features(), 2);
    Items inside, outside;
    for (ItemIndex item = 0; item < 60; ++item) {
      (fold_of(item, IncrementalModel::kFolds) == fold ? inside : outside).push_back(item);
    }
    Matrix<float> part_targets(static_cast<std::ptrdiff_t>(outside.size()), 2);
    Floats part_weights;
    for (std::size_t i = 0; i < outside.size(); ++i) {
      part_targets(static_cast<std::ptrdiff_t>(i), pool.classes[outside[i]]) = 1.0F;
      part_weights.push_back(weights[outside[i]]);
    }
    part.update(outside, part_targets, part_weights);
    const auto expected = predict(part, inside);
    for (std::size_t i = 0; i < inside.size(); ++i) {
      CHECK(p(inside[i], 0) == doctest::Approx(expected(static_cast<std::ptrdiff_t>(i), 0)));
    }
  }
}

TEST_CASE("IncrementalModel: with a single label every out-of-fold prediction is uniform or a prior, never the label") {
  const GaussianPool pool(30, 3, 4.0);
  for (const auto& model : every_model()) {
    CAPTURE(model->kind());
    model->attach(pool.features(), 3);
    teach(*model, {4}, pool.classes);
    const auto p = out_of_fold(*model, {4});
    for (std::ptrdiff_t c = 0; c < 3; ++c) CHECK(p(0, c) == doctest::Approx(1.0 / 3.0).epsilon(0.02));
  }
}

TEST_CASE("IncrementalModel: after save and load the predictions are the same, in fold and out of it") {
  const GaussianPool pool(120, 3, 2.0);
  for (const auto& model : every_model()) {
    CAPTURE(model->kind());
    const auto copy = model->clone();
    for (const auto& m : {model, copy}) m->attach(pool.features(), 3);
    load(*copy, bytes_of(*model));  // before the first update
    CHECK_FALSE(copy->is_fitted());
    for (ItemIndex begin = 0; begin < 60; begin += 20) teach(*model, range(begin, begin + 20), pool.classes);
    load(*copy, bytes_of(*model));
    CHECK(copy->is_fitted());
    CHECK(copy->training().size() == 60);
    CHECK(predict(*copy, range(0, 120)).values == predict(*model, range(0, 120)).values);
    CHECK(out_of_fold(*copy, range(0, 60)).values == out_of_fold(*model, range(0, 60)).values);
    CHECK(bytes_of(*copy) == bytes_of(*model));
  }
}

TEST_CASE("IncrementalModel: labels that update takes come back from a snapshot, rounding of their sum included") {
  const GaussianPool pool(40, 2, 3.0);
  for (const auto& model : every_model()) {
    CAPTURE(model->kind());
    model->attach(pool.features(), 2);
    teach(*model, range(0, 20), pool.classes);
    Matrix<float> targets(2, 2);
    targets.values = {1.0005F, 0.0F, 0.7F, 0.3F};
    model->update(Items{20, 21}, targets, Floats{2.0F, 0.25F});
    const auto copy = model->clone();
    copy->attach(pool.features(), 2);
    CHECK_NOTHROW(load(*copy, bytes_of(*model)));
    CHECK(bytes_of(*copy) == bytes_of(*model));
  }
}

TEST_CASE("IncrementalModel: a snapshot of another kind, pool size or number of classes is refused") {
  const GaussianPool pool(60, 3, 3.0), smaller(20, 3, 3.0);
  const auto models = every_model();
  for (const auto& model : models) {
    CAPTURE(model->kind());
    model->attach(pool.features(), 3);
    teach(*model, range(0, 40), pool.classes);
    const auto bytes = bytes_of(*model);
    for (const auto& other : every_model()) {
      if (other->kind() == model->kind()) continue;
      other->attach(pool.features(), 3);
      CHECK(refusal([&] { load(*other, bytes); }) == ErrorCode::archive_mismatch);
    }
    const auto copy = model->clone();
    copy->attach(smaller.features(), 3);
    CHECK(refusal([&] { load(*copy, bytes); }) == ErrorCode::archive_damaged);
    copy->attach(pool.features(), 4);
    CHECK(refusal([&] { load(*copy, bytes); }) == ErrorCode::archive_damaged);
  }
}

TEST_CASE("IncrementalModel: a payload that ends too early leaves a model that refuses to predict or is sound") {
  const GaussianPool pool(24, 2, 3.0);
  for (const auto& model : every_model()) {
    CAPTURE(model->kind());
    model->attach(pool.features(), 2);
    SnapshotWriter writer;
    writer.section("incremental_model", 1);
    writer.write(model->kind());
    model->training().save(writer);
    writer.write(true);  // "is fitted", and nothing after it
    CHECK(refusal([&] { load(*model, writer.finish("model")); }) == ErrorCode::archive_damaged);
    CHECK(refusal([&] { (void)predict(*model, {0}); }) == ErrorCode::not_fitted);
  }
}

}  // namespace
