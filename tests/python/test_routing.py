"""Targets, the router, the audit ledger and the certificate."""

import copy
import pickle

import gtlabel as gt
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

SCOPES = ["auto_labels", "dataset"]

few_examples = settings(max_examples=40, deadline=None)


def random_probabilities(n_items, n_classes=3, sharpness=0.05, seed=0):
    return np.random.default_rng(seed).dirichlet(np.full(n_classes, sharpness), size=n_items)


# --- targets ---


def test_targets_are_values():
    one, same, other = gt.ErrorTarget(max_error=0.02), gt.ErrorTarget(max_error=0.02), gt.ErrorTarget(max_error=0.03)
    assert one == same
    assert hash(one) == hash(same)
    assert one != other
    assert one != gt.ErrorTarget(max_error=0.02, of="dataset")
    assert one != "ErrorTarget"
    assert gt.ConfidenceThreshold(0.8) == gt.ConfidenceThreshold(0.8) != gt.ConfidenceThreshold(0.9)
    assert gt.ConfidenceThreshold(0.9) != gt.ErrorTarget()
    assert {one: "x"}[same] == "x"
    with pytest.raises(AttributeError):
        one.max_error = 0.5


@pytest.mark.parametrize(
    "target", [gt.ErrorTarget(0.1, 0.2, "dataset"), gt.ErrorTarget(1 / 3), gt.ConfidenceThreshold(0.7)]
)
def test_a_target_survives_pickle_copy_and_its_own_repr(target):
    for again in (
        pickle.loads(pickle.dumps(target)),
        copy.deepcopy(target),
        eval(repr(target), {"ErrorTarget": gt.ErrorTarget, "ConfidenceThreshold": gt.ConfidenceThreshold}),
    ):
        assert again == target
        assert type(again) is type(target)


@pytest.mark.parametrize("value", [0.0, 1.0, -0.1, 1.5, np.nan, np.inf])
@pytest.mark.parametrize("name", ["max_error", "failure_probability"])
def test_an_error_target_outside_the_open_unit_interval_is_refused(name, value):
    with pytest.raises(gt.InvalidArgument, match=name):
        gt.ErrorTarget(**{name: value})


@pytest.mark.parametrize("value", [0.0, -1.0, 1.01, np.nan])
def test_a_confidence_threshold_outside_its_range_is_refused(value):
    with pytest.raises(gt.InvalidArgument, match="confidence"):
        gt.ConfidenceThreshold(value)


def test_a_confidence_threshold_of_one_is_allowed():
    assert gt.ConfidenceThreshold(1.0).confidence == 1.0


def test_an_unknown_scope_is_refused_by_name():
    with pytest.raises(gt.InvalidArgument, match="of: 'everything' given"):
        gt.ErrorTarget(of="everything")


# --- router ---


@few_examples
@given(
    n_items=st.integers(0, 300),
    n_classes=st.integers(2, 5),
    sharpness=st.floats(0.01, 2.0),
    seed=st.integers(0, 2**32 - 1),
    target=st.one_of(
        st.builds(gt.ConfidenceThreshold, st.floats(0.01, 1.0)),
        st.builds(gt.ErrorTarget, st.floats(0.01, 0.5), st.floats(0.01, 0.5), st.sampled_from(SCOPES)),
    ),
)
def test_the_routes_partition_the_items(n_items, n_classes, sharpness, seed, target):
    probabilities = random_probabilities(n_items, n_classes, sharpness, seed)
    routing = gt.ConfidenceRouter(target, seed=seed).route(probabilities)
    single = probabilities.astype(np.float32)
    assert len(routing.routes) == len(routing.class_index) == len(routing.confidence) == n_items
    counts = {route: int(np.count_nonzero(routing.routes == route)) for route in ("auto", "audit", "human")}
    assert counts == {"auto": routing.n_auto, "audit": routing.n_audit, "human": routing.n_human}
    assert sum(counts.values()) == n_items
    np.testing.assert_array_equal(routing.confidence, single.max(axis=1, initial=0.0))
    np.testing.assert_array_equal(single[np.arange(n_items), routing.class_index], routing.confidence)
    machine = routing.routes != "human"
    assert routing.reason
    if machine.any():
        assert routing.threshold == routing.confidence[machine].min()
        assert (routing.confidence[~machine] <= routing.threshold).all(), "the machine takes the most confident"
    else:
        assert routing.threshold > 1


