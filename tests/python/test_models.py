"""Models: the built-in ones, subclasses in Python, and classifiers of scikit-learn."""

import copy
import gc
import os
import pickle
import signal
import threading
import time
import traceback
import weakref
from concurrent.futures import ThreadPoolExecutor

import gtlabel as gt
import numpy as np
import pytest

pytest.importorskip("sklearn")
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC


class Centroid(gt.IncrementalModel):
    """Nearest mean of a class; its prediction of an item depends on the other labels alone."""

    def attach(self, X, n_classes):
        self.X, self.k, self.labels, self.seen = np.asarray(X), n_classes, {}, []

    def update(self, items, targets, weights):
        self.seen.append((items, targets, weights))
        self.labels.update(zip(items.tolist(), targets.argmax(axis=1).tolist(), strict=True))

    def predict_proba(self, items):
        known, classes = np.array(list(self.labels)), np.array(list(self.labels.values()))
        distances = np.full((len(items), self.k), 50.0)
        for c in np.unique(classes):
            center = self.X[known[classes == c]].mean(axis=0)
            distances[:, c] = ((self.X[items] - center) ** 2).sum(axis=1)
        odds = np.exp((distances.min(axis=1, keepdims=True) - distances) / 4)
        return odds / odds.sum(axis=1, keepdims=True)


class Scripted(Centroid):
    """A Centroid that does as it is told when one of its methods is called."""

    def __init__(self, **script):
        super().__init__()
        self.script = script

    def clone(self):
        self.act("clone")
        return Scripted(**self.script)

    def act(self, method):
        if method in self.script:
            return self.script[method]()
        return None

    def attach(self, X, n_classes):
        self.act("attach")
        super().attach(X, n_classes)

    def update(self, items, targets, weights):
        self.act("update")
        super().update(items, targets, weights)

    def predict_proba(self, items):
        result = self.act("predict_proba")
        return super().predict_proba(items) if result is None else result


class Named(Centroid):
    """A model with parameters of its own."""

    def __init__(self, name="anonymous"):
        super().__init__()
        self.name = name

    def clone(self):
        return Named(self.name)


def forest(**options):
    return RandomForestClassifier(n_estimators=5, random_state=0, **options)


BUILT_IN = {
    "softmax": gt.SoftmaxRegression,
    "softmax with its l2 given": lambda: gt.SoftmaxRegression(l2=0.1),
    "graph": gt.GraphModel,
    "committee": gt.Committee,
}
ALL_MODELS = BUILT_IN | {
    "committee of a subclass": lambda: gt.Committee([Centroid()]),
    "committee of a classifier": lambda: gt.Committee([gt.EstimatorModel(GaussianNB())]),
    "mixed committee": lambda: gt.Committee([gt.SoftmaxRegression(), Centroid(), gt.EstimatorModel(GaussianNB())]),
}
CLASSIFIERS = {
    "logistic regression": LogisticRegression,
    "random forest": forest,
    "pipeline": lambda: make_pipeline(StandardScaler(), LogisticRegression()),
    "nearest neighbours, without sample_weight": lambda: KNeighborsClassifier(3),
}
every_model = pytest.mark.parametrize("make", ALL_MODELS.values(), ids=ALL_MODELS)
built_in = pytest.mark.parametrize("make", BUILT_IN.values(), ids=BUILT_IN)


def taught(make, pool, n_labelled=60):
    model = make()
    model.attach(pool.X, len(pool.classes))
    model.update(np.arange(n_labelled), pool.truth[:n_labelled])
    return model


def job_of(model, pool, **options):
    return pool.job(model=model, **options)


# --- all models ---


@every_model
def test_predictions_are_probabilities_that_follow_the_labels(make, pool):
    model = taught(make, pool)
    probabilities = model.predict_proba(np.arange(len(pool.X)))
    assert probabilities.dtype == np.float32
    assert probabilities.shape == (len(pool.X), 2)
    assert (probabilities >= 0).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-4)
    assert (probabilities.argmax(axis=1) == pool.truth).mean() > 0.95


@every_model
def test_items_may_be_asked_in_any_order_and_twice(make, pool):
    model = taught(make, pool)
    everything = model.predict_proba(np.arange(len(pool.X)))
    some = np.array([300, 7, 7, 0, 399])
    np.testing.assert_allclose(model.predict_proba(some), everything[some], atol=1e-5)
    assert model.predict_proba([]).shape == (0, 2)


@every_model
def test_one_wrong_label_does_not_mislead_its_own_out_of_fold_prediction(make, pool):
    model = make()
    model.attach(pool.X, 2)
    labels = pool.truth[:60].copy()
    labels[17] = 1 - labels[17]
    model.update(np.arange(60), labels)
    probabilities = model.predict_out_of_fold(np.arange(60))
    assert probabilities.shape == (60, 2)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-4)
    assert probabilities[17].argmax() == pool.truth[17]
    assert (probabilities.argmax(axis=1) == pool.truth[:60]).mean() > 0.9


