"""YOLO: a folder with data.yaml, lists of images and a text file of boxes per image."""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from gtlabel._core import FormatError, InvalidArgument
from gtlabel.formats.annotations import Annotations, Answer, Box, Choice, Item, Polygon
from gtlabel.formats.features import file_stem, only_answer, prepared
from gtlabel.formats.file_text import StrPath, fault, file_name_of, read_text, refusal, write_folder

CARRIES = frozenset(
    (
        "boxes",
        "polygons",
        "negatives",
        "unanswered items",
        "unused classes",
        "class order",
        "item ids",
        "images",
        "splits",
    )
)
PREDICTIONS_CARRY = CARRIES | {"mark confidences"}
CLASSIFICATION_CARRIES = frozenset(("choices", "unused classes"))
SPLITS = ("train", "val", "test")
_IMAGE_ENDINGS = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
_NO_IMAGE = ".txt"  # ends the entry of an item whose image has no name
_DIGITS = 10  # of a fraction: a ten-millionth of a pixel in an image 1000 wide


def write_yolo(annotations: Annotations, folder: StrPath, *, confidences: bool = False) -> None:
    """data.yaml, train.txt (and val.txt, test.txt) and labels/*.txt in a new folder; put the images into its images/.

    The lists name every image, so that images nobody has looked at (no file of labels) and images with nothing to mark
    (an empty one) are told apart. ``confidences``: a last number per line, as in predictions; trainers refuse it. The
    field "split" of an item says in which list it is. Needs PyYAML.
    """
    ready = prepared(annotations, PREDICTIONS_CARRY, "YOLO")
    classes = {name: number for number, name in enumerate(ready.classes)}
    texts: dict[str, str] = {}
    lists: dict[str, list[str]] = {"train": []}
    seen: set[str] = set()
    for item in ready.items:
        image = f"images/{_image_name(folder, item)}"
        labels = _label_path(Path(image)).as_posix()
        if labels in seen:
            raise refusal(folder, f"two images whose labels are in {labels!r}, expected different names")
        seen.add(labels)
        lists.setdefault(_split(item), []).append(f"./{image}\n")
        if item.answers:
            texts[labels] = "".join(_line(item, mark, classes, confidences) for mark in only_answer(item).marks)
    texts |= {f"{split}.txt": "".join(images) for split, images in lists.items()}
    paths = {"val": "train.txt"} | {split: f"{split}.txt" for split in lists}
    head = {"path": ".", **paths, "names": dict(enumerate(ready.classes))}
    texts["data.yaml"] = _yaml().safe_dump(head, allow_unicode=True, sort_keys=False, width=10**6)
    write_folder(folder, texts)


def _yaml() -> Any:
    try:
        import yaml
    except ImportError:
        raise ImportError("YOLO's data.yaml needs PyYAML: pip install 'gtlabel[yolo]'") from None
    return yaml


def _split(item: Item) -> str:
    split = item.fields.get("split", "train")
    if split not in SPLITS:
        raise InvalidArgument(f"YOLO: split {split!r} of {item.id!r} given, expected one of {', '.join(SPLITS)}")
    return str(split)


def _image_name(folder: StrPath, item: Item) -> str:
    name = file_name_of(folder, f"{item.id}{_NO_IMAGE}" if item.image is None else item.image)
    if any(character in name for character in "\n\r") or name != name.strip():
        raise fault(
            folder, "", f"{name!r} given, expected the name of an image without line ends or blanks at its ends"
        )
    if item.image is not None and name.endswith(_NO_IMAGE):
        raise refusal(folder, f"{name!r} given, expected the name of an image")
    return name


def _line(item: Item, mark: Any, classes: Mapping[str, int], confidences: bool) -> str:
    width, height = _sides(item)
    if isinstance(mark, Box):
        values = [
            (mark.x1 + mark.x2) / 2 / width,
            (mark.y1 + mark.y2) / 2 / height,
            (mark.x2 - mark.x1) / width,
            (mark.y2 - mark.y1) / height,
        ]
    else:
        [part] = mark.parts
        if len(part) < 3:
            raise InvalidArgument(f"YOLO: a polygon of {len(part)} points in {item.id!r} given, expected 3 or more")
        values = [side / length for point in part for side, length in zip(point, (width, height), strict=True)]
    if confidences and mark.confidence is not None:
        values.append(mark.confidence)
    if not all(map(math.isfinite, values)):
        raise InvalidArgument(f"YOLO: a mark of {item.id!r} with {values} given, expected numbers")
    return " ".join([str(classes[mark.label]), *(f"{value:.{_DIGITS}g}" for value in values)]) + "\n"


