"""From one file format to another.

Formats go by the ending of the names; --formats lists them. What the target has no place for is listed, or refused.
"""

from __future__ import annotations

import argparse

import gtlabel as gt
from gtlabel.cli import exit_codes, output
from gtlabel.cli.output_files import check_replaced

EPILOG = """\
examples:
  gtlabel convert --formats
  gtlabel convert tasks.json answers.csv --from label_studio
  gtlabel convert min.json answers.csv --from label_studio --control topic
  gtlabel convert output.manifest boxes.json --to coco --attribute boxes
  gtlabel convert annotations.json boxes/ --from coco --to yolo --strict
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", nargs="?", metavar="SOURCE", help="a file, or a folder for formats that are folders")
    parser.add_argument("target", nargs="?", metavar="TARGET")
    parser.add_argument("--from", dest="from_", metavar="FORMAT", help="of SOURCE (default: by its name and content)")
    parser.add_argument("--to", metavar="FORMAT", help="of TARGET (default: by its name)")
    parser.add_argument("--attribute", metavar="NAME", help="of a manifest with several: whose labels are taken")
    parser.add_argument(
        "--control", metavar="NAME", help="of Label Studio's JSON_MIN: whose single choices are the labels"
    )
    parser.add_argument("--strict", action="store_true", help="refuse whatever TARGET cannot carry")
    parser.add_argument("--formats", action="store_true", help="list the formats")
    output.add_json_option(parser)


def call(arguments: argparse.Namespace) -> int:
    from gtlabel.formats import FORMATS, convert

    if arguments.formats:
        listed = [
            {"id": one.id, "title": one.title, "endings": list(one.endings), "carries": sorted(one.carries)}
            for one in FORMATS.values()
        ]
        rows = [(one.id, f"{one.title} ({', '.join(one.endings) or 'a folder'})") for one in FORMATS.values()]
        width = max(len(name) for name, _ in rows)
        output.show(arguments, "\n".join(f"{name:<{width}}  {title}" for name, title in rows), {"formats": listed})
        return exit_codes.DONE
    if arguments.source is None or arguments.target is None:
        raise gt.InvalidArgument("convert: expected SOURCE and TARGET, or --formats")
    check_replaced("TARGET", arguments.target, [arguments.source])
    done = convert(
        arguments.source,
        arguments.target,
        arguments.from_,
        arguments.to,
        strict=arguments.strict,
        attribute=arguments.attribute,
        control=arguments.control,
    )
    lines = [
        f"{done.source_format} to {done.target_format}: {done.n_items:,} items, {done.n_answers:,} answers, "
        f"{done.n_marks:,} marks, {done.n_negatives:,} without a mark",
        *(f"not carried: {what} of {count:,}" for what, count in done.not_carried.items()),
    ]
    output.show(arguments, "\n".join(lines), output.plain(done))
    return exit_codes.DONE
