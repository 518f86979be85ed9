#include "storage/writer_lock.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/vfs.h>
#endif

#include <array>
#include <cerrno>
#include <mutex>
#include <system_error>
#include <utility>
#include <vector>

#include "gtlabel/core/error.hpp"

namespace gtlabel::detail {
namespace {

[[noreturn]] void refuse(const std::string& path, const std::string& what) {
  throw ArchiveError(ErrorCode::file_access, path + ": store: " + what + ": " + std::generic_category().message(errno));
}

/// Why a lock cannot be taken, but for who has it.
[[noreturn]] void refuse_lock(const std::string& path) {
  const bool has_none = errno == ENOLCK || errno == ENOSYS || errno == EOPNOTSUPP;
  refuse(path, has_none ? "the file system has no locks that work, so a second writer could not be kept out; keep the "
                          "store on a local disk"
                        : "the writer's lock cannot be taken");
}

/// The locks of this process. A child that is forked closes them at once: else it would keep what its parent has let go
/// of, or lost.
class HeldLocks {
 public:
  static void add(int descriptor) {
    const std::scoped_lock lock(mutex());
    static const int registered = ::pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
    (void)registered;
    descriptors().push_back(descriptor);
  }
  static void remove(int descriptor) {
    const std::scoped_lock lock(mutex());
    std::erase(descriptors(), descriptor);
  }

 private:
  // Never destroyed: jobs may outlive what is static.
  static std::mutex& mutex() {
    static auto* const mutex = new std::mutex;
    return *mutex;
  }
  static std::vector<int>& descriptors() {
    static auto* const descriptors = new std::vector<int>;
    return *descriptors;
  }
  static void before_fork() { mutex().lock(); }
  static void after_fork_in_parent() { mutex().unlock(); }
  static void after_fork_in_child() {
    for (const int descriptor : descriptors()) ::close(descriptor);
    descriptors().clear();
    mutex().unlock();
  }
};

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "an unknown host";
}

/// "": nobody has written it down.
std::string read_owner(int descriptor) {
  std::array<char, 512> text{};
  const auto size = ::pread(descriptor, text.data(), text.size() - 1, 0);
  return {text.data(), size > 0 ? static_cast<std::size_t>(size) : 0};
}

/// Where locks of another host may not be seen.
bool is_on_network(int descriptor) {
#ifdef __linux__
  struct statfs system {};
  if (::fstatfs(descriptor, &system) != 0) return false;
  const auto type = static_cast<unsigned long>(system.f_type) & 0xFFFFFFFFUL;
  constexpr std::array<unsigned long, 8> kNetworks = {0x6969,     0xFF534D42, 0xFE534D42, 0x517B,  // NFS, CIFS, SMB
                                                      0x5346414F, 0x00C36400, 0x0BD00BD0, 0x01021997};  // AFS, Ceph, 9P
  for (const unsigned long network : kNetworks) {
    if (type == network) return true;
  }
#else
  (void)descriptor;
#endif
  return false;
}

/// Whether the file that is locked is still the one with its name: its last owner may have removed it meanwhile.
bool is_current(int descriptor, const std::string& path) {
  struct stat opened {
  }, named{};
  return ::fstat(descriptor, &opened) == 0 && ::stat(path.c_str(), &named) == 0 && opened.st_ino == named.st_ino &&
         opened.st_dev == named.st_dev;
}

}  // namespace

WriterLock::WriterLock(const std::string& store) : path_(store + ".lock"), process_(::getpid()) {
  for (;;) {
    descriptor_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (descriptor_ < 0) refuse(path_, "the writer's lock cannot be opened");
    if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
      const int reason = errno;
      const std::string owner = read_owner(descriptor_);
      ::close(std::exchange(descriptor_, -1));
      if (reason != EWOULDBLOCK) {
        if (owner.empty()) ::unlink(path_.c_str());  // made above
        errno = reason;
        refuse_lock(path_);
      }
      throw ArchiveError(
          ErrorCode::store_in_use,
          std::string(store)
              .append(": store: is being written by ")
              .append(owner.empty() ? "an unknown process" : owner)
              .append(
                  ", expected one writer at a time (close() or delete a job that is not needed any more); others may "
                  "read_store"));
    }
    if (is_current(descriptor_, path_)) break;
    ::close(std::exchange(descriptor_, -1));
  }
  const std::string host = host_name();
  if (is_on_network(descriptor_)) {
    const std::string last = read_owner(descriptor_);
    const bool is_other = last.find(" on ") != std::string::npos && !last.ends_with(" on " + host);
    if (is_other) {
      ::close(std::exchange(descriptor_, -1));
      throw ArchiveError(ErrorCode::store_in_use,
                         store + ": store: was last written by " + last +
                             ", which has not closed it. On a network "
                             "file system its lock may not be seen here: if that process has ended, remove " +
                             path_);
    }
  }
  const std::string owner = "process " + std::to_string(process_) + " on " + host;
  if (::ftruncate(descriptor_, 0) != 0 ||
      ::pwrite(descriptor_, owner.data(), owner.size(), 0) != static_cast<ssize_t>(owner.size())) {
    // A full disk: the lock holds without its text.
    if (::ftruncate(descriptor_, 0) != 0) errno = 0;
  }
  HeldLocks::add(descriptor_);
}

WriterLock::WriterLock(WriterLock&& other) noexcept
    : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)), process_(other.process_) {}

WriterLock& WriterLock::operator=(WriterLock&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(descriptor_, other.descriptor_);
  std::swap(process_, other.process_);
  return *this;
}

WriterLock::~WriterLock() {
  if (descriptor_ < 0 || process_ != ::getpid()) return;  // a child's copy was closed by the fork
  if (is_current(descriptor_, path_)) ::unlink(path_.c_str());
  HeldLocks::remove(descriptor_);
  ::flock(descriptor_, LOCK_UN);
  ::close(descriptor_);
}

void WriterLock::require_own_process() const {
  if (process_ == ::getpid()) return;
  throw InvalidState("store: opened by process " + std::to_string(process_) + ", used in its child " +
                     std::to_string(::getpid()) + ", expected a job that the child opened by itself");
}

}  // namespace gtlabel::detail
