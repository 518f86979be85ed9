"""The labelling loop as a notebook drives it."""

import inspect
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import gtlabel as gt
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

PURPOSES = {"seed", "query", "audit", "review"}


def state(job):
    """All that a call which failed must not have changed."""
    labels, report = job.labels(), job.report()
    counts = (report.n_human, report.n_auto, report.n_audited, report.n_answers, report.rounds, report.is_finished)
    return counts, {name: labels[name].tolist() for name in labels}, {k: v.tolist() for k, v in job.answers().items()}


@pytest.fixture
def fast(pool):
    """Jobs on the pool with the quickest model."""

    def make(**options):
        return pool.job(**{"model": gt.SoftmaxRegression(), **options})

    return make


@pytest.fixture(scope="module")
def finished(pool, run_to_end):
    """A finished job of the default model, with its batches."""
    job = pool.job()
    return job, run_to_end(job, pool.annotate)


# --- the contract ---


def test_the_arguments_are_those_of_the_contract():
    assert list(inspect.signature(gt.LabelingJob).parameters)[:4] == ["X", "classes", "ids", "target"]
    for name in ("model", "batch_size", "overlap", "budget", "seed", "n_threads", "commit"):
        assert name in inspect.signature(gt.LabelingJob).parameters
    assert list(inspect.signature(gt.LabelingJob.submit).parameters)[1:4] == ["items", "answers", "workers"]
    assert list(inspect.signature(gt.LabelingJob.run).parameters)[1:] == ["annotate", "progress"]
    assert list(inspect.signature(gt.LabelingJob.load).parameters)[:2] == ["path", "X"]


def test_a_job_ends_with_one_label_per_item_and_most_of_them_automatic(pool, finished):
    job, _ = finished
    report = job.report()
    assert job.is_finished
    assert job.next_batch() is None
    assert report.is_finished
    assert len(job.labels()) == job.n_items == len(pool.X)
    assert job.labels().item.tolist() == list(range(len(pool.X)))
    assert report.n_human + report.n_auto == report.n_items
    assert report.savings > 0, "blobs far apart pay for their audits"
    assert (job.labels().class_index == pool.truth).mean() >= 0.9


def test_a_job_that_commits_at_its_end_labels_nothing_before_its_audit(pool, fast, tmp_path):
    job = fast(commit="final")
    while (batch := job.next_batch()) is not None and "audit" not in batch.purposes:
        assert job.certificate() is None
        assert job.report().n_auto == 0
        job.submit(batch.items, pool.annotate(batch))
    job.save(tmp_path / "job.gtlabel")
    loaded = gt.LabelingJob.load(tmp_path / "job.gtlabel", pool.X, model=gt.SoftmaxRegression())
    reports = [one.run(pool.annotate) for one in (job, loaded)]
    assert reports[0].n_auto == reports[1].n_auto > 0
    assert job.certificate() is not None
    assert job.certificate().statement == loaded.certificate().statement


def test_another_way_to_commit_is_refused(fast):
    with pytest.raises(gt.InvalidArgument, match="commit: 'late' given, expected 'eager' or 'final'"):
        fast(commit="late")
    with pytest.raises(gt.InvalidArgument, match="commit: '' given, expected 'eager' or 'final'"):
        fast(commit="")
    for wrong in (3, b"final", ["final"], True):
        with pytest.raises(
            gt.InvalidType, match=re.escape(f"commit: {wrong!r} given, expected 'eager', 'final' or None")
        ):
            fast(commit=wrong)


def test_a_batch_is_what_the_contract_says(finished):
    job, batches = finished
    for round_, items, purposes in batches:
        assert items
        assert len(items) == len(set(items)) == len(purposes)
        assert all(0 <= item < job.n_items for item in items)
        assert set(purposes) <= PURPOSES
        assert round_ >= 0
    rounds = [round_ for round_, _, _ in batches]
    assert rounds == sorted(rounds)
    assert set(batches[0][2]) == {"seed"}
    assert rounds[0] == 0


def test_a_batch_has_arrays_and_a_length(fast):
    batch = fast().next_batch()
    assert batch.items.dtype == np.int64
    assert batch.purposes.dtype.kind == "U"
    assert isinstance(batch.round, int)
    assert len(batch) == len(batch.items) == len(batch.purposes)
    assert f"{len(batch)} items" in repr(batch)
    batch.items[:] = -1
    assert (batch.items >= 0).all(), "each access is a copy"


