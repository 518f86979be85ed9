"""A job that was saved, pickled or copied goes on as if nothing had happened."""

import copy
import pickle
from pathlib import Path

import gtlabel as gt
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("sklearn")
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

ARCHIVES = Path(__file__).resolve().parents[1] / "archives"


class Centroid(gt.IncrementalModel):
    """Nearest mean of a class."""

    def __init__(self, scale=4.0):
        super().__init__()
        self.scale = scale

    def clone(self):
        return Centroid(self.scale)

    def attach(self, X, n_classes):
        self.X, self.k, self.labels = X, n_classes, {}

    def update(self, items, targets, weights):
        self.labels.update(zip(items.tolist(), targets.argmax(axis=1).tolist(), strict=True))

    def predict_proba(self, items):
        known = np.array(sorted(self.labels))
        classes = np.array([self.labels[item] for item in known])
        distances = np.full((len(items), self.k), 50.0)
        for c in np.unique(classes):
            distances[:, c] = ((self.X[items] - self.X[known[classes == c]].mean(axis=0)) ** 2).sum(axis=1)
        odds = np.exp((distances.min(axis=1, keepdims=True) - distances) / self.scale)
        return odds / odds.sum(axis=1, keepdims=True)


def forest():
    return RandomForestClassifier(n_estimators=3, random_state=0)


MODELS = {
    "default": lambda: None,
    "softmax": gt.SoftmaxRegression,
    "graph": gt.GraphModel,
    "subclass": Centroid,
    "forest": forest,
    "committee of all kinds": lambda: gt.Committee([gt.SoftmaxRegression(), Centroid(2.0)]),
}


def through_a_file(job, pool, model, tmp_path):
    job.save(tmp_path / "job.gtlabel")
    return gt.LabelingJob.load(tmp_path / "job.gtlabel", pool.X, model=model)


def through_pickle(job, pool, model, tmp_path):
    return pickle.loads(pickle.dumps(job))


def through_deepcopy(job, pool, model, tmp_path):
    return copy.deepcopy(job)


WAYS = {"file": through_a_file, "pickle": through_pickle, "deepcopy": through_deepcopy}


@pytest.fixture(scope="module")
def small(blobs):
    """Overlapping blobs, so that a job takes a few rounds."""
    return blobs(240, gap=3.5, seed=4)


def make_job(pool, model=None, **options):
    return pool.job(**{"model": model, "target": gt.ErrorTarget(max_error=0.2), "batch_size": 20, **options})


def advance(job, pool, n_batches):
    for _ in range(n_batches):
        batch = job.next_batch()
        if batch is None:
            return
        job.submit(batch.items, pool.annotate(batch), workers="ann")


def assert_same_end(job, twin, pool, run_to_end, same_labels):
    assert run_to_end(job, pool.annotate) == run_to_end(twin, pool.annotate)
    same_labels(job.labels(), twin.labels())
    assert job.certificate() == twin.certificate()
    one, other = job.report(), twin.report()
    for name in ("n_human", "n_auto", "n_audited", "n_answers", "rounds", "outcome", "model", "target"):
        assert getattr(one, name) == getattr(other, name), name
    for column, values in job.answers().items():
        np.testing.assert_array_equal(values, twin.answers()[column])


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("model", MODELS)
def test_a_job_resumed_in_the_middle_goes_on_to_the_same_batches(small, run_to_end, same_labels, tmp_path, way, model):
    job = make_job(small, MODELS[model]())
    advance(job, small, 2)
    again = WAYS[way](job, small, MODELS[model](), tmp_path)
    assert again is not job
    assert_same_end(again, job, small, run_to_end, same_labels)


@pytest.mark.parametrize("n_batches", [0, 1, 2, 5, 10_000])
@pytest.mark.parametrize("way", WAYS)
def test_a_job_may_be_resumed_at_any_moment(small, run_to_end, same_labels, tmp_path, way, n_batches):
    job = make_job(small, gt.SoftmaxRegression())
    advance(job, small, n_batches)
    again = WAYS[way](job, small, gt.SoftmaxRegression(), tmp_path)
    same_labels(again.labels(), job.labels())
    assert again.report() == job.report()
    assert again.is_finished == job.is_finished
    assert_same_end(again, job, small, run_to_end, same_labels)


