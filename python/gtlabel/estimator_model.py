"""Any scikit-learn classifier as a model of a job."""

from __future__ import annotations

import copy
import inspect
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gtlabel._core import IncrementalModel, InvalidType


class EstimatorModel(IncrementalModel):
    """A classifier with ``fit`` and ``predict_proba`` (scikit-learn's protocol), refitted on all labels at each update.

    A job wraps ``model=estimator`` in this class by itself. The estimator given is never changed: a clone is fitted.
    ``sample_weight`` is passed where ``fit`` takes it. Classes without labels get a small probability.

    Parameters
    ----------
    estimator
        The classifier. ``fit(X, y)`` gets rows of the pool and int64 class indices.
    """

    def __init__(self, estimator: Any) -> None:
        super().__init__()
        for method in ("fit", "predict_proba"):
            if not callable(getattr(estimator, method, None)):
                raise InvalidType(
                    f"model: {type(estimator).__name__} has no {method}, expected a gtlabel model "
                    "or a classifier with fit and predict_proba"
                )
        self.estimator = estimator
        self._fitted: Any = None
        self._X: Any = None
        self._n_classes = 0
        self._labels: dict[int, int] = {}
        self._weights: dict[int, float] = {}

    def attach(self, X: Any, n_classes: int, n_threads: int = 0) -> None:
        """Keeps the pool; forgets all labels. ``n_threads`` is the estimator's own affair and not used."""
        self._X, self._n_classes = X, n_classes
        self._fitted = None
        self._labels, self._weights = {}, {}

    def update(self, items: Any, targets: Any, weights: Any = None) -> None:
        """Adds labels (the most probable class of each target row) and fits a fresh clone on all of them."""
        weights = np.ones(len(items)) if weights is None else weights
        classes = np.argmax(targets, axis=1)
        for item, label, weight in zip(items, classes, weights, strict=True):
            self._labels[int(item)] = int(label)
            self._weights[int(item)] = float(weight)
        rows = np.fromiter(self._labels.keys(), dtype=np.int64)
        y = np.fromiter(self._labels.values(), dtype=np.int64)
        sample_weight = np.fromiter(self._weights.values(), dtype=np.float64)
        if len(np.unique(y)) < 2:  # most classifiers refuse to fit one class
            self._fitted = None
            return
        fitted = self._fresh_estimator()
        if np.all(sample_weight == 1.0) or "sample_weight" not in inspect.signature(fitted.fit).parameters:
            fitted.fit(self._X[rows], y)
        else:
            fitted.fit(self._X[rows], y, sample_weight=sample_weight)
        self._fitted = fitted

    def predict_proba(self, items: Any) -> NDArray[np.float32]:
        """Probabilities over all classes of the job, in the job's order."""
        out = np.full((len(items), self._n_classes), 1e-4, dtype=np.float64)
        if self._fitted is None:
            out[:, list(set(self._labels.values()))] = 1.0
        elif len(items):
            out[:, self._fitted.classes_] = np.asarray(self._fitted.predict_proba(self._X[items]))
            out = np.maximum(out, 1e-4 / self._n_classes) if np.isfinite(out).all() else out
        probabilities: NDArray[np.float32] = (out / out.sum(axis=1, keepdims=True)).astype(np.float32)
        return probabilities

    def clone(self) -> EstimatorModel:
        """An untrained model of the same estimator and parameters."""
        return EstimatorModel(self._fresh_estimator())

    def __repr__(self) -> str:
        return f"EstimatorModel({self.estimator!r})"

    def _fresh_estimator(self) -> Any:
        try:
            from sklearn.base import clone
        except ImportError:
            return copy.deepcopy(self.estimator)
        return clone(self.estimator, safe=False)

    def __getstate__(self) -> dict[str, Any]:
        return {"estimator": self.estimator}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["estimator"])  # type: ignore[misc]
