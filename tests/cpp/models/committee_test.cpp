#include "gtlabel/models/committee.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "gaussian_pool.hpp"
#include "gtlabel/core/error.hpp"
#include "gtlabel/models/forest_model.hpp"
#include "gtlabel/models/graph_model.hpp"
#include "gtlabel/models/latent_model.hpp"
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
using gtlabel_test::log_loss;
using gtlabel_test::ModelHooks;
using gtlabel_test::out_of_fold;
using gtlabel_test::predict;
using gtlabel_test::range;
using gtlabel_test::teach;
using Items = std::vector<ItemIndex>;
using Members = std::vector<std::shared_ptr<IncrementalModel>>;

/// Sees features of its own instead of the pool's: as good or as useless as they are.
class Elsewhere final : public IncrementalModel {
 public:
  explicit Elsewhere(const GaussianPool& own) : own_(own), inner_(std::make_shared<SoftmaxRegression>()) {}

 private:
  void do_attach() override { inner_->attach(own_.features(), n_classes(), shared_executor()); }
  void do_update(std::span<const ItemIndex> items, MatrixView<const float> targets,
                 std::span<const float> weights) override {
    inner_->update(items, targets, weights);
  }
  void do_predict_proba(std::span<const ItemIndex> items, MatrixView<float> out) const override {
    inner_->predict_proba(items, out);
  }
  void do_predict_out_of_fold(std::span<const ItemIndex> items, MatrixView<float> out) const override {
    inner_->predict_out_of_fold(items, out);
  }
  std::shared_ptr<IncrementalModel> do_clone() const override { return std::make_shared<Elsewhere>(own_); }

  const GaussianPool& own_;
  std::shared_ptr<IncrementalModel> inner_;
};

/// A dense pool as compressed sparse rows, zeros included.
struct SparseCopy {
  std::vector<std::int64_t> indptr{0};
  std::vector<std::int32_t> indices;
  const GaussianPool& pool;

  explicit SparseCopy(const GaussianPool& dense) : pool(dense) {
    for (std::ptrdiff_t r = 0; r < pool.n; ++r) {
      for (std::int32_t c = 0; c < pool.d; ++c) indices.push_back(c);
      indptr.push_back(static_cast<std::int64_t>(indices.size()));
    }
  }
  [[nodiscard]] Features features() const {
    return Features::borrow(CsrView<const float>{indptr, indices, pool.values, pool.d});
  }
};

std::vector<std::string> kinds_of(const Committee& committee) {
  std::vector<std::string> kinds;
  for (const auto& member : committee.members()) kinds.push_back(member->kind());
  return kinds;
}

/// A committee's snapshot as it was before it said which default members it had.
std::string bytes_of_version_2(const Committee& committee) {
  SnapshotWriter writer;
  writer.section("incremental_model", 2);
  writer.write(committee.kind());
  committee.training().save(writer);
  for (int flag = 0; flag < 3; ++flag) writer.write(true);
  writer.section("committee", 2);
  writer.write(std::span<const double>(committee.weights()));
  for (std::size_t m = 0; m < committee.members().size(); ++m) {
    writer.write(std::int32_t{0});
    writer.write(std::int64_t{0});
  }
  for (const auto& member : committee.members()) member->save(writer);
  return writer.finish("model");
}

TEST_CASE("Committee: of sparse pools its graph is among word vectors") {
  const GaussianPool pool(300, 3, 4.0);
  const SparseCopy sparse(pool);
  Committee standard;
  standard.attach(sparse.features(), 3);
  CHECK(kinds_of(standard) == std::vector<std::string>{"softmax_regression", "forest", "latent"});
  const auto& latent = dynamic_cast<const LatentModel&>(*standard.members()[2]);
  CHECK(kinds_of(dynamic_cast<const Committee&>(*latent.inner())) ==
        std::vector<std::string>{"softmax_regression", "graph"});
  standard.attach(pool.features(), 3);
  CHECK(kinds_of(standard) == std::vector<std::string>{"softmax_regression", "graph", "forest"});
}

