"""Many answers per item -> one label with its probability, and the quality of each worker."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gtlabel import _core
from gtlabel._core import InvalidArgument
from gtlabel.vote_columns import NO_GOLD, Votes, encode

MEMBERS = ("one_coin", "fast_dawid_skene", "ibcc", "ebcc")


@dataclass(frozen=True, eq=False)
class Reliability:
    """How often labels of a stated confidence are right: one entry per bin of equal width that is not empty."""

    confidence: NDArray[np.float64]
    """Mean confidence."""
    accuracy: NDArray[np.float64]
    """Share of right labels."""
    count: NDArray[np.int64]
    """Labels in the bin."""

    @property
    def expected_calibration_error(self) -> float:
        """Mean distance of confidence and accuracy, weighted by count."""
        return float(np.average(np.abs(self.confidence - self.accuracy), weights=self.count))


@dataclass(frozen=True, eq=False)
class Consolidation:
    """Labels and workers, as the answers have them. Rows of items and workers are in order of first appearance."""

    method: str
    items_: NDArray[Any]
    labels_: NDArray[Any]
    """Most probable class per item; of equals the first of ``classes_``."""
    probabilities_: NDArray[np.float64]
    """(items, classes); rows sum to 1."""
    classes_: NDArray[Any]
    workers_: NDArray[Any]
    worker_counts_: NDArray[np.float64]
    """(workers, classes, classes): expected number of times that the worker said [.., answer] where the label is
    [truth, ..]; history included."""
    worker_accuracy_: NDArray[np.float64]
    """Probability that an answer of the worker is right."""
    difficulty_: NDArray[np.float64]
    """Expected share of wrong answers among those about the item."""
    log_likelihoods_: NDArray[np.float64]
    """After each iteration; of ``consolidate``: of the member with the largest weight."""
    left_out_loss_: float
    """Mean of -log of the probability given to a vote without it; 0 where it is not computed."""
    member_weights_: dict[str, float]
    """Of ``consolidate``: the weight of each member."""

    @property
    def confidence_(self) -> NDArray[np.float64]:
        """Probability of the label, per item."""
        largest: NDArray[np.float64] = self.probabilities_.max(axis=1)
        return largest

    @property
    def worker_confusions_(self) -> NDArray[np.float64]:
        """(workers, classes, classes): P(answer | truth) as [worker, truth, answer]; NaN where the worker has met
        nothing of a class."""
        totals = self.worker_counts_.sum(axis=2, keepdims=True)
        shares = np.full_like(self.worker_counts_, np.nan)
        np.divide(self.worker_counts_, totals, out=shares, where=totals > 1e-9)
        return shares

    def confusion_intervals(self, confidence: float = 0.95) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Lower and upper ends for ``worker_confusions_`` (Wilson's score interval on the expected counts); from 0 to
        1 where the worker has met nothing. They do not count the doubt about the labels themselves."""
        totals = np.broadcast_to(self.worker_counts_.sum(axis=2, keepdims=True), self.worker_counts_.shape)
        low, high = _core.wilson_interval(self.worker_counts_, totals, confidence)
        return low, high

    def reliability(self, truth: Mapping[Any, Any], n_bins: int = 10) -> Reliability:
        """Compares confidences with the truth, where that is known."""
        known = [(row, truth[item]) for row, item in enumerate(self.items_.tolist()) if item in truth]
        if not known:
            raise InvalidArgument("truth: of none of the items, expected some")
        rows = np.array([row for row, _ in known])
        labels = self.labels_.tolist()
        right = np.array([labels[row] == answer for row, answer in known], dtype=float)
        confidence = self.confidence_[rows]
        bins = np.minimum((confidence * n_bins).astype(int), n_bins - 1)
        count = np.bincount(bins, minlength=n_bins)
        is_used = count > 0
        sums = np.bincount(bins, confidence, n_bins), np.bincount(bins, right, n_bins)
        return Reliability(sums[0][is_used] / count[is_used], sums[1][is_used] / count[is_used], count[is_used])

    def to_pandas(self) -> Any:
        """item, label, confidence and difficulty as a DataFrame. Needs pandas."""
        import pandas as pd

        return pd.DataFrame(
            {
                "item": self.items_,
                "label": self.labels_,
                "confidence": self.confidence_,
                "difficulty": self.difficulty_,
            }
        )

    def __repr__(self) -> str:
        return (
            f"Consolidation({self.method}: {len(self.items_)} items, {len(self.workers_)} workers, "
            f"{len(self.classes_)} classes)"
        )