def test_the_default_out_of_fold_prediction_ignores_an_items_own_label(pool):
    def out_of_fold(label):
        committee = gt.Committee([Centroid()])
        committee.attach(pool.X, 2)
        committee.update(np.arange(40), np.append(pool.truth[:39], label))
        return committee.members[0], committee.predict_out_of_fold([39])

    with_truth, with_lie = (out_of_fold(label)[1] for label in (0, 1))
    assert with_truth.argmax() == with_lie.argmax() == pool.truth[39]


@every_model
def test_a_label_given_again_replaces_the_old_one(make, pool):
    model = taught(lambda: make(), pool)
    lies = 1 - pool.truth[:60]
    model.update(np.arange(60), lies)
    expected = 1 - pool.truth
    assert (model.predict_proba(np.arange(400)).argmax(axis=1) == expected).mean() > 0.95


@every_model
def test_class_indices_and_rows_of_probabilities_teach_the_same(make, pool):
    by_index = taught(make, pool)
    by_row = make()
    by_row.attach(pool.X, 2)
    by_row.update(np.arange(60), np.eye(2)[pool.truth[:60]])
    items = np.arange(len(pool.X))
    np.testing.assert_array_equal(by_index.predict_proba(items), by_row.predict_proba(items))


@every_model
def test_a_model_knows_where_it_stands(make, pool):
    model = make()
    assert not model.is_attached
    assert not model.is_fitted
    model.attach(pool.X, 2)
    assert model.is_attached
    assert not model.is_fitted
    assert model.n_classes == 2
    model.update([0, 1], [0, 1])
    assert model.is_fitted
    assert isinstance(model.kind, str)


@every_model
def test_attaching_again_forgets_all_labels(make, pool):
    model = taught(make, pool)
    model.attach(pool.X, 2)
    assert not model.is_fitted
    with pytest.raises(gt.NotFitted):
        model.predict_proba([0])


@every_model
def test_a_clone_is_a_fresh_model_of_the_same_kind(make, pool):
    model = taught(make, pool)
    clone = model.clone()
    assert type(clone) is type(model)
    assert clone.kind == model.kind
    assert not clone.is_attached
    np.testing.assert_array_equal(taught(lambda: clone, pool).predict_proba([0, 1, 2]), model.predict_proba([0, 1, 2]))


@every_model
def test_a_model_used_too_early_says_what_is_missing(make, pool):
    model = make()
    with pytest.raises(gt.NotFitted, match="update before attach") as caught:
        model.update([0], [0])
    assert caught.value.code == "not_fitted"
    model.attach(pool.X, 2)
    for predict in (model.predict_proba, model.predict_out_of_fold):
        with pytest.raises(gt.NotFitted, match="before the first update"):
            predict([0])


@every_model
def test_threads_that_predict_together_get_what_one_gets_alone(make, pool):
    model = taught(make, pool)
    items = np.arange(len(pool.X))
    alone = model.predict_proba(items)
    with ThreadPoolExecutor(8) as threads:
        for together in threads.map(lambda _: model.predict_proba(items), range(16)):
            np.testing.assert_array_equal(together, alone)


@built_in
def test_the_number_of_threads_changes_no_bit(make, pool):
    def predicted(n_threads):
        model = make()
        model.attach(pool.X, 2, n_threads=n_threads)
        model.update(np.arange(60), pool.truth[:60])
        return model.predict_proba(np.arange(len(pool.X)))

    for n_threads in (2, 7):
        np.testing.assert_array_equal(predicted(1), predicted(n_threads))


