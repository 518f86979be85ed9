"""convert: which format a file has, what is refused, what is told, and files of other programs."""

import json
import re
import shutil
from pathlib import Path

import gtlabel as gt
import numpy as np
import pytest
from gtlabel.formats import FORMATS, Annotations, Answer, Box, Choice, Item, Mask, Polygon, Span, convert
from gtlabel.formats.run_lengths import runs_of_text, text_of_runs

pytest.importorskip("pyarrow")
pytest.importorskip("yaml")

PHOTO = {"image": "a.jpg", "width": 100, "height": 50}
BOX = Box("cat", 10, 5, 30, 45)


def one(*answers, item_id="a", **fields):
    return Annotations.of([Item(item_id, tuple(answers), **fields)])


def save(annotations, path):
    gt.formats.write_annotations(annotations, path)
    return path


@pytest.fixture
def photos(tmp_path):
    """Two photos, one without a cat, and one that nobody has looked at."""
    items = [
        Item("a", (Answer((BOX,)),), **PHOTO),
        Item("b", (Answer(),), image="b.jpg", width=10, height=10),
        Item("c", (), image="c.jpg", width=10, height=10),
    ]
    return save(Annotations.of(items), tmp_path / "photos.jsonl")


# --- which format ---


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("coco", "out.json"),
        ("label_studio", "out.json"),
        ("cvat", "out.xml"),
        ("pascal_voc", "out"),
        ("yolo", "out"),
        ("annotations", "out.jsonl"),
    ],
)
def test_what_was_written_is_recognised(photos, tmp_path, name, target):
    assert convert(photos, tmp_path / target, to=name).target_format == name
    again = convert(tmp_path / target, tmp_path / "again.jsonl")
    assert again.source_format == name
    negatives = 2 if name in ("coco", "cvat", "pascal_voc") and again.n_items == 3 else 1
    assert again.n_negatives == negatives


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_tables_are_labels_or_answers_by_their_columns(tmp_path, kind):
    (tmp_path / "labels.csv").write_text("id,label\na,cat\nb,dog\n")
    (tmp_path / "answers.csv").write_text("item,worker,answer\na,ann,cat\na,bob,dog\n")
    for name in ("labels", "answers"):
        told = convert(tmp_path / f"{name}.csv", tmp_path / f"{name}_out.{kind}")
        assert (told.source_format, told.target_format) == (f"{name}_csv", f"{name}_{kind}")
        assert told.not_carried == {}
        assert convert(tmp_path / f"{name}_out.{kind}", tmp_path / "x.jsonl").source_format == f"{name}_{kind}"


def test_labels_keep_everything_from_table_to_table(pool, same_labels, tmp_path):
    job = pool.job()
    job.run(pool.annotate)
    gt.formats.write_labels(job.labels(), tmp_path / "a.csv")
    assert convert(tmp_path / "a.csv", tmp_path / "b.parquet", strict=True).not_carried == {}
    same_labels(job.labels(), gt.formats.read_labels(tmp_path / "b.parquet"))
    sparse = gt.formats.read_labels({"label": ["cat", "emu"], "class_index": [0, 4], "round": [1, 2], "item": [7, 9]})
    gt.formats.write_labels(sparse, tmp_path / "c.csv")
    convert(tmp_path / "c.csv", tmp_path / "d.jsonl", strict=True)
    same_labels(sparse, gt.formats.read_labels(tmp_path / "d.jsonl"))
    convert(tmp_path / "d.jsonl", tmp_path / "e.json", to="label_studio")
    convert(tmp_path / "e.json", tmp_path / "f.csv")
    same_labels(sparse, gt.formats.read_labels(tmp_path / "f.csv"))


@pytest.mark.parametrize(
    ("source", "options", "error", "message"),
    [
        ("gone.json", {}, FileNotFoundError, "gone.json"),
        ("photos.jsonl", {"to": "voc"}, gt.InvalidArgument, "'voc' given, expected one of csv, .*pascal_voc"),
        ("photos.jsonl", {"from_": "x"}, gt.InvalidArgument, "'x' given"),
        ("photos.jsonl", {}, gt.InvalidArgument, r"out: ending '' given, expected to= as well, such as yolo"),
        ("notes.txt", {}, gt.InvalidArgument, "ending '.txt' given, expected from_= or one of .csv"),
    ],
)
def test_what_cannot_be_told_is_asked_for(photos, tmp_path, source, options, error, message):
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(error, match=message):
        convert(tmp_path / source, tmp_path / "out", **options)


def test_of_two_formats_with_one_ending_the_name_is_asked_for(photos, tmp_path):
    with pytest.raises(gt.InvalidArgument, match=r"ending '.json' given, expected to= .* label_studio, coco"):
        convert(photos, tmp_path / "out.json")


# --- what does not fit ---


@pytest.mark.parametrize(
    ("annotations", "to", "message"),
    [
        (one(Answer((BOX,)), **PHOTO), "labels_csv", "1 boxes given, expected choices"),
        (one(Answer((Span("x", 0, 1),)), text="ab"), "coco", "1 spans given, expected boxes"),
        (one(Answer((Box("x", 0, 0, 5, 5, rotation=3),)), **PHOTO), "yolo", "1 turned boxes given"),
        (one(Answer((Choice("x"), Choice("y")))), "labels_csv", "1 label sets given"),
        (one(Answer((BOX,), worker="a"), Answer((BOX,), worker="b"), **PHOTO), "coco", "consolidate them first"),
        (one(Answer((Span("x", 0, 2), Span("y", 1, 3))), text="abc"), "conll", "1 overlapping spans given"),
        (one(Answer(special="unsure")), "label_studio", "1 unsure and none of these given"),
    ],
)
def test_what_is_essential_is_refused_and_nothing_is_written(annotations, to, message, tmp_path):
    save(annotations, tmp_path / "in.jsonl")
    with pytest.raises(gt.InvalidArgument, match=message):
        convert(tmp_path / "in.jsonl", tmp_path / "out", to=to)
    assert not (tmp_path / "out").exists()


