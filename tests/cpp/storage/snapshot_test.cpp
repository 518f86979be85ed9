#include "gtlabel/storage/snapshot.hpp"

#include <doctest/doctest.h>
#include <sys/resource.h>

#include <algorithm>
#include <bit>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <limits>
#include <locale>
#include <random>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "allocation_meter.hpp"
#include "gtlabel/core/error.hpp"
#include "storage/framing.hpp"

namespace {

using gtlabel::ArchiveError;
using gtlabel::ErrorCode;
using gtlabel::SnapshotReader;
using gtlabel::SnapshotWriter;
using gtlabel_test::Frame;
using gtlabel_test::framed;

/// One value of every type. Compared bit by bit: NaN is equal to itself, -0.0 is not 0.0.
struct Everything {
  bool flag = true;
  std::int32_t i32 = std::numeric_limits<std::int32_t>::min();
  std::int64_t i64 = std::numeric_limits<std::int64_t>::min();
  std::uint64_t u64 = std::numeric_limits<std::uint64_t>::max();
  float f32 = -0.0F;
  double f64 = std::numeric_limits<double>::quiet_NaN();
  std::string text = std::string("a\nb\0c \"=\xC3\xA9\xFF", 12);
  std::vector<std::int32_t> i32s{-1, 1'234'567};
  std::vector<std::int64_t> i64s{9'876'543'210, -9'876'543'210, 0};
  std::vector<std::uint8_t> u8s{0, 10, 255};
  std::vector<float> f32s{std::numeric_limits<float>::infinity(), std::numeric_limits<float>::denorm_min(), 0.1F,
                          -0.0F};
  std::vector<double> f64s{-std::numeric_limits<double>::infinity(), std::numeric_limits<double>::signaling_NaN(), 0.1,
                           -0.0, 1e308};
  std::vector<std::string> texts{"", "cat", std::string("\0\n", 2), std::string(100, 'x')};
};

/// Passes every field of `value` to `visit`, always in the same order.
template <class Value, class Visit>
void for_each_field(Value& value, Visit visit) {
  visit(value.flag), visit(value.i32), visit(value.i64), visit(value.u64), visit(value.f32), visit(value.f64),
      visit(value.text);
  visit(value.i32s), visit(value.i64s), visit(value.u8s), visit(value.f32s), visit(value.f64s), visit(value.texts);
}

template <class T>
void write_field(SnapshotWriter& writer, const T& value) {
  writer.write(value);
}
template <class T>
requires std::is_arithmetic_v<T>
void write_field(SnapshotWriter& writer, const std::vector<T>& values) { writer.write(std::span<const T>(values)); }

std::string write_everything(const Everything& value) {
  SnapshotWriter writer;
  writer.section("everything", 3);
  for_each_field(value, [&](const auto& field) { write_field(writer, field); });
  return writer.finish("test");
}

Everything read_everything(std::string_view bytes) {
  SnapshotReader reader(bytes, "test");
  const auto version = reader.section("everything", 3);
  CHECK(version == 3);
  Everything value;
  for_each_field(value, [&](auto& field) {
    field = {};
    reader.read(field);
  });
  return value;
}

std::uint64_t bits(float value) { return std::bit_cast<std::uint32_t>(value); }
std::uint64_t bits(double value) { return std::bit_cast<std::uint64_t>(value); }
template <class T>
std::vector<std::uint64_t> bits(const std::vector<T>& values) {
  std::vector<std::uint64_t> all;
  for (const T value : values) all.push_back(bits(value));
  return all;
}

void check_same(const Everything& a, const Everything& b) {
  CHECK(std::tie(a.flag, a.i32, a.i64, a.u64, a.text) == std::tie(b.flag, b.i32, b.i64, b.u64, b.text));
  CHECK(std::tie(a.i32s, a.i64s, a.u8s, a.texts) == std::tie(b.i32s, b.i64s, b.u8s, b.texts));
  CHECK(bits(a.f32) == bits(b.f32));
  CHECK(bits(a.f64) == bits(b.f64));
  CHECK(bits(a.f32s) == bits(b.f32s));
  CHECK(bits(a.f64s) == bits(b.f64s));
}

/// The code and message of the ArchiveError that `call` must throw; anything else fails the test.
template <class Call>
std::pair<ErrorCode, std::string> refusal(Call call) {
  try {
    call();
  } catch (const ArchiveError& error) {
    return {error.code(), error.what()};
  }
  FAIL("nothing was refused");
  return {};
}

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

/// The payload of a snapshot of kind "test": what follows the 36 bytes of its header.
std::string payload_of(const std::string& bytes) { return bytes.substr(36); }

/// 1234567 is "1.23.45.67" here, as a host application may have made it.
class Grouped : public std::numpunct<char> {
  char do_thousands_sep() const override { return '.'; }
  std::string do_grouping() const override { return "\2"; }
  char do_decimal_point() const override { return ','; }
};

class GlobalLocale {
 public:
  explicit GlobalLocale(const std::locale& locale) : old_(std::locale::global(locale)) {}
  ~GlobalLocale() { std::locale::global(old_); }
  GlobalLocale(const GlobalLocale&) = delete;
  GlobalLocale& operator=(const GlobalLocale&) = delete;

