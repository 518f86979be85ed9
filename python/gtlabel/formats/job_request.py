"""A CreateLabelingJob request starts a job of gtlabel."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gtlabel.formats.manifest import Manifest


@dataclass
class JobRequest:
    """The fields of a CreateLabelingJob request that mean something to a job in process."""

    name: str
    attribute: str
    manifest_path: str
    output_path: str
    classes: list[str]
    n_workers: int
    batch_size: int
    warnings: list[str]
    content: dict[str, Any]
    """The request as it was read."""

    def manifest(self) -> Manifest:
        """The input manifest."""
        raise NotImplementedError

    def start(self, X: Any, **options: Any) -> Any:
        """A ``gtlabel.LabelingJob`` over the lines that have no label of this name; ``X``: one row of features per such
        line. ``options`` go to LabelingJob."""
        raise NotImplementedError

    def describe(self, job: Any = None) -> dict[str, Any]:
        """What DescribeLabelingJob would say: fields, status and counters."""
        raise NotImplementedError


def read_job_request(path: str | os.PathLike[str], buckets: Mapping[str, str] | None = None) -> JobRequest:
    """Reads a CreateLabelingJob JSON. Local paths and ``file:`` URIs may stand for ``s3:``; ``buckets`` maps names of
    buckets to local folders."""
    raise NotImplementedError