@few_examples
@given(threshold=st.floats(0.3, 1.0), seed=st.integers(0, 1000))
def test_a_threshold_routes_by_confidence_alone_and_audits_nothing(threshold, seed):
    probabilities = random_probabilities(50, seed=seed)
    routing = gt.ConfidenceRouter(gt.ConfidenceThreshold(threshold)).route(probabilities)
    expected = np.where(routing.confidence >= np.float32(threshold), "auto", "human")
    assert routing.routes.tolist() == expected.tolist()
    assert routing.ledgers is None
    assert routing.audit_level == 0
    assert "nothing is certified" in routing.reason


def test_a_confidence_as_people_write_it_is_at_the_threshold():
    routing = gt.ConfidenceRouter(gt.ConfidenceThreshold(0.9)).route([[0.9, 0.1], [0.8999, 0.1001]])
    assert routing.routes.tolist() == ["auto", "human"]


def test_of_equally_probable_classes_the_first_is_taken():
    routing = gt.ConfidenceRouter(gt.ConfidenceThreshold(0.5)).route([[0.5, 0.5], [0.2, 0.8]])
    assert routing.class_index.tolist() == [0, 1]


def test_an_error_target_commits_what_it_routes_and_audits_what_is_due():
    probabilities = random_probabilities(2000, sharpness=0.01)
    routing = gt.ConfidenceRouter(gt.ErrorTarget(max_error=0.1), seed=7).route(probabilities)
    assert routing.n_auto > 0
    assert routing.n_audit > 0
    ledger = routing.ledgers
    assert sorted(ledger.delivered()) == np.flatnonzero(routing.routes == "auto").tolist()
    assert sorted(ledger.due()) == np.flatnonzero(routing.routes == "audit").tolist()
    assert ledger[0].level == pytest.approx(routing.audit_level)
    expected_error = 1.0 - routing.confidence[routing.routes == "auto"].astype(float)
    assert routing.expected_error == pytest.approx(expected_error.mean())


def test_audits_that_find_nothing_certify_what_was_routed():
    target = gt.ErrorTarget(max_error=0.1)
    routing = gt.ConfidenceRouter(target, seed=3).route(random_probabilities(2000, sharpness=0.01))
    assert gt.certify(routing.ledgers, target, n_items=2000) is None, "due and unanswered audits count as errors"
    for item in np.flatnonzero(routing.routes == "audit"):
        assert routing.ledgers.record(item, wrong=False)
    certificate = gt.certify(routing.ledgers, target, n_items=2000)
    assert certificate.delivered == routing.n_auto
    assert certificate.audited == routing.n_audit
    assert certificate.bound <= 0.1


def test_audits_that_find_everything_wrong_certify_nothing():
    target = gt.ErrorTarget(max_error=0.1)
    routing = gt.ConfidenceRouter(target, seed=3).route(random_probabilities(2000, sharpness=0.01))
    for item in np.flatnonzero(routing.routes == "audit"):
        routing.ledgers.record(item, wrong=True)
    assert gt.certify(routing.ledgers, target, n_items=2000) is None


def test_the_seed_decides_who_is_audited_and_nothing_else():
    probabilities = random_probabilities(2000, sharpness=0.01)
    target = gt.ErrorTarget(max_error=0.1)
    first, again, other = (gt.ConfidenceRouter(target, seed=seed).route(probabilities) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.routes, again.routes)
    assert (first.routes != other.routes).any()
    np.testing.assert_array_equal(first.routes == "human", other.routes == "human")


def test_probabilities_that_promise_too_little_all_go_to_people():
    routing = gt.ConfidenceRouter(gt.ErrorTarget(max_error=0.01)).route(np.full((500, 2), 0.5))
    assert routing.n_human == 500
    assert "people" in routing.reason


def test_the_ledger_of_a_routing_outlives_it():
    ledger = gt.ConfidenceRouter(gt.ErrorTarget(0.1)).route(random_probabilities(2000, sharpness=0.01)).ledgers[0]
    assert ledger.n_delivered > 0


