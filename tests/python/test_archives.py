"""Files of every version that there was are read, and go on. tests/archives/make.py writes those of a new one."""

import importlib.util
import shutil
from pathlib import Path

import gtlabel as gt
import numpy as np
import pytest

ARCHIVES = Path(__file__).resolve().parents[1] / "archives"
SNAPSHOTS = sorted(ARCHIVES.glob("labeling_job-*.gtlabel"))
STORES = sorted(ARCHIVES.glob("labeling_job_store-*.gtl"))


@pytest.fixture(scope="module")
def pool():
    X = np.random.default_rng(7).integers(-8, 9, size=(120, 4)).astype(np.float32)
    X[1::2, 0] += 8
    return X


def load(path, pool, **options):
    return gt.LabelingJob.load(path, pool, model=gt.SoftmaxRegression(), **options)


def open_store(path, pool, **options):
    return gt.LabelingJob.open(path, pool, model=gt.SoftmaxRegression(), **options)


@pytest.mark.parametrize("path", SNAPSHOTS, ids=lambda path: path.name)
def test_a_snapshot_of_any_version_is_read_and_goes_on(path, pool):
    job = load(path, pool, now=lambda: 6.0)
    report = job.report()
    assert report.n_human >= 30
    assert (report.gold.n_given > 0) == (path.name >= "labeling_job-6"), "gold is of version 6"
    assert {"ann"} <= set(job.answers()["worker"])
    assert load(path, pool).next_batch().items.tolist() == load(path, pool).next_batch().items.tolist()
    assert job.run(lambda batch: {"answers": batch.items % 2, "workers": "dee"}).is_finished
    assert job.report().n_human >= report.n_human


def test_the_first_version_has_no_ids(pool):
    job = load(ARCHIVES / "labeling_job-1.gtlabel", pool)
    assert job.ids is None
    assert job.report().n_human == 40
    assert set(job.answers()["worker"]) == {"ann"}


def test_the_second_version_has_ids_and_targets_per_class(pool):
    job = load(ARCHIVES / "labeling_job-2.gtlabel", pool)
    assert job.ids[5] == "id-5"
    assert job.report().n_human == 40
    assert job.answers()["worker"][-1] == "bob"
    assert (job.labels().confidence == 1).all()


def test_the_third_version_has_several_people_per_item_and_leases(pool):
    job = load(ARCHIVES / "labeling_job-3.gtlabel", pool, now=lambda: 6.0)
    assert job.store is None
    assert job.active_classes == ["even", "odd"]
    assert list(job.workers().worker) == ["ann", "bob", "cy"]
    assert len(job.next_batch(worker="cy")) == 3


# Humans, automatic labels, audits, rounds and answers, as they were when the file was made.
AS_MADE = {"labeling_job-6.gtlabel": (99, 9, 10, 7, 181)}
AS_MADE_BEFORE = (86, 23, 25, 7, 175)


def assert_is_as_made(job, name=""):
    assert job.classes == ["even", "Odd", "uneven"]
    assert job.active_classes == ["even", "Odd"]
    report = job.report()
    answers = job.answers()
    counts = (report.n_human, report.n_auto, report.n_audited, report.rounds, len(answers["item"]))
    assert counts == AS_MADE.get(name, AS_MADE_BEFORE)
    assert sorted(set(answers["worker"])) == ["ann", "bob", "cy"]
    assert {"skip", "none of these"} <= set(answers["label"])
    assert answers["certainty"].min() == np.float32(0.7)
    item, name = answers["item"][0], job.classes[answers["class_index"][0]]
    assert job.submit([item], [name], workers="ann", answer_ids=[f"ann-0-{item}-uneven"]).n_repeated == 1
    assert job.next_batch(worker="cy").items.tolist() == job.next_batch(worker="cy").items.tolist()


@pytest.mark.parametrize(
    "path", [path for path in SNAPSHOTS if path.name >= "labeling_job-4"], ids=lambda path: path.name
)
def test_later_versions_have_changes_of_classes_and_ids_of_answers(path, pool):
    assert_is_as_made(load(path, pool, now=lambda: 6.0), path.name)


def test_the_sixth_version_has_gold_and_prices_of_workers(pool):
    job = load(ARCHIVES / "labeling_job-6.gtlabel", pool, now=lambda: 6.0)
    report, table = job.report(), job.workers()
    assert (report.gold.n_given, report.gold.n_asked, report.gold.n_wrong) == (18, 9, 1)
    assert (report.n_paid, report.cost, report.currency) == (180, 67.75, "EUR")
    assert table.cost.tolist() == [22.25, 44.5, 1.0]
    assert table.n_gold.tolist() == table.n_gold_right.tolist() == [8, 8, 0]
    assert job.plan().price.per_answer == pytest.approx(67.75 / 180)
    labels = job.labels()
    is_gold = np.isin(labels.item, np.arange(0, 120, 7))
    assert is_gold.sum() == 18
    assert set(labels.source[is_gold]) == {"human"}
    assert (labels.class_index[is_gold] == labels.item[is_gold] % 2).all()


@pytest.mark.parametrize("path", STORES, ids=lambda path: path.name)
def test_a_store_of_any_version_is_read_and_goes_on_in_the_present_one(path, pool, tmp_path):
    store = tmp_path / "job.gtl"
    shutil.copy(path, store)
    content = store.read_bytes()
    summary = gt.read_store(store)
    assert summary.version == int(path.stem.rpartition("-")[2])
    assert summary.n_answers == 175
    assert store.read_bytes() == content
    assert list(tmp_path.iterdir()) == [store]
    with open_store(store, pool, now=lambda: 6.0) as job:
        assert_is_as_made(job)
        assert job.explain(0).kind[0] == "joined"
        assert job.run(lambda batch: {"answers": batch.items % 2, "workers": "dee"}).is_finished
        labels = job.labels()
    assert gt.read_store(store).version == max(int(path.stem.rpartition("-")[2]) for path in STORES)
    with open_store(store, pool) as again:
        for column in labels:
            np.testing.assert_array_equal(again.labels()[column], labels[column])
        again.write_audit_trail(tmp_path / "trail.jsonl")
    assert gt.verify_audit_trail(tmp_path / "trail.jsonl")


def test_the_files_of_the_present_versions_are_kept(tmp_path, monkeypatch):
    spec = importlib.util.spec_from_file_location("make_archives", ARCHIVES / "make.py")
    archives = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(archives)
    monkeypatch.setattr(archives, "FOLDER", tmp_path)
    archives.main()
    kept = {path.name for path in [*SNAPSHOTS, *STORES]}
    assert len(list(tmp_path.iterdir())) == 2
    assert {path.name for path in tmp_path.iterdir()} <= kept
