#include "gtlabel/routing/audit_ledgers.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "gaussian_pool.hpp"
#include "gtlabel/core/error.hpp"
#include "gtlabel/routing/certificate.hpp"
#include "gtlabel/storage/snapshot.hpp"

namespace {

using namespace gtlabel;
using gtlabel_test::range;
using Items = std::vector<ItemIndex>;

/// Commits n items that begin at `first`, audits them to `level` and finds the first n_wrong of the audited wrong.
void audit(AuditLedger& ledger, ItemIndex first, std::int64_t n, double level, std::size_t n_wrong) {
  ledger.commit(range(first, first + n));
  const auto due = ledger.raise_level(level);
  for (std::size_t i = 0; i < due.size(); ++i) ledger.record(due[i], i < n_wrong);
}

/// Class 0 has 3,000 labels without an error found, class 1 has 1,000, class 2 none.
AuditLedgers three_classes(std::size_t n_wrong_of_class_1) {
  AuditLedgers ledgers(0.05, 3, 7);
  audit(ledgers[0], 0, 3000, 0.1, 0);
  audit(ledgers[1], 3000, 1000, 0.2, n_wrong_of_class_1);
  return ledgers;
}

const ErrorTarget kPerClass{.per_class = true};

TEST_CASE("AuditLedgers: the shares of the failure probability multiply to the whole, and exceed equal parts of it") {
  for (const double delta : {1e-9, 0.05, 0.5, 0.999}) {
    for (const std::size_t n : {1U, 2U, 10U, 1000U}) {
      const AuditLedgers ledgers(delta, n);
      REQUIRE(ledgers.size() == n);
      double log_all_hold = 0.0;
      for (const AuditLedger& ledger : ledgers) log_all_hold += std::log1p(-ledger.failure_probability());
      CHECK(log_all_hold == doctest::Approx(std::log1p(-delta)));
      CHECK(ledgers[0].failure_probability() >= delta / static_cast<double>(n));
      CHECK(ledgers.failure_probability() == delta);
    }
  }
  CHECK(AuditLedgers(0.05, 1)[0].failure_probability() == 0.05);  // to the bit
}

TEST_CASE("AuditLedgers: a single ledger has the coins of an AuditLedger; several have coins of their own") {
  const auto due = [](AuditLedger ledger) {
    ledger.commit(range(0, 500));
    return ledger.raise_level(0.5);
  };
  CHECK(due(AuditLedgers(0.05, 1, 9)[0]) == due(AuditLedger(0.05, 9)));
  std::vector<Items> seen;
  for (const std::uint64_t seed : {9U, 10U, 11U}) {
    for (const AuditLedger& ledger : AuditLedgers(0.05, 3, seed)) seen.push_back(due(ledger));
  }
  for (std::size_t a = 0; a < seen.size(); ++a) {
    for (std::size_t b = 0; b < a; ++b) CHECK(seen[a] != seen[b]);
  }
}

TEST_CASE("AuditLedgers: labels of a class are in its ledger, and in the only one if there is one") {
  CHECK(AuditLedgers(0.05, 1).index_of(4) == 0);
  CHECK(AuditLedgers(0.05, 5).index_of(4) == 4);
}

TEST_CASE("AuditLedgers: findings go to the ledger that holds the item, and counts are sums") {
  AuditLedgers ledgers = three_classes(2);
  CHECK(ledgers.n_delivered() == ledgers[0].n_delivered() + ledgers[1].n_delivered());
  CHECK(ledgers.n_audited() == ledgers[0].n_audited() + ledgers[1].n_audited());
  CHECK(ledgers.errors_found() == 2);
  CHECK(ledgers.n_due() == 0);
  CHECK(ledgers.wrong_at_most() == ledgers[0].wrong_at_most() + ledgers[1].wrong_at_most());
  const auto due = ledgers[2].commit(range(4000, 4010));
  CHECK(due.empty());
  const auto raised = ledgers[2].raise_level(0.9999);
  CHECK(std::ssize(raised) == ledgers.n_due());
  const Items open = ledgers.due();
  REQUIRE_FALSE(open.empty());
  CHECK(ledgers.record(open.front(), true));
  CHECK(ledgers[2].errors_found() == 1);
  CHECK(ledgers[2].is_audited(open.front()));
  CHECK_FALSE(ledgers.record(9999, true));
  CHECK(ledgers.delivered().size() == static_cast<std::size_t>(ledgers.n_delivered()));
}

TEST_CASE("AuditLedgers: what makes no sense is refused") {
  CHECK_THROWS_AS(AuditLedgers(0.0, 2), InvalidArgument);
  CHECK_THROWS_AS(AuditLedgers(0.05, 0), InvalidArgument);
}

TEST_CASE("AuditLedgers: saved and loaded they go on with the same coins; of another target they are refused") {
  AuditLedgers ledgers = three_classes(1);
  SnapshotWriter writer;
  ledgers.save(writer);
  const std::string bytes = writer.finish("test");
  AuditLedgers loaded(0.05, 3, 0);
  SnapshotReader reader(bytes, "test");
  loaded.load(reader);
  for (std::size_t l = 0; l < 3; ++l) {
    CHECK(loaded[l].raise_level(0.5) == ledgers[l].raise_level(0.5));
    CHECK(loaded[l].commit(range(5000, 5100)) == ledgers[l].commit(range(5000, 5100)));
    CHECK(loaded[l].wrong_at_most() == ledgers[l].wrong_at_most());
  }
  AuditLedgers other(0.1, 3, 0);
  SnapshotReader again(bytes, "test");
  CHECK_THROWS_AS(other.load(again), ArchiveError);
}

TEST_CASE("certify: per class, every class that delivers has to meet the target by itself") {
  // Ten wrong of 200 audited are 5 % of class 1, and 2 % of all that was audited.
  const AuditLedgers bad = three_classes(10);
  CHECK(certify(bad, ErrorTarget{}, 5000));
  CHECK_FALSE(certify(bad, kPerClass, 5000));
  AuditLedgers without_it = bad;
  without_it[1].withdraw(without_it[1].delivered());
  CHECK(certify(without_it, kPerClass, 5000));
}

TEST_CASE("certify: a certificate per class has a row for each class with automatic labels, and their sums") {
  const AuditLedgers ledgers = three_classes(1);
  const auto certificate = certify(ledgers, kPerClass, 5000);
  REQUIRE(certificate);
  REQUIRE(certificate->by_class.size() == 2);
  std::int64_t delivered = 0, audited = 0, found = 0, wrong = 0;
  for (const ClassCertificate& entry : certificate->by_class) {
    const AuditLedger& ledger = ledgers[static_cast<std::size_t>(entry.class_index)];
    CHECK(entry.delivered == ledger.n_delivered());
    CHECK(entry.audited == ledger.n_audited());
    CHECK(entry.errors_found == ledger.errors_found());
    CHECK(entry.wrong_at_most == ledger.wrong_at_most());
    CHECK(entry.bound == doctest::Approx(static_cast<double>(entry.wrong_at_most) / entry.delivered));
    CHECK(entry.bound <= 0.05);
    delivered += entry.delivered;
    audited += entry.audited;
    found += entry.errors_found;
    wrong += entry.wrong_at_most;
  }
  CHECK(certificate->failure_probability == 0.05);
  CHECK(certificate->delivered == delivered);
  CHECK(certificate->audited == audited);
  CHECK(certificate->errors_found == found);
  CHECK(certificate->wrong_at_most == wrong);
  CHECK(certificate->statement.find("each of the 2 classes") != std::string::npos);
  CHECK(certify(ledgers, ErrorTarget{}, 5000)->by_class.empty());
}

TEST_CASE("certify: one ledger cannot tell classes apart") {
  CHECK_THROWS_AS((void)certify(AuditLedger(), kPerClass, 100), InvalidArgument);
  CHECK_THROWS_AS((void)certify(AuditLedgers(), kPerClass, 100), InvalidArgument);
  CHECK_FALSE(certify(AuditLedgers(), ErrorTarget{}, 100));
}

}  // namespace
