"""Measures the store: answers lost when its process is killed, answers a second, and the time to open it.

Plain sqlite3 (Python's module) inserting the same rows with the same durability runs beside.
"""

import argparse
import os
import random
import resource
import signal
import sqlite3
import tempfile
import time
from pathlib import Path

import gtlabel as gt
import numpy as np

KILL_ITEMS = 400  # of the pool of the jobs that are killed


def main():
    options = parse_arguments()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        if options.kills:
            print_kills(Path(folder), options.kills)
        if options.answers:
            print_rates(Path(folder), options.answers)
        if options.open_answers:
            print_opening(Path(folder), options.open_answers, options.open_items)


def parse_arguments():
    parser = argparse.ArgumentParser(prog="./dev bench store", description=__doc__)
    parser.add_argument("--kills", type=int, default=1000, help="0: none")
    parser.add_argument("--answers", type=int, default=20_000, help="answers of the rates; 0: none")
    parser.add_argument("--open-answers", type=int, default=1_000_000, help="answers in the store opened; 0: none")
    parser.add_argument("--open-items", type=int, default=200_000)
    parser.add_argument("--folder", help="where the stores are made; default the system's for temporary files")
    return parser.parse_args()


def blobs(n, seed=0):
    random_numbers = np.random.default_rng(seed)
    truth = random_numbers.integers(0, 2, n)
    X = random_numbers.normal(size=(n, 8)).astype(np.float32)
    X[:, 0] += 4 * truth
    return X, truth


# --- killed at random moments ---


def make_killed_job(X, **options):
    return gt.LabelingJob(X, ["a", "b"], model=gt.SoftmaxRegression(), n_threads=1, **options)


def victim(path, X, truth, channel):
    """Labels the pool one answer at a time and tells the channel each item that was acknowledged."""
    if path.exists():
        job = gt.LabelingJob.open(path, X, model=gt.SoftmaxRegression(), n_threads=1)
    else:
        job = make_killed_job(X, store=path)
    while (batch := job.next_batch()) is not None:
        for item in batch.items:
            job.submit([item], [int(truth[item])])
            os.write(channel, int(item).to_bytes(4, "little"))
    os.write(channel, (2**32 - 1).to_bytes(4, "little"))


