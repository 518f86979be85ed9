"""COCO: one JSON file of images with boxes, polygons and masks."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from typing import Any

from gtlabel._core import FormatError, InvalidArgument
from gtlabel.formats.annotations import Annotations, Answer, Box, Item, Mark, Mask, Polygon, known
from gtlabel.formats.features import only_answer, prepared
from gtlabel.formats.file_text import StrPath, fault, parse_json, read_text, write_text
from gtlabel.formats.run_lengths import runs_of_text, text_of_runs

CARRIES = frozenset(
    (
        "boxes",
        "turned boxes",
        "polygons",
        "polygons in parts",
        "masks",
        "negatives",
        "unused classes",
        "class order",
        "class ids",
        "class fields",
        "file fields",
        "item ids",
        "ids beside image names",
        "images",
        "image sizes",
        "splits",
        "item numbers",
        "item fields",
        "mark confidences",
        "mark ids",
        "mark attributes",
        "attributes other than texts",
    )
)
_MOST_PIXELS = 2**30  # of a mask: a few bytes may claim any number
_FILE_KEYS = ("images", "annotations", "categories")
_IMAGE_KEYS = ("id", "file_name", "width", "height", "item_id")
_CATEGORY_KEYS = ("id", "name")
_MARK_KEYS = ("id", "image_id", "category_id", "bbox", "segmentation", "area", "score", "mark_id", "rotation")


def write_coco(annotations: Annotations, path: StrPath) -> None:
    """An instances file; images without objects stay in ``images``.

    Ids that are no whole numbers are kept under ``item_id`` and ``mark_id``, confidences under ``score``; ``bbox`` of a
    turned box is the box before it was turned, its angle is under ``rotation``.
    """
    ready = prepared(annotations, CARRIES, "COCO")
    categories = ready.class_ids_from(1)
    image_ids = _numbers([item.id for item in ready.items])
    marks = [(number, mark) for number, item in zip(image_ids, ready.items, strict=True) for mark in _marks(item)]
    mark_ids = _numbers([mark.id for _, mark in marks])
    content = _not(ready.file_fields, _FILE_KEYS) | {
        "images": [_image(item, number) for item, number in zip(ready.items, image_ids, strict=True)],
        "annotations": [
            _annotation(mark, number, image_id, categories)
            for (image_id, mark), number in zip(marks, mark_ids, strict=True)
        ],
        "categories": [
            {"id": number, "name": name} | _not(ready.class_fields.get(name, {}), _CATEGORY_KEYS)
            for name, number in categories.items()
        ],
    }
    try:
        text = json.dumps(content, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InvalidArgument(f"COCO: {error}; expected what JSON can say") from None
    write_text(path, text)


def _marks(item: Item) -> tuple[Any, ...]:
    if item.unit != "pixel":
        raise InvalidArgument(f"COCO: the size of image {item.id!r} is not known, expected pixels")
    return only_answer(item).marks


def _numbers(given: list[str | int | None]) -> list[int]:
    """The whole numbers among the ids, and free ones for the others."""
    taken = {number for number in given if isinstance(number, int)}
    free = (number for number in range(1, 2 * len(given) + 1) if number not in taken)
    seen: set[int] = set()
    numbers = []
    for value in given:
        is_new = isinstance(value, int) and value not in seen
        numbers.append(value if isinstance(value, int) and is_new else next(free))
        seen.add(numbers[-1])
    return numbers


def _image(item: Item, number: int) -> dict[str, Any]:
    found = {"id": number, "file_name": item.image, "width": item.width, "height": item.height}
    if item.id != number:
        found["item_id"] = item.id
    return {name: value for name, value in found.items() if value is not None} | _not(item.fields, _IMAGE_KEYS)


def _not(fields: Mapping[str, Any], taken: tuple[str, ...]) -> dict[str, Any]:
    doubled = [name for name in fields if name in taken]
    if doubled:
        raise InvalidArgument(f"COCO: a field {doubled[0]!r} given, which has a meaning of its own here")
    return dict(fields)


def _annotation(mark: Any, number: int, image_id: int, categories: Mapping[str, int]) -> dict[str, Any]:
    found: dict[str, Any] = {"id": number, "image_id": image_id, "category_id": categories[mark.label]}
    found |= _SHAPES[type(mark)](mark)
    if mark.confidence is not None:
        found["score"] = mark.confidence
    if mark.id is not None and mark.id != number:
        found["mark_id"] = mark.id
    others = _not({name: value for name, value in mark.attributes.items() if name != "area"}, _MARK_KEYS)
    area = mark.attributes.get("area", _area_of(mark))
    return {"iscrowd": int(isinstance(mark, Mask))} | found | {"area": area} | others


def _box_shape(box: Box) -> dict[str, Any]:
    width, height = box.x2 - box.x1, box.y2 - box.y1
    turned = {"rotation": box.rotation} if box.rotation else {}
    return {"bbox": [box.x1, box.y1, width, height], "segmentation": [], **turned}


def _polygon_shape(polygon: Polygon) -> dict[str, Any]:
    points = [point for part in polygon.parts for point in part]
    if any(len(part) < 3 for part in polygon.parts) or not points:
        raise InvalidArgument("COCO: a polygon of fewer than 3 points given, expected 3 or more in each part")
    left, top = (min(point[axis] for point in points) for axis in (0, 1))
    right, bottom = (max(point[axis] for point in points) for axis in (0, 1))
    return {
        "bbox": [left, top, right - left, bottom - top],
        "segmentation": [[side for point in part for side in point] for part in polygon.parts],
    }


def _area_of(mark: Any) -> float:
    if isinstance(mark, Box):
        return (mark.x2 - mark.x1) * (mark.y2 - mark.y1)
    return sum(mark.runs[1::2]) if isinstance(mark, Mask) else sum(_area(part) for part in mark.parts)


def _area(part: tuple[tuple[float, float], ...]) -> float:
    following = part[1:] + part[:1]
    return abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in zip(part, following, strict=True))) / 2


def _mask_shape(mask: Mask) -> dict[str, Any]:
    pixels = mask.to_array()
    rows, columns = pixels.any(axis=1).nonzero()[0], pixels.any(axis=0).nonzero()[0]
    left, top = (int(places[0]) if len(places) else 0 for places in (columns, rows))
    right, bottom = (int(places[-1]) + 1 if len(places) else 0 for places in (columns, rows))
    return {
        "bbox": [left, top, right - left, bottom - top],
        "segmentation": {"size": [mask.height, mask.width], "counts": text_of_runs(mask.runs)},
    }


_SHAPES: dict[type, Any] = {Box: _box_shape, Polygon: _polygon_shape, Mask: _mask_shape}


def read_coco(path: StrPath) -> Annotations:
    """An instances file. Every image counts as looked at: one without annotations has nothing to mark."""
    content = parse_json(path, read_text(path))
    if not isinstance(content, dict) or "images" not in content:
        raise fault(path, "", "expected an object with the lists 'images', 'annotations' and 'categories'")
    names = _categories(path, content)
    marks_of: dict[Any, list[Mark]] = {}
    images = list(_objects(path, content, "images", "image"))
    for where, image in images:
        key = _id_of(path, where, image, "id")
        if key in marks_of:
            raise fault(path, where, f"id {key!r} twice")
        marks_of[key] = []
    for where, given in _objects(path, content, "annotations", "annotation"):
        image_id, category = _id_of(path, where, given, "image_id"), given.get("category_id")
        if image_id not in marks_of:
            raise fault(path, where, f"image_id {image_id!r} is not an image of the file")
        if not isinstance(category, int | str) or category not in names:
            raise fault(path, where, f"category_id {category!r} is not a category of the file")
        marks_of[image_id].append(_mark(path, where, given, names[category]))
    items = [_item(path, where, image, tuple(marks_of[image["id"]])) for where, image in images]
    annotations = dataclasses.replace(
        Annotations.of(items, tuple(names.values())),
        class_fields=_class_fields(content),
        file_fields={name: value for name, value in content.items() if name not in _FILE_KEYS},
    )
    return annotations.with_class_ids(((name, key) for key, name in names.items()), first=1)


def _class_fields(content: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What categories say beside their numbers and names, such as supercategories and keypoints."""
    fields = {
        category["name"]: {name: value for name, value in category.items() if name not in _CATEGORY_KEYS}
        for category in content.get("categories", [])
    }
    return {name: said for name, said in fields.items() if said}


