"""Loops that label a pool with the means of active-learning libraries, to compare jobs with.

None of the libraries says when a label may be given automatically, so all three end by the rule of "Promises and
Pitfalls of Threshold-based Auto-labeling" (Vishwakarma et al., NeurIPS 2023; the authors' code): on a random validation
sample the lowest threshold per class at which more than 25 validation items lie at or above it, and their error plus
C1 sqrt(error (1 - error)) is at most the target, C1 = 0.25. It is no proven bound.

- `tbal`: theirs, over many rounds: what is above its threshold leaves the pool, validation items with it.
- `modal`, `scikit_activeml`: active learning by the smallest margin, then one selection ("AL + SC" of the paper). Run
  with several budgets; the cheapest run counts, which no user could know beforehand.
"""

import warnings
from dataclasses import dataclass

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

SEED_SHARE = 0.2  # of the budget, drawn at random
BATCH_SHARE = 0.05  # of the budget
TRAINING_SHARE = 0.2  # of the pool: the budget of tbal, and the largest of the others
BUDGET_SHARES = (0.05, 0.1, TRAINING_SHARE)
LEAST_VALIDATION = 25
MARGIN = 0.25  # C1


@dataclass(frozen=True)
class LoopResult:
    n_human: int
    n_auto: int
    n_auto_wrong: int


def models():
    """The scikit-learn models that the libraries are tried with."""
    return LogisticRegression(max_iter=1000), RandomForestClassifier(100, random_state=0)


def thresholds(scores, labels, truth, n_classes, max_error):
    """The lowest score per predicted class that the validation items allow; infinity if none does."""
    lowest = np.full(n_classes, np.inf)
    for c in range(n_classes):
        mine = labels == c
        order = np.argsort(-scores[mine], kind="stable")
        wrong = (labels[mine] != truth[mine])[order]
        counts = np.arange(1, len(wrong) + 1)
        errors = np.cumsum(wrong) / counts
        bounds = errors + MARGIN * np.sqrt(errors * (1 - errors))
        allowed = np.flatnonzero((bounds <= max_error) & (counts > LEAST_VALIDATION))
        if allowed.size:
            lowest[c] = scores[mine][order][allowed[-1]]
    return lowest


def opinion(model, X):
    """Score (the largest probability), class and margin of each row."""
    probabilities = model.predict_proba(X)
    two_best = np.partition(probabilities, -2, axis=1)[:, -2:]
    return two_best[:, 1], model.classes_[probabilities.argmax(axis=1)], two_best[:, 1] - two_best[:, 0]


def split(n_items, seed):
    """Validation items and the others, in random order."""
    order = np.random.default_rng(seed).permutation(n_items)
    n_validation = round((0.2 if n_items < 5000 else 0.1) * n_items)
    return order[:n_validation], order[n_validation:]


def tbal(X, y, n_classes, max_error, seed):
    random = np.random.default_rng(seed)
    validation, pool = split(len(y), seed)
    n_validation, budget = len(validation), round(TRAINING_SHARE * len(y))
    batch_size = max(1, round(BATCH_SHARE * budget))
    train, pool = np.split(pool, [round(SEED_SHARE * budget)])
    n_auto = n_wrong = 0
    while True:
        model = LogisticRegression(max_iter=1000).fit(X[train], y[train])
        lowest = np.full(n_classes, np.inf)
        if len(validation):
            scores, labels, _ = opinion(model, X[validation])
            lowest = thresholds(scores, labels, y[validation], n_classes, max_error)
            validation = validation[scores < lowest[labels]]
        scores, labels, margins = opinion(model, X[pool])
        committed = scores >= lowest[labels]
        n_auto += int(committed.sum())
        n_wrong += int((labels != y[pool])[committed].sum())
        pool, margins = pool[~committed], margins[~committed]
        if len(train) + batch_size > budget or len(pool) <= 2 * batch_size:
            return LoopResult(n_validation + len(train) + len(pool), n_auto, n_wrong)
        unsure = np.argsort(margins, kind="stable")[: 2 * batch_size]
        asked = random.choice(unsure, size=batch_size, replace=False)
        train, pool = np.append(train, pool[asked]), np.delete(pool, asked)


def select_once(model, X, y, n_classes, max_error, validation, train):
    """Labels the rest of the pool once, by the validation items."""
    scores, labels, _ = opinion(model, X[validation])
    lowest = thresholds(scores, labels, y[validation], n_classes, max_error)
    rest = np.setdiff1d(np.arange(len(y)), np.concatenate([validation, train]))
    scores, labels, _ = opinion(model, X[rest])
    committed = scores >= lowest[labels]
    n_human = len(y) - int(committed.sum())
    return LoopResult(n_human, int(committed.sum()), int((labels != y[rest])[committed].sum()))


def learn_actively(choose, X, y, n_classes, max_error, seed):
    """AL + SC at each budget, with each model; the run that needs the fewest people."""
    validation, open_items = split(len(y), seed)
    results = []
    for model in models():
        budgets = [round(share * len(y)) for share in BUDGET_SHARES]
        train, left = np.split(open_items, [round(SEED_SHARE * budgets[0])])
        for budget in budgets:
            batch_size = max(1, round(BATCH_SHARE * budget))
            while len(train) < budget:
                asked = choose(model, X, y, train, left, min(batch_size, budget - len(train)))
                train, left = np.append(train, left[asked]), np.delete(left, asked)
            fitted = model.fit(X[train], y[train])
            results.append(select_once(fitted, X, y, n_classes, max_error, validation, train))
    return min(results, key=lambda result: result.n_human)


def modal(X, y, n_classes, max_error, seed):
    from modAL.models import ActiveLearner
    from modAL.uncertainty import margin_sampling

    def choose(model, X, y, train, left, n):
        learner = ActiveLearner(model, query_strategy=margin_sampling, X_training=X[train], y_training=y[train])
        asked, _ = learner.query(X[left], n_instances=n)
        return asked

    return learn_actively(choose, X, y, n_classes, max_error, seed)


class RowsOf(ClassifierMixin, BaseEstimator):
    """A classifier that is given rows of a table by their numbers: scikit-activeml takes no sparse features."""

    def __init__(self, model, table):
        self.model = model
        self.table = table

    def fit(self, X, y):
        self.model.fit(self.table[np.ravel(X).astype(int)], y)
        self.classes_ = self.model.classes_
        return self

    def predict_proba(self, X):
        return self.model.predict_proba(self.table[np.ravel(X).astype(int)])

    def predict(self, X):
        return self.model.predict(self.table[np.ravel(X).astype(int)])


def scikit_activeml(X, y, n_classes, max_error, seed):
    from skactiveml.classifier import SklearnClassifier
    from skactiveml.pool import UncertaintySampling

    strategy = UncertaintySampling(method="margin_sampling", random_state=seed)

    def choose(model, X, y, train, left, n):
        known = np.full(len(y), np.nan)
        known[train] = y[train]
        wrapped = SklearnClassifier(RowsOf(model, X), classes=np.arange(n_classes), random_state=0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            asked = strategy.query(
                np.arange(len(y), dtype=float)[:, None], known, clf=wrapped, candidates=left, batch_size=n
            )
        return np.flatnonzero(np.isin(left, asked))

    return learn_actively(choose, X, y, n_classes, max_error, seed)
