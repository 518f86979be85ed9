"""Check a job's audit trail: that nothing in it was changed, and that it supports the certificate.

Exit code 1 if it does not hold.
"""

from __future__ import annotations

import argparse

from gtlabel.cli import output

EPILOG = """\
examples:
  gtlabel verify trail.jsonl
  gtlabel verify trail.jsonl --json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("trail", metavar="TRAIL", help="what job.write_audit_trail wrote")
    output.add_json_option(parser)


def call(arguments: argparse.Namespace) -> int:
    raise NotImplementedError
