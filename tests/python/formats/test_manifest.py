"""Manifests come out byte for byte, their labels as typed values and as columns."""

import importlib.util
import json
import os
import tarfile
import time
from datetime import datetime
from pathlib import Path

import gtlabel as gt
import numpy as np
import pytest
from gtlabel.formats import (
    BoxLabel,
    ClassLabel,
    Cuboid,
    CuboidLabel,
    CustomLabel,
    Manifest,
    ManifestBox,
    ManifestClass,
    ManifestLabel,
    MaskClass,
    MaskLabel,
    MultiClassLabel,
    SequenceLabel,
    SpanLabel,
    TextSpan,
)
from hypothesis import given, settings
from hypothesis import strategies as st

_spec = importlib.util.spec_from_file_location("manifest_lines", Path(__file__).with_name("manifest_lines.py"))
_lines = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_lines)
LINES = _lines.LINES
NAMES = {
    "image": "animal",
    "text": "mood",
    "clip": "scene",
    "multi": "topics",
    "boxes": "boxes",
    "verification": "check",
    "mask": "yard-ref",
    "spans": "ner",
    "video": "dock-ref",
    "cuboids": "cubes",
    "tracks": "track-ref",
    "points": "pts-ref",
    "custom": "rating",
    "stream": "animal",
}


def manifest_of(*lines):
    return Manifest.from_bytes("".join(f"{line}\n" for line in lines).encode())


def ground_truth_job(name):
    root = os.environ.get("GTLABEL_TEST_DATA")
    if root is None:
        pytest.skip("the environment variable GTLABEL_TEST_DATA is not set")
    with tarfile.open(Path(root) / "ground_truth_job" / "job.tar.gz") as job:
        return job.extractfile(name).read()


# --- byte for byte ---------------------------------------------------------------------------------------------------


def test_the_manifest_of_the_published_job_comes_out_byte_for_byte(tmp_path):
    content = ground_truth_job("output.manifest")
    read, written = tmp_path / "output.manifest", tmp_path / "copy.manifest"
    read.write_bytes(content)
    manifest = gt.formats.read_manifest(read)
    gt.formats.write_manifest(manifest, written)
    assert written.read_bytes() == content
    labels = manifest.labels()
    expected = [json.loads(line) for line in content.splitlines()]
    name = manifest.attributes[0]
    assert labels.label.tolist() == [line[f"{name}-metadata"]["class-name"] for line in expected]
    assert labels.class_index.tolist() == [line[name] for line in expected]
    assert labels.confidence.tolist() == [line[f"{name}-metadata"]["confidence"] for line in expected]
    assert manifest.sources == [line["source-ref"] for line in expected]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("lead", ["", "\ufeff", "\n \t\n"])
