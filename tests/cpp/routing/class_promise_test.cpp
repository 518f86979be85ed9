// The promise of several ledgers by simulation: over thousands of pools in which everything is known, how often is the
// bound of any class ever below the truth? Promised: in at most a share `kDelta` of pools, for all classes and moments
// at once.

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "gtlabel/core/random.hpp"
#include "gtlabel/routing/audit_ledgers.hpp"
#include "gtlabel/routing/certificate.hpp"
#include "statistics.hpp"

namespace {

using namespace gtlabel;

constexpr int kPools = 1000;
constexpr std::size_t kClasses = 6;
constexpr double kDelta = 0.1;
constexpr double kMaxError = 0.1;

/// A pool whose labels' truth the test and an adversary know, and whose coins the ledgers alone know.
class TruePool {
 public:
  TruePool(double failure_probability, std::uint64_t seed)
      : ledgers(failure_probability, kClasses, seed), random(seed, RandomPurpose::user), wrong_(kClasses, 0.0) {}

  void commit(std::size_t c, int n, double error) {
    std::vector<ItemIndex> items;
    const int n_wrong = static_cast<int>(std::lround(n * error));
    for (int i = 0; i < n; ++i) {
      items.push_back(static_cast<ItemIndex>(is_wrong_.size()));
      is_wrong_.push_back(i < n_wrong);
    }
    wrong_[c] += n_wrong;
    expected_[c] += n_wrong;
    settle(c, ledgers[c].commit(items));
  }
  void raise_level(std::size_t c, double level) { settle(c, ledgers[c].raise_level(level)); }
  void withdraw(std::size_t c) {
    ledgers[c].withdraw(ledgers[c].delivered());
    wrong_[c] = 0.0;
  }
  /// Errors found in a class over those to be expected at its level.
  [[nodiscard]] double luck(std::size_t c) const {
    return static_cast<double>(ledgers[c].errors_found()) / std::max(1.0, ledgers[c].level() * expected_[c]);
  }
  [[nodiscard]] bool is_certified(std::size_t c) const {
    return certify(ledgers[c], ledgers.target_of_each({kMaxError, kDelta}), 1'000'000).has_value();
  }
  /// Whether a certificate is shown though some class's labels do not meet the target.
  [[nodiscard]] bool is_falsely_certified() const {
    if (!certify(ledgers, {kMaxError, 0.9999, ErrorScope::auto_labels, true}, 1'000'000)) return false;
    for (std::size_t c = 0; c < kClasses; ++c) {
      if (wrong_[c] > kMaxError * static_cast<double>(ledgers[c].n_delivered())) return true;
    }
    return false;
  }
  [[nodiscard]] bool is_broken() const { return is_broken_; }

  AuditLedgers ledgers;
  RandomStream random;

 private:
  void settle(std::size_t c, const std::vector<ItemIndex>& due) {
    for (const ItemIndex item : due) {
      wrong_[c] -= is_wrong_[item] ? 1.0 : 0.0;
      ledgers[c].record(item, is_wrong_[item]);
    }
    is_broken_ = is_broken_ || static_cast<double>(ledgers[c].wrong_at_most()) < wrong_[c];
  }

  std::vector<bool> is_wrong_;
  std::vector<double> wrong_;
  std::vector<double> expected_ = std::vector<double>(kClasses, 0.0);
  bool is_broken_ = false;
};

/// The number of pools in which a bound was ever below the truth.
std::int64_t count_broken(const std::string& name, double failure_probability,
                          const std::function<void(TruePool&)>& play) {
  std::int64_t n_broken = 0, n_false = 0;
  for (int seed = 0; seed < kPools; ++seed) {
    TruePool pool(failure_probability, static_cast<std::uint64_t>(seed));
    play(pool);
    n_broken += pool.is_broken() ? 1 : 0;
    n_false += pool.is_falsely_certified() ? 1 : 0;
  }
  MESSAGE(name << ": a bound below the truth in " << 100.0 * n_broken / kPools << " % of " << kPools
               << " pools, falsely certified at the end " << 100.0 * n_false / kPools << " %");
  CHECK(n_false <= n_broken);
  return n_broken;
}

const std::int64_t kAllowed = gtlabel_test::binomial_quantile(kPools, kDelta, 0.999);

/// All classes at the boundary of the target, of sizes from 60 up, audited in turn.
void play_boundary(TruePool& pool) {
  for (std::size_t c = 0; c < kClasses; ++c) pool.commit(c, 60 << c % 4, kMaxError);
  for (int step = 1; step <= 18; ++step) {
    for (std::size_t c = 0; c < kClasses; ++c) pool.raise_level(c, 0.05 * step);
  }
}

TEST_CASE("AuditLedgers: the promise holds for all classes at once at the target's boundary") {
  CHECK(count_broken("boundary", kDelta, play_boundary) <= kAllowed);
}

TEST_CASE("AuditLedgers: and would not, did each ledger keep the whole failure probability") {
  const double all_fail = -std::expm1(static_cast<double>(kClasses) * std::log1p(-kDelta));
  CHECK(count_broken("not shared", all_fail, play_boundary) > kAllowed);
}

TEST_CASE("AuditLedgers: the promise holds against an adversary who hides the classes where luck has left him") {
  const auto broken = count_broken("adversary", kDelta, [](TruePool& pool) {
    for (std::size_t c = 0; c < kClasses; ++c) {
      pool.commit(c, 150, 1.1 * kMaxError);
      for (int step = 1; step <= 24; ++step) {
        pool.raise_level(c, 0.03 * step);
        if (pool.is_certified(c)) break;
        if (pool.luck(c) < 0.6 && pool.ledgers[c].n_delivered() < 600) pool.commit(c, 60, 2.0 * kMaxError);
      }
      // Goes back to a class of before with what this one taught, or gives this one up unseen.
      const std::size_t other = pool.random.below(c + 1);
      if (pool.is_certified(other)) pool.commit(other, 20, 3.0 * kMaxError);
      if (!pool.is_certified(c)) pool.withdraw(c);
      if (!pool.is_certified(other)) pool.withdraw(other);
    }
  });
  CHECK(broken <= kAllowed);
}

}  // namespace
