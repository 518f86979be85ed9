"""Labels and answers as CSV, JSON Lines, Parquet and frames: out and in again, and what is wrong with a file."""

import contextlib
import dataclasses
import tempfile
from pathlib import Path

import gtlabel as gt
import numpy as np
import pytest
from gtlabel.formats import AnswerTable
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pa = pytest.importorskip("pyarrow")
pd = pytest.importorskip("pandas")

SETTINGS = settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
KINDS = ["csv", "jsonl", "parquet"]
# numpy takes characters 0 at the end of a text for padding.
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6)
awkward = st.sampled_from(
    ["a,b", 'say "x"', "l1\nl2", "l1\r\nl2", "\r", " ", "", "é日本🐕", "007", "1e5", "NaN", "null"]
)
names = awkward | texts


@st.composite
def label_tables(draw, n_most=6):
    ids = draw(st.lists(names, max_size=n_most, unique=True))
    has_ids = draw(st.booleans())
    classes = draw(st.lists(names, min_size=2, max_size=4, unique=True))
    n = len(ids)
    index = np.array([draw(st.integers(0, len(classes) - 1)) for _ in range(n)], dtype=np.int32)
    nothing = np.array([draw(st.integers(0, 5)) == 0 for _ in range(n)], dtype=bool)
    index[nothing] = gt.NONE_OF_THESE.code
    item = np.array(draw(st.lists(st.integers(0, 10**9), min_size=n, max_size=n, unique=True)), dtype=np.int64)
    label = np.array([*classes, "none of these", "unsure", "skip", ""], dtype=np.str_)[index]
    source = np.array([draw(st.sampled_from(["human", "auto"])) for _ in range(n)], dtype=np.str_)
    confidence = draw(st.lists(st.just(np.nan) | st.floats(0, 1, width=32), min_size=n, max_size=n))
    rounds = np.array([draw(st.integers(0, 2**31 - 1)) for _ in range(n)], dtype=np.int32)
    return gt.Labels(
        item=item,
        id=np.array(ids, dtype=np.str_) if has_ids else item,
        label=label,
        class_index=index,
        source=source,
        confidence=np.array(confidence, dtype=np.float32),
        round=rounds,
    )


@st.composite
def answer_tables(draw):
    n = draw(st.integers(0, 6))
    column = st.lists(names, min_size=n, max_size=n)
    answers = st.lists(names.filter(bool), min_size=n, max_size=n)
    certainties = st.lists(st.just(np.nan) | st.floats(0, 1, exclude_min=True), min_size=n, max_size=n)
    seconds = st.lists(st.just(np.nan) | st.floats(0, 1e9), min_size=n, max_size=n)
    return AnswerTable(
        item=np.array(draw(column), dtype=np.str_),
        worker=np.array(draw(column), dtype=np.str_),
        answer=np.array(draw(answers), dtype=np.str_),
        certainty=np.array(draw(certainties), dtype=np.float64),
        seconds=np.array(draw(seconds), dtype=np.float64),
    )


def assert_same(one, other, as_text=()):
    assert list(one) == list(other)
    for name in one:
        first, second = one[name], other[name]
        if name in as_text:
            first, second = first.astype(str), second.astype(str)
        elif len(one):
            assert first.dtype.kind == second.dtype.kind, name
            assert first.dtype == second.dtype or first.dtype.kind == "U", name
        np.testing.assert_array_equal(first, second, err_msg=name)


@pytest.mark.parametrize("kind", KINDS)
def test_labels_are_read_as_they_were_written(kind):
    @SETTINGS
    @given(label_tables())
    def same(labels):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"labels.{kind}"
            gt.formats.write_labels(labels, path)
            read = gt.formats.read_labels(path)
        assert_same(labels, read, as_text=("id",) if is_all_digits(labels.id) else ())

    same()


@pytest.mark.parametrize("kind", KINDS)
def test_answers_are_read_as_they_were_written(kind):
    @SETTINGS
    @given(answer_tables())
    def same(answers):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"answers.{kind}"
            gt.formats.write_answers(answers, path)
            read = gt.formats.read_answers(path)
        assert_same(answers, read, as_text=("item",) if is_all_digits(answers.item) else ())

    same()


