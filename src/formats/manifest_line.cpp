#include "gtlabel/formats/manifest_line.hpp"

#include <algorithm>
#include <variant>

#include "formats/json_tree.hpp"
#include "formats/line_members.hpp"
#include "gtlabel/core/error.hpp"

namespace gtlabel {
namespace {

using formats::JsonTree;
using formats::JsonValue;

JsonTree tree_of(const std::string& text) {
  JsonTree tree;
  if (!tree.parse(text)) {
    throw FormatError("line: character " + std::to_string(formats::characters_before(text, tree.fault().offset) + 1) +
                      ": " + tree.fault().what + ", expected a JSON object");
  }
  if (!tree.root().is_object()) throw FormatError("line: another JSON value, expected an object");
  return tree;
}

/// A line is one line: line ends between tokens, which strings cannot have, become blanks.
std::string on_one_line(std::string_view json) {
  std::string line(json);
  std::replace(line.begin(), line.end(), '\n', ' ');
  std::replace(line.begin(), line.end(), '\r', ' ');
  return line;
}

/// JSON without blanks, with one behind every ':' and ',' outside of strings.
std::string spaced(std::string_view json) {
  std::string result;
  bool is_in_string = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    result += c;
    if (is_in_string && c == '\\') {
      result += json[++i];
    } else if (c == '"') {
      is_in_string = !is_in_string;
    } else if (!is_in_string && (c == ':' || c == ',') && i + 1 < json.size() && json[i + 1] != ' ') {
      result += ' ';
    }
  }
  return result;
}

/// Whether the line has a blank behind the first ':'; an empty one has none.
bool is_spaced(const JsonTree& tree) {
  for (const JsonValue member : tree.root()) return tree.text()[member.begin_offset() - 1] == ' ';
  return false;
}

/// Classes of texts and of images look alike, and of a label without a type only the line knows.
ManifestLabel typed(ManifestLabel label, bool is_text) {
  if (!is_text || !label.type.empty()) return label;
  if (std::holds_alternative<ClassLabel>(label.value)) label.type = "groundtruth/text-classification";
  if (std::holds_alternative<MultiClassLabel>(label.value)) label.type = "groundtruth/text-classification-multilabel";
  return label;
}

}  // namespace

ManifestLine::ManifestLine(const std::string& text) : text_(on_one_line(tree_of(text).root().text())) {}

std::vector<std::string> ManifestLine::keys() const {
  const JsonTree tree = tree_of(text_);
  std::vector<std::string> keys;
  for (const JsonValue member : tree.root()) keys.push_back(member.key());
  return keys;
}

std::optional<std::string> ManifestLine::member(std::string_view key) const {
  const JsonTree tree = tree_of(text_);
  const auto found = tree.root().find(key);
  return found ? std::optional<std::string>(found->text()) : std::nullopt;
}

void ManifestLine::set_member(std::string_view key, std::string_view json) {
  JsonTree given;
  if (!given.parse(json)) {
    throw InvalidArgument("member '" + std::string(key) + "': " + given.fault().what + " at character " +
                          std::to_string(given.fault().offset + 1) + ", expected JSON");
  }
  const JsonTree tree = tree_of(text_);
  const bool with_blanks = is_spaced(tree);
  std::string value = on_one_line(given.root().text());
  if (with_blanks) value = spaced(value);
  if (const auto found = tree.root().find(key)) {
    text_.replace(found->begin_offset(), found->end_offset() - found->begin_offset(), value);
    return;
  }
  std::string member = formats::json_string(key);
  member += with_blanks ? ": " : ":";
  member += value;
  std::size_t place = tree.root().begin_offset() + 1;
  for (const JsonValue last : tree.root()) place = last.end_offset();
  if (tree.root().size() > 0) member.insert(0, with_blanks ? ", " : ",");
  text_.insert(place, member);
}

bool ManifestLine::remove_member(std::string_view key) {
  const JsonTree tree = tree_of(text_);
  std::string kept;
  bool is_removed = false;
  std::size_t end_before = tree.root().begin_offset() + 1;
  for (const JsonValue member : tree.root()) {
    if (member.key() == key) {
      is_removed = true;
    } else if (kept.empty()) {  // the first comes to the place of the first
      kept.assign(text_, 0, (*tree.root().begin()).key_offset());
      kept.append(text_, member.key_offset(), member.end_offset() - member.key_offset());
    } else {
      kept.append(text_, end_before, member.end_offset() - end_before);
    }
    end_before = member.end_offset();
  }
  if (!is_removed) return false;
  if (kept.empty()) kept.assign(text_, 0, tree.root().begin_offset() + 1);
  kept.append(text_, end_before);
  text_ = std::move(kept);
  return true;
}

std::string ManifestLine::source() const {
  const JsonTree tree = tree_of(text_);
  const auto found = tree.root().find("source", "source-ref");
  return found ? found->string().value_or("") : "";
}

std::vector<std::string> ManifestLine::attributes() const {
  const JsonTree tree = tree_of(text_);
  std::vector<std::string> names;
  formats::for_each_attribute(tree.root(), [&](const formats::LineAttribute& attribute) {
    const std::string name(attribute.name);
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  });
  return names;
}

std::optional<ManifestLabel> ManifestLine::label(std::string_view attribute) const {
  const JsonTree tree = tree_of(text_);
  std::optional<ManifestLabel> label;
  formats::for_each_attribute(tree.root(), [&](const formats::LineAttribute& found) {
    if (found.name == attribute) label = read_manifest_label(found.label.text(), found.metadata.text());
  });
  return label;
}

void ManifestLine::set_label(std::string_view attribute, const ManifestLabel& label) {
  if (attribute.empty()) throw InvalidArgument("attribute: '' given, expected a label attribute name");
  const ManifestLabelText written = write_manifest_label(typed(label, member("source").has_value()));
  const std::string name(attribute);
  // Files of 2019 have <x>-metadata beside <x>-ref; two of them would be one too many.
  if (name.ends_with("-ref")) {
    const std::string stem = name.substr(0, name.size() - 4);
    if (!member(stem)) remove_member(stem + "-metadata");
  }
  set_member(name, written.label);
  set_member(name + "-metadata", written.metadata);
}

}  // namespace gtlabel
