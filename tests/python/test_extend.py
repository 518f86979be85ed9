"""Items that join a job, as Python says it."""

import pickle

import gtlabel as gt
import numpy as np
import pytest
from scipy import sparse

FIRST = 400


@pytest.fixture(scope="module")
def long_pool(blobs):
    return blobs(n_items=900)


def job_of_first(pool, **options):
    options = {"target": gt.ErrorTarget(max_error=0.1), "model": gt.SoftmaxRegression(), **options}
    return gt.LabelingJob(pool.X[:FIRST], pool.classes, **options)


def test_a_finished_job_goes_on_with_the_items_that_joined(long_pool, run_to_end):
    job = job_of_first(long_pool)
    run_to_end(job, long_pool.annotate)
    before, certificate = job.labels(), job.certificate()
    assert certificate is not None
    assert job.extend(long_pool.X[FIRST:]) is None
    assert not job.is_finished
    assert job.n_items == job.report().n_items == 900
    assert job.certificate() is not None
    np.testing.assert_array_equal(job.labels().class_index, before.class_index)
    batch = job.next_batch()
    assert set(batch.purposes) == {"seed"}
    assert (batch.items >= FIRST).all()
    report = job.run(long_pool.annotate)
    assert report.n_human + report.n_auto == 900
    assert report.n_auto > 600
    assert report.certificate is not None
    assert {record.n_items for record in report.history} == {FIRST, 900}
    assert list(report.history_to_pandas()["n_items"]) == [record.n_items for record in report.history]


def test_a_batch_that_is_out_stays_out(long_pool):
    job = job_of_first(long_pool)
    batch = job.next_batch()
    job.extend(long_pool.X[FIRST:])
    assert job.next_batch().items.tolist() == batch.items.tolist()
    assert job.run(long_pool.annotate).n_auto > 0


def test_sparse_items_join_a_sparse_pool(long_pool):
    X = sparse.csr_matrix(long_pool.X)
    job = gt.LabelingJob(X[:FIRST], long_pool.classes, target=gt.ErrorTarget(0.1), model=gt.SoftmaxRegression())
    job.run(long_pool.annotate)
    job.extend(X[FIRST:])
    assert job.run(long_pool.annotate).n_auto > 600


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.zeros((3, 5), np.float32), "5 columns given, expected the pool's 4"),
        (np.array([[0, 0, 0, 0], [0, 0, np.nan, 0]]), "row 1, column 2 is NaN"),
        (np.zeros((0, 4), np.float32), "0 items"),
        (sparse.csr_matrix(np.eye(4, dtype=np.float32)), "sparse rows given, expected dense ones"),
        (["a", "b"], "dtype"),
    ],
)
def test_what_does_not_fit_is_refused_and_changes_nothing(long_pool, X, message):
    job = job_of_first(long_pool)
    batch = job.next_batch()
    with pytest.raises(gt.Error, match=message):
        job.extend(X)
    assert job.n_items == FIRST
    assert job.next_batch().items.tolist() == batch.items.tolist()
    job.extend(long_pool.X[FIRST:])
    assert job.n_items == 900


def test_ids_go_on(long_pool, run_to_end):
    names = [f"photo {i}" for i in range(900)]
    job = job_of_first(long_pool, ids=names[:FIRST])
    with pytest.raises(gt.InvalidArgument, match="ids: none given, but the job has ids"):
        job.extend(long_pool.X[FIRST:])
    with pytest.raises(gt.InvalidArgument, match="ids: 3 given, expected 500"):
        job.extend(long_pool.X[FIRST:], ids=names[:3])
    with pytest.raises(gt.InvalidType, match="ids: row 1 is None"):
        job.extend(long_pool.X[FIRST:], ids=["photo 400", None])
    assert job.n_items == FIRST
    job.extend(long_pool.X[FIRST:], ids=names[FIRST:])
    run_to_end(job, long_pool.annotate)
    assert job.labels().id.tolist() == names
    with pytest.raises(gt.InvalidArgument, match="ids: some given, but the job has none"):
        job_of_first(long_pool).extend(long_pool.X[FIRST:], ids=names[FIRST:])


