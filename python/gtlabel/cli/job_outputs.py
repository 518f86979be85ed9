"""What a job leaves behind: labels, a manifest, a report, each in the file that the user named."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import gtlabel as gt
from gtlabel.cli.augmented_manifest import AugmentedManifest
from gtlabel.formats.file_text import write_text
from gtlabel.html_report import html_report
from gtlabel.raw_items.optional_package import optional_package

_LABELS = (".csv", ".jsonl", ".parquet")
_MANIFEST = ".manifest"
_REPORT = (".html", ".htm")


def check_kinds(paths: Sequence[str]) -> None:
    """Refuses, before anybody is asked, names that do not say what to write, and kinds that need a missing package."""
    for path in map(Path, paths):
        if path.suffix.lower() not in (*_LABELS, _MANIFEST, *_REPORT):
            raise gt.InvalidArgument(
                f"-o: {path} given, expected a name that ends in {', '.join((*_LABELS, _MANIFEST, _REPORT[0]))}"
            )
        if path.suffix.lower() == ".parquet":
            optional_package("pyarrow", "arrow", "writing Parquet")


def wants_manifest(paths: Sequence[str]) -> bool:
    return any(Path(path).suffix.lower() == _MANIFEST for path in paths)


def write_outputs(paths: Sequence[str], job: gt.LabelingJob, title: str, manifest: AugmentedManifest | None) -> None:
    """Writes each file as its name asks; ``manifest`` is there if ``wants_manifest``."""
    for path in map(Path, paths):
        suffix = path.suffix.lower()
        if suffix in _REPORT:
            page = html_report(job.report(), title=title, labels=job.labels(), workers=job.workers())
            write_text(path, page)
        elif manifest is not None and suffix == _MANIFEST:
            manifest.write(job, path)
        else:
            from gtlabel.formats import write_labels

            write_labels(job.labels(), path)
