"""No subcommand replaces an input, a store, another output, or what people answered."""

import csv
import os
import threading

import pytest

JOB = ("--classes", "class 0,class 1", "--columns", "a,b,c,d", "--seed", "1", "--target", "10%", "-q")


@pytest.fixture
def stored(command, items_csv, write_csv):
    """A job in job.gtlabel, and answers of two people in answers.csv and again.csv."""
    assert command("run", items_csv, *JOB, "--store", "job.gtlabel", "--ask", "asks.csv").code == 3
    rows = [["item", "worker", "answer"], *([f"i{item}", worker, "class 0"] for item in range(9) for worker in "ab")]
    write_csv("again.csv", rows)
    return write_csv("answers.csv", rows)


RUN = ("run", "items.csv", *JOB)


@pytest.mark.parametrize(
    "argv",
    [
        (*RUN, "--store", "job.gtlabel", "--ask", "job.gtlabel"),
        (*RUN, "--store", "new.gtlabel", "--ask", "new.gtlabel"),
        (*RUN, "--ask", "items.csv"),
        (*RUN, "--ask", "./items.csv"),
        (*RUN, "--ask", "items.csv", "--answers", "items.csv", "--store", "new.gtlabel"),
        (*RUN, "--answers", "answers.csv", "-o", "answers.csv"),
        (*RUN, "--answers", "answers.csv", "-o", "l.csv", "-o", "l.csv"),
        (*RUN, "--answers", "answers.csv", "-o", "l.csv", "--ask", "l.csv"),
        (*RUN, "--answers", "answers.csv", "--ask", "again.csv.gtlabel"),
        (*RUN, "--ask", "nowhere/asks.csv"),
        ("status", "job.gtlabel", "--trail", "job.gtlabel"),
        ("report", "job.gtlabel", "items.csv", "--columns", "a,b,c,d", "-o", "job.gtlabel"),
        ("report", "job.gtlabel", "items.csv", "--columns", "a,b,c,d", "-o", "items.csv"),
        ("consolidate", "answers.csv", "-o", "answers.csv"),
        ("consolidate", "answers.csv", "-o", "link.csv"),
        ("consolidate", "answers.csv", "--gold", "again.csv", "--workers", "again.csv"),
        ("consolidate", "answers.csv", "-o", "o.csv", "--workers", "o.csv"),
        ("consolidate", "answers.csv", "-o", "job.gtlabel"),
        ("convert", "answers.csv", "answers.csv"),
        ("convert", "answers.csv", "job.gtlabel", "--to", "answers_csv"),
        ("reconsolidate", ".", "-o", "answers.csv"),
    ],
)
def test_nothing_that_is_there_is_replaced(command, stored, tmp_path, argv):
    os.symlink("answers.csv", tmp_path / "link.csv")
    os.link(tmp_path / "job.gtlabel", tmp_path / "again.csv.gtlabel")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    ended = command(*argv)
    assert ended.code == 2
    assert ended.err.startswith("gtlabel: ")
    assert "expected another file" in ended.err or "in a folder that is there" in ended.err
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before


def fill_in(path, rows):
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def test_answers_in_the_file_of_questions_are_not_lost(command, stored, read_csv, tmp_path):
    rows = read_csv("asks.csv")
    fill_in(tmp_path / "asks.csv", [{**row, "worker": "ann", "answer": "class 0"} for row in rows])
    before = (tmp_path / "asks.csv").read_bytes()
    ended = command(*RUN, "--store", "job.gtlabel", "--ask", "asks.csv")
    assert ended.code == 2
    assert (
        f"asks.csv:2: one of {len(rows)} answers that the job has not taken, expected --answers asks.csv" in ended.err
    )
    assert (tmp_path / "asks.csv").read_bytes() == before
    assert command(*RUN, "--store", "job.gtlabel", "--ask", "asks.csv", "--answers", "asks.csv").code == 3
    assert {row["answer"] for row in read_csv("asks.csv")} == {""}


def test_a_file_that_is_none_of_questions_is_not_replaced_by_questions(command, stored, write_csv):
    write_csv("notes.csv", [["about", "note"], ["i1", "unclear"]])
    assert "notes.csv has no columns item, worker, answer" in command(*RUN, "--ask", "notes.csv").err


def test_what_the_job_did_not_ask_for_stays_until_it_does(command, items_csv, read_csv, tmp_path, pool):
    """Four people about each item, where two are enough, and one who answers about an item that is not asked."""
    base = ("run", items_csv, *JOB, "--overlap", "2-3", "--store", "job.gtlabel", "--ask", "asks.csv")
    command(*base)
    asked = read_csv("asks.csv")
    said = {(row["item"], worker) for row in asked for worker in "abcd"}
    other = next(item for item in range(400) if f"i{item}" not in {row["item"] for row in asked})
    said.add((f"i{other}", "a"))
    by_item = {row["item"]: row for row in asked} | {f"i{other}": {**asked[0], "item": f"i{other}"}}
    fill_in(
        tmp_path / "asks.csv",
        [{**by_item[item], "worker": who, "answer": pool.names[int(item[1:])]} for item, who in sorted(said)],
    )
    ended = command(*base, "--answers", "asks.csv")
    assert ended.code == 3, ended.err
    kept = {(row["item"], row["worker"]) for row in read_csv("asks.csv") if row["answer"]}
    taken = command("status", "job.gtlabel", "--json").document["n_answers"]
    assert kept < said
    assert len(kept) + taken == len(said)
    assert any(row["answer"] == "" for row in read_csv("asks.csv"))


def test_a_pipe_is_written_to_and_a_link_stays_one(command, stored, read_csv, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    heard = []
    reader = threading.Thread(target=lambda: heard.append((tmp_path / "pipe").read_text()))
    reader.start()
    assert command("consolidate", "answers.csv", "-o", "pipe").code == 0
    reader.join()
    assert heard[0].startswith("item,label,confidence\n")
    os.symlink("loop.csv", tmp_path / "loop.csv")
    assert command("consolidate", "answers.csv", "-o", "loop.csv").code == 0
    os.symlink("real.csv", tmp_path / "link.csv")
    assert command("consolidate", "answers.csv", "-o", "link.csv").code == 0
    assert (tmp_path / "link.csv").is_symlink()
    assert len(read_csv("real.csv")) == 9


def test_a_file_is_whole_or_as_it_was(command, stored, tmp_path, monkeypatch):
    (tmp_path / "labels.csv").write_text("as it was")

    def full(*_):
        raise OSError(28, "No space left on device", "labels.csv")

    monkeypatch.setattr("os.replace", full)
    assert command("consolidate", "answers.csv", "-o", "labels.csv").code == 2
    assert (tmp_path / "labels.csv").read_text() == "as it was"
    assert not list(tmp_path.glob(".labels*"))
