"""Ground Truth's manifests: one JSON object a line, kept byte for byte wherever nothing is changed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gtlabel import _core
from gtlabel._core import FormatError, InvalidArgument, InvalidType
from gtlabel.column_table import ColumnTable
from gtlabel.formats.manifest_label import ManifestLabel


@dataclass(frozen=True, eq=False)
class ManifestLabels(ColumnTable):
    """The labels of one attribute: one row per line of the manifest."""

    row: NDArray[np.int64]
    """The line, counted from 0."""
    label: NDArray[Any]
    """Name of the class; "" where there is none, or the label has several parts."""
    class_index: NDArray[np.int32]
    """Ground Truth's number of the class; -1 where there is none."""
    confidence: NDArray[np.float64]
    """As stated; NaN where there is none. Of a label with parts the lowest of its parts."""
    source: NDArray[Any]
    """``"human"``, ``"auto"`` or "" (not said)."""
    n_parts: NDArray[np.int32]
    """Boxes, spans, classes of the label; 1 for one class, -1 where the line has no label."""
    type: NDArray[Any]
    """Such as ``"groundtruth/image-classification"``; "" where there is none."""
    job_name: NDArray[Any]
    creation_date: NDArray[np.datetime64]

    @property
    def is_labeled(self) -> NDArray[np.bool_]:
        """Which lines have the attribute."""
        has_label: NDArray[np.bool_] = self.n_parts >= 0
        return has_label


