// The promise of the exact audit by simulation: over thousands of jobs in which everything is known, how often is its
// bound ever below the true number of wrong labels delivered? Promised: in at most a share `kDelta` of jobs, at all
// looks together.

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <numeric>
#include <string>
#include <vector>

#include "gtlabel/core/random.hpp"
#include "gtlabel/routing/audit_ledger.hpp"
#include "gtlabel/routing/certificate.hpp"
#include "gtlabel/routing/exact_audit.hpp"
#include "statistics.hpp"

namespace {

using namespace gtlabel;

constexpr int kJobs = 4000;
constexpr double kDelta = 0.05;
constexpr double kMaxError = 0.05;

/// A ranking whose truth is known to the test, under an exact audit.
class TrueAudit {
 public:
  TrueAudit(std::vector<std::uint8_t> is_wrong, ExactAuditDesign design, std::uint64_t seed)
      : is_wrong_(std::move(is_wrong)), ledger_(kDelta, seed), random_(seed, RandomPurpose::user) {
    std::vector<ItemIndex> ranking(is_wrong_.size());
    std::iota(ranking.begin(), ranking.end(), ItemIndex{0});
    ledger_.commit_exactly(ranking, std::move(design), kDelta);
  }

  /// The next look. @return false if there is none.
  bool look() {
    const auto& levels = ledger_.exact_audit().design().levels;
    const std::size_t n = ledger_.exact_progress().n_looks;
    if (n == levels.size()) return false;
    const auto due = ledger_.raise_level(levels[n]);
    check();
    for (const ItemIndex item : due) ledger_.record(item, is_wrong_[item] != 0);
    check();
    return true;
  }
  /// Withdraws all beyond the last prefix that can be delivered. @return whether there is one.
  bool deliver(bool of_dataset) {
    const auto progress = ledger_.exact_progress();
    for (std::size_t p = progress.n_proved; p-- > 0;) {
      const auto& prefix = progress.claims[p];
      const auto scope = static_cast<double>(of_dataset ? std::ssize(is_wrong_) : prefix.n_open);
      const bool of_undrawn = ledger_.exact_audit().design().of_undrawn;
      const auto wrong = static_cast<double>(prefix.bound - (of_undrawn ? 0 : prefix.n_wrong));
      if (prefix.n_open == 0 || wrong > kMaxError * scope) continue;
      ledger_.withdraw(ledger_.exact_open_beyond(p));
      check();
      return true;
    }
    return false;
  }
  /// A free answer about a delivered item that is wrong, or right: an adversary knows.
  void relabel(bool wrong) {
    for (const ItemIndex item : ledger_.delivered()) {
      if ((is_wrong_[item] != 0) != wrong) continue;
      ledger_.record(item, wrong);
      break;
    }
    check();
  }
  void withdraw_some(bool wrong) {
    std::vector<ItemIndex> items;
    for (const ItemIndex item : ledger_.delivered()) {
      if ((is_wrong_[item] != 0) == wrong && items.size() < 5) items.push_back(item);
    }
    ledger_.withdraw(items);
    check();
  }

  [[nodiscard]] bool is_certified(ErrorScope of) const {
    return certify(ledger_, {kMaxError, kDelta, of}, std::ssize(is_wrong_)).has_value();
  }
  [[nodiscard]] bool is_above_target(bool of_dataset) const {
    return wrong_delivered() >
           kMaxError * static_cast<double>(of_dataset ? std::ssize(is_wrong_) : ledger_.n_delivered());
  }
  [[nodiscard]] bool is_broken() const { return is_broken_; }
  [[nodiscard]] AuditLedger& ledger() { return ledger_; }
  [[nodiscard]] RandomStream& random() { return random_; }

 private:
  [[nodiscard]] double wrong_delivered() const {
    double n = 0;
    for (const ItemIndex item : ledger_.delivered()) n += is_wrong_[item];
    return n;
  }
  void check() { is_broken_ = is_broken_ || static_cast<double>(ledger_.wrong_at_most()) < wrong_delivered(); }

