"""Pre- and post-annotation functions, called with the events that Ground Truth gives to Lambda functions."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gtlabel._core import FormatError, InvalidArgument
from gtlabel.formats.manifest import Manifest

_VERSION = "2018-10-16"
Handler = Callable[[dict[str, Any], Any], Any]
"""A Lambda handler: ``handler(event, context)``. The context is None here."""


@dataclass(frozen=True)
class PreparedTask:
    """What a pre-annotation function made of one line."""

    item: int
    task_input: Any
    """What the template shows, as ``task.input``."""
    needs_people: bool
    """``isHumanAnnotationRequired``."""


def prepare_tasks(manifest: Manifest, handler: Handler, job_arn: str = "") -> list[PreparedTask]:
    """Calls a pre-annotation function once per line.

    ``{version, labelingJobArn, dataObject}`` in, ``{taskInput, isHumanAnnotationRequired}`` out; AWS's samples write
    ``humanAnnotationRequired: "true"`` instead, which is read too.
    """
    tasks = []
    for item, row in enumerate(manifest):
        event = {"version": _VERSION, "labelingJobArn": job_arn, "dataObject": dict(row)}
        returned = handler(event, None)
        if not isinstance(returned, Mapping) or "taskInput" not in returned:
            raise FormatError(f"pre-annotation function: {returned!r} for line {item + 1}, expected taskInput")
        needed = returned.get("isHumanAnnotationRequired", returned.get("humanAnnotationRequired", True))
        is_needed = needed.lower() != "false" if isinstance(needed, str) else bool(needed)
        tasks.append(PreparedTask(item, returned["taskInput"], is_needed))
    return tasks


def consolidate_with(
    handler: Handler,
    request: Sequence[Mapping[str, Any]],
    attribute: str,
    *,
    categories: Sequence[str] = (),
    job_arn: str = "",
    role_arn: str = "",
) -> dict[int, dict[str, Any]]:
    """Calls a post-annotation function with a consolidation request.

    The event is the service's, ``{version, labelingJobArn, labelCategories, labelAttributeName, roleArn,
    payload: {s3Uri}}``; the payload is a file in a temporary folder, named by a ``file:`` URI. Handlers that read it
    through boto3 need a client that takes such URIs.

    Parameters
    ----------
    request
        As ``LabelingJobFolder.consolidation_request()`` makes it: an entry per item with its raw answers.
    attribute
        The label attribute name.

    Returns
    -------
    dict
        Item -> the members for its line, ``{<attribute>: ..., <attribute>-metadata: ...}``. Items that the function
        leaves out are not there.
    """
    with tempfile.TemporaryDirectory() as folder:
        payload = Path(folder) / "consolidation-request.json"
        payload.write_text(json.dumps(list(request), ensure_ascii=False), encoding="utf-8")
        event = {
            "version": _VERSION,
            "labelingJobArn": job_arn,
            "labelCategories": list(categories),
            "labelAttributeName": attribute,
            "roleArn": role_arn,
            "payload": {"s3Uri": payload.as_uri()},
        }
        returned = handler(event, None)
    if not isinstance(returned, list | tuple):
        raise FormatError(f"post-annotation function: {type(returned).__name__} returned, expected a list")
    labels: dict[int, dict[str, Any]] = {}
    for entry in returned:
        try:
            content = entry["consolidatedAnnotation"]["content"]
            if not isinstance(content, Mapping) or not all(isinstance(key, str) for key in content):
                raise TypeError
            labels[int(entry["datasetObjectId"])] = dict(content)
        except (KeyError, TypeError, ValueError, OverflowError):
            raise FormatError(
                f"post-annotation function: {entry!r}, expected datasetObjectId and consolidatedAnnotation.content"
            ) from None
    return labels


def apply_consolidation(
    manifest: Manifest, labels: Mapping[int, Mapping[str, Any]], attribute: str, job_name: str, created: str
) -> None:
    """Writes what a post-annotation function returned into the lines. A custom function gives the label alone; its
    metadata are added as Ground Truth adds them."""
    for item, members in labels.items():
        if not 0 <= item < len(manifest):
            raise InvalidArgument(f"datasetObjectId: {item} given, expected 0 to {len(manifest) - 1}")
        for key, value in members.items():
            manifest.set(item, key, value)
        if attribute in members and f"{attribute}-metadata" not in members:
            metadata = {
                "type": "groundTruth/custom",
                "job_name": job_name,
                "human-annotated": "yes",
                "creation_date": created,
            }
            manifest.set(item, f"{attribute}-metadata", metadata)
