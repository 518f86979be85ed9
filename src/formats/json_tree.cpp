#include "formats/json_tree.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

#include "gtlabel/core/error.hpp"
#include "support/json.hpp"

namespace gtlabel::formats {
namespace {

constexpr std::size_t kMaxDepth = 256;

constexpr bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Whether one of eight bytes is a quote, a backslash, a control character or not ASCII.
bool has_special(std::uint64_t word) {
  constexpr std::uint64_t ones = 0x0101010101010101, highs = 0x8080808080808080;
  const std::uint64_t quote = word ^ (ones * '"'), backslash = word ^ (ones * '\\');
  const std::uint64_t found =
      ((quote - ones) & ~quote) | ((backslash - ones) & ~backslash) | ((word - ones * 0x20) & ~word) | word;
  return (found & highs) != 0;
}

/// Bytes of the UTF-8 sequence at the front; 0 if there is none.
std::size_t utf8_length(const char* begin, const char* end) {
  const auto byte = [&](std::ptrdiff_t i) { return static_cast<unsigned char>(begin[i]); };
  const auto follows = [&](std::ptrdiff_t i) { return i < end - begin && (byte(i) & 0xC0U) == 0x80U; };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first < 0xE0) return follows(1) ? 2 : 0;
  if (first >= 0xE0 && first < 0xF0) {
    if (!follows(1) || !follows(2)) return 0;
    const bool is_overlong = first == 0xE0 && byte(1) < 0xA0;
    const bool is_surrogate = first == 0xED && byte(1) >= 0xA0;
    return is_overlong || is_surrogate ? 0 : 3;
  }
  if (first >= 0xF0 && first < 0xF5) {
    if (!follows(1) || !follows(2) || !follows(3)) return 0;
    const bool is_overlong = first == 0xF0 && byte(1) < 0x90;
    const bool is_beyond = first == 0xF4 && byte(1) >= 0x90;
    return is_overlong || is_beyond ? 0 : 4;
  }
  return 0;
}

}  // namespace

/// One pass over one text.
class JsonScan {
 public:
  explicit JsonScan(JsonTree& tree)
      : tree_(tree), start_(tree.text_.data()), p_(start_), end_(start_ + tree.text_.size()) {}

  bool run() {
    tree_.nodes_.clear();
    tree_.open_.clear();
    skip_blanks();
    if (!value(0, 0, false)) return false;
    while (!tree_.open_.empty()) {
      if (!step()) return false;
    }
    skip_blanks();
    return p_ == end_ || fail("unexpected text behind the value");
  }

 private:
  [[nodiscard]] std::uint32_t offset() const { return static_cast<std::uint32_t>(p_ - start_); }

  bool fail(const char* what) {
    tree_.fault_ = {static_cast<std::size_t>(p_ - start_), p_ == end_ ? std::string("the text ends too early") : what};
    return false;
  }

  void skip_blanks() {
    while (p_ < end_ && is_blank(*p_)) ++p_;
  }

  /// Continues the innermost open array or object: its next child, or its end.
  bool step() {
    const std::uint32_t parent = tree_.open_.back();
    const bool is_object = tree_.nodes_[parent].kind == JsonKind::object;
    const char closing = is_object ? '}' : ']';
    skip_blanks();
    if (p_ < end_ && *p_ == closing) {
      ++p_;
      close(parent);
      return true;
    }
    if (tree_.nodes_[parent].n_children > 0) {
      if (p_ == end_ || *p_ != ',') return fail(is_object ? "expected ',' or '}'" : "expected ',' or ']'");
      ++p_;
      skip_blanks();
      if (p_ < end_ && *p_ == closing) return fail("a comma with nothing behind it");
    }
    return is_object ? member() : value(0, 0, false);
  }

  void close(std::uint32_t parent) {
    tree_.nodes_[parent].end = offset();
    tree_.open_.pop_back();
    last_ = parent;
  }

  bool member() {
    if (p_ == end_ || *p_ != '"') return fail("expected a key in double quotes");
    const std::uint32_t key_begin = offset();
    bool has_escapes = false;
    if (!string(has_escapes)) return false;
    const std::uint32_t key_end = offset();
    skip_blanks();
    if (p_ == end_ || *p_ != ':') return fail("expected ':' behind the key");
    ++p_;
    skip_blanks();
    return value(key_begin, key_end, has_escapes);
  }

