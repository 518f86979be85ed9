"""Jobs of Ground Truth from the command line: their requests, and manifests that go from job to job."""

import json

import gtlabel as gt
import numpy as np
import pytest
from gtlabel.formats import BoxLabel, ManifestBox, ManifestClass, ManifestLabel

CLASSES = ["class 0", "class 1"]
LAMBDA = "arn:aws:lambda:us-west-2:081040173940:function:PRE-"
ARGUMENTS = ("--bucket", "acme=bucket", "--columns", "a,b,c,d", "--seed", "1", "-q")


@pytest.fixture
def bucket(tmp_path, pool):
    """The folder that stands for the bucket: a manifest of 400 texts with the truth in kind, and two classes."""
    folder = tmp_path / "bucket"
    folder.mkdir()
    rows = [
        {"source": f"text {n}", **dict(zip("abcd", map(float, pool.X[n]), strict=True)), "kind": pool.names[n]}
        for n in range(len(pool.names))
    ]
    gt.formats.write_manifest(rows, folder / "texts.manifest")
    write_categories(folder / "classes.json", CLASSES)
    return folder


def write_categories(path, names, **others):
    path.write_text(json.dumps({"labels": [{"label": name} for name in names], **others}))


@pytest.fixture
def write_request(tmp_path, bucket):
    """Writes the JSON of a request; named fields take the place of the usual ones."""

    def write(name="texts", attribute="kind-said", manifest="texts.manifest", task="TextMultiClass", **others):
        content = {
            "LabelingJobName": name,
            "LabelAttributeName": attribute,
            "InputConfig": {"DataSource": {"S3DataSource": {"ManifestS3Uri": f"s3://acme/{manifest}"}}},
            "OutputConfig": {"S3OutputPath": "s3://acme/jobs/"},
            "RoleArn": "arn:aws:iam::111122223333:role/gt",
            "LabelCategoryConfigS3Uri": "s3://acme/classes.json",
            "LabelingJobAlgorithmsConfig": {"LabelingJobAlgorithmSpecificationArn": "...text-classification"},
            "HumanTaskConfig": {
                "WorkteamArn": "arn:aws:sagemaker:us-west-2:111122223333:workteam/private-crowd/team",
                "UiConfig": {"UiTemplateS3Uri": "s3://acme/template.html"},
                "PreHumanTaskLambdaArn": LAMBDA + task,
                "TaskTitle": "Which kind",
                "TaskDescription": "Say which kind the text is of",
                "NumberOfHumanWorkersPerDataObject": 1,
                "TaskTimeLimitInSeconds": 300,
                "MaxConcurrentTaskCount": 40,
            },
            **others,
        }
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps({key: value for key, value in content.items() if value is not None}, indent=1))
        return path.name

    return write


def output_of(bucket, name):
    return bucket / "jobs" / name / "manifests/output/output.manifest"


def test_a_request_runs_to_the_output_manifest_of_its_own_path(command, bucket, write_request):
    request = write_request()
    begun = command("status", request, "--bucket", "acme=bucket", "--json")
    assert begun.document["LabelingJobStatus"] == "Initializing"
    assert begun.document["LabelCounters"]["Unlabeled"] == 400
    ended = command("run", request, *ARGUMENTS, "--truth", "kind", "--target", "10%", "--json")
    assert ended.code == 0, ended.err
    path = output_of(bucket, "texts")
    assert ended.document["written"] == [str(path)]
    warning = "LabelingJobAlgorithmsConfig: 400 items, Ground Truth labels automatically from 1250 on"
    assert ended.document["warnings"] == [warning]
    assert f"warning: {warning}\n" in ended.err
    output = gt.formats.read_manifest(path)
    labels = output.labels("kind-said")
    assert labels.label.tolist() == output.column("kind")
    assert gt.formats.lint_manifest(path).is_clean
    described = command("status", request, "--bucket", "acme=bucket", "--json").document
    assert described["LabelingJobStatus"] == "Completed"
    assert described["LabelCounters"] == {
        "TotalLabeled": 400,
        "HumanLabeled": int(np.count_nonzero(labels.source == "human")),
        "MachineLabeled": int(np.count_nonzero(labels.source == "auto")),
        "FailedNonRetryableError": 0,
        "Unlabeled": 0,
    }
    assert described["LabelCounters"]["MachineLabeled"] > 200
    assert described["LabelingJobOutput"]["OutputDatasetS3Uri"] == str(path)
    assert described["HumanTaskConfig"]["TaskTitle"] == "Which kind"
    assert described["CreationTime"] < described["LastModifiedTime"]


