"""Label Studio: JSON of tasks with annotations and predictions."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection, Mapping
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
    known,
)
from gtlabel.formats.features import FEATURES, prepared
from gtlabel.formats.file_text import StrPath, fault, parse_json, read_text, write_text
from gtlabel.formats.label_studio_brush import packed, unpacked

FORMAT = "label_studio"
CARRIES = frozenset(FEATURES) - {
    "unsure and none of these",
    "polygons in parts",
    "unused classes",
    "class order",
    "class ids",
    "class fields",
    "file fields",
}
_MOST_PIXELS = 2**28
_USUAL_CONTROLS = ("choice", "label", "sentiment")
_MIN_MARKS = frozenset(("annotation_id", "annotator"))  # what every record of JSON_MIN has
_MIN_META = _MIN_MARKS | {"created_at", "updated_at", "lead_time", "id"}
_RESULT_KEYS = ("id", "type", "value", "original_width", "original_height", "score")
_VALUE_KEYS = {
    "choices": {"choices"},
    "labels": {"start", "end", "text", "labels"},
    "rectanglelabels": {"x", "y", "width", "height", "rotation", "rectanglelabels"},
    "polygonlabels": {"points", "closed", "polygonlabels"},
    "brushlabels": {"format", "rle", "brushlabels"},
}
_ANNOTATION_KEYS = ("id", "completed_by", "worker", "result", "lead_time", "was_cancelled", "ground_truth")
_PREDICTION_KEYS = ("id", "model_version", "score", "result")


def write_label_studio(annotations: Annotations, path: StrPath) -> None:
    """Tasks to import.

    Ids are under ``data.item_id``, because Label Studio numbers tasks by itself; workers whose names are not numbers of
    users under ``worker`` of their annotation, because it refuses users that it does not know.
    """
    tasks = label_studio_tasks(annotations)
    try:
        text = json.dumps(tasks, ensure_ascii=False, allow_nan=False, indent=1)
    except (TypeError, ValueError) as error:
        raise InvalidArgument(f"Label Studio: {error}; expected what JSON can say") from None
    write_text(path, text + "\n")


def label_studio_tasks(annotations: Annotations) -> list[dict[str, Any]]:
    """What ``write_label_studio`` writes, to send it by oneself."""
    return [_task(item) for item in prepared(annotations, CARRIES, "Label Studio").items]


def _task(item: Item) -> dict[str, Any]:
    own = {"item_id": item.id, "image": item.image, "text": item.text, "width": item.width, "height": item.height}
    for name in own:
        if name in item.fields:
            raise _has_a_meaning(f"a field {name!r} of {item.id!r}")
    told = {name: value for name, value in own.items() if value is not None}
    return {
        "data": told | dict(item.fields),
        "annotations": [_annotation(item, answer) for answer in item.answers if answer.source == HUMAN],
        "predictions": [_prediction(item, answer) for answer in item.answers if answer.source == AUTO],
    }


def _has_a_meaning(what: str) -> InvalidArgument:
    return InvalidArgument(f"Label Studio: {what} given, which has a meaning of its own there")


def _annotation(item: Item, answer: Answer) -> dict[str, Any]:
    found: dict[str, Any] = {"result": _results(item, answer), "was_cancelled": answer.special == SKIP}
    if answer.worker:
        is_number = answer.worker.isascii() and answer.worker.isdigit() and answer.worker == str(int(answer.worker))
        found |= {"completed_by": int(answer.worker)} if is_number else {"worker": answer.worker}
    found |= {"ground_truth": True} if answer.is_gold else {}
    told = {"lead_time": answer.seconds, "id": answer.id, "model": answer.model or None, "score": answer.confidence}
    return found | {name: value for name, value in told.items() if value is not None} | _others(answer)


def _prediction(item: Item, answer: Answer) -> dict[str, Any]:
    told = {"model_version": answer.model or None, "score": answer.confidence, "id": answer.id}
    more = {"lead_time": answer.seconds, "worker": answer.worker or None, "ground_truth": answer.is_gold or None}
    more["was_cancelled"] = answer.special == SKIP or None
    kept = {name: value for name, value in (told | more).items() if value is not None}
    return {"result": _results(item, answer)} | kept | _others(answer)


def _others(answer: Answer) -> dict[str, Any]:
    taken = {*_ANNOTATION_KEYS, *_PREDICTION_KEYS, "model"} & set(answer.fields)
    if taken:
        raise _has_a_meaning(f"a field {taken.pop()!r} of an answer")
    return dict(answer.fields)


def _results(item: Item, answer: Answer) -> list[dict[str, Any]]:
    """A result per mark; choices that differ in nothing but the class are one result, as Label Studio has them."""
    results: list[dict[str, Any]] = []
    for mark in answer.marks:
        result = _RESULT_OF[type(mark)](item, mark)
        last = results[-1] if results else {}
        if isinstance(mark, Choice) and _are_of_one_result(last, result, mark.label):
            last["value"]["choices"].append(mark.label)
        else:
            results.append(result)
    return results


def _are_of_one_result(last: dict[str, Any], result: dict[str, Any], label: str) -> bool:
    if last.get("type") != "choices" or not isinstance(last.get("value"), dict):
        return False
    listed = last["value"].get("choices")
    other = {**last, "value": {**last["value"], "choices": [label]}}
    return isinstance(listed, list) and label not in listed and other == result


def _result(item: Item, mark: Any, kind: str, value: Mapping[str, Any]) -> dict[str, Any]:
    taken = set(_RESULT_KEYS) & (set(mark.attributes) - {"value"})
    more = mark.attributes.get("value", {})
    if taken or not isinstance(more, dict) or _VALUE_KEYS[kind] & set(more):
        name = taken.pop() if taken else "value"
        raise _has_a_meaning(f"an attribute {name!r} in {item.id!r}")
    found = {"type": kind, "value": {**value, kind: [mark.label], **more}}
    found |= {"from_name": "label", "to_name": "text" if item.text is not None and item.image is None else "image"}
    told = {"id": mark.id, "score": mark.confidence}
    others = {name: value for name, value in mark.attributes.items() if name != "value"}
    return found | others | {name: value for name, value in told.items() if value is not None}


def _choice_result(item: Item, mark: Choice) -> dict[str, Any]:
    return _result(item, mark, "choices", {})


def _span_result(item: Item, mark: Span) -> dict[str, Any]:
    text = {} if item.text is None else {"text": item.text[mark.start : mark.end]}
    return _result(item, mark, "labels", {"start": mark.start, "end": mark.end, **text})


def _box_result(item: Item, mark: Box) -> dict[str, Any]:
    width, height = _percent_sides(item)
    x, y = _corner(mark)
    value = {
        "x": x / width,
        "y": y / height,
        "width": (mark.x2 - mark.x1) / width,
        "height": (mark.y2 - mark.y1) / height,
        "rotation": mark.rotation,
    }
    return _result(item, mark, "rectanglelabels", value) | _original_size(item)


def _polygon_result(item: Item, mark: Polygon) -> dict[str, Any]:
    width, height = _percent_sides(item)
    [part] = mark.parts
    value = {"points": [[x / width, y / height] for x, y in part], "closed": True}
    return _result(item, mark, "polygonlabels", value) | _original_size(item)


def _mask_result(item: Item, mark: Mask) -> dict[str, Any]:
    value = {"format": "rle", "rle": packed(mark.to_array())}
    size = {"original_width": mark.width, "original_height": mark.height}
    return _result(item, mark, "brushlabels", value) | size


def _other_result(item: Item, mark: Other) -> dict[str, Any]:
    if mark.format != FORMAT:
        raise InvalidArgument(f"Label Studio: a mark of {mark.format!r} of {item.id!r} given, expected other marks")
    return dict(mark.content)


_RESULT_OF: dict[type, Callable[[Item, Any], dict[str, Any]]] = {
    Choice: _choice_result,
    Span: _span_result,
    Box: _box_result,
    Polygon: _polygon_result,
    Mask: _mask_result,
    Other: _other_result,
}


def _percent_sides(item: Item) -> tuple[float, float]:
    if item.unit == "fraction":
        return 0.01, 0.01
    if not item.width or not item.height:
        raise InvalidArgument(f"Label Studio: the size of image {item.id!r} is not known, expected width and height")
    return item.width / 100, item.height / 100


def _original_size(item: Item) -> dict[str, int]:
    return {"original_width": item.width, "original_height": item.height} if item.width and item.height else {}


def _corner(box: Box) -> tuple[float, float]:
    """Where the upper left corner is after the turn: Label Studio turns boxes about it, gtlabel about the centre."""
    if not box.rotation:
        return box.x1, box.y1
    across, down = _turned(-(box.x2 - box.x1) / 2, -(box.y2 - box.y1) / 2, _finite(box.rotation))
    return (box.x1 + box.x2) / 2 + across, (box.y1 + box.y2) / 2 + down


def _turned(x: float, y: float, degrees: float) -> tuple[float, float]:
    angle = math.radians(degrees)
    return x * math.cos(angle) - y * math.sin(angle), x * math.sin(angle) + y * math.cos(angle)


def read_label_studio(path: StrPath, *, control: str | None = None) -> Annotations:
    """An export as JSON or JSON_MIN, or a file of tasks to import.

    Choices, rectangles, polygons, brush strokes and labels of texts become marks; results of other kinds are kept as
    they are. A rectangle becomes pixels by the original size of its image, otherwise fractions of its sides.

    ``control``: of JSON_MIN the name of the control whose single choices are plain texts there, as the fields of a task
    are; by default "choice", "label" and "sentiment" are taken for such.
    """
    content = parse_json(path, read_text(path))
    tasks = content if isinstance(content, list) else [content]
    for position, task in enumerate(tasks):
        if not isinstance(task, dict):
            raise fault(path, f"task {position}", f"{type(task).__name__} given, expected an object")
    if tasks and all("data" not in task for task in tasks):
        tasks = _tasks_of_min(path, tasks, _USUAL_CONTROLS if control is None else (control,))
    return annotations_of_tasks(tasks, path)


def annotations_of_tasks(tasks: list[Any], path: StrPath = "tasks") -> Annotations:
    """What ``read_label_studio`` makes of the tasks of a file."""
    items = []
    for position, task in enumerate(tasks):
        where = f"task {position}"
        try:
            items.append(_item(task, position))
        except InvalidArgument as error:
            raise fault(path, where, str(error)) from None
        except KeyError as error:
            raise fault(path, where, f"no {error}") from None
        except (TypeError, ValueError, AttributeError, OverflowError) as error:
            raise fault(path, where, f"{error}; expected a task of Label Studio") from None
    return Annotations.of(items)


def _item(task: Mapping[str, Any], position: int) -> Item:
    content = task["data"]
    if not isinstance(content, dict):
        raise InvalidArgument("data: expected an object")
    answers = [(HUMAN, given) for given in task.get("annotations") or task.get("completions") or []]
    # Exports may name predictions by number alone, which says nothing.
    answers += [(AUTO, given) for given in task.get("predictions") or [] if not isinstance(given, int)]
    results = [result for _, given in answers for result in given.get("result") or []]
    width, height = _size(content, results)
    unit = "pixel" if (width and height) or not any(map(_is_in_percent, results)) else "fraction"
    shell = Item(id="", width=width, height=height, unit=unit)
    item_id = content.get("item_id", task.get("id", position))
    if isinstance(item_id, bool) or not isinstance(item_id, str | int):
        raise InvalidArgument(f"item_id {item_id!r} given, expected a text or a whole number")
    image, text = (content.get(name) if isinstance(content.get(name), str) else None for name in ("image", "text"))
    taken = {"item_id"} | ({"image"} if image is not None else set()) | ({"text"} if text is not None else set())
    taken |= {name for name in ("width", "height") if _is_side(content.get(name))}
    return Item(
        id=item_id,
        answers=tuple(_answer(shell, source, given) for source, given in answers),
        image=image,
        text=text,
        width=width,
        height=height,
        unit=unit,
        fields={name: value for name, value in content.items() if name not in taken},
    )


def _is_in_percent(result: Any) -> bool:
    return result.get("type") in ("rectanglelabels", "polygonlabels")


def _is_side(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _size(content: Mapping[str, Any], results: list[Any]) -> tuple[int | None, int | None]:
    for given, names in (
        (content, ("width", "height")),
        *((r, ("original_width", "original_height")) for r in results),
    ):
        width, height = (given.get(name) for name in names)
        if _is_side(width) or _is_side(height):
            return (width if _is_side(width) else None), (height if _is_side(height) else None)
    return None, None


def _answer(item: Item, source: str, given: Mapping[str, Any]) -> Answer:
    marks = tuple(mark for result in given.get("result") or [] for mark in _marks(item, result))
    own = (*_ANNOTATION_KEYS, "model", "score") if source == HUMAN else (*_ANNOTATION_KEYS, *_PREDICTION_KEYS)
    return Answer(
        marks=marks,
        worker=_worker(given),
        source=source,
        model=str(given.get("model" if source == HUMAN else "model_version") or ""),
        confidence=known(given.get("score")),
        seconds=known(given.get("lead_time")),
        special=SKIP if given.get("was_cancelled") else "",
        is_gold=bool(given.get("ground_truth")),
        id=given.get("id"),
        fields={name: value for name, value in given.items() if name not in own},
    )


def _worker(given: Mapping[str, Any]) -> str:
    worker = given.get("worker", given.get("completed_by"))
    if isinstance(worker, dict):
        worker = worker.get("email", worker.get("id"))
    return "" if worker is None else str(worker)


def _marks(item: Item, result: dict[str, Any]) -> list[Mark]:
    """A mark per label: one result may have several."""
    kind, value = result.get("type"), result.get("value")
    make = _MARK_OF.get(str(kind))
    labels = value.get(str(kind)) if isinstance(value, dict) else None
    if make is None or not isinstance(labels, list) or not labels or not all(isinstance(name, str) for name in labels):
        return [Other(FORMAT, result, id=result.get("id"))]
    common = {
        "id": result.get("id"),
        "confidence": known(result.get("score")),
        "attributes": _attributes(result),
    }
    return [make(item, result, label, common) for label in labels]


def _attributes(result: Mapping[str, Any]) -> dict[str, Any]:
    """What else a result says; its value's too, and the names of the controls if they are not the usual ones."""
    found = {name: value for name, value in result.items() if name not in _RESULT_KEYS}
    if found.get("from_name") in (None, "label"):
        found.pop("from_name", None)
    if found.get("to_name") in (None, "image", "text"):
        found.pop("to_name", None)
    more = {name: value for name, value in result["value"].items() if name not in _VALUE_KEYS[result["type"]]}
    return found | ({"value": more} if more else {})


