"""Where a job stands, from its store: what is asked, answered and labelled.

The store is only read; the job may be running. Of a CreateLabelingJob request it says what DescribeLabelingJob would.
"""

from __future__ import annotations

import argparse

import gtlabel as gt
from gtlabel.cli import exit_codes, output
from gtlabel.cli.item_features import add_bucket_option
from gtlabel.cli.job_input import read_request
from gtlabel.cli.output_files import check_outputs
from gtlabel.formats import JobRequest

EPILOG = """\
examples:
  gtlabel status reviews.gtlabel
  gtlabel status reviews.gtlabel --json
  gtlabel status reviews.gtlabel --trail trail.jsonl
  gtlabel status request.json --bucket acme-data=./data --json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "input", metavar="STORE", help="the file of gtlabel run --store, or the request that was given to gtlabel run"
    )
    add_bucket_option(parser)
    parser.add_argument("--trail", metavar="FILE", help="write all that happened in the job, for gtlabel verify")
    output.add_json_option(parser)


def call(arguments: argparse.Namespace) -> int:
    request = read_request(arguments, refused=())
    store: str | None = arguments.input
    if request is not None:
        store = str(request.store_path) if request.store_path.exists() else None
    check_outputs([("--trail", arguments.trail)], [arguments.input, store])
    summary = None if store is None else gt.read_store(store)
    if arguments.trail:
        if store is None:
            raise gt.InvalidArgument("--trail: the job of the request has not begun, expected a job with a store")
        from gtlabel.audit_trail import write_audit_trail

        write_audit_trail(store, arguments.trail)
    if request is None:
        output.show(arguments, str(summary), output.plain(summary))
    else:
        _show_request(arguments, request, summary)
    return exit_codes.DONE


def _show_request(arguments: argparse.Namespace, request: JobRequest, summary: gt.StoreSummary | None) -> None:
    described = request.describe(summary)
    counters = described["LabelCounters"].items()
    lines = [
        f"{described['LabelingJobName']}: {described['LabelingJobStatus']}",
        *(f"  {name}: {count:,}" for name, count in counters),
    ]
    if summary is not None:
        lines.append(str(summary))
    output.show(arguments, "\n".join(lines), described)
