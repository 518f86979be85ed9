"""The input of a job as a Ground Truth manifest, with the job's labels."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

import gtlabel as gt
from gtlabel.cli.job_input import JobInput
from gtlabel.cli.tables import Table

# Ground Truth's LabelAttributeName; those that end in -ref are for files of masks.
_ATTRIBUTE = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,126}")
_RESERVED = ("source", "source-ref")


class AugmentedManifest:
    """Made before a job runs, so that an input that cannot be written as a manifest is refused before anybody is asked.

    ``renamed``: columns of a CSV that are ``source`` or ``source-ref`` in a manifest.
    """

    def __init__(self, source: JobInput, renamed: dict[str, str]) -> None:
        from gtlabel.formats import Manifest, read_manifest

        table = source.table
        _check_attribute(table, source.attribute, is_chained=source.labelled is not None)
        self._attribute = source.attribute
        self._places = np.array(table.places, dtype=np.int64)
        if source.labelled is not None:
            self._manifest = source.labelled
        elif table.is_lines:
            self._manifest = read_manifest(table.path)
        else:
            _check_renamed(table, renamed)
            rows = ({renamed.get(name, name): value for name, value in row.items()} for row in table.rows)
            self._manifest = Manifest(rows)
        if len(self._manifest) != table.n_in_file:
            raise gt.InvalidArgument(
                f"{table.path}: {len(self._manifest)} lines of a manifest, {table.n_in_file} of JSON Lines"
            )

    def write(self, job: gt.LabelingJob, path: Path) -> None:
        """The lines with their labels so far; "none of these" is no label there."""
        from gtlabel.formats import write_manifest

        labels = job.labels()
        is_class = labels.class_index >= 0
        self._manifest.set_class_labels(
            self._attribute,
            labels.label[is_class].tolist(),
            classes=job.classes,
            rows=self._places[labels.item[is_class]],
            confidence=np.round(labels.confidence[is_class].astype(float), 4),
            source=labels.source[is_class].tolist(),
        )
        write_manifest(self._manifest, path)


def _check_renamed(table: Table, renamed: dict[str, str]) -> None:
    for column, name in renamed.items():
        if name != column and name in table.columns:
            raise gt.InvalidArgument(
                f"-o: {table.path} has the columns {column!r} and {name!r}, and {column!r} would be {name!r} in a "
                f"manifest, expected another name for the present {name!r}"
            )


def _check_attribute(table: Table, attribute: str, *, is_chained: bool) -> None:
    is_good = _ATTRIBUTE.fullmatch(attribute) and not attribute.endswith(("-ref", "-metadata"))
    if not is_good or attribute in _RESERVED:
        raise gt.InvalidArgument(
            f"--attribute: {attribute!r} given, expected letters, digits and single dashes, not source, nothing "
            "that ends in -ref or -metadata"
        )
    for name in (attribute, f"{attribute}-metadata"):
        if name in table.columns and not is_chained:
            raise gt.InvalidArgument(f"--attribute: {table.path} has {name!r} already, expected another name")
