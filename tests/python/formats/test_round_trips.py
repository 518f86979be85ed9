"""What a format says that it carries arrives: annotations of all sorts, written and read again."""

import dataclasses
import tempfile
from pathlib import Path

import gtlabel as gt
import numpy as np
import pytest
from gtlabel.formats import FORMATS, Annotations, Answer, Box, Choice, Item, Mask, Other, Polygon, Span
from gtlabel.formats.annotations import runs_of
from gtlabel.formats.features import FEATURES, file_stem, prepared, with_confidences_in_place
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytest.importorskip("pyarrow")
pytest.importorskip("yaml")

SETTINGS = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
MARKS = {"choices": Choice, "boxes": Box, "polygons": Polygon, "masks": Mask, "spans": Span, "other marks": Other}
SIZE = (12, 8)  # width and height of every image

anything = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
# What XML has a place for: no control characters.
printable = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=8)
awkward = st.sampled_from(["a,b", 'say "x"', "l1\nl2", "<&>", "é日本🐕", "yes", "null", "0", "-", "a.b", "images"])
names = st.one_of(printable, awkward).filter(lambda name: name and name == name.strip())
file_names = names.filter(lambda name: not set(name) & set("/\\\n\r\x85\u2028\u2029") and name not in (".", ".."))
words = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]), min_size=1, max_size=5)
# Eighths, which survive any sum: what is tested is the format, not the rounding.
sides = st.integers(0, 8 * 8).map(lambda eighths: eighths / 8)
confidences = st.none() | st.floats(0, 1, allow_subnormal=False)
ids = st.none() | anything | st.integers(1, 10**6)
json_numbers = st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | json_numbers | anything,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(anything, inner, max_size=2),
    max_leaves=3,
)
other_fields = st.dictionaries(names.map(lambda name: f"{name}!"), json_values, max_size=1)


@st.composite
def boxes(draw, label, can_turn):
    x, y = sorted([draw(sides), draw(sides)]), sorted([draw(sides), draw(sides)])
    rotation = draw(st.sampled_from([0.0, 0.0, 30.0, 222.5])) if can_turn else 0.0
    return Box(label, x[0], y[0], x[1], y[1], rotation=rotation)


@st.composite
def masks(draw, label):
    width, height = SIZE
    pixels = draw(st.lists(st.booleans(), min_size=width * height, max_size=width * height))
    return Mask(label, height, width, runs_of(np.array(pixels)))


@st.composite
def polygons(draw, label, most_parts):
    part = st.lists(st.tuples(sides, sides), min_size=3, max_size=5).map(tuple)
    return Polygon(label, tuple(draw(st.lists(part, min_size=1, max_size=most_parts))))


@st.composite
def spans(draw, label, text):
    """Of whole words: within one it would be cut in two."""
    starts = [0, *(place + 1 for place, character in enumerate(text) if character == " ")]
    ends = [*(start - 1 for start in starts[1:]), len(text)]
    first, last = sorted(draw(st.lists(st.integers(0, len(starts) - 1), min_size=2, max_size=2)))
    return Span(label, starts[first], ends[last])


@st.composite
def marks(draw, form, kind, classes, text):
    label = draw(st.sampled_from(classes))
    if kind == "other marks":
        return Other(form.id, {"type": "stars", "value": draw(json_values), "id": "r1"}, id="r1")
    mark = {
        "choices": lambda: st.just(Choice(label)),
        "boxes": lambda: boxes(label, "turned boxes" in form.carries),
        "polygons": lambda: polygons(label, 2 if "polygons in parts" in form.carries else 1),
        "masks": lambda: masks(label),
        "spans": lambda: spans(label, text),
    }[kind]()
    values = json_values if "attributes other than texts" in form.carries else printable
    attributes = draw(st.dictionaries(names.map(lambda name: f"{name}!"), values, max_size=2))
    return dataclasses.replace(draw(mark), confidence=draw(confidences), id=draw(ids), attributes=attributes)


@st.composite
def answers(draw, form, classes, text):
    kinds = [kind for kind in MARKS if kind in form.carries and (kind != "spans" or text)]
    most = 1 if "choices" in form.carries and "label sets" not in form.carries else 3
    special = draw(st.sampled_from(["", "", "", "skip", "unsure", "none of these"]))
    if special in ("unsure", "none of these") and "unsure and none of these" not in form.carries:
        special = ""
    found = []
    if not special and kinds:
        chosen = draw(st.lists(st.sampled_from(kinds), max_size=most))
        found = [draw(marks(form, kind, classes, text)) for kind in chosen]
        if "spans" in form.carries and "overlapping spans" not in form.carries:
            found = apart(found)
    if form.id == "manifest" and "label sets" in form.carries:
        found = list({mark.label: mark for mark in found}.values())  # a set has no class twice
    fields = {"round": draw(st.integers(0, 9))}
    if draw(st.booleans()):
        fields["created by!"] = draw(json_values)
    is_auto = draw(st.booleans())
    return Answer(
        marks=tuple(found),
        worker=draw(names | st.just("")),
        source="auto" if is_auto else "human",
        model=draw(printable),
        confidence=draw(confidences),
        seconds=draw(st.none() | st.floats(0, 1e6)),
        special=special,
        is_gold=draw(st.booleans()),
        id=draw(ids),
        fields=fields,
    )


