"""What a person drew in Ground Truth's widget for semantic segmentation."""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gtlabel._core import FormatError
from gtlabel.formats.mask_files import hex_color, image_pixels

_TRANSPARENT_WHITE_BLACK = (-1, 0xFFFFFF, 0x000000)  # nobody has marked these pixels


def has_mask(content: Any) -> bool:
    """Whether an answer is one of that widget."""
    if not isinstance(content, Mapping):
        return False
    image, colors = content.get("labeledImage"), content.get("labelMappings")
    return isinstance(image, Mapping) and isinstance(image.get("pngImageData"), str) and isinstance(colors, Mapping)


def mask_colors(content: Mapping[str, Any], where: str) -> dict[str, str]:
    """Class name -> colour, ``#rrggbb``, of an answer."""
    colors = {}
    for name, described in content["labelMappings"].items():
        color = described.get("color") if isinstance(described, Mapping) else None
        if not isinstance(color, str):
            raise FormatError(f"{where}: labelMappings: {described!r} for {name!r}, expected a color")
        hex_color(color)
        colors[str(name)] = color
    return colors


def mask_of_answer(content: Mapping[str, Any], class_of: Mapping[str, int], where: str) -> NDArray[np.uint8]:
    """The class of each pixel, (height, width), 0 where nothing is marked. Needs Pillow.

    ``class_of``: class name -> number, from 1 to 255.
    """
    try:
        png = base64.b64decode(content["labeledImage"]["pngImageData"], validate=True)
    except (binascii.Error, ValueError) as error:
        raise FormatError(f"{where}: pngImageData: {error}") from None
    pixels = image_pixels(io.BytesIO(png), f"{where}: pngImageData", "RGBA").astype(np.int64)
    packed = (pixels[..., 0] << 16) | (pixels[..., 1] << 8) | pixels[..., 2]
    packed[pixels[..., 3] == 0] = -1
    known = dict.fromkeys(_TRANSPARENT_WHITE_BLACK, 0)
    known |= {hex_color(color): class_of[name] for name, color in mask_colors(content, where).items()}
    mask = np.zeros(packed.shape, dtype=np.uint8)
    for color in np.unique(packed).tolist():
        if color not in known:
            raise FormatError(f"{where}: the colour #{color:06x} is of no class, expected those of labelMappings")
        mask[packed == color] = known[color]
    return mask