 private:
  std::locale old_;
};

/// No file may grow above `size` bytes, as on a full disk: the write that reaches it is short, the next one fails.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t size) {
    getrlimit(RLIMIT_FSIZE, &old_);
    const rlimit limit{size, old_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &old_);
    std::signal(SIGXFSZ, old_signal_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit old_{};
  void (*old_signal_)(int) = std::signal(SIGXFSZ, SIG_IGN);
};

/// A directory of this test's own, removed with all in it.
class Directory {
 public:
  Directory()
      : path_(std::filesystem::temp_directory_path() /
              ("gtlabel_snapshot_test_" + std::to_string(std::random_device{}()))) {
    std::filesystem::create_directories(path_);
  }
  ~Directory() { std::filesystem::remove_all(path_); }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  [[nodiscard]] std::string file(const std::string& name) const { return (path_ / name).string(); }
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& entry : std::filesystem::directory_iterator(path_))
      all.push_back(entry.path().filename().string());
    std::sort(all.begin(), all.end());
    return all;
  }

 private:
  std::filesystem::path path_;
};

}  // namespace

TEST_CASE("Snapshot: every type comes back bit by bit, NaN, -0.0 and infinities too") {
  const Everything value;
  check_same(read_everything(write_everything(value)), value);
}

TEST_CASE("Snapshot: empty strings and arrays come back empty, whatever stands around them") {
  Everything value;
  value.text.clear(), value.i32s.clear(), value.i64s.clear(), value.u8s.clear();
  value.f32s.clear(), value.f64s.clear(), value.texts.clear();
  check_same(read_everything(write_everything(value)), value);
  value.texts = {"", "", ""};
  value.i64s = {7};
  check_same(read_everything(write_everything(value)), value);
}

TEST_CASE("Snapshot: every length of string and array comes back") {
  SnapshotWriter writer;
  for (std::size_t size = 0; size < 200; ++size) {
    writer.write(std::string(size, '\n'));
    writer.write(std::span<const float>(std::vector<float>(size, -0.5F)));
  }
  const std::string bytes = writer.finish("test");
  SnapshotReader reader(bytes, "test");
  for (std::size_t size = 0; size < 200; ++size) {
    REQUIRE(reader.get<std::string>() == std::string(size, '\n'));
    REQUIRE(reader.get<std::vector<float>>() == std::vector<float>(size, -0.5F));
  }
}

TEST_CASE("Snapshot: the bytes are those that docs/snapshots.md shows") {
  SnapshotWriter writer;
  writer.section("pet", 1);
  writer.write(1.5);
  writer.write("cat");
  const std::vector<std::int32_t> counts{1, 2};
  writer.write(std::span<const std::int32_t>(counts));
  const std::string bytes = writer.finish("test");
  CHECK(payload_of(bytes) == "3\n\ncGV0\n1 4609434218613702656 3\n\nY2F0\n2\n\nAQAAAAIAAAA=\n");
  Frame frame;
  frame.payload = payload_of(bytes);
  CHECK(bytes == framed(frame));
  CHECK(gtlabel_test::plain_crc32c("123456789") == 0xE3069283u);
}

