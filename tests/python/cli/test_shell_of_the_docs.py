"""The commands that the documentation shows run, in order, together with the Python between them."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("sklearn")

DOCS = Path(__file__).resolve().parents[3] / "docs"
BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
PAGES = [page for page in sorted(DOCS.glob("*.md")) if "```sh\n" in page.read_text()]


def commands(block):
    """Every command of a block with the exit code that the page states behind it, 0 where it states none."""
    for line in block.replace("\\\n", "").splitlines():
        stated = re.search(r"# exit code (\d+)$", line)
        yield line, int(stated.group(1)) if stated else 0


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_commands_of_a_page_run_and_end_as_it_says(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    names = {}
    n_commands = 0
    for language, block in BLOCK.findall(page.read_text()):
        if language == "python":
            exec(block, names)
            continue
        for command, code in commands(block):
            ended = subprocess.run(command, shell=True, stdin=subprocess.DEVNULL, capture_output=True, text=True)
            assert ended.returncode == code, f"{command}\n{ended.stdout}{ended.stderr}"
            assert "Traceback" not in ended.stderr
            n_commands += 1
    assert n_commands > 0


def test_the_pages_with_commands_are_found():
    assert {"cli.md", "from_a_csv.md", "ground_truth.md"} <= {page.name for page in PAGES}
