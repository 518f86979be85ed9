"""Several people per item, as a notebook asks them."""

import pickle

import gtlabel as gt
import numpy as np
import pytest


def make_job(pool, **options):
    return pool.job(**{"model": gt.SoftmaxRegression(), "overlap": gt.Overlap(max=5), **options})


@pytest.fixture(scope="module")
def pool(blobs):
    """Four classes: people who err seldom err alike."""
    return blobs(500, n_classes=4)


@pytest.fixture(scope="module")
def workforce():
    return gt.SimulatedWorkforce(4, 12, 0.9, seed=3)


@pytest.fixture(scope="module")
def simulated(pool, workforce):
    job = make_job(pool, price=gt.Price(0.1, "EUR"), target=gt.ErrorTarget(max_error=0.2))
    return job, gt.simulate(job, workforce, pool.names)


def test_a_simulated_job_ends_with_a_certificate_that_names_its_reference(pool, simulated):
    job, report = simulated
    assert report.is_finished
    assert report.n_human + report.n_auto == report.n_items
    assert "the consolidated answer of up to 5 people" in report.certificate.statement
    labels = job.labels()
    human = labels.source == "human"
    assert (labels.class_index[human] == pool.truth[human]).mean() > 0.95, "better than one person"
    assert (labels.confidence[human] > 0.5).all()


def test_the_default_asks_one_person(pool):
    assert gt.Overlap() == gt.Overlap(min=1, max=1, until_confidence=0.98)
    plain, explicit = pool.job(), pool.job(overlap=gt.Overlap())
    assert plain.run(pool.annotate).n_human == explicit.run(pool.annotate).n_human
    assert plain.report().n_paid == plain.report().n_human


def test_nobody_is_asked_twice(simulated):
    answers = simulated[0].answers()
    pairs = list(zip(answers["item"].tolist(), answers["worker"].tolist(), strict=True))
    assert len(pairs) == len(set(pairs))
    assert (answers["seconds"] > 0).all()


def test_the_table_of_workers(simulated):
    job, report = simulated
    table = job.workers()
    assert list(table) == list(table.keys())
    assert table["worker"].tolist() == table.worker.tolist()
    assert len(table) <= 12
    assert table.n_answers.sum() == report.n_answers
    assert table.cost.sum() == pytest.approx(report.cost) == pytest.approx(0.1 * report.n_paid)
    assert (table.accuracy_low <= table.accuracy).all()
    assert (table.accuracy <= table.accuracy_high).all()
    assert not table.is_spam.any()
    with pytest.raises(KeyError, match="expected one of worker"):
        table["pay"]
    pd = pytest.importorskip("pandas")
    assert isinstance(table.to_pandas(), pd.DataFrame)
    assert len(gt.LabelingJob(np.eye(4), ["a", "b"]).workers()) == 0


def test_a_report_shows_answers_and_money(simulated):
    report = simulated[1]
    assert f"{report.n_paid:,}" in str(report)
    assert "EUR" in str(report)
    assert report.history[-1].n_paid <= report.n_paid
    assert simulated[0].plan().cost == pytest.approx(report.cost)


def test_a_worker_is_leased_items_and_gets_them_back_to_others_in_time(pool):
    clock = [0.0]
    job = make_job(pool, lease_seconds=60, now=lambda: clock[0])
    ann, bob = job.next_batch(worker="ann", size=3), job.next_batch(worker="bob", size=3)
    assert len(ann) == len(bob) == 3
    assert not set(ann.items) & set(bob.items)
    assert job.next_batch(worker="ann").items.tolist() == ann.items.tolist()
    clock[0] = 61.0
    cid = job.next_batch("cid", 100)
    assert set(cid.items) >= set(ann.items) | set(bob.items)
    assert len(job.next_batch("ann")) == 0
    with pytest.raises(gt.InvalidArgument, match="size"):
        job.next_batch(size=3)
    with pytest.raises(gt.InvalidType, match="worker"):
        job.next_batch(worker=7)


