"""How an item came by its label."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gtlabel.column_table import ColumnTable


@dataclass(frozen=True, eq=False)
class ItemHistory(ColumnTable):
    """All that happened to one item of a stored job, in its order; every column is a numpy array."""

    event: NDArray[np.int64]
    """Number in the store; what happened together has one number."""
    at: NDArray[np.float64]
    """Seconds since 1970."""
    kind: NDArray[np.str_]
    """"joined", "asked", "leased", "answer", "label" (of people), "commit" (an automatic label), "audit" (it was drawn
    for a check), "withdrawal", "certificate" (that speaks of its automatic label now)."""
    detail: NDArray[np.str_]
    """Of "asked" the purpose ("gold": asked unseen among the others); of "answer" and "label" what was said beside a
    class, or "gold" where the host said it; of "commit" the kind of the model;
    of "certificate" its statement."""
    worker: NDArray[np.str_]
    label: NDArray[np.str_]
    """The class's name, or ""."""
    confidence: NDArray[np.float64]
    """Of a label or commit; of an answer the worker's own certainty."""
    round: NDArray[np.int64]
    """How often the model had been updated."""

    @classmethod
    def from_rows(cls, rows: Iterable[tuple[Any, ...]], classes: list[str]) -> ItemHistory:
        """From the rows of the compiled job."""
        columns: list[list[Any]] = [list(column) for column in zip(*rows, strict=True)] or [[]] * 8
        event, at, kind, detail, worker, class_index, confidence, round_ = columns
        labels = [classes[index] if index >= 0 else "" for index in class_index]
        return cls(
            np.asarray(event, dtype=np.int64),
            np.asarray(at, dtype=np.float64),
            np.asarray(kind, dtype=np.str_),
            np.asarray(detail, dtype=np.str_),
            np.asarray(worker, dtype=np.str_),
            np.asarray(labels, dtype=np.str_),
            np.asarray(confidence, dtype=np.float64),
            np.asarray(round_, dtype=np.int64),
        )

    def __str__(self) -> str:
        return "\n".join(self._sentence(row) for row in range(len(self)))

    def __repr__(self) -> str:
        return f"ItemHistory({len(self)} events)"

    def _sentence(self, row: int) -> str:
        when = datetime.fromtimestamp(float(self.at[row]), timezone.utc)
        said = str(self.label[row]) or str(self.detail[row])
        is_gold = str(self.detail[row]) == "gold"
        sure = f"({self.confidence[row]:.3f}, round {self.round[row]})"
        sentences = {
            "joined": "joined the pool",
            "asked": f"people were asked: {self.detail[row]}, round {self.round[row]}",
            "leased": f"given to {self.worker[row]}",
            "answer": f"{self.worker[row] or 'somebody'} said {said}",
            "label": f"gold: the host says {said}" if is_gold else f"label of people: {said} {sure}",
            "commit": f"automatic label of the model {self.detail[row]}: {said} {sure}",
            "audit": f"the automatic label {said} was drawn for a check",
            "withdrawal": "the automatic label was withdrawn",
            "certificate": f"certified: {self.detail[row]}",
        }
        return f"{when:%Y-%m-%d %H:%M:%S} UTC  {sentences[str(self.kind[row])]}"