@pytest.mark.parametrize(
    ("probabilities", "error", "code", "fragments"),
    [
        ([[0.5, 0.5], [0.5, 0.6]], gt.InvalidArgument, "invalid_argument", ["row 1", "sums to 1.1"]),
        ([[0.5, 0.5], [np.nan, 1.0]], gt.InvalidArgument, "not_finite", ["row 1", "column 0"]),
        ([[0.5, 0.5], [1.0, np.inf]], gt.InvalidArgument, "not_finite", ["row 1", "column 1"]),
        ([[1.5, -0.5]], gt.InvalidArgument, "invalid_argument", ["row 0", "column 1"]),
        ([[1.0]], gt.InvalidArgument, "shape_mismatch", ["1 classes"]),
        ([0.5, 0.5], gt.InvalidArgument, "shape_mismatch", ["1 dimensions"]),
        ([["a", "b"]], gt.InvalidType, "invalid_type", ["probabilities"]),
        ([[0.5, 0.5], [1.0]], gt.InvalidArgument, "shape_mismatch", ["probabilities: row 1 has 1 values, expected 2"]),
        ([[0.5, 0.5], [1e300, 0.0]], gt.InvalidArgument, "not_finite", ["row 1, column 0", "too large for float32"]),
        (None, gt.InvalidType, "invalid_type", ["probabilities"]),
    ],
)
def test_what_is_no_probability_is_refused_by_row(probabilities, error, code, fragments):
    for target in (gt.ErrorTarget(), gt.ConfidenceThreshold()):
        with pytest.raises(error) as caught:
            gt.ConfidenceRouter(target).route(probabilities)
        assert caught.value.code == code
        for fragment in fragments:
            assert fragment in str(caught.value)


def test_a_router_shows_what_it_was_made_of():
    router = gt.ConfidenceRouter(gt.ConfidenceThreshold(0.7), seed=2**64 - 1)
    assert router.target == gt.ConfidenceThreshold(0.7)
    assert router.seed == 2**64 - 1
    assert repr(router) == f"ConfidenceRouter(target=ConfidenceThreshold(confidence=0.7), seed={2**64 - 1})"


# --- the bound ---


def log_mixture(errors_found, level, unfound):
    """The martingale of docs/certificate.md, in logarithms."""
    b = np.arange(17) * 0.05
    with np.errstate(divide="ignore"):
        found = errors_found * np.log(b) if errors_found else np.zeros(17)
    terms = found + unfound * np.log((1 - level * b) / (1 - level))
    return np.logaddexp.reduce(terms + np.log((1 - b) / 10.2))


@few_examples
@given(errors_found=st.integers(0, 40), level=st.floats(0.001, 0.99), delta=st.floats(0.001, 0.5))
def test_the_bound_is_the_most_that_the_martingale_believes(errors_found, level, delta):
    bound = gt.max_wrong_unfound(errors_found, level, delta)
    limit = -np.log(delta)
    assert log_mixture(errors_found, level, bound + 1) >= limit - 1e-9
    assert bound == 0 or log_mixture(errors_found, level, bound) < limit + 1e-9


def test_without_audits_nothing_is_known():
    assert gt.max_wrong_unfound(0, 0.0) == 2**63 - 1


def test_more_errors_found_never_mean_fewer_unfound():
    bounds = [gt.max_wrong_unfound(errors, 0.2) for errors in range(20)]
    assert bounds == sorted(bounds)
    assert bounds[0] < bounds[-1]


@pytest.mark.parametrize(
    "arguments",
    [
        {"errors_found": -1, "level": 0.5},
        {"errors_found": 0, "level": 1.0},
        {"errors_found": 0, "level": 1.5},
        {"errors_found": 0, "level": -0.1},
        {"errors_found": 0, "level": np.nan},
        {"errors_found": 0, "level": 0.5, "failure_probability": 0.0},
        {"errors_found": 0, "level": 0.5, "failure_probability": 1.0},
        {"errors_found": 0, "level": 0.5, "failure_probability": np.nan},
    ],
)
def test_the_bound_of_what_cannot_be_is_refused(arguments):
    with pytest.raises(gt.InvalidArgument):
        gt.max_wrong_unfound(**arguments)