@pytest.mark.parametrize(
    ("call", "error", "code", "fragment"),
    [
        (lambda m: m.update([0, 1], [0]), gt.InvalidArgument, "shape_mismatch", "targets"),
        (lambda m: m.update([0], [[0.5, 0.2, 0.3]]), gt.InvalidArgument, "shape_mismatch", "1 x 3"),
        (lambda m: m.update([0, 1], [[1.0, 0.0], [0.7, 0.7]]), gt.InvalidArgument, "invalid_argument", "row 1"),
        (lambda m: m.update([0], [[np.nan, 1.0]]), gt.InvalidArgument, None, "row 0"),
        (lambda m: m.update([0, 1], [0, 2]), gt.UnknownClass, "unknown_class", "row 1 is class 2"),
        (lambda m: m.update([0], [-1]), gt.UnknownClass, "unknown_class", "row 0 is class -1"),
        (lambda m: m.update([0], ["a"]), gt.InvalidType, "invalid_type", "targets"),
        (lambda m: m.update([0, 400], [0, 1]), gt.InvalidArgument, "item_out_of_range", "position 1 is 400"),
        (lambda m: m.update([-1], [0]), gt.InvalidArgument, "item_out_of_range", "-1"),
        (lambda m: m.update([0.5], [0]), gt.InvalidType, "invalid_type", "items"),
        (lambda m: m.update([0, 1], [0, 1], [1.0]), gt.InvalidArgument, "shape_mismatch", "weights"),
        (lambda m: m.update([0, 1], [0, 1], [1.0, 0.0]), gt.InvalidArgument, "invalid_argument", "position 1"),
        (lambda m: m.update([0], [0], [np.inf]), gt.InvalidArgument, None, "weights"),
        (lambda m: m.update([0], [0], ["heavy"]), gt.InvalidType, "invalid_type", "weights"),
        (lambda m: m.predict_proba([400]), gt.InvalidArgument, "item_out_of_range", "400"),
        (lambda m: m.predict_proba(0), gt.InvalidType, "invalid_type", "items"),
        (lambda m: m.predict_out_of_fold([399]), gt.InvalidArgument, None, "item 399 was never taught"),
        (lambda m: m.attach(np.eye(3), 1), gt.InvalidArgument, "invalid_argument", "n_classes"),
    ],
)
@built_in
def test_a_bad_call_is_refused_and_the_model_is_as_before(make, pool, call, error, code, fragment):
    model = taught(make, pool)
    before = model.predict_proba(np.arange(400))
    with pytest.raises(error) as caught:
        call(model)
    assert fragment in str(caught.value)
    assert code is None or caught.value.code == code
    np.testing.assert_array_equal(model.predict_proba(np.arange(400)), before)


@built_in
def test_a_pickled_model_has_learned_the_same(make, pool):
    model = taught(make, pool)
    items = np.arange(len(pool.X))
    copies = [pickle.loads(pickle.dumps(model)), copy.deepcopy(model)]
    for again in copies:
        assert type(again) is type(model)
        np.testing.assert_array_equal(again.predict_proba(items), model.predict_proba(items))
        np.testing.assert_array_equal(again.predict_out_of_fold([3, 4]), model.predict_out_of_fold([3, 4]))
    for each in (*copies, model):
        each.update(np.arange(60, 80), pool.truth[60:80])
    for again in copies:
        np.testing.assert_array_equal(again.predict_proba(items), model.predict_proba(items))


@every_model
def test_a_pickled_model_without_labels_can_be_taught(make, pool):
    for model in (pickle.loads(pickle.dumps(make())), copy.deepcopy(make())):
        assert not model.is_attached
        probabilities = taught(lambda model=model: model, pool).predict_proba([0, 1, 2])
        np.testing.assert_array_equal(probabilities, taught(make, pool).predict_proba([0, 1, 2]))


def test_a_pickled_softmax_regression_keeps_its_penalty(pool):
    assert gt.SoftmaxRegression().l2 == 0.0
    again = pickle.loads(pickle.dumps(gt.SoftmaxRegression(l2=0.25)))
    assert taught(lambda: again, pool).l2 == 0.25
    assert taught(gt.SoftmaxRegression, pool).l2 > 0


@pytest.mark.parametrize("l2", [-1.0, np.nan, np.inf])
def test_a_penalty_that_is_no_penalty_is_refused(l2):
    with pytest.raises(gt.InvalidArgument, match="l2"):
        gt.SoftmaxRegression(l2=l2)


@pytest.mark.parametrize("model", [gt.SoftmaxRegression, gt.GraphModel, gt.Committee])
def test_the_built_in_models_cannot_be_subclassed(model):
    with pytest.raises(TypeError, match="not an acceptable base type"):
        type("Mine", (model,), {})


@pytest.mark.parametrize(
    "written",
    [
        "SoftmaxRegression(l2=0.25)",
        "GraphModel()",
        "ForestModel(n_trees=10, seed=3)",
        "KernelModel()",
        "LatentModel(KernelModel())",
        "FixedProbabilities()",
        "Committee([KernelModel(), ForestModel(n_trees=10, seed=3)])",
    ],
)
def test_a_built_in_model_shows_how_it_is_made(written):
    assert repr(eval(written, vars(gt).copy())) == written


def test_a_wrapped_classifier_shows_which():
    class Classifier:
        fit = predict_proba = lambda self: None

        def __repr__(self):
            return "Classifier(C=2)"

    assert repr(gt.EstimatorModel(Classifier())) == "EstimatorModel(Classifier(C=2))"


# --- latent model ---


@pytest.fixture(scope="module")
def texts():
    """2,000 texts of four topics as counts of 800 words, a topic's own: few texts share one."""
    sparse = pytest.importorskip("scipy.sparse")
    random = np.random.default_rng(2)
    topics = random.integers(0, 4, 2000)
    words = topics[:, None] * 200 + random.integers(0, 200, (2000, 8))
    entries = np.ones(words.size, np.float32), words.ravel(), np.arange(0, words.size + 1, 8)
    return sparse.csr_matrix(entries, shape=(2000, 800)), topics