@pytest.mark.parametrize("tail", ["", "{end}", "{end}{end}  {end}"])
def test_line_ends_blank_lines_and_a_byte_order_mark_are_kept(end, lead, tail):
    text = (lead + "  " + LINES["text"] + " " + end + end + LINES["image"] + tail.format(end=end)).encode()
    manifest = Manifest.from_bytes(text)
    assert len(manifest) == 2
    assert manifest.to_bytes() == text
    manifest.set(1, "camera", "south")
    assert manifest.to_bytes() == text.replace(b"north", b"south")
    manifest.append('{"source":"more"}')
    again = Manifest.from_bytes(manifest.to_bytes())
    assert again.sources == ["The parcel arrived late.", "s3://acme/barn/1.jpg", "more"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(st.text(max_size=8), json_values, max_size=5)
rows = st.lists(
    st.tuples(objects, st.booleans(), st.sampled_from([(",", ":"), (", ", ": "), (" ,\t", " : ")])), max_size=6
)


@settings(max_examples=150, deadline=None)
@given(rows, st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_any_objects_come_out_byte_for_byte_and_as_python_reads_them(rows, end, is_open):
    lines = [json.dumps(row, ensure_ascii=ascii, separators=separators) for row, ascii, separators in rows]
    text = end.join(lines) + ("" if is_open else end)
    manifest = Manifest.from_bytes(text.encode())
    assert manifest.to_bytes() == text.encode()
    assert [dict(row) for row in manifest] == [row for row, _, _ in rows]


@settings(max_examples=150, deadline=None)
@given(objects.filter(bool), st.text(max_size=6), json_values, st.booleans(), st.data())
def test_a_change_leaves_all_other_members_as_they_are(row, key, value, is_spaced, data):
    text = json.dumps(row, separators=(", ", ": ") if is_spaced else (",", ":"))
    manifest = manifest_of(text)
    manifest.set(0, key, value)
    assert dict(manifest[0]) == {**row, key: value}
    assert list(manifest[0]) == list({**row, key: value})
    changed = manifest[0].text
    for other, kept in row.items():
        if other != key:
            assert json.dumps(kept, separators=(", ", ": ") if is_spaced else (",", ":")) in changed
    manifest.remove(0, key)
    assert dict(manifest[0]) == {other: kept for other, kept in row.items() if other != key}
    gone = data.draw(st.sampled_from([*row]))
    manifest.remove(0, gone)
    assert gone not in manifest[0]


def test_numbers_of_untouched_members_keep_their_spelling():
    manifest = manifest_of('{"source" : "a",  "price":1.50e+02, "n":0.10 , "label":1}')
    manifest.set(0, "label", 2)
    assert manifest[0].text == '{"source" : "a",  "price":1.50e+02, "n":0.10 , "label":2}'
    manifest.remove(0, "price")
    assert manifest[0].text == '{"source" : "a", "n":0.10 , "label":2}'
    manifest.set(0, "new", [1, {"a": "x,y: z"}])
    assert manifest[0].text == '{"source" : "a", "n":0.10 , "label":2, "new": [1, {"a": "x,y: z"}]}'


def test_a_manifest_without_lines_can_be_read_grown_and_written(tmp_path):
    path = tmp_path / "new.manifest"
    manifest = Manifest()
    assert (len(manifest), manifest.to_bytes(), manifest.attributes, manifest.sources) == (0, b"", (), [])
    manifest.append({"source": "ä", "n": 1})
    gt.formats.write_manifest(manifest, path)
    assert path.read_bytes() == '{"source":"ä","n":1}\n'.encode()
    gt.formats.write_manifest([{"source": "b"}], path)
    assert gt.formats.read_manifest(path).sources == ["b"]


# --- typed labels ----------------------------------------------------------------------------------------------------

COMMON = {"human_annotated": True, "creation_date": "2024-03-05T10:11:12.131415"}
VALUES = {
    "image": ClassLabel(ManifestClass(1, "goat", 0.93)),
    "text": ClassLabel(ManifestClass(0, "bad", 0.95)),
    "clip": ClassLabel(ManifestClass(0, "street", 0.9)),
    "multi": MultiClassLabel([ManifestClass(0, "delay", 0.95), ManifestClass(3, "damage", 0.68)]),
    "boxes": BoxLabel(
        640,
        480,
        3,
        [
            ManifestBox(ManifestClass(0, "goat", 0.87), 12, 40, 100, 90),
            ManifestBox(ManifestClass(4, "bucket", 0.62), 300, 222, 33, 51),
        ],
        [(0, "goat"), (4, "bucket")],
    ),
    "verification": ClassLabel(ManifestClass(1, "wrong", 0.86), ["Box is loose."]),
    "mask": MaskLabel(
        "s3://acme/out/0.png",
        [
            MaskClass(ManifestClass(0, "BACKGROUND", 0.88), "#ffffff"),
            MaskClass(ManifestClass(1, "path", 0.88), "#2ca02c"),
        ],
    ),
    "spans": SpanLabel(
        [TextSpan("person", 0, 3, 0.9), TextSpan("place", 14, 18, 0.7)], [("person", "per"), ("place", "plc")]
    ),
    "video": SequenceLabel("s3://acme/out/0/SeqLabel.json", [(0, "forklift")]),
    "cuboids": CuboidLabel(
        [
            Cuboid(
                ManifestClass(0, "Car"),
                "Car:1",
                -2.5,
                12,
                0.4,
                4.1,
                1.9,
                1.6,
                0,
                0,
                1.57,
                attributes=[("Type", '"van"')],
            )
        ],
        [(0, "Car")],
    ),
    "tracks": SequenceLabel("s3://acme/out/0/SeqLabel.json", [(0, "Car")]),
    "points": MaskLabel(
        "s3://acme/out/0/labels.zlib",
        [
            MaskClass(ManifestClass(0, "Background", 0.0), "#ffffff"),
            MaskClass(ManifestClass(1, "Car", 0.0), "#2ca02c"),
        ],
    ),
    "custom": CustomLabel('{"stars":4}', "s3://acme/out/0.json"),
    "stream": ClassLabel(ManifestClass(1, "goat", 0.0)),
}


@pytest.mark.parametrize("kind", [*LINES])
def test_the_label_of_every_task_type_is_read_as_its_value(kind):
    manifest = manifest_of(LINES[kind])
    [label] = manifest.typed_labels(NAMES[kind])
    assert label == manifest[0].label(NAMES[kind])
    assert label.value == VALUES[kind]
    assert label.human_annotated is True
    assert label.creation_date.startswith("2024-03-05T10:11:12.131")
    assert label.type == json.loads(LINES[kind])[f"{NAMES[kind]}-metadata"]["type"]


@pytest.mark.parametrize("kind", [*LINES])
def test_a_label_is_written_in_the_form_that_was_read(kind):
    line = json.loads(LINES[kind])
    manifest = manifest_of(LINES[kind])
    [label] = manifest.typed_labels(NAMES[kind])
    assert label.to_json() == (line[NAMES[kind]], line[f"{NAMES[kind]}-metadata"])
    assert ManifestLabel.from_json(*label.to_json()) == label
    manifest.set_label(0, NAMES[kind], label)
    assert dict(manifest[0]) == line
    assert gt.formats.lint.lint_bytes(manifest.to_bytes()).is_clean


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("image", [('"animal":1', '"animal":"1"')]),
        ("image", [('"animal":1', '"animal":1.0')]),
        ("image", [("job-name", "job_name"), ("creation-date", "creation_date")]),
        ("image", [("human-annotated", "human_annotated"), ("class-name", "class_name")]),
        ("image", [("groundtruth/", "groundTruth/")]),
        ("verification", [('"check":"1"', '"check":1'), ("worker-feedback", "worker_feedback")]),
        ("multi", [("class-map", "class_map"), ("confidence-map", "confidence_map"), ("[0,3]", '["0",3]')]),
        ("boxes", [('"class_id":4', '"class-id":"4"'), ("class-map", "class_map")]),
        ("mask", [("yard-ref-metadata", "yard-metadata")]),
        ("mask", [("internal-color-map", "color-map")]),
        ("cuboids", [("class_map", "class-map"), ("class-id", "class_id")]),
        ("cuboids", [("point_cloud_object_detection", "point-cloud-object-detection")]),
        ("custom", [("groundTruth", "groundtruth"), ("job_name", "job-name"), ("creation_date", "creation-date")]),
    ],
)
def test_every_other_spelling_is_read_and_the_first_form_is_written(kind, changes):
    line = LINES[kind]
    for old, new in changes:
        assert old in line
        line = line.replace(old, new)
    manifest = manifest_of(line)
    assert manifest.attributes == (NAMES[kind],)
    [label] = manifest.typed_labels(NAMES[kind])
    assert label.value == VALUES[kind]
    manifest.set_label(0, NAMES[kind], label)
    assert dict(manifest[0]) == json.loads(LINES[kind])


