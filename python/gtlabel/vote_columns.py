"""Columns of votes in whatever form they come, as codes for the core."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gtlabel import _core
from gtlabel._core import InvalidArgument, InvalidType, UnknownClass

NAMES = {"item": ("item", "task"), "worker": ("worker",), "answer": ("answer", "label")}
NO_GOLD = -1
_ROWS_SHOWN = 5


class Votes:
    """Three columns of equal length as codes, with the ids that the codes stand for."""

    def __init__(self, items: Any, workers: Any, answers: Any, classes: Sequence[Any] | None) -> None:
        if workers is None and answers is None:
            items, workers, answers = columns_of(items, NAMES)
        item_values, answer_values = column(items, "items"), column(answers, "answers")
        worker_values = np.zeros(len(item_values), dtype=np.int64) if workers is None else column(workers, "workers")
        lengths = len(item_values), len(worker_values), len(answer_values)
        if len(set(lengths)) != 1:
            raise InvalidArgument(
                f"votes: {lengths[0]} items, {lengths[1]} workers and {lengths[2]} answers given, expected one per vote"
            )
        if not lengths[0]:
            raise InvalidArgument("votes: an empty table given, expected at least one vote")
        self.items, self.item_codes = encode(item_values, "items")
        self.workers, self.worker_codes = encode(worker_values, "workers")
        self.classes, self.answer_codes = encode_answers(answer_values, classes)

    def codes_of(self, answers: Sequence[Any], where: str) -> NDArray[np.int32]:
        """Class indices of some answers."""
        known = {name: index for index, name in enumerate(self.classes.tolist())}
        return np.array([_lookup(known, answer, where) for answer in answers], dtype=np.int32)

    def item_index(self) -> dict[Any, int]:
        return {item: index for index, item in enumerate(self.items.tolist())}


def _lookup(known: dict[Any, int], answer: Any, where: str) -> int:
    if answer not in known:
        raise UnknownClass(f"{where}: {answer!r} is none of the classes {list(known)}")
    return known[answer]


def columns_of(table: Any, columns: Mapping[str, Sequence[str]]) -> list[Any]:
    """The columns of a data frame, an Arrow table, a mapping of columns; each may have several names."""
    if not hasattr(table, "__getitem__") and hasattr(table, "__arrow_c_stream__"):
        import pyarrow as pa

        table = pa.table(table)
    names = getattr(table, "column_names", None)
    names = names if names is not None else getattr(table, "columns", table)
    if not isinstance(table, dict) and not hasattr(table, "column_names") and not hasattr(table, "columns"):
        raise InvalidType(
            f"votes: {type(table).__name__} given, expected columns or a table with the columns {', '.join(columns)}"
        )
    present = set(names)
    chosen = []
    for name, synonyms in columns.items():
        found = [synonym for synonym in synonyms if synonym in present]
        if not found:
            raise InvalidArgument(f"votes: no column {name!r} in {sorted(map(str, present))}")
        chosen.append(table[found[0]])
    return chosen


def column(values: Any, name: str) -> NDArray[Any]:
    """One-dimensional and without missing values."""
    missing = None
    if hasattr(values, "isna"):  # pandas, whose NA has no truth value
        missing = np.asarray(values.isna())
    if hasattr(values, "to_numpy"):
        values = values.to_numpy()
    if not isinstance(values, np.ndarray):
        values = array_of(values, name)
    if values.ndim != 1:
        raise InvalidArgument(f"{name}: {values.ndim} dimensions given, expected 1")
    if missing is None:
        missing = _missing(values)
    column: NDArray[Any] = values
    if missing.any():
        rows = np.flatnonzero(missing)
        shown = ", ".join(map(str, rows[:_ROWS_SHOWN])) + (", ..." if len(rows) > _ROWS_SHOWN else "")
        raise InvalidArgument(f"{name}: no value in {len(rows)} of {len(values)} rows ({shown}); leave such rows out")
    return column


def array_of(values: Any, name: str) -> NDArray[Any]:
    """A sequence as it is: numpy would make one text of 1, "a" and nan."""
    if isinstance(values, str | bytes) or not hasattr(values, "__iter__"):
        raise InvalidType(f"{name}: {type(values).__name__} given, expected a sequence")
    listed = list(values)
    if {type(value) for value in listed} in ({int}, {str}, {bool}):
        array = np.asarray(listed)
        if array.dtype != object:
            return array
    array = np.empty(len(listed), dtype=object)
    array[:] = listed
    return array


def _missing(values: NDArray[Any]) -> NDArray[np.bool_]:
    if values.dtype.kind in "fmM":
        missing: NDArray[np.bool_] = np.isnan(values)
        return missing
    if values.dtype == object:
        return np.fromiter(
            (value is None or (isinstance(value, float) and value != value) for value in values), bool, len(values)
        )
    return np.zeros(len(values), dtype=bool)


def encode(values: NDArray[Any], name: str) -> tuple[NDArray[Any], NDArray[np.int32]]:
    """Distinct values in order of first appearance, and the number of the value per row."""
    kind = values.dtype.kind
    if kind in "US" and values.dtype.itemsize != 8:
        rows, codes = _core._encode(np.ascontiguousarray(values))
    elif kind in "US":  # eight bytes are taken for a number, which is as good
        rows, codes = _core._encode(np.ascontiguousarray(values).view(np.int64))
    elif kind in "iub":
        rows, codes = _core._encode(
            np.ascontiguousarray(values.astype(np.uint64 if kind == "u" else np.int64, copy=False))
        )
    elif kind == "f":
        rows, codes = _core._encode(np.ascontiguousarray(values.astype(np.float64) + 0.0).view(np.int64))
    elif kind in "mM":
        rows, codes = _core._encode(np.ascontiguousarray(values).view(np.int64))
    else:
        return _encode_objects(values, name)
    return values[rows], codes


def _encode_objects(values: NDArray[Any], name: str) -> tuple[NDArray[Any], NDArray[np.int32]]:
    known: dict[Any, int] = {}
    try:
        codes = np.fromiter((known.setdefault(value, len(known)) for value in values), np.int32, len(values))
    except TypeError as error:
        raise InvalidType(f"{name}: {error}; expected values that can be compared") from None
    return array_of(known, name), codes


def encode_answers(
    values: NDArray[Any],
    classes: Sequence[Any] | None,
    name: str = "answers",
    rows: NDArray[np.int64] | None = None,
) -> tuple[NDArray[Any], NDArray[np.int32]]:
    """Codes into the classes given, or into the answers that there are, sorted if they can be. ``rows``: the row of
    each value in what the user gave; default: its position."""
    found, codes = encode(values, name)
    if classes is None:
        try:
            order = sorted(range(len(found)), key=found.tolist().__getitem__)
        except TypeError:
            order = list(range(len(found)))
        rank = np.empty(len(found), dtype=np.int32)
        rank[order] = np.arange(len(found), dtype=np.int32)
        return found[order], rank[codes]
    names = array_of(classes, "classes")
    known = {name: index for index, name in enumerate(names.tolist())}
    if len(known) != len(names):
        raise InvalidArgument("classes: a class is named twice")
    for code, answer in enumerate(found.tolist()):
        if answer not in known:
            place = int(np.argmax(codes == code))
            row = place if rows is None else int(rows[place])
            raise UnknownClass(f"{name}: row {row} has {answer!r}, which is none of the classes {list(known)}")
    rank = np.array([known[answer] for answer in found.tolist()], dtype=np.int32)
    return names, rank[codes]