TEST_CASE("Snapshot: the application's locale changes neither the bytes nor what is read") {
  const Everything value;
  const std::string plain = write_everything(value);
  const GlobalLocale grouped(std::locale(std::locale::classic(), new Grouped));
  REQUIRE((std::ostringstream() << 1234567).str() == "1.23.45.67");
  CHECK(write_everything(value) == plain);
  check_same(read_everything(plain), value);
}

TEST_CASE("SnapshotWriter: empty after finish, and usable again; movable") {
  SnapshotWriter writer;
  writer.write(true);
  const std::string first = writer.finish("test");
  writer.write(true);
  SnapshotWriter moved(std::move(writer));
  const std::string second = moved.finish("test");
  CHECK(first == second);
  SnapshotReader reader(first, "test");
  SnapshotReader other(std::move(reader));
  CHECK(other.get<bool>());
}

TEST_CASE("SnapshotReader: may be dropped before all is read") {
  const std::string bytes = write_everything(Everything());
  SnapshotReader reader(bytes, "test");
  CHECK(reader.section("everything", 9) == 3);
}

TEST_CASE("SnapshotReader: reading past the end is refused, and stays refused") {
  SnapshotWriter writer;
  writer.write(std::int32_t{7});
  const std::string bytes = writer.finish("test");
  SnapshotReader reader(bytes, "test");
  CHECK(reader.get<std::int32_t>() == 7);
  for (int i = 0; i < 2; ++i) {
    CHECK(refusal([&] { (void)reader.get<std::int32_t>(); }).first == ErrorCode::archive_damaged);
    CHECK(refusal([&] { (void)reader.get<std::string>(); }).first == ErrorCode::archive_damaged);
  }
}

TEST_CASE("SnapshotReader: one changed bit or byte anywhere is refused") {
  const std::string bytes = write_everything(Everything());
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (int flip : {1, 2, 4, 8, 16, 32, 64, 128, 255}) {
      std::string changed = bytes;
      changed[at] = static_cast<char>(changed[at] ^ flip);
      REQUIRE_THROWS_AS(SnapshotReader(changed, "test"), ArchiveError);
    }
  }
}

TEST_CASE("SnapshotReader: cut short or lengthened by any number of bytes is refused") {
  const std::string bytes = write_everything(Everything());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    REQUIRE(refusal([&] { SnapshotReader(bytes.substr(0, size), "test"); }).first == ErrorCode::archive_damaged);
  }
  CHECK(refusal([&] { SnapshotReader(bytes + '\n', "test"); }).first == ErrorCode::archive_damaged);
  CHECK(refusal([&] { SnapshotReader(bytes + bytes, "test"); }).first == ErrorCode::archive_damaged);
}

TEST_CASE("SnapshotReader: a sound frame around a payload cut at any length throws ArchiveError alone") {
  Frame frame;
  const std::string payload = payload_of(write_everything(Everything()));
  frame.payload = payload;
  CHECK_NOTHROW(read_everything(framed(frame)));
  // The last line end is no part of any value.
  for (std::size_t size = 0; size + 1 < payload.size(); ++size) {
    frame.payload = payload.substr(0, size);
    const std::string bytes = framed(frame);
    try {
      (void)read_everything(bytes);
      // Only the padding of the last base64 text may be missing.
      REQUIRE(payload.substr(size).find_first_not_of("=\n") == std::string::npos);
    } catch (const ArchiveError& error) {
      REQUIRE(error.code() == ErrorCode::archive_damaged);
    }
  }
}

TEST_CASE("SnapshotReader: newer frames, readers and sections are refused as too new, naming both versions") {
  Frame frame;
  frame.frame_version = 2;
  auto [code, message] = refusal([&] { SnapshotReader(framed(frame), "test"); });
  CHECK(code == ErrorCode::archive_too_new);
  CHECK(contains(message, "frame version 2"));
  CHECK(contains(message, "up to 1"));

  frame = Frame{};
  frame.minimum_reader = 999'002'003;
  frame.writer = 999'004'005;
  std::tie(code, message) = refusal([&] { SnapshotReader(framed(frame), "test"); });
  CHECK(code == ErrorCode::archive_too_new);
  CHECK(contains(message, "999.2.3"));
  CHECK(contains(message, "999.4.5"));

  const std::string bytes = write_everything(Everything());
  SnapshotReader reader(bytes, "test");
  std::tie(code, message) = refusal([&] { reader.section("everything", 2); });
  CHECK(code == ErrorCode::archive_too_new);
  CHECK(contains(message, "\"everything\""));
  CHECK(contains(message, "version 3"));
  CHECK(contains(message, "up to 2"));
}

