"""CVAT for images 1.1: one XML file."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from gtlabel._core import InvalidArgument
from gtlabel.formats.annotations import Annotations, Answer, Box, Choice, Item, Mark, Mask, Polygon, pixels_of, runs_of
from gtlabel.formats.features import only_answer, prepared, stem_of
from gtlabel.formats.file_text import StrPath, fault, write_text
from gtlabel.formats.xml_files import (
    Element,
    attribute,
    number,
    place,
    read_xml,
    shown_number,
    text_of,
    whole_number,
    xml_attributes,
    xml_name,
    xml_text,
)

CARRIES = frozenset(
    (
        "choices",
        "label sets",
        "boxes",
        "turned boxes",
        "polygons",
        "masks",
        "negatives",
        "unused classes",
        "class order",
        "images",
        "image sizes",
        "item ids",
        "ids beside image names",
        "splits",
        "mark attributes",
    )
)
_XML_ATTRIBUTES = ("occluded", "z_order", "source", "group_id", "keyframe", "outside")
_MOST_PIXELS = 2**30


def write_cvat(annotations: Annotations, path: StrPath) -> None:
    """An annotations file; images without marks stay. An item without an image has its id for a name; ids that are not
    the image's name without its ending are kept under ``item_id``."""
    ready = prepared(annotations, CARRIES, "CVAT")
    labels = "".join(f"<label><name>{xml_name(name)}</name></label>" for name in ready.classes)
    head = f"<meta><task><size>{len(ready)}</size><labels>{labels}</labels></task></meta>"
    lines = ['<?xml version="1.0" encoding="utf-8"?>', "<annotations>", "  <version>1.1</version>", f"  {head}"]
    for position, item in enumerate(ready.items):
        lines += _image_lines(item, position)
    write_text(path, "\n".join([*lines, "</annotations>", ""]))


def _image_lines(item: Item, position: int) -> Iterable[str]:
    if item.unit != "pixel":
        raise InvalidArgument(f"CVAT: the size of image {item.id!r} is not known, expected pixels")
    name = item.image if item.image is not None else str(item.id)
    subset = item.fields.get("split")
    item_id = None if str(item.id) == stem_of(name) else item.id
    sides = {"width": item.width, "height": item.height}
    yield f"  <image{xml_attributes(id=position, name=name, subset=subset, **sides, item_id=item_id)}>"
    for mark in only_answer(item).marks:
        own = {name: value for name, value in _attributes_of(mark).items() if name in _XML_ATTRIBUTES}
        others = "".join(
            f"<attribute{xml_attributes(name=name)}>{xml_text(value)}</attribute>"
            for name, value in _attributes_of(mark).items()
            if name not in own
        )
        tag, shape = _SHAPES[type(mark)](mark)
        yield f"    <{tag}{xml_attributes(label=getattr(mark, 'label', ''), **shape, **own)}>{others}</{tag}>"
    yield "  </image>"


def _attributes_of(mark: Any) -> dict[str, Any]:
    return dict(mark.attributes)


def _box_shape(box: Box) -> tuple[str, dict[str, Any]]:
    sides = zip(("xtl", "ytl", "xbr", "ybr"), (box.x1, box.y1, box.x2, box.y2), strict=True)
    rotation = {"rotation": shown_number(box.rotation)} if box.rotation else {}
    return "box", {name: shown_number(side) for name, side in sides} | rotation


def _polygon_shape(polygon: Polygon) -> tuple[str, dict[str, Any]]:
    [part] = polygon.parts
    return "polygon", {"points": ";".join(f"{shown_number(x)},{shown_number(y)}" for x, y in part)}


def _mask_shape(mask: Mask) -> tuple[str, dict[str, Any]]:
    """The whole image as the rectangle that the runs are of, so that its size comes back; runs go along the rows."""
    runs = runs_of(mask.to_array().ravel())
    rectangle = {"left": 0, "top": 0, "width": mask.width, "height": mask.height}
    return "mask", {"rle": ", ".join(map(str, runs)), **rectangle}