def test_skipped_items_go_to_somebody_else(pool):
    job = make_job(pool)
    batch = job.next_batch(worker="ann", size=4)
    submission = job.submit(batch.items, [gt.SKIP, *pool.annotate(batch)[1:]], workers="ann")
    assert (submission.n_answers, submission.n_skipped) == (3, 1)
    assert batch.items[0] not in job.next_batch(worker="ann", size=100).items
    assert job.answers()["label"][0] == "skip"
    job = pool.job(model=gt.SoftmaxRegression())
    batch = job.next_batch()
    job.submit(batch.items, [gt.SKIP] * len(batch))
    assert job.next_batch().items.tolist() == batch.items.tolist()
    assert job.report().n_human == 0


def test_a_guess_counts_less_and_asks_for_another(pool):
    job = pool.job(model=gt.SoftmaxRegression())
    batch = job.next_batch()
    answers = list(pool.annotate(batch))
    answers[0], answers[1] = gt.Unsure(answers[0], 0.6), gt.UNSURE
    job.submit(batch.items, answers)
    again = job.next_batch()
    assert sorted(again.items) == sorted(batch.items[:2])
    assert again.purposes.tolist() == ["review", "review"]
    job.submit(again.items, pool.annotate(again))
    assert job.report().n_human == len(batch)
    assert job.answers()["certainty"][0] == pytest.approx(0.6)
    assert job.answers()["label"][1] == "unsure"


def test_none_of_these_is_a_label_of_its_own(pool):
    job = pool.job(model=gt.SoftmaxRegression())
    odd = set(range(0, len(pool.X), 20))

    def annotate(batch):
        return [gt.NONE_OF_THESE if item in odd else pool.names[item] for item in batch.items]

    job.run(annotate)
    labels = job.labels()
    none = labels.label == "none of these"
    assert none.any()
    assert set(labels.item[none]) <= odd
    assert (labels.source[none] == "human").all()
    assert (labels.class_index[none] == gt.NONE_OF_THESE.code).all()
    assert set(labels.label[~none]) == set(pool.classes)


def test_answers_that_name_no_class_stay_themselves():
    for answer in (gt.SKIP, gt.NONE_OF_THESE):
        assert pickle.loads(pickle.dumps(answer)) is answer
        assert repr(answer).startswith("gtlabel.")
    assert pickle.loads(pickle.dumps(gt.UNSURE)) == gt.UNSURE
    with pytest.raises(gt.InvalidArgument, match="probability"):
        gt.Unsure("cat", 1.5)
    with pytest.raises(gt.InvalidType, match="probability"):
        gt.Unsure("cat", "much")


def test_a_budget_ends_a_job(pool, workforce):
    job = make_job(pool, budget=gt.Budget(max_cost=3), price=gt.Price(0.1))
    report = gt.simulate(job, workforce, pool.truth)
    assert report.is_finished
    assert report.cost <= 3 + 1e-9
    assert "The budget is spent: 30 answers" in report.outcome
    assert len(job.labels()) == report.n_human + report.n_auto < report.n_items
    items = make_job(pool, budget=gt.Budget(max_items=25))
    assert gt.simulate(items, workforce, pool.truth).n_human <= 25


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"overlap": 3}, gt.InvalidType),
        ({"budget": 3}, gt.InvalidType),
        ({"price": 3}, gt.InvalidType),
        ({"budget": gt.Budget(max_cost=3.0)}, gt.InvalidArgument),
        ({"lease_seconds": 0.0}, gt.InvalidArgument),
        ({"lease_seconds": "1 h"}, gt.InvalidType),
        ({"gold_rate": "half"}, gt.InvalidType),
        ({"gold_rate": 1.5}, gt.InvalidArgument),
    ],
)
def test_options_that_make_no_sense_are_refused(pool, options, error):
    with pytest.raises(error):
        make_job(pool, **options)