def is_all_digits(ids):
    return all(str(name).isascii() and str(name).isdigit() for name in ids.tolist())


def frames():
    polars = pytest.importorskip("polars")
    return {
        "pandas": lambda table: table.to_pandas(),
        "arrow": lambda table: table.to_arrow(),
        "polars": gt.formats.to_polars,
        "polars by PyCapsule": polars.DataFrame,
        "arrow by PyCapsule": pa.table,
        "mapping": dict,
    }


@pytest.mark.parametrize("kind", ["pandas", "arrow", "polars", "polars by PyCapsule", "arrow by PyCapsule", "mapping"])
def test_labels_and_answers_go_through_frames_unchanged(kind):
    to_frame = frames()[kind]

    @SETTINGS
    @given(label_tables(), answer_tables())
    def same(labels, answers):
        assert_same(labels, gt.formats.read_labels(to_frame(labels)), ("id",) if is_all_digits(labels.id) else ())
        items = ("item",) if is_all_digits(answers.item) else ()
        assert_same(answers, gt.formats.read_answers(to_frame(answers)), items)

    same()


def test_a_hugging_face_dataset_with_a_class_label_goes_out_and_in():
    pytest.importorskip("datasets")

    @settings(SETTINGS, max_examples=10)
    @given(label_tables())
    def same(labels):
        pairs = set(zip(labels.class_index.tolist(), labels.label.tolist(), strict=True))
        # Names of classes that nobody named, in the places that are free.
        classes = {index: name for index, name in pairs if index >= 0}
        order = [classes.get(index, f"unused {index} of {sorted(classes)}") for index in range(5)]
        dataset = gt.formats.to_dataset(labels, order)
        assert dataset.features["label"].names == order == gt.formats.class_names(dataset)
        read, names = gt.formats.labels_from_dataset(dataset)
        assert names == order
        assert_same(labels, read)

    same()


