#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gtlabel/core/export.hpp"
#include "gtlabel/formats/manifest_label.hpp"
#include "gtlabel/formats/manifest_line.hpp"

namespace gtlabel {

/// "No date" in a column of dates.
inline constexpr std::int64_t kNoDate = std::numeric_limits<std::int64_t>::min();

/// A column of texts of which many are equal: row r has values[codes[r]]; -1: none.
struct TextColumn {
  std::vector<std::string> values;  ///< in order of first appearance
  std::vector<std::int32_t> codes;
};

/// The labels of one attribute, a row per line of the manifest.
struct ManifestLabelColumns {
  TextColumn label;                          ///< name of the class, of labels with one class
  std::vector<std::int32_t> class_index;     ///< -1: none, or several
  std::vector<double> confidence;            ///< NaN: none; the lowest, of labels with several parts
  std::vector<std::int8_t> human_annotated;  ///< 1 yes, 0 no, -1 not said
  std::vector<std::int32_t> n_parts;         ///< classes, boxes, spans, cuboids; -1 where there is no label
  TextColumn type;                           ///< as it stands
  TextColumn job_name;
  std::vector<std::int64_t> creation_date;  ///< microseconds since 1970, or kNoDate
};

/// A manifest in memory: the text of its file, where its lines are, and a column for everything that its labels say.
///
/// What is not changed is written as it was read, to the byte: line ends, blank lines and a byte order mark included.
/// Const methods are safe together, changes are not. Movable, not copyable. Memory: the text, 40 bytes a line, and 40
/// bytes for every line and label attribute, of which there may be 1000; together, above a million, no more than the
/// text has bytes.
class GTLABEL_EXPORT Manifest {
 public:
  /// Without lines.
  Manifest();
  /// Of the content of a file; `name` is for messages.
  /// @throws FormatError  for the first line that is no JSON object: name, line and column; for too many attributes.
  explicit Manifest(std::string content, std::string name = "manifest");
  ~Manifest();
  Manifest(Manifest&&) noexcept;
  Manifest& operator=(Manifest&&) noexcept;

  /// @throws FormatError; ArchiveError (file_access).
  [[nodiscard]] static Manifest read(const std::string& path);

  /// Rows: lines with an object.
  [[nodiscard]] std::size_t size() const noexcept;
  /// The JSON object of a row as it stands; valid until the row changes. @throws InvalidArgument (item_out_of_range).
  [[nodiscard]] std::string_view line(std::size_t row) const;
  /// What is to be labelled: the text of `source`, else the address of `source-ref`, else "".
  [[nodiscard]] std::string source(std::size_t row) const;
  /// Whether the row has `source`, a text, and not an address.
  [[nodiscard]] bool is_text(std::size_t row) const;

  /// The label attribute names, in order of first appearance.
  [[nodiscard]] std::vector<std::string> attributes() const;
  /// The columns of an attribute; valid until the manifest changes. @throws InvalidArgument  for an unknown one.
  [[nodiscard]] const ManifestLabelColumns& labels(std::string_view attribute) const;
  /// The whole label of one row; nothing if it has none of that name.
  [[nodiscard]] std::optional<ManifestLabel> label(std::size_t row, std::string_view attribute) const;

  /// Puts another object in the place of a row's.
  void replace(std::size_t row, const ManifestLine& line);
  /// A row more, in a line of its own.
  void append(const ManifestLine& line);
  /// Rows as they stand, with the ends of their lines, in the order given.
  [[nodiscard]] Manifest subset(std::span<const std::size_t> rows) const;

  /// The content of the file.
  [[nodiscard]] std::string text() const;
  /// Writes the file, atomically. @throws ArchiveError (file_access).
  void write(const std::string& path) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gtlabel
