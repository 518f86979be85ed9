"""The output folder of a job is read, written and consolidated again."""

import base64
import io
import json
import os
import tarfile
from pathlib import Path

import gtlabel as gt
import numpy as np
import pytest
from gtlabel.cli import main
from gtlabel.formats import (
    BoxLabel,
    ConsolidationFile,
    CuboidLabel,
    CustomLabel,
    LabelingJobFolder,
    Manifest,
    ManifestClass,
    ManifestLabel,
    MaskClass,
    MaskLabel,
    SequenceLabel,
    SpanLabel,
    WorkerAnswer,
    WorkerResponse,
    read_labeling_job,
    write_labeling_job,
)
from hypothesis import given, settings
from hypothesis import strategies as st

DATE = "2024-03-05T10:11:12.131415"


@pytest.fixture
def published(tmp_path):
    """The job that AWS published, unpacked."""
    root = os.environ.get("GTLABEL_TEST_DATA")
    if root is None:
        pytest.skip("the environment variable GTLABEL_TEST_DATA is not set")
    with tarfile.open(Path(root) / "ground_truth_job" / "job.tar.gz") as job:
        job.extractall(tmp_path / "job")
    return tmp_path / "job"


def metadata(name, kind, **more):
    return {**more, "type": kind, "job-name": f"labeling-job/{name}", "human-annotated": "yes", "creation-date": DATE}


def class_line(text, index, label, confidence=0.95):
    described = metadata("mood", "groundtruth/text-classification", **{"class-name": label, "confidence": confidence})
    return {"source": text, "mood": index, "mood-metadata": described}


def said(worker, content, widget="crowd-classifier"):
    return WorkerAnswer(worker, {widget: content}, "2024-03-05T10:10:09.500Z", "2024-03-05T10:10:00.000Z", 8.7)


def class_job():
    """Three texts, of which people say something else about the second than the manifest."""
    labels = ["bad", "good", "good"], ["bad", "bad", "good"]
    job = LabelingJobFolder()
    job.manifest = Manifest(
        [class_line(f"text {item}", ("bad", "good").index(old), old) for item, old in enumerate(labels[0])]
    )
    for item, label in enumerate(labels[1]):
        answers = [said(f"w{worker}", {"label": label}) for worker in range(3)]
        job.responses.append(WorkerResponse.from_answers(item, 1, answers))
    return job


