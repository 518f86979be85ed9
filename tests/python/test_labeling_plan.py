"""How many people a job is expected to need, and what they cost."""

import gtlabel as gt
import pytest


def test_before_the_first_label_a_job_says_what_other_pools_said(pool):
    plan = pool.job().plan()
    assert plan == gt.plan_labeling(400, 2, gt.ErrorTarget(max_error=0.1))
    assert plan.n_asked == 0
    assert 0 < plan.n_human_low <= plan.n_human <= plan.n_human_high <= plan.n_items == 400


def test_costs_are_people_times_price(pool):
    price = gt.Price(per_answer=0.08, currency="EUR")
    plan = pool.job().plan(price)
    assert plan.cost == pytest.approx(plan.n_human * 0.08)
    assert plan.cost_low <= plan.cost <= plan.cost_high <= plan.cost_by_hand == pytest.approx(32.0)
    assert "EUR" in str(plan)
    assert "32.00" in plan._repr_html_()


def test_without_a_price_there_are_no_costs():
    plan = gt.plan_labeling(10_000, 5)
    assert plan.cost is plan.cost_low is plan.cost_high is plan.cost_by_hand is None
    assert "cost" not in str(plan)


def test_a_finished_job_needs_what_it_asked(pool):
    job = pool.job()
    report = job.run(pool.annotate)
    plan = job.plan()
    assert plan.n_asked == plan.n_human_low == plan.n_human == plan.n_human_high == report.n_human
    assert report.plan == plan
    assert "expected at the end" not in str(report)


def test_a_running_job_shows_what_is_expected(pool):
    job = pool.job()
    batch = job.next_batch()
    job.submit(batch.items, pool.annotate(batch))
    job.next_batch()
    assert f"about {job.plan().n_human:,}" in str(job.report())


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: gt.Price("8"), TypeError, "per_answer: str given"),
        (lambda: gt.Price(True), TypeError, "per_answer: bool given"),
        (lambda: gt.Price(-1), ValueError, "per_answer: -1 given"),
        (lambda: gt.Price(float("nan")), ValueError, "per_answer: nan given"),
        (lambda: gt.plan_labeling(0, 2), ValueError, "n_items: 0 given"),
        (lambda: gt.plan_labeling(10, 1), ValueError, "n_classes: 1 given"),
        (lambda: gt.plan_labeling(10, 2, price=0.08), TypeError, "price: float given"),
    ],
)
def test_what_is_no_price_or_pool_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()