def _objects(path: StrPath, content: Mapping[str, Any], name: str, singular: str) -> Any:
    listed = content.get(name, [])
    if not isinstance(listed, list):
        raise fault(path, "", f"{name!r}: {type(listed).__name__} given, expected a list")
    for position, value in enumerate(listed):
        if not isinstance(value, dict):
            raise fault(path, f"{singular} {position}", f"{type(value).__name__} given, expected an object")
        yield f"{singular} {position}", value


def _id_of(path: StrPath, where: str, value: Mapping[str, Any], name: str) -> str | int:
    found = value.get(name)
    if isinstance(found, bool) or not isinstance(found, int | str):
        raise fault(path, where, f"{name} {found!r} given, expected a whole number")
    return found


def _categories(path: StrPath, content: Mapping[str, Any]) -> dict[str | int, str]:
    names: dict[str | int, str] = {}
    for where, category in _objects(path, content, "categories", "category"):
        key, name = _id_of(path, where, category, "id"), category.get("name")
        if not isinstance(name, str):
            raise fault(path, where, f"name {name!r} given, expected a text")
        if key in names or name in names.values():
            raise fault(path, where, f"id {key!r} or name {name!r} twice")
        names[key] = name
    return names


def _item(path: StrPath, where: str, image: dict[str, Any], marks: tuple[Mark, ...]) -> Item:
    file_name = image.get("file_name")
    if file_name is not None and not isinstance(file_name, str):
        raise fault(path, where, f"file_name {file_name!r} given, expected a text")
    return Item(
        id=_id_of(path, where, image, "item_id" if "item_id" in image else "id"),
        answers=(Answer(marks),),
        image=file_name,
        width=_side(path, where, image, "width"),
        height=_side(path, where, image, "height"),
        fields={name: value for name, value in image.items() if name not in _IMAGE_KEYS},
    )


