"""Jobs that live in a store: interrupted, gone on with, looked at, checked."""

import csv
import json
import os
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest

CLASSES = ("--classes", "class 0,class 1", "--columns", "a,b,c,d")
WIDE = ("--target", "10%", "--seed", "1", "-q")


@pytest.fixture
def base(items_csv):
    return ("run", items_csv, *CLASSES, *WIDE, "--store", "job.gtlabel")


@pytest.fixture
def truth_csv(write_csv, pool):
    rows = [[f"i{item}", "ann", name] for item, name in enumerate(pool.names)]
    return write_csv("truth.csv", [["item", "worker", "answer"], *rows])


def test_a_job_goes_on_from_its_store_to_the_labels_of_one_that_was_never_interrupted(
    command, base, write_csv, truth_csv, tmp_path, pool
):
    whole = command(*base[:-1], "whole.gtlabel", "--answers", truth_csv, "-o", "whole.csv")
    rows = [[f"i{item}", "ann", name] for item, name in enumerate(pool.names) if item % 2]
    write_csv("half.csv", [["item", "worker", "answer"], *rows])
    half = command(*base, "--answers", "half.csv", "-o", "labels.csv")
    assert (whole.code, half.code) == (0, 3)
    # The same options again, but for the seed: it is the store's.
    again = command(*[word for word in base if word not in ("--seed", "1")], "--answers", truth_csv, "-o", "labels.csv")
    assert again.code == 0
    assert (tmp_path / "labels.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()
    status = command("status", "job.gtlabel", "--json").document
    assert status["is_finished"]
    assert status["n_answers"] == command("status", "whole.gtlabel", "--json").document["n_answers"]


def test_answers_that_are_refused_leave_no_store(command, base, write_csv, tmp_path):
    for row, complaint in ((["i0", "class 7"], "'class 7' is none of"), (["x", "class 0"], "no item 'x'")):
        write_csv("wrong.csv", [["item", "answer"], row])
        ended = command(*base, "--answers", "wrong.csv")
        assert (ended.code, complaint in ended.err) == (2, True)
        assert not (tmp_path / "job.gtlabel").exists()


def test_the_questions_of_a_stored_job_are_answered_in_their_own_file(command, base, tmp_path, pool):
    """As in the tutorial: fill in, give back, until the exit code is 0."""
    calls = [*base, "--ask", "asks.csv"]
    ended = command(*calls)
    for _ in range(60):
        if ended.code != 3:
            break
        with open(tmp_path / "asks.csv", newline="") as file:
            asked = list(csv.DictReader(file))
        for row in asked:
            row["answer"] = pool.names[int(row["item"][1:])]
        with open(tmp_path / "asks.csv", "w", newline="") as file:
            writer = csv.DictWriter(file, list(asked[0]))
            writer.writeheader()
            writer.writerows(asked)
        ended = command(*calls, "--answers", "asks.csv", "-o", "labels.csv", "--json")
    assert ended.code == 0, ended.err
    assert ended.document["savings"] > 0.3


def test_a_job_on_texts_goes_on_before_its_first_training_too(command, write_csv):
    pytest.importorskip("sklearn")
    table = write_csv("texts.csv", [["text"], *([f"word {number % 7} of {number % 5}"] for number in range(200))])
    base = ("run", table, "--classes", "x,y", "--store", "texts.gtlabel", "--ask", "asks.csv")
    assert command(*base).code == 3
    ended = command(*base)
    assert ended.code == 3, ended.err


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_ctrl_c_leaves_every_answer_in_the_store(command, base, tmp_path, truth_csv, heed_ctrl_c):
    (tmp_path / "answer.py").write_text(
        textwrap.dedent("""
        import csv, json, os, sys, time
        truth = {row["item"]: row["answer"] for row in csv.DictReader(open("truth.csv"))}
        if os.path.exists("second"):
            print("waiting", file=sys.stderr, flush=True)
            time.sleep(60)
        if os.path.exists("first"):
            open("second", "w").close()
        open("first", "w").close()
        for line in sys.stdin:
            asked = json.loads(line)
            print(json.dumps({"item": asked["item"], "answer": truth[asked["id"]], "worker": "ann"}))
        """)
    )
    argv = [sys.executable, "-m", "gtlabel", *base, "--answers-from", f"{sys.executable} answer.py"]
    in_group = {
        "start_new_session": True,
        "preexec_fn": heed_ctrl_c,
        "stderr": subprocess.PIPE,
        "stdout": subprocess.DEVNULL,
        "text": True,
    }
    with subprocess.Popen(argv, cwd=tmp_path, **in_group) as process:
        assert process.stderr.readline() == "waiting\n"
        os.killpg(process.pid, signal.SIGINT)
        lines = process.stderr.read().splitlines()
    assert process.returncode == 130
    assert lines[-1] == "gtlabel: interrupted"
    status = command("status", "job.gtlabel", "--json").document
    assert status["n_batches"] == 3
    assert status["n_answers"] > 20
    ended = command(*base, "--answers", truth_csv, "-o", "labels.csv")
    assert ended.code == 0


def test_other_classes_or_another_target_than_the_stores_are_refused(command, base, truth_csv, items_csv):
    command(*base, "--ask", "asks.csv")
    start = ("run", items_csv, "--columns", "a,b,c,d", "--store", "job.gtlabel", "--answers", truth_csv)
    assert "but the job in job.gtlabel has ['class 0', 'class 1']" in command(*start, "--classes", "x,y").err
    assert "but the job in job.gtlabel has" in command(*start, *CLASSES[:2], "--target", "3%").err
    other_pool = [word if word != "a,b,c,d" else "a,b" for word in start]
    ended = command(*other_pool)
    assert ended.code == 2
    assert ended.err.startswith("gtlabel: ")


@pytest.fixture
def kinds_and_features(write_csv, tmp_path, pool):
    """A table that the features say nothing about, as they come from a file; rows in the order of a list of places."""
    np.save(tmp_path / "x.npy", pool.X)

    def write(places, has_ids):
        rows = [[f"i{item}", f"photo {item}"][not has_ids :] for item in places]
        return write_csv("photos.csv", [["id", "photo"][not has_ids :], *rows])

    return write


@pytest.mark.parametrize(
    ("has_ids", "complaint"),
    [
        (True, "photos.csv:2: the id 'i399' where the job in job.gtlabel has 'i0', expected the rows in the order"),
        (False, "photos.csv: other rows, or in another order, than when the job in job.gtlabel began"),
    ],
)
def test_rows_in_another_order_are_refused_where_features_cannot_tell(command, kinds_and_features, has_ids, complaint):
    table = kinds_and_features(range(400), has_ids)
    base = ("run", table, *CLASSES[:2], "--features", "x.npy", *WIDE, "--store", "job.gtlabel", "--ask", "asks.csv")
    for _ in range(2):
        ended = command(*base)
        assert ended.code == 3, ended.err
    kinds_and_features(range(399, -1, -1), has_ids)
    ended = command(*base)
    assert ended.code == 2
    assert complaint in ended.err
    kinds_and_features(range(400), not has_ids)
    assert command(*base).code == 2


def test_the_hash_of_the_rows_is_in_a_trail_that_is_intact(command, kinds_and_features):
    table = kinds_and_features(range(400), False)
    command("run", table, *CLASSES[:2], "--features", "x.npy", *WIDE, "--store", "job.gtlabel", "--ask", "asks.csv")
    assert command("status", "job.gtlabel", "--trail", "trail.jsonl").code == 0
    assert command("verify", "trail.jsonl").code == 0


def test_what_is_no_store_is_refused_by_all(command, base, items_csv, tmp_path):
    (tmp_path / "job.gtlabel").write_bytes(b"no store at all")
    for argv in ((*base, "--ask", "asks.csv"), ("status", "job.gtlabel"), ("report", "job.gtlabel", items_csv)):
        ended = command(*argv, *(["--columns", "a"] if argv[0] == "report" else []))
        assert ended.code == 2
        assert ended.err.startswith("gtlabel: ")
    assert (tmp_path / "job.gtlabel").read_bytes() == b"no store at all"
    assert command("status", "absent.gtlabel").code == 2


def test_the_report_of_a_store_is_that_of_the_run(command, base, truth_csv, items_csv, tmp_path):
    command(*base, "--answers", truth_csv, "-o", "run.html")
    ended = command("report", "job.gtlabel", items_csv, *CLASSES[2:], "-o", "store.html", "--json")
    assert ended.code == 0, ended.err
    assert ended.document["written"] == ["store.html"]
    assert "With probability at least 95 %" in (tmp_path / "store.html").read_text()


def test_a_trail_is_verified_and_a_changed_line_is_found(command, base, truth_csv, tmp_path):
    command(*base, "--answers", truth_csv)
    assert command("status", "job.gtlabel", "--trail", "trail.jsonl").code == 0
    assert command("verify", "trail.jsonl", "--json").document["is_intact"]
    lines = (tmp_path / "trail.jsonl").read_text().splitlines(keepends=True)
    place = next(number for number, line in enumerate(lines) if json.loads(line)["table"] == "answers")
    (tmp_path / "trail.jsonl").write_text("".join([*lines[:place], *lines[place + 1 :]]))
    ended = command("verify", "trail.jsonl")
    assert ended.code == 1
    assert f"line {place + 1}" in ended.out
