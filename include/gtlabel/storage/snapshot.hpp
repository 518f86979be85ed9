#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gtlabel/core/export.hpp"

namespace gtlabel {

/// Writes an object's state as a snapshot: a frame of our own (magic, frame version, kind, length, CRC-32C) around a
/// Boost.Serialization text archive in a restricted profile (no pointers, classic locale, floats as IEEE bits), so that
/// it is portable between machines and Boost versions. docs/snapshots.md gives the layout. Not thread-safe.
class GTLABEL_EXPORT SnapshotWriter {
 public:
  SnapshotWriter();
  ~SnapshotWriter();
  SnapshotWriter(SnapshotWriter&&) noexcept;
  SnapshotWriter& operator=(SnapshotWriter&&) noexcept;

  /// Opens the section of one class: `name` and the version of its fields. Every class begins with it.
  void section(std::string_view name, std::uint32_t version);

  void write(bool value);
  void write(std::int32_t value);
  void write(std::int64_t value);
  void write(std::uint64_t value);
  void write(float value);
  void write(double value);
  void write(std::string_view value);
  void write(const char* value) { write(std::string_view(value)); }
  void write(std::span<const std::int32_t> values);
  void write(std::span<const std::int64_t> values);
  void write(std::span<const std::uint8_t> values);
  void write(std::span<const float> values);
  void write(std::span<const double> values);
  void write(const std::vector<std::string>& values);

  /// The framed bytes; `kind` says what is inside, e.g. "labeling_job". The writer is empty afterwards.
  [[nodiscard]] std::string finish(std::string_view kind);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Reads what SnapshotWriter wrote, in the same order. Safe on bytes from strangers: runs no code, allocates no more
/// than the bytes given can hold, and answers anything unsound with ArchiveError. Not thread-safe.
class GTLABEL_EXPORT SnapshotReader {
 public:
  /// Checks magic, versions, kind, length and checksum before anything is parsed. The bytes are borrowed.
  /// @throws ArchiveError  archive_damaged, archive_too_new, or archive_mismatch for another kind.
  SnapshotReader(std::string_view bytes, std::string_view kind);
  ~SnapshotReader();
  SnapshotReader(SnapshotReader&&) noexcept;
  SnapshotReader& operator=(SnapshotReader&&) noexcept;

  /// Enters a class's section and returns the version it was written with.
  /// @throws ArchiveError  archive_too_new if that is above `newest`, archive_damaged for another section.
  std::uint32_t section(std::string_view name, std::uint32_t newest);

  void read(bool& value);
  void read(std::int32_t& value);
  void read(std::int64_t& value);
  void read(std::uint64_t& value);
  void read(float& value);
  void read(double& value);
  void read(std::string& value);
  void read(std::vector<std::int32_t>& values);
  void read(std::vector<std::int64_t>& values);
  void read(std::vector<std::uint8_t>& values);
  void read(std::vector<float>& values);
  void read(std::vector<double>& values);
  void read(std::vector<std::string>& values);

  /// reader.get<double>(): the same as read, by value.
  template <class T>
  [[nodiscard]] T get() {
    T value{};
    read(value);
    return value;
  }

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Throws ArchiveError(archive_damaged, "snapshot: " + what) unless `sound`. For the checks of meaning after a load.
GTLABEL_EXPORT void require_sound(bool sound, std::string_view what);

/// Writes bytes to a file so that a crash leaves either the old file or the new one, whole: temporary file, fsync,
/// rename.
/// @throws ArchiveError  file_access, naming the path and the system's reason.
GTLABEL_EXPORT void write_file_atomically(const std::string& path, std::string_view bytes);

/// The whole content of a file. @throws ArchiveError  file_access.
[[nodiscard]] GTLABEL_EXPORT std::string read_file(const std::string& path);

}  // namespace gtlabel
