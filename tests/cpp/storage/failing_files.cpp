#include "storage/failing_files.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstddef>
#include <limits>

namespace gtlabel_test {
namespace {

std::atomic<std::int64_t> calls{0}, first_to_fail{std::numeric_limits<std::int64_t>::max()};
std::atomic<Failure> present{Failure::io_error};
sqlite3_vfs* real = nullptr;

bool fails() { return ++calls >= first_to_fail; }
int code() { return present == Failure::disk_full ? SQLITE_FULL : SQLITE_IOERR_WRITE; }

/// A file of ours, with that of the system behind it in memory.
struct File {
  sqlite3_file base;
  sqlite3_io_methods methods;
};

sqlite3_file* behind(sqlite3_file* file) {
  return reinterpret_cast<sqlite3_file*>(reinterpret_cast<std::byte*>(file) + sizeof(File));
}

int close(sqlite3_file* file) { return behind(file)->pMethods->xClose(behind(file)); }
int read(sqlite3_file* file, void* to, int n, sqlite3_int64 at) {
  return behind(file)->pMethods->xRead(behind(file), to, n, at);
}
int write(sqlite3_file* file, const void* from, int n, sqlite3_int64 at) {
  if (fails()) {
    if (present == Failure::short_write) behind(file)->pMethods->xWrite(behind(file), from, n / 2, at);
    return code();
  }
  return behind(file)->pMethods->xWrite(behind(file), from, n, at);
}
int truncate(sqlite3_file* file, sqlite3_int64 size) {
  return fails() ? SQLITE_IOERR_TRUNCATE : behind(file)->pMethods->xTruncate(behind(file), size);
}
int sync(sqlite3_file* file, int flags) {
  return fails() ? SQLITE_IOERR_FSYNC : behind(file)->pMethods->xSync(behind(file), flags);
}
int size(sqlite3_file* file, sqlite3_int64* n) { return behind(file)->pMethods->xFileSize(behind(file), n); }
int lock(sqlite3_file* file, int level) { return behind(file)->pMethods->xLock(behind(file), level); }
int unlock(sqlite3_file* file, int level) { return behind(file)->pMethods->xUnlock(behind(file), level); }
int is_reserved(sqlite3_file* file, int* out) { return behind(file)->pMethods->xCheckReservedLock(behind(file), out); }
int control(sqlite3_file* file, int what, void* with) {
  return behind(file)->pMethods->xFileControl(behind(file), what, with);
}
int sector(sqlite3_file* file) { return behind(file)->pMethods->xSectorSize(behind(file)); }
int traits(sqlite3_file* file) { return behind(file)->pMethods->xDeviceCharacteristics(behind(file)); }
int map_shared(sqlite3_file* file, int page, int n, int extend, void volatile** out) {
  return behind(file)->pMethods->xShmMap(behind(file), page, n, extend, out);
}
int lock_shared(sqlite3_file* file, int offset, int n, int flags) {
  return behind(file)->pMethods->xShmLock(behind(file), offset, n, flags);
}
void barrier(sqlite3_file* file) { behind(file)->pMethods->xShmBarrier(behind(file)); }
int unmap_shared(sqlite3_file* file, int is_deleted) {
  return behind(file)->pMethods->xShmUnmap(behind(file), is_deleted);
}

int open(sqlite3_vfs* /*vfs*/, const char* name, sqlite3_file* file, int flags, int* out) {
  file->pMethods = nullptr;
  const int opened = real->xOpen(real, name, behind(file), flags, out);
  if (opened != SQLITE_OK) return opened;
  auto* ours = reinterpret_cast<File*>(file);
  ours->methods = {2,           close,   read,         write,   truncate, sync,   size,
                   lock,        unlock,  is_reserved,  control, sector,   traits, map_shared,
                   lock_shared, barrier, unmap_shared, nullptr, nullptr};
  file->pMethods = &ours->methods;
  return SQLITE_OK;
}

}  // namespace

FailingFiles::FailingFiles() {
  real = sqlite3_vfs_find(nullptr);
  vfs_ = *real;
  vfs_.zName = "failing";
  vfs_.szOsFile = static_cast<int>(sizeof(File)) + real->szOsFile;
  vfs_.xOpen = open;
  disarm();
  sqlite3_vfs_register(&vfs_, 1);
}

FailingFiles::~FailingFiles() {
  disarm();
  sqlite3_vfs_unregister(&vfs_);
  sqlite3_vfs_register(real, 1);
}

void FailingFiles::arm(std::int64_t n, Failure failure) {
  calls = 0;
  present = failure;
  first_to_fail = n;
}

void FailingFiles::disarm() { first_to_fail = std::numeric_limits<std::int64_t>::max(); }

std::int64_t FailingFiles::n_calls() const { return calls; }

namespace {

std::atomic<int> lock_error{0}, longest_value{0};

int failing_fcntl(int descriptor, int command, ...) {
  va_list arguments;
  va_start(arguments, command);
  void* const argument = va_arg(arguments, void*);
  va_end(arguments);
  if (command == F_SETLK && lock_error != 0) {
    errno = lock_error;
    return -1;
  }
  return ::fcntl(descriptor, command, argument);
}

int shorten(sqlite3* connection, char** /*error*/, const void* /*routines*/) {
  sqlite3_limit(connection, SQLITE_LIMIT_LENGTH, longest_value);
  return SQLITE_OK;
}

void set_fcntl(sqlite3_syscall_ptr call) {
  sqlite3_vfs* files = sqlite3_vfs_find("unix");
  files->xSetSystemCall(files, "fcntl", call);  // null: the system's
}

}  // namespace

FailingLocks::FailingLocks(int error) {
  lock_error = error;
  set_fcntl(reinterpret_cast<sqlite3_syscall_ptr>(failing_fcntl));
}

FailingLocks::~FailingLocks() {
  set_fcntl(nullptr);
  lock_error = 0;
}

ShortValues::ShortValues(int n_bytes) {
  longest_value = n_bytes;
  sqlite3_auto_extension(reinterpret_cast<void (*)()>(shorten));
}

ShortValues::~ShortValues() { sqlite3_cancel_auto_extension(reinterpret_cast<void (*)()>(shorten)); }

}  // namespace gtlabel_test

#ifdef __linux__
// In place of the system's, for the library too.
extern "C" int flock(int descriptor, int operation) noexcept {
  if (gtlabel_test::lock_error != 0) {
    errno = gtlabel_test::lock_error;
    return -1;
  }
  return static_cast<int>(::syscall(SYS_flock, descriptor, operation));
}
#endif
