"""The parser of all subcommands, and what becomes of their mistakes."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

import gtlabel
from gtlabel.cli import (
    agreement,
    completion,
    consolidate,
    convert,
    exit_codes,
    lint,
    plan,
    reconsolidate,
    report,
    run,
    status,
    verify,
)

_SUBCOMMANDS = (
    run,
    status,
    report,
    plan,
    consolidate,
    agreement,
    reconsolidate,
    lint,
    convert,
    verify,
    completion,
)

_EPILOG = """\
examples:
  gtlabel run reviews.csv --text review --truth stars --target 10% -o labels.csv -o report.html
  gtlabel consolidate answers.csv -o labels.csv
  gtlabel lint output.manifest
  gtlabel run --help          every subcommand has examples of its own

exit codes:
  0  done
  1  done, and something was found: faults, a target that is not met
  2  could not be done; standard error says why
  3  a job stopped because answers are missing; call again when they are there
  130  Ctrl-C
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code; a user's mistake is a line on standard error, never a traceback."""
    parser = make_parser()
    if "_ARGCOMPLETE" in os.environ:
        completion.complete(parser)
    words = sys.argv[1:] if argv is None else argv
    try:
        arguments = parser.parse_args(words)
    except SystemExit as stop:  # --help and --version
        return stop.code if isinstance(stop.code, int) else exit_codes.REFUSED
    except gtlabel.InvalidArgument as error:
        return _refuse(error, "--json" in words)
    try:
        code: int = arguments.call(arguments)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        print("gtlabel: interrupted", file=sys.stderr)
        return exit_codes.INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the interpreter complains at its end
        return exit_codes.CLOSED_PIPE
    except (gtlabel.Error, OSError, ImportError) as error:
        return _refuse(error, getattr(arguments, "json", False))
    except MemoryError:
        return _refuse(MemoryError("not enough memory"), getattr(arguments, "json", False))


class _Parser(argparse.ArgumentParser):
    """Raises what argparse would print and exit with."""

    def error(self, message: str) -> NoReturn:
        raise gtlabel.InvalidArgument(f"{message}; {self.prog} --help lists the options")


def make_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = _Parser(
        prog="gtlabel",
        description="Label a pool of items with as few human answers as you can, and know how wrong the rest may be.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"gtlabel {gtlabel.__version__}")
    subparsers = parser.add_subparsers(title="subcommands", metavar="SUBCOMMAND", required=True)
    for module in _SUBCOMMANDS:
        name = module.__name__.rsplit(".", 1)[-1]
        summary, _, details = (module.__doc__ or "").partition("\n")
        subparser = subparsers.add_parser(
            name,
            help=summary[0].lower() + summary[1:].rstrip("."),
            description=summary + "\n" + details.rstrip(),
            epilog=module.EPILOG,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        module.add_arguments(subparser)
        subparser.set_defaults(call=module.call)
    return parser


def _refuse(error: Exception, as_json: bool) -> int:
    message = _message(error)
    print(f"gtlabel: {message}", file=sys.stderr)
    if as_json:
        code = getattr(error, "code", None) or ("file_access" if isinstance(error, OSError) else "missing_package")
        print(json.dumps({"error": {"code": code, "message": message}}, ensure_ascii=False))
    return exit_codes.REFUSED


def _message(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename is not None:
        return f"{os.fsdecode(error.filename)}: {error.strerror}"
    if isinstance(error, KeyError) and error.args:  # str() of a KeyError is the repr of its message
        return str(error.args[0])
    if isinstance(error, ImportError) and error.name and "pip install" not in str(error):
        return f"{error}; pip install {error.name.split('.')[0]}"
    return str(error)
