"""A CreateLabelingJob request starts a job of gtlabel."""

from __future__ import annotations

import copy
import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gtlabel import _core
from gtlabel._core import (
    ArchiveError,
    ConfidenceThreshold,
    ErrorTarget,
    FormatError,
    InvalidArgument,
    InvalidType,
    Overlap,
)
from gtlabel.formats.job_limits import limit_warnings, pool_warnings
from gtlabel.formats.local_files import local_file
from gtlabel.formats.manifest import Manifest, read_manifest, write_manifest
from gtlabel.formats.manifest_label import ClassLabel, ManifestClass, ManifestLabel
from gtlabel.formats.started_request import check_request, remember_request

if TYPE_CHECKING:
    from gtlabel.labeling_job import LabelingJob
    from gtlabel.store_summary import StoreSummary

_LAMBDA = re.compile(r"(?:PRE|ACS)-(\w+)$")
_LARGEST = 2**31 - 1
_PARTS_OF_A_PRICE = ("Dollars", "Cents", "TenthFractionsOfACent")
_NO_CHANGES = ("name", "content", "warnings", "created")
"""Fields that every request has of its own."""
_PLACES = {
    "attribute": ("LabelAttributeName",),
    "manifest_path": ("InputConfig", "DataSource", "S3DataSource", "ManifestS3Uri"),
    "output_path": ("OutputConfig", "S3OutputPath"),
    "n_workers": ("HumanTaskConfig", "NumberOfHumanWorkersPerDataObject"),
    "batch_size": ("HumanTaskConfig", "MaxConcurrentTaskCount"),
    "task_seconds": ("HumanTaskConfig", "TaskTimeLimitInSeconds"),
    "price_per_answer": ("HumanTaskConfig", "PublicWorkforceTaskPrice", "AmountInUsd"),
    "max_human_items": ("StoppingConditions", "MaxHumanLabeledObjectCount"),
    "max_share": ("StoppingConditions", "MaxPercentageOfInputDatasetLabeled"),
}
"""Where a request says what a field does."""
_RESERVED = ("source", "source-ref")
_TYPES = {
    "ImageMultiClass": "groundtruth/image-classification",
    "TextMultiClass": "groundtruth/text-classification",
}