def test_the_latent_model_knows_words_that_no_labelled_text_has(texts):
    X, topics = texts
    accuracies = []
    for model in (gt.LatentModel(), gt.SoftmaxRegression()):
        model.attach(X, 4)
        model.update(np.arange(16), topics[:16])
        accuracies.append(np.mean(model.predict_proba(np.arange(16, 2000)).argmax(axis=1) == topics[16:]))
    assert accuracies[0] > accuracies[1] + 0.1


def test_a_latent_model_is_pickled_with_its_inner_model(texts):
    X, topics = texts
    model = gt.LatentModel(gt.GraphModel())
    model.attach(X, 4)
    model.update(np.arange(60), topics[:60])
    copy = pickle.loads(pickle.dumps(model))
    assert repr(copy) == "LatentModel(GraphModel())"
    assert np.array_equal(copy.predict_proba(np.arange(2000)), model.predict_proba(np.arange(2000)))


def test_the_default_committee_has_a_latent_model_for_sparse_pools_alone(texts, pool):
    X, topics = texts
    committee = gt.Committee()
    committee.attach(X, 4)
    assert "LatentModel" in repr(committee)
    committee.update(np.arange(60), topics[:60])
    copy = pickle.loads(pickle.dumps(committee))
    assert np.array_equal(copy.predict_proba(np.arange(2000)), committee.predict_proba(np.arange(2000)))
    for other in (committee, pickle.loads(pickle.dumps(gt.Committee()))):
        other.attach(X.toarray(), 4)
        assert "LatentModel" not in repr(other)


# --- committee ---


def test_a_committee_has_one_weight_per_member_and_the_members_themselves():
    members = [gt.SoftmaxRegression(), Centroid(), gt.GraphModel()]
    committee = gt.Committee(members)
    assert len(committee.weights) == 3
    assert all(one is other for one, other in zip(committee.members, members, strict=True))
    assert len(gt.Committee().members) >= 2


def test_a_member_that_knows_nothing_gets_less_weight(pool):
    class Ignorant(Centroid):
        def predict_proba(self, items):
            return np.full((len(items), self.k), 1 / self.k)

    committee = taught(lambda: gt.Committee([gt.SoftmaxRegression(), Ignorant()]), pool)
    assert committee.weights[0] > committee.weights[1]


@pytest.mark.parametrize("member", [3, "softmax", None, LogisticRegression(), Centroid])
def test_a_member_that_is_no_model_is_refused_by_type(member):
    with pytest.raises(gt.InvalidType, match="expected an IncrementalModel"):
        gt.Committee([gt.SoftmaxRegression(), member])


# --- subclasses ---


def test_a_subclass_gets_plain_arrays(pool):
    model = Centroid()
    job = job_of(model, pool)
    job.run(pool.annotate)
    assert model.X.dtype == np.float32
    assert np.shares_memory(model.X, pool.X)
    assert model.k == 2
    assert model.seen
    for items, targets, weights in model.seen:
        assert items.dtype == np.int64
        assert targets.dtype == np.float32
        assert targets.shape == (len(items), 2)
        np.testing.assert_array_equal(targets, np.eye(2)[pool.truth[items]])
        assert weights.dtype == np.float32
        assert weights.shape == (len(items),)
        assert (weights > 0).all()
    taught_items = np.concatenate([items for items, _, _ in model.seen])
    assert len(np.unique(taught_items)) == len(taught_items), "every answer is taught once"


def test_what_a_subclass_got_is_its_own_to_keep_and_to_change(pool):
    class Vandal(Centroid):
        def update(self, items, targets, weights):
            super().update(items.copy(), targets.copy(), weights)
            items[...] = -7
            targets[...] = np.nan

    job = job_of(Vandal(), pool)
    assert job.run(pool.annotate).is_finished


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
def test_a_subclass_may_answer_in_any_float_type_and_layout(pool, dtype):
    class Typed(Centroid):
        def predict_proba(self, items):
            return np.asfortranarray(super().predict_proba(items).astype(dtype))

    assert job_of(Typed(), pool).run(pool.annotate).is_finished


def test_a_subclass_may_answer_with_lists(pool):
    class Listing(Centroid):
        def predict_proba(self, items):
            return super().predict_proba(items).tolist()

    assert job_of(Listing(), pool).run(pool.annotate).is_finished


def test_a_subclass_is_called_by_its_class_or_by_its_own_kind(pool):
    class Branded(Centroid):
        @property
        def kind(self):
            return "brand new"

    assert job_of(Centroid(), pool).report().model == "Centroid"
    assert job_of(Branded(), pool).report().model == "brand new"


def test_a_subclass_with_its_own_out_of_fold_is_asked_for_it(pool):
    class Counting(Centroid):
        n_asked = 0

        def predict_out_of_fold(self, items):
            type(self).n_asked += 1
            return self.predict_proba(items)

    committee = taught(lambda: gt.Committee([Counting()]), pool)
    before = Counting.n_asked
    committee.predict_out_of_fold([1, 2])
    assert Counting.n_asked == before + 1


