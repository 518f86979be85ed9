#include "gtlabel/routing/exact_audit.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

#include "gtlabel/core/error.hpp"
#include "gtlabel/core/random.hpp"
#include "gtlabel/routing/audit_ledger.hpp"

namespace {

using namespace gtlabel;
using Counts = std::vector<std::int64_t>;

/// The chance that at most `most` of n_wrong of n_items are among n_drawn, as a quotient of products.
double at_most(std::int64_t most, std::int64_t n_items, std::int64_t n_wrong, std::int64_t n_drawn) {
  double sum = 0.0;
  for (std::int64_t x = 0; x <= most; ++x) {
    double chance = 1.0;
    // The x wrong ones first, in any of the orders.
    for (std::int64_t i = 0; i < x; ++i) {
      chance *= static_cast<double>(n_wrong - i) / static_cast<double>(n_items - i) * static_cast<double>(n_drawn - i) /
                static_cast<double>(i + 1);
    }
    for (std::int64_t i = x; i < n_drawn; ++i) {
      chance *= static_cast<double>(n_items - n_wrong - (i - x)) / static_cast<double>(n_items - i);
    }
    sum += chance;
  }
  return sum;
}

TEST_CASE("acceptance_numbers: one look is the exact hypergeometric test") {
  for (const std::int64_t drawn : {59, 100, 150, 300}) {
    const Counts numbers = acceptance_numbers(1000, Counts{drawn}, 50, 0.05);
    CAPTURE(drawn);
    REQUIRE(numbers.size() == 1);
    if (numbers[0] >= 0) CHECK(at_most(numbers[0], 1000, 51, drawn) <= 0.05);
    CHECK(at_most(numbers[0] + 1, 1000, 51, drawn) > 0.05);
  }
}

TEST_CASE("acceptance_numbers: what cannot be false is accepted whatever is found, a negative claim never") {
  CHECK(acceptance_numbers(40, Counts{3, 10}, 40, 0.05) == Counts{3, 10});
  CHECK(acceptance_numbers(40, Counts{3, 10}, -1, 0.05) == Counts{-1, -1});
}

TEST_CASE("acceptance_numbers: all looks together accept a false claim with at most the failure probability") {
  const Counts drawn{60, 75, 95, 120, 150, 190};
  const Counts numbers = acceptance_numbers(1000, drawn, 50, 0.05);
  RandomStream random(7, RandomPurpose::user);
  int n_accepted = 0;
  constexpr int kRuns = 10000;
  for (int run = 0; run < kRuns; ++run) {
    std::int64_t left = 1000, wrong = 51, n = 0, found = 0;
    for (std::size_t look = 0; look < drawn.size(); ++look) {
      for (; n < drawn[look]; ++n, --left) {
        if (random.uniform() * static_cast<double>(left) >= static_cast<double>(wrong)) continue;
        --wrong;
        ++found;
      }
      if (found > numbers[look]) continue;
      ++n_accepted;
      break;
    }
  }
  const double share = static_cast<double>(n_accepted) / kRuns;
  CHECK(share <= 0.05 + 3.0 * std::sqrt(0.05 * 0.95 / kRuns));
  CHECK(share >= 0.03);  // and does not waste it
}

TEST_CASE("acceptance_numbers: large pools, where most chances underflow, are no license to accept") {
  const Counts numbers = acceptance_numbers(100'000, Counts{2'000}, 9'999, 0.05);
  // 200 are expected; the deviation is 13.
  CHECK(numbers[0] > 170);
  CHECK(numbers[0] < 185);
}

TEST_CASE("acceptance_numbers: with parts each look takes its own, and the next what is left of it") {
  const std::vector<double> parts{0.9, 0.1};
  const Counts numbers = acceptance_numbers(1000, Counts{150, 300}, 50, 0.05, parts);
  REQUIRE(numbers.size() == 2);
  const double first = at_most(numbers[0], 1000, 51, 150);
  CHECK(first <= 0.045);
  CHECK(at_most(numbers[0] + 1, 1000, 51, 150) > 0.045);
  CHECK(first + at_most(numbers[1], 1000, 51, 300) <= 0.05);
  CHECK(first + at_most(numbers[1] + 1, 1000, 51, 300) > 0.05);
}

TEST_CASE("undrawn_acceptance_numbers: with one error more found there would be one wrong label more to be drawn") {
  const std::vector<double> parts{0.9, 0.1};
  for (const std::int64_t bound : {0, 20, 100}) {
    const Counts numbers = undrawn_acceptance_numbers(1000, Counts{120, 300}, bound, 0.05, parts);
    CAPTURE(bound);
    REQUIRE(numbers.size() == 2);
    const auto chance = [&](std::int64_t number, std::int64_t drawn) {
      return at_most(number, 1000, bound + 1 + number, drawn);
    };
    const double first = numbers[0] < 0 ? 0.0 : chance(numbers[0], 120);
    CHECK(first <= 0.045);
    CHECK(chance(numbers[0] + 1, 120) > 0.045);
    const double second = numbers[1] < 0 ? 0.0 : chance(numbers[1], 300);
    CHECK(first + second <= 0.05);
    CHECK(first + chance(numbers[1] + 1, 300) > 0.05);
  }
  // So few are not drawn that no more than the bound can be wrong.
  CHECK(undrawn_acceptance_numbers(100, Counts{40, 95}, 60, 0.05, parts) == Counts{40, 95});
}

TEST_CASE("acceptance_numbers: parts for another number of looks are refused") {
  const std::vector<double> one{1.0};
  CHECK_THROWS_AS((void)acceptance_numbers(100, Counts{20, 40}, 5, 0.05, one), InvalidArgument);
  CHECK_THROWS_AS((void)undrawn_acceptance_numbers(100, Counts{20, 40}, 5, 0.05, one), InvalidArgument);
  CHECK_THROWS_AS((void)undrawn_acceptance_numbers(100, Counts{20}, 5, 0.05, {}), InvalidArgument);
}

TEST_CASE("ExactAudit: a prefix is proved only if all before it are") {
  const ExactAuditDesign design{{500, 800, 1000}, {20, 32, 40}, {0.2, 0.4}};
  std::vector<double> coins(1000);
  for (std::size_t i = 0; i < coins.size(); ++i) coins[i] = (static_cast<double>(i % 100) + 0.5) / 100.0;
  const ExactAudit audit(design, coins, 0.05);
  CHECK(audit.n_looks(0.1) == 0);
  CHECK(audit.n_looks(0.2) == 1);
  CHECK(audit.acceptance(0, 0) < audit.acceptance(0, 1));
  CHECK(audit.n_proved(Counts{0, 0, 0, 0, 0, 0}, 1) == 3);
  CHECK(audit.n_proved(Counts{0, 0, 0, 0, 0, 0}, 0) == 0);
  CHECK(audit.n_proved(Counts{0, 0, 90, 90, 0, 0}, 2) == 1);
  CHECK(audit.n_proved(Counts{90, 90, 0, 0, 0, 0}, 2) == 0);
  // Proved at an earlier look, it stays proved.
  CHECK(audit.n_proved(Counts{0, 90, 0, 90, 0, 90}, 2) == 3);
}

TEST_CASE("ExactAudit: refuses a design that does not fit") {
  const std::vector<double> coins(10, 0.5);
  const auto audit = [&](ExactAuditDesign design) { return ExactAudit(std::move(design), coins, 0.05); };
  CHECK_NOTHROW(audit({{5, 10}, {1, 2}, {0.1, 0.2}}));
  CHECK_THROWS_AS(audit({{}, {}, {0.1}}), InvalidArgument);
  CHECK_THROWS_AS(audit({{5, 10}, {1, 2}, {}}), InvalidArgument);
  CHECK_THROWS_AS(audit({{5, 10}, {1}, {0.1}}), InvalidArgument);
  CHECK_THROWS_AS(audit({{10, 5}, {1, 2}, {0.1}}), InvalidArgument);
  CHECK_THROWS_AS(audit({{5, 11}, {1, 2}, {0.1}}), InvalidArgument);
  CHECK_THROWS_AS(audit({{5, 10}, {1, -1}, {0.1}}), InvalidArgument);
  CHECK_THROWS_AS(audit({{5, 10}, {1, 2}, {0.2, 0.1}}), InvalidArgument);
  CHECK_THROWS_AS(audit({{5, 10}, {1, 2}, {1.0}}), InvalidArgument);
  CHECK_NOTHROW(audit({{5, 10}, {2, 2}, {0.1, 0.2}, {0.9, 0.1}, true}));
  CHECK_THROWS_AS(audit({{5, 10}, {2, 2}, {0.1, 0.2}, {}, true}), InvalidArgument);
  CHECK_THROWS_AS(audit({{5, 10}, {1, 2}, {0.1, 0.2}, {0.9, 0.1}, true}), InvalidArgument);
  CHECK_THROWS_AS(audit({{5, 10}, {2, 2}, {0.1, 0.2}, {0.9}}), InvalidArgument);
  CHECK_THROWS_AS(audit({{5, 10}, {2, 2}, {0.1, 0.2}, {0.9, 0.2}}), InvalidArgument);
  CHECK_THROWS_AS(audit({{5, 10}, {2, 2}, {0.1, 0.2}, {1.1, -0.1}}), InvalidArgument);
  CHECK_THROWS_AS(audit({{5, 10}, {2, 2}, {0.1, 0.2}, {0.5, std::nan("")}}), InvalidArgument);
}

TEST_CASE("design_exact_audit: nothing for a ranking that is not worth its audits") {
  const std::vector<double> bad(2000, 0.4), few(40, 0.0);
  CHECK_FALSE(design_exact_audit(bad, ErrorTarget{}, 2000, 0.05).has_value());
  CHECK_FALSE(design_exact_audit(few, ErrorTarget{}, 40, 0.05).has_value());
}

TEST_CASE("design_exact_audit: looks from where no error found would do to twice the level expected to do") {
  std::vector<double> risks(4000, 0.005);
  for (std::size_t i = 3000; i < risks.size(); ++i) risks[i] = 0.4;
  const auto design = design_exact_audit(risks, ErrorTarget{}, 4000, 0.05);
  REQUIRE(design.has_value());
  CHECK_NOTHROW(validate(*design, 4000));
  CHECK(design->prefixes.back() == 4000);
  CHECK(design->prefixes.front() <= 3200);
  CHECK(4000 * design->levels.front() < 100);
  CHECK(design->levels.back() < 0.2);
  CHECK(design->levels.size() <= 12);
}

TEST_CASE("design_exact_audit: one look that counts where many errors will be found") {
  std::vector<double> risks(20000);
  for (std::size_t i = 0; i < risks.size(); ++i) risks[i] = 0.4 * std::pow(static_cast<double>(i) / 20000.0, 3.0);
  const auto design = design_exact_audit(risks, planning_target(ErrorTarget{}, 0.05), 20000, 0.05);
  REQUIRE(design.has_value());
  CHECK_NOTHROW(validate(*design, 20000));
  CHECK(design->parts.front() > 0.5);
  CHECK(std::accumulate(design->parts.begin(), design->parts.end(), 0.0) == doctest::Approx(1.0));
  CHECK(design->levels.front() > 0.01);
  CHECK(design->levels.front() < 0.15);
}

TEST_CASE("design_dataset_audit: one bound for all prefixes, and no more audits for a ranking that is worth nothing") {
  std::vector<double> steep(10000), flat(10000, 0.2);
  for (std::size_t i = 0; i < steep.size(); ++i) steep[i] = 0.6 * std::pow(static_cast<double>(i) / 10000.0, 3.0);
  for (const auto& risks : {steep, flat}) {
    const auto design = design_dataset_audit(risks, 500, 0.045);
    REQUIRE(design.has_value());
    CHECK_NOTHROW(validate(*design, 10000));
    CHECK(design->of_undrawn);
    CHECK(design->prefixes.back() == 10000);
    CHECK(design->bounds.front() == 500);
    CHECK(design->parts.front() > 0.5);
    CHECK(design->levels.front() > 0.02);
    CHECK(design->levels.front() < 0.11);
  }
  CHECK_FALSE(design_dataset_audit(std::vector<double>{}, 5, 0.05).has_value());
}

TEST_CASE("AuditLedger: asked for an exact audit or a claim that there is not, it says so") {
  AuditLedger ledger;
  CHECK_THROWS_AS((void)ledger.exact_audit(), InvalidState);
  CHECK_THROWS_AS((void)ledger.exact_progress(), InvalidState);
  CHECK_THROWS_AS((void)ledger.exact_ranking(), InvalidState);
  CHECK_THROWS_AS((void)ledger.exact_open_beyond(0), InvalidState);
  ledger.commit_exactly(std::vector<ItemIndex>{3, 1, 2}, {.prefixes = {3}, .bounds = {0}, .levels = {0.5}}, 0.05);
  CHECK(ledger.exact_ranking() == std::vector<ItemIndex>{3, 1, 2});
  CHECK(ledger.exact_open_beyond(0).empty());
  CHECK_THROWS_AS((void)ledger.exact_open_beyond(1), InvalidArgument);
}

}  // namespace
