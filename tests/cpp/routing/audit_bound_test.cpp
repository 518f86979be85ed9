#include "gtlabel/routing/audit_bound.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <initializer_list>
#include <limits>

#include "gtlabel/core/error.hpp"
#include "gtlabel/core/random.hpp"

namespace {

using namespace gtlabel;

/// M straight from its definition, b = 0, 0.05, .., 0.8 with weights (1 - b) / 10.2, without logarithms.
long double direct_martingale(int errors_found, long double level, long double wrong_unfound) {
  long double sum = 0.0L;
  for (int j = 0; j <= 16; ++j) {
    const long double b = 0.05L * j;
    sum += (1.0L - b) * powl(b, errors_found) * powl((1.0L - level * b) / (1.0L - level), wrong_unfound);
  }
  return sum / 10.2L;
}

double martingale(double errors_found, double level, double wrong_unfound, const AuditPrior& prior = {}) {
  return std::exp(log_audit_martingale(errors_found, level, wrong_unfound, prior));
}

const std::vector<AuditPrior> kPriors{AuditPrior(),    AuditPrior(0.0), AuditPrior(0.2),
                                      AuditPrior(0.5), AuditPrior(0.9), AuditPrior(1e9)};

double binomial(int n, int k, double p) {
  return std::exp(std::lgamma(n + 1.0) - std::lgamma(k + 1.0) - std::lgamma(n - k + 1.0) + k * std::log(p) +
                  (n - k) * std::log1p(-p));
}

TEST_CASE("log_audit_martingale: values by hand") {
  // With b = j / 20, j = 0, .., 16, the weights are (20 - j) / 204, and the sums of j, j^2, j^3 are 136, 1496, 18496.
  // One error found and none unfound: the mean of b, (20 * 136 - 1496) / (20 * 204) = 0.3.
  CHECK(martingale(1, 0.5, 0) == doctest::Approx(0.3).epsilon(1e-12));
  // Level 1/2: (1 - b/2) / (1/2) = 2 - b, of which the mean is 2 - 0.3.
  CHECK(martingale(0, 0.5, 1) == doctest::Approx(1.7).epsilon(1e-12));
  // The mean of (2 - b)^2 = 4 - 4 * 0.3 + mean b^2, mean b^2 = (20 * 1496 - 18496) / (400 * 204) = 0.14.
  CHECK(martingale(0, 0.5, 2) == doctest::Approx(2.94).epsilon(1e-12));
  CHECK(martingale(0, 0.0, 100) == doctest::Approx(1.0));  // no audit, no knowledge
  CHECK(martingale(0, 0.7, 0) == doctest::Approx(1.0));
}

TEST_CASE("log_audit_martingale: agrees with the direct sum in long double") {
  for (const int found : {0, 1, 2, 7, 60}) {
    for (const double level : {0.0, 1e-6, 0.01, 0.2, 0.5, 0.95}) {
      for (const double unfound : {0.0, 1.0, 2.5, 40.0, 1000.0}) {
        const auto direct = static_cast<double>(logl(direct_martingale(found, level, unfound)));
        CHECK(log_audit_martingale(found, level, unfound) == doctest::Approx(direct).epsilon(1e-9));
      }
    }
  }
}

TEST_CASE("log_audit_martingale: stays finite where M itself overflows") {
  const double log_m = log_audit_martingale(0, 0.9, 1e6);
  CHECK(std::isfinite(log_m));
  CHECK(log_m == doctest::Approx(1e6 * std::log(10.0) - std::log(10.2)));  // b = 0 dominates
}

TEST_CASE("log_audit_martingale: committing one wrong item leaves the mean at exactly 1") {
  // q b + (1 - q) (1 - q b) / (1 - q) = 1 for every b: found at once with probability q, else unfound.
  for (const double q : {0.001, 0.05, 0.3, 0.9}) {
    CHECK(q * martingale(1, q, 0) + (1.0 - q) * martingale(0, q, 1) == doctest::Approx(1.0).epsilon(1e-12));
  }
}

TEST_CASE("log_audit_martingale: committing many wrong items at any level leaves the mean as it is") {
  for (const double q : {0.05, 0.4}) {
    const int n = 30, found = 2, unfound = 11;
    for (const AuditPrior& prior : kPriors) {
      double mean = 0.0;
      for (int k = 0; k <= n; ++k) mean += binomial(n, k, q) * martingale(found + k, q, unfound + n - k, prior);
      CHECK(mean == doctest::Approx(martingale(found, q, unfound, prior)).epsilon(1e-10));
    }
  }
}

TEST_CASE("log_audit_martingale: raising the level leaves the mean as it is") {
  // A wrong item with its coin above q is found between q and r with probability (r - q) / (1 - q).
  for (const double q : {0.0, 0.1, 0.5}) {
    for (const double r : {0.5, 0.6, 0.9}) {
      const int found = 3, unfound = 25;
      const double p = (r - q) / (1.0 - q);
      if (p == 0.0) continue;
      for (const AuditPrior& prior : kPriors) {
        double mean = 0.0;
        for (int k = 0; k <= unfound; ++k) {
          mean += binomial(unfound, k, p) * martingale(found + k, r, unfound - k, prior);
        }
        CHECK(mean == doctest::Approx(martingale(found, q, unfound, prior)).epsilon(1e-10));
      }
    }
  }
}

/// The lowest level at which the expected findings certify n labels of which a share is wrong, at 5 % and 5 %.
double audits_needed(double n, double share_wrong, const AuditPrior& prior) {
  for (double level = 1e-4; level < 0.95; level *= 1.01) {
    const double allowed = std::floor(0.05 * n * (1.0 - level));
    if (martingale(share_wrong * n * level, level, allowed + 1.0, prior) >= 20.0) return level * n;
  }
  return n;
}

TEST_CASE("AuditPrior: its weights sum to 1, whatever is expected") {
  for (const AuditPrior& prior : kPriors) CHECK(martingale(0, 0.0, 0, prior) == doctest::Approx(1.0).epsilon(1e-12));
  CHECK_FALSE(AuditPrior().error_ratio());
  CHECK(AuditPrior(0.3).error_ratio() == 0.3);
}

TEST_CASE("AuditPrior: an expectation that is right saves audits, and most where labels are bad") {
  for (const double ratio : {0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6}) {
    const double with = audits_needed(5000, 0.05 * ratio, AuditPrior(ratio));
    const double without = audits_needed(5000, 0.05 * ratio, AuditPrior());
    CHECK(with < 0.97 * without);
    if (ratio >= 0.6) CHECK(with < 0.85 * without);
    // One that is wrong by half costs little.
    for (const double off : {0.5 * ratio, 1.5 * ratio}) {
      CHECK(audits_needed(5000, 0.05 * ratio, AuditPrior(off)) < 1.12 * without);
    }
  }
}

TEST_CASE("AuditPrior: a negative expectation, or none at all, is refused") {
  CHECK_THROWS_WITH_AS(AuditPrior(-0.1), doctest::Contains("error_ratio: -0.1"), InvalidArgument);
  CHECK_THROWS_AS(AuditPrior(std::nan("")), InvalidArgument);
}

TEST_CASE("log_audit_martingale: grows with the unfound, falls with the found") {
  for (const double level : {0.01, 0.3, 0.8}) {
    for (int found = 0; found < 20; ++found) {
      for (int unfound = 0; unfound < 200; unfound += 7) {
        const double here = log_audit_martingale(found, level, unfound);
        CHECK(log_audit_martingale(found, level, unfound + 1) > here);
        CHECK(log_audit_martingale(found + 1, level, unfound) < here);
      }
    }
  }
}

TEST_CASE("max_wrong_unfound: values computed apart, in exact fractions") {
  // The largest U with  sum_b (1 - b) b^F ((1 - q b) / (1 - q))^U / 10.2 < 1 / delta, by Python's `fractions`.
  CHECK(max_wrong_unfound(0, 0.5, 0.05) == 5);     // mean (2 - b)^5 = 16.55, (2 - b)^6: 30.11
  CHECK(max_wrong_unfound(1, 0.5, 0.05) == 8);     // 14.05, 24.08
  CHECK(max_wrong_unfound(2, 0.5, 0.05) == 11);    // 17.59, 29.34
  CHECK(max_wrong_unfound(0, 0.25, 0.05) == 13);   // 19.46, 24.89
  CHECK(max_wrong_unfound(1, 0.25, 0.05) == 21);   // 17.19, 21.42
  CHECK(max_wrong_unfound(0, 0.1, 0.05) == 36);    // 19.66, 21.49
  CHECK(max_wrong_unfound(3, 0.1, 0.05) == 97);    // 19.99, 21.47
  CHECK(max_wrong_unfound(0, 0.5, 0.01) == 7);     // 55.3, 102.3
  CHECK(max_wrong_unfound(5, 0.5, 0.01) == 21);    // 84.5, 136.3
  CHECK(max_wrong_unfound(0, 0.9, 0.05) == 1);     // 7.3, 57.3
  CHECK(max_wrong_unfound(0, 0.01, 0.05) == 381);  // 19.89, 20.06
}

TEST_CASE("max_wrong_unfound: is the largest U below the limit, over random cases") {
  RandomStream random(1, RandomPurpose::user);
  for (int i = 0; i < 300; ++i) {
    const auto found = static_cast<int>(random.below(40));
    const double level = 0.01 + 0.9 * random.uniform(), delta = 0.001 + 0.5 * random.uniform();
    const auto bound = max_wrong_unfound(found, level, delta);
    CHECK(direct_martingale(found, level, static_cast<long double>(bound)) < 1.0L / delta);
    CHECK(direct_martingale(found, level, static_cast<long double>(bound) + 1.0L) >= 1.0L / delta);
  }
}

TEST_CASE("max_wrong_unfound: grows with errors found, falls with the level and with the failure probability") {
  for (int found = 0; found < 30; ++found) {
    for (double level = 0.02; level < 0.9; level += 0.05) {
      const auto bound = max_wrong_unfound(found, level, 0.05);
      CHECK(max_wrong_unfound(found + 1, level, 0.05) >= bound);
      CHECK(max_wrong_unfound(found, level + 0.01, 0.05) <= bound);
      CHECK(max_wrong_unfound(found, level, 0.01) >= bound);
    }
  }
}

TEST_CASE("max_wrong_unfound: knows nothing without an audit, and next to nothing at a tiny level") {
  CHECK(max_wrong_unfound(0, 0.0, 0.05) == std::numeric_limits<std::int64_t>::max());
  CHECK(max_wrong_unfound(0, 1e-9, 0.05) > 1'000'000'000);
  CHECK(max_wrong_unfound(0, std::numeric_limits<double>::min(), 0.05) > 1'000'000'000);
}

}  // namespace
