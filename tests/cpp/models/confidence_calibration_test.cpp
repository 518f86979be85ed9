#include "gtlabel/models/confidence_calibration.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "gtlabel/core/error.hpp"
#include "gtlabel/core/random.hpp"

namespace {

using namespace gtlabel;
using Floats = std::vector<float>;
using Classes = std::vector<ClassIndex>;

/// Probabilities of a model that says p where the truth is p raised to a power (and normalised): above 1 the model is
/// not as sure as it might be, below 1 it is too sure.
struct Predictions {
  Matrix<float> p;
  Classes labels;
  std::vector<double> true_confidence;  ///< the probability that the first class is right

  Predictions(std::ptrdiff_t n, int k, double power, std::uint64_t seed = 1) : p(n, k) {
    RandomStream random(seed, RandomPurpose::user);
    for (std::ptrdiff_t r = 0; r < n; ++r) {
      double sum = 0.0, true_sum = 0.0;
      std::vector<double> said(static_cast<std::size_t>(k)), truth(static_cast<std::size_t>(k));
      for (double& value : said) sum += value = std::pow(random.uniform(), 3.0) + 1e-3;
      for (std::size_t c = 0; c < said.size(); ++c) true_sum += truth[c] = std::pow(said[c] / sum, power);
      double draw = random.uniform() * true_sum;
      ClassIndex label = 0;
      while (label + 1 < k && draw > truth[label]) draw -= truth[label++];
      labels.push_back(label);
      for (int c = 0; c < k; ++c) p(r, c) = static_cast<float>(said[c] / sum);
      const auto best = std::max_element(said.begin(), said.end()) - said.begin();
      true_confidence.push_back(truth[best] / true_sum);
    }
  }
};

/// Mean over items of the difference between confidence and truth, without sign.
double mean_error(const std::vector<float>& confidence, const std::vector<double>& truth) {
  double sum = 0.0;
  for (std::size_t i = 0; i < truth.size(); ++i) sum += std::fabs(confidence[i] - truth[i]);
  return sum / static_cast<double>(truth.size());
}

/// Rows (p, 1 - p) for p from 0.5 up to exactly 1.
Matrix<float> two_class_ladder() {
  Matrix<float> rows(101, 2);
  for (std::ptrdiff_t r = 0; r < rows.rows; ++r) {
    rows(r, 0) = 0.5F + 0.005F * static_cast<float>(r);
    rows(r, 1) = 1.0F - rows(r, 0);
  }
  return rows;
}

void check_bounds(const std::vector<float>& confidence) {
  for (const float value : confidence) {
    CHECK(value >= 0.0F);
    CHECK(value <= 1.0F);
  }
}

TEST_CASE("ConfidenceCalibration: unfitted it believes the model, and so it does after a fit on nothing") {
  const auto rows = two_class_ladder();
  for (const auto& calibration : {ConfidenceCalibration(), ConfidenceCalibration::fit(Matrix<float>(0, 2), {})}) {
    const auto confidence = calibration.confidence(rows);
    REQUIRE(confidence.size() == 101);
    for (std::ptrdiff_t r = 0; r < rows.rows; ++r) {
      CHECK(confidence[static_cast<std::size_t>(r)] == doctest::Approx(rows(r, 0)).epsilon(0.001));
    }
  }
  CHECK(ConfidenceCalibration().confidence(Matrix<float>(0, 2)).empty());
}

TEST_CASE("ConfidenceCalibration: a model that is right about itself is left alone") {
  for (const int k : {2, 3, 10}) {
    CAPTURE(k);
    const Predictions seen(3000, k, 1.0), later(2000, k, 1.0, 2);
    const auto calibration = ConfidenceCalibration::fit(seen.p, seen.labels);
    CHECK(mean_error(calibration.confidence(later.p), later.true_confidence) < 0.03);
  }
}

TEST_CASE("ConfidenceCalibration: a model too sure or not sure enough is put right on items never seen") {
  for (const int k : {2, 3, 10}) {
    for (const double power : {0.4, 2.5}) {
      CAPTURE(k);
      CAPTURE(power);
      const Predictions seen(3000, k, power), later(2000, k, power, 2);
      const double before = mean_error(ConfidenceCalibration().confidence(later.p), later.true_confidence);
      const double after =
          mean_error(ConfidenceCalibration::fit(seen.p, seen.labels).confidence(later.p), later.true_confidence);
      CHECK(before > 0.08);
      CHECK(after < 0.04);
    }
  }
}

TEST_CASE("ConfidenceCalibration: mean confidence is the share of right answers, where labels are many") {
  for (const double power : {0.5, 1.0, 2.0}) {
    const Predictions seen(5000, 4, power);
    const auto confidence = ConfidenceCalibration::fit(seen.p, seen.labels).confidence(seen.p);
    double mean = 0.0, right = 0.0;
    for (std::ptrdiff_t r = 0; r < seen.p.rows; ++r) {
      const auto row = seen.p.row(r);
      mean += confidence[static_cast<std::size_t>(r)];
      right += std::max_element(row.begin(), row.end()) - row.begin() == seen.labels[r];
    }
    CHECK(mean / 5000.0 == doctest::Approx(right / 5000.0).epsilon(0.01));
  }
}

TEST_CASE("ConfidenceCalibration: few labels change little") {
  const auto rows = two_class_ladder();
  Matrix<float> one(1, 2);
  one.values = {0.9F, 0.1F};
  const auto before = ConfidenceCalibration().confidence(rows);
  for (const ClassIndex label : {0, 1}) {
    const auto after = ConfidenceCalibration::fit(one, Classes{label}).confidence(rows);
    for (std::size_t i = 0; i < before.size(); ++i) CHECK(std::fabs(after[i] - before[i]) < 0.4);
  }
}

TEST_CASE("ConfidenceCalibration: a surer model is never called less sure, whatever it was fitted on") {
  const auto rows = two_class_ladder();
  // The last: the surer, the more often wrong.
  Predictions contrary(1000, 2, 1.0);
  for (std::ptrdiff_t r = 0; r < 1000; ++r) {
    const bool is_sure = std::max(contrary.p(r, 0), contrary.p(r, 1)) > 0.8F;
    const ClassIndex best = contrary.p(r, 0) > contrary.p(r, 1) ? 0 : 1;
    contrary.labels[static_cast<std::size_t>(r)] = is_sure ? 1 - best : best;
  }
  for (const auto& seen : {Predictions(20, 2, 0.3), Predictions(500, 2, 3.0), Predictions(500, 5, 0.5), contrary}) {
    const auto confidence = ConfidenceCalibration::fit(seen.p, seen.labels).confidence(rows);
    CHECK(std::is_sorted(confidence.begin(), confidence.end()));
    check_bounds(confidence);
  }
}

TEST_CASE("ConfidenceCalibration: with the first class as sure, a smaller second one is never called less sure") {
  Matrix<float> rows(40, 4);
  for (std::ptrdiff_t r = 0; r < 40; ++r) {
    const float second = 0.49F - 0.008F * static_cast<float>(r);  // still the second largest at the end
    const float rest = (0.5F - second) / 2.0F;
    const float values[] = {0.5F, second, rest, rest};
    std::copy(std::begin(values), std::end(values), rows.row(r).begin());
  }
  for (const double power : {0.4, 1.0, 2.5}) {
    const Predictions seen(1000, 4, power);
    const auto confidence = ConfidenceCalibration::fit(seen.p, seen.labels).confidence(rows);
    CHECK(std::is_sorted(confidence.begin(), confidence.end()));
  }
}

TEST_CASE("ConfidenceCalibration: a model that is always right or always wrong gets high or low confidence in bounds") {
  Predictions right(2000, 3, 1.0), wrong(2000, 3, 1.0);
  for (std::ptrdiff_t r = 0; r < 2000; ++r) {
    const auto row = right.p.row(r);
    const auto best = static_cast<ClassIndex>(std::max_element(row.begin(), row.end()) - row.begin());
    right.labels[static_cast<std::size_t>(r)] = best;
    wrong.labels[static_cast<std::size_t>(r)] = (best + 1) % 3;
  }
  const auto high = ConfidenceCalibration::fit(right.p, right.labels).confidence(right.p);
  const auto low = ConfidenceCalibration::fit(wrong.p, wrong.labels).confidence(wrong.p);
  check_bounds(high);
  check_bounds(low);
  CHECK(*std::min_element(high.begin(), high.end()) > 0.9F);
  CHECK(*std::max_element(low.begin(), low.end()) < 0.3F);
}

TEST_CASE("ConfidenceCalibration: probabilities of 0 and 1 give numbers in bounds, also where they were wrong") {
  Matrix<float> sure(200, 3);
  Classes labels;
  for (std::ptrdiff_t r = 0; r < 200; ++r) {
    sure(r, r % 3) = 1.0F;
    labels.push_back(static_cast<ClassIndex>(r % 10 == 0 ? (r + 1) % 3 : r % 3));  // one in ten is wrong
  }
  const auto confidence = ConfidenceCalibration::fit(sure, labels).confidence(sure);
  check_bounds(confidence);
  CHECK(confidence[0] == doctest::Approx(0.9).epsilon(0.05));
  Matrix<float> uniform(1, 3, 1.0F / 3.0F);
  check_bounds(ConfidenceCalibration::fit(sure, labels).confidence(uniform));
}

TEST_CASE("ConfidenceCalibration: hard items that err more often do not lower the confidence of the rest") {
  // The model is right about itself on random items, and wrong on half of those that it says are right about hard ones.
  Predictions seen(2000, 3, 1.0);
  std::vector<std::uint8_t> is_random(2000, 1);
  for (std::size_t i = 0; i < 2000; i += 2) {
    is_random[i] = 0;
    if (i % 4 == 0) seen.labels[i] = (seen.labels[i] + 1) % 3;
  }
  const Predictions rest(1000, 3, 1.0, 2);
  const auto apart = ConfidenceCalibration::fit(seen.p, seen.labels, is_random).confidence(rest.p);
  const auto alike = ConfidenceCalibration::fit(seen.p, seen.labels).confidence(rest.p);
  CHECK(mean_error(apart, rest.true_confidence) < 0.03);
  CHECK(mean_error(alike, rest.true_confidence) > 0.05);
}

TEST_CASE("ConfidenceCalibration: with hard items alone it is still a calibration") {
  const Predictions seen(2000, 3, 0.5);
  const std::vector<std::uint8_t> all_hard(2000, 0);
  const auto confidence = ConfidenceCalibration::fit(seen.p, seen.labels, all_hard).confidence(seen.p);
  check_bounds(confidence);
  const auto identity = ConfidenceCalibration().confidence(seen.p);
  CHECK(mean_error(confidence, seen.true_confidence) < mean_error(identity, seen.true_confidence));
}

TEST_CASE("ConfidenceCalibration: sizes that differ are refused") {
  const Predictions seen(10, 3, 1.0);
  const Classes short_labels(9, 0);
  const std::vector<std::uint8_t> short_flags(9, 1);
  const auto code = [&](const Classes& labels, const std::vector<std::uint8_t>& is_random) {
    try {
      static_cast<void>(ConfidenceCalibration::fit(seen.p, labels, is_random));
    } catch (const InvalidArgument& error) {
      return error.code();
    }
    FAIL("nothing was refused");
    return ErrorCode{};
  };
  CHECK(code(short_labels, {}) == ErrorCode::shape_mismatch);
  CHECK(code(seen.labels, short_flags) == ErrorCode::shape_mismatch);
}

}  // namespace