@dataclass
class JobRequest:
    """What a CreateLabelingJob request asks for, as far as it means something to a job in process.

    Classification with one class is started (``start``); verification and adjustment of such labels too, which Ground
    Truth itself offers for boxes and masks alone. Requests of other task types can be read and described.
    """

    name: str
    attribute: str
    """The label attribute name."""
    manifest_path: str
    """The input manifest, a local path."""
    output_path: str
    """Where ``write`` puts the folder of the job."""
    classes: list[str]
    """Of the label category file; empty if the request names none."""
    n_workers: int
    """People per item."""
    batch_size: int | None
    """``MaxConcurrentTaskCount``; None: gtlabel chooses."""
    warnings: list[str]
    """Limits of Ground Truth that the request breaks, and what it asks for that has no meaning here."""
    content: dict[str, Any]
    """The request as it was read."""
    task: str = ""
    """The task type, as the suffix of the Lambdas' names: ``"ImageMultiClass"``; "" for a custom one."""
    purpose: Literal["label", "verify", "adjust"] = "label"
    audited_attribute: str | None = None
    """The labels that are verified or adjusted."""
    is_automatic: bool = False
    """Whether automated data labelling is asked for."""
    price_per_answer: float | None = None
    """In US dollars."""
    max_human_items: int | None = None
    max_share: float | None = None
    """Of the lines that are labelled at most."""
    task_seconds: float = 3600.0
    """How long one person has for one item."""
    chosen_rows: NDArray[np.int64] | None = None
    """A subset of the lines; None: all."""
    created: datetime = field(default_factory=lambda: datetime.now(timezone.utc))

    def __post_init__(self) -> None:
        if not isinstance(self.name, str):
            raise InvalidType(f"name: {self.name!r} given, expected a text")
        # The name is a folder of the output.
        if self.name in ("", ".", "..") or any(sign in self.name for sign in "/\\\0"):
            raise InvalidArgument(f"LabelingJobName: {self.name!r} given, expected a name without '/'")

    # --- what is to be labelled --------------------------------------------------------------------------------------

    def manifest(self) -> Manifest:
        """The input manifest."""
        return read_manifest(self.manifest_path)

    def rows(self, manifest: Manifest | None = None) -> NDArray[np.int64]:
        """The lines that the job is about, in the order of the manifest.

        Without a label of this name (those that have one keep it); for a verification or adjustment those with the old
        label; of these the subset, and no more than ``MaxPercentageOfInputDatasetLabeled``.
        """
        source = manifest or self.manifest()
        rows = source.unlabeled(self.attribute)
        if self.chosen_rows is not None:
            rows = rows[np.isin(rows, self.chosen_rows)]
        if self.audited_attribute is not None:
            rows = rows[~np.isin(rows, source.unlabeled(self.audited_attribute))]
        if self.max_share is not None:
            rows = rows[: int(np.floor(self.max_share * len(source)))]
        return rows

    def failed_rows(self, manifest: Manifest | None = None) -> dict[int, str]:
        """Lines that cannot be labelled, and why: a verification needs a label to verify."""
        if self.audited_attribute is None:
            return {}
        source = manifest or self.manifest()
        reason = f"the line has no {self.audited_attribute!r} to {self.purpose}"
        return {int(row): reason for row in source.unlabeled(self.audited_attribute)}

    # --- the job -----------------------------------------------------------------------------------------------------

    def start(self, X: Any, classes: Sequence[str] | None = None, **options: Any) -> LabelingJob:
        """A ``gtlabel.LabelingJob`` with the fields of the request.

        Parameters
        ----------
        X
            Features, one row per entry of ``rows()``; or one per line of the manifest, of which these are taken.
        classes
            Default: those of the label category file, else those that labels of this name have already.
        options
            For LabelingJob; they go before what the request says. With ``store=request.store_path`` the folder is
            made, and ``gtlabel run`` on the same request goes on with the job. The target is Ground Truth's, 95 %
            right, but certified. A request without automated data labelling asks people about every item.
        """
        from gtlabel.budget import Budget
        from gtlabel.labeling_job import LabelingJob
        from gtlabel.labeling_plan import Price

        if isinstance(classes, str):
            raise InvalidType(f"classes: {classes!r} given, expected a list of names")
        source = self.manifest()
        self.check_startable(source)
        rows = self.rows(source)
        names = list(classes or self.classes or self.known_classes(source))
        if not names:
            raise InvalidArgument("classes: the request has no LabelCategoryConfigS3Uri, expected classes=")
        check_class_numbers(source, self.attribute, names)
        if X is not None:
            X = _rows_of(X, rows, len(source))
        self.warnings += [
            text for text in pool_warnings(len(rows), names, self.is_automatic) if text not in self.warnings
        ]
        given: dict[str, Any] = {
            "ids": [str(row) for row in rows.tolist()],
            "target": ErrorTarget(max_error=0.05) if self.is_automatic else ConfidenceThreshold(1.0),
            "overlap": Overlap(self.n_workers, self.n_workers),
            "lease_seconds": self.task_seconds,
        }
        if self.batch_size is not None:
            given["batch_size"] = min(self.batch_size, max(len(rows), 1))
        if self.price_per_answer is not None:
            given["price"] = Price(self.price_per_answer)
        if self.max_human_items is not None:
            given["budget"] = Budget(max_items=self.max_human_items)
        store = options.get("store")
        if store is not None and Path(os.fsdecode(store)).absolute() == self.store_path.absolute():
            check_request(self, names)
            if not self.store_path.exists():
                remember_request(self, names)
        return LabelingJob(X, names, **{**given, **options})

    def check_startable(self, manifest: Manifest | None = None) -> None:
        """Refuses what ``start`` would, whatever the features: other tasks than one class per item, and a name whose
        labels would replace another key of a line."""
        source = manifest or self.manifest()
        self._check_free_name(source, self.rows(source))
        self._check_one_class(source)

    def _check_free_name(self, source: Manifest, rows: NDArray[np.int64]) -> None:
        """Refuses an attribute under which lines to be labelled have something else than a label of Ground Truth."""
        if self.attribute in _RESERVED or self.attribute.endswith("-metadata"):
            raise InvalidArgument(
                f"LabelAttributeName: {self.attribute!r} given, expected none of {', '.join(_RESERVED)}, and nothing "
                "that ends in -metadata"
            )
        for key in (self.attribute, f"{self.attribute}-metadata", f"{self.attribute.removesuffix('-ref')}-metadata"):
            taken = rows[np.isin(rows, source.lines_with(key))]
            if len(taken):
                raise InvalidArgument(
                    f"LabelAttributeName: {self.manifest_path}, line {taken[0] + 1} has {key!r}, which is no label of "
                    "Ground Truth, expected another name"
                )

    def _check_one_class(self, source: Manifest) -> None:
        """Refuses what has no answer of one class: a verification has, whatever it verifies."""
        if self.purpose != "label" and self.audited_attribute is None:
            raise InvalidArgument(
                f"task: the labels to {self.purpose} are not named, expected auditLabelAttributeName in the file of "
                "LabelCategoryConfigS3Uri"
            )
        if self.audited_attribute is not None and self.audited_attribute not in source.attributes:
            raise InvalidArgument(
                f"{self.manifest_path}: no label {self.audited_attribute!r} to {self.purpose}, expected one of "
                f"{list(source.attributes)}"
            )
        if self.purpose == "verify":
            return
        if self.task and self.task not in _TYPES:
            raise InvalidArgument(f"task: {self.task} given, expected one of {', '.join(_TYPES)}: one class per item")
        if self.audited_attribute is not None:
            old = (label for label in source.typed_labels(self.audited_attribute) if label is not None)
            other = next((label for label in old if not isinstance(label.value, ClassLabel)), None)
            if other is not None:
                raise InvalidArgument(
                    f"{self.audited_attribute!r}: a {other.type} given, expected one class per item to adjust"
                )

    def describe(self, job: LabelingJob | StoreSummary | None = None) -> dict[str, Any]:
        """What DescribeLabelingJob says: the request, its status and its counters.

        ``job``: what ``start`` made, or what ``gtlabel.read_store`` says of its store (whose counters are those of the
        last batch); None: not started. Items that are "none of these" count as failed, as their lines have no label.
        """
        from gtlabel.labeling_job import LabelingJob
        from gtlabel.store_summary import StoreSummary

        if job is not None and not isinstance(job, LabelingJob | StoreSummary):
            raise InvalidType(f"job: {type(job).__name__} given, expected a LabelingJob, what read_store says, or None")
        source = self.manifest()
        state = job.report() if isinstance(job, LabelingJob) else job
        n_none = 0 if job is None else _n_none_of_these(job)
        human, machine = (0, 0) if state is None else (max(state.n_human - n_none, 0), state.n_auto)
        n_failed = len(self.failed_rows(source)) + n_none
        status = "Initializing" if state is None else "Completed" if state.is_finished else "InProgress"
        created, changed = self.created, datetime.now(timezone.utc)
        if isinstance(state, StoreSummary):
            created, changed = (datetime.fromtimestamp(at, timezone.utc) for at in (state.created, state.last_change))
        described: dict[str, Any] = {
            key: copy.deepcopy(self.content[key])
            for key in (
                "InputConfig",
                "OutputConfig",
                "RoleArn",
                "LabelCategoryConfigS3Uri",
                "StoppingConditions",
                "LabelingJobAlgorithmsConfig",
                "HumanTaskConfig",
                "Tags",
            )
            if key in self.content
        }
        return {
            "LabelingJobStatus": status,
            "LabelCounters": {
                "TotalLabeled": human + machine,
                "HumanLabeled": human,
                "MachineLabeled": machine,
                "FailedNonRetryableError": n_failed,
                "Unlabeled": len(self.rows(source)) - human - machine - n_none,
            },
            "CreationTime": created.isoformat(),
            "LastModifiedTime": changed.isoformat(),
            "JobReferenceCode": hashlib.sha256(f"{self.name} {created}".encode()).hexdigest()[:16],
            "LabelingJobName": self.name,
            "LabelingJobArn": self.arn,
            "LabelAttributeName": self.attribute,
            **described,
            "LabelingJobOutput": {"OutputDatasetS3Uri": str(self.output_manifest_path) if state else ""},
        }

    @property
    def arn(self) -> str:
        """Stands for the ARN in events and descriptions."""
        return f"arn:aws:sagemaker:local:000000000000:labeling-job/{self.name.lower()}"

    def output(self, job: LabelingJob) -> Manifest:
        """The output manifest: the input, and the labels that the job has decided.

        Labels that the file at ``output_manifest_path`` has already keep their date.
        """
        from gtlabel.answers import NONE_OF_THESE

        manifest = self.manifest()
        labels = job.labels()
        self._check_free_name(manifest, np.array([int(name) for name in labels.id], dtype=np.int64))
        is_text = manifest.is_text
        moment = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")
        earlier = self._earlier_output(len(manifest))
        for position in range(len(labels)):
            if labels.class_index[position] == NONE_OF_THESE.code:
                continue  # such lines stay without a label, as objects that failed do
            row = int(labels.id[position])
            chosen = ManifestClass(
                int(labels.class_index[position]),
                str(labels.label[position]),
                round(float(labels.confidence[position]), 6),
            )
            label = ManifestLabel(
                ClassLabel(chosen),
                type=self._label_type(bool(is_text[row])),
                job_name=f"labeling-job/{self.name}",
                human_annotated=labels.source[position] == "human",
                creation_date=moment,
            )
            if self.purpose == "adjust":
                assert self.audited_attribute is not None
                old = manifest[row].label(self.audited_attribute)
                before = old.value.chosen.class_name if old and isinstance(old.value, ClassLabel) else None
                label.adjustment_status = "unadjusted" if before == chosen.class_name else "adjusted"
            same = None if earlier is None else _same_but_for_date(earlier[row].label(self.attribute), label)
            manifest.set_label(row, self.attribute, same or label)
        return manifest

    def _earlier_output(self, n_lines: int) -> Manifest | None:
        """The output manifest as it is now; None: there is none that can be read, or one of another input."""
        try:
            earlier = read_manifest(self.output_manifest_path)
        except (ArchiveError, FormatError):
            return None
        return earlier if len(earlier) == n_lines and self.attribute in earlier.attributes else None

    def write(self, job: LabelingJob) -> Path:
        """Writes the output manifest to ``output_manifest_path``, atomically."""
        path, manifest = self.output_manifest_path, self.output(job)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_manifest(manifest, path)
        return path

    # --- the next request --------------------------------------------------------------------------------------------

    def clone(self, name: str, **changes: Any) -> JobRequest:
        """The same request under another name, on the same input manifest. ``changes``: fields of this class."""
        return self._renamed(name, **changes)

    def chain(self, name: str, attribute: str | None = None, **changes: Any) -> JobRequest:
        """A request on this one's output manifest: under the same attribute only lines without a label are labelled,
        under another one all."""
        path = str(self.output_manifest_path)
        changes = {"chosen_rows": None, **changes}  # what this one left out is what the next is for
        return self._renamed(name, manifest_path=path, attribute=attribute or self.attribute, **changes)

    def subset(
        self, rows: ArrayLike | None = None, *, share: float | None = None, seed: int = 0, name: str | None = None
    ) -> JobRequest:
        """A request on some of the lines: those named, by number or by a boolean per line, or a random share."""
        if (rows is None) == (share is None):
            raise InvalidArgument("subset: expected either rows or share, and not both")
        n_lines = len(self.manifest())
        if rows is None:
            if isinstance(share, bool) or not isinstance(share, int | float | np.integer | np.floating):
                raise InvalidType(f"share: {share!r} given, expected a number above 0 and at most 1")
            if not 0 < share <= 1:
                raise InvalidArgument(f"share: {share} given, expected above 0 and at most 1")
            n_chosen = max(1, round(share * n_lines))
            chosen = np.sort(np.random.default_rng(seed).choice(n_lines, n_chosen, replace=False))
        else:
            chosen = np.unique(_row_numbers(rows, n_lines))
            if len(chosen) and (chosen[0] < 0 or chosen[-1] >= n_lines):
                raise InvalidArgument(f"rows: {chosen[0]} to {chosen[-1]} given, expected 0 to {n_lines - 1}")
        return self._renamed(name or self.name, chosen_rows=chosen)

    def verification(self, name: str, attribute: str, verdicts: Sequence[str] = ("correct", "incorrect")) -> JobRequest:
        """A request that people judge this one's labels, which stay as they are."""
        return self._renamed(
            name,
            manifest_path=str(self.output_manifest_path),
            attribute=attribute,
            classes=list(verdicts),
            purpose="verify",
            audited_attribute=self.attribute,
        )

    def adjustment(self, name: str, attribute: str) -> JobRequest:
        """A request that people mend this one's labels; the old ones stay under their name."""
        return self._renamed(
            name,
            manifest_path=str(self.output_manifest_path),
            attribute=attribute,
            purpose="adjust",
            audited_attribute=self.attribute,
        )

    def _renamed(self, name: str, **changes: Any) -> JobRequest:
        known = [one.name for one in fields(self) if one.name not in _NO_CHANGES]
        unknown = next((key for key in changes if key not in known), None)
        if unknown is not None:
            raise InvalidType(f"{unknown}: is no field that can be changed, expected one of {', '.join(known)}")
        content = copy.deepcopy(self.content)
        content["LabelingJobName"] = name
        for key, value in changes.items():
            _write_field(content, key, value)
        request = replace(self, name=name, content=content, created=datetime.now(timezone.utc), **changes)
        request.warnings = limit_warnings(content)
        return request

    def _label_type(self, is_text: bool) -> str:
        if self.purpose == "verify":
            return "groundtruth/label-verification"
        return _TYPES.get(self.task, _TYPES["TextMultiClass" if is_text else "ImageMultiClass"])

    def known_classes(self, manifest: Manifest) -> list[str]:
        """Those of the labels that there are already: of this name or, for an adjustment, of the old ones."""
        name = self.audited_attribute if self.purpose == "adjust" else self.attribute
        numbers = class_numbers(manifest, name or "")
        return sorted(numbers, key=numbers.__getitem__)

    @property
    def output_manifest_path(self) -> Path:
        """``<output_path>/<name>/manifests/output/output.manifest``."""
        return Path(self.output_path) / self.name / "manifests" / "output" / "output.manifest"

    @property
    def store_path(self) -> Path:
        """Where ``gtlabel run`` keeps the job, in the job's folder: ``start(X, store=request.store_path)``."""
        return Path(self.output_path) / self.name / "job.gtlabel"


