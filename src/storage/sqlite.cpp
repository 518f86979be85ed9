#include "storage/sqlite.hpp"

#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "gtlabel/core/error.hpp"

namespace gtlabel::detail {
namespace {

constexpr int kBusyMilliseconds = 5000;  // a reader's checkpoint, never another job: that is kept out by the lock

ErrorCode code_of(int primary) {
  switch (primary) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_ERROR:  // the schema is not ours
      return ErrorCode::archive_damaged;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return ErrorCode::store_in_use;
    default: return ErrorCode::file_access;
  }
}

/// Whether a failure says that a file system's locks do not work, as on some networks'.
bool is_without_locks(int code, int system) {
  switch (code) {
    case SQLITE_IOERR_LOCK:
    case SQLITE_IOERR_RDLOCK:
    case SQLITE_IOERR_UNLOCK:
    case SQLITE_IOERR_CHECKRESERVEDLOCK:
    case SQLITE_IOERR_SHMOPEN:
    case SQLITE_IOERR_SHMLOCK:
    case SQLITE_IOERR_SHMMAP: return true;
    default: return system == ENOLCK;
  }
}

[[noreturn]] void fail(sqlite3* connection, const std::string& path, int code) {
  if ((code & 0xFF) == SQLITE_NOMEM) throw std::bad_alloc();
  std::string reason = connection != nullptr ? sqlite3_errmsg(connection) : sqlite3_errstr(code);
  const int system = connection != nullptr ? sqlite3_system_errno(connection) : 0;
  if (system != 0 && (code & 0xFF) != SQLITE_CORRUPT) reason += std::string(" (") + std::strerror(system) + ")";
  if (is_without_locks(code, system)) reason += "; a store needs a file system with locks: keep it on a local disk";
  throw ArchiveError(code_of(code & 0xFF), path + ": store: " + reason);
}

int flags_of(Database::Access access) {
  constexpr int common = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
  switch (access) {
    case Database::Access::read: return common | SQLITE_OPEN_READONLY;
    case Database::Access::read_still: return common | SQLITE_OPEN_READONLY | SQLITE_OPEN_URI;
    case Database::Access::write: return common | SQLITE_OPEN_READWRITE;
    case Database::Access::create: break;
  }
  return common | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
}

/// What SQLite is told to open.
std::string name_of(const std::string& path, Database::Access access) {
  // A relative path that looks like one of SQLite's special names is still a file.
  std::string file = path.front() == '/' ? path : "./" + path;
  if (access != Database::Access::read_still) return file;
  std::string address = "file:";
  for (const char letter : file) {
    switch (letter) {
      case '%': address += "%25"; break;
      case '?': address += "%3F"; break;
      case '#': address += "%23"; break;
      default: address += letter;
    }
  }
  return address + "?immutable=1";
}

}  // namespace

Statement::Statement(sqlite3* connection, const std::string& path, std::string_view sql)
    : connection_(connection), path_(&path) {
  require(sqlite3_prepare_v3(connection, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                             &statement_, nullptr));
}

Statement::~Statement() { sqlite3_finalize(statement_); }

Statement::Statement(Statement&& other) noexcept
    : connection_(other.connection_),
      path_(other.path_),
      statement_(std::exchange(other.statement_, nullptr)),
      n_bound_(other.n_bound_) {}

void Statement::require(int code) const {
  if (code != SQLITE_OK) fail(connection_, *path_, code);
}

int Statement::next_place() {
  if (n_bound_ == sqlite3_bind_parameter_count(statement_)) reset();
  return ++n_bound_;
}

Statement& Statement::bind(std::int64_t value) {
  require(sqlite3_bind_int64(statement_, next_place(), value));
  return *this;
}

Statement& Statement::bind(double value) {
  require(sqlite3_bind_double(statement_, next_place(), value));
  return *this;
}

Statement& Statement::bind(std::string_view text) {
  // A null pointer would bind NULL.
  const char* begin = text.data() != nullptr ? text.data() : "";
  require(sqlite3_bind_text64(statement_, next_place(), begin, text.size(), SQLITE_STATIC, SQLITE_UTF8));
  return *this;
}

Statement& Statement::bind_null() {
  require(sqlite3_bind_null(statement_, ++n_bound_));
  return *this;
}

Statement& Statement::bind_bytes(std::string_view bytes) {
  require(sqlite3_bind_blob64(statement_, next_place(), bytes.data(), bytes.size(), SQLITE_STATIC));
  return *this;
}

bool Statement::step() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  fail(connection_, *path_, code);
}

void Statement::run() {
  struct Reset {
    Statement& statement;
    ~Reset() { statement.reset(); }
  } const reset{*this};
  while (step()) {
  }
}

void Statement::reset() noexcept {
  sqlite3_reset(statement_);
  n_bound_ = 0;
}

std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(statement_, column); }
double Statement::number(int column) const { return sqlite3_column_double(statement_, column); }
bool Statement::is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

std::string_view Statement::bytes(int column) const {
  const auto* begin = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
  return begin == nullptr ? std::string_view{} : std::string_view(begin, size);
}

Database::Database(const std::string& path, Access access)
    : path_(std::make_unique<std::string>(path)), connection_(nullptr, Close{::getpid()}) {
  if (path.empty() || path.find('\0') != std::string::npos) {
    throw ArchiveError(ErrorCode::file_access, "store: the path is empty or has a NUL character");
  }
  sqlite3* connection = nullptr;
  const int code = sqlite3_open_v2(name_of(path, access).c_str(), &connection, flags_of(access), nullptr);
  connection_.reset(connection);
  if (code != SQLITE_OK) fail(connection, *path_, code);
  sqlite3_extended_result_codes(connection, 1);
  sqlite3_busy_timeout(connection, kBusyMilliseconds);
  // A file from a stranger must not bring code along, nor lead SQLite astray.
  sqlite3_db_config(connection, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
  execute("PRAGMA cell_size_check = ON");
}

void Database::Close::operator()(sqlite3* connection) const noexcept {
  if (process == ::getpid()) sqlite3_close_v2(connection);
}

void Database::execute(const std::string& statements) {
  const int code = sqlite3_exec(connection_.get(), statements.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(connection_.get(), *path_, code);
}

Statement Database::prepare(std::string_view sql) const { return {connection_.get(), *path_, sql}; }

std::int64_t Database::integer(std::string_view sql) const {
  Statement statement = prepare(sql);
  return statement.step() ? statement.integer(0) : 0;
}

std::size_t Database::longest_row() const {
  return static_cast<std::size_t>(sqlite3_limit(connection_.get(), SQLITE_LIMIT_LENGTH, -1));
}

std::int64_t Database::last_row() const { return sqlite3_last_insert_rowid(connection_.get()); }

Transaction::Transaction(Database& database) : database_(database) { database_.execute("BEGIN IMMEDIATE"); }

Transaction::~Transaction() {
  if (!is_open_) return;
  try {
    database_.execute("ROLLBACK");
  } catch (...) {  // NOLINT(bugprone-empty-catch): SQLite has undone it by itself
  }
}

void Transaction::commit() {
  database_.execute("COMMIT");
  is_open_ = false;
}

}  // namespace gtlabel::detail
