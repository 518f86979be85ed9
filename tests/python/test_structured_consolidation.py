"""Label sets, boxes, spans and masks of many workers -> one answer, as a notebook user would ask for it."""

import importlib.util
import sys
from pathlib import Path

import gtlabel as gt
import numpy as np
import pytest

LENGTHS = {"x": 6, "y": ["Ann", "met", "Bob"]}
SPANS = (["x", "x", "y", "y"], ["ann", "bob", "ann", "bob"], [1, 1, 0, 0], [3, 3, 1, 1], ["PER"] * 4)
BOX_ROWS = (
    ["x", "x", "y"],
    ["ann", "bob", "ann"],
    [[0, 0, 10, 10], [1, 0, 10, 10], [5, 5, 9, 9]],
    ["cat", "cat", "dog"],
)


def benchmark():
    path = Path(__file__).resolve().parents[1] / "benchmarks" / "structured_consolidation.py"
    spec = importlib.util.spec_from_file_location("gtlabel_benchmark_structured", path)
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = loaded
    spec.loader.exec_module(loaded)
    return loaded


crowds = benchmark()


def real(name):
    folder = crowds.folder_of(name)
    if folder is None:
        pytest.skip(f"{name} is not in the folder that GTLABEL_TEST_DATA names")
    return folder


# --- label sets -------------------------------------------------------------------------------------------------------
def test_label_sets_have_the_names_of_the_table():
    items, workers = ["x", "x", "x", "y", "y", "y"], ["ann", "bob", "eve"] * 2
    result = gt.consolidate_multi_label(items, workers, [{"cat"}, ["cat"], ("cat", "dog"), [], [], []])
    assert result.items_.tolist() == ["x", "y"]
    assert result.labels_.tolist() == ["cat", "dog"]
    assert result.label_sets_ == [["cat"], []]
    assert result.worker_counts_.shape == (3, 2, 2, 2)
    np.testing.assert_allclose(result.worker_counts_.sum(axis=(2, 3)), 2)  # each answered two items
    assert result.to_pandas().columns.tolist() == ["item", "labels", "cat", "dog"]
    assert result.workers_to_pandas().columns.tolist() == ["worker", "recall", "precision"]


def test_label_sets_as_a_boolean_array_or_a_table_are_the_same():
    items, workers = [1, 1, 2, 2], [7, 8, 7, 8]
    sets = [[0], [0, 2], [], [1]]
    array = np.array([[1, 0, 0], [1, 0, 1], [0, 0, 0], [0, 1, 0]], dtype=bool)
    expected = gt.consolidate_multi_label(items, workers, sets, labels=[0, 1, 2])
    by_array = gt.consolidate_multi_label(items, workers, array)
    by_table = gt.consolidate_multi_label({"item": items, "worker": workers, "labels": sets})
    np.testing.assert_array_equal(by_array.probabilities_, expected.probabilities_)
    np.testing.assert_array_equal(by_table.probabilities_, expected.probabilities_)
    arrow = pytest.importorskip("pyarrow").table({"item": items, "worker": workers, "labels": sets})
    np.testing.assert_array_equal(gt.consolidate_multi_label(arrow).probabilities_, expected.probabilities_)
    named = gt.consolidate_multi_label(items, workers, array, labels=["a", "b", "c"])
    assert named.labels_.tolist() == ["a", "b", "c"]


def test_bad_label_sets_are_named_by_row():
    with pytest.raises(gt.UnknownClass, match="label_sets: row 1 has 'cow'"):
        gt.consolidate_multi_label([1, 2], [1, 1], [["cat"], ["cat", "cow"]], labels=["cat"])
    with pytest.raises(gt.InvalidArgument, match="row 1 has 'cat' twice"):
        gt.consolidate_multi_label([1, 2], [1, 1], [["cat"], ["cat", "cat"]])
    with pytest.raises(gt.InvalidType, match="row 0 is 'cat'"):
        gt.consolidate_multi_label([1], [1], ["cat"])
    with pytest.raises(gt.InvalidArgument, match="2 items, 2 workers, 1 label_sets"):
        gt.consolidate_multi_label([1, 2], [1, 1], [["cat"]])
    with pytest.raises(gt.InvalidArgument, match="give labels="):
        gt.consolidate_multi_label([1], [1], [[]])
    assert gt.consolidate_multi_label([1], [1], [[]], labels=["cat"]).label_sets_ == [[]]


def test_label_sets_of_real_people_beat_the_majority():
    columns, truth = crowds.sentence_label_sets(*crowds.load_conll(real("ner/conll_mturk")))
    result = gt.consolidate_multi_label(*columns)
    found = dict(zip(map(tuple, result.items_), map(set, result.label_sets_), strict=True))
    f1, right = crowds.set_scores(found, truth)
    majority = crowds.set_scores(crowds.majority_sets(*columns), truth)
    assert f1 > majority[0] + 0.05
    assert right > majority[1] + 0.05