def test_a_model_lives_on_without_a_python_reference_and_is_used_from_many_threads(pool):
    members = [Centroid(), gt.EstimatorModel(GaussianNB())]
    alive = [weakref.ref(member) for member in members]
    committees = [gt.Committee(members)]
    del members
    gc.collect()
    assert all(reference() is not None for reference in alive)
    taught(lambda: committees[0], pool)
    items = np.arange(len(pool.X))
    alone = committees[0].predict_proba(items)
    with ThreadPoolExecutor(8) as threads:
        for together in threads.map(lambda _: committees[0].predict_proba(items), range(24)):
            np.testing.assert_array_equal(together, alone)
    committees.clear()
    gc.collect()
    assert all(reference() is None for reference in alive)


def test_a_job_drops_its_model_and_pool_when_it_goes(blobs):
    pool = blobs(60)
    X, model = pool.X.copy(), Centroid()
    alive = [weakref.ref(X), weakref.ref(model)]
    job = gt.LabelingJob(X, pool.classes, model=model)
    job.run(pool.annotate)
    del X, model
    gc.collect()
    assert all(reference() is not None for reference in alive)
    del job
    gc.collect()
    assert all(reference() is None for reference in alive)


class Mishap(Exception):
    """No error of gtlabel's."""


@pytest.mark.parametrize("method", ["update", "predict_proba", "clone"])
@pytest.mark.parametrize("in_committee", [False, True])
def test_what_a_model_raises_comes_back_as_itself_and_the_job_goes_on(pool, run_to_end, method, in_committee):
    raised = Mishap("the disk is full")
    state = {"armed": False}

    def trip():
        if state["armed"]:
            raise raised

    def model():
        scripted = Scripted(**{method: trip})
        return gt.Committee([gt.SoftmaxRegression(), scripted]) if in_committee else scripted

    job, undisturbed = job_of(model(), pool), job_of(model(), pool)
    first = job.next_batch()
    job.submit(first.items, pool.annotate(first))
    before = job.report()
    state["armed"] = True
    for _ in range(2):
        with pytest.raises(Mishap) as caught:
            job.next_batch()
        assert caught.value is raised
        frames = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
        assert "trip" in frames
        raised.__traceback__ = None
    state["armed"] = False
    after = job.report()
    assert (after.rounds, after.n_human, after.n_answers) == (before.rounds, before.n_human, before.n_answers)

    assert run_to_end(job, pool.annotate) == run_to_end(undisturbed, pool.annotate)[1:]


def test_what_a_model_raises_at_its_attachment_comes_back_as_itself(pool):
    raised = Mishap("no")

    def fail():
        raise raised

    for model in (Scripted(attach=fail), gt.Committee([Scripted(attach=fail)])):
        with pytest.raises(Mishap) as caught:
            job_of(model, pool)
        assert caught.value is raised


def test_an_interrupt_inside_a_model_comes_back_as_itself(pool):
    def interrupt():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        job_of(Scripted(predict_proba=interrupt), pool).run(pool.annotate)


def constant(value):
    return lambda: value


BAD_PREDICTIONS = {
    "NaN": (lambda items, k: np.full((len(items), k), np.nan), "row 0"),
    "negative": (lambda items, k: np.tile([1.5, -0.5], (len(items), 1)), "row 0"),
    "sum of 2": (lambda items, k: np.ones((len(items), k)), "sums to 2"),
    "last row only": (
        lambda items, k: np.vstack([np.full((len(items) - 1, k), 0.5), [[0.5, 0.4]]]),
        "sums to 0.9",
    ),
    "too few rows": (lambda items, k: np.full((len(items) - 1, k), 1 / k), "shape"),
    "too many columns": (lambda items, k: np.full((len(items), k + 1), 1 / (k + 1)), "shape"),
    "one dimension": (lambda items, k: np.full(len(items), 0.5), "shape"),
    "nothing": (lambda items, k: None, "expected numbers of shape"),
    "words": (lambda items, k: np.full((len(items), k), "likely"), "dtype"),
    "complex": (lambda items, k: np.full((len(items), k), 0.5 + 0j), "dtype"),
    "ragged": (lambda items, k: [[0.5, 0.5]] * (len(items) - 1) + [[1.0]], "expected numbers of shape"),
}


@pytest.mark.parametrize("fault", BAD_PREDICTIONS)
@pytest.mark.parametrize("method", ["predict_proba", "predict_out_of_fold"])
def test_predictions_that_are_no_probabilities_are_a_model_error(pool, run_to_end, fault, method):
    predict, fragment = BAD_PREDICTIONS[fault]
    state = {"bad": True}

    def bad_method(self, items):
        return predict(items, self.k) if state["bad"] else Centroid.predict_proba(self, items)

    model = type("Faulty", (Centroid,), {method: bad_method})
    job = job_of(model(), pool)
    batch = job.next_batch()
    job.submit(batch.items, pool.annotate(batch))
    with pytest.raises(gt.ModelError) as caught:
        job.next_batch()
    assert caught.value.code == "model_contract"
    assert "Faulty" in str(caught.value)
    assert fragment in str(caught.value)
    state["bad"] = False
    run_to_end(job, pool.annotate)
    assert job.is_finished


