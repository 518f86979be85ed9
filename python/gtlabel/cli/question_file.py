"""What a job wants to know next, as a CSV to be filled in."""

from __future__ import annotations

import csv

import gtlabel as gt
from gtlabel.cli import output
from gtlabel.cli.tables import Table


def write_questions(path: str, job: gt.LabelingJob, table: Table, hidden: set[str]) -> None:
    """What the job wants to know next, with an empty column for the answers."""
    batch = job.next_batch()
    items = [] if batch is None else sorted(batch.items.tolist())
    names = [name for name in table.columns if name not in hidden | {"item", "answer", "worker"}]
    with open(path, "w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["item", *names, "worker", "answer"])
        for item in items:
            name = item if job.ids is None else job.ids[item]
            rows.writerow([name, *(table.rows[item].get(column, "") for column in names), "", ""])
    output.tell(f"{len(items):,} items to ask about are in {path}")