def test_limits_are_checked_where_they_are_written():
    for bad in ({"max_answers": 0}, {"max_items": -1}, {"max_cost": 0}):
        with pytest.raises(gt.InvalidArgument, match=next(iter(bad))):
            gt.Budget(**bad)
    with pytest.raises(gt.InvalidType, match="max_answers"):
        gt.Budget(max_answers=1.5)
    with pytest.raises(gt.InvalidArgument, match="max"):
        gt.Overlap(min=3, max=2)
    assert pickle.loads(pickle.dumps(gt.Overlap(max=3))) == gt.Overlap(max=3)


def test_times_are_checked_and_may_be_missing(pool):
    job = make_job(pool)
    batch = job.next_batch()
    with pytest.raises(gt.InvalidArgument, match="seconds: row 1"):
        job.submit(batch.items[:2], pool.names[batch.items[:2]], seconds=[1.0, -1.0])
    with pytest.raises(gt.InvalidArgument, match="seconds"):
        job.submit(batch.items[:2], pool.names[batch.items[:2]], seconds=[1.0])
    job.submit(batch.items[:2], pool.names[batch.items[:2]], seconds=[1.5, np.nan])
    assert job.answers()["seconds"].tolist() == [1.5, 0.0]


def test_a_pickled_job_keeps_people_and_money(pool, workforce):
    job = make_job(pool, price=gt.Price(0.1, "EUR"), budget=gt.Budget(max_answers=1000))
    batch = job.next_batch(worker="w00", size=3)
    again = pickle.loads(pickle.dumps(job))
    assert again.next_batch(worker="w00", size=3).items.tolist() == batch.items.tolist()
    assert again.plan().price == gt.Price(0.1, "EUR")
    expected, actual = (gt.simulate(one, workforce, pool.truth) for one in (job, again))
    assert actual.n_paid == expected.n_paid
    assert actual.certificate == expected.certificate


def test_a_workforce_annotates_for_run(pool, workforce):
    job = make_job(pool)
    report = job.run(workforce.annotator(pool.truth))
    assert report.is_finished
    assert set(job.answers()["worker"]) <= set(workforce.names)
    assert "12 workers" in repr(workforce)


def test_spammers_are_found(blobs):
    pool = blobs(300, n_classes=4, gap=4.0)
    job = make_job(pool, target=gt.ConfidenceThreshold(1.0))
    gt.simulate(job, gt.SimulatedWorkforce(4, 8, 0.9, n_spammers=1, seed=1), pool.truth)
    table = job.workers()
    assert table.worker[table.is_spam].tolist() == ["w07"]
    assert "1 flagged" in repr(table)


def test_a_workforce_that_makes_no_sense_is_refused(pool):
    with pytest.raises(gt.InvalidArgument, match="n_spammers"):
        gt.SimulatedWorkforce(2, 3, n_spammers=4)
    with pytest.raises(gt.InvalidArgument, match="accuracy"):
        gt.SimulatedWorkforce(2, 3, [0.5, 0.5])
    with pytest.raises(gt.InvalidArgument, match="confusions"):
        gt.SimulatedWorkforce(2, 3, confusions=np.eye(2))
    with pytest.raises(gt.InvalidState, match="nobody is left"):
        gt.simulate(make_job(pool), gt.SimulatedWorkforce(4, 2, 0.6), pool.truth)
    with pytest.raises(gt.InvalidType, match="job"):
        gt.simulate(None, gt.SimulatedWorkforce(2, 2), pool.truth)


# --- gold ---


@pytest.fixture(scope="module")
def golden(blobs):
    """A pool with a random sample of gold."""
    pool = blobs(800, n_classes=3)
    return pool, {int(i): pool.names[i] for i in range(0, 800, 5)}


