#include "gtlabel/jobs/labeling_job.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <memory>
#include <numeric>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gtlabel/core/error.hpp"
#include "gtlabel/core/random.hpp"
#include "gtlabel/models/committee.hpp"
#include "gtlabel/models/graph_model.hpp"
#include "gtlabel/models/softmax_regression.hpp"
#include "jobs/job_driving.hpp"
#include "models/braggart.hpp"
#include "statistics.hpp"

namespace {

using namespace gtlabel;
using gtlabel_test::answer;
using gtlabel_test::answers_to;
using gtlabel_test::Braggart;
using gtlabel_test::CentroidModel;
using gtlabel_test::check_batches;
using gtlabel_test::check_end;
using gtlabel_test::class_names;
using gtlabel_test::Classes;
using gtlabel_test::contains;
using gtlabel_test::Course;
using gtlabel_test::GaussianPool;
using gtlabel_test::is_same;
using gtlabel_test::Items;
using gtlabel_test::make_job;
using gtlabel_test::ModelHooks;
using gtlabel_test::range;
using gtlabel_test::run;
using gtlabel_test::Sight;
using gtlabel_test::sight_of;
using gtlabel_test::with_centroids;
using gtlabel_test::wrong_automatic;

template <class Call>
std::pair<ErrorCode, std::string> refusal(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return {error.code(), error.what()};
  }
  FAIL("nothing was refused");
  return {};
}

TEST_CASE("LabelingJob: the default job ends with one label per item, by people or certified, and saves people") {
  const GaussianPool pool(1500, 3, 5.0);
  auto job = make_job(pool);
  CHECK_FALSE(job.is_finished());
  const Course course = run(job, pool.classes);
  check_end(job, pool.classes);
  check_batches(course.batches, job);
  CHECK(course.batches.front().round == 0);
  for (const Purpose purpose : course.batches.front().purposes) CHECK(purpose == Purpose::seed);
  const auto report = job.report();
  CHECK(report.n_auto > report.n_human);  // the classes are far apart: a machine can do most
  CHECK(report.n_audited > 0);
  CHECK(report.model == "committee");
  CHECK(report.n_answers == report.n_human);
  CHECK_FALSE(job.next_batch().has_value());
  CHECK(sight_of(job) == course.end);  // asking a finished job changes nothing
}

TEST_CASE("LabelingJob: every kind of model and target ends with one label per item") {
  const GaussianPool easy(600, 2, 4.0), hard(200, 3, 1.5);
  for (const GaussianPool* pool : {&easy, &hard}) {
    for (const Target& target :
         {Target(ErrorTarget{}), Target(ErrorTarget{0.1, 0.2, ErrorScope::dataset}), Target(ErrorTarget{0.3, 0.3}),
          Target(ConfidenceThreshold{0.9}), Target(ConfidenceThreshold{0.5})}) {
      const std::vector<std::shared_ptr<IncrementalModel>> models = {
          std::make_shared<CentroidModel>(), std::make_shared<SoftmaxRegression>(), std::make_shared<GraphModel>(),
          std::make_shared<Committee>(std::vector<std::shared_ptr<IncrementalModel>>{std::make_shared<CentroidModel>(),
                                                                                     std::make_shared<GraphModel>()})};
      for (const auto& model : models) {
        auto job = make_job(*pool, {.target = target, .model = model});
        const Course course = run(job, pool->classes);
        check_end(job, pool->classes);
        check_batches(course.batches, job);
        CHECK(job.report().model == model->kind());
      }
    }
  }
}

TEST_CASE("LabelingJob: a pool with noise for features, one class only, or more classes than items still ends") {
  const GaussianPool noise(300, 2, 0.0), many(40, 60, 2.0), two(2, 2, 3.0), one(1, 2, 3.0);
  const Classes same(300, 1);
  for (const auto& [pool, truth] :
       {std::pair{&noise, noise.classes}, std::pair{&noise, same}, std::pair{&many, many.classes},
        std::pair{&two, two.classes}, std::pair{&one, one.classes}}) {
    for (const Target& target : {Target(ErrorTarget{}), Target(ConfidenceThreshold{0.8})}) {
      auto job = make_job(*pool, {.target = target});
      const Course course = run(job, truth);
      check_end(job, truth);
      check_batches(course.batches, job);
    }
  }
}

TEST_CASE("LabelingJob: the report's history tells of each round, and what it tells can be") {
  const GaussianPool pool(1500, 2, 3.5);
  auto job = make_job(pool, with_centroids());
  run(job, pool.classes);
  const auto report = job.report();
  REQUIRE_FALSE(report.history.empty());
  const RoundRecord* last = nullptr;
  for (const RoundRecord& record : report.history) {
    CHECK(record.round <= report.rounds);
    CHECK(record.n_human + record.n_auto <= report.n_items);
    CHECK(record.n_audited <= record.n_human);
    CHECK(record.errors_found <= record.n_audited);
    CHECK(record.coverage == doctest::Approx(static_cast<double>(record.n_human + record.n_auto) / 1500.0));
    CHECK(record.human_share == doctest::Approx(static_cast<double>(record.n_human) / 1500.0));
    for (const double share :
         {record.coverage, record.human_share, record.expected_human_share, record.bounded_error, record.accuracy}) {
      CHECK(share >= 0.0);
      CHECK(share <= 1.0);
    }
    CHECK(record.expected_human_share >= record.human_share);
    if (last != nullptr) {
      CHECK(record.round > last->round);
      CHECK(record.n_human >= last->n_human);
    }
    last = &record;
  }
}

TEST_CASE("LabelingJob: a batch size that is asked for is kept by the query batches") {
  const GaussianPool pool(800, 2, 3.0);
  for (const std::int64_t size : {1, 7, 100, 5000}) {
    auto options = with_centroids();
    options.batch_size = size;
    auto job = make_job(pool, options);
    const Course course = run(job, pool.classes);
    check_end(job, pool.classes);
    for (const Batch& batch : course.batches) {
      if (batch.purposes.front() == Purpose::query) CHECK(static_cast<std::int64_t>(batch.items.size()) <= size);
    }
  }
}

