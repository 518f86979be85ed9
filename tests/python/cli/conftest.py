"""The command in process, and small inputs whose truth is known."""

import csv
import json
import signal
from dataclasses import dataclass

import pytest
from gtlabel.cli import main


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def document(self):
        return json.loads(self.out)


@pytest.fixture
def command(capsys, monkeypatch, tmp_path):
    """Runs gtlabel in a folder of its own; what it printed and its exit code."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user-cache"))

    def run(*argv):
        code = main([str(word) for word in argv])
        printed = capsys.readouterr()
        return Ended(code, printed.out, printed.err)

    return run


@pytest.fixture
def heed_ctrl_c():
    """For a process's start: Ctrl-C as at a terminal; what a shell starts in the background ignores it."""
    return lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def write_csv(tmp_path):
    def write(name, rows):
        with open(tmp_path / name, "w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(rows)
        return name

    return write


@pytest.fixture
def read_csv(tmp_path):
    def read(name):
        with open(tmp_path / name, newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))

    return read


@pytest.fixture
def items_csv(write_csv, pool):
    """A table of 400 items in two kinds, far apart: numbers, an id, and the truth in the column kind."""
    rows = [[f"i{item}", *pool.X[item].tolist(), pool.names[item]] for item in range(len(pool.truth))]
    return write_csv("items.csv", [["id", "a", "b", "c", "d", "kind"], *rows])
