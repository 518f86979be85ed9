"""Masks that segmentation labels name: PNG for images, zlib for point clouds."""

from __future__ import annotations

import os
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gtlabel import _core
from gtlabel._core import FormatError, InvalidArgument
from gtlabel.formats.manifest_label import MaskLabel


def read_mask(path: str | os.PathLike[str], label: MaskLabel | None = None) -> NDArray[np.uint8]:
    """The class of each pixel, (height, width), of a PNG. Needs Pillow.

    Palette and grey images have the classes as their pixels; of colour images they follow from the colours of
    ``label``.
    """
    image_module = _pillow("read_mask")
    try:
        with image_module.open(path) as image:
            if image.mode in ("P", "L", "1"):
                pixels = np.asarray(image, dtype=np.uint8)
                return pixels
            colors = np.asarray(image.convert("RGB"), dtype=np.int64)
    except FileNotFoundError:
        raise
    except (OSError, SyntaxError, ValueError) as error:  # what Pillow raises for damaged images
        raise FormatError(f"{os.fspath(path)}: {error}") from None
    packed = (colors[..., 0] << 16) | (colors[..., 1] << 8) | colors[..., 2]
    known = {} if label is None else {_color(one.hex_color): one.region.class_index for one in label.classes}
    mask = np.zeros(packed.shape, dtype=np.uint8)
    for color in np.unique(packed).tolist():
        if color not in known:
            raise FormatError(
                f"{os.fspath(path)}: the colour #{color:06x} is of none of the classes, expected the label's"
            )
        mask[packed == color] = known[color]
    return mask


def write_mask(mask: ArrayLike, label: MaskLabel, path: str | os.PathLike[str]) -> None:
    """A palette PNG: the classes as pixels, the colours of the label as palette. Needs Pillow."""
    image = _pillow("write_mask").fromarray(np.ascontiguousarray(_classes(mask)))
    palette = np.zeros((256, 3), dtype=np.uint8)
    for one in label.classes:
        color = _color(one.hex_color)
        palette[one.region.class_index] = color >> 16, color >> 8 & 255, color & 255
    image.putpalette(palette.ravel().tolist())  # which makes a grey image one of a palette, pixels as they are
    image.save(path, format="PNG")


def read_point_mask(path: str | os.PathLike[str]) -> NDArray[np.uint8]:
    """The class of each point."""
    packed = _core.read_file(os.fsencode(path))
    try:
        return np.frombuffer(zlib.decompress(packed), dtype=np.uint8)
    except zlib.error as error:
        raise FormatError(f"{os.fspath(path)}: {error}; expected one byte a point, compressed by zlib") from None


def write_point_mask(classes: ArrayLike, path: str | os.PathLike[str]) -> None:
    """One byte a point, compressed by zlib."""
    Path(path).write_bytes(zlib.compress(_classes(classes).tobytes()))


def _classes(values: ArrayLike) -> NDArray[np.uint8]:
    given: NDArray[Any] = np.asarray(values)
    if given.dtype.kind not in "iub" or (given.size and (given.min() < 0 or given.max() > 255)):
        raise InvalidArgument("mask: expected whole numbers of classes from 0 to 255")
    return given.astype(np.uint8)


def _color(text: str) -> int:
    try:
        return int(text.removeprefix("#"), 16) if text else -1
    except ValueError:
        raise FormatError(f"hex-color: {text!r} given, expected #rrggbb") from None


def _pillow(user: str) -> Any:
    try:
        from PIL import Image
    except ImportError:
        raise InvalidArgument(f"{user} needs Pillow: pip install 'gtlabel[images]'") from None
    return Image
