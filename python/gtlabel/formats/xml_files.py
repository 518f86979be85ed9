"""XML in and out. Files with a DTD are refused: entities are how a small file becomes a large one."""

from __future__ import annotations

import math
import re
from typing import Any
from xml.etree.ElementTree import Element as PlainElement
from xml.etree.ElementTree import TreeBuilder
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from gtlabel._core import InvalidArgument
from gtlabel.formats.file_text import StrPath, fault, read_text

_MOST_LEVELS = 64  # of elements in each other; the formats here need 5
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class Element(PlainElement):
    """Knows its line."""

    line = 0


class _Reader:
    def __init__(self, path: StrPath) -> None:
        self._path = path
        self._tree = TreeBuilder(element_factory=Element)
        self._depth = 0
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._tree.data
        self._parser.StartDoctypeDeclHandler = self._refuse_doctype

    def read(self, text: str) -> Element:
        try:
            # The text is decoded already, so what the file says of its encoding is past.
            self._parser.Parse(re.sub(r"^\s*<\?xml[^>]*\?>", "", text, count=1).encode(), True)
        except (expat.ExpatError, UnicodeEncodeError) as error:
            raise fault(self._path, f"line {getattr(error, 'lineno', 1)}", f"no XML: {error}") from None
        root: Element = self._tree.close()  # type: ignore[assignment]
        return root

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _MOST_LEVELS:
            raise fault(self._path, self._place(), f"elements in each other {_MOST_LEVELS} deep and more")
        element: Element = self._tree.start(tag, attributes)  # type: ignore[assignment]
        element.line = self._parser.CurrentLineNumber

    def _end(self, tag: str) -> None:
        self._depth -= 1
        self._tree.end(tag)

    def _refuse_doctype(self, *_: Any) -> None:
        raise fault(self._path, self._place(), "a DTD, expected none: files with one are not read")

    def _place(self) -> str:
        return f"line {self._parser.CurrentLineNumber}"


def read_xml(path: StrPath, root: str) -> Element:
    """The outermost element, which has to be ``root``."""
    element = _Reader(path).read(read_text(path))
    if element.tag != root:
        raise fault(path, f"line {element.line}", f"<{element.tag}> given, expected <{root}>")
    return element


def parse_xml(name: str, text: str) -> Element:
    """The outermost element of a text; ``name`` is what errors call it."""
    return _Reader(name).read(text)


def place(element: PlainElement) -> str:
    return f"line {getattr(element, 'line', 0)}"


def attribute(path: StrPath, element: PlainElement, name: str) -> str:
    """That has to be there."""
    value = element.get(name)
    if value is None:
        raise fault(path, place(element), f"<{element.tag}> without {name}=")
    return value


def text_of(element: PlainElement, name: str) -> str | None:
    """Of a child, without the white space around it; None if there is no such child."""
    found = element.find(name)
    return None if found is None else (found.text or "").strip()


def number(path: StrPath, element: PlainElement, value: str | None, name: str) -> float:
    """A finite one."""
    try:
        parsed = float(value if value is not None else "")
    except ValueError:
        parsed = math.nan
    if not math.isfinite(parsed):
        raise fault(path, place(element), f"{name} of <{element.tag}>: {value!r} given, expected a number")
    return parsed


def whole_number(path: StrPath, element: PlainElement, value: str | None, name: str) -> int:
    parsed = number(path, element, value, name)
    if parsed != int(parsed):
        raise fault(path, place(element), f"{name} of <{element.tag}>: {value!r} given, expected a whole number")
    return int(parsed)


def xml_text(value: object) -> str:
    """Escaped, for between tags."""
    # A carriage return would come back as a line feed.
    return escape(_checked(str(value))).replace("\r", "&#13;")


def xml_name(value: str) -> str:
    """Escaped, for where readers take the white space around it for layout."""
    if value != value.strip() or not value:
        raise InvalidArgument(f"{value!r}: empty or with white space at its ends, which is lost here")
    return xml_text(value)


def xml_attributes(**values: object) -> str:
    """``name="value"`` of those that are not None, each after a blank."""
    return "".join(f" {name}={quoteattr(_checked(str(value)))}" for name, value in values.items() if value is not None)


def shown_number(value: float) -> str:
    """The shortest text that is this number; whole ones without a point."""
    if not math.isfinite(value):
        raise InvalidArgument(f"{value} given, expected a number: readers refuse it")
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))


def _checked(text: str) -> str:
    bad = _NOT_IN_XML.search(text)
    if bad:
        raise InvalidArgument(f"{text!r}: XML has no place for the character {bad.group()!r}")
    return text
