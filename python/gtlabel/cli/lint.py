"""Name every fault of a Ground Truth manifest, with its line, its column and how to mend it.

Exit code 1 if there are errors (with --strict: or warnings).
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from gtlabel.cli import exit_codes

EPILOG = """\
examples:
  gtlabel lint output.manifest
  gtlabel lint *.manifest --for rekognition
  gtlabel lint output.manifest --format github        in a workflow: beside the lines of the file
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("manifests", nargs="+", metavar="MANIFEST")
    parser.add_argument(
        "--for",
        dest="consumer",
        choices=("ground-truth", "rekognition", "all"),
        default="all",
        help="whose rules count (default: all)",
    )
    parser.add_argument("--format", choices=("text", "json", "github"), default="text")
    parser.add_argument("--json", action="store_true", help="the same as --format json")
    parser.add_argument("--strict", action="store_true", help="warnings are findings too")


def call(arguments: argparse.Namespace) -> int:
    from gtlabel.formats import lint_manifest

    consumers = ("ground-truth",) if arguments.consumer == "ground-truth" else ("ground-truth", "rekognition")
    if arguments.consumer == "rekognition":
        consumers = ("rekognition",)
    reports = [lint_manifest(Path(path), consumers) for path in arguments.manifests]
    if arguments.json or arguments.format == "json":
        print(json.dumps([json.loads(report.to_json()) for report in reports], ensure_ascii=False, indent=2))
    else:
        for report in reports:
            sys.stdout.write(report.to_github() if arguments.format == "github" else report.to_text())
    found = any(report.findings if arguments.strict else report.errors for report in reports)
    return exit_codes.FOUND if found else exit_codes.DONE
