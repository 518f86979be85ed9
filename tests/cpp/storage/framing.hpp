#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace gtlabel_test {

/// CRC-32C from its definition, a bit at a time: independent of the library's.
inline std::uint32_t plain_crc32c(std::string_view bytes) {
  std::uint32_t crc = 0xFFFFFFFFu;
  for (const char byte : bytes) {
    crc ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1u) != 0 ? 0x82F63B78u : 0u);
  }
  return ~crc;
}

/// The fields of a snapshot's frame as docs/snapshots.md gives them, free to be wrong.
struct Frame {
  std::string magic = "GTLB";
  std::uint32_t frame_version = 1;
  std::string kind = "test";
  std::uint32_t minimum_reader = 1'000;  // 0.1.0
  std::uint32_t writer = 1'000;
  std::string payload;
};

inline std::string little_endian(std::uint64_t value, int width) {
  std::string bytes;
  for (int i = 0; i < width; ++i) bytes.push_back(static_cast<char>(value >> (8 * i)));
  return bytes;
}

/// The frame's bytes, with the length and the checksum that belong to them.
inline std::string framed(const Frame& frame) {
  std::string bytes = frame.magic + little_endian(frame.frame_version, 4) + little_endian(frame.kind.size(), 4) +
                      frame.kind + little_endian(frame.minimum_reader, 4) + little_endian(frame.writer, 4) +
                      little_endian(frame.payload.size(), 8);
  return bytes + little_endian(plain_crc32c(bytes + frame.payload), 4) + frame.payload;
}

/// The payload of a whole snapshot of a kind: what follows its header.
inline std::string payload_of(std::string_view bytes, std::string_view kind) {
  return std::string(bytes.substr(32 + kind.size()));
}

}  // namespace gtlabel_test