def test_the_rest_is_told_and_refused_if_one_is_strict(tmp_path):
    answer = Answer((BOX,), worker="ann", seconds=2.0, source="auto", model="v1")
    save(one(answer, **PHOTO), tmp_path / "in.jsonl")
    told = convert(tmp_path / "in.jsonl", tmp_path / "out.json", to="coco")
    assert told.not_carried == {"workers": 1, "sources": 1, "models": 1, "seconds": 1}
    assert (told.n_items, told.n_answers, told.n_marks, told.n_negatives) == (1, 1, 1, 0)
    assert str(told).endswith("1 marks, 0 negatives; not carried: workers (1), sources (1), models (1), seconds (1)")
    with pytest.raises(gt.InvalidArgument, match="COCO: no place for 1 workers, 1 sources"):
        convert(tmp_path / "in.jsonl", tmp_path / "strict.json", to="coco", strict=True)
    assert not (tmp_path / "strict.json").exists()


def test_negatives_arrive_and_unseen_items_do_not_become_negatives(photos, tmp_path):
    told = convert(photos, tmp_path / "coco.json", to="coco")
    assert told.not_carried == {"unanswered items": 1}
    assert [item.id for item in gt.formats.read_coco(tmp_path / "coco.json").items] == ["a", "b"]
    convert(photos, tmp_path / "yolo", to="yolo")
    assert (tmp_path / "yolo/labels/b.txt").read_text() == ""
    assert not (tmp_path / "yolo/labels/c.txt").exists()
    assert [len(item.answers) for item in gt.formats.read_yolo(tmp_path / "yolo").items] == [1, 1, 0]


def test_predictions_give_way_to_people(tmp_path):
    machine = Answer((Choice("dog"),), source="auto")
    items = [
        Item("a", (machine, Answer((Choice("cat"),)))),
        Item("b", (machine,)),
        Item("c", (Answer(special="skip"),)),
    ]
    save(Annotations.of(items), tmp_path / "in.jsonl")
    told = convert(tmp_path / "in.jsonl", tmp_path / "out.csv", to="labels_csv")
    labels = gt.formats.read_labels(tmp_path / "out.csv")
    assert list(zip(labels.id, labels.label, labels.source, strict=True)) == [
        ("a", "cat", "human"),
        ("b", "dog", "auto"),
    ]
    assert told.not_carried == {"predictions beside answers": 1, "skips": 1}


def test_the_confidence_of_a_single_choice_is_that_of_the_label(tmp_path):
    answers = Answer((Choice("cat", confidence=0.75),)), Answer((Choice("dog"),), confidence=0.5)
    items = [Item(name, (answer,)) for name, answer in zip("ab", answers, strict=True)]
    save(Annotations.of(items), tmp_path / "in.jsonl")
    assert convert(tmp_path / "in.jsonl", tmp_path / "out.csv", strict=True).not_carried == {}
    assert gt.formats.read_labels(tmp_path / "out.csv").confidence.tolist() == [0.75, 0.5]


MANIFEST = """\
{"source-ref": "s3://b/1.jpg", "animal": 1, "animal-metadata": {"class-name": "dog", "confidence": 0.9, \
"human-annotated": "no", "type": "groundtruth/image-classification", "job-name": "j"}}
{"source-ref": "s3://b/2.jpg", "camera": "left"}
"""


def test_a_manifest_becomes_labels_and_labels_become_a_manifest(tmp_path):
    (tmp_path / "in.manifest").write_text(MANIFEST)
    told = convert(tmp_path / "in.manifest", tmp_path / "out.csv")
    labels = gt.formats.read_labels(tmp_path / "out.csv")
    rows = list(zip(labels.item.tolist(), labels.label, labels.source, labels.confidence.round(3), strict=True))
    assert rows == [(0, "dog", "auto", np.float32(0.9))]
    assert told.not_carried == {"unanswered items": 1, "images": 2, "item fields": 1, "jobs and dates": 1}
    convert(tmp_path / "in.manifest", tmp_path / "again.manifest")
    again = gt.formats.read_manifest(tmp_path / "again.manifest")
    assert [finding.rule for finding in gt.formats.lint_manifest(tmp_path / "again.manifest").findings] == [
        "unlabeled-line"
    ]
    assert again.sources == ["s3://b/1.jpg", "s3://b/2.jpg"]
    assert again[1]["camera"] == "left"
    assert again.labels("label").confidence[0] == 0.9


