#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gtlabel/core/export.hpp"
#include "gtlabel/formats/manifest_label.hpp"

namespace gtlabel {

/// One line of a manifest: a JSON object, kept as the text that it is. A change rewrites the members it is about and
/// leaves every other byte alone: unknown keys, their order, the spelling of numbers, blanks. A value type.
///
/// A label attribute is a key with a companion `<name>-metadata`; of an attribute `<x>-ref` that companion may also be
/// `<x>-metadata`, as in files of 2019.
class GTLABEL_EXPORT ManifestLine {
 public:
  /// An object without members.
  ManifestLine() : text_("{}") {}
  /// Line ends between its tokens become blanks, and what is around the object goes.
  /// @throws FormatError  if the text is no JSON object, naming the character.
  explicit ManifestLine(const std::string& text);

  /// The JSON object, without the end of the line.
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

  /// The keys in order, escapes resolved.
  [[nodiscard]] std::vector<std::string> keys() const;
  /// The JSON text of a member's value (of the last, if a key stands there twice); nothing without one.
  [[nodiscard]] std::optional<std::string> member(std::string_view key) const;
  /// Gives a member a value: in its place, else at the end. Blanks behind `:` and `,` as the line has them.
  /// @throws InvalidArgument  if `json` is not JSON.
  void set_member(std::string_view key, std::string_view json);
  /// Takes a member away. @return whether there was one.
  bool remove_member(std::string_view key);

  /// What is to be labelled: the text of `source`, else the address of `source-ref`, else "".
  [[nodiscard]] std::string source() const;

  /// The label attribute names, in order.
  [[nodiscard]] std::vector<std::string> attributes() const;
  /// The label of an attribute; nothing if the line has none of that name.
  [[nodiscard]] std::optional<ManifestLabel> label(std::string_view attribute) const;
  /// Writes a label and its metadata, in the first form of `write_manifest_label`. A label without a type gets that of
  /// its value: of a text's class if the line has `source`, else of an image's.
  void set_label(std::string_view attribute, const ManifestLabel& label);

 private:
  std::string text_;
};

}  // namespace gtlabel
