"""What a job leaves behind: labels, a manifest, a report, each in the file that the user named."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import gtlabel as gt
from gtlabel.cli.augmented_manifest import AugmentedManifest
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


def wants_manifest(paths: Sequence[str]) -> bool:
    return any(Path(path).suffix.lower() == _MANIFEST for path in paths)


def write_outputs(paths: Sequence[str], job: gt.LabelingJob, title: str, manifest: AugmentedManifest | None) -> None:
    """Writes each file as its name asks; ``manifest`` is there if ``wants_manifest``."""
    for path in map(Path, paths):
        suffix = path.suffix.lower()
        if suffix in _REPORT:
            page = html_report(job.report(), title=title, labels=job.labels(), workers=job.workers())
            path.write_text(page, encoding="utf-8")
        elif manifest is not None and suffix == _MANIFEST:
            manifest.write(job, path)
        else:
            from gtlabel.formats import write_labels

            write_labels(job.labels(), path)
