#pragma once

#include <cstdint>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gtlabel/core/error.hpp"
#include "gtlabel/storage/snapshot.hpp"
#include "storage/framing.hpp"

namespace gtlabel_test {

template <class T>
void read_one(gtlabel::SnapshotReader& reader) {
  (void)reader.get<T>();
}

inline void enter_section(gtlabel::SnapshotReader& reader) { (void)reader.section("s", 1); }

inline constexpr void (*kReads[])(gtlabel::SnapshotReader&) = {enter_section,
                                                               read_one<bool>,
                                                               read_one<std::int32_t>,
                                                               read_one<std::int64_t>,
                                                               read_one<std::uint64_t>,
                                                               read_one<float>,
                                                               read_one<double>,
                                                               read_one<std::string>,
                                                               read_one<std::vector<std::int32_t>>,
                                                               read_one<std::vector<std::int64_t>>,
                                                               read_one<std::vector<std::uint8_t>>,
                                                               read_one<std::vector<float>>,
                                                               read_one<std::vector<double>>,
                                                               read_one<std::vector<std::string>>};

/// Reads in the order that `script` asks for, one byte a value. @return whether all was read and nothing refused.
inline bool read_by(std::string_view script, std::string_view bytes) {
  try {
    gtlabel::SnapshotReader reader(bytes, "test");
    for (const char byte : script) kReads[static_cast<unsigned char>(byte) % std::size(kReads)](reader);
    return true;
  } catch (const gtlabel::ArchiveError&) {
    return false;
  }
}

/// An input of the fuzz target is used in two ways. First as a snapshot: that tries the frame.
inline bool read_as_snapshot(std::string_view input) { return read_by("\7\7\7", input); }

inline constexpr std::size_t kScriptSize = 8;

/// Then as a script and, in a sound frame, the payload that it reads.
inline bool read_as_payload(std::string_view input) {
  const std::string_view script = input.substr(0, kScriptSize);
  Frame frame;
  frame.payload = input.substr(script.size());
  return read_by(script, framed(frame));
}

inline std::string valid_snapshot() {
  gtlabel::SnapshotWriter writer;
  for (const char* text :
       {"cat", "", "a text that is longer than a line of base64, so that it is broken in two parts"}) {
    writer.write(text);
  }
  return writer.finish("test");
}

/// One input for the first eight reads, one for the others and two bools.
inline std::vector<std::string> valid_payloads() {
  gtlabel::SnapshotWriter scalars, arrays;
  scalars.section("s", 1);
  scalars.write(true);
  scalars.write(std::int32_t{-7});
  scalars.write(std::int64_t{1} << 40);
  scalars.write(~std::uint64_t{0});
  scalars.write(0.1F);
  scalars.write(-1e300);
  scalars.write("cat");
  arrays.write(std::span<const std::int32_t>(std::vector<std::int32_t>{1, -2}));
  arrays.write(std::span<const std::int64_t>(std::vector<std::int64_t>{3, 4, 5}));
  arrays.write(std::span<const std::uint8_t>(std::vector<std::uint8_t>{0, 255}));
  arrays.write(std::span<const float>(std::vector<float>(40, 0.5F)));
  arrays.write(std::span<const double>(std::vector<double>{}));
  arrays.write(std::vector<std::string>{"a", "", "bc"});
  arrays.write(true);
  arrays.write(false);
  return {std::string("\0\1\2\3\4\5\6\7", kScriptSize) + payload_of(scalars.finish("test"), "test"),
          "\x8\x9\xA\xB\xC\xD\1\1" + payload_of(arrays.finish("test"), "test")};
}

}  // namespace gtlabel_test
