"""What a job did and what it cost: numbers, words, a page for notebooks, and a plot."""

from __future__ import annotations

import dataclasses
import html
from dataclasses import dataclass
from math import isnan, nan
from typing import Any

from gtlabel._core import Certificate
from gtlabel.labeling_plan import LabelingPlan


@dataclass(frozen=True)
class Round:
    """Where a job stood after one update of its model.

    Shares are of the ``n_items`` that the pool had then, errors of the automatic labels.
    """

    round: int
    n_items: int
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
    n_paid: int
    cost: float


@dataclass(frozen=True)
class ClassRecord:
    """What became of one class.

    ``n_human`` items that people gave it; ``n_auto`` automatic labels that name it; ``n_audited`` automatic labels that
    named it and were checked, of them ``errors_found`` wrong; ``n_missed`` checks of labels that name other classes,
    still delivered, where people gave this one.
    """

    label: str
    class_index: int
    n_human: int
    n_auto: int
    n_audited: int
    errors_found: int
    n_missed: int


@dataclass(frozen=True)
class GoldRecord:
    """What people said of the ``n_given`` items whose class the host knew beforehand.

    ``n_asked`` of them were planted in batches so far; for ``n_wrong`` of these people's answer is not the known class,
    or not settled yet. With probability at least ``1 - failure_probability``, if gold is a random sample of the pool,
    people's answer is wrong for at most ``people_wrong_at_most`` items of the pool.
    """

    n_given: int
    n_asked: int
    n_wrong: int
    people_wrong_at_most: int
    failure_probability: float


@dataclass(frozen=True)
class QueryRecord:
    """What choosing items to ask about brings over drawing them at random.

    The model was wrong about ``chosen_wrong`` of the ``n_chosen`` items that queries chose, when they were asked, and
    about ``control_wrong`` of the ``n_control`` drawn at random beside them, one in ten. ``lift`` is the ratio of the
    two shares (each with half an error more), with its 95 % interval: above 1 a chosen item teaches more than a random
    one. While there is no control, or nothing chosen, it is 1 and its interval 0 to infinity. Audits are left out.
    """

    n_chosen: int
    chosen_wrong: int
    n_control: int
    control_wrong: int
    lift: float
    lift_low: float
    lift_high: float

    @property
    def _is_compared(self) -> bool:
        return self.n_chosen > 0 and self.n_control > 0

    def __str__(self) -> str:
        if not self._is_compared:
            return f"nothing to compare yet: {self.n_chosen:,} chosen items and {self.n_control:,} random ones answered"
        times = f"{self.lift:.1f} times as often (95 %: {self.lift_low:.1f} to {self.lift_high:.1f})"
        if self.chosen_wrong + self.control_wrong == 0:  # the ratio is that of the halves that were added
            times = "too few to compare"
        return (
            f"the model was wrong about {self.chosen_wrong:,} of {self.n_chosen:,} chosen items and "
            f"{self.control_wrong:,} of {self.n_control:,} random ones: {times}"
        )