TEST_CASE("LabelingJob: while items are unanswered they are returned again and nothing is computed") {
  const GaussianPool pool(900, 2, 3.5);
  const auto hooks = std::make_shared<ModelHooks>();
  auto job = make_job(pool, with_centroids(hooks));
  RandomStream random(5, RandomPurpose::user);
  while (auto batch = job.next_batch()) {
    Batch open = *batch;
    while (!open.items.empty()) {
      const int n_updates = hooks->n_updates, n_predictions = hooks->n_predictions;
      const auto before = sight_of(job);
      CHECK(is_same(job.next_batch(), open));
      CHECK(is_same(job.next_batch(), open));
      CHECK(sight_of(job) == before);
      CHECK_FALSE(job.is_finished());
      const auto place = static_cast<std::ptrdiff_t>(random.below(open.items.size()));
      answer(job, {open.items[static_cast<std::size_t>(place)]}, pool.classes);
      open.items.erase(open.items.begin() + place);
      open.purposes.erase(open.purposes.begin() + place);
      CHECK(hooks->n_updates == n_updates);
      CHECK(hooks->n_predictions == n_predictions);
      if (open.items.size() > 5 && random.below(4) != 0) {  // most of the rest at once, for speed
        const Items rest(open.items.begin() + 3, open.items.end());
        answer(job, rest, pool.classes);
        open.items.resize(3);
        open.purposes.resize(3);
      }
    }
  }
  check_end(job, pool.classes);
}

TEST_CASE("LabelingJob: predictions are of the items without a human answer, and asking for them changes nothing") {
  const GaussianPool pool(600, 2, 4.0);
  auto job = make_job(pool, with_centroids());
  CHECK_THROWS_AS((void)job.predictions(), NotFitted);
  while (const auto batch = job.next_batch()) {
    if (batch->round > 0) {
      const auto before = sight_of(job);
      const auto predictions = job.predictions();
      CHECK(sight_of(job) == before);
      const auto n = predictions.item.size();
      CHECK(static_cast<std::int64_t>(n) == job.n_items() - job.report().n_human);
      REQUIRE(predictions.class_index.size() == n);
      REQUIRE(predictions.confidence.size() == n);
      std::int64_t n_right = 0;
      for (std::size_t i = 0; i < n; ++i) {
        REQUIRE((predictions.confidence[i] >= 0.0F && predictions.confidence[i] <= 1.0F));
        n_right += predictions.class_index[i] == pool.classes[static_cast<std::size_t>(predictions.item[i])];
      }
      CHECK(static_cast<double>(n_right) >= 0.9 * static_cast<double>(n));
    }
    answer(job, batch->items, pool.classes);
  }
}

TEST_CASE("LabelingJob: order and portions of the answers do not change what comes of them") {
  const GaussianPool pool(900, 2, 3.5);
  for (const bool is_default : {false, true}) {
    const auto options = [&] { return is_default ? LabelingJobOptions{} : with_centroids(); };
    const Course expected = run(make_job(pool, options()), pool.classes);
    auto job = make_job(pool, options());
    RandomStream random(6, RandomPurpose::user);
    std::size_t n_batches = 0;
    while (auto batch = job.next_batch()) {
      REQUIRE(n_batches < expected.batches.size());
      CHECK(is_same(*batch, expected.batches[n_batches++]));
      Items shuffled = batch->items;
      random.shuffle(shuffled);
      const auto middle = shuffled.begin() + static_cast<std::ptrdiff_t>(random.below(shuffled.size() + 1));
      answer(job, Items(shuffled.begin(), middle), pool.classes);
      answer(job, Items(middle, shuffled.end()), pool.classes);
    }
    CHECK(n_batches == expected.batches.size());
    // The answers came in another order, and are kept in it; all else is the same.
    auto end = sight_of(job);
    end.answers = expected.end.answers;
    CHECK(end == expected.end);
  }
}

TEST_CASE("LabelingJob: the same seed gives the same batches, labels and certificate for 1, 2 and 7 threads") {
  const GaussianPool pool(700, 3, 3.5, 1, 8);
  for (const std::uint64_t seed : {0U, 1U}) {
    const auto course = [&](std::size_t n_threads) {
      return run(make_job(pool, {.seed = seed, .n_threads = n_threads}), pool.classes);
    };
    const Course expected = course(1);
    CHECK(course(2) == expected);
    CHECK(course(7) == expected);
  }
}

TEST_CASE("LabelingJob: another seed, or none, asks about other items") {
  const GaussianPool pool(600, 2, 3.5);
  const auto first_batch = [&](std::optional<std::uint64_t> seed) {
    auto options = with_centroids();
    options.seed = seed;
    return make_job(pool, options).next_batch()->items;
  };
  CHECK(first_batch(1) == first_batch(1));
  CHECK(first_batch(1) != first_batch(2));
  CHECK(first_batch({}) != first_batch({}));
}

TEST_CASE("LabelingJob: setups that make no sense are refused") {
  const GaussianPool pool(50, 2, 3.0);
  const auto code = [&](const std::vector<std::string>& classes, LabelingJobOptions options = {}) {
    return refusal([&] { LabelingJob(pool.features(), classes, std::move(options)); }).first;
  };
  CHECK(code({}) == ErrorCode::invalid_argument);
  CHECK(code({"cat"}) == ErrorCode::invalid_argument);
  CHECK(code({"cat", "dog", "cat"}) == ErrorCode::invalid_argument);
  CHECK(code({"cat", "dog"}, {.batch_size = -1}) == ErrorCode::invalid_argument);
  for (const double bad : {0.0, 1.0, -0.1, std::numeric_limits<double>::quiet_NaN()}) {
    CHECK(code({"cat", "dog"}, {.target = ErrorTarget{.max_error = bad}}) == ErrorCode::invalid_argument);
    CHECK(code({"cat", "dog"}, {.target = ErrorTarget{.failure_probability = bad}}) == ErrorCode::invalid_argument);
  }
  CHECK(code({"cat", "dog"}, {.target = ConfidenceThreshold{1.1}}) == ErrorCode::invalid_argument);
}

