"""The raw answers of a finished Ground Truth job through today's consolidation."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gtlabel._core import FormatError, InvalidArgument
from gtlabel.column_table import ColumnTable
from gtlabel.consolidation import METHODS, ground_truth_compat
from gtlabel.formats.labeling_job_folder import LabelingJobFolder, RawAnswers, read_labeling_job
from gtlabel.formats.manifest import Manifest
from gtlabel.formats.manifest_label import (
    BoxLabel,
    ClassLabel,
    CuboidLabel,
    LabelValue,
    ManifestBox,
    ManifestClass,
    ManifestLabel,
    MaskClass,
    MaskLabel,
    MultiClassLabel,
    SequenceLabel,
    SpanLabel,
    TextSpan,
)
from gtlabel.formats.mask_files import read_mask, write_mask
from gtlabel.formats.worker_masks import has_mask, mask_colors, mask_of_answer
from gtlabel.structured_consolidation import (
    consolidate_boxes,
    consolidate_masks,
    consolidate_multi_label,
    consolidate_spans,
)

_COMPAT = "ground_truth_compat"
_SAME_BOX = 0.5
_SAME_MASK = 0.95  # mean intersection over union of the classes
# Where answerContent has the parts of an answer.
_LISTS: dict[type, str] = {MultiClassLabel: "labels", BoxLabel: "boundingBoxes", SpanLabel: "entities"}
_ASKED: dict[type, str] = {
    **_LISTS,
    ClassLabel: "the label of a classifier",
    MaskLabel: "labeledImage and labelMappings",
}


@dataclass(frozen=True, eq=False)
class Reconsolidation(ColumnTable):
    """One row per item that people answered: what the job delivered, and what its answers say now."""

    item: NDArray[np.int64]
    """Line of the manifest, from 0."""
    source: NDArray[Any]
    """The text, or the address."""
    n_answers: NDArray[np.int32]
    old_label: NDArray[Any]
    """Name of the class; of other task types the label's value, such as a ``BoxLabel``. None: there was none."""
    old_confidence: NDArray[np.float64]
    """The lowest, of labels with several parts; NaN: none."""
    new_label: NDArray[Any]
    new_confidence: NDArray[np.float64]
    changed: NDArray[np.bool_]
    """Whether the label is another one: another class, another set, a box or span more, less or elsewhere; of a mask,
    whether the mean intersection over union of its classes with the old one is below 0.95, or the old one not there."""
    attribute: str = field(kw_only=True)
    """The label attribute name."""
    method: str = field(kw_only=True)
    n_skipped: int = field(kw_only=True)
    """Answers that do not count: without a label, or of a worker who answered the item again."""
    masks: dict[int, NDArray[np.uint8]] = field(kw_only=True, repr=False)
    """Of semantic segmentation: item -> the class of each pixel, (height, width)."""
    _job: LabelingJobFolder = field(kw_only=True, repr=False)
    _labels: list[ManifestLabel] = field(kw_only=True, repr=False)

    def keys(self) -> tuple[str, ...]:
        """Names of the columns."""
        others = ("attribute", "method", "n_skipped", "masks", "_job", "_labels")
        return tuple(name for name in ColumnTable.keys(self) if name not in others)

    @property
    def n_changed(self) -> int:
        return int(np.count_nonzero(self.changed))

    def summary(self) -> str:
        """Some lines for a person: how many labels change, and from what to what most often."""
        same = ~self.changed
        differs = same & ~np.isclose(self.old_confidence, self.new_confidence, equal_nan=True)
        lines = [
            f"{len(self)} items with answers, attribute {self.attribute!r}, method {self.method}",
            f"{self.n_changed} labels change; {int(np.count_nonzero(differs))} more keep theirs at another confidence",
        ]
        if self.n_skipped:
            lines.append(
                f"{self.n_skipped} answers do not count: without a label, or the worker answered the item again"
            )
        pairs = Counter(
            (str(old), str(new))
            for old, new, changed in zip(self.old_label, self.new_label, self.changed, strict=True)
            if changed and (old is None or isinstance(old, str))
        )
        lines += [f"  {count} x {old} -> {new}" for (old, new), count in pairs.most_common(10)]
        return "\n".join(lines) + "\n"

    def manifest(self, masks: str | os.PathLike[str] | None = None) -> Manifest:
        """The output manifest with the new labels and confidences; lines that stay as they were, to the byte.

        ``masks``: of semantic segmentation, the folder where masks that change are written, as ``<item>.png``; the
        lines name them there.
        """
        if self.masks and masks is None and self.n_changed:
            raise InvalidArgument(f"masks: {self.n_changed} masks change, expected a folder to write them to")
        manifest = Manifest.from_bytes(self._job.manifest.to_bytes())
        for row, label in enumerate(self._labels):
            item = int(self.item[row])
            if self.changed[row] and masks is not None and isinstance(label.value, MaskLabel):
                path = Path(masks) / f"{item}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                write_mask(self.masks[item], label.value, path)
                label = replace(label, value=replace(label.value, mask_ref=path.as_posix()))
            same_confidence = self.old_confidence[row] == self.new_confidence[row]
            if self.changed[row] or not same_confidence:
                manifest.set_label(item, self.attribute, label)
        return manifest

    def __repr__(self) -> str:
        return f"Reconsolidation({self.method}: {self.n_changed} of {len(self)} labels change)"


