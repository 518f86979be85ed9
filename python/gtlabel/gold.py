"""Items whose class the host knows, as a job takes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from typing import Any

import numpy as np

from gtlabel._core import InvalidArgument, InvalidType, UnknownClass


def gold_labels(gold: Any, classes: list[str], ids: list[str], are_ids_numbers: bool) -> tuple[list[int], list[int]]:
    """Items and class indices of a mapping from index or id to class, or of two sequences."""
    if gold is None:
        return [], []
    items, labels = _columns(gold)
    if are_ids_numbers and not isinstance(gold, tuple) and not all(isinstance(item, str) for item in items):
        raise InvalidArgument(
            "gold: whole numbers given where the job's ids are whole numbers too, expected ids as text, "
            "{str(id): label, ..}, or indices as (items, classes)"
        )
    index_of_id = {name: index for index, name in enumerate(ids)} if any(isinstance(i, str) for i in items) else {}
    index_of_class = {name: index for index, name in enumerate(classes)}
    return (
        [_item(item, index_of_id) for item in items],
        [_class(label, item, index_of_class) for label, item in zip(labels, items, strict=True)],
    )


def _columns(gold: Any) -> tuple[list[Any], list[Any]]:
    if getattr(gold, "ndim", 1) == 2:
        kind = type(gold).__name__
        raise InvalidType(f"gold: {kind} given, expected a mapping from item to class, or a tuple (items, classes)")
    if isinstance(gold, Mapping) or (hasattr(gold, "items") and hasattr(gold, "keys")):  # pandas' Series too
        pairs = list(gold.items())
        return [item for item, _ in pairs], [label for _, label in pairs]
    if not isinstance(gold, tuple) or len(gold) != 2:
        kind = type(gold).__name__
        raise InvalidType(f"gold: {kind} given, expected a mapping from item to class, or a tuple (items, classes)")
    items, labels = (_column(column, gold) for column in gold)
    if len(items) != len(labels):
        raise InvalidArgument(f"gold: {len(items)} items and {len(labels)} classes given, expected equally many")
    return items, labels


def _column(column: Any, gold: Any) -> list[Any]:
    """The column's values as they are: those of a list must not become of one kind."""
    is_sequence = isinstance(column, Iterable) and not isinstance(column, str | bytes | Mapping | Set)
    if not is_sequence or getattr(column, "ndim", 1) != 1:
        raise InvalidType(f"gold: {gold!r} given, expected two sequences, (items, classes)")
    as_list = getattr(column, "to_pylist", None)  # Arrow's
    return list(as_list() if as_list else column)


def _item(item: Any, index_of_id: dict[str, int]) -> int:
    if isinstance(item, str):
        if item in index_of_id:
            return index_of_id[item]
        if not index_of_id:
            raise InvalidArgument(f"gold: item {item!r} given, expected an index (int): the job has no ids")
        raise InvalidArgument(f"gold: item {item!r} given, which is none of the job's {len(index_of_id)} ids")
    if isinstance(item, int | np.integer) and not isinstance(item, bool):
        if not -(2**63) <= item < 2**63:
            raise InvalidArgument(f"gold: item {item} given, expected an index into the pool")
        return int(item)
    raise InvalidType(f"gold: item {item!r} given, expected an index (int) or an id (str)")


def _class(label: Any, item: Any, index_of_class: dict[str, int]) -> int:
    if isinstance(label, str):
        if label in index_of_class:
            return index_of_class[label]
        raise UnknownClass(f"gold: item {item!r} is {label!r}, which is none of the {len(index_of_class)} classes")
    if isinstance(label, int | np.integer) and not isinstance(label, bool):
        if not 0 <= label < len(index_of_class):
            expected = f"expected 0 to {len(index_of_class) - 1}"
            raise UnknownClass(f"gold: item {item!r} is of class {label}, {expected}")
        return int(label)
    raise InvalidType(f"gold: item {item!r} is {label!r}, expected a class name (str) or a class index (int)")
