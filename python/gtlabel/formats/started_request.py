"""What a request's job was started with, in a file beside its store: one name is one job."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gtlabel import _core
from gtlabel._core import FormatError, InvalidArgument
from gtlabel.formats.file_text import write_text
from gtlabel.store_summary import read_store

if TYPE_CHECKING:
    from gtlabel.formats.job_request import JobRequest

_NAME = "started.json"


def remember_request(request: JobRequest, classes: Sequence[str]) -> None:
    """To be called before the store is made: without one, what is remembered counts for nothing."""
    request.store_path.parent.mkdir(parents=True, exist_ok=True)
    content = {**_identity(request), "classes": list(classes), "settings": _settings(request)}
    write_text(_place(request), json.dumps(content, indent=1) + "\n")


def check_request(request: JobRequest, classes: Sequence[str] = ()) -> list[str]:
    """Refuses a request whose name is that of another job.

    ``classes``: those asked for; none: not told. Gives a warning for each setting that is not the job's, which keeps
    what it began with.
    """
    if not request.store_path.exists():
        if request.output_manifest_path.exists():
            raise InvalidArgument(
                f"LabelingJobName: {request.output_manifest_path} is there already, of another job, expected another "
                "name"
            )
        return []
    asked = list(classes or request.classes)
    place = _place(request)
    if not place.exists():  # made by hand, with this store
        _check("classes", asked, read_store(request.store_path).classes, request)
        return []
    known = _read(place)
    for name, value in _identity(request).items():
        _check(name, value, known.get(name), request, is_told=True)
    _check("classes", asked, known.get("classes"), request)
    before = known.get("settings")
    settings = before if isinstance(before, dict) else {}
    return [
        f"{name}: {value!r} given, but the job in {request.store_path} began with {settings[name]!r}, which it keeps"
        for name, value in _settings(request).items()
        if name in settings and settings[name] != value
    ]


def _check(name: str, given: Any, known: Any, request: JobRequest, *, is_told: bool = False) -> None:
    if (given or is_told) and given != known:
        raise InvalidArgument(
            f"{name}: {given!r} given, but the job in {request.store_path} has {known!r}, expected the same, or "
            "another LabelingJobName"
        )


def _identity(request: JobRequest) -> dict[str, Any]:
    """The addresses as they were given, because a bucket's folder may move."""
    found: Any = request.content
    for key in ("InputConfig", "DataSource", "S3DataSource", "ManifestS3Uri"):
        found = found.get(key) if isinstance(found, dict) else None
    return {
        "LabelAttributeName": request.attribute,
        "ManifestS3Uri": found or request.manifest_path,
        "purpose": request.purpose,
        "auditLabelAttributeName": request.audited_attribute,
    }


def _settings(request: JobRequest) -> dict[str, Any]:
    return {
        "NumberOfHumanWorkersPerDataObject": request.n_workers,
        "MaxConcurrentTaskCount": request.batch_size,
        "PublicWorkforceTaskPrice": request.price_per_answer,
        "MaxHumanLabeledObjectCount": request.max_human_items,
        "TaskTimeLimitInSeconds": request.task_seconds,
        "LabelingJobAlgorithmsConfig": request.is_automatic,
    }


def _place(request: JobRequest) -> Path:
    return request.store_path.parent / _NAME


def _read(place: Path) -> dict[str, Any]:
    try:
        content = json.loads(_core.read_file(os.fsencode(place)))
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{place}: {error}") from None
    if not isinstance(content, dict):
        raise FormatError(f"{place}: expected a JSON object, what the job was started with")
    return content
