// The list of classes changes while a job goes on: answers stay, what followed from them begins anew.

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "gtlabel/core/error.hpp"
#include "gtlabel/jobs/labeling_job.hpp"
#include "gtlabel/models/committee.hpp"
#include "gtlabel/models/fixed_probabilities.hpp"
#include "jobs/job_driving.hpp"

using namespace gtlabel;
using namespace gtlabel_test;

namespace {

/// The truth when one class is taken for another.
Classes merged(Classes truth, ClassIndex from, ClassIndex into) {
  std::replace(truth.begin(), truth.end(), from, into);
  return truth;
}

LabelingJob make(const GaussianPool& pool, int n_classes, LabelingJobOptions options = with_centroids()) {
  options.n_threads = 1;
  return LabelingJob(pool.features(), class_names(n_classes), std::move(options));
}

void answer_batches(LabelingJob& job, const Classes& truth, int n) {
  for (int i = 0; i < n; ++i) {
    const auto batch = job.next_batch();
    REQUIRE(batch);
    answer(job, batch->items, truth);
  }
}

std::vector<ClassIndex> classes_of_labels(const LabelingJob& job) {
  auto classes = job.labels().class_index;
  std::sort(classes.begin(), classes.end());
  classes.erase(std::unique(classes.begin(), classes.end()), classes.end());
  return classes;
}

}  // namespace

TEST_CASE("Classes: a finished job goes on when one is merged, keeps all answers and ends certified") {
  const GaussianPool pool(1500, 3, 4.0);
  auto job = make(pool, 3);
  run(job, pool.classes);
  const auto n_answers = job.report().n_answers;
  job.merge_classes("class 2", "class 1");
  CHECK_FALSE(job.is_finished());
  CHECK_FALSE(job.certificate());
  CHECK(job.report().n_auto == 0);
  CHECK(job.report().n_answers == n_answers);
  CHECK(job.report().n_human == n_answers);
  CHECK(job.active_classes() == std::vector<ClassIndex>{0, 1});
  CHECK(job.classes() == class_names(3));
  // People may go on with the old name.
  run(job, pool.classes);
  CHECK(classes_of_labels(job) == std::vector<ClassIndex>{0, 1});
  check_end(job, merged(pool.classes, 2, 1));
  CHECK(job.certificate());
}

TEST_CASE("Classes: a new class is looked for and found") {
  const GaussianPool pool(1500, 3, 4.0);
  const Classes old_truth = merged(pool.classes, 2, 1);
  auto job = make(pool, 2);
  run(job, old_truth);
  const auto n_human = job.report().n_human;
  job.add_class("class 2");
  CHECK(job.active_classes().size() == 3);
  const auto batch = job.next_batch();
  REQUIRE(batch);
  CHECK(batch->purposes.front() == Purpose::seed);
  // Whoever sees an old answer that is wrong now gives another.
  Items all;
  Classes said;
  for (ItemIndex item = 0; item < 1500; ++item) {
    const auto labels = job.labels();
    if (std::find(labels.item.begin(), labels.item.end(), item) == labels.item.end()) continue;
    all.push_back(item);
    said.push_back(pool.classes[static_cast<std::size_t>(item)]);
  }
  CHECK(std::ssize(all) == n_human);
  job.submit(all, said);
  run(job, pool.classes);
  check_end(job, pool.classes);
  CHECK(classes_of_labels(job).size() == 3);
}

TEST_CASE("Classes: items of a retired class are asked again, and its name is refused") {
  const GaussianPool pool(900, 3, 4.0);
  const Classes new_truth = merged(pool.classes, 2, 0);
  auto job = make(pool, 3);
  answer_batches(job, pool.classes, 3);
  const auto before = job.labels();
  const auto n_retired = std::count(before.class_index.begin(), before.class_index.end(), 2);
  REQUIRE(n_retired > 0);
  job.retire_class("class 2");
  CHECK(job.report().n_human == std::ssize(before.item) - n_retired);
  const auto answers = job.answers();
  CHECK(std::count_if(answers.answers().begin(), answers.answers().end(),
                      [](const Answer& answer) { return answer.class_index == 2; }) == n_retired);
  const Items one = {5};
  const std::vector<std::string> name = {"class 2"};
  CHECK_THROWS_AS(job.submit(one, std::span<const std::string>(name)), UnknownClass);
  const std::vector<ClassIndex> index = {2};
  CHECK_THROWS_AS(job.submit(one, std::span<const ClassIndex>(index)), UnknownClass);
  run(job, new_truth);
  check_end(job, new_truth);
  CHECK(classes_of_labels(job) == std::vector<ClassIndex>{0, 1});
}

