"""What comes out of a job: labels as a table, the report, its page for notebooks, its plot."""

import dataclasses
import xml.etree.ElementTree as ElementTree

import gtlabel as gt
import numpy as np
import pytest

COLUMNS = ["item", "id", "label", "class_index", "source", "confidence", "round"]
CLASSES = ("<b>cat</b>", 'dog & "pup"')


class Branded(gt.IncrementalModel):
    """A constant model whose name would break a page."""

    @property
    def kind(self):
        return "<script>alert('x')</script>"

    def attach(self, X, n_classes):
        pass

    def update(self, items, targets, weights):
        pass

    def predict_proba(self, items):
        return np.full((len(items), 2), 0.5)


@pytest.fixture(scope="module")
def named(blobs):
    return blobs(classes=CLASSES)


@pytest.fixture(scope="module")
def job(named):
    """A finished job with ids and class names that need care."""
    job = named.job(ids=[f"photo-{item:03}" for item in range(400)])
    job.run(named.annotate)
    return job


@pytest.fixture(scope="module")
def begun(named):
    """A job halfway: its first batch is answered and its second is out."""
    job = named.job()
    batch = job.next_batch()
    job.submit(batch.items, named.annotate(batch))
    job.next_batch()
    return job


@pytest.fixture
def plt():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    yield plt
    plt.close("all")


def test_the_report_compares_what_queries_chose_with_a_random_control(job):
    report = job.report()
    query = report.query
    answers = job.answers()
    n_queried = report.n_human - report.n_audited - len(answers["item"][answers["round"] == 0])
    assert query.n_chosen + query.n_control <= n_queried
    assert 0 <= query.chosen_wrong <= query.n_chosen
    assert 0 <= query.control_wrong <= query.n_control
    assert query.n_control > 0, "one in ten"
    assert query.lift_low < query.lift < query.lift_high
    expected = ((query.chosen_wrong + 0.5) / (query.n_chosen + 0.5)) / (
        (query.control_wrong + 0.5) / (query.n_control + 0.5)
    )
    assert query.lift == pytest.approx(expected)
    assert f"{query.control_wrong} of {query.n_control} random ones" in str(query)
    assert str(query) in str(report)


def test_a_report_before_the_first_query_says_nothing_of_queries(begun):
    query = begun.report().query
    assert (query.n_chosen, query.n_control, query.lift_high) == (0, 0, float("inf"))
    assert str(query) == "nothing to compare yet: 0 chosen items and 0 random ones answered"
    assert str(query) not in str(begun.report())


def test_queries_of_which_the_model_knew_all_are_no_ratio():
    query = gt.QueryRecord(23, 0, 2, 0, lift=0.11, lift_low=0.0, lift_high=4.3)
    assert str(query) == "the model was wrong about 0 of 23 chosen items and 0 of 2 random ones: too few to compare"


# --- labels ---


def test_labels_have_the_columns_of_the_contract(job):
    labels = job.labels()
    assert list(labels) == list(labels.keys()) == COLUMNS
    assert list(dict(labels)) == COLUMNS
    assert {len(labels[name]) for name in labels} == {400} == {len(labels)}
    for name in COLUMNS:
        assert labels[name] is getattr(labels, name)
    assert labels.item.dtype == np.int64
    assert labels.class_index.dtype == np.int32
    assert labels.confidence.dtype == np.float32
    assert labels.round.dtype == np.int32
    assert labels.label.dtype.kind == labels.source.dtype.kind == "U"


def test_the_columns_of_labels_agree_with_each_other(job):
    labels = job.labels()
    assert labels.id.tolist() == [f"photo-{item:03}" for item in labels.item]
    np.testing.assert_array_equal(labels.label, np.array(CLASSES)[labels.class_index])
    assert set(labels.source.tolist()) == {"human", "auto"}
    assert ((labels.confidence > 0) & (labels.confidence <= 1)).all()
    assert (labels.round >= 0).all()
    assert (labels.round <= job.report().rounds).all()


def test_without_ids_an_items_id_is_its_index(begun):
    labels = begun.labels()
    np.testing.assert_array_equal(labels.id, labels.item)