def reconsolidate(
    folder: str | os.PathLike[str] | LabelingJobFolder, method: str = "consolidate", *, attribute: str | None = None
) -> Reconsolidation:
    """Consolidates a job's raw answers again, and compares with what it delivered.

    Parameters
    ----------
    folder
        The output folder of a job, or what ``gtlabel.formats.read_labeling_job`` made of it. Tasks: classification with
        one class or several, label verification, bounding boxes, semantic segmentation (needs Pillow), named entities.
        Video frames and point clouds have one worker per object, so there is nothing to consolidate.
    method
        ``"consolidate"``: gtlabel's. For one class also ``"ground_truth_compat"``, which repeats the service to the
        digit, ``"majority_vote"``, ``"dawid_skene"`` and the other functions of that kind.
    attribute
        The label attribute name; default: that of the job's newest labels.
    """
    job = folder if isinstance(folder, LabelingJobFolder) else read_labeling_job(folder)
    name = job.attribute if attribute is None else attribute
    if name not in job.manifest.attributes:
        raise InvalidArgument(f"attribute: {name!r} given, expected one of {list(job.manifest.attributes)}")
    if method not in (*METHODS, _COMPAT):
        raise InvalidArgument(f"method: {method!r} given, expected one of {[*METHODS, _COMPAT]}")
    old = job.manifest.typed_labels(name)
    kind, consolidator = _consolidator(name, old)
    if kind is not ClassLabel and method != "consolidate":
        raise InvalidArgument(f"method: {method!r} given for a {kind.__name__}, expected 'consolidate'")
    answers = job.answers()
    if not len(answers):
        raise InvalidArgument(f"{job.folder}: no worker responses, expected raw answers to consolidate")
    beyond = answers.item[answers.item >= len(job.manifest)]
    if len(beyond):
        raise FormatError(f"{job.folder}: answers about item {beyond[0]}, the manifest has {len(job.manifest)} lines")
    counted = _counted(answers, kind)
    decided = consolidator(job, name, counted, old, method)
    return replace(_compared(job, name, method, counted, old, decided), n_skipped=len(answers) - len(counted))


Decided = dict[int, tuple[Any, LabelValue]]
"""Item -> its label; before it, of masks the class of each pixel."""


