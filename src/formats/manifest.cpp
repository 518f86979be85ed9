#include "gtlabel/formats/manifest.hpp"

#include <algorithm>
#include <cstring>
#include <deque>
#include <unordered_map>
#include <utility>

#include "formats/json_tree.hpp"
#include "formats/label_columns.hpp"
#include "formats/line_members.hpp"
#include "formats/text_lines.hpp"
#include "gtlabel/core/error.hpp"
#include "gtlabel/storage/snapshot.hpp"

namespace gtlabel {
namespace {

using formats::JsonTree;
using formats::JsonValue;

/// A row: its part of the file, which may begin with blank lines, the object in it, and the source in that.
struct Row {
  const char* text = nullptr;
  std::uint32_t size = 0;
  std::uint32_t object_begin = 0, object_end = 0;
  std::uint32_t source_begin = 0, source_end = 0;  ///< of the object's text, with quotes; 0: no source
  bool is_text = false;
};

/// Every attribute has columns for every line: a small file of many attributes would fill the memory.
constexpr std::size_t kMostAttributes = 1000;
/// Below so many cells nobody looks; above, no more than the text has bytes.
constexpr std::size_t kFewCells = 1'000'000;

void require_size(const std::string& text) {
  if (text.size() > std::numeric_limits<std::uint32_t>::max()) {
    throw InvalidArgument("line: longer than 4 GB given");
  }
}

}  // namespace

/// The text is in one piece, as it was read; rows that were changed or appended point to texts of their own.
struct Manifest::State {
  std::string name;
  std::string content;
  std::deque<std::string> changed;
  std::string_view tail;  // what is behind the last row
  std::vector<Row> rows;
  // Attributes: few, and in the order of the lines mostly the same.
  std::vector<std::string> names;
  std::unordered_map<std::string, std::size_t> places;
  std::size_t last_place = 0;
  std::deque<ManifestLabelColumns> columns;
  std::vector<formats::LabelColumnsWriter> writers;
  JsonTree tree;

  void take(std::string text) {
    content = std::move(text);
    formats::TextLines lines(content);
    const char* begin = content.data();
    while (lines.next()) {
      if (lines.is_blank()) continue;
      const std::string_view line = lines.line();
      if (!tree.parse(line)) refuse(lines, tree.fault().offset, tree.fault().what);
      if (!tree.root().is_object()) refuse(lines, tree.root().begin_offset(), "a value that is no object");
      const std::size_t size = static_cast<std::size_t>(lines.end() - begin);
      if (size > std::numeric_limits<std::uint32_t>::max()) refuse(lines, 0, "a line longer than 4 GB");
      Row row;
      row.text = begin;
      row.size = static_cast<std::uint32_t>(size);
      const auto lead = static_cast<std::uint32_t>(line.data() - begin);
      row.object_begin = lead + static_cast<std::uint32_t>(tree.root().begin_offset());
      row.object_end = lead + static_cast<std::uint32_t>(tree.root().end_offset());
      rows.push_back(row);
      scan(rows.size() - 1, tree.root());
      require_few_cells();
      begin = lines.end();
    }
    tail = std::string_view(begin, static_cast<std::size_t>(content.data() + content.size() - begin));
    pad();
  }

  void require_few_cells() const {
    const std::size_t n_cells = rows.size() * names.size();
    if (n_cells <= std::max(kFewCells, content.size())) return;
    throw FormatError(name + ": " + std::to_string(names.size()) + " label attributes in " +
                      std::to_string(rows.size()) + " lines or more of " + std::to_string(content.size()) +
                      " bytes, expected fewer attributes than a line has bytes");
  }

  [[noreturn]] void refuse(const formats::TextLines& lines, std::size_t offset, const std::string& what) const {
    throw FormatError(name + ": line " + std::to_string(lines.number()) + ", column " +
                      std::to_string(formats::characters_before(lines.line(), offset) + 1) + ": " + what +
                      ", expected one JSON object a line");
  }

  [[nodiscard]] const Row& row(std::size_t index) const {
    if (index >= rows.size()) {
      throw InvalidArgument("row: " + std::to_string(index) + " given, expected 0 to " +
                                std::to_string(static_cast<std::int64_t>(rows.size()) - 1),
                            ErrorCode::item_out_of_range);
    }
    return rows[index];
  }

  [[nodiscard]] std::string_view object(const Row& row) const {
    return {row.text + row.object_begin, row.object_end - row.object_begin};
  }

  /// Reads source and labels of a row whose object has been parsed.
  void scan(std::size_t index, JsonValue object) {
    Row& row = rows[index];
    const auto base = static_cast<std::uint32_t>(object.begin_offset());
    row.source_begin = row.source_end = 0;
    for (const JsonValue member : object) {
      const std::string_view key = member.raw_key();
      const bool is_text = key == "source";
      if ((!is_text && key != "source-ref") || !member.is_string()) continue;
      if (row.source_end > 0 && row.is_text && !is_text) continue;  // `source` goes before `source-ref`
      row.source_begin = static_cast<std::uint32_t>(member.begin_offset()) - base;
      row.source_end = static_cast<std::uint32_t>(member.end_offset()) - base;
      row.is_text = is_text;
    }
    formats::for_each_attribute(object, [&](const formats::LineAttribute& found) {
      formats::LabelColumnsWriter& writer = writer_of(found.name);
      writer.extend(index + 1);
      writer.set(index, found.label, found.metadata);
    });
  }

  /// The place of an attribute's columns; names.size() if it has none yet.
  [[nodiscard]] std::size_t place_of(std::string_view attribute) const {
    const auto found = places.find(std::string(attribute));
    return found == places.end() ? names.size() : found->second;
  }

