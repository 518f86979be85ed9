"""Whatever is in the files, a subcommand ends with one of its exit codes, not with a traceback."""

import json

import pytest
from gtlabel.cli import main
from hypothesis import given, settings
from hypothesis import strategies as st

cells = st.sampled_from(
    ["", "a", "b", "skip", "unsure", "1", "-2.5", "1e400", "nan", "\u2028", "x,y", '"', "none of these"]
)
rows = st.lists(st.lists(cells, min_size=3, max_size=3), max_size=8)
headers = st.sampled_from(["item,worker,answer", "id,text,label", "task,worker,label", "a,b,c", "source,truth,id"])


def csv_bytes(header, rows):
    quoted = [",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows]
    return "\n".join([header, *quoted]).encode()


tables = st.one_of(st.builds(csv_bytes, headers, rows), st.binary(max_size=80))
lines = st.lists(
    st.dictionaries(
        st.sampled_from(["source", "source-ref", "item", "answer", "truth", "id"]),
        st.one_of(st.none(), st.integers(), st.floats(), st.text(max_size=5), st.lists(st.none(), max_size=1)),
        max_size=4,
    ),
    max_size=5,
).map(lambda rows: "\n".join(map(json.dumps, rows)).encode("utf-8", "surrogatepass"))

SUBCOMMANDS = {
    "consolidate": ["consolidate", "FILE", "--json"],
    "agreement": ["agreement", "FILE", "--pairs", "--min-common", "1", "--json"],
    "plan": ["plan", "FILE", "--classes", "2", "--json"],
    "run": ["run", "FILE", "--truth", "truth", "--seed", "1", "--cache", "none", "--json"],
    "run with answers": ["run", "FILE", "--answers", "FILE", "--seed", "1", "--cache", "none", "--json"],
    "verify": ["verify", "FILE", "--json"],
    "status": ["status", "FILE", "--json"],
    "lint": ["lint", "FILE", "--json"],
}


@pytest.mark.parametrize("name", SUBCOMMANDS)
@settings(max_examples=30, deadline=None)
@given(content=st.one_of(tables, lines), ending=st.sampled_from(["csv", "jsonl"]))
def test_any_file_ends_with_an_exit_code(name, content, ending, tmp_path_factory):
    folder = tmp_path_factory.mktemp("any")
    (folder / f"in.{ending}").write_bytes(content)
    argv = [str(folder / f"in.{ending}") if word == "FILE" else word for word in SUBCOMMANDS[name]]
    argv += ["-o", str(folder / "labels.csv")] if argv[0] == "run" else []
    assert main(argv) in (0, 1, 2, 3)


WITH_A_FILE = {
    "run": ["run", "FILE", "--truth", "kind", "-q", "-o", "out.csv"],
    "run with features": ["run", "items.csv", "--truth", "kind", "-q", "--features", "FILE", "-o", "out.csv"],
    "run with answers": ["run", "items.csv", "--answers", "FILE", "-q", "-o", "out.csv"],
    "run with classes": ["run", "items.csv", "--classes", "@FILE", "--ask", "ask.csv", "--seed", "1"],
    "status": ["status", "FILE"],
    "report": ["report", "FILE", "items.csv"],
    "plan": ["plan", "FILE", "--classes", "2"],
    "consolidate": ["consolidate", "FILE"],
    "consolidate with gold": ["consolidate", "answers.csv", "--gold", "FILE"],
    "agreement": ["agreement", "FILE"],
    "reconsolidate": ["reconsolidate", "FILE"],
    "lint": ["lint", "FILE"],
    "convert": ["convert", "FILE", "out.jsonl"],
    "verify": ["verify", "FILE"],
}


@pytest.mark.parametrize("name", WITH_A_FILE)
def test_a_file_that_is_none_is_one_line_or_a_finding(command, items_csv, tmp_path, name):
    (tmp_path / "folder").mkdir()
    (tmp_path / "answers.csv").write_text("item,worker,answer\n1,a,x\n1,b,x\n")
    (tmp_path / "empty.csv").touch()
    (tmp_path / "store.gtlabel").write_bytes(b"SQLite format 3\0" + bytes(range(256)) * 20)
    (tmp_path / "binary.npy").write_bytes(bytes(range(255, -1, -1)) * 9)
    (tmp_path / "open.json").write_text('{"LabelingJobName": ')
    (tmp_path / "loop.csv").symlink_to("loop.csv")
    for name_of_file in (
        "missing.csv",
        "folder",
        "empty.csv",
        "store.gtlabel",
        "binary.npy",
        "open.json",
        "loop.csv",
        "",
    ):
        ended = command(*[word.replace("FILE", name_of_file) for word in WITH_A_FILE[name]], "--json")
        found = name in ("lint", "verify") and name_of_file not in ("missing.csv", "folder", "loop.csv", "")
        assert ended.code == (1 if found else 2), (name_of_file, ended.err)
        assert len(ended.err.splitlines()) == (0 if found else 1), (name_of_file, ended.err)
        assert found or ended.document["error"]["message"] == ended.err.removeprefix("gtlabel: ").strip()
