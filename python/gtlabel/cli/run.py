"""Label the items of a CSV or a manifest, or run a CreateLabelingJob request.

People are asked about as few items as it takes; the rest is labelled by the machine, and audited. Answers come from a
person at the terminal, a command, a CSV, or a column that holds the truth.
"""

from __future__ import annotations

import argparse
import contextlib
import getpass
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gtlabel as gt
from gtlabel.cli import exit_codes, options, output
from gtlabel.cli.answer_columns import AnswerColumns, read_answers
from gtlabel.cli.answer_sources import AnswerFile, AnswerSource, Command, Truth
from gtlabel.cli.augmented_manifest import AugmentedManifest
from gtlabel.cli.item_features import (
    add_feature_options,
    add_id_option,
    source_columns,
)
from gtlabel.cli.job_input import read_job_input, read_request
from gtlabel.cli.job_making import make_job
from gtlabel.cli.job_outputs import check_kinds, wants_manifest, write_outputs
from gtlabel.cli.output_files import check_outputs, is_same_file
from gtlabel.cli.question_file import check_answers_taken, read_question_file, write_questions
from gtlabel.cli.report_document import report_document
from gtlabel.cli.tables import Table
from gtlabel.cli.terminal import Terminal
from gtlabel.formats import JobRequest
from gtlabel.formats.started_request import check_request

_MOST_THREADS = 1024
_MOST_SKIPPED_BATCHES = 100  # skipped whole, in a row: there is nobody else

