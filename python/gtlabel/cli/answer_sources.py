"""Where a job's answers come from when nobody sits at the terminal: a command, a file, a column of the truth.

A source gets items and returns what is known of them; items that it leaves out stay unanswered. It is told nothing of
why an item is asked, because audits must be blind.
"""

from __future__ import annotations

import json
import subprocess
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Protocol

import gtlabel as gt
from gtlabel.answers import SPECIAL_NAMES
from gtlabel.cli.answer_columns import AnswerColumns, rows_not_heard
from gtlabel.cli.tables import Table, json_object

_SPECIAL = dict(zip(SPECIAL_NAMES, (gt.NONE_OF_THESE, gt.UNSURE, gt.SKIP), strict=False))
_MAX_SHOWN = 300  # characters of what a command said wrongly


class Said(NamedTuple):
    """One answer: an item, a class name or one of gtlabel's special answers, by whom, and in how many seconds."""

    item: int
    answer: Any
    worker: str = ""
    seconds: float = 0.0


class AnswerSource(Protocol):
    def answers(self, items: Sequence[int]) -> list[Said]:
        """What is known of some items of the pool."""


def as_answer(value: str, classes: Sequence[str], where: str) -> Any:
    """A class name, or "skip", "unsure", "none of these" (unless a class has that name)."""
    if value in classes:
        return value
    if value in _SPECIAL:
        return _SPECIAL[value]
    shown = ", ".join(classes[:10]) + (", ..." if len(classes) > 10 else "")
    raise gt.UnknownClass(f"{where}: {value!r} is none of the classes {shown}, nor skip, unsure or none of these")


class Truth:
    """A column of the input that knows all answers: for simulations."""

    def __init__(self, table: Table, column: str, classes: Sequence[str]) -> None:
        self._answers = [
            None if value in (None, "") else as_answer(str(value), classes, table.where(row))
            for row, value in enumerate(table.column(column, "--truth"))
        ]

    def answers(self, items: Sequence[int]) -> list[Said]:
        return [Said(item, self._answers[item]) for item in items if self._answers[item] is not None]


def answers_of_items(given: AnswerColumns, names: Iterable[str | int], classes: Sequence[str]) -> list[Said]:
    """Every answer of a file; refuses those about unknown items or with unknown classes.

    ``names``: of the items, in their order.
    """
    item_of = {str(name): item for item, name in enumerate(names)}
    answers = []
    for row, (name, worker, answer) in zip(given.rows, given.said(), strict=True):
        where = given.table.where(row)
        if name not in item_of:
            raise gt.InvalidArgument(f"{where}: no item {name!r} in the input")
        answers.append(Said(item_of[name], as_answer(answer, classes, where), worker))
    return answers


class AnswerFile:
    """A file of answers, each given to the job once and only when it asks about the item."""

    def __init__(self, given: AnswerColumns, job: gt.LabelingJob) -> None:
        names = range(job.n_items) if job.ids is None else job.ids.tolist()
        not_heard = {row for row, _ in rows_not_heard(given, job)}
        self._waiting: dict[int, list[Said]] = defaultdict(list)
        for row, said in zip(given.rows, answers_of_items(given, names, job.active_classes), strict=True):
            if row in not_heard:
                self._waiting[said.item].append(said)

    def answers(self, items: Sequence[int]) -> list[Said]:
        return [self._waiting[item].pop(0) for item in items if self._waiting.get(item)]


class Command:
    """A shell command that is run for every batch: JSON lines of items in, JSON lines of answers out.

    In: ``{"item": 7, "id": "a7", "classes": [...], ...the columns of the input}``. Out, in any order: ``{"item": 7,
    "answer": "cat"}``, if you like with ``worker``, ``seconds`` and ``probability`` (below 1: a guess). ``null`` or no
    line: not answered.
    """

    def __init__(self, command: str, table: Table, ids: Sequence[str] | None, classes: Sequence[str], hidden: set[str]):
        self._command, self._table, self._ids, self._classes = command, table, ids, list(classes)
        self._hidden = hidden

    def answers(self, items: Sequence[int]) -> list[Said]:
        questions = "".join(json.dumps(self._question(item), ensure_ascii=False) + "\n" for item in items)
        try:
            ended = subprocess.run(
                self._command, shell=True, input=questions.encode("utf-8", "surrogatepass"), stdout=subprocess.PIPE
            )
        except BrokenPipeError:  # it ended without reading all: what it said is judged all the same by its exit code
            raise gt.InvalidState(f"--answers-from: {self._command!r} did not read its input") from None
        if ended.returncode == -2 or ended.returncode == 130:
            raise KeyboardInterrupt
        if ended.returncode:
            raise gt.InvalidState(f"--answers-from: {self._command!r} ended with exit code {ended.returncode}")
        try:
            lines = ended.stdout.decode("utf-8").split("\n")
        except UnicodeDecodeError as error:
            raise gt.InvalidArgument(f"--answers-from: byte {error.start} of its output is not UTF-8") from None
        asked = set(items)
        said = (self._said(line, number, asked) for number, line in enumerate(lines, start=1) if line.strip())
        return [one for one in said if one is not None]

    def _question(self, item: int) -> dict[str, Any]:
        row = {name: value for name, value in self._table.rows[item].items() if name not in self._hidden}
        own = {"item": item, "id": self._ids[item] if self._ids is not None else str(item), "classes": self._classes}
        return {**row, **own}

    def _said(self, line: str, number: int, asked: set[int]) -> Said | None:
        where = f"--answers-from: line {number} of its output"
        answer = json_object(line, f"{where}, {line[:_MAX_SHOWN]!r}")
        item, value, worker = answer.get("item"), answer.get("answer"), answer.get("worker", "")
        if isinstance(item, bool) or not isinstance(item, int) or item not in asked:
            raise gt.InvalidArgument(f"{where}: item {item!r} was not asked about, expected one of the batch")
        if value is None:
            return None
        if not isinstance(value, str) or not isinstance(worker, str):
            raise gt.InvalidType(f"{where}: answer {value!r}, worker {worker!r}, expected texts")
        decided = as_answer(value, self._classes, where)
        probability = answer.get("probability")
        if probability is not None and probability != 1 and isinstance(decided, str):
            decided = gt.Unsure(decided, probability)
        return Said(item, decided, worker, _seconds(answer.get("seconds"), where))


def _seconds(value: Any, where: str) -> float:
    if value is None:
        return 0.0
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
        raise gt.InvalidArgument(f"{where}: seconds {value!r}, expected a number of at least 0")
    return float(value)