def _sides(item: Item) -> tuple[float, float]:
    """What coordinates are to be divided by."""
    if item.unit == "fraction":
        return 1.0, 1.0
    if not item.width or not item.height:
        raise InvalidArgument(f"YOLO: the size of image {item.id!r} is not known, expected width and height")
    return float(item.width), float(item.height)


def read_yolo(path: StrPath) -> Annotations:
    """The folder, or its data.yaml.

    Images are found by the lists or folders that data.yaml names; the labels of .../images/a.jpg are in
    .../labels/a.txt. Where the image itself is there and Pillow is installed, its size makes pixels of the coordinates;
    otherwise they stay fractions. Needs PyYAML.
    """
    yaml_path = _yaml_path(Path(path))
    head = _head(yaml_path)
    classes = _class_names(yaml_path, head.get("names"))
    entries = {split: _entries(yaml_path, split, head.get(split)) for split in SPLITS}
    root = yaml_path.parent / "".join(_entries(yaml_path, "path", head.get("path")))
    if not root.is_dir():
        root = yaml_path.parent
    items: dict[str, Item] = {}
    has_splits = len({tuple(listed) for listed in entries.values() if listed}) > 1
    for split, listed in entries.items():
        for entry in listed:
            for image in _images(yaml_path, root, entry):
                item = _item(root, image, classes)
                if has_splits:
                    item = dataclasses.replace(item, fields={"split": split})
                items.setdefault(str(item.id), item)
    return Annotations.of(list(items.values()), classes)


def _yaml_path(path: Path) -> Path:
    if not path.is_dir():
        return path
    found = [path / name for name in ("data.yaml", "data.yml", "dataset.yaml") if (path / name).is_file()]
    if not found:
        raise fault(path, "", "no data.yaml, expected one that names the classes")
    return found[0]


def _head(path: Path) -> dict[str, Any]:
    yaml = _yaml()
    text = read_text(path)
    try:
        # A few lines of aliases of aliases are a list too long for any memory, once it is walked through.
        aliases = (event for event in yaml.parse(text) if isinstance(event, yaml.AliasEvent))
        if alias := next(aliases, None):
            raise fault(path, f"line {alias.start_mark.line + 1}", f"alias *{alias.anchor} given, expected none")
        head = yaml.safe_load(text)
    except FormatError:
        raise
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        raise fault(path, f"line {mark.line + 1}" if mark else "", f"no YAML: {str(error)[:200]}") from None
    if not isinstance(head, dict):
        raise fault(path, "", "expected the keys train, val and names")
    return head


def _class_names(path: Path, names: Any) -> list[str]:
    listed = names
    if isinstance(names, dict) and sorted(names, key=str) == sorted(range(len(names)), key=str):
        listed = [names[number] for number in range(len(names))]
    if not isinstance(listed, list) or not all(isinstance(name, str) for name in listed):
        raise fault(path, "names", "expected a list of texts, or texts by the numbers 0, 1, ...; quote those like yes")
    if len(set(listed)) != len(listed):
        raise fault(path, "names", "a class named twice")
    return listed


def _entries(path: Path, name: str, value: Any) -> list[str]:
    listed = value if isinstance(value, list) else [value] if value else []
    if not all(isinstance(entry, str) for entry in listed):
        raise fault(path, name, "expected a text, or a list of texts")
    return listed


def _images(yaml_path: Path, root: Path, entry: str) -> Iterator[Path]:
    """Of a list of images, or of a folder of images; of the latter also those of which there are labels alone."""
    source = root / entry
    if source.suffix == ".txt" and os.path.isfile(source):
        for line in read_text(source).split("\n"):
            if name := line.strip("\r"):
                yield source.parent / name
    elif os.path.isdir(source) or os.path.isdir(_label_path(source / "x").parent):
        found = {path.with_suffix(""): path for path in source.rglob("*") if path.suffix.lower() in _IMAGE_ENDINGS}
        labels = _label_path(source / "x").parent
        for path in labels.rglob("*.txt"):
            found.setdefault((source / path.relative_to(labels)).with_suffix(""), source / path.relative_to(labels))
        yield from (found[stem] for stem in sorted(found))
    else:
        raise fault(yaml_path, "", f"{entry!r} given, expected a folder or a .txt file in {root}")


def _label_path(image: Path) -> Path:
    """The last folder called images becomes labels."""
    parts = list(image.parts)
    for place in range(len(parts) - 2, -1, -1):
        if parts[place] == "images":
            parts[place] = "labels"
            break
    path = Path(*parts)
    return (
        path.with_name(path.name[: -len(path.suffix)] + ".txt") if path.suffix else path.with_name(path.name + ".txt")
    )


