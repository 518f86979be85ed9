"""The pools that the benchmarks run on: real features with known labels.

`digits` comes with scikit-learn; the others are read from the folder that GTLABEL_TEST_DATA names.
"""

import gzip
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

PIXELS = ("digits", "mnist", "optdigits")
TABLES = ("magic", "pendigits", "phoneme", "satellite")
TEXTS = ("ag_news_test", "banking77", "rt_polarity", "sms_spam", "snips", "sst5", "subj")
NAMES = (*PIXELS, *TABLES, *TEXTS)


@dataclass(frozen=True)
class Pool:
    """Items with their features as they come and their true classes."""

    name: str
    X: Any  # float32, dense or CSR
    y: np.ndarray  # class index per item
    classes: list[str]

    @property
    def feature_bytes(self):
        if self.name in TEXTS:
            return self.X.data.nbytes + self.X.indices.nbytes + self.X.indptr.nbytes
        return self.X.nbytes

    def scaled(self):
        """Features as plain logistic regression wants them: pixels in 0..1, columns of tables
        with mean 0 and variance 1, tf-idf as it is."""
        if self.name in TEXTS:
            return self.X
        if self.name in PIXELS:
            return self.X / self.X.max()
        spread = self.X.std(axis=0)
        return (self.X - self.X.mean(axis=0)) / np.where(spread > 0, spread, 1)


def missing(name):
    """Why a pool cannot be loaded, or None if it can."""
    if name == "digits":
        return None
    if not os.environ.get("GTLABEL_TEST_DATA"):
        return "the environment variable GTLABEL_TEST_DATA is not set"
    path = _path(name)
    return None if path.is_file() else f"{path} is not there"


def load(name):
    """The pool of that name."""
    if name == "digits":
        return _load_digits()
    return _load_text(name) if name in TEXTS else _load_dense(name)


def _path(name):
    folder = Path(os.environ["GTLABEL_TEST_DATA"])
    if name in TEXTS:
        return folder / "text" / f"{name}.tsv.gz"
    return folder / "classification" / f"{name}.npz"


def _load_digits():
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    return Pool("digits", X.astype(np.float32), y.astype(np.int64), [str(i) for i in range(10)])


def _load_dense(name):
    with np.load(_path(name)) as arrays:
        classes = [str(label) for label in arrays["class_names"]]
        return Pool(name, arrays["X"].astype(np.float32), arrays["y"].astype(np.int64), classes)


def _load_text(name):
    from sklearn.feature_extraction.text import TfidfVectorizer

    with gzip.open(_path(name), "rt", encoding="utf-8", newline="\n") as file:
        header, *rows = (line.rstrip("\n").split("\t") for line in file)
    text, label = header.index("text"), header.index("label")
    classes, y = np.unique([row[label] for row in rows], return_inverse=True)
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2, dtype=np.float32)
    X = vectorizer.fit_transform([row[text] for row in rows]).tocsr()
    return Pool(name, X, y.astype(np.int64), classes.tolist())