def is_job_request(path: str | os.PathLike[str]) -> bool:
    """Whether a ``.json`` file looks like a CreateLabelingJob request: one object with a job's name or input."""
    place = Path(path)
    if place.suffix.lower() != ".json" or not place.is_file():
        return False
    try:
        content = json.loads(_core.read_file(os.fsencode(place)))
    except (ValueError, RecursionError):
        return False
    return isinstance(content, dict) and any(key in content for key in ("LabelingJobName", "InputConfig"))


def class_numbers(manifest: Manifest, attribute: str) -> dict[str, int]:
    """Class name -> the number that the labels of an attribute have for it; {} without labels."""
    if attribute not in manifest.attributes:
        return {}
    labels = manifest.labels(attribute)
    pairs = zip(labels.label.tolist(), labels.class_index.tolist(), strict=True)
    return {name: index for name, index in pairs if index >= 0 and name}


def check_class_numbers(manifest: Manifest, attribute: str, classes: Sequence[str]) -> None:
    """Refuses classes by which one number would mean two of them in the file: a number is a place in the list."""
    for name, index in class_numbers(manifest, attribute).items():
        if not 0 <= index < len(classes) or classes[index] != name:
            raise InvalidArgument(
                f"classes: {list(classes)} given, but labels {attribute!r} in the manifest have {index} for {name!r}; "
                "expected the same classes in the same order"
            )


