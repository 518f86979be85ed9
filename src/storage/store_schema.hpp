#pragma once

#include <string>
#include <string_view>

#include "storage/sqlite.hpp"

namespace gtlabel::detail {

/// "GTLB", in the header of the file.
inline constexpr int kStoreApplication = 0x47544C42;
/// Raised with every change of the tables below.
inline constexpr int kStoreVersion = 2;

/// Rows are only ever added (but for `snapshots`, of which the last is kept): a correction is a new row. docs/store.md
/// tells what each column means.
inline constexpr std::string_view kStoreSchema = R"sql(
CREATE TABLE job (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE events (event INTEGER PRIMARY KEY, at REAL NOT NULL, kind TEXT NOT NULL, detail TEXT) STRICT;
CREATE TABLE classes (class INTEGER PRIMARY KEY, event INTEGER NOT NULL REFERENCES events, name TEXT NOT NULL) STRICT;
CREATE TABLE class_changes (change INTEGER PRIMARY KEY, event INTEGER NOT NULL REFERENCES events,
  class INTEGER NOT NULL REFERENCES classes, kind TEXT NOT NULL, name TEXT, into_class INTEGER REFERENCES classes)
  STRICT;
CREATE TABLE items (item INTEGER PRIMARY KEY, event INTEGER NOT NULL REFERENCES events, id TEXT) STRICT;
CREATE TABLE workers (worker INTEGER PRIMARY KEY, event INTEGER NOT NULL REFERENCES events, name TEXT NOT NULL UNIQUE)
  STRICT;
CREATE TABLE answers (answer INTEGER PRIMARY KEY, event INTEGER NOT NULL REFERENCES events,
  item INTEGER NOT NULL REFERENCES items, worker INTEGER REFERENCES workers, kind TEXT NOT NULL,
  class INTEGER REFERENCES classes, certainty REAL NOT NULL, seconds REAL NOT NULL, id TEXT) STRICT;
CREATE UNIQUE INDEX answer_ids ON answers (id) WHERE id IS NOT NULL;
CREATE TABLE batches (batch INTEGER PRIMARY KEY, event INTEGER NOT NULL REFERENCES events, round INTEGER NOT NULL)
  STRICT;
CREATE TABLE batch_items (batch INTEGER NOT NULL REFERENCES batches, position INTEGER NOT NULL,
  item INTEGER NOT NULL REFERENCES items, purpose TEXT NOT NULL, PRIMARY KEY (batch, position)) STRICT, WITHOUT ROWID;
CREATE TABLE leases (lease INTEGER PRIMARY KEY, event INTEGER NOT NULL REFERENCES events,
  item INTEGER NOT NULL REFERENCES items, worker TEXT NOT NULL, until REAL NOT NULL) STRICT;
CREATE TABLE rounds (event INTEGER NOT NULL REFERENCES events, round INTEGER NOT NULL, model TEXT NOT NULL,
  n_items INTEGER NOT NULL, n_human INTEGER NOT NULL, n_auto INTEGER NOT NULL, n_audited INTEGER NOT NULL,
  errors_found INTEGER NOT NULL, estimated_error REAL, bounded_error REAL, accuracy REAL, seconds REAL NOT NULL,
  PRIMARY KEY (event, round)) STRICT, WITHOUT ROWID;
CREATE TABLE labels (label INTEGER PRIMARY KEY, event INTEGER NOT NULL REFERENCES events,
  item INTEGER NOT NULL REFERENCES items, kind TEXT NOT NULL, class INTEGER REFERENCES classes,
  confidence REAL NOT NULL, round INTEGER NOT NULL) STRICT;
CREATE TABLE commits (commitment INTEGER PRIMARY KEY, event INTEGER NOT NULL REFERENCES events,
  item INTEGER NOT NULL REFERENCES items, class INTEGER NOT NULL REFERENCES classes, confidence REAL NOT NULL,
  round INTEGER NOT NULL) STRICT;
CREATE TABLE withdrawals (withdrawal INTEGER PRIMARY KEY, event INTEGER NOT NULL REFERENCES events,
  item INTEGER NOT NULL REFERENCES items) STRICT;
CREATE TABLE audits (audit INTEGER PRIMARY KEY, event INTEGER NOT NULL REFERENCES events,
  item INTEGER NOT NULL REFERENCES items, class INTEGER NOT NULL REFERENCES classes) STRICT;
CREATE TABLE certificates (event INTEGER PRIMARY KEY REFERENCES events, round INTEGER NOT NULL, max_error REAL NOT NULL,
  failure_probability REAL NOT NULL, delivered INTEGER NOT NULL, audited INTEGER NOT NULL,
  errors_found INTEGER NOT NULL, bound REAL NOT NULL, statement TEXT NOT NULL) STRICT;
CREATE TABLE progress (event INTEGER PRIMARY KEY REFERENCES events, round INTEGER NOT NULL, n_items INTEGER NOT NULL,
  n_human INTEGER NOT NULL, n_auto INTEGER NOT NULL, n_audited INTEGER NOT NULL, is_finished INTEGER NOT NULL) STRICT;
CREATE TABLE snapshots (part INTEGER PRIMARY KEY, event INTEGER NOT NULL REFERENCES events, bytes BLOB NOT NULL)
  STRICT;
CREATE VIEW answers_by_name AS SELECT answer, datetime(at, 'unixepoch') AS at, item, items.id AS id,
  workers.name AS worker, answers.kind AS kind,
  coalesce((SELECT class_changes.name FROM class_changes WHERE class_changes.class = answers.class
    AND class_changes.kind = 'renamed' ORDER BY change DESC LIMIT 1), classes.name) AS class, certainty, seconds
  FROM answers JOIN events USING (event) JOIN items USING (item) LEFT JOIN workers USING (worker)
  LEFT JOIN classes USING (class);
)sql";

/// Where version 1 kept its snapshot, in one row.
inline constexpr std::string_view kSnapshotsOfVersion1 =
    "CREATE TABLE snapshots (event INTEGER PRIMARY KEY REFERENCES events, bytes BLOB NOT NULL) STRICT";

/// The CREATE statement of a table of kStoreSchema.
[[nodiscard]] std::string create_statement(std::string_view table);

/// That a file is a store of a version that can be read: with our tables and nothing that could change what they mean,
/// or run when they are used. Somebody's own tables, views and plain indexes may be there, and what ANALYZE leaves.
/// @return the version of its tables. @throws ArchiveError
int require_store(const Database& database);

}  // namespace gtlabel::detail
