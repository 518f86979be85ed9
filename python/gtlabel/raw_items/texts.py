"""Texts as tf-idf of their words."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np

from gtlabel._core import InvalidArgument, InvalidType
from gtlabel.raw_items.feature_cache import FeatureCache, content_key
from gtlabel.raw_items.optional_package import optional_package

# Measured on reviews at a target of 10 %: docs/from_a_csv.md.
_SETTINGS = {"ngram_range": (1, 2), "sublinear_tf": True}
_MIN_TEXTS_OF_A_WORD = 2


def text_features(texts: Sequence[str], *, cache: FeatureCache | None = None) -> Any:
    """(n_texts, n_words) float32 CSR: tf-idf of words and pairs of words that at least two texts have.

    Rows have length 1, or 0 where a text has no such word. The pool's own texts decide the columns, so texts that join
    later need a run over all of them. Needs scikit-learn.
    """
    listed = list(texts)
    for row, text in enumerate(listed):
        if not isinstance(text, str):
            raise InvalidType(f"texts: row {row} is {type(text).__name__}, expected str")
    if not listed:
        raise InvalidArgument("texts: none given, expected at least one")
    vectorizers = optional_package("sklearn.feature_extraction.text", "sklearn", "making features of texts")
    version = optional_package("sklearn", "sklearn", "making features of texts").__version__
    settings = f"tf-idf, scikit-learn {version}, {_SETTINGS}, {_MIN_TEXTS_OF_A_WORD}"
    key = content_key(settings, (text.encode("utf-8", "surrogatepass") for text in listed))
    known = _unpacked(cache.get(key), len(listed)) if cache is not None else None
    if known is not None:
        return known
    features = _tf_idf(vectorizers, listed)
    if cache is not None:
        cache.put([(key, _packed(features))])
    return features


def _tf_idf(vectorizers: Any, texts: list[str]) -> Any:
    for least in (_MIN_TEXTS_OF_A_WORD, 1):  # a small pool may share no word
        vectorizer = vectorizers.TfidfVectorizer(min_df=min(least, len(texts)), dtype=np.float32, **_SETTINGS)
        try:
            return vectorizer.fit_transform(texts).tocsr()
        except ValueError as error:
            if "empty vocabulary" not in str(error) and "no terms remain" not in str(error).lower():
                raise
    raise InvalidArgument(f"texts: no words in the {len(texts)} texts, expected some")


def _packed(features: Any) -> bytes:
    file = io.BytesIO()
    np.savez(file, values=features.data, columns=features.indices, starts=features.indptr, n=features.shape[1])
    return file.getvalue()


def _unpacked(content: bytes | None, n_texts: int) -> Any:
    """The matrix, or None for what is not one."""
    if content is None:
        return None
    sparse = optional_package("scipy.sparse", "sklearn", "making features of texts")
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            shape = n_texts, int(arrays["n"])
            matrix = sparse.csr_matrix((arrays["values"], arrays["columns"], arrays["starts"]), shape=shape)
        matrix.check_format()
    except Exception:  # of damaged files numpy, zipfile and zlib raise a dozen kinds
        return None
    return matrix