def read_job_request(
    path: str | os.PathLike[str], buckets: Mapping[str, str | os.PathLike[str]] | None = None
) -> JobRequest:
    """Reads the JSON of a CreateLabelingJob request.

    Parameters
    ----------
    path
        The request. Addresses in it may be local paths (from its folder), ``file:`` URIs or ``s3:`` URIs.
    buckets
        Bucket name -> local folder with the bucket's content, for ``s3:`` URIs.

    Raises
    ------
    FormatError
        No JSON object, or one without LabelingJobName, LabelAttributeName, manifest or output.
    ArchiveError
        A file that cannot be read.
    """
    place = Path(path)
    try:
        content = json.loads(_core.read_file(os.fsencode(place)))
    except ArchiveError:
        raise
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{place}: {error}") from None
    if not isinstance(content, dict):
        raise FormatError(f"{place}: expected a JSON object, the request of a labeling job")
    human = _section(content, "HumanTaskConfig", place)
    stopping = _section(content, "StoppingConditions", place)
    manifest = _text(content, place, "InputConfig", "DataSource", "S3DataSource", "ManifestS3Uri")
    task, purpose = _task(human, place)
    labels = content.get("LabelCategoryConfigS3Uri")
    categories = {} if labels is None else _categories(_local(str(labels), place, buckets), place)
    percentage = _whole(stopping, "MaxPercentageOfInputDatasetLabeled", place)
    audited = categories.get("auditLabelAttributeName")
    return JobRequest(
        name=_text(content, place, "LabelingJobName"),
        attribute=_text(content, place, "LabelAttributeName"),
        manifest_path=_local(manifest, place, buckets),
        output_path=_local(_text(content, place, "OutputConfig", "S3OutputPath"), place, buckets),
        classes=categories.get("classes", []),
        n_workers=_whole(human, "NumberOfHumanWorkersPerDataObject", place) or 1,
        batch_size=_whole(human, "MaxConcurrentTaskCount", place),
        warnings=limit_warnings(content),
        content=content,
        task=task,
        purpose="verify" if purpose == "Verification" else "adjust" if purpose == "Adjustment" else "label",
        audited_attribute=audited if isinstance(audited, str) else None,
        is_automatic="LabelingJobAlgorithmsConfig" in content,
        price_per_answer=_price(human, place),
        max_human_items=_whole(stopping, "MaxHumanLabeledObjectCount", place),
        max_share=percentage / 100 if percentage is not None and percentage < 100 else None,
        task_seconds=float(_whole(human, "TaskTimeLimitInSeconds", place) or 3600),
    )


