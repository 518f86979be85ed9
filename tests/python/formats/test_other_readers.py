"""What gtlabel writes, as programs of others read it."""

import contextlib
import io
import warnings

import gtlabel as gt
import numpy as np
import pytest
from gtlabel.formats import Annotations, Answer, Box, Item, Mask, Polygon

PIXELS = np.zeros((40, 60), dtype=bool)
PIXELS[10:30, 20:45] = True
SQUARE = ((10.0, 10.0), (30.0, 10.0), (30.0, 30.0), (10.0, 30.0))


def photos(marks):
    """Three photos of 60 x 40 pixels: with the marks, with a dog, and with nothing."""
    dog = Box("dog", 3, 4, 23, 36)
    answers = [Answer(tuple(marks)), Answer((dog,)), Answer()]
    items = [
        Item(name, (answer,), image=f"{name}.png", width=60, height=40)
        for name, answer in zip("abc", answers, strict=True)
    ]
    return Annotations.of(items, ("cat", "dog", "unused"))


@pytest.fixture
def images(tmp_path):
    """The photos themselves."""
    pillow = pytest.importorskip("PIL.Image")
    folder = tmp_path / "images"
    folder.mkdir()
    for name in "abc":
        pillow.new("RGB", (60, 40)).save(folder / f"{name}.png")
    return folder


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_pycocotools_reads_boxes_polygons_masks_and_images_without_any(tmp_path):
    coco = pytest.importorskip("pycocotools.coco", reason="pycocotools is not installed")
    marks = [Box("cat", 1, 2, 11, 22, 0.75), Polygon("cat", (SQUARE,)), Mask.from_array("dog", PIXELS)]
    gt.formats.write_coco(photos(marks), tmp_path / "coco.json")
    with contextlib.redirect_stdout(io.StringIO()):
        read = coco.COCO(str(tmp_path / "coco.json"))
    assert [category["name"] for category in read.loadCats(read.getCatIds())] == ["cat", "dog", "unused"]
    assert len(read.getImgIds()) == 3
    [first, *_] = sorted(read.getImgIds())
    box, polygon, mask = read.loadAnns(read.getAnnIds(imgIds=first))
    assert (box["bbox"], box["area"], box["score"]) == ([1, 2, 10, 20], 200, 0.75)
    assert read.annToMask(polygon).sum() == pytest.approx(400, rel=0.1)
    np.testing.assert_array_equal(read.annToMask(mask).astype(bool), PIXELS)
    assert (mask["area"], mask["bbox"]) == (PIXELS.sum(), [20, 10, 25, 20])