def test_no_item_is_asked_twice_of_people_who_answer(finished):
    _, batches = finished
    asked = [item for _, items, _ in batches for item in items]
    assert len(asked) == len(set(asked))


def test_everyone_asked_counts_as_human_audits_included(finished):
    job, batches = finished
    asked = {item for _, items, _ in batches for item in items}
    labels, report = job.labels(), job.report()
    assert report.n_human == len(asked) == report.n_answers
    assert set(labels.item[labels.source == "human"].tolist()) == asked
    audits = sum(purposes.count("audit") for _, _, purposes in batches)
    assert report.n_audited >= audits > 0


def test_human_labels_are_the_answers(pool, finished):
    labels = finished[0].labels()
    human = labels.source == "human"
    np.testing.assert_array_equal(labels.label[human], pool.names[human])
    assert (labels.confidence[human] == 1).all()


def test_a_job_shows_what_it_was_made_of(pool):
    model = gt.GraphModel()
    job = gt.LabelingJob(pool.X, iter(["x", "y"]), target=gt.ConfidenceThreshold(0.8), model=model)
    assert job.classes == ["x", "y"]
    assert job.n_items == len(pool.X)
    assert job.target == gt.ConfidenceThreshold(0.8)
    assert job.model is model
    assert not job.is_finished
    assert pool.job().model is None
    job.classes.append("z")
    assert job.classes == ["x", "y"]
    assert f"{len(pool.X)} items, 2 classes" in repr(job)


# --- answers ---


def by_name(pool, items):
    return pool.names[items]