def _same_but_for_date(old: ManifestLabel | None, new: ManifestLabel) -> ManifestLabel | None:
    """The old label, if the new one says the same at another time."""
    return old if old is not None and replace(old, creation_date=new.creation_date) == new else None


def _write_field(content: dict[str, Any], name: str, value: Any) -> None:
    """Makes a request say what a field of JobRequest does, if it has a place for it."""
    if name == "is_automatic" and not value:
        content.pop("LabelingJobAlgorithmsConfig", None)
    if name not in _PLACES:
        return
    if name == "max_share" and value is not None:
        value = round(100 * value)
    if name == "price_per_answer" and value is not None:
        tenths = round(1000 * value)
        parts = (tenths // 1000, tenths // 10 % 100, tenths % 10)
        value = dict(zip(_PARTS_OF_A_PRICE, parts, strict=True))
    *outer, key = _PLACES[name]
    section = content
    for one in outer:
        if not isinstance(section.get(one), dict):  # null, too, is no section
            section[one] = {}
        section = section[one]
    if value is None:
        section.pop(key, None)
    else:
        section[key] = value


def _n_none_of_these(job: LabelingJob | StoreSummary) -> int:
    """Items of which people say that no class fits."""
    from gtlabel.answers import NONE_OF_THESE
    from gtlabel.store_summary import StoreSummary, n_none_of_these

    if isinstance(job, StoreSummary):
        return n_none_of_these(job.path)
    return int(np.count_nonzero(job.labels().class_index == NONE_OF_THESE.code))


def _rows_of(X: Any, rows: NDArray[np.int64], n_lines: int) -> Any:
    """The rows of the lines to be labelled, of a pool that has these alone or one per line of the manifest."""
    pool = X if hasattr(X, "shape") else np.asarray(X)
    n_given = pool.shape[0] if pool.shape else 0
    if n_given == len(rows):
        return pool
    if n_given != n_lines:
        raise InvalidArgument(f"X: {n_given} rows given, expected {len(rows)}, one per line to be labelled")
    return pool.iloc[rows] if hasattr(pool, "iloc") else pool[rows]


def _row_numbers(rows: ArrayLike, n_lines: int) -> NDArray[np.int64]:
    given = np.asarray(rows)
    if given.size == 0 and given.ndim == 1:
        return np.zeros(0, dtype=np.int64)
    if given.ndim != 1 or given.dtype.kind not in "biu":
        raise InvalidType(
            f"rows: {given.dtype} in {given.ndim} dimensions given, expected a list of integers, or a boolean per line"
        )
    if given.dtype.kind != "b":
        return given.astype(np.int64)
    if len(given) != n_lines:
        raise InvalidArgument(f"rows: {len(given)} booleans given, expected {n_lines}, one per line")
    return np.flatnonzero(given)


def _section(content: Mapping[str, Any], key: str, place: Path) -> dict[str, Any]:
    """An object in a request; {} where there is none, but nothing else is taken for none."""
    found = content.get(key)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise FormatError(f"{place}: {key} is {repr(found)[:40]}, expected an object")
    return found


def _text(content: Mapping[str, Any], place: Path, *keys: str) -> str:
    found: Any = content
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    if not isinstance(found, str) or not found or not _is_unicode(found):
        raise FormatError(f"{place}: {'.'.join(keys)} is {found!r}, expected a text")
    return found


def _is_unicode(text: str) -> bool:
    """Not with half a character, which JSON can hold and nothing else."""
    return not any("\ud800" <= sign <= "\udfff" for sign in text)


def _whole(content: Mapping[str, Any], key: str, place: Path) -> int | None:
    found = content.get(key)
    if found is None:
        return None
    if isinstance(found, bool) or not isinstance(found, int) or not 1 <= found <= _LARGEST:
        raise FormatError(f"{place}: {key} is {repr(found)[:40]}, expected a whole number of 1 to {_LARGEST}")
    return found


def _task(human: Mapping[str, Any], place: Path) -> tuple[str, str]:
    """The task type and what is before it: Verification, Adjustment or nothing."""
    consolidation = _section(human, "AnnotationConsolidationConfig", place)
    for arn in (human.get("PreHumanTaskLambdaArn"), consolidation.get("AnnotationConsolidationLambdaArn")):
        if isinstance(arn, str) and (match := _LAMBDA.search(arn)):
            for purpose in ("Verification", "Adjustment"):
                if match[1].startswith(purpose):
                    return match[1][len(purpose) :], purpose
            return ("" if match[1] == "PassThrough" else match[1]), ""
    return "", ""


def _price(human: Mapping[str, Any], place: Path) -> float | None:
    """In US dollars; None: the request names none."""
    amount = _section(_section(human, "PublicWorkforceTaskPrice", place), "AmountInUsd", place)
    if not amount:
        return None
    parts = [amount.get(key, 0) for key in _PARTS_OF_A_PRICE]
    for key, part in zip(_PARTS_OF_A_PRICE, parts, strict=True):
        if isinstance(part, bool) or not isinstance(part, int) or not 0 <= part <= _LARGEST:
            raise FormatError(f"{place}: {key} is {repr(part)[:40]}, expected a whole number of 0 to {_LARGEST}")
    dollars: float = round(parts[0] + parts[1] / 100 + parts[2] / 1000, 3)
    return dollars


def _categories(path: str, request: Path) -> dict[str, Any]:
    try:
        content = json.loads(_core.read_file(os.fsencode(path)))
        names = [entry["label"] for entry in content["labels"]]
    except (ValueError, RecursionError, KeyError, TypeError) as error:
        raise FormatError(f"{request}: LabelCategoryConfigS3Uri: {path}: {error}") from None
    if not all(isinstance(name, str) and _is_unicode(name) for name in names):
        raise FormatError(f"{path}: labels that are no texts, expected {{'labels': [{{'label': '<name>'}}, ...]}}")
    return {"classes": names, "auditLabelAttributeName": content.get("auditLabelAttributeName")}


def _local(address: str, request: Path, buckets: Mapping[str, str | os.PathLike[str]] | None) -> str:
    """The local path that an address in a request stands for."""
    return str(
        local_file(
            address, request.parent, buckets or {}, str(request), "buckets={{{0!r}: FOLDER}} (--bucket {0}=FOLDER)"
        )
    )