@pytest.mark.parametrize("ids", [["a", "b\u00e9", ""], (7, 8, 9), np.array([7, 8, 9]), np.array(["a", "b", "c"])])
def test_ids_are_kept_as_text(named, ids):
    job = gt.LabelingJob(named.X[:3], CLASSES, ids=ids)
    job.run(named.annotate)
    assert job.labels().id.tolist() == job.ids.tolist() == [str(name) for name in ids]
    assert gt.LabelingJob(named.X[:3], CLASSES).ids is None


@pytest.mark.parametrize("ids", [[("a", 1), None, 3.5], ["a", None, "c"], [1.0, 2.0, 3.0], "abc", 3])
def test_ids_that_are_no_names_are_refused(named, ids):
    with pytest.raises(gt.InvalidType, match="ids: "):
        gt.LabelingJob(named.X[:3], CLASSES, ids=ids)


def test_labels_before_the_end_are_those_decided(begun, named):
    labels = begun.labels()
    asked = set(begun.next_batch().items.tolist())
    assert 0 < len(labels) < 400
    assert not asked & set(labels.item.tolist()), "what is out is not decided"
    assert labels.item.tolist() == sorted(labels.item.tolist())


def test_labels_are_a_picture_of_the_moment(named):
    job = named.job()
    job.submit([3], [0])
    labels = job.labels()
    job.submit([4], [1])
    assert len(labels) == 1
    assert len(job.labels()) == 2


def test_an_unknown_column_is_a_key_error_that_names_the_others(job):
    with pytest.raises(KeyError, match="expected one of item, id, label"):
        job.labels()["colour"]


def test_labels_are_summed_up_in_their_repr(job):
    report = job.report()
    assert repr(job.labels()) == f"Labels(400 rows: {report.n_human} human, {report.n_auto} auto)"


def test_labels_to_pandas(job):
    pd = pytest.importorskip("pandas")
    labels, frame = job.labels(), job.labels().to_pandas()
    assert isinstance(frame, pd.DataFrame)
    assert frame.columns.tolist() == COLUMNS
    for name in COLUMNS:
        assert frame[name].tolist() == labels[name].tolist()


def test_labels_to_arrow(job):
    pa = pytest.importorskip("pyarrow")
    labels, table = job.labels(), job.labels().to_arrow()
    assert isinstance(table, pa.Table)
    assert table.column_names == COLUMNS
    assert table.schema.field("item").type == pa.int64()
    assert table.schema.field("confidence").type == pa.float32()
    for name in COLUMNS:
        assert table[name].to_pylist() == labels[name].tolist()


def test_labels_speak_the_capsule_protocol_of_arrow(job):
    pa = pytest.importorskip("pyarrow")
    labels = job.labels()
    assert pa.table(labels).equals(labels.to_arrow())
    assert pa.RecordBatchReader.from_stream(labels).read_all().equals(labels.to_arrow())


def test_labels_are_a_polars_frame(job):
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame(job.labels())
    assert frame.columns == COLUMNS
    assert frame["label"].to_list() == job.labels().label.tolist()


def test_empty_labels_have_all_columns(named):
    labels = named.job().labels()
    assert len(labels) == 0
    assert repr(labels) == "Labels(0 rows: 0 human, 0 auto)"
    if pytest.importorskip("pandas"):
        assert labels.to_pandas().shape == (0, len(COLUMNS))


# --- report ---


def test_a_report_adds_up(job, named):
    report, labels = job.report(), job.labels()
    assert report.n_items == 400
    assert report.n_human == np.count_nonzero(labels.source == "human")
    assert report.n_auto == np.count_nonzero(labels.source == "auto")
    assert report.savings == pytest.approx(1 - report.n_human / 400)
    assert report.n_answers == len(job.answers()["item"])
    assert report.n_audited <= report.n_human
    assert report.rounds == len(report.history) == report.history[-1].round
    assert report.is_finished
    assert report.seconds >= sum(record.seconds for record in report.history) * 0.5 >= 0
    assert report.certificate == job.certificate()
    assert report.model == "committee"
    assert "10 %" in report.target
    assert "certified" in report.outcome


