#include "formats/json_tree.hpp"

#include <doctest/doctest.h>

#include <string>

#include "formats/manifest_lines.hpp"
#include "gtlabel/core/random.hpp"
#include "support/json.hpp"

namespace {

using gtlabel::formats::JsonTree;
using gtlabel::formats::JsonValue;

/// The value of a tree as nlohmann/json's, read from its places.
nlohmann::ordered_json rebuilt(JsonValue value) {
  if (value.is_array()) {
    auto list = nlohmann::ordered_json::array();
    for (const JsonValue child : value) list.push_back(rebuilt(child));
    return list;
  }
  if (value.is_object()) {
    auto object = nlohmann::ordered_json::object();
    for (const JsonValue child : value) object[child.key()] = rebuilt(child);
    return object;
  }
  if (value.is_string()) return *value.string();
  return nlohmann::ordered_json::parse(value.text());
}

/// Both take the text, and for the same, or neither does.
void check_same(const std::string& text) {
  JsonTree tree;
  const bool is_read = tree.parse(text);
  const auto expected = nlohmann::ordered_json::parse(text, nullptr, false);
  CAPTURE(text);
  CHECK(is_read == !expected.is_discarded());
  if (is_read && !expected.is_discarded()) CHECK(rebuilt(tree.root()).dump() == expected.dump());
}

TEST_CASE("JsonTree: takes what nlohmann/json takes, for the same, and nothing else") {
  for (const char* text : {"",
                           " ",
                           "{}",
                           "[]",
                           "[ ]",
                           "{ }",
                           "null",
                           "nul",
                           "true",
                           "tru",
                           "false",
                           "0",
                           "-0",
                           "-",
                           "01",
                           "1.",
                           ".5",
                           "1e",
                           "1e5",
                           "1E+5",
                           "1e-",
                           "+1",
                           "NaN",
                           "\"\"",
                           "\"",
                           "\"\\\"",
                           "\"\\u00e4\"",
                           "\"\\ud800\"",
                           "\"\\udc00\"",
                           "\"\\ud83d\\ude00\"",
                           "\"\\ud83d\\u0041\"",
                           "\"\\u12g4\"",
                           "\"\\x\"",
                           "\"\t\"",
                           "\"\x7f\"",
                           "\"\xc3\xa4\"",
                           "\"\xff\"",
                           "\"\xc0\x80\"",
                           "\"\xed\xa0\x80\"",
                           "\"\xf4\x8f\xbf\xbf\"",
                           "\"\xf4\x90\x80\x80\"",
                           "[1,]",
                           "[,1]",
                           "[1 2]",
                           "{\"a\"}",
                           "{\"a\":}",
                           "{\"a\":1,}",
                           "{a:1}",
                           "{\"a\":1}}",
                           "{\"a\":1} x",
                           " \t\r\n{\"a\" : [1 , 2]} ",
                           "{\"a\":{\"b\":[{}, [], \"c\"]},\"a\":2}",
                           "\"\\u0000\""}) {
    check_same(text);
  }
}

TEST_CASE("JsonTree: agrees with nlohmann/json on a thousand damaged lines") {
  gtlabel::RandomStream random(1, gtlabel::RandomPurpose::user);
  for (int i = 0; i < 1000; ++i) {
    std::string text = gtlabel_test::kManifestLines[random.below(std::size(gtlabel_test::kManifestLines))];
    for (auto n = random.below(3); n > 0; --n) text[random.below(text.size())] = static_cast<char>(random.below(256));
    if (random.below(4) == 0) text.resize(random.below(text.size()));
    check_same(text);
  }
}

TEST_CASE("JsonTree: nests 256 deep and no deeper") {
  JsonTree tree;
  CHECK(tree.parse(std::string(256, '[') + std::string(256, ']')));
  CHECK_FALSE(tree.parse(std::string(257, '[') + std::string(257, ']')));
  CHECK_FALSE(tree.parse(std::string(1'000'000, '[')));
  CHECK(tree.fault().offset == 256);
}

TEST_CASE("JsonValue: whole numbers are read as numbers, in quotes, and as reals without a fraction") {
  JsonTree tree;
  REQUIRE(tree.parse(R"([3, "3", 3.0, 3e0, 3.5, "x", "", null, 9223372036854775807, 1e999, 1e-999, "0x3"])"));
  std::vector<std::int64_t> found;
  for (const JsonValue value : tree.root()) found.push_back(value.whole_number().value_or(-1));
  CHECK(found == std::vector<std::int64_t>{3, 3, 3, 3, -1, -1, -1, -1, 9223372036854775807, -1, 0, -1});
}

}  // namespace
