#include "support/base64.hpp"

#include <array>
#include <cstdint>

namespace gtlabel::detail {
namespace {

constexpr std::uint8_t kSpace = 0xFE, kForeign = 0xFF;

constexpr auto kValues = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(kForeign);
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t i = 0; i < digits.size(); ++i) {
    values[static_cast<unsigned char>(digits[i])] = static_cast<std::uint8_t>(i);
  }
  for (const char space : {' ', '\n', '\r', '\t'}) values[static_cast<unsigned char>(space)] = kSpace;
  return values;
}();

}  // namespace

std::size_t decode_base64(std::string_view text, void* bytes, std::size_t size) {
  auto* out = static_cast<unsigned char*>(bytes);
  std::size_t at = 0, n_written = 0;
  std::uint32_t group = 0;
  int n_bits = 0;
  while (n_written < size) {
    if (at == text.size()) return std::string_view::npos;
    const std::uint8_t value = kValues[static_cast<unsigned char>(text[at++])];
    if (value == kSpace) continue;
    if (value == kForeign) return std::string_view::npos;
    group = (group << 6) | value;
    n_bits += 6;
    if (n_bits < 8) continue;
    n_bits -= 8;
    out[n_written++] = static_cast<unsigned char>(group >> n_bits);
  }
  while (at < text.size() && text[at] == '=') ++at;
  return at;
}

}  // namespace gtlabel::detail