def _consolidator(name: str, old: list[ManifestLabel | None]) -> tuple[type, Callable[..., Decided]]:
    """The kind of the labels, and what consolidates it."""
    consolidators: dict[type, Callable[..., Decided]] = {
        ClassLabel: _classes,
        MultiClassLabel: _class_sets,
        BoxLabel: _boxes,
        MaskLabel: _masks,
        SpanLabel: _spans,
    }
    first = next((label for label in old if label is not None), None)
    kind = ClassLabel if first is None else type(first.value)
    task = "" if first is None else first.type
    is_of_points = kind is MaskLabel and "point_cloud" in task
    if kind in consolidators and not is_of_points:
        return kind, consolidators[kind]
    has_one_worker = is_of_points or kind in (SequenceLabel, CuboidLabel)
    reason = "which one person labels alone" if has_one_worker else "whose answers only their own template knows"
    raise InvalidArgument(
        f"{name!r}: labels of the type {task or kind.__name__}, {reason}; expected classes, boxes, masks of images or "
        "named entities"
    )


def _counted(answers: RawAnswers, kind: type) -> RawAnswers:
    """Answers that have what the task asks for; of several by one worker about one item, the last."""
    key = _LISTS.get(kind)
    part = str if kind is MultiClassLabel else Mapping
    last: dict[tuple[int, Any], int] = {}
    for row, (item, worker, label, content) in enumerate(
        zip(answers.item.tolist(), answers.worker, answers.label, answers.content, strict=True)
    ):
        if kind is MaskLabel:
            has_label = has_mask(content)
        elif key is None:
            has_label = label is not None
        else:
            parts = content.get(key) if isinstance(content, Mapping) else None
            has_label = isinstance(parts, list) and all(isinstance(one, part) for one in parts)
        if has_label:
            last[item, worker or row] = row  # nobody knows who is behind answers without a worker
    if not last:
        raise FormatError(f"worker responses: none has {_ASKED[kind]} in answerContent")
    rows = sorted(last.values())
    return RawAnswers(**{name: column[rows] for name, column in dict(answers).items()})


def _compared(
    job: LabelingJobFolder,
    name: str,
    method: str,
    answers: RawAnswers,
    old: list[ManifestLabel | None],
    decided: Decided,
) -> Reconsolidation:
    items = np.array(sorted(decided), dtype=np.int64)
    sources = job.manifest.sources
    counts = Counter(answers.item.tolist())
    created = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")
    common = next(label for label in old if label is not None)
    labels = []
    for item in items.tolist():
        # Of another line only what is the whole job's.
        template = old[item] or ManifestLabel(ClassLabel(), type=common.type, job_name=common.job_name)
        labels.append(replace(template, value=decided[item][1], human_annotated=True, creation_date=created))
    chosen_old = [old[item] for item in items.tolist()]
    old_values = [None if label is None else label.value for label in chosen_old]
    new_values = [label.value for label in labels]

    def objects(values: list[Any]) -> NDArray[Any]:
        array = np.empty(len(values), dtype=object)
        for row, value in enumerate(values):
            array[row] = value
        return array

    return Reconsolidation(
        item=items,
        source=objects([sources[item] for item in items]),
        n_answers=np.array([counts[item] for item in items.tolist()], dtype=np.int32),
        old_label=objects([_shown(value) for value in old_values]),
        old_confidence=np.array([_confidence(value) for value in old_values]),
        new_label=objects([_shown(value) for value in new_values]),
        new_confidence=np.array([_confidence(value) for value in new_values]),
        changed=np.array(
            [
                _differ_masks(job, one, decided[item][0]) if isinstance(other, MaskLabel) else _differ(one, other)
                for item, one, other in zip(items.tolist(), old_values, new_values, strict=True)
            ],
            dtype=np.bool_,
        ),
        attribute=name,
        method=method,
        n_skipped=0,
        masks={item: decided[item][0] for item in items.tolist() if isinstance(decided[item][1], MaskLabel)},
        _job=job,
        _labels=labels,
    )


