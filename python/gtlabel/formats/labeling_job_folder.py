"""What a Ground Truth labeling job leaves in its output folder."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gtlabel._core import FormatError, InvalidArgument
from gtlabel.column_table import ColumnTable
from gtlabel.formats.manifest import Manifest

# Places within the folder: as documented, and as AWS's published sample has them.
_MANIFESTS = ("manifests/output/output.manifest", "output.manifest")
_RESPONSE = re.compile(r"(?:annotations/)?worker-response/iteration-(\d+)/(\d+)/(?:.+/)?[^/]+\.json")
_REQUEST = re.compile(r"annotations/consolidated-annotation/consolidation-request/iteration-(\d+)/[^/]+\.json")
_REPLY = re.compile(r"annotations/consolidated-annotation/consolidation-response/iteration-(\d+)/[^/]+\.json")
_MOST_SECONDS = 2**53  # a whole number that a float has exactly


@dataclass(frozen=True)
class WorkerAnswer:
    """What one person said about one item."""

    worker: str
    content: Any
    """``answerContent``: widget name -> what the widget gives."""
    submitted: str = ""
    """``submissionTime``, as it stands."""
    accepted: str = ""
    """``acceptanceTime``, as it stands; "" in files of 2019."""
    seconds: float = float("nan")
    """``timeSpentInSeconds``; NaN in files of 2019."""
    metadata: Any = None
    """``workerMetadata``, which private teams have."""

    @property
    def label(self) -> str | None:
        """The class of a classifier's answer; None of another widget's."""
        given = widget_value(self.content)
        name = given.get("label") if isinstance(given, Mapping) else None
        return name if isinstance(name, str) else None

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> WorkerAnswer:
        """Of an entry of ``answers``."""
        seconds = given.get("timeSpentInSeconds")
        if not isinstance(seconds, float) and not (isinstance(seconds, int) and abs(seconds) <= _MOST_SECONDS):
            seconds = float("nan")
        return cls(
            worker=str(given.get("workerId", "")),
            content=given.get("answerContent"),
            submitted=str(given.get("submissionTime", "")),
            accepted=str(given.get("acceptanceTime", "")),
            seconds=float(seconds),
            metadata=given.get("workerMetadata"),
        )

    def to_json(self) -> dict[str, Any]:
        """As an entry of ``answers``, in the form that is written now; what is not known is left out."""
        entry: dict[str, Any] = {}
        if self.accepted:
            entry["acceptanceTime"] = self.accepted
        if self.submitted:
            entry["submissionTime"] = self.submitted
        if self.seconds == self.seconds:
            entry["timeSpentInSeconds"] = self.seconds
        entry["workerId"] = self.worker
        if self.metadata is not None:
            entry["workerMetadata"] = self.metadata
        entry["answerContent"] = self.content
        return entry


@dataclass(frozen=True)
class WorkerResponse:
    """One file of raw answers: what several people said about one item."""

    item: int
    """Line of the manifest, from 0."""
    iteration: int
    path: str
    """Within the folder of the job."""
    content: bytes
    """The file as it is."""

    @property
    def answers(self) -> list[WorkerAnswer]:
        """The answers, in the order of the file."""
        found = _json(self.content, self.path)
        entries = found.get("answers") if isinstance(found, dict) else None
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise FormatError(f'{self.path}: expected {{"answers": [...]}}')
        return [WorkerAnswer.from_json(entry) for entry in entries]

    @classmethod
    def from_answers(
        cls, item: int, iteration: int, answers: Iterable[WorkerAnswer], created: datetime | None = None
    ) -> WorkerResponse:
        """A file as Ground Truth would write it."""
        moment = created or datetime.now(timezone.utc)
        path = f"annotations/worker-response/iteration-{iteration}/{item}/{moment:%Y-%m-%d_%H:%M:%S}.json"
        content = {"answers": [answer.to_json() for answer in answers]}
        return cls(item, iteration, path, _bytes(content))


@dataclass(frozen=True)
class ConsolidationFile:
    """A consolidation request (what the post-Lambda gets) or its response (what it returned)."""

    iteration: int
    path: str
    content: bytes

    @property
    def entries(self) -> list[dict[str, Any]]:
        """One per item, with ``datasetObjectId``."""
        found = _json(self.content, self.path)
        if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
            raise FormatError(f"{self.path}: expected a list of objects")
        return found

    @property
    def items(self) -> list[int]:
        """The items, lines of the manifest from 0."""
        ids = [str(entry.get("datasetObjectId")) for entry in self.entries]
        unsound = [name for name in ids if not name.isdecimal()]
        if unsound:
            raise FormatError(f"{self.path}: datasetObjectId is {unsound[0]!r}, expected the number of a line")
        return [int(name) for name in ids]


@dataclass(frozen=True, eq=False)
class RawAnswers(ColumnTable):
    """Answers of people, one row each, by item, then in the order of the files."""

    item: NDArray[np.int64]
    worker: NDArray[Any]
    label: NDArray[Any]
    """Class name of a classifier's answer; None of another widget's."""
    content: NDArray[Any]
    """What the widget gave, as Python's json reads it."""
    seconds: NDArray[np.float64]
    submitted: NDArray[Any]
    iteration: NDArray[np.int64]


