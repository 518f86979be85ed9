"""Answers that name no class, or not for sure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gtlabel import _core
from gtlabel._core import InvalidArgument, InvalidType


class SpecialAnswer:
    """An answer that names no class: ``gtlabel.SKIP``, ``gtlabel.NONE_OF_THESE``."""

    def __init__(self, name: str, code: int) -> None:
        self._name, self._code = name, code

    @property
    def code(self) -> int:
        """Stands for it in the columns of class indices; negative."""
        return self._code

    def __repr__(self) -> str:
        return f"gtlabel.{self._name}"

    def __reduce__(self) -> str:
        return self._name


@dataclass(frozen=True)
class Unsure:
    """A guess: a class name or class index, with the worker's own probability that it is right.

    It counts little, and raises the number of people who are asked about the item. ``gtlabel.UNSURE`` has no guess.
    """

    answer: Any = None
    probability: float = 0.5

    def __post_init__(self) -> None:
        if isinstance(self.probability, bool) or not isinstance(self.probability, int | float):
            raise InvalidType(f"probability: {type(self.probability).__name__} given, expected a number")
        if not 0 < self.probability < 1:
            raise InvalidArgument(f"probability: {self.probability} given, expected between 0 and 1")


SKIP = SpecialAnswer("SKIP", _core._SKIP)
"""Ask somebody else: says nothing about the item."""
NONE_OF_THESE = SpecialAnswer("NONE_OF_THESE", _core._NONE_OF_THESE)
"""None of the classes: a label of its own, never trained on and never assigned automatically."""
UNSURE = Unsure()
"""Cannot tell, not even a guess: raises the number of people who are asked."""

# Names by class index: those below 0 come from behind.
SPECIAL_NAMES = ("none of these", "unsure", "skip", "")