TEST_CASE("Committee: a sparse pool's old snapshot goes on with the default members of its time, saved again too") {
  const GaussianPool pool(300, 3, 4.0);
  const SparseCopy sparse(pool);
  for (const bool has_latent : {false, true}) {
    Members of_its_time{std::make_shared<SoftmaxRegression>(), std::make_shared<GraphModel>(),
                        std::make_shared<ForestModel>()};
    if (has_latent) of_its_time.push_back(std::make_shared<LatentModel>());
    Committee old(of_its_time);
    Committee standard, again;
    for (Committee* each : {&old, &standard, &again}) each->attach(sparse.features(), 3);
    teach(old, range(0, 60), pool.classes);
    load(standard, bytes_of_version_2(old));
    CHECK(kinds_of(standard) == kinds_of(old));
    load(again, bytes_of(standard));
    CHECK(predict(again, range(0, 300)).values == predict(old, range(0, 300)).values);
    teach(again, range(60, 70), pool.classes);
    teach(old, range(60, 70), pool.classes);
    CHECK(predict(again, range(0, 300)).values == predict(old, range(0, 300)).values);
  }
}

TEST_CASE("Committee: its members are the given ones, or a regression, a graph and a forest; null is refused") {
  const Committee standard;
  CHECK(kinds_of(standard) == std::vector<std::string>{"softmax_regression", "graph", "forest"});
  CHECK(standard.kind() == "committee");
  const auto own = std::make_shared<CentroidModel>();
  const Committee custom(Members{own});
  REQUIRE(custom.members().size() == 1);
  CHECK(custom.members()[0] == own);
  CHECK_THROWS_AS(Committee(Members{own, nullptr}), InvalidArgument);
}

TEST_CASE("Committee: before the first update the weights are equal") {
  const Committee committee(
      Members{std::make_shared<CentroidModel>(), std::make_shared<CentroidModel>(), std::make_shared<CentroidModel>()});
  REQUIRE(committee.weights().size() == 3);
  for (const double weight : committee.weights()) CHECK(weight == doctest::Approx(1.0 / 3.0));
}

TEST_CASE("Committee: attaches and teaches its members with its own pool, classes and labels") {
  const GaussianPool pool(60, 3, 3.0);
  const auto a = std::make_shared<CentroidModel>(), b = std::make_shared<CentroidModel>();
  Committee committee(Members{a, b});
  committee.attach(pool.features(), 3);
  teach(committee, range(0, 20), pool.classes);
  teach(committee, range(20, 30), pool.classes);
  for (const auto& member : {a, b}) {
    CHECK(member->is_attached());
    CHECK(member->n_classes() == 3);
    CHECK(member->training().size() == 30);
  }
}

/// Throws a die for each item and is sure of what it shows. The same item always gets the same.
class Dice final : public IncrementalModel {
 private:
  void do_attach() override {}
  void do_update(std::span<const ItemIndex>, MatrixView<const float>, std::span<const float>) override {}
  void do_predict_proba(std::span<const ItemIndex> items, MatrixView<float> out) const override {
    for (std::ptrdiff_t r = 0; r < out.rows; ++r) {
      const auto best = static_cast<std::ptrdiff_t>(
          RandomStream(static_cast<std::uint64_t>(items[r]), RandomPurpose::user).below(out.cols));
      for (std::ptrdiff_t c = 0; c < out.cols; ++c) {
        out(r, c) = c == best ? 0.9F : 0.1F / static_cast<float>(out.cols - 1);
      }
    }
  }
  std::shared_ptr<IncrementalModel> do_clone() const override { return std::make_shared<Dice>(); }
};

