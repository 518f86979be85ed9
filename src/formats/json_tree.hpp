#pragma once

#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gtlabel::formats {

// nlohmann/json does not tell where a value stands in its text; a manifest that is to come out byte for byte, and a
// lint that names columns, need just that. So texts are taken apart here, into places, and put together by
// nlohmann/json.

enum class JsonKind : std::uint8_t { null, boolean, number, string, array, object };

/// A value as a place in its text. Children follow their parent; siblings are linked.
struct JsonNode {
  std::uint32_t begin = 0, end = 0;
  std::uint32_t key_begin = 0, key_end = 0;  ///< with the quotes; both 0 outside of objects
  std::uint32_t next = 0;                    ///< the next sibling; 0: none
  std::uint32_t n_children = 0;
  JsonKind kind = JsonKind::null;
  bool has_escapes = false;
  bool key_has_escapes = false;
};

/// What is wrong with a text, and where.
struct JsonFault {
  std::size_t offset = 0;
  std::string what;
};

class JsonTree;

/// A value of a tree; valid as long as the tree and its text.
class JsonValue {
 public:
  JsonValue(const JsonTree& tree, std::uint32_t index) : tree_(&tree), index_(index) {}

  [[nodiscard]] JsonKind kind() const { return node().kind; }
  [[nodiscard]] bool is_object() const { return kind() == JsonKind::object; }
  [[nodiscard]] bool is_array() const { return kind() == JsonKind::array; }
  [[nodiscard]] bool is_string() const { return kind() == JsonKind::string; }
  [[nodiscard]] bool is_number() const { return kind() == JsonKind::number; }
  [[nodiscard]] std::size_t size() const { return node().n_children; }
  [[nodiscard]] std::size_t begin_offset() const { return node().begin; }
  [[nodiscard]] std::size_t end_offset() const { return node().end; }
  [[nodiscard]] std::size_t key_offset() const { return node().key_begin; }
  [[nodiscard]] bool has_escapes() const { return node().has_escapes; }

  /// The JSON text.
  [[nodiscard]] std::string_view text() const;
  /// The key between its quotes, escapes and all.
  [[nodiscard]] std::string_view raw_key() const;
  [[nodiscard]] std::string key() const;
  [[nodiscard]] bool key_is(std::string_view key) const;

  /// What a string says; of another kind nothing.
  [[nodiscard]] std::optional<std::string> string() const;
  /// A string between its quotes, escapes and all. Only of strings.
  [[nodiscard]] std::string_view raw_string() const;
  [[nodiscard]] bool string_is(std::string_view expected) const;
  [[nodiscard]] std::optional<double> number() const;
  /// A whole number, written as one or as a string of one ("3"), or as a float without a fraction.
  [[nodiscard]] std::optional<std::int64_t> whole_number() const;

  /// The member of an object; the last of several, as most readers take it.
  [[nodiscard]] std::optional<JsonValue> find(std::string_view key) const;
  /// The member under the first of these spellings that there is.
  [[nodiscard]] std::optional<JsonValue> find(std::string_view key, std::string_view other_spelling) const;

  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = JsonValue;
    using difference_type = std::ptrdiff_t;
    using pointer = const JsonValue*;
    using reference = JsonValue;
    Iterator(const JsonTree* tree, std::uint32_t index) : tree_(tree), index_(index) {}
    JsonValue operator*() const { return {*tree_, index_}; }
    Iterator& operator++();
    bool operator==(const Iterator& other) const { return index_ == other.index_; }

   private:
    const JsonTree* tree_;
    std::uint32_t index_;
  };
  [[nodiscard]] Iterator begin() const { return {tree_, size() == 0 ? 0 : index_ + 1}; }
  [[nodiscard]] Iterator end() const { return {tree_, 0}; }

 private:
  [[nodiscard]] const JsonNode& node() const;

  const JsonTree* tree_;
  std::uint32_t index_;
};

/// A text taken apart. Reused for the next text, so that a million lines cost no million allocations.
class JsonTree {
 public:
  /// Exactly what RFC 8259 allows: UTF-8, no lone surrogates, nested at most 256 deep, nothing behind the value but
  /// blanks. The text is borrowed. @return false: see fault().
  [[nodiscard]] bool parse(std::string_view text);

  [[nodiscard]] JsonValue root() const { return {*this, 0}; }
  [[nodiscard]] std::string_view text() const { return text_; }
  [[nodiscard]] const JsonNode& node(std::uint32_t index) const { return nodes_[index]; }
  [[nodiscard]] const JsonFault& fault() const { return fault_; }

 private:
  friend class JsonScan;
  std::string_view text_;
  std::vector<JsonNode> nodes_;
  std::vector<std::uint32_t> open_;
  JsonFault fault_;
};

inline const JsonNode& JsonValue::node() const { return tree_->node(index_); }
inline std::string_view JsonValue::text() const {
  return tree_->text().substr(node().begin, node().end - node().begin);
}
inline std::string_view JsonValue::raw_key() const {
  const JsonNode& member = node();
  return member.key_end == 0 ? std::string_view()
                             : tree_->text().substr(member.key_begin + 1, member.key_end - member.key_begin - 2);
}
inline std::string_view JsonValue::raw_string() const {
  return tree_->text().substr(node().begin + 1, node().end - node().begin - 2);
}
inline JsonValue::Iterator& JsonValue::Iterator::operator++() {
  index_ = tree_->node(index_).next;
  return *this;
}

/// The string that stands between quotes with escapes.
[[nodiscard]] std::string unescaped(std::string_view raw);
/// A text as a JSON string, with its quotes. @throws InvalidArgument  if it is not UTF-8.
[[nodiscard]] std::string json_string(std::string_view text);
/// Whether the bytes are UTF-8; else where they are not.
[[nodiscard]] std::optional<std::size_t> first_invalid_utf8(std::string_view bytes);
/// Where a code point begins; the size of the text if it has fewer.
[[nodiscard]] std::size_t offset_of_character(std::string_view text, std::size_t character);
/// Code points before an offset of a UTF-8 text; bytes that are none count one each.
[[nodiscard]] std::size_t characters_before(std::string_view text, std::size_t offset);

}  // namespace gtlabel::formats
