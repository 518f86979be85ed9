"""Measures jobs beside what people build with active-learning libraries, on the same pools, seeds and answers.

    pip install scikit-activeml; pip install --no-deps modAL-python   # modAL pins a package that it does not import

The loops are in `active_learning_loops.py`; none of them proves anything. A library that is not installed is left out,
with a note. The oracle is what the true labels would have allowed in the job itself: its best round, its best
threshold, no audits.
"""

import argparse
import importlib.util
import json
import statistics
import time

import active_learning_loops as loops
import gtlabel
import numpy as np
import pools
from threadpoolctl import threadpool_limits

RIVALS = {"TBAL": (loops.tbal, "sklearn"), "modAL": (loops.modal, "modAL")}
RIVALS["scikit-activeml"] = (loops.scikit_activeml, "skactiveml")


def main():
    options = parse_arguments()
    rivals = {name: loop for name, (loop, package) in RIVALS.items() if importlib.util.find_spec(package)}
    for name in RIVALS.keys() - rivals.keys():
        print(f"- {name}: not installed")
    print("| pool | items | seeds | gtlabel human % | error % | above | oracle % | " + header_of(rivals))
    print("|---|" + "---:|" * (6 + 3 * len(rivals)))
    for name in options.pools.split(","):
        if reason := pools.missing(name):
            print(f"skipped {name}: {reason}")
            continue
        runs = runs_of(pools.load(name), options, rivals)
        print(row_of(name, runs, options.max_error, rivals), flush=True)
        if options.json:
            with open(options.json, "a", encoding="utf-8") as file:
                file.writelines(
                    json.dumps({"pool": name, "max_error": options.max_error, **run}) + "\n" for run in runs
                )


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pools", default=",".join(pools.NAMES))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--max-error", type=float, default=0.05)
    parser.add_argument("--json", help="append every run, one per line")
    return parser.parse_args()


def header_of(rivals):
    return "".join(f"{name} human % | error % | above | " for name in rivals).rstrip()


def runs_of(pool, options, rivals):
    """One dictionary per seed: what the job and each rival needed."""
    X, n_classes = pool.scaled(), len(pool.classes)
    runs = []
    for seed in range(options.seeds):
        run = {"n_items": len(pool.y), "seed": seed, "gtlabel": job_of(pool, options.max_error, seed)}
        for name, loop in rivals.items():
            start = time.process_time()
            with threadpool_limits(1):
                result = loop(X, pool.y, n_classes, options.max_error, seed)
            run[name] = {**vars(result), "cpu_seconds": time.process_time() - start}
        runs.append(run)
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
    cells = [name, str(n_items), str(len(runs)), *cells_of([run["gtlabel"] for run in runs], n_items, max_error)]
    cells.append(percent([run["gtlabel"]["n_human_of_oracle"] / n_items for run in runs]))
    for rival in rivals:
        cells += cells_of([run[rival] for run in runs], n_items, max_error)
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
