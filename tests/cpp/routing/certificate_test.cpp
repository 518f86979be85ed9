#include "gtlabel/routing/certificate.hpp"

#include <doctest/doctest.h>

#include <numeric>
#include <string>
#include <vector>

#include "gtlabel/core/error.hpp"

namespace {

using namespace gtlabel;

/// A ledger of n committed items, audited to `level`, the first `n_wrong` audits wrong.
AuditLedger audited(std::int64_t n, double level, std::size_t n_wrong = 0, double delta = 0.05) {
  AuditLedger ledger(delta, 1);
  std::vector<ItemIndex> items(static_cast<std::size_t>(n));
  std::iota(items.begin(), items.end(), 0);
  ledger.commit(items);
  const auto due = ledger.raise_level(level);
  for (std::size_t i = 0; i < due.size(); ++i) ledger.record(due[i], i < n_wrong);
  return ledger;
}

bool says(const Certificate& certificate, const std::string& part) {
  return certificate.statement.find(part) != std::string::npos;
}

TEST_CASE("certify: repeats the ledger's counts; the bound is a share of the delivered") {
  const AuditLedger ledger = audited(4000, 0.1, 3);
  const auto certificate = certify(ledger, ErrorTarget{}, 6000);
  REQUIRE(certificate);
  CHECK(certificate->max_error == 0.05);
  CHECK(certificate->failure_probability == 0.05);
  CHECK(certificate->of == ErrorScope::auto_labels);
  CHECK(certificate->delivered == ledger.n_delivered());
  CHECK(certificate->audited == ledger.n_audited());
  CHECK(certificate->errors_found == 3);
  CHECK(certificate->wrong_at_most == ledger.wrong_at_most());
  CHECK(certificate->bound == doctest::Approx(static_cast<double>(ledger.wrong_at_most()) / ledger.n_delivered()));
  CHECK(certificate->bound <= certificate->max_error);
}

TEST_CASE("certify: the statement says how many, how it was checked, and what it does not cover") {
  const AuditLedger ledger = audited(4000, 0.1, 3);
  const auto certificate = certify(ledger, ErrorTarget{}, 6000);
  REQUIRE(certificate);
  CHECK(says(*certificate, "at least 95 %"));
  CHECK(says(*certificate, "at most " + std::to_string(ledger.wrong_at_most()) + " of the " +
                               std::to_string(ledger.n_delivered()) + " automatic labels"));
  CHECK(says(*certificate, "target was 5 %"));
  CHECK(says(*certificate, std::to_string(ledger.n_audited()) + " labels drawn by coin were checked by people"));
  CHECK(says(*certificate, "wrong ones found: 3"));
  CHECK(says(*certificate, "Mistakes of the people themselves are outside"));
  CHECK_FALSE(says(*certificate, "dataset"));
}

TEST_CASE("certify: nothing without audits, without delivered labels, or above the target") {
  CHECK_FALSE(certify(AuditLedger(), ErrorTarget{}, 100));
  CHECK_FALSE(certify(audited(4000, 0.0), ErrorTarget{}, 4000));
  CHECK_FALSE(certify(audited(4000, 0.1, 40), ErrorTarget{}, 4000));
  AuditLedger ledger = audited(4000, 0.1);
  CHECK(certify(ledger, ErrorTarget{}, 4000));
  ledger.withdraw(ledger.delivered());
  CHECK_FALSE(certify(ledger, ErrorTarget{}, 4000));
}

TEST_CASE("certify: a pool smaller than what was delivered from it is refused") {
  CHECK_THROWS_AS((void)certify(audited(4000, 0.1), ErrorTarget{}, 100), InvalidArgument);
}

TEST_CASE("certify: open audits count as errors") {
  AuditLedger ledger = audited(4000, 0.1);
  REQUIRE(certify(ledger, ErrorTarget{.max_error = 0.02}, 4000));
  std::vector<ItemIndex> more(4000);
  std::iota(more.begin(), more.end(), 4000);
  const auto due = ledger.commit(more);
  CHECK_FALSE(certify(ledger, ErrorTarget{.max_error = 0.02}, 8000));
  for (const ItemIndex item : due) ledger.record(item, false);
  CHECK(certify(ledger, ErrorTarget{.max_error = 0.02}, 8000));
}

TEST_CASE("certify: passes exactly where the bound meets the target") {
  const AuditLedger ledger = audited(4000, 0.1, 3);
  const double bound = static_cast<double>(ledger.wrong_at_most()) / static_cast<double>(ledger.n_delivered());
  CHECK(certify(ledger, {.max_error = bound * 1.0001}, 4000));
  CHECK_FALSE(certify(ledger, {.max_error = bound * 0.9999}, 4000));
}

TEST_CASE("certify: of the dataset, the whole pool is the denominator and the statement says so") {
  const AuditLedger ledger = audited(1000, 0.1, 3);
  const ErrorTarget target{.max_error = 0.02, .of = ErrorScope::dataset};
  CHECK_FALSE(certify(ledger, {.max_error = 0.02}, 8000));
  const auto certificate = certify(ledger, target, 8000);
  REQUIRE(certificate);
  CHECK(certificate->of == ErrorScope::dataset);
  CHECK(certificate->bound == doctest::Approx(static_cast<double>(ledger.wrong_at_most()) / 8000.0));
  CHECK(certificate->bound <= 0.02);
  CHECK(says(*certificate, "of the dataset"));
}

TEST_CASE("certify: a ledger that fails more often than the target allows is refused; a stricter one will do") {
  CHECK_THROWS_AS((void)certify(audited(1000, 0.1), {.failure_probability = 0.01}, 1000), InvalidArgument);
  const auto certificate = certify(audited(4000, 0.1, 0, 0.01), ErrorTarget{}, 4000);
  REQUIRE(certificate);
  CHECK(certificate->failure_probability == 0.01);  // what was proved, not what was asked
  CHECK(says(*certificate, "at least 99 %"));
}

TEST_CASE("certify: a target outside its range is refused") {
  CHECK_THROWS_AS((void)certify(AuditLedger(), {.max_error = 0.0}, 100), InvalidArgument);
}

}  // namespace
