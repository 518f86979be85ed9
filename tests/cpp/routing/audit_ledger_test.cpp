#include "gtlabel/routing/audit_ledger.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gaussian_pool.hpp"
#include "gtlabel/core/error.hpp"
#include "gtlabel/routing/audit_bound.hpp"
#include "gtlabel/storage/snapshot.hpp"

namespace {

using namespace gtlabel;
using gtlabel_test::range;
using Items = std::vector<ItemIndex>;

void record_all(AuditLedger& ledger, const Items& items, bool wrong) {
  for (const ItemIndex item : items) CHECK(ledger.record(item, wrong));
}

std::string bytes_of(const AuditLedger& ledger) {
  SnapshotWriter writer;
  ledger.save(writer);
  return writer.finish("audit_ledger");
}

AuditLedger restored(const std::string& bytes) {
  SnapshotReader reader(bytes, "audit_ledger");
  return AuditLedger::load(reader);
}

/// The coins that a ledger of this seed gives, in order of commit.
std::vector<double> coins_of(std::uint64_t seed, std::size_t n) {
  RandomStream stream(seed, RandomPurpose::audit_coins);
  std::vector<double> coins(n);
  for (double& coin : coins) coin = stream.uniform();
  return coins;
}

TEST_CASE("AuditLedger: knows nothing at first, and vouches for nothing that is not audited") {
  AuditLedger ledger;
  CHECK(ledger.wrong_at_most() == 0);
  CHECK(ledger.commit(range(0, 100)).empty());  // level 0: no coin is due
  CHECK(ledger.n_delivered() == 100);
  CHECK(ledger.wrong_at_most() == 100);
  CHECK(ledger.level() == 0.0);
}

TEST_CASE("AuditLedger: each item's coin is fixed at its commit; due is who lies at or below the level") {
  const auto coins = coins_of(5, 200);
  AuditLedger ledger(0.05, 5);
  ledger.commit(range(1000, 1100));
  Items expected;
  for (std::size_t i = 0; i < 100; ++i) {
    if (coins[i] <= 0.3) expected.push_back(1000 + static_cast<ItemIndex>(i));
  }
  CHECK(ledger.raise_level(0.3) == expected);
  CHECK(ledger.due() == expected);
  Items at_once;
  for (std::size_t i = 100; i < 200; ++i) {
    if (coins[i] <= 0.3) at_once.push_back(1000 + static_cast<ItemIndex>(i));
  }
  CHECK(ledger.commit(range(1100, 1200)) == at_once);
  CHECK(ledger.n_due() == static_cast<std::int64_t>(expected.size() + at_once.size()));
  CHECK(ledger.n_delivered() == 200 - ledger.n_due());
  for (const ItemIndex item : expected) CHECK_FALSE(ledger.is_delivered(item));
  Items delivered = ledger.delivered();
  CHECK(std::is_sorted(delivered.begin(), delivered.end()));  // the order of commit, here
  CHECK(static_cast<std::int64_t>(delivered.size()) == ledger.n_delivered());
  for (const ItemIndex item : delivered) CHECK(ledger.is_delivered(item));
}

TEST_CASE("AuditLedger: another seed draws other coins, the same seed the same") {
  AuditLedger a(0.05, 1), b(0.05, 2), c(0.05, 1);
  for (AuditLedger* ledger : {&a, &b, &c}) ledger->commit(range(0, 500));
  const auto due = a.raise_level(0.2);
  CHECK(due != b.raise_level(0.2));
  CHECK(due == c.raise_level(0.2));
}

TEST_CASE("AuditLedger: an item is committed once; a refused commit changes nothing, not even the coins") {
  AuditLedger ledger(0.05, 3);
  ledger.commit(range(0, 10));
  const auto before = bytes_of(ledger);
  CHECK_THROWS_AS(ledger.commit(Items{20, 5, 21}), InvalidState);
  CHECK_THROWS_AS(ledger.commit(Items{20, 21, 20}), InvalidState);
  CHECK(bytes_of(ledger) == before);
  try {
    ledger.commit(Items{20, 5});
  } catch (const InvalidState& error) {
    CHECK(std::string(error.what()).find("item 5") != std::string::npos);
  }
}

TEST_CASE("AuditLedger: a negative item is refused by its row, and nothing is changed") {
  AuditLedger ledger(0.05, 3);
  ledger.commit(range(0, 10));
  const auto before = bytes_of(ledger);
  try {
    ledger.commit(Items{20, 21, -1});
    FAIL("accepted");
  } catch (const InvalidArgument& error) {
    CHECK(error.code() == ErrorCode::item_out_of_range);
    CHECK(std::string(error.what()).find("row 2 is -1") != std::string::npos);
  }
  CHECK(bytes_of(ledger) == before);
  CHECK_FALSE(ledger.record(-1, true));
  CHECK_FALSE(ledger.is_delivered(-1));
}

TEST_CASE("AuditLedger: the level never falls and stays below 1; a refused one changes nothing") {
  AuditLedger ledger;
  ledger.commit(range(0, 50));
  ledger.raise_level(0.4);
  const auto before = bytes_of(ledger);
  for (const double bad : {0.39, -1.0, 1.0, 2.0, std::numeric_limits<double>::quiet_NaN()}) {
    CHECK_THROWS_AS(ledger.raise_level(bad), InvalidArgument);
  }
  CHECK(bytes_of(ledger) == before);
  CHECK(ledger.raise_level(0.4).empty());  // what is due already is not returned again
}

TEST_CASE("AuditLedger: a failure probability outside (0, 1) is refused") {
  for (const double bad : {0.0, 1.0, -0.5, std::numeric_limits<double>::quiet_NaN()}) {
    CHECK_THROWS_AS(AuditLedger(bad, 0), InvalidArgument);
  }
}

TEST_CASE("AuditLedger: an item that was never committed is not recorded") {
  AuditLedger ledger;
  ledger.commit(range(0, 5));
  const auto before = bytes_of(ledger);
  CHECK_FALSE(ledger.record(77, true));
  CHECK_FALSE(ledger.is_delivered(77));
  CHECK(bytes_of(ledger) == before);
}

TEST_CASE("AuditLedger: told what to expect before the first commit, it proves by that; later it refuses") {
  AuditLedger ledger(0.05, 3);
  CHECK(ledger.is_fresh());
  CHECK_THROWS_AS(ledger.expect(-1.0), InvalidArgument);
  ledger.expect(0.5);
  ledger.commit(range(0, 5000));
  for (const ItemIndex item : ledger.raise_level(0.06)) ledger.record(item, item % 40 == 0);
  CHECK(ledger.errors_found() > 0);
  CHECK(ledger.wrong_at_most() == max_wrong_unfound(ledger.errors_found(), 0.06, 0.05, AuditPrior(0.5)));
  CHECK(ledger.wrong_at_most() != max_wrong_unfound(ledger.errors_found(), 0.06, 0.05));
  CHECK_THROWS_AS(ledger.expect(0.1), InvalidState);
  CHECK(restored(bytes_of(ledger)).wrong_at_most() == ledger.wrong_at_most());
  CHECK(restored(bytes_of(ledger)).prior().error_ratio() == 0.5);
}

TEST_CASE(
    "AuditLedger: whatever was expected, bounds fail no more often than they say, though one looks all the time") {
  // 2,000 labels at the boundary of what a target of 5 % allows; whoever looks stops at the first good news.
  for (const double expected : {0.0, 0.5, 1.0}) {
    int n_false = 0;
    for (std::uint64_t seed = 0; seed < 600; ++seed) {
      AuditLedger ledger(0.05, seed);
      ledger.expect(expected);
      ledger.commit(range(0, 2000));
      for (double level = 0.005; level < 0.6; level += 0.005) {
        for (const ItemIndex item : ledger.raise_level(level)) ledger.record(item, item % 20 == 0);
        const auto delivered = ledger.delivered();
        const auto wrong = std::count_if(delivered.begin(), delivered.end(), [](auto item) { return item % 20 == 0; });
        if (ledger.wrong_at_most() >= wrong) continue;
        ++n_false;
        break;
      }
    }
    CHECK(n_false <= 44);  // 30 are allowed; 99.5 % of the binomial
  }
}

TEST_CASE("AuditLedger: a due item counts as an error found until it is answered") {
  AuditLedger ledger(0.05, 1);
  ledger.commit(range(0, 2000));
  const auto due = ledger.raise_level(0.05);
  REQUIRE(due.size() > 50);
  const auto n = static_cast<std::int64_t>(due.size());
  std::int64_t last = std::min(max_wrong_unfound(n, 0.05, 0.05), ledger.n_delivered());
  CHECK(ledger.wrong_at_most() == last);
  for (std::int64_t i = 0; i < n; ++i) {
    ledger.record(due[static_cast<std::size_t>(i)], false);
    const auto bound = std::min(max_wrong_unfound(n - i - 1, 0.05, 0.05), ledger.n_delivered());
    CHECK(ledger.wrong_at_most() == bound);
    CHECK(bound <= last);
    last = bound;
  }
  CHECK(ledger.wrong_at_most() == max_wrong_unfound(0, 0.05, 0.05));
  CHECK(ledger.n_audited() == n);
  CHECK(ledger.errors_found() == 0);
}

TEST_CASE("AuditLedger: audits that find errors weaken the bound, to what the martingale says") {
  AuditLedger ledger(0.05, 1);
  ledger.commit(range(0, 5000));
  const auto due = ledger.raise_level(0.05);
  for (std::size_t i = 0; i < due.size(); ++i) ledger.record(due[i], i < 6);
  CHECK(ledger.errors_found() == 6);
  CHECK(ledger.wrong_at_most() == max_wrong_unfound(6, 0.05, 0.05));
}

TEST_CASE("AuditLedger: a bound that its own evidence refutes claims nothing any more") {
  AuditLedger ledger(0.05, 2);
  ledger.commit(range(0, 3000));
  record_all(ledger, ledger.raise_level(0.05), false);
  const auto proved = ledger.wrong_at_most();
  const auto delivered = ledger.delivered();
  REQUIRE(proved + 1 < static_cast<std::int64_t>(delivered.size()));
  for (std::int64_t i = 0; i < proved; ++i) ledger.record(delivered[static_cast<std::size_t>(i)], true);
  CHECK(ledger.wrong_at_most() == 0);
  ledger.record(delivered[static_cast<std::size_t>(proved)], true);
  CHECK(ledger.wrong_at_most() == ledger.n_delivered());
}

TEST_CASE("AuditLedger: a proved bound survives raises without commits, and is never worse than the delivered") {
  AuditLedger ledger(0.05, 2);
  ledger.commit(range(0, 3000));
  record_all(ledger, ledger.raise_level(0.05), false);
  const auto proved = ledger.wrong_at_most();
  CHECK(proved < 150);
  for (double level = 0.06; level < 0.99; level += 0.01) {
    const auto due = ledger.raise_level(level);
    // As many are wrong as the bound allows: by itself the martingale would say more and more.
    CHECK(ledger.wrong_at_most() <= proved);
    CHECK(ledger.wrong_at_most() <= ledger.n_delivered());
    for (const ItemIndex item : due) ledger.record(item, ledger.errors_found() < proved);
    CHECK(ledger.wrong_at_most() <= proved);
    CHECK(ledger.wrong_at_most() <= ledger.n_delivered());
  }
}

TEST_CASE("AuditLedger: a commit adds at most its own items to the bound") {
  AuditLedger ledger(0.05, 2);
  ledger.commit(range(0, 3000));
  record_all(ledger, ledger.raise_level(0.05), false);
  const auto proved = ledger.wrong_at_most();
  const auto due = ledger.commit(range(3000, 3010));
  CHECK(ledger.wrong_at_most() <= proved + 10);
  record_all(ledger, due, true);
  CHECK(ledger.wrong_at_most() <= proved + 10 - static_cast<std::int64_t>(due.size()));
}

TEST_CASE("AuditLedger: a free answer leaves the delivered; a wrong one is credited to the bound") {
  AuditLedger ledger(0.05, 4);
  ledger.commit(range(0, 3000));
  record_all(ledger, ledger.raise_level(0.05), false);
  const auto proved = ledger.wrong_at_most();
  const auto delivered = ledger.delivered();
  for (std::size_t i = 0; i < 20; ++i) {
    CHECK(ledger.record(delivered[i], true));
    CHECK(ledger.known_wrong() == static_cast<std::int64_t>(i) + 1);
    CHECK(ledger.wrong_at_most() == proved - static_cast<std::int64_t>(i) - 1);
    CHECK_FALSE(ledger.is_delivered(delivered[i]));
  }
  CHECK(ledger.record(delivered[20], false));  // right: no credit
  CHECK(ledger.wrong_at_most() == proved - 20);
  CHECK(ledger.n_delivered() == static_cast<std::int64_t>(delivered.size()) - 21);
  CHECK(ledger.errors_found() == 0);
}

TEST_CASE("AuditLedger: a free answer counts as an audit once its coin comes up, and is not asked again") {
  const auto coins = coins_of(6, 2);
  AuditLedger ledger(0.05, 6);
  ledger.commit(Items{0, 1});
  ledger.record(0, true);
  ledger.record(1, false);
  CHECK(ledger.known_wrong() == 1);
  CHECK(ledger.n_audited() == 0);
  CHECK(ledger.raise_level(std::max(coins[0], coins[1])).empty());
  CHECK(ledger.known_wrong() == 0);
  CHECK(ledger.errors_found() == 1);
  CHECK(ledger.n_audited() == 2);
  CHECK(ledger.n_due() == 0);
}

TEST_CASE("AuditLedger: a correction voids what was proved with the old answer") {
  AuditLedger ledger(0.05, 7);
  ledger.commit(range(0, 3000));
  const auto due = ledger.raise_level(0.05);
  record_all(ledger, due, false);
  const auto proved = ledger.wrong_at_most();
  for (std::size_t i = 0; i < 8; ++i) ledger.record(due[i], true);  // they were wrong after all
  CHECK(ledger.errors_found() == 8);
  CHECK(ledger.wrong_at_most() == max_wrong_unfound(8, 0.05, 0.05));
  CHECK(ledger.wrong_at_most() > proved);
  for (std::size_t i = 0; i < 8; ++i) ledger.record(due[i], false);
  CHECK(ledger.wrong_at_most() == proved);
  const auto before = bytes_of(ledger);
  ledger.record(due[0], false);  // said again: no correction
  CHECK(bytes_of(ledger) == before);
}

TEST_CASE("AuditLedger: withdrawing takes back delivered items only") {
  AuditLedger ledger(0.05, 8);
  ledger.commit(range(0, 1000));
  const auto due = ledger.raise_level(0.1);
  ledger.record(due[0], false);
  const auto delivered = ledger.delivered();
  ledger.record(delivered[0], true);
  const auto n_delivered = ledger.n_delivered();
  // Answered audits, open audits, free answers and items never committed stay as they are.
  ledger.withdraw(Items{due[0], due[1], delivered[0], 5000});
  CHECK(ledger.n_delivered() == n_delivered);
  CHECK(ledger.n_due() == static_cast<std::int64_t>(due.size()) - 1);
  ledger.withdraw(Items{delivered[1], delivered[2], delivered[1]});
  CHECK(ledger.n_delivered() == n_delivered - 2);
  CHECK_FALSE(ledger.is_delivered(delivered[1]));
  CHECK_FALSE(ledger.record(delivered[1], true));
  ledger.withdraw(ledger.delivered());
  CHECK(ledger.n_delivered() == 0);
  CHECK(ledger.wrong_at_most() == 0);
  CHECK(ledger.raise_level(0.9).empty());  // a withdrawn item is never due
}

TEST_CASE(
    "AuditLedger: who withdraws what was committed since has what was proved before, less the errors found since") {
  AuditLedger ledger(0.05, 1);
  ledger.commit(range(0, 1000));
  CHECK(ledger.fallbacks().empty());  // nothing was proved before the first commit
  record_all(ledger, ledger.raise_level(0.2), false);
  const auto proved = ledger.wrong_at_most(), delivered = ledger.n_delivered();
  REQUIRE(proved < delivered);

  record_all(ledger, ledger.commit(range(1000, 1500)), true);
  CHECK(ledger.wrong_at_most() > proved);
  auto fallbacks = ledger.fallbacks();
  REQUIRE(fallbacks.size() == 1);
  CHECK(fallbacks[0].n_delivered == delivered);
  CHECK(fallbacks[0].wrong_at_most == proved);
  for (const ItemIndex item : fallbacks[0].withdrawn) CHECK(item >= 1000);

  // Two errors found among the old labels lower what is left of them; found among the new ones they do not.
  const Items old = ledger.delivered();
  ledger.record(old.front(), true);
  ledger.record(old.back(), true);
  REQUIRE(old.front() < 1000);
  REQUIRE(old.back() >= 1000);
  fallbacks = ledger.fallbacks();
  REQUIRE(fallbacks.size() == 1);
  CHECK(fallbacks[0].n_delivered == delivered - 1);
  CHECK(fallbacks[0].wrong_at_most == proved - 1);

  AuditLedger reloaded = restored(bytes_of(ledger));
  for (AuditLedger* each : {&ledger, &reloaded}) {
    each->withdraw(fallbacks[0].withdrawn);
    CHECK(each->n_delivered() == delivered - 1);
    CHECK(each->wrong_at_most() == proved - 1);
    CHECK(each->fallbacks().empty());
  }
}

TEST_CASE("AuditLedger: withdrawing only some of what was committed since restores nothing") {
  AuditLedger ledger(0.05, 1);
  ledger.commit(range(0, 1000));
  record_all(ledger, ledger.raise_level(0.2), false);
  const auto proved = ledger.wrong_at_most();
  record_all(ledger, ledger.commit(range(1000, 1500)), true);
  Items all_but_one = ledger.fallbacks().at(0).withdrawn;
  all_but_one.pop_back();
  ledger.withdraw(all_but_one);
  CHECK(ledger.fallbacks().size() == 1);
  CHECK(ledger.wrong_at_most() > proved);
}

TEST_CASE("AuditLedger: a correction voids the fallbacks, and an unanswered audit of a later label blocks them") {
  AuditLedger ledger(0.05, 1);
  ledger.commit(range(0, 1000));
  const auto due = ledger.raise_level(0.2);
  record_all(ledger, due, false);
  const auto later = ledger.commit(range(1000, 1500));
  REQUIRE(!later.empty());
  CHECK(ledger.fallbacks().empty());
  record_all(ledger, later, true);
  CHECK(ledger.fallbacks().size() == 1);
  ledger.record(due.front(), true);
  CHECK(ledger.fallbacks().empty());
}

TEST_CASE("AuditLedger: an item committed again draws a fresh coin") {
  const auto coins = coins_of(9, 200);
  AuditLedger ledger(0.05, 9);
  ledger.commit(range(0, 100));
  ledger.withdraw(range(0, 100));
  ledger.commit(range(0, 100));
  Items expected;
  for (std::size_t i = 0; i < 100; ++i) {
    if (coins[100 + i] <= 0.4) expected.push_back(static_cast<ItemIndex>(i));
  }
  CHECK(ledger.raise_level(0.4) == expected);
}

TEST_CASE("AuditLedger: save and load give the same state, coins and future, at any moment") {
  AuditLedger ledger(0.02, 10);
  const auto check_same = [&] {
    const auto bytes = bytes_of(ledger);
    AuditLedger copy = restored(bytes);
    CHECK(bytes_of(copy) == bytes);
    CHECK(copy.wrong_at_most() == ledger.wrong_at_most());
    CHECK(copy.n_delivered() == ledger.n_delivered());
    CHECK(copy.n_due() == ledger.n_due());
    CHECK(copy.n_audited() == ledger.n_audited());
    CHECK(copy.errors_found() == ledger.errors_found());
    CHECK(copy.known_wrong() == ledger.known_wrong());
    CHECK(copy.failure_probability() == 0.02);
    CHECK(copy.due() == ledger.due());
    AuditLedger original = ledger;
    CHECK(copy.commit(range(9000, 9100)) == original.commit(range(9000, 9100)));
    CHECK(copy.raise_level(0.95) == original.raise_level(0.95));
    CHECK(bytes_of(copy) == bytes_of(original));
  };
  check_same();
  ledger.commit(range(0, 500));
  check_same();
  ledger.withdraw(range(0, 250));  // before anything is proved: the bound is as many as are left
  check_same();
  const auto due = ledger.raise_level(0.1);
  check_same();
  for (std::size_t i = 0; i < due.size(); i += 2) ledger.record(due[i], i % 3 == 0);
  check_same();
  for (const ItemIndex item : ledger.due()) ledger.record(item, false);
  const auto delivered = ledger.delivered();
  ledger.record(delivered[0], true);
  ledger.record(delivered[1], false);
  check_same();
  ledger.withdraw(ledger.delivered());
  check_same();
  ledger.commit(range(100, 200));
  check_same();
}

/// The ledger told again in the plainest way: nothing is kept but what happened; everything is recounted when asked.
class Recount {
 public:
  Recount(double delta, std::uint64_t seed) : delta_(delta), coins_(seed, RandomPurpose::audit_coins) {}

