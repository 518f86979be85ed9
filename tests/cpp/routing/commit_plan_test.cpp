#include "gtlabel/routing/commit_plan.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "gtlabel/core/random.hpp"
#include "gtlabel/routing/audit_ledger.hpp"
#include "gtlabel/routing/certificate.hpp"

namespace {

using namespace gtlabel;

/// Risks that grow from 0 to `highest` along a power of the rank: `shape` 1 is a straight line, more is a longer flat
/// start.
std::vector<double> risks_of(std::size_t n, double highest, double shape) {
  std::vector<double> risks;
  for (std::size_t i = 0; i < n; ++i) {
    risks.push_back(highest * std::pow(static_cast<double>(i + 1) / static_cast<double>(n), shape));
  }
  return risks;
}

CommitPlan plan(const std::vector<double>& risks, const ErrorTarget& target = {}) {
  return plan_commit(risks, AuditState{}, target, static_cast<std::int64_t>(risks.size()));
}

TEST_CASE("plan_commit: plans nothing where even a model that is never wrong does not pay") {
  for (const std::size_t n : {0u, 1u, 30u, 80u}) {
    const auto nothing = plan(std::vector<double>(n, 0.0));
    CHECK_FALSE(nothing.certifies);
    CHECK(nothing.n_commit == 0);
    CHECK(nothing.level == 0.0);
    CHECK(nothing.expected_humans == static_cast<double>(n));
  }
}

TEST_CASE("plan_commit: commits everything that has no risk") {
  for (const std::size_t n : {1000u, 10000u, 100000u}) {
    const auto all = plan(std::vector<double>(n, 0.0));
    CHECK(all.certifies);
    CHECK(all.n_commit == static_cast<std::int64_t>(n));
    CHECK(all.expected_wrong == 0.0);
    CHECK(all.expected_humans < 120.0);  // the price of a certificate does not grow with the pool
  }
}

TEST_CASE("plan_commit: plans nothing where every label is as likely wrong as the target allows") {
  const auto nothing = plan(std::vector<double>(5000, 0.05));
  CHECK_FALSE(nothing.certifies);
  CHECK(nothing.n_commit == 0);
  CHECK(nothing.expected_humans == 5000.0);
}

TEST_CASE("plan_commit: stops before the risky tail, keeps well below the target, and its sums agree") {
  std::vector<double> risks(6000, 0.005);
  risks.resize(10000, 0.6);
  const auto plan_of_start = plan(risks);
  CHECK(plan_of_start.certifies);
  CHECK(plan_of_start.n_commit >= 6000);
  CHECK(plan_of_start.n_commit < 6500);
  const auto n = static_cast<std::size_t>(plan_of_start.n_commit);
  CHECK(plan_of_start.expected_wrong == doctest::Approx(std::accumulate(risks.begin(), risks.begin() + n, 0.0)));
  CHECK(plan_of_start.expected_wrong < 0.05 * plan_of_start.n_commit);
  CHECK(plan_of_start.expected_humans ==
        doctest::Approx(10000.0 - plan_of_start.n_commit + plan_of_start.level * plan_of_start.n_commit));
}

TEST_CASE("plan_commit: smaller risks never mean more people, nor fewer commits beyond a step of the search") {
  int n_compared = 0;
  for (const std::size_t n : {1000u, 5000u, 20000u}) {
    for (const double shape : {1.0, 2.0, 4.0, 10.0}) {
      for (const double highest : {0.1, 0.3, 0.8}) {
        auto risks = risks_of(n, highest, shape);
        CommitPlan last = plan(risks);
        for (int step = 0; step < 12; ++step, ++n_compared) {
          for (double& risk : risks) risk *= 0.8;
          const CommitPlan next = plan(risks);
          CAPTURE(n);
          CAPTURE(shape);
          CAPTURE(highest);
          CAPTURE(step);
          CHECK(next.n_commit >= last.n_commit - static_cast<std::int64_t>(n / 100));
          CHECK(next.expected_humans <= last.expected_humans);
          last = next;
        }
      }
    }
  }
  CHECK(n_compared == 432);
}

TEST_CASE("plan_commit: what is certified already costs nothing more") {
  const AuditState done{.level = 0.1, .delivered = 3000};
  const auto rest = plan_commit({}, done, ErrorTarget{}, 4000);
  CHECK(rest.certifies);
  CHECK(rest.n_commit == 0);
  CHECK(rest.level == 0.1);
  CHECK(rest.expected_humans == 0.0);
}

TEST_CASE("plan_commit: the level never falls, and errors found make the plan dearer") {
  const auto risks = risks_of(5000, 0.05, 2.0);
  double last = 0.0;
  for (const std::int64_t found : {0, 2, 5, 10}) {
    const AuditState state{.level = 0.05, .delivered = 2000, .errors_found = found, .expected_wrong = 20.0};
    const auto dearer = plan_commit(risks, state, ErrorTarget{}, 7000);
    CHECK(dearer.level >= 0.05);
    CHECK(dearer.expected_humans >= last);
    last = dearer.expected_humans;
  }
}

TEST_CASE("plan_commit: labels known to be wrong are credited") {
  const std::vector<double> risks(3000, 0.02);
  const AuditState without{.level = 0.05, .delivered = 2000, .errors_found = 4, .expected_wrong = 40.0};
  AuditState with = without;
  with.known_wrong = 30;
  CHECK(plan_commit(risks, with, {}, 5000).expected_humans < plan_commit(risks, without, {}, 5000).expected_humans);
}

TEST_CASE("plan_commit: of the dataset, the same risks need no more people") {
  for (const double shape : {1.0, 3.0}) {
    const auto risks = risks_of(5000, 0.4, shape);
    const auto of_labels = plan_commit(risks, {}, ErrorTarget{}, 8000);
    const auto of_dataset = plan_commit(risks, {}, ErrorTarget{.of = ErrorScope::dataset}, 8000);
    CHECK(of_dataset.certifies);
    CHECK(of_dataset.expected_humans <= of_labels.expected_humans);
    CHECK(of_dataset.n_commit >= of_labels.n_commit);
  }
}

TEST_CASE("plan_commit: about half of the audits that it plans do certify, where the risks are true") {
  const std::vector<double> risks(4000, 0.015);
  const auto planned = plan(risks);
  REQUIRE(planned.n_commit == 4000);
  int n_certified = 0;
  constexpr int kJobs = 400;
  for (std::uint64_t seed = 0; seed < kJobs; ++seed) {
    AuditLedger ledger(0.05, seed);
    std::vector<ItemIndex> items(4000);
    std::iota(items.begin(), items.end(), 0);
    ledger.commit(items);
    RandomStream truth(seed, RandomPurpose::user);
    for (const ItemIndex item : ledger.raise_level(planned.level)) ledger.record(item, truth.uniform() < 0.015);
    n_certified += certify(ledger, ErrorTarget{}, 4000) ? 1 : 0;
  }
  CHECK(n_certified > 0.35 * kJobs);
  CHECK(n_certified < 0.85 * kJobs);
}

TEST_CASE("expected_audits: 10,000 labels at 5 % and 5 %, against the formula solved apart") {
  // By a ledger that expects what is planned: the level at which M = 20, by bisection; a single b = 0 would need
  // ln(20) * 20 = 60 where nothing is wrong. The grid of levels rounds up by at most 8 %.
  const auto within = [](double audits, double exact) { return audits >= 0.99 * exact && audits <= 1.09 * exact; };
  CHECK(within(expected_audits(10000, 0.0, {}), 71.3));
  CHECK(within(expected_audits(10000, 0.005, {}), 96.2));
  CHECK(within(expected_audits(10000, 0.01, {}), 138.4));
  CHECK(within(expected_audits(10000, 0.02, {}), 311.1));
}

TEST_CASE("expected_audits: grow with the error, not with the pool; none do at the target") {
  double last = 0.0;
  for (const double error : {0.0, 0.01, 0.02, 0.03, 0.035}) {
    const double audits = expected_audits(20000, error, {});
    CHECK(audits > last);
    last = audits;
  }
  CHECK(expected_audits(1'000'000, 0.01, {}) < 1.1 * expected_audits(20000, 0.01, {}));
  CHECK(expected_audits(10000, 0.05, {}) < 0.0);
  CHECK(expected_audits(10000, 0.9, {}) < 0.0);
  CHECK(expected_audits(10, 0.0, {}) < 0.0);  // fewer labels than a certificate needs audits
}

}  // namespace
