"""Measures jobs of several people per item: a pool with made-up people, with or without gold, real crowds asked only as
far as needed, and how often people who copy, and people who do not, are flagged.

The pool and the crowds are read from the folder that GTLABEL_TEST_DATA names; those that are absent are skipped.
"""

import argparse
import csv
import os
import time
from pathlib import Path

import gtlabel as gt
import numpy as np
import pools

CROWDS = ("rte", "temp", "sp_amt", "dogs", "face_sentiment", "sentiment_mturk", "zencrowd_us", "zencrowd_in")
FIXED = 5  # answers an item of the crowds' baseline
PEOPLE = 40


def main():
    options = parse_arguments()
    if options.pool:
        print_pool(options)
    if options.crowds:
        print_crowds(options)
    if options.copying:
        print_copying(options)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pool", default="mnist", help="pool of the made-up people; empty: none")
    parser.add_argument("--accuracy", type=float, default=0.85, help="of the made-up people")
    parser.add_argument("--max-error", type=float, default=0.05)
    parser.add_argument("--crowds", default=",".join(CROWDS), help="empty: none")
    parser.add_argument("--until-confidence", type=float, default=0.95, help="of the crowds")
    parser.add_argument("--most", type=int, default=FIXED, help="answers an item of the crowds at most")
    parser.add_argument("--gold", type=int, default=0, help="items of gold in the pool, drawn at random")
    parser.add_argument("--gold-rate", type=float, default=0.05)
    parser.add_argument("--copying", type=int, default=0, help="made-up crowds for the flag of copying")
    parser.add_argument("--seeds", type=int, default=3)
    return parser.parse_args()


# --- a pool with made-up people ---


def print_pool(options):
    if reason := pools.missing(options.pool):
        print(f"skipped {options.pool}: {reason}")
        return
    pool = pools.load(options.pool)
    print(f"{options.pool}, people {options.accuracy:.0%} right, target {options.max_error:.0%}, at most five people")
    print(
        "seed  human  audits  answers/item  certified  error vs people*  gold: asked  wrong  error vs truth*"
        "  error of auto  error of people  seconds"
    )
    for seed in range(options.seeds):
        print(pool_row(pool, options, seed))
    print("* the bounds of the certificate: wrong against the consolidated answer, and, by gold, against the truth")


def pool_row(pool, options, seed):
    workforce = gt.SimulatedWorkforce(len(pool.classes), PEOPLE, options.accuracy, seed=seed)
    target = gt.ErrorTarget(max_error=options.max_error)
    chosen = np.random.default_rng(seed).choice(len(pool.y), options.gold, replace=False)
    gold = {int(item): int(pool.y[item]) for item in chosen}
    job = gt.LabelingJob(
        pool.X,
        pool.classes,
        target=target,
        overlap=gt.Overlap(max=5),
        seed=seed,
        gold=gold,
        gold_rate=options.gold_rate,
    )
    start = time.perf_counter()
    report = gt.simulate(job, workforce, pool.y)
    seconds = time.perf_counter() - start
    labels = job.labels()
    is_auto, is_wrong = labels.source == "auto", labels.class_index != pool.y[labels.item]
    is_people = ~is_auto & ~np.isin(labels.item, chosen)
    n_asked = report.n_human - report.gold.n_given + report.gold.n_asked
    truth = report.certificate.truth if report.certificate else None
    auto_error = is_wrong[is_auto].mean() if is_auto.any() else 0.0
    bound = f"{report.certificate.bound:.2%}" if report.certificate else "-"
    return (
        f"{seed:4}  {report.n_human / report.n_items:5.1%}  {report.n_audited:6}"
        f"  {report.n_paid / n_asked:12.2f}  {'yes' if report.certificate else 'no':>9}  {bound:>16}"
        f"  {report.gold.n_asked:11}  {report.gold.n_wrong:5}  {f'{truth.bound:.2%}' if truth else '-':>15}"
        f"  {auto_error:13.2%}  {is_wrong[is_people].mean():15.2%}  {seconds:7.1f}"
    )


# --- real crowds ---