  void commit(const Items& items) {
    if (!items.empty() && proved_ < delivered() + due()) earlier_.emplace_back(entries_.size(), proved_);
    for (const ItemIndex item : items) entries_.push_back({.item = item, .coin = coins_.uniform()});
    proved_ += static_cast<std::int64_t>(items.size());
    look();
  }
  void raise_level(double level) {
    level_ = level;
    look();
  }
  void record(ItemIndex item, bool wrong) {
    for (std::size_t e = 0; e < entries_.size(); ++e) {
      Entry& entry = entries_[e];
      if (entry.item != item || entry.withdrawn) continue;
      if (!entry.answer && wrong) {
        --proved_;
        for (auto& [size, proved] : earlier_) proved -= e < size ? 1 : 0;
        std::erase_if(earlier_, [](const auto& moment) { return moment.second < 0; });
      }
      if (entry.answer && *entry.answer != wrong) {
        proved_ = std::numeric_limits<std::int64_t>::max() / 2;
        earlier_.clear();
      }
      entry.answer = wrong;
    }
    look();
  }
  void withdraw(const Items& items) {
    for (Entry& entry : entries_) {
      if (std::find(items.begin(), items.end(), entry.item) == items.end()) continue;
      if (entry.coin > level_ && !entry.answer) entry.withdrawn = true;
    }
    while (!earlier_.empty() && is_all_closed_since(earlier_.back().first)) {
      proved_ = std::min(proved_, earlier_.back().second);
      earlier_.pop_back();
    }
    look();
  }