def test_gold_is_planted_unseen_and_bounds_the_error_against_the_truth(golden, workforce):
    pool, gold = golden
    job = make_job(pool, gold=gold, gold_rate=0.3, overlap=None, target=gt.ErrorTarget(max_error=0.2))
    assert job.report().n_human == len(gold)
    asked = []
    while (batch := job.next_batch()) is not None:
        assert len(set(batch.purposes)) == 1, "gold goes by the purpose of the others"
        asked += batch.items.tolist()
        job.submit(batch.items, [pool.names[item] for item in batch.items])
    assert len(asked) == len(set(asked))
    report = job.report()
    assert report.n_human + report.n_auto == report.n_items
    assert report.gold.n_asked == len(set(asked) & set(gold)) > 5
    assert report.gold.n_wrong == 0
    assert f"{report.gold.n_asked:,} of them" in str(report)
    assert "per item" not in str(report), "one answer an item is nothing to tell"
    truth = report.certificate.truth
    assert truth.wrong_at_most == report.certificate.wrong_at_most + report.gold.people_wrong_at_most
    assert f"{truth.bound:.2%}" in report._repr_html_()
    assert "random sample of the pool" in report.certificate.statement
    assert pickle.loads(pickle.dumps(report.certificate)) == report.certificate
    again = pickle.loads(pickle.dumps(job))
    assert again.report().gold == report.gold


@pytest.mark.parametrize("how", ["indices", "ids", "arrays", "series"])
def test_gold_may_be_given_in_several_forms(golden, how):
    pool, gold = golden
    ids = [f"item {i}" for i in range(len(pool.X))]
    if how == "indices":
        given = {item: pool.classes.index(name) for item, name in gold.items()}
    elif how == "ids":
        given = {ids[item]: name for item, name in gold.items()}
    elif how == "arrays":
        given = (np.array(list(gold)), np.array(list(gold.values())))
    else:
        given = pytest.importorskip("pandas").Series(gold)
    labels = make_job(pool, gold=given, ids=ids).labels()
    assert dict(zip(labels.item.tolist(), labels.label.tolist(), strict=True)) == gold
    assert set(labels.source) == {"human"}


@pytest.mark.parametrize(
    ("gold", "error", "message"),
    [
        ({"nobody": "a"}, ValueError, "the job has no ids"),
        ({2**70: 0}, ValueError, "an index into the pool"),
        ({1: 2**33}, gt.UnknownClass, "item 1 is of class 8589934592, expected 0 to 2"),
        (([[1], [2, 3]], ["a", "b"]), TypeError, r"item \[1\] given, expected an index"),
        (("ab", "cd"), TypeError, "two sequences"),
        (({1, 2}, [0, 1]), TypeError, "two sequences"),
        ({5000: 0}, ValueError, "row 0, item 5000"),
        ({3: "unheard of"}, gt.UnknownClass, "item 3 is 'unheard of'"),
        ({3: 77}, gt.UnknownClass, "class 77"),
        ({3: None}, TypeError, "item 3 is None"),
        ({3.5: 0}, TypeError, "expected an index"),
        (([1, 2], [0]), ValueError, "2 items and 1 classes"),
        (([1, 1], [0, 0]), ValueError, "came before"),
        ([(1, 0)], TypeError, "expected a mapping"),
        ((1, 2), TypeError, "two sequences"),
        (np.zeros((3, 2)), TypeError, "expected a mapping"),
    ],
)
def test_gold_that_makes_no_sense_is_refused(golden, gold, error, message):
    with pytest.raises(error, match=message):
        make_job(golden[0], gold=gold)


def test_gold_in_two_lists_may_mix_indices_and_ids(golden):
    ids = [f"item {i}" for i in range(len(golden[0].X))]
    labels = make_job(golden[0], gold=([7, "item 3"], ["class 0", 1]), ids=ids).labels()
    assert labels.item.tolist() == [3, 7]
    assert labels.class_index.tolist() == [1, 0]
    with pytest.raises(gt.InvalidArgument, match="none of the job's 800 ids"):
        make_job(golden[0], gold={"nobody": 0}, ids=ids)


