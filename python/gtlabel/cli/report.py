"""A job's report as one HTML page with plots, from its store.

The page is self-contained: it can be mailed.
"""

from __future__ import annotations

import argparse

from gtlabel.cli import output

EPILOG = """\
examples:
  gtlabel report reviews.gtlabel -o report.html
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("store", metavar="STORE", help="the file of --store")
    parser.add_argument("-o", "--output", metavar="FILE", help="default: STORE's name with .html")
    output.add_json_option(parser)


def call(arguments: argparse.Namespace) -> int:
    raise NotImplementedError