  [[nodiscard]] std::int64_t n(bool due, std::optional<bool> answer) const {
    return std::count_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
      return !entry.withdrawn && (entry.coin <= level_) == due && entry.answer == answer;
    });
  }
  [[nodiscard]] std::int64_t delivered() const { return n(false, {}); }
  [[nodiscard]] std::int64_t due() const { return n(true, {}); }
  [[nodiscard]] std::int64_t audited() const { return n(true, true) + n(true, false); }
  [[nodiscard]] std::int64_t errors_found() const { return n(true, true); }
  [[nodiscard]] std::int64_t known_wrong() const { return n(false, true); }
  [[nodiscard]] std::int64_t wrong_at_most() const { return std::min({proved_, martingale(), delivered()}); }
  [[nodiscard]] bool is_live(ItemIndex item) const {
    return std::any_of(entries_.begin(), entries_.end(),
                       [&](const Entry& entry) { return entry.item == item && !entry.withdrawn; });
  }

 private:
  struct Entry {
    ItemIndex item;
    double coin;
    std::optional<bool> answer{};
    bool withdrawn = false;
  };

  [[nodiscard]] bool is_all_closed_since(std::size_t size) const {
    return std::all_of(entries_.begin() + static_cast<std::ptrdiff_t>(size), entries_.end(),
                       [](const Entry& entry) { return entry.withdrawn || entry.answer; });
  }
  [[nodiscard]] std::int64_t martingale() const {
    const auto unfound = max_wrong_unfound(errors_found() + due(), level_, delta_);
    return std::max<std::int64_t>(0, unfound - known_wrong());
  }
  void look() {
    if (due() == 0) proved_ = std::min(proved_, martingale());
    proved_ = std::clamp<std::int64_t>(proved_, 0, delivered() + due());
  }

  double delta_;
  RandomStream coins_;
  std::vector<Entry> entries_;
  double level_ = 0.0;
  std::int64_t proved_ = 0;
  std::vector<std::pair<std::size_t, std::int64_t>> earlier_;  // entries then, and what was proved of them
};

