"""Measures one pool at one target in this process, and prints the result as one line of JSON.

`run.py` starts a process for every row of its table, so that peak memory is that of the row alone.
"""

import argparse
import gc
import json
import time
from pathlib import Path

import gtlabel
import numpy as np
import pools
from ground_truth_loop import run_loop
from threadpoolctl import threadpool_limits


def run_gtlabel(pool, max_error, seed, commit="eager"):
    """One job with nothing set but the target, the seed and when it commits; people answer at once and rightly."""
    start, cpu_start = time.perf_counter(), time.process_time()
    target = gtlabel.ErrorTarget(max_error=max_error)
    job = gtlabel.LabelingJob(pool.X, pool.classes, target=target, seed=seed, commit=commit)
    while (batch := job.next_batch()) is not None:
        job.submit(batch.items, pool.y[batch.items])
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu_start
    report, labels = job.report(), job.labels()
    is_auto = labels.source == "auto"
    return {
        "n_human": report.n_human,
        "n_auto": report.n_auto,
        "n_auto_wrong": int(np.count_nonzero(labels.class_index[is_auto] != pool.y[labels.item[is_auto]])),
        "n_audited": report.n_audited,
        "is_certified": report.certificate is not None,
        "rounds": report.rounds,
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "round_seconds": [record.seconds for record in report.history],
    }


def run_rival(pool, scaled, max_error, seed):
    """The rival on the same answers; scaling the features is not charged to it.

    One BLAS thread: matrices of this size gain nothing from more, and where the cores are shared,
    OpenBLAS's default of all of them makes the same fits ten times slower.
    """
    start, cpu_start = time.perf_counter(), time.process_time()
    with threadpool_limits(1):
        result = run_loop(scaled, pool.y, max_error, seed)
    return {
        "n_human": result.n_human,
        "n_validation": result.n_validation,
        "n_train": result.n_train,
        "n_rest": result.n_rest,
        "n_auto": result.n_auto,
        "n_auto_wrong": result.n_auto_wrong,
        "rounds": result.rounds,
        "seconds": time.perf_counter() - start,
        "cpu_seconds": time.process_time() - cpu_start,
    }


def with_peak_memory(task):
    """What `task` returns, and by how many bytes it raised the resident memory at its peak; None
    where the system cannot start the peak anew (only Linux can)."""
    gc.collect()
    try:
        Path("/proc/self/clear_refs").write_text("5")
        before = _resident_peak()
        return task(), _resident_peak() - before
    except OSError:
        return task(), None


def _resident_peak():
    """The same as getrusage's ru_maxrss, but without what was before exec."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise OSError("/proc/self/status has no VmHWM")


def measure(name, max_error, n_seeds, with_rival, commit="eager"):
    """The row's runs. Peak memory is that of the first job, before any other has left a heap."""
    pool = pools.load(name)
    scaled = pool.scaled() if with_rival else None
    jobs, rivals = [], []
    peak = None
    for seed in range(n_seeds):
        if seed == 0:
            job, peak = with_peak_memory(lambda: run_gtlabel(pool, max_error, 0, commit))
        else:
            job = run_gtlabel(pool, max_error, seed, commit)
        jobs.append(job)
        if with_rival:
            rivals.append(run_rival(pool, scaled, max_error, seed))
    return {
        "pool": name,
        "n_items": len(pool.y),
        "max_error": max_error,
        "failure_probability": gtlabel.ErrorTarget().failure_probability,
        "feature_bytes": pool.feature_bytes,
        "peak_bytes": peak,
        "gtlabel": jobs,
        "rival": rivals,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pool", choices=pools.NAMES)
    parser.add_argument("max_error", type=float)
    parser.add_argument("n_seeds", type=int)
    parser.add_argument("--rival", action="store_true")
    parser.add_argument("--commit", default="eager", choices=["eager", "final"])
    options = parser.parse_args()
    print(json.dumps(measure(options.pool, options.max_error, options.n_seeds, options.rival, options.commit)))
