"""What a job knows of the people who answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gtlabel.column_table import ColumnTable

_KINDS = (np.str_, np.int64, np.int64, *[np.float64] * 6, np.bool_)


@dataclass(frozen=True, eq=False)
class WorkerTable(ColumnTable):
    """One row per worker, in order of their first answers; every column is a numpy array.

    ``table["accuracy"]`` and ``table.accuracy`` are the same.
    """

    worker: NDArray[np.str_]
    """Name; "": all who gave none."""
    n_answers: NDArray[np.int64]
    n_skipped: NDArray[np.int64]
    accuracy: NDArray[np.float64]
    """Expected share of right answers, from items of which others have said something too; NaN without any."""
    accuracy_low: NDArray[np.float64]
    """95 % interval (Wilson)."""
    accuracy_high: NDArray[np.float64]
    agreement: NDArray[np.float64]
    """Share of the sure answers that are the item's label by people."""
    seconds: NDArray[np.float64]
    cost: NDArray[np.float64]
    is_spam: NDArray[np.bool_]
    """The whole interval is nearer to the accuracy of guessing than to that of the others."""

    @classmethod
    def from_rows(cls, rows: Iterable[tuple[Any, ...]]) -> WorkerTable:
        """From the rows of the compiled job."""
        columns = list(zip(*rows, strict=True)) or [()] * len(_KINDS)
        return cls(*(np.asarray(column, dtype=kind) for column, kind in zip(columns, _KINDS, strict=True)))

    def __repr__(self) -> str:
        return f"WorkerTable({len(self)} workers, {int(self.is_spam.sum())} flagged as spam)"