@dataclass(frozen=True, eq=False)
class GroundTruthConsolidation:
    """Labels and confidences as SageMaker Ground Truth writes them, in order of first appearance of the items."""

    items_: NDArray[Any]
    labels_: NDArray[Any]
    confidences_: NDArray[np.float64]


def consolidate(
    items: Any,
    workers: Any = None,
    answers: Any = None,
    *,
    classes: Sequence[Any] | None = None,
    gold: Mapping[Any, Any] | None = None,
    history: Consolidation | Mapping[Any, ArrayLike] | None = None,
    model_probabilities: ArrayLike | Mapping[Any, ArrayLike] | None = None,
    max_iterations: int = 100,
    tolerance: float = 1e-6,
    seed: int = 0,
    n_threads: int = 0,
) -> Consolidation:
    """One label per item from many answers: a weighted mean of several models of how people answer.

    The default; docs/consolidation.md says what is in it and how it does on real answers. The probabilities are those
    of the mean, with the log odds of n votes divided by 1 + r (n - 1), because people share mistakes; r is estimated.

    Parameters
    ----------
    items, workers, answers
        Columns of equal length, one row per answer: sequences, arrays, pandas or Arrow columns of any ids and answers
        that can be compared. Or ``items`` alone: a table with the columns item (or task), worker, answer (or label).
        ``workers=None`` beside answers: nobody knows who answered.
    classes
        All possible answers, in the order of the columns of the probabilities; default: those there are, sorted.
    gold
        Item -> true answer, where it is known. Such items keep it and teach about the workers.
    history
        Earlier work of the workers: an earlier result with the same classes, or worker -> (classes, classes) counts
        [truth, answer]. Workers without it have none.
    model_probabilities
        A model's class probabilities, as one more annotator: item -> row, or one row per item in order of first
        appearance.
    max_iterations, tolerance
        Iterations end when the log-likelihood gains less than ``tolerance`` of itself.
    seed
        Of the random starts of one member.
    n_threads
        0: all cores. Results do not depend on it.

    Raises
    ------
    InvalidArgument
        No rows, missing values (named by row), columns of different length, options that do not fit.
    UnknownClass
        An answer that is none of ``classes``, named by row.
    """
    votes = Votes(items, workers, answers, classes)
    options = {"max_iterations": max_iterations, "tolerance": tolerance, "seed": seed, "n_threads": n_threads}
    return _run("consolidate", votes, gold, history, model_probabilities, **options)


def majority_vote(
    items: Any,
    workers: Any = None,
    answers: Any = None,
    *,
    classes: Sequence[Any] | None = None,
    gold: Mapping[Any, Any] | None = None,
) -> Consolidation:
    """Share of votes; of equals the first class. Arguments as for ``consolidate``."""
    return _run("majority_vote", Votes(items, workers, answers, classes), gold, None, None)


def dawid_skene(
    items: Any,
    workers: Any = None,
    answers: Any = None,
    *,
    classes: Sequence[Any] | None = None,
    gold: Mapping[Any, Any] | None = None,
    history: Consolidation | Mapping[Any, ArrayLike] | None = None,
    model_probabilities: ArrayLike | Mapping[Any, ArrayLike] | None = None,
    max_iterations: int = 100,
    tolerance: float = 1e-6,
    n_threads: int = 0,
) -> Consolidation:
    """A confusion matrix per worker, by EM (Dawid and Skene 1979). Arguments as for ``consolidate``."""
    options = {"max_iterations": max_iterations, "tolerance": tolerance, "n_threads": n_threads}
    return _run("dawid_skene", Votes(items, workers, answers, classes), gold, history, model_probabilities, **options)


def fast_dawid_skene(
    items: Any,
    workers: Any = None,
    answers: Any = None,
    *,
    classes: Sequence[Any] | None = None,
    gold: Mapping[Any, Any] | None = None,
    history: Consolidation | Mapping[Any, ArrayLike] | None = None,
    model_probabilities: ArrayLike | Mapping[Any, ArrayLike] | None = None,
    max_iterations: int = 100,
    tolerance: float = 1e-6,
    n_threads: int = 0,
) -> Consolidation:
    """``dawid_skene`` with hard assignments (Sinha et al. 2018). Arguments as for ``consolidate``."""
    options = {"max_iterations": max_iterations, "tolerance": tolerance, "n_threads": n_threads}
    return _run(
        "fast_dawid_skene", Votes(items, workers, answers, classes), gold, history, model_probabilities, **options
    )


