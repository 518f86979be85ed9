"""Tables that users have: CSV, JSON Lines and manifests, as rows with named columns."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TextIO

from gtlabel import InvalidArgument

_LINE_ENDINGS = (".jsonl", ".ndjson", ".manifest", ".json")
_MAX_COLUMNS_SHOWN = 12


@dataclass(frozen=True)
class Table:
    """Rows of a file. In a CSV every value is a str, "" where the cell is empty; in JSON Lines whatever JSON has."""

    path: Path
    is_lines: bool
    """JSON Lines or a manifest, not CSV."""
    columns: list[str]
    rows: list[dict[str, Any]]
    line_numbers: list[int]
    places: list[int]
    """Of the rows among those of the file, from 0."""
    n_in_file: int

    def subset(self, rows: Sequence[int]) -> Table:
        """Some of the rows, in the order given."""
        return replace(
            self,
            rows=[self.rows[row] for row in rows],
            line_numbers=[self.line_numbers[row] for row in rows],
            places=[self.places[row] for row in rows],
        )

    def __len__(self) -> int:
        return len(self.rows)

    def column(self, name: str, option: str) -> list[Any]:
        """The values of a column, None where a row has none; the option is for the message."""
        if name not in self.columns:
            shown = ", ".join(self.columns[:_MAX_COLUMNS_SHOWN]) + (", ..." * (len(self.columns) > _MAX_COLUMNS_SHOWN))
            raise InvalidArgument(f"{self.path}: no column {name!r} (given by {option}), expected one of: {shown}")
        return [row.get(name) for row in self.rows]

    def first_of(self, names: tuple[str, ...]) -> str | None:
        """The first of the names that is a column, in any case; None if none is."""
        by_name = {column.strip().lower(): column for column in reversed(self.columns)}
        return next((by_name[name] for name in names if name in by_name), None)

    def where(self, row: int) -> str:
        """File and line of a row, for messages."""
        return f"{self.path}:{self.line_numbers[row]}"


def read_table(path: str | Path, *, is_lines: bool | None = None) -> Table:
    """The table in a file, JSON Lines or CSV; by default its ending says which (.jsonl, .ndjson, .manifest: lines)."""
    path = Path(path)
    if is_lines is None:
        is_lines = path.suffix.lower() in _LINE_ENDINGS
    read = _read_lines if is_lines else _read_csv
    try:
        table = read(path)
    except UnicodeDecodeError as error:
        raise InvalidArgument(f"{path}: byte {error.start} is not UTF-8, expected a file in UTF-8") from None
    if not table.rows:
        raise InvalidArgument(f"{path}: no rows, expected at least one")
    return table


def _read_csv(path: Path) -> Table:
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    with open(path, encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter=_delimiter(path, file), strict=True)
        numbered = _numbered(path, reader)
        _, header = next(numbered, (0, []))
        header = [name.strip() for name in header]
        twice = {name for name in header if header.count(name) > 1}
        if not any(header) or twice:
            named = f"the column {twice.pop()!r} twice" if twice else "no header"
            raise InvalidArgument(f"{path}:1: {named}, expected a first line with the names of the columns")
        rows, line_numbers = [], []
        for line, cells in numbered:
            if not cells:
                continue
            if len(cells) != len(header):
                raise InvalidArgument(f"{path}:{line}: {len(cells)} cells, expected {len(header)} as in the first line")
            rows.append(dict(zip(header, cells, strict=True)))
            line_numbers.append(line)
    return Table(path, False, header, rows, line_numbers, list(range(len(rows))), len(rows))


def _delimiter(path: Path, file: TextIO) -> str:
    """What separates the names of the first line: tabs in a .tsv; else commas, or semicolons if there are no commas."""
    first = file.readline()
    file.seek(0)
    if path.suffix.lower() in (".tsv", ".tab"):
        return "\t"
    return max(",;\t", key=lambda mark: (first.count(mark) > 0, -",;\t".index(mark)))


def _numbered(path: Path, reader: Any) -> Iterator[tuple[int, list[str]]]:
    """Rows with the line on which each begins."""
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise InvalidArgument(f"{path}:{line}: not CSV ({error})") from None
        yield line, cells


def _read_lines(path: Path) -> Table:
    columns: dict[str, None] = {}
    rows, line_numbers = [], []
    with open(path, encoding="utf-8-sig", newline="\n") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            row = json_object(line, f"{path}:{number}")
            columns.update(dict.fromkeys(row))
            rows.append(row)
            line_numbers.append(number)
    return Table(path, True, list(columns), rows, line_numbers, list(range(len(rows))), len(rows))


def json_object(text: str, where: str) -> dict[str, Any]:
    """The object in a line of JSON."""
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise InvalidArgument(f"{where}: not JSON ({error.msg} at column {error.colno})") from None
    except (ValueError, RecursionError) as error:
        raise InvalidArgument(f"{where}: not JSON that can be read ({error})") from None
    if not isinstance(value, dict):
        raise InvalidArgument(f"{where}: {type(value).__name__} given, expected a JSON object")
    return value