  bool value(std::uint32_t key_begin, std::uint32_t key_end, bool key_has_escapes) {
    if (p_ == end_) return fail("");
    const auto index = static_cast<std::uint32_t>(tree_.nodes_.size());
    link(index);
    JsonNode node;
    node.begin = offset();
    node.key_begin = key_begin;
    node.key_end = key_end;
    node.key_has_escapes = key_has_escapes;
    switch (*p_) {
      case '{': node.kind = JsonKind::object; return open(node, index);
      case '[': node.kind = JsonKind::array; return open(node, index);
      case '"':
        node.kind = JsonKind::string;
        if (!string(node.has_escapes)) return false;
        break;
      case 't':
        node.kind = JsonKind::boolean;
        if (!word("true")) return false;
        break;
      case 'f':
        node.kind = JsonKind::boolean;
        if (!word("false")) return false;
        break;
      case 'n':
        if (!word("null")) return false;
        break;
      default:
        node.kind = JsonKind::number;
        if (!number()) return false;
    }
    node.end = offset();
    tree_.nodes_.push_back(node);
    last_ = index;
    return true;
  }

  /// Makes the value the last child of the innermost open one.
  void link(std::uint32_t index) {
    if (tree_.open_.empty()) return;
    JsonNode& parent = tree_.nodes_[tree_.open_.back()];
    if (parent.n_children++ > 0) tree_.nodes_[last_].next = index;
  }

  bool open(JsonNode node, std::uint32_t index) {
    if (tree_.open_.size() >= kMaxDepth) return fail("nested more than 256 deep");
    ++p_;
    tree_.nodes_.push_back(node);
    tree_.open_.push_back(index);
    return true;
  }

  bool word(std::string_view expected) {
    for (const char c : expected) {
      if (p_ == end_ || *p_ != c) return fail("expected a value");
      ++p_;
    }
    return true;
  }

  bool number() {
    if (*p_ == '-') ++p_;
    if (p_ == end_ || !is_digit(*p_)) return fail("expected a value");
    if (*p_ == '0') {
      ++p_;
      if (p_ < end_ && is_digit(*p_)) return fail("a number may not begin with 0");
    } else {
      digits();
    }
    if (p_ < end_ && *p_ == '.') {
      ++p_;
      if (!digits()) return fail("expected a digit behind the point");
    }
    if (p_ < end_ && (*p_ == 'e' || *p_ == 'E')) {
      ++p_;
      if (p_ < end_ && (*p_ == '+' || *p_ == '-')) ++p_;
      if (!digits()) return fail("expected a digit of the exponent");
    }
    return true;
  }

  bool digits() {
    const char* first = p_;
    while (p_ < end_ && is_digit(*p_)) ++p_;
    return p_ > first;
  }

  bool string(bool& has_escapes) {
    const char* opening = p_++;
    for (;;) {
      while (end_ - p_ >= 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, p_, 8);
        if (has_special(word)) break;
        p_ += 8;
      }
      if (p_ == end_) {
        p_ = opening;
        return fail("a string without its closing quote");
      }
      const auto byte = static_cast<unsigned char>(*p_);
      if (byte == '"') break;
      if (byte == '\\') {
        has_escapes = true;
        if (!escape()) return false;
      } else if (byte < 0x20) {
        return fail("a control character in a string");
      } else {
        const std::size_t length = utf8_length(p_, end_);
        if (length == 0) return fail("bytes that are not UTF-8");
        p_ += length;
      }
    }
    ++p_;
    return true;
  }

  bool escape() {
    const char* backslash = p_++;
    if (p_ == end_) return fail("");
    if (*p_ != 'u') {
      if (std::strchr("\"\\/bfnrt", *p_) == nullptr || *p_ == '\0') {
        p_ = backslash;
        return fail("an unknown escape");
      }
      ++p_;
      return true;
    }
    ++p_;
    const int unit = hex_unit();
    const bool is_high = unit >= 0xD800 && unit < 0xDC00;
    const bool is_low = unit >= 0xDC00 && unit < 0xE000;
    bool is_sound = unit >= 0 && !is_low;
    if (is_high) {
      is_sound = end_ - p_ >= 6 && p_[0] == '\\' && p_[1] == 'u';
      if (is_sound) {
        p_ += 2;
        const int other = hex_unit();
        is_sound = other >= 0xDC00 && other < 0xE000;
      }
    }
    if (!is_sound) {
      p_ = backslash;
      return fail("an escape that is no character");
    }
    return true;
  }

  /// Four hexadecimal digits; -1 without.
  int hex_unit() {
    if (end_ - p_ < 4) return -1;
    int unit = 0;
    const auto [rest, error] = std::from_chars(p_, p_ + 4, unit, 16);
    if (error != std::errc() || rest != p_ + 4 || *p_ == '-') return -1;
    p_ += 4;
    return unit;
  }

  JsonTree& tree_;
  const char* start_;
  const char* p_;
  const char* end_;
  std::uint32_t last_ = 0;  // the value that was completed last
};

