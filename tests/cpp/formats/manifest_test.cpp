#include "gtlabel/formats/manifest.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <string>

#include "formats/manifest_lines.hpp"
#include "gtlabel/core/error.hpp"
#include "gtlabel/formats/lint.hpp"
#include "gtlabel/formats/manifest_stream.hpp"
#include "gtlabel/storage/snapshot.hpp"

namespace {

using gtlabel::Manifest;
using gtlabel::ManifestLine;

const char* const kAnimal =
    R"({"source-ref":"s3://a/1.jpg","animal":1,"animal-metadata":{"class-name":"goat","confidence":0.93,)"
    R"("type":"groundtruth/image-classification","job-name":"labeling-job/animal","human-annotated":"yes",)"
    R"("creation-date":"2024-03-05T10:11:12.131415"}})";

TEST_CASE("Manifest: lines of every task type come out as they are, and their labels as they were read") {
  std::string content;
  for (const char* line : gtlabel_test::kManifestLines) content += std::string(line) + "\r\n";
  const Manifest manifest(content);
  CHECK(manifest.text() == content);
  CHECK(manifest.size() == std::size(gtlabel_test::kManifestLines));
  for (const std::string& attribute : manifest.attributes()) {
    for (std::size_t row = 0; row < manifest.size(); ++row) {
      const auto label = manifest.label(row, attribute);
      if (!label) continue;
      const auto written = gtlabel::write_manifest_label(*label);
      CHECK(gtlabel::read_manifest_label(written.label, written.metadata) == *label);
    }
  }
}

TEST_CASE("Manifest: columns say what the lines say") {
  const Manifest manifest(std::string("{\"source\":\"bare\"}\n") + kAnimal + "\n");
  const auto& labels = manifest.labels("animal");
  CHECK(labels.class_index == std::vector<std::int32_t>{-1, 1});
  CHECK(labels.label.codes == std::vector<std::int32_t>{-1, 0});
  CHECK(labels.label.values == std::vector<std::string>{"goat"});
  CHECK(std::isnan(labels.confidence[0]));
  CHECK(labels.confidence[1] == 0.93);
  CHECK(labels.human_annotated == std::vector<std::int8_t>{-1, 1});
  CHECK(labels.n_parts == std::vector<std::int32_t>{-1, 1});
  CHECK(labels.creation_date[0] == gtlabel::kNoDate);
  CHECK(labels.creation_date[1] == 1709633472131415);
  CHECK_THROWS_AS(static_cast<void>(manifest.labels("none")), gtlabel::InvalidArgument);
  CHECK_THROWS_AS(static_cast<void>(manifest.line(2)), gtlabel::InvalidArgument);
}

TEST_CASE("Manifest: a change rewrites one member of one line, and a moved manifest keeps everything") {
  Manifest manifest(std::string(kAnimal) + "\n\n" + kAnimal);
  ManifestLine line{std::string(manifest.line(1))};
  line.set_member("animal", "2");
  manifest.replace(1, line);
  manifest.append(ManifestLine("{\"source\":\"x\"}"));
  const Manifest moved = std::move(manifest);
  std::string expected = std::string(kAnimal) + "\n\n" + kAnimal + "\n{\"source\":\"x\"}\n";
  expected.replace(expected.rfind("\"animal\":1"), 10, "\"animal\":2");
  CHECK(moved.text() == expected);
  CHECK(moved.labels("animal").class_index == std::vector<std::int32_t>{1, 2, -1});
}

TEST_CASE("Manifest: a line that is no object is named by file, line and column") {
  try {
    const Manifest manifest("{}\n{\"a\":}\n", "some.manifest");
    FAIL("a bad line was taken");
  } catch (const gtlabel::FormatError& error) {
    CHECK(std::string(error.what()) ==
          "some.manifest: line 2, column 6: expected a value, expected one JSON object a line");
  }
}

TEST_CASE("ManifestLine: keys with escapes are found by what they say") {
  ManifestLine line(R"({"so\u0075rce":"a","b":"\u00e4"})");
  CHECK(line.source() == "a");
  CHECK(line.member("b") == R"("\u00e4")");
  line.set_member("source", "\"c\"");
  CHECK(line.text() == R"({"so\u0075rce":"c","b":"\u00e4"})");
  CHECK_FALSE(line.remove_member("none"));
  CHECK_THROWS_AS(line.set_member("b", "{"), gtlabel::InvalidArgument);
  CHECK_THROWS_AS(line.set_member("\xff", "1"), gtlabel::InvalidArgument);
}

TEST_CASE("ManifestReader and ManifestWriter: a file passes line by line, and an unfinished one leaves the old") {
  const auto folder = std::filesystem::temp_directory_path();
  const std::string path = (folder / "gtlabel_manifest_stream_test.manifest").string();
  gtlabel::write_file_atomically(path, "old");
  {
    gtlabel::ManifestWriter writer(path);
    writer.write(ManifestLine(kAnimal));
  }
  CHECK(gtlabel::read_file(path) == "old");
  gtlabel::ManifestWriter writer(path);
  writer.write(ManifestLine(kAnimal));
  writer.write(ManifestLine("{\"source\":\"x\"}"));
  writer.finish();
  CHECK_THROWS_AS(writer.write(ManifestLine()), gtlabel::InvalidState);
  gtlabel::ManifestReader reader(path);
  ManifestLine line;
  REQUIRE(reader.next(line));
  CHECK(line.text() == kAnimal);
  REQUIRE(reader.next(line));
  CHECK(line.source() == "x");
  CHECK(reader.line_number() == 2);
  CHECK_FALSE(reader.next(line));
  std::remove(path.c_str());
}

TEST_CASE("lint_manifest: sound lines have no findings, and rules are listed once and in order") {
  for (const char* line : gtlabel_test::kManifestLines) CHECK(gtlabel::lint_manifest(line).findings.empty());
  const auto rules = gtlabel::lint_rules();
  for (std::size_t i = 1; i < rules.size(); ++i) CHECK(rules[i - 1].id < rules[i].id);
}

}  // namespace