# --- spans ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("method", ["tokens", "spans"])
def test_spans_have_the_names_of_the_table(method):
    result = gt.consolidate_spans(*SPANS, lengths=LENGTHS, empty_answers=[("x", "eve")], method=method)
    assert result.workers_.tolist() == ["ann", "bob", "eve"]
    spans = zip(result.items_, result.starts_, result.ends_, result.labels_, strict=True)
    assert list(spans) == [("x", 1, 3, "PER"), ("y", 0, 1, "PER")]
    assert np.all((result.confidence_ > 0) & (result.confidence_ <= 1))
    assert result.to_pandas().columns.tolist() == ["item", "start", "end", "label", "confidence", "n_workers"]
    assert result.workers_to_pandas().shape == (3, 3)
    by_table = gt.consolidate_spans(
        dict(zip(("item", "worker", "start", "end", "label"), SPANS, strict=True)),
        lengths=LENGTHS,
        empty_answers={"item": ["x"], "worker": ["eve"]},
        method=method,
    )
    np.testing.assert_array_equal(by_table.confidence_, result.confidence_)


def test_an_item_in_which_nobody_marks_a_span_is_empty():
    result = gt.consolidate_spans([], [], [], [], [], lengths={"x": 3}, empty_answers=[("x", "ann"), ("x", "bob")])
    assert len(result.starts_) == 0
    assert result.empty_items_.tolist() == ["x"]


def test_bad_spans_are_named_by_row():
    def refused(match, *columns, error=gt.InvalidArgument, **options):
        with pytest.raises(error, match=match):
            gt.consolidate_spans(*columns, **({"lengths": {"x": 6}} | options))

    one = ["x"], ["ann"], [1], [3], ["PER"]
    refused("row 0 has 1 to 7, expected 0 <= start < end <= 6", ["x"], ["ann"], [1], [7], ["PER"])
    refused("row 1 has 2 to 4, which overlaps row 0", ["x"] * 2, ["ann"] * 2, [1, 2], [3, 4], ["PER"] * 2)
    refused(r"starts: no value in 1 of 1 rows \(0\)", ["x"], ["ann"], [np.nan], [3], ["PER"])
    refused("starts: float64 given", ["x"], ["ann"], np.array([1.5]), [3], ["PER"], error=gt.InvalidType)
    refused("labels: row 0 has 'PER'", *one, classes=["LOC"], error=gt.UnknownClass)
    refused("'ann' marked nothing in 'x'", *one, empty_answers=[("x", "ann")])
    refused("item 'z' has no answer", *one, lengths={"x": 6, "z": 4})
    refused("none for item 'x'", *one, lengths={})
    refused("'majority' given", *one, method="majority")
    refused("row 0 is 'xy', expected a pair", *one, empty_answers=["xy"], error=gt.InvalidType)
    refused("an empty table", [], [], [], [], [])
    refused("2 starts", ["x"], ["ann"], [1, 2], [3], ["PER"])


@pytest.mark.parametrize(("method", "least"), [("tokens", 0.75), ("spans", 0.7)])
def test_spans_of_real_people_beat_the_token_majority(method, least):
    gold, _, answers = crowds.load_conll(real("ner/conll_mturk"))
    columns, empty = crowds.span_columns(answers)
    result = gt.consolidate_spans(*columns, lengths=gold, empty_answers=empty, method=method)
    assert crowds.span_scores(crowds.found_spans(result, gold), gold)[2] > least  # the token majority has 0.69


# --- boxes ------------------------------------------------------------------------------------------------------------
def test_boxes_have_the_names_of_the_table():
    result = gt.consolidate_boxes(*BOX_ROWS, empty_answers=[("z", "eve")])
    assert repr(result) == "BoxConsolidation(2 objects, 3 workers)"
    assert result.items_.tolist() == ["x", "y"]
    assert result.labels_.tolist() == ["cat", "dog"]
    np.testing.assert_allclose(result.boxes_, [[0.5, 0, 10, 10], [5, 5, 9, 9]])
    assert result.objects_.tolist() == [0, 0, 1]
    assert result.empty_items_.tolist() == ["z"]
    assert result.workers_.tolist() == ["ann", "bob", "eve"]
    expected = ["item", "x1", "y1", "x2", "y2", "label", "confidence", "existence", "n_workers"]
    assert result.to_pandas().columns.tolist() == expected
    assert result.workers_to_pandas().columns.tolist() == ["worker", "recall", "precision", "error"]


