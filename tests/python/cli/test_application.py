"""The command as a whole: help, completion, exit codes, and no traceback."""

import json
import subprocess
import sys
from pathlib import Path

import gtlabel
import pytest
from gtlabel.cli.application import make_parser

SUBCOMMANDS = sorted(make_parser()._subparsers._group_actions[0].choices)


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_every_subcommand_has_help_with_examples_and_is_documented(command, name):
    ended = command(name, "--help")
    assert ended.code == 0
    assert f"gtlabel {name}" in ended.out.split("examples:")[1]
    manual = (Path(__file__).parents[3] / "docs/cli.md").read_text()
    assert f"## gtlabel {name}\n" in manual


@pytest.mark.parametrize("name", [name for name in SUBCOMMANDS if name != "completion"])
def test_every_subcommand_speaks_json(command, name):
    assert "--json" in command(name, "--help").out


def test_the_examples_of_the_help_are_options_that_exist():
    """Every line of an epilog that calls gtlabel is understood by the parser."""
    parser = make_parser()
    choices = parser._subparsers._group_actions[0].choices
    n_lines = 0
    for subparser in choices.values():
        for line in subparser.epilog.splitlines():
            if not line.strip().startswith("gtlabel "):
                continue
            import shlex

            words = shlex.split(line.strip().split("     ")[0].split(" > ")[0])[1:]
            parser.parse_args([word for word in words if word != "|"])
            n_lines += 1
    assert n_lines > 15


def test_version_and_usage(command):
    assert command("--version").out == f"gtlabel {gtlabel.__version__}\n"
    assert command().code == 2
    assert command("nonsense").code == 2


@pytest.mark.parametrize(
    ("argv", "complaint"),
    [
        (["plan", "--json"], "the following arguments are required: --classes"),
        (["plan", "--items", "x", "--classes", "2", "--json"], "--items: 'x' given, expected a whole number"),
        (["status", "job.gtlabel", "--json", "--bogus"], "unrecognized arguments: --bogus"),
        (
            ["plan", "--items", str(10**22), "--classes", "2", "--json"],
            "--items: 1" + 22 * "0" + " given, expected at most",
        ),
        (["run", "x.csv", "--threads", "999999", "--json"], "--threads: 999999 given, expected at most 1024"),
        (["nonsense", "--json"], "'nonsense'"),
    ],
)
def test_options_that_do_not_fit_are_one_line_and_a_document_too(command, argv, complaint):
    ended = command(*argv)
    assert ended.code == 2
    assert ended.err.count("\n") == 1
    assert complaint in ended.err
    assert "--help lists the options" in ended.err
    assert ended.document["error"]["code"] == "invalid_argument"
    assert complaint in ended.document["error"]["message"]
    assert command(*(word for word in argv if word != "--json")).out == ""


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(command, shell):
    pytest.importorskip("argcomplete")
    ended = command("completion", shell)
    assert ended.code == 0
    assert "gtlabel" in ended.out


def test_a_missing_package_is_named_with_what_to_type(command, monkeypatch):
    monkeypatch.setitem(sys.modules, "argcomplete", None)
    ended = command("completion", "bash")
    assert ended.code == 2
    assert "pip install 'gtlabel[completion]'" in ended.err


def test_the_module_is_the_command_and_a_closed_pipe_is_no_trace(tmp_path):
    rows = ["item,worker,answer", *(f"{item},{worker},{item % 3}" for item in range(20_000) for worker in "ab")]
    (tmp_path / "answers.csv").write_text("\n".join(rows))
    command = f"{sys.executable} -m gtlabel consolidate answers.csv --method majority_vote | head -n 1"
    ended = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True)
    assert ended.stdout == "item,label,confidence\n"
    assert "Traceback" not in ended.stderr
    assert "Exception ignored" not in ended.stderr


def test_not_a_number_is_null_in_json(command, tmp_path):
    (tmp_path / "answers.csv").write_text("item,worker,answer\n1,a,x\n1,b,x\n")
    ended = command("agreement", "answers.csv", "--json")
    assert json.loads(ended.out)["krippendorff_alpha"]["low"] is None or "NaN" not in ended.out
