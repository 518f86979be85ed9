#include "gtlabel/formats/manifest_stream.hpp"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <system_error>
#include <utility>

#include "formats/json_tree.hpp"
#include "formats/text_lines.hpp"
#include "gtlabel/core/error.hpp"

namespace gtlabel {
namespace {

constexpr std::size_t kChunk = std::size_t{1} << 20;

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

[[noreturn]] void refuse(const std::string& path, const std::string& what) {
  throw ArchiveError(ErrorCode::file_access, path + ": " + what + ": " + std::generic_category().message(errno));
}

File open_file(const std::string& path, const char* mode, const char* what) {
  if (path.empty() || path.find('\0') != std::string::npos) {
    throw ArchiveError(ErrorCode::file_access, "a file cannot be opened: its path is empty or has a NUL character");
  }
  File file(std::fopen(path.c_str(), mode));
  if (!file) refuse(path, what);
  return file;
}

}  // namespace

struct ManifestReader::State {
  std::string path;
  File file;
  std::string buffer;
  std::size_t position = 0;
  bool is_at_end = false;
  std::int64_t number = 0;

  /// The next line without its end; false at the end of the file.
  bool take_line(std::string_view& line) {
    std::size_t searched = position;
    for (;;) {
      const std::size_t newline = buffer.find('\n', searched);
      if (newline != std::string::npos) {
        line = std::string_view(buffer).substr(position, newline - position);
        position = newline + 1;
        break;
      }
      if (is_at_end) {
        if (position == buffer.size()) return false;
        line = std::string_view(buffer).substr(position);
        position = buffer.size();
        break;
      }
      buffer.erase(0, std::exchange(position, 0));
      searched = buffer.size();
      read_more();
    }
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (number++ == 0 && line.starts_with(formats::kByteOrderMark)) line.remove_prefix(formats::kByteOrderMark.size());
    return true;
  }

  void read_more() {
    const std::size_t old_size = buffer.size();
    buffer.resize(old_size + kChunk);
    const std::size_t got = std::fread(buffer.data() + old_size, 1, kChunk, file.get());
    buffer.resize(old_size + got);
    if (std::ferror(file.get()) != 0) refuse(path, "cannot be read");
    is_at_end = got == 0;
  }
};

ManifestReader::ManifestReader(const std::string& path) : state_(std::make_unique<State>()) {
  state_->path = path;
  state_->file = open_file(path, "rb", "cannot be opened");
}
ManifestReader::~ManifestReader() = default;
ManifestReader::ManifestReader(ManifestReader&&) noexcept = default;
ManifestReader& ManifestReader::operator=(ManifestReader&&) noexcept = default;

bool ManifestReader::next(ManifestLine& line) {
  std::string_view text;
  do {
    if (!state_->take_line(text)) return false;
  } while (text.find_first_not_of(" \t\r") == std::string_view::npos);
  try {
    line = ManifestLine(std::string(text));
  } catch (const FormatError& error) {
    throw FormatError(state_->path + ": line " + std::to_string(state_->number) + ": " + error.what());
  }
  return true;
}

std::int64_t ManifestReader::line_number() const noexcept { return state_->number; }

struct ManifestWriter::State {
  std::string path, beside;
  File file;

  ~State() {
    file.reset();
    if (!beside.empty()) std::remove(beside.c_str());
  }
};

ManifestWriter::ManifestWriter(const std::string& path) : state_(std::make_unique<State>()) {
  static std::atomic<unsigned> count{0};
  state_->path = path;
  std::string beside = path;
  if (!path.empty()) beside += ".tmp-" + std::to_string(::getpid()) + "-stream-" + std::to_string(count++);
  state_->file = open_file(beside, "wbx", "cannot be written");
  state_->beside = std::move(beside);
}
ManifestWriter::~ManifestWriter() = default;
ManifestWriter::ManifestWriter(ManifestWriter&&) noexcept = default;
ManifestWriter& ManifestWriter::operator=(ManifestWriter&&) noexcept = default;

void ManifestWriter::write(const ManifestLine& line) {
  if (!state_->file) throw InvalidState("manifest: it is finished, expected no more lines");
  std::FILE* file = state_->file.get();
  const std::string& text = line.text();
  if (std::fwrite(text.data(), 1, text.size(), file) != text.size() || std::fputc('\n', file) == EOF) {
    refuse(state_->path, "cannot be written");
  }
}

void ManifestWriter::finish() {
  if (!state_->file) throw InvalidState("manifest: it is finished already");
  std::FILE* file = state_->file.release();
  const bool is_flushed = std::fflush(file) == 0 && ::fsync(::fileno(file)) == 0;
  const bool is_closed = std::fclose(file) == 0;
  if (!is_flushed || !is_closed) refuse(state_->path, "cannot be written to disk");
  if (std::rename(state_->beside.c_str(), state_->path.c_str()) != 0) refuse(state_->path, "cannot be replaced");
  state_->beside.clear();
}

}  // namespace gtlabel
