#include "gtlabel/formats/lint.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "formats/line_members.hpp"
#include "formats/lint_report.hpp"
#include "formats/text_lines.hpp"

namespace gtlabel {
namespace formats {
namespace {

constexpr std::size_t kShown = 60;
constexpr std::size_t kLongestLine = 100'000;
constexpr std::size_t kLongestCheckedLine = 1'000'000;
constexpr std::int64_t kMostItems = 100'000;
constexpr std::int64_t kMostRekognitionLines = 250'000;
constexpr std::size_t kLargestRekognitionFile = std::size_t{1} << 30;

}  // namespace

std::string shown(std::string_view text) {
  if (text.size() <= kShown) return std::string(text);
  std::size_t end = kShown;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return std::string(text.substr(0, end)) + "...";
}

void LintReport::begin_line(std::string_view text, std::int64_t number) {
  text_ = text;
  number_ = number;
  counted_offset_ = counted_ = 0;
}

std::int64_t LintReport::column(std::size_t offset) {
  offset = std::min(offset, text_.size());
  if (offset < counted_offset_) counted_offset_ = counted_ = 0;
  counted_ += characters_before(text_.substr(counted_offset_), offset - counted_offset_);
  counted_offset_ = offset;
  return static_cast<std::int64_t>(counted_) + 1;
}

void LintReport::add(std::string_view rule, std::size_t offset, std::string message, std::string mend, bool is_error,
                     std::string_view consumer, std::string_view consumer_error) {
  findings_.push_back({number_, column(offset), std::string(rule), is_error, std::move(message), std::move(mend),
                       std::string(consumer), std::string(consumer_error)});
}

std::vector<ManifestFinding> LintReport::take() {
  std::stable_sort(findings_.begin(), findings_.end(), [](const ManifestFinding& a, const ManifestFinding& b) {
    return std::tie(a.line, a.column) < std::tie(b.line, b.column);
  });
  return std::move(findings_);
}

namespace {

/// The names of all label attributes: whether a key is a label without its metadata depends on the other lines.
void learn_attributes(JsonValue line, FileMemory& memory) {
  for (const JsonValue member : line) {
    if (const auto name = attribute_of_key(member.raw_key())) memory.attributes.try_emplace(std::string(*name));
  }
}

/// @return false: the line is so long that nobody should look further, because some checks take quadratic time.
bool lint_length(std::string_view line, LintReport& report) {
  if (line.size() <= kLongestLine) return true;
  const std::size_t n_characters = characters_before(line, line.size());
  if (n_characters <= kLongestLine) return true;
  report.error("line-too-long", offset_of_character(line, kLongestLine),
               std::to_string(n_characters) + " characters, expected at most 100000",
               "move what is long to a file of its own and name it by source-ref");
  return line.size() <= kLongestCheckedLine;
}

void lint_fault(std::string_view line, const JsonFault& fault, LintReport& report) {
  const bool is_bytes = fault.what == "bytes that are not UTF-8";
  if (is_bytes) {
    report.error("not-utf8", fault.offset, "bytes that are not UTF-8", "save the file as UTF-8",
                 "ERROR_INVALID_JSON_LINE");
  } else {
    const std::string_view there = line.substr(std::min(fault.offset, line.size()), 12);
    const std::string given = there.empty() ? "" : " at '" + shown(there.substr(0, there.find_first_of("\r\n"))) + "'";
    report.error("bad-json", fault.offset, fault.what + (first_invalid_utf8(there) ? "" : given),
                 "write one whole JSON object in the line; a JSON library does", "ERROR_INVALID_JSON_LINE");
  }
}

void lint_keys(JsonValue line, bool is_sequence, LintReport& report) {
  constexpr std::size_t kLongestAttribute = 20'000;
  std::unordered_map<std::string, std::size_t> seen;
  for (const JsonValue member : line) {
    const std::string key = member.key();
    if (!seen.try_emplace(key, member.key_offset()).second) {
      report.error("duplicate-key", member.key_offset(), "the key '" + shown(key) + "' a second time",
                   "leave one of them; most readers see the last one only");
    }
    if (key.starts_with("$") && !key.ends_with("-object-id")) {
      report.error("dollar-key", member.key_offset(), "the key '" + shown(key) + "' begins with $",
                   "give the key a name without $, which is kept for Ground Truth");
    }
    if (key.empty()) {
      report.warning("empty-key", member.key_offset(), "a key without a name", "give the key a name");
    }
    if (!is_sequence && member.text().size() > kLongestAttribute &&
        characters_before(member.text(), member.text().size()) > kLongestAttribute) {
      report.error("attribute-too-long", member.begin_offset(),
                   "the value of '" + shown(key) + "' has more than 20000 characters",
                   "shorten it, or put it into a file of its own");
    }
  }
}

/// Sequence files have one line, of any length, and no source.
bool is_sequence_file(JsonValue line) {
  return !line.find("source") && !line.find("source-ref") && (line.find("frames") || line.find("seq-no"));
}

void lint_line(JsonValue line, FileMemory& memory, LintReport& report) {
  const bool is_sequence = is_sequence_file(line);
  lint_keys(line, is_sequence, report);
  if (is_sequence) {
    lint_sequence(line, report);
    return;
  }
  ++memory.n_items;
  const LineFacts facts = lint_source(line, memory, report);
  lint_labels(line, facts, memory, report);
}

void lint_file(std::string_view content, std::int64_t n_lines, const FileMemory& memory, LintReport& report) {
  report.begin_line(content.substr(0, 0), std::max<std::int64_t>(n_lines, 1));
  if (n_lines == 0) {
    report.error("empty-file", 0, "no lines", "write one JSON object a line, one line an item");
  }
  if (memory.n_items > kMostItems) {
    report.warning("too-many-items", 0, std::to_string(memory.n_items) + " items, Ground Truth takes at most 100000",
                   "split the manifest into several jobs; gtlabel has no such limit");
  }
  if (memory.n_items > kMostRekognitionLines) {
    report.rekognition("too-many-rekognition-lines", 0,
                       std::to_string(memory.n_items) + " lines, Rekognition takes at most 250000",
                       "train with fewer lines", "ERROR_MANIFEST_ROWS_EXCEEDS_MAXIMUM");
  }
  if (content.size() > kLargestRekognitionFile) {
    report.rekognition("file-too-large", 0, "more than 1 GB, which is the most that Rekognition takes",
                       "train with fewer lines", "ERROR_MANIFEST_SIZE_TOO_LARGE");
  }
}

}  // namespace
}  // namespace formats

ManifestLint lint_manifest(std::string_view content) {
  using namespace formats;  // NOLINT(google-build-using-namespace)
  FileMemory memory;
  JsonTree tree;
  for (TextLines lines(content); lines.next();) {
    if (tree.parse(lines.line()) && tree.root().is_object()) learn_attributes(tree.root(), memory);
  }
  LintReport report;
  ManifestLint result;
  if (content.starts_with(kByteOrderMark)) {
    report.begin_line(content.substr(0, kByteOrderMark.size()), 1);
    report.warning("byte-order-mark", 0, "the file begins with a byte order mark", "save as UTF-8 without it");
  }
  TextLines lines(content);
  while (lines.next()) {
    ++result.n_lines;
    report.begin_line(lines.line(), static_cast<std::int64_t>(lines.number()));
    if (lines.is_blank()) {
      report.warning("blank-line", 0, "a line without an object", "take the line out", "ERROR_INVALID_JSON_LINE");
    } else if (!tree.parse(lines.line())) {
      lint_fault(lines.line(), tree.fault(), report);
    } else if (!tree.root().is_object()) {
      report.error("not-an-object", tree.root().begin_offset(), shown(tree.root()) + " given, expected a JSON object",
                   "write {\"source\": ...} or {\"source-ref\": ...}", "ERROR_INVALID_JSON_LINE");
    } else {
      const bool is_looked_into = is_sequence_file(tree.root()) || lint_length(lines.line(), report);
      if (is_looked_into) lint_line(tree.root(), memory, report);
    }
  }
  lint_file(content, result.n_lines, memory, report);
  result.findings = report.take();
  return result;
}

}  // namespace gtlabel