@pytest.mark.parametrize("kind", ["image", "multi", "boxes", "mask", "spans", "video", "cuboids"])
def test_metadata_without_a_type_are_read_by_what_the_label_looks_like(kind):
    line = json.loads(LINES[kind])
    metadata = line[f"{NAMES[kind]}-metadata"]
    del metadata["type"]
    assert ManifestLabel.from_json(line[NAMES[kind]], metadata).value == VALUES[kind]


def test_a_label_without_a_type_is_written_with_that_of_its_value_and_line():
    manifest = manifest_of('{"source":"a"}', '{"source-ref":"s3://a/1.jpg"}')
    for row, kind in enumerate(("text", "image")):
        manifest.set_label(row, "one", ManifestLabel(ClassLabel(ManifestClass(0, "a"))))
        manifest.set_label(row, "many", ManifestLabel(MultiClassLabel([ManifestClass(0, "a")])))
        assert manifest[row]["one-metadata"]["type"] == f"groundtruth/{kind}-classification"
        assert manifest[row]["many-metadata"]["type"] == f"groundtruth/{kind}-classification-multilabel"


def test_an_image_size_that_the_file_does_not_say_is_not_made_up():
    line = LINES["boxes"].replace('"image_size":[{"width":640,"height":480,"depth":3}],', "")
    manifest = manifest_of(line)
    [label] = manifest.typed_labels("boxes")
    assert label.value.image_width == 0
    manifest.set_label(0, "boxes", label)
    assert dict(manifest[0]) == json.loads(line)


