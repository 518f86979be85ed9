"""Keyword defaults of Python are the defaults of the C++ structs."""

import inspect
import re
from pathlib import Path

import gtlabel as gt
import pytest

INCLUDE = Path(__file__).resolve().parents[2] / "include/gtlabel"
AUTOMATIC = {"0": None}  # "0: chosen by the library" is None in Python


def member_default(header, struct, member):
    """What a struct's member is initialised with in a header, as it is written."""
    text = (INCLUDE / header).read_text()
    body = re.search(rf"struct {struct} \{{(.*?)^\}};", text, re.DOTALL | re.MULTILINE).group(1)
    return re.search(rf"\b{member} = ([^;]+);", body).group(1)


def argument_default(header, function, argument):
    """The default of an argument of a function or constructor in a header."""
    text = (INCLUDE / header).read_text()
    return re.search(rf"\b{function}\([^;]*?\b{argument} = ([^,)]+?)[,)]", text).group(1)


def shown_default(function, argument):
    """The default that a compiled function shows in its signature."""
    return re.search(rf"\b{argument}: [^,=]+ = ([^,)]+)", function.__doc__).group(1)


@pytest.mark.parametrize("member", ["max_error", "failure_probability"])
def test_error_target(member):
    expected = float(member_default("routing/target.hpp", "ErrorTarget", member))
    assert getattr(gt.ErrorTarget(), member) == expected
    assert float(shown_default(gt.ErrorTarget.__init__, member)) == expected


def test_error_scope():
    assert member_default("routing/target.hpp", "ErrorTarget", "of") == f"ErrorScope::{gt.ErrorTarget().of}"


def test_target_per_class():
    assert member_default("routing/target.hpp", "ErrorTarget", "per_class") == str(gt.ErrorTarget().per_class).lower()


def test_confidence_threshold():
    expected = float(member_default("routing/target.hpp", "ConfidenceThreshold", "confidence"))
    assert gt.ConfidenceThreshold().confidence == expected


def test_softmax_regression():
    expected = member_default("models/softmax_regression.hpp", "SoftmaxRegressionOptions", "l2")
    assert gt.SoftmaxRegression().l2 == float(expected)


def test_audit_ledger():
    expected = float(argument_default("routing/audit_ledger.hpp", "AuditLedger", "failure_probability"))
    assert gt.AuditLedger().failure_probability == expected
    assert float(shown_default(gt.max_wrong_unfound, "failure_probability")) == expected
    seed = argument_default("routing/audit_ledger.hpp", "AuditLedger", "seed")
    assert shown_default(gt.AuditLedger.__init__, "seed") == seed


def test_confidence_router():
    assert argument_default("routing/confidence_router.hpp", "ConfidenceRouter", "target") == "ErrorTarget{}"
    assert gt.ConfidenceRouter().target == gt.ErrorTarget()
    assert gt.ConfidenceRouter().seed == int(
        argument_default("routing/confidence_router.hpp", "ConfidenceRouter", "seed")
    )


@pytest.mark.parametrize("name", ["batch_size", "seed", "n_threads", "model"])
def test_labeling_job(name):
    written = member_default("jobs/labeling_job.hpp", "LabelingJobOptions", name)
    default = inspect.signature(gt.LabelingJob).parameters[name].default
    if name == "batch_size":
        assert default is AUTOMATIC[written]
    elif name == "model":
        assert (written, default) == ("{}", None)
    else:
        assert default == int(written)


@pytest.mark.parametrize("member", ["min", "max", "until_confidence"])
def test_overlap(member):
    assert getattr(gt.Overlap(), member) == float(member_default("workforce/overlap.hpp", "Overlap", member))


def test_people_of_a_labeling_job():
    parameters = inspect.signature(gt.LabelingJob).parameters
    for name in ("overlap", "price", "budget"):
        assert member_default("jobs/labeling_job.hpp", "LabelingJobOptions", name) == "{}"
        assert parameters[name].default is None
    lease = member_default("jobs/labeling_job.hpp", "LabelingJobOptions", "lease_seconds")
    assert parameters["lease_seconds"].default == float(lease)


def test_the_target_of_a_labeling_job():
    assert member_default("jobs/labeling_job.hpp", "LabelingJobOptions", "target") == "ErrorTarget{}"
    assert inspect.signature(gt.LabelingJob).parameters["target"].default == gt.ErrorTarget()


def test_a_loaded_job_has_the_same_defaults_as_a_new_one():
    new = inspect.signature(gt.LabelingJob).parameters
    loaded = inspect.signature(gt.LabelingJob.load).parameters
    for name in ("ids", "model", "n_threads"):
        assert loaded[name].default == new[name].default


def test_every_public_class_shows_itself_in_words():
    written_by_users = {"IncrementalModel"}
    classes = {name: getattr(gt, name) for name in gt.__all__ if isinstance(getattr(gt, name), type)}
    assert {name for name, type_ in classes.items() if type_.__repr__ is object.__repr__} == written_by_users


def test_everything_public_is_documented_and_listed():
    for name in gt.__all__:
        assert name == "__version__" or getattr(gt, name).__doc__
    assert list(gt.__all__) == sorted(gt.__all__, key=lambda name: (not name.isupper(), name == name.lower(), name))


@pytest.mark.parametrize(
    ("function", "header", "struct", "member"),
    [
        (gt.consolidate_boxes, "consolidate_boxes", "BoxConsolidationOptions", "min_overlap"),
        (gt.consolidate_boxes, "consolidate_boxes", "BoxConsolidationOptions", "min_existence"),
        (gt.consolidate_masks, "consolidate_masks", "MaskConsolidationOptions", "smoothness"),
        (gt.consolidate_masks, "consolidate_masks", "MaskConsolidationOptions", "method"),
        (gt.consolidate_spans, "consolidate_spans", "SpanConsolidationOptions", "method"),
    ],
)
def test_consolidation_of_parts(function, header, struct, member):
    expected = member_default(f"consolidation/{header}.hpp", struct, member).split("::")[-1]
    assert str(inspect.signature(function).parameters[member].default) == expected
