"""Writes the files of the present versions beside this script, to be kept for good; those that are there stay.

Run it (`.venv/bin/python tests/archives/make.py`) when the version of jobs' snapshots or of stores' tables has risen.
"""

import base64
import re
import tempfile
from pathlib import Path

import gtlabel as gt
import numpy as np

FOLDER = Path(__file__).resolve().parent


def pool():
    """Whole numbers: the same on every machine."""
    X = np.random.default_rng(7).integers(-8, 9, size=(120, 4)).astype(np.float32)
    X[1::2, 0] += 8
    return X


def make_job(path):
    """Two people per item: ids, gold, prices, guesses, skips, a merged and a renamed class, leases, and labels."""
    clock = [0.0]
    job = gt.LabelingJob(
        pool(),
        ["even", "odd", "uneven"],
        ids=[f"id-{item}" for item in range(120)],
        target=gt.ErrorTarget(max_error=0.3, failure_probability=0.3),
        model=gt.SoftmaxRegression(),
        batch_size=10,
        overlap=gt.Overlap(min=1, max=2),
        price=gt.Price(0.5, "EUR", per_worker={"ann": 0.25}),
        gold={f"id-{item}": ("even", "odd")[item % 2] for item in range(0, 120, 7)},
        gold_rate=0.1,
        now=lambda: clock[0],
        store=path,
    )

    def answer(n_batches, names):
        for n in range(n_batches):
            batch = job.next_batch()
            if batch is None:
                return
            said = [names[item % 2] for item in batch.items]
            for worker in ("ann", "bob"):
                ids = [f"{worker}-{n}-{item}-{names[1]}" for item in batch.items]
                job.submit(batch.items, said, workers=worker, answer_ids=ids)

    answer(2, ("even", "uneven"))
    job.submit([3, 4, 5], [gt.Unsure("odd", 0.7), gt.SKIP, gt.NONE_OF_THESE], workers="cy", seconds=[1.5, 0.0, 2.0])
    job.merge_classes("uneven", into="odd")
    job.rename_class("odd", "Odd")
    answer(6, ("even", "Odd"))
    clock[0] = 5.0
    job.next_batch(worker="cy", size=2)
    return job


def main():
    with tempfile.TemporaryDirectory() as folder:
        job = make_job(Path(folder) / "job.gtl")
        job.save(Path(folder) / "job.gtlabel")
        job.close()
        snapshot, store = (Path(folder, name).read_bytes() for name in ("job.gtlabel", "job.gtl"))
        name = base64.b64encode(b"labeling_job")
        version = int(re.search(re.escape(name) + rb"\s+(\d+)", snapshot)[1])
        store_version = gt.read_store(Path(folder) / "job.gtl").version
    for path, content in (
        (FOLDER / f"labeling_job-{version}.gtlabel", snapshot),
        (FOLDER / f"labeling_job_store-{store_version}.gtl", store),
    ):
        if path.exists():
            print(f"{path.name}: there already")
        else:
            path.write_bytes(content)
            print(f"{path.name}: {len(content)} bytes")


if __name__ == "__main__":
    main()
