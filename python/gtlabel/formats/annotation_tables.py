"""Annotations as the tables that jobs and consolidations take and give."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gtlabel._core import InvalidArgument, InvalidType
from gtlabel.answers import SPECIAL_NAMES
from gtlabel.consolidation import Consolidation
from gtlabel.formats.annotations import (
    HUMAN,
    SKIP,
    UNSURE,
    Annotations,
    Answer,
    Box,
    Choice,
    Item,
    Mark,
    Mask,
    Span,
    known,
)
from gtlabel.formats.answer_files import SPECIAL_ANSWERS, AnswerTable
from gtlabel.formats.features import prepared, with_confidences_in_place
from gtlabel.labels import Labels
from gtlabel.structured_consolidation import (
    BoxConsolidation,
    MaskConsolidation,
    MultiLabelConsolidation,
    SpanConsolidation,
)

LABELS_CARRY = frozenset(
    (
        "choices",
        "unsure and none of these",
        "class order",
        "class ids",
        "class numbers",
        "item ids",
        "ids beside image names",
        "item numbers",
        "sources",
        "rounds",
        "answer confidences",
    )
)
ANSWERS_CARRY = frozenset(
    (
        "choices",
        "unsure and none of these",
        "several answers",
        "skips",
        "item ids",
        "ids beside image names",
        "workers",
        "answer confidences",
        "seconds",
    )
)


def annotations_of_labels(labels: Labels) -> Annotations:
    """One item per row; the item's index and its round are kept among the fields."""
    pairs = sorted(set(zip(labels.class_index.tolist(), labels.label.tolist(), strict=True)))
    known_pairs = [(index, name) for index, name in pairs if index >= 0]
    has_gaps = [index for index, _ in known_pairs] != list(range(len(known_pairs)))
    items = [_item_of_row(labels, row, has_gaps) for row in range(len(labels))]
    return Annotations.of(items, [name for _, name in known_pairs])


def _item_of_row(labels: Labels, row: int, has_gaps: bool) -> Item:
    """With the number of its class, where that does not follow from the classes that there are."""
    index = int(labels.class_index[row])
    number = {"class_index": index} if has_gaps else {}
    answer = Answer(
        marks=() if index < 0 else (Choice(str(labels.label[row])),),
        source=str(labels.source[row]),
        confidence=known(str(labels.confidence[row])),  # the shortest number that is this float32
        special=SPECIAL_NAMES[index] if index < 0 else "",
        fields={"round": int(labels.round[row])} | number,
    )
    return Item(id=labels.id[row].item(), answers=(answer,), fields={"item": int(labels.item[row])})


def labels_of_annotations(annotations: Annotations) -> Labels:
    """Of items with one answer, which chose one class; others raise. Items that nobody answered are left out."""
    place_of = annotations.class_ids_from(0)
    placed = with_confidences_in_place(annotations, LABELS_CARRY)
    items = prepared(placed, LABELS_CARRY | {"unanswered items"}, "labels").items
    kept = [(row, item, item.answers[0]) for row, item in enumerate(items) if item.answers]
    names = [answer.special or _chosen(answer) for _, _, answer in kept]
    places = [
        SPECIAL_NAMES.index(name) - len(SPECIAL_NAMES)
        if answer.special
        else _whole(answer.fields.get("class_index"), place_of[name])
        for name, (_, _, answer) in zip(names, kept, strict=True)
    ]
    confidences = [np.nan if answer.confidence is None else answer.confidence for _, _, answer in kept]
    return Labels(
        item=np.asarray([_whole(item.fields.get("item"), row) for row, item, _ in kept], dtype=np.int64),
        id=id_array([item.id for _, item, _ in kept]),
        label=np.asarray(names, dtype=np.str_),
        class_index=np.asarray(places, dtype=np.int32),
        source=np.asarray([answer.source for _, _, answer in kept], dtype=np.str_),
        confidence=np.asarray(confidences, dtype=np.float32),
        round=np.asarray([_whole(answer.fields.get("round"), 0) for _, _, answer in kept], dtype=np.int32),
    )


def annotations_of_answers(table: AnswerTable) -> Annotations:
    """One item per id, in order of first appearance, with its answers in order."""
    answers: dict[Any, list[Answer]] = {}
    for row, item in enumerate(table.item.tolist()):
        answers.setdefault(item, []).append(_answer_of_row(table, row))
    items = [Item(id=item, answers=tuple(given)) for item, given in answers.items()]
    names = set(table.answer.tolist()) - set(SPECIAL_ANSWERS)
    return Annotations.of(items, sorted(names))


def _answer_of_row(table: AnswerTable, row: int) -> Answer:
    name = str(table.answer[row])
    is_special = name in SPECIAL_ANSWERS
    return Answer(
        marks=() if is_special else (Choice(name),),
        worker=str(table.worker[row]),
        confidence=known(table.certainty[row]),
        seconds=known(table.seconds[row]),
        special=name if is_special else "",
    )