def _choice(item: Item, result: Any, label: str, common: Any) -> Mark:
    return Choice(label, **common)


def _span(item: Item, result: Any, label: str, common: Any) -> Mark:
    start, end = result["value"].get("start"), result["value"].get("end")
    is_whole = all(isinstance(value, int) and not isinstance(value, bool) for value in (start, end))
    if not is_whole:  # of hypertext or audio
        return Other(FORMAT, result, id=result.get("id"))
    return Span(label, start, end, **common)


def _box(item: Item, result: Any, label: str, common: Any) -> Mark:
    value = result["value"]
    scale_x, scale_y = _scales(item)
    x, width = (_finite(value[name]) * scale_x for name in ("x", "width"))
    y, height = (_finite(value[name]) * scale_y for name in ("y", "height"))
    rotation = _finite(value.get("rotation") or 0.0)
    if width < 0 or height < 0:
        raise InvalidArgument("rectangle: a negative side given")
    if rotation:
        across, down = _turned(width / 2, height / 2, rotation)
        x, y = x + across - width / 2, y + down - height / 2
    return Box(label, x, y, x + width, y + height, rotation=rotation, **common)


def _polygon(item: Item, result: Any, label: str, common: Any) -> Mark:
    scale_x, scale_y = _scales(item)
    points = tuple((_finite(x) * scale_x, _finite(y) * scale_y) for x, y in result["value"]["points"])
    return Polygon(label, (points,), **common)


