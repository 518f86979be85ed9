// The ledger's promise by simulation: over thousands of jobs in which everything is known, how often is its bound ever
// below the true number of wrong labels delivered? Promised: in at most a share `kDelta` of jobs, at all moments at
// once.

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "gtlabel/core/random.hpp"
#include "gtlabel/routing/audit_ledger.hpp"
#include "gtlabel/routing/certificate.hpp"
#include "statistics.hpp"

namespace {

using namespace gtlabel;
using Items = std::vector<ItemIndex>;

constexpr int kJobs = 4000;
constexpr double kDelta = 0.05;
constexpr double kMaxError = 0.05;

/// A job whose labels' truth is known to the test (and to an adversary), while the coins are known to the ledger alone.
class TrueJob {
 public:
  explicit TrueJob(std::uint64_t seed) : ledger_(kDelta, seed), random_(seed, RandomPurpose::user) {}

  /// Commits n new items of which about a share `error` (exactly n * error on average) is wrong.
  void commit(int n, double error) {
    const double expected = n * error;
    const int n_wrong = static_cast<int>(expected) + (random_.uniform() < expected - std::floor(expected) ? 1 : 0);
    Items items;
    for (int i = 0; i < n; ++i) {
      items.push_back(static_cast<ItemIndex>(is_wrong_.size()));
      is_wrong_.push_back(i < n_wrong);
    }
    wrong_delivered_ += n_wrong;
    n_committed_wrong_ += n_wrong;
    settle(ledger_.commit(items));
  }

  void raise_level(double level) {
    if (level > ledger_.level()) settle(ledger_.raise_level(level));
  }

  void relabel(const Items& items) {
    for (const ItemIndex item : items) {
      wrong_delivered_ -= is_wrong_[item] ? 1 : 0;
      ledger_.record(item, is_wrong_[item]);
    }
    look();
  }

  void withdraw(const Items& items) {
    for (const ItemIndex item : items) wrong_delivered_ -= is_wrong_[item] ? 1 : 0;
    ledger_.withdraw(items);
    look();
  }

  /// Up to n delivered items that are wrong, or right: an adversary knows.
  [[nodiscard]] Items pick(std::size_t n, bool wrong) const {
    Items picked;
    for (const ItemIndex item : ledger_.delivered()) {
      if (is_wrong_[item] == wrong && picked.size() < n) picked.push_back(item);
    }
    return picked;
  }

  [[nodiscard]] bool certify_now() const {
    return certify(ledger_, {kMaxError, kDelta}, std::ssize(is_wrong_)).has_value();
  }
  [[nodiscard]] bool is_broken() const { return is_broken_; }
  [[nodiscard]] bool is_above_target() const { return wrong_delivered_ > kMaxError * ledger_.n_delivered(); }
  [[nodiscard]] const AuditLedger& ledger() const { return ledger_; }
  [[nodiscard]] RandomStream& random() { return random_; }
  /// Errors found over those to be expected at this level.
  [[nodiscard]] double luck() const {
    return static_cast<double>(ledger_.errors_found()) / std::max(1.0, ledger_.level() * n_committed_wrong_);
  }

 private:
  void settle(const Items& due) {
    for (const ItemIndex item : due) wrong_delivered_ -= is_wrong_[item] ? 1 : 0;
    look();  // the bound holds while the audits are out, too
    for (const ItemIndex item : due) ledger_.record(item, is_wrong_[item]);
    look();
  }
  void look() { is_broken_ = is_broken_ || ledger_.wrong_at_most() < wrong_delivered_; }