def test_masks_of_2019_without_colours_are_read():
    line = LINES["mask"].replace('"hex-color":"#ffffff",', "").replace('"hex-color":"#2ca02c",', "")
    [label] = manifest_of(line).typed_labels("yard-ref")
    assert [region.hex_color for region in label.value.classes] == ["", ""]


def test_labels_of_unknown_types_keep_their_json():
    label = ManifestLabel.from_json({"a": [1, 2]}, {"type": "acme/rating", "job-name": "j", "acme": True})
    assert label.value.content == {"a": [1, 2]}
    assert label.to_json() == ({"a": [1, 2]}, {"type": "acme/rating", "job_name": "j", "acme": True})


SIDES = {"left": 1, "top": 2, "width": 3, "height": 4}
CUBOID = dict.fromkeys(["center-x", "center-y", "center-z", "length", "width", "height", "roll", "pitch", "yaw"], 1)
OTHERS = {"occluded": True, "by": ["Ada", 1.5]}


@pytest.mark.parametrize(
    ("kind", "label", "parts", "map_key"),
    [
        ("object-detection", {"annotations": [{"class_id": 0, **SIDES, **OTHERS}]}, "objects", "class-map"),
        (
            "text-span",
            {"annotations": {"labels": [], "entities": [{"label": "a", "startOffset": 0, "endOffset": 3, **OTHERS}]}},
            "entities",
            "other-map",
        ),
        (
            "point_cloud_object_detection",
            {
                "annotations": [
                    {"label-category-attributes": {}, "object-name": "a:1", "class-id": 0, **CUBOID, **OTHERS}
                ]
            },
            "objects",
            "class_map",
        ),
    ],
)
def test_members_that_the_task_type_does_not_know_survive(kind, label, parts, map_key):
    given = {**label, "frame": {"n": 7}}
    described = {
        parts: [{"confidence": 0.5, "by": "Bo"}],
        map_key: {"0": "a"},
        "type": f"groundtruth/{kind}",
        "reviewed": None,
    }
    read = ManifestLabel.from_json(given, described)
    assert read.value.other_members == [("frame", '{"n":7}')]
    assert read.to_json() == (given, described)


finite = st.floats(-1e6, 1e6, allow_nan=False)
names = st.text(min_size=1, max_size=8)
numbers = st.integers(0, 99)
confidences = st.none() | st.floats(0, 1)
classes = st.builds(ManifestClass, numbers, names, confidences)
others = st.lists(
    st.tuples(names.map("x{}".format), st.sampled_from(["true", '{"a":[1,"b"]}'])),
    max_size=2,
    unique_by=lambda pair: pair[0],
)
boxes = st.lists(st.builds(ManifestBox, classes, finite, finite, finite, finite, others, others), max_size=4)


@settings(max_examples=100, deadline=None)
@given(boxes, st.integers(1, 4096), st.integers(1, 4096))
def test_boxes_survive_writing_and_reading(boxes, width, height):
    name_of = {box.object.class_index: box.object.class_name for box in reversed(boxes)}
    for box in boxes:
        box.object.class_name = name_of[box.object.class_index]
    class_map = [(index, name_of[index]) for index in dict.fromkeys(box.object.class_index for box in boxes)]
    label = ManifestLabel(BoxLabel(width, height, 3, boxes, class_map), "groundtruth/object-detection", "j", False)
    manifest = manifest_of('{"source-ref":"s3://a/1.jpg"}')
    manifest.set_label(0, "boxes", label)
    assert manifest.typed_labels("boxes") == [label]
    assert manifest.labels().n_parts.tolist() == [len(boxes)]


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.builds(TextSpan, names, numbers, numbers, confidences, others, others), max_size=4),
    st.text(max_size=10),
)
def test_spans_survive_writing_and_reading(spans, comment):
    label = ManifestLabel(SpanLabel(spans, [("a", "b")]), "groundtruth/text-span", comment, True)
    manifest = manifest_of('{"source":"x"}')
    manifest.set_label(0, "ner", label)
    assert manifest.typed_labels("ner") == [label]