def test_a_ledger_told_what_to_expect_proves_more_by_the_same_audits():
    ledgers = [gt.AuditLedger(seed=4), gt.AuditLedger(seed=4)]
    ledgers[1].expect(0.4)
    for ledger in ledgers:
        ledger.commit(np.arange(6000))
        for item in ledger.raise_level(0.05):
            ledger.record(item, wrong=bool(item % 50 == 0))
    assert ledgers[0].errors_found == ledgers[1].errors_found > 0
    assert ledgers[1].wrong_at_most < ledgers[0].wrong_at_most
    assert ledgers[1].wrong_at_most == gt.max_wrong_unfound(ledgers[1].errors_found, 0.05, error_ratio=0.4)
    copy = pickle.loads(pickle.dumps(ledgers[1]))
    assert copy.wrong_at_most == ledgers[1].wrong_at_most
    with pytest.raises(gt.InvalidState, match="before the first"):
        copy.expect(0.1)
    with pytest.raises(gt.InvalidArgument, match="error_ratio: -1"):
        gt.AuditLedger().expect(-1)


def test_expected_audits_grow_with_the_error_and_end_where_none_would_do():
    target = gt.ErrorTarget(max_error=0.05)
    audits = [gt.expected_audits(10_000, error_rate, target) for error_rate in (0.0, 0.005, 0.01, 0.02)]
    assert audits == sorted(audits)
    assert 0 < audits[0] < audits[-1] < 10_000
    assert gt.expected_audits(10_000, 0.06, target) < 0
    assert gt.expected_audits(10_000, 0.0, gt.ErrorTarget(0.01)) > audits[0]
    assert gt.expected_audits(10_000, 0.0) == audits[0], "the default target is ErrorTarget()"


@pytest.mark.parametrize("arguments", [(-1, 0.1), (100, -0.1), (100, 1.1), (100, np.nan)])
def test_expected_audits_of_what_cannot_be_are_refused(arguments):
    with pytest.raises(gt.InvalidArgument):
        gt.expected_audits(*arguments)


# --- ledger ---


def test_a_committed_item_is_delivered_until_it_is_due():
    ledger = gt.AuditLedger(seed=1)
    assert ledger.commit([5, 3, 9]).tolist() == []
    assert ledger.delivered().tolist() == [5, 3, 9], "in order of commit"
    due = ledger.raise_level(0.999)
    assert due.tolist() == ledger.due().tolist()
    assert set(due) | set(ledger.delivered()) == {3, 5, 9}
    assert ledger.n_due + ledger.n_delivered == 3
    assert ledger.level == 0.999
    assert repr(ledger) == (
        f"AuditLedger(level=0.999, n_delivered={ledger.n_delivered}, n_due={ledger.n_due}, n_audited=0, "
        f"errors_found=0, wrong_at_most={ledger.wrong_at_most})"
    )


def test_a_ledger_says_whether_an_item_is_delivered():
    ledger = gt.AuditLedger(seed=1)
    ledger.commit(np.arange(50))
    ledger.raise_level(0.5)
    assert [item for item in range(60) if ledger.is_delivered(item)] == sorted(ledger.delivered())
    item = int(ledger.delivered()[0])
    ledger.record(item, wrong=False)
    assert not ledger.is_delivered(item), "a person has answered it"
    assert not ledger.is_delivered(-1)


def test_a_label_found_wrong_without_audit_is_known_wrong_until_its_coin_comes_up():
    ledger = gt.AuditLedger(seed=1)
    ledger.commit(np.arange(50))
    assert ledger.known_wrong == 0
    ledger.record(7, wrong=True)
    assert (ledger.known_wrong, ledger.errors_found) == (1, 0)
    ledger.raise_level(0.999)
    assert (ledger.known_wrong, ledger.errors_found) == (0, 1)


def test_withdrawing_what_a_fallback_lists_brings_back_its_bound():
    ledger = gt.AuditLedger(seed=1)
    ledger.commit(np.arange(1000))
    assert ledger.fallbacks() == [], "nothing was proved before the first commit"
    for item in ledger.raise_level(0.2):
        ledger.record(item, wrong=False)
    proved, delivered = ledger.wrong_at_most, ledger.n_delivered
    for item in ledger.commit(np.arange(1000, 1500)):
        ledger.record(item, wrong=True)
    assert ledger.wrong_at_most > proved
    (fallback,) = ledger.fallbacks()
    assert fallback.withdrawn.dtype == np.int64
    assert sorted(fallback.withdrawn) == [item for item in ledger.delivered() if item >= 1000]
    assert (fallback.n_delivered, fallback.wrong_at_most) == (delivered, proved)
    assert repr(fallback) == (
        f"AuditFallback({len(fallback.withdrawn)} to withdraw, n_delivered={delivered}, wrong_at_most={proved})"
    )
    ledger.withdraw(fallback.withdrawn)
    assert (ledger.n_delivered, ledger.wrong_at_most) == (delivered, proved)
    assert ledger.fallbacks() == []


