"""Tables of columns as CSV, JSON Lines and Parquet."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gtlabel._core import FormatError, InvalidArgument, InvalidType
from gtlabel.formats.file_text import StrPath, fault, parse_json, read_text, write_bytes, write_text

KINDS = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}
_MUST_BE_QUOTED = frozenset(',"\r\n')


@dataclass(frozen=True)
class ColumnFile:
    """What is in a file: every column a list, None where there is no value, and the place of each row."""

    path: str
    columns: dict[str, list[Any]]
    rows_are: str
    """What the file has its rows in: "line", or "row"."""
    places: list[int]

    def __len__(self) -> int:
        return len(self.places)

    def __contains__(self, name: str) -> bool:
        return name in self.columns

    def fault(self, row: int, what: str) -> FormatError:
        return fault(self.path, f"{self.rows_are} {self.places[row]}", what)

    def name_of(self, *names: str) -> str | None:
        """The first of these that is a column."""
        return next((name for name in names if name in self.columns), None)


def kind_of(path: StrPath, kind: str | None = None) -> str:
    """csv, jsonl or parquet, by the ending unless it is given."""
    found = kind or KINDS.get(Path(path).suffix.lower())
    if found not in KINDS.values():
        raise InvalidArgument(f"{path}: ending {Path(path).suffix!r} given, expected one of {', '.join(KINDS)}")
    return str(found)


def write_columns(columns: Mapping[str, Any], path: StrPath, kind: str | None = None) -> None:
    kind = kind_of(path, kind)
    if kind == "parquet":
        _write_parquet(columns, path)
        return
    lists = {name: _plain(values) for name, values in columns.items()}
    write_text(path, _csv_text(lists) if kind == "csv" else _json_lines_text(lists))


def read_columns(path: StrPath, kind: str | None = None) -> ColumnFile:
    kind = kind_of(path, kind)
    if kind == "parquet":
        return _read_parquet(path)
    return _read_csv(path) if kind == "csv" else _read_json_lines(path)


def columns_of_table(table: Any) -> ColumnFile:
    """Of a frame of pandas or polars, an Arrow table, a Hugging Face dataset or a mapping of columns."""
    if hasattr(table, "column_names"):  # Arrow, Hugging Face
        names = list(table.column_names)
    elif hasattr(table, "columns"):  # pandas, polars
        names = list(table.columns)
    elif hasattr(table, "keys"):
        names = list(table.keys())
    elif hasattr(table, "__arrow_c_stream__"):
        return columns_of_table(pyarrow().table(table))
    else:
        raise InvalidType(f"table: {type(table).__name__} given, expected a table of columns")
    columns = {str(name): _plain(table[name]) for name in names}
    lengths = {len(values) for values in columns.values()}
    if len(lengths) > 1:
        raise InvalidArgument(f"table: columns of {sorted(lengths)} rows given, expected one length")
    return ColumnFile("table", columns, "row", list(range(max(lengths, default=0))))


def pyarrow() -> Any:
    try:
        import pyarrow
    except ImportError:
        raise ImportError("Parquet and Arrow need pyarrow: pip install 'gtlabel[arrow]'") from None
    return pyarrow


def _plain(values: Any) -> list[Any]:
    """As Python's own values; None for those that are missing."""
    if hasattr(values, "isna"):  # pandas
        missing = values.isna()
        return [None if gone else _plain_value(value) for value, gone in zip(values, missing, strict=True)]
    if hasattr(values, "to_pylist"):  # Arrow
        values = values.to_pylist()
    if isinstance(values, np.ndarray) and values.dtype == np.float32:
        # The shortest number that is this float32, rather than the float64 nearest to it.
        return [None if math.isnan(value) else float(str(value)) for value in values]
    listed = values.tolist() if hasattr(values, "tolist") else list(values)
    return [None if isinstance(value, float) and math.isnan(value) else _plain_value(value) for value in listed]


def _plain_value(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _csv_text(columns: Mapping[str, list[Any]]) -> str:
    rows = [columns.keys(), *zip(*columns.values(), strict=True)]
    return "".join(",".join(_csv_field(value) for value in row) + "\n" for row in rows)


def _csv_field(value: Any) -> str:
    # The csv module leaves a lone carriage return bare unless lines end in one, and reads it as the end of a line.
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value) if isinstance(value, list | dict) else str(value)
    return '"' + text.replace('"', '""') + '"' if _MUST_BE_QUOTED & set(text) else text


def _read_csv(path: StrPath) -> ColumnFile:
    text = read_text(path)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows, places = [], []
    try:
        line = 1
        for row in reader:
            if row:
                rows.append(row)
                places.append(line)
            line = reader.line_num + 1
    except csv.Error as error:
        raise fault(path, f"line {reader.line_num}", f"no CSV: {error}") from None
    if not rows:
        raise fault(path, "", "empty, expected a line with the names of the columns")
    names = rows[0]
    if len(set(names)) != len(names):
        raise fault(path, "line 1", f"columns {names} given, expected each name once")
    for row, place in zip(rows[1:], places[1:], strict=True):
        if len(row) != len(names):
            raise fault(path, f"line {place}", f"{len(row)} fields given, expected {len(names)}: {', '.join(names)}")
    columns: Iterable[Any] = zip(*rows[1:], strict=True) if len(rows) > 1 else ([] for _ in names)
    lists = {name: list(column) for name, column in zip(names, columns, strict=True)}
    return ColumnFile(str(path), lists, "line", places[1:])


def _json_lines_text(columns: Mapping[str, list[Any]]) -> str:
    names = list(columns)
    rows = zip(*columns.values(), strict=True)
    return "".join(
        json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False, allow_nan=False) + "\n" for row in rows
    )


def json_lines_of(path: StrPath) -> list[tuple[int, dict[str, Any]]]:
    """The objects of a file of JSON Lines with their line numbers; empty lines are passed over."""
    found = []
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        value = parse_json(path, line, f"line {number}")
        if not isinstance(value, dict):
            raise fault(path, f"line {number}", f"{type(value).__name__} given, expected an object in braces")
        found.append((number, value))
    return found


def _read_json_lines(path: StrPath) -> ColumnFile:
    lines = json_lines_of(path)
    names = dict.fromkeys(name for _, value in lines for name in value)
    columns = {name: [value.get(name) for _, value in lines] for name in names}
    return ColumnFile(str(path), columns, "line", [number for number, _ in lines])


def _write_parquet(columns: Mapping[str, Any], path: StrPath) -> None:
    pa = pyarrow()
    import pyarrow.parquet as parquet

    arrays = {name: pa.array(np.asarray(values)) for name, values in columns.items()}
    stream = io.BytesIO()
    parquet.write_table(pa.table(arrays), stream)
    write_bytes(path, stream.getvalue())


def _read_parquet(path: StrPath) -> ColumnFile:
    pa = pyarrow()
    import pyarrow.parquet as parquet

    content = Path(path).read_bytes()
    try:
        table = parquet.read_table(io.BytesIO(content))
        values = [_plain(table[position]) for position in range(table.num_columns)]
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:  # all of them of bytes that are damaged
        raise fault(path, "", f"no Parquet: {error}") from None
    names = table.column_names
    if len(set(names)) != len(names):
        raise fault(path, "", f"columns {names} given, expected each name once")
    columns = dict(zip(names, values, strict=True))
    return ColumnFile(str(path), columns, "row", list(range(table.num_rows)))