TEST_CASE("Committee: a useless member that is sure of itself gets about no weight") {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    const GaussianPool pool(600, 3, 2.5, seed);
    for (const std::size_t place : {0U, 1U}) {
      Members members(2);
      members[place] = std::make_shared<Dice>();
      members[1 - place] = std::make_shared<SoftmaxRegression>();
      Committee committee(members);
      committee.attach(pool.features(), 3);
      teach(committee, range(0, 200), pool.classes);
      REQUIRE(committee.weights().size() == 2);
      CHECK(committee.weights()[place] < 0.2);
      CHECK(committee.weights()[1 - place] > 0.6);
    }
  }
}

TEST_CASE("Committee: a member whose features say nothing costs the others next to nothing") {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    const GaussianPool useful(600, 3, 2.5, seed), noise(600, 3, 0.0, seed + 100);
    const auto good = std::make_shared<SoftmaxRegression>();
    Committee committee(Members{good, std::make_shared<Elsewhere>(noise)});
    committee.attach(useful.features(), 3);
    teach(committee, range(0, 200), useful.classes);
    const auto rest = range(200, 600);
    CHECK(log_loss(predict(committee, rest), rest, useful.classes) <
          log_loss(predict(*good, rest), rest, useful.classes) + 0.03);
  }
}

TEST_CASE("Committee: no member drags it below the best one, whichever that is") {
  struct Case {
    double first, second;  // how far apart the classes are in each member's features
  };
  for (const Case& c : {Case{3.0, 0.0}, Case{0.0, 3.0}, Case{3.0, 1.0}, Case{2.0, 2.0}, Case{0.0, 0.0}}) {
    CAPTURE(c.first);
    CAPTURE(c.second);
    GaussianPool first(600, 2, c.first, 1), second(600, 2, 0.0, 2);
    // The same classes seen in other features, with noise of their own.
    second.classes = first.classes;
    for (std::ptrdiff_t i = 0; i < second.n; ++i) {
      second.values[i * 2 + second.classes[i]] += static_cast<float>(c.second);
    }
    const Members members{std::make_shared<Elsewhere>(first), std::make_shared<Elsewhere>(second)};
    Committee committee(members);
    committee.attach(first.features(), 2);
    teach(committee, range(0, 200), first.classes);
    const auto rest = range(200, 600);
    double best = 1e9;
    for (const auto& member : members) best = std::min(best, log_loss(predict(*member, rest), rest, first.classes));
    CHECK(log_loss(predict(committee, rest), rest, first.classes) < best + 0.03);
  }
}

TEST_CASE("Committee: members that know different things are better together than the best alone") {
  GaussianPool first(900, 2, 1.5, 1), second(900, 2, 0.0, 2);
  second.classes = first.classes;
  for (std::ptrdiff_t i = 0; i < second.n; ++i) second.values[i * 2 + second.classes[i]] += 1.5F;
  const Members members{std::make_shared<Elsewhere>(first), std::make_shared<Elsewhere>(second)};
  Committee committee(members);
  committee.attach(first.features(), 2);
  teach(committee, range(0, 300), first.classes);
  const auto rest = range(300, 900);
  const double together = log_loss(predict(committee, rest), rest, first.classes);
  for (const auto& member : members) CHECK(together < log_loss(predict(*member, rest), rest, first.classes) - 0.03);
}