@pytest.mark.parametrize("way", WAYS)
def test_a_batch_half_answered_is_still_out_after_resuming(small, run_to_end, same_labels, tmp_path, way):
    job = make_job(small, gt.SoftmaxRegression())
    advance(job, small, 1)
    batch = job.next_batch()
    half = batch.items[::2]
    job.submit(half, small.names[half])
    again = WAYS[way](job, small, gt.SoftmaxRegression(), tmp_path)
    assert again.next_batch().items.tolist() == batch.items[1::2].tolist()
    assert_same_end(again, job, small, run_to_end, same_labels)


def test_a_job_saved_after_every_batch_is_the_job(small, run_to_end, same_labels, tmp_path):
    whole = make_job(small)
    batches = run_to_end(whole, small.annotate)
    job, seen = make_job(small), []
    while (batch := job.next_batch()) is not None:
        job = through_a_file(job, small, None, tmp_path)
        again = job.next_batch()
        seen.append((again.round, again.items.tolist(), again.purposes.tolist()))
        job.submit(batch.items, small.annotate(batch))
        job = through_a_file(job, small, None, tmp_path)
    assert seen == batches
    same_labels(job.labels(), whole.labels())


@pytest.mark.parametrize(
    "target", [gt.ConfidenceThreshold(0.8), gt.ErrorTarget(0.15, 0.1, "dataset")], ids=lambda t: type(t).__name__
)
def test_target_and_setup_are_in_the_file(small, run_to_end, same_labels, tmp_path, target):
    job = make_job(small, gt.SoftmaxRegression(), target=target, batch_size=9, seed=2**63 + 5)
    advance(job, small, 2)
    again = through_a_file(job, small, gt.SoftmaxRegression(), tmp_path)
    assert again.target == target
    assert again.classes == job.classes
    assert_same_end(again, job, small, run_to_end, same_labels)


def test_a_job_without_a_seed_goes_on_with_the_coins_it_drew(small, run_to_end, same_labels, tmp_path):
    job = make_job(small, gt.SoftmaxRegression(), seed=None)
    advance(job, small, 2)
    again = through_a_file(job, small, gt.SoftmaxRegression(), tmp_path)
    assert_same_end(again, job, small, run_to_end, same_labels)


def test_a_sparse_job_is_resumed(small, run_to_end, same_labels, tmp_path):
    sparse = pytest.importorskip("scipy.sparse")
    X = sparse.csr_matrix(small.X)
    job = gt.LabelingJob(X, small.classes, target=gt.ErrorTarget(0.2), model=gt.SoftmaxRegression())
    advance(job, small, 2)
    job.save(tmp_path / "job")
    again = gt.LabelingJob.load(tmp_path / "job", X.tocoo(), model=gt.SoftmaxRegression())
    pickled = pickle.loads(pickle.dumps(job))
    assert_same_end(again, job, small, run_to_end, same_labels)
    run_to_end(pickled, small.annotate)
    same_labels(pickled.labels(), job.labels())


def test_the_same_numbers_in_another_type_are_the_same_pool(small, tmp_path):
    job = make_job(small)
    job.save(tmp_path / "job")
    for X in (small.X.astype(np.float64), np.asfortranarray(small.X), small.X.tolist()):
        assert gt.LabelingJob.load(tmp_path / "job", X).next_batch().items.tolist() == job.next_batch().items.tolist()


def changed(X):
    X = X.copy()
    X[200, 1] = np.nextafter(X[200, 1], np.float32(np.inf))
    return X


OTHER_POOLS = {
    "one value changed by its last bit": changed,
    "another order": lambda X: X[::-1],
    "an item less": lambda X: X[:-1],
    "an item more": lambda X: np.vstack([X, X[:1]]),
    "a column less": lambda X: X[:, :-1],
    "another shape": lambda X: X.reshape(2 * len(X), -1),
}


