"""Pascal VOC: a folder with an XML file of boxes per image."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gtlabel._core import InvalidArgument
from gtlabel.formats.annotations import Annotations, Answer, Box, Item
from gtlabel.formats.features import file_stem, only_answer, prepared
from gtlabel.formats.file_text import StrPath, fault, file_name_of, refusal, write_folder
from gtlabel.formats.xml_files import (
    Element,
    number,
    place,
    read_xml,
    shown_number,
    text_of,
    whole_number,
    xml_name,
    xml_text,
)

CARRIES = frozenset(
    ("boxes", "negatives", "item ids", "ids beside image names", "images", "image sizes", "mark attributes")
)
_OWN_ELEMENTS = ("pose", "truncated", "difficult", "occluded")
_FILE_ELEMENTS = ("filename", "item_id", "size", "object")
_SIZE_ELEMENTS = ("width", "height")
_OBJECT_ELEMENTS = ("name", "bndbox", "attributes", *_OWN_ELEMENTS)
_USUAL = {"depth": "3", "segmented": "0"}


def write_pascal_voc(annotations: Annotations, folder: StrPath, *, first_pixel: int = 0) -> None:
    """One .xml per image in a new folder; an image without objects has a file without objects.

    ``first_pixel``: 0 writes coordinates as they are, as most programs do now; 1 counts pixels from 1, the last one
    included, as the VOC development kit does: a box from 0 to 10 is written as 1 to 10.
    Files are called as the images; another id of the item is kept as <item_id>.
    """
    ready = prepared(annotations, CARRIES, "Pascal VOC")
    texts: dict[str, str] = {}
    for item in ready.items:
        name = file_name_of(folder, file_stem(item)) + ".xml"
        if name in texts:
            raise refusal(folder, f"two images of the name {name!r}, expected different ones")
        texts[name] = _text(item, _offset(first_pixel))
    write_folder(folder, texts)


def read_pascal_voc(folder: StrPath, *, first_pixel: int = 0) -> Annotations:
    """All .xml files below a folder, by name, or a single one. ``first_pixel`` as in ``write_pascal_voc``."""
    root = Path(folder)
    base = root.parent if root.is_file() else root / "Annotations" if (root / "Annotations").is_dir() else root
    paths = [root] if root.is_file() else sorted(base.rglob("*.xml"))
    if not paths and (not root.is_dir() or any(root.iterdir())):
        raise fault(folder, "", "no .xml files, expected one per image")
    not_read: Counter[str] = Counter()
    items = [_item(path, base, _offset(first_pixel), not_read) for path in paths]
    return Annotations.of(items, not_read=not_read)


def _offset(first_pixel: int) -> int:
    if first_pixel not in (0, 1):
        raise InvalidArgument(f"first_pixel: {first_pixel} given, expected 0 or 1")
    return first_pixel


def _text(item: Item, offset: int) -> str:
    if item.unit != "pixel":
        raise InvalidArgument(f"Pascal VOC: the size of image {item.id!r} is not known, expected pixels")
    lines = ["<annotation>"]
    if item.image is not None:
        lines.append(f"  <filename>{xml_name(item.image)}</filename>")
    if str(item.id) != file_stem(item):
        lines.append(f"  <item_id>{xml_name(str(item.id))}</item_id>")
    if item.width is not None and item.height is not None:
        sides = f"<width>{item.width}</width><height>{item.height}</height>"
        lines.append(f"  <size>{sides}<depth>3</depth></size>")
    lines += [_object(mark, offset) for mark in only_answer(item).marks if isinstance(mark, Box)]
    return "\n".join([*lines, "</annotation>", ""])


def _object(box: Box, offset: int) -> str:
    own = "".join(
        f"<{name}>{xml_text(box.attributes[name])}</{name}>" for name in _OWN_ELEMENTS if name in box.attributes
    )
    others = "".join(
        f"<attribute><name>{xml_name(name)}</name><value>{xml_text(value)}</value></attribute>"
        for name, value in box.attributes.items()
        if name not in _OWN_ELEMENTS
    )
    sides = zip(("xmin", "ymin", "xmax", "ymax"), (box.x1 + offset, box.y1 + offset, box.x2, box.y2), strict=True)
    bounds = "".join(f"<{name}>{shown_number(value)}</{name}>" for name, value in sides)
    attributes = f"<attributes>{others}</attributes>" if others else ""
    return f"  <object><name>{xml_name(box.label)}</name>{own}<bndbox>{bounds}</bndbox>{attributes}</object>"


def _item(path: Path, root: Path, offset: int, not_read: Counter[str]) -> Item:
    tree = read_xml(path, "annotation")
    not_read.update(_names_of_others(tree))
    name = text_of(tree, "filename") or None
    size = tree.find("size")
    width, height = (None if size is None else _side(path, size, side) for side in ("width", "height"))
    marks = tuple(_box(path, element, offset) for element in tree.iter("object"))
    stem = path.relative_to(root).as_posix()[: -len(path.suffix)]
    item_id = text_of(tree, "item_id") or stem
    return Item(id=item_id, answers=(Answer(marks),), image=name, width=width, height=height)


def _names_of_others(tree: Element) -> Iterator[str]:
    """Of elements that are not read, unless they are empty or say what is usual."""
    for parents, known in (
        (tree.iterfind("."), _FILE_ELEMENTS),
        (tree.iterfind("size"), _SIZE_ELEMENTS),
        (tree.iter("object"), _OBJECT_ELEMENTS),
    ):
        for element in (element for parent in parents for element in parent if element.tag not in known):
            text = (element.text or "").strip()
            if len(element) or text not in ("", _USUAL.get(element.tag)):
                yield f"<{element.tag}>"


def _side(path: Path, size: Any, name: str) -> int | None:
    # Some programs write 0 for what they do not know.
    text = text_of(size, name)
    return whole_number(path, size, text, name) or None if text else None


def _box(path: Path, element: Any, offset: int) -> Box:
    label, bounds = text_of(element, "name"), element.find("bndbox")
    if label is None or bounds is None:
        raise fault(path, place(element), "<object> without <name> or <bndbox>")
    x1, y1, x2, y2 = (number(path, bounds, text_of(bounds, s), s) for s in ("xmin", "ymin", "xmax", "ymax"))
    x1, y1 = x1 - offset, y1 - offset
    if x1 > x2 or y1 > y2:
        raise fault(
            path, place(bounds), f"<bndbox> from ({x1}, {y1}) to ({x2}, {y2}), expected xmin <= xmax, ymin <= ymax"
        )
    return Box(label, x1, y1, x2, y2, attributes=_attributes(path, element))


def _attributes(path: Path, element: Element) -> dict[str, Any]:
    own = {name: element.findtext(name) for name in _OWN_ELEMENTS}
    found: dict[str, Any] = {name: text for name, text in own.items() if text is not None}
    for attribute in element.iterfind("attributes/attribute"):
        name = text_of(attribute, "name")
        if not name:
            raise fault(path, place(attribute), "<attribute> without <name>")
        found[name] = attribute.findtext("value") or ""
    return found
