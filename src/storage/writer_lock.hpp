#pragma once

#include <string>

namespace gtlabel::detail {

/// Keeps a second writer from a store: a file beside it, `<store>.lock`, locked while the writer lives (the system lets
/// go when the process ends, however it ends; children that it forked do not keep it) and telling who that is.
class WriterLock {
 public:
  /// @throws ArchiveError  store_in_use, naming the process that has it; file_access.
  explicit WriterLock(const std::string& store);
  ~WriterLock();
  WriterLock(WriterLock&& other) noexcept;
  WriterLock& operator=(WriterLock&& other) noexcept;

  /// @throws InvalidState  in a forked child: the store belongs to its parent.
  void require_own_process() const;

 private:
  std::string path_;
  int descriptor_ = -1;
  long process_ = 0;
};

}  // namespace gtlabel::detail
