#pragma once

#include <string>
#include <string_view>

namespace gtlabel::detail {

/// SHA-256 (FIPS 180-4) in hexadecimal.
[[nodiscard]] std::string sha256_hex(std::string_view bytes);

}  // namespace gtlabel::detail