def one_coin(
    items: Any,
    workers: Any = None,
    answers: Any = None,
    *,
    classes: Sequence[Any] | None = None,
    gold: Mapping[Any, Any] | None = None,
    history: Consolidation | Mapping[Any, ArrayLike] | None = None,
    model_probabilities: ArrayLike | Mapping[Any, ArrayLike] | None = None,
    max_iterations: int = 100,
    tolerance: float = 1e-6,
    n_threads: int = 0,
) -> Consolidation:
    """One accuracy per worker (ZenCrowd, 2012). Arguments as for ``consolidate``."""
    options = {"max_iterations": max_iterations, "tolerance": tolerance, "n_threads": n_threads}
    return _run("one_coin", Votes(items, workers, answers, classes), gold, history, model_probabilities, **options)


def glad(
    items: Any,
    workers: Any = None,
    answers: Any = None,
    *,
    classes: Sequence[Any] | None = None,
    gold: Mapping[Any, Any] | None = None,
    max_iterations: int = 100,
    tolerance: float = 1e-6,
    n_threads: int = 0,
) -> Consolidation:
    """Ability of the worker times ease of the item (GLAD, 2009). Arguments as for ``consolidate``."""
    options = {"max_iterations": max_iterations, "tolerance": tolerance, "n_threads": n_threads}
    return _run("glad", Votes(items, workers, answers, classes), gold, None, None, **options)


def mace(
    items: Any,
    workers: Any = None,
    answers: Any = None,
    *,
    classes: Sequence[Any] | None = None,
    gold: Mapping[Any, Any] | None = None,
    history: Consolidation | Mapping[Any, ArrayLike] | None = None,
    max_iterations: int = 100,
    tolerance: float = 1e-6,
    n_threads: int = 0,
) -> Consolidation:
    """Each worker knows or spams (MACE, 2013). Arguments as for ``consolidate``."""
    options = {"max_iterations": max_iterations, "tolerance": tolerance, "n_threads": n_threads}
    return _run("mace", Votes(items, workers, answers, classes), gold, history, None, **options)


def ibcc(
    items: Any,
    workers: Any = None,
    answers: Any = None,
    *,
    classes: Sequence[Any] | None = None,
    gold: Mapping[Any, Any] | None = None,
    history: Consolidation | Mapping[Any, ArrayLike] | None = None,
    model_probabilities: ArrayLike | Mapping[Any, ArrayLike] | None = None,
    max_iterations: int = 100,
    tolerance: float = 1e-6,
    n_threads: int = 0,
) -> Consolidation:
    """Confusion matrices with a prior, by variational Bayes (IBCC, 2012). Arguments as for ``consolidate``."""
    options = {"max_iterations": max_iterations, "tolerance": tolerance, "n_threads": n_threads}
    return _run("ibcc", Votes(items, workers, answers, classes), gold, history, model_probabilities, **options)


def ebcc(
    items: Any,
    workers: Any = None,
    answers: Any = None,
    *,
    classes: Sequence[Any] | None = None,
    gold: Mapping[Any, Any] | None = None,
    history: Consolidation | Mapping[Any, ArrayLike] | None = None,
    model_probabilities: ArrayLike | Mapping[Any, ArrayLike] | None = None,
    max_iterations: int = 100,
    tolerance: float = 1e-6,
    seed: int = 0,
    n_threads: int = 0,
) -> Consolidation:
    """``ibcc`` with hidden kinds of item, so that workers may share mistakes (EBCC, 2019). Arguments as for
    ``consolidate``."""
    options = {"max_iterations": max_iterations, "tolerance": tolerance, "seed": seed, "n_threads": n_threads}
    return _run("ebcc", Votes(items, workers, answers, classes), gold, history, model_probabilities, **options)


METHODS: dict[str, Callable[..., Consolidation]] = {
    method.__name__: method
    for method in (
        consolidate,
        majority_vote,
        dawid_skene,
        fast_dawid_skene,
        one_coin,
        glad,
        mace,
        ibcc,
        ebcc,
    )
}
"""By name, the default first."""