def run_victim(path, X, truth, seconds=None):
    """A process that is killed after so long, or not. @return the items acknowledged, and whether the job had ended."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        code = 1
        try:
            victim(path, X, truth, writing)
            code = 0
        finally:
            os._exit(code)
    os.close(writing)
    if seconds is not None:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) != 0:
        raise RuntimeError("the victim failed by itself: its store did not open, or a call raised")
    said = b""
    while part := os.read(reading, 65536):
        said += part
    os.close(reading)
    items = [int.from_bytes(said[i : i + 4], "little") for i in range(0, len(said) - 3, 4)]
    return [item for item in items if item < 2**32 - 1], 2**32 - 1 in items


def kill_jobs(folder, n_kills, seed=0):
    """Kills jobs at random moments, over and over, until so many kills. @return counts of what went wrong."""
    chance = random.Random(seed)
    X, truth = blobs(KILL_ITEMS)
    expected = make_killed_job(X)
    expected.run(lambda batch: truth[batch.items])
    start = time.perf_counter()
    run_victim(folder / "unharmed.gtl", X, truth)
    whole = time.perf_counter() - start  # on this machine, as busy as it is
    outcome = {"kills": 0, "jobs": 0, "acknowledged": 0, "lost": 0, "damaged": 0, "unlike": 0}
    while outcome["kills"] < n_kills:
        path = folder / f"killed-{outcome['jobs']}.gtl"
        acknowledged, has_ended = [], False
        while not has_ended and outcome["kills"] < n_kills:
            # Most kills fall into the work, some into making or opening the store.
            longest = whole * chance.choice([0.01, 0.05, 0.2, 0.4])
            more, has_ended = run_victim(path, X, truth, longest * chance.random())
            acknowledged += more
            outcome["kills"] += not has_ended
        outcome["jobs"] += 1
        check_killed_job(path, X, truth, acknowledged, expected, outcome)
        for file in folder.glob(f"{path.name}*"):
            file.unlink()
    return outcome


def check_killed_job(path, X, truth, acknowledged, expected, outcome):
    outcome["acknowledged"] += len(acknowledged)
    if not path.exists() or path.stat().st_size == 0:
        outcome["lost"] += len(acknowledged)
        return
    try:
        job = gt.LabelingJob.open(path, X, model=gt.SoftmaxRegression(), n_threads=1)
    except gt.ArchiveError:
        outcome["damaged"] += bool(acknowledged)
        outcome["lost"] += len(acknowledged)
        return
    stored = job.answers()["item"].tolist()
    outcome["lost"] += len(set(acknowledged) - set(stored))
    job.run(lambda batch: truth[batch.items])
    same = all(np.array_equal(job.labels()[column], expected.labels()[column]) for column in job.labels())
    outcome["unlike"] += not (same and job.certificate() == expected.certificate())
    with sqlite3.connect(path) as connection:
        outcome["damaged"] += connection.execute("PRAGMA integrity_check").fetchone() != ("ok",)
    connection.close()


def print_kills(folder, n_kills):
    start = time.perf_counter()
    outcome = kill_jobs(folder, n_kills)
    print("kill -9: " + ", ".join(f"{value} {name}" for name, value in outcome.items()), end="")
    print(f" ({time.perf_counter() - start:.0f} s)")


# --- answers a second ---


def print_rates(folder, n_answers):
    print(f"{'batch':>6} {'gtlabel answers/s':>18} {'sqlite3 answers/s':>18} {'ratio':>6}")
    for size in (1, 100, 10_000):
        n = min(n_answers, 2000) if size == 1 else n_answers
        ours, theirs = [], []
        for turn in range(3):  # by turns, for the disk changes its mind
            ours.append(job_rate(folder / f"ours-{size}-{turn}.gtl", n, size))
            theirs.append(plain_rate(folder / f"plain-{size}-{turn}.db", n, size))
        ratio = np.median(ours) / np.median(theirs)
        print(f"{size:6} {np.median(ours):18.0f} {np.median(theirs):18.0f} {ratio:6.2f}")


def job_rate(path, n_answers, size):
    X, truth = blobs(n_answers)
    model = gt.SoftmaxRegression()
    job = gt.LabelingJob(X, ["a", "b"], model=model, store=path, n_threads=1, overlap=gt.Overlap(max=2))
    items = np.arange(n_answers)
    start = time.perf_counter()
    for begin in range(0, n_answers, size):
        some = items[begin : begin + size]
        job.submit(some, truth[some], workers="ann")
    return n_answers / (time.perf_counter() - start)


def plain_rate(path, n_answers, size):
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
        "CREATE TABLE answers (answer INTEGER PRIMARY KEY, event INTEGER NOT NULL, item INTEGER NOT NULL,"
        " worker INTEGER, kind TEXT NOT NULL, class INTEGER, certainty REAL NOT NULL, seconds REAL NOT NULL, id TEXT)"
    )
    _, truth = blobs(n_answers)
    rows = [(1, item, 1, "class", int(truth[item]), 1.0, 0.0, None) for item in range(n_answers)]
    start = time.perf_counter()
    for begin in range(0, n_answers, size):
        connection.execute("BEGIN")
        connection.executemany(
            "INSERT INTO answers (event, item, worker, kind, class, certainty, seconds, id)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            rows[begin : begin + size],
        )
        connection.execute("COMMIT")
    seconds = time.perf_counter() - start
    connection.close()
    return n_answers / seconds


# --- opening ---


def print_opening(folder, n_answers, n_items):
    path = folder / "large.gtl"
    random_numbers = np.random.default_rng(0)
    X = random_numbers.normal(size=(n_items, 16)).astype(np.float32)
    X[:, 0] += 4 * (np.arange(n_items) % 2)
    per_item = max(1, n_answers // n_items)
    job = gt.LabelingJob(X, ["a", "b"], store=path, overlap=gt.Overlap(max=per_item + 1, until_confidence=1.0))
    job.next_batch()
    items = np.arange(n_items)
    for turn in range(per_item):
        job.submit(items, items % 2, workers=f"w{turn}")
    for when in ("with all answers since the last snapshot", "with all answers in the snapshot"):
        if when.endswith("in the snapshot"):
            job.next_batch()
        del job
        start = time.perf_counter()
        job = gt.LabelingJob.open(path, X)
        seconds = time.perf_counter() - start
        n = len(job.answers()["item"])
        size = path.stat().st_size / 1e6
        print(f"open {n} answers on {n_items} items, {when}: {seconds:.2f} s, file {size:.0f} MB", end="")
        print(f", peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