def test_probabilities_join_a_job_of_probabilities(long_pool):
    probabilities = np.full((900, 2), 0.03, np.float32)
    probabilities[np.arange(900), long_pool.truth] = 0.97
    target = gt.ErrorTarget(max_error=0.1)
    job = gt.LabelingJob(None, long_pool.classes, target=target, probabilities=probabilities[:FIRST])
    job.run(long_pool.annotate)
    bad = probabilities[FIRST:].copy()
    bad[7] = 0.7
    with pytest.raises(gt.InvalidArgument, match="row 7"):
        job.extend(probabilities=bad)
    assert job.is_finished
    with pytest.raises(gt.InvalidArgument, match="either X or probabilities"):
        job.extend()
    job.extend(probabilities=probabilities[FIRST:])
    assert job.run(long_pool.annotate).n_auto > 600
    with pytest.raises(gt.InvalidArgument, match="not made of probabilities"):
        job_of_first(long_pool).extend(probabilities=probabilities[FIRST:])


def test_saved_and_pickled_it_has_the_whole_pool(long_pool, run_to_end, same_labels, tmp_path):
    job = job_of_first(long_pool)
    run_to_end(job, long_pool.annotate)
    job.extend(long_pool.X[FIRST:])
    job.save(tmp_path / "job")
    with pytest.raises(gt.ArchiveError, match="another pool"):
        gt.LabelingJob.load(tmp_path / "job", long_pool.X[:FIRST], model=gt.SoftmaxRegression())
    loaded = gt.LabelingJob.load(tmp_path / "job", long_pool.X, model=gt.SoftmaxRegression())
    copy = pickle.loads(pickle.dumps(job))
    batches = run_to_end(job, long_pool.annotate)
    for other in (loaded, copy):
        assert run_to_end(other, long_pool.annotate) == batches
        same_labels(other.labels(), job.labels())


class Nearest(gt.IncrementalModel):
    """The nearest class mean; remembers how it was called."""

    def __init__(self):
        super().__init__()
        self.calls, self.labels = [], {}

    def attach(self, X, n_classes):
        self.X, self.n, self.labels = X, n_classes, {}
        self.calls.append(("attach", len(X)))

    def update(self, items, targets, weights):
        self.labels.update(zip(items.tolist(), targets.argmax(axis=1).tolist(), strict=True))
        self.calls.append(("update", len(items)))

    def predict_proba(self, items):
        known, classes = np.array(list(self.labels)), np.array(list(self.labels.values()))
        out = np.full((len(items), self.n), 1e-4)
        for c in np.unique(classes):
            distances = ((self.X[items] - self.X[known[classes == c]].mean(axis=0)) ** 2).sum(axis=1)
            out[:, c] += np.exp(-0.5 * np.minimum(distances, 100.0))
        return out / out.sum(axis=1, keepdims=True)


class Extendible(Nearest):
    """Keeps what it has learned."""

    def extend(self, X):
        if getattr(self, "refuses", False):
            raise RuntimeError("no more")
        self.X = X
        self.calls.append(("extend", len(X)))


def test_a_model_in_python_is_attached_again_and_taught_all_labels(long_pool):
    model = Nearest()
    job = job_of_first(long_pool, model=model)
    job.run(long_pool.annotate)
    n_labels = len(model.labels)
    job.extend(long_pool.X[FIRST:])
    assert model.calls[-2:] == [("attach", 900), ("update", n_labels)]
    assert len(model.labels) == n_labels
    assert job.run(long_pool.annotate).n_auto > 600


def test_a_model_in_python_may_do_better_and_what_it_raises_leaves_the_job_as_it_was(long_pool):
    model = Extendible()
    job = job_of_first(long_pool, model=model)
    job.run(long_pool.annotate)
    model.refuses = True
    with pytest.raises(RuntimeError, match="no more"):
        job.extend(long_pool.X[FIRST:])
    assert job.is_finished
    assert job.n_items == FIRST
    model.refuses = False
    job.extend(long_pool.X[FIRST:])
    assert model.calls[-1] == ("extend", 900)
    assert job.run(long_pool.annotate).n_auto > 600


def test_a_scikit_learn_classifier_is_fitted_to_the_longer_pool(long_pool):
    from sklearn.naive_bayes import GaussianNB

    job = job_of_first(long_pool, model=GaussianNB(), batch_size=100)
    job.run(long_pool.annotate)
    job.extend(long_pool.X[FIRST:])
    assert job.run(long_pool.annotate).n_auto > 400