def test_a_request_goes_on_where_it_was_and_its_items_are_the_lines(
    command, bucket, write_request, read_csv, write_csv
):
    request = write_request()
    ended = command("run", request, *ARGUMENTS, "--ask", "asks.csv")
    assert ended.code == 3, ended.err
    asked = [int(row["item"]) for row in read_csv("asks.csv")]
    assert 0 < len(asked) <= 40
    assert [row["source"] for row in read_csv("asks.csv")] == [f"text {line}" for line in asked]
    status = command("status", request, "--bucket", "acme=bucket")
    assert "texts: InProgress\n" in status.out
    manifest = gt.formats.read_manifest(bucket / "texts.manifest")
    answers = [[line, "ann", kind] for line, kind in enumerate(manifest.column("kind"))]
    write_csv("answers.csv", [["item", "worker", "answer"], *answers])
    ended = command("run", request, *ARGUMENTS, "--answers", "answers.csv", "--json")
    assert ended.code == 0, ended.err
    assert ended.document["n_human"] < 200
    report = command("report", bucket / "jobs/texts/job.gtlabel", request, *ARGUMENTS[:4], "-o", "page.html", "--json")
    assert report.code == 0, report.err
    assert report.document["n_items"] == 400


def test_people_are_asked_about_all_where_the_request_wants_no_automatic_labels(command, bucket, write_request):
    request = write_request(
        LabelingJobAlgorithmsConfig=None, StoppingConditions={"MaxPercentageOfInputDatasetLabeled": 10}
    )
    ended = command("run", request, *ARGUMENTS, "--truth", "kind", "--json")
    assert (ended.code, ended.document["n_human"], ended.document["n_auto"]) == (0, 40, 0)
    labels = gt.formats.read_manifest(output_of(bucket, "texts")).labels("kind-said")
    assert np.flatnonzero(labels.is_labeled).tolist() == list(range(40))


def test_a_chained_request_labels_the_rest_under_the_same_attribute_and_all_under_another(
    command, bucket, write_request
):
    first = write_request(StoppingConditions={"MaxPercentageOfInputDatasetLabeled": 25})
    assert command("run", first, *ARGUMENTS, "--truth", "kind").code == 0
    chained = "jobs/texts/manifests/output/output.manifest"
    before = (bucket / chained).read_bytes().splitlines()
    same = command("run", write_request("same", manifest=chained), *ARGUMENTS, "--truth", "kind", "--json")
    assert (same.code, same.document["n_items"]) == (0, 300), same.err
    after = output_of(bucket, "same").read_bytes().splitlines()
    assert after[:100] == before[:100]
    labels = gt.formats.read_manifest(output_of(bucket, "same")).labels("kind-said")
    assert labels.is_labeled.all()
    assert set(labels.job_name.tolist()) == {"labeling-job/texts", "labeling-job/same"}
    request = write_request("other", "kind-again", manifest=chained)
    other = command("run", request, *ARGUMENTS, "--truth", "kind", "--json")
    assert (other.code, other.document["n_items"]) == (0, 400), other.err
    output = gt.formats.read_manifest(output_of(bucket, "other"))
    assert output.attributes == ("kind-said", "kind-again")
    assert np.flatnonzero(output.labels("kind-said").is_labeled).tolist() == list(range(100))
    nothing = write_request("done", manifest="jobs/same/manifests/output/output.manifest")
    ended = command("run", nothing, *ARGUMENTS, "--truth", "kind")
    assert ended.code == 2
    assert "nothing to label" in ended.err


@pytest.fixture
def labelled(bucket):
    """Labels under kind-said on the first 60 lines, of which every tenth is wrong."""
    manifest = gt.formats.read_manifest(bucket / "texts.manifest")
    kinds = manifest.column("kind")[:60]
    said = [CLASSES[CLASSES.index(kind) ^ (line % 10 == 0)] for line, kind in enumerate(kinds)]
    for line, (kind, name) in enumerate(zip(kinds, said, strict=True)):
        manifest.set(line, "verdict", "right" if kind == name else "wrong")
    manifest.set_class_labels("kind-said", said, classes=CLASSES, rows=range(60), confidence=0.9)
    gt.formats.write_manifest(manifest, bucket / "labelled.manifest")
    return manifest


