"""Measures consolidation on real crowds with known truth, and its speed, beside Crowd-Kit where that is installed.

The crowds are read from the folder that GTLABEL_TEST_DATA names; those that are absent are skipped. Crowd-Kit is asked
for in another interpreter (--rival), since it needs packages that gtlabel does not.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import gtlabel as gt
import numpy as np
from gtlabel.consolidation import METHODS

SETS = (
    "d_product",
    "dogs",
    "face_sentiment",
    "mozafari_tweets",
    "rte",
    "sentiment_mturk",
    "sp_amt",
    "temp",
    "zencrowd_in",
    "zencrowd_us",
    "cifar10n",
)
RIVAL = """
import sys, time, numpy as np, pandas as pd
from crowdkit.aggregation import DawidSkene
table = pd.DataFrame(dict(zip(("task", "worker", "label"), np.load(sys.argv[1]))))
start, cpu = time.perf_counter(), time.process_time()
model = DawidSkene(n_iter=int(sys.argv[3])).fit(table)
print(time.perf_counter() - start, time.process_time() - cpu, len(model.loss_history_))
np.save(sys.argv[2], model.labels_.sort_index().to_numpy())
"""


def main():
    options = parse_arguments()
    rows = {}
    for name in SETS if options.sets else ():
        votes = load(name)
        if votes is None:
            print(f"skipped {name}: not in the folder that GTLABEL_TEST_DATA names")
            continue
        rows[name] = {method: measure(METHODS[method], *votes) for method in METHODS}
        print(f"measured {name}", file=sys.stderr)
    if rows:
        print(*quality_tables(rows), sep="\n")
    print(*speed(options), sep="\n")


def parse_arguments():
    parser = argparse.ArgumentParser(
        prog="./dev bench consolidation", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--sets", action=argparse.BooleanOptionalAction, default=True, help="measure the crowds")
    parser.add_argument("--votes", type=int, default=1_000_000, help="of the timed Dawid-Skene; default 1,000,000")
    parser.add_argument("--rival", help="a Python interpreter that has crowd-kit")
    return parser.parse_args()


def load(name):
    """items, workers, answers, truth; None if the set is absent."""
    folder = Path(os.environ.get("GTLABEL_TEST_DATA", "/nowhere")) / "crowd" / name
    if not (folder / "truth.csv").exists():
        return None
    truth = dict(rows_of(folder / "truth.csv"))
    if name == "cifar10n":  # three answers in a row; nobody knows by whom
        rows = [(item, answer) for item, *answers in rows_of(folder / "labels.csv") for answer in answers[:3]]
        items, answers = zip(*rows, strict=True)
        return items, None, answers, truth
    items, workers, answers = zip(*rows_of(folder / "answers.csv"), strict=True)
    return items, workers, answers, truth


def rows_of(path):
    with open(path) as lines:
        return list(csv.reader(lines))[1:]


def measure(method, items, workers, answers, truth):
    """accuracy, expected calibration error."""
    result = method(items, workers, answers)
    known = [(truth[item] == label) for item, label in zip(result.items_, result.labels_, strict=True) if item in truth]
    return float(np.mean(known)), result.reliability(truth).expected_calibration_error


def quality_tables(rows):
    names = [*METHODS][1:] + [*METHODS][:1]  # the default last
    for column, title in enumerate(("accuracy, %", "expected calibration error, %")):
        yield f"\n| {title} | " + " | ".join(names) + " |\n|---|" + "---:|" * len(names)
        for name, row in rows.items():
            yield f"| {name} | " + " | ".join(f"{100 * row[method][column]:.2f}" for method in names) + " |"
        means = [np.mean([row[method][column] for row in rows.values()]) for method in names]
        yield "| mean | " + " | ".join(f"{100 * mean:.2f}" for mean in means) + " |"
    gaps = {name: row["consolidate"][0] - row["majority_vote"][0] for name, row in rows.items()}
    worst = min(gaps, key=gaps.get)
    yield f"\n- consolidate against majority_vote, worst set: {worst}, {100 * gaps[worst]:+.2f} points"


def synthetic(n_votes, n_classes=10, n_workers=1000, votes_per_item=5):
    random = np.random.default_rng(0)
    items = np.repeat(np.arange(n_votes // votes_per_item), votes_per_item)
    truth = random.integers(n_classes, size=items[-1] + 1)
    workers = random.integers(n_workers, size=len(items))
    is_right = random.random(len(items)) < random.uniform(0.4, 0.95, n_workers)[workers]
    wrong = (truth[items] + random.integers(1, n_classes, size=len(items))) % n_classes
    return items, workers, np.where(is_right, truth[items], wrong), truth


def resident_mb(field):
    """VmRSS (now) or VmHWM (the most since the last reset) of this process; Linux."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024


def speed(options):
    """Dawid-Skene on many votes, in a process of its own for the memory."""
    own = time_own(options.votes, 100)
    yield f"- dawid_skene, {options.votes:,} votes, 10 classes, 1,000 workers: {own}"
    if options.rival is None:
        yield "- crowd-kit: not measured (--rival)"
        return
    folder = Path(os.environ.get("TMPDIR", "/tmp"))
    votes, labels = folder / "consolidation_votes.npy", folder / "consolidation_labels.npy"
    np.save(votes, np.array(synthetic(options.votes)[:3]))
    printed = run([options.rival, "-W", "ignore", "-c", RIVAL, str(votes), str(labels), "100"])
    seconds, cpu, iterations = map(float, printed.split())
    own = time_own(options.votes, int(iterations))
    ours = gt.dawid_skene(*synthetic(options.votes)[:3]).labels_
    same = np.mean(ours == np.load(labels))
    yield (
        f"- crowd-kit's DawidSkene on the same votes: {seconds:.1f} s ({iterations:.0f} iterations, {cpu:.1f} s of "
        f"processor time); dawid_skene with as many iterations {own}: {seconds / own.seconds:.0f} times as fast "
        f"({cpu / own.cpu:.0f} times by processor time); {100 * same:.3f} % of labels equal"
    )


@dataclass
class Timing:
    seconds: float
    cpu: float
    megabytes: float
    iterations: int
    accuracy: float

    def __str__(self):
        return (
            f"{self.seconds:.2f} s ({self.iterations} iterations, {self.cpu:.2f} s of processor time), "
            f"{self.megabytes:.0f} MB above the input, {100 * self.accuracy:.2f} % right"
        )


def time_own(n_votes, max_iterations):
    command = [sys.executable, __file__, "--timed", str(n_votes), str(max_iterations)]
    return Timing(**json.loads(run(command)))


def run(command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def timed(n_votes, max_iterations):
    items, workers, answers, truth = synthetic(n_votes)
    gt.dawid_skene(items[:100], workers[:100], answers[:100])
    Path("/proc/self/clear_refs").write_text("5")  # resets VmHWM
    before, start, cpu = resident_mb("VmRSS"), time.perf_counter(), time.process_time()
    result = gt.dawid_skene(items, workers, answers, max_iterations=max_iterations)
    print(
        json.dumps(
            {
                "seconds": time.perf_counter() - start,
                "cpu": time.process_time() - cpu,
                "megabytes": resident_mb("VmHWM") - before,
                "iterations": len(result.log_likelihoods_),
                "accuracy": float(np.mean(result.labels_ == truth)),
            }
        )
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--timed"]:
        timed(int(sys.argv[2]), int(sys.argv[3]))
    else:
        main()