def answers_of_annotations(annotations: Annotations) -> AnswerTable:
    """What people chose, a row per answer; answers that chose several classes, or marked something, raise.

    What machines said is left out.
    """
    people = with_confidences_in_place(only_people(annotations), ANSWERS_CARRY)
    rows = [(item.id, answer) for item in prepared(people, ANSWERS_CARRY, "answers").items for answer in item.answers]
    unknown = [np.nan if answer.confidence is None else answer.confidence for _, answer in rows]
    return AnswerTable(
        item=id_array([item for item, _ in rows]),
        worker=np.asarray([answer.worker for _, answer in rows], dtype=np.str_),
        answer=np.asarray([answer.special or _chosen(answer) for _, answer in rows], dtype=np.str_),
        certainty=np.asarray(unknown, dtype=np.float64),
        seconds=np.asarray([np.nan if a.seconds is None else a.seconds for _, a in rows], dtype=np.float64),
    )


def only_people(annotations: Annotations) -> Annotations:
    """Without what machines said."""
    items = [
        dataclasses.replace(item, answers=tuple(answer for answer in item.answers if answer.source == HUMAN))
        for item in annotations.items
    ]
    return dataclasses.replace(annotations, items=tuple(items))


def box_columns(annotations: Annotations) -> dict[str, Any]:
    """What ``gtlabel.consolidate_boxes(**box_columns(annotations))`` takes: people's boxes, and who marked none."""
    rows, empty = _marks_and_empty(annotations, Box)
    turned = next((item for item, _, box in rows if box.rotation), None)
    if turned is not None:
        raise InvalidArgument(f"boxes: one of item {turned!r} is turned, expected upright ones")
    return {
        "items": id_array([item for item, _, _ in rows]),
        "workers": [worker for _, worker, _ in rows],
        "boxes": np.asarray([(b.x1, b.y1, b.x2, b.y2) for _, _, b in rows], dtype=np.float64).reshape(-1, 4),
        "labels": [box.label for _, _, box in rows],
        "empty_answers": empty,
        "classes": list(annotations.classes),
    }


def span_columns(annotations: Annotations) -> dict[str, Any]:
    """What ``gtlabel.consolidate_spans(**span_columns(annotations))`` takes, in characters."""
    rows, empty = _marks_and_empty(annotations, Span)
    asked = {item for item, _, _ in rows} | {item for item, _ in empty}
    return {
        "items": id_array([item for item, _, _ in rows]),
        "workers": [worker for _, worker, _ in rows],
        "starts": np.asarray([span.start for _, _, span in rows], dtype=np.int64),
        "ends": np.asarray([span.end for _, _, span in rows], dtype=np.int64),
        "labels": [span.label for _, _, span in rows],
        "lengths": {item.id: len(_text_of(item)) for item in annotations.items if item.id in asked},
        "empty_answers": empty,
        "classes": list(annotations.classes),
    }


def label_set_columns(annotations: Annotations) -> dict[str, Any]:
    """What ``gtlabel.consolidate_multi_label(**label_set_columns(annotations))`` takes."""
    rows = list(_rows(annotations))
    return {
        "items": id_array([item.id for item, _, _ in rows]),
        "workers": [worker for _, worker, _ in rows],
        "label_sets": [[mark.label for mark in answer.marks if isinstance(mark, Choice)] for _, _, answer in rows],
        "labels": list(annotations.classes),
    }


def mask_columns(annotations: Annotations) -> dict[str, Any]:
    """What ``gtlabel.consolidate_masks(**mask_columns(annotations))`` takes.

    Pixels have the place of their class among ``annotations.classes``, plus 1, and 0 where nobody marked anything; of
    two masks of one answer the later covers the earlier.
    """
    rows = list(_rows(annotations))
    return {
        "items": id_array([item.id for item, _, _ in rows]),
        "workers": [worker for _, worker, _ in rows],
        "masks": [_class_image(item, answer, annotations.classes) for item, _, answer in rows],
        "n_classes": len(annotations.classes) + 1,
    }


def with_consolidated(annotations: Annotations, result: Any) -> Annotations:
    """The same items with one answer each: what a consolidation of them found.

    ``result``: of ``consolidate``, ``consolidate_boxes``, ``_spans``, ``_masks`` or ``_multi_label``.
    """
    for kind, answers_of in _ANSWERS_OF.items():
        if isinstance(result, kind):
            found = answers_of(result, annotations.classes)
            items = [
                dataclasses.replace(item, answers=(found[item.id],) if item.id in found else ())
                for item in annotations.items
            ]
            return Annotations.of(items, annotations.classes)
    raise InvalidType(f"result: {type(result).__name__} given, expected one of a consolidation")


def _answers_of_classes(result: Consolidation, classes: tuple[str, ...]) -> dict[Any, Answer]:
    confidences = np.max(result.probabilities_, axis=1).tolist()
    rows = zip(result.items_.tolist(), result.labels_.tolist(), confidences, strict=True)
    return {
        item: Answer((), confidence=confidence, special=label)
        if label in SPECIAL_ANSWERS and label not in classes
        else Answer((Choice(label),), confidence=confidence)
        for item, label, confidence in rows
    }


