"""The documentation runs, and shows what is in the examples."""

import builtins
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("sklearn")
pytest.importorskip("matplotlib")
pytest.importorskip("pandas")

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
EXAMPLES = sorted((DOCS / "examples").glob("*.py"))
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]


def blocks(page, language):
    """The fenced blocks of a language, as (line of the first code line, code)."""
    text = page.read_text()
    fences = re.finditer(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return [(text[: fence.start(1)].count("\n"), fence.group(1)) for fence in fences]


# Pages that show commands too are run, in order, by tests/python/cli/test_shell_of_the_docs.py.
PAGES_WITH_PYTHON = [page for page in PAGES if blocks(page, "python") and not blocks(page, "sh")]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_an_example_runs_ends_with_a_certificate_and_writes_its_files(example, tmp_path):
    command = [sys.executable, str(example), *(["out"] if example.name == "digits_demo.py" else [])]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert "With probability at least 95 %" in ended.stdout
    if example.name == "digits_demo.py":
        assert len((tmp_path / "out/labels.csv").read_text().splitlines()) == 1798
        assert len((tmp_path / "out/digits.csv").read_text().splitlines()) == 1797
        assert (tmp_path / "out/report.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(("language", "suffix"), [("python", "py"), ("cpp", "cpp")])
def test_the_readme_shows_the_quick_start_as_it_is(language, suffix):
    [(_, shown)] = blocks(ROOT / "README.md", language)
    assert shown == (DOCS / f"examples/quick_start.{suffix}").read_text()


@pytest.mark.parametrize("page", PAGES_WITH_PYTHON, ids=lambda path: path.name)
def test_the_python_of_a_page_runs(page, tmp_path, monkeypatch):
    """All blocks in order, in one namespace; whoever sits at the terminal knows the truth."""
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "__main__"}

    def reply(prompt):
        return names["truth"][int(re.search(r"item (\d+)", prompt).group(1))]

    monkeypatch.setattr(builtins, "input", reply)
    for line, code in blocks(page, "python"):
        exec(compile("\n" * line + code, str(page), "exec"), names)


def test_every_error_code_is_documented_and_no_other():
    header = (ROOT / "include/gtlabel/core/error.hpp").read_text()
    codes = re.search(r"enum class ErrorCode \{(.*?)\};", header, re.DOTALL).group(1)
    declared = re.findall(r"^\s*(\w+) = \d+,", codes, re.MULTILINE)
    documented = re.findall(r"^\| `(\w+)` \|", (DOCS / "errors.md").read_text(), re.MULTILINE)
    assert documented == declared


def test_the_cmake_of_the_guide_is_what_the_consumer_projects_do():
    consumers = (ROOT / "tests/consumer").glob("*/CMakeLists.txt")
    tested = "\n".join(path.read_text() for path in consumers)
    tested = tested.replace('"${GTLABEL_SOURCE_DIR}" gtlabel', "gtlabel")
    tested = tested.replace("consumer", "your_application")
    shown = [line for _, code in blocks(DOCS / "guide.md", "cmake") for line in code.splitlines()]
    assert shown
    for line in shown:
        assert line in tested