@pytest.mark.parametrize("other", OTHER_POOLS)
def test_another_pool_is_refused(small, tmp_path, other):
    make_job(small).save(tmp_path / "job")
    with pytest.raises(gt.ArchiveError, match="another pool") as caught:
        gt.LabelingJob.load(tmp_path / "job", OTHER_POOLS[other](small.X))
    assert caught.value.code == "archive_mismatch"


def test_a_job_of_a_model_of_its_own_needs_one_of_the_same_kind(small, tmp_path):
    job = make_job(small, Centroid())
    advance(job, small, 2)
    job.save(tmp_path / "job")
    for model in (None, gt.GraphModel(), LogisticRegression()):
        with pytest.raises(gt.ArchiveError, match="holds a model of kind") as caught:
            gt.LabelingJob.load(tmp_path / "job", small.X, model=model)
        assert caught.value.code == "archive_mismatch"
    assert gt.LabelingJob.load(tmp_path / "job", small.X, model=Centroid()).next_batch() is not None


# --- files ---


@pytest.mark.parametrize("name", ["plain", "with space.gtlabel", "日本.gtlabel"])
def test_paths_are_strings_or_paths(small, tmp_path, name):
    job = make_job(small)
    job.save(str(tmp_path / name))
    text = (tmp_path / name).read_bytes()
    job.save(tmp_path / name)
    assert (tmp_path / name).read_bytes() == text
    for path in (tmp_path / name, str(tmp_path / name)):
        assert gt.LabelingJob.load(path, small.X).n_items == 240


def test_saving_replaces_the_old_file_and_leaves_nothing_else(small, tmp_path):
    job = make_job(small, gt.SoftmaxRegression())
    job.save(tmp_path / "job")
    before = (tmp_path / "job").read_bytes()
    advance(job, small, 1)
    job.save(tmp_path / "job")
    assert (tmp_path / "job").read_bytes() != before
    assert [path.name for path in tmp_path.iterdir()] == ["job"]
    model = gt.SoftmaxRegression()
    assert gt.LabelingJob.load(tmp_path / "job", small.X, model=model).report().n_human == job.report().n_human


def test_the_pool_is_not_in_the_file(blobs, tmp_path):
    wide = blobs(50, n_features=2000)
    wide.job(model=gt.SoftmaxRegression()).save(tmp_path / "job")
    assert (tmp_path / "job").stat().st_size < wide.X.nbytes / 10


@pytest.mark.parametrize("call", ["save", "load"])
def test_a_file_that_cannot_be_reached_is_an_archive_error_with_its_path(small, tmp_path, call):
    path = tmp_path / "no such folder" / "job"
    with pytest.raises(gt.ArchiveError, match="no such folder") as caught:
        make_job(small).save(path) if call == "save" else gt.LabelingJob.load(path, small.X)
    assert caught.value.code == "file_access"


def test_a_folder_is_no_file(small, tmp_path):
    for call in (lambda: make_job(small).save(tmp_path), lambda: gt.LabelingJob.load(tmp_path, small.X)):
        with pytest.raises(gt.ArchiveError) as caught:
            call()
        assert caught.value.code == "file_access"


@pytest.fixture(scope="module")
def saved(small, tmp_path_factory):
    path = tmp_path_factory.mktemp("snapshots") / "job"
    job = make_job(small, gt.SoftmaxRegression())
    advance(job, small, 2)
    job.save(path)
    return path.read_bytes()


def loaded(small, bytes_, folder):
    (folder / "job").write_bytes(bytes_)
    return gt.LabelingJob.load(folder / "job", small.X, model=gt.SoftmaxRegression())


