"""A job in a store, as a notebook uses it: nothing is lost, everything can be traced."""

import copy
import importlib.util
import json
import os
import pickle
import re
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import gtlabel as gt
import gtlabel.formats
import numpy as np
import pytest
from gtlabel.audit_trail import write_audit_trail
from hypothesis import given, settings
from hypothesis import strategies as st

BENCHMARK = Path(__file__).resolve().parents[1] / "benchmarks" / "store.py"


@pytest.fixture(scope="module")
def small(blobs):
    return blobs(240, gap=3.5, seed=4)


def stored(pool, path, **options):
    return pool.job(**{"model": gt.SoftmaxRegression(), "target": gt.ErrorTarget(0.2), "store": path, **options})


def reopened(pool, path):
    return gt.LabelingJob.open(path, pool.X, model=gt.SoftmaxRegression())


@pytest.fixture
def finished(small, tmp_path):
    job = stored(small, tmp_path / "job.gtl", ids=[f"pet-{i}" for i in range(240)])
    job.run(lambda batch: {"answers": small.annotate(batch), "workers": "ann"})
    return job


def test_a_job_killed_again_and_again_loses_nothing_and_ends_as_one_that_never_was(tmp_path):
    spec = importlib.util.spec_from_file_location("gtlabel_benchmark_store", BENCHMARK)
    benchmark = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(benchmark)
    # In a process of its own: threads of this one must not be forked.
    code = (
        "import sys, json, pathlib; sys.path.insert(0, sys.argv[1]); import store;"
        "print(json.dumps(store.kill_jobs(pathlib.Path(sys.argv[2]), 25, seed=3)))"
    )
    command = [sys.executable, "-c", code, str(BENCHMARK.parent), str(tmp_path)]
    outcome = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert outcome["kills"] >= 25
    assert outcome["acknowledged"] > 0
    assert [outcome[name] for name in ("lost", "damaged", "unlike")] == [0, 0, 0]


def test_the_store_is_readable_with_the_standard_library(finished, small):
    with sqlite3.connect(f"file:{finished.store}?mode=ro", uri=True) as connection:
        rows = connection.execute("SELECT id, worker, class FROM answers_by_name ORDER BY answer").fetchall()
        names = {name for (name,) in connection.execute("SELECT name FROM classes")}
    connection.close()
    answers = finished.answers()
    expected = [(f"pet-{item}", "ann", label) for item, label in zip(answers["item"], answers["label"], strict=True)]
    assert rows == expected
    assert names == set(finished.classes)


def test_a_summary_needs_no_pool_and_no_writer(finished, small):
    path = finished.store
    summary = gt.read_store(path)
    report = finished.report()
    assert (summary.n_items, summary.n_human, summary.n_auto) == (240, report.n_human, report.n_auto)
    assert summary.is_finished
    assert summary.certificate == finished.certificate().statement
    assert summary.n_outstanding == 0
    assert "240 items" in str(summary)


def test_what_is_outstanding_is_counted(small, tmp_path):
    job = stored(small, tmp_path / "job.gtl")
    batch = job.next_batch()
    job.submit(batch.items[:3], small.annotate(batch)[:3])
    assert gt.read_store(job.store).n_outstanding == len(batch) - 3


def test_a_file_that_is_there_is_not_overwritten(small, tmp_path):
    path = stored(small, tmp_path / "job.gtl").store
    with pytest.raises(gt.ArchiveError, match=r"there already.*LabelingJob\.open"):
        stored(small, path)
    assert not reopened(small, path).is_finished


def test_a_second_writer_is_told_who_the_first_is(small, tmp_path):
    job = stored(small, tmp_path / "job.gtl")
    with pytest.raises(gt.ArchiveError, match=f"is being written by process {os.getpid()} on") as error:
        reopened(small, job.store)
    assert error.value.code == "store_in_use"


def test_another_pool_is_refused(small, blobs, tmp_path):
    path = stored(small, tmp_path / "job.gtl").store
    with pytest.raises(gt.ArchiveError, match="made for another pool"):
        gt.LabelingJob.open(path, small.X[::-1].copy(), model=gt.SoftmaxRegression())
    assert reopened(small, path).n_items == 240


@pytest.mark.skipif(os.geteuid() == 0, reason="the system lets root write to read-only files")
def test_a_read_only_file_is_a_clear_error(small, tmp_path):
    path = stored(small, tmp_path / "job.gtl").store
    os.chmod(path, stat.S_IREAD)
    with pytest.raises(gt.ArchiveError, match=r"job\.gtl"):
        reopened(small, path)


