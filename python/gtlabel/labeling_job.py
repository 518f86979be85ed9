"""The labelling loop: ask people, train, label automatically, audit, certify."""

from __future__ import annotations

import operator
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gtlabel import _core
from gtlabel._core import (
    Batch,
    Certificate,
    ConfidenceThreshold,
    ErrorTarget,
    FixedProbabilities,
    IncrementalModel,
    InvalidArgument,
    InvalidState,
    InvalidType,
    Overlap,
    Submission,
    UnknownClass,
)
from gtlabel.answers import SPECIAL_NAMES, SpecialAnswer, Unsure
from gtlabel.audit_trail import write_audit_trail
from gtlabel.budget import Budget, checked_budget
from gtlabel.estimator_model import EstimatorModel
from gtlabel.gold import gold_labels
from gtlabel.item_history import ItemHistory
from gtlabel.labeling_plan import LabelingPlan, Price, checked_price
from gtlabel.labels import Labels
from gtlabel.report import Report
from gtlabel.worker_table import SpendingTable, WorkerTable

if TYPE_CHECKING:
    from gtlabel._core import _Pool

Target = ErrorTarget | ConfidenceThreshold
NO_ANSWER = -1  # where people said nothing, as a class index of the core

# A batch that is skipped whole goes to somebody else; so many in a row, and there is nobody else.
_MOST_SKIPPED_BATCHES = 100


