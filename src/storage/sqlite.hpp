#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace gtlabel::detail {

/// One SQL statement, compiled once and run as often as needed. Parameters are bound in their order of appearance.
class Statement {
 public:
  Statement(sqlite3* connection, const std::string& path, std::string_view sql);
  ~Statement();
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&&) = delete;

  // Text and bytes are borrowed until the statement has run.
  Statement& bind(std::int64_t value);
  Statement& bind(double value);
  Statement& bind(std::string_view text);
  Statement& bind_null();
  Statement& bind_bytes(std::string_view bytes);
  /// Null for an empty text.
  Statement& bind_or_null(std::string_view text) { return text.empty() ? bind_null() : bind(text); }

  /// Moves to the next row. @return whether there is one.
  bool step();
  /// Runs to the end and is ready for the next values; the same after an exception.
  void run();
  /// Ready for other values.
  void reset() noexcept;

  // Of the present row, columns from 0. Texts and bytes are borrowed until the next step.
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] double number(int column) const;
  [[nodiscard]] std::string_view bytes(int column) const;
  [[nodiscard]] std::string text(int column) const { return std::string(bytes(column)); }
  [[nodiscard]] bool is_null(int column) const;

 private:
  void require(int code) const;
  /// Place of the next value. The first one makes the statement ready anew, should it have been left halfway.
  int next_place();

  sqlite3* connection_;
  const std::string* path_;
  sqlite3_stmt* statement_ = nullptr;
  int n_bound_ = 0;
};

/// A connection to one SQLite file. Every failure is an ArchiveError that names the file. One thread at a time. A
/// forked child lets go of it without a word: SQLite must not know of it there.
class Database {
 public:
  /// read_still: the caller knows that nobody writes to the file meanwhile; nothing is locked or made beside it.
  enum class Access : std::uint8_t { read, read_still, write, create };
  Database(const std::string& path, Access access);

  void execute(const std::string& statements);
  [[nodiscard]] Statement prepare(std::string_view sql) const;
  /// The single value of a question.
  [[nodiscard]] std::int64_t integer(std::string_view sql) const;
  [[nodiscard]] std::int64_t last_row() const;
  /// Bytes of the longest row or value that SQLite takes.
  [[nodiscard]] std::size_t longest_row() const;
  [[nodiscard]] const std::string& path() const noexcept { return *path_; }

 private:
  struct Close {
    void operator()(sqlite3* connection) const noexcept;
    long process;
  };
  std::unique_ptr<std::string> path_;  // statements refer to it
  std::unique_ptr<sqlite3, Close> connection_;
};

/// Undone unless committed.
class Transaction {
 public:
  explicit Transaction(Database& database);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  /// On disk when it returns.
  void commit();

 private:
  Database& database_;
  bool is_open_ = true;
};

}  // namespace gtlabel::detail
