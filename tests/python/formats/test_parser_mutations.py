"""Some changed files of each format, the same in each run; tests/fuzz/parser_mutations.py tries more of them."""

import importlib.util
import sys
from pathlib import Path

import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("yaml")
pytest.importorskip("PIL")
_spec = importlib.util.spec_from_file_location(
    "parser_mutations", Path(__file__).parents[2] / "fuzz/parser_mutations.py"
)
mutations = importlib.util.module_from_spec(_spec)
sys.modules[_spec.name] = mutations  # where dataclasses look for the names in their annotations
_spec.loader.exec_module(mutations)
PARSERS = {parser.name: parser for parser in mutations.parsers()}
N_INPUTS = 120


@pytest.mark.parametrize("name", PARSERS)
def test_a_changed_file_is_read_or_refused_by_an_error_of_gtlabel(name):
    parser = PARSERS[name]
    for files in parser.sound:
        assert mutations.error_of(parser, files) is None, "a sound file is read"
    n_tried, _, failed = mutations.run(parser, N_INPUTS, seed=0)
    assert failed == [], failed[0][1]
    assert n_tried == N_INPUTS
