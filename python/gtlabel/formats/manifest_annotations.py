"""Ground Truth's manifests as annotations, and annotations as manifests."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from gtlabel._core import InvalidArgument
from gtlabel.formats.annotations import AUTO, HUMAN, Annotations, Answer, Box, Choice, Item, Mark, Other, Span
from gtlabel.formats.features import only_answer, prepared, with_confidences_in_place
from gtlabel.formats.file_text import StrPath
from gtlabel.formats.manifest import Manifest, ManifestRow, read_manifest, write_manifest
from gtlabel.formats.manifest_label import (
    BoxLabel,
    ClassLabel,
    ManifestBox,
    ManifestClass,
    ManifestLabel,
    MultiClassLabel,
    SpanLabel,
    TextSpan,
)

CARRIES = frozenset(
    [
        "choices",
        "label sets",
        "boxes",
        "spans",
        "overlapping spans",
        "negatives",
        "unanswered items",
        "item ids",
        "ids beside image names",
        "images",
        "texts",
        "splits",
        "item numbers",
        "item fields",
        "class ids",
        "sources",
        "jobs and dates",
        "mark confidences",
    ]
)
_FORMAT = "manifest"
_LABEL = "label"  # the attribute that is written
_WRITTEN_TYPES = frozenset(
    "groundtruth/" + name
    for name in (
        "image-classification",
        "text-classification",
        "image-classification-multilabel",
        "text-classification-multilabel",
        "object-detection",
        "text-span",
    )
)
_OWN_KEYS = ("source", "source-ref", _LABEL, "item_id", "text")


def read_manifest_annotations(path: StrPath) -> Annotations:
    """The labels of a manifest that has one label attribute; ``annotations_of_manifest`` for those with several."""
    return annotations_of_manifest(read_manifest(path))


def annotations_of_manifest(manifest: Manifest, attribute: str | None = None) -> Annotations:
    """The labels of one label attribute, by default the only one.

    Ids are the numbers of the lines, unless these have an ``item_id``; keys that are no labels are fields of the items.
    Masks, frames, point clouds and custom labels are kept as they are.
    """
    names = manifest.attributes
    if attribute is None and len(names) > 1:
        raise InvalidArgument(f"manifest: attributes {list(names)} given, expected one, by attribute= (--attribute)")
    if attribute is not None and attribute not in names:
        raise InvalidArgument(f"attribute: {attribute!r} given, expected one of {list(names)}")
    chosen = attribute if attribute is not None else names[0] if names else None
    labels = [None] * len(manifest) if chosen is None else manifest.typed_labels(chosen)
    items = [_item(row, line, label) for row, (line, label) in enumerate(zip(manifest, labels, strict=True))]
    told = [label for label in labels if label is not None]
    classes = dict.fromkeys(name for label in told for name in _class_names(label))
    annotations = Annotations.of(items, list(classes), not_read=_not_read(told))
    return annotations.with_class_ids((pair for label in told for pair in _class_ids(label)), first=0)


def _not_read(labels: list[ManifestLabel]) -> dict[str, int]:
    """What labels say that is not written again; those that are kept as they are lose nothing."""
    read = [label for label in labels if isinstance(label.value, ClassLabel | MultiClassLabel | BoxLabel | SpanLabel)]
    values = [label.value for label in read]
    return {
        "label types": sum(bool(label.type) and label.type not in _WRITTEN_TYPES for label in read),
        "worker feedback": sum(isinstance(value, ClassLabel) and bool(value.comments) for value in values),
        "adjustment statuses": sum(bool(label.adjustment_status) for label in read),
        "image depths": sum(isinstance(value, BoxLabel) and value.image_depth not in (0, 3) for value in values),
        "other metadata": sum(bool(label.other_metadata) for label in read),
    }


def _class_ids(label: ManifestLabel) -> list[tuple[str, int]]:
    value = label.value
    if isinstance(value, BoxLabel):
        return [(name, number) for number, name in sorted(value.class_map) if name]
    chosen = [value.chosen] if isinstance(value, ClassLabel) else []
    chosen += value.classes if isinstance(value, MultiClassLabel) else []
    return [(_name(one), one.class_index) for one in chosen if one.class_index >= 0]


def _item(row: int, line: ManifestRow, label: ManifestLabel | None) -> Item:
    value = None if label is None else label.value
    width, height = (value.image_width, value.image_height) if isinstance(value, BoxLabel) else (0, 0)
    labels = {name for attribute in line.attributes for name in (attribute, f"{attribute}-metadata")}
    is_image, item_id = "source-ref" in line, line.get("item_id", row)
    has_id = isinstance(item_id, str | int) and not isinstance(item_id, bool)
    text = line.get("text") if is_image else line.get("source")
    taken = {"source-ref", "source"} | ({"item_id"} if has_id else set())
    taken |= {"text"} if is_image and isinstance(text, str) else set()
    return Item(
        id=item_id if has_id else row,
        answers=() if label is None else (_answer(label),),
        image=str(line["source-ref"]) if is_image else None,
        text=text if isinstance(text, str) else None,
        width=width or None,
        height=height or None,
        fields={name: value for name, value in line.items() if name not in labels and name not in taken},
    )


def _answer(label: ManifestLabel) -> Answer:
    told = {"job-name": label.job_name, "creation-date": label.creation_date}
    return Answer(
        marks=tuple(_marks(label)),
        source=AUTO if label.human_annotated is False else HUMAN,
        fields={name: value for name, value in told.items() if value},
    )


def _marks(label: ManifestLabel) -> list[Mark]:
    value = label.value
    if isinstance(value, ClassLabel):
        return [Choice(_name(value.chosen), value.chosen.confidence)]
    if isinstance(value, MultiClassLabel):
        return [Choice(_name(chosen), chosen.confidence) for chosen in value.classes]
    if isinstance(value, BoxLabel):
        names = dict(value.class_map)
        return [_box(box, names) for box in value.boxes]
    if isinstance(value, SpanLabel):
        return [Span(span.label, span.start, span.end, span.confidence) for span in value.spans]
    content, metadata = label.to_json()
    return [Other(_FORMAT, {"label": content, "metadata": metadata})]


def _name(chosen: ManifestClass) -> str:
    return chosen.class_name or str(chosen.class_index)


def _box(box: ManifestBox, names: dict[int, str]) -> Box:
    label = box.object.class_name or names.get(box.object.class_index, "") or str(box.object.class_index)
    right, lower = box.left + box.width, box.top + box.height
    return Box(label, box.left, box.top, right, lower, confidence=box.object.confidence)


def _class_names(label: ManifestLabel) -> list[str]:
    """Of all classes that there were to choose from, where the label tells."""
    value = label.value
    if isinstance(value, BoxLabel):
        return [name for _, name in sorted(value.class_map) if name]
    return [name for name, _ in value.labels] if isinstance(value, SpanLabel) else []


def write_manifest_annotations(annotations: Annotations, path: StrPath) -> None:
    """An augmented manifest with the label attribute ``label``, of the one task type that all answers are of."""
    ready = prepared(with_confidences_in_place(annotations, CARRIES), CARRIES, "manifest")
    kind = _task_kind(ready)
    places = ready.class_ids_from(0)
    manifest = Manifest()
    for row, item in enumerate(ready.items):
        manifest.append(_line(item, row))
        if item.answers:
            manifest.set_label(row, _LABEL, _label(item, kind, places))
    write_manifest(manifest, path)


def _line(item: Item, row: int) -> dict[str, Any]:
    wrong = [name for name in item.fields if name in _OWN_KEYS or name.endswith("-metadata")]
    if wrong:
        raise InvalidArgument(f"manifest: a field {wrong[0]!r} of {item.id!r} given, which has a meaning of its own")
    item_id = {} if item.id == row else {"item_id": item.id}
    if item.image is None and item.text is not None:
        return {"source": item.text, **item_id, **item.fields}
    text = {} if item.text is None else {"text": item.text}
    return {"source-ref": item.image if item.image is not None else str(item.id), **text, **item_id, **item.fields}


def _task_kind(annotations: Annotations) -> type:
    answers = [answer for item in annotations.items for answer in item.answers]
    kinds = {type(mark) for answer in answers for mark in answer.marks}
    if len(kinds) > 1:
        named = ", ".join(sorted(kind.__name__ for kind in kinds))
        raise InvalidArgument(f"manifest: {named} given, expected one kind of marks")
    if kinds <= {Choice}:
        return ClassLabel if all(len(answer.marks) == 1 for answer in answers) else MultiClassLabel
    return BoxLabel if kinds == {Box} else SpanLabel


def _label(item: Item, kind: type, places: dict[str, int]) -> ManifestLabel:
    answer = only_answer(item)
    parts = [ManifestClass(places[m.label], m.label, m.confidence) for m in answer.marks if not isinstance(m, Other)]
    value: Any
    if kind is ClassLabel:
        value = ClassLabel(parts[0])
    elif kind is MultiClassLabel:
        value = MultiClassLabel(parts)
    elif kind is BoxLabel:
        value = _box_label(item, parts, places)
    else:
        spans = [TextSpan(m.label, m.start, m.end, m.confidence) for m in answer.marks if isinstance(m, Span)]
        value = SpanLabel(spans, [(name, name) for name in places])
    return ManifestLabel(
        value,
        human_annotated=answer.source == HUMAN,
        job_name=str(answer.fields.get("job-name") or f"labeling-job/{_LABEL}"),
        creation_date=str(answer.fields.get("creation-date") or _now()),
    )


def _now() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")


def _box_label(item: Item, parts: list[ManifestClass], places: dict[str, int]) -> BoxLabel:
    if item.unit != "pixel":
        raise InvalidArgument(f"manifest: the size of image {item.id!r} is not known, expected pixels")
    boxes = [mark for mark in only_answer(item).marks if isinstance(mark, Box)]
    pairs = zip(parts, boxes, strict=True)
    return BoxLabel(
        image_width=item.width or 0,
        image_height=item.height or 0,
        image_depth=3 if item.width else 0,
        boxes=[ManifestBox(part, box.x1, box.y1, box.x2 - box.x1, box.y2 - box.y1) for part, box in pairs],
        class_map=[(place, name) for name, place in places.items()],
    )