def test_a_manifest_keeps_numbers_of_classes_jobs_and_dates(tmp_path):
    line = '{"source-ref": "s3://b/%d.jpg", "label": %d, "label-metadata": {"class-name": "%s", "confidence": 0.5, '
    line += '"human-annotated": "yes", "type": "groundtruth/image-classification", "job-name": "j", '
    line += '"creation-date": "2020-01-02T03:04:05.000006"}}\n'
    (tmp_path / "in.manifest").write_text("".join(line % row for row in [(1, 2, "dog"), (2, 0, "cat"), (3, 2, "dog")]))
    assert convert(tmp_path / "in.manifest", tmp_path / "out.manifest", strict=True).not_carried == {}
    given, written = (gt.formats.read_manifest(tmp_path / f"{name}.manifest") for name in ("in", "out"))
    assert [label.to_json() for label in written.typed_labels("label")] == [
        label.to_json() for label in given.typed_labels("label")
    ]
    convert(tmp_path / "in.manifest", tmp_path / "lines.jsonl", to="annotations", strict=True)
    convert(tmp_path / "lines.jsonl", tmp_path / "again.manifest", strict=True)
    assert (tmp_path / "again.manifest").read_bytes() == (tmp_path / "out.manifest").read_bytes()
    convert(tmp_path / "in.manifest", tmp_path / "out.csv")
    assert gt.formats.read_labels(tmp_path / "out.csv").class_index.tolist() == [2, 0, 2]


def test_what_annotations_have_no_form_for_in_a_manifest_is_told(tmp_path):
    line = '{"source-ref": "s3://b/1.jpg", "label": "1", "label-metadata": {"class-name": "bad", "confidence": 0.5, '
    line += '"human-annotated": "yes", "type": "groundtruth/label-verification", "job-name": "j", '
    line += '"creation-date": "2020-01-02T03:04:05.000006", "worker-feedback": ["dark"], "stage": 3}}\n'
    (tmp_path / "in.manifest").write_text(line)
    told = convert(tmp_path / "in.manifest", tmp_path / "out.manifest")
    assert told.not_carried == {"label types": 1, "worker feedback": 1, "other metadata": 1}
    with pytest.raises(gt.InvalidArgument, match="no place for 1 label types, 1 worker feedback, 1 other metadata"):
        convert(tmp_path / "in.manifest", tmp_path / "strict.manifest", strict=True)


def test_numbers_of_classes_that_contradict_each_other_are_told(tmp_path):
    line = '{"source-ref": "s3://b/1.jpg", "label": %d, "label-metadata": {"class-name": "%s", "confidence": 0.5}}\n'
    (tmp_path / "in.manifest").write_text("".join(line % row for row in [(5, "a"), (6, "a"), (5, "b"), (7, "c")]))
    read = FORMATS["manifest"].read(tmp_path / "in.manifest")
    assert read.class_ids == {"a": 5, "c": 7}
    assert read.not_read == {"class ids": 2}
    assert read.class_ids_from(0) == {"a": 5, "b": 0, "c": 7}


def test_of_several_attributes_of_a_manifest_one_is_taken(tmp_path):
    line = '{"source": "x", "a": 0, "a-metadata": {"class-name": "no", "confidence": 0}, '
    line += '"b": 1, "b-metadata": {"class-name": "yes", "confidence": 0}}'
    (tmp_path / "in.manifest").write_text(line)
    with pytest.raises(gt.InvalidArgument, match=r"attributes \['a', 'b'\] given, expected one"):
        convert(tmp_path / "in.manifest", tmp_path / "out.csv")
    manifest = gt.formats.read_manifest(tmp_path / "in.manifest")
    [item] = gt.formats.annotations_of_manifest(manifest, "b").items
    assert (item.text, item.answers[0].marks[0].label) == ("x", "yes")
    with pytest.raises(gt.InvalidArgument, match="'c' given, expected one of"):
        gt.formats.annotations_of_manifest(manifest, "c")


def test_white_space_that_tokens_lose_is_told(tmp_path):
    save(one(Answer((Span("PER", 1, 4),)), item_id=0, text="(Ann)  left."), tmp_path / "in.jsonl")
    told = convert(tmp_path / "in.jsonl", tmp_path / "out.conll")
    assert told.not_carried == {"white space of texts": 1}
    assert (tmp_path / "out.conll").read_text() == "( O\nAnn B-PER\n) O\nleft. O\n\n"


def test_a_folder_with_files_is_not_written_into(photos, tmp_path):
    (tmp_path / "yolo").mkdir()
    (tmp_path / "yolo/old.txt").write_text("")
    with pytest.raises(gt.InvalidArgument, match="not an empty folder"):
        convert(photos, tmp_path / "yolo", to="yolo")


@pytest.mark.parametrize("name", ["../a", "/etc/a", "a/../../b", "", "a\0b", "x" * 300, "a\\b"])
def test_no_name_of_a_file_leads_out_of_the_folder(name, tmp_path):
    for to in ("pascal_voc", "yolo"):
        save(one(Answer(), image=f"{name}", width=1, height=1), tmp_path / "in.jsonl")
        with pytest.raises(gt.InvalidArgument, match=r"given, expected a name|too long"):
            convert(tmp_path / "in.jsonl", tmp_path / "out", to=to)
        assert not (tmp_path / "out").exists()


def test_images_are_copied_into_folders_of_classes(tmp_path):
    images = tmp_path / "photos"
    images.mkdir()
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        (images / name).write_bytes(name.encode())
    items = [Item(f"{n}", (Answer((Choice(label),)),), image=f"{n}.jpg") for n, label in (("a", "cat"), ("b", "dog"))]
    save(Annotations.of(items, ["cat", "dog", "emu"]), images / "labels.jsonl")
    told = convert(images / "labels.jsonl", tmp_path / "out", to="yolo_classification")
    assert sorted(path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*")) == [
        "cat",
        "cat/a.jpg",
        "dog",
        "dog/b.jpg",
        "emu",
    ]
    assert (tmp_path / "out/dog/b.jpg").read_bytes() == b"b.jpg"
    assert "images" in told.not_carried
    read = gt.formats.read_yolo_classification(tmp_path / "out")
    assert [(item.id, item.answers[0].marks[0].label) for item in read.items] == [("cat/a", "cat"), ("dog/b", "dog")]
    assert read.classes == ("cat", "dog", "emu")
    (images / "b.jpg").unlink()
    shutil.rmtree(tmp_path / "out")
    with pytest.raises(gt.InvalidArgument, match=r"b\.jpg: no such image"):
        convert(images / "labels.jsonl", tmp_path / "out", to="yolo_classification")


