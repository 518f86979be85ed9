"""From one file format to another, with an account of what did not fit."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gtlabel._core import InvalidArgument
from gtlabel.formats.annotation_lines import CARRIES as EVERYTHING
from gtlabel.formats.annotation_lines import TITLE, read_annotations, write_annotations
from gtlabel.formats.annotation_tables import (
    ANSWERS_CARRY,
    LABELS_CARRY,
    annotations_of_answers,
    annotations_of_labels,
    answers_of_annotations,
    labels_of_annotations,
)
from gtlabel.formats.annotations import Annotations
from gtlabel.formats.answer_files import ANSWER_NAMES, WORKER_NAMES, answers_of_columns
from gtlabel.formats.coco import CARRIES as COCO_CARRIES
from gtlabel.formats.coco import read_coco, write_coco
from gtlabel.formats.column_files import KINDS, read_columns, write_columns
from gtlabel.formats.conll import CARRIES as CONLL_CARRIES
from gtlabel.formats.conll import joined_text, read_conll, write_conll
from gtlabel.formats.cvat import CARRIES as CVAT_CARRIES
from gtlabel.formats.cvat import read_cvat, write_cvat
from gtlabel.formats.features import not_carried, prepared, with_confidences_in_place
from gtlabel.formats.file_text import StrPath, parse_json, read_text
from gtlabel.formats.label_files import labels_of_columns
from gtlabel.formats.label_studio import CARRIES as LABEL_STUDIO_CARRIES
from gtlabel.formats.label_studio import read_label_studio, write_label_studio
from gtlabel.formats.manifest import read_manifest
from gtlabel.formats.manifest_annotations import CARRIES as MANIFEST_CARRIES
from gtlabel.formats.manifest_annotations import (
    annotations_of_manifest,
    read_manifest_annotations,
    write_manifest_annotations,
)
from gtlabel.formats.pascal_voc import CARRIES as PASCAL_VOC_CARRIES
from gtlabel.formats.pascal_voc import read_pascal_voc, write_pascal_voc
from gtlabel.formats.yolo import (
    CARRIES as YOLO_CARRIES,
)
from gtlabel.formats.yolo import (
    CLASSIFICATION_CARRIES,
    PREDICTIONS_CARRY,
    read_yolo,
    read_yolo_classification,
    write_yolo,
    write_yolo_classification,
)

_SHOWN_OF_A_FILE = 4096


@dataclass(frozen=True)
class Format:
    """What ``convert`` knows of a file format."""

    id: str
    title: str
    endings: tuple[str, ...]
    """Of file names; () for folders."""
    carries: frozenset[str]
    """What arrives, of the names that ``Conversion.not_carried`` has."""
    read: Callable[[Path], Annotations] = field(repr=False)
    write: Callable[[Annotations, Path, Path], None] = field(repr=False)
    """Takes the annotations, the target, and the folder in which the source's images are looked for."""


@dataclass(frozen=True)
class Conversion:
    """What ``convert`` did."""

    source_format: str
    target_format: str
    n_items: int
    """In the source, as are the other numbers."""
    n_answers: int
    n_marks: int
    n_negatives: int
    """Answers that say that there is nothing to mark."""
    not_carried: Mapping[str, int] = field(default_factory=dict)
    """What gtlabel has no form for or the target no place, with how many items, answers, marks or parts of the file had
    it; empty: nothing lost."""

    def __str__(self) -> str:
        counts = f"{self.n_items} items, {self.n_answers} answers, {self.n_marks} marks, {self.n_negatives} negatives"
        lost = ", ".join(f"{name} ({count})" for name, count in self.not_carried.items())
        return f"{self.source_format} to {self.target_format}: {counts}; not carried: {lost or 'nothing'}"


