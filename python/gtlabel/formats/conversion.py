"""From one file format to another, with an account of what did not fit."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gtlabel._core import InvalidArgument

StrPath = str | os.PathLike[str]


@dataclass(frozen=True)
class Format:
    """What ``convert`` knows of a file format."""

    id: str
    title: str
    endings: tuple[str, ...]
    """Of file names; () for folders."""
    carries: frozenset[str]
    """What of FEATURES arrives."""


FORMATS: dict[str, Format] = {}


@dataclass(frozen=True)
class Conversion:
    """What ``convert`` did."""

    source_format: str
    target_format: str
    n_items: int
    n_answers: int
    n_marks: int
    n_negatives: int
    """Answers that say that there is nothing to mark."""
    not_carried: Mapping[str, int] = field(default_factory=dict)
    """What the target has no place for, with the number of items, answers or marks that had it; empty: nothing lost."""


def convert(
    source: StrPath, target: StrPath, from_: str | None = None, to: str | None = None, *, strict: bool = False
) -> Conversion:
    """Writes what is in ``source`` to ``target`` in another format.

    Parameters
    ----------
    source, target
        Files, or folders for the formats that are folders. Nothing is written if the call raises.
    from_, to
        Names of ``FORMATS``; default by the file's ending and, for the source, its beginning.
    strict
        Refuse whatever the target cannot carry. Default: refuse marks and answers that it cannot carry, list the rest
        in ``not_carried``.

    Raises
    ------
    InvalidArgument
        A format that is not known, a file that is not in its format (with the line), what the target cannot carry.
    OSError
        A file that cannot be read or written.
    """
    raise NotImplementedError
