#include "jobs/answer_record.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "gtlabel/workforce/simulated_workforce.hpp"
#include "jobs/learned_skills.hpp"

namespace {

using namespace gtlabel;
using detail::AnswerRecord;

constexpr Overlap kUpToFive{.min = 1, .max = 5};

void say(AnswerRecord& record, ItemIndex item, const std::string& worker, ClassIndex answer, float certainty = 1.0F) {
  record.add(item, worker, {.class_index = answer, .certainty = certainty});
}

TEST_CASE("AnswerRecord: with an overlap of one a sure answer settles an item at once, the last one counts") {
  AnswerRecord record(2, 3, {});
  const auto verdict = record.add(0, "ann", {.class_index = 2});
  REQUIRE(verdict.has_value());
  CHECK(verdict->label == 2);
  CHECK(verdict->confidence == 1.0F);
  CHECK(record.add(0, "bob", {.class_index = 1})->label == 1);
  CHECK(record.add(1, "ann", {.class_index = kNoneOfThese})->label == kNoneOfThese);
  CHECK_FALSE(record.add(1, "bob", {.class_index = kSkip}).has_value());
  CHECK_FALSE(record.add(1, "cid", {.class_index = 0, .certainty = 0.6F}).has_value());
}

TEST_CASE("AnswerRecord: people who agree settle an item, people who do not leave it open until the most are asked") {
  AnswerRecord record(2, 10, kUpToFive);
  say(record, 0, "a", 4);
  CHECK_FALSE(record.verdict(0, false).is_settled);
  say(record, 0, "b", 4);
  say(record, 0, "c", 4);
  CHECK(record.verdict(0, false).is_settled);
  CHECK(record.verdict(0, false).label == 4);
  const char* names[] = {"a", "b", "c", "d", "e"};
  const ClassIndex answers[] = {0, 1, 2, 3, 0};
  for (int i = 0; i < 5; ++i) {
    CHECK_FALSE(record.verdict(1, false).is_settled);
    say(record, 1, names[i], answers[i]);
  }
  CHECK(record.verdict(1, false).is_settled);
  CHECK(record.verdict(1, false).label == 0);
}

TEST_CASE("AnswerRecord: a worker has one word about an item, his last, and is paid once; who has no name is many") {
  AnswerRecord record(2, 2, kUpToFive);
  say(record, 0, "ann", 0);
  say(record, 0, "ann", 1);
  REQUIRE(record.words(0).size() == 1);
  CHECK(record.words(0)[0].answer == 1);
  CHECK(record.n_paid() == 1);
  say(record, 1, "", 0);
  say(record, 1, "", 0);
  CHECK(record.words(1).size() == 2);
  CHECK(record.n_paid() == 3);
  CHECK(record.n_answered() == 2);
}

TEST_CASE("AnswerRecord: one who repeats himself is asked no more than others are") {
  AnswerRecord record(1, 2, kUpToFive);
  for (int i = 0; i < 5; ++i) say(record, 0, "ann", 1);
  CHECK(record.verdict(0, false).is_settled);
}

TEST_CASE("AnswerRecord: a skip says nothing, costs nothing, and is remembered") {
  AnswerRecord record(1, 2, kUpToFive);
  say(record, 0, "ann", kSkip);
  CHECK_FALSE(record.is_answered(0));
  CHECK(record.n_paid() == 0);
  CHECK(record.has_seen(0, "ann"));
  CHECK_FALSE(record.has_answered(0, "ann"));
  CHECK(record.take_news().empty());
}

TEST_CASE("AnswerRecord: whoever is unsure tells little and raises the number of people asked") {
  AnswerRecord sure(1, 2, kUpToFive), guessed(1, 2, kUpToFive);
  say(sure, 0, "a", 1);
  say(guessed, 0, "a", 1, 0.6F);
  CHECK(guessed.verdict(0, false).label == 1);
  CHECK(guessed.verdict(0, false).confidence < sure.verdict(0, false).confidence);
  CHECK(guessed.verdict(0, false).confidence > 0.5F);

  AnswerRecord record(1, 10, {.min = 1, .max = 2, .until_confidence = 1.0});
  say(record, 0, "a", kUnsure);
  say(record, 0, "b", 1);
  CHECK_FALSE(record.verdict(0, false).is_settled);  // two asked, but one told nothing
  say(record, 0, "c", 1);
  CHECK(record.verdict(0, false).is_settled);
}

TEST_CASE("AnswerRecord: if nobody can tell, an item ends without a class") {
  AnswerRecord record(1, 2, {});
  say(record, 0, "a", kUnsure);
  CHECK_FALSE(record.verdict(0, false).is_settled);
  say(record, 0, "b", kUnsure);
  CHECK(record.verdict(0, false).is_settled);
  CHECK(record.verdict(0, false).label == kNoneOfThese);
}

TEST_CASE("AnswerRecord: none of these takes several people, where several are asked") {
  AnswerRecord record(1, 10, {.min = 1, .max = 5, .until_confidence = 0.5});
  say(record, 0, "a", kNoneOfThese);
  CHECK(record.verdict(0, false).confidence > 0.5F);
  CHECK_FALSE(record.verdict(0, false).is_settled);
  say(record, 0, "b", kNoneOfThese);
  CHECK(record.verdict(0, false).is_settled);
  CHECK(record.verdict(0, false).label == kNoneOfThese);
}

/// Everybody answers every item.
AnswerRecord crowd(const std::vector<int>& order, double good = 0.9, int n_items = 300) {
  const SimulatedWorkforce workforce(3, {{"a", good}, {"b", good}, {"c", good}, {"d", 1.0 / 3.0}}, 3);
  AnswerRecord record(n_items, 3, kUpToFive);
  for (const int worker : order) {
    for (ItemIndex item = 0; item < n_items; ++item) {
      const auto w = static_cast<std::size_t>(worker);
      say(record, item, workforce.workers()[w].name, workforce.answer(w, item, static_cast<ClassIndex>(item % 3)));
    }
  }
  return record;
}

TEST_CASE("AnswerRecord: skills are learned, and who guesses weighs nothing") {
  const AnswerRecord record = crowd({0, 1, 2, 3});
  const auto learned = detail::learn_skills(record);
  for (int w = 0; w < 3; ++w) CHECK(learned.skills.of(w) == doctest::Approx(0.9).epsilon(0.06));
  CHECK(learned.skills.of(3) < 0.45);
  CHECK(learned.skills.of(7) < 0.9);  // a newcomer is as good as all are
  CHECK(learned.skills.of(7) > 0.6);
}

TEST_CASE("AnswerRecord: nothing is learned of a worker from lone words") {
  AnswerRecord record(500, 2, kUpToFive);
  for (ItemIndex item = 0; item < 500; ++item) say(record, item, "ann", 0);
  CHECK(detail::learn_skills(record).skills.of(0) == record.skills().of(0));
}

TEST_CASE("AnswerRecord: two who always agreed do not settle items alone by default") {
  AnswerRecord record(1001, 3, kUpToFive);
  for (ItemIndex item = 0; item < 1000; ++item) {
    say(record, item, "a", static_cast<ClassIndex>(item % 3));
    say(record, item, "b", static_cast<ClassIndex>(item % 3));
  }
  record.learn();
  say(record, 1000, "a", 1);
  CHECK_FALSE(record.verdict(1000, false).is_settled);
  say(record, 1000, "b", 1);
  CHECK(record.verdict(1000, false).is_settled);
}

TEST_CASE("AnswerRecord: the order of answers does not matter, to the bit") {
  AnswerRecord one = crowd({0, 1, 2, 3}), other = crowd({3, 1, 0, 2});
  one.learn();
  other.learn();
  for (ItemIndex item = 0; item < 300; ++item) {
    const auto a = one.verdict(item, false), b = other.verdict(item, false);
    REQUIRE(a.label == b.label);
    REQUIRE(a.confidence == b.confidence);
  }
}

TEST_CASE("AnswerRecord: audits are judged by what was known of the workers before the first coin") {
  AnswerRecord record(400, 3, kUpToFive);
  record.learn();
  record.fix_audit_skills();
  const auto before = [&] {
    AnswerRecord other(1, 3, kUpToFive);
    say(other, 0, "a", 1);
    return other.verdict(0, true).confidence;
  }();
  AnswerRecord later = crowd({0, 1, 2, 3}, 0.95, 400);
  for (ItemIndex item = 1; item < 400; ++item) {
    for (const auto& word : later.words(item)) {
      say(record, item, later.table().workers()[static_cast<std::size_t>(word.worker)], word.answer);
    }
  }
  say(record, 0, "a", 1);
  record.learn();
  CHECK(record.verdict(0, true).confidence == before);
  CHECK(record.verdict(0, false).confidence > before);
}

TEST_CASE("AnswerRecord: a worker has one word about an item, however many have spoken") {
  AnswerRecord record(1, 2, {.min = 1, .max = 100});
  for (int pass = 0; pass < 2; ++pass) {
    for (int w = 0; w < 80; ++w) {
      std::string name = "w";
      record.add(0, name.append(std::to_string(w)), Answer{.class_index = pass});
      record.add(0, "", Answer{.class_index = pass});
    }
  }
  const auto words = record.words(0);
  CHECK(words.size() == 80 + 160);
  CHECK(std::count_if(words.begin(), words.end(), [](const auto& word) { return word.answer == 1; }) == 80 + 80);
}

}  // namespace