def ground_truth_compat(
    items: Any,
    workers: Any = None,
    answers: Any = None,
    *,
    batches: Any = None,
    classes: Sequence[Any] | None = None,
) -> GroundTruthConsolidation:
    """Labels and confidences exactly as AWS's published consolidation of SageMaker Ground Truth makes them.

    ``batches``: one value per row, equal for the answers that the service consolidated in one call; default one call
    for all. Other arguments as for ``consolidate``. For anything but repeating the service use ``consolidate``.
    """
    votes = Votes(items, workers, answers, classes)
    labels = np.zeros(len(votes.items), dtype=np.int32)
    confidences = np.zeros(len(votes.items))
    for rows in _rows_of_batches(votes, batches):
        present, item_codes = encode(votes.item_codes[rows].astype(np.int64), "items")
        _, worker_codes = encode(votes.worker_codes[rows].astype(np.int64), "workers")
        labels[present], confidences[present] = _core._ground_truth_compat(
            item_codes, worker_codes, votes.answer_codes[rows], len(votes.classes)
        )
    return GroundTruthConsolidation(votes.items, votes.classes[labels], confidences)


def _rows_of_batches(votes: Votes, batches: Any) -> list[NDArray[np.int64]]:
    if batches is None:
        return [np.arange(len(votes.item_codes))]
    names = np.asarray(batches)
    if names.shape != votes.item_codes.shape:
        raise InvalidArgument(f"batches: shape {names.shape} given, expected one per row ({len(votes.item_codes)})")
    _, codes = encode(names, "batches")
    batch_of_item = np.full(len(votes.items), -1)
    batch_of_item[votes.item_codes] = codes
    torn = np.flatnonzero(batch_of_item[votes.item_codes] != codes)
    if len(torn):
        raise InvalidArgument(f"batches: row {torn[0]} has an item that is in another batch too")
    return [np.flatnonzero(codes == batch) for batch in range(codes.max() + 1)]


def _run(method: str, votes: Votes, gold: Any, history: Any, model_probabilities: Any, **options: Any) -> Consolidation:
    columns = _core._consolidate(
        method,
        votes.item_codes,
        votes.worker_codes,
        votes.answer_codes,
        len(votes.classes),
        gold=_gold_codes(votes, gold),
        history=_history_rows(votes, history),
        model_probabilities=_model_rows(votes, model_probabilities),
        **options,
    )
    return Consolidation(
        method=method,
        items_=votes.items,
        labels_=votes.classes[columns["labels"]],
        probabilities_=columns["probabilities"],
        classes_=votes.classes,
        workers_=votes.workers,
        worker_counts_=columns["worker_counts"],
        worker_accuracy_=columns["worker_accuracy"],
        difficulty_=columns["difficulty"],
        log_likelihoods_=columns["log_likelihoods"],
        left_out_loss_=columns["left_out_loss"],
        member_weights_=dict(zip(MEMBERS, columns["member_weights"].tolist(), strict=False)),
    )


def _gold_codes(votes: Votes, gold: Mapping[Any, Any] | None) -> NDArray[np.int32] | None:
    if gold is None:
        return None
    index = votes.item_index()
    codes = np.full(len(votes.items), NO_GOLD, dtype=np.int32)
    for item, code in zip(gold.keys(), votes.codes_of(list(gold.values()), "gold"), strict=True):
        if item not in index:
            raise InvalidArgument(f"gold: item {item!r} has no answer")
        codes[index[item]] = code
    return codes


def _history_rows(votes: Votes, history: Any) -> NDArray[np.float64] | None:
    if history is None:
        return None
    if isinstance(history, Consolidation):
        if history.classes_.tolist() != votes.classes.tolist():
            raise InvalidArgument(
                f"history: of the classes {history.classes_.tolist()}, expected {votes.classes.tolist()}; give classes="
            )
        history = dict(zip(history.workers_.tolist(), history.worker_counts_, strict=True))
    k = len(votes.classes)
    counts = np.zeros((len(votes.workers), k, k))
    for row, worker in enumerate(votes.workers.tolist()):
        if worker in history:
            counts[row] = _shaped(history[worker], (k, k), f"history of {worker!r}")
    return counts.reshape(-1, k)


def _model_rows(votes: Votes, given: Any) -> NDArray[np.float64] | None:
    if given is None:
        return None
    shape = len(votes.items), len(votes.classes)
    if isinstance(given, Mapping):
        absent = [item for item in votes.items.tolist() if item not in given]
        if absent:
            raise InvalidArgument(f"model_probabilities: none for item {absent[0]!r}")
        given = [given[item] for item in votes.items.tolist()]
    return _shaped(given, shape, "model_probabilities")


def _shaped(values: Any, shape: tuple[int, ...], name: str) -> NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64)
    if array.shape != shape:
        raise InvalidArgument(f"{name}: shape {array.shape} given, expected {shape}")
    return array
