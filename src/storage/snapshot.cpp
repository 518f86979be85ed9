#include "gtlabel/storage/snapshot.hpp"

#include <algorithm>
#include <bit>
#include <istream>
#include <limits>
#include <locale>
#include <new>
#include <optional>
#include <ostream>
#include <streambuf>
#include <type_traits>
#include <utility>

#include "gtlabel/core/error.hpp"
#include "storage/snapshot_frame.hpp"
#include "support/base64.hpp"
#include "support/boost_archive.hpp"

namespace gtlabel {
namespace {

static_assert(std::numeric_limits<float>::is_iec559 && std::numeric_limits<double>::is_iec559 && sizeof(double) == 8);

/// What may stand as a number of its own: the same width everywhere, and no floating point, which text spoils.
template <class T>
constexpr bool kIsPlain =
    std::is_same_v<T, bool> || std::is_same_v<T, std::int32_t> || std::is_same_v<T, std::uint32_t> ||
    std::is_same_v<T, std::int64_t> || std::is_same_v<T, std::uint64_t>;

/// Turns little-endian values into the machine's own, or back.
template <class T>
void swap_if_big_endian(std::span<T> values) {
  if constexpr (std::endian::native == std::endian::big) {
    for (T& value : values) {
      auto* bytes = reinterpret_cast<unsigned char*>(&value);
      std::reverse(bytes, bytes + sizeof(T));
    }
  }
}

/// Appends what is written to a string.
class TextSink : public std::streambuf {
 public:
  [[nodiscard]] std::string_view text() const { return text_; }

 protected:
  int_type overflow(int_type c) override {
    if (!traits_type::eq_int_type(c, traits_type::eof())) text_.push_back(traits_type::to_char_type(c));
    return traits_type::not_eof(c);
  }
  std::streamsize xsputn(const char* bytes, std::streamsize size) override {
    text_.append(bytes, static_cast<std::size_t>(size));
    return size;
  }

 private:
  std::string text_;
};

/// Reads borrowed bytes in place.
class TextSource : public std::streambuf {
 public:
  explicit TextSource(std::string_view text) {
    char* begin = const_cast<char*>(text.data());  // the get area is never written to
    setg(begin, begin, begin + text.size());
  }
  [[nodiscard]] std::size_t left() const { return static_cast<std::size_t>(egptr() - gptr()); }
  [[nodiscard]] std::string_view rest() const { return {gptr(), left()}; }
  void skip(std::size_t n) { setg(eback(), gptr() + n, egptr()); }
};

/// The payload in which every byte is ASCII, as all that the archive writes.
std::string_view require_ascii(std::string_view payload) {
  const bool is_ascii =
      std::all_of(payload.begin(), payload.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  require_sound(is_ascii, "its payload is not text");
  return payload;
}

}  // namespace

void require_sound(bool sound, std::string_view what) {
  if (!sound) throw ArchiveError(ErrorCode::archive_damaged, "snapshot: " + std::string(what));
}

struct SnapshotWriter::State {
  State() {
    // Before the archive is made, which keeps the stream's locale: an application's may group digits.
    stream.imbue(std::locale::classic());
    archive.emplace(stream, boost::archive::no_header);
  }

  template <class T>
  void put(const T& value) {
    try {
      *archive << value;
    } catch (const boost::archive::archive_exception&) {
      throw std::bad_alloc();  // nothing else fails on a stream in memory
    }
  }

  template <class T>
  void put_plain(T value) {
    static_assert(kIsPlain<T>);
    put(value);
  }

  void put_bytes(const void* bytes, std::size_t size) { put(boost::serialization::make_binary_object(bytes, size)); }

  template <class T>
  void put_array(std::span<const T> values) {
    put_plain(std::uint64_t{values.size()});
    if constexpr (std::endian::native == std::endian::big) {
      std::vector<T> swapped(values.begin(), values.end());
      swap_if_big_endian(std::span<T>(swapped));
      put_bytes(swapped.data(), values.size_bytes());
    } else {
      put_bytes(values.data(), values.size_bytes());
    }
  }

  TextSink sink;
  std::ostream stream{&sink};
  std::optional<boost::archive::text_oarchive> archive;
};

SnapshotWriter::SnapshotWriter() : state_(std::make_unique<State>()) {}
SnapshotWriter::~SnapshotWriter() = default;
SnapshotWriter::SnapshotWriter(SnapshotWriter&&) noexcept = default;
SnapshotWriter& SnapshotWriter::operator=(SnapshotWriter&&) noexcept = default;

void SnapshotWriter::section(std::string_view name, std::uint32_t version) {
  write(name);
  state_->put_plain(version);
}

void SnapshotWriter::write(bool value) { state_->put_plain(value); }
void SnapshotWriter::write(std::int32_t value) { state_->put_plain(value); }
void SnapshotWriter::write(std::int64_t value) { state_->put_plain(value); }
void SnapshotWriter::write(std::uint64_t value) { state_->put_plain(value); }
void SnapshotWriter::write(float value) { state_->put_plain(std::bit_cast<std::uint32_t>(value)); }
void SnapshotWriter::write(double value) { state_->put_plain(std::bit_cast<std::uint64_t>(value)); }
void SnapshotWriter::write(std::string_view value) { state_->put_array(std::span<const char>(value)); }
void SnapshotWriter::write(std::span<const std::int32_t> values) { state_->put_array(values); }
void SnapshotWriter::write(std::span<const std::int64_t> values) { state_->put_array(values); }
void SnapshotWriter::write(std::span<const std::uint8_t> values) { state_->put_array(values); }
void SnapshotWriter::write(std::span<const float> values) { state_->put_array(values); }
void SnapshotWriter::write(std::span<const double> values) { state_->put_array(values); }

void SnapshotWriter::write(const std::vector<std::string>& values) {
  std::vector<std::int64_t> lengths;
  lengths.reserve(values.size());
  std::string joined;
  for (const std::string& value : values) {
    lengths.push_back(static_cast<std::int64_t>(value.size()));
    joined += value;
  }
  write(std::span<const std::int64_t>(lengths));
  write(std::string_view(joined));
}

std::string SnapshotWriter::finish(std::string_view kind) {
  state_->archive.reset();  // writes the last line end
  if (!state_->stream) throw std::bad_alloc();
  std::string bytes = detail::frame_snapshot(kind, state_->sink.text());
  state_ = std::make_unique<State>();
  return bytes;
}

struct SnapshotReader::State {
  explicit State(std::string_view payload) : source(require_ascii(payload)), size(payload.size()) {
    stream.imbue(std::locale::classic());
    archive.emplace(stream, boost::archive::no_header);
  }