# --- consolidation ---


def answers_of(marks_of_workers, **fields):
    return one(*(Answer(tuple(marks), worker=worker) for worker, marks in marks_of_workers.items()), **fields)


def test_boxes_of_several_people_become_one_answer_that_coco_takes(tmp_path):
    near = [Box("cat", 10 + shift, 5, 30 + shift, 45) for shift in (0, 1, 2)]
    given = answers_of({"ann": near[:1], "bob": near[1:2], "eve": near[2:], "joe": []}, **PHOTO)
    result = gt.consolidate_boxes(**gt.formats.box_columns(given))
    found = gt.formats.with_consolidated(given, result)
    [box] = found.items[0].answers[0].marks
    assert (box.label, box.x1) == ("cat", pytest.approx(11, abs=1))
    assert 0.5 < box.confidence < 1
    gt.formats.write_coco(found, tmp_path / "coco.json")
    [written] = json.loads((tmp_path / "coco.json").read_text())["annotations"]
    assert written["score"] == box.confidence


def test_spans_label_sets_masks_and_choices_are_consolidated():
    spans = answers_of({"a": [Span("PER", 0, 3)], "b": [Span("PER", 0, 3)], "c": []}, text="Ann left")
    found = gt.formats.with_consolidated(spans, gt.consolidate_spans(**gt.formats.span_columns(spans)))
    assert [(mark.start, mark.end, mark.label) for mark in found.items[0].answers[0].marks] == [(0, 3, "PER")]

    sets = answers_of({"a": [Choice("x"), Choice("y")], "b": [Choice("x")], "c": [Choice("x")]})
    found = gt.formats.with_consolidated(sets, gt.consolidate_multi_label(**gt.formats.label_set_columns(sets)))
    assert [mark.label for mark in found.items[0].answers[0].marks] == ["x"]

    pixels = np.zeros((6, 8), dtype=bool)
    pixels[1:4, 2:6] = True
    masks = answers_of({name: [Mask.from_array("cell", pixels)] for name in "abc"}, width=8, height=6)
    found = gt.formats.with_consolidated(masks, gt.consolidate_masks(**gt.formats.mask_columns(masks)))
    np.testing.assert_array_equal(found.items[0].answers[0].marks[0].to_array(), pixels)

    choices = answers_of({"a": [Choice("x")], "b": [Choice("x")], "c": [Choice("y")]})
    votes = gt.formats.answers_of_annotations(choices).votes()
    found = gt.formats.with_consolidated(choices, gt.majority_vote(**votes))
    assert found.items[0].answers[0].marks == (Choice("x"),)
    assert found.items[0].answers[0].confidence == pytest.approx(2 / 3)


# --- files of other programs ---


def test_coco_of_others_with_crowds_polygons_and_ids_is_read(tmp_path):
    counts = text_of_runs((2, 3, 1))
    content = {
        "info": {"year": 2017},
        "licenses": [],
        "images": [{"id": 397133, "file_name": "000000397133.jpg", "width": 3, "height": 2, "license": 4}, {"id": 9}],
        "annotations": [
            {"id": 82445, "image_id": 397133, "category_id": 18, "bbox": [1, 0, 2, 2], "area": 4, "iscrowd": 0,
             "segmentation": [[1, 0, 3, 0, 3, 2], [0, 0, 1, 0, 1, 1]]},
            {"id": 1, "image_id": 397133, "category_id": 18, "iscrowd": 1,
             "segmentation": {"size": [2, 3], "counts": [2, 3, 1]}},
            {"id": 2, "image_id": 397133, "category_id": 1, "segmentation": {"size": [2, 3], "counts": counts}},
        ],
        "categories": [{"id": 1, "name": "person", "supercategory": "person"}, {"id": 18, "name": "dog"}],
    }  # fmt: skip
    (tmp_path / "instances.json").write_text(json.dumps(content))
    read = gt.formats.read_coco(tmp_path / "instances.json")
    assert read.classes == ("person", "dog")
    assert [item.id for item in read.items] == [397133, 9]
    polygon, crowd, mask = read.items[0].answers[0].marks
    assert isinstance(polygon, Polygon)
    assert len(polygon.parts) == 2
    assert crowd.to_array().tolist() == [[False, True, True], [False, True, False]]
    assert mask.runs == crowd.runs == (2, 3, 1)
    assert mask.attributes == {"iscrowd": 0} or mask.attributes == {}
    assert read.items[1].answers == (Answer(),), "an image without annotations is a negative"