@dataclass
class LabelingJobFolder:
    """A job's folder in memory: output manifest, raw answers, consolidation requests and responses.

    Files that mean nothing here (models, masks, logs) are named in ``other_files`` and not read.
    """

    folder: Path | None = None
    """Where it was read from."""
    manifest: Manifest = field(default_factory=Manifest)
    manifest_path: str = _MANIFESTS[0]
    responses: list[WorkerResponse] = field(default_factory=list)
    requests: list[ConsolidationFile] = field(default_factory=list)
    replies: list[ConsolidationFile] = field(default_factory=list)
    other_files: list[str] = field(default_factory=list)

    @property
    def attribute(self) -> str:
        """The label attribute name of this job: that of the consolidation responses, else of the newest labels."""
        names = list(self.manifest.attributes)
        for reply in self.replies:
            for entry in reply.entries:
                consolidated = entry.get("consolidatedAnnotation")
                content = consolidated.get("content") if isinstance(consolidated, dict) else None
                decided = [name for name in names if isinstance(content, dict) and name in content]
                if decided:
                    return decided[0]
        if not names:
            raise InvalidArgument(f"{self.folder}: the manifest has no labels, expected the output of a labeling job")
        dates = [self.manifest.labels(name).creation_date.view(np.int64) for name in names]
        latest = [int(column.max(initial=np.iinfo(np.int64).min)) for column in dates]  # NaT is the least of all
        return names[latest.index(max(latest))]

    def answers(self) -> RawAnswers:
        """All raw answers as a table."""
        rows = [
            (response.item, response.iteration, answer)
            for response in sorted(self.responses, key=lambda response: (response.item, response.iteration))
            for answer in response.answers
        ]

        def objects(values: list[Any]) -> NDArray[Any]:
            array = np.empty(len(values), dtype=object)
            array[:] = values
            return array

        contents = np.empty(len(rows), dtype=object)
        for row, (_, _, answer) in enumerate(rows):
            contents[row] = widget_value(answer.content)
        return RawAnswers(
            item=np.array([item for item, _, _ in rows], dtype=np.int64),
            worker=objects([answer.worker for _, _, answer in rows]),
            label=objects([answer.label for _, _, answer in rows]),
            content=contents,
            seconds=np.array([answer.seconds for _, _, answer in rows], dtype=np.float64),
            submitted=objects([answer.submitted for _, _, answer in rows]),
            iteration=np.array([iteration for _, iteration, _ in rows], dtype=np.int64),
        )

    def consolidation_batches(self) -> dict[int, int]:
        """Item -> the consolidation call that decided it, counted in order of time.

        From the consolidation requests; where there are none, from the creation dates: labels of one call were made
        within a second of one another.
        """
        if self.requests:
            ordered = sorted(self.requests, key=lambda request: (request.iteration, request.path))
            return {item: call for call, request in enumerate(ordered) for item in request.items}
        dates = self.manifest.labels(self.attribute).creation_date
        items = np.flatnonzero(~np.isnat(dates))
        order = items[np.argsort(dates[items], kind="stable")]
        if not len(order):
            return {}
        starts = np.diff(dates[order], prepend=dates[order][:1]) > np.timedelta64(1, "s")
        return dict(zip(order.tolist(), np.cumsum(starts).tolist(), strict=True))

    def consolidation_request(self, items: Iterable[int] | None = None) -> list[dict[str, Any]]:
        """What a post-annotation Lambda gets: an entry per item with its raw answers. Default: all that have some."""
        wanted = None if items is None else set(items)
        gathered: dict[int, list[dict[str, Any]]] = {}
        for response in sorted(self.responses, key=lambda response: (response.item, response.iteration)):
            if wanted is not None and response.item not in wanted:
                continue
            entries = gathered.setdefault(response.item, [])
            for answer in response.answers:
                content = json.dumps(answer.content, ensure_ascii=False, separators=(",", ":"))
                entries.append({"workerId": answer.worker, "annotationData": {"content": content}})
        is_text = self.manifest.is_text
        sources = self.manifest.sources
        return [
            {
                "datasetObjectId": str(item),
                "dataObject": {"content" if is_text[item] else "s3Uri": sources[item]},
                "annotations": annotations,
            }
            for item, annotations in gathered.items()
        ]

    def __repr__(self) -> str:
        return (
            f"LabelingJobFolder({len(self.manifest)} items, {len(self.responses)} worker responses, "
            f"{len(self.requests)} consolidation requests, {len(self.replies)} consolidation responses)"
        )