def convert(
    source: StrPath,
    target: StrPath,
    from_: str | None = None,
    to: str | None = None,
    *,
    strict: bool = False,
    attribute: str | None = None,
    control: str | None = None,
) -> Conversion:
    """Writes what is in ``source`` to ``target`` in another format.

    Parameters
    ----------
    source, target
        Files, or folders for the formats that are folders (the target a new one). Nothing is written if the call
        raises.
    from_, to
        Names of ``FORMATS``; default by the file's ending and, for the source, its content. "csv", "jsonl" and
        "parquet" stand for labels or answers, whichever it is.
    strict
        Refuse whatever is not carried. Default: refuse marks and answers that it cannot carry, list the rest
        in ``not_carried``.
    attribute
        Of a manifest with several label attributes, the one whose labels are taken.
    control
        Of Label Studio's JSON_MIN, the name of the control whose single choices are the labels.

    Raises
    ------
    FormatError
        A file that is not in its format, with the line.
    InvalidArgument
        A format that is not known, what the target cannot carry.
    OSError
        A file that cannot be read or written.
    """
    source, target = Path(source), Path(target)
    if not source.exists():
        raise FileNotFoundError(2, os.strerror(2), str(source))
    origin = FORMATS[_known(from_)] if from_ and from_ not in _TABLES else _sniffed(source, from_)
    annotations = _read(origin, source, attribute, control)
    destination = FORMATS[_known(to)] if to and to not in _TABLES else _of_ending(target, to, annotations)
    annotations = with_confidences_in_place(annotations, destination.carries)
    prepared(annotations, destination.carries, destination.title)  # refuses what is essential, strict or not
    lost = dict(Counter(_lost(annotations, destination)) + Counter(annotations.not_read))
    if strict and lost:
        raise InvalidArgument(
            f"{destination.title}: no place for {', '.join(f'{n} {name}' for name, n in lost.items())}"
        )
    destination.write(annotations, target, source if source.is_dir() else source.parent)
    answers = [answer for item in annotations.items for answer in item.answers]
    return Conversion(
        source_format=origin.id,
        target_format=destination.id,
        n_items=len(annotations),
        n_answers=len(answers),
        n_marks=sum(len(answer.marks) for answer in answers),
        n_negatives=sum(not answer.marks and not answer.special for answer in answers),
        not_carried=lost,
    )


def _read(origin: Format, source: Path, attribute: str | None, control: str | None) -> Annotations:
    for name, value, form in (("attribute", attribute, "manifest"), ("control", control, "label_studio")):
        if value is not None and origin.id != form:
            raise InvalidArgument(f"{name}: given for {origin.title}, expected only for {FORMATS[form].title}")
    if attribute is not None:
        return annotations_of_manifest(read_manifest(source), attribute)
    return origin.read(source) if control is None else read_label_studio(source, control=control)


def _lost(annotations: Annotations, destination: Format) -> dict[str, int]:
    lost = not_carried(annotations, destination.carries)
    if destination.id == "conll" and (count := joined_text(prepared(annotations, CONLL_CARRIES, "CoNLL"))):
        lost["white space of texts"] = count
    return lost


def _known(name: str) -> str:
    if name not in FORMATS:
        raise InvalidArgument(f"format: {name!r} given, expected one of {', '.join([*_TABLES, *FORMATS])}")
    return name


def _sniffed(source: Path, table: str | None) -> Format:
    """By the ending and the content."""
    if source.is_dir():
        return FORMATS[_folder_format(source)]
    ending = source.suffix.lower()
    kind = table or KINDS.get(ending)
    if kind is not None:
        return FORMATS[_table_format(source, kind)]
    if ending == ".json":
        content = parse_json(source, read_text(source))
        return FORMATS["coco" if isinstance(content, dict) and "images" in content else "label_studio"]
    if ending == ".xml":
        return FORMATS["cvat" if "<annotations" in read_text(source) else "pascal_voc"]
    found = next((form for form in FORMATS.values() if ending in form.endings), None)
    if found is None:
        raise InvalidArgument(f"{source}: ending {ending!r} given, expected from_= or one of {', '.join(_endings())}")
    return found


def _folder_format(source: Path) -> str:
    if any((source / name).is_file() for name in ("data.yaml", "data.yml", "dataset.yaml")):
        return "yolo"
    if next(source.rglob("*.xml"), None) is not None:
        return "pascal_voc"
    return "yolo_classification"


def _table_format(source: Path, kind: str) -> str:
    if kind == "jsonl" and read_text(source)[:_SHOWN_OF_A_FILE].lstrip().startswith(_HEAD):
        return "annotations"
    columns = read_columns(source, kind)
    return f"{'answers' if columns.name_of(*WORKER_NAMES, ANSWER_NAMES[0]) else 'labels'}_{kind}"


