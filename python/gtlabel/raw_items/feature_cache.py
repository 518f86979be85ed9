"""Features that were computed before, by what they were computed from."""

from __future__ import annotations

import hashlib
import logging
import os
import sqlite3
import sys
from collections.abc import Iterable
from pathlib import Path

_LOG = logging.getLogger("gtlabel")
_BUSY_SECONDS = 30.0


def default_cache_folder() -> Path:
    """Where the platform keeps what may be deleted at any time."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "gtlabel"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "gtlabel" / "Cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gtlabel"


def content_key(settings: str, parts: Iterable[bytes]) -> bytes:
    """SHA-256 of the settings and the parts, each with its length: no two contents share a key."""
    digest = hashlib.sha256()
    for part in (settings.encode(), *parts):
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.digest()


class FeatureCache:
    """One SQLite file in a folder, for any number of processes at once; safe to delete at any time.

    A cache that cannot be read or written is none: the work is done again, and the log (``gtlabel``) says why.
    """

    def __init__(self, folder: str | os.PathLike[str] | None = None) -> None:
        self.folder = Path(folder) if folder is not None else default_cache_folder()
        self._connection: sqlite3.Connection | None = None
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(self.folder / "features.sqlite", timeout=_BUSY_SECONDS)
            self._connection.execute("CREATE TABLE IF NOT EXISTS features (key BLOB PRIMARY KEY, content BLOB)")
        except (OSError, sqlite3.Error) as error:
            self._give_up(error)

    def get(self, key: bytes) -> bytes | None:
        """What was put under the key, or None."""
        if self._connection is None:
            return None
        try:
            row = self._connection.execute("SELECT content FROM features WHERE key = ?", (key,)).fetchone()
        except sqlite3.Error as error:
            self._give_up(error)
            return None
        return bytes(row[0]) if row and isinstance(row[0], bytes) else None

    def put(self, entries: Iterable[tuple[bytes, bytes]]) -> None:
        """Keeps pairs of key and content: all of them or, without a word to the caller, none."""
        if self._connection is None:
            return
        try:
            with self._connection:
                self._connection.executemany("INSERT OR REPLACE INTO features VALUES (?, ?)", entries)
        except sqlite3.Error as error:
            self._give_up(error)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _give_up(self, error: Exception) -> None:
        _LOG.warning("the cache of features in %s is not used: %s", self.folder, error)
        self.close()