TEST_CASE("Committee: the weights are the best ones out of fold, also for members that say nearly the same") {
  // How sure the two members are of what is nearly the same knowledge.
  for (const auto& [loud, quiet] : {std::pair{1.0, 1.0}, std::pair{5.0, 0.3}, std::pair{8.0, 8.0}, std::pair{3.0, 1.0},
                                    std::pair{0.2, 0.2}, std::pair{20.0, 1.0}}) {
    CAPTURE(loud);
    CAPTURE(quiet);
    const GaussianPool pool(400, 2, 1.2);
    const Members members{std::make_shared<CentroidModel>(std::make_shared<ModelHooks>(), loud),
                          std::make_shared<CentroidModel>(std::make_shared<ModelHooks>(), quiet)};
    Committee committee(members);
    committee.attach(pool.features(), 2);
    const auto labelled = range(0, 400);
    teach(committee, labelled, pool.classes);
    const auto p = out_of_fold(*members[0], labelled), q = out_of_fold(*members[1], labelled);
    const auto loss = [&](double a, double b) {
      Matrix<float> pooled(400, 2);
      for (std::ptrdiff_t r = 0; r < 400; ++r) {
        double odds = 0.0;
        for (const auto& [weight, m] : {std::pair{a, &p}, std::pair{b, &q}}) {
          odds += weight * (std::log(std::max((*m)(r, 0), 1e-5F)) - std::log(std::max((*m)(r, 1), 1e-5F)));
        }
        pooled(r, 0) = static_cast<float>(1.0 / (1.0 + std::exp(-odds)));
        pooled(r, 1) = 1.0F - pooled(r, 0);
      }
      return log_loss(pooled, labelled, pool.classes);
    };
    double best = 1e9;
    for (double a = 0.0; a <= 6.0; a += 0.1) {
      for (double b = 0.0; b <= 6.0; b += 0.1) best = std::min(best, loss(a, b));
    }
    const auto& weights = committee.weights();
    CHECK(loss(weights[0], weights[1]) < best + 0.02);  // the pull towards equal weights costs a little
  }
}

TEST_CASE("Committee: an overconfident member is toned down") {
  const GaussianPool pool(800, 2, 1.2);
  const auto loud = std::make_shared<CentroidModel>(std::make_shared<ModelHooks>(), 6.0);
  Committee committee(Members{loud});
  committee.attach(pool.features(), 2);
  teach(committee, range(0, 300), pool.classes);
  const auto rest = range(300, 800);
  CHECK(log_loss(predict(committee, rest), rest, pool.classes) <
        0.7 * log_loss(predict(*loud, rest), rest, pool.classes));
}

TEST_CASE("Committee: of one calibrated member it says what that member says, nearly") {
  const GaussianPool pool(600, 3, 2.0);
  const auto member = std::make_shared<CentroidModel>();
  Committee committee(Members{member});
  committee.attach(pool.features(), 3);
  teach(committee, range(0, 300), pool.classes);
  const auto rest = range(300, 600);
  CHECK(log_loss(predict(committee, rest), rest, pool.classes) ==
        doctest::Approx(log_loss(predict(*member, rest), rest, pool.classes)).epsilon(0.1));
}

TEST_CASE("Committee: weights are finite and not negative, with few labels, one label or one class") {
  const GaussianPool pool(100, 3, 2.0);
  std::vector<ClassIndex> same(100, 1);
  for (const auto& [n, classes] : {std::pair{ItemIndex{1}, pool.classes}, std::pair{ItemIndex{3}, pool.classes},
                                   std::pair{ItemIndex{30}, same}, std::pair{ItemIndex{100}, pool.classes}}) {
    CAPTURE(n);
    Committee committee;
    committee.attach(pool.features(), 3);
    teach(committee, range(0, n), classes);
    double sum = 0.0;
    for (const double weight : committee.weights()) {
      CHECK(std::isfinite(weight));
      CHECK(weight >= 0.0);
      sum += weight;
    }
    CHECK(sum > 0.0);
    CHECK_NOTHROW((void)predict(committee, range(0, 100)));
    CHECK_NOTHROW((void)out_of_fold(committee, range(0, n)));
  }
}

TEST_CASE("Committee: members that say 0 or 1 and are wrong leave finite predictions") {
  class Certain final : public IncrementalModel {
    void do_attach() override {}
    void do_update(std::span<const ItemIndex>, MatrixView<const float>, std::span<const float>) override {}
    void do_predict_proba(std::span<const ItemIndex>, MatrixView<float> out) const override {
      for (std::ptrdiff_t r = 0; r < out.rows; ++r) {
        for (std::ptrdiff_t c = 0; c < out.cols; ++c) out(r, c) = c == 0 ? 1.0F : 0.0F;
      }
    }
    std::shared_ptr<IncrementalModel> do_clone() const override { return std::make_shared<Certain>(); }
  };
  const GaussianPool pool(200, 2, 3.0);
  Committee alone(Members{std::make_shared<Certain>()});
  Committee joined(Members{std::make_shared<Certain>(), std::make_shared<CentroidModel>()});
  for (Committee* committee : {&alone, &joined}) {
    committee->attach(pool.features(), 2);
    teach(*committee, range(0, 100), pool.classes);
    CHECK(log_loss(predict(*committee, range(100, 200)), range(100, 200), pool.classes) < 0.75);
  }
}

