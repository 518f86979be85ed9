"""A report as a JSON document."""

from __future__ import annotations

from typing import Any

import gtlabel as gt
from gtlabel.cli.output import plain

_CERTIFICATE = ("max_error", "failure_probability", "delivered", "audited", "errors_found", "bound", "statement")


def report_document(report: gt.Report) -> dict[str, Any]:
    """The report's fields by their names; the certificate as an object or null."""
    fields = {name: getattr(report, name) for name in report.__dataclass_fields__ if name != "certificate"}
    certificate = report.certificate
    stated = None if certificate is None else {name: getattr(certificate, name) for name in _CERTIFICATE}
    document: dict[str, Any] = plain({**fields, "certificate": stated})
    return document
