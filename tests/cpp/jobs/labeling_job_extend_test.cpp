// Items that join a running job, or a finished one.

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "gtlabel/core/error.hpp"
#include "gtlabel/jobs/labeling_job.hpp"
#include "gtlabel/models/fixed_probabilities.hpp"
#include "gtlabel/models/softmax_regression.hpp"
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
using gtlabel_test::Items;
using gtlabel_test::ModelHooks;
using gtlabel_test::run;
using gtlabel_test::Sight;
using gtlabel_test::sight_of;
using gtlabel_test::with_centroids;
using gtlabel_test::wrong_automatic;

/// A job that has the first n items of a pool.
LabelingJob job_of_first(const GaussianPool& pool, std::ptrdiff_t n, LabelingJobOptions options = with_centroids()) {
  if (options.n_threads == 0) options.n_threads = 1;
  return LabelingJob(pool.part(0, n), class_names(pool.k), std::move(options));
}

/// Runs until a batch for that purpose is out, and returns it.
Batch run_until(LabelingJob& job, Purpose purpose, const Classes& truth, std::vector<Batch>& batches) {
  while (auto batch = job.next_batch()) {
    if (batch->purposes.front() == purpose) return *batch;
    answer(job, batch->items, truth);
    batches.push_back(std::move(*batch));
  }
  FAIL("the job ended without such a batch");
  return {};
}

bool is_all_seed(const Batch& batch) {
  return std::all_of(batch.purposes.begin(), batch.purposes.end(), [](Purpose p) { return p == Purpose::seed; });
}

void check_same_automatic_labels(const LabelSet& before, const LabelingJob& job) {
  const auto after = job.labels();
  REQUIRE(after.item == before.item);
  CHECK(after.class_index == before.class_index);
  CHECK(after.confidence == before.confidence);
}

TEST_CASE("LabelingJob: items that join in any phase are sampled, what was out stays out, and the job ends in order") {
  constexpr std::ptrdiff_t kFirst = 1200;
  const GaussianPool pool(2000, 2, 4.5);
  for (const Purpose moment : {Purpose::seed, Purpose::query, Purpose::audit}) {
    CAPTURE(to_string(moment));
    auto job = job_of_first(pool, kFirst);
    std::vector<Batch> batches;
    const Batch out = run_until(job, moment, pool.classes, batches);
    answer(job, Items(out.items.begin(), out.items.begin() + 2), pool.classes);
    const auto labels = job.labels();
    const auto certificate = job.certificate();
    const auto history = job.report().history.size();
    job.extend(pool.part(kFirst, 2000));

    CHECK(job.n_items() == 2000);
    CHECK(job.report().n_items == 2000);
    CHECK(job.report().history.size() == history);
    check_same_automatic_labels(labels, job);
    CHECK(job.certificate().has_value() == certificate.has_value());
    const auto rest = job.next_batch();
    REQUIRE(rest.has_value());
    CHECK(rest->items == Items(out.items.begin() + 2, out.items.end()));
    answer(job, rest->items, pool.classes);
    batches.push_back(out);

    const auto sample = job.next_batch();
    REQUIRE(sample.has_value());
    CHECK(is_all_seed(*sample));
    CHECK(sample->items.size() == 8);  // 20 of 2000, the least sample of such a pool
    for (const ItemIndex item : sample->items) CHECK(item >= kFirst);
    for (const auto& batch : run(job, pool.classes).batches) batches.push_back(batch);
    check_end(job, pool.classes);
    check_batches(batches, job);
    CHECK(job.report().n_auto > 1000);
    CHECK(job.report().history.front().n_items == (moment == Purpose::seed ? 2000 : kFirst));
    CHECK(job.report().history.back().n_items == 2000);
  }
}

TEST_CASE("LabelingJob: items that join before the first batch are as if they had always been there") {
  const GaussianPool pool(1000, 2, 4.0);
  auto job = job_of_first(pool, 400), whole = job_of_first(pool, 1000);
  job.extend(pool.part(400, 700));
  job.extend(pool.part(700, 1000));
  CHECK(job.pool().fingerprint() == pool.features().fingerprint());
  CHECK(is_same(job.next_batch(), whole.next_batch()));
}