TEST_CASE("SnapshotReader: a newer writer alone is no reason to refuse") {
  Frame frame;
  frame.writer = 999'000'000;
  frame.payload = "1\n";
  const std::string bytes = framed(frame);
  CHECK(SnapshotReader(bytes, "test").get<bool>());
}

TEST_CASE("SnapshotReader: another kind is a mismatch that names both, in printable text") {
  Frame frame;
  frame.kind = std::string("mo\0del\xFF", 7).append(1'000, 'k');
  const auto [code, message] = refusal([&] { SnapshotReader(framed(frame), "test"); });
  CHECK(code == ErrorCode::archive_mismatch);
  CHECK(contains(message, "\"mo?del?kkk"));
  CHECK(contains(message, "\"test\""));
  CHECK(message.size() < 200);
}

TEST_CASE("SnapshotReader: another section is refused, naming both") {
  const std::string bytes = write_everything(Everything());
  SnapshotReader reader(bytes, "test");
  const auto [code, message] = refusal([&] { reader.section("nothing", 3); });
  CHECK(code == ErrorCode::archive_damaged);
  CHECK(contains(message, "\"everything\""));
  CHECK(contains(message, "\"nothing\""));
}

TEST_CASE("SnapshotReader: what is no snapshot is refused as such") {
  for (const std::string bytes : {"", "G", "GTLB", "GTLC....", "PK\3\4"}) {
    CHECK(refusal([&] { SnapshotReader(bytes, "test"); }).first == ErrorCode::archive_damaged);
  }
}

TEST_CASE("SnapshotReader: a length that the bytes left cannot hold is refused before anything is allocated") {
  for (const char* length : {"2", "1000000", "1152921504606846976", "2305843009213693952", "6148914691236517206",
                             "18446744073709551615", "-1", "99999999999999999999"}) {
    Frame frame;
    frame.payload = std::string(length) + "\n\nAAAA\n";
    const std::string bytes = framed(frame);
    const auto check = [&](auto empty) {
      SnapshotReader reader(bytes, "test");
      const gtlabel_test::AllocationMeter meter;
      const auto [code, message] = refusal([&] { reader.read(empty); });
      CHECK(code == ErrorCode::archive_damaged);
      CHECK(meter.bytes() < 4'096);
    };
    check(std::vector<double>());
    check(std::vector<std::int64_t>());
    check(std::vector<std::int32_t>());
    if (std::string_view(length) == "2") continue;  // two single bytes are there
    check(std::vector<std::uint8_t>());
    check(std::string());
    check(std::vector<std::string>());
  }
}

TEST_CASE("SnapshotReader: strings whose lengths do not add up to their text are refused") {
  const auto read = [](std::vector<std::int64_t> lengths, const char* text) {
    SnapshotWriter writer;
    writer.write(std::span<const std::int64_t>(lengths));
    writer.write(text);
    const std::string bytes = writer.finish("test");
    return SnapshotReader(bytes, "test").get<std::vector<std::string>>();
  };
  CHECK(read({1, 2}, "abc") == std::vector<std::string>{"a", "bc"});
  for (const auto& lengths :
       {std::vector<std::int64_t>{1, 3}, {1, 1}, {4, -1}, {}, {std::numeric_limits<std::int64_t>::max(), 4}}) {
    CHECK(refusal([&] { (void)read(lengths, "abc"); }).first == ErrorCode::archive_damaged);
  }
}

TEST_CASE("SnapshotReader: bytes above ASCII where base64 text or a number should stand are refused") {
  for (const std::string payload : {"3\n\n\xFF\xFF\xFF\xFF\n",
                                    "3\n\nAA\xA0"
                                    "A\n",
                                    "\xFF", "3\n\nAAAA\xFF", "3\n\n    \n\n"}) {
    Frame frame;
    frame.payload = payload;
    const std::string bytes = framed(frame);
    CHECK(refusal([&] { (void)SnapshotReader(bytes, "test").get<std::string>(); }).first == ErrorCode::archive_damaged);
  }
}

namespace {

/// A payload changed in 1 to 4 places: bytes replaced, cut out, doubled, or a number of any size put in.
std::string mutated(std::string payload, std::mt19937_64& random) {
  static const std::vector<std::string> numbers{"0",
                                                "1",
                                                "-1",
                                                "3",
                                                "4294967296",
                                                "9223372036854775808",
                                                "18446744073709551615",
                                                "99999999999999999999999",
                                                "nan",
                                                "\n\n",
                                                " ",
                                                "=",
                                                "\xFF",
                                                "1e9",
                                                "0x10",
                                                "."};
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  for (std::size_t n = 1 + below(4); n > 0 && !payload.empty(); --n) {
    const std::size_t at = below(payload.size());
    switch (below(5)) {
      case 0: payload[at] = static_cast<char>(random() % 0x80); break;
      case 1: payload[at] = "0123456789 \n"[below(12)]; break;
      case 2: payload.erase(at, 1 + below(40)); break;
      case 3: payload.insert(below(payload.size()), payload.substr(at, 1 + below(40))); break;
      default: payload.insert(at, numbers[below(numbers.size())]); break;
    }
  }
  return payload;
}

}  // namespace

TEST_CASE(
    "SnapshotReader: 20,000 changed payloads with sound checksums throw ArchiveError alone and allocate in "
    "proportion") {
  const std::string payload = payload_of(write_everything(Everything()));
  std::mt19937_64 random(20'240'607);
  int n_refused = 0;
  double largest_share = 0.0;
  for (int i = 0; i < 20'000; ++i) {
    Frame frame;
    frame.payload = mutated(payload, random);
    const std::string bytes = framed(frame);
    const gtlabel_test::AllocationMeter meter;
    try {
      SnapshotReader reader(bytes, "test");
      reader.section("everything", 3);
      Everything value;
      for_each_field(value, [&](auto& field) { reader.read(field); });
    } catch (const ArchiveError&) {
      ++n_refused;
    }
    largest_share =
        std::max(largest_share, static_cast<double>(meter.bytes()) / static_cast<double>(bytes.size() + 1'024));
  }
  MESSAGE("refused ", n_refused, " of 20000; allocated at most ", largest_share, " times the bytes given and 1 kB");
  CHECK(largest_share < 4.0);
  CHECK(n_refused > 10'000);
  CHECK(n_refused < 20'000);
}

TEST_CASE("SnapshotReader: many empty strings take no more than a few times the bytes given") {
  SnapshotWriter writer;
  writer.write(std::vector<std::string>(10'000));
  const std::string bytes = writer.finish("test");
  const gtlabel_test::AllocationMeter meter;
  CHECK(SnapshotReader(bytes, "test").get<std::vector<std::string>>().size() == 10'000);
  CHECK(meter.bytes() < 4 * bytes.size() + 4'096);
}

TEST_CASE("SnapshotReader: the payload is read in place") {
  SnapshotWriter writer;
  writer.write(std::string(100'000, 'x'));
  const std::string bytes = writer.finish("test");
  const gtlabel_test::AllocationMeter meter;
  SnapshotReader reader(bytes, "test");
  CHECK(meter.bytes() < 4'096);
}

TEST_CASE("require_sound: throws archive_damaged with its reason, or does nothing") {
  CHECK_NOTHROW(gtlabel::require_sound(true, "ledger"));
  const auto [code, message] = refusal([] { gtlabel::require_sound(false, "ledger: a coin outside (0, 1)"); });
  CHECK(code == ErrorCode::archive_damaged);
  CHECK(message == "snapshot: ledger: a coin outside (0, 1)");
}

TEST_CASE("write_file_atomically: what is written is read back, over an old file too, and nothing else is left") {
  const Directory directory;
  const std::string path = directory.file("job.gtlabel");
  for (const std::string& bytes : {std::string(300'000, '\0'), std::string(), std::string("a\r\n\x1A b", 6)}) {
    gtlabel::write_file_atomically(path, bytes);
    CHECK(gtlabel::read_file(path) == bytes);
    CHECK(directory.names() == std::vector<std::string>{"job.gtlabel"});
  }
}

TEST_CASE("write_file_atomically: an old file keeps its permissions") {
  using std::filesystem::perms;
  const Directory directory;
  const std::string path = directory.file("job.gtlabel");
  gtlabel::write_file_atomically(path, "old");
  const perms wanted = perms::owner_read | perms::owner_write | perms::group_read;
  std::filesystem::permissions(path, wanted);
  gtlabel::write_file_atomically(path, "new");
  CHECK(std::filesystem::status(path).permissions() == wanted);
}

TEST_CASE("write_file_atomically: a name without a directory is a file in the current one") {
  const Directory directory;
  const auto old = std::filesystem::current_path();
  std::filesystem::current_path(directory.file(""));
  gtlabel::write_file_atomically("job.gtlabel", "here");
  std::filesystem::current_path(old);
  CHECK(gtlabel::read_file(directory.file("job.gtlabel")) == "here");
}

TEST_CASE("write_file_atomically: a failure names path and reason and leaves everything as it was") {
  const Directory directory;
  gtlabel::write_file_atomically(directory.file("job.gtlabel"), "old");
  std::filesystem::create_directory(directory.file("folder"));
  const auto refused = [&](const std::string& path, std::string_view reason) {
    const auto [code, message] = refusal([&] { gtlabel::write_file_atomically(path, "new"); });
    CHECK(code == ErrorCode::file_access);
    CHECK(contains(message, path.c_str()));
    CHECK_MESSAGE(contains(message, reason), message);
  };
  refused(directory.file("missing/job.gtlabel"), "No such file or directory");
  refused(directory.file("folder"), "Is a directory");
  refused(directory.file("job.gtlabel/job"), "Not a directory");
  refused(directory.file(std::string(300, 'n')), "File name too long");
  refused("", "path is empty");
  refused("/dev/null", "not a regular file");
  refused(directory.file("a") + std::string("\0b", 2), "NUL");
  CHECK(directory.names() == std::vector<std::string>{"folder", "job.gtlabel"});
  CHECK(gtlabel::read_file(directory.file("job.gtlabel")) == "old");
}

TEST_CASE("write_file_atomically: a file that cannot be written to its end is removed, and the old one stays") {
  const Directory directory;
  const std::string path = directory.file("job.gtlabel");
  gtlabel::write_file_atomically(path, "old");
  const auto [code, message] = refusal([&] {
    const FileSizeLimit limit(100'000);
    gtlabel::write_file_atomically(path, std::string(300'000, 'n'));
  });
  CHECK(code == ErrorCode::file_access);
  CHECK(contains(message, path));
  CHECK(contains(message, "File too large"));
  CHECK(directory.names() == std::vector<std::string>{"job.gtlabel"});
  CHECK(gtlabel::read_file(path) == "old");
}

TEST_CASE("write_file_atomically: a directory that cannot be written to keeps its old file") {
  using std::filesystem::perms;
  const Directory directory;
  const std::string path = directory.file("job.gtlabel");
  gtlabel::write_file_atomically(path, "old");
  std::filesystem::permissions(directory.file(""), perms::owner_read | perms::owner_exec);
  const bool is_writable = std::ofstream(directory.file("probe")).is_open();  // as root is, whatever the permissions
  if (!is_writable) {
    CHECK(refusal([&] { gtlabel::write_file_atomically(path, "new"); }).first == ErrorCode::file_access);
    CHECK(gtlabel::read_file(path) == "old");
  } else {
    MESSAGE("skipped: this user may write anywhere");
  }
  std::filesystem::permissions(directory.file(""), perms::owner_all);
}

TEST_CASE("read_file: a failure names path and reason; a file of unknown size is read whole") {
  const Directory directory;
  auto [code, message] = refusal([&] { (void)gtlabel::read_file(directory.file("missing")); });
  CHECK(code == ErrorCode::file_access);
  CHECK(contains(message, directory.file("missing")));
  CHECK(contains(message, "No such file or directory"));
  std::tie(code, message) = refusal([&] { (void)gtlabel::read_file(directory.file("")); });
  CHECK(code == ErrorCode::file_access);
  CHECK(contains(message, "Is a directory"));
  if (std::filesystem::exists("/proc/self/status")) CHECK(contains(gtlabel::read_file("/proc/self/status"), "VmPeak"));
}
