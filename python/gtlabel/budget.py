"""What a job may use up."""

from __future__ import annotations

import numbers
from dataclasses import dataclass
from math import isfinite
from typing import Any

from gtlabel._core import InvalidArgument, InvalidType


@dataclass(frozen=True)
class Budget:
    """What a job may use up at most; ``None``: without limit. A job never asks for more than is left.

    ``max_answers`` paid answers, ``max_cost`` in the price's currency (at least the dearest price: every answer is
    reckoned as that), ``max_items`` that people are asked about.
    """

    max_answers: int | None = None
    max_cost: float | None = None
    max_items: int | None = None

    def __post_init__(self) -> None:
        for name in ("max_answers", "max_items"):
            value = getattr(self, name)
            if value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, numbers.Integral):
                raise InvalidType(f"{name}: {value!r} given, expected a whole number or None")
            if value < 1:
                raise InvalidArgument(f"{name}: {value} given, expected at least 1")
            object.__setattr__(self, name, int(value))
        if self.max_cost is None:
            return
        if isinstance(self.max_cost, bool) or not isinstance(self.max_cost, numbers.Real):
            raise InvalidType(f"max_cost: {self.max_cost!r} given, expected a number or None")
        if not (isfinite(self.max_cost) and self.max_cost > 0):
            raise InvalidArgument(f"max_cost: {self.max_cost} given, expected above 0")
        object.__setattr__(self, "max_cost", float(self.max_cost))


def checked_budget(budget: Any) -> Budget:
    """The budget, without limits for None, or InvalidType."""
    if budget is not None and not isinstance(budget, Budget):
        raise InvalidType(f"budget: {type(budget).__name__} given, expected Budget(max_answers, max_cost, max_items)")
    return budget or Budget()