@settings(max_examples=100, deadline=None)
@given(json_values, json_values)
def test_labels_of_any_json_are_read_as_far_as_they_go(label, metadata):
    read = ManifestLabel.from_json(label, metadata)
    for kind in ("image-classification", "object-detection", "text-span", "semantic-segmentation"):
        described = {**(metadata if isinstance(metadata, dict) else {}), "type": f"groundtruth/{kind}"}
        ManifestLabel.from_json(label, described)
    assert isinstance(read.type, str)


def test_what_json_cannot_hold_is_refused():
    manifest = manifest_of('{"source":"x"}')
    with pytest.raises(gt.InvalidArgument, match="JSON cannot hold"):
        manifest.set(0, "n", float("nan"))
    with pytest.raises(gt.InvalidArgument, match="not finite"):
        manifest.set_label(0, "b", ManifestLabel(ClassLabel(ManifestClass(0, "a", float("inf")))))
    with pytest.raises(gt.InvalidType, match="expected one of"):
        manifest.set_label(0, "b", ManifestLabel(value=3))
    with pytest.raises(gt.InvalidType, match="class_index"):
        manifest.set_label(0, "b", ManifestLabel(ClassLabel(ManifestClass("one", "a"))))
    with pytest.raises(IndexError):
        manifest.set(1, "n", 1)
    with pytest.raises(gt.InvalidType, match="whole number"):
        manifest.set("0", "n", 1)
    with pytest.raises(gt.InvalidArgument, match="JSON cannot hold"):
        manifest.set(0, "n", "\ud800")
    assert manifest.to_bytes() == b'{"source":"x"}\n'


def test_whole_numbers_that_python_refuses_are_kept_and_named():
    manifest = manifest_of('{"source":"x","n":' + "9" * 5000 + "}")
    assert manifest.sources == ["x"]
    with pytest.raises(gt.FormatError, match="line"):
        manifest[0]


# --- columns ---------------------------------------------------------------------------------------------------------


def test_columns_have_a_row_per_line_whoever_lacks_the_label():
    auto = LINES["image"].replace('"yes"', '"no"').replace("0.93", "0.5").replace("goat", "c\\u00f6w")
    manifest = manifest_of('{"source":"bare"}', LINES["image"], LINES["boxes"], auto)
    assert manifest.attributes == ("animal", "boxes")
    labels = manifest.labels("animal")
    assert labels.label.tolist() == ["", "goat", "", "cöw"]
    assert labels.class_index.tolist() == [-1, 1, -1, 1]
    assert labels.source.tolist() == ["", "human", "", "auto"]
    assert labels.n_parts.tolist() == [-1, 1, -1, 1]
    assert labels.is_labeled.tolist() == [False, True, False, True]
    assert np.isnan(labels.confidence[[0, 2]]).all()
    assert labels.creation_date[1] == np.datetime64("2024-03-05T10:11:12.131415")
    assert np.isnat(labels.creation_date[0])
    assert manifest.labels("boxes").n_parts.tolist() == [-1, -1, 2, -1]
    assert manifest.labels("boxes").confidence[2] == 0.62
    assert manifest.unlabeled("animal").tolist() == [0, 2]
    assert manifest.unlabeled("new").tolist() == [0, 1, 2, 3]
    empty = LINES["boxes"].replace(
        LINES["boxes"][LINES["boxes"].index('{"class_id":0') : LINES["boxes"].index("]},")], ""
    )
    assert manifest_of(empty).labels().n_parts.tolist() == [0]  # no boxes is a label too
    assert manifest_of(empty).unlabeled("boxes").tolist() == []
    assert manifest.is_text.tolist() == [True, False, False, False]
    assert manifest.column("camera") == [None, "north", None, "north"]
    with pytest.raises(gt.InvalidArgument, match="expected one of"):
        manifest.labels()
    with pytest.raises(gt.InvalidArgument, match="expected one of"):
        manifest.labels("nothing")


def test_columns_follow_changes():
    manifest = manifest_of(LINES["image"], LINES["image"])
    manifest.set(0, "animal", 7)
    manifest.remove(1, "animal-metadata")
    manifest.append({"source": "more"})
    for _ in range(40):  # columns grow with every line that is appended
        manifest.append(LINES["image"])
    assert manifest.labels("animal").class_index.tolist() == [7, -1, -1, *[1] * 40]
    manifest = manifest.subset([0, 1, 2])
    labels = manifest.labels("animal")
    assert labels.class_index.tolist() == [7, -1, -1]
    assert labels.label.tolist() == ["goat", "", ""]
    subset = manifest.subset([2, 0])
    assert subset.sources == ["more", "s3://acme/barn/1.jpg"]
    assert subset[1].text == manifest[0].text
    assert manifest.subset(np.array([True, False, False])).to_bytes() == (manifest[0].text + "\n").encode()
    with pytest.raises(gt.InvalidArgument, match="shape"):
        manifest.subset(np.array([True]))


