"""One label per item from the answers of several people.

The labels go to standard output as CSV, or to the files of -o. Majority vote is computed beside every method, and the
summary says where the two differ.
"""

from __future__ import annotations

import argparse
import csv
import sys
from typing import Any

import numpy as np

import gtlabel as gt
from gtlabel.cli import exit_codes, options, output
from gtlabel.cli.answer_columns import add_column_options, read_answers
from gtlabel.cli.output_files import check_outputs, write_csv
from gtlabel.consolidation import METHODS

_GROUND_TRUTH = "ground_truth_compat"

EPILOG = """\
methods:
  consolidate          a mean of several models, weighted; the default
  majority_vote, dawid_skene, fast_dawid_skene, one_coin, glad, mace, ibcc, ebcc
  ground_truth_compat  what SageMaker Ground Truth would have said

examples:
  gtlabel consolidate answers.csv > labels.csv
  gtlabel consolidate answers.csv -o labels.csv --workers workers.csv --gold gold.csv
  gtlabel consolidate crowd.jsonl --item task --answer category --method dawid_skene --json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("answers", metavar="ANSWERS", help="a CSV or JSON Lines with one answer of one worker per row")
    parser.add_argument("-o", "--output", metavar="FILE", help="the labels, as CSV (default: standard output)")
    parser.add_argument("--workers", metavar="FILE", help="a CSV of the workers and how often each is right")
    parser.add_argument("--method", choices=(*METHODS, _GROUND_TRUTH), default="consolidate", metavar="METHOD")
    parser.add_argument("--classes", type=options.class_names, metavar="A,B|@FILE", help="all possible answers")
    parser.add_argument("--gold", metavar="FILE", help="a CSV of item and answer: what is known to be true")
    add_column_options(parser)
    output.add_json_option(parser)


def call(arguments: argparse.Namespace) -> int:
    outputs = [("-o", arguments.output), ("--workers", arguments.workers)]
    check_outputs(outputs, [arguments.answers, arguments.gold])
    given = read_answers(arguments.answers, arguments.item, arguments.worker, arguments.answer, has_column_options=True)
    votes = given.items, given.workers, given.answers
    gold, n_unknown = _gold(arguments.gold, set(given.items))
    if arguments.method == _GROUND_TRUTH and (gold or arguments.workers):
        raise gt.InvalidArgument(f"--method {_GROUND_TRUTH}: knows neither --gold nor --workers")
    items, labels, confidences, workers = _consolidated(arguments, votes, gold)
    summary = {
        "method": arguments.method,
        "n_answers": len(given.items),
        "n_items": len(labels),
        "n_workers": None if given.workers is None else len(set(given.workers)),
        "mean_confidence": float(np.mean(confidences)),
        **_beside_majority_vote(arguments, votes, labels, gold),
        **({"n_gold_without_answers": n_unknown} if gold else {}),
    }
    rows = [("item", "label", "confidence"), *zip(items.tolist(), labels.tolist(), confidences.tolist(), strict=True)]
    if arguments.output:
        write_csv(arguments.output, rows)
    if arguments.workers:
        write_csv(arguments.workers, [("worker", "accuracy"), *workers])
    if arguments.json:
        listed = [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
        output.show(arguments, "", summary if arguments.output else {**summary, "labels": listed})
        return exit_codes.DONE
    if not arguments.output:
        csv.writer(sys.stdout, lineterminator="\n").writerows(rows)
    output.tell(_words(summary))
    return exit_codes.DONE


def _consolidated(arguments: argparse.Namespace, votes: Any, gold: dict[str, str]) -> tuple[Any, Any, Any, Any]:
    """Items, their labels and confidences, and rows of the workers."""
    if arguments.method == _GROUND_TRUTH:
        compat = gt.ground_truth_compat(*votes, classes=arguments.classes)
        return compat.items_, compat.labels_, compat.confidences_, []
    result = METHODS[arguments.method](*votes, classes=arguments.classes, **({"gold": gold} if gold else {}))
    workers = zip(result.workers_.tolist(), result.worker_accuracy_.tolist(), strict=True)
    return result.items_, result.labels_, result.confidence_, workers


def _beside_majority_vote(
    arguments: argparse.Namespace, votes: Any, labels: Any, gold: dict[str, str]
) -> dict[str, float]:
    """Where majority vote says something else and, on gold items, how often each is right that has not seen them."""
    majority = gt.majority_vote(*votes, classes=arguments.classes)
    compared: dict[str, float] = {"n_unlike_majority_vote": int(np.count_nonzero(labels != majority.labels_))}
    if gold:
        _, blind, _, _ = _consolidated(arguments, votes, {})
        rows = [row for row, item in enumerate(majority.items_.tolist()) if item in gold]
        truth = np.array([gold[item] for item in majority.items_[rows].tolist()])
        compared["n_gold"] = len(rows)
        compared["accuracy_on_gold"] = float(np.mean(blind[rows] == truth))
        compared["majority_vote_accuracy_on_gold"] = float(np.mean(majority.labels_[rows] == truth))
    return compared


def _gold(path: str | None, items: set[str]) -> tuple[dict[str, str], int]:
    """What is known of the items that have answers, and of how many others the file knows it."""
    if path is None:
        return {}, 0
    known = read_answers(path)
    rows: dict[str, int] = {}
    for row, item in zip(known.rows, known.items, strict=True):
        first = rows.setdefault(item, row)
        if first != row:
            raise gt.InvalidArgument(
                f"{known.table.where(row)}: the item {item!r} again, first in line {known.table.line_numbers[first]}"
            )
    gold = {item: answer for item, answer in zip(known.items, known.answers, strict=True) if item in items}
    if not gold:
        raise gt.InvalidArgument(f"{path}: none of its {len(known.items)} items has an answer, expected some")
    return gold, len(rows) - len(gold)


def _words(summary: dict[str, Any]) -> str:
    people = "" if summary["n_workers"] is None else f" of {summary['n_workers']:,} workers"
    lines = [
        f"{summary['method']}: {summary['n_items']:,} labels from {summary['n_answers']:,} answers{people}; "
        f"mean confidence {summary['mean_confidence']:.3f}",
        f"unlike majority vote: {summary['n_unlike_majority_vote']:,} labels",
    ]
    if "n_gold" in summary:
        lines.append(
            f"of the {summary['n_gold']:,} gold items {summary['accuracy_on_gold']:.1%} are right where gold is not "
            f"used, {summary['majority_vote_accuracy_on_gold']:.1%} by majority vote"
        )
    if summary.get("n_gold_without_answers"):
        lines.append(f"{summary['n_gold_without_answers']:,} gold items have no answers and are left out")
    return "\n".join(lines)