def _mask(item: Item, result: Any, label: str, common: Any) -> Mark:
    if result["value"].get("format") != "rle":
        return Other(FORMAT, result, id=result.get("id"))
    height, width = result["original_height"], result["original_width"]
    if not _is_side(height) or not _is_side(width) or height * width > _MOST_PIXELS:
        raise InvalidArgument(
            f"brush: original size {height} x {width} given, expected fewer than {_MOST_PIXELS} pixels"
        )
    return Mask.from_array(label, unpacked(result["value"]["rle"], height, width), **common)


_MARK_OF: dict[str, Callable[[Item, Any, str, Any], Mark]] = {
    "choices": _choice,
    "labels": _span,
    "rectanglelabels": _box,
    "polygonlabels": _polygon,
    "brushlabels": _mask,
}


def _scales(item: Item) -> tuple[float, float]:
    is_pixel = item.unit == "pixel" and item.width and item.height
    return (item.width / 100, item.height / 100) if is_pixel else (0.01, 0.01)  # type: ignore[operator]


def _finite(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InvalidArgument(f"{value!r} given, expected a number")
    return float(value)


def _tasks_of_min(path: StrPath, records: list[dict[str, Any]], controls: Collection[str]) -> list[dict[str, Any]]:
    """JSON_MIN has a record per annotation, with the values of its results under the names of the controls.

    Anything can be called anything there: where no value is one of a control, the labels are likelier to have another
    name than to be missing from every annotation, and nobody is said to have found nothing.
    """
    tasks: dict[Any, dict[str, Any]] = {}
    n_results = 0
    for position, record in enumerate(records):
        if _MIN_MARKS - record.keys():
            expected = "a task of Label Studio with data, or an annotation of JSON_MIN with annotation_id and annotator"
            raise fault(path, f"task {position}", f"{_shown(record)} given, expected {expected}")
        task_id = record.get("id", position)
        if not isinstance(task_id, int | str):
            raise fault(path, f"task {position}", f"id {task_id!r} given, expected a whole number")
        results = {
            name: _results_of_min(name, value, controls) for name, value in record.items() if name not in _MIN_META
        }
        found = [result for values in results.values() for result in values]
        n_results += len(found)
        content = {name: value for name, value in record.items() if name in results and not results[name]}
        annotation = {
            "id": record["annotation_id"],
            "completed_by": record["annotator"],
            "lead_time": record.get("lead_time"),
            "result": found,
        }
        annotation |= {name: record[name] for name in ("created_at", "updated_at") if name in record}
        task = tasks.setdefault(task_id, {"id": task_id, "data": content})
        task.setdefault("annotations", []).append(annotation)
    if not n_results:
        hint = "expected JSON instead of JSON_MIN, or the name of the labels' control, by control= (--control)"
        raise fault(path, "", f"no label in {len(records)} annotations, of {_shown(records[0])}: {hint}")
    return list(tasks.values())


def _shown(record: Mapping[str, Any]) -> str:
    names = list(record)
    return (
        f"an object of {', '.join(map(repr, names[:8]))}{', ...' if names[8:] else ''}"
        if names
        else "an object of nothing"
    )


def _results_of_min(name: str, value: Any, controls: Collection[str]) -> list[dict[str, Any]]:
    """Of one control; nothing if the value is no value of a control."""
    if isinstance(value, dict) and isinstance(value.get("choices"), list):
        return [{"from_name": name, "type": "choices", "value": {"choices": value["choices"]}}]
    if not isinstance(value, list):
        # A single choice is a plain text, as the fields of the task are; names tell them apart.
        is_choice = isinstance(value, str) and name in controls
        return [{"from_name": name, "type": "choices", "value": {"choices": [value]}}] if is_choice else []
    found = []
    for part in value:
        kind = next((key for key in _VALUE_KEYS if isinstance(part, dict) and isinstance(part.get(key), list)), None)
        if kind is not None:
            sizes = {key: part[key] for key in ("original_width", "original_height") if key in part}
            found.append({"from_name": name, "type": kind, "value": part} | sizes)
    return found
