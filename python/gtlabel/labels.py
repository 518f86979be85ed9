"""The decided labels of a job as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gtlabel.answers import SPECIAL_NAMES
from gtlabel.column_table import ColumnTable


@dataclass(frozen=True, eq=False)
class Labels(ColumnTable):
    """One row per decided item, by ascending item; every column is a numpy array.

    ``labels["label"]`` and ``labels.label`` are the same. Frames: ``to_pandas()``, ``to_arrow()``, or any library that
    takes Arrow's PyCapsule protocol (``polars.DataFrame(labels)``).
    """

    item: NDArray[np.int64]
    """Index of the item in the pool."""
    id: NDArray[Any]
    """The item's id (str); its index if the job has no ids."""
    label: NDArray[np.str_]
    """Name of the class; "none of these" where people said so."""
    class_index: NDArray[np.int32]
    """Of the class; ``gtlabel.NONE_OF_THESE.code`` where people said so."""
    source: NDArray[np.str_]
    """``"human"`` or ``"auto"``."""
    confidence: NDArray[np.float32]
    """By people 1, or with an overlap the probability by their answers; for automatic labels the calibrated probability
    of being right, when they were committed."""
    round: NDArray[np.int32]
    """The round in which the label was decided."""

    @classmethod
    def from_columns(cls, columns: Mapping[str, Any], classes: Sequence[str], ids: NDArray[np.str_] | None) -> Labels:
        """Adds names and ids to the columns of the compiled job."""
        item = columns["item"]
        return cls(
            item=item,
            id=item if ids is None else ids[item],
            label=np.asarray([*classes, *SPECIAL_NAMES], dtype=np.str_)[columns["class_index"]],
            class_index=columns["class_index"],
            source=np.asarray(["human", "auto"])[columns["source"]],
            confidence=columns["confidence"],
            round=columns["round"],
        )

    def __repr__(self) -> str:
        n_auto = int(np.count_nonzero(self.source == "auto"))
        return f"Labels({len(self)} rows: {len(self) - n_auto} human, {n_auto} auto)"