def test_the_attribute_of_a_manifest_and_the_control_of_json_min_can_be_named(tmp_path):
    manifest = gt.formats.Manifest([{"source": "a"}, {"source": "b"}])
    for attribute, labels in (("one", ["x", "y"]), ("two", ["y", "y"])):
        manifest.set_class_labels(attribute, labels, classes=["x", "y"])
    gt.formats.write_manifest(manifest, tmp_path / "in.manifest")
    with pytest.raises(gt.InvalidArgument, match=r"attributes \['one', 'two'\] given, expected one, by attribute="):
        convert(tmp_path / "in.manifest", tmp_path / "out.csv")
    convert(tmp_path / "in.manifest", tmp_path / "out.csv", attribute="two")
    assert gt.formats.read_labels(tmp_path / "out.csv").label.tolist() == ["y", "y"]
    records = [{"id": n, "annotator": 1, "annotation_id": n, "text": "t", "topic": "news"} for n in range(2)]
    (tmp_path / "min.json").write_text(json.dumps(records))
    with pytest.raises(gt.FormatError, match="by control="):
        convert(tmp_path / "min.json", tmp_path / "min.csv")
    convert(tmp_path / "min.json", tmp_path / "min.csv", control="topic")
    assert gt.formats.read_answers(tmp_path / "min.csv").answer.tolist() == ["news", "news"]
    for option in ({"attribute": "one"}, {"control": "topic"}):
        with pytest.raises(gt.InvalidArgument, match=f"{next(iter(option))}: given for labels as CSV, expected only"):
            convert(tmp_path / "out.csv", tmp_path / "again.jsonl", **option)


def test_coco_to_coco_keeps_all_and_what_others_lose_is_told(tmp_path):
    shape = {"id": 5, "image_id": 9, "category_id": 7, "bbox": [0, 0, 4, 2], "iscrowd": 0, "segmentation": []}
    content = {
        "images": [{"id": 9, "file_name": "a.jpg", "width": 30, "height": 20}],
        "annotations": [
            {**shape, "area": 6.5, "keypoints": [1, 2, 2]},
            {**shape, "id": 6, "category_id": 3, "area": 8},
        ],
        "categories": [{"id": 3, "name": "person"}, {"id": 7, "name": "dog"}],
    }
    (tmp_path / "in.json").write_text(json.dumps(content))
    assert convert(tmp_path / "in.json", tmp_path / "out.json", to="coco", strict=True).not_carried == {}
    assert json.loads((tmp_path / "out.json").read_text()) == content
    content["categories"][0] |= {"supercategory": "animal", "keypoints": ["nose"]}
    content |= {"info": {"year": 2017}, "licenses": [{"id": 1}, {"id": 2}], "videos": []}
    (tmp_path / "in.json").write_text(json.dumps(content))
    for name, to in (("again.json", "coco"), ("lines.jsonl", "annotations")):
        assert convert(tmp_path / "in.json", tmp_path / name, to=to, strict=True).not_carried == {}
    convert(tmp_path / "lines.jsonl", tmp_path / "back.json", to="coco", strict=True)
    for name in ("again.json", "back.json"):
        assert json.loads((tmp_path / name).read_text()) == content
    told = convert(tmp_path / "in.json", tmp_path / "cvat.xml", to="cvat").not_carried
    assert (told["class fields"], told["file fields"]) == (1, 3)
    with pytest.raises(gt.InvalidArgument, match=r"no place for .*1 class fields, 3 file fields"):
        convert(tmp_path / "in.json", tmp_path / "strict.xml", to="cvat", strict=True)
    assert convert(tmp_path / "in.json", tmp_path / "yolo", to="yolo").not_carried["class ids"] == 2


def test_label_studios_exports_of_both_kinds_are_read(tmp_path):
    """As Label Studio 1.23.2 wrote them, shortened; predictions are numbers there."""
    result = {"type": "choices", "from_name": "kind", "to_name": "item", "value": {"choices": ["good"]}}
    annotation = {"id": 9, "completed_by": 2, "result": [result], "was_cancelled": False, "lead_time": 2.0, "task": 1}
    task = {
        "id": 1,
        "annotations": [annotation],
        "drafts": [],
        "predictions": [6],
        "data": {"text": "fine", "stars": 4},
    }
    plain = {"text": "fine", "stars": 4, "id": 1, "label": "good", "annotator": 2, "annotation_id": 9, "lead_time": 2.0}
    for content, control in (([task], "kind"), ([plain], None)):
        (tmp_path / "export.json").write_text(json.dumps(content))
        [item] = gt.formats.read_label_studio(tmp_path / "export.json").items
        assert (item.id, item.text, item.fields) == (1, "fine", {"stars": 4})
        [answer] = item.answers
        assert (answer.worker, answer.seconds, answer.id) == ("2", 2.0, 9)
        assert answer.marks[0].label == "good"
        assert answer.marks[0].attributes.get("from_name") == control


def test_a_single_choice_of_json_min_is_found_under_the_name_of_its_control(tmp_path):
    plain = {"id": 1, "text": "fine", "label": "blue", "topic": "news", "annotator": 2, "annotation_id": 9}
    (tmp_path / "export.json").write_text(json.dumps([plain, plain | {"id": 2, "topic": None}]))
    one, none = gt.formats.read_label_studio(tmp_path / "export.json", control="topic").items
    assert [mark.label for mark in one.answers[0].marks] == ["news"]
    assert one.fields == {"label": "blue"}
    assert none.answers[0].marks == ()


@pytest.mark.parametrize(
    "content",
    [
        [{"image_id": 1, "category_id": 2, "bbox": [1, 2, 3, 4], "score": 0.5}],
        [{"a": 1}],
        {"x": 1},
        [{}],
        [{"id": 1, "annotator": 2, "annotation_id": 9, "topic": "news"}],
    ],
)
def test_json_of_others_is_not_taken_for_people_who_found_nothing(content, tmp_path):
    (tmp_path / "x.json").write_text(json.dumps(content))
    with pytest.raises(gt.FormatError, match=r"x\.json.* of "):
        convert(tmp_path / "x.json", tmp_path / "out.jsonl")
    assert not (tmp_path / "out.jsonl").exists()