def test_a_member_that_breaks_its_contract_is_named(pool):
    class Faulty(Centroid):
        def predict_proba(self, items):
            return np.full((len(items), self.k), np.nan)

    with pytest.raises(gt.ModelError, match="Faulty"):
        taught(lambda: gt.Committee([gt.SoftmaxRegression(), Faulty()]), pool)


@pytest.mark.parametrize("method", ["attach", "update", "predict_proba"])
def test_a_subclass_without_a_method_is_refused_before_people_are_asked(pool, method):
    body = {name: getattr(Centroid, name) for name in ("attach", "update", "predict_proba") if name != method}
    incomplete = type("Incomplete", (gt.IncrementalModel,), body)
    with pytest.raises(gt.InvalidType, match=f"Incomplete does not define {method}"):
        job_of(incomplete(), pool)


def test_a_subclass_that_forgets_its_base_says_so():
    class Forgetful(Centroid):
        def __init__(self):
            self.name = "forgot super().__init__()"

    with pytest.raises(TypeError, match=r"__init__\(\) must be called when overriding __init__"):
        Forgetful()


def test_a_subclass_that_forgets_its_base_when_unpickled_says_so(pool):
    made = Centroid.__new__(Centroid)
    for use in (lambda: job_of(made, pool), lambda: gt.Committee([made])):
        with pytest.raises(gt.InvalidType, match=r"without a call of IncrementalModel\.__init__"):
            use()


def test_a_class_instead_of_an_object_is_refused(pool):
    with pytest.raises(gt.InvalidType, match=r"expected an object: Centroid\(\)"):
        job_of(Centroid, pool)


def test_a_subclass_that_cannot_be_cloned_is_told_what_to_define(pool):
    class Demanding(Centroid):
        def __init__(self, something):
            super().__init__()

    job = job_of(Demanding(3), pool)
    batch = job.next_batch()
    job.submit(batch.items, pool.annotate(batch))
    with pytest.raises(gt.InvalidType, match=r"define clone\(self\)"):
        job.next_batch()


def test_a_clone_that_is_nothing_is_refused(pool):
    class Barren(Centroid):
        def clone(self):
            return None

    with pytest.raises(gt.InvalidType, match="NoneType"):
        taught(lambda: gt.Committee([Barren()]), pool)


def test_a_subclass_is_pickled_with_its_attributes(pool):
    model = Named("Ada")
    model.attach(pool.X, 2)
    model.update(np.arange(30), np.eye(2, dtype=np.float32)[pool.truth[:30]], None)
    for again in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        assert type(again) is Named
        assert again.name == "Ada"
        np.testing.assert_array_equal(again.predict_proba(np.arange(9)), model.predict_proba(np.arange(9)))
        assert job_of(again, pool).run(pool.annotate).is_finished


def test_a_model_that_calls_its_own_job_gets_an_error_instead_of_a_deadlock(pool):
    calls = {}

    def call_back():
        with pytest.raises(gt.InvalidState, match="inside one of its own calls") as caught:
            calls["job"].report()
        calls["error"] = caught.value

    job = job_of(Scripted(update=call_back), pool)
    calls["job"] = job
    batch = job.next_batch()
    job.submit(batch.items, pool.annotate(batch))
    job.next_batch()
    assert calls["error"].code == "invalid_state"
    assert job.report().rounds == 1


# --- scikit-learn ---


@pytest.fixture(scope="module")
def small(blobs):
    """A pool for models that take their time."""
    return blobs(120)


@pytest.mark.parametrize("make", CLASSIFIERS.values(), ids=CLASSIFIERS)
def test_a_classifier_labels_a_pool_and_is_not_changed_itself(make, small):
    estimator = make()
    given = copy.deepcopy(estimator.get_params())
    job = job_of(estimator, small, target=gt.ConfidenceThreshold(0.9), batch_size=30)
    report = job.run(small.annotate)
    assert report.is_finished
    assert report.n_auto > 0
    assert (job.labels().class_index == small.truth).mean() > 0.9
    assert isinstance(job.model, gt.EstimatorModel)
    assert job.model.estimator is estimator
    assert not hasattr(estimator, "classes_"), "a clone is fitted"
    assert {name: repr(value) for name, value in estimator.get_params().items()} == {
        name: repr(value) for name, value in given.items()
    }


def test_a_classifier_labels_a_sparse_pool(small):
    sparse = pytest.importorskip("scipy.sparse")
    X, target = sparse.csr_matrix(small.X), gt.ConfidenceThreshold(0.9)
    job = gt.LabelingJob(X, small.classes, target=target, model=forest(), batch_size=30)
    report = job.run(small.annotate)
    assert report.n_auto > 0
    assert (job.labels().class_index == small.truth).mean() > 0.9


