"""gtlabel's own file of annotations: JSON Lines that carry everything."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from gtlabel._core import InvalidArgument
from gtlabel.formats.annotations import (
    AUTO,
    HUMAN,
    LARGEST_CLASS_ID,
    SPECIAL_SAYINGS,
    Annotations,
    Answer,
    Box,
    Choice,
    Item,
    Mark,
    Mask,
    Other,
    Polygon,
    Span,
)
from gtlabel.formats.column_files import json_lines_of
from gtlabel.formats.features import FEATURES
from gtlabel.formats.file_text import StrPath, fault, write_text

CARRIES = frozenset(FEATURES)
TITLE = "gtlabel annotations"
_VERSION = 1
_OF_FILE = ("class_ids", "class_fields", "file_fields")
_KINDS: dict[str, type] = {
    "choice": Choice,
    "box": Box,
    "polygon": Polygon,
    "mask": Mask,
    "span": Span,
    "other": Other,
}
_KIND_OF = {kind: name for name, kind in _KINDS.items()}


def write_annotations(annotations: Annotations, path: StrPath) -> None:
    """A line with the classes, then one line per item; what has its default is left out."""
    head: dict[str, Any] = {"format": TITLE, "version": _VERSION, "classes": annotations.classes}
    for name in _OF_FILE:
        head |= {name: dict(getattr(annotations, name))} if getattr(annotations, name) else {}
    lines = [head, *(_fields_of(item) for item in annotations.items)]
    try:
        text = "".join(json.dumps(line, ensure_ascii=False, allow_nan=False) + "\n" for line in lines)
    except (TypeError, ValueError) as error:
        raise InvalidArgument(f"annotations: {error}; expected what JSON can say") from None
    write_text(path, text)


def read_annotations(path: StrPath) -> Annotations:
    """What ``write_annotations`` wrote."""
    lines = json_lines_of(path)
    if not lines or lines[0][1].get("format") != TITLE:
        raise fault(path, "line 1", f"expected an object with 'format': {TITLE!r}")
    if lines[0][1].get("version") != _VERSION:
        raise fault(path, "line 1", f"version {lines[0][1].get('version')!r} given, expected {_VERSION}")
    classes = lines[0][1].get("classes", [])
    if not isinstance(classes, list) or not all(isinstance(name, str) for name in classes):
        raise fault(path, "line 1", "classes: expected a list of names")
    class_ids = lines[0][1].get("class_ids", {})
    is_right = isinstance(class_ids, dict) and all(
        _is_whole(i) and 0 <= i <= LARGEST_CLASS_ID for i in class_ids.values()
    )
    if not is_right or len(set(class_ids.values())) < len(class_ids):
        raise fault(path, "line 1", f"class_ids: expected different whole numbers of 0 to {LARGEST_CLASS_ID} by class")
    class_fields, file_fields = (lines[0][1].get(name, {}) for name in _OF_FILE[1:])
    is_right = isinstance(class_fields, dict) and all(isinstance(value, dict) for value in class_fields.values())
    if not is_right or not isinstance(file_fields, dict):
        raise fault(path, "line 1", "class_fields, file_fields: expected objects in braces")
    items = []
    for number, value in lines[1:]:
        try:
            items.append(_item(value))
        except (InvalidArgument, TypeError) as error:
            raise fault(path, f"line {number}", str(error)) from None
    return dataclasses.replace(
        Annotations.of(items, classes), class_ids=class_ids, class_fields=class_fields, file_fields=file_fields
    )


def _fields_of(value: Any) -> Any:
    """As JSON's values, without what has its default."""
    if not dataclasses.is_dataclass(value):
        return [_fields_of(part) for part in value] if isinstance(value, tuple) else value
    kind = {"kind": _KIND_OF[type(value)]} if type(value) in _KIND_OF else {}
    given = {field.name: getattr(value, field.name) for field in dataclasses.fields(value) if _is_told(value, field)}
    return kind | {name: _fields_of(part) for name, part in given.items()}


def _is_told(value: Any, field: Any) -> bool:
    has_factory = field.default_factory is not dataclasses.MISSING
    default = field.default_factory() if has_factory else field.default
    return bool(getattr(value, field.name) != default)