def read_labeling_job(folder: str | os.PathLike[str]) -> LabelingJobFolder:
    """Reads ``<S3OutputPath>/<job name>`` as Ground Truth writes it.

    Raises
    ------
    FormatError
        No output manifest in the folder, or one that is none; damaged worker responses are found when they are asked
        for their answers.
    """
    root = Path(folder)
    if not root.is_dir():
        raise InvalidArgument(f"folder: {os.fspath(folder)!r} is no folder, expected the output of a labeling job")
    job = LabelingJobFolder(folder=root)
    paths = sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
    places = [place for place in _MANIFESTS if place in paths]
    if not places:
        raise FormatError(f"{root}: no {_MANIFESTS[0]}, expected the output folder of a labeling job")
    job.manifest_path = places[0]
    job.manifest = Manifest.from_bytes((root / places[0]).read_bytes(), str(root / places[0]))
    for path in paths:
        if path == job.manifest_path:
            continue
        if match := _RESPONSE.fullmatch(path):
            content = (root / path).read_bytes()
            job.responses.append(WorkerResponse(int(match[2]), int(match[1]), path, content))
        elif match := _REQUEST.fullmatch(path):
            job.requests.append(ConsolidationFile(int(match[1]), path, (root / path).read_bytes()))
        elif match := _REPLY.fullmatch(path):
            job.replies.append(ConsolidationFile(int(match[1]), path, (root / path).read_bytes()))
        else:
            job.other_files.append(path)
    return job


def write_labeling_job(job: LabelingJobFolder, folder: str | os.PathLike[str]) -> None:
    """Writes the tree; files that were not changed, to the byte as they were. ``other_files`` are copied."""
    root = Path(folder)
    _write(root, job.manifest_path, job.manifest.to_bytes())
    files = [(file.path, file.content) for file in job.responses]
    files += [(file.path, file.content) for file in (*job.requests, *job.replies)]
    for path, content in files:
        _write(root, path, content)
    if job.folder is not None and job.folder.resolve() != root.resolve():
        for path in job.other_files:
            _write(root, path, (job.folder / path).read_bytes())


def widget_value(content: Any) -> Any:
    """What the only widget of an answer gave; an answer of several widgets, or of none, as it is."""
    if isinstance(content, Mapping) and len(content) == 1:
        (value,) = content.values()
        if isinstance(value, Mapping):
            return value
    return content


def _write(root: Path, path: str, content: bytes) -> None:
    parts = PurePosixPath(path).parts
    if not parts or ".." in parts or PurePosixPath(path).is_absolute():
        raise InvalidArgument(f"path: {path!r} given, expected one within the folder")
    place = root.joinpath(*parts)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)


def _json(content: bytes, path: str) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{path}: {error}") from None


def _bytes(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