def _answers_of_label_sets(result: MultiLabelConsolidation, _: tuple[str, ...]) -> dict[Any, Answer]:
    place_of = {label: place for place, label in enumerate(result.labels_.tolist())}
    rows = zip(result.items_.tolist(), result.label_sets_, result.probabilities_, strict=True)
    return {
        item: Answer(tuple(Choice(label, float(probabilities[place_of[label]])) for label in labels))
        for item, labels, probabilities in rows
    }


def _answers_of_boxes(result: BoxConsolidation, _: tuple[str, ...]) -> dict[Any, Answer]:
    labels = ["object"] * len(result.items_) if result.labels_ is None else result.labels_.tolist()
    boxes = zip(labels, result.boxes_.tolist(), result.confidence_.tolist(), strict=True)
    marks = [Box(label, x1, y1, x2, y2, confidence) for label, (x1, y1, x2, y2), confidence in boxes]
    return _by_item(result.items_, marks, result.empty_items_)


def _answers_of_spans(result: SpanConsolidation, _: tuple[str, ...]) -> dict[Any, Answer]:
    columns = (result.labels_, result.starts_, result.ends_, result.confidence_)
    marks = [Span(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]
    return _by_item(result.items_, marks, result.empty_items_)


def _answers_of_masks(result: MaskConsolidation, classes: tuple[str, ...]) -> dict[Any, Answer]:
    found = {}
    for item, pixels, confidence in zip(
        result.items_.tolist(), result.masks_, result.confidence_.tolist(), strict=True
    ):
        image = pixels.astype(np.uint8)
        marks = [Mask.from_array(classes[place - 1], image == place) for place in np.unique(image).tolist() if place]
        found[item] = Answer(tuple(marks), confidence=confidence)
    return found


_ANSWERS_OF: dict[type, Callable[[Any, tuple[str, ...]], dict[Any, Answer]]] = {
    Consolidation: _answers_of_classes,
    MultiLabelConsolidation: _answers_of_label_sets,
    BoxConsolidation: _answers_of_boxes,
    SpanConsolidation: _answers_of_spans,
    MaskConsolidation: _answers_of_masks,
}


def _by_item(items: NDArray[Any], marks: list[Any], empty_items: NDArray[Any]) -> dict[Any, Answer]:
    of_item: dict[Any, list[Mark]] = {item: [] for item in empty_items.tolist()}
    for item, mark in zip(items.tolist(), marks, strict=True):
        of_item.setdefault(item, []).append(mark)
    return {item: Answer(tuple(found)) for item, found in of_item.items()}


def _rows(annotations: Annotations) -> Iterator[tuple[Item, str, Answer]]:
    """People's answers that say something, with a name for each worker who has none: they may be different people."""
    for item in annotations.items:
        for place, answer in enumerate(item.answers):
            if answer.source == HUMAN and answer.special not in (SKIP, UNSURE):
                yield item, answer.worker or f"(not told {place})", answer


def _marks_and_empty(annotations: Annotations, kind: type) -> tuple[list[tuple[Any, str, Any]], list[tuple[Any, str]]]:
    rows, empty = [], []
    for item, worker, answer in _rows(annotations):
        marks = [mark for mark in answer.marks if isinstance(mark, kind)]
        rows += [(item.id, worker, mark) for mark in marks]
        if not marks:
            empty.append((item.id, worker))
    return rows, empty


def _class_image(item: Item, answer: Answer, classes: tuple[str, ...]) -> NDArray[np.uint8]:
    masks = [mark for mark in answer.marks if isinstance(mark, Mask)]
    sizes = {(mask.height, mask.width) for mask in masks}
    if not masks and item.height and item.width:
        sizes = {(item.height, item.width)}
    if len(sizes) != 1 or len(classes) > 255:
        raise InvalidArgument(
            f"masks: sizes {sorted(sizes)} and {len(classes)} classes for item {item.id!r}, expected one size and at "
            "most 255 classes"
        )
    image = np.zeros(sizes.pop(), dtype=np.uint8)
    for mask in masks:
        image[mask.to_array()] = classes.index(mask.label) + 1
    return image


def _text_of(item: Item) -> str:
    if item.text is None:
        raise InvalidArgument(f"spans: item {item.id!r} has no text")
    return item.text


def _chosen(answer: Answer) -> str:
    for mark in answer.marks:
        if isinstance(mark, Choice):
            return mark.label
    raise InvalidArgument("answer: nothing chosen, expected one class")


def _whole(value: Any, otherwise: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31 else otherwise


def id_array(given: list[str | int]) -> NDArray[Any]:
    """Ids as a column: whole numbers if all are, texts otherwise."""
    if given and all(isinstance(name, int) for name in given):
        return np.asarray(given, dtype=np.int64)
    return np.asarray([str(name) for name in given], dtype=np.str_) if given else np.zeros(0, dtype=np.str_)
