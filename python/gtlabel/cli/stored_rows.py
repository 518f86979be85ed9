"""A hash of the input's rows in a job's store, for items that neither an id nor their features tell apart."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import gtlabel as gt
from gtlabel.cli.tables import Table

_NAME = "rows_sha256"  # in the table of the job's settings


def remember_rows(store: str, table: Table) -> None:
    """No job may have the store: within one process SQLite's locks do not keep two libraries apart."""
    with closing(sqlite3.connect(store)) as connection, connection:
        connection.execute("INSERT INTO job VALUES (?, ?)", (_NAME, _hash(table)))


def check_same_rows(store: str, table: Table) -> None:
    """Refuses other rows, or another order, than those of the job's first call; before the job is opened."""
    gt.read_store(store)  # that it is one
    with closing(sqlite3.connect(f"{Path(store).absolute().as_uri()}?mode=ro", uri=True)) as connection:
        known = connection.execute("SELECT value FROM job WHERE name = ?", (_NAME,)).fetchone()
    if known is not None and known[0] != _hash(table):
        raise gt.InvalidArgument(
            f"{table.path}: other rows, or in another order, than when the job in {store} began; without ids and with "
            "--features expected the same"
        )


def _hash(table: Table) -> str:
    content = hashlib.sha256()
    for row in table.rows:
        content.update(json.dumps(row, sort_keys=True).encode() + b"\n")
    return content.hexdigest()