def _class_numbers(old: list[ManifestLabel | None]) -> dict[str, int]:
    """Class name -> the number that the manifest has for it."""
    numbers: dict[str, int] = {}
    for label in old:
        for one in [] if label is None else _classes_of(label.value):
            numbers.setdefault(one.class_name, one.class_index)
    return numbers


def _classes_of(value: LabelValue | None) -> list[ManifestClass]:
    if isinstance(value, ClassLabel):
        return [value.chosen]
    if isinstance(value, MultiClassLabel):
        return value.classes
    if isinstance(value, BoxLabel):
        return [ManifestClass(index, name) for index, name in value.class_map]
    if isinstance(value, MaskLabel):
        return [one.region for one in value.classes]
    return []


def _number(numbers: dict[str, int], name: str) -> int:
    """Of a class that the manifest does not have: the next that is free."""
    return numbers.setdefault(name, max(numbers.values(), default=-1) + 1)


def _classes(
    job: LabelingJobFolder, name: str, answers: RawAnswers, old: list[ManifestLabel | None], method: str
) -> Decided:
    columns = answers.item.tolist(), answers.worker.tolist(), answers.label.tolist()
    if method == _COMPAT:
        batches = job.consolidation_batches()
        last = max(batches.values(), default=-1) + 1
        compat = ground_truth_compat(*columns, batches=[batches.get(item, last) for item in columns[0]])
        items, labels, confidences = compat.items_, compat.labels_, compat.confidences_
    else:
        result = METHODS[method](*columns)
        items, labels, confidences = result.items_, result.labels_, result.confidence_
    numbers = _class_numbers(old)
    decided: Decided = {}
    for item, label, confidence in zip(items.tolist(), labels.tolist(), confidences.tolist(), strict=True):
        chosen = ManifestClass(_number(numbers, label), label, confidence)
        previous = old[item]
        comments = previous.value.comments if previous and isinstance(previous.value, ClassLabel) else []
        decided[item] = label, ClassLabel(chosen, comments)
    return decided


def _class_sets(
    job: LabelingJobFolder, name: str, answers: RawAnswers, old: list[ManifestLabel | None], method: str
) -> Decided:
    sets = [content[_LISTS[MultiClassLabel]] for content in answers.content]
    known = sorted({label for labels in sets for label in labels})  # people may have named none at all
    result = consolidate_multi_label(answers.item.tolist(), answers.worker.tolist(), sets, labels=known or None)
    numbers = _class_numbers(old)
    column_of = {label: column for column, label in enumerate(result.labels_.tolist())}
    decided: Decided = {}
    for row, (item, labels) in enumerate(zip(result.items_.tolist(), result.label_sets_, strict=True)):
        classes = [
            ManifestClass(_number(numbers, label), label, float(result.probabilities_[row, column_of[label]]))
            for label in labels
        ]
        decided[item] = labels, MultiClassLabel(classes)
    return decided


def _parts_columns(answers: RawAnswers, key: str) -> tuple[list[Any], list[tuple[int, Any]]]:
    """Rows (item, worker, part) of all parts, and who marked nothing."""
    rows, empty = [], []
    for item, worker, content in zip(answers.item.tolist(), answers.worker.tolist(), answers.content, strict=True):
        rows += [(item, worker, part) for part in content[key]]
        if not content[key]:
            empty.append((item, worker))
    return rows, empty


def _numbers_of(part: Mapping[str, Any], keys: tuple[str, ...], item: int) -> list[float]:
    values = [part.get(key) for key in keys]
    if not all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        raise FormatError(f"worker response of item {item}: {part!r} given, expected numbers {', '.join(keys)}")
    return [float(value) for value in values]  # type: ignore[arg-type]