def test_paths_of_any_kind_and_name_will_do(small, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for path in ("plain.gtl", Path("pêt ✓ 100%.gtl"), b"bytes?mode=memory.gtl", ":memory:"):
        job = stored(small, path)
        assert os.path.exists(path)
        assert job.store == os.path.realpath(os.fsdecode(path))
    with pytest.raises(gt.ArchiveError, match="nowhere"):
        stored(small, "nowhere/job.gtl")


def test_answers_sent_twice_are_known_by_id_and_without(small, tmp_path):
    job = stored(small, tmp_path / "job.gtl")
    batch = job.next_batch()
    answers, ids = small.annotate(batch), [f"a{item}" for item in batch.items]
    assert job.submit(batch.items, answers, workers="ann", answer_ids=ids).n_answers == len(batch)
    again = job.submit(batch.items, answers, workers="ann", answer_ids=ids)
    assert (again.n_repeated, again.n_answers) == (len(batch), 0)
    assert job.submit(batch.items, answers, workers="ann").n_repeated == len(batch)
    other = (
        [1 - answers[0]]
        if isinstance(answers[0], int | np.integer)
        else [name for name in job.classes if name != answers[0]]
    )
    with pytest.raises(gt.InvalidArgument, match=f"row 0, '{ids[0]}', came before with another answer"):
        job.submit(batch.items[:1], other[:1], answer_ids=ids[:1])
    with pytest.raises(gt.InvalidType, match="answer_ids: row 1 is 7"):
        job.submit(batch.items[:2], answers[:2], answer_ids=["x", 7])
    with pytest.raises(gt.InvalidArgument, match="answer_ids: 1 given for 2 answers"):
        job.submit(batch.items[:2], answers[:2], answer_ids=["x"])


def test_rows_without_an_answer_leave_their_ids_free(small, tmp_path):
    job = stored(small, tmp_path / "job.gtl")
    batch = job.next_batch()
    answers = list(small.annotate(batch)[:3])
    job.submit(batch.items[:3], [answers[0], None, answers[2]], answer_ids=["a", "b", "c"])
    assert job.submit(batch.items[:3], answers, answer_ids=["a", "b", "c"]).n_repeated == 2


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda job: pickle.loads(pickle.dumps(job))])
def test_a_copy_is_in_memory_alone(finished, copied):
    twin = copied(finished)
    assert twin.store is None
    assert twin.report().n_human == finished.report().n_human
    with pytest.raises(gt.InvalidState, match="no store"):
        twin.explain(0)


def test_items_that_the_store_cannot_be_told_of_have_not_joined(small, blobs, tmp_path):
    job = stored(small, tmp_path / "job.gtl")
    job.submit(job.next_batch().items[:3], small.names[job.next_batch().items[:3]])
    os.unlink(job.store)
    with pytest.raises(gt.ArchiveError, match="removed or replaced"):
        job.extend(blobs(20, gap=3.5, seed=5).X)
    assert job.n_items == 240
    job.save(tmp_path / "rescued")
    rescued = gt.LabelingJob.load(tmp_path / "rescued", small.X, model=gt.SoftmaxRegression())
    assert rescued.report().n_human == 3
    assert rescued.run(small.annotate).is_finished


def test_a_closed_store_is_read_without_leaving_anything_beside_it(finished, tmp_path):
    finished.close()
    store = next(tmp_path.glob("*.gtl"))
    gt.read_store(store)
    write_audit_trail(store, tmp_path / "trail.jsonl")
    assert gt.verify_audit_trail(tmp_path / "trail.jsonl")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["job.gtl", "trail.jsonl"]


def test_every_label_can_be_explained(finished):
    labels = finished.labels()
    for place in (np.flatnonzero(labels.source == "human")[0], np.flatnonzero(labels.source == "auto")[0]):
        item = int(labels.item[place])
        history = finished.explain(item)
        assert history.kind[0] == "joined"
        assert str(labels.label[place]) in str(history)
        assert len(history.to_pandas()) == len(history)
    with pytest.raises(gt.InvalidArgument, match="item: 240 given"):
        finished.explain(240)


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_labels_are_exported_and_read_again(finished, same_labels, tmp_path, ending):
    if ending == "parquet":
        pytest.importorskip("pyarrow")
    path = tmp_path / f"labels.{ending}"
    finished.export(path)
    same_labels(gt.formats.read_labels(path), finished.labels())
    with pytest.raises(gt.InvalidArgument):
        finished.export(tmp_path / "labels.doc")


def test_an_audit_trail_is_sound_until_a_line_is_touched(finished, tmp_path):
    path = tmp_path / "trail.jsonl"
    finished.write_audit_trail(path)
    check = gt.verify_audit_trail(path)
    assert check
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    assert check.n_lines == len(lines)
    assert sum(json.loads(line)["table"] == "answers" for line in lines) == len(finished.answers()["item"])
    assert re.fullmatch("coins [0-9a-f]{64}", json.loads(lines[1])["detail"])