def test_runs_are_told_as_in_pycocotools():
    # From pycocotools 2.0: encode(np.asfortranarray(pixels))["counts"], of a square and of the numbers below.
    mask = pytest.importorskip("pycocotools.mask", reason="pycocotools is not installed")
    pixels = np.random.default_rng(1).random((50, 40)) < 0.3
    pixels[10:40, 5:30] = True
    counts = mask.encode(np.asfortranarray(pixels.astype(np.uint8)))["counts"].decode()
    assert text_of_runs(Mask.from_array("a", pixels).runs) == counts
    assert runs_of_text(counts) == Mask.from_array("a", pixels).runs


@pytest.mark.parametrize("runs", [(), (0,), (5,), (0, 1, 2, 3), (10**9, 1, 3, 10**9, 7), (1,) * 40])
def test_runs_come_back_from_their_text(runs):
    assert runs_of_text(text_of_runs(runs)) == runs


def test_yolo_of_others_with_folders_and_a_list_of_names_is_read(tmp_path):
    pil = pytest.importorskip("PIL.Image")
    (tmp_path / "images/train").mkdir(parents=True)
    (tmp_path / "labels/train").mkdir(parents=True)
    (tmp_path / "data.yaml").write_text("train: images/train\nval: images/train\nnc: 2\nnames: [cat, dog]\n")
    pil.new("L", (200, 100)).save(tmp_path / "images/train/a.png")
    (tmp_path / "labels/train/a.txt").write_text("1 0.5 0.5 0.25 0.5\n0 0.1 0.1 0.2 0.1 0.2 0.2 0.9\n")
    (tmp_path / "labels/train/gone.txt").write_text("")
    read = gt.formats.read_yolo(tmp_path)
    assert [item.id for item in read.items] == ["train/a", "train/gone"]
    box, polygon = read.items[0].answers[0].marks
    assert box == Box("dog", 75, 25, 125, 75)
    assert polygon.confidence == 0.9
    assert polygon.parts[0][1] == pytest.approx((40, 10))
    assert (read.items[0].unit, read.items[1].unit) == ("pixel", "fraction")


def test_pascal_voc_of_the_development_kit_counts_pixels_from_one(tmp_path):
    (tmp_path / "Annotations").mkdir()
    (tmp_path / "Annotations/2007_000027.xml").write_text(
        """<?xml version="1.0" encoding="ISO-8859-1"?>
        <annotation><folder>VOC2012</folder><filename>2007_000027.jpg</filename>
        <size><width>486</width><height>500</height><depth>3</depth></size>
        <object><name>person</name><pose>Unspecified</pose><truncated>0</truncated><difficult>1</difficult>
        <bndbox><xmin>174.0</xmin><ymin>101</ymin><xmax>349</xmax><ymax>351</ymax></bndbox>
        <part><name>head</name><bndbox><xmin>169</xmin><ymin>104</ymin><xmax>209</xmax><ymax>146</ymax></bndbox></part>
        </object></annotation>"""
    )
    [item] = gt.formats.read_pascal_voc(tmp_path, first_pixel=1).items
    assert (item.id, item.image, item.width) == ("2007_000027", "2007_000027.jpg", 486)
    [box] = item.answers[0].marks
    assert (box.x1, box.y1, box.x2, box.y2) == (173, 100, 349, 351)
    assert box.attributes == {"pose": "Unspecified", "truncated": "0", "difficult": "1"}
    told = convert(tmp_path, tmp_path.parent / "voc", to="pascal_voc", from_="pascal_voc").not_carried
    assert told == {"<folder>": 1, "<part>": 1}, "a depth of 3 is written again"
    gt.formats.write_pascal_voc(Annotations.of([item]), tmp_path / "out", first_pixel=1)
    assert gt.formats.read_pascal_voc(tmp_path / "out", first_pixel=1).items == (item,)


def test_cvat_of_others_with_masks_attributes_and_an_empty_image_is_read(tmp_path):
    (tmp_path / "annotations.xml").write_text(
        """<?xml version="1.0" encoding="utf-8"?>
        <annotations><version>1.1</version><meta><task><id>4</id><labels>
        <label><name>cell</name><color>#ff</color><attributes/></label><label><name>unused</name></label>
        </labels></task><dumped>2023</dumped></meta>
        <image id="0" name="a/b.png" subset="train" task_id="4" width="4" height="3">
          <mask label="cell" source="manual" occluded="0" rle="1, 2, 1" left="1" top="1" width="2" height="2">
          </mask>
          <box label="cell" source="auto" occluded="1" xtl="0.50" ytl="0" xbr="2" ybr="2.25" z_order="0">
            <attribute name="age">old</attribute></box>
        </image><image id="1" name="c.png" width="4" height="3"></image></annotations>"""
    )
    read = gt.formats.read_cvat(tmp_path / "annotations.xml")
    assert read.classes == ("cell", "unused")
    mask, box = read.items[0].answers[0].marks
    assert mask.to_array().astype(int).tolist() == [[0, 0, 0, 0], [0, 0, 1, 0], [0, 1, 0, 0]]
    assert box.attributes == {"occluded": "1", "z_order": "0", "source": "auto", "age": "old"}
    assert read.items[0].fields == {"split": "train"}
    assert read.items[1].answers == (Answer(),)


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        ("B-PER I-PER O", [(0, 3)]),
        ("I-PER I-PER O", [(0, 3)]),
        ("B-PER B-PER I-PER", [(0, 1), (2, 5)]),
        ("B-PER E-PER S-PER", [(0, 3), (4, 5)]),
        ("U-PER B-PER L-PER", [(0, 1), (2, 5)]),
        ("O I-LOC I-PER", [(2, 3), (4, 5)]),
    ],
)
def test_conll_is_read_in_each_of_its_schemes(tags, found, tmp_path):
    rows = zip("abc", ["NN"] * 3, tags.split(), strict=True)
    text = "-DOCSTART- -X- O\n\n" + "\n".join("\t".join(row) for row in rows) + "\n\n\n"
    (tmp_path / "x.conll").write_text(text)
    [item] = gt.formats.read_conll(tmp_path / "x.conll").items
    assert item.text == "a b c"
    assert [(span.start, span.end) for span in item.answers[0].marks] == found