def test_a_strangers_dataset_gives_labels_by_people_and_leaves_out_rows_without():
    datasets = pytest.importorskip("datasets")
    features = datasets.Features({"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["neg", "pos"])})
    dataset = datasets.Dataset.from_dict({"text": ["a", "b", "c"], "label": [1, -1, 0]}, features=features)
    labels, classes = gt.formats.labels_from_dataset(dataset)
    assert classes == ["neg", "pos"]
    assert labels.item.tolist() == [0, 2]
    assert labels.label.tolist() == ["pos", "neg"]
    with pytest.raises(gt.InvalidArgument, match=r"'text' is Value.*expected a ClassLabel"):
        gt.formats.labels_from_dataset(dataset, label="text")
    with pytest.raises(gt.InvalidType, match=r"expected a datasets.Dataset"):
        gt.formats.labels_from_dataset(datasets.DatasetDict(train=dataset))


# --- a job ---


def test_the_labels_of_a_job_come_back_and_its_file_is_plain_text(pool, same_labels, tmp_path):
    job = pool.job(ids=[f"photo,{item:03}" for item in range(400)])
    job.run(pool.annotate)
    gt.formats.write_labels(job.labels(), tmp_path / "labels.csv")
    same_labels(job.labels(), gt.formats.read_labels(tmp_path / "labels.csv"))
    first, second = (tmp_path / "labels.csv").read_text().splitlines()[:2]
    assert first == "item,id,label,class_index,source,confidence,round"
    assert second.startswith('0,"photo,000",')
    assert list(pd.read_csv(tmp_path / "labels.csv").columns) == list(job.labels())


@pytest.mark.parametrize("ids", [None, [f"photo {item}" for item in range(400)]])
def test_answers_of_a_file_are_submitted_to_a_job_by_id(pool, ids, tmp_path):
    job = pool.job(ids=ids)
    batch = job.next_batch()
    names = [str(item) if ids is None else ids[item] for item in batch.items]
    rows = [f"{name},ann,{answer}" for name, answer in zip(names, pool.annotate(batch), strict=True)]
    rows[0] = f"{names[0]},ann,skip"
    (tmp_path / "answers.csv").write_text("\n".join(["task,annotator,label", *rows]))
    said = job.submit(**gt.formats.read_answers(tmp_path / "answers.csv").for_job(job))
    assert (said.n_answers, said.n_skipped) == (len(batch) - 1, 1)
    gt.formats.write_answers(job.answers(), tmp_path / "given.jsonl")
    given = gt.formats.read_answers(tmp_path / "given.jsonl")
    assert given.answer.tolist() == job.answers()["label"].tolist()
    assert set(given.worker.tolist()) == {"ann"}
    unknown = dataclasses.replace(given, item=np.array(["gone"] * len(given)))
    with pytest.raises(gt.InvalidArgument, match="item 'gone' is not one of the job's 400 items"):
        unknown.for_job(job)


def test_answers_of_a_file_are_consolidated(tmp_path):
    rows = ["item,worker,answer", "i1,ann,cat", "i1,bob,cat", "i1,eve,dog", "i2,ann,skip", "i2,bob,dog", "i2,eve,"]
    (tmp_path / "answers.csv").write_text("\n".join(rows))
    answers = gt.formats.read_answers(tmp_path / "answers.csv")
    assert len(answers) == 5, "who said nothing is left out"
    result = gt.majority_vote(**answers.votes())
    assert dict(zip(result.items_.tolist(), result.labels_.tolist(), strict=True)) == {"i1": "cat", "i2": "dog"}
    assert gt.majority_vote(answers).items_.tolist() == ["i1", "i2"], "also as a frame"


def test_a_guess_of_a_file_is_a_guess(pool):
    table = {"item": [0, 1, 2], "worker": ["a", "a", "a"], "answer": ["class 0", "unsure", "none of these"]}
    answers = gt.formats.read_answers(table | {"certainty": [0.6, None, None]}).for_job(pool.job())["answers"]
    assert answers == [gt.Unsure("class 0", 0.6), gt.UNSURE, gt.NONE_OF_THESE]


def test_somebody_elses_table_needs_a_column_label_alone(tmp_path):
    (tmp_path / "theirs.csv").write_text("\ufefflabel,text\npos,x\nneg,y\n", encoding="utf-8")
    labels = gt.formats.read_labels(tmp_path / "theirs.csv", classes=["pos", "neg"])
    assert labels.class_index.tolist() == [0, 1]
    assert labels.id.tolist() == labels.item.tolist() == [0, 1]
    assert np.isnan(labels.confidence).all()
    assert gt.formats.read_labels(tmp_path / "theirs.csv").class_index.tolist() == [1, 0], "sorted by default"


# --- what is wrong ---

HEAD = "item,id,label,class_index,source,confidence,round\n"
GOOD = "0,a,cat,0,human,1.0,0\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "empty, expected a line with the names"),
        (b"\xff\xfe", "line 1: invalid start byte at byte 0, expected UTF-8"),
        (b"item,item\n", "line 1: columns .* expected each name once"),
        (b"item,worker\n", "expected one called 'label'"),
        (HEAD + GOOD + "1,b,cat\n", "line 3: 3 fields given, expected 7"),
        (HEAD + '0,"a\nb",cat,0,human,1.0,0\n1,b,cat,x,human,1,0\n', "line 4: class_index 'x' given"),
        (HEAD + '0,"a,cat,0,human,1.0,0\n', "line 2: no CSV: unexpected end"),
        (HEAD + GOOD + "0,b,cat,0,human,1.0,0\n", "line 3: item 0 twice"),
        (HEAD + GOOD + "1,a,cat,0,human,1.0,0\n", "line 3: id 'a' twice"),
        (HEAD + GOOD + "1,b,dog,0,human,1.0,0\n", "line 3: class 0 is called 'dog', but 'cat' before"),
        (HEAD + "0,a,cat,0,robot,1.0,0\n", "line 2: source 'robot' given, expected 'human' or 'auto'"),
        (HEAD + "0,a,cat,0,human,high,0\n", "line 2: confidence 'high' given, expected a number"),
        (HEAD + "-1,a,cat,0,human,1,0\n", "line 2: item -1 given, expected 0 to"),
        (HEAD + "0,a,cat,-9,human,1,0\n", "line 2: class_index -9 given"),
        (HEAD + "0,a,cat,99999999999,human,1,0\n", "line 2: class_index 99999999999 given"),
    ],
)
def test_a_fault_of_a_csv_file_is_named_with_its_line(text, message, tmp_path):
    path = tmp_path / "labels.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(gt.InvalidArgument, match=f"labels.csv.*{message}"):
        gt.formats.read_labels(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"label": "a"}\n{"label": }\n', "line 2: Expecting value"),
        ('{"label": "a"}\n\n[1]\n', "line 3: list given, expected an object"),
        ('{"label": "a"}\n{"label": null}\n', "line 2: label None given, expected a text"),
        ('{"label": "a", "round": 1.5}\n', "line 1: round 1.5 given, expected a whole number"),
        ('{"label": "a", "round": true}\n', "line 1: round True given"),
        ('{"label": "a", "item": Infinity}\n', "Infinity is no number"),
        ("[" * 100_000, "line 1"),
    ],
)
def test_a_fault_of_a_json_lines_file_is_named_with_its_line(text, message, tmp_path):
    path = tmp_path / "labels.jsonl"
    path.write_text(text)
    with pytest.raises(gt.InvalidArgument, match=f"labels.jsonl.*{message}"):
        gt.formats.read_labels(path)


