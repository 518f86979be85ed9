"""Measures jobs whose pool grows, beside jobs that have the whole pool from the start.

A job gets the first half of a pool; the other half joins at a random batch, when the job is finished,
or in ten portions, each when the job is finished; or it is given to a job of its own. The table in
docs/guide.md is what this prints.
"""

import argparse
import statistics
import sys
import time
from dataclasses import dataclass, replace

import gtlabel
import numpy as np
import pools


@dataclass(frozen=True)
class Result:
    """How a job ended."""

    human_share: float
    error: float  # wrong ones among the automatic labels
    is_certified: bool


def run_whole(pool, max_error, seed):
    job = make_job(pool, len(pool.y), max_error, seed)
    return run(job, pool)


def run_joined_midway(pool, max_error, seed):
    """The other half joins before a batch of the job's, drawn at random."""
    half = len(pool.y) // 2
    job = make_job(pool, half, max_error, seed)
    n_batches = count_batches(make_job(pool, half, max_error, seed), pool)
    for _ in range(np.random.default_rng(seed).integers(1, n_batches)):
        batch = job.next_batch()
        job.submit(batch.items, pool.y[batch.items])
    job.extend(pool.X[half:])
    return run(job, pool)


def run_joined_late(pool, max_error, seed, n_portions=1):
    """The other half joins in portions, each when the job is finished."""
    half = len(pool.y) // 2
    job = make_job(pool, half, max_error, seed)
    run(job, pool)
    for portion in np.array_split(np.arange(half, len(pool.y)), n_portions):
        job.extend(pool.X[portion[0] : portion[-1] + 1])
        result = run(job, pool)
    return result


def run_joined_in_portions(pool, max_error, seed):
    return run_joined_late(pool, max_error, seed, n_portions=10)


def run_two_jobs(pool, max_error, seed):
    half = len(pool.y) // 2
    parts = [replace(pool, X=pool.X[rows], y=pool.y[rows]) for rows in (slice(None, half), slice(half, None))]
    results = [run_whole(part, max_error, seed) for part in parts]
    return Result(
        statistics.fmean(r.human_share for r in results),
        statistics.fmean(r.error for r in results),
        all(r.is_certified for r in results),
    )


WAYS = {
    "whole": run_whole,
    "joined midway": run_joined_midway,
    "joined when finished": run_joined_late,
    "in ten portions": run_joined_in_portions,
    "two jobs": run_two_jobs,
}


def make_job(pool, n_items, max_error, seed):
    return gtlabel.LabelingJob(
        pool.X[:n_items], pool.classes, target=gtlabel.ErrorTarget(max_error=max_error), seed=seed
    )


def run(job, pool):
    """Drives a job to its end; people answer at once and rightly."""
    count_batches(job, pool)
    report, labels = job.report(), job.labels()
    is_auto = labels.source == "auto"
    wrong = labels.class_index[is_auto] != pool.y[labels.item[is_auto]]
    return Result(report.n_human / report.n_items, float(wrong.mean()) if wrong.size else 0.0, bool(job.certificate()))


def count_batches(job, pool):
    n_batches = 0
    while (batch := job.next_batch()) is not None:
        job.submit(batch.items, pool.y[batch.items])
        n_batches += 1
    return n_batches


def time_of_joining(pool, n_new):
    """Seconds to make a finished job longer by `n_new` items, and to make a job of all of them."""
    n_known = len(pool.y) - n_new
    job = make_job(pool, n_known, 0.05, 0)
    run(job, pool)
    start = time.perf_counter()
    job.extend(pool.X[n_known:])
    joined = time.perf_counter()
    make_job(pool, len(pool.y), 0.05, 0)
    return joined - start, time.perf_counter() - joined


def row_of(name, way, results, max_error):
    human, error = [r.human_share for r in results], [r.error for r in results]
    spread = statistics.stdev(human) if len(human) > 1 else 0.0
    certified = sum(r.is_certified for r in results)
    above = sum(r.error > max_error for r in results)
    return (
        f"| {name} | {way} | {statistics.fmean(human):.1%} ± {spread:.1%} | {statistics.fmean(error):.2%} "
        f"| {certified}/{len(results)} | {above}/{len(results)} |"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--pools", default="digits", help="comma-separated; default digits")
    parser.add_argument("--ways", default=",".join(WAYS), help="comma-separated; default all: " + ", ".join(WAYS))
    parser.add_argument("--seeds", type=int, default=3, help="jobs a row; default 3")
    parser.add_argument("--target", type=float, default=0.05, help="share of wrong automatic labels; default 0.05")
    options = parser.parse_args()
    print("| pool | items | human share | error | certified | above |", "|---|---|--:|--:|--:|--:|", sep="\n")
    for name in options.pools.split(","):
        pool = pools.load(name)
        for way in options.ways.split(","):
            results = [WAYS[way](pool, options.target, seed) for seed in range(options.seeds)]
            print(row_of(name, way, results, options.target), flush=True)
        for n_new in (len(pool.y) // 2, len(pool.y) // 100):
            seconds, anew = time_of_joining(pool, n_new)
            print(
                f"{name}: {n_new} items joined in {seconds:.2f} s, a job of all made in {anew:.2f} s", file=sys.stderr
            )


if __name__ == "__main__":
    main()
