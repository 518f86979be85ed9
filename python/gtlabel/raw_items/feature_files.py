"""Features that are in a file already."""

from __future__ import annotations

import os
from typing import Any, BinaryIO

import numpy as np

from gtlabel._core import InvalidArgument
from gtlabel.raw_items.optional_package import optional_package

_SPARSE_PARTS = {"data", "indices", "indptr", "shape", "format"}
_NAMES = ("X", "features", "embeddings")


def read_features(path: str | os.PathLike[str]) -> Any:
    """(n_items, n_features) from ``.npy``, ``.npz`` with one array (or one named X, features or embeddings), or the
    ``.npz`` of ``scipy.sparse.save_npz``. Nothing is unpickled: safe on files from strangers."""
    with open(path, "rb") as file:
        try:
            features = _loaded(file)
        except (InvalidArgument, ImportError) as error:
            raise type(error)(f"{path}: {error}") from None
        except Exception as error:  # of damaged files numpy, zipfile and zlib raise a dozen kinds
            # What is no array numpy takes for a pickle, and advises to load it unsafely.
            reason = "" if "pickle" in str(error) else f" ({error})"
            raise InvalidArgument(f"{path}: not a file of features{reason}, expected .npy or .npz") from None
    return features


def _loaded(file: BinaryIO) -> Any:
    loaded = np.load(file, allow_pickle=False)
    if isinstance(loaded, np.ndarray):
        return _two_dimensional(loaded)
    with loaded as arrays:
        if set(arrays.files) >= _SPARSE_PARTS:
            return _sparse(arrays)
        return _two_dimensional(arrays[_array_name(arrays.files)])


def _sparse(arrays: Any) -> Any:
    sparse = optional_package("scipy.sparse", "sklearn", "reading sparse features")
    kind = {b"csr": sparse.csr_matrix, b"csc": sparse.csc_matrix}.get(arrays["format"].item())
    if kind is None:
        raise ValueError(f"of the format {arrays['format'].item()!r}, expected csr or csc")
    shape = tuple(int(size) for size in arrays["shape"])
    matrix = kind((arrays["data"], arrays["indices"], arrays["indptr"]), shape=shape)
    matrix.check_format()
    return matrix.tocsr()


def _array_name(names: list[str]) -> str:
    if len(names) == 1:
        return names[0]
    for name in _NAMES:
        if name in names:
            return name
    raise InvalidArgument(f"the arrays {', '.join(names) or 'none'}, expected one, or one named X")


def _two_dimensional(array: Any) -> Any:
    if array.ndim == 1 or array.dtype.kind not in "biuf":
        raise InvalidArgument(
            f"{array.ndim} dimensions of {array.dtype} given, expected (n_items, n_features) of numbers"
        )
    return array.reshape(len(array), -1)
