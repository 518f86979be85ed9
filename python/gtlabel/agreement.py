"""How far people agree beyond chance, with bootstrap intervals; docs/consolidation.md says what it does not tell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from gtlabel import _core
from gtlabel._core import InvalidArgument
from gtlabel.vote_columns import Votes


class Agreement(NamedTuple):
    """1: full agreement, 0: what chance gives; NaN where it is not defined."""

    value: float
    low: float
    high: float


def krippendorff_alpha(
    items: Any,
    workers: Any = None,
    answers: Any = None,
    *,
    scale: Literal["nominal", "ordinal", "interval"] = "nominal",
    classes: Sequence[Any] | None = None,
    n_resamples: int = 500,
    confidence: float = 0.95,
    seed: int = 0,
) -> Agreement:
    """Krippendorff's alpha: any number of answers per item.

    ``scale``: answers are equal or not (``"nominal"``), in the order of ``classes`` (``"ordinal"``), or numbers
    (``"interval"``). The interval is the bootstrap's over items; ``n_resamples=0``: none. Other arguments as for
    ``gtlabel.consolidate``.
    """
    votes = Votes(items, workers, answers, classes)
    values = _numbers(votes) if scale == "interval" else []
    return Agreement(*_core._krippendorff_alpha(*_codes(votes), scale, values, n_resamples, confidence, seed))


def krippendorff_alpha_per_class(
    items: Any,
    workers: Any = None,
    answers: Any = None,
    *,
    classes: Sequence[Any] | None = None,
    n_resamples: int = 500,
    confidence: float = 0.95,
    seed: int = 0,
) -> dict[Any, Agreement]:
    """Alpha of "this class or another" per class: which classes people tell apart."""
    votes = Votes(items, workers, answers, classes)
    values = _core._krippendorff_alpha_per_class(*_codes(votes), n_resamples, confidence, seed)
    return {name: Agreement(*value) for name, value in zip(votes.classes.tolist(), values, strict=True)}


def fleiss_kappa(
    items: Any,
    workers: Any = None,
    answers: Any = None,
    *,
    classes: Sequence[Any] | None = None,
    n_resamples: int = 500,
    confidence: float = 0.95,
    seed: int = 0,
) -> Agreement:
    """Fleiss' kappa, for the same number of answers about each item."""
    votes = Votes(items, workers, answers, classes)
    return Agreement(*_core._fleiss_kappa(*_codes(votes), n_resamples, confidence, seed))


def cohen_kappa(
    items: Any,
    workers: Any = None,
    answers: Any = None,
    *,
    classes: Sequence[Any] | None = None,
    min_common: int = 1,
    n_resamples: int = 500,
    confidence: float = 0.95,
    seed: int = 0,
) -> dict[tuple[Any, Any], Agreement]:
    """Cohen's kappa of every pair of workers with at least ``min_common`` items in common."""
    votes = Votes(items, workers, answers, classes)
    pairs = _core._cohen_kappa(*_codes(votes), min_common, n_resamples, confidence, seed)
    names = votes.workers.tolist()
    return {(names[first], names[second]): Agreement(*value) for first, second, _, value in pairs}


def _codes(votes: Votes) -> tuple[Any, Any, Any, int]:
    return votes.item_codes, votes.worker_codes, votes.answer_codes, len(votes.classes)


def _numbers(votes: Votes) -> list[float]:
    try:
        return [float(value) for value in np.asarray(votes.classes)]
    except (TypeError, ValueError):
        raise InvalidArgument(
            f"answers: {votes.classes.tolist()} given, expected numbers on the interval scale"
        ) from None
