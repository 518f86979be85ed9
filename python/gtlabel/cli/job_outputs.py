"""What a job leaves behind: labels, a manifest, a report, each in the file that the user named."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import gtlabel as gt
from gtlabel.cli.tables import Table
from gtlabel.html_report import html_report
from gtlabel.raw_items.optional_package import optional_package

_LABELS = (".csv", ".jsonl", ".parquet")
_MANIFEST = ".manifest"
_REPORT = (".html", ".htm")


def check_outputs(paths: Sequence[str], inputs: Sequence[str | None]) -> None:
    """Refuses, before anybody is asked, files that could not be written at the end, or that would replace an input."""
    for path in map(Path, paths):
        if path.suffix.lower() not in (*_LABELS, _MANIFEST, *_REPORT):
            raise gt.InvalidArgument(
                f"-o: {path} given, expected a name that ends in {', '.join((*_LABELS, _MANIFEST, _REPORT[0]))}"
            )
        if path.suffix.lower() == ".parquet":
            optional_package("pyarrow", "arrow", "writing Parquet")
        if path.is_dir() or not path.absolute().parent.is_dir():
            raise gt.InvalidArgument(f"-o: {path} given, expected a file in a folder that is there")
        if not os.access(path if path.exists() else path.absolute().parent, os.W_OK):
            raise gt.InvalidArgument(f"-o: {path} cannot be written")
        if any(given is not None and path.resolve() == Path(given).resolve() for given in inputs):
            raise gt.InvalidArgument(f"-o: {path} is an input too, expected another file")


def write_outputs(paths: Sequence[str], job: gt.LabelingJob, table: Table, attribute: str) -> None:
    """Writes each file as its name asks."""
    for path in map(Path, paths):
        suffix = path.suffix.lower()
        if suffix in _REPORT:
            page = html_report(job.report(), title=table.path.name, labels=job.labels(), workers=job.workers())
            path.write_text(page, encoding="utf-8")
        elif suffix == _MANIFEST:
            write_augmented_manifest(path, job, table, attribute)
        else:
            from gtlabel.formats import write_labels

            write_labels(job.labels(), path)


def write_augmented_manifest(path: Path, job: gt.LabelingJob, table: Table, attribute: str) -> None:
    """The lines of the input with the labels under ``attribute``; "none of these" is no label there."""
    from gtlabel.formats import Manifest, read_manifest, write_manifest

    manifest = read_manifest(table.path) if table.is_lines else Manifest(_as_lines(table))
    labels = job.labels()
    is_class = labels.class_index >= 0
    manifest.set_class_labels(
        attribute,
        labels.label[is_class].tolist(),
        classes=job.classes,
        rows=labels.item[is_class],
        confidence=np.round(labels.confidence[is_class].astype(float), 4),
        source=labels.source[is_class].tolist(),
    )
    write_manifest(manifest, path)


def _as_lines(table: Table) -> list[dict[str, object]]:
    """Rows of a CSV as lines of a manifest: a text or image column becomes ``source`` or ``source-ref``."""
    names: dict[str, str] = {}
    for own, usual in (("source", ("source", "text")), ("source-ref", ("source-ref", "image"))):
        column = table.first_of(usual)
        if column is not None and not names:
            names[column] = own
    return [{names.get(name, name): value for name, value in row.items()} for row in table.rows]
