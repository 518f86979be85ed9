#include "gtlabel/consolidation/consolidate.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "consolidation/crowd.hpp"
#include "gtlabel/core/error.hpp"

namespace {

using gtlabel::Consolidation;
using gtlabel::ConsolidationOptions;
using gtlabel::VoteTable;
using Method = Consolidation (*)(const VoteTable&, const ConsolidationOptions&);

const std::vector<std::pair<std::string, Method>> kMethods = {{"consolidate", &gtlabel::consolidate},
                                                              {"majority_vote", &gtlabel::majority_vote},
                                                              {"dawid_skene", &gtlabel::dawid_skene},
                                                              {"fast_dawid_skene", &gtlabel::fast_dawid_skene},
                                                              {"one_coin", &gtlabel::one_coin},
                                                              {"glad", &gtlabel::glad},
                                                              {"mace", &gtlabel::mace},
                                                              {"ibcc", &gtlabel::ibcc},
                                                              {"ebcc", &gtlabel::ebcc}};

/// Two experts among ten that guess.
Crowd few_experts() {
  return make_crowd(600, 5, 3, {0.95, 0.95, 0.9, 0.9, 0.35, 0.35, 0.35, 0.35, 0.35, 0.35, 0.35, 0.35});
}

TEST_CASE("Consolidation: every method gives distributions, finite whatever the number of votes") {
  for (const Crowd& crowd : {few_experts(), make_crowd(3, 4000, 2, {0.8, 0.7, 0.6}), make_crowd(1, 1, 2, {0.9})}) {
    const VoteTable votes = crowd.votes();
    for (const auto& [name, method] : kMethods) {
      CAPTURE(name);
      const Consolidation result = method(votes, {});
      REQUIRE(result.probabilities.rows == votes.n_items());
      for (std::int32_t i = 0; i < votes.n_items(); ++i) {
        double sum = 0.0;
        for (const double p : result.probabilities.row(i)) sum += p;
        REQUIRE(sum == doctest::Approx(1.0));
      }
      for (const double value : result.worker_accuracy) REQUIRE((value >= 0.0 && value <= 1.0));
      for (const double value : result.difficulty) REQUIRE((value >= 0.0 && value <= 1.0));
      for (const double value : result.log_likelihoods) REQUIRE(std::isfinite(value));
    }
  }
}

TEST_CASE("Consolidation: knows experts from guessers, and beats the majority that does not") {
  const Crowd crowd = few_experts();
  const VoteTable votes = crowd.votes();
  const double majority = accuracy(gtlabel::majority_vote(votes).labels, crowd);
  for (const auto& [name, method] : kMethods) {
    CAPTURE(name);
    const Consolidation result = method(votes, {});
    if (name != "majority_vote") CHECK(accuracy(result.labels, crowd) > majority + 0.03);
    CHECK(result.worker_accuracy[0] > result.worker_accuracy[8] + 0.1);
  }
}

TEST_CASE("Consolidation: the same bits for any number of threads") {
  const Crowd crowd = make_crowd(5000, 3, 4, std::vector<double>(40, 0.7));
  const VoteTable votes = crowd.votes();
  for (const auto& [name, method] : kMethods) {
    CAPTURE(name);
    ConsolidationOptions options;
    options.max_iterations = 10;
    const Consolidation serial = method(votes, options);
    for (const std::size_t n_threads : {2, 7}) {
      options.executor = std::make_shared<gtlabel::ThreadPool>(n_threads);
      const Consolidation parallel = method(votes, options);
      CHECK(serial.probabilities.values == parallel.probabilities.values);
      CHECK(serial.left_out_loss == parallel.left_out_loss);
    }
  }
}

TEST_CASE("Dawid-Skene: the likelihood does not fall, and confusions are found") {
  Crowd crowd = make_crowd(3000, 5, 2, std::vector<double>(10, 0.9));
  for (std::size_t v = 0; v < crowd.items.size(); ++v) {  // worker 0 always says 1
    if (crowd.workers[v] == 0) crowd.answers[v] = 1;
  }
  const Consolidation result = gtlabel::dawid_skene(crowd.votes());
  const auto& trace = result.log_likelihoods;
  REQUIRE(trace.size() > 2);
  for (std::size_t t = 1; t < trace.size(); ++t) CHECK(trace[t] >= trace[t - 1] - 1e-6 * std::abs(trace[t]));
  const auto share = [&](std::ptrdiff_t row) {
    return result.worker_counts(row, 1) / (result.worker_counts(row, 0) + result.worker_counts(row, 1));
  };
  CHECK(share(0) > 0.99);                                 // worker 0, truth 0
  CHECK(share(2) == doctest::Approx(0.1).epsilon(0.35));  // worker 1, truth 0
  CHECK(share(3) == doctest::Approx(0.9).epsilon(0.05));  // worker 1, truth 1
}

TEST_CASE("Consolidation: gold items keep their class and teach about the workers") {
  const Crowd crowd = make_crowd(200, 3, 2, {0.2, 0.2, 0.2, 0.9});  // most are mistaken
  ConsolidationOptions options;
  options.gold.assign(200, gtlabel::kNoClass);
  for (std::size_t i = 0; i < 60; ++i) options.gold[i] = crowd.truth[i];
  for (const auto& [name, method] : kMethods) {
    CAPTURE(name);
    const Consolidation result = method(crowd.votes(), options);
    for (std::size_t i = 0; i < 60; ++i) REQUIRE(result.labels[i] == crowd.truth[i]);
  }
  CHECK(accuracy(gtlabel::dawid_skene(crowd.votes()).labels, crowd) < 0.5);
  CHECK(accuracy(gtlabel::dawid_skene(crowd.votes(), options).labels, crowd) > 0.7);
}

TEST_CASE("Consolidation: what is known of the workers decides a tie") {
  const VoteTable votes(std::vector<std::int32_t>{0, 0}, std::vector<std::int32_t>{0, 1},
                        std::vector<gtlabel::ClassIndex>{0, 1}, 2);
  ConsolidationOptions options;
  options.history = gtlabel::Matrix<double>(4, 2);
  options.history(0, 1) = options.history(1, 0) = 50.0;  // worker 0: at random
  options.history(0, 0) = options.history(1, 1) = 50.0;
  options.history(2, 0) = options.history(3, 1) = 100.0;  // worker 1: always right
  for (const Method method : {&gtlabel::consolidate, &gtlabel::dawid_skene, &gtlabel::one_coin, &gtlabel::ibcc}) {
    CHECK(method(votes, options).labels[0] == 1);
  }
}

TEST_CASE("Consolidation: a good model is a good annotator, a useless one does no harm") {
  const Crowd crowd = make_crowd(800, 2, 2, std::vector<double>(20, 0.7));
  gtlabel::RandomStream random(5, gtlabel::RandomPurpose::user);
  ConsolidationOptions good, useless;
  good.model_probabilities = useless.model_probabilities = gtlabel::Matrix<double>(800, 2, 0.5);
  for (std::ptrdiff_t i = 0; i < 800; ++i) {
    const bool is_right = random.uniform() < 0.9;
    const double p = is_right == (crowd.truth[static_cast<std::size_t>(i)] == 0) ? 0.9 : 0.1;
    good.model_probabilities(i, 0) = p;
    good.model_probabilities(i, 1) = 1.0 - p;
  }
  const double alone = accuracy(gtlabel::consolidate(crowd.votes()).labels, crowd);
  CHECK(accuracy(gtlabel::consolidate(crowd.votes(), good).labels, crowd) > alone + 0.08);
  CHECK(accuracy(gtlabel::consolidate(crowd.votes(), useless).labels, crowd) > alone - 0.02);
  CHECK_THROWS_AS(static_cast<void>(gtlabel::glad(crowd.votes(), good)), gtlabel::InvalidArgument);
}

TEST_CASE("consolidate: weights of the members sum to 1") {
  const Consolidation result = gtlabel::consolidate(few_experts().votes());
  double sum = 0.0;
  for (const double weight : result.member_weights) sum += weight;
  CHECK(result.member_weights.size() == 4);
  CHECK(sum == doctest::Approx(1.0));
}

/// Distance of mean confidence and accuracy.
double overconfidence(const Consolidation& result, const Crowd& crowd) {
  double sum = 0.0;
  for (std::ptrdiff_t i = 0; i < result.probabilities.rows; ++i) {
    const auto row = result.probabilities.row(i);
    sum += *std::max_element(row.begin(), row.end());
  }
  return sum / static_cast<double>(result.probabilities.rows) - accuracy(result.labels, crowd);
}

TEST_CASE("consolidate: is as sure as it is right, whether people err alone or about the same items") {
  Crowd alone = make_crowd(1000, 7, 2, std::vector<double>(20, 0.85));
  CHECK(std::abs(overconfidence(gtlabel::consolidate(alone.votes()), alone)) < 0.03);
  const Crowd hard = make_crowd(1000, 7, 2, std::vector<double>(20, 0.5), 1);
  Crowd together = alone;
  for (std::size_t vote = 0; vote < together.items.size(); ++vote) {
    if (together.items[vote] % 10 >= 3) continue;  // about 30 % of the items everybody guesses
    together.answers[vote] = hard.answers[vote];
    together.truth[static_cast<std::size_t>(together.items[vote])] =
        hard.truth[static_cast<std::size_t>(hard.items[vote])];
  }
  CHECK(std::abs(overconfidence(gtlabel::consolidate(together.votes()), together)) < 0.05);
  CHECK(overconfidence(gtlabel::ibcc(together.votes()), together) > 0.1);
}

TEST_CASE("Consolidation: options that do not fit are refused by name") {
  const VoteTable votes = make_crowd(10, 3, 2, {0.9, 0.8}).votes();
  ConsolidationOptions options;
  options.gold.assign(9, 0);
  CHECK_THROWS_WITH_AS(static_cast<void>(gtlabel::consolidate(votes, options)), doctest::Contains("gold: 9"),
                       gtlabel::InvalidArgument);
  options = {};
  options.model_probabilities = gtlabel::Matrix<double>(10, 2, 0.4);
  CHECK_THROWS_WITH_AS(static_cast<void>(gtlabel::consolidate(votes, options)), doctest::Contains("row 0 sums to"),
                       gtlabel::InvalidArgument);
  options = {};
  options.history = gtlabel::Matrix<double>(4, 2, -1.0);
  CHECK_THROWS_AS(static_cast<void>(gtlabel::consolidate(votes, options)), gtlabel::InvalidArgument);
  options = {};
  options.max_iterations = 0;
  CHECK_THROWS_AS(static_cast<void>(gtlabel::consolidate(votes, options)), gtlabel::InvalidArgument);
}

}  // namespace