def tree(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_published_job_is_read_and_written_byte_for_byte(published, tmp_path):
    job = read_labeling_job(published)
    assert (len(job.manifest), len(job.responses)) == (302, 302)
    assert job.other_files == ["true_labels.json"]
    assert job.attribute == "birds-open-images-clone"
    answers = job.answers()
    assert len(answers) == 1510
    assert len(set(answers.worker)) == 97
    assert np.bincount(answers.item).tolist() == [5] * 302
    assert sorted(set(answers.iteration)) == [1, 2]
    assert np.isnan(answers.seconds).all()
    write_labeling_job(job, tmp_path / "copy")
    assert tree(tmp_path / "copy") == tree(published)


def test_compatible_reconsolidation_repeats_all_302_labels_and_confidences(published):
    result = gt.reconsolidate(published, method="ground_truth_compat")
    assert len(result) == 302
    assert result.n_changed == 0
    assert result.new_label.tolist() == result.old_label.tolist()
    assert result.new_confidence.tolist() == result.old_confidence.tolist()
    assert result.manifest().to_bytes() == (published / "output.manifest").read_bytes()


def test_reconsolidation_of_the_published_job_shows_what_changes(published):
    result = gt.reconsolidate(published)
    assert 0 < result.n_changed < 15
    assert f"{result.n_changed} labels change" in result.summary()
    again = result.manifest().labels()
    assert again.label[result.item].tolist() == result.new_label.tolist()
    assert again.confidence[result.item].tolist() == result.new_confidence.tolist()
    assert gt.formats.lint.lint_bytes(result.manifest().to_bytes()).is_clean
    assert {*dict(result)} == {
        "item",
        "source",
        "n_answers",
        "old_label",
        "old_confidence",
        "new_label",
        "new_confidence",
        "changed",
    }


def test_a_job_is_written_and_read_again(tmp_path):
    job = class_job()
    request = json.dumps(job.consolidation_request([0, 1])).encode()
    name = "iteration-1/2024-03-05_10:11:12.json"
    root = "annotations/consolidated-annotation"
    job.requests.append(ConsolidationFile(1, f"{root}/consolidation-request/{name}", request))
    reply = [{"datasetObjectId": "0", "consolidatedAnnotation": {"content": {"mood": 0, "mood-metadata": {}}}}]
    job.replies.append(ConsolidationFile(1, f"{root}/consolidation-response/{name}", json.dumps(reply).encode()))
    write_labeling_job(job, tmp_path)
    again = read_labeling_job(tmp_path)
    assert again.manifest.to_bytes() == job.manifest.to_bytes()
    assert again.responses == job.responses
    assert again.requests == job.requests
    assert again.replies == job.replies
    assert again.attribute == "mood"
    assert again.requests[0].items == [0, 1]
    assert again.consolidation_batches() == {0: 0, 1: 0}
    assert again.responses[0].answers == job.responses[0].answers
    assert repr(again).startswith("LabelingJobFolder(3 items, 3 worker responses, 1 ")


def test_a_consolidation_request_has_the_answers_as_json_in_a_text():
    [entry, *_] = class_job().consolidation_request()
    assert entry["datasetObjectId"] == "0"
    assert entry["dataObject"] == {"content": "text 0"}
    assert entry["annotations"][0]["workerId"] == "w0"
    assert json.loads(entry["annotations"][0]["annotationData"]["content"]) == {"crowd-classifier": {"label": "bad"}}


def test_answers_of_all_ages_are_read():
    old = {"answerContent": {"c": {"label": "a"}}, "submissionTime": "2019-04-18T16:11:15Z", "workerId": "w"}
    answer = WorkerAnswer.from_json(old)
    assert answer.label == "a"
    assert np.isnan(answer.seconds)
    assert {**answer.to_json()} == old
    new = {
        "acceptanceTime": "2024-03-05T10:10:00.000Z",
        "submissionTime": "2024-03-05T10:10:09.500Z",
        "timeSpentInSeconds": 8.7,
        "workerId": "w",
        "workerMetadata": {"identityData": {"sub": "1"}},
        "answerContent": {"boxes": {"boundingBoxes": []}},
    }
    assert WorkerAnswer.from_json(new).to_json() == new
    assert WorkerAnswer.from_json(new).label is None


texts = st.text(max_size=6)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.builds(
            WorkerAnswer,
            texts,
            st.dictionaries(texts, st.none() | texts | st.lists(st.integers(), max_size=2), max_size=2),
            texts,
            texts,
            st.just(float("nan")) | st.floats(0, 1e6),
            st.none() | st.just({"identityData": {}}),
        ),
        max_size=3,
    )
)
def test_any_answers_survive_writing_and_reading(answers):
    again = WorkerResponse.from_answers(3, 2, answers).answers
    assert [answer.to_json() for answer in again] == [answer.to_json() for answer in answers]


@pytest.mark.parametrize(
    "method", ["consolidate", "majority_vote", "dawid_skene", "one_coin", "ibcc", "ground_truth_compat"]
)
def test_every_method_finds_what_all_people_say(method):
    result = gt.reconsolidate(class_job(), method=method)
    assert result.new_label.tolist() == ["bad", "bad", "good"]
    assert result.changed.tolist() == [False, True, False]
    assert result.n_answers.tolist() == [3, 3, 3]
    assert "  1 x good -> bad\n" in result.summary()
    assert result.manifest()[1]["mood"] == 0
    assert result.manifest()[1]["mood-metadata"]["human-annotated"] == "yes"


def test_classes_that_the_manifest_does_not_have_get_the_next_number():
    job = class_job()
    job.responses[2] = WorkerResponse.from_answers(2, 1, [said("w", {"label": "ugly"})])
    result = gt.reconsolidate(job, method="majority_vote")
    assert result.manifest()[2]["mood"] == 2
    assert result.manifest()[2]["mood-metadata"]["class-name"] == "ugly"


def test_a_line_without_an_old_label_gets_nothing_of_another_line_but_type_and_job():
    job = class_job()
    first = class_line("text 0", 0, "bad")
    first["mood-metadata"].update({"adjustment-status": "adjusted", "reviewer": "Ada"})
    job.manifest = Manifest([first, {"source": "text 1"}, class_line("text 2", 1, "good")])
    result = gt.reconsolidate(job)
    assert result.old_label.tolist() == ["bad", None, "good"]
    described = result.manifest()[1]["mood-metadata"]
    assert {*described} == {"class-name", "confidence", "type", "job-name", "human-annotated", "creation-date"}
    assert described["job-name"] == "labeling-job/mood"
    assert result.manifest()[0]["mood-metadata"]["reviewer"] == "Ada"