def test_committing_an_item_twice_is_refused_and_changes_nothing():
    ledger = gt.AuditLedger(seed=1)
    ledger.commit([1, 2])
    before = pickle.dumps(ledger)
    for items in ([3, 1], [4, 4]):
        with pytest.raises(gt.InvalidState, match="committed already"):
            ledger.commit(items)
    assert pickle.dumps(ledger) == before


def test_a_negative_item_is_refused_by_its_row_and_changes_nothing():
    ledger = gt.AuditLedger(seed=1)
    before = pickle.dumps(ledger)
    with pytest.raises(gt.InvalidArgument, match="row 1 is -1") as caught:
        ledger.commit([3, -1])
    assert caught.value.code == "item_out_of_range"
    assert pickle.dumps(ledger) == before


@pytest.mark.parametrize("level", [0.4, -1.0, 1.0, 2.0, np.nan])
def test_a_level_that_falls_or_reaches_one_is_refused(level):
    ledger = gt.AuditLedger()
    ledger.raise_level(0.5)
    with pytest.raises(gt.InvalidArgument, match="level"):
        ledger.raise_level(level)
    assert ledger.level == 0.5


@pytest.mark.parametrize("items", [[0.5], ["a"], [True], [[1, 2]], 3, None, [None]])
def test_items_of_a_ledger_are_integers(items):
    ledger = gt.AuditLedger()
    for call in (ledger.commit, ledger.withdraw):
        with pytest.raises(gt.InvalidType, match="integers"):
            call(items)


def test_an_item_that_is_not_committed_is_not_recorded():
    ledger = gt.AuditLedger()
    assert ledger.record(4, wrong=True) is False
    ledger.commit([4])
    assert ledger.record(4, wrong=True) is True
    assert ledger.n_delivered == 0


def test_the_same_seed_has_the_same_coins_and_another_has_others():
    def audited(seed):
        ledger = gt.AuditLedger(seed=seed)
        ledger.commit(np.arange(200))
        return ledger.raise_level(0.3).tolist()

    assert audited(4) == audited(4)
    assert audited(4) != audited(5)


def test_the_share_of_items_due_is_the_level():
    ledger = gt.AuditLedger(seed=11)
    ledger.commit(np.arange(20_000))
    assert len(ledger.raise_level(0.25)) / 20_000 == pytest.approx(0.25, abs=0.02)  # six standard deviations
    late = ledger.commit(np.arange(20_000, 40_000))
    assert len(late) / 20_000 == pytest.approx(0.25, abs=0.02)


class Account:
    """What a ledger has to say, kept by hand from what it answers."""

    def __init__(self):
        self.live, self.due, self.found = [], set(), {}

    def delivered(self):
        return [item for item in self.live if item not in self.due and item not in self.found]

    def check(self, ledger):
        delivered = self.delivered()
        waiting = [item for item in self.live if item in self.due and item not in self.found]
        audited = [item for item in self.found if item in self.due]
        free = [item for item in self.found if item not in self.due]  # whose coins may have come up since, unseen
        assert ledger.delivered().tolist() == delivered
        assert ledger.due().tolist() == waiting
        assert ledger.n_delivered == len(delivered)
        assert ledger.n_due == len(waiting)
        assert len(audited) <= ledger.n_audited <= len(audited) + len(free)
        n_wrong = sum(self.found[item] for item in audited)
        assert n_wrong <= ledger.errors_found <= n_wrong + sum(self.found[item] for item in free)
        assert 0 <= ledger.wrong_at_most <= ledger.n_delivered


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("commit"), st.lists(st.integers(0, 60), unique=True, max_size=25)),
        st.tuples(st.just("raise"), st.floats(0.0, 0.6)),
        st.tuples(st.just("record"), st.tuples(st.integers(0, 60), st.booleans())),
        st.tuples(st.just("answer all"), st.booleans()),
        st.tuples(st.just("withdraw"), st.lists(st.integers(0, 60), max_size=10)),
        st.tuples(st.just("pickle"), st.none()),
    ),
    max_size=25,
)


