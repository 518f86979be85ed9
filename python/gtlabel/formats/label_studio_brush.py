"""Label Studio's packed images: runs of words of bits (the rle-pack of thi.ng/umbrella)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gtlabel._core import InvalidArgument
from gtlabel.formats.annotations import runs_of

_CHANNELS = 4  # red, green, blue and how opaque: all alike in a mask
_SIZES = (3, 4, 8, 16)  # bits of a run's length, by its class
_OPAQUE = 255


def packed(pixels: NDArray[np.bool_]) -> list[int]:
    """Of a boolean (height, width) array."""
    runs = runs_of(np.asarray(pixels, dtype=bool).ravel())
    bits = [f"{pixels.size * _CHANNELS:032b}", f"{8 - 1:05b}", *(f"{size - 1:04b}" for size in _SIZES)]
    for place, run in enumerate(runs):
        word = _OPAQUE if place % 2 else 0
        left = run * _CHANNELS
        while left:
            length = min(left, 1 << _SIZES[-1])
            size = next(number for number, width in enumerate(_SIZES) if length <= 1 << width)
            bits.append(f"1{size:02b}{length - 1:0{_SIZES[size]}b}{word:08b}")
            left -= length
    text = "".join(bits)
    text += "0" * (-len(text) % 8)
    return [int(text[place : place + 8], 2) for place in range(0, len(text), 8)]


class _Bits:
    def __init__(self, given: Sequence[int]) -> None:
        try:
            self._bits = np.unpackbits(np.asarray(given, dtype=np.uint8))
        except (OverflowError, TypeError, ValueError):
            raise InvalidArgument("rle: expected whole numbers from 0 to 255") from None
        self._place = 0

    def read(self, size: int) -> int:
        bits = self._bits[self._place : self._place + size]
        if len(bits) < size:
            raise InvalidArgument("rle: it ends too early")
        self._place += size
        return int("".join(map(str, bits.tolist())), 2)


def unpacked(given: Sequence[int], height: int, width: int) -> NDArray[np.bool_]:
    """A boolean (height, width) array: where the image is opaque at all."""
    bits = _Bits(given)
    n_words = bits.read(32)
    if n_words != height * width * _CHANNELS:
        raise InvalidArgument(f"rle: {n_words} words given, expected {_CHANNELS} for each of {height} x {width} pixels")
    word_size = bits.read(5) + 1
    sizes = [bits.read(4) + 1 for _ in range(4)]
    words, lengths = [], []
    left = n_words
    while left > 0:
        is_run = bits.read(1)
        length = 1 + bits.read(sizes[bits.read(2)])
        left -= length
        if left < 0:
            raise InvalidArgument("rle: a run goes beyond the image")
        for _ in range(1 if is_run else length):
            words.append(bits.read(word_size))
            lengths.append(length if is_run else 1)
    image = np.repeat(np.asarray(words, dtype=np.int64) > 0, lengths).reshape(height, width, _CHANNELS)
    pixels: NDArray[np.bool_] = image[:, :, _CHANNELS - 1]
    return pixels
