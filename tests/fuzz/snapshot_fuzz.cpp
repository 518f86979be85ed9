// libFuzzer's entry: bytes from strangers end in ArchiveError or in values, never otherwise.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "snapshot_input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(bytes), size);
  gtlabel_test::read_as_snapshot(input);
  gtlabel_test::read_as_payload(input);
  return 0;
}
