// The fuzz target without libFuzzer, for any compiler: sound stores, and inputs of the target if any are named, are
// changed at random, half of them byte by byte and half by SQL, as anybody can in the sqlite3 shell.
//   gtlabel_store_mutations [n_inputs [seed [file...]]]
//   gtlabel_store_mutations corpus FOLDER   writes the sound ones
// A fault ends the program by a signal, an exception or a sanitizer; the same seed repeats it.
#include <sys/resource.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <initializer_list>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gtlabel/core/error.hpp"
#include "gtlabel/core/random.hpp"
#include "gtlabel/storage/snapshot.hpp"
#include "mutation.hpp"
#include "store_input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size);

namespace {

using gtlabel::RandomStream;
using gtlabel_test::StorePlace;
using Columns = std::vector<std::pair<std::string, std::string>>;

/// Every table's columns.
Columns columns_of(const std::string& path) {
  sqlite3* connection = nullptr;
  sqlite3_open_v2(path.c_str(), &connection, SQLITE_OPEN_READWRITE, nullptr);
  sqlite3_stmt* rows = nullptr;
  sqlite3_prepare_v2(
      connection, "SELECT t.name, c.name FROM sqlite_schema t JOIN pragma_table_info(t.name) c WHERE t.type = 'table'",
      -1, &rows, nullptr);
  Columns columns;
  const auto text = [&](int column) { return reinterpret_cast<const char*>(sqlite3_column_text(rows, column)); };
  while (sqlite3_step(rows) == SQLITE_ROW) columns.emplace_back(text(0), text(1));
  sqlite3_finalize(rows);
  sqlite3_close(connection);
  return columns;
}

std::string joined(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (const std::string_view part : parts) text += part;
  return text;
}

/// A value for a column, in SQL; $ stands for the column.
constexpr std::string_view kValues[] = {"NULL",
                                        "-1",
                                        "0",
                                        "1",
                                        "2",
                                        "60",
                                        "9223372036854775807",
                                        "-9223372036854775807 - 1",
                                        "1e308",
                                        "-1.5",
                                        "9e999",
                                        "''",
                                        "'class'",
                                        "'skip'",
                                        "'merged'",
                                        "char(0, 255, 65533)",
                                        "zeroblob(70000)",
                                        "hex(zeroblob(40000))",
                                        "$ + 1",
                                        "-$",
                                        "substr($, 1, 3)",
                                        "$ || $"};

std::string change_of_values(const Columns& columns, RandomStream& random) {
  const auto& [table, column] = columns[random.below(columns.size())];
  std::string value;
  for (const char letter : kValues[random.below(std::size(kValues))]) {
    value += letter == '$' ? column : std::string(1, letter);
  }
  std::string where;
  if (random.below(3) != 0) {
    where = joined({" WHERE ", column, " = (SELECT ", column, " FROM ", table, " LIMIT 1 OFFSET ",
                    std::to_string(random.below(6)), ")"});
  }
  if (random.below(8) == 0) return joined({"DELETE FROM ", table, where});
  return joined({"UPDATE OR IGNORE ", table, " SET ", column, " = ", value, where});
}

std::string change_of_schema(const Columns& columns, RandomStream& random) {
  const auto& [table, column] = columns[random.below(columns.size())];
  const auto schema = [&table = table](std::string_view change) {
    return joined({"PRAGMA writable_schema = ON; UPDATE sqlite_schema SET ", change, " WHERE name = '", table, "'"});
  };
  switch (random.below(10)) {
    case 0: return schema("sql = replace(sql, 'TEXT', 'BLOB')");
    case 1: return schema("sql = replace(sql, 'STRICT', '')");
    case 2: return schema("rootpage = rootpage % 7 + 1");
    case 3: return schema("sql = 'CREATE TABLE x (y AS (zeroblob(1000000000)))'");
    case 4: return joined({"CREATE INDEX extra ON ", table, " (", column, ")"});
    case 5: return joined({"CREATE INDEX extra ON ", table, " (hex(zeroblob(10000)))"});
    case 6:
      return joined({"CREATE TRIGGER extra AFTER INSERT ON ", table, " BEGIN DELETE FROM ",
                     columns[random.below(columns.size())].first, "; END"});
    case 7: return joined({"CREATE TABLE extra (x REFERENCES ", table, " ON DELETE CASCADE)"});
    case 8: return joined({"PRAGMA user_version = ", std::to_string(random.below(4))});
    default: return joined({"CREATE VIEW extra AS SELECT * FROM ", table, "; ANALYZE"});
  }
}

std::string changed_by_sql(const StorePlace& place, const std::string& store, RandomStream& random) {
  gtlabel_test::place_store(place, store);
  const Columns columns = columns_of(place.path());
  for (std::uint64_t n = random.below(3) + 1; n > 0 && !columns.empty(); --n) {
    gtlabel_test::run_sql(place.path(),
                          random.below(4) == 0 ? change_of_schema(columns, random) : change_of_values(columns, random));
  }
  std::string input =
      gtlabel_test::store_input(gtlabel_test::read_part(place.path()), gtlabel_test::read_part(place.path() + "-wal"));
  place.clear();
  return input;
}

std::string changed_bytes(const std::string& store, const std::string& other, RandomStream& random) {
  std::string input = store;
  const std::size_t within = random.below(3) == 0 ? 100 : input.size();  // the header as often as that
  for (std::uint64_t n = random.below(8) + 1; n > 0; --n) {
    input[random.below(within)] = static_cast<char>(random.below(256));
  }
  if (random.below(8) == 0) gtlabel_test::mutate(input, other, random);
  if (random.below(16) == 0) input.resize(random.below(input.size()));
  return input;
}

double peak_megabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024.0;  // kilobytes on Linux
}

void require_sound(const StorePlace& place, const std::string& store) {
  gtlabel_test::place_store(place, store);
  (void)gtlabel::LabelingJob::open(place.path(), gtlabel_test::store_pool().features(), gtlabel_test::store_options());
}

}  // namespace

int main(int argc, char** argv) {
  const StorePlace place;
  std::vector<std::string> corpus = gtlabel_test::valid_stores(place);
  for (const std::string& store : corpus) require_sound(place, store);
  if (argc == 3 && std::string(argv[1]) == "corpus") {
    gtlabel_test::write_corpus(argv[2], corpus);
    return 0;
  }
  const std::uint64_t n_inputs = argc > 1 ? std::stoull(argv[1]) : 500;
  RandomStream random(argc > 2 ? std::stoull(argv[2]) : 0, gtlabel::RandomPurpose::user);
  for (int i = 3; i < argc; ++i) corpus.push_back(gtlabel::read_file(argv[i]));
  for (const std::string& input : corpus) {
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
  }
  for (std::uint64_t i = 0; i < n_inputs; ++i) {
    const std::string& store = corpus[random.below(corpus.size())];
    const std::string input = random.below(2) == 0 ? changed_by_sql(place, store, random)
                                                   : changed_bytes(store, corpus[random.below(corpus.size())], random);
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
  }
  std::printf("%llu inputs: all read or refused; peak memory %.0f MB\n", static_cast<unsigned long long>(n_inputs),
              peak_megabytes());
  return 0;
}
