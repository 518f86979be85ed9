"""Agreement beyond chance, against worked examples."""

import gtlabel as gt
import numpy as np
import pytest

# Krippendorff, "Computing Krippendorff's alpha-reliability" (2011), example C; "." is missing.
OBSERVERS = ["123321412...", "1233224125.3", ".3332342251.", "12332441251."]
RATINGS = [
    (unit, observer, int(value))
    for observer, row in enumerate(OBSERVERS)
    for unit, value in enumerate(row)
    if value != "."
]


@pytest.mark.parametrize(("scale", "expected"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_alpha_agrees_with_krippendorff(scale, expected):
    alpha = gt.krippendorff_alpha(*zip(*RATINGS, strict=True), scale=scale)
    assert alpha.value == pytest.approx(expected, abs=6e-4)
    assert alpha.low < alpha.value < alpha.high


def test_interval_scale_wants_numbers():
    with pytest.raises(gt.InvalidArgument, match="expected numbers"):
        gt.krippendorff_alpha([1, 1], [1, 2], ["a", "b"], scale="interval")
    with pytest.raises(gt.InvalidArgument, match="scale: 'ratio'"):
        gt.krippendorff_alpha([1, 1], [1, 2], [0, 1], scale="ratio")


def test_alpha_per_class_and_kappa_per_pair_carry_names():
    items, workers, answers = [1, 1, 2, 2, 3, 3], ["ann", "bob"] * 3, ["a", "a", "b", "b", "a", "b"]
    per_class = gt.krippendorff_alpha_per_class(items, workers, answers)
    assert set(per_class) == {"a", "b"}
    pairs = gt.cohen_kappa(items, workers, answers)
    assert list(pairs) == [("ann", "bob")]
    assert pairs["ann", "bob"].value == pytest.approx(0.4)
    assert gt.cohen_kappa(items, workers, answers, min_common=4) == {}


def test_fleiss_kappa_of_full_agreement_is_1_and_intervals_can_be_left_out():
    kappa = gt.fleiss_kappa([1, 1, 2, 2], [1, 2, 1, 2], ["a", "a", "b", "b"], n_resamples=0)
    assert kappa.value == 1
    assert np.isnan(kappa.low)


def test_wilson_interval_keeps_the_shape():
    low, high = gt.wilson_interval(np.array([[81.0, 0.0]]), np.array([[263.0, 0.0]]))
    assert low.shape == (1, 2)
    np.testing.assert_allclose([low[0], high[0]], [[0.2553, 0], [0.3662, 1]], atol=1e-4)