TEST_CASE("Classes: a last word that is retired leaves the item open, and its worker is asked again") {
  const GaussianPool pool(300, 3, 4.0);
  for (const std::int32_t most : {1, 3}) {
    auto options = with_centroids();
    options.overlap = {most, most, 0.9};
    auto job = make(pool, 3, options);
    const auto batch = job.next_batch("ann", 4);
    REQUIRE(batch);
    const std::vector<std::string> ann(batch->items.size(), "ann");
    for (const ClassIndex said : {1, 2}) {
      job.submit(batch->items, std::vector<ClassIndex>(batch->items.size(), said), ann);
    }
    job.retire_class("class 2");
    CHECK(job.labels().item.empty());
    for (int i = 0; i < 200 && !job.is_finished(); ++i) {
      const auto next = job.next_batch("ann", 50);
      if (!next) break;
      const std::vector<std::string> names(next->items.size(), "ann");
      auto answers = answers_to(next->items, merged(pool.classes, 2, 0));
      job.submit(next->items, answers, names);
      for (const char* other : {"bob", "cy"}) {
        if (most == 1) continue;
        const std::vector<std::string> others(next->items.size(), other);
        job.submit(next->items, answers, others);
      }
    }
    CHECK(job.is_finished());
    CHECK(classes_of_labels(job) == std::vector<ClassIndex>{0, 1});
  }
}

TEST_CASE("Classes: where several people are asked, labels that a change does not touch stay") {
  const GaussianPool pool(300, 3, 4.0);
  auto options = with_centroids();
  options.overlap = {2, 3, 0.9};
  auto job = make(pool, 3, options);
  for (int i = 0; i < 2; ++i) {
    const auto batch = job.next_batch();
    for (const char* worker : {"ann", "bob"}) {
      job.submit(batch->items, answers_to(batch->items, pool.classes),
                 std::vector<std::string>(batch->items.size(), worker));
    }
  }
  (void)job.next_batch();
  const auto before = job.labels();
  REQUIRE(before.item.size() > 20);
  job.add_class("class 3");
  CHECK(job.labels().item == before.item);
  CHECK(job.labels().class_index == before.class_index);
  CHECK(job.report().n_human == std::ssize(before.item));
  job.merge_classes("class 2", "class 1");
  CHECK(job.labels().item == before.item);
  CHECK(job.labels().class_index == merged(before.class_index, 2, 1));
  job.retire_class("class 1");
  CHECK(std::ssize(job.labels().item) == std::count(before.class_index.begin(), before.class_index.end(), 0));
}

TEST_CASE("Classes: what was sent before a change is known again after it") {
  const GaussianPool pool(300, 3, 4.0);
  auto job = make(pool, 3);
  const auto batch = job.next_batch();
  const auto answers = answers_to(batch->items, pool.classes);
  std::vector<std::string> ids;
  for (const ItemIndex item : batch->items) ids.push_back(std::string("a").append(std::to_string(item)));
  const auto submit = [&] {
    return job.submit(batch->items, std::span<const ClassIndex>(answers), {}, {}, {}, ids).n_repeated;
  };
  CHECK(submit() == 0);
  job.merge_classes("class 1", "class 0");
  CHECK(submit() == std::ssize(answers));
  CHECK(job.submit(batch->items, std::span<const ClassIndex>(answers)).n_repeated == std::ssize(answers));
  job.add_class("class 3");
  job.retire_class("class 2");
  CHECK(submit() == std::ssize(answers));
}

TEST_CASE("Classes: another name changes nothing else") {
  const GaussianPool pool(900, 2, 4.0);
  auto job = make(pool, 2), plain = make(pool, 2);
  answer_batches(job, pool.classes, 2);
  answer_batches(plain, pool.classes, 2);
  job.rename_class("class 1", "dog");
  CHECK(job.classes() == std::vector<std::string>{"class 0", "dog"});
  const Items one = {5};
  const std::vector<std::string> old_name = {"class 1"}, new_name = {"dog"};
  CHECK_THROWS_AS(job.submit(one, std::span<const std::string>(old_name)), UnknownClass);
  CHECK(run(job, pool.classes) == run(plain, pool.classes));
  const auto again = job.submit(one, std::span<const std::string>(new_name));
  CHECK(again.n_answers + again.n_repeated == 1);
}