/// A ledger of one exact audit, none of whose 100 items is due yet, as some version of the library saved it.
std::string exact_bytes(std::uint32_t version, const std::vector<std::int64_t>& bounds,
                        const std::vector<double>& parts = {}, std::int64_t of_undrawn = 0) {
  SnapshotWriter writer;
  writer.section("audit_ledger", version);
  writer.write(0.05);
  writer.write(-1.0);  // nothing expected
  writer.write(std::uint64_t{5});
  writer.write(std::uint64_t{100});
  writer.write(0.0);
  writer.write(std::int64_t{0});
  const std::vector<std::int64_t> none, prefixes{50, 100};
  const std::vector<double> levels{0.2, 0.4};
  writer.write(std::span(none));
  writer.write(std::span(none));
  const Items items = range(0, 100);
  writer.write(std::span(std::as_const(items)));
  const auto coins = coins_of(5, 100);
  writer.write(std::span(coins));
  const std::vector<std::uint8_t> states(100, 0);
  writer.write(std::span(states));
  writer.write(std::int64_t{1});
  writer.write(std::int64_t{0});
  writer.write(0.0);
  writer.write(0.05);
  writer.write(std::span(prefixes));
  writer.write(std::span(bounds));
  writer.write(std::span(levels));
  if (version >= 4) {
    writer.write(std::span(parts));
    writer.write(of_undrawn);
  }
  return writer.finish("audit_ledger");
}

