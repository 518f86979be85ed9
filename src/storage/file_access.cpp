#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

#include "gtlabel/core/error.hpp"
#include "gtlabel/storage/snapshot.hpp"
#include "storage/directory_sync.hpp"

namespace gtlabel {
namespace {

[[noreturn]] void refuse(const std::string& path, const std::string& what, const std::string& reason) {
  throw ArchiveError(ErrorCode::file_access, path + ": " + what + ": " + reason);
}

[[noreturn]] void refuse(const std::string& path, const std::string& what) {
  refuse(path, what, std::generic_category().message(errno));
}

/// Repeats a system call that a signal interrupted.
template <class Call>
auto uninterrupted(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] bool is_open() const { return number_ >= 0; }
  [[nodiscard]] int number() const { return number_; }
  /// Not repeated after a signal: the number is free by then, and may be another file's.
  [[nodiscard]] bool close() { return ::close(std::exchange(number_, -1)) == 0 || errno == EINTR; }

 private:
  int number_;
};

Descriptor open_file(const std::string& path, int flags, mode_t mode = 0) {
  return Descriptor(uninterrupted([&] { return ::open(path.c_str(), flags | O_CLOEXEC, mode); }));
}

void require_whole_path(const std::string& path) {
  if (path.empty()) refuse("a file", "cannot be opened", "its path is empty");
  if (path.find('\0') != std::string::npos)
    refuse(path.substr(0, path.find('\0')), "cannot be opened", "a NUL character follows");
}

std::string directory_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

/// A new file beside `path`, removed again unless it took the place of `path`.
class FileBeside {
 public:
  explicit FileBeside(const std::string& path) : path_(path), descriptor_(create()) {}
  FileBeside(const FileBeside&) = delete;
  FileBeside& operator=(const FileBeside&) = delete;
  ~FileBeside() {
    if (!name_.empty()) ::unlink(name_.c_str());
  }

  void set_mode(mode_t mode) {
    if (::fchmod(descriptor_.number(), mode) != 0) refuse(path_, "cannot be given its permissions");
  }

  void write(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto written = uninterrupted([&] { return ::write(descriptor_.number(), bytes.data(), bytes.size()); });
      if (written < 0) refuse(path_, "cannot be written");
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
  }

  void replace_path() {
    if (uninterrupted([&] { return ::fsync(descriptor_.number()); }) != 0) refuse(path_, "cannot be written to disk");
    if (!descriptor_.close()) refuse(path_, "cannot be closed");
    if (std::rename(name_.c_str(), path_.c_str()) != 0) refuse(path_, "cannot be replaced");
    name_.clear();
  }

 private:
  // Numbered, not random: mkstemp would make every snapshot private to its owner, whatever the umask says.
  Descriptor create() {
    static std::atomic<unsigned> count{0};
    for (;;) {
      name_ = path_ + ".tmp-" + std::to_string(::getpid()) + "-" + std::to_string(count++);
      Descriptor descriptor = open_file(name_, O_WRONLY | O_CREAT | O_EXCL, 0666);
      if (descriptor.is_open()) return descriptor;
      if (errno != EEXIST) {
        name_.clear();
        refuse(path_, "cannot be written");
      }
    }
  }

  const std::string& path_;
  std::string name_;
  Descriptor descriptor_;
};

}  // namespace

namespace detail {

void sync_directory_of(const std::string& path) {
  const Descriptor directory = open_file(directory_of(path), O_RDONLY | O_DIRECTORY);
  if (!directory.is_open()) refuse(path, "its directory cannot be opened");
  // Some file systems cannot sync a directory and say EINVAL; there is nothing more to be done on them.
  if (uninterrupted([&] { return ::fsync(directory.number()); }) != 0 && errno != EINVAL) {
    refuse(path, "its directory cannot be written to disk");
  }
}

}  // namespace detail

void write_file_atomically(const std::string& path, std::string_view bytes) {
  require_whole_path(path);
  struct stat old {};
  const bool exists = ::stat(path.c_str(), &old) == 0;
  // Renaming over a device such as /dev/null would replace it for everybody.
  if (exists && !S_ISREG(old.st_mode))
    refuse(path, "cannot be replaced", S_ISDIR(old.st_mode) ? "Is a directory" : "not a regular file");
  FileBeside file(path);
  if (exists) file.set_mode(old.st_mode & 0777);
  file.write(bytes);
  file.replace_path();
  detail::sync_directory_of(path);
}

std::string read_file(const std::string& path) {
  require_whole_path(path);
  const Descriptor file = open_file(path, O_RDONLY);
  struct stat status {};
  if (!file.is_open() || ::fstat(file.number(), &status) != 0) refuse(path, "cannot be opened");
  // One more than the size: the read that fills no more of it tells the end.
  std::string bytes(static_cast<std::size_t>(status.st_size) + 1, '\0');
  std::size_t size = 0;
  for (;;) {
    const auto got = uninterrupted([&] { return ::read(file.number(), bytes.data() + size, bytes.size() - size); });
    if (got < 0) refuse(path, "cannot be read");
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
    if (size == bytes.size()) bytes.resize(2 * size);
  }
  bytes.resize(size);
  return bytes;
}

}  // namespace gtlabel
