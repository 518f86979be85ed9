"""Pools with known truth, and what the suites have in common."""

from dataclasses import dataclass

import gtlabel as gt
import numpy as np
import pytest


@dataclass(frozen=True)
class Pool:
    """A pool whose truth is known: the annotators look into it."""

    X: np.ndarray
    truth: np.ndarray  # class indices
    classes: tuple[str, ...]

    @property
    def names(self):
        return np.asarray(self.classes)[self.truth]

    def annotate(self, batch):
        return self.names[batch.items]

    def job(self, **options):
        """A job of a wide target, so that small pools are worth an audit."""
        return gt.LabelingJob(self.X, self.classes, **{"target": gt.ErrorTarget(max_error=0.1), **options})


def make_blobs(n_items=400, n_features=4, n_classes=2, gap=6.0, seed=0, classes=None):
    """Normal blobs `gap` apart (6: no two overlap, 1.5: many do), float32."""
    random = np.random.default_rng(seed)
    truth = random.integers(0, n_classes, size=n_items)
    truth[:n_classes] = np.arange(n_classes)
    centers = gap * np.eye(n_classes, n_features)
    X = (centers[truth] + random.normal(size=(n_items, n_features))).astype(np.float32)
    return Pool(X, truth, tuple(classes or (f"class {c}" for c in range(n_classes))))


def drive(job, annotate):
    """Runs a job to its end; every batch as (round, items, purposes)."""
    batches = []
    while (batch := job.next_batch()) is not None:
        batches.append((batch.round, batch.items.tolist(), batch.purposes.tolist()))
        job.submit(batch.items, annotate(batch))
    return batches


def assert_same_labels(one, other):
    for column in one:
        np.testing.assert_array_equal(one[column], other[column], err_msg=column)


@pytest.fixture(scope="session")
def blobs():
    return make_blobs


@pytest.fixture(scope="session")
def pool():
    """Two classes far apart, large enough for automatic labels at 10 %."""
    return make_blobs()


@pytest.fixture(scope="session")
def run_to_end():
    return drive


@pytest.fixture(scope="session")
def same_labels():
    return assert_same_labels
