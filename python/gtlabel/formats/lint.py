"""Faults of a manifest, each with its line, its column and how to mend it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from gtlabel import _core
from gtlabel._core import InvalidArgument

CONSUMERS = ("ground-truth", "rekognition")


@dataclass(frozen=True)
class Finding:
    """One fault. Lines and columns are counted from 1, columns in characters."""

    line: int
    column: int
    rule: str
    """Such as ``"bad-confidence"``; ``lint_rules()`` lists all."""
    severity: str
    """``"error"``: the consumer refuses the line; ``"warning"``: it is read, but hardly as meant."""
    message: str
    mend: str
    consumer: str
    """Whose rule it is: ``"ground-truth"`` or ``"rekognition"``."""
    consumer_error: str
    """The name under which Rekognition reports it, such as ``"ERROR_MISSING_CLASS_MAP_ID"``; "" without one."""


@dataclass(frozen=True)
class LintReport(Sequence[Finding]):
    """All faults of a manifest, by line and column."""

    path: str
    n_lines: int
    findings: tuple[Finding, ...]

    def __len__(self) -> int:
        return len(self.findings)

    def __getitem__(self, position: Any) -> Any:
        return self.findings[position]

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    @property
    def errors(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.severity == "error"]

    @property
    def warnings(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.severity == "warning"]

    @property
    def is_clean(self) -> bool:
        """No findings at all."""
        return not self.findings

    def to_text(self) -> str:
        """``path:line:column: severity: message [rule]``, with the mend on a line of its own; then a count."""
        lines = []
        for finding in self.findings:
            named = f", {finding.consumer_error}" if finding.consumer_error else ""
            lines.append(
                f"{self.path}:{finding.line}:{finding.column}: {finding.severity}: {finding.message} "
                f"[{finding.rule}{named}]"
            )
            lines.append(f"    mend: {finding.mend}")
        n_errors, n_warnings = len(self.errors), len(self.warnings)
        lines.append(f"{self.path}: {self.n_lines} lines, {n_errors} errors, {n_warnings} warnings")
        return "\n".join(lines) + "\n"

    def to_json(self) -> str:
        """An object with path, n_lines, n_errors, n_warnings and findings."""
        content = {
            "path": self.path,
            "n_lines": self.n_lines,
            "n_errors": len(self.errors),
            "n_warnings": len(self.warnings),
            "findings": [asdict(finding) for finding in self.findings],
        }
        return json.dumps(content, indent=2, ensure_ascii=False) + "\n"

    def to_github(self) -> str:
        """Workflow commands that GitHub shows beside the lines of the file."""
        return "".join(
            f"::{finding.severity} file={_property(self.path)},line={finding.line},col={finding.column},"
            f"title={_property(finding.rule)}::{_message(finding.message)}%0Amend: {_message(finding.mend)}\n"
            for finding in self.findings
        )

    def __repr__(self) -> str:
        return f"LintReport({self.path}: {self.n_lines} lines, {len(self.findings)} findings)"


def lint_manifest(path: str | os.PathLike[str], consumers: Sequence[str] = CONSUMERS) -> LintReport:
    """Every fault of a manifest; it never stops at the first.

    Parameters
    ----------
    path
        An input or augmented manifest, or a sequence file of video frames.
    consumers
        Whose rules count: ``"ground-truth"`` (always sensible) and ``"rekognition"`` (what Rekognition Custom Labels
        asks of image classes and boxes).

    Raises
    ------
    ArchiveError
        A file that cannot be read.
    """
    return lint_bytes(_core.read_file(os.fsencode(path)), os.fspath(path), consumers)


def lint_bytes(content: bytes, name: str = "manifest", consumers: Sequence[str] = CONSUMERS) -> LintReport:
    """``lint_manifest`` of what is in memory."""
    unknown = [consumer for consumer in consumers if consumer not in CONSUMERS]
    if isinstance(consumers, str) or unknown:
        raise InvalidArgument(f"consumers: {consumers!r} given, expected some of {list(CONSUMERS)}")
    n_lines, rows = _core._lint_manifest(content)
    findings = tuple(finding for finding in (Finding(*row) for row in rows) if finding.consumer in consumers)
    return LintReport(name, n_lines, findings)


def lint_rules() -> dict[str, str]:
    """Rule id -> what it asks."""
    return dict(_core._lint_rules())


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