def test_answers_without_a_label_do_not_count_and_are_counted():
    job = class_job()
    answers = [said("w0", {"label": "bad"}), said("w1", {}), said("w2", None)]
    job.responses[0] = WorkerResponse.from_answers(0, 1, answers)
    result = gt.reconsolidate(job, method="majority_vote")
    assert result.n_answers.tolist() == [1, 3, 3]
    assert result.n_skipped == 2
    assert "2 answers do not count" in result.summary()


def test_a_worker_who_answers_an_item_again_counts_once_with_the_last_answer():
    job = class_job()
    for item in range(3):
        job.responses.append(WorkerResponse.from_answers(item, 2, [said("w0", {"label": "good"})]))
    result = gt.reconsolidate(job, method="majority_vote")
    assert result.n_answers.tolist() == [3, 3, 3]
    assert result.n_skipped == 3
    assert result.new_confidence.tolist() == pytest.approx([2 / 3, 2 / 3, 1])
    nameless = [said("", {"label": "bad"}), said("", {"label": "bad"})]
    job.responses = [WorkerResponse.from_answers(0, 1, nameless)]
    assert gt.reconsolidate(job, method="majority_vote").n_answers.tolist() == [2]


def test_several_classes_are_consolidated_again():
    described = metadata(
        "tags",
        "groundtruth/text-classification-multilabel",
        **{"class-map": {"0": "a"}, "confidence-map": {"0": 0.9}},
    )
    job = LabelingJobFolder(
        manifest=Manifest([{"source": str(n), "tags": [0], "tags-metadata": described} for n in range(2)])
    )
    for item, labels in enumerate([["a"], ["a", "b"]]):
        answers = [said(f"w{worker}", {"labels": labels}, "crowd-classifier-multi-select") for worker in range(3)]
        job.responses.append(WorkerResponse.from_answers(item, 1, answers))
    result = gt.reconsolidate(job)
    assert result.changed.tolist() == [False, True]
    assert result.manifest()[1]["tags"] == [0, 1]
    assert result.manifest()[1]["tags-metadata"]["class-map"] == {"0": "a", "1": "b"}
    with pytest.raises(gt.InvalidArgument, match="expected 'consolidate'"):
        gt.reconsolidate(job, method="majority_vote")


def test_boxes_are_consolidated_again():
    size = {"image_size": [{"width": 100, "height": 100, "depth": 3}]}
    described = metadata(
        "boxes", "groundtruth/object-detection", **{"objects": [{"confidence": 0.5}], "class-map": {"0": "car"}}
    )
    box = {"class_id": 0, "left": 10, "top": 10, "width": 20, "height": 20}
    line = {"source-ref": "s3://a/1.jpg", "boxes": {**size, "annotations": [box]}, "boxes-metadata": described}
    job = LabelingJobFolder(manifest=Manifest([line, {**line, "source-ref": "s3://a/2.jpg"}]))
    for item, n_boxes in enumerate([1, 2]):
        marks = [{"label": "car", "left": 10 + 50 * n, "top": 10, "width": 20, "height": 20} for n in range(n_boxes)]
        answers = [said(f"w{worker}", {"boundingBoxes": marks}, "boundingBox") for worker in range(3)]
        job.responses.append(WorkerResponse.from_answers(item, 1, answers))
    result = gt.reconsolidate(job)
    assert result.changed.tolist() == [False, True]
    assert isinstance(result.new_label[1], BoxLabel)
    assert [shape["left"] for shape in result.manifest()[1]["boxes"]["annotations"]] == [10, 60]
    assert result.manifest()[1]["boxes"]["image_size"] == size["image_size"]


def test_boxes_of_two_classes_at_one_place_are_the_same_in_any_order():
    described = metadata(
        "boxes", "groundtruth/object-detection", **{"objects": [{}, {}], "class-map": {"0": "car", "1": "taxi"}}
    )
    place = {"left": 10, "top": 10, "width": 20, "height": 20}
    label = {"annotations": [{"class_id": 1, **place}, {"class_id": 0, **place}]}
    line = {"source-ref": "s3://a/1.jpg", "boxes": label, "boxes-metadata": described}
    job = LabelingJobFolder(manifest=Manifest([line]))
    marks = [{"label": "car", **place}, {"label": "taxi", **place}]
    answers = [said(f"w{worker}", {"boundingBoxes": marks}, "boundingBox") for worker in range(3)]
    job.responses.append(WorkerResponse.from_answers(0, 1, [*answers, said("w3", {"boundingBoxes": ["car"]})]))
    result = gt.reconsolidate(job)
    assert [box.object.class_name for box in result.new_label[0].boxes] == ["car", "taxi"]
    assert result.changed.tolist() == [False]
    assert result.n_skipped == 1


