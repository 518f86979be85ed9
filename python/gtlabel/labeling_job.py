"""The labelling loop: ask people, train, label automatically, audit, certify."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gtlabel import _core
from gtlabel._core import (
    Batch,
    Certificate,
    ConfidenceThreshold,
    ErrorTarget,
    IncrementalModel,
    InvalidArgument,
    InvalidState,
    InvalidType,
    Submission,
)
from gtlabel.estimator_model import EstimatorModel
from gtlabel.labels import Labels
from gtlabel.report import Report

Target = ErrorTarget | ConfidenceThreshold
BUILT_IN_MODELS = (_core.Committee, _core.SoftmaxRegression, _core.GraphModel)


class LabelingJob:
    """Labels a pool with as few human answers as it can, and proves the error of the rest.

    Parameters
    ----------
    X
        The pool: (n_items, n_features) float32 array or scipy CSR matrix (borrowed: do not change it while the job
        lives), or other numbers (converted once).
    classes
        Distinct names, at least 2.
    ids
        One name per item, carried to the labels; default the item's index.
    target
        ``ErrorTarget(max_error, failure_probability)`` (certified) or ``ConfidenceThreshold(confidence)`` (plain).
    model
        A gtlabel model, a subclass of ``IncrementalModel``, or any scikit-learn classifier with ``predict_proba``;
        default a ``Committee``.
    batch_size
        Items per query batch; default chosen from the pool's size.
    seed
        Of everything random, the audit's coins included; ``None``: from the operating system.
    n_threads
        0: all cores. Results do not depend on it.

    Examples
    --------
    >>> while (batch := job.next_batch()) is not None:          # doctest: +SKIP
    ...     job.submit(batch.items, ask_people(batch.items))
    """

    def __init__(
        self,
        X: Any,
        classes: Sequence[str],
        ids: Sequence[Any] | None = None,
        target: Target = ErrorTarget(),  # noqa: B008 - immutable
        model: Any = None,
        batch_size: int | None = None,
        seed: int | None = 0,
        n_threads: int = 0,
    ) -> None:
        names = _class_names(classes)
        if not isinstance(target, ErrorTarget | ConfidenceThreshold):
            raise InvalidType(
                f"target: {type(target).__name__} given, expected ErrorTarget or ConfidenceThreshold"
            )
        if batch_size is not None and batch_size < 1:
            raise InvalidArgument(f"batch_size: {batch_size} given, expected at least 1, or None for automatic")
        self._X = X
        self._model = _as_model(model)
        self._core = _core.LabelingJob(X, names, target, self._model, batch_size or 0, seed, n_threads)
        self._ids = _checked_ids(ids, self._core.n_items)

    @property
    def classes(self) -> list[str]:
        """Names of the classes, in the order of class indices."""
        return self._core.classes

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

    def next_batch(self) -> Batch | None:
        """What to ask people next, or None when the job is finished.

        While items of the last batch are unanswered, those again. Otherwise trains (the interpreter is released,
        Ctrl-C works) and decides. If a user's model raises, the job is as before and the call can be repeated.
        """
        return self._core.next_batch()

    def submit(self, items: Any, answers: Any, workers: Sequence[str] | str | None = None) -> Submission:
        """Takes answers: class names or class indices, in any order, any subset; ``None`` is "no answer".

        Items nobody had asked about are taken too; an item answered again keeps the later answer (both are recorded).
        All or nothing: a bad row raises and changes nothing. ``workers``: who said it, one name or one per answer.
        """
        items, answers, names = _answered_rows(items, answers, workers)
        if all(isinstance(answer, str) for answer in answers):
            return self._core.submit_names(items, answers, names)
        return self._core.submit_indices(items, _class_indices(answers), names)

    def labels(self) -> Labels:
        """The labels decided so far; at the end one per item."""
        return Labels.from_columns(self._core.label_columns(), self.classes, self._ids)

    def answers(self) -> dict[str, Any]:
        """Every answer ever given, as columns in order of arrival: item, label, class_index, worker, round."""
        columns = self._core.answer_columns()
        workers = np.asarray(columns.pop("workers") or [""], dtype=np.str_)
        columns["worker"] = workers[columns["worker"]]
        columns["label"] = np.asarray(self.classes, dtype=np.str_)[columns["class_index"]]
        return columns

    def certificate(self) -> Certificate | None:
        """The certificate that the audits support now, or None."""
        return self._core.certificate()

    def report(self) -> Report:
        """What the job did and what it cost, with a history by round."""
        return Report.from_fields(self._core.report_fields())

    def run(self, annotate: Callable[[Batch], Any], progress: bool | Callable[[Report], None] = False) -> Report:
        """Drives the job to its end.

        Parameters
        ----------
        annotate
            Called with each batch; returns one answer per item in its order (``None``: not answered, asked again).
        progress
            True: a progress bar (needs tqdm). Or a function called with the report after each batch.
        """
        bar = _ProgressBar(self.n_items) if progress is True else None
        try:
            while (batch := self.next_batch()) is not None:
                submission = self.submit(batch.items, annotate(batch))
                if submission.n_answers == 0:
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
        """Writes the job (not the pool) to a file, atomically. Of a custom model, its labels are kept, not its fit."""
        self._core.save(os.fspath(path))

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        X: Any,
        ids: Sequence[Any] | None = None,
        model: Any = None,
        n_threads: int = 0,
    ) -> LabelingJob:
        """Continues a saved job to the same batches, as if it had not been interrupted.

        ``X`` must be the same pool (checked). ``model`` is needed if the saved job had one of its own.
        Safe on files from strangers.
        """
        with open(path, "rb") as file:
            return cls._restore(file.read(), X, ids, model, n_threads)

    @classmethod
    def _restore(cls, snapshot: bytes, X: Any, ids: Any, model: Any, n_threads: int) -> LabelingJob:
        job = cls.__new__(cls)
        job._X = X
        job._model = _as_model(model)
        job._core = _core.LabelingJob.restore(snapshot, X, job._model, n_threads)
        job._ids = _checked_ids(ids, job._core.n_items)
        return job

    def __reduce__(self) -> tuple[Any, ...]:
        return LabelingJob._restore, (self._core.snapshot(), self._X, self._ids, _untrained(self._model), 0)

    def __repr__(self) -> str:
        report = self.report()
        state = "finished" if report.is_finished else f"round {report.rounds}"
        return f"LabelingJob({self.n_items} items, {len(self.classes)} classes, {state}, {report.n_human} asked of people)"

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


def _class_names(classes: Sequence[str]) -> list[str]:
    if isinstance(classes, str):
        raise InvalidType(f"classes: the string {classes!r} given, expected a sequence of names")
    names = list(classes)
    for position, name in enumerate(names):
        if not isinstance(name, str):
            raise InvalidType(f"classes: position {position} is a {type(name).__name__}, expected names (str)")
    return [str(name) for name in names]


def _as_model(model: Any) -> IncrementalModel | None:
    if model is None or isinstance(model, IncrementalModel):
        return model
    if isinstance(model, type):
        raise InvalidType(f"model: the class {model.__name__} given, expected an object: {model.__name__}()")
    return EstimatorModel(model)


def _untrained(model: IncrementalModel | None) -> IncrementalModel | None:
    """What a pickled job keeps of its model: parameters only; the fit of built-in models is in the job's snapshot."""
    return model.clone() if isinstance(model, BUILT_IN_MODELS) else model


