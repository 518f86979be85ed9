// Jobs that label nothing before one exact audit at their end.

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "gtlabel/core/random.hpp"
#include "gtlabel/jobs/labeling_job.hpp"
#include "gtlabel/models/fixed_probabilities.hpp"
#include "jobs/job_driving.hpp"
#include "models/braggart.hpp"
#include "statistics.hpp"

namespace {

using namespace gtlabel;
using gtlabel_test::answer;
using gtlabel_test::Braggart;
using gtlabel_test::check_batches;
using gtlabel_test::check_end;
using gtlabel_test::class_names;
using gtlabel_test::Classes;
using gtlabel_test::contains;
using gtlabel_test::Course;
using gtlabel_test::GaussianPool;
using gtlabel_test::is_same;
using gtlabel_test::make_job;
using gtlabel_test::run;
using gtlabel_test::sight_of;
using gtlabel_test::with_centroids;
using gtlabel_test::wrong_automatic;

LabelingJobOptions finally(LabelingJobOptions options = with_centroids()) {
  options.commit = CommitMode::final;
  return options;
}

/// Runs until the first audits are out, unanswered.
Batch run_to_audit(LabelingJob& job, const Classes& truth) {
  while (auto batch = job.next_batch()) {
    if (batch->purposes.front() == Purpose::audit) return *batch;
    answer(job, batch->items, truth);
  }
  FAIL("the job ended without an audit");
  return {};
}

TEST_CASE("CommitMode::final: trains, then audits, then leaves the rest to people, and ends with its certificate") {
  const GaussianPool pool(2000, 2, 3.0, 11);
  auto job = make_job(pool, finally());
  const Course course = run(job, pool.classes);
  check_end(job, pool.classes);
  check_batches(course.batches, job);
  CHECK(job.report().n_auto > 1000);
  int stage = 0;  // seeds and queries, audits, review
  for (const Batch& batch : course.batches) {
    const Purpose purpose = batch.purposes.front();
    const int now = purpose == Purpose::audit ? 1 : purpose == Purpose::review ? 2 : 0;
    CHECK(now >= stage);
    stage = now;
  }
}

TEST_CASE("CommitMode::final: no certificate before the audits are answered, and labels say what people said of them") {
  const GaussianPool pool(2000, 2, 3.0, 11);
  auto job = make_job(pool, finally());
  const Batch audit = run_to_audit(job, pool.classes);
  CHECK_FALSE(job.certificate().has_value());
  CHECK(job.report().n_audited == 0);
  answer(job, audit.items, pool.classes);
  run(job, pool.classes);
  check_end(job, pool.classes);
}

TEST_CASE("CommitMode::final: holds its target in nearly all of many jobs") {
  std::int64_t n_above = 0, n_certified = 0;
  constexpr int kJobs = 20;
  for (int seed = 0; seed < kJobs; ++seed) {
    const GaussianPool pool(1200, 2, 2.4, static_cast<std::uint64_t>(seed));
    auto options = finally();
    options.seed = static_cast<std::uint64_t>(seed);
    auto job = make_job(pool, options);
    run(job, pool.classes);
    const auto report = job.report();
    n_certified += report.certificate ? 1 : 0;
    n_above += static_cast<double>(wrong_automatic(job, pool.classes)) > 0.05 * static_cast<double>(report.n_auto);
  }
  MESSAGE("certified " << n_certified << " of " << kJobs << ", above the target " << n_above);
  CHECK(n_certified > kJobs / 2);
  CHECK(n_above <= gtlabel_test::binomial_quantile(kJobs, 0.05, 0.999));
}

TEST_CASE("CommitMode::final: of the whole dataset, and of every class by itself") {
  const GaussianPool pool(2400, 2, 3.0, 5);
  for (const ErrorTarget target : {ErrorTarget{.of = ErrorScope::dataset}, ErrorTarget{.per_class = true}}) {
    auto options = finally();
    options.target = target;
    auto job = make_job(pool, options);
    check_batches(run(job, pool.classes).batches, job);
    CHECK(job.is_finished());
    const auto certificate = job.certificate();
    REQUIRE(certificate.has_value());
    CHECK(certificate->by_class.size() == (target.per_class ? 2 : 0));
    const auto scope = static_cast<double>(target.per_class ? certificate->delivered : job.n_items());
    CHECK(static_cast<double>(wrong_automatic(job, pool.classes)) <= 0.05 * scope);
  }
}

TEST_CASE("CommitMode::final: a model that is wrong and sure delivers nothing") {
  const GaussianPool pool(2000, 2, 3.0, 3);
  LabelingJobOptions options;
  options.model = std::make_shared<Braggart>(pool.classes, [](ItemIndex) { return 0.2; });
  auto job = make_job(pool, finally(options));
  run(job, pool.classes);
  check_end(job, pool.classes);
  const auto report = job.report();
  CHECK(static_cast<double>(wrong_automatic(job, pool.classes)) <= 0.05 * static_cast<double>(report.n_auto));
}

TEST_CASE("CommitMode::final: a job saved at any batch goes on to the same end") {
  const GaussianPool pool(1500, 2, 3.0, 21);
  for (const ErrorScope of : {ErrorScope::auto_labels, ErrorScope::dataset}) {
    auto final = finally();
    final.target = ErrorTarget{.of = of};
    const auto whole = run(make_job(pool, final), pool.classes);
    for (std::size_t stop = 0; stop < whole.batches.size(); stop += 5) {
      auto job = make_job(pool, final);
      for (std::size_t i = 0; i < stop; ++i) answer(job, job.next_batch()->items, pool.classes);
      [[maybe_unused]] const auto out = job.next_batch();
      auto options = with_centroids();
      options.n_threads = 1;
      auto restored = LabelingJob::restore(job.snapshot(), pool.features(), options);
      const auto rest = run(restored, pool.classes);
      CAPTURE(stop);
      CHECK(rest.end == whole.end);
    }
  }
}

/// Scores that say how often they are wrong, and the truth.
std::pair<Matrix<float>, Classes> scores(std::int64_t n, std::uint64_t seed) {
  RandomStream random(seed, RandomPurpose::user);
  Matrix<float> probabilities(n, 2);
  Classes truth;
  for (std::int64_t i = 0; i < n; ++i) {
    const double wrong = 0.5 * std::pow(random.uniform(), 3.0);
    probabilities(i, 0) = static_cast<float>(wrong);
    probabilities(i, 1) = static_cast<float>(1.0 - wrong);
    truth.push_back(random.uniform() < wrong ? 0 : 1);
  }
  return {std::move(probabilities), std::move(truth)};
}

TEST_CASE("LabelingJob: with fixed probabilities of a dataset people answer a seed sample, one audit and the rest") {
  const auto [probabilities, truth] = scores(4000, 1);
  LabelingJobOptions options;
  options.model = std::make_shared<FixedProbabilities>();
  options.target = ErrorTarget{.of = ErrorScope::dataset};
  LabelingJob job(Features::borrow(MatrixView<const float>(probabilities)), class_names(2), options);
  const Course course = run(job, truth);
  REQUIRE(course.batches.size() > 2);
  CHECK(course.batches[0].purposes.front() == Purpose::seed);
  CHECK(course.batches[1].purposes.front() == Purpose::audit);
  CHECK(std::ssize(course.batches[0].items) <= 200);
  CHECK(std::none_of(course.batches.begin(), course.batches.end(),
                     [](const Batch& batch) { return batch.purposes.front() == Purpose::query; }));
  CHECK(job.certificate().has_value());
  CHECK(static_cast<double>(job.report().n_auto) > 0.5 * 4000);
  CHECK(static_cast<double>(wrong_automatic(job, truth)) <= 0.05 * 4000);
}

TEST_CASE(
    "CommitMode::final: items that join a finished job get an audit of their own, and the first keeps what it proved") {
  const GaussianPool pool(4000, 2, 3.2, 17);
  auto options = finally();
  options.n_threads = 1;
  LabelingJob job(pool.part(0, 2000), class_names(2), options);
  run(job, pool.classes);
  const auto before = job.certificate();
  const auto labels_before = job.labels();
  REQUIRE(before.has_value());
  job.extend(pool.part(2000, 4000));
  const auto still = job.certificate();
  REQUIRE(still.has_value());
  CHECK(still->wrong_at_most == before->wrong_at_most);
  CHECK(still->delivered == before->delivered);
  run(job, pool.classes);
  check_end(job, pool.classes);
  CHECK(job.report().n_auto > before->delivered + 1000);
  // No label of before was audited or changed.
  const auto labels = job.labels();
  for (std::size_t i = 0; i < labels_before.item.size(); ++i) {
    REQUIRE(labels.class_index[i] == labels_before.class_index[i]);
    REQUIRE(labels.source[i] == labels_before.source[i]);
  }
}

TEST_CASE("CommitMode::final: an audit of joined items that fails costs the items before them nothing") {
  const GaussianPool pool(4000, 2, 3.2, 17);
  for (const ErrorScope of : {ErrorScope::auto_labels, ErrorScope::dataset}) {
    auto options = finally();
    options.n_threads = 1;
    options.target = ErrorTarget{.of = of};
    LabelingJob job(pool.part(0, 2000), class_names(2), options);
    run(job, pool.classes);
    const auto labels_before = job.labels();
    REQUIRE(job.report().n_auto > 1000);
    job.extend(pool.part(2000, 4000));
    Classes said = pool.classes;
    while (auto batch = job.next_batch()) {
      const bool is_audit = batch->purposes.front() == Purpose::audit;
      for (const ItemIndex item : batch->items) {
        if (is_audit && item >= 2000) said[static_cast<std::size_t>(item)] = 1 - pool.classes[item];
      }
      answer(job, batch->items, said);
    }
    CHECK(job.certificate().has_value());
    const auto labels = job.labels();
    REQUIRE(labels.item.size() == 4000);
    for (std::size_t i = 0; i < labels_before.item.size(); ++i) {
      REQUIRE(labels.class_index[i] == labels_before.class_index[i]);
      REQUIRE(labels.source[i] == labels_before.source[i]);
    }
  }
}

TEST_CASE("CommitMode::final: of the dataset, items that join are audited for what is left of the target") {
  const GaussianPool pool(4400, 2, 3.2, 17);
  auto options = finally();
  options.n_threads = 1;
  options.target = ErrorTarget{.of = ErrorScope::dataset};
  LabelingJob job(pool.part(0, 4000), class_names(2), options);
  run(job, pool.classes);
  const std::int64_t n_auto = job.report().n_auto;
  REQUIRE(n_auto > 3000);
  job.extend(pool.part(4000, 4400));
  run(job, pool.classes);
  CHECK(job.report().n_auto >= n_auto);
  CHECK(job.certificate().has_value());
}

TEST_CASE("CommitMode::final: a budget that ends in the audits leaves a sound job, also while items wait to join") {
  const GaussianPool pool(3000, 2, 3.0, 11);
  auto options = finally();
  options.n_threads = 1;
  LabelingJob whole(pool.part(0, 2000), class_names(2), options);
  (void)run_to_audit(whole, pool.classes);
  options.budget.max_answers = whole.report().n_human + 7;
  LabelingJob job(pool.part(0, 2000), class_names(2), options);
  bool has_joined = false;
  while (auto batch = job.next_batch()) {
    if (batch->purposes.front() == Purpose::audit && !std::exchange(has_joined, true))
      job.extend(pool.part(2000, 3000));
    answer(job, batch->items, pool.classes);
  }
  REQUIRE(job.is_finished());
  CHECK(job.report().n_paid <= *options.budget.max_answers);
  CHECK(job.certificate().has_value() == (job.report().n_auto > 0));
  const auto again = LabelingJob::restore(job.snapshot(), job.pool(), with_centroids());
  CHECK(again.is_finished());
  CHECK(again.labels().class_index == job.labels().class_index);
}

TEST_CASE("CommitMode::final: items that join while audits are out wait for their end") {
  const GaussianPool pool(4000, 2, 3.2, 17);
  auto options = finally();
  options.n_threads = 1;
  LabelingJob job(pool.part(0, 2500), class_names(2), options);
  const Batch audit = run_to_audit(job, pool.classes);
  job.extend(pool.part(2500, 4000));
  CHECK(is_same(*job.next_batch(), audit));
  run(job, pool.classes);
  check_end(job, pool.classes);
  CHECK(job.report().n_auto > 2000);
}

TEST_CASE("CommitMode::final: items that join while audits are out and are answered unasked hold nothing up") {
  for (std::uint64_t seed = 0; seed < 6; ++seed) {
    const GaussianPool pool(1300, 2, 2.4, seed);
    auto options = finally();
    options.n_threads = 1;
    LabelingJob job(pool.part(0, 1200), class_names(2), options);
    (void)run_to_audit(job, pool.classes);
    job.extend(pool.part(1200, 1300));
    std::vector<ItemIndex> joined(100);
    std::iota(joined.begin(), joined.end(), ItemIndex{1200});
    answer(job, joined, pool.classes);
    run(job, pool.classes);
    CAPTURE(seed);
    CHECK(job.is_finished());
    CHECK(job.certificate().has_value() == (job.report().n_auto > 0));
  }
}

TEST_CASE("CommitMode::final: corrections that take the certificate away are answered by more audits or a withdrawal") {
  const GaussianPool pool(2000, 2, 3.0, 11);
  auto job = make_job(pool, finally());
  Classes said = pool.classes;
  std::vector<ItemIndex> audited;
  while (auto batch = job.next_batch()) {
    answer(job, batch->items, said);
    if (batch->purposes.front() == Purpose::audit) {
      audited.insert(audited.end(), batch->items.begin(), batch->items.end());
    }
  }
  REQUIRE(job.certificate().has_value());
  REQUIRE(audited.size() >= 12);
  for (std::size_t i = 0; i < 12; ++i) {
    ClassIndex& answer_now = said[static_cast<std::size_t>(audited[i])];
    answer_now = 1 - answer_now;
  }
  answer(job, {audited.begin(), audited.begin() + 12}, said);
  CHECK_FALSE(job.is_finished());
  CHECK_FALSE(job.certificate().has_value());
  run(job, said);
  check_end(job, said);
}

TEST_CASE("CommitMode::final: answers nobody asked for do no harm") {
  const GaussianPool pool(2000, 2, 3.0, 11);
  auto job = make_job(pool, finally());
  const Batch audit = run_to_audit(job, pool.classes);
  std::vector<ItemIndex> free;
  for (const ItemIndex item : job.labels().item) {
    if (std::find(audit.items.begin(), audit.items.end(), item) == audit.items.end() && item % 40 == 0) {
      free.push_back(item);
    }
  }
  answer(job, free, pool.classes);
  answer(job, audit.items, pool.classes);
  run(job, pool.classes);
  check_end(job, pool.classes);
}

}  // namespace
