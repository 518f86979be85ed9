"""A report as a JSON document."""

from __future__ import annotations

from typing import Any

import gtlabel as gt
from gtlabel.cli.output import plain

_OF_ALL = (
    "max_error",
    "failure_probability",
    "of",
    "delivered",
    "audited",
    "errors_found",
    "wrong_at_most",
    "bound",
    "statement",
)
_OF_THE_TRUTH = (
    "n_gold",
    "n_gold_wrong",
    "people_wrong_at_most",
    "wrong_at_most",
    "bound",
    "failure_probability",
)
_OF_A_CLASS = ("class_index", "delivered", "audited", "errors_found", "wrong_at_most", "bound")


def report_document(report: gt.Report) -> dict[str, Any]:
    """The report's fields by their names; the certificate as an object or null."""
    fields = {name: getattr(report, name) for name in report.__dataclass_fields__ if name != "certificate"}
    document: dict[str, Any] = plain({**fields, "certificate": _certificate(report.certificate)})
    return document


def _certificate(certificate: gt.Certificate | None) -> dict[str, Any] | None:
    if certificate is None:
        return None
    by_class = [_fields(entry, _OF_A_CLASS) for entry in certificate.by_class]
    truth = None if certificate.truth is None else _fields(certificate.truth, _OF_THE_TRUTH)
    return {**_fields(certificate, _OF_ALL), "by_class": by_class, "truth": truth}


def _fields(of: Any, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(of, name) for name in names}