@pytest.mark.parametrize("length", [0, 1, 3, 4, 8, 40, -100, -1])
def test_a_file_cut_short_is_damaged(small, saved, tmp_path, length):
    with pytest.raises(gt.ArchiveError) as caught:
        loaded(small, saved[:length], tmp_path)
    assert caught.value.code == "archive_damaged"


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_changed_bit_anywhere_is_found(small, saved, tmp_path_factory, data):
    position = data.draw(st.one_of(st.integers(0, 60), st.integers(0, len(saved) - 1)))
    bit = data.draw(st.integers(0, 7))
    bytes_ = bytearray(saved)
    bytes_[position] ^= 1 << bit
    with pytest.raises(gt.ArchiveError) as caught:
        loaded(small, bytes(bytes_), tmp_path_factory.getbasetemp())
    assert caught.value.code in ("archive_damaged", "archive_too_new")


@pytest.mark.parametrize("bytes_", [b"", b"GTLB", b"PK\x03\x04" + bytes(100), pickle.dumps(list(range(50)))])
def test_foreign_bytes_are_damaged(small, tmp_path, bytes_):
    with pytest.raises(gt.ArchiveError) as caught:
        loaded(small, bytes_, tmp_path)
    assert caught.value.code == "archive_damaged"


def test_bytes_behind_the_end_are_damage(small, saved, tmp_path):
    with pytest.raises(gt.ArchiveError) as caught:
        loaded(small, saved + b"\n", tmp_path)
    assert caught.value.code == "archive_damaged"


def test_a_snapshot_of_something_else_is_refused(small, tmp_path):
    ledger = gt.AuditLedger()
    with pytest.raises(gt.ArchiveError) as caught:
        loaded(small, ledger.__getstate__(), tmp_path)
    assert caught.value.code == "archive_mismatch"


# --- copies ---


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("make_copy", [copy.copy, copy.deepcopy])
def test_a_copy_goes_its_own_way(small, model, make_copy):
    job = make_job(small, MODELS[model]())
    advance(job, small, 2)
    before = job.report()
    twin = make_copy(job)
    assert twin.model is None or twin.model is not job.model
    twin.run(small.annotate)
    assert twin.is_finished
    after = job.report()
    assert (after.n_human, after.rounds) == (before.n_human, before.rounds)
    job.run(small.annotate)
    assert job.report().n_human == twin.report().n_human


def test_pickles_and_files_keep_ids(small, tmp_path):
    job = make_job(small, gt.SoftmaxRegression(), ids=[f"id-{item}" for item in range(240)])
    job.submit([3], [0])
    job.save(tmp_path / "job")
    loaded = gt.LabelingJob.load(tmp_path / "job", small.X, model=gt.SoftmaxRegression())
    for again in (loaded, pickle.loads(pickle.dumps(job)), pickle.loads(pickle.dumps(loaded))):
        assert again.ids.tolist() == job.ids.tolist()
        assert again.labels().id.tolist() == ["id-3"]


def test_other_ids_may_be_given_to_a_file(small, tmp_path):
    make_job(small, gt.SoftmaxRegression(), ids=range(240)).save(tmp_path / "job")
    names = [f"id-{item}" for item in range(240)]
    assert gt.LabelingJob.load(tmp_path / "job", small.X, names, gt.SoftmaxRegression()).ids.tolist() == names
    with pytest.raises(gt.InvalidArgument, match="ids: 239 given, expected 240"):
        gt.LabelingJob.load(tmp_path / "job", small.X, names[:-1], gt.SoftmaxRegression())


def test_a_file_of_the_first_version_of_jobs_is_read_and_goes_on():
    """Written before ids were in files, after three batches of a seed sample and queries."""
    X = np.random.default_rng(7).integers(-8, 9, size=(120, 4)).astype(np.float32)
    X[1::2, 0] += 8
    job = gt.LabelingJob.load(ARCHIVES / "labeling_job-1.gtlabel", X, model=gt.SoftmaxRegression())
    assert job.ids is None
    assert job.report().n_human == 40
    assert set(job.answers()["worker"]) == {"ann"}
    assert job.run(lambda batch: batch.items % 2).is_finished