TEST_CASE("LabelingJob: knows its classes, items and target") {
  const GaussianPool pool(50, 2, 3.0);
  const LabelingJob job(pool.features(), {"cat", "dog"}, {.target = ErrorTarget{0.02, 0.1, ErrorScope::dataset}});
  CHECK(job.classes() == std::vector<std::string>{"cat", "dog"});
  CHECK(job.n_items() == 50);
  CHECK(std::get<ErrorTarget>(job.target()).max_error == 0.02);
  CHECK(std::get<ErrorTarget>(job.target()).of == ErrorScope::dataset);
  CHECK(job.labels().item.empty());
  CHECK(job.answers().answers().empty());
  CHECK_FALSE(job.certificate().has_value());
}

TEST_CASE("LabelingJob: answers that do not fit are refused, by the row, and change nothing") {
  const GaussianPool pool(300, 3, 3.0);
  auto job = make_job(pool, with_centroids());
  const auto batch = *job.next_batch();
  REQUIRE(batch.items.size() >= 4);
  answer(job, {batch.items[0]}, pool.classes);
  const auto before = job.snapshot();
  const ItemIndex a = batch.items[1], b = batch.items[2];
  const auto check = [&](const Items& items, const Classes& classes, ErrorCode code, const std::string& part) {
    const auto [given, message] = refusal([&] { job.submit(items, classes); });
    CHECK(given == code);
    CHECK(contains(message, part));
    CHECK(job.snapshot() == before);
  };
  check({a, b}, {0, 3}, ErrorCode::unknown_class, "row 1");
  check({a, b}, {-1, 0}, ErrorCode::unknown_class, "row 0");
  check({a, b}, {0, std::numeric_limits<ClassIndex>::max()}, ErrorCode::unknown_class, "row 1");
  check({a, 300}, {0, 0}, ErrorCode::item_out_of_range, "row 1");
  check({-1, b}, {0, 0}, ErrorCode::item_out_of_range, "row 0");
  check({a, b}, {0}, ErrorCode::shape_mismatch, "2 items");
  check({a}, {0, 0}, ErrorCode::shape_mismatch, "1 items");
  check({}, {0}, ErrorCode::shape_mismatch, "0 items");
  const auto by_name = [&](const Items& items, const std::vector<std::string>& names,
                           const std::vector<std::string>& workers, ErrorCode code) {
    CHECK(refusal([&] { job.submit(items, names, workers); }).first == code);
    CHECK(job.snapshot() == before);
  };
  by_name({a, b}, {"class 0", "class 9"}, {}, ErrorCode::unknown_class);
  by_name({a, b}, {"class 0", "CLASS 1"}, {}, ErrorCode::unknown_class);
  by_name({a, b}, {"class 0", ""}, {}, ErrorCode::unknown_class);
  by_name({a, b}, {"class 0"}, {}, ErrorCode::shape_mismatch);
  by_name({a, b}, {"class 0", "class 1"}, {"ann"}, ErrorCode::shape_mismatch);
  by_name({a}, {"class 0"}, {"ann", "bob"}, ErrorCode::shape_mismatch);
  by_name({a, 300}, {"class 0", "class 0"}, {}, ErrorCode::item_out_of_range);
  CHECK(contains(refusal([&] { job.submit(Items{a}, std::vector<std::string>{"bird"}); }).second, "bird"));
  const auto nothing = job.submit(Items{}, Classes{});
  CHECK(nothing.n_answers == 0);
  CHECK(job.snapshot() == before);
}

TEST_CASE("LabelingJob: answers by name are answers by index, and who gave them is kept") {
  const GaussianPool pool(300, 3, 3.0);
  auto by_index = make_job(pool, with_centroids()), by_name = make_job(pool, with_centroids());
  const auto names = class_names(3);
  while (const auto batch = by_index.next_batch()) {
    REQUIRE(is_same(by_name.next_batch(), batch));
    std::vector<std::string> answers, workers;
    for (const ItemIndex item : batch->items) {
      answers.push_back(names[static_cast<std::size_t>(pool.classes[static_cast<std::size_t>(item)])]);
      workers.push_back(item % 2 == 0 ? "ann" : "bob");
    }
    by_index.submit(batch->items, answers_to(batch->items, pool.classes), workers);
    const auto submission = by_name.submit(batch->items, answers, workers);
    CHECK(submission.n_answers == static_cast<std::int64_t>(batch->items.size()));
    CHECK(submission.n_free == 0);
    CHECK(submission.n_replaced == 0);
  }
  CHECK_FALSE(by_name.next_batch().has_value());
  CHECK(sight_of(by_name) == sight_of(by_index));
  const auto table = by_name.answers();
  for (const Answer& row : table.answers()) {
    REQUIRE(table.workers()[static_cast<std::size_t>(row.worker)] == (row.item % 2 == 0 ? "ann" : "bob"));
    REQUIRE(row.class_index == pool.classes[static_cast<std::size_t>(row.item)]);
  }
}

TEST_CASE("LabelingJob: an answer nobody asked for is a human label, and its item is not asked again") {
  const GaussianPool pool(900, 2, 3.5);
  auto job = make_job(pool, with_centroids());
  const auto before_all = answer(job, {3, 5}, pool.classes);  // even before the first batch
  CHECK(before_all.n_free == 2);
  std::set<ItemIndex> answered = {3, 5};
  RandomStream random(8, RandomPurpose::user);
  while (const auto batch = job.next_batch()) {
    for (const ItemIndex item : batch->items) REQUIRE(answered.insert(item).second);
    // One free answer beside those of the batch, in the same call: a committed item as well as an undecided one.
    Items items = batch->items;
    ItemIndex free_item = static_cast<ItemIndex>(random.below(900));
    const bool is_free = answered.insert(free_item).second;
    if (is_free) items.push_back(free_item);
    const auto submission = answer(job, items, pool.classes);
    CHECK(submission.n_answers == static_cast<std::int64_t>(items.size()));
    CHECK(submission.n_free == (is_free ? 1 : 0));
    CHECK(submission.n_replaced == 0);
    CHECK(job.report().n_human == static_cast<std::int64_t>(answered.size()));
  }
  check_end(job, pool.classes);
  const auto labels = job.labels();
  for (const ItemIndex item : answered) CHECK(labels.source[static_cast<std::size_t>(item)] == LabelSource::human);
}