def test_a_fault_of_answers_is_named_with_its_line(tmp_path):
    path = tmp_path / "answers.csv"
    for row, message in [("a,ann,cat,2,1", "certainty 2.0"), ("a,ann,cat,1,-1", "seconds -1.0"), (",,,", "4 fields")]:
        path.write_text(f"item,worker,answer,certainty,seconds\na,bob,cat,,\n{row}\n")
        with pytest.raises(gt.InvalidArgument, match=f"line 3: {message}"):
            gt.formats.read_answers(path)
    with pytest.raises(gt.InvalidArgument, match="expected item, worker and answer"):
        gt.formats.read_answers({"worker": ["a"]})


def test_a_parquet_file_that_is_none_is_named(tmp_path):
    (tmp_path / "labels.parquet").write_bytes(b"PAR1 but not really")
    with pytest.raises(gt.InvalidArgument, match=r"labels.parquet: no Parquet"):
        gt.formats.read_labels(tmp_path / "labels.parquet")


def test_an_ending_that_is_not_known_and_a_missing_file_are_named(tmp_path):
    with pytest.raises(gt.InvalidArgument, match=r"ending '.xlsx' given, expected one of .csv, .jsonl"):
        gt.formats.read_labels(tmp_path / "labels.xlsx")
    with pytest.raises(FileNotFoundError, match=r"labels.csv"):
        gt.formats.read_labels(tmp_path / "labels.csv")
    with pytest.raises(gt.InvalidType, match="table: int given"):
        gt.formats.read_labels(3)


def test_half_a_character_is_refused_and_leaves_no_file(tmp_path):
    labels = gt.formats.read_labels({"label": ["\ud800"]})
    with pytest.raises(gt.InvalidArgument, match="half a character"):
        gt.formats.write_labels(labels, tmp_path / "labels.csv")
    assert list(tmp_path.iterdir()) == []


def test_any_bytes_are_read_or_refused(tmp_path):
    path = tmp_path / "labels"

    @settings(SETTINGS, max_examples=150)
    @given(st.binary(max_size=80) | texts.map(str.encode), st.sampled_from(KINDS))
    def read_or_refused(content, kind):
        file = path.with_suffix(f".{kind}")
        file.write_bytes(content)
        for read in (gt.formats.read_labels, gt.formats.read_answers):
            with contextlib.suppress(gt.Error):
                read(file)

    read_or_refused()