def _side(path: StrPath, where: str, image: Mapping[str, Any], name: str) -> int | None:
    value = image.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 0):
        raise fault(path, where, f"{name} {value!r} given, expected a whole number of 0 or more")
    return value


def _mark(path: StrPath, where: str, given: dict[str, Any], label: str) -> Mark:
    mark = _shape(path, where, given, label)
    area = given.get("area")
    if area is None or _is_near(area, _area_of(mark)):
        return mark
    return dataclasses.replace(mark, attributes={**mark.attributes, "area": area})


def _is_near(given: Any, area: float) -> bool:
    try:
        return isinstance(given, int | float) and math.isclose(given, area, rel_tol=1e-6, abs_tol=1e-6)
    except OverflowError:  # a whole number larger than any float
        return False


def _shape(path: StrPath, where: str, given: dict[str, Any], label: str) -> Box | Polygon | Mask:
    try:
        common: dict[str, Any] = {
            "confidence": known(given.get("score")),
            "id": _mark_id(path, where, given),
            "attributes": {
                name: value
                for name, value in given.items()
                if name not in _MARK_KEYS and not (name == "iscrowd" and value == _default_crowd(given))
            },
        }
        segmentation = given.get("segmentation")
        if isinstance(segmentation, dict):
            return _mask(label, segmentation, common)
        if segmentation:
            return Polygon(label, tuple(_points(part) for part in segmentation), **common)
        x, y, width, height = (_finite(value) for value in given["bbox"])
        if width < 0 or height < 0:
            raise ValueError("bbox: a negative side given")
        return Box(label, x, y, x + width, y + height, rotation=_finite(given.get("rotation", 0)), **common)
    except KeyError as error:
        raise fault(path, where, f"no {error}") from None
    except (TypeError, ValueError, OverflowError) as error:
        if isinstance(error, FormatError):
            raise
        raise fault(path, where, f"{error}; expected bbox [x, y, width, height] and segmentation") from None


def _default_crowd(given: Mapping[str, Any]) -> int:
    return int(isinstance(given.get("segmentation"), dict))


def _mark_id(path: StrPath, where: str, given: Mapping[str, Any]) -> str | int | None:
    name = "mark_id" if "mark_id" in given else "id"
    return _id_of(path, where, given, name) if name in given else None


def _mask(label: str, segmentation: Mapping[str, Any], common: Mapping[str, Any]) -> Mask:
    height, width = segmentation["size"]
    counts = segmentation["counts"]
    runs = runs_of_text(counts) if isinstance(counts, str) else tuple(counts)
    if not all(type(value) is int and value >= 0 for value in (height, width, *runs)) or height * width > _MOST_PIXELS:
        raise ValueError(f"segmentation: size {height} x {width} given, expected at most {_MOST_PIXELS} pixels")
    if sum(runs) != height * width:
        raise ValueError(f"segmentation: runs of {sum(runs)} pixels given for {height} x {width}")
    return Mask(label, height, width, runs, **common)


def _points(part: Any) -> tuple[tuple[float, float], ...]:
    numbers = [_finite(value) for value in part]
    if len(numbers) % 2:
        raise ValueError(f"segmentation: {len(numbers)} numbers given, expected pairs x, y")
    return tuple(zip(numbers[::2], numbers[1::2], strict=True))


def _finite(value: Any) -> float:
    if isinstance(value, str | bool) or not math.isfinite(value):
        raise ValueError(f"{value!r} given, expected a number")
    return float(value)
