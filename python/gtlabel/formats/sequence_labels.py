"""Sequences of frames: what a job of video frames or point clouds reads, and the SeqLabel.json that it writes."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gtlabel import _core
from gtlabel._core import FormatError

# Key of a frame's list -> what its entries are.
_SHAPES = {"annotations": "box", "polylines": "polyline", "polygons": "polygon", "keypoints": "keypoint"}
_TURNED = "2022-09-02T19:02:17"  # since then yaw is right-handed


@dataclass
class FrameObject:
    """One object in one frame."""

    shape: str
    """``"box"``, ``"cuboid"``, ``"polyline"``, ``"polygon"`` or ``"keypoint"``."""
    class_index: int
    object_id: str
    """Of a track: the same in all frames, and in all sensors; "" in object detection."""
    object_name: str
    content: dict[str, Any]
    """The entry as it stands: ``left``, ``top``, ``width``, ``height``; or ``vertices``; or ``center-x`` ..."""

    @property
    def attributes(self) -> dict[str, Any]:
        """``label-category-attributes``."""
        found = self.content.get("label-category-attributes")
        return found if isinstance(found, dict) else {}


@dataclass
class LabeledFrame:
    """The objects of one frame."""

    number: int
    name: str
    """Of the frame's file."""
    objects: list[FrameObject]
    attributes: dict[str, Any]
    """``frame-attributes``."""


@dataclass
class SequenceLabels:
    """A SeqLabel.json: frames by sensor. Files of one camera, or of one lidar, have the sensor ""."""

    sensors: dict[str, list[LabeledFrame]]
    content: dict[str, Any] = field(repr=False)
    """The file as Python's json reads it."""

    @property
    def frames(self) -> list[LabeledFrame]:
        """Of the only sensor."""
        if len(self.sensors) != 1:
            raise FormatError(f"frames: of the sensors {list(self.sensors)}, expected one sensor")
        (frames,) = self.sensors.values()
        return frames

    def tracks(self) -> dict[str, list[tuple[str, int, FrameObject]]]:
        """Object id -> where it is: sensor, number of the frame, and the object there."""
        tracks: dict[str, list[tuple[str, int, FrameObject]]] = {}
        for sensor, frames in self.sensors.items():
            for frame in frames:
                for one in frame.objects:
                    if one.object_id:
                        tracks.setdefault(one.object_id, []).append((sensor, frame.number, one))
        return tracks


@dataclass
class FrameSequence:
    """The sequence file that ``source-ref`` names: which frames there are."""

    number: int
    prefix: str
    frames: list[dict[str, Any]]
    """One object a frame, as it stands: ``frame``, ``frame-no``, ``unix-timestamp``, poses and images."""

    @property
    def addresses(self) -> list[str]:
        """Of the frames' files."""
        return [self.prefix + str(frame.get("frame", "")) for frame in self.frames]


def read_sequence_labels(path: str | os.PathLike[str]) -> SequenceLabels:
    """Reads a SeqLabel.json of video or point cloud detection or tracking; class and frame numbers may be texts."""
    content = _object(path)
    lists = {"": content} if _frames_key(content) else content
    sensors = {}
    if not lists or not all(_frames_key(holder) for holder in lists.values()):
        raise FormatError(
            f"{os.fspath(path)}: no tracking-annotations and no detection-annotations, expected a SeqLabel.json"
        )
    for sensor, holder in lists.items():
        key = _frames_key(holder)
        assert key is not None
        sensors[sensor] = [_frame(frame, position, path) for position, frame in enumerate(holder[key])]
    return SequenceLabels(sensors, content)


def write_sequence_labels(labels: SequenceLabels, path: str | os.PathLike[str]) -> None:
    """Writes ``labels.content``; what stands in its objects is what their ``content`` says."""
    Path(path).write_text(json.dumps(labels.content, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")


def read_frame_sequence(path: str | os.PathLike[str]) -> FrameSequence:
    """Reads a sequence file; ``lint_manifest`` says what is wrong with one."""
    content = _object(path)
    frames = content.get("frames")
    if not isinstance(frames, list) or not all(isinstance(frame, dict) for frame in frames):
        raise FormatError(f"{os.fspath(path)}: no list of frames, expected a sequence file")
    return FrameSequence(_whole(content.get("seq-no"), 0), str(content.get("prefix", "")), frames)


def right_handed_yaw(yaw: float, creation_date: str) -> float:
    """The yaw of a cuboid as it is written now: labels made before 2 September 2022, 19:02:17 UTC, have pi - yaw."""
    return math.pi - yaw if creation_date < _TURNED else yaw


def _object(path: str | os.PathLike[str]) -> dict[str, Any]:
    text = _core.read_file(os.fsencode(path))
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{os.fspath(path)}: {error}") from None
    if not isinstance(content, dict):
        raise FormatError(f"{os.fspath(path)}: expected a JSON object")
    return content


def _frames_key(holder: Any) -> str | None:
    for key in ("tracking-annotations", "detection-annotations"):
        if isinstance(holder, Mapping) and isinstance(holder.get(key), list):
            return key
    return None


def _whole(value: Any, otherwise: int) -> int:
    if isinstance(value, str) and value.isdecimal():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else otherwise


def _frame(frame: Any, position: int, path: str | os.PathLike[str]) -> LabeledFrame:
    if not isinstance(frame, dict):
        raise FormatError(f"{os.fspath(path)}: frame {position} is {frame!r}, expected an object")
    lists = {key: frame.get(key) or [] for key in _SHAPES}
    wrong = next((key for key, entries in lists.items() if not isinstance(entries, list)), None)
    if wrong is not None:
        raise FormatError(f"{os.fspath(path)}: {wrong} of frame {position} is {lists[wrong]!r}, expected a list")
    objects = [
        _frame_object(entry, _SHAPES[key], position, path) for key, entries in lists.items() for entry in entries
    ]
    attributes = frame.get("frame-attributes")
    return LabeledFrame(
        number=_whole(frame.get("frame-no", frame.get("frame-number")), position),
        name=str(frame.get("frame", frame.get("frame-name", ""))),
        objects=objects,
        attributes=attributes if isinstance(attributes, dict) else {},
    )


def _frame_object(entry: Any, shape: str, position: int, path: str | os.PathLike[str]) -> FrameObject:
    if not isinstance(entry, dict):
        raise FormatError(f"{os.fspath(path)}: an object of frame {position} is {entry!r}, expected an object")
    return FrameObject(
        shape="cuboid" if "center-x" in entry else shape,
        class_index=_whole(entry.get("class-id", entry.get("class_id")), -1),
        object_id=str(entry.get("object-id", "")),
        object_name=str(entry.get("object-name", "")),
        content=entry,
    )