TEST_CASE("LabelingJob: when people answer everything unasked the job is finished, at once or in the middle") {
  const GaussianPool pool(300, 2, 3.5);
  for (const int n_batches : {0, 1, 3}) {
    auto job = make_job(pool, with_centroids());
    for (int i = 0; i < n_batches; ++i) answer(job, job.next_batch()->items, pool.classes);
    Items rest;
    const auto labels = job.labels();
    for (const ItemIndex item : range(0, 300)) {
      const auto place = std::find(labels.item.begin(), labels.item.end(), item) - labels.item.begin();
      if (place == static_cast<std::ptrdiff_t>(labels.item.size()) ||
          labels.source[static_cast<std::size_t>(place)] != LabelSource::human) {
        rest.push_back(item);
      }
    }
    answer(job, rest, pool.classes);
    CHECK_FALSE(job.next_batch().has_value());
    check_end(job, pool.classes);
    CHECK(job.report().n_human == 300);
    CHECK(job.report().n_auto == 0);
  }
}

TEST_CASE("LabelingJob: answering twice keeps both answers and the later counts") {
  const GaussianPool pool(300, 2, 3.5);
  auto job = make_job(pool, with_centroids());
  const auto batch = *job.next_batch();
  const ItemIndex item = batch.items[0];
  const ClassIndex wrong = 1 - pool.classes[static_cast<std::size_t>(item)];
  const std::vector<std::string> ann = {"ann"}, bob = {"bob"};
  CHECK(job.submit(Items{item}, Classes{wrong}, ann).n_replaced == 0);
  const auto again = job.submit(Items{item}, Classes{1 - wrong}, bob);
  CHECK(again.n_answers == 1);
  CHECK(again.n_replaced == 1);
  CHECK(again.n_free == 0);
  CHECK(job.labels().item == Items{item});
  CHECK(job.labels().class_index == Classes{1 - wrong});
  CHECK(job.report().n_human == 1);
  CHECK(job.report().n_answers == 2);
  const auto table = job.answers();
  REQUIRE(table.answers().size() == 2);
  CHECK(table.answers()[0].class_index == wrong);
  CHECK(table.answers()[1].class_index == 1 - wrong);
  CHECK(table.workers() == std::vector<std::string>{"ann", "bob"});
  // Twice in one call: row by row.
  const ItemIndex other = batch.items[1];
  const auto both = job.submit(Items{other, other}, Classes{0, 1});
  CHECK(both.n_answers == 2);
  CHECK(both.n_replaced == 1);
  CHECK(job.report().n_human == 2);
  const auto labels = job.labels();
  const auto place = std::find(labels.item.begin(), labels.item.end(), other) - labels.item.begin();
  CHECK(labels.class_index[static_cast<std::size_t>(place)] == 1);
}

TEST_CASE("LabelingJob: a model learns corrections: answers put right later lead where right answers lead") {
  const GaussianPool pool(900, 2, 3.5);
  auto straight = make_job(pool, with_centroids()), corrected = make_job(pool, with_centroids());
  while (const auto batch = straight.next_batch()) {
    REQUIRE(is_same(corrected.next_batch(), batch));
    answer(straight, batch->items, pool.classes);
    // An audit that was answered wrong stays in the ledger's memory, so only other items are slips here.
    Classes slips = answers_to(batch->items, pool.classes);
    for (std::size_t i = 0; i < slips.size(); ++i) {
      if (batch->purposes[i] == Purpose::seed || batch->purposes[i] == Purpose::query) slips[i] = 1 - slips[i];
    }
    corrected.submit(batch->items, slips);
    answer(corrected, batch->items, pool.classes);
  }
  CHECK_FALSE(corrected.next_batch().has_value());
  CHECK(corrected.labels().class_index == straight.labels().class_index);
  CHECK(corrected.report().n_human == straight.report().n_human);
}

TEST_CASE("LabelingJob: a correction after the end changes the label, and the certificate stays true to it") {
  const GaussianPool pool(1200, 2, 4.0);
  auto job = make_job(pool, with_centroids());
  run(job, pool.classes);
  REQUIRE(job.certificate().has_value());
  const auto before = job.report();
  const auto labels = job.labels();
  const auto place = std::find(labels.source.begin(), labels.source.end(), LabelSource::automatic);
  const auto item = static_cast<std::size_t>(place - labels.source.begin());
  const ClassIndex other = 1 - labels.class_index[item];
  CHECK(job.submit(Items{static_cast<ItemIndex>(item)}, Classes{other}).n_free == 1);
  CHECK(job.labels().class_index[item] == other);
  CHECK(job.labels().source[item] == LabelSource::human);
  CHECK(job.report().n_human == before.n_human + 1);
  CHECK(job.report().n_auto == before.n_auto - 1);
  if (const auto certificate = job.certificate()) CHECK(certificate->delivered == before.n_auto - 1);
}

TEST_CASE("LabelingJob: corrections that take the certificate of a finished job make it go on to an end in order") {
  const GaussianPool pool(1200, 2, 5.0);
  auto job = make_job(pool, with_centroids());
  Items audits;
  while (const auto batch = job.next_batch()) {
    for (std::size_t i = 0; i < batch->items.size(); ++i) {
      if (batch->purposes[i] == Purpose::audit) audits.push_back(batch->items[i]);
    }
    answer(job, batch->items, pool.classes);
  }
  REQUIRE(job.certificate().has_value());
  REQUIRE(audits.size() >= 20);
  Classes truth = pool.classes;
  Classes corrections;
  for (const ItemIndex item : audits) {
    auto& answered = truth[static_cast<std::size_t>(item)];
    corrections.push_back(answered = 1 - answered);
  }
  CHECK(job.submit(audits, corrections).n_replaced == std::ssize(audits));
  CHECK_FALSE(job.certificate().has_value());
  CHECK_FALSE(job.is_finished());
  CHECK(job.report().outcome.empty());
  run(job, truth);
  check_end(job, truth);
  CHECK(job.certificate().has_value() == (job.report().n_auto > 0));
}

