"""Counts how often certified jobs miss their target, at 5 %, 2 % and 1 %.

Jobs of fixed probabilities cost little, so there can be many: the scores of fixed_scores.py, and synthetic pools whose
scores are calibrated, too sure, too unsure, alike for most items, or right but for a part that is as sure as the rest.
Beside them jobs of the default model on normal mixtures. A job is above its target if more of the labels in scope are
wrong than it allows, whatever its certificate says. Promised: each with at most its failure probability of 5 %; the
last columns are the number that 95 % of the binomial distribution stay below or at, and the probability of as many or
more.
"""

import argparse
import os
import platform
import sys
import time
from pathlib import Path

import gtlabel
import numpy as np
from document import DOCUMENT, write_section
from fixed_scores import load
from scipy.stats import binom

COMMAND = "./dev bench violations --out"
TARGETS = (0.05, 0.02, 0.01)
FAILURE = gtlabel.ErrorTarget().failure_probability
N_ITEMS = 6_000


def log_odds(p):
    return np.log(p / (1 - p))


def calibrated(random):
    return 1 - 0.5 * random.beta(0.3, 3.0, N_ITEMS)


def logistic(x):
    return 1 / (1 + np.exp(-x))


def too_sure(random):
    said = calibrated(random)
    return said, logistic(0.6 * log_odds(said))


def too_unsure(random):
    true = calibrated(random)
    return logistic(0.6 * log_odds(true)), true


def just(random):
    said = calibrated(random)
    return said, said


def alike(random):
    """Three scores for all items, as language models say them."""
    level = random.choice(3, N_ITEMS, p=(0.5, 0.3, 0.2))
    return np.array([0.98, 0.9, 0.8])[level], np.array([0.997, 0.93, 0.7])[level]


def hidden(random):
    """A part that is as sure as the rest is wrong at the target's boundary or beyond."""
    said = calibrated(random)
    is_hidden = random.random(N_ITEMS) < 0.3
    return said, np.where(is_hidden, said - 0.03, said)


SCORES = {"calibrated": just, "too sure": too_sure, "too unsure": too_unsure, "alike": alike, "hidden part": hidden}


def synthetic(kind, seed):
    random = np.random.default_rng(seed)
    said, true = SCORES[kind](random)
    is_right = (random.random(N_ITEMS) < true).astype(np.int64)
    said = np.clip(said, 0.5001, 0.9999).astype(np.float32)
    return np.column_stack([1 - said, said]), is_right


def mixture(seed, n_items=3_000):
    """Four overlapping normal classes, for a job that trains."""
    random = np.random.default_rng(seed)
    y = random.integers(0, 4, n_items)
    centers = 2.4 * np.array([[0, 0], [1, 0], [0, 1], [1, 1]])
    X = random.normal(0.0, 0.4, (n_items, 2)) + centers[y]
    return X.astype(np.float32), y


def finish(job, answers):
    """Whether it delivers anything, and the share of wrong labels in its scope."""
    while (batch := job.next_batch()) is not None:
        job.submit(batch.items, answers[batch.items])
    labels = job.labels()
    is_auto = labels.source == "auto"
    wrong = np.count_nonzero(labels.class_index[is_auto] != answers[labels.item[is_auto]])
    return int(np.count_nonzero(is_auto)), wrong


def count(make, target, mode, n_jobs):
    n_certified = n_above = 0
    for seed in range(n_jobs):
        probabilities_or_X, answers, is_scores = make(seed)
        if is_scores:
            arguments = (None, ["wrong", "right"])
            more = {"probabilities": probabilities_or_X}
        else:
            arguments = (probabilities_or_X, [str(c) for c in range(int(answers.max()) + 1)])
            more = {}
        job = gtlabel.LabelingJob(*arguments, target=target, commit=mode, seed=seed, **more)
        n_auto, wrong = finish(job, answers)
        scope = len(answers) if target.of == "dataset" else max(n_auto, 1)
        n_certified += n_auto > 0
        n_above += wrong > target.max_error * scope
    return n_certified, n_above


def pools(options):
    folder = Path(os.environ.get("GTLABEL_TEST_DATA", "/nowhere")) / "fixed_scores"
    for name, n_jobs in (("stance", 2 * options.jobs), ("imagenet", max(1, options.jobs // 4))):
        path = folder / f"{name}.csv.gz"
        if not path.is_file():
            print(f"skipped {name}: {path} is not there", file=sys.stderr)
            continue
        scores, is_right = load(path)
        yield name, lambda _seed, s=scores, r=is_right: (s, r, True), n_jobs
    for kind in SCORES:
        yield kind, lambda seed, kind=kind: (*synthetic(kind, seed), True), options.jobs
    yield "mixture, trained", lambda seed: (*mixture(seed), False), max(1, options.jobs // 2)


def rows(options):
    for name, make, n_jobs in pools(options):
        for max_error in TARGETS:
            for of in ("auto_labels", "dataset"):
                for mode in ("eager", "final"):
                    target = gtlabel.ErrorTarget(max_error=max_error, of=of)
                    n_certified, n_above = count(make, target, mode, n_jobs)
                    yield name, max_error, of, mode, n_jobs, n_certified, n_above
        print(f"counted {name}", file=sys.stderr, flush=True)


def tested(n_jobs, n_above):
    chance = float(binom.sf(n_above - 1, n_jobs, FAILURE)) if n_above else 1.0
    return f"{int(binom.ppf(0.95, n_jobs, FAILURE))} | {chance:.2f}"


def table(counted):
    lines = ["| pool | target | of | eager: jobs | certified | above | final: jobs | certified | above |"]
    lines.append("|---|---:|---|" + "---:|" * 6)
    by_row = {}
    for name, max_error, of, mode, *numbers in counted:
        by_row.setdefault((name, max_error, of), {})[mode] = numbers
    for (name, max_error, of), modes in by_row.items():
        cells = " | ".join(" | ".join(str(n) for n in modes[mode]) for mode in ("eager", "final"))
        lines.append(f"| {name} | {100 * max_error:g} % | {of} | {cells} |")
    lines += ["", "| all pools | jobs | certified | above | 95 % of the binomial | chance of as many |"]
    lines.append("|---|" + "---:|" * 5)
    for label, is_in in (
        *(
            (f"{100 * t:g} %, {mode}", lambda row, t=t, mode=mode: row[1] == t and row[3] == mode)
            for t in TARGETS
            for mode in ("eager", "final")
        ),
        ("all", lambda _row: True),
    ):
        n_jobs, n_certified, n_above = (sum(row[i] for row in counted if is_in(row)) for i in (4, 5, 6))
        lines.append(f"| {label} | {n_jobs} | {n_certified} | {n_above} | {tested(n_jobs, n_above)} |")
    return "\n".join(lines)


def section(text):
    explanation = "\n".join(__doc__.split("\n")[2:]).strip()
    return f"""\
{explanation}

```
{COMMAND}
```

{text}

- gtlabel {gtlabel.__version__}, Python {platform.python_version()}, numpy {np.__version__}, {time.strftime("%Y-%m-%d")}
"""


def main():
    parser = argparse.ArgumentParser(
        prog="./dev bench violations", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--jobs", type=int, default=40, help="per synthetic pool, target, scope and mode; default 40")
    parser.add_argument("--out", action="store_true", help="write a section to docs/benchmarks.md")
    options = parser.parse_args()
    text = table(list(rows(options)))
    print(text)
    if options.out:
        write_section(DOCUMENT, "Violations", section(text))


if __name__ == "__main__":
    main()