def test_nobody_is_paid_for_gold_that_nobody_is_asked_about(golden):
    pool, gold = golden
    job = make_job(pool, gold=gold, gold_rate=0.1, price=gt.Price(1.0), target=gt.ErrorTarget(max_error=0.2))
    before = job.plan()
    assert (before.n_asked, before.n_gold_unasked) == (0, len(gold))
    n_asked = before.n_human - len(gold)
    assert before.gold_rate == 0.1
    assert before.cost == n_asked + min(len(gold), round(0.1 * n_asked))  # planted
    assert before.cost_by_hand == len(pool.X) - len(gold)
    assert "0 of them asked of people so far" in str(before)
    assert "asked of people: 0 (0.0%)" in str(job.report())
    assert "0 asked of people" in repr(job)
    report = gt.simulate(job, gt.SimulatedWorkforce(3, 12, 0.9, seed=3), pool.truth)
    n_asked = report.n_human - len(gold) + report.gold.n_asked
    assert 0 < report.gold.n_asked < len(gold)
    assert job.plan().n_asked == n_asked
    assert job.plan().gold_rate == 0.0
    assert job.plan().cost == pytest.approx(report.cost)
    assert report.plan.answers_per_item == pytest.approx(report.n_paid / n_asked)
    assert f"asked of people: {n_asked:,} ({n_asked / report.n_items:.1%})" in str(report)
    assert f"{n_asked} asked of people" in repr(job)
    assert f"about {n_asked:,} ({n_asked / report.n_items:.0%})" in job.plan().people


def test_gold_that_people_have_not_agreed_about_is_not_called_wrong(golden):
    pool, gold = golden
    job = make_job(pool, gold=gold, gold_rate=0.2, overlap=gt.Overlap(max=3))
    batch = job.next_batch()
    job.submit(batch.items, pool.truth[batch.items])
    n_open = job.report().gold.n_wrong
    assert n_open > 0, "two have to agree"
    assert f"wrong or not yet agreed about {n_open}" in str(job.report())


def test_a_plan_expects_no_smaller_cost_than_what_open_items_have_cost_already(golden):
    pool, _ = golden
    job = make_job(pool, overlap=gt.Overlap(max=3), price=gt.Price(1.0))
    for _ in range(5):
        batch = job.next_batch()
        job.submit(batch.items, pool.truth[batch.items], workers=f"worker of round {job.report().rounds}")
        plan = job.plan()
        assert plan.n_asked == len(set(job.answers()["item"].tolist()))
        assert plan.n_asked * plan.answers_per_item == pytest.approx(job.report().cost)
        assert plan.n_asked <= plan.n_human_low <= plan.n_human <= plan.n_human_high


def test_answers_per_item_count_gold_that_was_answered_without_being_planted(golden):
    pool, gold = golden
    job = make_job(pool, gold=gold, gold_rate=0.0, overlap=None, price=gt.Price(1.0))
    items = list(gold)[:10]
    job.submit(items, [gold[item] for item in items], workers="ann")
    assert job.report().gold.n_asked == 0
    assert "answers: 10, 1.00 per item, 10.00 USD" in str(job.report())
    assert job.plan().n_asked == 10


def test_the_failure_probability_of_gold_is_a_round_number(golden):
    assert make_job(golden[0], gold=golden[1]).report().gold.failure_probability == 0.01


def test_bounds_against_the_truth_are_equal_by_their_numbers(golden):
    pool, gold = golden
    job = make_job(pool, gold=gold, gold_rate=0.3, overlap=None, target=gt.ErrorTarget(max_error=0.2))
    job.run(pool.annotate)
    truth = job.certificate().truth
    assert truth == job.certificate().truth
    assert hash(truth) == hash(job.certificate().truth)
    assert truth != job.certificate()
    other = make_job(pool, gold=gold, gold_rate=0.2, overlap=None, target=gt.ErrorTarget(max_error=0.2))
    other.run(pool.annotate)
    assert truth != other.certificate().truth


