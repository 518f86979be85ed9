#include "gtlabel/routing/confidence_router.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gtlabel/core/error.hpp"
#include "gtlabel/routing/certificate.hpp"

namespace {

using namespace gtlabel;

/// Rows whose first class has the given confidences.
Matrix<float> two_classes(const std::vector<float>& confidence) {
  Matrix<float> rows(static_cast<std::ptrdiff_t>(confidence.size()), 2);
  for (std::ptrdiff_t r = 0; r < rows.rows; ++r) {
    rows(r, 0) = confidence[static_cast<std::size_t>(r)];
    rows(r, 1) = 1.0F - rows(r, 0);
  }
  return rows;
}

/// Calibrated probabilities of n items: mostly sure, some doubtful; with the truth drawn from them.
struct Calibrated {
  Matrix<float> probabilities;
  std::vector<ClassIndex> truth;

  Calibrated(std::ptrdiff_t n, std::uint64_t seed) : probabilities(n, 3) {
    RandomStream random(seed, RandomPurpose::user);
    for (std::ptrdiff_t r = 0; r < n; ++r) {
      const double risk = 0.6 * std::pow(random.uniform(), 6.0);
      const auto best = static_cast<ClassIndex>(random.below(3));
      for (ClassIndex c = 0; c < 3; ++c) probabilities(r, c) = static_cast<float>(c == best ? 1.0 - risk : risk / 2.0);
      const bool wrong = random.uniform() < risk;
      truth.push_back(wrong ? static_cast<ClassIndex>((best + 1 + static_cast<int>(random.below(2))) % 3) : best);
    }
  }
};

std::int64_t count(const Routing& routing, Route route) {
  return std::count(routing.routes.begin(), routing.routes.end(), route);
}

TEST_CASE("ConfidenceRouter: the plain rule takes at or above the threshold, and certifies nothing") {
  const ConfidenceRouter router(ConfidenceThreshold{0.9});
  const auto routing = router.route(two_classes({0.95F, 0.9F, 0.89F, 0.5F, 0.02F}));
  CHECK(routing.routes ==
        std::vector<Route>{Route::automatic, Route::automatic, Route::human, Route::human, Route::automatic});
  CHECK(routing.class_index == std::vector<ClassIndex>{0, 0, 0, 0, 1});
  CHECK(routing.n_automatic == 3);
  CHECK(routing.n_human == 2);
  CHECK(routing.n_audit == 0);
  CHECK(routing.threshold == doctest::Approx(0.9));
  CHECK(routing.expected_error == doctest::Approx((0.05 + 0.1 + 0.02) / 3.0));
  CHECK_FALSE(routing.ledgers);
  CHECK(routing.reason.find("nothing is certified") != std::string::npos);
}

TEST_CASE("ConfidenceRouter: a threshold of 1 takes certainty, and only that") {
  const auto routing = ConfidenceRouter(ConfidenceThreshold{1.0}).route(two_classes({1.0F, 0.9999F, 0.0F}));
  CHECK(routing.routes == std::vector<Route>{Route::automatic, Route::human, Route::automatic});
}

TEST_CASE("ConfidenceRouter: of equal classes the first is taken") {
  CHECK(ConfidenceRouter(ConfidenceThreshold{0.5}).route(two_classes({0.5F})).class_index.front() == 0);
}

TEST_CASE("ConfidenceRouter: no items, no routes") {
  for (const Target& target : {Target(ErrorTarget{}), Target(ConfidenceThreshold{})}) {
    const auto routing = ConfidenceRouter(target).route(MatrixView<const float>());
    CHECK(routing.routes.empty());
    CHECK(routing.n_automatic + routing.n_audit + routing.n_human == 0);
    CHECK(routing.threshold > 1.0);
  }
}

TEST_CASE("ConfidenceRouter: towards an error target the surest are committed, and audits come from the ledger") {
  const Calibrated items(5000, 1);
  const auto routing = ConfidenceRouter(ErrorTarget{}, 7).route(items.probabilities);
  REQUIRE(routing.ledgers);
  CHECK(routing.n_automatic == count(routing, Route::automatic));
  CHECK(routing.n_audit == count(routing, Route::audit));
  CHECK(routing.n_human == count(routing, Route::human));
  CHECK(routing.n_automatic + routing.n_audit + routing.n_human == 5000);
  CHECK(routing.n_automatic > 2500);
  CHECK(routing.n_audit > 50);
  CHECK(routing.audit_level == doctest::Approx((*routing.ledgers)[0].level()));
  CHECK(routing.ledgers->n_delivered() == routing.n_automatic);
  CHECK(routing.ledgers->n_due() == routing.n_audit);
  for (const ItemIndex item : routing.ledgers->delivered()) CHECK(routing.routes[item] == Route::automatic);
  for (const ItemIndex item : routing.ledgers->due()) CHECK(routing.routes[item] == Route::audit);
  float surest_human = 0.0F;
  for (std::size_t i = 0; i < 5000; ++i) {
    if (routing.routes[i] == Route::human) surest_human = std::max(surest_human, routing.confidence[i]);
  }
  CHECK(surest_human <= routing.threshold);
  CHECK(routing.expected_error < 0.05);
}

TEST_CASE("ConfidenceRouter: recorded audits lead to a true certificate") {
  int n_certified = 0, n_false = 0;
  constexpr int kSets = 60;
  for (std::uint64_t seed = 0; seed < kSets; ++seed) {
    const Calibrated items(3000, seed);
    auto routing = ConfidenceRouter(ErrorTarget{}, seed).route(items.probabilities);
    REQUIRE(routing.ledgers);
    const auto is_wrong = [&](ItemIndex item) { return routing.class_index[item] != items.truth[item]; };
    for (const ItemIndex item : routing.ledgers->due()) routing.ledgers->record(item, is_wrong(item));
    const auto certificate = certify(*routing.ledgers, ErrorTarget{}, 3000);
    if (!certificate) continue;
    ++n_certified;
    const auto delivered = routing.ledgers->delivered();
    const auto n_wrong = std::count_if(delivered.begin(), delivered.end(), is_wrong);
    n_false += n_wrong > certificate->wrong_at_most ? 1 : 0;
  }
  CHECK(n_certified > kSets / 4);
  CHECK(n_false <= 3);
}

TEST_CASE("ConfidenceRouter: another seed draws other audits of the same labels") {
  const Calibrated items(3000, 2);
  const auto a = ConfidenceRouter(ErrorTarget{}, 1).route(items.probabilities);
  const auto b = ConfidenceRouter(ErrorTarget{}, 2).route(items.probabilities);
  CHECK(a.n_human == b.n_human);
  CHECK(a.class_index == b.class_index);
  CHECK(a.routes != b.routes);
  CHECK(a.routes == ConfidenceRouter(ErrorTarget{}, 1).route(items.probabilities).routes);
}

TEST_CASE("ConfidenceRouter: where no audit pays everything goes to people, and the reason says so") {
  for (const std::size_t n : {20u, 2000u}) {
    const auto routing = ConfidenceRouter().route(two_classes(std::vector<float>(n, n == 20 ? 1.0F : 0.7F)));
    CHECK(routing.n_human == static_cast<std::int64_t>(n));
    REQUIRE(routing.ledgers);
    CHECK(routing.ledgers->n_delivered() == 0);
    CHECK(routing.reason.find("all go to people") != std::string::npos);
    CHECK(routing.threshold > 1.0);
  }
}

TEST_CASE("ConfidenceRouter: a bad row is named") {
  const auto check_refused = [](const Matrix<float>& rows, const std::string& part, ErrorCode code) {
    try {
      (void)ConfidenceRouter().route(rows);
    } catch (const InvalidArgument& error) {
      CHECK(std::string(error.what()).find(part) != std::string::npos);
      CHECK(error.code() == code);
      return;
    }
    FAIL("accepted");
  };
  const auto good = two_classes({0.9F, 0.8F, 0.7F});
  auto rows = good;
  rows(1, 0) = std::numeric_limits<float>::quiet_NaN();
  check_refused(rows, "row 1, column 0", ErrorCode::not_finite);
  rows(1, 0) = std::numeric_limits<float>::infinity();
  check_refused(rows, "row 1, column 0", ErrorCode::not_finite);
  rows = good;
  rows(2, 0) = 1.2F;
  rows(2, 1) = -0.2F;
  check_refused(rows, "row 2, column 1", ErrorCode::invalid_argument);
  rows = good;
  rows(0, 1) = 0.2F;
  check_refused(rows, "row 0 sums to 1.1", ErrorCode::invalid_argument);
  check_refused(Matrix<float>(3, 1, 1.0F), "1 classes", ErrorCode::shape_mismatch);
  rows = good;
  rows(0, 1) += 0.0005F;  // rounding is forgiven
  CHECK_NOTHROW((void)ConfidenceRouter().route(rows));
}

TEST_CASE("ConfidenceRouter: a target outside its range is refused") {
  CHECK_THROWS_AS(ConfidenceRouter(ConfidenceThreshold{0.0}), InvalidArgument);
  CHECK_THROWS_AS(ConfidenceRouter(ErrorTarget{.max_error = 1.0}), InvalidArgument);
}

TEST_CASE("ConfidenceRouter: one router serves four threads at once, with the same results") {
  const Calibrated items(2000, 3);
  const ConfidenceRouter router(ErrorTarget{}, 5);
  const auto expected = router.route(items.probabilities).routes;
  std::atomic<int> n_equal{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 5; ++i) n_equal += router.route(items.probabilities).routes == expected ? 1 : 0;
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(n_equal.load() == 20);
}

TEST_CASE("Route: has a name") {
  CHECK(std::string(to_string(Route::automatic)) == "auto");
  CHECK(std::string(to_string(Route::human)) == "human");
  CHECK(std::string(to_string(Route::audit)) == "audit");
}

}  // namespace
