"""The job that the options of ``gtlabel run`` describe."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import gtlabel as gt
from gtlabel.cli import options, output
from gtlabel.cli.answer_columns import AnswerColumns
from gtlabel.cli.answer_sources import Truth, answers_of_items
from gtlabel.cli.gold_file import check_same_gold, read_gold
from gtlabel.cli.item_features import columns_left_out, features_of
from gtlabel.cli.job_input import JobInput
from gtlabel.cli.stored_rows import check_same_rows, remember_rows
from gtlabel.cli.tables import Table
from gtlabel.formats import JobRequest


def make_job(
    arguments: argparse.Namespace, source: JobInput, ids: list[str] | None, given: AnswerColumns | None
) -> gt.LabelingJob:
    """A new job, or that of an existing store. ``given``: the answers of a file, if there is one."""
    table = source.table
    is_stored = arguments.store is not None and Path(arguments.store).exists()
    classes = [] if is_stored and arguments.classes is None else _classes(arguments, source, given)
    if classes:
        source.check_classes(classes)
    target = options.target_of(arguments)
    overlap = _overlap(arguments)
    budget = gt.Budget(arguments.max_answers, arguments.max_cost, arguments.max_items)
    price = options.price_of(arguments)
    features = features_of(table, arguments, columns_left_out(table, arguments))
    # Rows that the features are made of are known again by them.
    is_row_by_place = ids is None and arguments.features is not None
    if is_stored:
        if is_row_by_place:
            check_same_rows(arguments.store, table)
        job = _stored_job(arguments, table, ids, features, classes, target)
        if gold := _gold(arguments, table, ids, job.active_classes):
            check_same_gold(arguments.gold, gold, job)
        return job
    _check_answers(arguments, table, ids, given, classes)
    known: dict[str, Any] = {}
    if gold := _gold(arguments, table, ids, classes):
        known["gold"] = gold
        if arguments.gold_rate is not None:
            known["gold_rate"] = arguments.gold_rate
    if source.request is not None:
        return _requested_job(arguments, source.request, features, classes, known)
    job = gt.LabelingJob(
        features,
        classes,
        ids=ids,
        target=target,
        batch_size=arguments.batch_size,
        seed=arguments.seed,
        n_threads=arguments.threads,
        overlap=overlap,
        price=price,
        budget=budget,
        commit="final" if arguments.final else None,
        **known,
        **({} if arguments.store is None else {"store": arguments.store}),
    )
    if arguments.store is None or not is_row_by_place:
        return job
    del job  # its store is closed
    remember_rows(arguments.store, table)
    return gt.LabelingJob.open(arguments.store, features, n_threads=arguments.threads)


def _check_answers(
    arguments: argparse.Namespace,
    table: Table,
    ids: list[str] | None,
    given: AnswerColumns | None,
    classes: list[str],
) -> None:
    """Refuses answers that do not fit before there is a store, which would keep classes that were a mistake."""
    if arguments.truth is not None:
        Truth(table, arguments.truth, classes)
    if given is not None:
        answers_of_items(given, range(len(table)) if ids is None else ids, classes)


def _requested_job(
    arguments: argparse.Namespace, request: JobRequest, features: Any, classes: list[str], gold: dict[str, Any]
) -> gt.LabelingJob:
    """What the request says, but for what the options say otherwise."""
    budget = gt.Budget(arguments.max_answers, arguments.max_cost, arguments.max_items)
    said: dict[str, Any] = {
        "target": options.target_of(arguments) if options.has_target(arguments) else None,
        "batch_size": arguments.batch_size,
        "overlap": _overlap(arguments),
        "price": options.price_of(arguments),
        "budget": None if budget == gt.Budget() else budget,
    }
    known = len(request.warnings)
    job = request.start(
        features,
        classes,
        seed=arguments.seed,
        n_threads=arguments.threads,
        commit="final" if arguments.final else None,
        store=request.store_path,
        **gold,
        **{name: value for name, value in said.items() if value is not None},
    )
    for warning in request.warnings[known:]:
        output.tell(f"warning: {warning}")
    return job


def _gold(
    arguments: argparse.Namespace, table: Table, ids: list[str] | None, classes: list[str]
) -> tuple[list[int], list[str]] | None:
    if arguments.gold is None:
        if arguments.gold_rate is not None:
            raise gt.InvalidArgument("--gold-rate: given without --gold, expected both")
        return None
    return read_gold(arguments.gold, range(len(table)) if ids is None else ids, classes)


def _classes(arguments: argparse.Namespace, source: JobInput, given: AnswerColumns | None) -> list[str]:
    if arguments.classes is not None:
        return list(arguments.classes)
    known = source.known_classes()
    if source.request is not None and known:
        return known
    if arguments.truth is not None:
        values = {str(value) for value in source.table.column(arguments.truth, "--truth") if value not in (None, "")}
        return [*known, *sorted(values - set(known))]
    if given is not None:
        return [*known, *sorted(set(given.answers) - {"skip", "unsure", "none of these"} - set(known))]
    if known:
        return known
    raise gt.InvalidArgument("--classes: not given, expected the names of all classes, such as --classes cat,dog")


def _stored_job(
    arguments: argparse.Namespace, table: Table, ids: list[str] | None, features: Any, classes: list[str], target: Any
) -> gt.LabelingJob:
    """The job of an existing store, with the options that it was made with."""
    job = gt.LabelingJob.open(arguments.store, features, n_threads=arguments.threads)
    _check_ids(arguments.store, table, ids, job)
    if classes and sorted(classes) != sorted(job.active_classes):
        known = job.active_classes
        raise gt.InvalidArgument(f"--classes: {classes} given, but the job in {arguments.store} has {known}")
    if options.has_target(arguments) and target != job.target:
        raise gt.InvalidArgument(f"target: {target} given, but the job in {arguments.store} has {job.target}")
    return job


def _check_ids(store: str, table: Table, ids: list[str] | None, job: gt.LabelingJob) -> None:
    """Features of a file do not tell when the rows beside them are in another order."""
    known = None if job.ids is None else job.ids.tolist()
    if ids == known:
        return
    if ids is None or known is None:
        has, lacks = (table.path, f"the job in {store}") if known is None else (f"the job in {store}", table.path)
        raise gt.InvalidArgument(f"--id: {has} has ids and {lacks} has none, expected the column that the job had")
    row = next(row for row, (name, other) in enumerate(zip(ids, known, strict=True)) if name != other)
    raise gt.InvalidArgument(
        f"{table.where(row)}: the id {ids[row]!r} where the job in {store} has {known[row]!r}, expected the rows in "
        "the order that they had"
    )


def _overlap(arguments: argparse.Namespace) -> gt.Overlap | None:
    if arguments.overlap is None:
        if arguments.until_confidence is not None:
            raise gt.InvalidArgument("--until-confidence: given without --overlap, expected both")
        return None
    least, most = arguments.overlap
    until = {} if arguments.until_confidence is None else {"until_confidence": arguments.until_confidence}
    return gt.Overlap(min=least, max=most, **until)
