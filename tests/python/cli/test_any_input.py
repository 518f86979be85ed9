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