def test_classes_are_written_as_ground_truth_writes_them():
    manifest = manifest_of('{"source-ref":"s3://a/1.jpg","n":1}', '{"source":"text"}', '{"source":"none"}')
    moment = datetime(2024, 3, 5, 10, 11, 12, 131415)
    manifest.set_class_labels(
        "kind",
        ["b", "a"],
        classes=["a", "b"],
        rows=[0, 1],
        confidence=[0.5, 1],
        source=["auto", "human"],
        creation_date=moment,
    )
    assert manifest[0].text == (
        '{"source-ref":"s3://a/1.jpg","n":1,"kind":1,"kind-metadata":{"class-name":"b","confidence":0.5,'
        '"type":"groundtruth/image-classification","job-name":"labeling-job/kind","human-annotated":"no",'
        '"creation-date":"2024-03-05T10:11:12.131415"}}'
    )
    assert manifest[1]["kind-metadata"]["type"] == "groundtruth/text-classification"
    manifest.set_class_labels("float", ["a"], classes=["a"], rows=[0], confidence=np.array([0.1], dtype=np.float32))
    assert '"confidence":0.1,' in manifest[0].text
    assert manifest.unlabeled("kind").tolist() == [2]
    with pytest.raises(gt.InvalidArgument, match="none of the classes"):
        manifest.set_class_labels("kind", ["c"], classes=["a"], rows=[0])
    with pytest.raises(gt.InvalidArgument, match="one each"):
        manifest.set_class_labels("kind", ["a"], classes=["a"])
    with pytest.raises(gt.InvalidArgument, match="'human' or 'auto'"):
        manifest.set_class_labels("kind", ["a"], classes=["a"], rows=[0], source="me")


def test_a_manifest_is_a_frame_too():
    pytest.importorskip("pandas")
    frame = manifest_of(LINES["image"], LINES["text"]).to_pandas()
    assert frame["source"].tolist() == ["s3://acme/barn/1.jpg", "The parcel arrived late."]
    assert frame["animal"].tolist() == ["goat", ""]
    assert frame["mood.source"].tolist() == ["", "human"]
    assert len(manifest_of(LINES["image"]).labels().to_pandas()) == 1


# --- faults ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bad", "column", "what"),
    [
        (b'{"a":1', 7, "too early"),
        (b"[1]", 1, "no object"),
        (b'{"\xc3\xa4":1,}', 8, "comma"),
        (b'{"a":"\xff"}', 7, "UTF-8"),
    ],
)
def test_a_line_that_is_no_object_is_named(tmp_path, bad, column, what):
    path = tmp_path / "bad.manifest"
    path.write_bytes(LINES["text"].encode() + b"\n\n" + bad + b"\n")
    with pytest.raises(gt.FormatError, match=what) as error:
        gt.formats.read_manifest(path)
    assert f"{path}: line 3, column {column}: " in str(error.value)
    assert error.value.code == "format_fault"
    rows = gt.formats.stream_manifest(path)
    assert next(rows).source == "The parcel arrived late."
    with pytest.raises(gt.FormatError, match="line 3"):
        next(rows)


def test_endless_attributes_are_refused_before_they_fill_the_memory():
    line = "{" + ",".join(f'"a{number}":1,"a{number}-metadata":{{}}' for number in range(1001)) + "}"
    with pytest.raises(gt.FormatError, match="more than 1000 label attributes"):
        Manifest.from_bytes(line.encode())
    assert len(manifest_of(line.replace('"a7-metadata"', '"other"')).attributes) == 1000


def test_attributes_that_few_of_many_short_lines_have_are_refused_before_they_fill_the_memory():
    labelled = "{" + ",".join(f'"a{number}":1,"a{number}-metadata":{{}}' for number in range(1000)) + "}\n"
    with pytest.raises(gt.FormatError, match="1000 label attributes in 1001 lines or more"):
        Manifest.from_bytes((labelled + "{}\n" * 5000).encode())
    assert len(Manifest.from_bytes((labelled + "{}\n" * 900).encode()).attributes) == 1000
    long = '{"source":"' + "x" * 1000 + '"}\n'
    assert len(Manifest.from_bytes((labelled + long * 1200).encode()).attributes) == 1000


