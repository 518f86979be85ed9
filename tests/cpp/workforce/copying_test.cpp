#include "workforce/copying.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "gtlabel/core/random.hpp"
#include "gtlabel/workforce/simulated_workforce.hpp"
#include "statistics.hpp"

namespace {

using namespace gtlabel;
using detail::CopyingSearch;
using detail::SharedWord;

struct Crowd {
  std::vector<SimulatedWorker> workers;
  int n_classes = 4;
  int n_items = 400;
  int n_words = 4;  // per item
  double hard = 0.0;
};

Crowd crowd_of(int n_workers, RandomStream& random) {
  Crowd crowd;
  for (int w = 0; w < n_workers; ++w) {
    std::string name = "w";
    crowd.workers.push_back({.name = name.append(std::to_string(w)), .accuracy = 0.6 + 0.35 * random.uniform()});
  }
  return crowd;
}

/// Each item is answered by some of the crowd, drawn at random.
std::vector<std::int32_t> partners_in(const Crowd& crowd, RandomStream& random) {
  std::vector<double> accuracy, difficulty;
  for (const auto& worker : crowd.workers) accuracy.push_back(worker.accuracy);
  for (int i = 0; i < crowd.n_items; ++i) difficulty.push_back(random.uniform() < crowd.hard ? random.uniform() : 0.0);
  const SimulatedWorkforce people(crowd.n_classes, crowd.workers, random.next(), difficulty);
  CopyingSearch search(accuracy, crowd.n_classes);
  std::vector<ItemIndex> turn;
  for (std::size_t w = 0; w < crowd.workers.size(); ++w) turn.push_back(static_cast<ItemIndex>(w));
  for (ItemIndex item = 0; item < crowd.n_items; ++item) {
    random.shuffle(turn);
    const auto truth = static_cast<ClassIndex>(random.below(static_cast<std::uint64_t>(crowd.n_classes)));
    std::vector<SharedWord> words;
    for (int i = 0; i < crowd.n_words; ++i) {
      const auto w = static_cast<std::size_t>(turn[static_cast<std::size_t>(i)]);
      words.push_back({static_cast<std::int32_t>(w), people.answer(w, item, truth)});
    }
    search.add_item(words);
  }
  return search.partners(0.05);
}

TEST_CASE("CopyingSearch: of 200 crowds whose people work alone no more name anybody than is said") {
  RandomStream random(11, RandomPurpose::user);
  std::int64_t n_named = 0;
  for (int run = 0; run < 200; ++run) {
    auto crowd = crowd_of(12, random);
    crowd.n_classes = 2 + static_cast<int>(random.below(5));
    crowd.hard = run % 2 == 0 ? 0.0 : 0.3;  // what is hard for one is hard for all
    const auto partners = partners_in(crowd, random);
    n_named += std::any_of(partners.begin(), partners.end(), [](auto with) { return with >= 0; }) ? 1 : 0;
  }
  CHECK(n_named <= gtlabel_test::binomial_quantile(200, 0.05, 0.99));
}

TEST_CASE("CopyingSearch: one who gives another's answers is found with him, and nobody else is") {
  RandomStream random(12, RandomPurpose::user);
  int n_found = 0;
  for (int run = 0; run < 20; ++run) {
    auto crowd = crowd_of(12, random);
    crowd.workers[0].accuracy = crowd.workers[1].accuracy = 0.8;
    crowd.workers[1].copies = "w0";
    crowd.n_items = 600;
    crowd.n_words = 5;
    const auto partners = partners_in(crowd, random);
    n_found += partners[0] == 1 && partners[1] == 0 ? 1 : 0;
    for (std::size_t w = 2; w < partners.size(); ++w) CHECK(partners[w] == -1);
  }
  CHECK(n_found >= 18);
}

TEST_CASE("CopyingSearch: two who always name the same class do not copy, whoever they are") {
  RandomStream random(13, RandomPurpose::user);
  for (int run = 0; run < 10; ++run) {
    auto crowd = crowd_of(12, random);
    for (const std::size_t lazy : {0, 1}) {
      crowd.workers[lazy].accuracy = 0.25;
      crowd.workers[lazy].confusion = Matrix<double>(4, 4);
      for (std::ptrdiff_t t = 0; t < 4; ++t) crowd.workers[lazy].confusion(t, 2) = 1.0;
    }
    const auto partners = partners_in(crowd, random);
    CHECK(std::all_of(partners.begin(), partners.end(), [](auto with) { return with == -1; }));
  }
}

TEST_CASE("CopyingSearch: two who are right where most others are misled do not copy") {
  RandomStream random(14, RandomPurpose::user);
  for (int run = 0; run < 10; ++run) {
    CopyingSearch search(std::vector<double>(12, 0.75), 2);
    for (int item = 0; item < 400; ++item) {
      const bool is_misleading = random.uniform() < 0.2;
      const std::int32_t truth = item % 2;
      std::vector<SharedWord> words;
      for (std::int32_t w = 0; w < 12; ++w) {
        const bool is_expert = w < 2;
        if (!is_expert && random.uniform() < 0.6) continue;
        const double right = is_expert ? 0.9 : is_misleading ? 0.2 : 0.9;
        words.push_back({w, random.uniform() < right ? truth : 1 - truth});
      }
      search.add_item(words);
    }
    const auto partners = search.partners(0.05);
    CHECK(std::all_of(partners.begin(), partners.end(), [](auto with) { return with == -1; }));
  }
}

TEST_CASE("CopyingSearch: one who copies is found where hundreds answer every item, too") {
  RandomStream random(15, RandomPurpose::user);
  CopyingSearch search(std::vector<double>(200, 0.8), 4);
  for (int item = 0; item < 4000; ++item) {
    std::vector<SharedWord> words;
    for (std::int32_t w = 0; w < 200; ++w) {
      const bool is_right = random.uniform() < 0.8;
      words.push_back({w, is_right ? 0 : 1 + static_cast<std::int32_t>(random.below(3))});
    }
    words[7].answer = words[3].answer;
    search.add_item(words);
  }
  const auto partners = search.partners(0.05);
  CHECK(partners[7] == 3);
  CHECK(std::count(partners.begin(), partners.end(), -1) == 198);
}

TEST_CASE("CopyingSearch: a class that is known takes the place of the others' answers") {
  CopyingSearch alone(std::vector<double>{0.8, 0.8}, 3), with_gold = alone;
  for (int i = 0; i < 60; ++i) {
    const int said = i % 4 == 0 ? (i / 4) % 2 + 1 : 0;
    const std::vector<SharedWord> words = {{0, said}, {1, said}};
    alone.add_item(words);
    with_gold.add_item(words, 0);
  }
  CHECK(alone.partners(0.05) == std::vector<std::int32_t>{-1, -1});
  CHECK(with_gold.partners(0.05) == std::vector<std::int32_t>{1, 0});
}

TEST_CASE("CopyingSearch: nothing is found in nothing") {
  CHECK(CopyingSearch({}, 2).partners(0.05).empty());
  CopyingSearch search({0.9, 0.9}, 2);
  search.add_item({});
  search.add_item(std::vector<SharedWord>{{0, 1}, {1, 1}});
  CHECK(search.partners(0.05) == std::vector<std::int32_t>{-1, -1});
}

}  // namespace