@pytest.mark.parametrize("make", CLASSIFIERS.values(), ids=CLASSIFIERS)
def test_weights_reach_the_classifiers_that_take_them_and_no_other(make, pool):
    committee = gt.Committee([gt.EstimatorModel(make())])
    committee.attach(pool.X, 2)
    committee.update(np.arange(60), pool.truth[:60], np.linspace(0.5, 2, 60))
    assert (committee.predict_proba(np.arange(400)).argmax(axis=1) == pool.truth).mean() > 0.9


def test_the_weights_of_a_classifier_count(pool):
    def leaning(weight):
        model = gt.EstimatorModel(LogisticRegression())
        model.attach(np.zeros_like(pool.X), 2)
        model.update(np.arange(2), np.eye(2), np.array([1.0, weight]))
        return model.predict_proba([0])[0, 1]

    assert leaning(9.0) > 0.8 > leaning(1.0) > 0.2 > leaning(1 / 9)


def test_a_class_without_labels_gets_a_small_probability(blobs):
    pool = blobs(90, n_classes=3)
    model = gt.EstimatorModel(LogisticRegression())
    model.attach(pool.X, 3)
    two = np.flatnonzero(pool.truth != 1)[:20]
    model.update(two, np.eye(3)[pool.truth[two]])
    probabilities = model.predict_proba(np.arange(90))
    assert (probabilities[:, 1] > 0).all()
    assert (probabilities[:, 1] < 0.01).all()


def test_a_classifier_taught_one_class_predicts_it(pool):
    model = gt.EstimatorModel(LogisticRegression())
    model.attach(pool.X, 2)
    model.update([4, 5], np.eye(2)[[1, 1]])
    probabilities = model.predict_proba([0, 1, 2])
    assert (probabilities[:, 1] > 0.99).all()
    assert (probabilities > 0).all()


class Bare(ClassifierMixin, BaseEstimator):
    """fit without predict_proba."""

    def fit(self, X, y):
        return self


