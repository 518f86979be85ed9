"""Labels and answers as frames of other libraries, and Hugging Face datasets."""

from __future__ import annotations

from typing import Any

import numpy as np

from gtlabel._core import InvalidArgument, InvalidType
from gtlabel.answers import SPECIAL_NAMES
from gtlabel.column_table import ColumnTable
from gtlabel.labels import Labels

_NO_LABEL = -1  # of a ClassLabel, by the convention of its library


def to_polars(table: ColumnTable) -> Any:
    """A polars DataFrame of labels, answers or workers; pyarrow is not needed."""
    try:
        import polars
    except ImportError:
        raise ImportError("to_polars needs polars: pip install polars") from None
    return polars.DataFrame({name: table[name] for name in table})


def to_dataset(labels: Labels, classes: list[str]) -> Any:
    """A Hugging Face Dataset whose column ``label`` is a ClassLabel of ``classes``, -1 for "none of these".

    ``classes``: those of the job, in its order. The other columns are as in ``labels``, without ``class_index``.
    """
    datasets = _datasets()
    for index, name in sorted(set(zip(labels.class_index.tolist(), labels.label.tolist(), strict=True))):
        if index >= 0 and (index >= len(classes) or classes[index] != name):
            raise InvalidArgument(f"classes: {list(classes)} given, expected {name!r} at place {index}")
        if index < 0 and name != SPECIAL_NAMES[0]:
            raise InvalidArgument(f"labels: {name!r} given, expected classes")
    columns = {name: labels[name].tolist() for name in labels if name != "class_index"}
    columns["label"] = [index if index >= 0 else _NO_LABEL for index in labels.class_index.tolist()]
    kinds = {"item": "int64", "source": "string", "confidence": "float32", "round": "int32"}
    kinds["id"] = "int64" if labels.id.dtype.kind == "i" else "string"
    features = {name: datasets.Value(kind) for name, kind in kinds.items()}
    features["label"] = datasets.ClassLabel(names=list(classes))
    order = {name: features[name] for name in labels if name in features}
    return datasets.Dataset.from_dict({name: columns[name] for name in order}, features=datasets.Features(order))


def labels_from_dataset(dataset: Any, label: str = "label") -> tuple[Labels, list[str]]:
    """The labels of a Hugging Face Dataset with a ClassLabel column, and the names of its classes.

    Columns ``item``, ``id``, ``source``, ``confidence`` and ``round`` are taken if they are there, as ``to_dataset``
    writes them; otherwise rows are items, labelled by people. Rows without a label (-1 or None) are "none of these" if
    there is a column ``source``, and are left out otherwise.
    """
    names = class_names(dataset, label)
    given = [_NO_LABEL if value is None else int(value) for value in dataset[label]]
    is_ours = "source" in dataset.column_names
    rows = [row for row, value in enumerate(given) if value != _NO_LABEL or is_ours]
    index = np.asarray([given[row] if given[row] != _NO_LABEL else _NONE for row in rows], dtype=np.int32)
    item = _column(dataset, "item", rows, np.arange(len(given))).astype(np.int64)
    ids = _column(dataset, "id", rows, np.arange(len(given)))
    labels = Labels(
        item=item,
        id=ids if ids.dtype.kind == "i" else ids.astype(np.str_),
        label=np.asarray([*names, *SPECIAL_NAMES], dtype=np.str_)[index],
        class_index=index,
        source=_column(dataset, "source", rows, np.full(len(given), "human")).astype(np.str_),
        confidence=_column(dataset, "confidence", rows, np.full(len(given), np.nan)).astype(np.float32),
        round=_column(dataset, "round", rows, np.zeros(len(given))).astype(np.int32),
    )
    return labels, names


_NONE = -len(SPECIAL_NAMES)  # "none of these", the first of the special names


def class_names(dataset: Any, label: str = "label") -> list[str]:
    """Names of the classes of a ClassLabel column, for ``gtlabel.LabelingJob(X, classes)``."""
    features = getattr(dataset, "features", None)
    if features is None:
        raise InvalidType(f"dataset: {type(dataset).__name__} given, expected a datasets.Dataset (of a split)")
    names = getattr(features.get(label), "names", None)
    if names is None:
        raise InvalidArgument(f"dataset: column {label!r} is {features.get(label)}, expected a ClassLabel")
    return list(names)


def _column(dataset: Any, name: str, rows: list[int], otherwise: Any) -> Any:
    values = dataset[name] if name in dataset.column_names else otherwise
    listed = [np.nan if value is None else value for value in values]
    return np.asarray([listed[row] for row in rows])


def _datasets() -> Any:
    try:
        import datasets
    except ImportError:
        raise ImportError("Hugging Face datasets need datasets: pip install 'gtlabel[datasets]'") from None
    return datasets