def test_cocoeval_finds_what_was_written_equal_to_itself(tmp_path):
    pytest.importorskip("pycocotools", reason="pycocotools is not installed")
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    truth = photos([Box("cat", 1, 2, 11, 22), Box("cat", 30, 5, 58, 33)])
    gt.formats.write_coco(truth, tmp_path / "truth.json")
    with contextlib.redirect_stdout(io.StringIO()):
        read = COCO(str(tmp_path / "truth.json"))
        found = [
            {key: one[key] for key in ("image_id", "category_id", "bbox")} | {"score": 0.9}
            for one in read.loadAnns(read.getAnnIds())
        ]
        evaluation = COCOeval(read, read.loadRes(found), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    assert evaluation.stats[0] == pytest.approx(1.0)


@pytest.fixture
def supervision():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = pytest.importorskip("supervision", reason="supervision is not installed")
        yield module.DetectionDataset


def boxes_of(dataset):
    """Image -> the boxes with their classes, in order; images without boxes too."""
    found = {}
    for path, _, detections in dataset:
        names = [dataset.classes[number] for number in detections.class_id] if len(detections) else []
        boxes = [tuple(np.round(box, 3).tolist()) for box in detections.xyxy]
        found[path.rpartition("/")[2]] = sorted(zip(names, boxes, strict=True))
    return found


MARKS = (Box("cat", 1, 2, 11, 22), Box("dog", 30, 5, 58, 33))
EXPECTED = {
    "a.png": [("cat", (1.0, 2.0, 11.0, 22.0)), ("dog", (30.0, 5.0, 58.0, 33.0))],
    "b.png": [("dog", (3.0, 4.0, 23.0, 36.0))],
    "c.png": [],
}


def test_supervision_reads_yolo(tmp_path, images, supervision):
    pytest.importorskip("yaml")
    gt.formats.write_yolo(photos(MARKS), tmp_path / "yolo")
    read = supervision.from_yolo(str(images), str(tmp_path / "yolo/labels"), str(tmp_path / "yolo/data.yaml"))
    assert read.classes == ["cat", "dog", "unused"]
    assert boxes_of(read) == EXPECTED


def test_supervision_reads_pascal_voc(tmp_path, images, supervision):
    # It takes 1 from each coordinate, as the development kit counts.
    gt.formats.write_pascal_voc(photos(MARKS), tmp_path / "voc", first_pixel=1)
    read = supervision.from_pascal_voc(str(images), str(next((tmp_path / "voc").rglob("a.xml")).parent))
    found = boxes_of(read)
    assert {name: [label for label, _ in boxes] for name, boxes in found.items()} == {
        name: [label for label, _ in boxes] for name, boxes in EXPECTED.items()
    }
    for name, boxes in EXPECTED.items():
        for (_, box), (_, read_box) in zip(boxes, found[name], strict=True):
            np.testing.assert_allclose(read_box, box, atol=1)  # the last pixel is in it or not


def test_supervision_reads_coco(tmp_path, images, supervision):
    gt.formats.write_coco(photos(MARKS), tmp_path / "coco.json")
    assert boxes_of(supervision.from_coco(str(images), str(tmp_path / "coco.json"))) == EXPECTED


@pytest.fixture
def datumaro():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield pytest.importorskip("datumaro", reason="datumaro is not installed").Dataset


def marks_by_datumaro(dataset):
    """Item -> kind, class, and left, top, width, height of each mark."""
    names = [category.name for category in next(iter(dataset.categories().values()))]
    return {
        item.id: sorted(
            (mark.type.name, names[mark.label], tuple(map(float, mark.get_bbox()))) for mark in item.annotations
        )
        for item in dataset
    }


BOXES = [("bbox", "cat", (1.0, 2.0, 10.0, 20.0)), ("bbox", "dog", (30.0, 5.0, 28.0, 28.0))]
OTHERS = {"b": [("bbox", "dog", (3.0, 4.0, 20.0, 32.0))], "c": []}


@pytest.mark.parametrize("name", ["cvat", "coco"])
def test_datumaro_reads_boxes_polygons_and_masks(tmp_path, images, datumaro, name):
    annotations = photos([*MARKS, Polygon("cat", (SQUARE,)), Mask.from_array("dog", PIXELS)])
    if name == "cvat":
        gt.formats.write_cvat(annotations, tmp_path / "annotations.xml")
    else:
        (tmp_path / "annotations").mkdir()
        gt.formats.write_coco(annotations, tmp_path / "annotations/instances_train.json")
    read = datumaro.import_from(str(tmp_path), "cvat" if name == "cvat" else "coco_instances")
    more = [("mask", "dog", (20.0, 10.0, 25.0, 20.0)), ("polygon", "cat", (10.0, 10.0, 20.0, 20.0))]
    if name == "coco":  # of every annotation it takes the bbox, too
        more += [("bbox", label, box) for _, label, box in more]
    assert marks_by_datumaro(read) == {"a": sorted([*BOXES, *more]), **OTHERS}


def test_datumaro_reads_yolo(tmp_path, images, datumaro):
    pytest.importorskip("yaml")
    gt.formats.write_yolo(photos(MARKS), tmp_path / "yolo")
    images.rename(tmp_path / "yolo/images")
    assert marks_by_datumaro(datumaro.import_from(str(tmp_path / "yolo"), "yolo")) == {"a": BOXES, **OTHERS}


def test_datumaro_reads_pascal_voc_in_the_folders_of_the_development_kit(tmp_path, datumaro):
    gt.formats.write_pascal_voc(photos(MARKS), tmp_path / "Annotations")
    lists = tmp_path / "ImageSets/Main"
    lists.mkdir(parents=True)
    (lists / "train.txt").write_text("a\nb\nc\n")
    assert marks_by_datumaro(datumaro.import_from(str(tmp_path), "voc")) == {"a": BOXES, **OTHERS}