def test_a_request_of_a_verification_asks_about_the_lines_that_have_the_label(command, bucket, write_request, labelled):
    write_categories(bucket / "classes.json", ["right", "wrong"], auditLabelAttributeName="kind-said")
    request = write_request(
        "check", "kind-check", "labelled.manifest", "VerificationTextMultiClass", LabelingJobAlgorithmsConfig=None
    )
    ended = command("run", request, *ARGUMENTS, "--truth", "verdict", "--json")
    assert (ended.code, ended.document["n_items"]) == (0, 60), ended.err
    output = gt.formats.read_manifest(output_of(bucket, "check"))
    verdicts = output.labels("kind-check")
    assert verdicts.label[:60].tolist() == labelled.column("verdict")[:60]
    assert set(verdicts.type[:60].tolist()) == {"groundtruth/label-verification"}
    assert output.labels("kind-said").label.tolist() == labelled.labels("kind-said").label.tolist()
    counters = command("status", request, "--bucket", "acme=bucket", "--json").document["LabelCounters"]
    assert (counters["HumanLabeled"], counters["FailedNonRetryableError"]) == (60, 340)


def test_a_request_of_an_adjustment_says_what_was_adjusted(command, bucket, write_request, labelled):
    write_categories(bucket / "classes.json", CLASSES, auditLabelAttributeName="kind-said")
    request = write_request(
        "mend", "kind-mended", "labelled.manifest", "AdjustmentTextMultiClass", LabelingJobAlgorithmsConfig=None
    )
    ended = command("run", request, *ARGUMENTS, "--truth", "kind", "--json")
    assert (ended.code, ended.document["n_items"]) == (0, 60), ended.err
    output = gt.formats.read_manifest(output_of(bucket, "mend"))
    status = [output[line]["kind-mended-metadata"]["adjustment-status"] for line in range(60)]
    assert status == ["adjusted" if line % 10 == 0 else "unadjusted" for line in range(60)]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"task": "BoundingBox"}, "task: BoundingBox given, expected one of ImageMultiClass, TextMultiClass"),
        ({"task": "VerificationTextMultiClass"}, "expected auditLabelAttributeName"),
        ({"LabelAttributeName": None}, "LabelAttributeName is None, expected a text"),
        ({"attribute": "source"}, "LabelAttributeName: 'source' given"),
        ({"attribute": "a"}, "texts.manifest, line 1 has 'a', which is no label of Ground Truth"),
        ({"manifest": "gone.manifest"}, "gone.manifest"),
        ({"OutputConfig": {"S3OutputPath": "s3://elsewhere/"}}, "--bucket elsewhere=FOLDER"),
    ],
)
def test_a_request_that_cannot_be_run_is_one_line(command, bucket, write_request, change, complaint):
    ended = command("run", write_request(**change), *ARGUMENTS, "--truth", "kind")
    assert ended.code == 2
    assert complaint in ended.err
    assert len([line for line in ended.err.splitlines() if not line.startswith("warning: ")]) == 1
    assert not (bucket / "jobs").exists()


def test_boxes_are_not_adjusted_as_if_they_were_classes(command, bucket, write_request):
    box = ManifestBox(ManifestClass(0, "class 0", 0.9), 1, 1, 5, 5)
    manifest = gt.formats.read_manifest(bucket / "texts.manifest")
    manifest.set_label(0, "boxes", ManifestLabel(BoxLabel(9, 9, 3, [box])))
    gt.formats.write_manifest(manifest, bucket / "boxes.manifest")
    write_categories(bucket / "classes.json", CLASSES, auditLabelAttributeName="boxes")
    for task, complaint in (("AdjustmentBoundingBox", "BoundingBox given"), ("PassThrough", "one class per item")):
        request = write_request("mend", "boxes-mended", "boxes.manifest", task)
        ended = command("run", request, *ARGUMENTS, "--truth", "kind")
        assert ended.code == 2
        assert complaint in ended.err


def test_what_a_request_says_is_no_option_and_a_name_is_used_once(command, bucket, write_request):
    request = write_request()
    for option in (("--attribute", "x"), ("--id", "source"), ("--store", "x.gtlabel")):
        ended = command("run", request, *ARGUMENTS, "--truth", "kind", *option)
        assert (ended.code, f"{option[0]}: given beside a job request" in ended.err) == (2, True)
    output_of(bucket, "texts").parent.mkdir(parents=True)
    output_of(bucket, "texts").write_bytes(b"")
    ended = command("run", request, *ARGUMENTS, "--truth", "kind")
    assert (ended.code, "LabelingJobName" in ended.err) == (2, True)
    assert output_of(bucket, "texts").read_bytes() == b""