@pytest.mark.parametrize(
    ("is_wrong", "error", "message"),
    [
        ("ab", TypeError, "is_wrong: str"),
        ([2, 3], ValueError, "row 0 is 2, expected True or False"),
        ([0, -1], ValueError, "row 1 is -1"),
        ([0.5], TypeError, "float64"),
        ([[True]], TypeError, "list, 2-dimensional"),
        ([True, None], TypeError, "object"),
        (None, TypeError, "is_wrong: NoneType"),
        ([[True], [True, False]], TypeError, "is_wrong: list"),
    ],
)
def test_max_wrong_in_pool_says_what_it_takes(is_wrong, error, message):
    with pytest.raises(error, match=message):
        gt.max_wrong_in_pool(is_wrong, 10)


def test_max_wrong_in_pool_takes_bools_of_any_kind():
    drawn = [True, False, False, False, True, False]
    bounds = {gt.max_wrong_in_pool(given, 10) for given in (drawn, np.array(drawn), [1, 0, 0, 0, 1, 0], tuple(drawn))}
    assert len(bounds) == 1
    assert gt.max_wrong_in_pool([], 10) == 10


def test_gold_by_whole_numbers_is_refused_where_ids_are_whole_numbers(golden):
    """An index and an id would look alike."""
    ids = range(10, 10 + len(golden[0].X))
    with pytest.raises(gt.InvalidArgument, match="ids as text"):
        make_job(golden[0], gold={10: 0}, ids=ids)
    assert make_job(golden[0], gold={"10": 0}, ids=ids).labels().item.tolist() == [0]
    assert make_job(golden[0], gold=([10], [0]), ids=ids).labels().item.tolist() == [10]


def test_gold_tells_in_the_store_what_it_was(golden, tmp_path):
    pool, gold = golden
    job = make_job(pool, gold=gold, gold_rate=0.5, overlap=None, store=tmp_path / "job.gtl")
    batch = job.next_batch()
    planted = [item for item in batch.items.tolist() if item in gold]
    job.submit(batch.items, [pool.names[item] for item in batch.items], workers="ann")
    history = str(job.explain(planted[0]))
    assert f"gold: the host says {gold[planted[0]]}" in history
    assert "people were asked: gold" in history
    table = job.workers()
    assert table.n_gold.tolist() == table.n_gold_right.tolist() == [len(planted)]
    assert table.accuracy[0] > 0.9


# --- prices of workers, copying ---


def test_workers_may_have_prices_of_their_own(pool, workforce):
    price = gt.Price(0.1, currency="EUR", per_worker={"w03": 0.4, "w04": 0.0})
    job = make_job(pool, price=price, budget=gt.Budget(max_cost=25.0), target=gt.ErrorTarget(max_error=0.2))
    report = gt.simulate(job, workforce, pool.names)
    assert report.cost <= 25.0
    table = job.workers()
    prices = np.array([price.per_worker.get(name, 0.1) for name in table.worker])
    np.testing.assert_allclose(table.cost, prices * table.n_answers)
    spending = job.spending()
    assert list(spending) == ["round", "worker", "n_paid", "cost"]
    assert spending.cost.sum() == pytest.approx(report.cost) == pytest.approx(table.cost.sum())
    assert spending.n_paid.sum() == report.n_paid
    assert (np.diff(spending["round"]) >= 0).all()
    for what in ("n_paid", "cost"):
        by_round = np.bincount(spending["round"], weights=spending[what]).cumsum()
        so_far = [getattr(record, what) for record in report.history]
        np.testing.assert_allclose(by_round[[record.round - 1 for record in report.history]], so_far)
    assert job.plan().cost == pytest.approx(report.cost)
    again = pickle.loads(pickle.dumps(job))
    assert again.plan().price == job.plan().price
    assert again.spending().cost.tolist() == spending.cost.tolist()
    assert hash(price) == hash(gt.Price(0.1, "EUR"))