@pytest.fixture(scope="module")
def trail(small, tmp_path_factory):
    folder = tmp_path_factory.mktemp("trail")
    job = stored(small, folder / "job.gtl")
    job.run(small.annotate)
    job.write_audit_trail(folder / "trail.jsonl")
    return (folder / "trail.jsonl").read_bytes()


@settings(max_examples=60, deadline=None)
@given(choice=st.data())
def test_any_change_of_an_audit_trail_is_found_at_its_line(trail, tmp_path_factory, choice):
    lines = trail.splitlines(keepends=True)
    at = choice.draw(st.integers(0, len(lines) - 1))
    how = choice.draw(st.sampled_from(["byte", "remove", "double", "swap", "cut"]))
    changed = list(lines)
    if how == "byte":
        place = choice.draw(st.integers(0, len(lines[at]) - 2))
        old = lines[at][place]
        new = choice.draw(st.integers(33, 126).filter(lambda byte: byte != old))
        changed[at] = lines[at][:place] + bytes([new]) + lines[at][place + 1 :]
    elif how == "remove":
        del changed[at]
    elif how == "double":
        changed.insert(at, lines[at])
    elif how == "swap":
        other = (at + 1) % len(lines)
        changed[at], changed[other] = changed[other], changed[at]
    else:
        changed = changed[:at]
    path = tmp_path_factory.mktemp("changed") / "trail.jsonl"
    path.write_bytes(b"".join(changed))
    same = [json.loads(line) for line in lines]
    try:
        is_same = [json.loads(line) for line in changed] == same  # such as a space or another spelling of a number
    except ValueError:
        is_same = False
    check = gt.verify_audit_trail(path)
    assert check.is_intact == is_same
    if not is_same:
        assert check.problem.startswith("line ")


def test_changed_exports_are_read_or_refused_and_changes_of_a_trail_are_found(tmp_path):
    script = BENCHMARK.parents[1] / "fuzz" / "export_mutations.py"
    spec = importlib.util.spec_from_file_location("gtlabel_export_mutations", script)
    mutations = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(mutations)
    counts = mutations.mutate(tmp_path, 600, seed=1)
    assert counts["read"] > 10
    assert counts["refused"] > 300


def test_a_file_that_is_no_trail_is_told_from_one(tmp_path):
    for content in (b"", b"\xff\xfe\n", b"[]\n", b'{"hash": 3}\n', b"1\n"):
        (tmp_path / "x").write_bytes(content)
        assert gt.verify_audit_trail(tmp_path / "x").problem.startswith("line 1")


def test_classes_change_while_the_job_goes_on(small, tmp_path):
    path, model = tmp_path / "job.gtl", gt.SoftmaxRegression()
    job = gt.LabelingJob(small.X, ["a", "b", "c"], target=gt.ErrorTarget(0.2), model=model, store=path)
    truth = np.asarray([str(label) for label in small.annotate(type("Batch", (), {"items": np.arange(240)})())])
    names = {name: "ab"[place] for place, name in enumerate(sorted(set(truth)))}
    answer = np.asarray([names[name] for name in truth])
    batch = job.next_batch()
    job.submit(batch.items, answer[batch.items])
    job.merge_classes("c", into="b")
    job.rename_class("b", "B")
    job.add_class("d")
    job.retire_class("d")
    del job
    job = reopened(small, path)
    assert job.classes == ["a", "B", "c", "d"]
    assert job.active_classes == ["a", "B"]
    assert gt.read_store(path).classes == ["a", "B"]
    assert isinstance(job.model, gt.SoftmaxRegression)
    report = job.run(lambda batch: ["B" if name == "b" else name for name in answer[batch.items]])
    assert report.is_finished
    assert set(job.labels().label) == {"a", "B"}
    with pytest.raises(gt.UnknownClass, match="'d', which was retired"):
        job.submit([0], [3])
    with pytest.raises(gt.InvalidType, match="class: 3 given"):
        job.add_class(3)


def test_a_model_in_python_is_renewed_with_the_classes(small):
    sklearn = pytest.importorskip("sklearn.linear_model")
    job = small.job(model=sklearn.LogisticRegression(C=3.0), target=gt.ErrorTarget(0.2))
    batch = job.next_batch()
    job.submit(batch.items, small.annotate(batch))
    before = job.model
    job.add_class("new")
    assert job.model is not before
    assert job.model.estimator.C == 3.0
    assert job.run(small.annotate).is_finished