def test_another_request_of_the_name_does_not_touch_the_job_and_a_changed_setting_is_told(
    command, bucket, write_request
):
    done = command("run", write_request(), *ARGUMENTS, "--truth", "kind", "--target", "10%")
    assert done.code == 0, done.err
    before = output_of(bucket, "texts").read_bytes()
    other = command("run", write_request(attribute="other"), *ARGUMENTS, "--truth", "kind")
    assert (other.code, "LabelAttributeName: 'other' given" in other.err) == (2, True)
    write_categories(bucket / "classes.json", CLASSES[::-1])
    permuted = command("run", write_request(), *ARGUMENTS, "--truth", "kind")
    assert (permuted.code, "classes: ['class 1', 'class 0'] given" in permuted.err) == (2, True)
    assert output_of(bucket, "texts").read_bytes() == before
    write_categories(bucket / "classes.json", CLASSES)
    request = write_request(StoppingConditions={"MaxHumanLabeledObjectCount": 5})
    again = command("run", request, *ARGUMENTS, "--truth", "kind", "--json")
    assert again.code == 0, again.err
    assert any(text.startswith("MaxHumanLabeledObjectCount: 5 given") for text in again.document["warnings"])
    assert output_of(bucket, "texts").read_bytes() == before


def test_a_refused_first_run_leaves_nothing_and_the_mended_command_runs(command, bucket, write_request, write_csv):
    write_categories(bucket / "classes.json", ["class 0", "klass 1"])
    request = write_request()
    write_csv("answers.csv", [["item", "answer"], ["1", "class 1"]])
    for source in (("--truth", "kind"), ("--answers", "answers.csv")):
        ended = command("run", request, *ARGUMENTS, *source)
        assert (ended.code, "'class 1' is none of the classes" in ended.err) == (2, True)
        assert not (bucket / "jobs").exists()
    write_categories(bucket / "classes.json", CLASSES)
    ended = command("run", request, *ARGUMENTS, "--truth", "kind", "--target", "10%")
    assert ended.code == 0, ended.err


def test_options_go_before_what_a_request_says(command, bucket, write_request, tmp_path, pool):
    np.save(tmp_path / "x.npy", pool.X)
    features = ("--bucket", "acme=bucket", "--features", "x.npy", "--seed", "1", "-q")
    ended = command("run", write_request(), *features, "--truth", "kind", "--batch-size", "7", "--max-items", "21")
    assert ended.code == 1, ended.err
    assert gt.read_store(bucket / "jobs/texts/job.gtlabel").n_human == 21


# --- without a request ---

TABLE = ("--columns", "a,b,c,d", "--truth", "kind", "--seed", "1", "-q", "--target", "10%")


def test_lines_that_have_the_label_keep_it_and_the_others_get_one(command, bucket, labelled):
    given = bucket / "labelled.manifest"
    ended = command("run", given, *TABLE, "--attribute", "kind-said", "-o", "all.manifest", "--json")
    assert (ended.code, ended.document["n_items"]) == (0, 340), ended.err
    before, after = given.read_bytes().splitlines(), (bucket.parent / "all.manifest").read_bytes().splitlines()
    assert after[:60] == before[:60]
    labels = gt.formats.read_manifest(bucket.parent / "all.manifest").labels("kind-said")
    assert labels.label[60:].tolist() == labelled.column("kind")[60:]
    again = command("run", "all.manifest", *TABLE, "--attribute", "kind-said", "-o", "more.manifest")
    assert (again.code, "nothing to label" in again.err) == (2, True)
    other = command("run", given, *TABLE, "--attribute", "other", "-o", "other.manifest", "--json")
    assert (other.code, other.document["n_items"]) == (0, 400), other.err


def test_classes_that_would_give_a_number_two_meanings_are_refused(command, bucket, labelled):
    given = ("run", bucket / "labelled.manifest", *TABLE, "--attribute", "kind-said", "-o", "all.manifest")
    ended = command(*given, "--classes", "class 1,class 0")
    assert ended.code == 2
    assert "expected the same classes in the same order" in ended.err
    assert command(*given, "--classes", "class 0,class 1,class 2").code == 0


def test_a_bucket_without_a_folder_is_refused_of_any_input(command, bucket):
    ended = command("run", bucket / "texts.manifest", *TABLE, "--bucket", "acme")
    assert (ended.code, "--bucket: 'acme' given, expected NAME=FOLDER" in ended.err) == (2, True)


def test_a_key_of_that_name_that_is_no_label_is_not_replaced(command, bucket):
    for attribute in ("kind", "a"):
        ended = command("run", bucket / "texts.manifest", *TABLE, "--attribute", attribute, "-o", "all.manifest")
        assert ended.code == 2
        assert f"has {attribute!r}, which is no label of Ground Truth" in ended.err