@pytest.mark.parametrize(
    ("prices", "error", "message"),
    [
        ({"w1": -1}, ValueError, r"per_worker\['w1'\]"),
        ({"w1": "1"}, TypeError, r"per_worker\['w1'\]"),
        ({1: 1.0}, TypeError, "name of a worker"),
        ({"": 1.0}, TypeError, "name of a worker"),
        ([0.1], TypeError, "prices by name"),
    ],
)
def test_prices_of_workers_are_checked_where_they_are_written(prices, error, message):
    with pytest.raises(error, match=message):
        gt.Price(0.1, per_worker=prices)
    with pytest.raises(TypeError, match="currency: dict given"):
        gt.Price(0.1, {"w1": 0.2})


def test_numbers_of_numpy_are_prices():
    price = gt.Price(np.int64(2), per_worker={"w1": np.float32(0.5)})
    assert price == gt.Price(2, per_worker={"w1": 0.5})
    assert type(price.per_worker["w1"]) is float
    budget = gt.Budget(max_answers=np.int64(3), max_cost=np.float32(2.5), max_items=np.int32(4))
    assert budget == gt.Budget(3, 2.5, 4)
    for bad in (np.bool_(True), np.float32("nan"), np.int64(-1), 10**400, 1j):
        with pytest.raises((gt.InvalidType, gt.InvalidArgument), match="per_answer"):
            gt.Price(bad)


def test_prices_of_workers_may_be_a_series():
    pd = pytest.importorskip("pandas")
    assert gt.Price(1.0, per_worker=pd.Series({"w1": 2, "w2": 0.5})).per_worker == {"w1": 2.0, "w2": 0.5}


def test_a_budget_that_pays_not_one_dearest_answer_is_refused_by_its_worker(pool):
    price = gt.Price(1.0, per_worker={"nobody": 99.0, "ann": 2.0})
    with pytest.raises(gt.InvalidArgument, match=r"max_cost 50 given, .* answer of 99 \(worker 'nobody'\)"):
        make_job(pool, price=price, budget=gt.Budget(max_cost=50))
    with pytest.raises(gt.InvalidArgument, match=r"max_cost 0.5 given, .* answer of 1, expected"):
        make_job(pool, price=gt.Price(1.0), budget=gt.Budget(max_cost=0.5))
    assert make_job(pool, price=price, budget=gt.Budget(max_cost=99)).next_batch() is not None


@pytest.mark.parametrize("copies", [["w00"], "w00", {"w00": 1}, {1: "w00"}])
def test_who_copies_whom_is_said_by_names(copies):
    with pytest.raises(gt.InvalidType, match="copies: "):
        gt.SimulatedWorkforce(4, 10, copies=copies)


def test_one_who_copies_is_named_with_the_one_copied(blobs):
    pool = blobs(700, n_classes=4)
    job = make_job(pool, overlap=gt.Overlap(min=4, max=5), target=gt.ConfidenceThreshold(1.0))
    gt.simulate(job, gt.SimulatedWorkforce(4, 10, 0.8, copies={"w07": "w02"}), pool.names)
    table = job.workers()
    copying = dict(zip(table.worker.tolist(), table.copying_with.tolist(), strict=True))
    assert {name: other for name, other in copying.items() if other} == {"w02": "w07", "w07": "w02"}
    assert table.is_copying.sum() == 2
    assert "2 as copying" in repr(table)
    for copies in ({"w07": "nobody"}, {"nobody": "w07"}, {"w07": "w07"}, {"w07": "w02", "w02": "w01"}):
        with pytest.raises(gt.InvalidArgument, match="copies"):
            gt.SimulatedWorkforce(4, 10, copies=copies)
