"""The columns of a table as numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gtlabel._core import InvalidArgument

MOST_CATEGORIES = 256


def table_features(columns: Mapping[str, Sequence[Any]]) -> tuple[NDArray[np.float32], list[str]]:
    """(n_rows, n_features) float32, and a name per feature.

    A column of numbers (or of texts that are numbers) is taken as it is; where some are missing (None, "", NaN) they
    become the median, and a column of its own tells which. Any other column becomes one column of 0 and 1 for each of
    its values, at most 256 of them: more are names or prose, not categories.
    """
    if not columns:
        raise InvalidArgument("columns: none given, expected at least one")
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) != 1:
        raise InvalidArgument(f"columns: of different lengths {lengths}, expected one value per row")
    parts: list[NDArray[np.float32]] = []
    names: list[str] = []
    for name, values in columns.items():
        numbers = _numbers(values)
        part, features = _number_columns(name, numbers) if numbers is not None else _category_columns(name, values)
        parts.append(part)
        names += features
    return np.concatenate(parts, axis=1), names


def _is_missing(value: Any) -> bool:
    return value is None or value != value or (isinstance(value, str) and not value.strip())


def _numbers(values: Sequence[Any]) -> NDArray[np.float64] | None:
    """The column as numbers, NaN where there is none; None if it holds something else, or nothing."""
    numbers = np.full(len(values), np.nan)
    for row, value in enumerate(values):
        if _is_missing(value):
            continue
        try:
            numbers[row] = float(value)
        except (TypeError, ValueError):
            return None
    return None if np.isnan(numbers).all() else numbers


def _number_columns(name: str, numbers: NDArray[np.float64]) -> tuple[NDArray[np.float32], list[str]]:
    too_large = np.flatnonzero(np.abs(numbers) > np.finfo(np.float32).max)
    if len(too_large):
        row = too_large[0]
        raise InvalidArgument(
            f"column {name!r}: row {row} is {numbers[row]}, expected a number in the range of float32"
        )
    is_missing = np.isnan(numbers)
    if not is_missing.any():
        return numbers[:, None].astype(np.float32), [name]
    filled = np.where(is_missing, np.nanmedian(numbers), numbers)
    return np.column_stack([filled, is_missing]).astype(np.float32), [name, f"{name} is missing"]


def _category_columns(name: str, values: Sequence[Any]) -> tuple[NDArray[np.float32], list[str]]:
    texts = np.asarray(["" if _is_missing(value) else str(value) for value in values], dtype=np.str_)
    categories, codes = np.unique(texts, return_inverse=True)
    if len(categories) > MOST_CATEGORIES:
        raise InvalidArgument(
            f"column {name!r}: {len(categories):,} different values in {len(values):,} rows, expected numbers or "
            f"at most {MOST_CATEGORIES} categories; leave it out, or take it as text"
        )
    one_hot = np.zeros((len(values), len(categories)), dtype=np.float32)
    one_hot[np.arange(len(values)), codes.reshape(-1)] = 1.0
    return one_hot, [f"{name}={category}" for category in categories]
