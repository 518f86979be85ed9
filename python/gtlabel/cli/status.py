"""Where a job stands, from its store: what is asked, answered and labelled.

The store is only read; the job may be running.
"""

from __future__ import annotations

import argparse

from gtlabel.cli import output

EPILOG = """\
examples:
  gtlabel status reviews.gtlabel
  gtlabel status reviews.gtlabel --json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("store", metavar="STORE", help="the file of --store")
    output.add_json_option(parser)


def call(arguments: argparse.Namespace) -> int:
    raise NotImplementedError
