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
