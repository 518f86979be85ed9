"""What a job wants to know next, as a CSV to be filled in."""

from __future__ import annotations

from pathlib import Path

import gtlabel as gt
from gtlabel.cli import output
from gtlabel.cli.answer_columns import AnswerColumns, read_answers, rows_not_heard
from gtlabel.cli.output_files import write_csv
from gtlabel.cli.tables import Table, read_table

_OWN = ("item", "worker", "answer")


def read_question_file(path: str) -> AnswerColumns | None:
    """The answers in the file that the questions are to replace; None: there is no file, or an empty one."""
    if not Path(path).is_file() or not Path(path).stat().st_size:
        return None
    columns = read_table(path).columns
    if not set(_OWN) <= set(columns):
        raise gt.InvalidArgument(f"--ask: {path} has no columns {', '.join(_OWN)}, expected a new file or one of asks")
    return read_answers(path, *_OWN)


def check_answers_taken(path: str, held: AnswerColumns, given: AnswerColumns | None, job: gt.LabelingJob) -> None:
    """Refuses to replace answers that the job neither has nor is given now: they may be another job's."""
    known = set() if given is None else set(given.said())
    unknown = [row for row, said in rows_not_heard(held, job) if said not in known]
    if unknown:
        raise gt.InvalidArgument(
            f"--ask: {held.table.where(unknown[0])}: one of {len(unknown)} answers that the job has not taken, "
            f"expected --answers {path} too, or another file to write"
        )


def write_questions(path: str, job: gt.LabelingJob, table: Table, hidden: set[str], held: AnswerColumns | None) -> None:
    """What the job wants to know next, with an empty column for the answers.

    ``held``: what is in the file now; below the questions it keeps its answers that the job has not asked for so far.
    """
    batch = job.next_batch()
    items = [] if batch is None else sorted(batch.items.tolist())
    kept = [] if held is None else [held.table.rows[row] for row, _ in rows_not_heard(held, job)]
    known = [*table.columns, *(name for row in kept for name in row)]
    names = [name for name in dict.fromkeys(known) if name not in hidden | set(_OWN)]
    rows = [["item", *names, "worker", "answer"]]
    for item in items:
        name = item if job.ids is None else job.ids[item]
        rows.append([name, *(table.rows[item].get(column, "") for column in names), "", ""])
    rows += [[row.get(column, "") for column in rows[0]] for row in kept]
    write_csv(path, rows)
    beside = f", and {len(kept):,} answers that it has not taken so far" if kept else ""
    output.tell(f"{len(items):,} items to ask about are in {path}{beside}")