bool JsonTree::parse(std::string_view text) {
  text_ = text;
  if (text.size() >= std::numeric_limits<std::uint32_t>::max()) {
    fault_ = {0, "longer than 4 GB"};
    return false;
  }
  return JsonScan(*this).run();
}

std::string JsonValue::key() const { return node().key_has_escapes ? unescaped(raw_key()) : std::string(raw_key()); }

bool JsonValue::key_is(std::string_view key) const {
  return node().key_has_escapes ? unescaped(raw_key()) == key : raw_key() == key;
}

std::optional<std::string> JsonValue::string() const {
  if (!is_string()) return std::nullopt;
  return has_escapes() ? unescaped(raw_string()) : std::string(raw_string());
}

bool JsonValue::string_is(std::string_view expected) const {
  return is_string() && (has_escapes() ? unescaped(raw_string()) == expected : raw_string() == expected);
}

std::optional<double> JsonValue::number() const {
  if (!is_number()) return std::nullopt;
  double value = 0;
  const std::string_view digits = text();
  const auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  // 1e999 has no double; 1e-999 is as good as 0.
  if (error == std::errc::result_out_of_range) {
    const bool is_small = digits.find("e-") != std::string_view::npos || digits.find("E-") != std::string_view::npos ||
                          digits.find_first_of("eE") == std::string_view::npos;
    return is_small && std::abs(value) < 1 ? std::optional<double>(0.0) : std::nullopt;
  }
  return value;
}

std::optional<std::int64_t> JsonValue::whole_number() const {
  if (!is_number() && !is_string()) return std::nullopt;
  const std::string_view digits = is_string() ? raw_string() : text();
  std::int64_t value = 0;
  const auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error == std::errc() && rest == digits.data() + digits.size()) return value;
  const std::optional<double> real = number();
  constexpr double kLargest = 9007199254740992.0;
  if (real && std::abs(*real) < kLargest && std::floor(*real) == *real) return static_cast<std::int64_t>(*real);
  return std::nullopt;
}

std::optional<JsonValue> JsonValue::find(std::string_view key) const {
  if (!is_object()) return std::nullopt;
  std::optional<JsonValue> found;
  for (const JsonValue member : *this) {
    if (member.key_is(key)) found = member;
  }
  return found;
}

std::optional<JsonValue> JsonValue::find(std::string_view key, std::string_view other_spelling) const {
  const std::optional<JsonValue> found = find(key);
  return found ? found : find(other_spelling);
}

std::string unescaped(std::string_view raw) {
  std::string quoted;
  quoted.reserve(raw.size() + 2);
  quoted += '"';
  quoted += raw;
  quoted += '"';
  const auto parsed = nlohmann::json::parse(quoted, nullptr, false);
  return parsed.is_string() ? parsed.get<std::string>() : std::string(raw);
}

std::string json_string(std::string_view text) {
  try {
    return nlohmann::json(text).dump();
  } catch (const nlohmann::json::exception&) {
    throw InvalidArgument("text: bytes that are not UTF-8 given, expected UTF-8");
  }
}

std::optional<std::size_t> first_invalid_utf8(std::string_view bytes) {
  const char* end = bytes.data() + bytes.size();
  for (const char* p = bytes.data(); p < end;) {
    const std::size_t length = utf8_length(p, end);
    if (length == 0) return static_cast<std::size_t>(p - bytes.data());
    p += length;
  }
  return std::nullopt;
}

std::size_t offset_of_character(std::string_view text, std::size_t character) {
  const char* end = text.data() + text.size();
  const char* p = text.data();
  for (; p < end && character > 0; --character) p += std::max<std::size_t>(1, utf8_length(p, end));
  return static_cast<std::size_t>(p - text.data());
}

std::size_t characters_before(std::string_view text, std::size_t offset) {
  std::size_t count = 0;
  const char* end = text.data() + text.size();
  const char* stop = text.data() + std::min(offset, text.size());
  for (const char* p = text.data(); p < stop; ++count) p += std::max<std::size_t>(1, utf8_length(p, end));
  return count;
}

}  // namespace gtlabel::formats
