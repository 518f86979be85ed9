"""Items whose class is known, as ``gtlabel run`` takes them: a file of item and answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gtlabel import InvalidArgument, LabelingJob, UnknownClass
from gtlabel.cli.answer_columns import read_answers


def read_gold(path: str, names: Iterable[str | int], classes: Sequence[str]) -> tuple[list[int], list[str]]:
    """Items of the job and their classes; refuses rows that do not fit, by their place.

    ``names``: of the job's items, in their order.
    """
    given = read_answers(path)
    item_of = {str(name): item for item, name in enumerate(names)}
    gold: dict[int, str] = {}
    for row, (name, _, answer) in zip(given.rows, given.said(), strict=True):
        where = given.table.where(row)
        if name not in item_of:
            raise InvalidArgument(f"--gold: {where}: no item {name!r} in the input")
        if answer not in classes:
            raise UnknownClass(f"--gold: {where}: {answer!r} is none of the classes {', '.join(classes)}")
        if gold.setdefault(item_of[name], answer) != answer:
            raise InvalidArgument(f"--gold: {where}: {name!r} is {answer!r}, and {gold[item_of[name]]!r} before")
    if not gold:
        raise InvalidArgument(f"--gold: {path} names no item, expected some")
    return list(gold), list(gold.values())


def check_same_gold(path: str, gold: tuple[list[int], list[str]], job: LabelingJob) -> None:
    """Refuses gold that a job that is gone on with was not made with."""
    labels = job.labels()
    known = dict(zip(labels.item.tolist(), labels.label.tolist(), strict=True))
    record = job.report().gold
    n_given = 0 if record is None else record.n_given
    is_same = n_given == len(gold[0]) and all(known.get(i) == label for i, label in zip(*gold, strict=True))
    if not is_same:
        raise InvalidArgument(
            f"--gold: {path} is not the gold that the job was made with ({n_given} items), expected the same file"
        )