EPILOG = """\
examples:
  a simulation, where the column stars holds the truth:
    gtlabel run reviews.csv --text review --truth stars --target 10% -o labels.csv -o report.html
  answer at the terminal; every answer is kept in reviews.gtlabel, call again to go on:
    gtlabel run reviews.csv --classes good,bad
  people far away: asks.csv says what to ask (exit code 3), call again when they have filled it in:
    gtlabel run reviews.csv --classes good,bad --store reviews.gtlabel --ask asks.csv
    gtlabel run reviews.csv --classes good,bad --store reviews.gtlabel --ask asks.csv --answers asks.csv
  a program answers, JSON lines in and out:
    gtlabel run images.manifest --classes cat,dog --answers-from './ask.py' -o labeled.manifest
  several people per item, each answer 0.05 EUR, at most 100 EUR:
    gtlabel run t.csv --classes a,b --answers-from ./ask --overlap 1-5 --price 0.05 --currency EUR --max-cost 100
  a job of Ground Truth; the folder stands for its bucket, and the output manifest goes where S3OutputPath says:
    gtlabel run request.json --bucket acme-data=./data --answers-from ./ask

exit codes: 0 done; 1 done, but the target is not proved or items have no label; 2 refused; 3 answers are missing
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "input",
        metavar="INPUT",
        help="a CSV, JSON Lines or manifest, one item per row; or the JSON of a CreateLabelingJob request",
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        action="append",
        default=[],
        help="repeatable: .csv, .jsonl or .parquet for the labels, .manifest for the input with labels, .html for the "
        "report (default: labels in INPUT's name with .labels.csv)",
    )
    add_id_option(parser)
    parser.add_argument(
        "--classes",
        type=options.class_names,
        metavar="A,B|@FILE",
        help="all classes, or a file of them; default: those of the truth or of the answers",
    )
    parser.add_argument(
        "--attribute",
        metavar="NAME",
        help="of the labels in a manifest (default: label); lines of INPUT that have such a label keep it",
    )
    _add_answer_options(parser)
    add_feature_options(parser)
    options.add_target_options(parser)
    _add_job_options(parser)
    parser.add_argument("-q", "--quiet", action="store_true", help="no progress")
    output.add_json_option(parser)


def _add_answer_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("answers", "default: the person at the terminal")
    sources = group.add_mutually_exclusive_group()
    sources.add_argument("--truth", metavar="COLUMN", help="a column of INPUT that holds the truth: a simulation")
    sources.add_argument("--answers", metavar="FILE", help="a CSV or JSON Lines of item, answer and, if known, worker")
    sources.add_argument("--answers-from", metavar="COMMAND", help="a shell command: JSON lines in, JSON lines out")
    group.add_argument("--worker", metavar="NAME", help="who sits at the terminal (default: the user's name)")
    group.add_argument(
        "--ask",
        metavar="FILE",
        help="a CSV of what to ask next, to be filled in and given as --answers",
    )


def _add_job_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("job")
    group.add_argument(
        "--store",
        metavar="FILE",
        help="the file that the job lives in; an existing one is gone on with (default: none; for a person at the "
        "terminal INPUT's name with .gtlabel)",
    )
    group.add_argument(
        "--seed",
        type=options.seed,
        metavar="N",
        help="makes a job repeatable, and its audits foreseeable (default: random)",
    )
    group.add_argument("--final", action="store_true", help="label nothing before one exact audit at the end")
    group.add_argument("--batch-size", type=options.at_least(1), metavar="N", help="items asked about at a time")
    group.add_argument("--overlap", type=options.overlap, metavar="MAX|MIN-MAX", help="people per item (default: 1)")
    group.add_argument(
        "--until-confidence", type=options.share, metavar="P", help="ask no more people than it takes (default: 0.98)"
    )
    group.add_argument(
        "--gold",
        metavar="FILE",
        help="a CSV or JSON Lines of item and answer: items whose class is known, planted among the others",
    )
    group.add_argument(
        "--gold-rate", type=options.share, metavar="P", help="items of gold planted per other item (default: 0.05)"
    )
    group.add_argument("--max-answers", type=options.at_least(1), metavar="N", help="budget: paid answers")
    group.add_argument(
        "--max-items", type=options.at_least(1), metavar="N", help="budget: items that people are asked about"
    )
    group.add_argument("--max-cost", type=options.amount, metavar="AMOUNT", help="budget: money, with --price")
    options.add_price_options(group)
    group.add_argument(
        "--threads", type=options.at_least(0, _MOST_THREADS), default=0, metavar="N", help="0: all cores (default)"
    )


def call(arguments: argparse.Namespace) -> int:
    request = read_request(arguments, refused=("id", "attribute", "store"))
    name = Path(arguments.input).stem
    if request is not None:
        outputs = arguments.output
        request.warnings += check_request(request, arguments.classes or ())
        for warning in request.warnings:
            output.tell(f"warning: {warning}")
        arguments.store = str(request.store_path)
    else:
        outputs = arguments.output or [f"{name}.labels.csv"]
    if _is_at_terminal(arguments) and arguments.store is None:
        arguments.store = f"{name}.gtlabel"  # what a person said must not be lost
        output.tell(f"The job lives in {arguments.store}; the same command goes on with it.")
    check_kinds(outputs)
    is_filled_in = _asks_where_answers_are(arguments)
    inputs = [arguments.input, arguments.store, arguments.features, arguments.onnx, arguments.gold]
    if not is_filled_in:
        inputs.append(arguments.answers)
    written = [*(("-o", path) for path in outputs), ("--ask", arguments.ask)]
    if request is not None:
        inputs.append(request.manifest_path)
        written.append(("S3OutputPath", str(request.output_manifest_path)))
    check_outputs(written, inputs, folders_made=("S3OutputPath",))
    source = read_job_input(arguments, request, is_augmented=wants_manifest(outputs))
    table = source.table
    given = read_answers(arguments.answers) if arguments.answers else None
    ids = source.ids(arguments)
    manifest = None
    if wants_manifest(outputs):
        manifest = AugmentedManifest(source, source_columns(table, arguments))
    held = read_question_file(arguments.ask) if arguments.ask else None
    job = make_job(arguments, source, ids, given)
    if held is not None and not is_filled_in:
        check_answers_taken(arguments.ask, held, given, job)
    try:
        is_finished = _drive(arguments, job, table, given)
    finally:
        has_labels = len(job.labels()) > 0
        if has_labels:
            write_outputs(outputs, job, table.path.name, manifest)
            if request is not None:
                outputs = [*outputs, str(request.write(job))]
    if not is_finished and arguments.ask:
        write_questions(arguments.ask, job, table, _hidden(arguments), held)
    return _conclude(arguments, job, is_finished, outputs if has_labels else [], request)


def _is_at_terminal(arguments: argparse.Namespace) -> bool:
    """Whether a person answers here and now; refuses options of answers that do not fit."""
    has_source = any((arguments.truth, arguments.answers, arguments.answers_from, arguments.ask))
    if not has_source and not sys.stdin.isatty():
        raise gt.InvalidArgument(
            "answers: nobody sits at the terminal, expected one of --truth, --answers, --answers-from, --ask"
        )
    if arguments.ask and arguments.store is None and arguments.seed is None:
        raise gt.InvalidArgument("--ask: the next call would ask about other items, expected --store (or --seed) too")
    if arguments.store is None and _asks_where_answers_are(arguments):
        raise gt.InvalidArgument(f"--ask: {arguments.ask} holds the answers, expected another file, or --store")
    return not has_source


def _asks_where_answers_are(arguments: argparse.Namespace) -> bool:
    """Whether the file of the answers becomes that of the next questions."""
    return bool(arguments.ask and arguments.answers and is_same_file(arguments.ask, arguments.answers))


def _hidden(arguments: argparse.Namespace) -> set[str]:
    """Columns that nobody who answers may see."""
    return {arguments.truth} if arguments.truth else set()


def _drive(arguments: argparse.Namespace, job: gt.LabelingJob, table: Table, given: AnswerColumns | None) -> bool:
    """Asks and submits; True when the job is finished, False when nobody has more to say."""
    hidden = _hidden(arguments)
    if arguments.truth is not None:
        source: AnswerSource = Truth(table, arguments.truth, job.active_classes)
    elif given is not None:
        source = AnswerFile(given, job)
    elif arguments.answers_from is not None:
        ids = None if job.ids is None else job.ids.tolist()
        source = Command(arguments.answers_from, table, ids, job.active_classes, hidden)
    elif arguments.ask:
        return job.next_batch() is None
    else:
        shown = next((name for name, own in source_columns(table, arguments).items() if own == "source"), None)
        return Terminal(job, table, arguments.worker or _user(), hidden, shown).run()
    with _progress(arguments, job) as show:
        return _ask_source(job, source, show)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without users
        return "me"


def _ask_source(job: gt.LabelingJob, source: AnswerSource, show: Callable[[], None]) -> bool:
    n_skipped = 0  # batches in a row
    while (batch := job.next_batch()) is not None:
        said = source.answers(sorted(batch.items.tolist()))  # by item, so that the order does not tell audits apart
        if not said:
            return False
        items, answers, workers, seconds = zip(*said, strict=True)
        submission = job.submit(items, answers, workers=workers, seconds=seconds)
        n_skipped = 0 if submission.n_answers else n_skipped + 1
        if submission.n_answers + submission.n_skipped == 0 or n_skipped > _MOST_SKIPPED_BATCHES:
            return False
        show()
    return True


@contextlib.contextmanager
def _progress(arguments: argparse.Namespace, job: gt.LabelingJob) -> Iterator[Callable[[], None]]:
    """A function to call after each batch, that moves a bar if somebody looks."""
    if arguments.quiet or not output.has_progress_bar():
        yield lambda: None
        return
    from tqdm.auto import tqdm

    with tqdm(total=job.n_items, unit="item", desc="labelled") as bar:

        def show() -> None:
            report = job.report()
            bar.update(report.n_human + report.n_auto - bar.n)
            bar.set_postfix(asked=report.n_human, auto=report.n_auto)

        yield show


def _conclude(
    arguments: argparse.Namespace,
    job: gt.LabelingJob,
    is_finished: bool,
    written: list[str],
    request: JobRequest | None,
) -> int:
    report = job.report()
    is_proved = isinstance(job.target, gt.ConfidenceThreshold) or report.n_auto == 0 or report.certificate is not None
    n_unlabelled = report.n_items - len(job.labels())
    if not is_finished:
        code = exit_codes.UNFINISHED
    else:
        code = exit_codes.DONE if is_proved and not n_unlabelled else exit_codes.FOUND
    document: dict[str, Any] = {
        **report_document(report),
        "n_unlabelled": n_unlabelled,
        "written": written,
        "exit_code": code,
    }
    if request is not None:
        document["warnings"] = request.warnings
    lines = [str(report), *(f"written: {path}" for path in written)]
    if not is_finished:
        lines.append("not finished: answers are missing")
    output.show(arguments, "\n".join(lines), document)
    return code
