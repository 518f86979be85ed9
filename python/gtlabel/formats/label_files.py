"""Labels of a job in files and frames: out, and in again."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gtlabel.answers import NONE_OF_THESE, SPECIAL_NAMES
from gtlabel.formats.column_files import ColumnFile, columns_of_table, read_columns, write_columns
from gtlabel.formats.file_text import StrPath, fault
from gtlabel.labels import Labels

_LARGEST = {np.int32: 2**31 - 1, np.int64: 2**63 - 1}


def write_labels(labels: Labels, path: StrPath) -> None:
    """All columns to a .csv, .jsonl or .parquet file (for that pyarrow), whole or not at all.

    ``read_labels`` gives the same again. A confidence that is not known (NaN) is an empty field, or null.
    """
    write_columns(dict(labels), path)


def read_labels(source: Any, classes: Sequence[str] | None = None) -> Labels:
    """The labels of a file of ``write_labels``, or of somebody else's table with a column ``label``.

    Parameters
    ----------
    source
        Path of a .csv, .jsonl or .parquet file; or a frame of pandas or polars, an Arrow table, a mapping of columns.
        Columns that are missing: ``item`` is the number of the row, ``id`` the item, ``class_index`` the place in
        ``classes``, ``source`` "human", ``confidence`` NaN, ``round`` 0.
    classes
        Names in the order of class indices, where the table has none; default: those there are, sorted.

    Raises
    ------
    FormatError
        No column ``label``, values that are not of the column's kind, an item or an id twice; with file and line.
    """
    return labels_of_columns(read_columns(source) if _is_path(source) else columns_of_table(source), classes)


def labels_of_columns(table: ColumnFile, classes: Sequence[str] | None = None) -> Labels:
    if not table.columns:  # an empty file of JSON Lines
        table = dataclasses.replace(table, columns={"label": []})
    if "label" not in table:
        raise fault(table.path, "", f"columns {list(table.columns)} given, expected one called 'label'")
    n = len(table)
    names = texts(table, "label")
    item = whole_numbers(table, "item", np.int64, least=0) if "item" in table else np.arange(n, dtype=np.int64)
    _require_distinct(table, "item", item.tolist())
    labels = Labels(
        item=item,
        id=ids(table, "id") if "id" in table else item,
        label=np.asarray(names, dtype=np.str_),
        class_index=_class_indices(table, names, classes),
        source=np.asarray(_sources(table), dtype=np.str_),
        confidence=_confidences(table),
        round=whole_numbers(table, "round", np.int32, 0) if "round" in table else np.zeros(n, dtype=np.int32),
    )
    _require_distinct(table, "id", labels.id.tolist())
    return labels


def _is_path(source: Any) -> bool:
    return isinstance(source, str) or hasattr(source, "__fspath__")


def texts(table: ColumnFile, name: str) -> list[str]:
    """A column of texts; numbers are taken for their names."""
    found = []
    for row, value in enumerate(table.columns[name]):
        if value is None or isinstance(value, list | dict | bytes):
            raise table.fault(row, f"{name} {value!r} given, expected a text")
        found.append(value if isinstance(value, str) else str(value))
    return found


def ids(table: ColumnFile, name: str) -> NDArray[Any]:
    """A column of ids: whole numbers if all are, else texts."""
    values = table.columns[name]
    if values and all(type(value) is int or (isinstance(value, str) and _is_index(value)) for value in values):
        return np.asarray([int(value) for value in values], dtype=np.int64)
    return np.asarray(texts(table, name), dtype=np.str_)


def _is_index(text: str) -> bool:
    # As Python writes it: "07", "+7" and " 7" are names.
    return text.isascii() and text.isdigit() and len(text) < 19 and (text[0] != "0" or text == "0")


def numbers(table: ColumnFile, name: str) -> NDArray[np.float64]:
    """A column of numbers, NaN where there is none or no such column."""
    column = np.full(len(table), np.nan)
    for row, value in enumerate(table.columns.get(name, ())):
        if value is None or value == "":
            continue
        try:
            if isinstance(value, bool):
                raise ValueError
            column[row] = float(value)
        except (TypeError, ValueError, OverflowError):
            raise table.fault(row, f"{name} {value!r} given, expected a number") from None
    return column


def _confidences(table: ColumnFile) -> NDArray[np.float32]:
    column = numbers(table, "confidence")
    too_large = np.flatnonzero(np.abs(column) > np.finfo(np.float32).max)
    if len(too_large):
        raise table.fault(int(too_large[0]), f"confidence {column[too_large[0]]} given, expected 0 to 1")
    return column.astype(np.float32)


def whole_numbers(table: ColumnFile, name: str, kind: Any, least: int) -> NDArray[Any]:
    column = np.zeros(len(table), dtype=kind)
    for row, value in enumerate(table.columns[name]):
        try:
            if isinstance(value, bool) or (isinstance(value, float) and value != int(value)):
                raise ValueError
            number = int(value)
        except (TypeError, ValueError, OverflowError):
            raise table.fault(row, f"{name} {value!r} given, expected a whole number") from None
        if not least <= number <= _LARGEST[kind]:
            raise table.fault(row, f"{name} {number} given, expected {least} to {_LARGEST[kind]}")
        column[row] = number
    return column


def _sources(table: ColumnFile) -> list[str]:
    if "source" not in table:
        return ["human"] * len(table)
    sources = texts(table, "source")
    for row, source in enumerate(sources):
        if source not in ("human", "auto"):
            raise table.fault(row, f"source {source!r} given, expected 'human' or 'auto'")
    return sources


def _class_indices(table: ColumnFile, names: list[str], classes: Sequence[str] | None) -> NDArray[np.int32]:
    if "class_index" in table:
        indices: NDArray[np.int32] = whole_numbers(table, "class_index", np.int32, -len(SPECIAL_NAMES))
        _require_one_name_each(table, names, indices.tolist())
        return indices
    order = list(classes) if classes is not None else sorted(set(names))
    place_of = {name: index for index, name in enumerate(order)}
    for row, name in enumerate(names):
        if name not in place_of and name != SPECIAL_NAMES[NONE_OF_THESE.code]:
            raise table.fault(row, f"label {name!r} given, expected one of the classes {order}")
    return np.asarray([place_of.get(name, NONE_OF_THESE.code) for name in names], dtype=np.int32)


def _require_one_name_each(table: ColumnFile, names: list[str], indices: list[int]) -> None:
    name_of: dict[int, str] = {}
    for row, (name, index) in enumerate(zip(names, indices, strict=True)):
        if name_of.setdefault(index, name) != name:
            raise table.fault(row, f"class {index} is called {name!r}, but {name_of[index]!r} before")


def _require_distinct(table: ColumnFile, name: str, values: list[Any]) -> None:
    if len(set(values)) == len(values):
        return
    seen = set()
    for row, value in enumerate(values):
        if value in seen:
            raise table.fault(row, f"{name} {value!r} twice, expected one row per item")
        seen.add(value)