def test_a_file_from_before_several_people_per_item_is_read_and_goes_on():
    """Written by the second version of jobs, after three batches and a correction, with a target per class."""
    X = np.random.default_rng(7).integers(-8, 9, size=(120, 4)).astype(np.float32)
    X[1::2, 0] += 8
    job = gt.LabelingJob.load(ARCHIVES / "labeling_job-2.gtlabel", X, model=gt.SoftmaxRegression())
    assert job.ids[5] == "id-5"
    assert job.report().n_human == 40
    assert job.answers()["worker"][-1] == "bob"
    assert (job.labels().confidence == 1).all()
    assert job.run(lambda batch: batch.items % 2).is_finished


def test_a_file_from_before_stores_and_changing_classes_is_read_and_goes_on():
    """Written by the third version of jobs, with several people per item and a lease that is out."""
    X = np.random.default_rng(7).integers(-8, 9, size=(120, 4)).astype(np.float32)
    X[1::2, 0] += 8
    path = ARCHIVES / "labeling_job-3.gtlabel"
    job = gt.LabelingJob.load(path, X, model=gt.SoftmaxRegression(), now=lambda: 6.0)
    assert job.store is None
    assert job.active_classes == ["even", "odd"]
    assert list(job.workers().worker) == ["ann", "bob", "cy"]
    assert len(job.next_batch(worker="cy")) == 3
    assert job.run(lambda batch: {"answers": batch.items % 2, "workers": "dee"}).is_finished


def test_a_file_from_before_gold_and_prices_of_workers_is_read_and_goes_on():
    """Written by the fourth version of jobs, with prices, ids of answers, a class that is retired and a lease."""
    X = np.random.default_rng(7).integers(-8, 9, size=(120, 4)).astype(np.float32)
    X[1::2, 0] += 8
    path = ARCHIVES / "labeling_job-4.gtlabel"
    job = gt.LabelingJob.load(path, X, model=gt.SoftmaxRegression(), now=lambda: 6.0)
    assert job.active_classes == ["even", "odd"]
    report = job.report()
    assert (report.n_human, report.n_paid, report.cost) == (40, 80, 40.0)
    assert report.gold.n_given == 0
    assert job.spending().cost.sum() == 40.0
    assert len(job.next_batch(worker="cy")) == 3
    assert job.run(lambda batch: {"answers": batch.items % 2, "workers": "dee"}).is_finished
    assert job.report().cost <= 200.0


def test_the_parameters_of_a_model_survive_a_pickle(small):
    job = make_job(small, Centroid(scale=9.0))
    assert pickle.loads(pickle.dumps(job)).model.scale == 9.0
    classifier = make_job(small, RandomForestClassifier(n_estimators=3, random_state=1))
    assert pickle.loads(pickle.dumps(classifier)).model.estimator.n_estimators == 3


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_every_protocol_of_pickle_will_do(small, protocol):
    job = make_job(small, gt.SoftmaxRegression())
    advance(job, small, 1)
    again = pickle.loads(pickle.dumps(job, protocol))
    assert again.next_batch().items.tolist() == job.next_batch().items.tolist()


class Shop(gt.LabelingJob):
    """A job with a word of its own."""

    greeting = "hello"


def test_a_subclass_of_a_job_stays_one(small, tmp_path):
    job = Shop(small.X, small.classes)
    job.save(tmp_path / "job")
    for again in (pickle.loads(pickle.dumps(job)), copy.deepcopy(job), Shop.load(tmp_path / "job", small.X)):
        assert type(again) is Shop
        assert again.next_batch().items.tolist() == job.next_batch().items.tolist()


def test_a_batch_can_be_sent_to_another_process(small):
    batch = make_job(small).next_batch()
    for again in (pickle.loads(pickle.dumps(batch)), copy.deepcopy(batch)):
        assert again.items.tolist() == batch.items.tolist()
        assert again.purposes.tolist() == batch.purposes.tolist()
        assert again.round == batch.round


def test_reports_and_labels_can_be_pickled(small, same_labels):
    job = make_job(small)
    job.run(small.annotate)
    assert pickle.loads(pickle.dumps(job.report())) == job.report()
    same_labels(pickle.loads(pickle.dumps(job.labels())), job.labels())
