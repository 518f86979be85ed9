"""What a subcommand prints: text for people, or one JSON document; never both."""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np


def add_json_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of text")


def show(arguments: argparse.Namespace, text: str, document: Mapping[str, Any]) -> None:
    """The result on standard output, as the user asked for it."""
    if arguments.json:
        print(json.dumps(plain(document), ensure_ascii=False, indent=2, allow_nan=False))
    else:
        print(text)


def tell(message: str, end: str = "\n") -> None:
    """A remark for people, on standard error: standard output is the result alone."""
    print(message, file=sys.stderr, flush=True, end=end)


def plain(value: Any) -> Any:
    """The value in JSON's own types: arrays as lists, dataclasses as objects, NaN and infinity as null."""
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    return str(value) if isinstance(value, Path) else value


def columns_of(rows: list[tuple[str, ...]]) -> str:
    """Rows of cells as a table: the first column to the left, the others to the right."""
    if not rows:
        return ""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def has_progress_bar() -> bool:
    """Whether a bar can be drawn: tqdm is there, and a person looks at standard error."""
    if not sys.stderr.isatty():
        return False
    try:
        import tqdm.auto  # noqa: F401
    except ImportError:
        return False
    return True
