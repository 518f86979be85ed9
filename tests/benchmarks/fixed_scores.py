"""Measures jobs that certify somebody else's scores, beside published figures.

The setting of Candes, Ilyas and Zrnic, "Probably approximately correct labels" (2025): labels with a confidence for a
pool are given, nothing is trained, and people are asked so that of the whole dataset at most 5 % is labelled wrongly,
except with probability 5 %. Saved is the share that no person was asked about. A job gets one score per item, as the
probability that the given label is right; its two classes are "wrong" and "right", and to ask a person is to ask which
of the two it is. The scores are read from the folder that GTLABEL_TEST_DATA names.
"""

import argparse
import csv
import gzip
import os
import statistics
import sys
import time
from pathlib import Path

import gtlabel
import numpy as np

# Saved, %: PAC labels at their authors' number of audits, and an exact test at the same number (300 trials each).
PUBLISHED = {
    ("stance", "dataset"): ("27.4", "30.4"),
    ("imagenet", "dataset"): ("59.4", "61.3"),
    ("imagenet", "auto_labels"): ("-", "49.8"),
}
ROWS = (("stance", "dataset"), ("imagenet", "dataset"), ("imagenet", "auto_labels"))


def main():
    options = parse_arguments()
    folder = Path(os.environ.get("GTLABEL_TEST_DATA", "/nowhere")) / "fixed_scores"
    columns = ["scores", "target of", "commit", "trials", "saved %", "certified", "violations", "s/trial"]
    print("| " + " | ".join([*columns, "PAC labels", "exact test"]) + " |")
    print("|---|---|---|" + "---:|" * (len(columns) - 1))
    for name, scope in ROWS:
        path = folder / f"{name}.csv.gz"
        if name not in options.scores:
            continue
        if not path.is_file():
            print(f"skipped {name}: {path} is not there", file=sys.stderr)
            continue
        probabilities, is_right = load(path)
        for mode in options.commit:
            results = [run(probabilities, is_right, scope, mode, seed) for seed in range(options.trials)]
            print(row(name, scope, mode, results), flush=True)


def parse_arguments():
    parser = argparse.ArgumentParser(
        prog="./dev bench fixed_scores", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--trials", type=int, default=20, help="seeds per row; default 20")
    parser.add_argument("--scores", nargs="+", default=["stance", "imagenet"], choices=["stance", "imagenet"])
    parser.add_argument(
        "--commit",
        nargs="+",
        default=["usual", "eager", "final"],
        choices=["usual", "eager", "final"],
        help="usual: what a job does that was not told",
    )
    return parser.parse_args()


def load(path):
    """Probabilities of "wrong" and "right" per item, and which of the two is true.

    Below one half all scores are alike: whatever a label is worth there, nobody would deliver it.
    """
    with gzip.open(path, "rt", newline="") as lines:
        rows = list(csv.DictReader(lines))
    right = np.clip([float(row["confidence"]) for row in rows], 0.5001, 0.9999).astype(np.float32)
    is_right = np.array([row["truth"] == row["predicted"] for row in rows], dtype=np.int64)
    return np.column_stack([1 - right, right]), is_right


def run(probabilities, is_right, scope, mode, seed):
    start = time.perf_counter()
    job = gtlabel.LabelingJob(
        None,
        ["wrong", "right"],
        probabilities=probabilities,
        target=gtlabel.ErrorTarget(of=scope),
        commit=None if mode == "usual" else mode,
        seed=seed,
    )
    while (batch := job.next_batch()) is not None:
        job.submit(batch.items, is_right[batch.items])
    labels = job.labels()
    is_auto = labels.source == "auto"
    wrong = np.count_nonzero(labels.class_index[is_auto] != is_right[labels.item[is_auto]])
    n_in_scope = len(is_right) if scope == "dataset" else max(np.count_nonzero(is_auto), 1)
    return {
        "saved": job.report().savings,
        "certified": job.certificate() is not None,
        "violates": wrong > 0.05 * n_in_scope,
        "seconds": time.perf_counter() - start,
    }


def row(name, scope, mode, results):
    saved = [100 * result["saved"] for result in results]
    spread = f" ± {statistics.stdev(saved):.1f}" if len(saved) > 1 else ""
    n = len(results)
    cells = [
        name,
        scope,
        mode,
        str(n),
        f"{statistics.fmean(saved):.1f}{spread}",
        f"{sum(result['certified'] for result in results)}/{n}",
        f"{sum(result['violates'] for result in results)}/{n}",
        f"{statistics.fmean(result['seconds'] for result in results):.2f}",
        *PUBLISHED[name, scope],
    ]
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    main()
