// libFuzzer target: bytes from strangers end in ArchiveError or in values, never otherwise. Not part of the build; from
// the project's directory:
//   clang++ -std=c++20 -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined
//     -Iinclude -Isrc -Itests/cpp tests/fuzz/snapshot_fuzz.cpp src/storage/*.cpp src/support/crc32c.cpp
//     src/core/error.cpp -lboost_serialization -o snapshot_fuzz
//   ./snapshot_fuzz -max_len=2048 -rss_limit_mb=512 -malloc_limit_mb=32
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "gtlabel/core/error.hpp"
#include "gtlabel/storage/snapshot.hpp"
#include "storage/framing.hpp"

namespace {

using gtlabel::SnapshotReader;

template <class T>
void read_one(SnapshotReader& reader) {
  (void)reader.get<T>();
}

void enter_section(SnapshotReader& reader) { (void)reader.section("s", 1); }

constexpr void (*kReads[])(SnapshotReader&) = {enter_section,
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

/// Reads in the order that `script` asks for, one byte a value, until it ends or something is refused.
void read_by(std::string_view script, std::string_view bytes) {
  try {
    SnapshotReader reader(bytes, "test");
    for (const char byte : script) kReads[static_cast<unsigned char>(byte) % std::size(kReads)](reader);
  } catch (const gtlabel::ArchiveError&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(bytes), size);
  read_by("\7\7\7", input);  // as a snapshot: the frame
  // As a script and, in a sound frame, the payload that it reads.
  const std::string_view script = input.substr(0, 8);
  gtlabel_test::Frame frame;
  frame.payload = input.substr(script.size());
  read_by(script, gtlabel_test::framed(frame));
  return 0;
}
