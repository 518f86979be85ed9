"""CoNLL: a token and its tag per line, an empty line after each text."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from gtlabel._core import InvalidArgument
from gtlabel.formats.annotations import Annotations, Answer, Item, Span
from gtlabel.formats.features import only_answer, prepared
from gtlabel.formats.file_text import StrPath, fault, read_text, write_text

CARRIES = frozenset(("spans", "negatives", "texts", "ids beside image names"))
_TOKEN = re.compile(r"[^ \t\n\r]+")
_BEGINS, _ALONE, _GOES_ON, _ENDS = "B", "SU", "I", "EL"
DOCUMENT = "-DOCSTART-"


def write_conll(annotations: Annotations, path: StrPath) -> None:
    """BIO tags. Texts are cut into tokens at white space, and where a span begins or ends."""
    ready = prepared(annotations, CARRIES, "CoNLL")
    write_text(path, "".join(_lines(item) + "\n" for item in ready.items))


def _lines(item: Item) -> str:
    spans = sorted((mark for mark in only_answer(item).marks if isinstance(mark, Span)), key=lambda span: span.start)
    text = item.text
    if text is None or not _TOKEN.search(text):
        raise InvalidArgument(f"CoNLL: no text of {item.id!r} given, expected one")
    if text.startswith(DOCUMENT):
        raise InvalidArgument(f"CoNLL: the text of {item.id!r} begins with {DOCUMENT}, which marks a document here")
    lines, place = [], 0
    for start, end in _tokens(item, text, spans):
        while place < len(spans) and spans[place].end <= start:
            place += 1
        lines.append(f"{text[start:end]} {_tag(spans[place] if place < len(spans) else None, start)}\n")
    return "".join(lines)


def _tag(span: Span | None, start: int) -> str:
    if span is None or start < span.start:
        return "O"
    return f"{'B' if start == span.start else 'I'}-{span.label}"


def _tokens(item: Item, text: str, spans: list[Span]) -> Iterator[tuple[int, int]]:
    cuts = sorted({edge for span in spans for edge in (span.start, span.end)})
    for span in spans:
        marked = text[span.start : span.end]
        if not 0 <= span.start < span.end <= len(text) or marked != marked.strip(" \t\n\r"):
            raise InvalidArgument(f"CoNLL: span {span.start} to {span.end} of {item.id!r} given, expected whole words")
        if not span.label or _TOKEN.fullmatch(span.label) is None:
            raise InvalidArgument(f"CoNLL: class {span.label!r} given, expected a name without white space")
    for found in _TOKEN.finditer(text):
        inner = [cut for cut in cuts if found.start() < cut < found.end()]
        edges = [found.start(), *inner, found.end()]
        yield from itertools.pairwise(edges)


def joined_text(annotations: Annotations) -> int:
    """How many texts have white space or word parts that do not come back: tokens are joined by single blanks."""
    return sum(
        item.text is not None and item.text != " ".join(item.text[start:end] for start, end in _own_tokens(item))
        for item in annotations.items
    )


def _own_tokens(item: Item) -> list[tuple[int, int]]:
    spans = sorted((m for m in only_answer(item).marks if isinstance(m, Span)), key=lambda span: span.start)
    return list(_tokens(item, item.text or "", spans))


def read_conll(path: StrPath) -> Annotations:
    """Tokens in the first column, tags in the last: BIO, IOB or BIOES. Ids are positions in the file; the text of an
    item is its tokens with single blanks between them."""
    items: list[Item] = []
    for sentence in _sentences(path):
        items.append(_item(path, len(items), sentence))
    return Annotations.of(items)


def _sentences(path: StrPath) -> Iterator[list[tuple[int, str, str]]]:
    rows: list[tuple[int, str, str]] = []
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        words = _TOKEN.findall(line)
        if words and words[0] == DOCUMENT:
            continue
        if words:
            if len(words) < 2:
                raise fault(path, f"line {number}", f"{words[0]!r} given, expected a token and a tag")
            rows.append((number, words[0], words[-1]))
        elif rows:
            yield rows
            rows = []
    if rows:
        yield rows


def _item(path: StrPath, position: int, rows: list[tuple[int, str, str]]) -> Item:
    spans: list[Span] = []
    open_label, start = None, 0
    at = 0
    for number, token, tag in rows:
        prefix, label = _parsed(path, number, tag)
        goes_on = label is not None and label == open_label and prefix in _GOES_ON + _ENDS
        if goes_on:
            spans[-1] = Span(spans[-1].label, start, at + len(token))
        elif label is not None:
            start = at
            spans.append(Span(label, start, at + len(token)))
        open_label = None if prefix in _ALONE + _ENDS else label
        at += len(token) + 1
    return Item(id=position, answers=(Answer(tuple(spans)),), text=" ".join(token for _, token, _ in rows))


def _parsed(path: StrPath, number: int, tag: str) -> tuple[str, str | None]:
    if tag == "O":
        return "O", None
    prefix, dash, label = tag.partition("-")
    if not dash or not label or prefix not in ("B", "I", "E", "L", "S", "U"):
        raise fault(path, f"line {number}", f"tag {tag!r} given, expected O, B-name or I-name")
    return prefix, label