def _boxes(
    job: LabelingJobFolder, name: str, answers: RawAnswers, old: list[ManifestLabel | None], method: str
) -> Decided:
    rows, empty = _parts_columns(answers, _LISTS[BoxLabel])
    numbers = _class_numbers(old)
    items = dict.fromkeys(answers.item.tolist())
    boxes: dict[int, list[ManifestBox]] = {item: [] for item in items}
    if rows:
        sides = np.array([_numbers_of(part, ("left", "top", "width", "height"), item) for item, _, part in rows])
        result = consolidate_boxes(
            [item for item, _, _ in rows],
            [worker for _, worker, _ in rows],
            np.column_stack([sides[:, :2], sides[:, :2] + sides[:, 2:]]),
            [str(part.get("label", "")) for _, _, part in rows],
            empty_answers=empty,
        )
        assert result.labels_ is not None
        for item, box, label, confidence in zip(
            result.items_.tolist(),
            result.boxes_.tolist(),
            result.labels_.tolist(),
            result.confidence_.tolist(),
            strict=True,
        ):
            shape = round(box[0]), round(box[1]), round(box[2] - box[0]), round(box[3] - box[1])
            boxes[item].append(ManifestBox(ManifestClass(_number(numbers, label), label, confidence), *shape))
    decided: Decided = {}
    for item, found in boxes.items():
        previous = old[item]
        before = previous.value if previous and isinstance(previous.value, BoxLabel) else BoxLabel()
        decided[item] = found, replace(before, boxes=found, class_map=[(n, label) for label, n in numbers.items()])
    return decided


def _spans(
    job: LabelingJobFolder, name: str, answers: RawAnswers, old: list[ManifestLabel | None], method: str
) -> Decided:
    rows, empty = _parts_columns(answers, _LISTS[SpanLabel])
    sources = job.manifest.sources
    items = dict.fromkeys(answers.item.tolist())
    spans: dict[int, list[TextSpan]] = {item: [] for item in items}
    if rows:
        ends = np.array([_numbers_of(part, ("startOffset", "endOffset"), item) for item, _, part in rows])
        result = consolidate_spans(
            [item for item, _, _ in rows],
            [worker for _, worker, _ in rows],
            ends[:, 0].astype(np.int64),
            ends[:, 1].astype(np.int64),
            [str(part.get("label", "")) for _, _, part in rows],
            lengths={item: len(sources[item]) for item in items},
            empty_answers=empty,
            method="spans",
        )
        for item, start, end, label, confidence in zip(
            result.items_.tolist(),
            result.starts_.tolist(),
            result.ends_.tolist(),
            result.labels_.tolist(),
            result.confidence_.tolist(),
            strict=True,
        ):
            spans[item].append(TextSpan(label, start, end, confidence))
    decided: Decided = {}
    for item, found in spans.items():
        previous = old[item]
        before = previous.value if previous and isinstance(previous.value, SpanLabel) else SpanLabel()
        decided[item] = found, replace(before, spans=found)
    return decided


_BACKGROUND, _WHITE = "BACKGROUND", "#ffffff"
_MOST_MASK_CLASS = 255


