"""What a job is about: the rows of a table, the lines of a manifest without a label, or what a job request names."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

import gtlabel as gt
from gtlabel.cli.item_features import bucket_folders, id_column
from gtlabel.cli.tables import Table, read_table
from gtlabel.formats import JobRequest, Manifest, read_job_request, read_manifest
from gtlabel.formats.job_request import check_class_numbers, class_numbers, is_job_request

DEFAULT_ATTRIBUTE = "label"


@dataclass(frozen=True)
class JobInput:
    """The rows to be labelled, and where they come from."""

    table: Table
    attribute: str
    """Of the labels in a manifest."""
    request: JobRequest | None = None
    labelled: Manifest | None = None
    """The whole file, if some of its lines have a label of this name: those keep it."""

    def ids(self, arguments: argparse.Namespace) -> list[str] | None:
        """The names of the items, each one once; None: they have none."""
        if self.request is not None:  # Ground Truth's datasetObjectId
            return [str(place) for place in self.table.places]
        return _named_items(self.table, id_column(self.table, arguments))

    def known_classes(self) -> list[str]:
        """Those of the request or of the labels that there are, in the order of their numbers; [] if not known."""
        if self.request is not None:
            return self.request.classes or self.request.known_classes(self.request.manifest())
        numbers = {} if self.labelled is None else class_numbers(self.labelled, self.attribute)
        return sorted(numbers, key=numbers.__getitem__)

    def check_classes(self, classes: list[str]) -> None:
        """Refuses classes that do not fit the labels that there are."""
        if self.labelled is not None:
            check_class_numbers(self.labelled, self.attribute, classes)


def read_request(arguments: argparse.Namespace, refused: Sequence[str]) -> JobRequest | None:
    """The CreateLabelingJob request that INPUT is; None: it is none.

    ``refused``: options that say what a request says.
    """
    buckets = bucket_folders(arguments.bucket)  # of any input, so that no mistake in it is passed over
    if not is_job_request(arguments.input):
        return None
    for option in refused:
        if getattr(arguments, option) is not None:
            raise gt.InvalidArgument(f"--{option}: given beside a job request, which says it itself, expected neither")
    return read_job_request(arguments.input, buckets)


def read_job_input(arguments: argparse.Namespace, request: JobRequest | None, *, is_augmented: bool) -> JobInput:
    """The rows of INPUT that a job is about.

    ``is_augmented``: a manifest is written. Lines that have a label of its name keep it, as in a chained job of Ground
    Truth with the same label attribute name.
    """
    if request is not None:
        whole = read_table(request.manifest_path, is_lines=True)
        table = whole.subset(request.rows().tolist())
        request.check_startable()
        _check_some(table, request.attribute)
        return JobInput(table, request.attribute, request)
    table = read_table(arguments.input)
    attribute = arguments.attribute or DEFAULT_ATTRIBUTE
    is_asked = is_augmented or arguments.attribute is not None
    if not (table.is_lines and is_asked and attribute in table.columns):
        return JobInput(table, attribute)
    manifest = read_manifest(table.path)
    open_rows = manifest.unlabeled(attribute).tolist()
    _check_no_stranger(table, attribute, open_rows)
    if arguments.truth == attribute:
        raise gt.InvalidArgument(f"--attribute: {attribute!r} is the truth, expected another name for the labels")
    rest = table.subset(open_rows)
    _check_some(rest, attribute)
    return JobInput(rest, attribute, labelled=manifest)


def _check_some(table: Table, attribute: str) -> None:
    if not len(table):
        raise gt.InvalidArgument(
            f"{table.path}: nothing to label, every line that the job is about has {attribute!r}, expected another "
            "attribute or more lines"
        )


def _check_no_stranger(table: Table, attribute: str, rows: list[int]) -> None:
    """Refuses a key of the attribute's name that is no label of Ground Truth: writing would replace it."""
    for row in rows:
        found = next((name for name in (attribute, f"{attribute}-metadata") if name in table.rows[row]), None)
        if found is not None:
            raise gt.InvalidArgument(
                f"--attribute: {table.where(row)} has {found!r}, which is no label of Ground Truth, expected another "
                "name"
            )


def _named_items(table: Table, column: str | None) -> list[str] | None:
    if column is None:
        return None
    ids = table.column(column, "--id")
    seen: dict[str, int] = {}
    for row, value in enumerate(ids):
        if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
            raise gt.InvalidArgument(f"{table.where(row)}: the id is {value!r}, expected a name")
        first = seen.setdefault(str(value), row)
        if first != row:
            raise gt.InvalidArgument(
                f"{table.where(row)}: the id {value!r} again, first in line {table.line_numbers[first]}"
            )
    return list(seen)
