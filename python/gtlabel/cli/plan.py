"""How many people a job will need, and what they will cost.

From jobs on other pools, before anybody is asked: a wide interval, because pools differ.
"""

from __future__ import annotations

import argparse

import gtlabel as gt
from gtlabel.cli import exit_codes, options, output
from gtlabel.cli.tables import read_table

EPILOG = """\
examples:
  gtlabel plan --items 10000 --classes 3 --target 5% --price 0.08 --currency EUR
  gtlabel plan reviews.csv --classes 2 --target 10% --json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("input", nargs="?", metavar="INPUT", help="a CSV or manifest, to count its items")
    parser.add_argument("--items", type=options.at_least(1), metavar="N", help="how many items, without INPUT")
    parser.add_argument("--classes", type=options.at_least(2), required=True, metavar="N", help="how many classes")
    options.add_target_options(parser)
    options.add_price_options(parser.add_argument_group("price"))
    output.add_json_option(parser)


def call(arguments: argparse.Namespace) -> int:
    if (arguments.input is None) == (arguments.items is None):
        raise gt.InvalidArgument("plan: expected either INPUT or --items")
    n_items = arguments.items if arguments.input is None else len(read_table(arguments.input))
    target = options.target_of(arguments)
    plan = gt.plan_labeling(n_items, arguments.classes, target, options.price_of(arguments))
    costs = {"cost": plan.cost, "cost_low": plan.cost_low, "cost_high": plan.cost_high}
    costs["cost_by_hand"] = plan.cost_by_hand
    output.show(arguments, str(plan), {**output.plain(plan), **costs, "human_share": plan.human_share})
    return exit_codes.DONE
