"""The raw answers of a finished Ground Truth job through today's consolidation, and what changes.

FOLDER is what the service left under the job's output path: manifests and worker responses.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from gtlabel.cli import exit_codes, output
from gtlabel.cli.output_files import check_outputs

EPILOG = """\
methods: as for gtlabel consolidate; ground_truth_compat repeats the service

examples:
  gtlabel reconsolidate job/ -o relabeled.manifest
  gtlabel reconsolidate job/ --method ground_truth_compat --json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="FOLDER", help="the output folder of the job")
    parser.add_argument("--method", default="consolidate", metavar="METHOD", help="default: consolidate")
    parser.add_argument("--attribute", metavar="NAME", help="of the labels; default: the newest ones")
    parser.add_argument("-o", "--output", metavar="FILE", help="the manifest with the new labels")
    parser.add_argument(
        "--masks", metavar="FOLDER", help="of semantic segmentation: where masks that change are written, with -o"
    )
    output.add_json_option(parser)


def call(arguments: argparse.Namespace) -> int:
    import gtlabel as gt
    from gtlabel.formats import write_manifest

    check_outputs([("-o", arguments.output)], [arguments.folder])
    if arguments.masks and Path(arguments.masks).resolve().is_relative_to(Path(arguments.folder).resolve()):
        raise gt.InvalidArgument(
            f"--masks: {arguments.masks} is in the input {arguments.folder}, expected another folder"
        )
    if arguments.masks and not arguments.output:
        raise gt.InvalidArgument("--masks: given without -o, expected both")
    result = gt.reconsolidate(arguments.folder, arguments.method, attribute=arguments.attribute)
    if arguments.masks and not result.masks:
        raise gt.InvalidArgument(f"--masks: {result.attribute!r} has no masks, expected it for semantic segmentation")
    if arguments.output:
        write_manifest(result.manifest(arguments.masks), arguments.output)
    changes = [
        {name: column[row] for name, column in dict(result).items()}
        for row, is_changed in enumerate(result.changed.tolist())
        if is_changed
    ]
    document = {
        "method": arguments.method,
        "n_items": len(result),
        "n_skipped": result.n_skipped,
        "n_changed": len(changes),
        "changes": changes,
    }
    output.show(arguments, result.summary(), document)
    return exit_codes.DONE
