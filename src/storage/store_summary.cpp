#include "gtlabel/storage/store_summary.hpp"

#include <cstdint>
#include <exception>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "storage/sqlite.hpp"
#include "storage/store_schema.hpp"

namespace gtlabel {
namespace {

std::string setting(const detail::Database& database, std::string_view name) {
  auto row = database.prepare("SELECT value FROM job WHERE name = ?");
  row.bind(name);
  return row.step() ? row.text(0) : std::string{};
}

void read_progress(const detail::Database& database, StoreSummary& summary) {
  auto row = database.prepare(
      "SELECT round, n_human, n_auto, n_audited, is_finished FROM progress ORDER BY event DESC LIMIT 1");
  if (!row.step()) return;
  summary.round = static_cast<std::int32_t>(row.integer(0));
  summary.n_human = row.integer(1);
  summary.n_auto = row.integer(2);
  summary.n_audited = row.integer(3);
  summary.is_finished = row.integer(4) != 0;
}

void read_certificate(const detail::Database& database, StoreSummary& summary) {
  // That of the last change, or there is none now.
  auto row = database.prepare("SELECT statement FROM certificates WHERE event = (SELECT max(event) FROM progress)");
  if (row.step()) summary.certificate = row.text(0);
}

std::vector<std::string> class_names(const detail::Database& database) {
  auto row = database.prepare(
      "SELECT coalesce((SELECT name FROM class_changes WHERE class_changes.class = classes.class AND kind = 'renamed' "
      "ORDER BY change DESC LIMIT 1), name) FROM classes WHERE NOT EXISTS (SELECT 1 FROM class_changes WHERE "
      "class_changes.class = classes.class AND kind IN ('merged', 'retired')) ORDER BY class");
  std::vector<std::string> names;
  while (row.step()) names.push_back(row.text(0));
  return names;
}

StoreSummary summary_of(const std::string& path, detail::Database::Access access) {
  detail::Database database(path, access);
  detail::require_store(database);
  database.execute("BEGIN");  // all of one moment
  StoreSummary summary;
  summary.path = path;
  summary.version = static_cast<std::int32_t>(database.integer("PRAGMA user_version"));
  summary.gtlabel_version = setting(database, "gtlabel_version");
  summary.target = setting(database, "target");
  summary.model = setting(database, "model");
  auto times = database.prepare("SELECT min(at), max(at) FROM events");
  if (times.step()) {
    summary.created = times.number(0);
    summary.last_change = times.number(1);
  }
  summary.classes = class_names(database);
  summary.n_items = database.integer("SELECT count(*) FROM items");
  summary.n_answers = database.integer("SELECT count(*) FROM answers");
  summary.n_batches = database.integer("SELECT count(*) FROM batches");
  summary.n_outstanding = database.integer(
      "WITH present AS (SELECT max(batch) AS batch, max(event) AS event FROM batches) "
      "SELECT count(*) FROM batch_items WHERE batch = (SELECT batch FROM present) AND item NOT IN "
      "(SELECT item FROM answers WHERE kind <> 'skip' AND event > (SELECT event FROM present))");
  read_progress(database, summary);
  read_certificate(database, summary);
  return summary;
}

/// A file as it is at one moment; nothing if somebody has it open, or has not closed it, for then it has a log.
std::optional<std::pair<std::uintmax_t, std::filesystem::file_time_type>> still_life(const std::string& path) {
  std::error_code failed;
  if (std::filesystem::exists(path + "-wal", failed) || std::filesystem::exists(path + "-journal", failed)) return {};
  const auto size = std::filesystem::file_size(path, failed);
  if (failed) return {};
  const auto time = std::filesystem::last_write_time(path, failed);
  if (failed) return {};
  return std::pair{size, time};
}

}  // namespace

StoreSummary read_store(const std::string& path) {
  // Of a store that is closed SQLite would leave an empty log behind, and on a read-only disk it could not make one.
  if (const auto before = still_life(path)) {
    std::optional<StoreSummary> summary;
    std::exception_ptr failure;
    try {
      summary = summary_of(path, detail::Database::Access::read_still);
    } catch (...) {
      failure = std::current_exception();
    }
    if (still_life(path) == before) {
      if (failure) std::rethrow_exception(failure);
      return *summary;
    }
  }
  return summary_of(path, detail::Database::Access::read);
}

}  // namespace gtlabel
