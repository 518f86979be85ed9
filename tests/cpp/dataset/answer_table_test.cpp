#include "gtlabel/dataset/answer_table.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace {

using namespace gtlabel;

TEST_CASE("AnswerTable: keeps every answer in order of arrival, corrections as rows of their own") {
  AnswerTable table;
  table.add(7, 1, "ann", 0);
  table.add(3, 0, "bob", 0);
  table.add(7, 2, "ann", 1);
  const auto& answers = table.answers();
  REQUIRE(answers.size() == 3);
  CHECK(answers[0].item == 7);
  CHECK(answers[0].class_index == 1);
  CHECK(answers[1].item == 3);
  CHECK(answers[2].item == 7);
  CHECK(answers[2].class_index == 2);
  CHECK(answers[2].round == 1);
}

TEST_CASE("AnswerTable: each worker has one index, in order of first appearance; nobody is a worker too") {
  AnswerTable table;
  for (const char* name : {"bob", "", "ann", "bob", "", "ann"}) table.add(0, 0, name, 0);
  CHECK(table.workers() == std::vector<std::string>{"bob", "", "ann"});
  std::vector<std::int32_t> seen;
  for (const Answer& answer : table.answers()) seen.push_back(answer.worker);
  CHECK(seen == std::vector<std::int32_t>{0, 1, 2, 0, 1, 2});
}

TEST_CASE("AnswerTable: a copy is independent") {
  AnswerTable table;
  table.add(1, 0, "ann", 0);
  AnswerTable copy = table;
  copy.add(2, 0, "bob", 0);
  copy.add(3, 0, "ann", 0);
  CHECK(table.answers().size() == 1);
  CHECK(table.workers().size() == 1);
  CHECK(copy.answers().back().worker == 0);
}

}  // namespace
