"""A job's report as one HTML page with plots, from its store.

The store holds the job without its items, so INPUT and the options of its features are those of gtlabel run.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import gtlabel as gt
from gtlabel.cli import exit_codes, output
from gtlabel.cli.item_features import add_feature_options, add_id_option, columns_left_out, features_of
from gtlabel.cli.job_input import read_job_input, read_request
from gtlabel.cli.output_files import check_outputs
from gtlabel.cli.report_document import report_document
from gtlabel.formats.file_text import write_text
from gtlabel.html_report import html_report

EPILOG = """\
examples:
  gtlabel report reviews.gtlabel reviews.csv -o report.html
  gtlabel report reviews.gtlabel reviews.csv --text review --json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("store", metavar="STORE", help="the file of --store")
    parser.add_argument("input", metavar="INPUT", help="the items, as given to gtlabel run")
    parser.add_argument("-o", "--output", metavar="FILE", help="the page (default: STORE's name with .html)")
    add_id_option(parser)
    parser.add_argument("--attribute", metavar="NAME", help="as given to gtlabel run")
    parser.add_argument("--truth", metavar="COLUMN", help="as given to gtlabel run: it is no feature")
    add_feature_options(parser)
    parser.add_argument("-q", "--quiet", action="store_true", help="no progress")
    output.add_json_option(parser)


def call(arguments: argparse.Namespace) -> int:
    path = arguments.output or f"{Path(arguments.store).stem}.html"
    check_outputs([("-o", path)], [arguments.store, arguments.input, arguments.features, arguments.onnx])
    request = read_request(arguments, refused=("id", "attribute"))
    table = read_job_input(arguments, request, is_augmented=False).table
    job = gt.LabelingJob.open(arguments.store, features_of(table, arguments, columns_left_out(table, arguments)))
    report = job.report()
    page = html_report(report, title=table.path.name, labels=job.labels(), workers=job.workers())
    write_text(path, page)
    output.show(arguments, f"{report}\nwritten: {path}", {**report_document(report), "written": [path]})
    return exit_codes.DONE
