// Items whose class the host knows: planted among the others, and what they tell.

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "gtlabel/core/error.hpp"
#include "gtlabel/jobs/labeling_job.hpp"
#include "gtlabel/jobs/simulate.hpp"
#include "gtlabel/routing/sample_bound.hpp"
#include "gtlabel/workforce/simulated_workforce.hpp"
#include "jobs/gold_items.hpp"
#include "jobs/job_driving.hpp"
#include "statistics.hpp"

namespace {

using namespace gtlabel;
using detail::GoldItems;
using gtlabel_test::answer;
using gtlabel_test::answers_to;
using gtlabel_test::Classes;
using gtlabel_test::contains;
using gtlabel_test::GaussianPool;
using gtlabel_test::Items;
using gtlabel_test::make_job;
using gtlabel_test::run;
using gtlabel_test::sight_of;
using gtlabel_test::with_centroids;

/// Every `step`-th item of a pool: its classes are drawn at random, so this is a random sample.
std::vector<GoldLabel> gold_of(const GaussianPool& pool, ItemIndex step) {
  std::vector<GoldLabel> gold;
  for (ItemIndex i = 0; i < std::ssize(pool.classes); i += step)
    gold.push_back({i, pool.classes[static_cast<std::size_t>(i)]});
  return gold;
}

LabelingJobOptions with_gold(const GaussianPool& pool, ItemIndex step = 5, std::int32_t max = 1) {
  auto options = with_centroids();
  options.overlap.max = max;
  options.target = ErrorTarget{.max_error = 0.1};
  options.gold = gold_of(pool, step);
  options.gold_rate = 0.25;
  return options;
}

SimulatedWorkforce people(int n_classes, double accuracy, std::uint64_t seed = 4) {
  std::vector<SimulatedWorker> workers;
  for (const char* name : {"ann", "bob", "cid", "dan", "eve", "fay", "gus", "hal"})
    workers.push_back({.name = name, .accuracy = accuracy});
  return SimulatedWorkforce(n_classes, std::move(workers), seed);
}

bool is_gold(ItemIndex item, ItemIndex step = 5) { return item % step == 0; }

TEST_CASE("GoldItems: planted at the rate, each once, and not to be told by their place") {
  std::vector<GoldLabel> gold;
  for (ItemIndex i = 0; i < 50; ++i) gold.push_back({1000 + i, 0});
  GoldItems items(gold, 0.1, 3);
  std::set<ItemIndex> planted;
  std::vector<std::int64_t> places(10, 0);
  for (int b = 0; b < 40; ++b) {
    Items batch(10);
    std::iota(batch.rbegin(), batch.rend(), 10 * b);
    items.plant_among(batch, 100);
    REQUIRE(batch.size() == 11);
    const auto place = std::find_if(batch.begin(), batch.end(), [&](ItemIndex i) { return items.contains(i); });
    REQUIRE(place != batch.end());
    CHECK(planted.insert(*place).second);
    ++places[static_cast<std::size_t>(place - batch.begin()) % 10];
  }
  CHECK(gtlabel_test::chi_square(places) < gtlabel_test::chi_square_limit(9));
  CHECK(items.record(2000, 0.05).n_asked == 40);
  Items sorted = {5, 1010, 1020, 3000};
  GoldItems(gold, 1.0, 3).plant_among(sorted, 100);
  CHECK(sorted.size() == 8);
  CHECK(std::is_sorted(sorted.begin(), sorted.end()));
}

TEST_CASE("GoldItems: room and rate limit what is planted") {
  std::vector<GoldLabel> gold = {{7, 0}, {8, 0}, {9, 0}};
  GoldItems items(gold, 0.5, 3);
  Items batch = {0};
  items.plant_among(batch, 10);
  CHECK(batch.size() == 1);
  items.plant_among(batch, 10);
  CHECK(batch.size() == 2);
  Items more = {1, 2, 3, 4};
  items.plant_among(more, 0);
  CHECK(more.size() == 4);
  GoldItems none(gold, 0.0, 3);
  none.plant_among(more, 10);
  CHECK(more.size() == 4);
}

TEST_CASE("GoldItems: an answer that is not there yet counts as wrong, one taken back is not counted") {
  std::vector<GoldLabel> gold = {{7, 0}, {8, 1}, {9, 0}};
  GoldItems items(gold, 1.0, 3);
  Items batch = {0, 1, 2};
  items.plant_among(batch, 10);
  CHECK(items.record(100, 0.05).n_wrong == 3);
  items.settle(8, 1);
  items.settle(7, 1);
  CHECK(items.record(100, 0.05).n_wrong == 2);
  CHECK(items.open_items() == Items{9});
  items.take_back(9);
  CHECK(items.record(100, 0.05).n_asked == 2);
  CHECK(items.record(100, 0.05).n_wrong == 1);
  items.note_answer(9);
  Items last = {3};
  items.plant_among(last, 10);
  CHECK(last == Items{3});
}

TEST_CASE("LabelingJob gold: counts as labelled by people from the start, keeps its class, and is never automatic") {
  const GaussianPool pool(600, 3, 4.0);
  auto job = make_job(pool, with_gold(pool));
  CHECK(job.report().n_human == 120);
  CHECK(job.report().gold.n_given == 120);
  CHECK(job.labels().item.size() == 120);
  while (const auto batch = job.next_batch()) {
    Classes said = answers_to(batch->items, pool.classes);
    for (std::size_t i = 0; i < said.size(); ++i) {
      if (is_gold(batch->items[i])) said[i] = (said[i] + 1) % 3;  // whatever people say
    }
    job.submit(batch->items, said);
  }
  const auto labels = job.labels();
  for (std::size_t i = 0; i < labels.item.size(); ++i) {
    if (!is_gold(labels.item[i])) continue;
    CHECK(labels.source[i] == LabelSource::human);
    CHECK(labels.class_index[i] == pool.classes[static_cast<std::size_t>(labels.item[i])]);
    CHECK(labels.confidence[i] == 1.0F);
  }
  const auto report = job.report();
  CHECK(report.n_human + report.n_auto == report.n_items);
  CHECK(report.gold.n_asked > 0);
  CHECK(report.gold.n_wrong == report.gold.n_asked);
}

TEST_CASE("LabelingJob gold: batches do not tell which items are gold, and none is asked about twice") {
  const GaussianPool pool(600, 3, 3.0);
  auto job = make_job(pool, with_gold(pool));
  std::set<ItemIndex> asked;
  std::int64_t n_gold = 0, n_items = 0;
  while (const auto batch = job.next_batch()) {
    CHECK(std::set<Purpose>(batch->purposes.begin(), batch->purposes.end()).size() == 1);
    for (const ItemIndex item : batch->items) {
      REQUIRE(asked.insert(item).second);
      n_gold += is_gold(item) ? 1 : 0;
    }
    n_items += std::ssize(batch->items);
    answer(job, batch->items, pool.classes);
  }
  const auto report = job.report();
  CHECK(report.gold.n_asked == n_gold);
  CHECK(report.gold.n_wrong == 0);
  CHECK(report.n_paid == n_items);
  CHECK(report.n_human == n_items - n_gold + report.gold.n_given);
  CHECK(n_gold > n_items / 10);
}

TEST_CASE("LabelingJob gold: tells how good each worker is, also where one answer an item is enough") {
  const GaussianPool pool(900, 3, 2.0);
  auto options = with_gold(pool, 2);
  options.target = ConfidenceThreshold{1.0};
  options.gold_rate = 0.5;
  auto job = make_job(pool, options);
  simulate(job, people(3, 0.7), pool.classes);
  for (const auto& worker : job.workers()) {
    CAPTURE(worker.worker);
    CHECK(worker.n_gold >= 10);
    CHECK(worker.accuracy ==
          doctest::Approx(static_cast<double>(worker.n_gold_right) / static_cast<double>(worker.n_gold)));
    CHECK(worker.accuracy_interval.low - 0.1 <= 0.7);
    CHECK(0.7 <= worker.accuracy_interval.high + 0.1);
  }
}

TEST_CASE("LabelingJob gold: bounds the error against the truth, with the failure probability shared") {
  const GaussianPool pool(2000, 3, 5.0);
  for (const std::int32_t max : {1, 5}) {
    CAPTURE(max);
    auto job = make_job(pool, with_gold(pool, 5, max));
    const auto report = simulate(job, people(3, 0.97), pool.classes);
    REQUIRE(report.certificate.has_value());
    const Certificate& certificate = *report.certificate;
    REQUIRE(certificate.truth.has_value());
    const TruthBound& truth = *certificate.truth;
    CHECK(certificate.failure_probability == doctest::Approx(0.04));
    CHECK(report.gold.failure_probability == doctest::Approx(0.01));
    CHECK(truth.failure_probability == doctest::Approx(0.05));
    CHECK(truth.n_gold == report.gold.n_asked);
    CHECK(truth.people_wrong_at_most == report.gold.people_wrong_at_most);
    CHECK(truth.wrong_at_most == certificate.wrong_at_most + truth.people_wrong_at_most);
    CHECK(truth.bound ==
          doctest::Approx(static_cast<double>(truth.wrong_at_most) / static_cast<double>(report.n_auto)));
    CHECK(gtlabel_test::wrong_automatic(job, pool.classes) <= truth.wrong_at_most);
    CHECK(contains(certificate.statement, "random sample of the pool"));
    CHECK_FALSE(contains(certificate.statement, "outside this statement"));
  }
  auto options = with_centroids();
  options.target = ErrorTarget{.max_error = 0.1};
  auto without = make_job(pool, options);
  const auto report = simulate(without, people(3, 0.97), pool.classes);
  REQUIRE(report.certificate.has_value());
  CHECK_FALSE(report.certificate->truth.has_value());
  CHECK(contains(report.certificate->statement, "outside this statement"));
}

TEST_CASE("LabelingJob gold: the bound against the truth is exceeded in no more jobs than it says, when people err") {
  constexpr int kRuns = 30;
  std::int64_t n_false = 0, n_shown = 0;
  for (int seed = 0; seed < kRuns; ++seed) {
    const GaussianPool pool(1200, 2, 5.0, static_cast<std::uint64_t>(seed));
    auto options = with_gold(pool, 3, 3);
    options.target = ErrorTarget{.max_error = 0.25, .failure_probability = 0.2};
    options.seed = static_cast<std::uint64_t>(seed);
    options.overlap.until_confidence = 0.8;
    auto job = make_job(pool, options);
    const auto report = simulate(job, people(2, 0.85, static_cast<std::uint64_t>(seed)), pool.classes);
    if (!report.certificate) continue;
    ++n_shown;
    n_false += gtlabel_test::wrong_automatic(job, pool.classes) > report.certificate->truth->wrong_at_most ? 1 : 0;
  }
  CHECK(n_shown > kRuns / 2);
  CHECK(n_false <= gtlabel_test::binomial_quantile(kRuns, 0.2, 0.9999));
}

TEST_CASE("LabelingJob gold: what is known of an item does not help to settle it") {
  // One who is always wrong about gold: known to be, he would weigh nothing, and the others settle everything rightly.
  const GaussianPool pool(400, 4, 4.0);
  auto options = with_gold(pool, 2, 3);
  options.gold_rate = 1.0;
  options.overlap.min = 3;
  auto job = make_job(pool, options);
  std::vector<SimulatedWorker> workers;
  for (const char* name : {"ann", "bob", "cid"}) workers.push_back({.name = name, .accuracy = 0.6});
  const auto report = simulate(job, SimulatedWorkforce(4, workers, 9), pool.classes);
  // Three who are right in 60 % are wrong together about a third; one item's own class must not mend its own answer.
  CHECK(static_cast<double>(report.gold.n_wrong) > 0.15 * static_cast<double>(report.gold.n_asked));
}

TEST_CASE("LabelingJob gold: nothing is said of the pool any more once items have joined or classes have changed") {
  const GaussianPool pool(900, 3, 5.0);
  auto options = with_centroids();
  options.n_threads = 1;
  options.gold = {{0, pool.classes[0]}, {1, pool.classes[1]}, {2, pool.classes[2]}};
  options.gold_rate = 1.0;
  LabelingJob job(pool.part(0, 600), gtlabel_test::class_names(3), options);
  const Classes truth(pool.classes.begin(), pool.classes.begin() + 600);
  run(job, truth);
  CHECK(job.certificate()->truth.has_value());
  auto other = LabelingJob::restore(job.snapshot(), pool.part(0, 600), with_centroids());
  job.extend(pool.part(600, 900));
  run(job, pool.classes);
  CHECK(job.certificate().has_value());
  CHECK_FALSE(job.certificate()->truth.has_value());
  CHECK(job.report().gold.people_wrong_at_most == 900);
  other.add_class("new");
  run(other, truth);
  CHECK(other.certificate().has_value());
  CHECK_FALSE(other.certificate()->truth.has_value());
  CHECK(other.report().gold.n_given == 3);
}

TEST_CASE("LabelingJob gold: keeps its class when classes change, whatever several people say of it") {
  const GaussianPool pool(400, 3, 3.0);
  auto job = make_job(pool, with_gold(pool, 4, 3));
  simulate(job, people(3, 0.6), pool.classes);
  job.add_class("new");
  const auto labels = job.labels();
  int n_gold = 0;
  for (std::size_t i = 0; i < labels.item.size(); ++i) {
    if (!is_gold(labels.item[i], 4)) continue;
    ++n_gold;
    CHECK(labels.class_index[i] == pool.classes[static_cast<std::size_t>(labels.item[i])]);
  }
  CHECK(n_gold == 100);
  CHECK(LabelingJob::restore(job.snapshot(), pool.features(), with_centroids()).report().n_human ==
        job.report().n_human);
}

TEST_CASE("LabelingJob gold: of the dataset, people's own labels count against the truth too") {
  const GaussianPool pool(900, 2, 5.0);
  auto options = with_gold(pool, 3);
  options.target = ErrorTarget{.max_error = 0.1, .of = ErrorScope::dataset};
  auto job = make_job(pool, options);
  simulate(job, people(2, 0.85), pool.classes);
  const auto certificate = job.certificate();
  REQUIRE(certificate);
  REQUIRE(certificate->truth);
  const auto& truth = *certificate->truth;
  CHECK(truth.wrong_at_most == std::min<std::int64_t>(900, certificate->wrong_at_most + truth.people_wrong_at_most));
  CHECK(truth.bound == doctest::Approx(static_cast<double>(truth.wrong_at_most) / 900.0));
  const auto labels = job.labels();
  std::int64_t n_wrong = 0;
  for (std::size_t i = 0; i < labels.item.size(); ++i)
    n_wrong += labels.class_index[i] != pool.classes[static_cast<std::size_t>(labels.item[i])] ? 1 : 0;
  CHECK(n_wrong > 0);
  CHECK(n_wrong <= truth.wrong_at_most);
}

TEST_CASE("LabelingJob gold: of a class that is merged belongs to the other, of one that is retired is asked about") {
  const GaussianPool pool(300, 4, 4.0);
  auto job = make_job(pool, with_gold(pool, 3));
  run(job, pool.classes);
  job.merge_classes("class 1", "class 0");
  auto merged = pool.classes;
  for (auto& c : merged) c = c == 1 ? 0 : c;
  run(job, merged);
  CHECK(job.report().gold.n_given == 100);
  const auto labels = job.labels();
  for (std::size_t i = 0; i < labels.item.size(); ++i) CHECK(labels.class_index[i] != 1);
  job.retire_class("class 2");
  const auto n_gold = std::count_if(pool.classes.begin(), pool.classes.end(), [](auto c) { return c == 2; });
  CHECK(job.report().gold.n_given < 100);
  CHECK(n_gold > 0);
  for (auto& c : merged) c = c == 2 ? 0 : c;
  run(job, merged);
  CHECK(job.labels().item.size() == 300);
}

TEST_CASE("LabelingJob gold: saved at every batch, a job with gold and prices goes on as if nothing had happened") {
  const GaussianPool pool(400, 2, 4.0);
  const auto workforce = people(2, 0.9);
  for (const std::int32_t max : {1, 4}) {
    auto options = with_gold(pool, 4, max);
    options.price = {.per_answer = 0.1, .currency = "EUR", .per_worker = {{"bob", 0.3}, {"hal", 0.0}}};
    options.budget.max_cost = 60.0;
    const auto drive = [&](bool saves) {
      auto job = make_job(pool, options);
      std::size_t turn = 0;
      std::vector<Items> handed;
      while (true) {
        const std::size_t who = turn++ % workforce.workers().size();
        const std::string& name = workforce.workers()[who].name;
        auto batch = job.next_batch(name, 7);
        if (!batch) break;
        handed.push_back(batch->items);
        REQUIRE(handed.size() < 5000);
        if (saves && turn % 3 == 0) {
          const auto bytes = job.snapshot();
          job = LabelingJob::restore(bytes, pool.features(), with_centroids());
          CHECK(job.snapshot() == bytes);
          CHECK(job.price().of("bob") == 0.3);
        }
        Classes answers;
        for (const auto item : batch->items)
          answers.push_back(workforce.answer(who, item, pool.classes[static_cast<std::size_t>(item)]));
        job.submit(batch->items, answers, std::vector<std::string>(batch->items.size(), name));
      }
      const auto report = job.report();
      const std::vector<std::int64_t> gold = {report.gold.n_asked, report.gold.n_wrong,
                                              report.gold.people_wrong_at_most};
      return std::tuple(handed, sight_of(job), gold, report.cost);
    };
    CHECK(drive(true) == drive(false));
  }
}

TEST_CASE("LabelingJob gold: an answer nobody asked for tells of its worker, not of the pool") {
  const GaussianPool pool(300, 2, 4.0);
  auto job = make_job(pool, with_gold(pool));
  const std::vector<std::string> ann = {"ann"};
  const auto submission = job.submit(Items{0}, Classes{1 - pool.classes[0]}, ann);
  CHECK(submission.n_free == 1);
  CHECK(submission.n_replaced == 0);
  CHECK(job.submit(Items{0}, Classes{pool.classes[0]}, ann).n_replaced == 1);
  CHECK(job.report().gold.n_asked == 0);
  // What is left of gold was chosen by whoever answered: it tells nothing of the pool any more.
  CHECK(job.report().gold.people_wrong_at_most == 300);
  CHECK(job.plan().n_asked == 1);  // though all gold counts as labelled by people
  CHECK(job.plan().n_gold_unasked == 59);
  CHECK(job.labels().class_index.front() == pool.classes[0]);
  const auto course = run(job, pool.classes);
  for (const auto& batch : course.batches)
    CHECK(std::find(batch.items.begin(), batch.items.end(), 0) == batch.items.end());
}

TEST_CASE("LabelingJob gold: a budget holds with gold, and what is cut off or not answered counts as wrong") {
  const GaussianPool pool(600, 2, 2.0);
  for (const std::int64_t most : {23, 61, 97}) {
    CAPTURE(most);
    auto options = with_gold(pool, 4, 3);
    options.budget.max_answers = most;
    auto job = make_job(pool, options);
    const auto report = simulate(job, people(2, 0.8), pool.classes);
    CHECK(report.n_paid <= most);
    const auto table = job.answers();
    std::set<ItemIndex> answered;
    for (const auto& row : table.answers()) {
      if (is_gold(row.item, 4)) answered.insert(row.item);
    }
    CHECK(report.gold.n_asked >= std::ssize(answered));
    CHECK(report.gold.n_wrong >= report.gold.n_asked - std::ssize(answered));
  }
}

TEST_CASE("LabelingJob gold: items, classes and rates that make no sense are refused by the row") {
  const GaussianPool pool(100, 2, 4.0);
  const auto refuse = [&](std::vector<GoldLabel> gold, double rate = 0.1) {
    auto options = with_centroids();
    options.gold = std::move(gold);
    options.gold_rate = rate;
    (void)make_job(pool, options);
  };
  CHECK_THROWS_WITH_AS(refuse({{0, 0}, {100, 0}}), doctest::Contains("row 1, item 100"), InvalidArgument);
  CHECK_THROWS_AS(refuse({{-1, 0}}), InvalidArgument);
  CHECK_THROWS_WITH_AS(refuse({{3, 0}, {3, 1}}), doctest::Contains("came before"), InvalidArgument);
  CHECK_THROWS_WITH_AS(refuse({{3, 2}}), doctest::Contains("class 2"), UnknownClass);
  CHECK_THROWS_AS(refuse({{3, kNoneOfThese}}), UnknownClass);
  CHECK_THROWS_AS(refuse({}, -0.1), InvalidArgument);
  CHECK_THROWS_AS(refuse({}, 1.5), InvalidArgument);
}

TEST_CASE("LabelingJob gold: a pool that is gold throughout has nothing left to label") {
  const GaussianPool pool(60, 2, 4.0);
  auto job = make_job(pool, with_gold(pool, 1));
  CHECK_FALSE(job.next_batch().has_value());
  CHECK(job.report().n_human == 60);
  CHECK(job.report().n_paid == 0);
}

}  // namespace
