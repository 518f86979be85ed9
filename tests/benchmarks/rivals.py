"""Measures jobs beside what people build with active-learning libraries, on the same pools, seeds and answers.

    pip install scikit-activeml; pip install --no-deps modAL-python   # modAL pins a package that it does not import

The loops are in `active_learning_loops.py`; none of them proves anything. A library that is not installed is left out,
with a note. The oracle is what the true labels would have allowed in the job itself: its best round, its best
threshold, no audits.
"""

import argparse
import importlib.metadata
import importlib.util
import json
import statistics
import time
from pathlib import Path

import active_learning_loops as loops
import gtlabel
import numpy as np
import pools
import run
from threadpoolctl import threadpool_limits

DOCUMENT = run.ROOT / "docs" / "rivals.md"
# Name, loop, module, distribution.
RIVALS = (
    ("TBAL", loops.tbal, "sklearn", "scikit-learn"),
    ("modAL", loops.modal, "modAL", "modAL-python"),
    ("scikit-activeml", loops.scikit_activeml, "skactiveml", "scikit-activeml"),
)
EXPLANATION = """\
# Jobs beside active-learning libraries

Written by `tests/benchmarks/rivals.py`; not to be edited by hand. Pools, seeds, answers and features as in
[Benchmarks](benchmarks.md). Mean and standard deviation over the seeds.

- **human %**: items that a person was asked about, of all items. **error %**: wrong ones among the automatic labels;
  **above**: jobs in which it exceeds the target.
- **gtlabel**: nothing set but target and seed; audits included, certified. **oracle %**: what the true labels would
  have allowed in the same job: its best round, its best threshold, no audits.
- **TBAL**: threshold-based auto-labelling (Vishwakarma et al., NeurIPS 2023, as its authors coded it, C1 = 0.25), with
  logistic regression, a validation sample of 10 % (20 % below 5,000 items) and a training budget of 20 % of the pool.
- **modAL**, **scikit-activeml**: margin sampling with logistic regression and with a random forest, to 5, 10 and 20 %
  of the pool, then one selection by TBAL's rule; of the six runs the one that asks the fewest people counts, which
  nobody could choose beforehand. None of the rivals proves anything.
"""


def main():
    options = parse_arguments()
    rivals = {name: loop for name, loop, module, _ in RIVALS if importlib.util.find_spec(module)}
    lines = [header_of(rivals), "|---|" + "---:|" * (6 + 3 * len(rivals))]
    for name in options.pools.split(","):
        if reason := pools.missing(name):
            print(f"skipped {name}: {reason}")
            continue
        runs = runs_of(pools.load(name), options, rivals)
        lines.append(row_of(name, runs, options.max_error, rivals))
        print(lines[-1], flush=True)
        if options.json:
            with options.json.open("a", encoding="utf-8") as file:
                for each in runs:
                    file.write(json.dumps({"pool": name, "max_error": options.max_error, **each}) + "\n")
    if options.out:
        options.out.write_text(document(lines, options, rivals), encoding="utf-8")


def document(lines, options, rivals):
    chosen = f"--pools {options.pools} --seeds {options.seeds} --max-error {options.max_error:g}"
    versions = [f"{package} {importlib.metadata.version(package)}" for name, _, _, package in RIVALS if name in rivals]
    notes = "".join(f"- {line}\n" for line in (*run.circumstances(), ", ".join(versions)))
    table = "\n".join(lines)
    return f"{EXPLANATION}\n```\n./dev bench rivals {chosen} --out\n```\n\n{table}\n\n{notes}"


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pools", default=",".join(pools.NAMES))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--max-error", type=float, default=0.05)
    parser.add_argument("--json", type=Path, help="append every run, one per line")
    parser.add_argument("--out", type=Path, nargs="?", const=DOCUMENT, help="write a document; default docs/rivals.md")
    return parser.parse_args()


def header_of(rivals):
    cells = "".join(f" {name} human % | error % | above |" for name in rivals)
    return "| pool | items | seeds | gtlabel human % | error % | above | oracle % |" + cells


def runs_of(pool, options, rivals):
    """One dictionary per seed: what the job and each rival needed."""
    X, n_classes = pool.scaled(), len(pool.classes)
    runs = []
    for seed in range(options.seeds):
        figures = {"n_items": len(pool.y), "seed": seed, "gtlabel": job_of(pool, options.max_error, seed)}
        for name, loop in rivals.items():
            start = time.process_time()
            with threadpool_limits(1):
                result = loop(X, pool.y, n_classes, options.max_error, seed)
            figures[name] = {**vars(result), "cpu_seconds": time.process_time() - start}
        runs.append(figures)
    return runs


def job_of(pool, max_error, seed):
    n_items = len(pool.y)
    job = gtlabel.LabelingJob(pool.X, pool.classes, target=gtlabel.ErrorTarget(max_error=max_error), seed=seed)
    oracle = n_items
    while (batch := job.next_batch()) is not None:
        if batch.purposes[0] != "seed":
            oracle = min(oracle, n_items - most_within(job.predictions(), pool.y, max_error))
        job.submit(batch.items, pool.y[batch.items])
    labels = job.labels()
    is_auto = labels.source == "auto"
    wrong = labels.class_index[is_auto] != pool.y[labels.item[is_auto]]
    return {
        "n_human": job.report().n_human,
        "n_auto": int(is_auto.sum()),
        "n_auto_wrong": int(wrong.sum()),
        "n_human_of_oracle": oracle,
    }


def most_within(predictions, truth, max_error):
    """How many of the surest predictions keep the target, by the true labels."""
    order = np.argsort(-predictions["confidence"], kind="stable")
    wrong = (predictions["class_index"] != truth[predictions["item"]])[order]
    errors = np.cumsum(wrong) / np.arange(1, len(wrong) + 1)
    allowed = np.flatnonzero(errors <= max_error)
    return int(allowed[-1]) + 1 if allowed.size else 0


def row_of(name, runs, max_error, rivals):
    n_items = runs[0]["n_items"]
    cells = [name, str(n_items), str(len(runs)), *cells_of([each["gtlabel"] for each in runs], n_items, max_error)]
    cells.append(percent([each["gtlabel"]["n_human_of_oracle"] / n_items for each in runs]))
    for rival in rivals:
        cells += cells_of([each[rival] for each in runs], n_items, max_error)
    return "| " + " | ".join(cells) + " |"


def cells_of(results, n_items, max_error):
    """People asked, error of the automatic labels, and in how many runs it is above the target."""
    errors = [result["n_auto_wrong"] / result["n_auto"] for result in results if result["n_auto"]]
    n_above = sum(error > max_error for error in errors)
    return (
        percent([result["n_human"] / n_items for result in results]),
        percent(errors) if errors else "-",
        f"{n_above}/{len(results)}",
    )


def percent(shares):
    spread = f" ± {100 * statistics.pstdev(shares):.1f}" if len(shares) > 1 else ""
    return f"{100 * statistics.fmean(shares):.1f}{spread}"


if __name__ == "__main__":
    main()
