"""A job's report as one HTML page: no other file, no script, nothing fetched."""

from __future__ import annotations

import html
import io
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from gtlabel._core import __version__
from gtlabel.labels import Labels
from gtlabel.report import Report
from gtlabel.worker_table import WorkerTable

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #222; background: #fff; max-width: 62rem; margin: 2rem auto;
  padding: 0 1rem }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin-top: 2rem }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: .2rem .8rem .2rem 0; text-align: right; border-bottom: 1px solid #ddd }
th:first-child, td:first-child { text-align: left }
dl { display: grid; grid-template-columns: max-content auto; gap: .2rem 1.5rem } dt { color: #666 } dd { margin: 0 }
.numbers { display: flex; flex-wrap: wrap; gap: 2rem } .numbers b { display: block; font-size: 1.8rem }
.certificate { border-left: .3rem solid #2a7; padding-left: 1rem } .none { border-color: #c80 }
svg { max-width: 100%; height: auto }
details { margin-top: 1rem } summary { cursor: pointer }
@media (prefers-color-scheme: dark) { body { color: #ddd; background: #181818 } dt { color: #999 }
  th, td { border-color: #444 } figure { background: #fff; padding: 1rem } }
"""
_N_BINS = 20


def html_report(
    report: Report, *, title: str = "job", labels: Labels | None = None, workers: WorkerTable | None = None
) -> str:
    """The page. ``labels`` add how sure the labels are, ``workers`` who answered.

    Plots are SVG and need matplotlib; without it the page has the tables alone and says so.
    """
    parts = [
        f"<h1>gtlabel: {html.escape(title)}</h1>",
        _numbers(report),
        _certificate(report),
        _plots(report, labels),
        "<h2>Classes</h2>",
        _table(report._class_rows()),
        "<h2>Job</h2>",
        _facts(report),
        *([] if workers is None or len(workers) == 0 else ["<h2>Workers</h2>", _table(_worker_rows(workers, report))]),
        f"<details><summary>Rounds</summary>{_table(_round_rows(report))}</details>",
        f"<p><small>Written by gtlabel {html.escape(__version__)}. {_meaning_of_wrong(report)}</small></p>",
    ]
    body = "\n".join(parts)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>gtlabel: {html.escape(title)}</title><style>{_STYLE}</style></head>\n<body>\n{body}\n</body></html>\n"
    )


def _meaning_of_wrong(report: Report) -> str:
    if report.certificate is not None and report.certificate.truth is not None:
        return (
            "The certified error is against what this job's people would have answered; the bound against the truth "
            "has people's own mistakes in it, if gold is a random sample of the pool."
        )
    return (
        "People's own mistakes are outside of what is certified: wrong means unlike what this job's people would have "
        "answered."
    )


def _numbers(report: Report) -> str:
    proved = f"{report.certificate.bound:.2%}" if report.certificate else "-"
    shown = [
        (f"{report.n_items:,}", "items"),
        (f"{report._n_asked:,}", f"asked of people ({report._n_asked / report.n_items:.1%})"),
        (f"{report.n_auto:,}", f"labelled automatically ({report.n_auto / report.n_items:.1%})"),
        (proved, "of these wrong, at most"),
    ]
    if report.gold.n_given:
        shown.append((f"{report.gold.n_given:,}", f"gold, {report.gold.n_asked:,} of them asked of people"))
    if report.cost:
        shown.append((f"{report.cost:,.2f} {html.escape(report.currency)}", f"for {report.n_paid:,} answers"))
    return '<div class="numbers">' + "".join(f"<div><b>{number}</b>{what}</div>" for number, what in shown) + "</div>"


def _certificate(report: Report) -> str:
    if report.certificate is None:
        outcome = report.outcome or "The job is still running."
        return f'<h2>Certificate</h2><p class="certificate none">None. {html.escape(outcome)}</p>'
    return f'<h2>Certificate</h2><p class="certificate">{html.escape(report.certificate.statement)}</p>'


def _facts(report: Report) -> str:
    return "<dl>" + "".join(
        f"<dt>{html.escape(name)}</dt><dd>{html.escape(value)}</dd>" for name, value in report._facts()
    ) + "</dl>"  # fmt: skip


def _table(rows: Iterable[Sequence[str]]) -> str:
    head, *others = ["".join(f"<td>{html.escape(cell)}</td>" for cell in row) for row in rows]
    head = head.replace("<td>", "<th>").replace("</td>", "</th>")
    body = "".join(f"<tr>{row}</tr>" for row in others)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _worker_rows(workers: WorkerTable, report: Report) -> list[tuple[str, ...]]:
    head = ("worker", "answers", "skipped", "accuracy", "95 % interval", "seconds per answer", "spam?", "copying with?")
    gold_head = ("gold", "of it right") if report.gold.n_given else ()
    rows: list[tuple[str, ...]] = [(*head, *gold_head, *_cost_head(report))]
    for place in range(len(workers)):
        n_answers = int(workers.n_answers[place])
        accuracy = workers.accuracy[place]
        interval = f"{workers.accuracy_low[place]:.0%} to {workers.accuracy_high[place]:.0%}"
        seconds = workers.seconds[place] / n_answers if n_answers else 0.0
        rows.append(
            (
                str(workers.worker[place]) or "(no name)",
                f"{n_answers:,}",
                f"{int(workers.n_skipped[place]):,}",
                "-" if np.isnan(accuracy) else f"{accuracy:.1%}",
                "-" if np.isnan(accuracy) else interval,
                f"{seconds:.1f}" if seconds else "-",
                "yes" if workers.is_spam[place] else "",
                str(workers.copying_with[place]),
                *((f"{workers.n_gold[place]:,}", f"{workers.n_gold_right[place]:,}") if gold_head else ()),
                *_cost_cell(report, float(workers.cost[place])),
            )
        )
    return rows


def _round_rows(report: Report) -> list[tuple[str, ...]]:
    head = (
        "round",
        "by people",
        "automatic",
        "audited",
        "errors found",
        "proved at most",
        "by people, in all (expected)",
    )
    return [
        (*head, "answers", *_cost_head(report)),
        *(
            (
                str(record.round),
                f"{record.n_human:,}",
                f"{record.n_auto:,}",
                f"{record.n_audited:,}",
                f"{record.errors_found:,}",
                f"{record.bounded_error:.2%}" if record.n_auto and record.bounded_error < 1 else "-",
                f"{record.expected_human_share:.1%}",
                f"{record.n_paid:,}",
                *_cost_cell(report, record.cost),
            )
            for record in report.history
        ),
    ]


def _cost_head(report: Report) -> tuple[str, ...]:
    return (f"cost, {report.currency}",) if report.cost else ()


def _cost_cell(report: Report, cost: float) -> tuple[str, ...]:
    return (f"{cost:,.2f}",) if report.cost else ()


def _plots(report: Report, labels: Labels | None) -> str:
    try:
        import matplotlib
        from matplotlib.figure import Figure
    except ImportError:
        return "<p>(The plots need matplotlib: pip install 'gtlabel[plots]'.)</p>"
    # A fixed salt and no date: the same job makes the same page.
    with matplotlib.rc_context({"svg.hashsalt": "gtlabel", "svg.fonttype": "path"}):
        drawn = []
        if report.history:
            figure = Figure(figsize=(9, 5), layout="constrained")
            report.plot(figure.subplots())
            drawn.append(("Who labels how much", figure))
        if labels is not None and len(labels):
            figure = Figure(figsize=(9, 3), layout="constrained")
            _draw_confidence(figure.subplots(), labels)
            drawn.append(("How sure the labels are", figure))
        return "".join(f"<h2>{heading}</h2><figure>{_svg(figure)}</figure>" for heading, figure in drawn)


def _draw_confidence(ax: Any, labels: Labels) -> None:
    sources = [("human", "tab:orange", "by people"), ("auto", "tab:blue", "automatic")]
    confidences = [labels.confidence[labels.source == source] for source, _, _ in sources]
    lowest = min((float(values.min()) for values in confidences if len(values)), default=0.0)
    bins = np.linspace(min(lowest, 0.95), 1.0, _N_BINS + 1)
    colors = [color for _, color, _ in sources]
    ax.hist(confidences, bins=bins, stacked=True, color=colors, label=[name for _, _, name in sources])
    ax.set_xlabel("confidence")
    ax.set_ylabel("labels")
    ax.legend(frameon=False)


def _svg(figure: Any) -> str:
    file = io.StringIO()
    figure.savefig(file, format="svg", metadata={"Date": None})
    text = file.getvalue()
    return text[text.index("<svg") :]
