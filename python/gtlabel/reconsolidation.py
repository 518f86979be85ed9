"""The raw answers of a finished Ground Truth job through today's consolidation."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gtlabel.column_table import ColumnTable
from gtlabel.formats.labeling_job_folder import LabelingJobFolder
from gtlabel.formats.manifest import Manifest


@dataclass(frozen=True, eq=False)
class Reconsolidation(ColumnTable):
    """One row per item that people answered: what the job delivered, and what its answers say now."""

    item: NDArray[np.int64]
    """Line of the manifest, from 0."""
    source: NDArray[Any]
    n_answers: NDArray[np.int32]
    old_label: NDArray[Any]
    old_confidence: NDArray[np.float64]
    new_label: NDArray[Any]
    new_confidence: NDArray[np.float64]
    changed: NDArray[np.bool_]
    """Whether the label is another one."""

    def summary(self) -> str:
        """Some lines for a person: how many labels change, and from what to what."""
        raise NotImplementedError

    def manifest(self) -> Manifest:
        """The output manifest with the new labels and confidences."""
        raise NotImplementedError


def reconsolidate(
    folder: str | os.PathLike[str] | LabelingJobFolder, method: str = "consolidate", *, attribute: str | None = None
) -> Reconsolidation:
    """Consolidates a job's raw answers again.

    ``method``: ``"consolidate"`` (gtlabel's), ``"ground_truth_compat"`` (repeats the service, to the digit) or
    ``"majority_vote"``, ``"dawid_skene"`` and the other functions of that kind.
    """
    raise NotImplementedError