def print_crowds(options):
    print(f"crowds: a fixed {FIXED} answers an item against 1 to {options.most}, until {options.until_confidence}")
    print("crowd             items  fixed: answers  accuracy  adaptive: answers  share  accuracy  (mean of the seeds)")
    rows = []
    for name in options.crowds.split(","):
        crowd = load_crowd(name)
        if crowd is None:
            print(f"skipped {name}: not in the folder that GTLABEL_TEST_DATA names")
            continue
        overlap = gt.Overlap(max=options.most, until_confidence=options.until_confidence)
        runs = np.array([crowd_run(crowd, overlap, seed) for seed in range(options.seeds)])
        fixed, fixed_accuracy, adaptive, accuracy = runs.mean(axis=0)
        rows.append((adaptive / fixed, accuracy - fixed_accuracy))
        print(
            f"{name:16} {len(crowd[1]):6}  {fixed:14.2f}  {fixed_accuracy:8.2%}  {adaptive:17.2f}"
            f"  {adaptive / fixed:5.0%}  {accuracy:8.2%}"
        )
    if rows:
        share, gain = np.mean(rows, axis=0)
        print(f"in the mean {share:.1%} of the answers, accuracy {100 * gain:+.2f} points")


def load_crowd(name):
    """Answers per item as (worker, class), truth per item (-1: not known), and classes; None if absent."""
    folder = Path(os.environ.get("GTLABEL_TEST_DATA", "")) / "crowd" / name
    if not folder.is_dir():
        return None
    with open(folder / "answers.csv", newline="") as file:
        rows = [(row["item"], row["worker"], row["label"]) for row in csv.DictReader(file)]
    with open(folder / "truth.csv", newline="") as file:
        truth = {row["item"]: row["label"] for row in csv.DictReader(file)}
    classes = sorted({label for _, _, label in rows} | set(truth.values()))
    items = sorted({item for item, _, _ in rows})
    answers = {item: {} for item in items}
    for item, worker, label in rows:
        answers[item].setdefault(worker, classes.index(label))
    known = [classes.index(truth[item]) if item in truth else -1 for item in items]
    return [list(answers[item].items()) for item in items], np.array(known), classes


def crowd_run(crowd, overlap, seed):
    """Answers per item and accuracy, of a fixed number of answers and of an adaptive one."""
    answers, truth, classes = crowd
    random = np.random.default_rng(seed)
    orders = [[of_item[i] for i in random.permutation(len(of_item))] for of_item in answers]
    fixed = replay(orders, truth, classes, gt.Overlap(min=FIXED, max=FIXED))
    return (*fixed, *replay(orders, truth, classes, overlap))


def replay(orders, truth, classes, overlap):
    """A job in which every item goes to people; they answer in the crowd's order, and no model helps."""
    X = np.zeros((len(orders), 1), dtype=np.float32)
    target = gt.ConfidenceThreshold(1.0)
    job = gt.LabelingJob(X, classes, target=target, model=gt.SoftmaxRegression(), overlap=overlap)
    asked = np.zeros(len(orders), dtype=int)
    while (batch := job.next_batch()) is not None:
        said = [orders[item][asked[item]] if asked[item] < len(orders[item]) else None for item in batch.items]
        # A crowd that has no more answers about an item repeats its last one.
        said = [word or orders[item][-1] for word, item in zip(said, batch.items, strict=True)]
        job.submit(batch.items, [answer for _, answer in said], [worker for worker, _ in said])
        asked[batch.items] += 1
    labels = job.labels()
    is_known = truth >= 0
    accuracy = (labels.class_index == truth)[is_known].mean()
    return job.report().n_paid / len(orders), accuracy


# --- copying ---


def print_copying(options):
    print(f"copying: crowds of 12, 60 to 95 % right, 4 answers an item of 4 classes, {options.copying} of each kind")
    print("items  alone: crowds with a flag  one copies one: found  others flagged")
    for n_items in (100, 200, 400, 800):
        alone = [copying_flags(n_items, None, seed) for seed in range(options.copying)]
        copied = [copying_flags(n_items, {"w01": "w00"}, seed) for seed in range(options.copying)]
        found = sum({"w00", "w01"} <= flagged for flagged in copied)
        others = sum(bool(flagged - {"w00", "w01"}) for flagged in copied)
        print(f"{n_items:5}  {sum(map(bool, alone)):26}  {found:21}  {others:14}")


def copying_flags(n_items, copies, seed):
    """Names of the workers that a job in which everything goes to people flags."""
    random = np.random.default_rng(seed)
    truth = random.integers(4, size=n_items)
    accuracy = random.uniform(0.6, 0.95, size=12)
    workforce = gt.SimulatedWorkforce(4, 12, accuracy, copies=copies, seed=seed)
    target = gt.ConfidenceThreshold(1.0)
    X = np.zeros((n_items, 1), dtype=np.float32)
    overlap = gt.Overlap(min=4, max=4)
    job = gt.LabelingJob(X, list("abcd"), target=target, model=gt.SoftmaxRegression(), overlap=overlap, seed=seed)
    gt.simulate(job, workforce, truth)
    table = job.workers()
    return set(table.worker[table.is_copying].tolist())


if __name__ == "__main__":
    main()