SPELLINGS = {
    "array of names": by_name,
    "list of names": lambda pool, items: pool.names[items].tolist(),
    "tuple of names": lambda pool, items: tuple(pool.names[items]),
    "generator of names": lambda pool, items: (pool.classes[pool.truth[item]] for item in items),
    "object array of names": lambda pool, items: pool.names[items].astype(object),
    "array of indices": lambda pool, items: pool.truth[items],
    "list of indices": lambda pool, items: pool.truth[items].tolist(),
    "int8 indices": lambda pool, items: pool.truth[items].astype(np.int8),
    "list of numpy integers": lambda pool, items: list(pool.truth[items].astype(np.uint16)),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_answers_may_be_spelled_as_one_likes(pool, fast, run_to_end, spelling):
    job, plain = fast(), fast()
    batches = run_to_end(job, lambda batch: SPELLINGS[spelling](pool, batch.items))
    assert batches == run_to_end(plain, pool.annotate)


def test_answers_from_pandas_columns(pool, fast, run_to_end, same_labels):
    pd = pytest.importorskip("pandas")
    plain = fast()
    run_to_end(plain, pool.annotate)
    for dtype in ("str", "object", "category"):
        job = fast()
        while (batch := job.next_batch()) is not None:
            column = pd.Series(pool.names[batch.items], index=batch.items, dtype=dtype)
            job.submit(column.index, column)
        same_labels(job.labels(), plain.labels())
    job = fast()
    run_to_end(job, lambda batch: pd.Series(pool.truth[batch.items]).astype("Int64"))
    same_labels(job.labels(), plain.labels())


def test_answers_from_arrow_columns(pool, fast, run_to_end):
    pa = pytest.importorskip("pyarrow")
    batches = run_to_end(fast(), pool.annotate)
    for make in (pa.array, lambda names: pa.chunked_array([names[:3], names[3:]])):
        assert run_to_end(fast(), lambda batch, make=make: make(pool.annotate(batch).tolist())) == batches
    job = fast()
    assert job.submit(pa.array([4, 5]), pa.chunked_array([["class 0", None]])).n_answers == 1


def missing_values():
    values = [None, float("nan"), np.nan, np.float32("nan")]
    try:
        import pandas as pd
    except ImportError:
        return values
    return [*values, pd.NA, pd.NaT]


@pytest.mark.parametrize("missing", missing_values(), ids=lambda value: f"{type(value).__name__} {value}")
def test_a_missing_value_is_no_answer_and_the_item_is_asked_again(pool, fast, missing):
    job = fast()
    batch = job.next_batch()
    answers = list(pool.annotate(batch))
    answers[2] = missing
    submission = job.submit(batch.items, answers)
    assert submission.n_answers == len(batch) - 1
    again = job.next_batch()
    assert again.items.tolist() == [batch.items[2]]
    assert again.purposes.tolist() == [batch.purposes[2]]
    assert again.round == batch.round
    assert job.report().n_human == len(batch) - 1


def test_none_next_to_class_indices_is_no_answer(pool, fast):
    job = fast()
    batch = job.next_batch()
    assert job.submit(batch.items[:3], [0, None, 1]).n_answers == 2
    assert job.submit(batch.items[:3], [None, None, None]).n_answers == 0


def test_a_subset_may_be_answered_in_any_order(pool, fast, run_to_end, same_labels):
    whole, parts = fast(), fast()
    run_to_end(whole, pool.annotate)
    random = np.random.default_rng(5)
    n_calls = 0
    while (batch := parts.next_batch()) is not None:
        some = random.permutation(batch.items)[: max(1, len(batch) // 2)]
        parts.submit(some, pool.names[some])
        n_calls += 1
        if n_calls % 3 and not parts.is_finished:
            left = parts.next_batch()
            assert left is None or len(left)
    same_labels(parts.labels(), whole.labels())


@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_any_permutation_and_partition_of_the_answers_gives_the_same_labels(data, blobs, run_to_end, same_labels):
    pool = blobs(150, gap=4.0)

    def make():
        return pool.job(model=gt.SoftmaxRegression(), target=gt.ErrorTarget(max_error=0.3))

    expected = make()
    batches = run_to_end(expected, pool.annotate)
    job = make()
    while (batch := job.next_batch()) is not None:
        assert (batch.round, batch.items.tolist(), batch.purposes.tolist()) == batches.pop(0)
        order = data.draw(st.permutations(batch.items.tolist()))
        cut = data.draw(st.integers(0, len(order)))
        for part in (order[:cut], order[cut:]):
            job.submit(part, pool.names[part], workers="anyone")
    assert not batches
    same_labels(job.labels(), expected.labels())
    assert job.certificate() == expected.certificate()


def test_workers_are_kept_with_their_answers(pool, fast):
    job = fast()
    first = job.next_batch().items[:4]
    job.submit(first[:2], pool.names[first[:2]], workers="ann")
    job.submit(first[2:3], pool.names[first[2:3]])
    job.submit(first[3:], pool.names[first[3:]], workers=np.array(["bob"]))
    job.submit(first[:2], pool.names[first[:2]], workers=["bob", "Zoë"])
    answers = job.answers()
    assert answers["worker"].tolist() == ["ann", "ann", "", "bob", "bob", "Zoë"]
    assert answers["item"].tolist() == [*first.tolist(), *first[:2].tolist()]
    np.testing.assert_array_equal(answers["label"], pool.names[answers["item"]])
    np.testing.assert_array_equal(answers["class_index"], pool.truth[answers["item"]])
    assert set(answers["round"].tolist()) == {0}
    assert {len(column) for column in answers.values()} == {6}


def test_a_job_without_answers_has_empty_columns(fast):
    job = fast()
    for column in job.answers().values():
        assert len(column) == 0
    assert len(job.labels()) == 0
    assert job.certificate() is None


def test_workers_change_no_batch(pool, fast, run_to_end):
    named, plain = fast(), fast()
    batches = []
    while (batch := named.next_batch()) is not None:
        batches.append((batch.round, batch.items.tolist(), batch.purposes.tolist()))
        named.submit(batch.items, pool.annotate(batch), workers=[f"w{item % 3}" for item in batch.items])
    assert batches == run_to_end(plain, pool.annotate)


def test_a_free_answer_is_a_human_label(pool, fast):
    job = fast()
    submission = job.submit([5, 17], pool.names[[5, 17]])
    assert (submission.n_answers, submission.n_free, submission.n_replaced) == (2, 2, 0)
    assert job.report().n_human == 2
    labels = job.labels()
    assert labels.item.tolist() == [5, 17]
    assert set(labels.source.tolist()) == {"human"}
    batch = job.next_batch()
    assert not {5, 17} & set(batch.items.tolist()), "what is answered is not asked"


def test_a_free_answer_about_an_automatic_label_replaces_it(pool, fast):
    job = fast()
    job.run(pool.annotate)
    labels, before = job.labels(), job.report()
    item = int(labels.item[labels.source == "auto"][0])
    other = 1 - labels.class_index[item]
    assert job.submit([item], [other]).n_free == 1
    after = job.report()
    assert (after.n_human, after.n_auto) == (before.n_human + 1, before.n_auto - 1)
    assert job.labels().source[item] == "human"
    assert job.labels().class_index[item] == other
    assert job.is_finished
    assert job.next_batch() is None


def test_a_later_answer_replaces_the_earlier_and_both_are_kept(pool, fast):
    job = fast()
    item = job.next_batch().items[:1]
    right, wrong = pool.truth[item], 1 - pool.truth[item]
    assert job.submit(item, wrong).n_replaced == 0
    assert job.submit(item, right).n_replaced == 1
    assert job.report().n_human == 1
    assert job.report().n_answers == 2
    assert job.labels().class_index.tolist() == right.tolist()
    assert job.answers()["class_index"].tolist() == [*wrong.tolist(), *right.tolist()]


def test_the_same_item_twice_in_one_call_is_an_answer_and_its_correction(pool, fast):
    job = fast()
    item = int(job.next_batch().items[0])
    submission = job.submit([item, item], [0, 1])
    assert (submission.n_answers, submission.n_replaced) == (2, 1)
    assert job.labels().class_index.tolist() == [1]


def test_the_parts_of_a_submission_are_shown(fast):
    job = fast()
    asked = int(job.next_batch().items[0])
    other = next(item for item in range(job.n_items) if item not in set(job.next_batch().items.tolist()))
    submission = job.submit([asked, other, other], [0, 0, 1])
    assert (submission.n_answers, submission.n_free, submission.n_replaced) == (3, 1, 1)
    assert repr(submission) == "Submission(n_answers=3, n_free=1, n_replaced=1, n_skipped=0, n_repeated=0)"


BAD_SUBMISSIONS = {
    "unknown name": (([0, 1], ["class 0", "dog"]), {}, gt.UnknownClass, "unknown_class", "row 1 is 'dog'"),
    "name of a number": (([0], ["0"]), {}, gt.UnknownClass, "unknown_class", "row 0 is '0'"),
    "index too large": (([0, 1], [0, 2]), {}, gt.UnknownClass, "unknown_class", "row 1 is class 2, expected 0 to 1"),
    "index below zero": (([0, 1], [0, -1]), {}, gt.UnknownClass, "unknown_class", "row 1 is class -1"),
    "huge index": (([0], [2**70]), {}, gt.UnknownClass, "unknown_class", "row 0"),
    "names and indices": (([0, 1], ["class 0", 1]), {}, gt.InvalidType, "invalid_type", "row 1 is 1"),
    "indices and names": (([0, 1], [1, "class 0"]), {}, gt.InvalidType, "invalid_type", "row 1 is 'class 0'"),
    "truth values": (([0, 1], [True, False]), {}, gt.InvalidType, "invalid_type", "row 0 is True"),
    "fractions": (([0, 1], [1, 0.5]), {}, gt.InvalidType, "invalid_type", "row 1 is 0.5"),
    "bytes": (([0], [b"class 0"]), {}, gt.InvalidType, "invalid_type", "row 0"),
    "lists": (([0], [["class 0"]]), {}, gt.InvalidType, "invalid_type", "row 0"),
    "one name": (([0], "class 0"), {}, gt.InvalidType, "invalid_type", "expected a sequence"),
    "one index": (([0], 1), {}, gt.InvalidType, "invalid_type", "expected a sequence"),
    "array without dimensions": (([0], np.array("class 0")), {}, gt.InvalidType, "invalid_type", "expected a sequence"),
    "index without dimensions": (([0], np.array(1)), {}, gt.InvalidType, "invalid_type", "expected a sequence"),
    "too few answers": (([0, 1], [0]), {}, gt.InvalidArgument, "shape_mismatch", "2 items, 1 answers"),
    "too many answers": (([0], [0, 1]), {}, gt.InvalidArgument, "shape_mismatch", "1 items, 2 answers"),
    "item too large": (([0, 400], [0, 1]), {}, gt.InvalidArgument, "item_out_of_range", "row 1 is 400"),
    "item below zero": (([0, -1], [0, 1]), {}, gt.InvalidArgument, "item_out_of_range", "row 1 is -1"),
    "item of no answer": (([0, 400], [0, None]), {}, gt.InvalidArgument, "item_out_of_range", "row 1 is 400"),
    "items as floats": (([0.0], [0]), {}, gt.InvalidType, "invalid_type", "float64"),
    "items as a mask": (([True, False], [0, 1]), {}, gt.InvalidType, "invalid_type", "bool"),
    "items as names": ((["0"], [0]), {}, gt.InvalidType, "invalid_type", "items"),
    "one item": ((0, [0]), {}, gt.InvalidType, "invalid_type", "items"),
    "items as a matrix": (([[0, 1]], [0, 1]), {}, gt.InvalidType, "invalid_type", "items"),
    "too few workers": (
        ([0, 1], [0, 1]),
        {"workers": ["ann"]},
        gt.InvalidArgument,
        None,
        "1 given for 2 answers",
    ),
    "worker without a name": (([0, 1], [0, 1]), {"workers": ["ann", 7]}, gt.InvalidType, "invalid_type", "row 1 is 7"),
    "one number as workers": (([0], [0]), {"workers": 7}, gt.InvalidType, "invalid_type", "workers"),
}


@pytest.mark.parametrize("fault", BAD_SUBMISSIONS)
def test_a_bad_row_raises_and_changes_nothing(pool, fast, fault):
    arguments, keywords, error, code, fragment = BAD_SUBMISSIONS[fault]
    job = fast()
    batch = job.next_batch()
    job.submit(batch.items[:5], pool.names[batch.items[:5]], workers="ann")
    before = state(job)
    with pytest.raises(error) as caught:
        job.submit(*arguments, **keywords)
    assert fragment in str(caught.value)
    assert code is None or caught.value.code == code
    assert state(job) == before
    assert job.next_batch().items.tolist() == batch.items[5:].tolist()


def test_submitting_nothing_is_allowed(fast):
    job = fast()
    batch = job.next_batch()
    assert job.submit([], []).n_answers == 0
    assert job.next_batch().items.tolist() == batch.items.tolist()


def test_asking_again_without_answers_gives_the_same_batch(fast):
    job = fast()
    first, second = job.next_batch(), job.next_batch()
    assert first.items.tolist() == second.items.tolist()
    assert job.report().rounds == 0


# --- construction ---


@pytest.mark.parametrize(
    ("options", "error", "fragment"),
    [
        ({"classes": ["a"]}, gt.InvalidArgument, "1 given, expected at least 2"),
        ({"classes": []}, gt.InvalidArgument, "0 given"),
        ({"classes": ["a", "b", "a"]}, gt.InvalidArgument, "'a' is given twice"),
        ({"classes": "ab"}, gt.InvalidType, "expected a sequence of names"),
        ({"classes": None}, gt.InvalidType, "expected a sequence of names"),
        ({"classes": ["a", 1]}, gt.InvalidType, "position 1 is a int"),
        ({"target": 0.05}, gt.InvalidType, "target: float given"),
        ({"target": gt.ErrorTarget}, gt.InvalidType, "target"),
        ({"batch_size": 0}, gt.InvalidArgument, "batch_size: 0 given"),
        ({"batch_size": -5}, gt.InvalidArgument, "batch_size"),
        ({"batch_size": 2.5}, gt.InvalidType, "batch_size"),
        ({"seed": -1}, gt.InvalidArgument, "seed"),
        ({"seed": 2**64}, gt.InvalidArgument, "seed"),
        ({"seed": "today"}, gt.InvalidType, "seed"),
        ({"n_threads": -1}, gt.InvalidArgument, "n_threads"),
        ({"n_threads": None}, gt.InvalidType, "n_threads"),
        ({"ids": ["x"] * 3}, gt.InvalidArgument, "ids: 3 given, expected 400"),
        ({"ids": []}, gt.InvalidArgument, "ids: 0 given"),
        ({"ids": "x"}, gt.InvalidType, "ids: 'x' given"),
    ],
)
def test_a_job_of_bad_arguments_is_refused_by_name(pool, options, error, fragment):
    with pytest.raises(error, match=re.escape(fragment)):
        gt.LabelingJob(pool.X, **{"classes": ["a", "b"], **options})


def test_the_batch_size_is_that_of_the_queries(blobs, run_to_end):
    pool = blobs(400, gap=1.5)  # hard enough that the model has to learn first
    batches = run_to_end(pool.job(model=gt.SoftmaxRegression(), batch_size=7), pool.annotate)
    sizes = {len(items) for _, items, purposes in batches if set(purposes) == {"query"}}
    assert sizes
    assert max(sizes) == 7


def test_a_pool_of_many_classes_is_labelled(blobs):
    pool = blobs(300, n_features=12, n_classes=10, gap=9.0)
    job = pool.job(target=gt.ErrorTarget(max_error=0.2))
    report = job.run(pool.annotate)
    assert report.n_human + report.n_auto == 300
    assert (job.labels().class_index == pool.truth).mean() >= 0.8


def test_class_names_may_be_any_text(blobs):
    pool = blobs(120, classes=["", "日本語 <b>&'\""])
    job = pool.job()
    job.run(pool.annotate)
    assert set(job.labels().label.tolist()) == {"", "日本語 <b>&'\""}


# --- seeds and threads ---


@pytest.mark.parametrize("n_threads", [2, 7])
def test_the_number_of_threads_changes_nothing(pool, finished, run_to_end, same_labels, n_threads):
    serial = pool.job(n_threads=1)
    batches = run_to_end(serial, pool.annotate)
    job = pool.job(n_threads=n_threads)
    assert run_to_end(job, pool.annotate) == batches == finished[1]
    same_labels(job.labels(), serial.labels())
    assert job.certificate() == serial.certificate()


def test_another_seed_asks_others(pool, fast):
    first, other = (fast(seed=seed).next_batch().items.tolist() for seed in (0, 1))
    assert sorted(first) != sorted(other)
    assert fast(seed=np.int64(1)).next_batch().items.tolist() == other


def test_no_seed_is_a_new_one_each_time(fast):
    firsts = {tuple(fast(seed=None).next_batch().items.tolist()) for _ in range(4)}
    assert len(firsts) == 4


def test_many_threads_may_submit_at_once(pool, fast, run_to_end, same_labels):
    alone, together = fast(), fast()
    run_to_end(alone, pool.annotate)
    with ThreadPoolExecutor(8) as threads:
        while (batch := together.next_batch()) is not None:
            parts = np.array_split(batch.items, 8)
            reports = [threads.submit(together.report) for _ in parts]
            submissions = threads.map(lambda part: together.submit(part, pool.names[part]), parts)
            assert sum(submission.n_answers for submission in submissions) == len(batch)
            assert all(report.result().n_items == 400 for report in reports)
    same_labels(together.labels(), alone.labels())


def test_many_threads_may_ask_for_the_batch_at_once(pool, fast, run_to_end):
    alone, together = fast(), fast()
    batches = run_to_end(alone, pool.annotate)
    with ThreadPoolExecutor(6) as threads:
        for expected in [*batches, None]:
            seen = list(threads.map(lambda _: together.next_batch(), range(6)))
            if expected is None:
                assert seen == [None] * 6
                break
            assert {tuple(batch.items.tolist()) for batch in seen} == {tuple(expected[1])}
            together.submit(seen[0].items, pool.annotate(seen[0]))


# --- small pools, other targets ---


@pytest.mark.parametrize("n_items", [1, 2, 3, 19, 20, 21, 60])
@pytest.mark.parametrize("target", [gt.ErrorTarget(), gt.ConfidenceThreshold(0.99)], ids=lambda t: type(t).__name__)
def test_tiny_pools_are_labelled(blobs, n_items, target):
    pool = blobs(max(n_items, 2), seed=n_items)
    job = gt.LabelingJob(pool.X[:n_items], pool.classes, target=target)
    report = job.run(pool.annotate)
    assert report.n_human + report.n_auto == n_items == len(job.labels())
    if isinstance(target, gt.ErrorTarget):
        assert report.n_auto == 0, "no audit pays"
        assert report.certificate is None
        assert report.savings == 0
        assert report.outcome


def test_a_pool_of_equal_items_goes_to_people_or_is_certified():
    job = gt.LabelingJob(np.zeros((120, 3)), ["a", "b"], target=gt.ErrorTarget(0.1))
    truth = np.arange(120) % 2
    report = job.run(lambda batch: truth[batch.items])
    assert report.n_human + report.n_auto == 120
    assert report.n_auto == 0 or report.certificate is not None


def test_people_who_always_say_the_same_are_believed(pool):
    job = pool.job()
    report = job.run(lambda batch: np.zeros(len(batch), dtype=int))
    assert report.is_finished
    assert set(job.labels().label.tolist()) == {"class 0"}


def test_all_answers_in_advance_leave_nothing_to_ask(pool, fast):
    job = fast()
    job.submit(np.arange(400), pool.truth)
    assert job.next_batch() is None
    assert job.is_finished
    assert job.report().n_human == 400
    assert job.report().savings == 0


def test_automatic_labels_of_an_error_target_are_certified(pool, finished):
    job, _ = finished
    labels, certificate = job.labels(), job.certificate()
    auto = labels.source == "auto"
    wrong = int((labels.class_index != pool.truth)[auto].sum())
    assert certificate.delivered == auto.sum() == job.report().n_auto
    assert certificate.max_error == 0.1
    assert certificate.failure_probability == 0.05
    assert certificate.of == "auto_labels"
    assert certificate.audited == job.report().n_audited
    assert wrong <= certificate.wrong_at_most <= 0.1 * certificate.delivered
    assert certificate.bound == certificate.wrong_at_most / certificate.delivered
    assert certificate == job.report().certificate
    assert str(certificate.delivered) in certificate.statement


def test_no_certificate_is_shown_that_the_audits_do_not_support(blobs):
    """A model that is sure and always wrong: whatever it commits, the audits find out."""
    pool = blobs(300, gap=0.0)

    class Bluffer(gt.IncrementalModel):
        def attach(self, X, n_classes):
            self.known = {}

        def update(self, items, targets, weights):
            self.known.update(zip(items.tolist(), targets.argmax(axis=1).tolist(), strict=True))

        def predict_proba(self, items):
            return np.tile([0.999, 0.001], (len(items), 1))

        def predict_out_of_fold(self, items):  # boasts with what it knows
            return np.where(np.eye(2)[[self.known[int(item)] for item in items]] == 1, 0.999, 0.001)

    for seed in range(3):
        job = pool.job(model=Bluffer(), seed=seed)
        report = job.run(pool.annotate)
        auto = job.labels().source == "auto"
        wrong = (job.labels().class_index != pool.truth)[auto].sum()
        assert auto.sum() == 0 or wrong <= 0.1 * auto.sum()
        assert report.n_auto == 0 or report.certificate is not None


def test_a_target_of_the_dataset_counts_against_the_pool(pool, run_to_end):
    target = gt.ErrorTarget(max_error=0.1, of="dataset")
    job = pool.job(target=target)
    job.run(pool.annotate)
    certificate = job.certificate()
    wrong = (job.labels().class_index != pool.truth).sum()
    assert certificate.of == "dataset"
    assert wrong <= certificate.wrong_at_most <= 0.1 * 400
    assert certificate.bound == certificate.wrong_at_most / 400
    assert "of the dataset" in certificate.statement


def test_a_confidence_threshold_labels_without_audits_and_certifies_nothing(pool, run_to_end):
    job = pool.job(target=gt.ConfidenceThreshold(0.9))
    batches = run_to_end(job, pool.annotate)
    report, labels = job.report(), job.labels()
    assert not any("audit" in purposes for _, _, purposes in batches)
    assert report.n_auto > 0
    assert report.n_audited == 0
    assert job.certificate() is None
    assert report.certificate is None
    assert (labels.confidence[labels.source == "auto"] >= np.float32(0.9)).all()
    assert "nothing is certified" in report.outcome
    assert report.n_human + report.n_auto == 400


# --- run ---


def test_run_is_the_loop(pool, fast, run_to_end, same_labels):
    by_run, by_hand = fast(), fast()
    report = by_run.run(pool.annotate)
    run_to_end(by_hand, pool.annotate)
    same_labels(by_run.labels(), by_hand.labels())
    assert report.n_human == by_hand.report().n_human


def test_run_calls_a_function_with_the_report_after_each_batch(pool, fast):
    reports, sizes = [], []

    def annotate(batch):
        sizes.append(len(batch))
        return pool.annotate(batch)

    final = fast().run(annotate, progress=reports.append)
    assert [report.n_human for report in reports] == np.cumsum(sizes).tolist()
    assert final.is_finished
    assert all(isinstance(report, gt.Report) for report in reports)


def test_run_shows_a_progress_bar_that_ends_at_the_whole_pool(pool, fast, capsys):
    pytest.importorskip("tqdm")
    fast().run(pool.annotate, progress=True)
    shown = capsys.readouterr().err
    assert "400/400" in shown
    assert "asked=" in shown


def test_run_without_progress_prints_nothing(pool, fast, capfd):
    fast().run(pool.annotate)
    assert capfd.readouterr() == ("", "")


def test_run_closes_its_bar_and_keeps_the_answers_when_the_annotator_raises(pool, fast, capsys):
    pytest.importorskip("tqdm")
    job = fast()
    raised = RuntimeError("gone home")
    calls = []

    def annotate(batch):
        calls.append(batch)
        if len(calls) == 2:
            raise raised
        return pool.annotate(batch)

    with pytest.raises(RuntimeError) as caught:
        job.run(annotate, progress=True)
    assert caught.value is raised
    assert job.report().n_human == len(calls[0])
    assert job.run(pool.annotate).is_finished


def test_run_asks_again_about_what_was_skipped(pool, fast):
    def annotate(batch):
        return [name if row % 2 == 0 else None for row, name in enumerate(pool.annotate(batch))]

    assert fast().run(annotate).is_finished


def test_run_does_not_ask_forever_when_nobody_answers(fast):
    job = fast()
    with pytest.raises(gt.InvalidState, match="none of the") as caught:
        job.run(lambda batch: [None] * len(batch))
    assert caught.value.code == "invalid_state"


@pytest.mark.parametrize("n_more", [-1, 1])
def test_run_refuses_answers_that_do_not_fit_the_batch_and_loses_nothing(pool, fast, run_to_end, same_labels, n_more):
    job, asked, before = fast(), [], []

    def annotate(batch):
        asked.append(batch.items.tolist())
        if len(asked) < 3:
            return pool.annotate(batch)
        before.append(state(job))
        return np.zeros(len(batch) + n_more, dtype=int)

    with pytest.raises(gt.InvalidArgument) as caught:
        job.run(annotate)
    assert caught.value.code == "shape_mismatch"
    assert f"{len(asked[2])} items, {len(asked[2]) + n_more} answers" in str(caught.value)
    assert state(job) == before[0]
    assert job.next_batch().items.tolist() == asked[2]
    undisturbed = fast()
    run_to_end(undisturbed, pool.annotate)
    job.run(pool.annotate)
    same_labels(job.labels(), undisturbed.labels())


def test_run_continues_a_job_that_was_begun_by_hand(pool, fast):
    job = fast()
    batch = job.next_batch()
    job.submit(batch.items[:5], pool.names[batch.items[:5]])
    assert job.run(pool.annotate).n_human + job.report().n_auto == 400


# --- the end of the program ---


def test_a_program_may_end_while_a_daemon_thread_computes():
    code = """
import threading, time
import numpy as np
import gtlabel as gt

X = np.random.default_rng(0).normal(size=(12_000, 60)).astype(np.float32)
threading.Thread(target=lambda: gt.GraphModel().attach(X, 2, n_threads=1), daemon=True).start()
time.sleep(0.2)
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_program_may_end_with_a_job_whose_model_holds_the_job():
    code = """
import numpy as np
import gtlabel as gt


class Model(gt.IncrementalModel):
    def attach(self, X, n_classes):
        self.X = X

    def update(self, items, targets, weights):
        pass

    def predict_proba(self, items):
        return np.full((len(items), 2), 0.5)


model = Model()
model.job = gt.LabelingJob(np.eye(30), ["a", "b"], model=gt.Committee([model]))
batch = model.job.next_batch()
model.job.submit(batch.items, np.zeros(len(batch), dtype=int))
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_predictions_are_of_the_items_without_a_human_answer(pool):
    job = pool.job()
    with pytest.raises(gt.NotFitted):
        job.predictions()
    for _ in range(3):
        batch = job.next_batch()
        job.submit(batch.items, pool.annotate(batch))
    asked = job.answers()["item"]
    predictions = job.predictions()
    assert sorted(predictions) == ["class_index", "confidence", "item", "label"]
    assert sorted([*predictions["item"], *asked]) == list(range(len(pool.X)))
    np.testing.assert_array_equal(predictions["label"], np.asarray(pool.classes)[predictions["class_index"]])
    assert np.mean(predictions["label"] == pool.names[predictions["item"]]) > 0.95
    assert ((predictions["confidence"] > 0) & (predictions["confidence"] <= 1)).all()