TEST_CASE("AuditLedger: an exact audit from before designs had parts is read, and is saved with none") {
  AuditLedger ledger = restored(exact_bytes(3, {10, 20}));
  CHECK(ledger.exact_audit().design().parts.empty());
  CHECK_FALSE(ledger.exact_audit().design().of_undrawn);
  CHECK(ledger.n_delivered() == 100);
  CHECK(bytes_of(ledger) == exact_bytes(4, {10, 20}));
  record_all(ledger, ledger.raise_level(0.4), false);
  CHECK(ledger.wrong_at_most() == 20);
}

TEST_CASE("AuditLedger: an exact audit whose parts and bounds do not go together is refused") {
  CHECK_NOTHROW(restored(exact_bytes(4, {10, 10}, {0.9, 0.1}, 1)));
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_AS(restored(exact_bytes(4, {10, 10}, {1.0})), ArchiveError);
  CHECK_THROWS_AS(restored(exact_bytes(4, {10, 10}, {0.9, 0.9})), ArchiveError);
  CHECK_THROWS_AS(restored(exact_bytes(4, {10, 10}, {1.1, -0.1})), ArchiveError);
  CHECK_THROWS_AS(restored(exact_bytes(4, {10, 10}, {0.5, nan})), ArchiveError);
  CHECK_THROWS_AS(restored(exact_bytes(4, {10, 10}, {}, 1)), ArchiveError);
  CHECK_THROWS_AS(restored(exact_bytes(4, {10, 20}, {0.9, 0.1}, 1)), ArchiveError);
}

