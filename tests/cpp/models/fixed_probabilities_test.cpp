#include "gtlabel/models/fixed_probabilities.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "gaussian_pool.hpp"
#include "gtlabel/core/error.hpp"
#include "gtlabel/core/random.hpp"
#include "gtlabel/jobs/labeling_job.hpp"
#include "models/teaching.hpp"

namespace {

using namespace gtlabel;
using gtlabel_test::bytes_of;
using gtlabel_test::load;
using gtlabel_test::out_of_fold;
using gtlabel_test::predict;
using gtlabel_test::range;
using gtlabel_test::teach;

/// Two classes whose probabilities are true or, raised to `sharpness`, too sure of themselves.
struct Opinions {
  Matrix<float> rows;
  std::vector<ClassIndex> truth;

  explicit Opinions(std::ptrdiff_t n, float sharpness = 1.0F) : rows(n, 2) {
    RandomStream random(1, RandomPurpose::seed_sample);
    for (std::ptrdiff_t i = 0; i < n; ++i) {
      const double logit = 16.0 * random.uniform() - 8.0;
      const double p = 1.0 / (1.0 + std::exp(-logit));
      truth.push_back(random.uniform() < p ? 1 : 0);
      rows(i, 1) = static_cast<float>(1.0 / (1.0 + std::exp(-sharpness * logit)));
      rows(i, 0) = 1.0F - rows(i, 1);
    }
  }
};

std::string refusal(const Matrix<float>& rows, int n_classes) {
  FixedProbabilities model;
  try {
    model.attach(Features::borrow(rows), n_classes);
  } catch (const InvalidArgument& error) {
    return error.what();
  }
  return {};
}

TEST_CASE("FixedProbabilities: rows that join are predicted; one that is no distribution is named, and none is taken") {
  const Opinions opinions(50);
  FixedProbabilities model;
  model.attach(Features::borrow(MatrixView<const float>(opinions.rows.values.data(), 40, 2)), 2);
  teach(model, range(0, 20), opinions.truth);
  auto bad = opinions.rows;
  bad(43, 1) += 0.1F;
  std::string refused;
  try {
    model.extend(Features::borrow(bad));
  } catch (const InvalidArgument& error) {
    refused = error.what();
  }
  CHECK(refused.find("row 3") != std::string::npos);  // of the new ones
  CHECK(model.attached_pool().n_items() == 40);
  CHECK(predict(model, range(0, 40)).rows == 40);
  model.extend(Features::borrow(opinions.rows));
  CHECK(predict(model, range(0, 50)).values == opinions.rows.values);
}

TEST_CASE("FixedProbabilities: predictions are the pool's rows, in fold and out of it, whatever is taught") {
  const Opinions opinions(50);
  FixedProbabilities model;
  model.attach(Features::borrow(opinions.rows), 2);
  teach(model, range(0, 20), std::vector<ClassIndex>(50, 0));
  CHECK(predict(model, range(0, 50)).values == opinions.rows.values);
  const auto known = out_of_fold(model, range(5, 15));
  CHECK(known.values == predict(model, range(5, 15)).values);
}

TEST_CASE("FixedProbabilities: what are no probabilities of the classes is refused, the row named") {
  Opinions opinions(10);
  CHECK(refusal(opinions.rows, 2).empty());
  CHECK(refusal(opinions.rows, 3) == "probabilities: 2 columns given, expected 3, one per class");
  opinions.rows(7, 0) += 0.1F;
  CHECK(refusal(opinions.rows, 2).find("probabilities: row 7 sums to 1.1") == 0);
  opinions.rows(4, 1) = -0.5F;
  CHECK(refusal(opinions.rows, 2).find("probabilities: row 4, column 1 is -0.5") == 0);
}

TEST_CASE("FixedProbabilities: a clone and a loaded snapshot predict the same") {
  const Opinions opinions(30);
  FixedProbabilities model;
  model.attach(Features::borrow(opinions.rows), 2);
  teach(model, range(0, 10), opinions.truth);
  const auto copy = model.clone();
  CHECK(copy->kind() == model.kind());
  copy->attach(Features::borrow(opinions.rows), 2);
  load(*copy, bytes_of(model));
  CHECK(copy->training().size() == 10);
  CHECK(predict(*copy, range(0, 30)).values == predict(model, range(0, 30)).values);
}

TEST_CASE("FixedProbabilities: a job of true probabilities is certified, one of overconfident ones keeps its target") {
  for (const float sharpness : {1.0F, 4.0F}) {
    CAPTURE(sharpness);
    const Opinions opinions(4000, sharpness);
    LabelingJobOptions options;
    options.model = std::make_shared<FixedProbabilities>();
    LabelingJob job(Features::borrow(opinions.rows), {"no", "yes"}, options);
    while (const auto batch = job.next_batch()) {
      std::vector<ClassIndex> answers;
      for (const ItemIndex item : batch->items) answers.push_back(opinions.truth[static_cast<std::size_t>(item)]);
      job.submit(batch->items, answers);
    }
    if (sharpness == 1.0F) {
      CHECK(job.certificate().has_value());
      CHECK(job.report().savings > 0.4);
    }
    const auto labels = job.labels();
    double n_auto = 0.0, n_wrong = 0.0;
    for (std::size_t i = 0; i < labels.item.size(); ++i) {
      if (labels.source[i] != LabelSource::automatic) continue;
      n_auto += 1.0;
      n_wrong += labels.class_index[i] != opinions.truth[i] ? 1.0 : 0.0;
    }
    CHECK(n_wrong <= 0.05 * n_auto);
  }
}

}  // namespace