def _item(root: Path, image: Path, classes: list[str]) -> Item:
    name = _name_below_images(root, image)
    labels = _label_path(image)
    size = _size_of(image)
    answers = (Answer(_marks(labels, classes, size or (1, 1))),) if os.path.isfile(labels) else ()
    item = Item(
        id="", answers=answers, image=None if name.endswith(_NO_IMAGE) else name, unit="pixel" if size else "fraction"
    )
    if size:
        item = dataclasses.replace(item, width=size[0], height=size[1])
    return dataclasses.replace(item, id=file_stem(item) if item.image else name.removesuffix(_NO_IMAGE))


def _name_below_images(root: Path, image: Path) -> str:
    try:
        parts = image.relative_to(root).parts
    except ValueError:
        parts = image.parts
    below = parts[parts.index("images") + 1 :] if "images" in parts[:-1] else parts
    return PurePosixPath(*below).as_posix()


def _size_of(image: Path) -> tuple[int, int] | None:
    if not os.path.isfile(image):  # which Path.is_file of names too long does not say
        return None
    try:
        from PIL import Image
    except ImportError:
        return None
    try:
        with Image.open(image) as opened:
            return int(opened.width), int(opened.height)
    except (OSError, Image.DecompressionBombError):
        return None


def _marks(path: Path, classes: list[str], size: tuple[int, int]) -> tuple[Box | Polygon, ...]:
    lines = enumerate(read_text(path).split("\n"), start=1)
    return tuple(_mark(path, number, line.split(), classes, size) for number, line in lines if line.strip())


def _mark(path: Path, number: int, words: list[str], classes: list[str], size: tuple[int, int]) -> Box | Polygon:
    where = f"line {number}"
    try:
        values = [float(word) for word in words[1:]]
        place = int(words[0])
    except ValueError:
        raise fault(path, where, f"{' '.join(words)[:80]!r} given, expected numbers") from None
    if not all(map(math.isfinite, values)) or len(values) < 4:
        raise fault(
            path, where, f"{len(values)} numbers after the class given, expected 4 or 5, or 6 and more of a polygon"
        )
    if not 0 <= place < len(classes):
        raise fault(path, where, f"class {place} given, expected 0 to {len(classes) - 1}")
    if len(values) > 5:
        return _polygon(classes[place], values, size)
    x, y, width, height = (value * side for value, side in zip(values, size * 2, strict=False))
    if width < 0 or height < 0:
        raise fault(path, where, "a negative side given, expected the centre, the width and the height")
    sides = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    return Box(classes[place], *sides, confidence=values[4] if len(values) == 5 else None)


def _polygon(label: str, values: list[float], size: tuple[int, int]) -> Polygon:
    # An odd number: the last is a confidence.
    confidence = values[-1] if len(values) % 2 else None
    sides = [value * size[place % 2] for place, value in enumerate(values[: len(values) // 2 * 2])]
    return Polygon(label, (tuple(zip(sides[::2], sides[1::2], strict=True)),), confidence=confidence)


def write_yolo_classification(annotations: Annotations, folder: StrPath, *, images: StrPath) -> None:
    """One folder per class with copies of its images, which are looked for below ``images``."""
    ready = prepared(annotations, CLASSIFICATION_CARRIES, "YOLO classification")
    copies: dict[Path, Path] = {}
    for item in ready.items:
        [mark] = only_answer(item).marks
        name = file_name_of(folder, str(item.id) if item.image is None else item.image)
        label = file_name_of(folder, getattr(mark, "label", ""))
        if "/" in label:
            raise refusal(folder, f"class {label!r} given, expected a name that can be a folder")
        source, target = Path(images) / name, Path(folder) / label / PurePosixPath(name).name
        if not source.is_file():
            raise refusal(source, "no such image")
        if target in copies:
            raise refusal(target, "two images of one name in one class")
        copies[target] = source
    for label in ready.classes:
        (Path(folder) / file_name_of(folder, label)).mkdir(parents=True, exist_ok=True)
    for target, source in copies.items():
        target.write_bytes(source.read_bytes())


def read_yolo_classification(folder: StrPath) -> Annotations:
    """Folders of images by class: folder/class/a.jpg, or folder/train/class/a.jpg."""
    root = Path(folder)
    splits = [split for split in SPLITS if (root / split).is_dir()]
    items, classes = [], set()
    for base, split in [(root / split, split) for split in splits] or [(root, "")]:
        for label in sorted(path for path in base.iterdir() if path.is_dir()):
            classes.add(label.name)
            for image in sorted(path for path in label.iterdir() if path.suffix.lower() in _IMAGE_ENDINGS):
                name = image.relative_to(root).as_posix()
                fields = {"split": split} if split else {}
                answer = Answer((Choice(label.name),))
                items.append(Item(id=name[: -len(image.suffix)], answers=(answer,), image=name, fields=fields))
    if not items:
        raise fault(folder, "", "no images, expected a folder of them for each class")
    return Annotations.of(items, sorted(classes))
