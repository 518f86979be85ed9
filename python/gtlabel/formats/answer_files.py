"""Answers of several people in files and frames: the table (item, worker, answer)."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gtlabel._core import InvalidArgument
from gtlabel.answers import NONE_OF_THESE, SKIP, UNSURE, Unsure
from gtlabel.column_table import ColumnTable
from gtlabel.formats.column_files import ColumnFile, columns_of_table, read_columns, write_columns
from gtlabel.formats.file_text import StrPath
from gtlabel.formats.label_files import ids, numbers, texts

if TYPE_CHECKING:
    from gtlabel.labeling_job import LabelingJob

ITEM_NAMES = ("item", "task", "id")
WORKER_NAMES = ("worker", "annotator")
ANSWER_NAMES = ("answer", "label")
SPECIAL_ANSWERS = {"skip": SKIP, "unsure": UNSURE, "none of these": NONE_OF_THESE}
_SAY_NOTHING = ("skip", "unsure")


@dataclass(frozen=True, eq=False)
class AnswerTable(ColumnTable):
    """One row per answer, in the order in which they came; every column is a numpy array.

    ``table["answer"]`` and ``table.answer`` are the same.
    """

    item: NDArray[Any]
    """Id of the item."""
    worker: NDArray[np.str_]
    """Who said it; "": not told."""
    answer: NDArray[np.str_]
    """Name of a class; or "skip", "unsure", "none of these", unless a class is called so."""
    certainty: NDArray[np.float64]
    """Below 1: a guess, with the worker's own probability that it is right; NaN: not told, taken for 1."""
    seconds: NDArray[np.float64]
    """How long it took; NaN: not told."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns, for whoever expects a frame."""
        return self.keys()

    def votes(self) -> dict[str, NDArray[Any]]:
        """What ``gtlabel.consolidate(**table.votes())`` takes: all answers but "skip" and "unsure"."""
        says_something = ~np.isin(self.answer, _SAY_NOTHING)
        columns = {"items": self.item, "workers": self.worker, "answers": self.answer}
        return {name: column[says_something] for name, column in columns.items()}

    def for_job(self, job: LabelingJob) -> dict[str, Any]:
        """What ``job.submit(**table.for_job(job))`` takes: rows of the pool instead of ids, special answers as such.

        Answers of workers who are not told count as those of another person each.
        """
        classes = set(job.classes)
        seconds = np.where(np.isnan(self.seconds), 0.0, self.seconds)
        return {
            "items": self._rows_of(job),
            "answers": [self._answer(row, classes) for row in range(len(self))],
            "workers": self.worker.tolist(),
            "seconds": seconds,
        }

    def _rows_of(self, job: LabelingJob) -> NDArray[np.int64]:
        names = range(job.n_items) if job.ids is None else job.ids.tolist()
        row_of = {str(name): row for row, name in enumerate(names)}
        missing = [item for item in self.item.tolist() if str(item) not in row_of]
        if missing:
            raise InvalidArgument(f"answers: item {missing[0]!r} is not one of the job's {job.n_items} items")
        return np.asarray([row_of[str(item)] for item in self.item.tolist()], dtype=np.int64)

    def _answer(self, row: int, classes: set[str]) -> Any:
        name, certainty = str(self.answer[row]), float(self.certainty[row])
        if name in SPECIAL_ANSWERS and name not in classes:
            return SPECIAL_ANSWERS[name]
        return Unsure(name, certainty) if certainty < 1 else name

    def __repr__(self) -> str:
        n_items, n_workers = (len(set(column.tolist())) for column in (self.item, self.worker))
        return f"AnswerTable({len(self)} answers, {n_items} items, {n_workers} workers)"


def write_answers(answers: Any, path: StrPath) -> None:
    """An ``AnswerTable``, ``job.answers()`` or any table with such columns to a .csv, .jsonl or .parquet file."""
    table = answers if isinstance(answers, AnswerTable) else answers_of_columns(columns_of_table(answers))
    write_columns(dict(table), path)


def read_answers(source: Any) -> AnswerTable:
    """Answers of a .csv, .jsonl or .parquet file, or of a frame.

    Columns: item (or task, id), worker (or annotator; may be missing), answer (or label), and perhaps certainty and
    seconds. Rows whose answer is empty are left out: they say nothing.

    Raises
    ------
    InvalidArgument
        Columns that are missing, values that are not what the column should have; with file and line.
    """
    is_path = isinstance(source, str) or hasattr(source, "__fspath__")
    return answers_of_columns(read_columns(source) if is_path else columns_of_table(source))


def answers_of_columns(table: ColumnFile) -> AnswerTable:
    if not table.columns:  # an empty file of JSON Lines
        table = dataclasses.replace(table, columns={"item": [], "answer": []})
    item, answer, worker = (table.name_of(*names) for names in (ITEM_NAMES, ANSWER_NAMES, WORKER_NAMES))
    if item is None or answer is None:
        raise InvalidArgument(f"{table.path}: columns {list(table.columns)} given, expected item, worker and answer")
    kept = [row for row, value in enumerate(table.columns[answer]) if value is not None and value != ""]
    columns = {name: [values[row] for row in kept] for name, values in table.columns.items()}
    rows = ColumnFile(table.path, columns, table.rows_are, [table.places[row] for row in kept])
    if worker is not None:
        columns[worker] = ["" if value is None else value for value in columns[worker]]
    return AnswerTable(
        item=ids(rows, item),
        worker=np.asarray(texts(rows, worker) if worker else [""] * len(rows), dtype=np.str_),
        answer=np.asarray(texts(rows, answer), dtype=np.str_),
        certainty=_certainties(rows),
        seconds=_seconds(rows),
    )


def _certainties(table: ColumnFile) -> NDArray[np.float64]:
    column = numbers(table, "certainty")
    for row in np.flatnonzero((column <= 0) | (column > 1)).tolist():
        raise table.fault(row, f"certainty {column[row]} given, expected above 0 and at most 1")
    return column


def _seconds(table: ColumnFile) -> NDArray[np.float64]:
    column = numbers(table, "seconds")
    for row in np.flatnonzero((column < 0) | np.isinf(column)).tolist():
        raise table.fault(row, f"seconds {column[row]} given, expected 0 or more")
    return column