# --- bad files ---

XML_BOMB = (
    '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbbbbbb"><!ENTITY c "&b;&b;">]><annotations>&c;</annotations>'
)
BAD = [
    ("cvat", "x.xml", XML_BOMB, "line 1: a DTD, expected none"),
    ("cvat", "x.xml", "<annotations>\n<image>", "line 2: no XML"),
    ("cvat", "x.xml", "<a/>", "line 1: <a> given, expected <annotations>"),
    ("cvat", "x.xml", "<annotations>\n<image width='3'/></annotations>", "line 2: <image> without name="),
    ("cvat", "x.xml", "<annotations><track/></annotations>", "<track> given, expected CVAT for images"),
    ("cvat", "x.xml", "<annotations><image name='a'>\n<points label='x'/></image></annotations>",
     "line 2: <points> given"),
    ("cvat", "x.xml", "<annotations><image name='a'>\n<polygon label='x' points='1;2'/></image></annotations>",
     "line 2: point '1' given, expected x,y"),
    ("cvat", "x.xml", "<annotations><image name='a'><mask label='x' rle='9' left='0' top='0' width='2' height='2'/>"
     "</image></annotations>", "runs of 9 pixels given, expected 4"),
    ("cvat", "x.xml", "<annotations><image name='a'><mask label='x' rle='9' left='0' top='0' width='99999999'"
     " height='99999999'/></image></annotations>", "<mask> of 99999999 x 99999999"),
    ("cvat", "x.xml", "<a>" * 100, "line 1: elements in each other 64 deep"),
    ("pascal_voc", "x.xml", "<annotation>\n<object><name>x</name></object></annotation>", "line 2: <object> without"),
    ("pascal_voc", "x.xml", "<annotation><object><name>x</name>\n<bndbox><xmin>9</xmin><ymin>1</ymin><xmax>2</xmax>"
     "<ymax>2</ymax></bndbox></object></annotation>", "line 2: <bndbox> from"),
    ("pascal_voc", "x.xml", "<annotation><object><name>x</name>\n<bndbox><xmin>nan</xmin></bndbox></object>"
     "</annotation>", "line 2: xmin of <bndbox>: 'nan' given, expected a number"),
    ("coco", "x.json", "{\n]", "line 2: Expecting property name"),
    ("coco", "x.json", "[]", "expected an object with the lists"),
    ("coco", "x.json", '{"images": [{}]}', "image 0: id None given"),
    ("coco", "x.json", '{"images": [{"id": 1}, {"id": 1}]}', "image 1: id 1 twice"),
    ("coco", "x.json", '{"images": [{"id": 1}], "annotations": [{"image_id": 2}]}', "annotation 0: image_id 2 is not"),
    ("coco", "x.json", '{"images": [{"id": 1}], "categories": [{"id": 1, "name": "a"}], "annotations": '
     '[{"image_id": 1, "category_id": 1, "bbox": [1, 2]}]}', "annotation 0: .*expected bbox"),
    ("coco", "x.json", '{"images": [{"id": 1}], "categories": [{"id": 1, "name": "a"}], "annotations": [{"image_id": 1,'
     '"category_id": 1, "segmentation": {"size": [9999999, 9999999], "counts": [1]}}]}', "at most"),
    ("label_studio", "x.json", "[1]", "task 0: int given, expected an object"),
    ("label_studio", "x.json", '[{"data": {}}, {"data": 3}]', "task 1: data: expected an object"),
    ("label_studio", "x.json", '[{"data": {}, "annotations": [{"result": [{"type": "rectanglelabels", "value": '
     '{"rectanglelabels": ["a"], "x": "1"}}]}]}]', "task 0"),
    ("label_studio", "x.json", '[{"data": {}, "annotations": [{"result": [{"type": "brushlabels", "original_width": 2,'
     '"original_height": 2, "value": {"brushlabels": ["a"], "format": "rle", "rle": [0, 0]}}]}]}]', "rle: it ends too"),
    ("label_studio", "x.json", '[{"a": 1, "annotator": 2}]',
     "task 0: an object of 'a', 'annotator' given, expected a task of Label Studio with data, or an annotation of"),
    ("label_studio", "x.json", '[{"annotator": 2, "annotation_id": 9, "topic": "news"}]',
     "no label in 1 annotations, of an object of .*'topic': expected JSON instead"),
    ("conll", "x.conll", "Ann B-PER\nleft\n", "line 2: 'left' given, expected a token and a tag"),
    ("conll", "x.conll", "Ann PER\n", "line 1: tag 'PER' given, expected O, B-name"),
    ("annotations", "x.jsonl", '{"format": "gtlabel annotations", "version": 1, "class_ids": {"a": 1, "b": 1}}\n',
     "line 1: class_ids: expected different whole numbers"),
    ("annotations", "x.jsonl", "{}\n", "line 1: expected an object with 'format'"),
    ("annotations", "x.jsonl", '{"format": "gtlabel annotations", "version": 9}\n',
     "line 1: version 9 given, expected 1"),
]  # fmt: skip
ITEMS = [
    ('{"id": 1.5}', "id: 1.5 given, expected a text or a whole number"),
    ('{"id": 1, "name": "x"}', "'name' given, expected one of id"),
    ('{"id": 1, "answers": [{"marks": [{"kind": "x"}]}]}', "kind 'x' given, expected one of choice"),
    ('{"id": 1, "answers": [{"marks": [{"kind": "choice"}]}]}', "no 'label' in"),
    ('{"id": 1, "answers": [{"confidence": NaN}]}', "confidence: nan given|confidence: None given"),
    ('{"id": 1, "answers": [{"marks": [{"kind": "mask", "label": "a", "height": 9, "width": 9, "runs": [1]}]}]}',
     "mask: runs of 1"),
]  # fmt: skip
BAD += [("annotations", "x.jsonl", f'{{"format": "gtlabel annotations", "version": 1}}\n{line}', f"line 2: {message}")
        for line, message in ITEMS]  # fmt: skip