class LabelingJob:
    """Labels a pool with as few human answers as it can, and proves the error of the rest.

    Parameters
    ----------
    X
        The pool: (n_items, n_features) float32 array or scipy CSR matrix (borrowed: do not change it while the job
        lives), or other numbers, pandas frames and sparse formats (converted once). ``None`` with ``probabilities``.
    classes
        Distinct names, at least 2.
    ids
        One name (str) per item, carried to the labels and into files; whole numbers are kept as text. Default: none,
        the labels show the item's index.
    target
        ``ErrorTarget(max_error, failure_probability)`` (certified; ``per_class=True``: every class by itself) or
        ``ConfidenceThreshold(confidence)`` (plain).
    model
        A gtlabel model, a subclass of ``IncrementalModel``, or any scikit-learn classifier with ``predict_proba``;
        default a ``Committee``. One object serves one job.
    batch_size
        Items per query batch; default chosen from the pool's size.
    seed
        Of everything random, the audit's coins included; ``None``: from the operating system.
    n_threads
        0: all cores. Results do not depend on it.
    probabilities
        (n_items, n_classes): somebody else's class probabilities, to be certified and routed as they are, without a
        pool and a model of one's own. The labels of these items must not have been used to make them. Short for them
        as ``X`` and a ``FixedProbabilities`` as ``model``; ``load`` wants both.
    overlap
        How many people are asked about an item, ``Overlap(min, max, until_confidence)``; default one.
    price
        What they are paid, ``Price(per_answer, currency, per_worker)``.
    budget
        ``Budget(max_answers, max_cost, max_items)``; the job ends when it is spent, with what is proved by then.
    gold
        Items whose class is known beforehand: a mapping from index or id to class (name or index), or two sequences,
        ``(items, classes)``. They count as labelled by people from the start and are trained on. Some are planted in
        the batches, each once, with the purpose of those that they are among: people's answers about them tell how good
        each worker is and, if gold is a random sample of the pool, bound the error against the truth
        (``certificate().truth``).
    gold_rate
        Items of gold per item that people are asked about.
    lease_seconds
        How long a worker has for an item that ``next_batch(worker=...)`` gave him.
    now
        The leases' clock: a function that returns seconds; default the system's time.
    commit
        ``"eager"``: labels automatically as soon as the model is sure of a part. ``"final"``: once, when training
        is over, after one exact audit of all that is open; for who needs nothing before the end. Default: eager, but
        final with ``probabilities`` where that needs fewer people, that is with ``ErrorTarget(of="dataset")`` and for
        pools of 10,000 items and more that have no ``per_class`` target. Without meaning for a ``ConfidenceThreshold``.
    store
        Path of a new file that the job lives in: every answer is on disk when ``submit`` returns, and ``open`` goes on
        after any interruption. Default: in memory alone. See docs/store.md.

    Examples
    --------
    >>> while (batch := job.next_batch()) is not None:          # doctest: +SKIP
    ...     job.submit(batch.items, ask_people(batch.items))
    """

    def __init__(
        self,
        X: _Pool | None,
        classes: Iterable[str],
        ids: Sequence[Any] | None = None,
        target: Target = ErrorTarget(),  # noqa: B008 - immutable
        model: Any = None,
        batch_size: int | None = None,
        seed: int | None = 0,
        n_threads: int = 0,
        *,
        probabilities: _Pool | None = None,
        overlap: Overlap | None = None,
        price: Price | None = None,
        budget: Budget | None = None,
        gold: Mapping[Any, Any] | tuple[Any, Any] | None = None,
        gold_rate: float = 0.05,
        lease_seconds: float = 3600.0,
        now: Callable[[], float] | None = None,
        commit: Literal["eager", "final"] | None = None,
        store: str | os.PathLike[str] | None = None,
    ) -> None:
        names = _class_names(classes)
        if not isinstance(target, ErrorTarget | ConfidenceThreshold):
            raise InvalidType(f"target: {type(target).__name__} given, expected ErrorTarget or ConfidenceThreshold")
        automatic = 0
        n_batch = automatic if batch_size is None else _whole_number("batch_size", batch_size, 1)
        if seed is not None:
            seed = _whole_number("seed", seed, 0, 2**64 - 1)
        if probabilities is not None:
            if X is not None or model is not None:
                raise InvalidArgument("probabilities: given beside X or model, expected alone: they stand for both")
            X, model = probabilities, FixedProbabilities()
        if X is None:
            raise InvalidType("X: None given, expected a pool, or probabilities=")
        self._X = X
        self._model = _as_model(model)
        self._n_threads = _whole_number("n_threads", n_threads, 0)
        if overlap is not None and not isinstance(overlap, Overlap):
            raise InvalidType(f"overlap: {type(overlap).__name__} given, expected Overlap(min, max)")
        paid = checked_price(price) or Price(0.0)
        limits = checked_budget(budget)
        id_names = _id_names(ids)
        gold_items, gold_classes = gold_labels(gold, names, id_names, _are_numbers(ids))
        self._price = price
        self._now = now
        self._core = _core.LabelingJob(
            X,
            names,
            id_names,
            target,
            self._model,
            n_batch,
            seed,
            self._n_threads,
            overlap or Overlap(),
            paid.per_answer,
            paid.currency,
            dict(paid.per_worker),
            limits.max_answers,
            limits.max_cost,
            limits.max_items,
            _number("lease_seconds", lease_seconds),
            now,
            _commit_name(commit),
            "" if store is None else os.fsencode(store),
            gold_items,
            gold_classes,
            _number("gold_rate", gold_rate),
        )
        self._ids = _id_column(self._core)

    @property
    def classes(self) -> list[str]:
        """Names of the classes by class index, those of merged and retired ones included."""
        return self._core.classes

    @property
    def active_classes(self) -> list[str]:
        """Names of the classes in use."""
        names = self._core.classes
        return [names[index] for index in self._core.active_classes]

    @property
    def store(self) -> str | None:
        """The file that the job lives in, or None."""
        return os.fsdecode(self._core.store) or None

    @property
    def ids(self) -> NDArray[np.str_] | None:
        """Names of the items, one each, or None."""
        return self._ids

    @property
    def n_items(self) -> int:
        """Size of the pool."""
        return self._core.n_items

    @property
    def target(self) -> Target:
        """What the automatic labels have to meet."""
        return self._core.target

    @property
    def model(self) -> IncrementalModel | None:
        """The model given, wrapped if it was a scikit-learn classifier; None: the default Committee."""
        return self._model

    @property
    def is_finished(self) -> bool:
        """Whether every item has its final label."""
        return self._core.is_finished

    def next_batch(self, worker: str | None = None, size: int | None = None) -> Batch | None:
        """What to ask people next, or None when the job is finished.

        While items of the last batch are unanswered, those again. Otherwise trains (the interpreter is released,
        Ctrl-C works) and decides. If a user's model raises, the job is as before and the call can be repeated.

        With a ``worker``: at most ``size`` items (default 10) leased to him, none that he has answered or skipped or
        that somebody else has now, those first that his answer is expected to make surest. What he has not answered
        within ``lease_seconds`` goes to others. Asked for again before, the same items. An empty batch: nothing for
        him at the moment. Who seems to guess (``is_spam`` of ``workers()``, as of the last round) gets nothing while
        anybody who does not has items in hand.
        """
        if worker is None:
            if size is not None:
                raise InvalidArgument("size: given without a worker, expected worker= too")
            return self._core.next_batch()
        if not isinstance(worker, str):
            raise InvalidType(f"worker: {type(worker).__name__} given, expected a name (str)")
        return self._core.next_batch_for(worker, 0 if size is None else _whole_number("size", size, 1))

    def submit(
        self,
        items: ArrayLike,
        answers: Iterable[Any],
        workers: Iterable[str] | str | None = None,
        seconds: ArrayLike | None = None,
        answer_ids: Iterable[str] | None = None,
    ) -> Submission:
        """Takes answers about items of the last batch or any others.

        All or nothing: a bad row raises and changes nothing. An item answered again keeps the later
        answer (both are recorded).

        Parameters
        ----------
        items
            Indices into the pool, in any order.
        answers
            One per item: class names or class indices, or ``gtlabel.SKIP`` (somebody else is asked),
            ``gtlabel.UNSURE``, ``gtlabel.Unsure(answer, probability)`` (a guess) and ``gtlabel.NONE_OF_THESE``.
            ``None``, NaN or pandas' ``NA``: no answer.
        workers
            Who said it: one name, or one per item. Whoever gives no name counts as somebody else each time.
        seconds
            How long each answer took; NaN or 0 where it is not known.
        answer_ids
            Names of the answers, one each, each given once: what comes again with its id changes nothing and is counted
            as ``n_repeated``. Without ids an answer about an item that is not in the present batch is known again if it
            is what its worker said last about it (where one answer is enough: what was said last).

        With a store the answers are on disk when the call returns; if they cannot be written, it raises
        ``ArchiveError`` and none is taken.

        With an overlap above one answers become labels at the next ``next_batch``; an item that is not settled then is
        in the batch again, with the purpose "review".
        """
        indices, certainties = class_indices(answers, self.classes)
        return self._core.submit(
            items,
            indices,
            _worker_names(workers, len(indices)),
            _times(seconds, len(indices)),
            certainties,
            _answer_ids(answer_ids, len(indices)),
        )

    def extend(self, X: _Pool | None = None, ids: Sequence[Any] | None = None, *, probabilities: Any = None) -> None:
        """More items join the pool, behind the others, at any time; a finished job then goes on.

        Answers, automatic labels, audits and certificate stay as they are, and a batch that is out stays out. People
        are first asked about a random sample of the new items. Let many join at once rather than few at a time: the
        model is attached to the longer pool and fitted to all labels at each call.

        All or nothing: what does not fit raises and changes nothing. If a user's model raises, Ctrl-C comes or the
        store cannot be written, no item has joined; the model may be fitted again by the next ``next_batch``.

        Parameters
        ----------
        X
            The new items, with the pool's columns and in its form (dense or sparse). The job copies them behind the old
            ones; ``load`` then wants the pool as one array.
        ids
            One per new item if the job has ids; else none.
        probabilities
            The new rows instead of ``X``, where the job was made of ``probabilities``.
        """
        if (X is None) == (probabilities is None):
            raise InvalidArgument("extend: expected either X or probabilities, and not both")
        if probabilities is not None and not isinstance(self._model, FixedProbabilities):
            raise InvalidArgument("extend: probabilities given, expected X: the job was not made of probabilities")
        more: Any = X if probabilities is None else probabilities
        self._core.extend(more, _id_names(ids))
        self._X = self._core.pool()
        self._ids = _id_column(self._core)

    def add_class(self, name: str) -> None:
        """A new class, behind the others; people are asked about a random sample again, to find its items.

        The list of classes can change at any time, and a finished job then goes on. Answers stay. Automatic labels,
        audits and what the model learned begin anew; a certificate speaks of the list of its time only.
        """
        self._change_classes(self._core.add_class, name)

    def merge_classes(self, name: str, into: str) -> None:
        """All of a class belongs to another from now on: answers so far, and those that still come under its name."""
        self._change_classes(self._core.merge_classes, name, into)

    def retire_class(self, name: str) -> None:
        """A class is no longer asked for: its items are asked again, and answers that name it are refused."""
        self._change_classes(self._core.retire_class, name)

    def rename_class(self, name: str, new_name: str) -> None:
        """Another name for the same class; nothing else changes."""
        self._change_classes(self._core.rename_class, name, new_name)

    def _change_classes(self, change: Callable[..., None], *names: str) -> None:
        for name in names:
            if not isinstance(name, str):
                raise InvalidType(f"class: {name!r} given, expected a name (str)")
        change(*names)
        if self._model is not None:
            self._model = self._core.model()

    def close(self) -> None:
        """Lets go of the store, so that another job may open it; also ``with gt.LabelingJob.open(...) as job:``.

        What a closed job knows can be read; whatever would change it raises ``InvalidState``. Nothing without a store.
        """
        self._core.close()

    def __enter__(self) -> LabelingJob:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def explain(self, item: int) -> ItemHistory:
        """All that happened to an item, in its order: asked, answers, labels, commits, audits. Needs a store."""
        rows = self._core.history_rows(_whole_number("item", item, 0, self.n_items - 1))
        return ItemHistory.from_rows(rows, self.classes)

    def export(self, path: str | os.PathLike[str]) -> None:
        """Writes the labels decided so far to a .csv, .jsonl or .parquet file, atomically."""
        from gtlabel.formats import write_labels

        write_labels(self.labels(), path)

    def write_audit_trail(self, path: str | os.PathLike[str]) -> None:
        """Writes everything in the store as JSON Lines, each chained to the one before; see ``verify_audit_trail``."""
        if self.store is None:
            raise InvalidState("write_audit_trail: this job has no store, expected one made with store=")
        write_audit_trail(self.store, path)

    def labels(self) -> Labels:
        """The labels decided so far; at the end one per item."""
        return Labels.from_columns(self._core.label_columns(), self.classes, self._ids)

    def answers(self) -> dict[str, Any]:
        """Every answer ever given, as columns in order of arrival.

        ``item``, ``label``, ``class_index``, ``worker`` ("": not told), ``round``, ``certainty`` (below 1: a guess) and
        ``seconds`` (0: not told). Labels beside the classes are "skip", "unsure" and "none of these", with negative
        class indices.
        """
        columns = self._core.answer_columns()
        workers = np.asarray(columns["workers"] or [""], dtype=np.str_)
        return {
            "item": columns["item"],
            "label": np.asarray([*self.classes, *SPECIAL_NAMES], dtype=np.str_)[columns["class_index"]],
            "class_index": columns["class_index"],
            "worker": workers[columns["worker"]],
            "round": columns["round"],
            "certainty": columns["certainty"],
            "seconds": columns["seconds"],
        }

    def workers(self) -> WorkerTable:
        """Who has answered, and how well: a row per worker, with ``to_pandas()``."""
        return WorkerTable.from_rows(self._core.worker_rows())

    def spending(self) -> SpendingTable:
        """What each worker was paid in each round, with ``to_pandas()``."""
        return SpendingTable.from_columns(self._core.spending_columns())

    def predictions(self) -> dict[str, Any]:
        """What the model thinks now of the items without a human answer; nothing of it is promised.

        ``item``, ``label``, ``class_index`` and ``confidence`` (calibrated probability of being right).
        Never show it to the people who answer. NotFitted before the first training.
        """
        columns = self._core.prediction_columns()
        names = np.asarray(self.classes, dtype=np.str_)
        return {**columns, "label": names[columns["class_index"]]}

    def certificate(self) -> Certificate | None:
        """The certificate that the audits support now, or None."""
        return self._core.certificate()

    def report(self) -> Report:
        """What the job did and what it cost, with a history by round."""
        return Report.from_fields(self._core.report_fields())

    def plan(self, price: Price | None = None) -> LabelingPlan:
        """How many people the job is expected to need in all, with an interval, and what they cost.

        Before the first round, and the first after items joined, from jobs on other pools; then from how the model
        learns and what audits find. ``price``: default the job's; where workers have prices of their own, what an
        answer has cost on average.
        """
        return LabelingPlan(**self._core.plan_fields(), price=checked_price(price) or self._mean_price())

    def _mean_price(self) -> Price | None:
        if self._price is None or not self._price.per_worker:
            return self._price
        report = self.report()
        return Price(report.cost / report.n_paid, report.currency) if report.n_paid else self._price

    def run(self, annotate: Callable[[Batch], Any], progress: bool | Callable[[Report], None] = False) -> Report:
        """Drives the job to its end.

        Parameters
        ----------
        annotate
            Called with each batch; returns one answer per item in its order (``None``: not answered, asked again), or a
            dict of ``answers``, ``workers`` and ``seconds`` as ``submit`` takes them.
        progress
            True: a progress bar (needs tqdm). Or a function called with the report after each batch.
        """
        bar = _ProgressBar(self.n_items) if progress is True else None
        try:
            n_unanswered = 0  # batches in a row
            while (batch := self.next_batch()) is not None:
                result = annotate(batch)
                said = result if isinstance(result, dict) else {"answers": result}
                submission = self.submit(batch.items, **said)
                n_unanswered = 0 if submission.n_answers else n_unanswered + 1
                if submission.n_answers + submission.n_skipped == 0 or n_unanswered > _MOST_SKIPPED_BATCHES:
                    raise InvalidState(f"run: none of the {len(batch)} items of a batch was answered")
                if bar is not None:
                    bar.show(self.report())
                elif callable(progress):
                    progress(self.report())
            if bar is not None:
                bar.show(self.report())
        finally:
            if bar is not None:
                bar.close()
        return self.report()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the job to a file, atomically: without the pool, and of a custom model its labels, not its fit."""
        self._core.save(os.fsencode(path))

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        X: _Pool,
        ids: Sequence[Any] | None = None,
        model: Any = None,
        n_threads: int = 0,
        now: Callable[[], float] | None = None,
    ) -> LabelingJob:
        """Continues a saved job to the same batches, as if it had not been interrupted.

        ``X`` must be the same pool (checked). ``ids``: default those of the saved job. ``model`` is needed if the saved
        job had one of its own.
        Safe on files from strangers.
        """
        return cls._restore(_core.read_file(os.fsencode(path)), X, ids, model, n_threads, now)

    @classmethod
    def _restore(
        cls, snapshot: bytes, X: Any, ids: Any, model: Any, n_threads: int, now: Callable[[], float] | None = None
    ) -> LabelingJob:
        return cls._resumed(_core.LabelingJob.restore, snapshot, X, ids, model, n_threads, now)

    @classmethod
    def open(
        cls,
        store: str | os.PathLike[str],
        X: _Pool,
        ids: Sequence[Any] | None = None,
        model: Any = None,
        n_threads: int = 0,
        now: Callable[[], float] | None = None,
    ) -> LabelingJob:
        """Goes on with a job that lives in a store, after whatever ended the process that had it.

        Batches, routes and certificate are those of a job that was never interrupted. Parameters as in ``load``. One
        job at a time has a store: a second gets an ``ArchiveError`` that names the process.
        """
        return cls._resumed(_core.LabelingJob.open, os.fsencode(store), X, ids, model, n_threads, now)

    @classmethod
    def _resumed(
        cls,
        resume: Callable[..., _core.LabelingJob],
        source: bytes,
        X: Any,
        ids: Any,
        model: Any,
        n_threads: int,
        now: Callable[[], float] | None,
    ) -> LabelingJob:
        job = cls.__new__(cls)
        job._X = X
        job._model = _as_model(model)
        job._n_threads = _whole_number("n_threads", n_threads, 0)
        job._core = resume(source, X, _id_names(ids), job._model, job._n_threads, now)
        paid = job._core.price
        job._now = now
        job._price = Price(*paid) if paid[0] > 0 or paid[2] else None
        job._ids = _id_column(job._core)
        return job

    def __reduce__(self) -> tuple[Any, ...]:
        # A copy is in memory alone: a store belongs to one job. Of the model the parameters alone: what it has learned
        # is in the snapshot, and a copy of the job must not share the object.
        model = None if self._model is None else self._model.clone()
        snapshot = self._core.snapshot()
        return type(self)._restore, (snapshot, self._X, None, model, self._n_threads, self._now)

    def __repr__(self) -> str:
        report = self.report()
        state = "finished" if report.is_finished else f"round {report.rounds}"
        return (
            f"LabelingJob({self.n_items} items, {len(self.classes)} classes, {state}, "
            f"{report._n_asked} asked of people)"
        )

    def _repr_html_(self) -> str:
        return self.report()._repr_html_()


class _ProgressBar:
    """Decided items of a job, as a tqdm bar."""

    def __init__(self, n_items: int) -> None:
        from tqdm.auto import tqdm

        self._bar = tqdm(total=n_items, unit="item")

    def show(self, report: Report) -> None:
        self._bar.update(report.n_human + report.n_auto - self._bar.n)
        self._bar.set_postfix(asked=report.n_human, auto=report.n_auto)

    def close(self) -> None:
        self._bar.close()


def _class_names(classes: Iterable[str]) -> list[str]:
    if isinstance(classes, str) or not isinstance(classes, Iterable):
        raise InvalidType(f"classes: {classes!r} given, expected a sequence of names")
    names = list(classes)
    for position, name in enumerate(names):
        if not isinstance(name, str):
            kind = type(name).__name__
            raise InvalidType(f"classes: position {position} is a {kind}, expected names (str)")
    return [str(name) for name in names]


def _whole_number(name: str, value: Any, least: int, most: int = 2**31 - 1) -> int:
    try:
        number = operator.index(value)
    except TypeError:
        raise InvalidType(f"{name}: {value!r} given, expected a whole number") from None
    if not least <= number <= most:
        raise InvalidArgument(f"{name}: {number} given, expected {least} to {most}")
    return number


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise InvalidType(f"{name}: {value!r} given, expected a number")
    return float(value)


def _commit_name(commit: Any) -> str:
    """As the core takes it: an empty name leaves the choice to the job."""
    if commit is None:
        return ""
    if not isinstance(commit, str):
        raise InvalidType(f"commit: {commit!r} given, expected 'eager', 'final' or None")
    if not commit:
        raise InvalidArgument("commit: '' given, expected 'eager' or 'final'")
    return commit


def _as_model(model: Any) -> IncrementalModel | None:
    if model is None or isinstance(model, IncrementalModel):
        return model
    if isinstance(model, type):
        name = model.__name__
        raise InvalidType(f"model: the class {name} given, expected an object: {name}()")
    return EstimatorModel(model)


def _id_names(ids: Iterable[Any] | None) -> list[str]:
    if ids is None:
        return []
    if isinstance(ids, str) or not isinstance(ids, Iterable):
        raise InvalidType(f"ids: {ids!r} given, expected a sequence, one name an item")
    names = list(ids)
    if not names:
        raise InvalidArgument("ids: 0 given, expected one an item, or None")
    for row, name in enumerate(names):
        if not isinstance(name, str | int | np.integer):
            raise InvalidType(f"ids: row {row} is {name!r}, expected a name (str) or a whole number")
    return [str(name) for name in names]


def _are_numbers(ids: Sequence[Any] | None) -> bool:
    return ids is not None and len(ids) > 0 and not isinstance(next(iter(ids)), str)


def _id_column(job: _core.LabelingJob) -> NDArray[np.str_] | None:
    ids = job.ids
    return np.asarray(ids, dtype=np.str_) if ids else None


def class_indices(answers: Iterable[Any], classes: list[str]) -> tuple[NDArray[np.int32], list[float]]:
    """One class index per answer, NO_ANSWER where there is none, and the certainties; of these none if all are sure."""
    if isinstance(answers, str) or not isinstance(answers, Iterable):
        raise InvalidType(f"answers: {answers!r} given, expected a sequence, one answer an item")
    if _are_plain_indices(answers, len(classes)):
        return np.asarray(answers, dtype=np.int32), []
    as_list = getattr(answers, "tolist", None) or getattr(answers, "to_pylist", None)  # numpy's, pandas'; Arrow's
    values = as_list() if as_list else list(answers)
    if not isinstance(values, list):  # an array without dimensions
        raise InvalidType(f"answers: {values!r} given, expected a sequence, one answer an item")
    index_of = {name: index for index, name in enumerate(classes)}
    indices = np.full(len(values), NO_ANSWER, dtype=np.int32)
    certainties: dict[int, float] = {}
    kind: type | None = None
    for row, given in enumerate(values):
        value = given
        if isinstance(value, SpecialAnswer):
            indices[row] = value.code
            continue
        if isinstance(value, Unsure):
            if value.answer is None:
                indices[row] = _core._UNSURE
                continue
            certainties[row] = value.probability
            value = value.answer
        if _is_missing(value):
            continue
        kind = kind or (str if isinstance(value, str) else int)
        indices[row] = _class_index(value, row, kind, index_of)
    return indices, [certainties.get(row, 1.0) for row in range(len(values))] if certainties else []


def _are_plain_indices(answers: Any, n_classes: int) -> bool:
    """Whole numbers in an array, all of them classes: thousands at a time need no look at each."""
    is_column = isinstance(answers, np.ndarray) and answers.ndim == 1 and answers.dtype.kind in "iu"
    return is_column and bool(((answers >= 0) & (answers < n_classes)).all())


def _answer_ids(ids: Iterable[str] | None, n_answers: int) -> list[str]:
    if ids is None:
        return []
    if isinstance(ids, str) or not isinstance(ids, Iterable):
        raise InvalidType(f"answer_ids: {ids!r} given, expected a sequence, one id an answer")
    names = list(ids)
    for row, name in enumerate(names):
        if not isinstance(name, str):
            raise InvalidType(f"answer_ids: row {row} is {name!r}, expected an id (str)")
    if len(names) != n_answers:
        raise InvalidArgument(f"answer_ids: {len(names)} given for {n_answers} answers, expected one each")
    return names


def _times(seconds: ArrayLike | None, n_answers: int) -> list[float]:
    if seconds is None:
        return []
    times = np.asarray(seconds, dtype=np.float64)
    if times.shape != (n_answers,):
        raise InvalidArgument(f"seconds: shape {times.shape} given for {n_answers} answers, expected one each")
    bad = np.flatnonzero(times < 0)
    if len(bad):
        raise InvalidArgument(f"seconds: row {bad[0]} is {times[bad[0]]}, expected 0 or more")
    known: list[float] = np.nan_to_num(times, nan=0.0).tolist()
    return known


def _class_index(value: Any, row: int, kind: type, index_of: dict[str, int]) -> int:
    is_index = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not (isinstance(value, str) if kind is str else is_index):
        raise InvalidType(
            f"answers: row {row} is {value!r}, expected a class name (str) or a class index (int), all of one kind"
        )
    if kind is int and 0 <= value < len(index_of):
        return int(value)
    if kind is int:
        expected = f"expected 0 to {len(index_of) - 1}"
        raise UnknownClass(f"answers: row {row} is class {value}, {expected}")
    if value not in index_of:
        expected = f"which is none of the job's {len(index_of)} classes"
        raise UnknownClass(f"answers: row {row} is {str(value)!r}, {expected}")
    return index_of[value]


def _is_missing(answer: Any) -> bool:
    """None, NaN, and the missing values of pandas, without a need for pandas."""
    is_nan = isinstance(answer, float | np.floating) and answer != answer
    return answer is None or is_nan or type(answer).__name__ in ("NAType", "NaTType")


def _worker_names(workers: Iterable[str] | str | None, n_answers: int) -> list[str]:
    if workers is None:
        return []
    if isinstance(workers, str):
        return [workers] * n_answers
    if not isinstance(workers, Iterable):
        raise InvalidType(f"workers: {workers!r} given, expected a name or one name an answer")
    names = list(workers)
    for row, name in enumerate(names):
        if not isinstance(name, str):
            raise InvalidType(f"workers: row {row} is {name!r}, expected a name (str)")
    if len(names) != n_answers:
        raise InvalidArgument(f"workers: {len(names)} given for {n_answers} answers, expected one each")
    return names