def test_the_classes_of_a_report_add_up(job):
    report = job.report()
    assert [record.label for record in report.by_class] == job.classes
    assert [record.class_index for record in report.by_class] == list(range(len(job.classes)))
    for total, column in (("n_human", "n_human"), ("n_auto", "n_auto"), ("n_audited", "n_audited")):
        assert sum(getattr(record, column) for record in report.by_class) == getattr(report, total)
    labels = job.labels()
    for record in report.by_class:
        of_class = labels["class_index"] == record.class_index
        assert record.n_auto == np.sum(of_class & (labels["source"] == "auto"))
        assert record.n_human == np.sum(of_class & (labels["source"] == "human"))


def test_a_job_per_class_shows_what_is_proved_of_each():
    truth = np.arange(1200) % 2
    sure = np.full((1200, 2), 0.002)
    sure[np.arange(1200), truth] = 0.998
    target = gt.ErrorTarget(per_class=True)
    job = gt.LabelingJob(None, ["a & b", "c"], target=target, probabilities=sure)
    report = job.run(lambda batch: truth[batch.items])
    assert [entry.class_index for entry in report.certificate.by_class] == [0, 1]
    for record, entry in zip(report.by_class, report.certificate.by_class, strict=True):
        assert (record.n_auto, record.n_audited) == (entry.delivered, entry.audited)
        assert f"{entry.bound:.2%}" in str(report)
        assert f"{entry.bound:.2%}" in report._repr_html_()
    assert "of each class" in report.target
    assert "a &amp; b" in report._repr_html_()
    assert "wrong at most" in report._repr_html_()


def test_the_outcome_warns_of_a_class_that_no_automatic_label_names():
    truth = np.where(np.arange(3000) % 60 == 0, 2, np.arange(3000) % 2)
    blind = np.full((3000, 3), 0.001)
    blind[np.arange(3000), np.arange(3000) % 2] = 0.998
    job = gt.LabelingJob(None, ["a", "b", "rare"], probabilities=blind)
    report = job.run(lambda batch: truth[batch.items])
    assert report.certificate is not None
    assert report.by_class[2].n_auto == 0
    assert "Beware" in report.outcome
    assert "'rare'" in report.outcome


def test_a_report_cannot_be_changed(job):
    with pytest.raises(dataclasses.FrozenInstanceError):
        job.report().n_human = 0


def test_a_report_of_a_job_that_has_not_begun_is_empty(named):
    report = named.job().report()
    assert (report.n_human, report.n_auto, report.n_audited, report.n_answers, report.rounds) == (0, 0, 0, 0, 0)
    assert report.savings == 1
    assert report.history == ()
    assert not report.is_finished
    assert report.certificate is None
    assert "still running" in str(report)


def test_the_history_has_a_record_per_round_that_grows(job):
    report = job.report()
    assert [record.round for record in report.history] == list(range(1, report.rounds + 1))
    for name in ("n_human", "n_audited", "errors_found", "human_share"):
        values = [getattr(record, name) for record in report.history]
        assert values == sorted(values), name
    for record in report.history:
        assert record.human_share == pytest.approx(record.n_human / 400)
        assert record.coverage == pytest.approx((record.n_human + record.n_auto) / 400)
        assert record.human_share <= record.expected_human_share <= 1
        assert 0 <= record.estimated_error <= 1
        assert 0 <= record.bounded_error <= 1
        assert 0 <= record.accuracy <= 1
        assert record.seconds >= 0
    assert report.history[0].n_human > 0
    assert report.history[-1].n_human <= report.n_human


def test_the_accuracy_of_a_history_is_that_of_the_model(named):
    job = named.job(model=Branded())
    job.run(lambda batch: np.ones(len(batch), dtype=int))
    assert {record.accuracy for record in job.report().history} <= {0.0}, "it always says class 0 of equal ones"


def test_the_history_as_a_frame(job):
    pytest.importorskip("pandas")
    report = job.report()
    frame = report.history_to_pandas()
    assert frame.columns.tolist() == [field.name for field in dataclasses.fields(gt.Round)]
    assert len(frame) == len(report.history)
    for name in frame.columns:
        assert frame[name].tolist() == [getattr(record, name) for record in report.history]


def test_the_history_of_nothing_is_a_frame_with_columns(named):
    pytest.importorskip("pandas")
    frame = named.job().report().history_to_pandas()
    assert frame.shape == (0, len(dataclasses.fields(gt.Round)))