def _checked_ids(ids: Sequence[Any] | None, n_items: int) -> NDArray[Any] | None:
    if ids is None:
        return None
    array = np.asarray(ids)
    if array.shape != (n_items,):
        raise InvalidArgument(f"ids: shape {array.shape} given, expected ({n_items},), one per item")
    return array


def _answered_rows(items: Any, answers: Any, workers: Any) -> tuple[Any, list[Any], list[str]]:
    """Items, answers and workers as equally long lists, rows without an answer left out."""
    if isinstance(answers, str):
        raise InvalidType(f"answers: the string {answers!r} given, expected a sequence, one answer per item")
    items = np.asarray(items)
    answers = answers.tolist() if hasattr(answers, "tolist") else list(answers)
    if len(answers) != len(items):
        raise InvalidArgument(f"submit: {len(items)} items and {len(answers)} answers given, expected equally many")
    names = [workers] * len(answers) if isinstance(workers, str) else list(workers or [])
    if names and len(names) != len(answers):
        raise InvalidArgument(f"submit: {len(names)} workers and {len(answers)} answers given, expected equally many")
    kept = [row for row, answer in enumerate(answers) if answer is not None]
    if len(kept) < len(answers):
        items = items[kept]
        answers = [answers[row] for row in kept]
        names = [names[row] for row in kept] if names else names
    return items, answers, names


def _class_indices(answers: list[Any]) -> list[int]:
    for row, answer in enumerate(answers):
        if isinstance(answer, bool) or not isinstance(answer, int | np.integer):
            raise InvalidType(
                f"answers: row {row} is {answer!r}, expected a class name (str) or a class index (int), all of one kind"
            )
    return [int(answer) for answer in answers]
