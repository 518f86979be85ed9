"""Many answers -> one label, as a notebook user would ask for it."""

import csv
import json
import os
import tarfile
from pathlib import Path

import gtlabel as gt
import numpy as np
import pytest
from gtlabel.consolidation import METHODS

ITEMS = ["x", "y", "x", "y", "x", "y"]
WORKERS = ["ann", "ann", "bob", "bob", "eve", "eve"]
ANSWERS = ["dog", "cat", "dog", "cat", "cat", "cat"]


def data_folder(name):
    if "GTLABEL_TEST_DATA" not in os.environ:
        pytest.skip("the environment variable GTLABEL_TEST_DATA is not set")
    folder = Path(os.environ["GTLABEL_TEST_DATA"]) / name
    if not folder.exists():
        pytest.skip(f"{name} is not in the folder that GTLABEL_TEST_DATA names")
    return folder


def make_votes(n_items=300, n_workers=20, n_votes=5, n_classes=3, seed=0):
    """items, workers, answers, truth; half of the workers guess."""
    random = np.random.default_rng(seed)
    truth = random.integers(n_classes, size=n_items)
    items = np.repeat(np.arange(n_items), n_votes)
    workers = random.integers(n_workers, size=n_items * n_votes)
    is_right = random.random(len(items)) < np.where(workers < n_workers // 2, 0.9, 1 / n_classes)
    wrong = (truth[items] + random.integers(1, n_classes, size=len(items))) % n_classes
    return items, workers, np.where(is_right, truth[items], wrong), truth


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_names_and_shapes_are_those_of_the_table(method):
    result = method(ITEMS, WORKERS, ANSWERS)
    assert result.items_.tolist() == ["x", "y"]
    assert result.workers_.tolist() == ["ann", "bob", "eve"]
    assert result.classes_.tolist() == ["cat", "dog"]
    assert result.labels_.tolist()[1] == "cat"
    assert result.probabilities_.shape == (2, 2)
    assert result.worker_confusions_.shape == (3, 2, 2)
    np.testing.assert_allclose(result.probabilities_.sum(axis=1), 1)


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_a_worker_with_one_answer_and_people_who_all_disagree_are_no_trouble(method):
    result = method([1, 1, 1, 2, 2, 2], list("abcabd"), [0, 1, 2, 2, 0, 1])
    assert np.isfinite(result.probabilities_).all()
    np.testing.assert_allclose(result.probabilities_.sum(axis=1), 1)
    if method in (gt.consolidate, gt.majority_vote):
        assert (result.confidence_ < 0.8).all()
    assert result.workers_.tolist() == list("abcd")
    assert ((result.worker_accuracy_ >= 0) & (result.worker_accuracy_ <= 1)).all()
    low, high = result.confusion_intervals()
    assert ((low >= 0) & (low <= high) & (high <= 1)).all()


def test_majority_vote_has_the_shares_of_votes():
    result = gt.majority_vote(ITEMS, WORKERS, ANSWERS)
    np.testing.assert_allclose(result.probabilities_, [[1 / 3, 2 / 3], [1, 0]])
    np.testing.assert_allclose(result.difficulty_, [4 / 9, 0])


@pytest.mark.parametrize("kind", ["pandas", "pandas string", "arrow", "dict", "crowd-kit's names"])
def test_takes_tables(kind):
    table = {"item": ITEMS, "worker": WORKERS, "answer": ANSWERS}
    if kind.startswith("pandas"):
        pd = pytest.importorskip("pandas")
        table = pd.DataFrame(table, dtype="string" if kind == "pandas string" else None)
    elif kind == "arrow":
        table = pytest.importorskip("pyarrow").table(table)
    elif kind == "crowd-kit's names":
        table = {"task": ITEMS, "worker": WORKERS, "label": ANSWERS}
    expected = gt.consolidate(ITEMS, WORKERS, ANSWERS)
    result = gt.consolidate(table)
    assert result.labels_.tolist() == expected.labels_.tolist()
    np.testing.assert_array_equal(result.probabilities_, expected.probabilities_)


@pytest.mark.parametrize(
    "ids", [[10, 20, 10, 20, 10, 20], [1.5, 2.5] * 3, [("a", 1), ("b", 2)] * 3, [True, False] * 3, [7, "seven"] * 3]
)
def test_ids_may_be_of_any_type(ids):
    result = gt.consolidate(ids, WORKERS, ANSWERS)
    assert result.items_.tolist() == ids[:2]


def test_the_order_of_rows_and_the_kind_of_ids_do_not_matter_to_labels():
    items, workers, answers, _ = make_votes()
    result = gt.dawid_skene(items, workers, answers)
    named = gt.dawid_skene([f"item {i}" for i in items], workers.astype(str), answers.astype(object))
    np.testing.assert_array_equal(result.probabilities_, named.probabilities_)


def test_bad_rows_are_named_and_none_is_dropped():
    with pytest.raises(gt.InvalidArgument, match=r"answers: no value in 1 of 6 rows \(2\)"):
        gt.consolidate(ITEMS, WORKERS, ["a", "b", None, "a", "b", "a"])
    with pytest.raises(gt.InvalidArgument, match=r"items: no value in 1 of 2 rows \(1\)"):
        gt.consolidate(np.array([1.0, np.nan]), [1, 2], [0, 1])
    with pytest.raises(gt.InvalidArgument, match=r"workers: no value in 1 of 2 rows \(0\)"):
        gt.consolidate([1, 2], [float("nan"), "ann"], [0, 1])
    with pytest.raises(gt.UnknownClass, match="row 0 has 'dog'"):
        gt.consolidate(ITEMS, WORKERS, ANSWERS, classes=["cat", "bird"])
    with pytest.raises(gt.InvalidArgument, match="empty table"):
        gt.consolidate([], [], [])
    with pytest.raises(gt.InvalidArgument, match="6 items, 5 workers and 6 answers"):
        gt.consolidate(ITEMS, WORKERS[:5], ANSWERS)
    with pytest.raises(gt.InvalidArgument, match="no column 'worker'"):
        gt.consolidate({"item": ITEMS, "answer": ANSWERS})
    with pytest.raises(gt.InvalidType):
        gt.consolidate(5)
    with pytest.raises(gt.InvalidType):
        gt.consolidate([[1], [2]], ["a", "b"], [0, 1])


def test_missing_values_of_pandas_are_found():
    pd = pytest.importorskip("pandas")
    table = pd.DataFrame({"item": [1, 2], "worker": ["a", pd.NA], "answer": ["x", "y"]})
    with pytest.raises(gt.InvalidArgument, match=r"workers: no value in 1 of 2 rows \(1\)"):
        gt.consolidate(table)


def test_classes_that_nobody_said_have_their_column():
    result = gt.consolidate(ITEMS, WORKERS, ANSWERS, classes=["bird", "dog", "cat"])
    assert result.classes_.tolist() == ["bird", "dog", "cat"]
    assert result.probabilities_.shape == (2, 3)
    assert np.isnan(
        gt.majority_vote(ITEMS, WORKERS, ANSWERS, classes=["bird", "dog", "cat"]).worker_confusions_[0, 0, 0]
    )


def test_gold_is_kept_and_unknown_gold_is_refused():
    result = gt.consolidate(ITEMS, WORKERS, ANSWERS, gold={"x": "cat"})
    assert result.labels_.tolist() == ["cat", "cat"]
    assert result.worker_accuracy_[2] > result.worker_accuracy_[0]
    with pytest.raises(gt.InvalidArgument, match="'z' has no answer"):
        gt.consolidate(ITEMS, WORKERS, ANSWERS, gold={"z": "cat"})
    with pytest.raises(gt.UnknownClass, match="gold: 'cow'"):
        gt.consolidate(ITEMS, WORKERS, ANSWERS, gold={"x": "cow"})


def test_earlier_work_of_the_workers_counts():
    items, workers, answers, truth = make_votes()
    earlier = gt.consolidate(items, workers, answers)
    fresh = gt.consolidate(["q", "q"], [0, 19], [1, 2], classes=[0, 1, 2], history=earlier)
    assert fresh.labels_.tolist() == [1]  # 0 knows, 19 guesses
    with pytest.raises(gt.InvalidArgument, match="history: of the classes"):
        gt.consolidate(["q"], [0], [1], history=earlier)
    assert np.mean(earlier.labels_ == truth) > 0.9


def test_a_model_is_one_more_annotator():
    items, workers, answers, truth = make_votes(n_votes=2)
    model = np.where(np.eye(3)[truth] == 1, 0.8, 0.1)
    alone = np.mean(gt.consolidate(items, workers, answers).labels_ == truth)
    by_array = gt.consolidate(items, workers, answers, model_probabilities=model)
    by_item = gt.consolidate(items, workers, answers, model_probabilities=dict(enumerate(model)))
    assert np.mean(by_array.labels_ == truth) > alone
    np.testing.assert_array_equal(by_array.probabilities_, by_item.probabilities_)
    with pytest.raises(gt.InvalidArgument, match="shape"):
        gt.consolidate(items, workers, answers, model_probabilities=model[:5])


def test_nobody_needs_to_know_who_answered():
    items, _, answers, truth = make_votes(n_votes=9)
    assert np.mean(gt.consolidate(items, None, answers).labels_ == truth) > 0.85


def test_thread_counts_change_no_bit():
    items, workers, answers, _ = make_votes(n_items=5000)
    one = gt.consolidate(items, workers, answers, n_threads=1)
    other = gt.consolidate(items, workers, answers, n_threads=3)
    np.testing.assert_array_equal(one.probabilities_, other.probabilities_)


def test_intervals_surround_the_confusions_and_reliability_counts_every_known_item():
    items, workers, answers, truth = make_votes()
    result = gt.consolidate(items, workers, answers)
    low, high = result.confusion_intervals()
    assert np.all((low <= result.worker_confusions_) & (result.worker_confusions_ <= high))
    reliability = result.reliability(dict(enumerate(truth.tolist())))
    assert reliability.count.sum() == 300
    assert reliability.expected_calibration_error < 0.15
    assert result.to_pandas().columns.tolist() == ["item", "label", "confidence", "difficulty"]


def ground_truth_job():
    """Rows (object, worker, answer) of the job that AWS published, and its manifest."""
    archive = data_folder("ground_truth_job") / "job.tar.gz"
    rows = []
    with tarfile.open(archive) as job:
        for member in sorted(job.getnames()):
            if member.endswith(".json") and member.split("/")[0] == "worker-response":
                for answer in json.load(job.extractfile(member))["answers"]:
                    label = answer["answerContent"]["crowd-image-classifier"]["label"]
                    rows.append((int(member.split("/")[-2]), answer["workerId"], label))
        manifest = [json.loads(line) for line in job.extractfile("output.manifest")]
        truth = {row["ImageId"]: row["Label"] for row in json.load(job.extractfile("true_labels.json"))}
    return rows, manifest, truth


def metadata_of(line):
    return next(value for key, value in line.items() if key.endswith("-metadata"))


def batch_of_objects(manifest):
    """One consolidation call's objects were created within a second of one another."""
    times = np.array([metadata_of(line)["creation-date"] for line in manifest], dtype="datetime64[us]")
    order = np.argsort(times, kind="stable")
    starts = np.diff(times[order], prepend=times[order][:1]) > np.timedelta64(1, "s")
    batches = np.empty(len(order), dtype=int)
    batches[order] = np.cumsum(starts)
    return batches


def test_ground_truth_compat_repeats_the_published_job():
    rows, manifest, _ = ground_truth_job()
    objects, workers, answers = zip(*rows, strict=True)
    batches = batch_of_objects(manifest)
    result = gt.ground_truth_compat(objects, workers, answers, batches=[int(batches[o]) for o in objects])
    assert len(result.items_) == 302
    expected = [metadata_of(manifest[o]) for o in result.items_]
    assert result.labels_.tolist() == [metadata["class-name"] for metadata in expected]
    assert result.confidences_.tolist() == [metadata["confidence"] for metadata in expected]


def test_doubt_of_consolidate_finds_the_wrong_labels_of_the_published_job():
    rows, manifest, truth = ground_truth_job()
    result = gt.consolidate(*zip(*rows, strict=True))
    true = [truth[Path(manifest[o]["source-ref"]).stem] for o in result.items_]
    is_wrong = result.labels_ != np.array(true)
    doubt = 1 - result.confidence_
    wins = doubt[is_wrong][:, None] - doubt[~is_wrong][None, :]
    assert np.mean((wins > 0) + 0.5 * (wins == 0)) > 0.86  # vote share: 0.82; Ground Truth's confidence: 0.53


@pytest.mark.parametrize("name", ["d_product", "dogs", "rte", "temp", "zencrowd_us"])
def test_consolidate_is_not_below_the_majority_on_real_crowds(name):
    folder = data_folder("crowd") / name
    with open(folder / "answers.csv") as lines:
        columns = list(zip(*list(csv.reader(lines))[1:], strict=True))
    with open(folder / "truth.csv") as lines:
        truth = dict(list(csv.reader(lines))[1:])
    known = [item in truth for item in dict.fromkeys(columns[0])]
    accuracies = []
    for method in (gt.majority_vote, gt.consolidate):
        result = method(*columns)
        right = [truth.get(i) == label for i, label in zip(result.items_, result.labels_, strict=True)]
        accuracies.append(np.mean(np.array(right)[known]))
    assert accuracies[1] > accuracies[0] - 0.01


def test_a_batch_may_not_tear_an_item():
    with pytest.raises(gt.InvalidArgument, match="row 2 has an item that is in another batch"):
        gt.ground_truth_compat(ITEMS, WORKERS, ANSWERS, batches=[0, 0, 1, 0, 0, 0])