  std::vector<std::uint8_t> is_wrong_;
  AuditLedger ledger_;
  RandomStream random_;
  bool is_broken_ = false;
};

/// Wrong labels spread evenly over the ranking, `share` of each part; `parts` are sizes.
std::vector<std::uint8_t> ranking(const std::vector<std::pair<int, double>>& parts) {
  std::vector<std::uint8_t> is_wrong;
  double owed = 0.0;
  for (const auto& [n, share] : parts) {
    for (int i = 0; i < n; ++i) {
      owed += share;
      is_wrong.push_back(owed >= 1.0 ? 1 : 0);
      owed -= is_wrong.back();
    }
  }
  return is_wrong;
}

struct Outcome {
  double broken, certified, falsely;
};

Outcome check_promise(const std::string& name, ErrorScope of, const std::vector<std::uint8_t>& truth,
                      const ExactAuditDesign& design, const std::function<void(TrueAudit&)>& play) {
  std::int64_t n_broken = 0, n_certified = 0, n_false = 0;
  for (int seed = 0; seed < kJobs; ++seed) {
    TrueAudit audit(truth, design, static_cast<std::uint64_t>(seed));
    play(audit);
    n_broken += audit.is_broken() ? 1 : 0;
    if (!audit.is_certified(of)) continue;
    ++n_certified;
    n_false += audit.is_above_target(of == ErrorScope::dataset) ? 1 : 0;
  }
  const auto share = [](std::int64_t n) { return static_cast<double>(n) / kJobs; };
  MESSAGE(name << ": bound ever below the truth in " << 100.0 * share(n_broken) << " % of " << kJobs
               << " jobs (promised: at most " << 100.0 * kDelta << " %), certified " << 100.0 * share(n_certified)
               << " %, falsely " << 100.0 * share(n_false) << " %");
  CHECK(n_broken <= gtlabel_test::binomial_quantile(kJobs, kDelta, 0.999));
  CHECK(n_false <= n_broken);
  return {share(n_broken), share(n_certified), share(n_false)};
}

/// Claims about prefixes in steps, each worth delivering after the audits of the last look but few.
ExactAuditDesign design_for(std::int64_t first, std::int64_t last, std::int64_t step, double level, int n_looks) {
  ExactAuditDesign design;
  for (std::int64_t k = first; k <= last; k += step) {
    design.prefixes.push_back(k);
    design.bounds.push_back(static_cast<std::int64_t>(kMaxError * static_cast<double>(k) * (1.0 - 1.4 * level)));
  }
  for (int i = 0; i < n_looks; ++i) design.levels.push_back(level * std::pow(1.2, i));
  return design;
}

/// A library's design with fewer claims: each costs the simulation an exact computation in every job.
ExactAuditDesign design_by_library(std::size_t n_items, double error) {
  const std::vector<double> risks(n_items, error);
  const auto whole = design_exact_audit(risks, planning_target({kMaxError, kDelta}, kDelta),
                                        static_cast<std::int64_t>(n_items), kDelta);
  REQUIRE(whole.has_value());
  ExactAuditDesign design{{}, {}, whole->levels, whole->parts};
  for (std::size_t i = 0; i < whole->prefixes.size(); ++i) {
    if (i % 24 > 1 && i + 2 < whole->prefixes.size()) continue;
    design.prefixes.push_back(whole->prefixes[i]);
    design.bounds.push_back(whole->bounds[i]);
  }
  return design;
}

/// Looks until something can be delivered.
void play_until_delivered(TrueAudit& audit, bool of_dataset) {
  while (audit.look()) {
    if (audit.deliver(of_dataset)) return;
  }
}

TEST_CASE("exact audit: the promise holds where every claim is just false, and what it allows is used") {
  ExactAuditDesign design = design_for(1000, 1000, 1, 0.07, 5);
  design.bounds = {49};
  const auto outcome =
      check_promise("just false", ErrorScope::auto_labels, ranking({{1000, kMaxError}}), design, [](TrueAudit& audit) {
        while (audit.look()) {
        }
      });
  CHECK(outcome.broken > 0.03);
}

TEST_CASE("exact audit: the promise holds at the target's boundary for who stops as soon as something is certified") {
  const auto design = design_by_library(1000, 0.25 * kMaxError);
  check_promise("all at the boundary", ErrorScope::auto_labels, ranking({{1000, kMaxError}}), design,
                [](TrueAudit& audit) { play_until_delivered(audit, false); });
}

TEST_CASE("exact audit: the promise holds where longer prefixes cross the boundary one by one") {
  // The first prefixes are good, so the sequence gets to those that are just above.
  check_promise("crossing", ErrorScope::auto_labels, ranking({{500, 0.02}, {700, 0.075}, {300, 0.2}}),
                design_for(400, 1500, 100, 0.1, 4), [](TrueAudit& audit) {
                  for (int look = 0; look < 4 && audit.look(); ++look) {
                  }
                  audit.deliver(false);
                });
}

TEST_CASE("exact audit: the promise holds of a whole dataset") {
  ExactAuditDesign design;
  for (std::int64_t k = 300; k <= 2000; k += 170) {
    design.prefixes.push_back(k);
    design.bounds.push_back(k < 1900 ? 108 : 100);  // eight found errors counted on
  }
  design.levels = {0.15, 0.18};
  const auto outcome = check_promise("dataset", ErrorScope::dataset, ranking({{600, 0.02}, {600, 0.12}, {800, 0.4}}),
                                     design, [](TrueAudit& audit) { play_until_delivered(audit, true); });
  CHECK(outcome.certified > 0.9);
}

const std::vector<std::pair<int, double>> kMixed = {{600, 0.02}, {600, 0.12}, {800, 0.4}};

/// As predicted, of a ranking of kMixed.
ExactAuditDesign dataset_design(std::int64_t n_allowed) {
  std::vector<double> risks;
  for (const auto& [n, share] : kMixed) risks.insert(risks.end(), static_cast<std::size_t>(n), share);
  const auto design = design_dataset_audit(risks, n_allowed, kDelta);
  REQUIRE(design.has_value());
  return *design;
}

TEST_CASE("exact audit of what is not drawn: the promise holds of a whole dataset, and what it allows is used") {
  const auto once = check_promise("dataset, one look", ErrorScope::dataset, ranking(kMixed), dataset_design(100),
                                  [](TrueAudit& audit) { play_until_delivered(audit, true); });
  CHECK(once.certified > 0.99);
  CHECK(once.broken > 0.02);
  check_promise("dataset, all looks", ErrorScope::dataset, ranking(kMixed), dataset_design(100), [](TrueAudit& audit) {
    while (audit.look()) {
    }
    audit.deliver(true);
  });
}

TEST_CASE("exact audit of what is not drawn: the promise holds where hardly more labels are wrong than may be") {
  check_promise("dataset, few wrong", ErrorScope::dataset, ranking({{1900, 0.0}, {100, 1.0}}), dataset_design(40),
                [](TrueAudit& audit) { play_until_delivered(audit, true); });
  check_promise("dataset, all at once", ErrorScope::dataset, ranking({{1000, 0.0}, {110, 1.0}, {890, 0.0}}),
                dataset_design(100), [](TrueAudit& audit) { play_until_delivered(audit, true); });
}

TEST_CASE("exact audit of what is not drawn: the promise holds against an adversary who knows every label, no coin") {
  check_promise("dataset, adversary", ErrorScope::dataset, ranking(kMixed), dataset_design(100), [](TrueAudit& audit) {
    while (audit.look()) {
      switch (audit.random().below(5)) {
        case 0: audit.relabel(true); break;
        case 1: audit.relabel(false); break;
        case 2: audit.withdraw_some(false); break;
        case 3: audit.withdraw_some(true); break;
        default: break;
      }
      if (audit.random().below(3) == 0 && audit.deliver(true)) return;
    }
    audit.deliver(true);
  });
}

TEST_CASE("exact audit: the promise holds of a design with one look that counts") {
  const std::vector<std::pair<int, double>> parts = {{1500, 0.01}, {1000, 0.05}, {1500, 0.3}};
  std::vector<double> risks;
  for (const auto& [n, share] : parts) risks.insert(risks.end(), static_cast<std::size_t>(n), share);
  auto whole = design_exact_audit(risks, planning_target({kMaxError, kDelta}, kDelta), 4000, kDelta);
  REQUIRE(whole.has_value());
  REQUIRE(whole->parts.size() > 1);
  REQUIRE(whole->parts.front() > 0.5);
  ExactAuditDesign design{{}, {}, whole->levels, whole->parts};
  for (std::size_t i = 0; i < whole->prefixes.size(); i += 8) {
    design.prefixes.push_back(whole->prefixes[i]);
    design.bounds.push_back(whole->bounds[i]);
  }
  const auto outcome = check_promise("one look", ErrorScope::auto_labels, ranking(parts), design,
                                     [](TrueAudit& audit) { play_until_delivered(audit, false); });
  CHECK(outcome.certified > 0.8);
}

TEST_CASE("exact audit: the promise holds against an adversary who knows every label, but no coin") {
  check_promise(
      "adversary", ErrorScope::auto_labels, ranking({{300, 0.04}, {900, 0.055}}), design_for(300, 1200, 150, 0.06, 5),
      [](TrueAudit& audit) {
        while (audit.look()) {
          switch (audit.random().below(5)) {
            case 0: audit.relabel(true); break;
            case 1: audit.relabel(false); break;
            case 2: audit.withdraw_some(false); break;
            case 3: audit.withdraw_some(true); break;
            default: break;
          }
          // Stops where little was found, goes on where much was.
          if (audit.ledger().errors_found() * 3 < audit.ledger().n_audited() * kMaxError * 2 && audit.deliver(false)) {
            return;
          }
        }
        audit.deliver(false);
      });
}

TEST_CASE("exact audit: the promise is not bought with silence: at 0.3 of the target most jobs are certified") {
  const auto design = design_by_library(1000, 0.3 * kMaxError);
  const auto outcome = check_promise("0.3 of the target", ErrorScope::auto_labels, ranking({{1000, 0.3 * kMaxError}}),
                                     design, [](TrueAudit& audit) { play_until_delivered(audit, false); });
  CHECK(outcome.certified > 0.8);
}

}  // namespace
