"""Files that subcommands write: whether they may, before anything else is done, and how."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import gtlabel as gt
from gtlabel.formats.file_text import write_text

_DATABASE = b"SQLite format 3\0"  # how a store begins


def check_outputs(
    outputs: Iterable[tuple[str, str | None]], inputs: Iterable[str | None], *, folders_made: Sequence[str] = ()
) -> None:
    """Refuses files that could not be written at the end, or that would replace an input, a store or each other.

    ``outputs``: options with their paths. ``folders_made``: options whose folder is made when the file is written.
    """
    given = [path for path in inputs if path is not None]
    before: list[tuple[str, str]] = []
    for option, path in outputs:
        if path is None:
            continue
        _check_place(option, Path(path), is_folder_made=option in folders_made)
        check_replaced(option, path, given)
        for other_option, other in before:
            if not _is_stream(path) and is_same_file(path, other):
                raise gt.InvalidArgument(f"{option}: {path} is given as {other_option} too, expected another file")
        before.append((option, path))


def check_replaced(option: str, path: str, inputs: Sequence[str]) -> None:
    """Refuses a file that is an input, a file in a folder that is one, or a store."""
    if _is_stream(path):
        return
    for given in inputs:
        if is_same_file(path, given):
            raise gt.InvalidArgument(f"{option}: {path} is an input too, expected another file")
        if Path(path).is_file() and Path(given).is_dir() and Path(path).resolve().is_relative_to(Path(given).resolve()):
            raise gt.InvalidArgument(f"{option}: {path} is a file of the input {given}, expected another file")
    if Path(path).is_file():
        with open(path, "rb") as file:
            if file.read(len(_DATABASE)) == _DATABASE:
                raise gt.InvalidArgument(f"{option}: {path} is a store or another database, expected another file")


def is_same_file(path: str, other: str) -> bool:
    """Also by another name, and before the file is there."""
    if os.path.exists(path) and os.path.exists(other):
        return os.path.samefile(path, other)
    return os.path.realpath(path) == os.path.realpath(other)


def write_csv(path: str, rows: Iterable[Iterable[Any]]) -> None:
    """Whole or not at all."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    write_text(path, text.getvalue())


def _check_place(option: str, path: Path, *, is_folder_made: bool) -> None:
    folder = path.absolute().parent
    while is_folder_made and not folder.exists():
        folder = folder.parent
    if path.is_dir() or not folder.is_dir():
        raise gt.InvalidArgument(f"{option}: {path} given, expected a file in a folder that is there")
    if _is_stream(path):
        return
    if not os.access(folder, os.W_OK) or (path.exists() and not os.access(path, os.W_OK)):
        raise gt.InvalidArgument(f"{option}: {path} cannot be written")


def _is_stream(path: str | Path) -> bool:
    """A pipe, a terminal or /dev/null: nothing in it can be lost."""
    return os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path)