TEST_CASE("Committee: soft targets pull the probabilities to what they say") {
  const GaussianPool pool(200, 2, 0.0);  // the features say nothing: only the share is to be learned
  Committee committee;
  committee.attach(pool.features(), 2);
  Matrix<float> targets(150, 2);
  for (std::ptrdiff_t r = 0; r < 150; ++r) {
    targets(r, 0) = 0.8F;
    targets(r, 1) = 0.2F;
  }
  committee.update(range(0, 150), targets);
  const auto p = predict(committee, range(150, 200));
  double mean = 0.0;
  for (std::ptrdiff_t r = 0; r < p.rows; ++r) mean += p(r, 0) / 50.0;
  CHECK(mean == doctest::Approx(0.8).epsilon(0.05));
}

TEST_CASE("Committee: items of more weight count more when the members are weighed") {
  // Each member is right on one half of the items and wrong on the other half.
  class HalfRight final : public IncrementalModel {
   public:
    HalfRight(const std::vector<ClassIndex>& classes, bool is_first) : classes_(classes), is_first_(is_first) {}

   private:
    void do_attach() override {}
    void do_update(std::span<const ItemIndex>, MatrixView<const float>, std::span<const float>) override {}
    void do_predict_proba(std::span<const ItemIndex> items, MatrixView<float> out) const override {
      for (std::ptrdiff_t r = 0; r < out.rows; ++r) {
        const ClassIndex truth = classes_[items[r]];
        const bool is_right = (items[r] % 2 == 0) == is_first_;
        out(r, truth) = is_right ? 0.8F : 0.2F;
        out(r, 1 - truth) = is_right ? 0.2F : 0.8F;
      }
    }
    std::shared_ptr<IncrementalModel> do_clone() const override {
      return std::make_shared<HalfRight>(classes_, is_first_);
    }
    const std::vector<ClassIndex>& classes_;
    bool is_first_;
  };
  const GaussianPool pool(200, 2, 1.0);
  const auto weighed = [&](float even, float odd) {
    Committee committee(
        Members{std::make_shared<HalfRight>(pool.classes, true), std::make_shared<HalfRight>(pool.classes, false)});
    committee.attach(pool.features(), 2);
    Matrix<float> targets(200, 2);
    std::vector<float> weights;
    for (ItemIndex item = 0; item < 200; ++item) {
      targets(item, pool.classes[item]) = 1.0F;
      weights.push_back(item % 2 == 0 ? even : odd);
    }
    committee.update(range(0, 200), targets, weights);
    return committee.weights();
  };
  const auto even = weighed(5.0F, 0.5F), odd = weighed(0.5F, 5.0F);
  CHECK(even[0] > even[1]);
  CHECK(odd[1] > odd[0]);
}

TEST_CASE("Committee: learns on sparse pools as on dense ones") {
  const GaussianPool pool(500, 3, 3.0, 1, 12);
  const SparseCopy sparse(pool);
  const auto rest = range(200, 500);
  for (const auto& features : {pool.features(), sparse.features()}) {
    Committee committee;
    committee.attach(features, 3);
    teach(committee, range(0, 200), pool.classes);
    CHECK(log_loss(predict(committee, rest), rest, pool.classes) < 0.35);
  }
}

