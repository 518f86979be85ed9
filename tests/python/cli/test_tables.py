"""What users have in files: read as meant, or refused with file and line."""

import contextlib
import csv
import io
import json

import gtlabel as gt
import pytest
from gtlabel.cli.tables import read_table
from hypothesis import given, settings
from hypothesis import strategies as st

cells = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=12)


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.tuples(cells, cells), min_size=1, max_size=5))
def test_any_csv_that_python_writes_is_read_as_it_was(rows, tmp_path_factory):
    path = tmp_path_factory.mktemp("csv") / "table.csv"
    text = io.StringIO(newline="")
    csv.writer(text).writerows([("one", "two"), *rows])
    path.write_bytes(text.getvalue().encode())
    assert [(row["one"], row["two"]) for row in read_table(path).rows] == rows


@settings(max_examples=200, deadline=None)
@given(content=st.binary(max_size=60), ending=st.sampled_from(["csv", "tsv", "jsonl", "manifest"]))
def test_no_bytes_end_in_anything_but_a_table_or_an_error_of_gtlabel(content, ending, tmp_path_factory):
    path = tmp_path_factory.mktemp("bytes") / f"table.{ending}"
    path.write_bytes(content)
    with contextlib.suppress(gt.InvalidArgument):
        assert len(read_table(path)) > 0


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", "a,b\n1,2\n"),
        ("t.csv", "a;b\n1;2\n"),
        ("t.tsv", "a\tb\n1\t2\n"),
        ("t.csv", "\ufeffa,b\r\n1,2\r\n\r\n"),
        ("t.jsonl", '{"a": "1", "b": "2"}\n\n'),
    ],
)
def test_usual_spellings_of_a_table_are_the_same_table(name, content, tmp_path):
    (tmp_path / name).write_bytes(content.encode())
    table = read_table(tmp_path / name)
    assert table.columns == ["a", "b"]
    assert table.rows == [{"a": "1", "b": "2"}]


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("t.csv", b"a,b\n1,2\n3\n", "t.csv:3: 1 cells, expected 2"),
        ("t.csv", b'a,b\n1,"two\nlines"\n3\n', "t.csv:4: 1 cells, expected 2"),
        ("t.csv", b"a,a\n1,2\n", "t.csv:1: the column 'a' twice"),
        ("t.csv", b"", "t.csv:1: no header"),
        ("t.csv", b"a,b\n", "t.csv: no rows"),
        ("t.csv", b"a,b\n\xff,2\n", "t.csv: byte 4 is not UTF-8"),
        ("t.jsonl", b'{"a": 1}\n{"a": \n', "t.jsonl:2: not JSON"),
        ("t.jsonl", b'{"a": 1}\n[1]\n', "t.jsonl:2: list given, expected a JSON object"),
        ("t.jsonl", b'{"a": ' + b"[" * 100_000, "t.jsonl:1: not JSON"),
    ],
)
def test_a_fault_is_named_with_its_line(name, content, complaint, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(gt.InvalidArgument) as caught:
        read_table(tmp_path / name)
    assert complaint in str(caught.value)


def test_numbers_of_json_stay_numbers(tmp_path):
    (tmp_path / "t.jsonl").write_text(json.dumps({"a": 1.5, "b": None}) + "\n" + json.dumps({"c": True}))
    table = read_table(tmp_path / "t.jsonl")
    assert table.columns == ["a", "b", "c"]
    assert table.column("a", "--columns") == [1.5, None]