@settings(max_examples=80, deadline=None)
@given(steps=STEPS, seed=st.integers(0, 2**64 - 1))
def test_any_sequence_of_calls_keeps_the_counts_and_the_bound_of_a_ledger_consistent(steps, seed):
    ledger, account = gt.AuditLedger(seed=seed), Account()
    for step, argument in steps:
        if step == "commit":
            fresh = [item for item in argument if item not in account.live]
            due = ledger.commit(np.array(fresh, dtype=np.int64))
            account.live += fresh
            account.due |= set(due.tolist())
        elif step == "raise":
            due = ledger.raise_level(ledger.level + argument * (1 - ledger.level))
            assert not account.due & set(due.tolist())
            account.due |= set(due.tolist())
        elif step == "record":
            item, wrong = argument
            assert ledger.record(item, wrong) == (item in account.live)
            if item in account.live:
                account.found[item] = wrong
        elif step == "answer all":
            for item in ledger.due():
                ledger.record(item, argument)
                account.found[int(item)] = argument
            if ledger.level > 0:
                unfound = gt.max_wrong_unfound(ledger.errors_found, ledger.level)
                assert ledger.wrong_at_most <= max(unfound, 0)
        elif step == "withdraw":
            ledger.withdraw(np.array(argument, dtype=np.int64))
            gone = set(argument) & set(account.delivered())
            account.live = [item for item in account.live if item not in gone]
        else:
            ledger = pickle.loads(pickle.dumps(ledger))
        account.check(ledger)


def test_the_bound_fails_no_more_often_than_it_says():
    """An adversary raises the level until it looks good; 400 ledgers at 20 % fail 80 times at most, but for luck."""
    n_failed = 0
    for seed in range(400):
        wrong = set(range(0, 200, 8))
        ledger = gt.AuditLedger(failure_probability=0.2, seed=seed)
        ledger.commit(np.arange(200))
        failed = False
        for level in np.linspace(0.02, 0.5, 12):
            for item in ledger.raise_level(level):
                ledger.record(item, int(item) in wrong)
            failed |= len(wrong & set(ledger.delivered().tolist())) > ledger.wrong_at_most
        n_failed += failed
    assert 0 < n_failed <= 80 + 3 * 8  # three standard deviations; a bound that never fails is not tight


# --- certificate ---


@pytest.fixture
def audited():
    """1,000 labels of which 10 are wrong, audited at 20 %."""
    ledger = gt.AuditLedger(seed=5)
    ledger.commit(np.arange(1000))
    for item in ledger.raise_level(0.2):
        ledger.record(item, wrong=item % 100 == 0)
    return ledger


def test_a_certificate_says_what_the_ledger_says(audited):
    target = gt.ErrorTarget(max_error=0.1, failure_probability=0.05)
    certificate = gt.certify(audited, target, n_items=1200)
    assert certificate.max_error == 0.1
    assert certificate.failure_probability == 0.05
    assert certificate.of == "auto_labels"
    assert certificate.delivered == audited.n_delivered
    assert certificate.audited == audited.n_audited
    assert certificate.errors_found == audited.errors_found
    assert certificate.wrong_at_most == audited.wrong_at_most
    assert certificate.bound == audited.wrong_at_most / audited.n_delivered
    assert str(certificate) == certificate.statement
    for number in (certificate.wrong_at_most, certificate.delivered, certificate.audited, certificate.errors_found):
        assert str(number) in certificate.statement
    assert "95 %" in certificate.statement


def test_a_certificate_of_the_dataset_counts_against_the_whole_pool(audited):
    certificate = gt.certify(audited, gt.ErrorTarget(max_error=0.1, of="dataset"), n_items=4000)
    assert certificate.of == "dataset"
    assert certificate.bound == audited.wrong_at_most / 4000


def test_the_certificate_turns_at_the_bound(audited):
    bound = audited.wrong_at_most / audited.n_delivered
    assert gt.certify(audited, gt.ErrorTarget(max_error=bound + 1e-9), n_items=1000) is not None
    assert gt.certify(audited, gt.ErrorTarget(max_error=bound - 1e-9), n_items=1000) is None


def test_nothing_delivered_certifies_nothing():
    assert gt.certify(gt.AuditLedger(), gt.ErrorTarget(max_error=0.99), n_items=10) is None


