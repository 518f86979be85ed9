"""Labels of frames, and masks, which are files of their own."""

import json
import math

import gtlabel as gt
import numpy as np
import pytest
from gtlabel.formats import ManifestClass, MaskClass, MaskLabel

VIDEO = {
    "tracking-annotations": [
        {
            "frame-no": "3",
            "frame": "f0003.jpg",
            "frame-attributes": {"light": "day"},
            "annotations": [
                {
                    "left": 30,
                    "top": 60,
                    "width": 44,
                    "height": 52,
                    "class-id": "1",
                    "label-category-attributes": {"occluded": "no"},
                    "object-id": "0f3c",
                    "object-name": "forklift:1",
                }
            ],
            "polygons": [{"class-id": 0, "vertices": [{"x": 1, "y": 2}], "object-id": "77"}],
        }
    ]
}
CLOUD = {
    "frame-number": 0,
    "frame-name": "0.txt.pcd",
    "frame-attributes": {},
    "annotations": [{"object-name": "Car:1", "class-id": 0, "center-x": 1.0, "yaw": 0.1, "object-id": "0f3c"}],
}
LABEL = MaskLabel(
    "m.png", [MaskClass(ManifestClass(0, "sky"), "#ffffff"), MaskClass(ManifestClass(3, "path"), "#2ca02c")]
)


def written(tmp_path, content):
    path = tmp_path / "SeqLabel.json"
    path.write_text(json.dumps(content))
    return path


def test_tracks_of_a_video_are_read_with_numbers_in_any_spelling(tmp_path):
    labels = gt.formats.read_sequence_labels(written(tmp_path, VIDEO))
    [frame] = labels.frames
    assert (frame.number, frame.name, frame.attributes) == (3, "f0003.jpg", {"light": "day"})
    assert [(one.shape, one.class_index, one.object_id) for one in frame.objects] == [
        ("box", 1, "0f3c"),
        ("polygon", 0, "77"),
    ]
    assert frame.objects[0].attributes == {"occluded": "no"}
    assert frame.objects[0].content["left"] == 30
    assert [*labels.tracks()] == ["0f3c", "77"]


def test_linked_tracks_of_several_sensors_share_their_ids(tmp_path):
    content = {"lidar": {"tracking-annotations": [CLOUD]}, "camera-0": VIDEO}
    labels = gt.formats.read_sequence_labels(written(tmp_path, content))
    assert [(sensor, number, one.shape) for sensor, number, one in labels.tracks()["0f3c"]] == [
        ("lidar", 0, "cuboid"),
        ("camera-0", 3, "box"),
    ]
    with pytest.raises(gt.FormatError, match="one sensor"):
        _ = labels.frames
    gt.formats.write_sequence_labels(labels, tmp_path / "again.json")
    assert json.loads((tmp_path / "again.json").read_text()) == content


def test_detection_has_no_object_ids(tmp_path):
    content = {"detection-annotations": [{"frame": "a.jpg", "annotations": [{"class-id": "0", "left": 1}]}]}
    labels = gt.formats.read_sequence_labels(written(tmp_path, content))
    assert labels.frames[0].number == 0
    assert labels.frames[0].objects[0].object_id == ""
    assert labels.tracks() == {}


@pytest.mark.parametrize(
    "content", [[], {}, {"a": 1}, {"tracking-annotations": [1]}, {"tracking-annotations": [{"annotations": [1]}]}]
)
def test_what_is_no_seq_label_is_refused(tmp_path, content):
    with pytest.raises(gt.FormatError, match=r"SeqLabel\.json"):
        gt.formats.read_sequence_labels(written(tmp_path, content))


def test_a_sequence_file_names_its_frames(tmp_path):
    content = {"seq-no": 1, "prefix": "s3://a/b/", "number-of-frames": 1, "frames": [{"frame": "1.jpg"}]}
    sequence = gt.formats.read_frame_sequence(written(tmp_path, content))
    assert (sequence.number, sequence.addresses) == (1, ["s3://a/b/1.jpg"])
    with pytest.raises(gt.FormatError, match="no list of frames"):
        gt.formats.read_frame_sequence(written(tmp_path, {}))


def test_yaw_turned_in_september_2022():
    assert gt.formats.right_handed_yaw(1.0, "2022-09-02T19:02:16.999999") == math.pi - 1.0
    assert gt.formats.right_handed_yaw(1.0, "2022-09-02T19:02:17.000001") == 1.0


def test_masks_survive_writing_and_reading(tmp_path):
    image = pytest.importorskip("PIL.Image")
    mask = np.array([[0, 3], [3, 3], [0, 0]], dtype=np.uint8)
    path = tmp_path / "m.png"
    gt.formats.write_mask(mask, LABEL, path)
    with image.open(path) as written_image:
        assert written_image.mode == "P"
        assert written_image.convert("RGB").getpixel((1, 0)) == (0x2C, 0xA0, 0x2C)
        written_image.convert("RGB").save(tmp_path / "rgb.png")
    assert gt.formats.read_mask(path).tolist() == mask.tolist()
    assert gt.formats.read_mask(tmp_path / "rgb.png", LABEL).tolist() == mask.tolist()
    with pytest.raises(gt.FormatError, match="#2ca02c"):
        gt.formats.read_mask(tmp_path / "rgb.png", MaskLabel("m.png", LABEL.classes[:1]))
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(gt.FormatError, match=r"m\.png"):
        gt.formats.read_mask(path)
    with pytest.raises(gt.InvalidArgument, match="0 to 255"):
        gt.formats.write_mask([[256]], LABEL, path)


def test_masks_of_points_survive_writing_and_reading(tmp_path):
    path = tmp_path / "points.zlib"
    gt.formats.write_point_mask([0, 1, 255], path)
    assert gt.formats.read_point_mask(path).tolist() == [0, 1, 255]
    path.write_bytes(b"no zlib")
    with pytest.raises(gt.FormatError, match="zlib"):
        gt.formats.read_point_mask(path)