def apart(found):
    kept = []
    for mark in sorted(found, key=lambda mark: mark.start):
        if not kept or kept[-1].end <= mark.start:
            kept.append(mark)
    return kept


@st.composite
def annotations(draw, form):
    """Of one kind of marks where a file is of one task type."""
    if form.id == "manifest":
        kind = draw(
            st.sampled_from([{"choices"}, {"choices", "label sets"}, {"boxes"}, {"spans", "overlapping spans"}])
        )
        form = dataclasses.replace(form, carries=form.carries - {"choices", "label sets", "boxes", "spans"} | kind)
    classes = draw(st.lists(words if form.id == "conll" else file_names, min_size=1, max_size=3, unique=True))
    stems = draw(st.lists(file_names, max_size=4, unique=True))
    is_text = "texts" in form.carries and "spans" in form.carries
    items = []
    for position, stem in enumerate(stems):
        text = " ".join(draw(st.lists(words, min_size=1, max_size=5))) if is_text else None
        image = draw(st.sampled_from([f"{stem}.jpg", f"folder/{stem}.png"])) if "images" in form.carries else None
        image = draw(st.sampled_from([image, None])) if image and text is None else image
        most = 2 if "several answers" in form.carries else 1
        split = {"split": draw(st.sampled_from(["train", "val"]))} if draw(st.booleans()) else {}
        item_id = stem if image is None else draw(st.sampled_from([stem, f"id of {stem}", position + 1]))
        given = draw(st.lists(answers(form, classes, text), max_size=most))
        items.append(
            Item(
                id=item_id,
                answers=tuple(given),
                image=image,
                text=None if text is None else text,
                width=SIZE[0],
                height=SIZE[1],
                fields={"item": position}
                | split
                | draw(st.dictionaries(names.map(lambda n: f"{n}!"), json_values, max_size=1)),
            )
        )
    others = st.dictionaries(names.map(lambda n: f"{n}!"), json_values, min_size=1, max_size=1)
    return dataclasses.replace(
        Annotations.of(items, classes),
        class_fields=draw(st.dictionaries(st.sampled_from(classes), others, max_size=1)),
        file_fields=draw(st.just({}) | others),
    )


# --- what is expected ---


def without(value, **fields):
    return dataclasses.replace(value, **fields)


def expected(given, form):
    """The annotations without what the format says that it does not carry."""
    carries = form.carries
    ready = prepared(with_confidences_in_place(given, carries), carries, form.title)
    items = tuple(expected_item(item, position, form) for position, item in enumerate(ready.items))
    named = Annotations.of(items).classes
    if "class order" in carries and "unused classes" in carries:
        named = given.classes
    elif "class order" in carries:
        named = tuple(name for name in given.classes if name in named)
    return Annotations(
        items,
        named,
        class_fields=given.class_fields if "class fields" in carries else {},
        file_fields=given.file_fields if "file fields" in carries else {},
    )


def expected_item(item, position, form):
    carries = form.carries
    changes = {}
    if "item ids" not in carries:
        changes["id"] = position
    elif "ids beside image names" not in carries:
        changes["id"] = file_stem(item)
    changes |= {"image": None} if "images" not in carries else {}
    changes |= {"text": None} if "texts" not in carries else {}
    changes |= {"width": None, "height": None} if "image sizes" not in carries else {}
    kept = {"split"} & set(item.fields) if "splits" in carries else set()
    kept |= {"item"} if "item numbers" in carries else set()
    kept |= set(item.fields) - {"item", "split"} if "item fields" in carries else set()
    changes["fields"] = {name: value for name, value in item.fields.items() if name in kept}
    changes["answers"] = tuple(expected_answer(answer, carries) for answer in item.answers)
    return without(item, **changes)


ANSWER_FEATURES = {
    "workers": {"worker": ""},
    "sources": {"source": "human"},
    "models": {"model": ""},
    "gold": {"is_gold": False},
    "answer confidences": {"confidence": None},
    "seconds": {"seconds": None},
    "answer ids": {"id": None},
}


def expected_answer(answer, carries):
    changes = {}
    for feature, change in ANSWER_FEATURES.items():
        changes |= change if feature not in carries else {}
    kept = {"round"} if "rounds" in carries else set()
    kept |= set(answer.fields) - {"round"} if "answer fields" in carries else set()
    changes["fields"] = {name: value for name, value in answer.fields.items() if name in kept}
    changes["marks"] = tuple(expected_mark(mark, carries) for mark in answer.marks)
    return without(answer, **changes)


def expected_mark(mark, carries):
    if isinstance(mark, Other):
        return mark
    changes = {"confidence": None} if "mark confidences" not in carries else {}
    changes |= {"id": None} if "mark ids" not in carries else {}
    changes |= {"attributes": {}} if "mark attributes" not in carries else {}
    return without(mark, **changes)


# --- what formats do not tell apart ---