TEST_CASE("Classes: what makes no sense is refused and changes nothing") {
  const GaussianPool pool(200, 3, 4.0);
  auto job = make(pool, 3);
  answer_batches(job, pool.classes, 1);
  const auto before = job.snapshot();
  CHECK_THROWS_AS(job.add_class("class 1"), InvalidArgument);
  CHECK_THROWS_AS(job.rename_class("class 1", "class 2"), InvalidArgument);
  CHECK_THROWS_AS(job.rename_class("cat", "dog"), UnknownClass);
  CHECK_THROWS_AS(job.merge_classes("class 1", "class 1"), InvalidArgument);
  CHECK_THROWS_AS(job.merge_classes("class 1", "cat"), UnknownClass);
  CHECK_THROWS_AS(job.retire_class("cat"), UnknownClass);
  CHECK(job.snapshot() == before);
  job.merge_classes("class 2", "class 1");
  CHECK_THROWS_AS(job.merge_classes("class 2", "class 0"), UnknownClass);
  CHECK_THROWS_AS(job.retire_class("class 0"), InvalidArgument);
  CHECK_THROWS_AS(job.add_class("class 2"), InvalidArgument);
}

TEST_CASE("Classes: probabilities of others cannot be given another class, and the job is as before") {
  GaussianPool pool(200, 2, 4.0);
  for (std::size_t i = 0; i < pool.classes.size(); ++i) {
    pool.values[2 * i] = pool.classes[i] == 0 ? 0.9F : 0.1F;
    pool.values[2 * i + 1] = 1.0F - pool.values[2 * i];
  }
  LabelingJobOptions options;
  options.model = std::make_shared<FixedProbabilities>();
  auto job = make(pool, 2, options);
  answer_batches(job, pool.classes, 1);
  const auto before = job.snapshot();
  CHECK_THROWS_AS(job.add_class("class 2"), InvalidArgument);
  CHECK(job.snapshot() == before);
  run(job, pool.classes);
  check_end(job, pool.classes);
}

TEST_CASE("Classes: the default model never labels automatically with a class that is no longer in use") {
  const GaussianPool pool(800, 4, 4.0);
  LabelingJobOptions options;
  options.model = std::make_shared<Committee>();
  auto job = make(pool, 4, options);
  answer_batches(job, pool.classes, 2);
  job.merge_classes("class 3", "class 0");
  job.retire_class("class 2");
  const Classes truth = merged(merged(pool.classes, 3, 0), 2, 1);
  run(job, truth);
  check_end(job, truth);
  CHECK(classes_of_labels(job) == std::vector<ClassIndex>{0, 1});
}

TEST_CASE("Classes: a stored job that is reopened after each change goes on as one that was not") {
  const GaussianPool pool(900, 3, 4.0);
  const auto path =
      (std::filesystem::temp_directory_path() / ("gtlabel-classes-" + std::to_string(::getpid()))).string();
  std::vector<Course> courses;
  for (const bool is_stored : {false, true}) {
    auto options = with_centroids();
    options.overlap = {1, 2, 0.6};
    if (is_stored) options.store = path;
    auto job = std::make_unique<LabelingJob>(make(pool, 3, options));
    const auto reopen = [&] {
      if (!is_stored) return;
      job.reset();
      auto again = with_centroids();
      again.n_threads = 1;
      job = std::make_unique<LabelingJob>(LabelingJob::open(path, pool.features(), again));
    };
    answer_batches(*job, pool.classes, 2);
    job->merge_classes("class 2", "class 1");
    reopen();
    answer_batches(*job, pool.classes, 1);
    job->rename_class("class 1", "either");
    reopen();
    job->add_class("other");
    reopen();
    CHECK(job->classes() == std::vector<std::string>{"class 0", "either", "class 2", "other"});
    courses.push_back(run(*job, pool.classes));
    CHECK(job->active_classes() == std::vector<ClassIndex>{0, 1, 3});
  }
  CHECK(courses[0] == courses[1]);
  for (const char* end : {"", "-wal", "-shm", ".lock"}) std::filesystem::remove(path + end);
}
