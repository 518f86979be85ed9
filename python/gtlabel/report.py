"""What a job did and what it cost: numbers, words, a page for notebooks, and a plot."""

from __future__ import annotations

import dataclasses
import html
from dataclasses import dataclass
from typing import Any

from gtlabel._core import Certificate


@dataclass(frozen=True)
class Round:
    """Where a job stood after one update of its model. Shares are of the pool, errors of the automatic labels."""

    round: int
    n_human: int
    n_auto: int
    n_audited: int
    errors_found: int
    coverage: float
    human_share: float
    expected_human_share: float
    estimated_error: float
    bounded_error: float
    accuracy: float
    seconds: float


@dataclass(frozen=True)
class Report:
    """What a job did and what it cost, so far or at its end.

    ``n_human`` counts every item that a person was asked about, audits included; ``savings = 1 - n_human / n_items``.
    """

    n_items: int
    n_human: int
    n_auto: int
    n_audited: int
    n_answers: int
    savings: float
    rounds: int
    is_finished: bool
    model: str
    target: str
    outcome: str
    seconds: float
    certificate: Certificate | None
    history: tuple[Round, ...]

    @classmethod
    def from_fields(cls, fields: dict[str, Any]) -> Report:
        """From the fields of the compiled job."""
        history = tuple(Round(**record) for record in fields.pop("history"))
        return cls(**fields, history=history)

    def history_to_pandas(self) -> Any:
        """The history as a pandas DataFrame, one row a round. Needs pandas."""
        import pandas as pd

        columns = [field.name for field in dataclasses.fields(Round)]
        return pd.DataFrame([dataclasses.asdict(record) for record in self.history], columns=columns)

    def _facts(self) -> list[tuple[str, str]]:
        state = "finished" if self.is_finished else "running"
        return [
            ("target", self.target),
            ("state", f"{state}, {self.rounds} rounds, {self.seconds:.2f} s of computing, model {self.model}"),
            ("items", f"{self.n_items:,}"),
            ("asked of people", f"{self.n_human:,} ({self.n_human / self.n_items:.1%}), {self.n_audited:,} of them audits"),
            ("labelled automatically", f"{self.n_auto:,} ({self.n_auto / self.n_items:.1%})"),
            ("certificate", self.certificate.statement if self.certificate else "none"),
            ("outcome", self.outcome or "still running"),
        ]

    def __str__(self) -> str:
        return "\n".join(f"{name}: {value}" for name, value in self._facts())

    def _repr_html_(self) -> str:
        cells = "".join(
            f'<tr><th style="text-align:left;vertical-align:top">{html.escape(name)}</th>'
            f'<td style="text-align:left;max-width:48em">{html.escape(value)}</td></tr>'
            for name, value in self._facts()
        )
        return f"<table><caption><b>gtlabel labeling job</b></caption>{cells}</table>"

    def plot(self, ax: Any = None) -> Any:
        """Draws coverage and human share (left axis), estimated and bounded error (right axis) by round.

        Returns the axes of the left scale. Needs matplotlib.
        """
        import matplotlib.pyplot as plt

        if ax is None:
            _, ax = plt.subplots(figsize=(8, 4.5), layout="constrained")
        rounds = [record.round for record in self.history]
        share_lines = [
            ("coverage", "tab:blue", "-", [record.coverage for record in self.history]),
            ("human share", "tab:orange", "-", [record.human_share for record in self.history]),
            ("expected human share", "tab:orange", ":", [record.expected_human_share for record in self.history]),
        ]
        lines = [
            ax.plot(rounds, values, style, color=color, label=name)[0] for name, color, style, values in share_lines
        ]
        ax.set_xlabel("round")
        ax.set_ylabel("share of the pool")
        ax.set_ylim(0, 1.05)
        errors = ax.twinx()
        lines += errors.plot(
            rounds, [record.estimated_error for record in self.history], "--", color="tab:green", label="estimated error"
        )
        bounded = [record for record in self.history if record.bounded_error < 1.0]
        lines += errors.plot(
            [record.round for record in bounded],
            [record.bounded_error for record in bounded],
            "o--",
            markersize=3,
            color="tab:red",
            label="bounded error (certified)",
        )
        if self.certificate is not None:
            lines.append(
                errors.axhline(self.certificate.max_error, color="tab:gray", linewidth=0.8, label="target")
            )
        errors.set_ylabel("error of the automatic labels")
        errors.set_ylim(bottom=0)
        errors.yaxis.set_major_formatter(plt.matplotlib.ticker.PercentFormatter(1.0))
        ax.yaxis.set_major_formatter(plt.matplotlib.ticker.PercentFormatter(1.0))
        ax.legend(handles=lines, loc="center right", fontsize="small")
        ax.set_title(f"{self.n_items:,} items, {self.savings:.1%} of the human labels saved")
        return ax
