#include "jobs/query_record.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "gaussian_pool.hpp"
#include "jobs/job_driving.hpp"

namespace {

using namespace gtlabel;
using namespace gtlabel_test;
using detail::ItemColumns;

/// n items that were asked, of which the model was wrong about the first n_wrong.
void ask(ItemColumns& items, ItemIndex first, std::int64_t n, std::int64_t n_wrong, bool is_random) {
  for (std::int64_t i = 0; i < n; ++i) {
    items.human[first + i] = 1;
    items.guess[first + i] = i < n_wrong ? 0 : 1;
    items.is_random[first + i] = is_random ? 1 : 0;
  }
}

TEST_CASE("query_record: chosen and random items are counted apart, and the lift is the ratio of their shares wrong") {
  ItemColumns items(1000);
  ask(items, 0, 400, 200, false);
  ask(items, 400, 100, 10, true);
  const QueryRecord record = detail::query_record(items);
  CHECK(record.n_chosen == 400);
  CHECK(record.chosen_wrong == 200);
  CHECK(record.n_control == 100);
  CHECK(record.control_wrong == 10);
  CHECK(record.lift == doctest::Approx((200.5 / 400.5) / (10.5 / 100.5)));
  // By hand: 4.792 exp(+- 1.96 sqrt(1/200.5 - 1/400.5 + 1/10.5 - 1/100.5)).
  CHECK(record.lift_low == doctest::Approx(2.68).epsilon(0.005));
  CHECK(record.lift_high == doctest::Approx(8.56).epsilon(0.005));
}

TEST_CASE("query_record: items without an answer, and those that no query asked about, are left out") {
  ItemColumns items(100);
  ask(items, 0, 10, 5, false);
  ask(items, 10, 10, 5, true);
  items.human[0] = kNoClass;
  items.guess[10] = kNoClass;
  const QueryRecord record = detail::query_record(items);
  CHECK(record.n_chosen == 9);
  CHECK(record.chosen_wrong == 4);
  CHECK(record.n_control == 9);
  CHECK(record.control_wrong == 4);
}

TEST_CASE("query_record: without a control nothing is said of the lift") {
  ItemColumns items(100);
  ask(items, 0, 10, 5, false);
  const QueryRecord record = detail::query_record(items);
  CHECK(record.lift == 1.0);
  CHECK(record.lift_low == 0.0);
  CHECK(record.lift_high == std::numeric_limits<double>::infinity());
}

TEST_CASE("query_record: a model that is wrong about none of them has a lift of about one, within a wide interval") {
  ItemColumns items(1000);
  ask(items, 0, 500, 0, false);
  ask(items, 500, 50, 0, true);
  const QueryRecord record = detail::query_record(items);
  CHECK(record.lift_low < 1.0);
  CHECK(record.lift_high > 1.0);
}

TEST_CASE("LabelingJob: reports what its queries taught, and a snapshot keeps it") {
  const GaussianPool pool(3000, 3, 3.0);
  auto options = with_centroids();
  options.batch_size = 100;
  auto job = make_job(pool, options);
  std::int64_t n_queried = 0;
  while (const auto batch = job.next_batch()) {
    n_queried += std::count(batch->purposes.begin(), batch->purposes.end(), Purpose::query);
    answer(job, batch->items, pool.classes);
  }
  const QueryRecord record = job.report().query;
  CHECK(record.n_chosen + record.n_control == n_queried);
  CHECK(record.n_control == n_queried / 10);
  CHECK(record.lift > 1.5);  // the nearest to the borders are asked about
  CHECK(record.lift_low < record.lift);
  CHECK(record.lift_high > record.lift);
  const auto restored = LabelingJob::restore(job.snapshot(), pool.features(), with_centroids()).report().query;
  CHECK(restored.n_chosen == record.n_chosen);
  CHECK(restored.lift == record.lift);
}

TEST_CASE("LabelingJob: what a budget has cut from a query counts for nothing when it is asked about later") {
  const GaussianPool pool(6000, 2, 3.0);
  auto options = with_centroids();
  options.batch_size = 400;
  options.price = {.per_answer = 1.0, .currency = "EUR", .per_worker = {{"cheap", 0.001}}};
  options.budget.max_cost = 1000.0;
  auto job = make_job(pool, options);
  const auto say = [&](const Items& items, const std::string& worker) {
    job.submit(items, answers_to(items, pool.classes), std::vector<std::string>(items.size(), worker));
  };
  std::int64_t n_queried = 0, n_audited = 0;
  bool is_cut = false;
  while (auto batch = job.next_batch()) {
    if (batch->purposes.front() == Purpose::query && !is_cut) {
      is_cut = true;
      Items unasked;
      const auto known = job.labels().item;
      for (ItemIndex item = 0; std::ssize(unasked) < 700; ++item) {
        const auto is_in = [&](const Items& items) {
          return std::find(items.begin(), items.end(), item) != items.end();
        };
        if (!is_in(batch->items) && !is_in(known)) unasked.push_back(item);
      }
      say(unasked, "dear");
      const auto left = job.next_batch();
      REQUIRE(left.has_value());
      REQUIRE(left->items.size() < batch->items.size());
      batch = left;
    }
    n_queried += std::count(batch->purposes.begin(), batch->purposes.end(), Purpose::query);
    n_audited += std::count(batch->purposes.begin(), batch->purposes.end(), Purpose::audit);
    say(batch->items, "cheap");
  }
  REQUIRE(n_audited > 0);
  const QueryRecord record = job.report().query;
  CHECK(record.n_chosen + record.n_control == n_queried);
}

}  // namespace