_SHAPES: dict[type, Any] = {
    Choice: lambda mark: ("tag", {}),
    Box: _box_shape,
    Polygon: _polygon_shape,
    Mask: _mask_shape,
}


def read_cvat(path: StrPath) -> Annotations:
    """An annotations file of images. Every image counts as looked at. Marks of other kinds (points, lines, cuboids,
    tracks of videos) raise, rather than be lost."""
    tree = read_xml(path, "annotations")
    if tree.find("track") is not None:
        raise fault(path, place(tree), "<track> given, expected CVAT for images, not for videos")
    labels = [text_of(label, "name") or "" for label in tree.iterfind("meta//labels/label")]
    images = [_item(path, image) for image in tree.iterfind("image")]
    return Annotations.of(images, [name for name in labels if name])


def _item(path: StrPath, image: Any) -> Item:
    name = attribute(path, image, "name")
    width, height = (_side(path, image, side) for side in ("width", "height"))
    marks = tuple(_mark(path, element, width, height) for element in image)
    subset = image.get("subset")
    return Item(
        id=image.get("item_id", stem_of(name)),
        answers=(Answer(marks),),
        image=name,
        width=width,
        height=height,
        fields={"split": subset} if subset is not None else {},
    )


def _side(path: StrPath, image: Any, name: str) -> int | None:
    return whole_number(path, image, image.get(name), name) if image.get(name) else None


def _mark(path: StrPath, element: Any, width: int | None, height: int | None) -> Mark:
    label = attribute(path, element, "label")
    common: dict[str, Any] = {"attributes": _attributes(path, element)}
    if element.tag == "tag":
        return Choice(label, **common)
    if element.tag == "box":
        x1, y1, x2, y2 = (number(path, element, element.get(side), side) for side in ("xtl", "ytl", "xbr", "ybr"))
        if x1 > x2 or y1 > y2:
            raise fault(path, place(element), "<box> with its right or lower side before the left or upper one")
        return Box(
            label, x1, y1, x2, y2, rotation=number(path, element, element.get("rotation", "0"), "rotation"), **common
        )
    if element.tag == "polygon":
        points = tuple(_point(path, element, text) for text in attribute(path, element, "points").split(";"))
        return Polygon(label, (points,), **common)
    if element.tag == "mask":
        return _mask(path, element, label, width, height, common)
    raise fault(path, place(element), f"<{element.tag}> given, expected tag, box, polygon or mask")


def _point(path: StrPath, element: Any, text: str) -> tuple[float, float]:
    words = text.split(",")
    if len(words) != 2:
        raise fault(path, place(element), f"point {text[:40]!r} given, expected x,y")
    return number(path, element, words[0], "x"), number(path, element, words[1], "y")


def _mask(path: StrPath, element: Element, label: str, width: int | None, height: int | None, common: Any) -> Mask:
    left, top, columns, rows = (
        whole_number(path, element, element.get(name), name) for name in ("left", "top", "width", "height")
    )
    width, height = width or left + columns, height or top + rows
    fits = 0 <= left <= left + columns <= width and 0 <= top <= top + rows <= height and columns >= 0 and rows >= 0
    if not fits or width * height > _MOST_PIXELS:
        raise fault(path, place(element), f"<mask> of {columns} x {rows} at ({left}, {top}), expected it in the image")
    words = attribute(path, element, "rle").split(",")
    runs = [whole_number(path, element, word, "rle") for word in words if word.strip()]
    try:
        cut = pixels_of(runs, rows * columns).reshape(rows, columns)
    except InvalidArgument as error:
        raise fault(path, place(element), str(error)) from None
    pixels = np.zeros((height, width), dtype=bool)
    pixels[top : top + rows, left : left + columns] = cut
    return Mask.from_array(label, pixels, **common)


def _attributes(path: StrPath, element: Any) -> dict[str, str]:
    own = {name: value for name in _XML_ATTRIBUTES if (value := element.get(name)) is not None}
    others = {attribute(path, child, "name"): child.text or "" for child in element.iterfind("attribute")}
    return own | others
