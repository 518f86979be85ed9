#pragma once

#include <sqlite3.h>

#include <cstdint>

namespace gtlabel_test {

/// How a write fails.
enum class Failure : std::uint8_t { disk_full, io_error, short_write };

/// While it lives, SQLite's files fail: the n-th call that writes, syncs, truncates or makes a file from `arm(n)` on,
/// and all after it until `disarm`. One at a time.
class FailingFiles {
 public:
  FailingFiles();
  ~FailingFiles();
  FailingFiles(const FailingFiles&) = delete;
  FailingFiles& operator=(const FailingFiles&) = delete;

  void arm(std::int64_t n, Failure failure);
  void disarm();
  /// Calls counted since `arm`.
  [[nodiscard]] std::int64_t n_calls() const;

 private:
  sqlite3_vfs vfs_{};
};

/// While it lives, locks fail with this error, as on file systems that have none: flock, and SQLite's by fcntl.
class FailingLocks {
 public:
  explicit FailingLocks(int error);
  ~FailingLocks();
  FailingLocks(const FailingLocks&) = delete;
  FailingLocks& operator=(const FailingLocks&) = delete;
};

/// While it lives, SQLite takes no value longer than this.
class ShortValues {
 public:
  explicit ShortValues(int n_bytes);
  ~ShortValues();
  ShortValues(const ShortValues&) = delete;
  ShortValues& operator=(const ShortValues&) = delete;
};

}  // namespace gtlabel_test
