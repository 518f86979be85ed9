#include "storage/store_schema.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <vector>

#include "gtlabel/core/error.hpp"

namespace gtlabel::detail {
namespace {

constexpr int kIsExpression = -2;  // "column" of an index's part that is computed

[[noreturn]] void refuse(ErrorCode code, const Database& database, const std::string& what) {
  throw ArchiveError(code, database.path() + ": store: " + what);
}

[[noreturn]] void refuse_object(const Database& database, const std::string& what, const std::string& name,
                                const std::string& why) {
  refuse(
      ErrorCode::archive_damaged, database,
      what + " '" + name + "' is not one of gtlabel's, and " + why + "; drop it in the sqlite3 shell if it is yours");
}

std::string quoted(const std::string& name) {
  std::string quoted = "\"";
  for (const char letter : name) {
    if (letter == '"') quoted += '"';
    quoted += letter;
  }
  return quoted + '"';
}

std::string lower(std::string name) {
  for (char& letter : name) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
  return name;
}

/// The second or third word of a CREATE statement of ours.
std::string name_in(const std::string& statement) {
  std::size_t begin = statement.find(' ') + 1;
  if (statement.compare(begin, 6, "UNIQUE") == 0) begin += 7;
  begin = statement.find(' ', begin) + 1;
  return statement.substr(begin, statement.find(' ', begin) - begin);
}

/// What CREATE statements look like in the schema of a file that only these have made, by name.
std::map<std::string, std::string> our_statements(std::int64_t version) {
  std::map<std::string, std::string> statements;
  std::string_view rest = kStoreSchema;
  for (auto end = rest.find(';'); end != std::string_view::npos; end = rest.find(';')) {
    const auto begin = rest.find_first_not_of('\n');
    const std::string statement(rest.substr(begin, end - begin));
    statements.emplace(name_in(statement), statement);
    rest.remove_prefix(end + 1);
  }
  if (version == 1) statements["snapshots"] = kSnapshotsOfVersion1;
  return statements;
}

/// A unique index, or one that computes something, could make SQLite refuse our rows or take any memory for them.
void require_plain_indexes(const Database& database, const std::string& table, const std::string& ours) {
  std::vector<std::string> names;
  Statement indexes = database.prepare("PRAGMA index_list(" + quoted(table) + ")");
  while (indexes.step()) {
    const std::string name = indexes.text(1);
    const bool is_made = indexes.text(3) == "c";  // by CREATE INDEX
    if (!is_made || name == ours) continue;
    if (indexes.integer(2) != 0 || indexes.integer(4) != 0)
      refuse_object(database, "its index", name, "not a plain one");
    names.push_back(name);
  }
  for (const std::string& name : names) {
    Statement columns = database.prepare("PRAGMA index_xinfo(" + quoted(name) + ")");
    while (columns.step()) {
      if (columns.integer(1) == kIsExpression) refuse_object(database, "its index", name, "not a plain one");
    }
  }
}

/// A foreign key could make SQLite refuse our rows, or change others with them.
void require_no_foreign_keys(const Database& database, const std::string& table,
                             const std::map<std::string, std::string>& ours) {
  Statement keys = database.prepare("PRAGMA foreign_key_list(" + quoted(table) + ")");
  while (keys.step()) {
    if (ours.contains(lower(keys.text(2)))) {
      refuse_object(database, "its table", table, "has a foreign key that leads to '" + keys.text(2) + "'");
    }
  }
}

}  // namespace

std::string create_statement(std::string_view table) { return our_statements(kStoreVersion).at(std::string(table)); }

int require_store(const Database& database) {
  if (database.integer("PRAGMA application_id") != kStoreApplication) {
    refuse(ErrorCode::archive_damaged, database, "not a gtlabel store");
  }
  const auto version = database.integer("PRAGMA user_version");
  if (version > kStoreVersion) {
    refuse(ErrorCode::archive_too_new, database,
           "its tables are of version " + std::to_string(version) + ", this gtlabel reads up to " +
               std::to_string(kStoreVersion));
  }
  const auto ours = our_statements(version);
  auto missing = ours;
  std::vector<std::string> others;
  Statement rows = database.prepare("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL");
  while (rows.step()) {
    const std::string name = rows.text(0);
    const std::string_view sql = rows.bytes(1);
    if (const auto known = missing.find(name); known != missing.end() && known->second == sql) {
      missing.erase(known);
    } else if (ours.contains(name)) {
      refuse(ErrorCode::archive_damaged, database, "its '" + name + "' is not as gtlabel makes it");
    } else if (sql.starts_with("CREATE TABLE ")) {
      others.push_back(name);
    } else if (!sql.starts_with("CREATE VIEW ") && !sql.starts_with("CREATE INDEX ") &&
               !sql.starts_with("CREATE UNIQUE INDEX ")) {
      refuse_object(database, "its", name, "neither a table, a view nor an index");
    }
  }
  if (!missing.empty()) refuse(ErrorCode::archive_damaged, database, "missing: " + missing.begin()->second);
  for (const auto& [name, statement] : ours) {
    if (statement.starts_with("CREATE TABLE ")) require_plain_indexes(database, name, "answer_ids");
  }
  for (const std::string& table : others) require_no_foreign_keys(database, table, ours);
  return static_cast<int>(version);
}

}  // namespace gtlabel::detail
