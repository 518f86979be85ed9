"""Files of other systems: SageMaker Ground Truth's manifests, jobs and requests."""

from gtlabel.formats.job_request import JobRequest, read_job_request
from gtlabel.formats.labeling_job_folder import (
    LabelingJobFolder,
    WorkerResponse,
    read_labeling_job,
    write_labeling_job,
)
from gtlabel.formats.lint import Finding, LintReport, lint_manifest, lint_rules
from gtlabel.formats.manifest import (
    Manifest,
    ManifestLabels,
    ManifestRow,
    read_manifest,
    stream_manifest,
    write_manifest,
)

__all__ = [
    "Finding",
    "JobRequest",
    "LabelingJobFolder",
    "LintReport",
    "Manifest",
    "ManifestLabels",
    "ManifestRow",
    "WorkerResponse",
    "lint_manifest",
    "lint_rules",
    "read_job_request",
    "read_labeling_job",
    "read_manifest",
    "stream_manifest",
    "write_labeling_job",
    "write_manifest",
]