TEST_CASE("LabelingJob: a withdrawal says what was checked and what was proved") {
  const GaussianPool pool(600, 2, 2.0);
  int n_withdrawn = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    auto options = with_centroids();
    options.model = std::make_shared<CentroidModel>(std::make_shared<ModelHooks>(), 8.0);  // sure of itself, wrongly
    options.seed = seed;
    auto job = make_job(pool, options);
    run(job, pool.classes);
    const auto report = job.report();
    if (report.outcome.find("withdrawn") == std::string::npos) continue;
    ++n_withdrawn;
    CHECK(report.n_auto == 0);
    CHECK(report.outcome.find(std::to_string(report.n_audited) + " automatic labels checked") != std::string::npos);
    CHECK(report.outcome.find("at most ") != std::string::npos);
  }
  CHECK(n_withdrawn > 0);
}

TEST_CASE("LabelingJob: a model that was given to another job since is refused by the first, the second goes on") {
  const GaussianPool pool(300, 2, 4.0), other(200, 2, 4.0);
  const auto options = with_centroids();
  auto first = make_job(pool, options);
  answer(first, first.next_batch()->items, pool.classes);
  auto second = make_job(other, options);
  CHECK(refusal([&] { (void)first.next_batch(); }).first == ErrorCode::invalid_state);
  CHECK(refusal([&] { (void)first.snapshot(); }).first == ErrorCode::invalid_state);
  CHECK(first.report().n_human > 0);
  CHECK(first.labels().item.size() > 0);
  run(second, other.classes);
  check_end(second, other.classes);
}

TEST_CASE("LabelingJob: after every answer the automatic labels are those that the certificate speaks of") {
  const GaussianPool pool(900, 2, 2.5);
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    auto options = with_centroids();
    options.seed = seed;
    auto job = make_job(pool, options);
    while (const auto batch = job.next_batch()) {
      for (const ItemIndex item : batch->items) {
        const auto labels = job.labels();
        const auto n_auto = std::count(labels.source.begin(), labels.source.end(), LabelSource::automatic);
        REQUIRE(n_auto == job.report().n_auto);
        if (const auto certificate = job.certificate()) REQUIRE(certificate->delivered == n_auto);
        answer(job, {item}, pool.classes);
      }
    }
  }
}

TEST_CASE("LabelingJob: an item has no label until its audit or query is answered") {
  const GaussianPool pool(1200, 2, 3.0);
  auto job = make_job(pool, with_centroids());
  while (const auto batch = job.next_batch()) {
    const auto labels = job.labels();
    for (std::size_t i = 0; i < batch->items.size(); ++i) {
      if (batch->purposes[i] == Purpose::review) continue;  // may doubt a label that is delivered
      REQUIRE_FALSE(std::binary_search(labels.item.begin(), labels.item.end(), batch->items[i]));
    }
    REQUIRE(std::is_sorted(labels.item.begin(), labels.item.end()));
    answer(job, batch->items, pool.classes);
  }
}

/// A job with at least one audit open, and the audits. The model is right about every item of the pool.
std::pair<LabelingJob, Items> job_under_audit(const GaussianPool& pool) {
  auto job = make_job(pool, with_centroids());
  while (const auto batch = job.next_batch()) {
    Items audits, others;
    for (std::size_t i = 0; i < batch->items.size(); ++i) {
      (batch->purposes[i] == Purpose::audit ? audits : others).push_back(batch->items[i]);
    }
    answer(job, others, pool.classes);
    if (audits.size() >= 2) return {std::move(job), audits};
    answer(job, audits, pool.classes);
  }
  FAIL("the job ended without two audits");
  return {std::move(job), Items{}};
}

TEST_CASE("LabelingJob: an audit that differs from the machine's label is an error found, one that agrees is none") {
  const GaussianPool pool(1500, 2, 8.0);
  auto [job, audits] = job_under_audit(pool);
  const auto state = [&job = job] {
    // Errors found are told by a certificate alone, or by the next round; the count of audits is told at once.
    return std::pair{job.report().n_audited, job.report().n_human};
  };
  const auto before = state();
  answer(job, {audits[0]}, pool.classes);
  CHECK(state() == std::pair{before.first + 1, before.second + 1});
  const ClassIndex wrong = 1 - pool.classes[static_cast<std::size_t>(audits[1])];
  job.submit(Items{audits[1]}, Classes{wrong});
  CHECK(state() == std::pair{before.first + 2, before.second + 2});
  Classes truth = pool.classes;
  truth[static_cast<std::size_t>(audits[1])] = wrong;
  run(job, truth);
  check_end(job, truth);
  CHECK(job.report().history.back().errors_found == 1);
  if (const auto certificate = job.certificate()) CHECK(certificate->errors_found == 1);
}

TEST_CASE("LabelingJob: a corrected audit is no error any more") {
  const GaussianPool pool(1500, 2, 8.0);
  auto [job, audits] = job_under_audit(pool);
  job.submit(Items{audits[0]}, Classes{1 - pool.classes[static_cast<std::size_t>(audits[0])]});
  CHECK(answer(job, {audits[0]}, pool.classes).n_replaced == 1);
  run(job, pool.classes);
  check_end(job, pool.classes);
  REQUIRE(job.certificate().has_value());
  CHECK(job.certificate()->errors_found == 0);
}

TEST_CASE("LabelingJob: people who contradict the machine throughout get all items back, without a certificate") {
  const GaussianPool pool(900, 2, 8.0);
  auto job = make_job(pool, with_centroids());
  Classes truth = pool.classes;
  // From the first audit on, whatever the machine decided is called wrong.
  while (const auto batch = job.next_batch()) {
    for (std::size_t i = 0; i < batch->items.size(); ++i) {
      if (batch->purposes[i] == Purpose::audit) {
        auto& c = truth[static_cast<std::size_t>(batch->items[i])];
        c = 1 - pool.classes[static_cast<std::size_t>(batch->items[i])];
      }
    }
    answer(job, batch->items, truth);
  }
  check_end(job, truth);
}