def _item(given: Mapping[str, Any]) -> Item:
    answers = tuple(_answer(answer) for answer in _list(given.get("answers", [])))
    return Item(answers=answers, **_checked(given, Item, "answers"))


def _answer(given: Any) -> Answer:
    marks = tuple(_mark(mark) for mark in _list(_object(given).get("marks", [])))
    return Answer(marks=marks, **_checked(given, Answer, "marks"))


def _mark(given: Any) -> Mark:
    kind = _object(given).get("kind")
    if kind not in _KINDS:
        raise InvalidArgument(f"kind {kind!r} given, expected one of {', '.join(_KINDS)}")
    mark: Mark = _KINDS[kind](**_checked(given, _KINDS[kind], "kind"))
    if isinstance(mark, Mask) and (min(mark.runs, default=0) < 0 or sum(mark.runs) != mark.height * mark.width):
        raise InvalidArgument(f"mask: runs of {sum(mark.runs)} pixels given, expected {mark.height} x {mark.width}")
    return mark


def _checked(given: Mapping[str, Any], kind: type, *elsewhere: str) -> dict[str, Any]:
    """The fields of a dataclass, each of the right type; names that it does not have are faults."""
    names = {field.name: field for field in dataclasses.fields(kind)}
    found = {}
    for name, value in given.items():
        if name in elsewhere:
            continue
        if name not in names:
            raise InvalidArgument(f"{name!r} given, expected one of {', '.join(names)}")
        found[name] = _CHECKS[name](value, name)
    for name, field in names.items():
        is_needed = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if is_needed and name not in found:
            raise InvalidArgument(f"no {name!r} in {sorted(given)}")
    return found


def _object(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise InvalidArgument(f"{value!r} given, expected an object in braces")
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise InvalidArgument(f"{value!r} given, expected a list")
    return value


def _must(condition: bool, value: Any, name: str, expected: str) -> Any:
    if not condition:
        raise InvalidArgument(f"{name}: {value!r} given, expected {expected}")
    return value


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    try:
        return (_is_whole(value) or isinstance(value, float)) and math.isfinite(value)
    except OverflowError:  # a whole number larger than any float
        return False


def _text(value: Any, name: str) -> Any:
    return _must(isinstance(value, str), value, name, "a text")


def _number(value: Any, name: str) -> Any:
    return _must(_is_number(value), value, name, "a number")


def _count(value: Any, name: str) -> Any:
    return _must(_is_whole(value) and value >= 0, value, name, "a whole number of 0 or more")


def _id(value: Any, name: str) -> Any:
    return _must(isinstance(value, str) or _is_whole(value), value, name, "a text or a whole number")


def _mapping(value: Any, name: str) -> Any:
    return _must(isinstance(value, dict), value, name, "an object in braces")


def _one_of(*values: str) -> Callable[[Any, str], Any]:
    return lambda value, name: _must(value in values, value, name, f"one of {', '.join(map(repr, values))}")


def _parts(value: Any, name: str) -> Any:
    is_right = isinstance(value, list) and all(
        isinstance(part, list)
        and all(isinstance(point, list) and len(point) == 2 and all(map(_is_number, point)) for point in part)
        for part in value
    )
    _must(is_right, value, name, "a list of lists of points [x, y]")
    return tuple(tuple((float(x), float(y)) for x, y in part) for part in value)


def _runs(value: Any, name: str) -> Any:
    return tuple(_must(isinstance(value, list) and all(map(_is_whole, value)), value, name, "a list of whole numbers"))


_CHECKS: dict[str, Callable[[Any, str], Any]] = {
    **dict.fromkeys(("label", "worker", "model", "image", "text", "format"), _text),
    **dict.fromkeys(("x1", "y1", "x2", "y2", "rotation", "confidence", "seconds"), _number),
    **dict.fromkeys(("height", "width", "start", "end"), _count),
    **dict.fromkeys(("attributes", "fields", "content"), _mapping),
    "id": _id,
    "is_gold": lambda value, name: _must(isinstance(value, bool), value, name, "true or false"),
    "source": _one_of(HUMAN, AUTO),
    "special": _one_of(*SPECIAL_SAYINGS),
    "unit": _one_of("pixel", "fraction"),
    "parts": _parts,
    "runs": _runs,
}
