"""How far people agree beyond chance.

Krippendorff's alpha with its bootstrap interval at 95 %, in all and by class; Fleiss' kappa where every item has as
many answers; with --pairs Cohen's kappa of every two workers. 1 is full agreement, 0 what chance gives.
"""

from __future__ import annotations

import argparse

import gtlabel as gt
from gtlabel.cli import exit_codes, options, output
from gtlabel.cli.answer_columns import add_column_options, read_answers

EPILOG = """\
examples:
  gtlabel agreement answers.csv
  gtlabel agreement ratings.csv --scale interval --json
  gtlabel agreement answers.csv --pairs --min-common 20
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("answers", metavar="ANSWERS", help="a CSV or JSON Lines with one answer of one worker per row")
    parser.add_argument(
        "--scale",
        choices=("nominal", "ordinal", "interval"),
        default="nominal",
        help="answers are equal or not, in the order of --classes, or numbers (default: nominal)",
    )
    parser.add_argument("--classes", type=options.class_names, metavar="A,B|@FILE", help="all answers, in order")
    parser.add_argument("--pairs", action="store_true", help="Cohen's kappa of every two workers")
    parser.add_argument(
        "--min-common",
        type=options.at_least(1),
        default=10,
        metavar="N",
        help="items in common of a pair (default: 10)",
    )
    add_column_options(parser)
    output.add_json_option(parser)


def call(arguments: argparse.Namespace) -> int:
    given = read_answers(arguments.answers, arguments.item, arguments.worker, arguments.answer, has_column_options=True)
    if given.workers is None:
        raise gt.InvalidArgument(f"{arguments.answers}: no column of the worker; name it by --worker")
    votes = given.items, given.workers, given.answers
    classes = arguments.classes
    overall = gt.krippendorff_alpha(*votes, scale=arguments.scale, classes=classes)
    by_class = gt.krippendorff_alpha_per_class(*votes, classes=classes)
    try:
        fleiss = gt.fleiss_kappa(*votes, classes=classes)
    except gt.InvalidArgument:  # not the same number of answers about each item
        fleiss = None
    pairs = gt.cohen_kappa(*votes, classes=classes, min_common=arguments.min_common) if arguments.pairs else {}
    rows = [("", "agreement", "low", "high"), _row("Krippendorff's alpha", overall)]
    rows += [] if fleiss is None else [_row("Fleiss' kappa", fleiss)]
    rows += [_row(f"  alpha of {name}", value) for name, value in by_class.items()]
    rows += [_row(f"  kappa of {one}, {other}", value) for (one, other), value in pairs.items()]
    sizes = f"{len(given.items):,} answers, {len(set(given.items)):,} items, {len(set(given.workers)):,} workers"
    document = {
        "n_answers": len(given.items),
        "n_items": len(set(given.items)),
        "n_workers": len(set(given.workers)),
        "krippendorff_alpha": overall._asdict(),
        "krippendorff_alpha_per_class": {name: value._asdict() for name, value in by_class.items()},
        "fleiss_kappa": None if fleiss is None else fleiss._asdict(),
    }
    if arguments.pairs:
        document["cohen_kappa"] = [
            {"workers": [one, other], **value._asdict()} for (one, other), value in pairs.items()
        ]
    output.show(arguments, sizes + "\n" + output.columns_of(rows), document)
    return exit_codes.DONE


def _row(name: str, value: gt.Agreement) -> tuple[str, ...]:
    return name, *("-" if number != number else f"{number:.3f}" for number in value)
