"""What a line of a manifest says of its item, by task type."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

from gtlabel import _core
from gtlabel._core import InvalidType


@dataclass
class ManifestClass:
    """One class: Ground Truth's number for it, its name ("" where the file does not say), and how sure."""

    class_index: int = -1
    class_name: str = ""
    confidence: float | None = None


@dataclass
class ClassLabel:
    """Image, text and clip classification with one class, and label verification."""

    chosen: ManifestClass = field(default_factory=ManifestClass)
    comments: list[str] = field(default_factory=list)
    """``worker-feedback`` of a verification."""


@dataclass
class MultiClassLabel:
    """Classification with several classes, in the order of the file."""

    classes: list[ManifestClass] = field(default_factory=list)


@dataclass
class ManifestBox:
    """One rectangle, in pixels from the upper left corner."""

    object: ManifestClass = field(default_factory=ManifestClass)
    left: float = 0.0
    top: float = 0.0
    width: float = 0.0
    height: float = 0.0
    other_members: list[tuple[str, str]] = field(default_factory=list)
    """Of the annotation, what the task type does not know: key and JSON."""
    other_metadata: list[tuple[str, str]] = field(default_factory=list)
    """Of its entry in the metadata's ``objects``."""


@dataclass
class BoxLabel:
    """Bounding boxes of one image; a size of 0 is one that the file does not say."""

    image_width: int = 0
    image_height: int = 0
    image_depth: int = 0
    boxes: list[ManifestBox] = field(default_factory=list)
    class_map: list[tuple[int, str]] = field(default_factory=list)
    """May name classes that no box has."""
    other_members: list[tuple[str, str]] = field(default_factory=list)
    """Of the label, what the task type does not know: key and JSON."""


@dataclass
class MaskClass:
    """A class of a mask and its colour; "" in maps of 2019."""

    region: ManifestClass = field(default_factory=ManifestClass)
    hex_color: str = ""


@dataclass
class MaskLabel:
    """Semantic segmentation of images and of points: the mask is a file of its own."""

    mask_ref: str = ""
    classes: list[MaskClass] = field(default_factory=list)


@dataclass
class TextSpan:
    """A named part of a text, from ``start`` to before ``end``, in characters."""

    label: str = ""
    start: int = 0
    end: int = 0
    confidence: float | None = None
    other_members: list[tuple[str, str]] = field(default_factory=list)
    """Of the entity, what the task type does not know: key and JSON."""
    other_metadata: list[tuple[str, str]] = field(default_factory=list)
    """Of its entry in the metadata's ``entities``."""


@dataclass
class SpanLabel:
    """Named entities of a text, with the labels there were to choose from: name and short name."""

    spans: list[TextSpan] = field(default_factory=list)
    labels: list[tuple[str, str]] = field(default_factory=list)
    other_members: list[tuple[str, str]] = field(default_factory=list)
    """Of the label, what the task type does not know: key and JSON."""


@dataclass
class SequenceLabel:
    """Labels of many frames in a file of their own: objects and tracks in videos, tracks in point clouds."""

    sequence_ref: str = ""
    class_map: list[tuple[int, str]] = field(default_factory=list)


@dataclass
class Cuboid:
    """A box in space: centre, size, and rotation in radians."""

    object: ManifestClass = field(default_factory=ManifestClass)
    object_name: str = ""
    center_x: float = 0.0
    center_y: float = 0.0
    center_z: float = 0.0
    length: float = 0.0
    width: float = 0.0
    height: float = 0.0
    roll: float = 0.0
    pitch: float = 0.0
    yaw: float = 0.0
    attributes: list[tuple[str, str]] = field(default_factory=list)
    """``label-category-attributes``; the values as JSON."""
    other_members: list[tuple[str, str]] = field(default_factory=list)
    """Of the annotation, what the task type does not know: key and JSON."""
    other_metadata: list[tuple[str, str]] = field(default_factory=list)
    """Of its entry in the metadata's ``objects``."""


@dataclass
class CuboidLabel:
    """Objects of one point cloud."""

    cuboids: list[Cuboid] = field(default_factory=list)
    class_map: list[tuple[int, str]] = field(default_factory=list)
    other_members: list[tuple[str, str]] = field(default_factory=list)
    """Of the label, what the task type does not know: key and JSON."""


@dataclass
class CustomLabel:
    """A label of a custom task, or of an unknown type: JSON as it stands."""

    json: str = "{}"
    worker_response_ref: str = ""

    @property
    def content(self) -> Any:
        """The JSON as Python reads it."""
        return json.loads(self.json)


LabelValue = ClassLabel | MultiClassLabel | BoxLabel | MaskLabel | SpanLabel | SequenceLabel | CuboidLabel | CustomLabel


@dataclass
class ManifestLabel:
    """The label of one line under one label attribute name: what all types have in common, and the value."""

    value: LabelValue
    type: str = ""
    """Such as ``"groundtruth/image-classification"``; "" writes the one that the value is of."""
    job_name: str = ""
    human_annotated: bool | None = None
    creation_date: str = ""
    adjustment_status: str = ""
    other_metadata: list[tuple[str, str]] = field(default_factory=list)
    """Members of the metadata that the task type does not know: key and JSON."""

    _PARTS: ClassVar[dict[str, tuple[str, Any]]] = {
        "MultiClassLabel": ("classes", ManifestClass),
        "BoxLabel": ("boxes", ManifestBox),
        "MaskLabel": ("classes", MaskClass),
        "SpanLabel": ("spans", TextSpan),
        "CuboidLabel": ("cuboids", Cuboid),
    }

    @classmethod
    def from_json(cls, label: Any, metadata: Any = None) -> ManifestLabel:
        """Of the values of ``<name>`` and ``<name>-metadata``."""
        found = cls.from_core(_core._read_manifest_label(_text(label), "" if metadata is None else _text(metadata)))
        assert found is not None
        return found

    def to_json(self) -> tuple[Any, Any]:
        """The values of ``<name>`` and ``<name>-metadata``, in the form that Ground Truth writes now."""
        label, metadata = _core._write_manifest_label(*self.to_core())
        return json.loads(label), json.loads(metadata)

    @classmethod
    def from_core(cls, given: tuple[dict[str, Any], str, dict[str, Any]] | None) -> ManifestLabel | None:
        """Of what the compiled core gives."""
        if given is None:
            return None
        common, kind, fields = given
        if kind in cls._PARTS:
            name, part = cls._PARTS[kind]
            fields[name] = [_part(part, entry) for entry in fields[name]]
        elif kind == "ClassLabel":
            fields["chosen"] = ManifestClass(**fields["chosen"])
        value: LabelValue = _KINDS[kind](**fields)
        return cls(value=value, **common)

    def to_core(self) -> tuple[dict[str, Any], str, dict[str, Any]]:
        """What the compiled core takes."""
        kind = type(self.value).__name__
        if kind not in _KINDS:
            raise InvalidType(f"label: a {kind} given as value, expected one of {', '.join(_KINDS)}")
        fields = asdict(self)
        return fields, kind, fields.pop("value")


_KINDS: dict[str, Any] = {
    kind.__name__: kind
    for kind in (
        ClassLabel,
        MultiClassLabel,
        BoxLabel,
        MaskLabel,
        SpanLabel,
        SequenceLabel,
        CuboidLabel,
        CustomLabel,
    )
}


def _part(kind: Any, fields: dict[str, Any]) -> Any:
    for name in ("object", "region"):
        if name in fields:
            fields[name] = ManifestClass(**fields[name])
    return kind(**fields)


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
