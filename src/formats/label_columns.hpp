#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "formats/json_tree.hpp"
#include "formats/task_type.hpp"
#include "gtlabel/formats/manifest.hpp"

namespace gtlabel::formats {

/// Fills a TextColumn. Equal texts come in rows, so the last one is tried first.
class TextColumnWriter {
 public:
  [[nodiscard]] std::int32_t code_of(JsonValue text);

 private:
  friend class LabelColumnsWriter;
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  TextColumn* column_ = nullptr;
  std::unordered_map<std::string, std::int32_t, Hash, std::equal_to<>> codes_;
  std::int32_t last_ = -1;
};

/// Reads the labels of one attribute into columns, line by line.
class LabelColumnsWriter {
 public:
  explicit LabelColumnsWriter(ManifestLabelColumns& columns);

  /// Rows without a label, up to `n_rows`.
  void extend(std::size_t n_rows);
  /// The label of a row that there is already.
  void set(std::size_t row, JsonValue label, JsonValue metadata);
  /// Takes the label of a row away.
  void clear(std::size_t row);

 private:
  void set_parts(std::size_t row, JsonValue label, JsonValue metadata, TaskType type);

  ManifestLabelColumns* columns_;
  TextColumnWriter names_, types_, jobs_;
  // The type of the last line, which is mostly that of the next.
  std::int32_t last_type_code_ = -1;
  std::optional<TaskType> last_type_;
};

}  // namespace gtlabel::formats