TEST_CASE("LabelingJob: a finished job goes on: certificate and labels stand, few people are asked about few items") {
  const GaussianPool pool(2500, 2, 5.0);
  auto job = job_of_first(pool, 2000);
  run(job, pool.classes);
  const auto labels = job.labels();
  const auto certificate = job.certificate();
  REQUIRE(certificate.has_value());
  const auto before = job.report();
  for (std::ptrdiff_t n = 2000; n < 2500; n += 100) {
    job.extend(pool.part(n, n + 100));
    CHECK_FALSE(job.is_finished());
    CHECK(job.report().outcome.empty());
    REQUIRE(job.certificate().has_value());
    CHECK(job.certificate()->wrong_at_most <= std::max<std::int64_t>(certificate->wrong_at_most, 0) + 5);
    run(job, pool.classes);
    check_end(job, pool.classes);
  }
  CHECK(job.report().n_auto > before.n_auto + 350);
  // Only audits have changed labels.
  const auto after = job.labels();
  for (std::size_t i = 0; i < labels.item.size(); ++i) {
    REQUIRE(after.item[i] == labels.item[i]);
    if (after.source[i] == LabelSource::automatic) REQUIRE(after.class_index[i] == labels.class_index[i]);
  }
  CHECK(job.report().history.size() > before.history.size());
}

TEST_CASE("LabelingJob: a job that was too small, or whose model was no good, takes its chance when items join") {
  const GaussianPool pool(1500, 2, 5.0);
  auto job = job_of_first(pool, 40);
  const auto all = job.next_batch();
  REQUIRE(all.has_value());
  CHECK(all->items.size() == 40);
  SUBCASE("while they are with people") {
    answer(job, Items(all->items.begin(), all->items.begin() + 10), pool.classes);
    job.extend(pool.part(40, 1500));
    CHECK(job.next_batch()->items.size() == 30);
  }
  SUBCASE("when it is finished") {
    answer(job, all->items, pool.classes);
    CHECK_FALSE(job.next_batch().has_value());
    REQUIRE(contains(job.report().outcome, "too small"));
    job.extend(pool.part(40, 1500));
  }
  CHECK_FALSE(contains(job.report().outcome, "too small"));
  run(job, pool.classes);
  check_end(job, pool.classes);
  CHECK(job.report().n_auto > 700);
}

TEST_CASE("LabelingJob: after a withdrawal of everything it takes its chance too") {
  const GaussianPool pool(2500, 2, 5.0);
  LabelingJobOptions options;
  options.model = std::make_shared<Braggart>(pool.classes, [](ItemIndex item) { return item < 800 ? 0.3 : 0.0; });
  auto job = job_of_first(pool, 800, options);
  run(job, pool.classes);
  REQUIRE(job.report().n_auto == 0);
  job.extend(pool.part(800, 2500));
  run(job, pool.classes);
  check_end(job, pool.classes);
  CHECK(job.report().n_auto > 0);
}

TEST_CASE(
    "LabelingJob: a part too small for audits is asked of people, and so the job stays without a machine's label") {
  const GaussianPool pool(60, 2, 5.0);
  auto job = job_of_first(pool, 40);
  run(job, pool.classes);
  job.extend(pool.part(40, 60));
  CHECK(job.next_batch()->items.size() == 20);
  run(job, pool.classes);
  check_end(job, pool.classes);
  CHECK(job.report().n_human == 60);
}

TEST_CASE("LabelingJob: answers given in advance stand, and joining items that have all been answered need no sample") {
  const GaussianPool pool(1000, 2, 5.0);
  auto job = job_of_first(pool, 900);
  run(job, pool.classes);
  job.extend(pool.part(900, 1000));
  answer(job, gtlabel_test::range(900, 1000), pool.classes);
  CHECK_FALSE(job.next_batch().has_value());
  check_end(job, pool.classes);
}