TEST_CASE("LabelingJob: a pool too small for audits goes to people whole, and the outcome says so") {
  const GaussianPool pool(30, 2, 8.0);
  auto job = make_job(pool);
  const Course course = run(job, pool.classes);
  check_end(job, pool.classes);
  check_batches(course.batches, job);
  const auto report = job.report();
  CHECK(report.n_human == 30);
  CHECK(report.n_auto == 0);
  CHECK(report.savings == 0.0);
  CHECK(contains(report.outcome, "The pool is too small"));
  CHECK_FALSE(report.certificate.has_value());
}

TEST_CASE("LabelingJob: where no label can be certified people label all, and the outcome says why") {
  const GaussianPool pool(500, 2, 0.0);
  auto job = make_job(pool, with_centroids());
  run(job, pool.classes);
  check_end(job, pool.classes);
  CHECK(job.report().n_auto == 0);
  CHECK(contains(job.report().outcome, "people"));
}

TEST_CASE("LabelingJob: a confidence threshold commits by the plain rule, audits nothing and claims nothing") {
  const GaussianPool pool(900, 2, 3.0);
  for (const double threshold : {0.6, 0.9, 0.97}) {
    auto options = with_centroids();
    options.target = ConfidenceThreshold{threshold};
    auto job = make_job(pool, options);
    const Course course = run(job, pool.classes);
    check_end(job, pool.classes);
    for (const Batch& batch : course.batches) {
      for (const Purpose purpose : batch.purposes) REQUIRE(purpose != Purpose::audit);
    }
    const auto labels = job.labels();
    for (std::size_t i = 0; i < labels.item.size(); ++i) {
      if (labels.source[i] == LabelSource::automatic) REQUIRE(labels.confidence[i] >= static_cast<float>(threshold));
    }
    const auto report = job.report();
    CHECK(report.n_auto > 0);
    CHECK(report.n_audited == 0);
    CHECK_FALSE(report.certificate.has_value());
    CHECK(contains(report.target, "not certified"));
    CHECK(contains(report.outcome, "nothing is certified"));
  }
}

TEST_CASE("LabelingJob: a higher threshold leaves more to people") {
  const GaussianPool pool(900, 2, 2.0);
  std::vector<std::int64_t> humans;
  for (const double threshold : {0.55, 0.9, 0.999, 1.0}) {
    auto options = with_centroids();
    options.target = ConfidenceThreshold{threshold};
    auto job = make_job(pool, options);
    run(job, pool.classes);
    humans.push_back(job.report().n_human);
  }
  CHECK(std::is_sorted(humans.begin(), humans.end()));
  CHECK(humans.front() < 450);
  CHECK(humans.back() > 800);
}

TEST_CASE("LabelingJob: an error target of the whole dataset is certified as such") {
  const GaussianPool pool(1500, 2, 2.8);
  auto options = with_centroids();
  options.target = ErrorTarget{0.05, 0.05, ErrorScope::dataset};
  auto job = make_job(pool, options);
  run(job, pool.classes);
  check_end(job, pool.classes);
  const auto certificate = job.certificate();
  REQUIRE(certificate.has_value());
  CHECK(certificate->of == ErrorScope::dataset);
  CHECK(contains(certificate->statement, "dataset"));
  CHECK(contains(job.report().target, "all labels"));
}

TEST_CASE("LabelingJob: the certified error is exceeded in no more jobs than the failure probability allows") {
  // Pools on which the model by itself is wrong about more than the target allows, and sure of it in every other job.
  constexpr std::int64_t kJobs = 80;
  constexpr double kDelta = 0.1;
  std::int64_t n_exceeded = 0, n_delivering = 0;
  for (std::int64_t i = 0; i < kJobs; ++i) {
    const GaussianPool pool(1200 + 10 * i, 2, 2.0 + 0.2 * static_cast<double>(i % 5), static_cast<std::uint64_t>(i));
    auto options = with_centroids(std::make_shared<ModelHooks>(), i % 2 == 0 ? 1.0 : 3.0);
    const ErrorScope scope = i % 4 < 2 ? ErrorScope::auto_labels : ErrorScope::dataset;
    options.target = ErrorTarget{0.04, kDelta, scope};
    options.seed = static_cast<std::uint64_t>(i);
    options.batch_size = 40;
    auto job = make_job(pool, options);
    run(job, pool.classes);
    const auto report = job.report();
    REQUIRE(report.n_human + report.n_auto == report.n_items);
    n_delivering += report.n_auto > 0;
    const auto labels_in_scope = static_cast<double>(scope == ErrorScope::dataset ? report.n_items : report.n_auto);
    n_exceeded += static_cast<double>(wrong_automatic(job, pool.classes)) > 0.04 * labels_in_scope;
    if (report.certificate) CHECK(report.certificate->bound <= 0.04);
  }
  CHECK(n_delivering > kJobs / 2);  // else nothing was tested
  CHECK(n_exceeded <= gtlabel_test::binomial_quantile(kJobs, kDelta, 0.999));
}

TEST_CASE("LabelingJob: a model that is wrong about itself does not break the certificate") {
  constexpr std::int64_t kJobs = 80;
  constexpr double kDelta = 0.1, kMaxError = 0.05;
  std::int64_t n_exceeded = 0, n_delivering = 0;
  for (std::int64_t i = 0; i < kJobs; ++i) {
    const GaussianPool pool(1500, 2, 0.0, static_cast<std::uint64_t>(i));
    const double errors[] = {0.02, 0.05, 0.06, 0.09};
    LabelingJobOptions options;
    options.model = std::make_shared<Braggart>(pool.classes, [error = errors[i % 4]](ItemIndex) { return error; });
    options.target = ErrorTarget{kMaxError, kDelta};
    options.batch_size = 50;
    options.seed = static_cast<std::uint64_t>(i);
    auto job = make_job(pool, options);
    run(job, pool.classes);
    const auto n_auto = job.report().n_auto;
    n_delivering += n_auto > 0;
    n_exceeded += static_cast<double>(wrong_automatic(job, pool.classes)) > kMaxError * static_cast<double>(n_auto);
  }
  CHECK(n_delivering >= kJobs / 8);  // where it is better than the target, mostly
  CHECK(n_exceeded <= gtlabel_test::binomial_quantile(kJobs, kDelta, 0.999));
}

