#pragma once

#include <string>
#include <string_view>

namespace gtlabel::detail {

/// The payload in its frame, as docs/snapshots.md lays it out.
[[nodiscard]] std::string frame_snapshot(std::string_view kind, std::string_view payload);

/// The payload of a whole, unchanged frame of this kind, which this version can read; a view into `bytes`.
/// @throws ArchiveError  archive_damaged, archive_too_new or archive_mismatch.
[[nodiscard]] std::string_view unframe_snapshot(std::string_view bytes, std::string_view kind);

/// A name read from a snapshot, fit for a message: quoted, in printable ASCII, cut after 64 characters.
[[nodiscard]] std::string quoted(std::string_view name);

}  // namespace gtlabel::detail