TEST_CASE("LabelingJob: what does not fit the pool or the model is refused, by name, and changes nothing") {
  const GaussianPool pool(900, 2, 4.0), wider(50, 2, 4.0, 1, 5);
  const std::vector<std::int64_t> indptr{0, 0};
  CsrView<const float> rows;
  rows.indptr = indptr;
  rows.cols = 2;
  auto job = job_of_first(pool, 800), other = job_of_first(pool, 800);
  for (int i = 0; i < 4; ++i) {
    for (auto* j : {&job, &other}) answer(*j, j->next_batch()->items, pool.classes);
    const Sight before = sight_of(job);
    for (const auto& [more, message] :
         {std::pair{wider.features(), "5 columns given, expected the pool's 2"},
          std::pair{Features::borrow(rows), "sparse rows given, expected dense ones like the pool's"}}) {
      try {
        job.extend(more);
        FAIL("nothing was refused");
      } catch (const InvalidArgument& error) {
        CHECK(contains(error.what(), message));
      }
    }
    CHECK(sight_of(job) == before);
    CHECK(job.n_items() == 800);
    CHECK(is_same(job.next_batch(), other.next_batch()));
  }
  CHECK(run(job, pool.classes) == run(other, pool.classes));
}

TEST_CASE("LabelingJob: probabilities that are there already are joined by others, and rows that are none refused") {
  constexpr std::ptrdiff_t kAll = 1500, kFirst = 900;
  Matrix<float> rows(kAll, 2);
  Classes truth;
  for (std::ptrdiff_t i = 0; i < kAll; ++i) {
    truth.push_back(static_cast<ClassIndex>(i % 2));
    rows(i, i % 2) = i % 97 == 0 ? 0.4F : 0.98F;
    rows(i, 1 - i % 2) = 1.0F - rows(i, i % 2);
  }
  const auto part = [&](const Matrix<float>& from, std::ptrdiff_t begin, std::ptrdiff_t end) {
    return Features::borrow(MatrixView<const float>(from.values.data() + 2 * begin, end - begin, 2));
  };
  LabelingJobOptions options;
  options.model = std::make_shared<FixedProbabilities>();
  LabelingJob job(part(rows, 0, kFirst), class_names(2), options);
  run(job, truth);
  auto bad = rows;
  bad(kFirst + 2, 0) = 7.0F;
  const Sight before = sight_of(job);
  CHECK_THROWS_AS(job.extend(part(bad, kFirst, kAll)), InvalidArgument);
  CHECK(sight_of(job) == before);
  CHECK(job.is_finished());
  CHECK_NOTHROW((void)job.predictions());
  job.extend(part(rows, kFirst, kAll));
  CHECK(job.predictions().item.back() == kAll - 1);
  run(job, truth);
  check_end(job, truth);
  CHECK(job.report().n_auto > 1000);
}

TEST_CASE("LabelingJob: a model that fails while items join leaves the job as it was, and it can be tried again") {
  const GaussianPool pool(1500, 2, 4.0);
  const auto course = [&](bool fails) {
    const auto hooks = std::make_shared<ModelHooks>();
    auto job = job_of_first(pool, 900, with_centroids(hooks));
    std::vector<Batch> batches;
    run_until(job, Purpose::query, pool.classes, batches);
    const auto fail = [&] {
      if (!fails) return;
      const Sight before = sight_of(job);
      hooks->before_update = [] { throw std::domain_error("not now"); };
      CHECK_THROWS_AS(job.extend(pool.part(900, 1500)), std::domain_error);
      hooks->before_update = {};
      CHECK(sight_of(job) == before);
      CHECK(job.n_items() == 900);
    };
    fail();
    for (int i = 0; i < 3; ++i) answer(job, job.next_batch()->items, pool.classes);
    fail();
    CHECK_NOTHROW((void)job.snapshot());
    job.extend(pool.part(900, 1500));
    return run(job, pool.classes);
  };
  CHECK(course(true) == course(false));
}

/// The course of a job that grows twice, interrupted by `between` after every call.
template <class Between>
Course growing_course(const GaussianPool& pool, LabelingJob job, Between between) {
  Course course;
  const std::ptrdiff_t sizes[] = {200, 300, 400};
  for (std::size_t step = 1; step <= 3; ++step) {
    for (std::size_t i = 0; step == 3 || i < 3 * step; ++i) {
      job = between(std::move(job));
      auto batch = job.next_batch();
      if (!batch) break;
      answer(job, batch->items, pool.classes);
      course.batches.push_back(std::move(*batch));
    }
    if (step == 3) break;
    job = between(std::move(job));
    job.extend(pool.part(sizes[step - 1], sizes[step]));
    job = between(std::move(job));
  }
  course.end = sight_of(job);
  return course;
}

