"""The benchmarks run, their table has every field, and their rival counts every item once."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn")

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"


def module(name):
    spec = importlib.util.spec_from_file_location(f"gtlabel_benchmark_{name}", BENCHMARKS / f"{name}.py")
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = loaded  # dataclasses look their module up
    spec.loader.exec_module(loaded)
    return loaded


rival = module("ground_truth_loop")


@pytest.fixture(scope="module")
def digits():
    return module("pools").load("digits")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """What run.py prints and writes for digits with one seed, and for a pool that is not there."""
    folder = tmp_path_factory.mktemp("benchmarks")
    command = [sys.executable, str(BENCHMARKS / "run.py"), "--pools", "digits,mnist"]
    command += ["--seeds", "1", "--targets", "0.05"]
    command += ["--out", str(folder / "out.md"), "--json", str(folder / "out.json")]
    environment = {k: v for k, v in os.environ.items() if k != "GTLABEL_TEST_DATA"}
    finished = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout, folder / "out.md", json.loads((folder / "out.json").read_text())


def table_of(text):
    """The Markdown table in a text, as one dict a row."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert len({len(line) for line in lines}) == 1, "the lines of the table are aligned"
    return [dict(zip(cells[0], line, strict=True)) for line in cells[2:]]


def test_table_has_every_field(run):
    stdout, _, _ = run
    (row,) = table_of(stdout)
    assert row["pool"] == "digits"
    assert row["items"] == "1797"
    assert row["target"] == "5 %"
    assert row["certified"] in ("0/1", "1/1")
    for field in ("human %", "error %", "s/job", "ms/round", "features MB", "times faster"):
        assert float(row[field]) >= 0
    for field in ("rival human %", "rival error %", "rival s/job"):
        assert float(row[field]) > 0
    assert "above target, gtlabel: 0 of 1 jobs" in stdout
    assert "skipped mnist: the environment variable GTLABEL_TEST_DATA is not set" in stdout


def test_markdown_has_the_table_and_the_command(run):
    stdout, markdown, _ = run
    text = markdown.read_text()
    assert table_of(text) == table_of(stdout)
    assert "./dev bench --pools digits,mnist --seeds 1" in text


def test_table_agrees_with_the_jobs(run):
    stdout, _, (row,) = run
    (cells,) = table_of(stdout)
    for name, prefix in (("gtlabel", ""), ("rival", "rival ")):
        (job,) = row[name]
        assert job["n_human"] + job["n_auto"] == row["n_items"]
        assert float(cells[f"{prefix}human %"]) == pytest.approx(100 * job["n_human"] / row["n_items"], abs=0.051)
        assert float(cells[f"{prefix}error %"]) == pytest.approx(100 * job["n_auto_wrong"] / job["n_auto"], abs=0.0051)


def test_rows_of_a_commit_are_not_measured_twice(tmp_path):
    sys.path.insert(0, str(BENCHMARKS))
    try:
        known_rows = module("run").known_rows
    finally:
        sys.path.remove(str(BENCHMARKS))
    row = {"pool": "digits", "max_error": 0.05, "gtlabel": [{}, {}], "rival": []}
    row |= {"commit": "eager", "revision": "commit 1a2b3c4"}
    path = tmp_path / "rows.json"
    path.write_text(json.dumps([row, {**row, "revision": "commit 1a2b3c4 with changes"}]))
    assert known_rows(path) == {("digits", 0.05, 2, False, "eager", "commit 1a2b3c4"): row}
    assert known_rows(None) == known_rows(tmp_path / "none.json") == {}


@pytest.mark.parametrize("max_error", [0.05, 0.001])
def test_rival_counts_every_item_once(digits, max_error):
    result = rival.run_loop(digits.scaled(), digits.y, max_error, seed=3)
    assert result.n_human + result.n_auto == result.n_items == len(digits.y)
    assert result.n_human == result.n_validation + result.n_train + result.n_rest
    assert result.n_validation == round(0.2 * len(digits.y))
    assert 0 <= result.n_auto_wrong <= result.n_auto
    assert result == rival.run_loop(digits.scaled(), digits.y, max_error, seed=3)


def test_rival_takes_the_lowest_threshold_that_meets_the_target():
    scores = np.array([0.9, 0.5, 0.8, 0.6, 0.7])
    is_wrong = np.array([False, True, False, False, True])
    assert rival.lowest_threshold(scores, is_wrong, 0.0) == 0.8
    assert rival.lowest_threshold(scores, is_wrong, 0.25) == 0.6
    assert rival.lowest_threshold(scores, is_wrong, 0.4) == 0.5
    assert rival.lowest_threshold(scores, ~is_wrong, 0.3) == np.inf
    assert rival.lowest_threshold(np.empty(0), np.empty(0, dtype=bool), 0.5) == np.inf