def _of_ending(target: Path, table: str | None, annotations: Annotations) -> Format:
    """The one format of an ending; for tables whichever of labels, answers and annotations fits."""
    ending = target.suffix.lower()
    kind = table or KINDS.get(ending)
    if kind is not None:
        has_workers = any(answer.worker for item in annotations.items for answer in item.answers)
        kinds = ["answers"] if has_workers else ["labels", "answers"]
        fitting = [f"{name}_{kind}" for name in kinds if _fits(annotations, FORMATS[f"{name}_{kind}"])]
        fallback = "annotations" if kind == "jsonl" else f"{kinds[0]}_{kind}"
        return FORMATS[fitting[0] if fitting else fallback]
    found = [form for form in FORMATS.values() if ending and ending in form.endings]
    if len(found) != 1:
        names = [form.id for form in found or FORMATS.values() if found or not form.endings]
        raise InvalidArgument(f"{target}: ending {ending!r} given, expected to= as well, such as {', '.join(names)}")
    return found[0]


def _fits(annotations: Annotations, form: Format) -> bool:
    try:
        prepared(annotations, form.carries, form.title)
    except InvalidArgument:
        return False
    return True


def _endings() -> list[str]:
    return list(dict.fromkeys([*KINDS, *(ending for form in FORMATS.values() for ending in form.endings)]))


def _labels_format(kind: str, endings: tuple[str, ...]) -> Format:
    return Format(
        f"labels_{kind}",
        f"labels as {_TABLES[kind]}",
        endings,
        LABELS_CARRY,
        lambda path: annotations_of_labels(labels_of_columns(read_columns(path, kind))),
        lambda annotations, path, _: write_columns(dict(labels_of_annotations(annotations)), path, kind),
    )


def _answers_format(kind: str, endings: tuple[str, ...]) -> Format:
    return Format(
        f"answers_{kind}",
        f"answers as {_TABLES[kind]}",
        endings,
        ANSWERS_CARRY,
        lambda path: annotations_of_answers(answers_of_columns(read_columns(path, kind))),
        lambda annotations, path, _: write_columns(dict(answers_of_annotations(annotations)), path, kind),
    )


_HEAD = f'{{"format": "{TITLE}"'
_TABLES = {"csv": "CSV", "jsonl": "JSON Lines", "parquet": "Parquet"}
_TABLE_ENDINGS = {"csv": (".csv",), "jsonl": (".jsonl", ".ndjson"), "parquet": (".parquet",)}


def _plain_writer(write: Callable[[Annotations, Path], None]) -> Callable[[Annotations, Path, Path], None]:
    return lambda annotations, path, _: write(annotations, path)


_ALL = [
    *(_labels_format(kind, endings) for kind, endings in _TABLE_ENDINGS.items()),
    *(_answers_format(kind, endings) for kind, endings in _TABLE_ENDINGS.items()),
    Format("annotations", TITLE, (".jsonl",), EVERYTHING, read_annotations, _plain_writer(write_annotations)),
    Format(
        "label_studio",
        "Label Studio",
        (".json",),
        LABEL_STUDIO_CARRIES,
        read_label_studio,
        _plain_writer(write_label_studio),
    ),
    Format(
        "manifest",
        "Ground Truth manifest",
        (".manifest",),
        MANIFEST_CARRIES,
        read_manifest_annotations,
        _plain_writer(write_manifest_annotations),
    ),
    Format("coco", "COCO", (".json",), COCO_CARRIES, read_coco, _plain_writer(write_coco)),
    Format("yolo", "YOLO", (), YOLO_CARRIES, read_yolo, _plain_writer(write_yolo)),
    Format(
        "yolo_predictions",
        "YOLO predictions",
        (),
        PREDICTIONS_CARRY,
        read_yolo,
        lambda annotations, path, _: write_yolo(annotations, path, confidences=True),
    ),
    Format(
        "yolo_classification",
        "YOLO classification",
        (),
        CLASSIFICATION_CARRIES,
        read_yolo_classification,
        lambda annotations, path, images: write_yolo_classification(annotations, path, images=images),
    ),
    Format("pascal_voc", "Pascal VOC", (), PASCAL_VOC_CARRIES, read_pascal_voc, _plain_writer(write_pascal_voc)),
    Format("conll", "CoNLL", (".conll", ".bio", ".iob"), CONLL_CARRIES, read_conll, _plain_writer(write_conll)),
    Format("cvat", "CVAT for images", (".xml",), CVAT_CARRIES, read_cvat, _plain_writer(write_cvat)),
]
FORMATS: dict[str, Format] = {form.id: form for form in _ALL}
"""Every format by its id: title, endings, and what it can carry."""
