"""A report as a JSON document."""

import json

import gtlabel as gt
from gtlabel.cli.report_document import report_document


def test_the_bound_against_the_truth_is_in_the_certificate(blobs):
    pool = blobs(600)
    gold = {item: pool.names[item] for item in range(0, 600, 4)}
    job = pool.job(gold=gold, gold_rate=0.3, target=gt.ErrorTarget(max_error=0.2))
    job.run(pool.annotate)
    truth = job.certificate().truth
    document = json.loads(json.dumps(report_document(job.report()), allow_nan=False))
    assert document["certificate"]["truth"] == {
        "n_gold": truth.n_gold,
        "n_gold_wrong": truth.n_gold_wrong,
        "people_wrong_at_most": truth.people_wrong_at_most,
        "wrong_at_most": truth.wrong_at_most,
        "bound": truth.bound,
        "failure_probability": truth.failure_probability,
    }


def test_without_gold_nothing_is_said_of_the_truth(blobs):
    pool = blobs(400)
    job = pool.job(target=gt.ErrorTarget(max_error=0.2))
    job.run(pool.annotate)
    certificate = report_document(job.report())["certificate"]
    assert certificate["bound"] <= 0.2
    assert certificate["truth"] is None