def plain(annotations, form):
    """With what docs/formats.md says that formats change.

    XML's ids are texts, YOLO's sides fractions, COCO numbers marks, Label Studio parts people from machines.
    """
    items = [plain_item(item, form) for item in annotations.items]
    if form.id in ("pascal_voc", "yolo", "yolo_predictions"):
        items = sorted(items, key=lambda item: item.id)
    classes = annotations.classes
    if "class order" not in form.carries or "unused classes" not in form.carries:
        classes = tuple(sorted(classes))
    if form.id == "manifest":  # boxes and spans bring all classes, choices those that were chosen
        classes = tuple(sorted(Annotations.of(items).classes))
    if form.id.startswith("yolo"):
        items = sorted(items, key=lambda item: (item.fields.get("split", "train"), item.id))
        has_splits = len({item.fields.get("split", "train") for item in items}) > 1
        items = [
            without(item, fields={"split": item.fields.get("split", "train")} if has_splits else {}) for item in items
        ]
    return Annotations(
        tuple(items), classes, class_fields=annotations.class_fields, file_fields=annotations.file_fields
    )


def plain_item(item, form):
    changes = {}
    if form.id in ("cvat", "pascal_voc") or form.id.startswith(("labels_", "answers_")):
        changes["id"] = str(item.id)
    if form.id == "cvat" or (form.id == "manifest" and item.text is None):
        changes["image"] = item.image or str(item.id)
    if form.id == "manifest":
        changes |= {"width": None, "height": None}
    if form.id.startswith("yolo"):
        changes |= {"unit": "fraction", "width": None, "height": None}
    given = item.answers
    if form.id == "label_studio":
        given = [a for a in given if a.source == "human"] + [a for a in given if a.source == "auto"]
    if form.id == "manifest":  # says when and by what job each label was made
        given = [without(answer, fields={}) for answer in given]
    changes["answers"] = tuple(without(a, marks=plain_marks(a.marks, form, item)) for a in given)
    return without(item, **changes)


def plain_marks(given, form, item):
    found = [plain_mark(mark, form, item) for mark in given]
    return tuple(sorted(found, key=lambda mark: mark.start) if form.id == "conll" else found)


def plain_mark(mark, form, item):
    if form.id.startswith("yolo") and item.unit == "pixel":
        mark = scaled(mark, 1 / SIZE[0], 1 / SIZE[1])
    if isinstance(mark, Box | Polygon) and (form.id.startswith("yolo") or form.id == "label_studio"):
        mark = rounded(mark)
    if form.id.startswith("yolo") and mark.confidence is not None:
        mark = without(mark, confidence=float(f"{mark.confidence:.7f}"))
    if form.id == "coco":
        mark = without(mark, id=None)
    return mark


def scaled(mark, across, down):
    if isinstance(mark, Box):
        return without(mark, x1=mark.x1 * across, y1=mark.y1 * down, x2=mark.x2 * across, y2=mark.y2 * down)
    return without(mark, parts=tuple(tuple((x * across, y * down) for x, y in part) for part in mark.parts))


def rounded(mark):
    def near(value):
        return round(value, 7) + 0.0

    if isinstance(mark, Box):
        return without(mark, x1=near(mark.x1), y1=near(mark.y1), x2=near(mark.x2), y2=near(mark.y2))
    return without(mark, parts=tuple(tuple((near(x), near(y)) for x, y in part) for part in mark.parts))


ENDINGS = {"yolo": "", "yolo_predictions": "", "pascal_voc": "", "yolo_classification": ""}
ROUND_TRIPS = [
    name for name in FORMATS if name != "yolo_classification" and not name.startswith(("labels_", "answers_"))
]


@pytest.mark.parametrize("name", ROUND_TRIPS)
def test_what_a_format_carries_arrives(name):
    form = FORMATS[name]

    @SETTINGS
    @given(annotations(form))
    def arrives(given):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "written"
            form.write(given, path, Path(folder))
            read = form.read(path)
        assert plain(read, form) == plain(expected(given, form), form)

    arrives()


@pytest.mark.parametrize("name", ["coco", "label_studio"])
def test_marks_without_ids_stay_so_or_are_numbered(name, tmp_path):
    given = Annotations.of([Item(1, (Answer((Box("a", 0, 0, 1, 1), Box("a", 0, 0, 2, 2, id=1))),), width=9, height=9)])
    form = FORMATS[name]
    form.write(given, tmp_path / "x", tmp_path)
    first, second = form.read(tmp_path / "x").items[0].answers[0].marks
    assert second.id == 1
    assert first.id == (2 if name == "coco" else None)


def test_every_feature_that_a_format_claims_is_known():
    for form in FORMATS.values():
        assert form.carries <= set(FEATURES), form.id
    assert set(FORMATS["annotations"].carries) == set(FEATURES)


def test_masks_are_the_pixels_they_were_made_of():
    pixels = np.random.default_rng(0).random((7, 5)) < 0.4
    np.testing.assert_array_equal(Mask.from_array("a", pixels).to_array(), pixels)
    with pytest.raises(gt.InvalidArgument, match="runs of 3 pixels given, expected 4"):
        Mask("a", 2, 2, (1, 2)).to_array()