  AuditLedger ledger_;
  RandomStream random_;
  std::vector<bool> is_wrong_;
  std::int64_t wrong_delivered_ = 0;
  double n_committed_wrong_ = 0.0;
  bool is_broken_ = false;
};

/// Runs the jobs and checks the promise; the share of jobs that end with a certificate is returned.
double check_promise(const std::string& name, const std::function<void(TrueJob&)>& play) {
  std::int64_t n_broken = 0, n_certified = 0, n_false = 0;
  for (int seed = 0; seed < kJobs; ++seed) {
    TrueJob job(static_cast<std::uint64_t>(seed));
    play(job);
    n_broken += job.is_broken() ? 1 : 0;
    if (!job.certify_now()) continue;
    ++n_certified;
    n_false += job.is_above_target() ? 1 : 0;
  }
  const auto share = [](std::int64_t n) { return 100.0 * static_cast<double>(n) / kJobs; };
  MESSAGE(name << ": bound ever below the truth in " << share(n_broken) << " % of " << kJobs
               << " jobs (promised: at most " << 100.0 * kDelta << " %), certified " << share(n_certified)
               << " %, falsely " << share(n_false) << " %");
  CHECK(n_broken <= gtlabel_test::binomial_quantile(kJobs, kDelta, 0.999));
  CHECK(n_false <= n_broken);
  return static_cast<double>(n_certified) / kJobs;
}

/// `n` audit levels, growing by a constant factor.
std::vector<double> levels(int n, double lowest, double highest) {
  std::vector<double> grid;
  for (int i = 0; i < n; ++i) grid.push_back(lowest * std::pow(highest / lowest, i / (n - 1.0)));
  return grid;
}

TEST_CASE("AuditLedger: the promise holds at the target's boundary, stopping as soon as the certificate passes") {
  const auto grid = levels(60, 0.01, 0.6);
  check_promise("one commit, 60 raises", [&](TrueJob& job) {
    job.commit(1000, kMaxError);
    for (const double level : grid) {
      job.raise_level(level);
      if (job.certify_now()) return;
    }
  });
}

TEST_CASE("AuditLedger: the promise holds for commits and raises in turn") {
  const auto grid = levels(48, 0.01, 0.5);
  check_promise("eight commits, 48 raises", [&](TrueJob& job) {
    for (std::size_t i = 0; i < grid.size(); ++i) {
      if (i % 6 == 0) job.commit(200, kMaxError);
      job.raise_level(grid[i]);
    }
  });
}

TEST_CASE("AuditLedger: the promise holds against an adversary who knows every label, but no coin") {
  const auto grid = levels(30, 0.02, 0.5);
  check_promise("adversary", [&](TrueJob& job) {
    job.commit(300, kMaxError);
    for (const double level : grid) {
      job.raise_level(level);
      if (job.luck() < 0.7 && job.ledger().n_delivered() < 1500) job.commit(100, 3.0 * kMaxError);
      if (job.luck() > 1.4) {
        job.withdraw(job.pick(50, false));
        job.withdraw(job.pick(5, true));
        job.commit(50, kMaxError);
      }
      switch (job.random().below(6)) {
        case 0: job.relabel(job.pick(3, true)); break;
        case 1: job.relabel(job.pick(20, false)); break;
        default: break;
      }
    }
  });
}

TEST_CASE("AuditLedger: the promise holds for who extends what is certified and falls back when that goes wrong") {
  const auto grid = levels(40, 0.02, 0.5);
  std::int64_t n_fallbacks = 0;
  check_promise("fallbacks", [&](TrueJob& job) {
    job.commit(1000, 0.3 * kMaxError);
    for (const double level : grid) {
      job.raise_level(level);
      if (job.certify_now()) {
        job.commit(150, 5.0 * kMaxError);
        continue;
      }
      const auto fallbacks = job.ledger().fallbacks();
      if (fallbacks.empty() || job.luck() < 1.0) continue;
      ++n_fallbacks;
      job.withdraw(fallbacks[job.random().below(fallbacks.size())].withdrawn);
      job.relabel(job.pick(2, true));
    }
  });
  CHECK(n_fallbacks > kJobs / 10);
}

TEST_CASE("AuditLedger: the promise is not bought with silence: at 0.3 of the target nearly all jobs are certified") {
  const auto grid = levels(25, 0.02, 0.4);
  const double certified = check_promise("0.3 of the target", [&](TrueJob& job) {
    job.commit(1500, 0.3 * kMaxError);
    for (const double level : grid) {
      job.raise_level(level);
      if (job.certify_now()) return;
    }
  });
  CHECK(certified > 0.95);
}

}  // namespace
