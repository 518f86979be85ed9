"""Text files in and out, and errors that say where."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gtlabel._core import FormatError, InvalidArgument

StrPath = str | os.PathLike[str]


def fault(path: StrPath, where: str, what: str) -> FormatError:
    """The error about a place in a file: ``where`` is such as "line 7" or "image 3"; "" for the whole file."""
    return FormatError(f"{os.fspath(path)}{', ' if where else ''}{where}: {what}")


def refusal(path: StrPath, what: str) -> InvalidArgument:
    """The error about what is to be written into a file or folder."""
    return InvalidArgument(f"{os.fspath(path)}: {what}")


def read_text(path: StrPath) -> str:
    """UTF-8, with or without a mark at its beginning; line ends as they are."""
    content = Path(path).read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise fault(path, f"line {line}", f"{error.reason} at byte {error.start}, expected UTF-8") from None


def write_text(path: StrPath, text: str) -> None:
    """Whole or not at all."""
    try:
        content = text.encode()
    except UnicodeEncodeError as error:
        shown = text[max(0, error.start - 10) : error.start + 10]
        raise refusal(path, f"{shown!r} has half a character, expected Unicode text") from None
    write_bytes(path, content)


def write_bytes(path: StrPath, content: bytes) -> None:
    """Whole or not at all; what is no file, such as a pipe, is written to, not replaced."""
    if os.path.exists(path) and not os.path.isfile(path):
        Path(path).write_bytes(content)
        return
    target = Path(os.path.realpath(path))  # a link stays one
    try:
        number, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:50]}.")
    except OSError as error:  # of a name that nobody gave
        raise OSError(error.errno, error.strerror, os.fspath(path)) from None
    try:
        with os.fdopen(number, "wb") as stream:
            stream.write(content)
        os.chmod(name, _mode_of_new_files())
        os.replace(name, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


def _mode_of_new_files() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def parse_json(path: StrPath, text: str, where: str = "") -> Any:
    """The value of a JSON text; errors name the line, or ``where`` instead."""
    try:
        return json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise fault(path, where or f"line {error.lineno}", f"{error.msg} at column {error.colno}") from None
    except (ValueError, RecursionError) as error:
        raise fault(path, where, f"no JSON: {error}") from None


def _no_constant(name: str) -> None:
    # NaN is no JSON, but what many programs write for a number that they do not know.
    if name != "NaN":
        raise ValueError(f"{name} is no number")


def write_folder(folder: StrPath, texts: Mapping[str, str]) -> None:
    """Text files by their names below a folder, which must be new or empty: what lay there would be read with them."""
    root = Path(folder)
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise refusal(folder, "exists and is not an empty folder, expected a new one")
    root.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, text)


def file_name_of(path: StrPath, name: str) -> str:
    """A name from a file that is to become a path below a folder, checked that it stays there."""
    parts = name.split("/")
    if (
        not name
        or "\0" in name
        or "\\" in name
        or name.startswith("/")
        or any(part in ("", ".", "..") for part in parts)
    ):
        raise refusal(path, f"{name!r} given, expected a name that can be a file below the folder")
    if any(len(part.encode(errors="replace")) > 240 for part in parts):
        raise refusal(path, f"{name[:40]!r}... is too long for the name of a file")
    return name
