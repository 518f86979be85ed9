"""Many workers' label sets, boxes, spans or masks per item -> one answer with a confidence for each part of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gtlabel import _core
from gtlabel._core import InvalidArgument, InvalidType
from gtlabel.vote_columns import array_of, column, columns_of, encode, encode_answers

SPAN_METHODS = ("tokens", "spans")
MASK_METHODS = ("one_accuracy", "staple")


@dataclass(frozen=True, eq=False)
class MultiLabelConsolidation:
    """Label sets and workers. Rows of items and workers are in order of first appearance."""

    items_: NDArray[Any]
    label_sets_: list[list[Any]]
    """Per item the labels whose probability is above one half, in the order of ``labels_``; may be empty."""
    probabilities_: NDArray[np.float64]
    """(items, labels): probability that the item has the label; rows do not sum to 1."""
    labels_: NDArray[Any]
    workers_: NDArray[Any]
    worker_counts_: NDArray[np.float64]
    """(workers, labels, 2, 2): expected number of answers, [.., has the label, was given it]."""
    worker_recall_: NDArray[np.float64]
    """Share of the true labels of his items that the worker gave; NaN without any."""
    worker_precision_: NDArray[np.float64]
    """Share of the labels that he gave that are true; NaN without any."""

    def to_pandas(self) -> Any:
        """One row per item: item, labels, and the probability of each label. Needs pandas."""
        import pandas as pd

        columns = {"item": self.items_, "labels": self.label_sets_}
        return pd.DataFrame(columns | dict(zip(self.labels_.tolist(), self.probabilities_.T, strict=True)))

    def workers_to_pandas(self) -> Any:
        """worker, recall and precision. Needs pandas."""
        return _worker_frame(self)

    def __repr__(self) -> str:
        sizes = f"{len(self.items_)} items, {len(self.workers_)} workers, {len(self.labels_)} labels"
        return f"MultiLabelConsolidation({sizes})"


@dataclass(frozen=True, eq=False)
class BoxConsolidation:
    """Objects, one row each, by item in order of first appearance, the surest first; and the workers."""

    items_: NDArray[Any]
    boxes_: NDArray[np.float64]
    """(objects, 4): x1, y1, x2, y2."""
    labels_: NDArray[Any] | None
    """Class per object; None if no labels were given."""
    confidence_: NDArray[np.float64]
    """Probability that there is an object and that it has this label."""
    existence_: NDArray[np.float64]
    """Probability that there is an object."""
    n_workers_: NDArray[np.int32]
    """How many marked it."""
    objects_: NDArray[np.int32]
    """Per box given: the row of its object, -1 if that is less probable than ``min_existence``."""
    empty_items_: NDArray[Any]
    """Items without any object."""
    workers_: NDArray[Any]
    worker_recall_: NDArray[np.float64]
    """Expected share of the objects in his items that the worker marked; NaN without any."""
    worker_precision_: NDArray[np.float64]
    """Expected share of his boxes that are objects; NaN without any."""
    worker_error_: NDArray[np.float64]
    """Mean distance of his sides from the answer's, as a share of its width or height; NaN where nobody else marked
    what he marked."""

    def to_pandas(self) -> Any:
        """item, x1, y1, x2, y2, label (if any were given), confidence, existence and n_workers. Needs pandas."""
        import pandas as pd

        columns: dict[str, Any] = {"item": self.items_}
        columns |= dict(zip(("x1", "y1", "x2", "y2"), self.boxes_.T, strict=True))
        if self.labels_ is not None:
            columns["label"] = self.labels_
        columns |= {"confidence": self.confidence_, "existence": self.existence_, "n_workers": self.n_workers_}
        return pd.DataFrame(columns)

    def workers_to_pandas(self) -> Any:
        """worker, recall, precision and error. Needs pandas."""
        return _worker_frame(self, error=self.worker_error_)

    def __repr__(self) -> str:
        return f"BoxConsolidation({len(self.items_)} objects, {len(self.workers_)} workers)"


@dataclass(frozen=True, eq=False)
class SpanConsolidation:
    """Spans, one row each, by item in order of first appearance, then by start; and the workers."""

    items_: NDArray[Any]
    starts_: NDArray[np.int32]
    ends_: NDArray[np.int32]
    """The span has the tokens starts_ .. ends_ - 1."""
    labels_: NDArray[Any]
    confidence_: NDArray[np.float64]
    """Probability that exactly this span is right."""
    n_workers_: NDArray[np.int32]
    """How many marked exactly this span."""
    empty_items_: NDArray[Any]
    """Items without any span."""
    workers_: NDArray[Any]
    worker_recall_: NDArray[np.float64]
    """Share of the spans here, in his items, that the worker marked exactly; NaN without any."""
    worker_precision_: NDArray[np.float64]
    """Share of his spans that are here; NaN without any."""

    def to_pandas(self) -> Any:
        """item, start, end, label, confidence and n_workers. Needs pandas."""
        import pandas as pd

        return pd.DataFrame(
            {
                "item": self.items_,
                "start": self.starts_,
                "end": self.ends_,
                "label": self.labels_,
                "confidence": self.confidence_,
                "n_workers": self.n_workers_,
            }
        )

    def workers_to_pandas(self) -> Any:
        """worker, recall and precision. Needs pandas."""
        return _worker_frame(self)

    def __repr__(self) -> str:
        return f"SpanConsolidation({len(self.items_)} spans, {len(self.workers_)} workers)"


@dataclass(frozen=True, eq=False)
class MaskConsolidation:
    """Masks, one per item in order of first appearance, and the workers."""

    items_: NDArray[Any]
    masks_: list[NDArray[Any]]
    """Most probable class of each pixel, (height, width); boolean if all masks given are."""
    probabilities_: list[NDArray[np.float32]]
    """(height, width, classes) per item; 1 where all agree."""
    confidence_: NDArray[np.float64]
    """Intersection over union that the mask is expected to have with the truth; 1 where nobody disagrees, so also where
    a single worker answered."""
    n_workers_: NDArray[np.int32]
    """Masks per item."""
    workers_: NDArray[Any]
    worker_counts_: NDArray[np.float64]
    """(workers, classes, classes): expected number of pixels, [.., truth, answer], where people disagree."""
    worker_accuracy_: NDArray[np.float64]
    """Share of right pixels among those on which people disagree; NaN without any."""

    def __repr__(self) -> str:
        return f"MaskConsolidation({len(self.items_)} items, {len(self.workers_)} workers)"


def consolidate_multi_label(
    items: Any,
    workers: Any = None,
    label_sets: Any = None,
    *,
    labels: Sequence[Any] | None = None,
    n_threads: int = 0,
) -> MultiLabelConsolidation:
    """One set of labels per item from many sets: each label is decided by itself, with a rate of finding and a rate of
    inventing it per worker (``ibcc`` with the answers yes and no).

    Parameters
    ----------
    items, workers, label_sets
        Columns of equal length, one row per answer. A label set is any collection of labels, [] an answer without any;
        or ``label_sets`` is a boolean array (answers, labels). Or ``items`` alone: a table with the columns item,
        worker, labels. ``workers=None`` beside label sets: nobody knows who answered.
    labels
        All possible labels, in the order of the columns of the probabilities; default: those there are, sorted (of an
        array, the numbers of its columns).
    n_threads
        0: all cores. Results do not depend on it.

    Raises
    ------
    InvalidArgument
        No rows, missing values (named by row), columns of different length, a label twice in a set.
    UnknownClass
        A label that is none of ``labels``, named by row.
    """
    if workers is None and label_sets is None:
        items, workers, label_sets = columns_of(
            items, {"item": ("item", "task"), "worker": ("worker",), "labels": ("labels",)}
        )
    item_values = column(items, "items")
    sizes, given, labels = _label_sets(label_sets, labels)
    worker_values = np.zeros(len(item_values), dtype=np.int64) if workers is None else column(workers, "workers")
    _require_lengths(items=item_values, workers=worker_values, label_sets=sizes)
    item_ids, item_codes = encode(item_values, "items")
    worker_ids, worker_codes = encode(worker_values, "workers")
    ends = np.cumsum(sizes)
    rows = np.repeat(np.arange(len(sizes)), sizes)
    names, codes = encode_answers(given, labels, name="label_sets", rows=rows)
    if not len(names):
        raise InvalidArgument("labels: none known, since all label sets are empty; give labels=")
    keys = rows * len(names) + codes
    if len(np.unique(keys)) < len(keys):
        order = np.argsort(keys, kind="stable")
        again = order[1:][np.diff(keys[order]) == 0].min()
        label = names.tolist()[codes[again]]
        raise InvalidArgument(f"label_sets: row {rows[again]} has {label!r} twice, expected each label at most once")
    columns = _core._consolidate_multi_label(item_codes, worker_codes, ends, codes, len(names), n_threads)
    listed = names.tolist()
    return MultiLabelConsolidation(
        items_=item_ids,
        label_sets_=[[listed[code] for code in codes] for codes in columns["label_sets"]],
        probabilities_=columns["probabilities"],
        labels_=names,
        workers_=worker_ids,
        worker_counts_=columns["worker_counts"],
        worker_recall_=columns["worker_recall"],
        worker_precision_=columns["worker_precision"],
    )


def consolidate_boxes(
    items: Any,
    workers: Any = None,
    boxes: Any = None,
    labels: Any = None,
    *,
    empty_answers: Any = (),
    classes: Sequence[Any] | None = None,
    min_overlap: float = 0.5,
    min_existence: float = 0.5,
    n_threads: int = 0,
) -> BoxConsolidation:
    """Objects from many workers' boxes: which there are, of which class, and where.

    Boxes of different workers that overlap are of one object; whether it exists, and its class, follows from who marked
    it and who did not, with rates of missing and inventing objects per worker; its sides are a weighted median and
    mean, in which exact workers count more.

    Parameters
    ----------
    items, workers, boxes, labels
        Columns of equal length, one row per box; ``boxes`` is (n, 4): x1, y1, x2, y2 with x1 < x2 and y1 < y2.
        ``labels=None``: all boxes are of one class. Or ``items`` alone: a table with the columns item, worker, x1, y1,
        x2, y2 and perhaps label.
    empty_answers
        Who looked at an item and marked nothing: pairs (item, worker), or a table with these columns. They are votes
        against what others marked there; whoever is not named for an item has not seen it.
    classes
        All possible labels; default: those there are.
    min_overlap
        Least mean intersection over union of boxes that are of one object.
    min_existence
        Objects less probable than this are left out; 0: all that anybody marked.
    n_threads
        0: all cores. Results do not depend on it.

    Raises
    ------
    InvalidArgument
        No answers, missing values, a box without area, a worker who marked something and nothing; named by row.
    UnknownClass
        A label that is none of ``classes``, named by row.
    """
    if workers is None and boxes is None:
        items, workers, boxes, labels = _box_columns(items)
    coordinates = _boxes(boxes)
    marks = _Marks(items, workers, labels, empty_answers, classes, boxes=coordinates)
    item_codes, worker_codes, class_codes = marks.codes
    columns = _core._consolidate_boxes(
        item_codes,
        worker_codes,
        coordinates,
        class_codes,
        *marks.empty_codes,
        max(1, len(marks.classes)),
        min_overlap,
        min_existence,
        n_threads,
    )
    return BoxConsolidation(
        items_=marks.items[columns["items"]],
        boxes_=columns["boxes"],
        labels_=None if labels is None else marks.classes[columns["classes"]],
        confidence_=columns["confidences"],
        existence_=columns["existences"],
        n_workers_=columns["n_workers"],
        objects_=columns["objects"],
        empty_items_=marks.items_without(columns["items"]),
        workers_=marks.workers,
        worker_recall_=columns["worker_recall"],
        worker_precision_=columns["worker_precision"],
        worker_error_=columns["worker_error"],
    )


def consolidate_spans(
    items: Any,
    workers: Any = None,
    starts: Any = None,
    ends: Any = None,
    labels: Any = None,
    *,
    lengths: Mapping[Any, Any],
    empty_answers: Any = (),
    classes: Sequence[Any] | None = None,
    method: str = "tokens",
    n_threads: int = 0,
) -> SpanConsolidation:
    """Spans from many workers' spans, such as names in texts.

    Parameters
    ----------
    items, workers, starts, ends, labels
        Columns of equal length, one row per span, which has the tokens start .. end - 1 of its item. Or ``items``
        alone: a table with the columns item, worker, start, end, label. Spans of one worker do not overlap.
    lengths
        Item -> its number of tokens, or its tokens. (Characters may stand for tokens.)
    empty_answers
        Who read an item and marked nothing: pairs (item, worker), or a table with these columns.
    classes
        All possible labels; default: those there are.
    method
        "tokens": every token's tag (a span of a class begins or goes on, or there is none) is decided by ``ibcc``, then
        the most probable sequence of tags in which spans begin before they go on. "spans": spans that overlap are one,
        which exists or not, as in ``consolidate_boxes``; its ends are those that the better workers gave.
    n_threads
        0: all cores. Results do not depend on it.

    Raises
    ------
    InvalidArgument
        No answers, missing values, spans that are empty, leave their item or overlap; named by row.
    UnknownClass
        A label that is none of ``classes``, named by row.
    """
    if workers is None and starts is None:
        names = {"item": ("item", "task"), "worker": ("worker",), "start": ("start",), "end": ("end",)}
        items, workers, starts, ends, labels = columns_of(items, names | {"label": ("label", "answer")})
    _require_method(method, SPAN_METHODS)
    places = _token_column(starts, "starts"), _token_column(ends, "ends")
    marks = _Marks(items, workers, labels, empty_answers, classes, starts=places[0], ends=places[1])
    item_codes, worker_codes, class_codes = marks.codes
    columns = _core._consolidate_spans(
        item_codes,
        worker_codes,
        *places,
        class_codes,
        *marks.empty_codes,
        _lengths(lengths, marks.items),
        max(1, len(marks.classes)),
        method,
        n_threads,
    )
    return SpanConsolidation(
        items_=marks.items[columns["items"]],
        starts_=columns["starts"],
        ends_=columns["ends"],
        labels_=marks.classes[columns["classes"]],
        confidence_=columns["confidences"],
        n_workers_=columns["n_workers"],
        empty_items_=marks.items_without(columns["items"]),
        workers_=marks.workers,
        worker_recall_=columns["worker_recall"],
        worker_precision_=columns["worker_precision"],
    )


def consolidate_masks(
    items: Any,
    workers: Any,
    masks: Any,
    *,
    n_classes: int | None = None,
    method: str = "one_accuracy",
    smoothness: float = 0.25,
    n_threads: int = 0,
) -> MaskConsolidation:
    """One mask per item from many workers' masks. Only pixels on which they disagree are worked on.

    Parameters
    ----------
    items, workers, masks
        Columns of equal length, one row per mask. A mask is a (height, width) array, boolean or of classes 0 to 255
        with 0 for the background; masks of an item have one size. ``masks`` may be one (n, height, width) array.
    n_classes
        Default: the largest class plus 1, at least 2.
    method
        "one_accuracy": a worker is right about a doubtful pixel with one probability, whatever its class. "staple": a
        sensitivity and a specificity per worker (STAPLE), which takes what all have in common for sensitivity;
        docs/consolidation.md has measurements.
    smoothness
        Log odds that each of the four neighbours of a pixel adds to its own class, unless most people draw a border
        between the two.
    n_threads
        0: all cores. Results do not depend on it.

    Raises
    ------
    InvalidArgument
        No masks, missing ids, masks of an item with different sizes, two masks of an item by one worker; named by row.
    UnknownClass
        A class that is not below ``n_classes``, named by row and pixel.
    """
    _require_method(method, MASK_METHODS)
    item_values, worker_values, listed = column(items, "items"), column(workers, "workers"), list(masks)
    _require_lengths(items=item_values, workers=worker_values, masks=listed)
    arrays = [_mask(mask, row) for row, mask in enumerate(listed)]
    if n_classes is None:
        n_classes = max([2, *(int(array.max(initial=0)) + 1 for array in arrays)])
    item_ids, item_codes = encode(item_values, "items")
    worker_ids, worker_codes = encode(worker_values, "workers")
    columns = _core._consolidate_masks(
        item_codes, worker_codes, [array.view(np.uint8) for array in arrays], n_classes, method, smoothness, n_threads
    )
    is_boolean = all(array.dtype == bool for array in arrays)
    return MaskConsolidation(
        items_=item_ids,
        masks_=[mask.view(bool) if is_boolean else mask for mask in columns["masks"]],
        probabilities_=columns["probabilities"],
        confidence_=columns["confidences"],
        n_workers_=columns["n_workers"],
        workers_=worker_ids,
        worker_counts_=columns["worker_counts"],
        worker_accuracy_=columns["worker_accuracy"],
    )


class _Marks:
    """Columns of marks and of empty answers as codes, with the ids that the codes stand for."""

    def __init__(
        self, items: Any, workers: Any, labels: Any, empty_answers: Any, classes: Sequence[Any] | None, **others: Any
    ) -> None:
        item_values, worker_values = column(items, "items"), column(workers, "workers")
        label_values = np.zeros(len(item_values), dtype=np.int64) if labels is None else column(labels, "labels")
        _require_lengths(items=item_values, workers=worker_values, labels=label_values, **others)
        empty_items, empty_workers = _empty_columns(empty_answers)
        if not len(item_values) and not len(empty_items):
            raise InvalidArgument("marks: an empty table given, expected at least one mark or empty answer")
        n = len(item_values)
        self.items, item_codes = encode(_stacked(item_values, empty_items), "items")
        self.workers, worker_codes = encode(_stacked(worker_values, empty_workers), "workers")
        self.classes, class_codes = encode_answers(label_values, classes, name="labels")
        self.codes = item_codes[:n], worker_codes[:n], class_codes
        self.empty_codes = item_codes[n:], worker_codes[n:]
        self._require_one_answer()

    def _require_one_answer(self) -> None:
        known = set(zip(self.codes[0].tolist(), self.codes[1].tolist(), strict=True))
        pairs = zip(self.empty_codes[0].tolist(), self.empty_codes[1].tolist(), strict=True)
        for row, pair in enumerate(pairs):
            if pair in known:
                item, worker = self.items.tolist()[pair[0]], self.workers.tolist()[pair[1]]
                raise InvalidArgument(
                    f"empty_answers: row {row} says that {worker!r} marked nothing in {item!r}, which another row of "
                    "theirs answers; expected one or the other"
                )
            known.add(pair)

    def items_without(self, codes: NDArray[np.int32]) -> NDArray[Any]:
        is_empty = np.ones(len(self.items), dtype=bool)
        is_empty[codes] = False
        without: NDArray[Any] = self.items[is_empty]
        return without


def _empty_columns(given: Any) -> tuple[NDArray[Any], NDArray[Any]]:
    if isinstance(given, Mapping) or hasattr(given, "columns") or hasattr(given, "column_names"):
        items, workers = columns_of(given, {"item": ("item", "task"), "worker": ("worker",)})
        items, workers = column(items, "empty_answers, items"), column(workers, "empty_answers, workers")
        _require_lengths(items=items, workers=workers)
        return items, workers
    pairs = list(given)
    for row, pair in enumerate(pairs):
        if not isinstance(pair, tuple | list | np.ndarray) or len(pair) != 2:
            raise InvalidType(f"empty_answers: row {row} is {pair!r}, expected a pair (item, worker)")
    return (
        column([pair[0] for pair in pairs], "empty_answers, items"),
        column([pair[1] for pair in pairs], "empty_answers, workers"),
    )


def _stacked(first: NDArray[Any], second: NDArray[Any]) -> NDArray[Any]:
    if not len(second):
        return first
    if first.dtype.kind == second.dtype.kind != "O":
        return np.concatenate([first, second])
    return array_of([*first.tolist(), *second.tolist()], "ids") if len(first) else second


def _require_lengths(**columns: Collection[Any]) -> None:
    counts = {name: len(values) for name, values in columns.items()}
    if len(set(counts.values())) > 1:
        given = ", ".join(f"{count} {name}" for name, count in counts.items())
        raise InvalidArgument(f"columns: {given} given, expected one of each per row")


def _require_method(method: str, methods: tuple[str, ...]) -> None:
    if method not in methods:
        raise InvalidArgument(f"method: {method!r} given, expected one of {', '.join(map(repr, methods))}")


def _label_sets(
    given: Any, labels: Sequence[Any] | None
) -> tuple[NDArray[np.int64], NDArray[Any], Sequence[Any] | None]:
    """Size of each set, all their labels one after another, and the possible labels."""
    if isinstance(given, np.ndarray) and given.ndim == 2:
        if given.dtype != bool and not np.isin(given, (0, 1)).all():
            raise InvalidArgument(f"label_sets: an array of {given.dtype} given, expected booleans or 0 and 1")
        if labels is not None and len(labels) != given.shape[1]:
            raise InvalidArgument(f"labels: {len(labels)} given for {given.shape[1]} columns of label_sets")
        names = array_of(range(given.shape[1]) if labels is None else labels, "labels")
        return given.astype(bool).sum(axis=1), names[np.nonzero(given)[1]], names.tolist()
    listed = given.to_pylist() if hasattr(given, "to_pylist") else list(given)
    for row, labels_of_row in enumerate(listed):
        if isinstance(labels_of_row, str | bytes) or not isinstance(labels_of_row, Iterable):
            raise InvalidType(f"label_sets: row {row} is {labels_of_row!r}, expected a collection of labels")
    sets = [list(labels_of_row) for labels_of_row in listed]
    flat = column([label for labels_of_row in sets for label in labels_of_row], "label_sets")
    return np.array([len(labels_of_row) for labels_of_row in sets], dtype=np.int64), flat, labels


def _box_columns(table: Any) -> tuple[Any, Any, Any, Any]:
    names: dict[str, Sequence[str]] = {name: (name,) for name in ("item", "worker", "x1", "y1", "x2", "y2")}
    items, workers, *sides = columns_of(table, names | {"item": ("item", "task")})
    known = getattr(table, "column_names", None)
    has_labels = "label" in (known if known is not None else getattr(table, "columns", table))
    sides = [column(side, name) for side, name in zip(sides, ("x1", "y1", "x2", "y2"), strict=True)]
    _require_lengths(x1=sides[0], y1=sides[1], x2=sides[2], y2=sides[3])
    return items, workers, np.column_stack(sides), table["label"] if has_labels else None


def _boxes(given: Any) -> NDArray[np.float64]:
    try:
        array = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidType(f"boxes: {error}; expected an (n, 4) array of numbers") from None
    if array.size == 0:
        array = array.reshape(0, 4)
    if array.ndim != 2 or array.shape[1] != 4:
        raise InvalidArgument(f"boxes: shape {array.shape} given, expected (n, 4): x1, y1, x2, y2")
    return array


def _token_column(values: Any, name: str) -> NDArray[np.int32]:
    array = column(values, name)
    if not len(array):
        return np.zeros(0, dtype=np.int32)
    if array.dtype.kind not in "iu":
        raise InvalidType(f"{name}: {array.dtype} given, expected integers")
    if array.max() > np.iinfo(np.int32).max or array.min() < np.iinfo(np.int32).min:
        raise InvalidArgument(f"{name}: {array.min()} to {array.max()} given, expected less than 2^31")
    return array.astype(np.int32)


def _lengths(given: Mapping[Any, Any], items: NDArray[Any]) -> NDArray[np.int32]:
    if not isinstance(given, Mapping):
        raise InvalidType(f"lengths: {type(given).__name__} given, expected a mapping from item to number of tokens")
    listed = items.tolist()
    absent = [item for item in listed if item not in given]
    if absent:
        raise InvalidArgument(f"lengths: none for item {absent[0]!r}")
    unanswered = set(given) - set(listed)
    if unanswered:
        item = next(item for item in given if item in unanswered)
        raise InvalidArgument(
            f"lengths: item {item!r} has no answer, expected lengths of answered items only; if somebody read it and "
            "marked nothing, name the pair in empty_answers"
        )
    values = [given[item] for item in listed]
    return np.array([len(value) if hasattr(value, "__len__") else int(value) for value in values], dtype=np.int32)


def _mask(given: Any, row: int) -> NDArray[Any]:
    array = np.asarray(given)
    if array.ndim != 2:
        raise InvalidArgument(f"masks: row {row} has shape {array.shape}, expected (height, width)")
    if array.dtype == bool or array.dtype == np.uint8:
        return np.ascontiguousarray(array)
    if array.dtype.kind not in "iu":
        raise InvalidType(f"masks: row {row} has {array.dtype}, expected booleans or integers from 0 to 255")
    if array.size and (array.min() < 0 or array.max() > 255):
        raise InvalidArgument(f"masks: row {row} has {array.min()} to {array.max()}, expected 0 to 255")
    return np.ascontiguousarray(array, dtype=np.uint8)


def _worker_frame(result: Any, **more: ArrayLike) -> Any:
    import pandas as pd

    columns = {"worker": result.workers_, "recall": result.worker_recall_, "precision": result.worker_precision_}
    return pd.DataFrame(columns | more)
