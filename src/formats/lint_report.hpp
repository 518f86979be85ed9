#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "formats/json_tree.hpp"
#include "gtlabel/formats/lint.hpp"

namespace gtlabel::formats {

/// Takes findings down, with the column of each.
class LintReport {
 public:
  void begin_line(std::string_view text, std::int64_t number);

  /// What Ground Truth refuses; `rekognition`: the name under which Rekognition reports it too.
  void error(std::string_view rule, std::size_t offset, std::string message, std::string mend,
             std::string_view rekognition = "") {
    add(rule, offset, std::move(message), std::move(mend), true, "ground-truth", rekognition);
  }
  /// What Ground Truth reads, but hardly as meant.
  void warning(std::string_view rule, std::size_t offset, std::string message, std::string mend,
               std::string_view rekognition = "") {
    add(rule, offset, std::move(message), std::move(mend), false, "ground-truth", rekognition);
  }
  /// What Rekognition alone refuses, under this name; a name that begins with WARNING is one.
  void rekognition(std::string_view rule, std::size_t offset, std::string message, std::string mend,
                   std::string_view name) {
    add(rule, offset, std::move(message), std::move(mend), !name.starts_with("WARNING"), "rekognition", name);
  }

  [[nodiscard]] std::int64_t line_number() const { return number_; }
  [[nodiscard]] std::vector<ManifestFinding> take();

 private:
  void add(std::string_view rule, std::size_t offset, std::string message, std::string mend, bool is_error,
           std::string_view consumer, std::string_view consumer_error);
  [[nodiscard]] std::int64_t column(std::size_t offset);

  std::vector<ManifestFinding> findings_;
  std::string_view text_;
  std::int64_t number_ = 0;
  std::size_t counted_offset_ = 0, counted_ = 0;  // characters before an offset, so that not all are counted again
};

/// A value for a message: its JSON text, cut where it is long.
[[nodiscard]] std::string shown(std::string_view text);
[[nodiscard]] inline std::string shown(JsonValue value) { return shown(value.text()); }

/// What the lines of one attribute had so far, and in which line.
struct AttributeMemory {
  std::string type;
  std::int64_t type_line = 0;
  std::unordered_map<std::int64_t, std::pair<std::string, std::int64_t>> name_of;
  std::unordered_map<std::string, std::pair<std::int64_t, std::int64_t>> index_of;
};

/// What the lines before had.
struct FileMemory {
  std::unordered_map<std::string, AttributeMemory> attributes;  ///< of the whole file, from a first pass
  std::unordered_map<std::string_view, std::int64_t> sources;   ///< JSON text of the source -> its line
  std::unordered_map<std::string, std::int64_t> object_ids;
  std::int64_t n_items = 0;
};

/// What is known of a line before its labels are looked at.
struct LineFacts {
  bool has_text = false;     ///< `source`
  bool has_address = false;  ///< `source-ref`
  std::size_t source_offset = 0;
  std::string source;
};

/// Keys, source, and what describes point clouds and streams.
LineFacts lint_source(JsonValue line, FileMemory& memory, LintReport& report);
/// A line of a sequence file.
void lint_sequence(JsonValue line, LintReport& report);
/// Label attributes.
void lint_labels(JsonValue line, const LineFacts& facts, FileMemory& memory, LintReport& report);

}  // namespace gtlabel::formats
