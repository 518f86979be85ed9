"""How many people a job is expected to need, and what they cost."""

from __future__ import annotations

import html
import numbers
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from gtlabel import _core
from gtlabel._core import ConfidenceThreshold, ErrorTarget, InvalidArgument, InvalidType


@dataclass(frozen=True)
class Price:
    """What people are paid.

    ``per_answer`` in units of ``currency``, 0 or more; ``per_worker``: the price of those who get another one, by name,
    as a mapping or a pandas Series. Numbers of NumPy are prices too.
    """

    per_answer: float
    currency: str = "USD"
    per_worker: Mapping[str, float] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "per_answer", _price("per_answer", self.per_answer))
        if not isinstance(self.currency, str):
            raise InvalidType(f"currency: {type(self.currency).__name__} given, expected a name (str)")
        if not hasattr(self.per_worker, "items") or isinstance(self.per_worker, type):
            raise InvalidType(f"per_worker: {type(self.per_worker).__name__} given, expected prices by name")
        own = {}
        for worker, price in self.per_worker.items():
            if not isinstance(worker, str) or not worker:
                raise InvalidType(f"per_worker: {worker!r} given, expected the name of a worker (str)")
            own[worker] = _price(f"per_worker[{worker!r}]", price)
        object.__setattr__(self, "per_worker", own)


def _price(name: str, value: Any) -> float:
    """The price as Python's own number, or the error that names it."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):  # NumPy's numbers are Real too
        raise InvalidType(f"{name}: {type(value).__name__} given, expected a number")
    try:
        price = value if isinstance(value, int) else float(value)
        is_price = isfinite(price) and price >= 0
    except OverflowError:
        is_price = False
    if not is_price:
        raise InvalidArgument(f"{name}: {value} given, expected a number of at least 0")
    return price


@dataclass(frozen=True)
class LabelingPlan:
    """How many people a job is expected to need in all, as far as can be told by now.

    An expectation, not a promise. Of ten measured jobs eight ended between ``n_human_low`` and ``n_human_high``.
    ``answers_per_item``: paid answers about an item, so far. ``n_gold_unasked``: gold without an answer so far; it
    is in ``n_human``, but not in ``n_asked``. Of it ``gold_rate`` is planted per item that people will be asked about,
    as long as there is some: that much is in the costs. Costs are ``None`` without a price.
    """

    n_items: int
    n_asked: int
    n_human: int
    n_human_low: int
    n_human_high: int
    basis: str
    answers_per_item: float = 1.0
    n_gold_unasked: int = 0
    gold_rate: float = 0.0
    price: Price | None = None

    @property
    def human_share(self) -> float:
        """``n_human / n_items``."""
        return self.n_human / self.n_items

    @property
    def people(self) -> str:
        """Items that people are asked about, gold that is planted included: expectation and interval in words."""
        asked, low, high = map(self._asked, (self.n_human, self.n_human_low, self.n_human_high))
        return f"about {asked:,} ({asked / self.n_items:.0%}), likely {low:,} to {high:,}"

    @property
    def cost(self) -> float | None:
        """Of all answers, those given already included."""
        return self._cost(self.n_human)

    @property
    def cost_low(self) -> float | None:
        """The cost of ``n_human_low``."""
        return self._cost(self.n_human_low)

    @property
    def cost_high(self) -> float | None:
        """The cost of ``n_human_high``."""
        return self._cost(self.n_human_high)

    @property
    def cost_by_hand(self) -> float | None:
        """What it would cost to have people label every item but the gold without an answer."""
        return self._price_of(self.n_items - self.n_gold_unasked)

    def _asked(self, n_human: int) -> int:
        """Of so many that count as people's: those that people are asked about, gold still to be planted included."""
        asked = n_human - self.n_gold_unasked
        return asked + min(self.n_gold_unasked, round(self.gold_rate * max(0, asked - self.n_asked)))

    def _cost(self, n_human: int) -> float | None:
        return self._price_of(self._asked(n_human))

    def _price_of(self, n_asked: int) -> float | None:
        return None if self.price is None else n_asked * self.answers_per_item * self.price.per_answer

    def _facts(self) -> list[tuple[str, str]]:
        facts = [
            ("items", f"{self.n_items:,}, {self.n_asked:,} of them asked of people so far"),
            ("asked of people in all", self.people),
        ]
        if self.price is not None:
            costs = self.cost_low, self.cost, self.cost_high, self.cost_by_hand
            low, middle, high, by_hand = (f"{cost:,.2f}" for cost in costs)
            currency = self.price.currency
            facts.append(("cost", f"about {middle} {currency}, likely {low} to {high}; all by hand {by_hand}"))
        return [*facts, ("expected from", self.basis)]

    def __str__(self) -> str:
        return "\n".join(f"{name}: {value}" for name, value in self._facts())

    def _repr_html_(self) -> str:
        cells = "".join(
            f'<tr><th style="text-align:left">{html.escape(name)}</th>'
            f'<td style="text-align:left">{html.escape(value)}</td></tr>'
            for name, value in self._facts()
        )
        return f"<table><caption><b>gtlabel plan</b></caption>{cells}</table>"


def plan_labeling(
    n_items: int,
    n_classes: int,
    target: ErrorTarget | ConfidenceThreshold = ErrorTarget(),  # noqa: B008 - immutable
    price: Price | None = None,
) -> LabelingPlan:
    """The plan before anything is known but the size of the task, from jobs on other pools: a wide interval.

    ``LabelingJob.plan`` says the same before its first label, and more as soon as its model has learned something.
    """
    return LabelingPlan(**_core.plan_fields(n_items, n_classes, target), price=checked_price(price))


def checked_price(price: Any) -> Price | None:
    """The price, or InvalidType."""
    if price is not None and not isinstance(price, Price):
        raise InvalidType(f"price: {type(price).__name__} given, expected Price(per_answer, currency)")
    return price
