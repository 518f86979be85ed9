#pragma once

#include <cstring>
#include <string_view>

namespace gtlabel::formats {

inline constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

/// Walks over the lines of a text; `\n` and `\r\n` end a line, and the end of the text the last one.
class TextLines {
 public:
  explicit TextLines(std::string_view text) : next_(text.data()), stop_(text.data() + text.size()), text_(text) {}

  /// Goes to the next line. @return false: there is none.
  bool next() {
    if (next_ == stop_) return false;
    const char* begin = next_;
    if (number_++ == 0 && text_.starts_with(kByteOrderMark)) begin += kByteOrderMark.size();
    const auto* newline = static_cast<const char*>(std::memchr(begin, '\n', static_cast<std::size_t>(stop_ - begin)));
    const char* end = newline == nullptr ? stop_ : newline;
    next_ = newline == nullptr ? stop_ : newline + 1;
    if (end > begin && end[-1] == '\r') --end;
    line_ = std::string_view(begin, static_cast<std::size_t>(end - begin));
    return true;
  }

  /// The line without its end, and the first one without a byte order mark.
  [[nodiscard]] std::string_view line() const { return line_; }
  /// Behind the end of the line.
  [[nodiscard]] const char* end() const { return next_; }
  [[nodiscard]] std::size_t number() const { return number_; }  ///< from 1
  [[nodiscard]] bool is_blank() const { return line_.find_first_not_of(" \t\r") == std::string_view::npos; }

 private:
  const char* next_;
  const char* stop_;
  std::string_view text_;
  std::string_view line_;
  std::size_t number_ = 0;
};

}  // namespace gtlabel::formats
