"""Any file is read or refused with gtlabel's own error, however strange."""

import contextlib
import json

import gtlabel as gt
import numpy as np
import pytest
from gtlabel.formats import FORMATS
from gtlabel.formats.label_studio_brush import packed
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytest.importorskip("pyarrow")
pytest.importorskip("yaml")

SETTINGS = settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3)

SOUND = {
    "coco": {
        "images": [{"id": 1, "file_name": "a.jpg", "width": 4, "height": 3}],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 1, "bbox": [0, 0, 1, 1], "score": 0.5},
            {"id": 2, "image_id": 1, "category_id": 1, "segmentation": [[0, 0, 1, 0, 1, 1]]},
            {"id": 3, "image_id": 1, "category_id": 1, "segmentation": {"size": [3, 4], "counts": [5, 2, 5]}},
        ],
        "categories": [{"id": 1, "name": "cat"}],
    },
    "label_studio": [
        {
            "id": 1,
            "data": {"text": "Ann left", "image": "a.jpg"},
            "annotations": [
                {
                    "id": 3,
                    "completed_by": {"id": 1, "email": "ann@example.org"},
                    "lead_time": 2.0,
                    "result": [
                        {"type": "choices", "from_name": "c", "value": {"choices": ["a", "b"]}},
                        {"type": "labels", "value": {"start": 0, "end": 3, "labels": ["PER"]}},
                        {
                            "type": "rectanglelabels",
                            "original_width": 4,
                            "original_height": 3,
                            "value": {
                                "x": 1,
                                "y": 1,
                                "width": 50,
                                "height": 50,
                                "rotation": 9,
                                "rectanglelabels": ["a"],
                            },
                        },
                        {
                            "type": "polygonlabels",
                            "value": {"points": [[0, 0], [1, 0], [1, 1]], "polygonlabels": ["a"]},
                        },
                        {
                            "type": "brushlabels",
                            "original_width": 2,
                            "original_height": 2,
                            "value": {"format": "rle", "rle": packed(np.eye(2)), "brushlabels": ["a"]},
                        },
                    ],
                }
            ],
            "predictions": [{"model_version": "v1", "score": 0.5, "result": []}],
        }
    ],
}
strangers = ["", '"', "<", ">", "-", "99999999999", "\0", "x", "[", "e9"]
LINES = {
    "conll": ["-DOCSTART- O", "", "Ann B-PER", "left O", "I-X I-X", "a\tb\tE-LOC"],
    "cvat": [
        "<annotations><meta><labels><label><name>a</name></label></labels></meta>",
        '<image id="0" name="a" width="4" height="3">',
        '<box label="a" xtl="0" ytl="0" xbr="2" ybr="2"><attribute name="b">c</attribute></box>',
        '<polygon label="a" points="0,0;1,0;1,1"/>',
        '<mask label="a" rle="1, 2, 1" left="0" top="0" width="2" height="2"/><tag label="a"/>',
        "</image></annotations>",
    ],
    "pascal_voc": [
        "<annotation><filename>a.jpg</filename><size><width>4</width><height>3</height></size>",
        "<object><name>a</name><bndbox><xmin>0</xmin><ymin>0</ymin><xmax>1</xmax><ymax>1</ymax></bndbox>",
        "<attributes><attribute><name>b</name><value>c</value></attribute></attributes></object>",
        "</annotation>",
    ],
    "annotations": [
        '{"format": "gtlabel annotations", "version": 1, "classes": ["a"]}',
        '{"id": 1, "answers": [{"marks": [{"kind": "box", "label": "a", "x1": 0, "y1": 0, "x2": 1, "y2": 1}]}]}',
        '{"id": "b", "answers": [{"marks": [{"kind": "mask", "label": "", "height": 1, "width": 2, "runs": [2]}]}]}',
    ],
}


def read_or_refused(name, path):
    with contextlib.suppress(gt.Error):
        FORMATS[name].read(path)


def places(value, path=()):
    """Every place of a JSON value."""
    yield path
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield from places(part, (*path, key))


def changed(value, path, other):
    if not path:
        return other
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = changed(value[path[0]], path[1:], other)
    return copy


@pytest.mark.parametrize("name", SOUND)
def test_json_with_anything_in_any_place_is_read_or_refused(name, tmp_path):
    sound, path = SOUND[name], tmp_path / "x.json"
    path.write_text(json.dumps(sound))
    assert len(FORMATS[name].read(path)) == 1
    for place in places(sound):
        for other in (None, True, -1, 2**70, 0.5, "x", {}, [[]], float("nan")):
            path.write_text(json.dumps(changed(sound, place, other)))
            read_or_refused(name, path)

    @SETTINGS
    @given(st.sampled_from(list(places(sound))), st.lists(scalars, max_size=3) | scalars)
    def strange(place, other):
        path.write_text(json.dumps(changed(sound, place, other)))
        read_or_refused(name, path)

    strange()


@pytest.mark.parametrize("name", LINES)
def test_lines_cut_doubled_and_overwritten_are_read_or_refused(name, tmp_path):
    path = tmp_path / "x.xml"
    sound = "\n".join(LINES[name])
    path.write_text(sound)
    assert len(FORMATS[name].read(path)) > 0

    @SETTINGS
    @given(st.integers(0, len(sound)), st.integers(0, 9), st.sampled_from(strangers))
    def strange(start, length, other):
        path.write_bytes((sound[:start] + other + sound[start + length :]).encode())
        read_or_refused(name, path)

    strange()


@pytest.mark.parametrize("name", [*SOUND, *LINES])
def test_any_bytes_are_read_or_refused(name, tmp_path):
    @SETTINGS
    @given(st.binary(max_size=60))
    def strange(content):
        (tmp_path / "x").write_bytes(content)
        read_or_refused(name, tmp_path / "x")

    strange()


def test_any_bytes_in_a_yolo_folder_are_read_or_refused(tmp_path):
    (tmp_path / "labels").mkdir()
    sound = b"names: [a]\ntrain: images"

    @SETTINGS
    @given(st.binary(max_size=40) | st.just(sound), st.binary(max_size=20) | st.just(b"0 0 0 1 1"))
    def strange(head, labels):
        (tmp_path / "data.yaml").write_bytes(head)
        (tmp_path / "labels/a.txt").write_bytes(labels)
        read_or_refused("yolo", tmp_path)

    strange()