def _masks(
    job: LabelingJobFolder, name: str, answers: RawAnswers, old: list[ManifestLabel | None], method: str
) -> Decided:
    numbers = _class_numbers(old)
    numbers.setdefault(next((label for label, number in numbers.items() if number == 0), _BACKGROUND), 0)
    colors = {number: _WHITE for number in numbers.values() if number == 0}
    for label in old:
        for one in label.value.classes if label is not None and isinstance(label.value, MaskLabel) else []:
            colors[one.region.class_index] = one.hex_color or colors.get(one.region.class_index, "")
    masks = []
    for item, content in zip(answers.item.tolist(), answers.content, strict=True):
        where = f"worker response of item {item}"
        for class_name, color in mask_colors(content, where).items():
            number = _number(numbers, class_name)
            colors[number] = colors.get(number) or color
        wrong = next((number for number in numbers.values() if not 0 <= number <= _MOST_MASK_CLASS), None)
        if wrong is not None:
            raise FormatError(f"{where}: a class of number {wrong}, expected 0 to {_MOST_MASK_CLASS} in a mask")
        masks.append(mask_of_answer(content, numbers, where))
    result = consolidate_masks(
        answers.item.tolist(), answers.worker.tolist(), masks, n_classes=max(numbers.values()) + 1
    )
    names = {number: class_name for class_name, number in numbers.items()}
    decided: Decided = {}
    for item, mask, confidence in zip(result.items_.tolist(), result.masks_, result.confidence_.tolist(), strict=True):
        previous = old[item]
        before = previous.value if previous and isinstance(previous.value, MaskLabel) else MaskLabel()
        present = {one.region.class_index for one in before.classes} | {0} | set(np.unique(mask).tolist())
        classes = [
            MaskClass(ManifestClass(number, names[number], confidence), colors.get(number, ""))
            for number in sorted(present)
        ]
        decided[item] = mask, replace(before, classes=classes)
    return decided


def _differ_masks(job: LabelingJobFolder, old: LabelValue | None, mask: NDArray[np.uint8]) -> bool:
    """Whether a mask is another than that of a label, whose file is looked for by its name in the job's folder."""
    if not isinstance(old, MaskLabel) or job.folder is None:
        return True
    file_name = old.mask_ref.rpartition("/")[2]
    path = next((path for path in job.other_files if path.rpartition("/")[2] == file_name), None)
    if path is None:
        return True
    before = read_mask(job.folder / path, old)
    if before.shape != mask.shape:
        return True
    overlaps = []
    for number in set(np.unique(before).tolist()) | set(np.unique(mask).tolist()):
        one, other = before == number, mask == number
        overlaps.append(np.count_nonzero(one & other) / np.count_nonzero(one | other))
    return float(np.mean(overlaps)) < _SAME_MASK if overlaps else False


def _confidence(value: LabelValue | None) -> float:
    if isinstance(value, BoxLabel):
        given = [box.object.confidence for box in value.boxes]
    elif isinstance(value, SpanLabel):
        given = [span.confidence for span in value.spans]
    else:
        given = [one.confidence for one in _classes_of(value)]
    stated = [confidence for confidence in given if confidence is not None]
    return min(stated, default=float("nan"))


def _shown(value: LabelValue | None) -> Any:
    return value.chosen.class_name if isinstance(value, ClassLabel) else value


def _differ(old: LabelValue | None, new: LabelValue) -> bool:
    if old is None or type(old) is not type(new):
        return True
    if isinstance(old, BoxLabel) and isinstance(new, BoxLabel):
        return not _same_boxes(old.boxes, new.boxes)
    if isinstance(old, SpanLabel) and isinstance(new, SpanLabel):
        places = [{(span.start, span.end, span.label) for span in one.spans} for one in (old, new)]
        return places[0] != places[1]
    names = [{one.class_name for one in _classes_of(value)} for value in (old, new)]
    return names[0] != names[1]


def _same_boxes(old: list[ManifestBox], new: list[ManifestBox]) -> bool:
    """Whether every box has one of its class at its place, greedily."""
    if len(old) != len(new):
        return False
    left = list(new)
    for box in old:
        same_class = [other for other in left if other.object.class_name == box.object.class_name]
        best = max(same_class, key=lambda other: _overlap(box, other), default=None)
        if best is None or _overlap(box, best) < _SAME_BOX:
            return False
        left.remove(best)
    return True


def _overlap(one: ManifestBox, other: ManifestBox) -> float:
    width = min(one.left + one.width, other.left + other.width) - max(one.left, other.left)
    height = min(one.top + one.height, other.top + other.height) - max(one.top, other.top)
    common = max(width, 0.0) * max(height, 0.0)
    union = one.width * one.height + other.width * other.height - common
    return common / union if union > 0 else 0.0
