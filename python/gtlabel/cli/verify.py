"""Check an audit trail: that no line of it was changed, added, moved or taken away.

Exit code 1 if one was. Whoever can write the file can also write another that is sound in itself: keep the hash of the
last line elsewhere.
"""

from __future__ import annotations

import argparse

import gtlabel as gt
from gtlabel.cli import exit_codes, output

EPILOG = """\
examples:
  gtlabel status reviews.gtlabel --trail trail.jsonl
  gtlabel verify trail.jsonl
  gtlabel verify trail.jsonl --json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("trail", metavar="TRAIL", help="what gtlabel status --trail or job.write_audit_trail wrote")
    output.add_json_option(parser)


def call(arguments: argparse.Namespace) -> int:
    check = gt.verify_audit_trail(arguments.trail)
    text = f"{arguments.trail}: {check.problem or f'intact, {check.n_lines:,} lines'}"
    output.show(arguments, text, {**output.plain(check), "is_intact": check.is_intact})
    return exit_codes.DONE if check.is_intact else exit_codes.FOUND
