"""Made-up people, for tests, plans and measurements."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gtlabel import _core
from gtlabel._core import Batch, InvalidArgument, InvalidType
from gtlabel.report import Report

if TYPE_CHECKING:
    from gtlabel.labeling_job import LabelingJob


class SimulatedWorkforce:
    """People who answer in a simulation. What a worker says of an item never changes.

    Parameters
    ----------
    n_classes
        At least 2.
    n_workers
        How many, spammers included.
    accuracy
        Of all, or one per worker: mistakes fall on the other classes alike.
    n_spammers
        So many of them, the last, answer at random.
    confusions
        (n_workers, n_classes, n_classes) in place of ``accuracy``: rows are truths and sum to 1.
    copies
        Who gives the answers of whom as his own, by name (``"w00"``, ``"w01"``, ..).
    difficulty
        One per item, 0 (people are as they are) to 1 (everybody guesses).
    seconds_per_answer
        Of all, or one per worker; exponentially distributed.
    seed
        Of the answers and their times.
    """

    def __init__(
        self,
        n_classes: int,
        n_workers: int = 20,
        accuracy: float | Sequence[float] = 0.85,
        *,
        n_spammers: int = 0,
        confusions: ArrayLike | None = None,
        copies: Mapping[str, str] | None = None,
        difficulty: ArrayLike | None = None,
        seconds_per_answer: float | Sequence[float] = 5.0,
        seed: int = 0,
    ) -> None:
        if not 0 <= n_spammers <= n_workers:
            raise InvalidArgument(f"n_spammers: {n_spammers} given, expected 0 to {n_workers}")
        accuracies = _one_each("accuracy", accuracy, n_workers)
        accuracies[n_workers - n_spammers :] = 1.0 / n_classes
        tables = None
        if confusions is not None:
            tables = np.array(confusions, dtype=np.float64)
            if tables.shape != (n_workers, n_classes, n_classes):
                expected = (n_workers, n_classes, n_classes)
                raise InvalidArgument(f"confusions: shape {tables.shape} given, expected {expected}")
            tables[n_workers - n_spammers :] = 1.0 / n_classes
        self.names = [f"w{worker:02}" for worker in range(n_workers)]
        sources = _copied(copies)
        if unknown := [name for name in sources if name not in self.names]:
            raise InvalidArgument(f"copies: {unknown[0]!r} given, expected one of w00 to {self.names[-1]}")
        self.n_classes = n_classes
        self.seed = seed
        self._core = _core._SimulatedWorkforce(
            n_classes,
            self.names,
            accuracies.tolist(),
            _one_each("seconds_per_answer", seconds_per_answer, n_workers).tolist(),
            [sources.get(name, "") for name in self.names],
            tables,
            seed,
            [] if difficulty is None else np.asarray(difficulty, dtype=np.float64).tolist(),
        )

    def annotator(self, truth: ArrayLike) -> Callable[[Batch], dict[str, Any]]:
        """For ``job.run``: each item of a batch is answered by somebody drawn at random.

        ``truth``: class index of each item.
        """
        classes = np.asarray(truth, dtype=np.int32)
        random = np.random.default_rng(self.seed)

        def annotate(batch: Batch) -> dict[str, Any]:
            workers = random.integers(len(self.names), size=len(batch))
            answers = self._core.answers(workers.tolist(), batch.items, classes[batch.items])
            return {"answers": answers, "workers": [self.names[worker] for worker in workers]}

        return annotate

    def __repr__(self) -> str:
        return f"SimulatedWorkforce({len(self.names)} workers, {self.n_classes} classes, seed={self.seed})"


def simulate(
    job: LabelingJob, workforce: SimulatedWorkforce, truth: Iterable[Any], batch_size: int | None = None
) -> Report:
    """Drives a job to its end with made-up people, who lease items, take their time, answer, and come for more.

    ``truth``: class name or class index of each item of the pool. ``batch_size``: items that a worker takes at a
    time; default as ``next_batch``. InvalidState if there are fewer workers than the overlap needs.
    """
    from gtlabel.labeling_job import LabelingJob, class_indices

    if not isinstance(job, LabelingJob):
        raise InvalidType(f"job: {type(job).__name__} given, expected a LabelingJob")
    indices = class_indices(truth, job.classes)[0]
    _core._simulate(job._core, workforce._core, indices, batch_size or 0)
    return job.report()


def _copied(copies: Any) -> dict[str, str]:
    """Who copies whom, by name."""
    if copies is None:
        return {}
    if not isinstance(copies, Mapping):
        raise InvalidType(f"copies: {type(copies).__name__} given, expected who copies whom, {{name: name}}")
    for name in (name for pair in copies.items() for name in pair):
        if not isinstance(name, str):
            raise InvalidType(f"copies: {name!r} given, expected the name of a worker (str)")
    return dict(copies)


def _one_each(name: str, value: float | Sequence[float], n: int) -> NDArray[np.float64]:
    values: NDArray[np.float64] = np.asarray(value, dtype=np.float64)
    if values.ndim == 0:
        return np.full(n, values)
    if values.shape != (n,):
        raise InvalidArgument(f"{name}: {len(values)} given, expected one, or one per worker ({n})")
    return np.array(values)
