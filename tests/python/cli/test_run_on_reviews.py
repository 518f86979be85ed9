"""The whole command on 10,662 film reviews."""

import gzip
import json
import os
from pathlib import Path

import pytest

pytest.importorskip("sklearn")

REVIEWS = Path(os.environ.get("GTLABEL_TEST_DATA", ""), "text/rt_polarity.tsv.gz")


@pytest.mark.skipif(not REVIEWS.is_file(), reason=f"{REVIEWS} is not there: GTLABEL_TEST_DATA names the folder")
def test_reviews_are_labelled_as_certified_in_a_manifest_without_a_fault(command, tmp_path):
    with gzip.open(REVIEWS, "rt", encoding="utf-8", newline="\n") as file:
        next(file)
        reviews = [line.rstrip("\n").split("\t") for line in file]
    lines = (json.dumps({"source": text, "truth": label}, ensure_ascii=False) + "\n" for text, label in reviews)
    (tmp_path / "reviews.manifest").write_text("".join(lines), encoding="utf-8")
    outputs = ("-o", "labels.csv", "-o", "labeled.manifest", "-o", "report.html")
    options = ("--truth", "truth", "--target", "10%", "--seed", "0", "--attribute", "sentiment")
    ended = command("run", "reviews.manifest", *options, *outputs, "--json")
    assert ended.code == 0, ended.err
    assert ended.document["certificate"]["bound"] <= 0.1

    labeled = [json.loads(line) for line in (tmp_path / "labeled.manifest").read_bytes().splitlines()]
    assert [line["source"] for line in labeled] == [text for text, _ in reviews]
    automatic = [line for line in labeled if line["sentiment-metadata"]["human-annotated"] == "no"]
    assert len(automatic) == ended.document["n_auto"] > 300
    wrong = [line for line in automatic if line["sentiment-metadata"]["class-name"] != line["truth"]]
    assert len(wrong) <= 0.1 * len(automatic)
    assert command("lint", "labeled.manifest", "--for", "ground-truth", "--strict").code == 0
    assert "<svg" in (tmp_path / "report.html").read_text()