@pytest.mark.parametrize(("name", "file", "text", "message"), BAD)
def test_a_fault_is_named_with_file_and_place(name, file, text, message, tmp_path):
    (tmp_path / file).write_text(text)
    with pytest.raises(gt.FormatError, match=rf"{file}.*{message}"):
        FORMATS[name].read(tmp_path / file)


@pytest.mark.parametrize(
    ("yaml", "labels", "message"),
    [
        ("names: [a\n", "", r"data.yaml.*no YAML"),
        ("[]", "", "expected the keys train"),
        ("names: {0: a, 2: b}\ntrain: images", "", "names: expected a list of texts"),
        ("names: [a, yes]\ntrain: images", "", "names: expected a list of texts"),
        ("names: [a, a]\ntrain: images", "", "a class named twice"),
        ("names: [a]\ntrain: gone", "", "'gone' given, expected a folder"),
        ("names: [a]\ntrain: [images, [images]]", "", "train: expected a text, or a list of texts"),
        ("names: [a]\npath: 5\ntrain: images", "", "path: expected a text"),
        ("names: &n [a]\nold: *n\ntrain: images", "", r"data.yaml, line 2: alias \*n given, expected none"),
        ("names: [a]\ntrain: images", "0 0 0 1 1\n5 0 0 1 1\n", r"a.txt, line 2: class 5 given, expected 0 to 0"),
        ("names: [a]\ntrain: images", "0 0 0 1\n", r"a.txt, line 1: 3 numbers after the class"),
        ("names: [a]\ntrain: images", "0 0 0 1 x\n", r"a.txt, line 1: .*expected numbers"),
        ("names: [a]\ntrain: images", "0 0 0 -1 1\n", r"a.txt, line 1: a negative side"),
    ],
)
def test_a_fault_of_a_yolo_folder_is_named(yaml, labels, message, tmp_path):
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels/a.txt").write_text(labels)
    (tmp_path / "data.yaml").write_text(yaml)
    with pytest.raises(gt.FormatError, match=message):
        gt.formats.read_yolo(tmp_path)


def test_names_that_xml_or_tokens_cannot_have_are_refused(tmp_path):
    with pytest.raises(gt.InvalidArgument, match="XML has no place for"):
        gt.formats.write_cvat(one(Answer((Choice("a\x01"),))), tmp_path / "x.xml")
    with pytest.raises(gt.InvalidArgument, match="white space at its ends"):
        gt.formats.write_pascal_voc(one(Answer((Box(" a", 0, 0, 1, 1),)), **PHOTO), tmp_path / "x")
    with pytest.raises(gt.InvalidArgument, match="expected a name without white space"):
        gt.formats.write_conll(one(Answer((Span("a b", 0, 1),)), text="x"), tmp_path / "x.conll")
    with pytest.raises(gt.InvalidArgument, match="expected whole words"):
        gt.formats.write_conll(one(Answer((Span("a", 0, 9),)), text="x"), tmp_path / "x.conll")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["yolo_predictions", "cvat", "pascal_voc", "coco", "label_studio", "annotations"])
@pytest.mark.parametrize("wrong", [float("nan"), float("inf")])
def test_what_is_no_number_is_refused_before_a_reader_refuses_it(name, wrong, tmp_path):
    marks = [Box("a", wrong, 0, wrong, 1), Box("a", 0, 0, 1, 1, confidence=wrong), Box("a", 0, 0, 1, 1, rotation=wrong)]
    needs = ["boxes", "mark confidences", "turned boxes"]
    for mark in [mark for mark, need in zip(marks, needs, strict=True) if need in FORMATS[name].carries]:
        with pytest.raises(gt.InvalidArgument, match=r"expected (a number|numbers|what JSON can say)"):
            FORMATS[name].write(one(Answer((mark,)), **PHOTO), tmp_path / "out", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_page_has_every_format():
    page = (Path(__file__).parents[3] / "docs/formats.md").read_text()
    [table] = re.findall(r"^\| format \|.*?\n\n", page, re.DOTALL | re.MULTILINE)
    first_cells = " ".join(line.split("|")[1] for line in table.splitlines()[2:] if line)
    assert re.findall(r"`(\w+)`", first_cells) == list(FORMATS)
