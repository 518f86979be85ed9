"""The page of a report: whole, safe, and nothing fetched."""

import re
import sys
from html.parser import HTMLParser

import gtlabel as gt
import pytest
from gtlabel.html_report import html_report

VOID = {"meta", "link", "br", "img", "hr", "input"}


class Outline(HTMLParser):
    """Which tags there are; fails on one that is closed out of order."""

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.addresses = [], [], []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.addresses += [value for name, value in attributes if name in ("src", "href", "xlink:href", "action")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture
def finished(blobs):
    pool = blobs(classes=("<script>alert(1)</script>", 'b&"'))
    job = pool.job(overlap=gt.Overlap(min=1, max=2))
    gt.simulate(job, gt.SimulatedWorkforce(2, n_workers=4, accuracy=0.97), pool.names)
    return job


def page_of(job):
    return html_report(job.report(), title="<b>pool</b>", labels=job.labels(), workers=job.workers())


def outline(page):
    read = Outline()
    read.feed(page)
    read.close()
    assert read.open == []
    return read


def test_the_page_is_whole_fetches_nothing_and_runs_nothing(finished):
    pytest.importorskip("matplotlib")
    page = page_of(finished)
    read = outline(page)
    assert read.tags.count("svg") == 2
    assert "script" not in read.tags
    assert "b" in read.tags  # the numbers
    assert "&lt;b&gt;pool" in page
    assert all(address.startswith("#") for address in read.addresses)
    assert not re.search(r"url\((?!#)|@import", page)
    assert "w00" in page


def test_the_same_job_makes_the_same_page(finished):
    pytest.importorskip("matplotlib")
    assert page_of(finished) == page_of(finished)


def test_without_matplotlib_the_tables_are_there_and_the_page_says_what_is_missing(finished, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    page = page_of(finished)
    assert outline(page).tags.count("table") == 3
    assert "pip install 'gtlabel[plots]'" in page


def test_a_job_that_has_not_begun_has_a_page(pool):
    page = html_report(pool.job().report())
    outline(page)
    assert "still running" in page


def test_the_page_speaks_of_people_s_mistakes_as_its_certificate_does(blobs, finished):
    pool = blobs(600)
    gold = {item: pool.names[item] for item in range(0, 600, 4)}
    job = pool.job(gold=gold, gold_rate=0.3, target=gt.ErrorTarget(max_error=0.2))
    job.run(pool.annotate)
    report = job.report()
    assert report.certificate.truth is not None
    page = page_of(job)
    assert "outside of what is certified" not in page
    assert "has people's own mistakes in it" in page
    n_asked = report.n_human - len(gold) + report.gold.n_asked
    assert f"<b>{n_asked}</b>asked of people ({n_asked / 600:.1%})" in page
    assert f"<b>{len(gold)}</b>gold, {report.gold.n_asked} of them asked of people" in page
    assert "<th>gold</th><th>of it right</th>" in page
    assert "outside of what is certified" in page_of(finished)
    assert "<th>gold</th>" not in page_of(finished)


def test_the_page_has_what_workers_and_rounds_cost(blobs, finished):
    pool = blobs()
    job = pool.job(price=gt.Price(0.25, "<EUR>"))
    job.run(lambda batch: {"answers": pool.annotate(batch), "workers": "ann"})
    page = page_of(job)
    assert page.count("<th>cost, &lt;EUR&gt;</th>") == 2, "workers and rounds"
    report = job.report()
    assert f"<td>{job.workers().cost[0]:,.2f}</td></tr>" in page
    assert f"<td>{report.history[0].n_paid:,}</td><td>{report.history[0].cost:,.2f}</td></tr>" in page
    assert "<th>cost" not in page_of(finished)