def test_boxes_may_have_no_labels_and_come_as_a_table():
    pd = pytest.importorskip("pandas")
    table = pd.DataFrame(BOX_ROWS[2], columns=["x1", "y1", "x2", "y2"]).assign(item=BOX_ROWS[0], worker=BOX_ROWS[1])
    result = gt.consolidate_boxes(table)
    assert result.labels_ is None
    np.testing.assert_array_equal(result.boxes_, gt.consolidate_boxes(*BOX_ROWS[:3]).boxes_)
    assert gt.consolidate_boxes(table.assign(label=BOX_ROWS[3])).labels_.tolist() == ["cat", "dog"]


def test_an_image_in_which_nobody_marks_a_box_is_empty():
    result = gt.consolidate_boxes([], [], [], empty_answers=[("x", "ann"), ("y", "ann")])
    assert result.boxes_.shape == (0, 4)
    assert result.empty_items_.tolist() == ["x", "y"]


def test_the_order_of_boxes_does_not_matter():
    (items, workers, boxes, labels), empty, _ = simulated()
    order = np.random.default_rng(1).permutation(len(items))
    result = gt.consolidate_boxes(items, workers, boxes, labels, empty_answers=empty)
    shuffled = [[column[row] for row in order] for column in (items, workers, boxes, labels)]
    other = gt.consolidate_boxes(*shuffled, empty_answers=empty)
    key = ["item", "x1", "y1"]
    mine, others = (table.to_pandas().sort_values(key).reset_index(drop=True) for table in (result, other))
    np.testing.assert_allclose(mine.drop(columns="label"), others.drop(columns="label"), atol=1e-6)
    assert mine["label"].tolist() == others["label"].tolist()


def simulated(n_items=60, seed=0):
    """Two objects an item; worker 3 marks anything anywhere."""
    random = np.random.default_rng(seed)
    rows, empty = [], []
    objects = np.array([[10, 10, 50, 50], [60, 20, 90, 80]])
    for item in range(n_items):
        for worker in range(4):
            is_marked = random.random(2) < 0.8
            if worker == 3:
                corner = random.uniform(0, 60, 2)
                rows.append((item, 3, np.concatenate([corner, corner + 30]), random.integers(2)))
            elif not is_marked.any():
                empty.append((item, worker))
            rows += [
                (item, worker, objects[o] + random.normal(size=4) * 2, o) for o in (0, 1) if is_marked[o] and worker < 3
            ]
    return [list(column) for column in zip(*rows, strict=True)], empty, objects


def test_a_spammer_of_boxes_is_known():
    columns, empty, objects = simulated()
    result = gt.consolidate_boxes(*columns, empty_answers=empty)
    precision = dict(zip(result.workers_.tolist(), result.worker_precision_, strict=True))
    assert precision[3] < 0.3
    assert min(precision[worker] for worker in range(3)) > 0.9
    assert abs(len(result.boxes_) - 120) < 10
    errors = np.abs(result.boxes_ - objects[result.labels_]).mean(axis=1)
    assert np.median(errors) < 1.6


def test_bad_boxes_are_named_by_row():
    def refused(match, *columns, error=gt.InvalidArgument, **options):
        with pytest.raises(error, match=match):
            gt.consolidate_boxes(*columns, **options)

    refused("row 0 has x1 = 5", ["x"], ["ann"], [[5, 0, 5, 1]])
    refused("row 1 has y2 = nan", ["x", "x"], ["ann", "bob"], [[0, 0, 5, 1], [0, 0, 5, np.nan]])
    refused(r"shape \(1, 3\)", ["x"], ["ann"], [[0, 0, 5]])
    refused("labels: row 0 has 'cat'", *BOX_ROWS, classes=["dog"], error=gt.UnknownClass)
    refused("min_overlap: 0", *BOX_ROWS, min_overlap=0)
    refused("'ann' marked nothing in 'y'", *BOX_ROWS, empty_answers=[("y", "ann")])
    refused("no column 'x1'", {"item": [1], "worker": [1]})
    refused("could not convert", ["x"], ["ann"], [["a", 0, 1, 1]], error=gt.InvalidType)


def test_boxes_of_real_people_are_at_least_as_good_as_the_median():
    scores = []
    for name in crowds.CELLS:
        columns, truth = crowds.load_cell_boxes(real(f"segmentation/{name}"))
        majority = crowds.majority_boxes(columns, crowds.people_per_item(columns, []))
        result = crowds.by_item(gt.consolidate_boxes(*columns))
        scores.append([crowds.box_scores(found, truth) for found in (majority, result)])
    for of_majority, of_result in scores:
        assert of_result[0] > of_majority[0] - 0.002
        assert of_result[1][0] >= of_majority[1][0]