def test_rival_never_splits_items_of_equal_confidence():
    scores = np.array([0.9, 0.7, 0.7])
    assert rival.lowest_threshold(scores, np.array([False, False, True]), 0.1) == 0.9


def test_allowed_misses_follow_the_binomial():
    scipy_stats = pytest.importorskip("scipy.stats")
    sys.path.insert(0, str(BENCHMARKS))
    try:
        most_allowed = module("run").most_allowed
    finally:
        sys.path.remove(str(BENCHMARKS))
    for n_jobs in (1, 10, 60, 400):
        assert most_allowed(n_jobs, 0.05, 0.95) == scipy_stats.binom.ppf(0.95, n_jobs, 0.05)


def test_the_benchmark_of_manifests_compares_with_json_and_writes_the_same_bytes():
    command = [sys.executable, str(BENCHMARKS / "manifests.py"), "--lines", "2000", "--trials", "1"]
    ended = subprocess.run(command, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    rows = [line.split(" | ") for line in ended.stdout.splitlines() if line.startswith("| ")]
    assert [row[0] for row in rows] == ["| reader", "| gtlabel", "| Python's json"]
    assert all(float(row[2]) > 0 for row in rows[1:])
    assert "written unchanged, to the byte: True" in ended.stdout


# --- beside active-learning libraries ---


def test_thresholds_are_the_lowest_that_enough_validation_items_allow():
    loops = module("active_learning_loops")
    scores = np.linspace(1, 0, 101)
    truth = np.zeros(101, dtype=int)
    truth[60:] = 1  # all that is predicted 0 below a score of 0.4 is wrong
    lowest = loops.thresholds(scores, np.zeros(101, dtype=int), truth, 2, 0.05)
    error = np.cumsum(truth) / np.arange(1, 102)
    allowed = error + 0.25 * np.sqrt(error * (1 - error)) <= 0.05
    assert lowest[0] == scores[np.flatnonzero(allowed)[-1]] < 0.5
    assert lowest[1] == np.inf, "nothing is predicted"
    few = loops.thresholds(scores[:25], np.zeros(25, dtype=int), truth[:25], 2, 0.05)
    assert few[0] == np.inf, "25 validation items are too few"


def test_the_loop_of_the_authors_of_tbal_counts_every_item_once(digits):
    loops = module("active_learning_loops")
    result = loops.tbal(digits.scaled(), digits.y, 10, 0.05, seed=0)
    assert result.n_human + result.n_auto == len(digits.y)
    assert result.n_auto > 500
    assert result.n_auto_wrong <= 0.1 * result.n_auto


def test_a_section_of_another_benchmark_is_replaced_and_outlives_what_run_writes(tmp_path):
    document = module("document")
    path = tmp_path / "benchmarks.md"
    path.write_text("# Benchmarks\n\nold table\n")
    for body in ("first", "second"):
        document.write_section(path, "Scaling", body)
        document.write_section(path, "Violations", f"{body} count")
    kept = document.sections_after_first(path)
    path.write_text("# Benchmarks\n\nnew table\n" + kept)
    assert path.read_text() == "# Benchmarks\n\nnew table\n\n## Scaling\n\nsecond\n\n## Violations\n\nsecond count\n"


def test_the_benchmark_of_scaling_splits_a_round_into_its_parts():
    done = subprocess.run(
        [sys.executable, str(BENCHMARKS / "scaling.py"), "--point", "400", "3", "4"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    point = json.loads(done.stdout)
    assert (point["items"], point["classes"], point["width"]) == (400, 3, 4)
    assert 0 < point["update"] < point["round"]
    assert point["score"] >= 0
    assert point["route and select"] > 0
    assert point["feature_bytes"] == 400 * 4 * 4


def test_the_benchmark_of_violations_counts_jobs_of_given_scores(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    violations = module("violations")
    monkeypatch.setattr(violations, "N_ITEMS", 1500)
    target = violations.gtlabel.ErrorTarget(of="dataset")
    certified, above = violations.count(
        lambda seed: (*violations.synthetic("calibrated", seed), True), target, "final", 3
    )
    assert certified == 3
    assert above <= 3
    assert violations.tested(300, 12).startswith("21 |")