TEST_CASE("LabelingJob: the same answers and extensions give the same batches for any number of threads") {
  const GaussianPool pool(400, 2, 4.5);
  std::vector<Course> courses;
  for (const std::size_t n_threads : {1, 2, 7}) {
    const LabelingJobOptions options{.target = ErrorTarget{0.1, 0.1}, .batch_size = 40, .n_threads = n_threads};
    courses.push_back(growing_course(pool, job_of_first(pool, 200, options), [](LabelingJob job) { return job; }));
  }
  CHECK(courses[0].batches.size() > 4);
  CHECK(courses[1] == courses[0]);
  CHECK(courses[2] == courses[0]);
}

TEST_CASE("LabelingJob snapshot: a job that has grown is restored with its whole pool, at every moment") {
  const GaussianPool pool(400, 2, 4.5);
  for (const bool is_custom : {true, false}) {
    const auto options = [&] {
      auto made = is_custom ? with_centroids() : LabelingJobOptions{.model = std::make_shared<SoftmaxRegression>()};
      made.target = ErrorTarget{0.1, 0.1};
      made.batch_size = 40;
      made.n_threads = 1;
      return made;
    };
    const Course expected =
        growing_course(pool, job_of_first(pool, 200, options()), [](LabelingJob job) { return job; });
    const Course interrupted = growing_course(pool, job_of_first(pool, 200, options()), [&](LabelingJob job) {
      const auto bytes = job.snapshot();
      auto restored = LabelingJob::restore(bytes, pool.part(0, job.n_items()), options());
      CHECK(restored.snapshot() == bytes);
      return restored;
    });
    CHECK(interrupted == expected);
  }
  auto job = job_of_first(pool, 200);
  job.extend(pool.part(200, 300));
  CHECK_THROWS_AS(LabelingJob::restore(job.snapshot(), pool.part(0, 200), with_centroids()), ArchiveError);
}

TEST_CASE("LabelingJob: the promise holds when worse items join whenever the audits have been lucky") {
  // The model seems to be right always. Whenever a certificate is there that has seen no error, items join of which it
  // does not know three times as many as the target allows; nothing but audits can find that out.
  constexpr std::int64_t kJobs = 40;
  constexpr double kDelta = 0.1, kMaxError = 0.1;
  std::int64_t n_exceeded = 0, n_grown = 0, n_certified_after = 0;
  for (std::int64_t i = 0; i < kJobs; ++i) {
    const GaussianPool pool(900, 2, 0.0, static_cast<std::uint64_t>(i));
    LabelingJobOptions options;
    options.model = std::make_shared<Braggart>(pool.classes, [](ItemIndex item) { return item < 500 ? 0.03 : 0.3; });
    options.target = ErrorTarget{kMaxError, kDelta};
    options.batch_size = 100;
    options.seed = static_cast<std::uint64_t>(i);
    auto job = job_of_first(pool, 500, options);
    bool is_exceeded = false;
    while (true) {
      const auto certificate = job.certificate();
      if (certificate && certificate->errors_found <= 1 && job.n_items() < 900) {
        job.extend(pool.part(job.n_items(), job.n_items() + 200));
        ++n_grown;
      }
      const auto shown = job.certificate();
      n_certified_after += shown && job.n_items() > 500;
      is_exceeded = is_exceeded || (shown && wrong_automatic(job, pool.classes) > shown->wrong_at_most);
      const auto batch = job.next_batch();
      if (!batch) break;
      answer(job, batch->items, pool.classes);
    }
    n_exceeded += is_exceeded;
  }
  CHECK(n_grown > kJobs / 4);  // else nothing was tested
  CHECK(n_certified_after > kJobs / 4);
  CHECK(n_exceeded <= gtlabel_test::binomial_quantile(kJobs, kDelta, 0.999));
}

}  // namespace