@pytest.mark.parametrize(
    ("model", "missing"),
    [
        (Bare(), "predict_proba"),
        (SVC(), "predict_proba"),
        (make_pipeline(StandardScaler(), SVC()), "predict_proba"),
        (object(), "fit"),
        ("forest", "fit"),
        (42, "fit"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_cannot_predict_probabilities_is_refused_by_what_it_lacks(pool, model, missing):
    with pytest.raises(gt.InvalidType, match=f"{type(model).__name__} has no {missing}"):
        job_of(model, pool)


def test_what_a_classifier_raises_comes_back_as_itself(pool):
    class Moody(LogisticRegression):
        def fit(self, X, y):
            raise Mishap("not today")

    job = job_of(Moody(), pool)
    batch = job.next_batch()
    job.submit(batch.items, pool.annotate(batch))
    with pytest.raises(Mishap, match="not today"):
        job.next_batch()


def test_a_classifier_that_returns_nan_is_a_model_error(pool):
    class Lost(LogisticRegression):
        def predict_proba(self, X):
            return np.full((len(X), 2), np.nan)

    job = job_of(Lost(), pool)
    batch = job.next_batch()
    job.submit(batch.items, pool.annotate(batch))
    with pytest.raises(gt.ModelError, match="EstimatorModel"):
        job.next_batch()


# --- the interpreter during long calls ---


def test_other_python_threads_run_during_a_long_call(blobs):
    pool = blobs(6000, n_features=60)
    ticks, done = [], threading.Event()

    def tick():
        while not done.is_set():
            ticks.append(time.monotonic())
            time.sleep(0.002)

    model = gt.GraphModel()
    model.attach(pool.X, 2, n_threads=1)
    ticker = threading.Thread(target=tick)
    ticker.start()
    try:
        begin = time.monotonic()
        model.update(np.arange(40), np.eye(2, dtype=np.float32)[np.arange(40) % 2])
        end = time.monotonic()
    finally:
        done.set()
        ticker.join()
    middle = [t for t in ticks if begin + (end - begin) / 4 < t < end - (end - begin) / 4]
    assert len(middle) >= 3


@pytest.fixture(scope="module")
def large(blobs):
    """A pool on which one thread computes for seconds."""
    return blobs(12_000, n_features=60, n_classes=12, gap=1.0)


@pytest.fixture
def heeded_ctrl_c():
    """Ctrl-C as at a terminal; a process in the background of a shell script is started with it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def ctrl_c_soon(heeded_ctrl_c):
    """Presses Ctrl-C a moment after the test has begun."""
    presser = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT))
    yield presser
    presser.cancel()


def test_ctrl_c_ends_a_long_call_and_the_job_is_as_before(large, ctrl_c_soon):
    job = gt.LabelingJob(large.X, large.classes, model=gt.SoftmaxRegression(), n_threads=1)
    job.submit(np.arange(12_000), large.truth)
    before, labels = job.report(), job.labels()
    ctrl_c_soon.start()
    with pytest.raises(KeyboardInterrupt):
        job.next_batch()
    assert job.report() == before
    np.testing.assert_array_equal(job.labels().class_index, labels.class_index)
    assert len(job.answers()["item"]) == 12_000


def test_ctrl_c_ends_the_making_of_a_graph(large, ctrl_c_soon):
    job = gt.LabelingJob(large.X, large.classes, model=gt.GraphModel(), n_threads=1)
    batch = job.next_batch()
    job.submit(batch.items, large.annotate(batch))
    ctrl_c_soon.start()
    with pytest.raises(KeyboardInterrupt):
        job.next_batch()
    assert job.next_batch() is not None


def test_a_call_ended_by_ctrl_c_can_be_repeated(pool, run_to_end, heeded_ctrl_c):
    """The signal arrives while the model's own code runs; the next call continues as if nothing had been."""
    pressed = []

    def press():
        if len(pressed) < 2:
            pressed.append(True)
            signal.raise_signal(signal.SIGINT)

    job, undisturbed = job_of(Scripted(predict_proba=press), pool), job_of(Scripted(), pool)
    seen = []
    while True:
        try:
            batch = job.next_batch()
        except KeyboardInterrupt:
            continue
        if batch is None:
            break
        seen.append((batch.round, batch.items.tolist(), batch.purposes.tolist()))
        job.submit(batch.items, pool.annotate(batch))
    assert len(pressed) == 2
    assert seen == run_to_end(undisturbed, pool.annotate)


def opinions_of(pool, sharpness=1.0):
    """Probabilities of two classes from the first column that differs, as somebody else's model would give them."""
    logit = sharpness * (pool.X[:, 1] - pool.X[:, 0])
    return np.column_stack([1 / (1 + np.exp(logit)), 1 / (1 + np.exp(-logit))])


def test_probabilities_stand_for_pool_and_model(pool, run_to_end):
    probabilities = opinions_of(pool)
    short = gt.LabelingJob(None, pool.classes, target=gt.ErrorTarget(max_error=0.1), probabilities=probabilities)
    long = gt.LabelingJob(
        probabilities, pool.classes, target=gt.ErrorTarget(max_error=0.1), model=gt.FixedProbabilities()
    )
    assert run_to_end(short, pool.annotate) == run_to_end(long, pool.annotate)
    assert short.certificate() is not None
    assert short.report().savings > 0.3


@pytest.mark.parametrize("other", [{"X": np.zeros((400, 2), np.float32)}, {"model": gt.GraphModel()}])
def test_probabilities_beside_a_pool_or_a_model_are_refused(pool, other):
    with pytest.raises(gt.InvalidArgument, match="probabilities: given beside X or model"):
        gt.LabelingJob(**{"X": None, "classes": pool.classes, "probabilities": opinions_of(pool), **other})


def test_probabilities_that_are_none_are_refused(pool):
    with pytest.raises(gt.InvalidType, match="X: None given, expected a pool"):
        gt.LabelingJob(None, pool.classes)
    probabilities = opinions_of(pool)
    with pytest.raises(gt.InvalidArgument, match="2 columns given, expected 3"):
        gt.LabelingJob(None, ["a", "b", "c"], probabilities=probabilities)
    probabilities[3] = 0.6
    with pytest.raises(gt.InvalidArgument, match=r"probabilities: row 3 sums to 1\.2"):
        gt.LabelingJob(None, pool.classes, probabilities=probabilities)


def test_a_job_of_probabilities_is_saved_and_pickled(pool, run_to_end, tmp_path):
    probabilities = opinions_of(pool)
    target = gt.ErrorTarget(max_error=0.1)
    job = gt.LabelingJob(None, pool.classes, target=target, probabilities=probabilities)
    for _ in range(2):
        batch = job.next_batch()
        job.submit(batch.items, pool.annotate(batch))
    job.save(tmp_path / "job.gtlabel")
    loaded = gt.LabelingJob.load(tmp_path / "job.gtlabel", probabilities, model=gt.FixedProbabilities())
    copied = pickle.loads(pickle.dumps(job))
    course = run_to_end(job, pool.annotate)
    assert run_to_end(loaded, pool.annotate) == course
    assert run_to_end(copied, pool.annotate) == course


def test_a_job_whose_model_was_given_to_another_says_so(pool, run_to_end):
    model = gt.GraphModel()
    first = pool.job(model=model)
    first.submit(*(lambda batch: (batch.items, pool.annotate(batch)))(first.next_batch()))
    second = pool.job(model=model)
    with pytest.raises(gt.InvalidState, match=r"attached again since.*clone\(\)"):
        first.next_batch()
    run_to_end(second, pool.annotate)
    assert second.certificate() is not None
