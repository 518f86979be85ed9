"""A store's whole history as JSON Lines, each line chained to the one before, so that a change is found."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gtlabel._core import ArchiveError
from gtlabel.store_summary import read_store

# Within an event in this order: what a row refers to comes before it.
_TABLES = (
    "events",
    "classes",
    "class_changes",
    "items",
    "workers",
    "answers",
    "labels",
    "withdrawals",
    "commits",
    "audits",
    "rounds",
    "batches",
    "batch_items",
    "leases",
    "certificates",
    "progress",
)
_OF_BATCH = "SELECT event, batch_items.* FROM batch_items JOIN batches USING (batch) ORDER BY event, position"
_START = hashlib.sha256(b"gtlabel audit trail 1").hexdigest()


@dataclass(frozen=True)
class AuditTrailCheck:
    """What ``verify_audit_trail`` found."""

    n_lines: int
    """Lines read, up to the first that is wrong."""
    problem: str | None
    """What is wrong, with the number of its line; None: nothing."""

    @property
    def is_intact(self) -> bool:
        return self.problem is None

    def __bool__(self) -> bool:
        return self.is_intact


def write_audit_trail(store: str | os.PathLike[str], path: str | os.PathLike[str]) -> None:
    """Writes all that a store tells, but for the snapshot, to a file, atomically.

    One JSON object a line, in the order in which it happened: ``table``, the row's columns, and ``hash``: SHA-256 of
    the hash before and the rest of the line. The first line has the job's settings; the last has the number of lines,
    so that a cut is found too. The store may be in use. Cost: one pass; memory does not grow with the history.
    """
    read_store(os.fsdecode(store))  # that it is one
    target = Path(os.fsdecode(path))
    beside = target.with_name(f"{target.name}.tmp-{os.getpid()}")
    try:
        source = Path(os.path.abspath(os.fsdecode(store)))
        before = _still_life(source)
        try:
            _write(source, beside, is_still=before is not None)
        except (ArchiveError, sqlite3.DatabaseError):
            if before == _still_life(source):
                raise
        if before != _still_life(source):  # somebody opened it meanwhile
            _write(source, beside, is_still=False)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


def _still_life(store: Path) -> tuple[int, int] | None:
    """A file as it is now; None if somebody has it open, or has not closed it, for then it has a log."""
    if any(os.path.exists(f"{store}{end}") for end in ("-wal", "-journal")):
        return None
    status = os.stat(store)
    return status.st_size, status.st_mtime_ns


def _write(store: Path, path: Path, is_still: bool) -> None:
    # Of a store that is closed SQLite would leave an empty log behind, and on a read-only disk it could not make one.
    address = store.as_uri() + ("?immutable=1" if is_still else "?mode=ro")
    with closing(sqlite3.connect(address, uri=True)) as connection, path.open("wb") as file:
        connection.execute("BEGIN")  # all of one moment
        previous, n_lines = _START, 0
        for line in _lines(connection):
            previous = _hash(previous, line)
            n_lines += 1
            file.write(_written(line, previous) + b"\n")
        end = {"table": "end", "n_lines": n_lines}
        file.write(_written(end, _hash(previous, end)) + b"\n")
        file.flush()
        os.fsync(file.fileno())


def verify_audit_trail(path: str | os.PathLike[str]) -> AuditTrailCheck:
    """Reads an audit trail and says whether a line was changed, added, taken away or moved since it was written.

    Whoever can write the file can also write another that is sound in itself: keep the last line's hash elsewhere.
    Raises OSError if the file cannot be read.
    """
    previous, n_lines, is_at_end = _START, 0, False
    with open(path, "rb") as file:
        for number, raw in enumerate(file, 1):
            if is_at_end:
                return AuditTrailCheck(n_lines, f"line {number}: something follows the end")
            try:
                line = json.loads(raw)
                claimed = line.pop("hash")
            except (ValueError, KeyError, AttributeError, TypeError, RecursionError):
                return AuditTrailCheck(n_lines, f"line {number}: not a line of an audit trail")
            previous = _hash(previous, line)
            # Read alike is not enough: a key given twice would hide the first.
            if claimed != previous or raw.rstrip(b"\n") != _written(line, previous):
                return AuditTrailCheck(
                    n_lines, f"line {number}: it, or one before it, was changed, moved or taken away"
                )
            is_at_end = line.get("table") == "end"
            n_lines += 1
    if not is_at_end:
        return AuditTrailCheck(n_lines, f"line {n_lines + 1}: missing, the end was cut off")
    return AuditTrailCheck(n_lines, None)


def _hash(previous: str, line: dict[str, Any]) -> str:
    canonical = json.dumps(line, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{previous}\n{canonical}".encode("utf-8", "surrogatepass")).hexdigest()


def _written(line: dict[str, Any], of_line: str) -> bytes:
    return json.dumps({**line, "hash": of_line}, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _lines(connection: sqlite3.Connection) -> Iterator[dict[str, Any]]:
    yield {"table": "job", **dict(connection.execute("SELECT name, value FROM job ORDER BY name"))}
    # Every table in the order of its events; merged, so that nothing has to be held.
    streams = [_Rows(connection, table) for table in _TABLES]
    while (event := min((s.event for s in streams if s.event is not None), default=None)) is not None:
        for stream in streams:
            yield from stream.take(event)


class _Rows:
    """The rows of one table by event."""

    def __init__(self, connection: sqlite3.Connection, table: str) -> None:
        self._table = table
        query = _OF_BATCH if table == "batch_items" else f"SELECT * FROM {table} ORDER BY event"
        self._cursor = connection.execute(query)
        self._columns = [column[0] for column in self._cursor.description]
        self._place = self._columns.index("event")
        self._advance()

    def _advance(self) -> None:
        try:
            self._row = self._cursor.fetchone()
        except sqlite3.DatabaseError as error:
            raise ArchiveError(f"store: table {self._table}: {error}") from None
        self.event: int | None = None if self._row is None else self._row[self._place]

    def take(self, event: int) -> Iterator[dict[str, Any]]:
        while self.event == event:
            yield {"table": self._table, **dict(zip(self._columns, self._row, strict=True))}
            self._advance()