class ManifestRow(Mapping[str, Any]):
    """One line of a manifest: its keys and values in their order, as Python's json reads them."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._values: dict[str, Any] = _json_value(text)

    @property
    def text(self) -> str:
        """The JSON object as it stands in the file."""
        return self._text

    @property
    def source(self) -> str:
        """What is to be labelled: the text of ``source`` or the address of ``source-ref``; "" without either."""
        return str(self._values.get("source", self._values.get("source-ref", "")))

    @property
    def attributes(self) -> tuple[str, ...]:
        """Label attribute names in order."""
        return tuple(_core._manifest_line_attributes(self._text))

    def label(self, attribute: str) -> ManifestLabel | None:
        """The typed label of an attribute, or None where the line has none."""
        return ManifestLabel.from_core(_core._manifest_line_label(self._text, attribute))

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"ManifestRow({self._text})"


class Manifest(Sequence[ManifestRow]):
    """A manifest in memory: the text of the file and, for every label attribute, its columns.

    What is not changed is written as it was read, to the byte; in a changed line, the members that were not touched.
    Lines without an object (blank ones) belong to no row and stay where they are.

    Parameters
    ----------
    rows
        Mappings, or the JSON text of lines.
    """

    def __init__(self, rows: Iterable[Mapping[str, Any] | str] = ()) -> None:
        self._core = _core._Manifest(b"", "manifest")
        for row in rows:
            self.append(row)

    @classmethod
    def from_bytes(cls, content: bytes, name: str = "manifest") -> Manifest:
        """What a file of this content would be; ``name`` is for messages."""
        return cls._of(_core._Manifest(content, name))

    @classmethod
    def _of(cls, core: _core._Manifest) -> Manifest:
        manifest = cls.__new__(cls)
        manifest._core = core
        return manifest

    def __len__(self) -> int:
        return len(self._core)

    def __getitem__(self, row: Any) -> Any:
        """The row at a position; a slice gives a list of rows (``subset`` a manifest)."""
        if isinstance(row, slice):
            return [self[index] for index in range(*row.indices(len(self)))]
        return ManifestRow(self._core.line(self._row(row)))

    @property
    def attributes(self) -> tuple[str, ...]:
        """Label attribute names of all lines, in order of first appearance."""
        return tuple(self._core.attributes)

    @property
    def sources(self) -> list[str]:
        """Per line the text of ``source``, else the address of ``source-ref``, else ""."""
        return self._core.sources()

    @property
    def is_text(self) -> NDArray[np.bool_]:
        """Per line: whether it has ``source`` (a text) rather than ``source-ref`` (an address)."""
        return self._core.is_text()

    def labels(self, attribute: str | None = None) -> ManifestLabels:
        """The columns of an attribute; default: the only one."""
        names = self.attributes
        if attribute is None:
            if len(names) != 1:
                raise InvalidArgument(f"attribute: none given, expected one of {list(names)}")
            attribute = names[0]
        if attribute not in names:
            raise InvalidArgument(f"attribute: {attribute!r} given, expected one of {list(names)}")
        columns = self._core.label_columns(attribute)

        def texts(name: str) -> NDArray[Any]:
            values = np.empty(len(columns[f"{name}_values"]) + 1, dtype=object)
            values[:] = [*columns[f"{name}_values"], ""]  # the code -1 takes the last
            column: NDArray[Any] = values[columns[name]]
            return column

        sources = np.array(["auto", "human", ""], dtype=object)
        return ManifestLabels(
            row=np.arange(len(self)),
            label=texts("label"),
            class_index=columns["class_index"],
            confidence=columns["confidence"],
            source=sources[columns["human_annotated"]],
            n_parts=columns["n_parts"],
            type=texts("type"),
            job_name=texts("job_name"),
            creation_date=columns["creation_date"].view("datetime64[us]"),
        )

    def typed_labels(self, attribute: str) -> list[ManifestLabel | None]:
        """Per line the typed label of an attribute, or None."""
        return [ManifestLabel.from_core(self._core.label(row, attribute)) for row in range(len(self))]

    def unlabeled(self, attribute: str) -> NDArray[np.int64]:
        """The lines without a label of this name: what a chained job of the same name has to label."""
        if attribute not in self.attributes:
            return np.arange(len(self))
        return np.flatnonzero(~self.labels(attribute).is_labeled)

    def column(self, key: str) -> list[Any]:
        """Per line the value of a key, as Python's json reads it; None where it is missing."""
        return [None if text is None else _json_value(text) for text in self._core.member_texts(key)]

    def lines_with(self, key: str) -> NDArray[np.int64]:
        """The lines that have a key, whatever its value."""
        return np.flatnonzero([text is not None for text in self._core.member_texts(key)])

    def set(self, row: int, key: str, value: Any) -> None:
        """Gives a key of a line a value: in its place, or at the end if the line does not have it."""
        _json_text(key)
        self._core.set_member(self._row(row), key, _json_text(value))

    def remove(self, row: int, key: str) -> None:
        """Takes a key away; nothing happens if the line does not have it."""
        self._core.remove_member(self._row(row), key)

    def set_label(self, row: int, attribute: str, label: ManifestLabel) -> None:
        """Writes a typed label and its metadata, in the form that Ground Truth writes now."""
        self._core.set_label(self._row(row), attribute, *label.to_core())

    def set_class_labels(
        self,
        attribute: str,
        labels: Sequence[str],
        *,
        classes: Sequence[str],
        rows: ArrayLike | None = None,
        confidence: ArrayLike | None = None,
        source: Sequence[str] | str = "human",
        job_name: str | None = None,
        type: str | None = None,
        creation_date: datetime | None = None,
    ) -> None:
        """Writes one class per line, with Ground Truth's metadata.

        Parameters
        ----------
        attribute
            The label attribute name.
        labels
            Class names, one per row.
        classes
            All classes; the number of a class is its position.
        rows
            The lines that are labelled; default: all.
        confidence
            One per row; default: 0, which is what Ground Truth writes for a single worker.
        source
            ``"human"`` or ``"auto"``, one or one per row.
        job_name
            Default: ``labeling-job/<attribute>``.
        type
            Default: text classification for lines with ``source``, else image classification.
        creation_date
            Default: now.
        """
        given = np.arange(len(self)) if rows is None else np.asarray(rows, dtype=np.int64)
        index_of = {name: index for index, name in enumerate(classes)}
        if len(labels) != len(given):
            raise InvalidArgument(f"labels: {len(labels)} given for {len(given)} rows, expected one each")
        unknown = [name for name in labels if name not in index_of]
        if unknown:
            raise InvalidArgument(f"labels: {unknown[0]!r} is none of the classes {list(classes)}")
        sources = np.broadcast_to(np.asarray(source, dtype=object), given.shape)
        stated = np.broadcast_to(_confidences(confidence), given.shape)
        moment = creation_date or datetime.now(timezone.utc).replace(tzinfo=None)
        is_text = self.is_text
        for place, row in enumerate(given.tolist()):
            if sources[place] not in ("human", "auto"):
                raise InvalidArgument(f"source: {sources[place]!r} given, expected 'human' or 'auto'")
            kind = type or f"groundtruth/{'text' if is_text[self._row(row)] else 'image'}-classification"
            self._core.set_class_label(
                self._row(row),
                attribute,
                index_of[labels[place]],
                labels[place],
                float(stated[place]),
                kind,
                job_name or f"labeling-job/{attribute}",
                sources[place] == "human",
                moment.strftime("%Y-%m-%dT%H:%M:%S.%f"),
            )

    def append(self, row: Mapping[str, Any] | str) -> None:
        """A line more."""
        self._core.append(_row_text(row))

    def subset(self, rows: ArrayLike) -> Manifest:
        """A manifest of some of the lines, as they stand, in the order given; also by a boolean per line."""
        chosen = np.asarray(rows)
        if chosen.dtype == bool:
            if chosen.shape != (len(self),):
                raise InvalidArgument(f"rows: shape {chosen.shape} given, expected ({len(self)},)")
            chosen = np.flatnonzero(chosen)
        return Manifest._of(self._core.subset([self._row(row) for row in chosen.tolist()]))

    def to_bytes(self) -> bytes:
        """The content of the file."""
        return self._core.to_bytes()

    def to_pandas(self) -> Any:
        """A row per line: source, and of each attribute its label, confidence and source. Needs pandas."""
        import pandas as pd

        columns: dict[str, Any] = {"source": self.sources}
        for attribute in self.attributes:
            labels = self.labels(attribute)
            columns[attribute] = labels.label
            columns[f"{attribute}.class_index"] = labels.class_index
            columns[f"{attribute}.confidence"] = labels.confidence
            columns[f"{attribute}.source"] = labels.source
            columns[f"{attribute}.n_parts"] = labels.n_parts
        return pd.DataFrame(columns)

    def _row(self, row: Any) -> int:
        try:
            index = int(row.__index__())
        except (AttributeError, TypeError):
            raise InvalidType(f"row: {row!r} given, expected a whole number") from None
        if not -len(self) <= index < len(self):
            # IndexError: iteration over a sequence ends by it.
            raise IndexError(f"row: {index} given, expected 0 to {len(self) - 1}")
        return index % len(self)

    def __repr__(self) -> str:
        return f"Manifest({len(self)} lines, attributes {list(self.attributes)})"