def test_spans_are_consolidated_again():
    described = metadata("ner", "groundtruth/text-span", entities=[{"confidence": 0.5}])
    entities = [{"label": "person", "startOffset": 0, "endOffset": 3}]
    label = {"annotations": {"labels": [{"label": "person"}, {"label": "place"}], "entities": entities}}
    line = {"source": "Ada met Bo in Oslo.", "ner": label, "ner-metadata": described}
    job = LabelingJobFolder(manifest=Manifest([line]))
    marks = [*entities, {"label": "place", "startOffset": 14, "endOffset": 18}]
    answers = [said(f"w{worker}", {"entities": marks}, "crowd-entity-annotation") for worker in range(3)]
    job.responses.append(WorkerResponse.from_answers(0, 1, answers))
    result = gt.reconsolidate(job)
    assert result.changed.tolist() == [True]
    assert isinstance(result.new_label[0], SpanLabel)
    assert result.manifest()[0]["ner"]["annotations"]["entities"] == marks


COLORS = {"path": "#2ca02c", "pond": "#1f77b4"}


def drawn(regions, transparent=True):
    """An answer of the segmentation widget: class -> rows of an image of 12 x 9 that are all of it."""
    image = pytest.importorskip("PIL.Image").new("RGBA", (12, 9), (0, 0, 0, 0) if transparent else (255, 255, 255, 255))
    for name, (first, last) in regions.items():
        color = tuple(bytes.fromhex(COLORS[name][1:]))
        image.paste((*color, 255), (0, first, 12, last))
    file = io.BytesIO()
    image.save(file, "PNG")
    return {
        "inputImageProperties": {"width": 12, "height": 9},
        "labelMappings": {name: {"color": COLORS[name]} for name in regions},
        "labeledImage": {"pngImageData": base64.b64encode(file.getvalue()).decode()},
    }


def mask_job(folder):
    """Two images, of which people draw the second another way than the old mask; read from a folder."""
    classes = [
        MaskClass(ManifestClass(0, "BACKGROUND", 0.9), "#ffffff"),
        MaskClass(ManifestClass(1, "path", 0.9), COLORS["path"]),
    ]
    manifest = Manifest([{"source-ref": f"s3://a/{item}.png"} for item in range(2)])
    job = LabelingJobFolder(manifest=manifest)
    old = np.zeros((9, 12), dtype=np.uint8)
    old[2:5] = 1
    masks = folder / "annotations/consolidated-annotation/output"
    masks.mkdir(parents=True)
    for item, regions in enumerate([{"path": (2, 5)}, {"path": (4, 7), "pond": (7, 9)}]):
        label = MaskLabel(f"s3://a/annotations/consolidated-annotation/output/{item}_old.png", classes)
        manifest.set_label(
            item,
            "yard-ref",
            ManifestLabel(label, job_name="labeling-job/yard", human_annotated=True, creation_date=DATE),
        )
        gt.formats.write_mask(old, label, masks / f"{item}_old.png")
        answers = [said(f"w{worker}", drawn(regions, worker > 0), "crowd-semantic-segmentation") for worker in range(3)]
        answers.append(said("w3", drawn({"path": (2, 6)}), "crowd-semantic-segmentation"))
        job.responses.append(WorkerResponse.from_answers(item, 1, answers))
    write_labeling_job(job, folder)
    return read_labeling_job(folder)


def test_masks_are_consolidated_again_and_those_that_change_are_written(tmp_path):
    job = mask_job(tmp_path / "job")
    result = gt.reconsolidate(job)
    assert result.changed.tolist() == [False, True]
    assert result.n_answers.tolist() == [4, 4]
    expected = np.zeros((9, 12), dtype=np.uint8)
    expected[4:7], expected[7:9] = 1, 2
    np.testing.assert_array_equal(result.masks[1], expected)
    with pytest.raises(gt.InvalidArgument, match="expected a folder"):
        result.manifest()
    manifest = result.manifest(masks=tmp_path / "masks")
    label = manifest[1].label("yard-ref").value
    assert label.mask_ref == (tmp_path / "masks/1.png").as_posix()
    assert [one.region.class_name for one in label.classes] == ["BACKGROUND", "path", "pond"]
    assert [one.hex_color for one in label.classes] == ["#ffffff", *COLORS.values()]
    np.testing.assert_array_equal(gt.formats.read_mask(label.mask_ref, label), expected)
    assert manifest[0].label("yard-ref").value.mask_ref.endswith("0_old.png"), "it keeps its file"
    assert gt.formats.lint.lint_bytes(manifest.to_bytes(), consumers=["ground-truth"]).is_clean
    assert [path.name for path in (tmp_path / "masks").iterdir()] == ["1.png"]


