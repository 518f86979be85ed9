"""COCO's text for the runs of a mask (as in pycocotools)."""

from __future__ import annotations

from collections.abc import Sequence

from gtlabel._core import InvalidArgument

_BITS = 5  # of a number in each character; a sixth says that more follow
_FIRST = 48  # the character "0"
_MOST_CHARACTERS = 13  # of one number: 64 bits


def text_of_runs(runs: Sequence[int]) -> str:
    """Numbers from the third on are told as differences from the number before the last."""
    characters = []
    for place, run in enumerate(runs):
        rest = run - runs[place - 2] if place > 2 else run
        has_more = True
        while has_more:
            bits = rest & 31
            rest >>= _BITS
            has_more = rest != (-1 if bits & 16 else 0)
            characters.append(chr((bits | 32 if has_more else bits) + _FIRST))
    return "".join(characters)


def runs_of_text(text: str) -> tuple[int, ...]:
    runs: list[int] = []
    value = length = 0
    for character in text:
        bits = ord(character) - _FIRST
        if not 0 <= bits < 64 or length == _MOST_CHARACTERS:
            raise InvalidArgument(f"runs: {text[:20]!r} given, expected compressed runs")
        value |= (bits & 31) << (_BITS * length)
        length += 1
        if bits & 32:
            continue
        if bits & 16:
            value -= 1 << (_BITS * length)
        runs.append(value + runs[-2] if len(runs) > 2 else value)
        value = length = 0
    if length:
        raise InvalidArgument(f"runs: {text[-20:]!r} ends within a number")
    return tuple(runs)