TEST_CASE("LabelingJob: a user's model is attached to the pool, taught the answers and drives the job") {
  const GaussianPool pool(900, 3, 4.0);
  const auto options = with_centroids();
  auto job = make_job(pool, options);
  CHECK(options.model->is_attached());
  CHECK(options.model->n_classes() == 3);
  CHECK(options.model->attached_pool().n_items() == 900);
  run(job, pool.classes);
  check_end(job, pool.classes);
  CHECK(job.report().model == "custom");
  CHECK(job.report().n_auto > 0);
  const auto& training = options.model->training();
  CHECK(training.size() > 0);
  for (std::size_t i = 0; i < training.size(); ++i) {
    const ClassIndex truth = pool.classes[static_cast<std::size_t>(training.items()[i])];
    REQUIRE(training.targets()(static_cast<std::ptrdiff_t>(i), truth) == 1.0F);
  }
}

/// Drives a job whose every step fails once before it succeeds, checks that each failure left it as it was, and that
/// the end is that of a job without failures. @param fail  makes the next call of next_batch throw, and says how
/// @param expect  checks what it threw.
template <class Fail, class Mend, class Expect>
void check_failures_leave_no_trace(LabelingJob& job, const Course& expected, const Classes& truth, Fail fail, Mend mend,
                                   Expect expect) {
  Course course;
  int n_failures = 0;
  for (bool is_over = false; !is_over;) {
    const auto before = sight_of(job);
    fail();
    std::optional<Batch> batch;
    bool failed = false;
    try {
      batch = job.next_batch();
    } catch (...) {
      failed = true;
      expect();
    }
    mend();
    if (failed) {
      ++n_failures;
      CHECK(sight_of(job) == before);
      batch = job.next_batch();
    }
    is_over = !batch.has_value();
    if (is_over) break;
    answer(job, batch->items, truth);
    course.batches.push_back(*batch);
  }
  course.end = sight_of(job);
  CHECK(n_failures >= static_cast<int>(expected.batches.size()) - 1);  // the first batch needs no model
  CHECK(course == expected);
}

TEST_CASE("LabelingJob: a model that returns no distribution gives ModelError, and once mended the job goes on") {
  const GaussianPool pool(900, 2, 3.5);
  const Course expected = run(make_job(pool, with_centroids()), pool.classes);
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  for (const std::vector<float>& bad :
       {std::vector<float>{kNan, 1.0F}, std::vector<float>{0.9F, 0.9F}, std::vector<float>{-0.5F, 1.5F}}) {
    const auto hooks = std::make_shared<ModelHooks>();
    auto job = make_job(pool, with_centroids(hooks));
    check_failures_leave_no_trace(
        job, expected, pool.classes,
        [&] {
          hooks->after_predict = [&](MatrixView<float> out) {
            if (out.rows > 0) std::copy(bad.begin(), bad.end(), out.row(0).begin());
          };
        },
        [&] { hooks->after_predict = {}; },
        [] {
          try {
            throw;
          } catch (const ModelError& error) {
            CHECK(error.code() == ErrorCode::model_contract);
            CHECK(contains(error.what(), "custom"));
          }
        });
  }
}

TEST_CASE("LabelingJob: what a model throws passes through unchanged, and the call can be repeated") {
  struct OutOfPaper {
    int sheets;
  };
  const GaussianPool pool(900, 2, 3.5);
  const Course expected = run(make_job(pool, with_centroids()), pool.classes);
  for (const bool in_update : {true, false}) {
    const auto hooks = std::make_shared<ModelHooks>();
    auto job = make_job(pool, with_centroids(hooks));
    check_failures_leave_no_trace(
        job, expected, pool.classes,
        [&] {
          if (in_update) {
            hooks->before_update = [] { throw OutOfPaper{3}; };
          } else {
            hooks->after_predict = [](MatrixView<float>) { throw OutOfPaper{3}; };
          }
        },
        [&] { *hooks = {}; },
        [] {
          try {
            throw;
          } catch (const OutOfPaper& trouble) {
            CHECK(trouble.sheets == 3);
          }
        });
  }
}

TEST_CASE("LabelingJob: predictions that fail late in a call are no different") {
  // The n-th prediction of a call, where the first are those of the folds.
  const GaussianPool pool(900, 2, 3.5);
  const Course expected = run(make_job(pool, with_centroids()), pool.classes);
  const auto hooks = std::make_shared<ModelHooks>();
  auto job = make_job(pool, with_centroids(hooks));
  int n_calls = 0;
  check_failures_leave_no_trace(
      job, expected, pool.classes,
      [&] {
        n_calls = 0;
        hooks->after_predict = [&](MatrixView<float>) {
          if (++n_calls == IncrementalModel::kFolds + 1) throw std::runtime_error("late");
        };
      },
      [&] { hooks->after_predict = {}; }, [] { CHECK_THROWS_AS(throw, std::runtime_error); });
}

/// A model whose update runs parallel work until the job's poll function has been called, if told to.
class PatientModel final : public IncrementalModel {
 public:
  struct Switch {
    std::atomic<bool> waits{false}, polled{false};
  };
  explicit PatientModel(std::shared_ptr<Switch> flags) : flags_(std::move(flags)), inner_() {}

 private:
  void do_attach() override { inner_.attach(pool(), n_classes(), shared_executor()); }
  void do_update(std::span<const ItemIndex> items, MatrixView<const float> targets,
                 std::span<const float> weights) override {
    flags_->polled = false;
    while (flags_->waits && !flags_->polled) executor().run(1, [](std::size_t) {});
    inner_.update(items, targets, weights);
  }
  void do_predict_proba(std::span<const ItemIndex> items, MatrixView<float> out) const override {
    inner_.predict_proba(items, out);
  }
  void do_predict_out_of_fold(std::span<const ItemIndex> items, MatrixView<float> out) const override {
    inner_.predict_out_of_fold(items, out);
  }
  std::shared_ptr<IncrementalModel> do_clone() const override { return std::make_shared<PatientModel>(flags_); }

  std::shared_ptr<Switch> flags_;
  CentroidModel inner_;
};

