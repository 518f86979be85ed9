"""Where a job stands, from its store: what is asked, answered and labelled.

The store is only read; the job may be running.
"""

from __future__ import annotations

import argparse

import gtlabel as gt
from gtlabel.cli import exit_codes, output
from gtlabel.cli.output_files import check_outputs

EPILOG = """\
examples:
  gtlabel status reviews.gtlabel
  gtlabel status reviews.gtlabel --json
  gtlabel status reviews.gtlabel --trail trail.jsonl
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("store", metavar="STORE", help="the file of gtlabel run --store")
    parser.add_argument("--trail", metavar="FILE", help="write all that happened in the job, for gtlabel verify")
    output.add_json_option(parser)


def call(arguments: argparse.Namespace) -> int:
    check_outputs([("--trail", arguments.trail)], [arguments.store])
    summary = gt.read_store(arguments.store)
    if arguments.trail:
        from gtlabel.audit_trail import write_audit_trail

        write_audit_trail(arguments.store, arguments.trail)
    output.show(arguments, str(summary), output.plain(summary))
    return exit_codes.DONE