  [[noreturn]] void refuse(const std::string& what) const {
    throw ArchiveError(ErrorCode::archive_damaged, "snapshot: " + what + " near byte " +
                                                       std::to_string(size - source.left()) + " of the payload" +
                                                       (section.empty() ? "" : ", in section " + section));
  }

  template <class T>
  void take(T&& value) {
    try {
      *archive >> value;
    } catch (const boost::archive::archive_exception&) {
      refuse("no value of the expected type");
    }
  }

  template <class T>
  T take_plain() {
    static_assert(kIsPlain<T>);
    T value{};
    take(value);
    return value;
  }

  /// The number of elements of `width` bytes that follow; the bytes left can hold so many as base64 text.
  std::size_t take_length(std::size_t width) {
    const auto length = take_plain<std::uint64_t>();
    const std::uint64_t left = source.left();
    if (length > left / width || length * width / 3 * 4 > left) {
      refuse("a length of " + std::to_string(length) + " where only " + std::to_string(left) + " bytes are left");
    }
    return static_cast<std::size_t>(length);
  }

  template <class Array>
  Array take_array() {
    using T = typename Array::value_type;
    Array values(take_length(sizeof(T)), T{});
    const auto n = detail::decode_base64(source.rest(), values.data(), values.size() * sizeof(T));
    if (n == std::string_view::npos) refuse("no base64 text of the expected length");
    source.skip(n);
    swap_if_big_endian(std::span<T>(values));
    return values;
  }

  TextSource source;
  std::size_t size;
  std::istream stream{&source};
  std::optional<boost::archive::text_iarchive> archive;
  std::string section;
};

SnapshotReader::SnapshotReader(std::string_view bytes, std::string_view kind)
    : state_(std::make_unique<State>(detail::unframe_snapshot(bytes, kind))) {}
SnapshotReader::~SnapshotReader() = default;
SnapshotReader::SnapshotReader(SnapshotReader&&) noexcept = default;
SnapshotReader& SnapshotReader::operator=(SnapshotReader&&) noexcept = default;

std::uint32_t SnapshotReader::section(std::string_view name, std::uint32_t newest) {
  const auto found = get<std::string>();
  if (found != name)
    state_->refuse("section " + detail::quoted(found) + " where " + detail::quoted(name) + " is expected");
  state_->section = detail::quoted(name);
  const auto version = state_->take_plain<std::uint32_t>();
  if (version > newest) {
    throw ArchiveError(ErrorCode::archive_too_new,
                       "snapshot: section " + state_->section + " has version " + std::to_string(version) +
                           ", but this gtlabel reads versions up to " + std::to_string(newest));
  }
  return version;
}

void SnapshotReader::read(bool& value) { value = state_->take_plain<bool>(); }
void SnapshotReader::read(std::int32_t& value) { value = state_->take_plain<std::int32_t>(); }
void SnapshotReader::read(std::int64_t& value) { value = state_->take_plain<std::int64_t>(); }
void SnapshotReader::read(std::uint64_t& value) { value = state_->take_plain<std::uint64_t>(); }
void SnapshotReader::read(float& value) { value = std::bit_cast<float>(state_->take_plain<std::uint32_t>()); }
void SnapshotReader::read(double& value) { value = std::bit_cast<double>(state_->take_plain<std::uint64_t>()); }
void SnapshotReader::read(std::string& value) { value = state_->take_array<std::string>(); }
void SnapshotReader::read(std::vector<std::int32_t>& values) {
  values = state_->take_array<std::vector<std::int32_t>>();
}
void SnapshotReader::read(std::vector<std::int64_t>& values) {
  values = state_->take_array<std::vector<std::int64_t>>();
}
void SnapshotReader::read(std::vector<std::uint8_t>& values) {
  values = state_->take_array<std::vector<std::uint8_t>>();
}
void SnapshotReader::read(std::vector<float>& values) { values = state_->take_array<std::vector<float>>(); }
void SnapshotReader::read(std::vector<double>& values) { values = state_->take_array<std::vector<double>>(); }

void SnapshotReader::read(std::vector<std::string>& values) {
  const auto lengths = get<std::vector<std::int64_t>>();
  const auto joined = get<std::string>();
  std::string_view rest = joined;
  std::vector<std::string> strings;
  strings.reserve(lengths.size());
  for (const std::int64_t length : lengths) {
    if (length < 0 || static_cast<std::uint64_t>(length) > rest.size())
      state_->refuse("strings longer than their text");
    strings.emplace_back(rest.substr(0, static_cast<std::size_t>(length)));
    rest.remove_prefix(static_cast<std::size_t>(length));
  }
  if (!rest.empty()) state_->refuse("strings shorter than their text");
  values = std::move(strings);
}

}  // namespace gtlabel