TEST_CASE("AuditLedger: after thousands of random operations every count equals a recount from scratch") {
  constexpr ItemIndex kItems = 150;
  std::int64_t n_operations = 0, n_differences = 0, n_bounded = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    RandomStream random(seed, RandomPurpose::user);
    AuditLedger ledger(0.2, seed);
    Recount recount(0.2, seed);
    std::vector<bool> truth(kItems);
    for (ItemIndex i = 0; i < kItems; ++i) truth[static_cast<std::size_t>(i)] = random.uniform() < 0.1;
    const auto some = [&](std::uint64_t most) {
      Items items;
      for (std::uint64_t left = random.below(most); left > 0; --left) {
        items.push_back(static_cast<ItemIndex>(random.below(kItems)));
      }
      return items;
    };
    for (int step = 0; step < 250; ++step, ++n_operations) {
      const auto before = recount.wrong_at_most();
      const bool is_settled = recount.due() == 0;
      const auto operation = random.below(10);
      bool may_worsen = false;
      if (operation < 2) {
        auto items = some(12);
        std::sort(items.begin(), items.end());
        items.erase(std::unique(items.begin(), items.end()), items.end());
        std::erase_if(items, [&](ItemIndex item) { return recount.is_live(item); });
        ledger.commit(items);
        recount.commit(items);
        may_worsen = true;
      } else if (operation == 2) {
        const double level = ledger.level() + 0.05 * random.uniform() * (1.0 - ledger.level());
        ledger.raise_level(level);
        recount.raise_level(level);
        may_worsen = !is_settled;
      } else if (operation < 6) {
        for (const ItemIndex item : ledger.due()) {  // most audits are answered, some stay open
          if (random.below(4) == 0) continue;
          ledger.record(item, truth[static_cast<std::size_t>(item)]);
          recount.record(item, truth[static_cast<std::size_t>(item)]);
        }
      } else if (operation < 8) {
        const auto item = static_cast<ItemIndex>(random.below(kItems));
        bool wrong = truth[static_cast<std::size_t>(item)];
        if (random.below(20) == 0) {  // somebody errs, now and then
          wrong = !wrong;
          may_worsen = true;
        }
        may_worsen = may_worsen || !ledger.is_delivered(item);
        CHECK(ledger.record(item, wrong) == recount.is_live(item));
        recount.record(item, wrong);
      } else if (operation == 8) {
        const auto items = some(6);
        ledger.withdraw(items);
        recount.withdraw(items);
      } else {
        ledger = restored(bytes_of(ledger));
      }
      const bool agree = ledger.n_delivered() == recount.delivered() && ledger.n_due() == recount.due() &&
                         ledger.n_audited() == recount.audited() && ledger.errors_found() == recount.errors_found() &&
                         ledger.known_wrong() == recount.known_wrong() &&
                         ledger.wrong_at_most() == recount.wrong_at_most() &&
                         static_cast<std::int64_t>(ledger.delivered().size()) == recount.delivered() &&
                         static_cast<std::int64_t>(ledger.due().size()) == recount.due();
      n_differences += agree ? 0 : 1;
      if (!may_worsen) n_differences += ledger.wrong_at_most() <= before ? 0 : 1;
      n_bounded += ledger.wrong_at_most() < ledger.n_delivered() ? 1 : 0;
    }
  }
  CHECK(n_operations == 5000);
  CHECK(n_differences == 0);
  CHECK(n_bounded > 500);  // the bound was not idle
}

}  // namespace