def test_a_printed_report_says_the_numbers(job):
    report, text = job.report(), str(job.report())
    for number in (report.n_human, report.n_auto, report.n_audited):
        assert f"{number:,}" in text
    assert report.certificate.statement in text
    assert report.outcome in text
    assert f"{report.n_human / 400:.1%}" in text


# --- the page for notebooks ---


def cells_of(page):
    """Head and value of each row; fails unless the page is well-formed."""
    table = ElementTree.fromstring(page)
    assert table.tag == "table"
    return {row[0].text: row[1].text for row in table.iter("tr")}


@pytest.mark.parametrize("which", ["finished", "begun", "fresh"])
def test_the_page_of_a_job_is_valid_and_says_what_the_report_says(job, begun, named, which):
    shown = {"finished": job, "begun": begun, "fresh": named.job()}[which]
    page = shown._repr_html_()
    assert page == shown.report()._repr_html_()
    cells = cells_of(page)
    report = shown.report()
    assert cells["items"] == "400"
    assert f"{report.n_human:,} " in cells["asked of people"]
    assert cells["labelled automatically"] == f"{report.n_auto:,} ({report.n_auto / 400:.1%})"
    assert cells["certificate"] == (report.certificate.statement if report.certificate else "none")
    assert ("finished" in cells["state"]) == report.is_finished


def test_the_page_escapes_the_names_that_users_give(named):
    job = named.job(model=Branded())
    job.submit([0, 1], [CLASSES[0], CLASSES[1]])
    page = job._repr_html_()
    assert "<script>" not in page
    assert "<b>cat" not in page
    assert "<script>alert('x')</script>" in cells_of(page)["state"]


# --- plot ---


def lines_of(figure):
    """Every labelled line of a figure by its label."""
    lines = [line for axes in figure.axes for line in axes.lines]
    return {line.get_label(): line for line in lines if not line.get_label().startswith("_")}


def test_a_plot_makes_its_own_axes_or_uses_those_given(job, plt):
    report = job.report()
    own = report.plot()
    assert own.figure is not None
    _, given = plt.subplots()
    assert report.plot(ax=given) is given
    assert report.plot(given) is given


def test_the_lines_of_a_plot_carry_the_history(job, plt):
    report = job.report()
    figure = report.plot().figure
    lines = lines_of(figure)
    rounds = [record.round for record in report.history]
    for label, name in (
        ("labelled", "coverage"),
        ("labelled by people", "human_share"),
        ("by people, expected in all", "expected_human_share"),
    ):
        assert lines[label].get_xdata().tolist() == rounds
        assert lines[label].get_ydata().tolist() == [getattr(record, name) for record in report.history]
    proved = lines["error, proved at most"].get_ydata()
    for drawn, record in zip(proved, report.history, strict=True):
        if record.n_auto > 0 and record.bounded_error < 1:
            assert drawn == record.bounded_error
        else:
            assert np.isnan(drawn)
    estimated = lines["error, estimated"].get_ydata()
    for drawn, record in zip(estimated, report.history, strict=True):
        assert drawn == record.estimated_error or (record.estimated_error == 0 and np.isnan(drawn))
    assert set(lines["error, target"].get_ydata()) == {0.1}


def test_both_scales_of_a_plot_are_labelled(job, plt):
    ax = job.report().plot()
    left, right = ax.figure.axes
    assert left is ax
    assert left.get_xlabel() == "round"
    assert left.get_ylabel() == "share of the pool"
    assert right.get_ylabel() == "error of the automatic labels"
    assert f"{job.report().n_human:,}" in left.get_title()
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    assert set(lines_of(ax.figure)) == set(legend)


@pytest.mark.parametrize("which", ["finished", "begun", "fresh", "people alone"])
def test_every_plot_can_be_drawn(job, begun, named, plt, which, tmp_path):
    if which == "people alone":
        shown = gt.LabelingJob(named.X[:30], CLASSES)
        shown.run(named.annotate)
    else:
        shown = {"finished": job, "begun": begun, "fresh": named.job()}[which]
    shown.report().plot().figure.savefig(tmp_path / "plot.png")
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")