def test_a_ledger_cannot_promise_more_than_it_was_made_for(audited):
    with pytest.raises(gt.InvalidArgument, match="failure_probability"):
        gt.certify(audited, gt.ErrorTarget(max_error=0.1, failure_probability=0.01), n_items=1000)


@pytest.mark.parametrize("of", ["auto_labels", "dataset"])
@pytest.mark.parametrize("n_items", [-1, 0, 10])
def test_a_pool_smaller_than_its_delivered_labels_is_refused(audited, n_items, of):
    with pytest.raises(gt.InvalidArgument, match="n_items"):
        gt.certify(audited, gt.ErrorTarget(max_error=0.1, of=of), n_items=n_items)


def test_certificates_are_values(audited):
    target = gt.ErrorTarget(max_error=0.1)
    one, same = (gt.certify(audited, target, n_items=1000) for _ in range(2))
    other = gt.certify(audited, gt.ErrorTarget(max_error=0.2), n_items=1000)
    assert one == same
    assert hash(one) == hash(same)
    assert one != other
    assert one != one.statement
    assert pickle.loads(pickle.dumps(one)) == one
    assert copy.deepcopy(one) == one
    assert "bound=" in repr(one)


def test_a_copied_ledger_goes_on_with_the_same_coins(audited):
    copies = [pickle.loads(pickle.dumps(audited)), copy.deepcopy(audited)]
    due = audited.raise_level(0.4).tolist()
    late = audited.commit(np.arange(1000, 1100)).tolist()
    for ledger in copies:
        assert ledger.raise_level(0.4).tolist() == due
        assert ledger.commit(np.arange(1000, 1100)).tolist() == late
        assert ledger.wrong_at_most == audited.wrong_at_most


def test_coins_from_the_system_differ():
    def coins(ledger):
        ledger.commit(range(200))
        return ledger.raise_level(0.5).tolist()

    assert coins(gt.AuditLedger(seed=None)) != coins(gt.AuditLedger(seed=None))
    assert gt.ConfidenceRouter(seed=None).seed != gt.ConfidenceRouter(seed=None).seed


# --- every class by itself ---


def test_a_target_per_class_is_of_automatic_labels_only():
    target = gt.ErrorTarget(0.1, per_class=True)
    assert target.per_class
    assert not gt.ErrorTarget(0.1).per_class
    assert target != gt.ErrorTarget(0.1)
    assert "per_class=True" in repr(target)
    assert pickle.loads(pickle.dumps(target)) == target
    with pytest.raises(gt.InvalidArgument, match="per_class"):
        gt.ErrorTarget(of="dataset", per_class=True)


@pytest.fixture
def two_classes():
    """3,000 sure labels of class 0, 40 of class 1."""
    probabilities = np.full((3040, 2), 0.001)
    probabilities[:3000, 0] = 0.999
    probabilities[3000:, 1] = 0.999
    return probabilities


def test_a_router_per_class_has_a_ledger_per_class_and_leaves_small_ones_to_people(two_classes):
    target = gt.ErrorTarget(per_class=True)
    routing = gt.ConfidenceRouter(target, seed=2).route(two_classes)
    assert len(routing.ledgers) == 2
    assert (routing.routes[3000:] == "human").all()
    assert routing.ledgers[1].n_delivered == 0
    assert "1 of 2 classes" in routing.reason
    with pytest.raises(IndexError):
        routing.ledgers[2]
    assert gt.certify(routing.ledgers, target, n_items=3040) is None
    for item in routing.ledgers.due():
        assert routing.ledgers.record(item, wrong=False)
    certificate = gt.certify(routing.ledgers, target, n_items=3040)
    (of_class_0,) = certificate.by_class
    assert of_class_0.class_index == 0
    assert of_class_0.delivered == certificate.delivered == routing.n_auto == len(routing.ledgers.delivered())
    assert of_class_0.audited == routing.n_audit
    assert of_class_0.bound == certificate.bound <= 0.05
    assert pickle.loads(pickle.dumps(certificate)) == certificate
    assert pickle.loads(pickle.dumps(certificate)).by_class[0].wrong_at_most == of_class_0.wrong_at_most
    assert "bound" in repr(of_class_0)


def test_one_ledger_cannot_tell_classes_apart(audited):
    with pytest.raises(gt.InvalidArgument, match="per_class"):
        gt.certify(audited, gt.ErrorTarget(per_class=True), n_items=1000)