@dataclass(frozen=True)
class Report:
    """What a job did and what it cost, so far or at its end.

    ``n_human`` counts every item that a person was asked about, audits included, and all gold: it spares nobody's work;
    ``savings = 1 - n_human / n_items``.
    ``n_answers`` are all rows of ``job.answers()``; ``n_paid`` those that are paid (no skips, nobody twice for an
    item), which ``cost`` so much. ``by_class`` has a record per class, in their order.
    """

    n_items: int
    n_human: int
    n_auto: int
    n_audited: int
    n_answers: int
    n_paid: int
    cost: float
    currency: str
    savings: float
    rounds: int
    is_finished: bool
    model: str
    target: str
    outcome: str
    seconds: float
    certificate: Certificate | None
    plan: LabelingPlan
    gold: GoldRecord
    query: QueryRecord
    by_class: tuple[ClassRecord, ...]
    history: tuple[Round, ...]

    @classmethod
    def from_fields(cls, fields: dict[str, Any]) -> Report:
        """From the fields of the compiled job."""
        history = tuple(Round(**record) for record in fields.pop("history"))
        plan = LabelingPlan(**fields.pop("plan"))
        gold = GoldRecord(**fields.pop("gold"))
        query = QueryRecord(**fields.pop("query"))
        by_class = tuple(ClassRecord(**record) for record in fields.pop("by_class"))
        return cls(**fields, plan=plan, gold=gold, query=query, by_class=by_class, history=history)

    def history_to_pandas(self) -> Any:
        """The history as a pandas DataFrame, one row a round. Needs pandas."""
        import pandas as pd

        columns = [field.name for field in dataclasses.fields(Round)]
        return pd.DataFrame([dataclasses.asdict(record) for record in self.history], columns=columns)

    def _facts(self) -> list[tuple[str, str]]:
        state = "finished" if self.is_finished else "running"
        return [
            ("target", self.target),
            (
                "state",
                f"{state}, {self.rounds} rounds, {self.seconds:.2f} s of computing, model {self.model}",
            ),
            ("items", f"{self.n_items:,}"),
            (
                "asked of people",
                f"{self._n_asked:,} ({self._n_asked / self.n_items:.1%}), {self.n_audited:,} of them audits"
                + (f"; {self.plan.n_gold_unasked:,} gold without asking" if self.gold.n_given else ""),
            ),
            *([("answers", self._price())] if self.plan.answers_per_item > 1 or self.cost else []),
            *([] if self.is_finished else [("expected at the end", self.plan.people)]),
            *([("gold", self._people_on_gold())] if self.gold.n_given else []),
            *([("queries", str(self.query))] if self.query._is_compared else []),
            ("labelled automatically", f"{self.n_auto:,} ({self.n_auto / self.n_items:.1%})"),
            ("certificate", self.certificate.statement if self.certificate else "none"),
            ("outcome", self.outcome or "still running"),
        ]

    @property
    def _n_asked(self) -> int:
        """Items that people labelled, without the gold that nobody was asked about."""
        return self.n_human - self.plan.n_gold_unasked

    def _price(self) -> str:
        per_item = f"{self.n_paid:,}" + (f", {self.plan.answers_per_item:.2f} per item" if self.n_paid else "")
        return f"{per_item}, {self.cost:,.2f} {self.currency}" if self.cost else per_item

    def _people_on_gold(self) -> str:
        gold = self.gold
        wrong = "wrong about" if self.is_finished else "wrong or not yet agreed about"
        said = f"{gold.n_given:,} items, people asked about {gold.n_asked:,} of them, {wrong} {gold.n_wrong:,}"
        truth = self.certificate.truth if self.certificate else None
        return said if truth is None else f"{said}; at most {truth.bound:.2%} of the automatic labels are wrong"

    def _class_rows(self) -> list[tuple[str, ...]]:
        """A head, and a row for each class."""
        proved = (
            {entry.class_index: f"{entry.bound:.2%}" for entry in self.certificate.by_class} if self.certificate else {}
        )
        head = ("class", "by people", "automatic", "audited", "of them wrong", "missed by others", "wrong at most")
        return [
            head[: None if proved else -1],
            *(
                (
                    record.label,
                    f"{record.n_human:,}",
                    f"{record.n_auto:,}",
                    f"{record.n_audited:,}",
                    f"{record.errors_found:,}",
                    f"{record.n_missed:,}",
                    *((proved.get(record.class_index, "-"),) if proved else ()),
                )
                for record in self.by_class
            ),
        ]

    def __str__(self) -> str:
        facts = [f"{name}: {value}" for name, value in self._facts()]
        rows = self._class_rows()
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        classes = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
        return "\n".join(facts + classes)

    def _repr_html_(self) -> str:
        cells = "".join(
            f'<tr><th style="text-align:left;vertical-align:top">{html.escape(name)}</th>'
            f'<td style="text-align:left;max-width:48em">{html.escape(value)}</td></tr>'
            for name, value in self._facts()
        )
        head, *rows = self._class_rows()
        classes = "".join(
            "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in row) + "</tr>"
            for tag, row in (("th", head), *(("td", row) for row in rows))
        )
        return (
            f"<table><caption><b>gtlabel labeling job</b></caption>{cells}"
            '<tr><th style="text-align:left;vertical-align:top">classes</th>'
            f"<td><table>{classes}</table></td></tr></table>"
        )

    def plot(self, ax: Any = None) -> Any:
        """Draws by round who labels how much of the pool (left), and the automatic labels' error (right).

        Returns the axes of the left scale. Needs matplotlib.
        """
        import matplotlib.pyplot as plt
        from matplotlib.ticker import MaxNLocator, PercentFormatter

        if ax is None:
            _, ax = plt.subplots(figsize=(8, 5), layout="constrained")
        rounds = [record.round for record in self.history]
        human = [record.human_share for record in self.history]
        coverage = [record.coverage for record in self.history]
        ax.fill_between(rounds, human, coverage, color="tab:blue", alpha=0.15, linewidth=0)
        ax.fill_between(rounds, human, color="tab:orange", alpha=0.25, linewidth=0)
        lines = ax.plot(rounds, coverage, color="tab:blue", label="labelled")
        lines += ax.plot(rounds, human, color="tab:orange", label="labelled by people")
        expected = [record.expected_human_share for record in self.history]
        lines += ax.plot(rounds, expected, ":", color="tab:orange", label="by people, expected in all")
        ax.set_xlabel("round")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.set_ylabel("share of the pool")
        ax.set_ylim(0, 1.03)
        ax.yaxis.set_major_formatter(PercentFormatter(1.0))
        ax.margins(x=0.02)

        errors = ax.twinx()
        # Without labels to commit nothing is estimated; before the audits nothing is proved.
        for name, style, color, values in (
            (
                "error, estimated",
                "--",
                "tab:green",
                [record.estimated_error or nan for record in self.history],
            ),
            (
                "error, proved at most",
                ".--",
                "tab:red",
                [_proved(record) for record in self.history],
            ),
        ):
            lines += errors.plot(rounds, values, style, color=color, label=name)
        drawn = [value for line in errors.lines for value in line.get_ydata() if not isnan(value)]
        top = 1.1 * max(drawn, default=0.05)
        if self.certificate is not None:
            target = self.certificate.max_error
            lines.append(errors.axhline(target, color="tab:red", linewidth=0.8, alpha=0.6, label="error, target"))
            top = min(top, 3 * target)
        errors.set_ylabel("error of the automatic labels")
        errors.set_ylim(0, top)
        errors.yaxis.set_major_formatter(PercentFormatter(1.0))
        ax.legend(
            handles=lines,
            loc="upper center",
            bbox_to_anchor=(0.5, -0.14),
            ncols=2,
            fontsize="small",
            frameon=False,
        )
        people = f"{self.n_human:,} labelled by people ({self.savings:.1%} saved)"
        ax.set_title(f"{self.n_items:,} items, {people}")
        return ax


def _proved(record: Round) -> float:
    """The bound on the error, or NaN while there is none."""
    return record.bounded_error if record.n_auto > 0 and record.bounded_error < 1.0 else nan
