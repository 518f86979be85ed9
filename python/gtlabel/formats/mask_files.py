"""Masks that segmentation labels name: PNG for images, zlib for point clouds."""

from __future__ import annotations

import io
import os
import re
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gtlabel import _core
from gtlabel._core import FormatError, InvalidArgument
from gtlabel.formats.manifest_label import MaskLabel

_HEX_COLOR = re.compile("#?[0-9a-fA-F]{6}")


def read_mask(path: str | os.PathLike[str], label: MaskLabel | None = None) -> NDArray[np.uint8]:
    """The class of each pixel, (height, width), of a PNG. Needs Pillow.

    Palette and grey images have the classes as their pixels; of colour images they follow from the colours of
    ``label``.
    """
    pixels = image_pixels(path, os.fspath(path), "RGB", as_they_are=("P", "L", "1"))
    if pixels.ndim == 2:
        return pixels
    colors = pixels.astype(np.int64)
    packed = (colors[..., 0] << 16) | (colors[..., 1] << 8) | colors[..., 2]
    known = {} if label is None else {hex_color(one.hex_color): one.region.class_index for one in label.classes}
    mask = np.zeros(packed.shape, dtype=np.uint8)
    for color in np.unique(packed).tolist():
        if color not in known:
            raise FormatError(
                f"{os.fspath(path)}: the colour #{color:06x} is of none of the classes, expected the label's"
            )
        mask[packed == color] = known[color]
    return mask


def image_pixels(
    file: str | os.PathLike[str] | io.BytesIO, where: str, mode: str, as_they_are: tuple[str, ...] = ()
) -> NDArray[np.uint8]:
    """The pixels of an image in a mode of Pillow, or in its own where that is one of ``as_they_are``."""
    image_module = _pillow("reading masks")
    faults = (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error)  # Pillow's for damaged images
    try:
        with image_module.open(file) as image:
            return np.asarray(image if image.mode in as_they_are else image.convert(mode), dtype=np.uint8)
    except FileNotFoundError:
        raise
    except (*faults, image_module.DecompressionBombError) as error:
        raise FormatError(f"{where}: {error}") from None


def write_mask(mask: ArrayLike, label: MaskLabel, path: str | os.PathLike[str]) -> None:
    """A palette PNG: the classes as pixels, the colours of the label as palette. Needs Pillow."""
    image = _pillow("write_mask").fromarray(np.ascontiguousarray(_classes(mask)))
    palette = np.zeros((256, 3), dtype=np.uint8)
    for one in label.classes:
        color = max(0, hex_color(one.hex_color))  # black for none
        if not 0 <= one.region.class_index <= 255:
            raise InvalidArgument(f"label: class {one.region.class_index} given, expected 0 to 255 in a mask")
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


def hex_color(text: str) -> int:
    """The number of a colour ``#rrggbb``; -1 of none."""
    if not text:
        return -1
    if not _HEX_COLOR.fullmatch(text):
        raise FormatError(f"hex-color: {text!r} given, expected #rrggbb")
    return int(text.removeprefix("#"), 16)


def _pillow(user: str) -> Any:
    try:
        from PIL import Image
    except ImportError:
        raise InvalidArgument(f"{user} needs Pillow: pip install 'gtlabel[images]'") from None
    return Image
