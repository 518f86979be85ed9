"""The form in which annotations travel from one file format to another."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gtlabel._core import InvalidArgument

HUMAN, AUTO = "human", "auto"
SKIP, UNSURE, NONE_OF_THESE = "skip", "unsure", "none of these"
SPECIAL_SAYINGS = (SKIP, UNSURE, NONE_OF_THESE)

LARGEST_CLASS_ID = 2**31 - 1  # of a class: what every table has a place for

Fields = Mapping[str, Any]


@dataclass(frozen=True)
class Choice:
    """A class of the whole item; several of them in one answer are a label set."""

    label: str
    confidence: float | None = None
    id: str | int | None = None
    attributes: Fields = field(default_factory=dict)


@dataclass(frozen=True)
class Box:
    """x1 <= x2 and y1 <= y2 from the upper left corner; turned clockwise by ``rotation`` degrees about its centre."""

    label: str
    x1: float
    y1: float
    x2: float
    y2: float
    confidence: float | None = None
    rotation: float = 0.0
    id: str | int | None = None
    attributes: Fields = field(default_factory=dict)


@dataclass(frozen=True)
class Polygon:
    """One object in one or several parts, each a closed line of points (x, y)."""

    label: str
    parts: tuple[tuple[tuple[float, float], ...], ...]
    confidence: float | None = None
    id: str | int | None = None
    attributes: Fields = field(default_factory=dict)


@dataclass(frozen=True)
class Mask:
    """Pixels of one object, as lengths of runs down the columns, of background and object in turn (COCO's)."""

    label: str
    height: int
    width: int
    runs: tuple[int, ...]
    confidence: float | None = None
    id: str | int | None = None
    attributes: Fields = field(default_factory=dict)

    @classmethod
    def from_array(cls, label: str, pixels: NDArray[Any], **others: Any) -> Mask:
        """Of a boolean (height, width) array."""
        height, width = pixels.shape
        return cls(label, height, width, runs_of(np.asarray(pixels, dtype=bool).T.ravel()), **others)

    def to_array(self) -> NDArray[np.bool_]:
        """A boolean (height, width) array."""
        pixels: NDArray[np.bool_] = pixels_of(self.runs, self.height * self.width).reshape(self.width, self.height).T
        return pixels


@dataclass(frozen=True)
class Span:
    """The characters start .. end - 1 of the item's text."""

    label: str
    start: int
    end: int
    confidence: float | None = None
    id: str | int | None = None
    attributes: Fields = field(default_factory=dict)


@dataclass(frozen=True)
class Other:
    """What gtlabel has no form for, kept as it was for the format that it came from."""

    format: str
    content: Fields
    id: str | int | None = None


Mark = Choice | Box | Polygon | Mask | Span | Other


@dataclass(frozen=True)
class Answer:
    """What one worker or machine said about an item. Without marks and ``special``: that there is nothing to mark."""

    marks: tuple[Mark, ...] = ()
    worker: str = ""
    """"": not told."""
    source: str = HUMAN
    """"human" or "auto"."""
    model: str = ""
    """Version of the machine that said it."""
    confidence: float | None = None
    """Of the answer as a whole."""
    seconds: float | None = None
    special: str = ""
    """"skip", "unsure" or "none of these"."""
    is_gold: bool = False
    id: str | int | None = None
    fields: Fields = field(default_factory=dict)
    """What else the file said, by name."""


@dataclass(frozen=True)
class Item:
    """A thing to label, with all that was said about it; without answers nobody has looked at it."""

    id: str | int
    answers: tuple[Answer, ...] = ()
    image: str | None = None
    """Path or address."""
    text: str | None = None
    width: int | None = None
    height: int | None = None
    unit: str = "pixel"
    """Of coordinates: "pixel", or "fraction" of the image's sides where their length is not known."""
    fields: Fields = field(default_factory=dict)


@dataclass(frozen=True)
class Annotations:
    """Items and the names of all classes, in order."""

    items: tuple[Item, ...]
    classes: tuple[str, ...] = ()
    class_ids: Mapping[str, int] = field(default_factory=dict)
    """Numbers of classes by name, where a file does not count them off."""
    class_fields: Mapping[str, Fields] = field(default_factory=dict)
    """What else a file says of its classes, by the name of the class: COCO's supercategories."""
    file_fields: Fields = field(default_factory=dict)
    """What a file says beside items and classes, by name: COCO's info and licenses."""
    not_read: Mapping[str, int] = field(default_factory=dict, compare=False)
    """What the file said that has no place here, by name, with how often."""

    @classmethod
    def of(
        cls, items: Sequence[Item], classes: Sequence[str] = (), *, not_read: Mapping[str, int] | None = None
    ) -> Annotations:
        """With the classes given, and behind them those that the marks name, in order of appearance."""
        named = (mark.label for item in items for mark in marks_of(item) if not isinstance(mark, Other))
        told = {name: count for name, count in (not_read or {}).items() if count}
        return cls(tuple(items), tuple(dict.fromkeys(itertools.chain(classes, named))), not_read=told)

    def with_class_ids(self, given: Iterable[tuple[str, Any]], first: int) -> Annotations:
        """With the numbers that a file gives its classes, unless it counts them off from ``first``.

        Second numbers of a name, second names of a number and what is no number of a class are not read.
        """
        ids: dict[str, int] = {}
        taken: set[int] = set()
        pairs = dict.fromkeys(given)
        for name, number in pairs:
            if isinstance(number, int) and 0 <= number <= LARGEST_CLASS_ID and name not in ids and number not in taken:
                ids[name] = number
                taken.add(number)
        n_lost = len(pairs) - len(ids)
        not_read = {**self.not_read, **({"class ids": n_lost} if n_lost else {})}
        is_counted_off = ids == {name: number for number, name in enumerate(self.classes, start=first)}
        return dataclasses.replace(self, class_ids={} if is_counted_off else ids, not_read=not_read)

    def class_ids_from(self, first: int) -> dict[str, int]:
        """A number for each class: the one that it has, or the next free one from ``first`` on."""
        taken = set(self.class_ids.values())
        free = (number for number in itertools.count(first) if number not in taken)
        return {name: self.class_ids[name] if name in self.class_ids else next(free) for name in self.classes}

    def __len__(self) -> int:
        return len(self.items)

    def __repr__(self) -> str:
        n_answers = sum(len(item.answers) for item in self.items)
        n_marks = sum(1 for item in self.items for _ in marks_of(item))
        return (
            f"Annotations({len(self.items)} items, {n_answers} answers, {n_marks} marks, {len(self.classes)} classes)"
        )


def marks_of(item: Item) -> Iterator[Mark]:
    """Of all answers."""
    return itertools.chain.from_iterable(answer.marks for answer in item.answers)


def known(value: Any) -> float | None:
    """A number of a file; None where there is none, NaN among them."""
    number = None if value is None else float(value)
    return None if number is None or math.isnan(number) else number


def runs_of(pixels: NDArray[np.bool_]) -> tuple[int, ...]:
    """Lengths of the runs of a line of pixels, the first of background; so it may be 0."""
    if not len(pixels):
        return ()
    changes = np.flatnonzero(np.diff(pixels)) + 1
    lengths = np.diff(np.concatenate([[0], changes, [len(pixels)]])).tolist()
    return tuple([0, *lengths] if pixels[0] else lengths)


def pixels_of(runs: Sequence[int], n_pixels: int) -> NDArray[np.bool_]:
    """The line of pixels that ``runs_of`` was given."""
    if any(run < 0 for run in runs) or sum(runs) != n_pixels:
        raise InvalidArgument(f"mask: runs of {sum(runs)} pixels given, expected {n_pixels} in runs of 0 or more")
    is_object = np.arange(len(runs)) % 2 == 1
    return np.repeat(is_object, np.asarray(runs, dtype=np.int64))


def centre_of_rotation(box: Box) -> tuple[float, float]:
    return (box.x1 + box.x2) / 2, (box.y1 + box.y2) / 2
