"""Every error is of a class, has a code, says what was wrong, and is what docs/errors.md says."""

import copy
import pickle
import re
import tempfile
from pathlib import Path

import gtlabel as gt
import numpy as np
import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
BUILT_IN = {
    gt.InvalidArgument: (ValueError,),
    gt.InvalidType: (TypeError,),
    gt.UnknownClass: (KeyError,),
    gt.NotFitted: (ValueError, AttributeError),
    gt.InvalidState: (ValueError,),
    gt.ModelError: (ValueError,),
    gt.ArchiveError: (ValueError,),
    gt.FormatError: (ValueError,),
}


def documented():
    """The rows of the table of docs/errors.md: code, class name, names of Python's classes."""
    rows = re.findall(r"^\| `(\w+)` \| `(\w+)` \| ([^|]*) \|", (DOCS / "errors.md").read_text(), re.MULTILINE)
    return [(code, name, re.findall(r"`(\w+)`", builtins)) for code, name, builtins in rows]


class Wrong(gt.IncrementalModel):
    def attach(self, X, n_classes):
        pass

    def update(self, items, targets, weights):
        pass

    def predict_proba(self, items):
        return np.ones((len(items), 2))


def small_job(**options):
    return gt.LabelingJob(np.eye(4), ["a", "b"], **options)


def opened_twice():
    with tempfile.TemporaryDirectory() as folder:
        job = gt.LabelingJob(np.eye(4), ["a", "b"], store=f"{folder}/job.gtl")
        return gt.LabelingJob.open(job.store, np.eye(4))


def snapshot():
    return pickle.loads(pickle.dumps(small_job().__reduce__()[1][0]))


def restore(bytes_):
    return gt.LabelingJob._restore(bytes_, np.eye(4), None, None, 0)


def broken_model():
    committee = gt.Committee([Wrong()])
    committee.attach(np.eye(4), 2)
    committee.update([0, 1], [0, 1])
    committee.predict_proba([0])


def too_new():
    bytes_ = bytearray(snapshot())
    bytes_[4] = 200  # the version of the frame
    restore(bytes(bytes_))


def committed_twice():
    ledger = gt.AuditLedger()
    ledger.commit([1])
    ledger.commit([1])


TRIGGERS = {
    "invalid_argument": lambda: gt.ErrorTarget(max_error=2.0),
    "invalid_type": lambda: small_job(target="5 %"),
    "shape_mismatch": lambda: small_job().submit([0, 1], ["a"]),
    "not_finite": lambda: gt.LabelingJob([[1.0], [np.nan]], ["a", "b"]),
    "unknown_class": lambda: small_job().submit([0], ["c"]),
    "item_out_of_range": lambda: small_job().submit([4], ["a"]),
    "not_fitted": lambda: gt.GraphModel().predict_proba([0]),
    "invalid_state": committed_twice,
    "model_contract": broken_model,
    "archive_damaged": lambda: restore(snapshot()[:-5]),
    "archive_too_new": too_new,
    "archive_mismatch": lambda: gt.LabelingJob._restore(snapshot(), np.eye(4)[::-1], None, None, 0),
    "file_access": lambda: gt.LabelingJob.load("/no/such/folder/job.gtlabel", np.eye(4)),
    "store_in_use": lambda: opened_twice(),
    "format_fault": lambda: gt.formats.Manifest.from_bytes(b'{"source": "a"}\n[]\n'),
}


@pytest.mark.parametrize("error", BUILT_IN, ids=lambda error: error.__name__)
def test_errors_are_what_python_calls_them_too(error):
    assert issubclass(error, gt.Error)
    for builtin in BUILT_IN[error]:
        assert issubclass(error, builtin)
    assert error.__module__ == "gtlabel"
    assert error.__doc__


def test_the_root_is_a_plain_exception():
    assert issubclass(gt.Error, Exception)
    assert not issubclass(gt.Error, ValueError | TypeError | KeyError)


@pytest.mark.parametrize("row", documented(), ids=lambda row: row[0])
def test_an_error_is_what_its_row_in_the_table_says(row):
    code, name, builtins = row
    with pytest.raises(gt.Error) as caught:
        TRIGGERS[code]()
    assert caught.value.code == code
    assert type(caught.value) is getattr(gt, name)
    assert [builtin.__name__ for builtin in BUILT_IN[getattr(gt, name)]] == builtins


def test_every_documented_code_has_a_trigger_here():
    assert {code for code, _, _ in documented()} == set(TRIGGERS)


@pytest.mark.parametrize("code", TRIGGERS)
def test_a_message_is_one_plain_sentence(code):
    with pytest.raises(gt.Error) as caught:
        TRIGGERS[code]()
    message = str(caught.value)
    assert message
    assert "\n" not in message
    assert not message.startswith(("'", '"')), "also of a KeyError, which Python shows as a quoted string"


@pytest.mark.parametrize("code", TRIGGERS)
def test_an_error_reaches_another_process_whole(code):
    with pytest.raises(gt.Error) as caught:
        TRIGGERS[code]()
    for again in (pickle.loads(pickle.dumps(caught.value)), copy.copy(caught.value)):
        assert type(again) is type(caught.value)
        assert str(again) == str(caught.value)
        assert again.code == code


@pytest.mark.parametrize("error", BUILT_IN, ids=lambda error: error.__name__)
def test_an_error_of_gtlabel_raised_by_an_annotator_passes_through(error):
    raised = error("asked in vain")

    def annotate(batch):
        raise raised

    with pytest.raises(error) as caught:
        small_job().run(annotate)
    assert caught.value is raised
    assert isinstance(caught.value.code, str)


def test_the_two_ways_to_say_unknown_class_are_one():
    with pytest.raises(KeyError) as by_name:
        small_job().submit([0], ["c"])
    with pytest.raises(KeyError) as by_index:
        small_job().submit([0], [2])
    assert type(by_name.value) is type(by_index.value) is gt.UnknownClass
    assert "'c'" in str(by_name.value)
    assert "row 0 is class 2, expected 0 to 1" in str(by_index.value)