def test_the_command_writes_the_masks_that_change_outside_of_the_job(tmp_path, monkeypatch, capsys):
    mask_job(tmp_path / "job")
    monkeypatch.chdir(tmp_path)
    command = ["reconsolidate", "job", "-o", "again.manifest"]
    assert main(command) == 2
    assert "expected a folder" in capsys.readouterr().err
    assert main([*command, "--masks", "job/masks"]) == 2
    assert main([*command, "--masks", "masks", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["n_changed"] == 1
    assert gt.formats.read_manifest("again.manifest")[1]["yard-ref"] == "masks/1.png"
    assert (tmp_path / "masks/1.png").is_file()


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"labeledImage": {"pngImageData": "no base64!"}}, "pngImageData"),
        ({"labeledImage": {"pngImageData": base64.b64encode(b"no image").decode()}}, "pngImageData"),
        ({"labelMappings": {"path": {"color": "#2ca02d"}}}, "the colour #2ca02c is of no class"),
        ({"labelMappings": {"path": {"color": "green"}}}, "hex-color"),
        ({"labelMappings": {"path": "green"}}, "expected a color"),
        ({"labeledImage": None}, "none has labeledImage and labelMappings in answerContent"),
    ],
)
def test_masks_that_cannot_be_read_are_named(tmp_path, change, complaint):
    job = mask_job(tmp_path / "job")
    answer = said("w", drawn({"path": (2, 5)}) | change, "crowd-semantic-segmentation")
    job.responses = [WorkerResponse.from_answers(0, 1, [answer])]
    with pytest.raises(gt.FormatError, match=complaint):
        gt.reconsolidate(job)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (SequenceLabel("s3://a/SeqLabel.json"), "groundtruth/video-object-tracking"),
        (SequenceLabel("s3://a/SeqLabel.json"), "groundtruth/point_cloud_object_tracking"),
        (CuboidLabel(), "groundtruth/point_cloud_object_detection"),
        (MaskLabel("s3://a/x.zlib"), "groundtruth/point_cloud_single_frame_semantic_segmentation"),
        (CustomLabel(), "groundTruth/custom"),
    ],
)
def test_tasks_of_one_worker_and_of_unknown_answers_are_refused_by_their_type(value, kind):
    job = LabelingJobFolder(manifest=Manifest([{"source-ref": "s3://a/b"}]))
    name = "x" if isinstance(value, CuboidLabel | CustomLabel) else "x-ref"
    job.manifest.set_label(0, name, ManifestLabel(value, type=kind))
    with pytest.raises(gt.InvalidArgument, match=f"labels of the type {kind}, wh"):
        gt.reconsolidate(job, attribute=name)


def test_what_cannot_be_consolidated_again_is_named(tmp_path):
    with pytest.raises(gt.InvalidArgument, match="no folder"):
        gt.reconsolidate(tmp_path / "none")
    with pytest.raises(gt.FormatError, match=r"manifests/output/output\.manifest"):
        read_labeling_job(tmp_path)
    job = class_job()
    with pytest.raises(gt.InvalidArgument, match="method"):
        gt.reconsolidate(job, method="guess")
    with pytest.raises(gt.InvalidArgument, match="expected one of"):
        gt.reconsolidate(job, attribute="none")
    job.responses.append(WorkerResponse.from_answers(7, 1, [said("w", {"label": "bad"})]))
    with pytest.raises(gt.FormatError, match="item 7"):
        gt.reconsolidate(job)
    job.responses = [WorkerResponse(0, 1, "worker-response/iteration-1/0/x.json", b"{}")]
    with pytest.raises(gt.FormatError, match=r"x\.json: expected"):
        gt.reconsolidate(job)
    job.responses = [WorkerResponse.from_answers(0, 1, [said("w", {"boundingBoxes": []})])]
    with pytest.raises(gt.FormatError, match="label of a classifier"):
        gt.reconsolidate(job)
    job.responses = []
    with pytest.raises(gt.InvalidArgument, match="no worker responses"):
        gt.reconsolidate(job)
    job.requests = [ConsolidationFile(1, "r.json", b'[{"datasetObjectId": "x"}]')]
    with pytest.raises(gt.FormatError, match="datasetObjectId"):
        job.consolidation_batches()
    with pytest.raises(gt.InvalidArgument, match="within the folder"):
        write_labeling_job(LabelingJobFolder(responses=[WorkerResponse(0, 1, "../x.json", b"")]), tmp_path)