def test_boxes_of_simulated_people_beat_majority_and_median():
    columns, empty, truth = crowds.simulated_bccd(real("detection/bccd"))
    overlap, f1, _ = crowds.box_scores(crowds.by_item(gt.consolidate_boxes(*columns, empty_answers=empty)), truth)
    majority = crowds.majority_boxes(columns, crowds.people_per_item(columns, empty))
    majority_overlap, majority_f1, _ = crowds.box_scores(majority, truth)
    assert overlap > majority_overlap + 0.005
    assert f1[0] > majority_f1[0] + 0.005


# --- masks ------------------------------------------------------------------------------------------------------------
def discs(radii):
    y, x = np.mgrid[:40, :50]
    return [np.hypot(y - 20, x - 25) <= radius for radius in radii]


@pytest.mark.parametrize("method", ["one_accuracy", "staple"])
def test_masks_have_the_names_of_the_table(method):
    masks = discs([10, 10, 14, 5])
    result = gt.consolidate_masks(["x", "x", "x", "y"], ["ann", "bob", "eve", "ann"], masks, method=method)
    assert result.items_.tolist() == ["x", "y"]
    assert result.n_workers_.tolist() == [3, 1]
    assert result.masks_[0].dtype == bool
    assert result.probabilities_[0].shape == (40, 50, 2)
    np.testing.assert_allclose(result.probabilities_[0].sum(axis=2), 1, rtol=1e-5)
    np.testing.assert_array_equal(result.masks_[0], masks[0])
    np.testing.assert_array_equal(result.masks_[1], masks[3])
    assert result.confidence_[0] < 1 == result.confidence_[1]
    assert result.worker_counts_.shape == (3, 2, 2)


def test_masks_may_have_several_classes_and_sizes():
    small = np.array([[0, 2], [1, 1]])
    masks = [small, small, small.T, np.zeros((3, 5), int)]
    result = gt.consolidate_masks([1, 1, 1, 2], [1, 2, 3, 1], masks, smoothness=0)
    assert result.masks_[0].tolist() == small.tolist()
    assert result.masks_[1].shape == (3, 5)
    assert result.probabilities_[0].shape == (2, 2, 3)
    stacked = gt.consolidate_masks([1, 1], [1, 2], np.stack([small, small]))
    assert stacked.masks_[0].tolist() == small.tolist()


def test_the_order_of_masks_does_not_matter():
    random = np.random.default_rng(0)
    masks = [mask ^ (random.random(mask.shape) < 0.1) for mask in discs([9, 10, 11, 12, 13])]
    items, workers = [1] * 5, list("abcde")
    result = gt.consolidate_masks(items, workers, masks)
    other = gt.consolidate_masks(items, workers[::-1], masks[::-1])
    np.testing.assert_array_equal(result.masks_[0], other.masks_[0])
    np.testing.assert_allclose(result.probabilities_[0], other.probabilities_[0], atol=1e-5)


def test_bad_masks_are_named_by_row():
    def refused(match, *columns, error=gt.InvalidArgument, **options):
        with pytest.raises(error, match=match):
            gt.consolidate_masks(*columns, **options)

    zeros = np.zeros((3, 4), dtype=int)
    refused("row 1 is 4 x 3, expected 3 x 4 like row 0", [1, 1], [1, 2], [zeros, zeros.T])
    refused("row 1 is of the same item and worker as row 0", [1, 1], [1, 1], [zeros, zeros])
    refused(r"row 0 has shape \(3,\)", [1], [1], [zeros[:, 0]])
    refused("row 0 has -1 to -1, expected 0 to 255", [1], [1], [zeros - 1])
    refused("row 0 has float64", [1], [1], [zeros * 0.5], error=gt.InvalidType)
    refused(r"row 0 has class 5 at pixel \(0, 0\)", [1], [1], [zeros + 5], n_classes=2, error=gt.UnknownClass)
    refused("method: 'vote' given", [1], [1], [zeros], method="vote")
    refused("1 items, 1 workers, 2 masks", [1], [1], [zeros, zeros])
    refused("items: no value", [None], [1], [zeros])
    refused("none given", [], [], [])


@pytest.mark.parametrize("name", crowds.CELLS)
def test_masks_of_real_people_are_at_least_as_good_as_the_majority(name):
    columns, gold = crowds.load_cells(real(f"segmentation/{name}"))
    result = gt.consolidate_masks(*columns)
    overlap = [crowds.mask_overlap(mask, gold[i]) for i, mask in zip(result.items_, result.masks_, strict=True)]
    majority = crowds.majority_masks(columns[0], columns[2])
    assert np.mean(overlap) > np.mean([crowds.mask_overlap(majority[i], gold[i]) for i in gold])
