#pragma once

#include <cstdint>
#include <string_view>

namespace gtlabel::detail {

/// CRC-32C (Castagnoli, reflected, as in RFC 3720) of `bytes`, going on from `crc`, the checksum of what came before.
[[nodiscard]] std::uint32_t crc32c(std::string_view bytes, std::uint32_t crc = 0) noexcept;

}  // namespace gtlabel::detail
