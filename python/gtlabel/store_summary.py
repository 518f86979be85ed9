"""What a store tells about its job without the pool."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from gtlabel import _core


@dataclass(frozen=True)
class StoreSummary:
    """A stored job at a glance."""

    path: str
    version: int
    """Of the tables."""
    gtlabel_version: str
    """That made the store."""
    created: float
    """Seconds since 1970."""
    last_change: float
    classes: list[str]
    """Those in use."""
    target: str
    model: str
    n_items: int
    n_answers: int
    """Rows, skips and corrections included."""
    n_human: int
    """Items with a label of people at the last batch."""
    n_auto: int
    """Automatic labels delivered at the last batch."""
    n_audited: int
    n_batches: int
    n_outstanding: int
    """Items of the last batch without an answer since."""
    round: int
    is_finished: bool
    certificate: str | None
    """The last certificate's statement, if one holds."""

    def __str__(self) -> str:
        changed = datetime.fromtimestamp(self.last_change, timezone.utc)
        state = "finished" if self.is_finished else f"round {self.round}, {self.n_outstanding} items with people"
        lines = [
            f"{self.path}: {state}, last change {changed:%Y-%m-%d %H:%M:%S} UTC",
            f"  {self.n_items} items, classes {', '.join(self.classes)}",
            f"  target: {self.target}",
            f"  {self.n_answers} answers; labels: {self.n_human} of people, {self.n_auto} automatic",
            f"  {self.certificate or 'no certificate yet'}",
        ]
        return "\n".join(lines)


def n_none_of_these(path: str) -> int:
    """Items of a store whose last label is "none of these". ``read_store`` is to check the file before."""
    # A closed store is read as it is, so that nothing is left beside it; one in use has a log to be read with it.
    mode = "mode=ro" if os.path.exists(f"{path}-wal") else "immutable=1"
    with closing(sqlite3.connect(f"{Path(path).absolute().as_uri()}?{mode}", uri=True)) as connection:
        (count,) = connection.execute(
            "SELECT count(*) FROM labels WHERE kind = 'none of these' AND label IN (SELECT max(label) FROM labels "
            "GROUP BY item)"
        ).fetchone()
    return int(count)


def read_store(path: str | os.PathLike[str]) -> StoreSummary:
    """Reads a store that may be in use; changes nothing.

    Raises ``ArchiveError`` if it is no store, damaged, or of a newer gtlabel.
    """
    return StoreSummary(**_core.read_store(os.fsencode(path)))