  /// The lines have their attributes in the same order, so the one behind the last is tried first.
  formats::LabelColumnsWriter& writer_of(std::string_view attribute) {
    const std::size_t expected = last_place + 1 < names.size() ? last_place + 1 : 0;
    last_place = expected < names.size() && names[expected] == attribute ? expected : place_of(attribute);
    if (last_place == names.size()) {
      if (names.size() == kMostAttributes)
        throw FormatError(name + ": more than 1000 label attributes, expected a few");
      places.emplace(attribute, last_place);
      names.emplace_back(attribute);
      writers.emplace_back(columns.emplace_back());
    }
    return writers[last_place];
  }

  /// All columns as long as the manifest.
  void pad() {
    for (formats::LabelColumnsWriter& writer : writers) writer.extend(rows.size());
  }

  /// The row, which there is, becomes a text of its own.
  void put(std::size_t index, std::string text, std::size_t object_begin, std::size_t object_end) {
    Row& row = rows[index];
    const std::string& kept = changed.emplace_back(std::move(text));
    row.text = kept.data();
    row.size = static_cast<std::uint32_t>(kept.size());
    row.object_begin = static_cast<std::uint32_t>(object_begin);
    row.object_end = static_cast<std::uint32_t>(object_end);
    if (!tree.parse(object(row))) throw FormatError("line: " + tree.fault().what);
    pad();
    for (formats::LabelColumnsWriter& writer : writers) writer.clear(index);
    scan(index, tree.root());
    pad();
  }
};

Manifest::Manifest() : state_(std::make_unique<State>()) {}
Manifest::Manifest(std::string content, std::string name) : Manifest() {
  state_->name = std::move(name);
  state_->take(std::move(content));
}
Manifest::~Manifest() = default;
Manifest::Manifest(Manifest&&) noexcept = default;
Manifest& Manifest::operator=(Manifest&&) noexcept = default;

Manifest Manifest::read(const std::string& path) { return Manifest(read_file(path), path); }

std::size_t Manifest::size() const noexcept { return state_->rows.size(); }

std::string_view Manifest::line(std::size_t row) const { return state_->object(state_->row(row)); }

std::string Manifest::source(std::size_t row) const {
  const Row& found = state_->row(row);
  if (found.source_end == 0) return "";
  const std::string_view quoted =
      state_->object(found).substr(found.source_begin, found.source_end - found.source_begin);
  const std::string_view raw = quoted.substr(1, quoted.size() - 2);
  return raw.find('\\') == std::string_view::npos ? std::string(raw) : formats::unescaped(raw);
}

bool Manifest::is_text(std::size_t row) const { return state_->row(row).is_text; }

std::vector<std::string> Manifest::attributes() const { return state_->names; }

const ManifestLabelColumns& Manifest::labels(std::string_view attribute) const {
  const std::size_t place = state_->place_of(attribute);
  if (place == state_->names.size()) {
    throw InvalidArgument("attribute: '" + std::string(attribute) + "' given, which no line of " + state_->name +
                          " has");
  }
  return state_->columns[place];
}

std::optional<ManifestLabel> Manifest::label(std::size_t row, std::string_view attribute) const {
  JsonTree tree;
  std::optional<ManifestLabel> label;
  if (!tree.parse(line(row))) return label;
  formats::for_each_attribute(tree.root(), [&](const formats::LineAttribute& found) {
    if (found.name == attribute) label = read_manifest_label(found.label.text(), found.metadata.text());
  });
  return label;
}

void Manifest::replace(std::size_t row, const ManifestLine& line) {
  const Row& old = state_->row(row);
  const std::string_view object = state_->object(old);
  if (object == line.text()) return;
  std::string text(old.text, old.object_begin);
  const std::size_t end = text.size() + line.text().size();
  text += line.text();
  text.append(old.text + old.object_end, old.size - old.object_end);
  require_size(text);
  state_->put(row, std::move(text), old.object_begin, end);
}

void Manifest::append(const ManifestLine& line) {
  // What was behind the last row is before the new one; a last line without an end gets one.
  std::string text(state_->tail);
  const bool is_open =
      text.empty() && !state_->rows.empty() && state_->rows.back().text[state_->rows.back().size - 1] != '\n';
  if (is_open) text += '\n';
  const std::size_t begin = text.size();
  text += line.text();
  const std::size_t end = text.size();
  text += '\n';
  require_size(text);
  state_->tail = {};
  state_->rows.emplace_back();
  state_->put(state_->rows.size() - 1, std::move(text), begin, end);
}

Manifest Manifest::subset(std::span<const std::size_t> rows) const {
  std::string content;
  for (const std::size_t index : rows) {
    const Row& row = state_->row(index);
    // Without the blank lines before it.
    const char* begin = row.text + row.object_begin;
    while (begin > row.text && begin[-1] != '\n' && static_cast<unsigned char>(begin[-1]) < 0x80) --begin;
    content.append(begin, static_cast<std::size_t>(row.text + row.size - begin));
    if (content.back() != '\n') content += '\n';
  }
  return Manifest(std::move(content), state_->name);
}

std::string Manifest::text() const {
  std::string text;
  std::size_t size = state_->tail.size();
  for (const Row& row : state_->rows) size += row.size;
  text.reserve(size);
  for (const Row& row : state_->rows) text.append(row.text, row.size);
  text += state_->tail;
  return text;
}

void Manifest::write(const std::string& path) const {
  // Unchanged, the content is at hand in one piece.
  if (state_->changed.empty()) {
    write_file_atomically(path, state_->content);
  } else {
    write_file_atomically(path, text());
  }
}

}  // namespace gtlabel
