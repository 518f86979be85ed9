"""What annotations can have, and whether a format has a place for it."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from gtlabel._core import InvalidArgument
from gtlabel.formats.annotations import (
    AUTO,
    HUMAN,
    SKIP,
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
    marks_of,
)

# Fields that gtlabel itself gives: of tables of labels, and where images are divided into parts.
_OWN_ITEM_FIELDS = frozenset(("split", "item"))
_JOB_FIELDS = frozenset(("job-name", "creation-date"))  # of Ground Truth
_OWN_ANSWER_FIELDS = frozenset(("round", "class_index")) | _JOB_FIELDS


@dataclass(frozen=True)
class Feature:
    """Something that annotations can have."""

    count: Callable[[Annotations], int]
    """How many items, answers or marks have it."""
    is_essential: bool
    """Without it the file would say something else; so what has it is refused rather than left out."""


def carried_kinds(carries: Iterable[str]) -> str:
    return ", ".join(name for name in FEATURES if name in set(carries) and FEATURES[name].is_essential)


def not_carried(annotations: Annotations, carries: Iterable[str]) -> dict[str, int]:
    """What of the annotations a format has no place for, counted; beside what is essential, which is refused."""
    places = set(carries)
    left_out = {name: feature for name, feature in FEATURES.items() if name not in places and not feature.is_essential}
    counts = {name: feature.count(annotations) for name, feature in left_out.items()}
    return {name: count for name, count in counts.items() if count}


def prepared(annotations: Annotations, carries: frozenset[str], format_name: str) -> Annotations:
    """Without the items and answers that the format has no place for; what is essential is refused."""
    items = [_prepared_item(item, carries) for item in annotations.items]
    kept = [item for item in items if item.answers or "unanswered items" in carries]
    result = dataclasses.replace(annotations, items=tuple(kept))
    for name, feature in FEATURES.items():
        if feature.is_essential and name not in carries and (count := feature.count(result)):
            hint = "; consolidate them first" if name == "several answers" else ""
            raise InvalidArgument(f"{format_name}: {count} {name} given, expected {carried_kinds(carries)}{hint}")
    return result


def _prepared_item(item: Item, carries: frozenset[str]) -> Item:
    answers = [
        answer
        for answer in item.answers
        if not (answer.special == SKIP and "skips" not in carries)
        and not (_is_negative(answer) and "negatives" not in carries)
    ]
    if "several answers" not in carries and any(answer.source == HUMAN for answer in answers):
        answers = [answer for answer in answers if answer.source == HUMAN]
    return dataclasses.replace(item, answers=tuple(answers))


def with_confidences_in_place(annotations: Annotations, carries: frozenset[str]) -> Annotations:
    """Of an answer that is one choice the confidence is that of the choice: it goes where the format has a place."""
    if ("answer confidences" in carries) == ("mark confidences" in carries):
        return annotations
    to_marks = "mark confidences" in carries
    items = [
        dataclasses.replace(item, answers=tuple(_with_confidence_in_place(answer, to_marks) for answer in item.answers))
        for item in annotations.items
    ]
    return dataclasses.replace(annotations, items=tuple(items))


def _with_confidence_in_place(answer: Answer, to_marks: bool) -> Answer:
    choice = answer.marks[0] if len(answer.marks) == 1 else None
    if not isinstance(choice, Choice):
        return answer
    given, other = choice.confidence, answer.confidence
    if to_marks and given is None and other is not None:
        return dataclasses.replace(answer, marks=(dataclasses.replace(choice, confidence=other),), confidence=None)
    if not to_marks and other is None and given is not None:
        return dataclasses.replace(answer, marks=(dataclasses.replace(choice, confidence=None),), confidence=given)
    return answer


def only_answer(item: Item) -> Answer:
    """Of an item of a format that has one answer per item."""
    return item.answers[0] if item.answers else Answer()


def file_stem(item: Item) -> str:
    """What the file of an item is called, without its ending: as its image is, or by its id if it has none."""
    return str(item.id) if item.image is None else stem_of(item.image)


def stem_of(path: str) -> str:
    """A path without its ending."""
    pure = PurePosixPath(path)
    return path[: -len(pure.suffix)] if pure.suffix else path


def _is_negative(answer: Answer) -> bool:
    return not answer.marks and not answer.special


def _marks(condition: Callable[[Mark], Any]) -> Callable[[Annotations], int]:
    return lambda annotations: sum(1 for item in annotations.items for mark in marks_of(item) if condition(mark))


def _answers(condition: Callable[[Answer], Any]) -> Callable[[Annotations], int]:
    return lambda annotations: sum(1 for item in annotations.items for answer in item.answers if condition(answer))


def _items(condition: Callable[[Item], Any]) -> Callable[[Annotations], int]:
    return lambda annotations: sum(1 for item in annotations.items if condition(item))


def _is_label_set(answer: Answer) -> bool:
    return sum(isinstance(mark, Choice) for mark in answer.marks) > 1


def _spans_overlap(answer: Answer) -> bool:
    spans = sorted((mark.start, mark.end) for mark in answer.marks if isinstance(mark, Span))
    return any(second[0] < first[1] for first, second in itertools.pairwise(spans))


def _has_predictions_beside(item: Item) -> bool:
    return {answer.source for answer in item.answers} == {HUMAN, AUTO}


def _ids_not_counted_off(annotations: Annotations) -> int:
    return sum(str(item.id) != str(position) for position, item in enumerate(annotations.items))


def _has_typed_attributes(mark: Mark) -> bool:
    return not all(isinstance(value, str) for value in (_attributes(mark) or {}).values())


def _unused_classes(annotations: Annotations) -> int:
    named = {mark.label for item in annotations.items for mark in marks_of(item) if not isinstance(mark, Other)}
    return len(set(annotations.classes) - named)


def _class_ids_not_counted_off(annotations: Annotations) -> int:
    given = [annotations.class_ids.get(name) for name in annotations.classes]
    n_classes = len(given)
    return 0 if given in ([*range(n_classes)], [*range(1, n_classes + 1)]) else len(annotations.class_ids)


def _classes_out_of_order(annotations: Annotations) -> int:
    """All of them, if they are not in the order in which the marks name them."""
    named = Annotations.of(annotations.items).classes
    used = tuple(name for name in annotations.classes if name in set(named))
    return 0 if used == named else len(used)


def _confidence(mark: Mark) -> float | None:
    return None if isinstance(mark, Other) else mark.confidence


def _attributes(mark: Mark) -> Any:
    return None if isinstance(mark, Other) else mark.attributes


FEATURES: dict[str, Feature] = {
    "choices": Feature(_marks(lambda mark: isinstance(mark, Choice)), True),
    "label sets": Feature(_answers(_is_label_set), True),
    "boxes": Feature(_marks(lambda mark: isinstance(mark, Box)), True),
    "turned boxes": Feature(_marks(lambda mark: isinstance(mark, Box) and mark.rotation), True),
    "polygons": Feature(_marks(lambda mark: isinstance(mark, Polygon)), True),
    "polygons in parts": Feature(_marks(lambda mark: isinstance(mark, Polygon) and len(mark.parts) != 1), True),
    "masks": Feature(_marks(lambda mark: isinstance(mark, Mask)), True),
    "spans": Feature(_marks(lambda mark: isinstance(mark, Span)), True),
    "overlapping spans": Feature(_answers(_spans_overlap), True),
    "other marks": Feature(_marks(lambda mark: isinstance(mark, Other)), True),
    "unsure and none of these": Feature(_answers(lambda answer: answer.special not in ("", SKIP)), True),
    "several answers": Feature(_items(lambda item: len(item.answers) > 1), True),
    "predictions beside answers": Feature(_items(_has_predictions_beside), False),
    "skips": Feature(_answers(lambda answer: answer.special == SKIP), False),
    "negatives": Feature(_answers(_is_negative), False),
    "unanswered items": Feature(_items(lambda item: not item.answers), False),
    "unused classes": Feature(_unused_classes, False),
    "class order": Feature(_classes_out_of_order, False),
    "class ids": Feature(_class_ids_not_counted_off, False),
    "class fields": Feature(lambda annotations: sum(map(bool, annotations.class_fields.values())), False),
    "file fields": Feature(lambda annotations: len(annotations.file_fields), False),
    "item ids": Feature(_ids_not_counted_off, False),
    "ids beside image names": Feature(_items(lambda item: str(item.id) != file_stem(item)), False),
    "images": Feature(_items(lambda item: item.image is not None), False),
    "image sizes": Feature(_items(lambda item: item.width is not None or item.height is not None), False),
    "texts": Feature(_items(lambda item: item.text is not None), False),
    "splits": Feature(_items(lambda item: "split" in item.fields), False),
    "item numbers": Feature(_items(lambda item: "item" in item.fields), False),
    "item fields": Feature(_items(lambda item: set(item.fields) - _OWN_ITEM_FIELDS), False),
    "workers": Feature(_answers(lambda answer: answer.worker), False),
    "sources": Feature(_answers(lambda answer: answer.source != HUMAN), False),
    "models": Feature(_answers(lambda answer: answer.model), False),
    "gold": Feature(_answers(lambda answer: answer.is_gold), False),
    "answer confidences": Feature(_answers(lambda answer: answer.confidence is not None), False),
    "seconds": Feature(_answers(lambda answer: answer.seconds is not None), False),
    "answer ids": Feature(_answers(lambda answer: answer.id is not None), False),
    "rounds": Feature(_answers(lambda answer: "round" in answer.fields), False),
    "class numbers": Feature(_answers(lambda answer: "class_index" in answer.fields), False),
    "jobs and dates": Feature(_answers(lambda answer: _JOB_FIELDS & set(answer.fields)), False),
    "answer fields": Feature(_answers(lambda answer: set(answer.fields) - _OWN_ANSWER_FIELDS), False),
    "mark confidences": Feature(_marks(lambda mark: _confidence(mark) is not None), False),
    "mark ids": Feature(_marks(lambda mark: mark.id is not None), False),
    "mark attributes": Feature(_marks(_attributes), False),
    "attributes other than texts": Feature(_marks(_has_typed_attributes), False),
}
"""By name, in the order in which they are told."""
