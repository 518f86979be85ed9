"""What a job knows of the people who answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gtlabel.column_table import ColumnTable

_KINDS = (np.str_, np.int64, np.int64, *[np.float64] * 6, np.bool_, np.int64, np.int64, np.str_)


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
    """Expected share of right answers, from gold and items of which others have said something too; NaN without any."""
    accuracy_low: NDArray[np.float64]
    """95 % interval (Wilson)."""
    accuracy_high: NDArray[np.float64]
    agreement: NDArray[np.float64]
    """Share of the sure answers that are the item's label by people."""
    seconds: NDArray[np.float64]
    cost: NDArray[np.float64]
    is_spam: NDArray[np.bool_]
    """The whole interval is nearer to the accuracy of guessing than to that of the others."""
    n_gold: NDArray[np.int64]
    """Sure answers about items of gold."""
    n_gold_right: NDArray[np.int64]
    copying_with: NDArray[np.str_]
    """The worker whom he seems to repeat in more than two fifths of their items; "": nobody. See docs/people.md."""

    @property
    def is_copying(self) -> NDArray[np.bool_]:
        """Whether somebody is named in ``copying_with``."""
        copying: NDArray[np.bool_] = self.copying_with != ""
        return copying

    @classmethod
    def from_rows(cls, rows: Iterable[tuple[Any, ...]]) -> WorkerTable:
        """From the rows of the compiled job."""
        columns = list(zip(*rows, strict=True)) or [()] * len(_KINDS)
        return cls(*(np.asarray(column, dtype=kind) for column, kind in zip(columns, _KINDS, strict=True)))

    def __repr__(self) -> str:
        spam, copying = int(self.is_spam.sum()), int(self.is_copying.sum())
        return f"WorkerTable({len(self)} workers, {spam} flagged as spam, {copying} as copying)"


@dataclass(frozen=True, eq=False)
class SpendingTable(ColumnTable):
    """What each worker was paid in each round: a row per round and worker; every column is a numpy array."""

    round: NDArray[np.int64]
    worker: NDArray[np.str_]
    """Name; "": all who gave none."""
    n_paid: NDArray[np.int64]
    """Paid answers: no skips, and nobody twice for an item."""
    cost: NDArray[np.float64]
    """In the price's currency."""

    @classmethod
    def from_columns(cls, columns: dict[str, Any]) -> SpendingTable:
        """From the columns of the compiled job."""
        return cls(
            np.asarray(columns["round"], dtype=np.int64),
            np.asarray(columns["worker"], dtype=np.str_),
            np.asarray(columns["n_paid"], dtype=np.int64),
            np.asarray(columns["cost"], dtype=np.float64),
        )

    def __repr__(self) -> str:
        return f"SpendingTable({len(self)} rows, {self.cost.sum():,.2f} in all)"
