// Several people per item, leases, budgets: what a job does with the people who answer.

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "gtlabel/core/error.hpp"
#include "gtlabel/jobs/labeling_job.hpp"
#include "gtlabel/jobs/simulate.hpp"
#include "gtlabel/workforce/simulated_workforce.hpp"
#include "jobs/job_driving.hpp"

namespace {

using namespace gtlabel;
using gtlabel_test::answer;
using gtlabel_test::answers_to;
using gtlabel_test::Classes;
using gtlabel_test::contains;
using gtlabel_test::GaussianPool;
using gtlabel_test::is_same;
using gtlabel_test::Items;
using gtlabel_test::make_job;
using gtlabel_test::run;
using gtlabel_test::sight_of;
using gtlabel_test::with_centroids;

LabelingJobOptions with_overlap(std::int32_t max = 5, double max_error = 0.1) {
  auto options = with_centroids();
  options.overlap = {.min = 1, .max = max};
  options.target = ErrorTarget{.max_error = max_error};
  return options;
}

std::string name_of(int worker) {
  std::string name = "w";
  return name.append(std::to_string(worker));
}

SimulatedWorkforce people(int n_classes, double accuracy = 0.85, int n = 12) {
  std::vector<SimulatedWorker> workers;
  for (int w = 0; w < n; ++w) workers.push_back({.name = name_of(w), .accuracy = accuracy});
  return SimulatedWorkforce(n_classes, std::move(workers), 4);
}

void submit(LabelingJob& job, const Items& items, const Classes& answers, const std::string& worker) {
  job.submit(items, answers, std::vector<std::string>(items.size(), worker));
}

TEST_CASE("LabelingJob: several people per item, the labels are certified and better than one person's") {
  const GaussianPool pool(800, 4, 5.0);
  auto job = make_job(pool, with_overlap());
  const auto report = simulate(job, people(4), pool.classes);
  CHECK(report.is_finished);
  CHECK(report.n_human + report.n_auto == report.n_items);
  REQUIRE(report.certificate.has_value());
  CHECK(contains(report.certificate->statement, "the consolidated answer of up to 5 people"));
  const auto labels = job.labels();
  int n_human = 0, wrong = 0;
  for (std::size_t i = 0; i < labels.item.size(); ++i) {
    if (labels.source[i] != LabelSource::human) continue;
    ++n_human;
    wrong += labels.class_index[i] != pool.classes[static_cast<std::size_t>(labels.item[i])];
    CHECK(labels.confidence[i] > 0.25F);
  }
  CHECK(wrong < 0.04 * n_human);
  const double per_item = static_cast<double>(report.n_paid) / static_cast<double>(report.n_human);
  CHECK(per_item > 1.9);
  CHECK(per_item < 3.5);
}

TEST_CASE("LabelingJob: nobody is asked about an item twice, nor more people than the overlap's max") {
  const GaussianPool pool(300, 3, 4.0);
  auto job = make_job(pool, with_overlap(4));
  simulate(job, people(3, 0.7), pool.classes);
  std::map<ItemIndex, std::set<std::int32_t>> asked;
  const auto table = job.answers();
  for (const Answer& row : table.answers()) REQUIRE(asked[row.item].insert(row.worker).second);
  for (const auto& [item, workers] : asked) REQUIRE(workers.size() <= 4);
}

TEST_CASE("LabelingJob: an item whose answer is not settled is in the next batch again, for review") {
  const GaussianPool pool(300, 2, 4.0);
  auto job = make_job(pool, with_overlap());
  const auto first = job.next_batch();
  submit(job, first->items, answers_to(first->items, pool.classes), "a");
  const auto second = job.next_batch();
  REQUIRE(second.has_value());
  Items sorted = first->items;
  std::sort(sorted.begin(), sorted.end());
  CHECK(second->items == sorted);
  CHECK(std::all_of(second->purposes.begin(), second->purposes.end(), [](Purpose p) { return p == Purpose::review; }));
  CHECK(second->round == first->round);
  CHECK(job.labels().item.empty());
}

TEST_CASE("LabelingJob: the order and portions of answers do not matter with an overlap") {
  const GaussianPool pool(300, 2, 4.0);
  const auto workforce = people(2, 0.9);
  const auto drive = [&](bool backwards) {
    auto job = make_job(pool, with_overlap());
    std::vector<Batch> batches;
    int turn = 0;
    while (auto batch = job.next_batch()) {
      const std::size_t who = static_cast<std::size_t>(turn++) % workforce.workers().size();
      Items items = batch->items;
      if (backwards) std::reverse(items.begin(), items.end());
      const std::size_t half = backwards ? items.size() / 2 : items.size();
      for (std::size_t begin = 0; begin < items.size(); begin += std::max<std::size_t>(half, 1)) {
        const Items part(items.begin() + static_cast<std::ptrdiff_t>(begin),
                         items.begin() + static_cast<std::ptrdiff_t>(
                                             std::min(items.size(), begin + std::max<std::size_t>(half, 1))));
        Classes answers;
        for (const auto item : part)
          answers.push_back(workforce.answer(who, item, pool.classes[static_cast<std::size_t>(item)]));
        submit(job, part, answers, workforce.workers()[who].name);
      }
      batches.push_back(*batch);
      REQUIRE(batches.size() < 2000);
    }
    auto sight = sight_of(job);
    sight.answers.clear();  // these are in another order
    return std::pair(std::move(batches), std::move(sight));
  };
  const auto [batches, sight] = drive(false);
  const auto [others, other_sight] = drive(true);
  CHECK(std::equal(batches.begin(), batches.end(), others.begin(), others.end(),
                   [](const Batch& a, const Batch& b) { return is_same(a, b); }));
  CHECK(sight == other_sight);
}

TEST_CASE("LabelingJob: a skipped item is asked again and nothing is known of it") {
  const GaussianPool pool(300, 2, 4.0);
  auto job = make_job(pool, with_centroids());
  const auto batch = job.next_batch();
  const auto submission = job.submit(batch->items, Classes(batch->items.size(), kSkip));
  CHECK(submission.n_answers == 0);
  CHECK(submission.n_skipped == static_cast<std::int64_t>(batch->items.size()));
  CHECK(is_same(job.next_batch(), batch));
  CHECK(job.report().n_human == 0);
  CHECK(job.report().n_paid == 0);
}

TEST_CASE("LabelingJob: none of these is a label of its own, never automatic, and wrong where it was audited") {
  // The last 40 items are of no class, far from all others.
  GaussianPool pool(340, 2, 5.0);
  Classes truth = pool.classes;
  for (std::size_t i = 300; i < 340; ++i) {
    truth[i] = kNoneOfThese;
    for (std::ptrdiff_t c = 0; c < pool.d; ++c)
      pool.values[i * static_cast<std::size_t>(pool.d) + static_cast<std::size_t>(c)] -= 20.0F;
  }
  auto options = with_centroids();
  options.target = ErrorTarget{.max_error = 0.15};
  auto job = make_job(pool, options);
  run(job, truth);
  const auto labels = job.labels();
  REQUIRE(labels.item.size() == 340);
  for (std::size_t i = 0; i < labels.item.size(); ++i) {
    if (labels.source[i] == LabelSource::automatic) REQUIRE(labels.class_index[i] >= 0);
    if (labels.source[i] == LabelSource::human) REQUIRE(labels.class_index[i] == truth[i]);
  }
  const auto report = job.report();
  CHECK(report.n_human + report.n_auto == 340);
  CHECK(report.certificate.has_value() == (report.n_auto > 0));
}

TEST_CASE("LabelingJob: a sample that is none of the classes is followed by another") {
  const GaussianPool pool(300, 2, 5.0);
  auto job = make_job(pool, with_centroids());
  const auto first = job.next_batch();
  job.submit(first->items, Classes(first->items.size(), kNoneOfThese));
  const auto second = job.next_batch();
  REQUIRE(second.has_value());
  CHECK(std::all_of(second->purposes.begin(), second->purposes.end(), [](Purpose p) { return p == Purpose::seed; }));
  for (const auto item : second->items)
    CHECK(std::find(first->items.begin(), first->items.end(), item) == first->items.end());
  auto hopeless = make_job(pool, with_centroids());
  while (auto batch = hopeless.next_batch()) hopeless.submit(batch->items, Classes(batch->items.size(), kNoneOfThese));
  CHECK(hopeless.is_finished());
  CHECK(hopeless.report().n_human == 300);
}

TEST_CASE("LabelingJob: a label that people take back is hardly taught any more") {
  const GaussianPool pool(300, 2, 5.0);
  auto job = make_job(pool, with_centroids());
  const auto batch = job.next_batch();
  answer(job, batch->items, pool.classes);
  const auto query = job.next_batch();
  job.submit(Items{batch->items[0]}, Classes{kNoneOfThese});
  answer(job, query->items, pool.classes);
  CHECK_NOTHROW(static_cast<void>(job.next_batch()));
  for (const auto item : job.predictions().item) CHECK(item != batch->items[0]);
}

TEST_CASE("LabelingJob: leases keep people apart, run out, and never come twice to one worker") {
  const GaussianPool pool(300, 2, 4.0);
  double clock = 100.0;
  auto options = with_overlap();
  options.now = [&clock] { return clock; };
  options.lease_seconds = 60.0;
  auto job = make_job(pool, options);
  const auto ann = job.next_batch("ann", 4), bob = job.next_batch("bob", 4);
  REQUIRE(ann->items.size() == 4);
  for (const auto item : bob->items) CHECK(std::find(ann->items.begin(), ann->items.end(), item) == ann->items.end());
  CHECK(is_same(job.next_batch("ann", 4), ann));  // the same again
  submit(job, ann->items, answers_to(ann->items, pool.classes), "ann");
  clock += 60.0;  // bob has gone
  std::set<ItemIndex> offered;
  const auto cid = job.next_batch("cid", 1000);
  offered.insert(cid->items.begin(), cid->items.end());
  for (const auto item : bob->items) CHECK(offered.contains(item));
  CHECK(job.next_batch("ann", 1000)->items.empty());  // all with cid, or answered by ann
  job.submit(Items{cid->items[0]}, Classes{kSkip}, std::vector<std::string>{"cid"});
  const auto rest = job.next_batch("cid", 1000);
  CHECK(std::find(rest->items.begin(), rest->items.end(), cid->items[0]) == rest->items.end());
  CHECK(job.next_batch("ann", 1000)->items == Items{cid->items[0]});
}

TEST_CASE("LabelingJob: a worker without a name or a size that is none is refused") {
  const GaussianPool pool(100, 2, 4.0);
  auto job = make_job(pool, with_overlap());
  CHECK_THROWS_AS(static_cast<void>(job.next_batch("", 4)), InvalidArgument);
  CHECK_THROWS_AS(static_cast<void>(job.next_batch("ann", -1)), InvalidArgument);
}

TEST_CASE("LabelingJob: a bad row of times or certainties changes nothing") {
  const GaussianPool pool(300, 2, 4.0);
  auto job = make_job(pool, with_overlap());
  const auto before = job.snapshot();
  const Items items{1, 2};
  const Classes classes{0, 1};
  const std::vector<float> bad_time{1.0F, -1.0F}, bad_certainty{1.0F, 0.0F}, one{1.0F};
  CHECK_THROWS_AS(job.submit(items, classes, {}, bad_time), InvalidArgument);
  CHECK_THROWS_AS(job.submit(items, classes, {}, {}, bad_certainty), InvalidArgument);
  CHECK_THROWS_AS(job.submit(items, classes, {}, one), InvalidArgument);
  CHECK_THROWS_AS(job.submit(items, Classes{0, -9}), UnknownClass);
  CHECK(job.snapshot() == before);
}

TEST_CASE("LabelingJob: a budget is never exceeded, and what is delivered is certified") {
  const GaussianPool pool(800, 2, 4.0);
  for (const std::int64_t most : {5, 37, 120, 200, 300}) {
    CAPTURE(most);
    auto options = with_overlap(3);
    options.budget.max_answers = most;
    auto job = make_job(pool, options);
    const auto report = simulate(job, people(2, 0.95), pool.classes);
    CHECK(report.is_finished);
    CHECK(report.n_paid <= most);
    CHECK(report.certificate.has_value() == (report.n_auto > 0));
    const auto labels = job.labels();
    CHECK(static_cast<std::int64_t>(labels.item.size()) == report.n_human + report.n_auto);
    if (report.n_human + report.n_auto < report.n_items) {
      CHECK(contains(report.outcome, "The budget is spent"));
      CHECK(contains(report.outcome, std::to_string(report.n_items - report.n_human - report.n_auto) + " items"));
    }
    CHECK_FALSE(job.next_batch().has_value());
  }
}

TEST_CASE("LabelingJob: a budget that is enough for audits is not spent on training") {
  const GaussianPool pool(2000, 2, 6.0);
  auto options = with_centroids();
  options.target = ErrorTarget{.max_error = 0.1};
  options.batch_size = 40;
  options.budget.max_items = 160;
  auto job = make_job(pool, options);
  run(job, pool.classes);
  const auto report = job.report();
  CHECK(report.n_human <= 160);
  REQUIRE(report.certificate.has_value());
  CHECK(report.n_auto > 1000);
}

TEST_CASE("LabelingJob: money is counted by worker and by round") {
  const GaussianPool pool(400, 2, 5.0);
  auto options = with_overlap(3);
  options.price = {.per_answer = 0.1, .currency = "EUR"};
  options.budget.max_cost = 30.0;
  auto job = make_job(pool, options);
  const auto report = simulate(job, people(2, 0.95), pool.classes);
  CHECK(report.cost == doctest::Approx(0.1 * static_cast<double>(report.n_paid)));
  CHECK(report.cost <= 30.0 + 1e-9);
  CHECK(report.currency == "EUR");
  double of_workers = 0.0, seconds = 0.0;
  for (const auto& worker : job.workers()) {
    of_workers += worker.cost;
    seconds += worker.seconds;
  }
  CHECK(of_workers == doctest::Approx(report.cost));
  CHECK(seconds > 0.0);
  for (std::size_t i = 1; i < report.history.size(); ++i)
    CHECK(report.history[i].n_paid >= report.history[i - 1].n_paid);
}

TEST_CASE("LabelingJob: workers with prices of their own are paid these, and the budget holds whoever answers") {
  const GaussianPool pool(500, 2, 3.0);
  for (const double most : {2.0, 7.7, 19.99, 60.0}) {
    CAPTURE(most);
    auto options = with_overlap(3);
    options.price = {.per_answer = 0.1, .currency = "EUR", .per_worker = {{"w1", 0.37}, {"w4", 0.02}, {"w5", 0.0}}};
    options.budget.max_cost = most;
    auto job = make_job(pool, options);
    const auto report = simulate(job, people(2, 0.9), pool.classes);
    CHECK(report.is_finished);
    CHECK(report.cost <= most);
    if (report.n_human + report.n_auto < report.n_items) CHECK(report.cost > most - 0.37);
    std::map<std::string, std::int64_t> n_paid;
    std::map<std::int32_t, double> of_round;
    double total = 0.0;
    for (const auto& spent : job.spending()) {
      n_paid[spent.worker] += spent.n_paid;
      of_round[spent.round] += spent.cost;
      total += spent.cost;
    }
    CHECK(total == doctest::Approx(report.cost));
    for (const auto& worker : job.workers()) {
      const double price = options.price.of(worker.worker);
      CHECK(worker.cost == doctest::Approx(price * static_cast<double>(worker.n_answers)));  // nobody twice, no skips
      CHECK(n_paid[worker.worker] == worker.n_answers);
    }
    double so_far = 0.0;
    for (const auto& round : report.history) {
      so_far += of_round[round.round - 1];  // what came before the round's update
      CHECK(round.cost == doctest::Approx(so_far));
    }
  }
}

TEST_CASE("LabelingJob: a worker who is dear and never comes loses no audit and no label") {
  const GaussianPool pool(1200, 2, 4.0);
  for (const CommitMode commit : {CommitMode::eager, CommitMode::final}) {
    for (std::uint64_t seed = 0; seed < 3; ++seed) {
      CAPTURE(seed);
      auto options = with_overlap(1);
      options.target = ErrorTarget{.max_error = 0.1};
      options.commit = commit;
      options.seed = seed;
      options.price = {.per_answer = 0.05, .per_worker = {{"never seen", 2.0}}};
      options.budget.max_cost = 60.0;
      auto job = make_job(pool, options);
      const auto report = simulate(job, people(2, 1.0), pool.classes);
      CHECK(report.certificate.has_value());
      CHECK(report.n_human + report.n_auto == report.n_items);
      CHECK(report.n_auto > 800);
    }
  }
}

TEST_CASE("LabelingJob: whatever becomes of its class, an answer is paid once") {
  const GaussianPool pool(300, 3, 4.0);
  auto options = with_overlap(1);
  options.price = {.per_answer = 1.0};
  auto job = make_job(pool, options);
  const auto batch = job.next_batch();
  const Items two(batch->items.begin(), batch->items.begin() + 2);
  submit(job, two, {2, 2}, "ann");
  submit(job, two, {0, 1}, "ann");
  CHECK(job.report().cost == doctest::Approx(2.0));
  job.retire_class("class 2");
  CHECK(job.report().cost == doctest::Approx(2.0));
}

TEST_CASE("LabelingJob: spending counts no skips and nobody twice for an item") {
  const GaussianPool pool(300, 2, 4.0);
  auto options = with_overlap(3);
  options.price = {.per_answer = 0.5, .per_worker = {{"ann", 2.0}}};
  auto job = make_job(pool, options);
  const auto batch = job.next_batch();
  const Items two(batch->items.begin(), batch->items.begin() + 2);
  submit(job, two, {0, 1}, "ann");
  submit(job, two, {1, kSkip}, "ann");
  submit(job, two, {kSkip, 1}, "bob");
  submit(job, two, {0, 1}, "");
  const auto spending = job.spending();
  REQUIRE(spending.size() == 3);
  CHECK(spending[0].worker == "ann");
  CHECK(spending[0].n_paid == 2);
  CHECK(spending[0].cost == 4.0);
  CHECK(spending[1].n_paid == 1);
  CHECK(spending[2].worker.empty());
  CHECK(spending[2].cost == 1.0);
  CHECK(job.report().cost == 5.5);
}

TEST_CASE("LabelingJob: the table of workers names one who copies and the one copied, and nobody else") {
  const GaussianPool pool(900, 4, 3.0);
  std::vector<SimulatedWorker> workers;
  for (int w = 0; w < 10; ++w) workers.push_back({.name = name_of(w), .accuracy = 0.8});
  workers[7].copies = "w2";
  auto options = with_overlap();
  options.overlap.min = 4;
  options.target = ConfidenceThreshold{1.0};  // everything to people
  auto job = make_job(pool, options);
  simulate(job, SimulatedWorkforce(4, workers, 2), pool.classes);
  for (const auto& worker : job.workers()) {
    CAPTURE(worker.worker);
    CHECK(worker.copying_with == (worker.worker == "w2" ? "w7" : worker.worker == "w7" ? "w2" : ""));
  }
}

TEST_CASE("LabelingJob: the table of workers tells who is good and who guesses") {
  const GaussianPool pool(600, 4, 4.0);
  std::vector<SimulatedWorker> workers;
  for (int w = 0; w < 8; ++w) workers.push_back({.name = name_of(w), .accuracy = 0.9});
  workers.push_back({.name = "spammer", .accuracy = 0.25});
  auto options = with_overlap();
  options.target = ConfidenceThreshold{1.0};  // everything to people
  auto job = make_job(pool, options);
  simulate(job, SimulatedWorkforce(4, workers, 2), pool.classes);
  for (const auto& worker : job.workers()) {
    CAPTURE(worker.worker);
    CHECK(worker.n_answers > 20);
    CHECK(worker.is_spam == (worker.worker == "spammer"));
    const double truth = worker.worker == "spammer" ? 0.25 : 0.9;
    CHECK(worker.accuracy_interval.low - 0.03 <= truth);
    CHECK(truth <= worker.accuracy_interval.high + 0.03);
    if (worker.worker != "spammer") CHECK(worker.agreement > 0.8);
  }
}

TEST_CASE(
    "LabelingJob: who guesses gets no work while others have it in hand, and all of it when nobody else is left") {
  const GaussianPool pool(300, 4, 4.0);
  std::vector<SimulatedWorker> workers;
  for (int w = 0; w < 5; ++w) workers.push_back({.name = name_of(w), .accuracy = 0.95});
  workers.push_back({.name = "spammer", .accuracy = 0.25});
  const SimulatedWorkforce workforce(4, workers, 2);
  auto options = with_overlap();
  options.target = ConfidenceThreshold{1.0};  // everything to people
  auto job = make_job(pool, options);
  const auto is_flagged = [&] {
    const auto table = job.workers();
    return std::any_of(table.begin(), table.end(), [](const auto& worker) { return worker.is_spam; });
  };
  const auto answer = [&](const Batch& batch, std::size_t w) {
    std::vector<ClassIndex> said;
    for (const ItemIndex item : batch.items) said.push_back(workforce.answer(w, item, pool.classes[item]));
    const std::vector<std::string> names(said.size(), workers[w].name);
    job.submit(batch.items, std::span<const ClassIndex>(said), names);
  };
  int n_empty = 0;
  for (int turn = 0; turn < 60; ++turn) {
    const auto held = job.next_batch(name_of(0), 3);
    for (std::size_t w = 1; w < workers.size(); ++w) {
      const auto batch = job.next_batch(workers[w].name, 3);
      if (w == 5 && is_flagged() && !held->items.empty()) {
        n_empty += batch->items.empty() ? 1 : 0;
        if (n_empty > 0) CHECK(batch->items.empty());  // known since the last round
      }
      answer(*batch, w);
    }
    answer(*held, 0);
  }
  CHECK(is_flagged());
  CHECK(n_empty > 10);
  const auto before = job.workers();
  while (auto batch = job.next_batch("spammer", 10)) {  // nobody else comes any more
    if (batch->items.empty()) break;
    answer(*batch, 5);
  }
  const auto n_answers = [](const std::vector<WorkerRecord>& table) {
    return std::find_if(table.begin(), table.end(), [](const auto& w) { return w.worker == "spammer"; })->n_answers;
  };
  CHECK(n_answers(job.workers()) > n_answers(before) + 5);
}

TEST_CASE("LabelingJob: saved at every batch, a job with leases goes on as if nothing had happened") {
  const GaussianPool pool(300, 2, 4.0);
  const auto workforce = people(2, 0.9);
  const auto drive = [&](bool saves) {
    auto job = make_job(pool, with_overlap());
    std::size_t turn = 0;
    std::vector<Items> handed;
    while (true) {
      const std::size_t who = turn++ % workforce.workers().size();
      auto batch = job.next_batch(workforce.workers()[who].name, 7);
      if (!batch) break;
      handed.push_back(batch->items);
      REQUIRE(handed.size() < 5000);
      if (saves && turn % 5 == 0) {
        const auto bytes = job.snapshot();
        job = LabelingJob::restore(bytes, pool.features(), with_centroids());
        CHECK(job.snapshot() == bytes);
      }
      Classes answers;
      for (const auto item : batch->items)
        answers.push_back(workforce.answer(who, item, pool.classes[static_cast<std::size_t>(item)]));
      submit(job, batch->items, answers, workforce.workers()[who].name);
    }
    return std::pair(handed, sight_of(job));
  };
  CHECK(drive(true) == drive(false));
}

TEST_CASE("LabelingJob: items join a job with several people per item") {
  const GaussianPool pool(500, 2, 5.0);
  const Classes truth(pool.classes.begin(), pool.classes.begin() + 300);
  auto options = with_overlap();
  options.n_threads = 1;
  LabelingJob job(pool.part(0, 300), gtlabel_test::class_names(2), options);
  simulate(job, people(2, 0.95), truth);
  job.extend(pool.part(300, 500));
  const auto report = simulate(job, people(2, 0.95), pool.classes);
  CHECK(report.n_human + report.n_auto == 500);
}

TEST_CASE("simulate: fewer people than the overlap needs is an error, not a standstill") {
  const GaussianPool pool(300, 2, 4.0);
  auto job = make_job(pool, with_overlap());
  CHECK_THROWS_AS(simulate(job, people(2, 0.6, 2), pool.classes), InvalidState);
  CHECK_THROWS_AS(simulate(job, people(2), Classes{0, 1}), InvalidArgument);
}

}  // namespace
