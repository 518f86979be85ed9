"""Answers of several people, as columns of a CSV or of JSON Lines."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gtlabel import InvalidArgument, LabelingJob
from gtlabel.cli.tables import Table, read_table

_NAMES = {
    "item": ("item", "task", "id", "item_id"),
    "worker": ("worker", "annotator", "worker_id"),
    "answer": ("answer", "label"),
}


@dataclass(frozen=True)
class AnswerColumns:
    """One entry per answer; rows without an answer are left out."""

    items: list[str]
    workers: list[str] | None
    answers: list[str]
    table: Table
    rows: list[int]
    """The row of the table that each answer comes from."""

    def said(self) -> Iterator[tuple[str, str, str]]:
        """Item, worker ("": not told) and answer of each."""
        return zip(self.items, self.workers or [""] * len(self.items), self.answers, strict=True)


def add_column_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("columns")
    for name, synonyms in _NAMES.items():
        default = ", ".join(synonyms)
        group.add_argument(
            f"--{name}", metavar="COLUMN", help=f"the column of the {name} (default: the first of {default})"
        )


def read_answers(
    path: str,
    item: str | None = None,
    worker: str | None = None,
    answer: str | None = None,
    *,
    has_column_options: bool = False,
) -> AnswerColumns:
    """The answers of a file; ``None``: the column by its usual names. Only that of the worker may be missing.

    ``has_column_options``: of the command, which an error then names.
    """
    table = read_table(path)
    given = {"item": item, "worker": worker, "answer": answer}
    columns: dict[str, list[Any] | None] = {}
    for name, chosen in given.items():
        column = chosen or table.first_of(_NAMES[name])
        if column is None and name != "worker":
            expected = f"expected one of {', '.join(_NAMES[name])}"
            if has_column_options:
                expected = f"name it by --{name}"
            raise InvalidArgument(f"{table.path}: no column of the {name} in {', '.join(table.columns)}; {expected}")
        columns[name] = None if column is None else table.column(column, f"--{name}")
    items, workers, answers = columns["item"] or [], columns["worker"], columns["answer"] or []
    rows = [row for row, value in enumerate(answers) if value not in (None, "")]
    for row in rows:
        if items[row] in (None, ""):
            raise InvalidArgument(f"{table.where(row)}: an answer without an item")
    return AnswerColumns(
        items=[_text(items[row]) for row in rows],
        workers=None if workers is None else [_text(workers[row]) for row in rows],
        answers=[_text(answers[row]) for row in rows],
        table=table,
        rows=rows,
    )


def rows_not_heard(given: AnswerColumns, job: LabelingJob) -> Iterator[tuple[int, tuple[str, str, str]]]:
    """The rows whose answers the job does not have, with what they say; one said twice is heard when it has both."""
    heard = job.answers()
    names = [str(item if job.ids is None else job.ids[item]) for item in heard["item"].tolist()]
    known = Counter(zip(names, heard["worker"].tolist(), heard["label"].tolist(), strict=True))
    for row, said in zip(given.rows, given.said(), strict=True):
        if known[said] > 0:
            known[said] -= 1
        else:
            yield row, said


def _text(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else str(value)
