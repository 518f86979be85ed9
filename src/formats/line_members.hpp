#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "formats/json_tree.hpp"

namespace gtlabel::formats {

inline constexpr std::string_view kMetadata = "-metadata";
inline constexpr std::string_view kSourceMetadata = "source-ref-metadata";

/// The attribute that a metadata key is about, by its name alone; nothing for other keys. `source-ref-metadata`
/// describes a point cloud and is about no label.
[[nodiscard]] inline std::optional<std::string_view> attribute_of_key(std::string_view key) {
  if (key.size() <= kMetadata.size() || !key.ends_with(kMetadata) || key == kSourceMetadata) return std::nullopt;
  return key.substr(0, key.size() - kMetadata.size());
}

/// A label attribute in one line.
struct LineAttribute {
  std::string_view name;  ///< raw: points into the line's text
  JsonValue label;
  JsonValue metadata;
};

/// Members of an object by their raw key; the last of several. Few are compared one by one, many are hashed, so that no
/// line takes quadratic time.
class MemberIndex {
 public:
  explicit MemberIndex(JsonValue line) : line_(line) {
    if (line.size() <= kFew) return;
    for (const JsonValue member : line) many_.insert_or_assign(member.raw_key(), member);
  }
  [[nodiscard]] std::optional<JsonValue> find(std::string_view stem, std::string_view suffix) const {
    if (!many_.empty()) {
      const auto place = many_.find(std::string(stem).append(suffix));
      return place == many_.end() ? std::nullopt : std::optional<JsonValue>(place->second);
    }
    std::optional<JsonValue> found;
    for (const JsonValue member : line_) {
      const std::string_view key = member.raw_key();
      if (key.size() == stem.size() + suffix.size() && key.starts_with(stem) && key.ends_with(suffix)) found = member;
    }
    return found;
  }

 private:
  static constexpr std::size_t kFew = 24;
  JsonValue line_;
  std::unordered_map<std::string_view, JsonValue> many_;
};

/// Calls `visit(LineAttribute)` for every attribute of the object, in the order of the metadata. Keys with escapes name
/// no attribute.
template <class Visit>
void for_each_attribute(JsonValue line, Visit visit) {
  const MemberIndex members(line);
  for (const JsonValue metadata : line) {
    const auto name = attribute_of_key(metadata.raw_key());
    if (!name) continue;
    if (const auto label = members.find(*name, "")) {
      visit(LineAttribute{*name, *label, metadata});
    } else if (const auto ref_label = members.find(*name, "-ref")) {
      visit(LineAttribute{ref_label->raw_key(), *ref_label, metadata});
    }
  }
}

}  // namespace gtlabel::formats