def test_members_of_one_key_go_all_at_once_and_the_rest_stays_as_it_is():
    for line, expected in (
        ('{ "a" : 1, "b":2 ,"a":3}', '{ "b":2}'),
        ('{"a":1,"a":2 , "b":2}', '{"b":2}'),
        ('{"b": 1,"a":1, "c": 2, "a" : 3 }', '{"b": 1, "c": 2 }'),
        ('{ "a":1,"\\u0061":2 }', "{ }"),
        ('{"b":1}', '{"b":1}'),
    ):
        manifest = manifest_of(line)
        manifest.remove(0, "a")
        assert manifest[0].text == expected
    many = manifest_of("{" + ",".join(['"a":1'] * 20_000) + ',"b":1}')
    started = time.process_time()  # which other programs do not take
    many.remove(0, "a")
    assert many[0].text == '{"b":1}'
    assert time.process_time() - started < 4


def test_labels_of_many_classes_take_no_quadratic_time():
    numbers = range(20_000)
    described = {
        "type": "groundtruth/image-classification-multilabel",
        "class-map": {str(number): f"c{number}" for number in numbers},
        "confidence-map": {str(number): 0.5 for number in numbers},
    }
    started = time.process_time()
    label = ManifestLabel.from_json(list(numbers), described)
    assert label.value.classes[19_999] == ManifestClass(19_999, "c19999", 0.5)
    line = {"source-ref": "s3://a/1.jpg", "many": list(numbers), "many-metadata": described}
    gt.formats.lint.lint_bytes(json.dumps(line).encode())
    assert time.process_time() - started < 4


def test_a_row_given_on_several_lines_is_written_on_one(tmp_path):
    row = ' {"source":\r\n"a\\n",\n"n":\r[1,\n2]}\n'
    line = '{"source":  "a\\n", "n": [1, 2]}'
    path = tmp_path / "rows.manifest"
    gt.formats.write_manifest(iter([row, row]), path)
    assert path.read_bytes().decode() == f"{line}\n{line}\n"
    assert Manifest([row, row]).to_bytes() == path.read_bytes()
    assert [row["n"] for row in gt.formats.read_manifest(path)] == [[1, 2], [1, 2]]


def test_files_that_cannot_be_read_or_written_are_refused(tmp_path):
    with pytest.raises(gt.ArchiveError, match="cannot be opened"):
        gt.formats.read_manifest(tmp_path / "none")
    with pytest.raises(gt.ArchiveError, match="directory"):
        gt.formats.write_manifest(Manifest(), tmp_path / "none" / "x")
    with pytest.raises(gt.ArchiveError, match="cannot be opened"):
        next(gt.formats.stream_manifest(tmp_path / "none"))


def test_a_stream_has_the_rows_of_the_manifest(tmp_path):
    path = tmp_path / "long.manifest"
    lines = [LINES[kind] for kind in LINES] * 400
    path.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(lines).encode())
    assert [row.text for row in gt.formats.stream_manifest(path)] == lines
    assert [row.text for row in gt.formats.read_manifest(path)] == lines
    chosen = tmp_path / "chosen.manifest"
    gt.formats.write_manifest((row for row in gt.formats.stream_manifest(path) if "animal" in row), chosen)
    assert chosen.read_text().splitlines() == [line for line in lines if '"animal"' in line]
    with pytest.raises(gt.InvalidArgument, match="JSON cannot hold"):
        gt.formats.write_manifest([{"source": "a"}, {"source": float("nan")}], chosen)
    assert chosen.read_text().splitlines() == [line for line in lines if '"animal"' in line]
    assert sorted(tmp_path.iterdir()) == [chosen, path]


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60) | st.sampled_from([line.encode() for line in LINES.values()]), st.data())
def test_any_bytes_are_read_or_refused(content, data):
    cut, put = data.draw(st.integers(0, len(content))), data.draw(st.binary(max_size=3))
    content = content[:cut] + put + content[cut:]
    try:
        manifest = Manifest.from_bytes(content)
    except gt.FormatError:
        return
    assert manifest.to_bytes() == content
    for name in manifest.attributes:
        assert len(manifest.labels(name)) == len(manifest.typed_labels(name)) == len(manifest)