def read_manifest(path: str | os.PathLike[str]) -> Manifest:
    """Reads an input or augmented manifest, of any task type.

    Raises
    ------
    FormatError
        A line that is no JSON object, named with its column. ``lint_manifest`` names every fault instead of the first.
    ArchiveError
        A file that cannot be read.
    """
    return Manifest._of(_core._Manifest.read(os.fsencode(path)))


def write_manifest(manifest: Manifest | Iterable[Mapping[str, Any] | str], path: str | os.PathLike[str]) -> None:
    """Writes a manifest, atomically; what was not changed since it was read, to the byte as it was.

    Of other iterables (a generator over ``stream_manifest``) one row after the other, in memory for one.
    """
    if isinstance(manifest, Manifest):
        manifest._core.write(os.fsencode(path))
        return
    writer = _core._ManifestWriter(os.fsencode(path))
    for row in manifest:
        writer.write(_row_text(row))
    writer.finish()


def stream_manifest(path: str | os.PathLike[str]) -> Iterator[ManifestRow]:
    """The rows of a manifest one after the other, for files that are too large for memory."""
    reader = _core._ManifestReader(os.fsencode(path))
    while (line := reader.next()) is not None:
        yield ManifestRow(line)


def _confidences(given: ArrayLike | None) -> NDArray[np.float64]:
    values = np.asarray(0.0 if given is None else given)
    numbers: NDArray[np.float64] = values.astype(np.float64)
    if values.dtype == np.float32:  # whose digits behind the seventh mean nothing
        numbers = np.round(numbers, 7)
    return numbers


def _row_text(row: Mapping[str, Any] | str) -> str:
    if isinstance(row, str):
        return row
    return row.text if isinstance(row, ManifestRow) else _json_text(dict(row))


def _json_value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:  # a whole number of more digits than Python takes
        raise FormatError(f"line: {error}") from None


def _json_text(value: Any) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        text.encode()  # lone surrogates are no characters
        return text
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidArgument(f"value: {value!r} given, which JSON cannot hold: {error}") from None
