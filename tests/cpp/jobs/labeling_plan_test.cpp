#include "gtlabel/jobs/labeling_plan.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>

#include "gtlabel/core/error.hpp"
#include "gtlabel/routing/commit_plan.hpp"
#include "jobs/job_driving.hpp"

using gtlabel::ErrorTarget;
using gtlabel::LabelingPlan;
using gtlabel::plan_labeling;
using namespace gtlabel_test;

namespace {

void check_order(const LabelingPlan& plan) {
  CHECK(0 <= plan.n_asked);
  CHECK(plan.n_asked <= plan.n_human_low);
  CHECK(plan.n_human_low <= plan.n_human);
  CHECK(plan.n_human <= plan.n_human_high);
  CHECK(plan.n_human_high <= plan.n_items);
  CHECK_FALSE(plan.basis.empty());
}

}  // namespace

TEST_CASE("plan_labeling: a pool too small to be audited goes to people whole") {
  const auto plan = plan_labeling(40, 4, ErrorTarget{});
  check_order(plan);
  CHECK(plan.n_human_low == 40);
}

TEST_CASE("plan_labeling: never fewer people than the audits of a model without error") {
  for (const std::int64_t n : {200, 2000, 20000, 2000000}) {
    for (const double max_error : {0.005, 0.01, 0.03, 0.05, 0.2}) {
      const ErrorTarget target{max_error};
      const auto plan = plan_labeling(n, 4, target);
      check_order(plan);
      const double audits = gtlabel::expected_audits(n, 0.0, target);
      if (audits >= 0.0) CHECK(static_cast<double>(plan.n_human_low) >= audits);
    }
  }
}

TEST_CASE("plan_labeling: a stricter target is expected to need more people") {
  std::int64_t last = 10001;
  for (const double max_error : {0.005, 0.01, 0.015, 0.02, 0.03, 0.05, 0.07, 0.1, 0.3}) {
    const auto plan = plan_labeling(10000, 4, ErrorTarget{max_error});
    CHECK(plan.n_human <= last);
    last = plan.n_human;
  }
  CHECK(plan_labeling(10000, 4, gtlabel::ConfidenceThreshold{1.0}).n_human == 10000);
  CHECK(plan_labeling(10000, 4, gtlabel::ConfidenceThreshold{0.95}).n_human <
        plan_labeling(10000, 4, ErrorTarget{0.05}).n_human);
}

TEST_CASE("plan_labeling: with a target per class each class is audited, so it is expected to need more people") {
  ErrorTarget per_class;
  per_class.per_class = true;
  CHECK(plan_labeling(10000, 4, per_class).n_human > plan_labeling(10000, 4, ErrorTarget{}).n_human);
  // Ten classes of one size would be too small; one may hold nearly all.
  CHECK(plan_labeling(1000, 10, per_class).n_human_low < 1000);
  CHECK(plan_labeling(10000, 8, per_class).n_human > plan_labeling(10000, 4, per_class).n_human);
}

TEST_CASE("plan_labeling: refuses an empty pool and a target out of range") {
  CHECK_THROWS_AS((void)plan_labeling(0, 4, ErrorTarget{}), gtlabel::InvalidArgument);
  CHECK_THROWS_AS((void)plan_labeling(100, 1, ErrorTarget{}), gtlabel::InvalidArgument);
  CHECK_THROWS_AS((void)plan_labeling(100, 4, ErrorTarget{0.0}), gtlabel::InvalidArgument);
}

TEST_CASE(
    "LabelingJob::plan: rests on other pools before the first label, on the job after it, and ends at the truth") {
  const GaussianPool pool(4000, 4, 5.0);
  auto job = make_job(pool, with_centroids());
  const auto before = job.plan();
  CHECK(before.n_human == plan_labeling(4000, 4, ErrorTarget{}).n_human);
  int n_plans = 0, n_within = 0;
  std::vector<LabelingPlan> plans;
  while (const auto batch = job.next_batch()) {
    check_order(job.plan());
    plans.push_back(job.plan());
    answer(job, batch->items, pool.classes);
  }
  const auto n_human = job.report().n_human;
  for (const auto& plan : plans) {
    ++n_plans;
    n_within += plan.n_human_low <= n_human && n_human <= plan.n_human_high;
  }
  CHECK(2 * n_within > n_plans);
  const auto after = job.plan();
  CHECK(after.n_human == n_human);
  CHECK(after.n_human_low == n_human);
  CHECK(after.n_human_high == n_human);
  CHECK(job.report().plan.n_human == n_human);
}

TEST_CASE("LabelingJob::plan: of a pool that tells nothing about its classes nearly all is expected of people") {
  const GaussianPool pool(1500, 2, 0.0);
  auto job = make_job(pool, with_centroids());
  for (int round = 0; round < 12; ++round) {
    const auto batch = job.next_batch();
    REQUIRE(batch);
    answer(job, batch->items, pool.classes);
  }
  const auto plan = job.plan();
  CHECK(plan.n_asked < 500);
  CHECK(plan.n_human_high == 1500);
  CHECK(plan.n_human > plan.n_asked);
}

TEST_CASE(
    "LabelingJob::plan: when items have joined, the plan is what the old ones took and what others did of so many") {
  const GaussianPool pool(2000, 2, 6.0), more(6000, 2, 6.0, 2);
  auto job = make_job(pool, with_centroids());
  run(job, pool.classes);
  const auto n_asked = job.report().n_human;
  job.extend(more.features());
  REQUIRE(job.certificate());
  const auto plan = job.plan();
  check_order(plan);
  CHECK(plan.n_items == 8000);
  CHECK(plan.n_asked == n_asked);
  CHECK(plan.n_human == n_asked + plan_labeling(6000, 2, ErrorTarget{}).n_human);
  CHECK(plan.n_human_high <= n_asked + 6000);
}
