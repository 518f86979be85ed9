"""What a Ground Truth labeling job leaves in its output folder."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gtlabel.formats.manifest import Manifest


@dataclass(frozen=True)
class WorkerResponse:
    """One file of raw answers: what several people said about one item."""

    item: int
    iteration: int
    path: str
    """Within the folder of the job."""
    content: bytes


@dataclass
class LabelingJobFolder:
    """A job's folder in memory: output manifest, raw answers, consolidation requests and responses."""

    folder: Path
    manifest: Manifest | None
    responses: list[WorkerResponse] = field(default_factory=list)

    def answers(self) -> dict[str, Any]:
        """Raw answers as columns ``item``, ``worker``, ``answer``, ``seconds``, ``iteration``, ``submitted``."""
        raise NotImplementedError


def read_labeling_job(folder: str | os.PathLike[str]) -> LabelingJobFolder:
    """Reads ``<S3OutputPath>/<job name>`` as Ground Truth writes it."""
    raise NotImplementedError


def write_labeling_job(job: LabelingJobFolder, folder: str | os.PathLike[str]) -> None:
    """Writes the tree; files that were not changed, to the byte as they were."""
    raise NotImplementedError
