#include "storage/snapshot_frame.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "gtlabel/core/error.hpp"
#include "gtlabel/storage/snapshot.hpp"
#include "gtlabel/version.hpp"
#include "support/crc32c.hpp"

namespace gtlabel::detail {
namespace {

constexpr std::string_view kMagic = "GTLB";
constexpr std::uint32_t kFrameVersion = 1;

constexpr std::uint32_t version_number(std::uint32_t major, std::uint32_t minor, std::uint32_t patch) {
  return major * 1'000'000 + minor * 1'000 + patch;
}

constexpr std::uint32_t kThisVersion =
    version_number(GTLABEL_VERSION_MAJOR, GTLABEL_VERSION_MINOR, GTLABEL_VERSION_PATCH);

// The oldest gtlabel that understands frame and payload profile as written here. A section that gains fields needs no
// rise: its own version tells.
constexpr std::uint32_t kMinimumReader = version_number(0, 1, 0);

std::string version_text(std::uint64_t number) {
  return std::to_string(number / 1'000'000) + "." + std::to_string(number / 1'000 % 1'000) + "." +
         std::to_string(number % 1'000);
}

void append_number(std::string& bytes, std::uint64_t value, int width) {
  for (int i = 0; i < width; ++i) bytes.push_back(static_cast<char>((value >> (8 * i)) & 0xFFu));
}

/// Takes field after field from the front of the frame.
class FrameFields {
 public:
  explicit FrameFields(std::string_view bytes) : rest_(bytes) {}

  std::string_view text(std::uint64_t size) {
    require_sound(size <= rest_.size(), "it ends inside its header");
    const auto field = rest_.substr(0, static_cast<std::size_t>(size));
    rest_.remove_prefix(field.size());
    return field;
  }

  std::uint64_t number(int width) {
    const auto field = text(static_cast<std::uint64_t>(width));
    std::uint64_t value = 0;
    for (int i = 0; i < width; ++i) value |= std::uint64_t{static_cast<unsigned char>(field[i])} << (8 * i);
    return value;
  }

  [[nodiscard]] std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

void check_frame_version(std::uint64_t version) {
  require_sound(version > 0, "frame version 0");
  if (version <= kFrameVersion) return;
  throw ArchiveError(ErrorCode::archive_too_new, "snapshot: frame version " + std::to_string(version) +
                                                     ", but gtlabel " GTLABEL_VERSION " reads frame versions up to " +
                                                     std::to_string(kFrameVersion));
}

void check_length(std::uint64_t stated, std::size_t found) {
  if (stated == found) return;
  throw ArchiveError(ErrorCode::archive_damaged, "snapshot: a payload of " + std::to_string(found) +
                                                     " bytes, but its header says " + std::to_string(stated) +
                                                     (found < stated ? ": it was cut short" : ""));
}

void check_reader_version(std::uint64_t minimum_reader, std::uint64_t writer) {
  if (minimum_reader <= kThisVersion) return;
  throw ArchiveError(ErrorCode::archive_too_new, "snapshot: written by gtlabel " + version_text(writer) +
                                                     " for gtlabel " + version_text(minimum_reader) +
                                                     " or newer; this is gtlabel " GTLABEL_VERSION);
}

void check_kind(std::string_view found, std::string_view expected) {
  if (found == expected) return;
  throw ArchiveError(ErrorCode::archive_mismatch,
                     "snapshot: of kind " + quoted(found) + ", but kind " + quoted(expected) + " is expected");
}

void check_checksum(std::uint64_t stated, std::string_view header, std::string_view payload) {
  require_sound(stated == crc32c(payload, crc32c(header)), "its checksum does not match: bytes were changed");
}

}  // namespace

std::string quoted(std::string_view name) {
  constexpr std::size_t kLongest = 64;
  std::string text(name.substr(0, kLongest));
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return '"' + text + (name.size() > kLongest ? "...\"" : "\"");
}

std::string frame_snapshot(std::string_view kind, std::string_view payload) {
  std::string bytes;
  bytes.reserve(kMagic.size() + kind.size() + 28 + payload.size());
  bytes += kMagic;
  append_number(bytes, kFrameVersion, 4);
  append_number(bytes, kind.size(), 4);
  bytes += kind;
  append_number(bytes, kMinimumReader, 4);
  append_number(bytes, kThisVersion, 4);
  append_number(bytes, payload.size(), 8);
  append_number(bytes, crc32c(payload, crc32c(bytes)), 4);
  bytes += payload;
  return bytes;
}

std::string_view unframe_snapshot(std::string_view bytes, std::string_view kind) {
  require_sound(bytes.substr(0, kMagic.size()) == kMagic, "it does not begin with GTLB");
  FrameFields fields(bytes.substr(kMagic.size()));
  check_frame_version(fields.number(4));
  const auto found_kind = fields.text(fields.number(4));
  const auto minimum_reader = fields.number(4);
  const auto writer = fields.number(4);
  const auto length = fields.number(8);
  const auto header = bytes.substr(0, bytes.size() - fields.rest().size());
  const auto checksum = fields.number(4);
  const auto payload = fields.rest();
  check_length(length, payload.size());
  check_checksum(checksum, header, payload);
  check_reader_version(minimum_reader, writer);
  check_kind(found_kind, kind);
  return payload;
}

}  // namespace gtlabel::detail
