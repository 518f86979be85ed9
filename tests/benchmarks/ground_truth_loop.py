"""The rival: automated data labelling as Amazon SageMaker Ground Truth publicly describes it.

From the Developer Guide, "Automate data labeling": people label a random sample, part of which is
kept for validation (20 % of the pool below 5,000 items, else 10 %); a model is trained on the rest;
the threshold on its confidence is the lowest one at which the validation items above it meet the
target; pool items above it are labelled automatically; people label some of those the model is
least sure of; the model is trained again, until nothing is left. What AWS does not publish is
filled in from "Promises and Pitfalls of Threshold-based Auto-labeling" (Vishwakarma et al.,
NeurIPS 2023), which formalises the same loop: validation items above the threshold leave the
validation set with the pool items they stand for, the first sample is 20 % and a batch 5 % of a
label budget (here 20 % of the pool), and a batch is drawn at random from the 2b items with the
smallest margins. The model is scikit-learn's LogisticRegression with its default strength, trained
anew in every round.

The service itself may add margins that cannot be seen from outside.
"""

from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression


@dataclass(frozen=True)
class LoopResult:
    """What the loop did: every item is exactly one of the four kinds."""

    n_validation: int
    n_train: int
    n_rest: int  # left to people at the end
    n_auto: int
    n_auto_wrong: int
    rounds: int

    @property
    def n_human(self):
        return self.n_validation + self.n_train + self.n_rest

    @property
    def n_items(self):
        return self.n_human + self.n_auto


def run_loop(X, y, max_error, seed):
    """Labels a pool; `X` as `Pool.scaled` gives it, `y` what people would answer."""
    random = np.random.default_rng(seed)
    n_items = len(y)
    budget = 0.2 * n_items
    batch_size = max(1, round(0.05 * budget))
    n_validation = round((0.2 if n_items < 5000 else 0.1) * n_items)
    order = random.permutation(n_items)
    validation, train, pool = np.split(order, [n_validation, n_validation + round(0.2 * budget)])
    n_auto = n_auto_wrong = rounds = 0
    while pool.size:
        rounds += 1
        model = LogisticRegression(max_iter=1000).fit(X[train], y[train])
        validation_scores, validation_labels, _ = _predict(model, X[validation])
        threshold = lowest_threshold(validation_scores, validation_labels != y[validation], max_error)
        scores, labels, margins = _predict(model, X[pool])
        committed = scores >= threshold
        n_auto += np.count_nonzero(committed)
        n_auto_wrong += np.count_nonzero(labels[committed] != y[pool[committed]])
        validation = validation[validation_scores < threshold]
        pool, margins = pool[~committed], margins[~committed]
        if pool.size <= batch_size:
            break
        unsure = np.argsort(margins, kind="stable")[: 2 * batch_size]
        asked = random.choice(unsure, size=batch_size, replace=False)
        train = np.concatenate([train, pool[asked]])
        pool = np.delete(pool, asked)
    return LoopResult(n_validation, len(train), len(pool), int(n_auto), int(n_auto_wrong), rounds)


def lowest_threshold(scores, is_wrong, max_error):
    """The lowest score at or above which the share of wrong items is at most max_error; infinity
    if there is none."""
    order = np.argsort(-scores, kind="stable")
    scores, is_wrong = scores[order], is_wrong[order]
    errors = np.cumsum(is_wrong) / np.arange(1, len(scores) + 1)
    last_of_equals = np.append(scores[1:] < scores[:-1], True)[: len(scores)]
    allowed = np.flatnonzero((errors <= max_error) & last_of_equals)
    return scores[allowed[-1]] if allowed.size else np.inf


def _predict(model, X):
    """Confidence, class and margin between the two most probable classes, per row."""
    if X.shape[0] == 0:
        return np.empty(0), np.empty(0, dtype=np.int64), np.empty(0)
    probabilities = model.predict_proba(X)
    labels = model.classes_[probabilities.argmax(axis=1)]
    two_best = np.partition(probabilities, -2, axis=1)[:, -2:]
    return two_best[:, 1], labels, two_best[:, 1] - two_best[:, 0]