TEST_CASE("Committee: committees may be members of committees") {
  const GaussianPool pool(300, 2, 3.0);
  Committee committee(Members{std::make_shared<Committee>(Members{std::make_shared<CentroidModel>()}),
                              std::make_shared<SoftmaxRegression>()});
  committee.attach(pool.features(), 2);
  teach(committee, range(0, 100), pool.classes);
  CHECK(log_loss(predict(committee, range(100, 300)), range(100, 300), pool.classes) < 0.2);
}

TEST_CASE("Committee: the same bits for 1, 2 and 7 threads") {
  const GaussianPool pool(700, 3, 2.0, 1, 20);
  const SparseCopy sparse(pool);
  for (const auto& features : {pool.features(), sparse.features()}) {
    const auto outcome = [&](std::size_t n_threads) {
      Committee committee;
      committee.attach(features, 3, std::make_shared<ThreadPool>(n_threads));
      for (ItemIndex begin = 0; begin < 120; begin += 40) teach(committee, range(begin, begin + 40), pool.classes);
      auto values = predict(committee, range(0, 700)).values;
      const auto held_out = out_of_fold(committee, range(0, 120)).values;
      values.insert(values.end(), held_out.begin(), held_out.end());
      return std::pair{values, committee.weights()};
    };
    const auto expected = outcome(1);
    CHECK(outcome(2) == expected);
    CHECK(outcome(7) == expected);
  }
}

TEST_CASE("Committee: after a load it goes on bit for bit, user-made members included") {
  const GaussianPool pool(300, 3, 2.0);
  const auto made = [] {
    return std::make_shared<Committee>(Members{std::make_shared<CentroidModel>(), std::make_shared<SoftmaxRegression>(),
                                               std::make_shared<GraphModel>()});
  };
  const auto model = made(), loaded = made();
  for (const auto& m : {model, loaded}) m->attach(pool.features(), 3);
  for (ItemIndex begin = 0; begin < 90; begin += 30) teach(*model, range(begin, begin + 30), pool.classes);
  load(*loaded, bytes_of(*model));
  CHECK(loaded->weights() == model->weights());
  CHECK(predict(*loaded, range(0, 300)).values == predict(*model, range(0, 300)).values);
  for (const auto& m : {model, loaded}) teach(*m, range(90, 130), pool.classes);
  CHECK(loaded->weights() == model->weights());
  CHECK(predict(*loaded, range(0, 300)).values == predict(*model, range(0, 300)).values);
  CHECK(out_of_fold(*loaded, range(0, 130)).values == out_of_fold(*model, range(0, 130)).values);
}

TEST_CASE("Committee: a snapshot of other members is refused") {
  const GaussianPool pool(100, 2, 2.0);
  Committee two(Members{std::make_shared<CentroidModel>(), std::make_shared<SoftmaxRegression>()});
  Committee swapped(Members{std::make_shared<SoftmaxRegression>(), std::make_shared<CentroidModel>()});
  Committee one(Members{std::make_shared<CentroidModel>()});
  for (Committee* committee : {&two, &swapped, &one}) committee->attach(pool.features(), 2);
  teach(two, range(0, 40), pool.classes);
  CHECK_THROWS_AS(load(swapped, bytes_of(two)), ArchiveError);
  CHECK_THROWS_AS(load(one, bytes_of(two)), ArchiveError);
}

TEST_CASE("Committee: a clone has clones of the members, untrained") {
  const GaussianPool pool(100, 2, 2.0);
  Committee committee;
  committee.attach(pool.features(), 2);
  teach(committee, range(0, 50), pool.classes);
  const auto clone = std::dynamic_pointer_cast<Committee>(committee.clone());
  REQUIRE(clone != nullptr);
  REQUIRE(clone->members().size() == committee.members().size());
  for (std::size_t m = 0; m < clone->members().size(); ++m) {
    CHECK(clone->members()[m] != committee.members()[m]);
    CHECK(clone->members()[m]->kind() == committee.members()[m]->kind());
    CHECK_FALSE(clone->members()[m]->is_attached());
  }
}

}  // namespace
