#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "gtlabel/core/export.hpp"
#include "gtlabel/formats/manifest_line.hpp"

namespace gtlabel {

/// Reads a manifest line by line, in memory for one line. Not thread-safe; movable.
class GTLABEL_EXPORT ManifestReader {
 public:
  /// @throws ArchiveError (file_access).
  explicit ManifestReader(const std::string& path);
  ~ManifestReader();
  ManifestReader(ManifestReader&&) noexcept;
  ManifestReader& operator=(ManifestReader&&) noexcept;

  /// The next line with an object; blank ones are passed over. @return false: the file is at its end.
  /// @throws FormatError  naming file, line and column; the next call goes on behind it. ArchiveError (file_access).
  bool next(ManifestLine& line);
  /// Of the line read last, from 1.
  [[nodiscard]] std::int64_t line_number() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Writes a manifest line by line beside its place, and puts it there at the end. Not thread-safe; movable.
class GTLABEL_EXPORT ManifestWriter {
 public:
  /// @throws ArchiveError (file_access).
  explicit ManifestWriter(const std::string& path);
  /// Without `finish` the file is as it was.
  ~ManifestWriter();
  ManifestWriter(ManifestWriter&&) noexcept;
  ManifestWriter& operator=(ManifestWriter&&) noexcept;

  /// @throws ArchiveError (file_access); InvalidState after `finish`.
  void write(const ManifestLine& line);
  /// All lines are in the file. @throws ArchiveError (file_access); InvalidState if called again.
  void finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gtlabel