TEST_CASE("LabelingJob: what poll throws cancels the call, the job is as before and goes on to the same end") {
  struct Interrupt {};
  const GaussianPool pool(600, 2, 4.0);
  const auto flags = std::make_shared<PatientModel::Switch>();
  const auto options = [&] {
    LabelingJobOptions made;
    made.model = std::make_shared<PatientModel>(flags);
    made.target = ErrorTarget{0.1, 0.1};
    made.batch_size = 100;
    made.poll = [flags] {
      flags->polled = true;
      if (flags->waits) throw Interrupt{};
    };
    return made;
  };
  const Course expected = run(make_job(pool, options()), pool.classes);
  auto job = make_job(pool, options());
  check_failures_leave_no_trace(
      job, expected, pool.classes, [&] { flags->waits = true; }, [&] { flags->waits = false; },
      [] { CHECK_THROWS_AS(throw, Interrupt); });
}

TEST_CASE("LabelingJob: cancelled among the members of a committee it is as before too, and ends") {
  struct Interrupt {};
  const GaussianPool pool(600, 2, 4.0);
  const auto flags = std::make_shared<PatientModel::Switch>();
  LabelingJobOptions options;
  // The members before the patient one have learned already when the call is cancelled.
  options.model = std::make_shared<Committee>(std::vector<std::shared_ptr<IncrementalModel>>{
      std::make_shared<SoftmaxRegression>(), std::make_shared<GraphModel>(), std::make_shared<PatientModel>(flags)});
  options.target = ErrorTarget{0.1, 0.1};
  options.batch_size = 100;
  options.poll = [flags] {
    flags->polled = true;
    if (flags->waits) throw Interrupt{};
  };
  auto job = make_job(pool, options);
  int n_cancelled = 0;
  while (true) {
    const auto before = sight_of(job);
    flags->waits = true;
    std::optional<Batch> batch;
    try {
      batch = job.next_batch();
    } catch (const Interrupt&) {
      ++n_cancelled;
      CHECK(sight_of(job) == before);
      CHECK_NOTHROW((void)job.snapshot());
      flags->waits = false;
      batch = job.next_batch();
    }
    flags->waits = false;
    if (!batch) break;
    answer(job, batch->items, pool.classes);
  }
  CHECK(n_cancelled > 0);
  check_end(job, pool.classes);
}

TEST_CASE("LabelingJob: a model or poll function that calls its own job gets InvalidState, and the job goes on") {
  const GaussianPool pool(300, 2, 3.5);
  const auto hooks = std::make_shared<ModelHooks>();
  auto job = make_job(pool, with_centroids(hooks));
  answer(job, job.next_batch()->items, pool.classes);
  int n_refused = 0;
  hooks->before_update = [&] {
    const auto check = [&](auto call) {
      CHECK(refusal(call).first == ErrorCode::invalid_state);
      ++n_refused;
    };
    check([&] { (void)job.next_batch(); });
    check([&] { job.submit(Items{0}, Classes{0}); });
    check([&] { job.submit(Items{0}, std::vector<std::string>{"class 0"}); });
    check([&] { (void)job.labels(); });
    check([&] { (void)job.certificate(); });
    check([&] { (void)job.report(); });
    check([&] { (void)job.is_finished(); });
    check([&] { (void)job.answers(); });
    check([&] { (void)job.snapshot(); });
    CHECK(job.n_items() == 300);  // what never changes may be asked at any time
    CHECK(job.classes().size() == 2);
  };
  REQUIRE(job.next_batch().has_value());
  CHECK(n_refused >= 9);
  hooks->before_update = {};
  run(job, pool.classes);
  check_end(job, pool.classes);
  // The refusal passes through where the model does not catch it.
  auto other = make_job(pool, with_centroids(hooks));
  answer(other, other.next_batch()->items, pool.classes);
  hooks->before_update = [&] { (void)other.labels(); };
  CHECK_THROWS_AS((void)other.next_batch(), InvalidState);
  hooks->before_update = {};
  run(other, pool.classes);
  check_end(other, pool.classes);
}

TEST_CASE("LabelingJob: a model may use another job") {
  const GaussianPool pool(200, 2, 3.5);
  auto other = make_job(pool, with_centroids());
  const auto hooks = std::make_shared<ModelHooks>();
  hooks->before_update = [&] { (void)other.report(); };
  auto job = make_job(pool, with_centroids(hooks));
  CHECK_NOTHROW(run(job, pool.classes));
}

TEST_CASE("LabelingJob: other threads may look on while it runs") {
  const GaussianPool pool(500, 2, 3.5);
  auto job = make_job(pool, with_centroids());
  std::atomic<bool> is_over{false};
  std::atomic<int> n_looks{0}, n_contradictions{0};
  std::thread onlooker([&] {
    do {
      const auto report = job.report();
      const auto labels = job.labels();
      if (report.n_human + report.n_auto > report.n_items) ++n_contradictions;
      if (labels.item.size() > 500 || !std::is_sorted(labels.item.begin(), labels.item.end())) ++n_contradictions;
      (void)job.certificate();
      (void)job.snapshot();
      ++n_looks;
    } while (!is_over);
  });
  run(job, pool.classes);
  is_over = true;
  onlooker.join();
  CHECK(n_looks > 0);
  CHECK(n_contradictions == 0);
  check_end(job, pool.classes);
}

TEST_CASE("LabelingJob: moved, it goes on") {
  const GaussianPool pool(600, 2, 4.0);
  const Course expected = run(make_job(pool, with_centroids()), pool.classes);
  auto job = make_job(pool, with_centroids());
  Course course;
  while (auto batch = job.next_batch()) {
    LabelingJob moved = std::move(job);
    answer(moved, batch->items, pool.classes);
    job = std::move(moved);
    course.batches.push_back(*batch);
  }
  course.end = sight_of(job);
  CHECK(course == expected);
}

TEST_CASE("LabelingJob: purposes have names") {
  CHECK(std::string(to_string(Purpose::seed)) == "seed");
  CHECK(std::string(to_string(Purpose::query)) == "query");
  CHECK(std::string(to_string(Purpose::audit)) == "audit");
  CHECK(std::string(to_string(Purpose::review)) == "review");
}

}  // namespace
