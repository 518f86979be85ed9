"""Requests of Ground Truth start jobs with the same fields."""

import json

import gtlabel as gt
import numpy as np
import pytest
from gtlabel.formats import LabelingJobFolder, Manifest, WorkerAnswer, WorkerResponse
from gtlabel.formats.started_request import check_request

CLASSES = ["cat", "dog"]
MANIFEST_ELSEWHERE = {"DataSource": {"S3DataSource": {"ManifestS3Uri": "s3://acme-data/other.manifest"}}}


def request_json(**changes):
    """A whole request, as CreateLabelingJob takes it."""
    content = {
        "LabelingJobName": "pets",
        "LabelAttributeName": "pet",
        "InputConfig": {"DataSource": {"S3DataSource": {"ManifestS3Uri": "s3://acme-data/pets.manifest"}}},
        "OutputConfig": {"S3OutputPath": "s3://acme-out/jobs/"},
        "RoleArn": "arn:aws:iam::111122223333:role/gt",
        "LabelCategoryConfigS3Uri": "s3://acme-data/classes.json",
        "StoppingConditions": {"MaxHumanLabeledObjectCount": 150},
        "LabelingJobAlgorithmsConfig": {
            "LabelingJobAlgorithmSpecificationArn": "arn:aws:sagemaker:us-west-2:027400017018:"
            "labeling-job-algorithm-specification/text-classification"
        },
        "HumanTaskConfig": {
            "WorkteamArn": "arn:aws:sagemaker:us-west-2:111122223333:workteam/private-crowd/team",
            "UiConfig": {"UiTemplateS3Uri": "s3://acme-data/template.html"},
            "PreHumanTaskLambdaArn": "arn:aws:lambda:us-west-2:081040173940:function:PRE-TextMultiClass",
            "AnnotationConsolidationConfig": {
                "AnnotationConsolidationLambdaArn": "arn:aws:lambda:us-west-2:081040173940:function:ACS-TextMultiClass"
            },
            "TaskTitle": "Cat or dog",
            "TaskDescription": "Say which of the two the text is about",
            "NumberOfHumanWorkersPerDataObject": 1,
            "TaskTimeLimitInSeconds": 300,
            "MaxConcurrentTaskCount": 40,
            "PublicWorkforceTaskPrice": {"AmountInUsd": {"Dollars": 0, "Cents": 3, "TenthFractionsOfACent": 6}},
        },
    }
    for key, value in changes.items():
        section = content["HumanTaskConfig"] if key in content["HumanTaskConfig"] else content
        section[key] = value
    return content


@pytest.fixture
def place(tmp_path):
    """A folder with the bucket's files: 400 texts of two kinds, of which a model can tell which is which."""
    data = tmp_path / "data"
    data.mkdir()
    gt.formats.write_manifest(
        [{"source": f"{CLASSES[n % 2]} number {n}", "n": n} for n in range(400)], data / "pets.manifest"
    )
    labels = {"document-version": "2018-11-28", "labels": [{"label": name} for name in CLASSES]}
    (data / "classes.json").write_text(json.dumps(labels))
    return tmp_path


def read(place, **changes):
    path = place / "request.json"
    path.write_text(json.dumps(request_json(**changes)))
    return gt.formats.read_job_request(path, buckets={"acme-data": place / "data", "acme-out": place / "out"})


def features(n_items, seed=0):
    random = np.random.default_rng(seed)
    truth = np.arange(n_items) % 2
    return (random.normal(size=(n_items, 3)) + 8.0 * truth[:, None]).astype(np.float32)


def answer(batch_ids):
    return [CLASSES[int(name) % 2] for name in batch_ids]


def finish(job):
    while (batch := job.next_batch()) is not None:
        job.submit(batch.items, answer(job.ids[batch.items]))
    return job


def test_every_field_that_means_something_is_read(place):
    request = read(place)
    assert (request.name, request.attribute, request.task, request.purpose) == (
        "pets",
        "pet",
        "TextMultiClass",
        "label",
    )
    assert request.classes == CLASSES
    assert request.manifest_path == str(place / "data/pets.manifest")
    assert request.output_path == str(place / "out/jobs/")
    assert (request.n_workers, request.batch_size, request.task_seconds) == (1, 40, 300.0)
    assert request.price_per_answer == 0.036
    assert request.max_human_items == 150
    assert request.is_automatic
    assert request.warnings == []


def test_a_request_runs_to_its_output_manifest(place):
    request = read(place)
    assert request.describe()["LabelingJobStatus"] == "Initializing"
    job = request.start(features(400), target=gt.ErrorTarget(max_error=0.1))
    assert request.warnings == [
        "LabelingJobAlgorithmsConfig: 400 items, Ground Truth labels automatically from 1250 on"
    ]
    batch = job.next_batch()
    assert len(batch) <= 40
    assert request.describe(job)["LabelingJobStatus"] == "InProgress"
    finish(job)
    described = request.describe(job)
    report = job.report()
    assert described["LabelingJobStatus"] == "Completed"
    counters = described["LabelCounters"]
    assert counters == {
        "TotalLabeled": report.n_human + report.n_auto,
        "HumanLabeled": report.n_human,
        "MachineLabeled": report.n_auto,
        "FailedNonRetryableError": 0,
        "Unlabeled": 400 - report.n_human - report.n_auto,
    }
    assert report.n_human <= 150
    assert report.n_auto > 200
    assert described["HumanTaskConfig"] == request.content["HumanTaskConfig"]
    assert json.loads(json.dumps(described)) == described
    path = request.write(job)
    assert path == place / "out/jobs/pets/manifests/output/output.manifest"
    assert described["LabelingJobOutput"]["OutputDatasetS3Uri"] == str(path)
    output = gt.formats.read_manifest(path)
    labels = output.labels("pet")
    assert int(np.count_nonzero(labels.source == "auto")) == report.n_auto
    done = labels.is_labeled
    assert labels.label[done].tolist() == np.array(CLASSES)[np.arange(400) % 2][done].tolist()
    assert labels.job_name[done][0] == "labeling-job/pets"
    assert gt.formats.lint_manifest(path).is_clean


def test_what_fits_no_class_has_failed_and_is_not_labelled_by_anybody(place):
    request = read(place)
    job = request.start(features(400), target=gt.ConfidenceThreshold(1.0), budget=None, store=request.store_path)
    while (batch := job.next_batch()) is not None:
        rows = [int(name) for name in job.ids[batch.items]]
        job.submit(batch.items, [gt.NONE_OF_THESE if row % 10 == 0 else CLASSES[row % 2] for row in rows])
    counters = request.describe(job)["LabelCounters"]
    assert counters == {
        "TotalLabeled": 360,
        "HumanLabeled": 360,
        "MachineLabeled": 0,
        "FailedNonRetryableError": 40,
        "Unlabeled": 0,
    }
    assert request.describe(gt.read_store(request.store_path))["LabelCounters"] == counters
    job.close()
    assert request.describe(gt.read_store(request.store_path))["LabelCounters"] == counters
    assert sorted(path.name for path in request.store_path.parent.iterdir()) == ["job.gtlabel", "started.json"]
    assert int(np.count_nonzero(request.output(job).labels("pet").is_labeled)) == 360


def test_a_request_without_automatic_labels_asks_people_about_every_item(place):
    content = request_json()
    del content["LabelingJobAlgorithmsConfig"], content["StoppingConditions"]
    path = place / "request.json"
    path.write_text(json.dumps(content))
    request = gt.formats.read_job_request(path, buckets={"acme-data": place / "data", "acme-out": place / "out"})
    report = finish(request.subset(np.arange(100)).start(features(400)[:100])).report()
    assert (report.n_human, report.n_auto) == (100, 0)


def labelled(place, n_items=60):
    """A request whose output manifest has labels on the first lines, with every tenth of them wrong."""
    request = read(place)
    manifest = request.manifest()
    rows = np.arange(n_items)
    said = [CLASSES[(n + (n % 10 == 0)) % 2] for n in rows]
    manifest.set_class_labels("pet", said, classes=CLASSES, rows=rows, confidence=0.9)
    output = place / "out/jobs/pets/manifests/output/output.manifest"
    output.parent.mkdir(parents=True)
    gt.formats.write_manifest(manifest, output)
    return request


def test_a_chained_job_of_the_same_name_labels_what_is_left_and_of_another_name_all(place):
    request = labelled(place)
    same, other = request.chain("pets-2"), request.chain("pets-3", attribute="pet-again")
    assert same.rows().tolist() == list(range(60, 400))
    assert len(other.rows()) == 400
    assert (same.name, same.content["LabelingJobName"]) == ("pets-2", "pets-2")
    assert other.content["LabelAttributeName"] == "pet-again"
    some = request.subset(range(100))
    assert some.chain("pets-4", attribute="pet-again").rows().tolist() == list(range(400))
    assert some.chain("pets-5").rows().tolist() == list(range(60, 400))
    job = finish(same.start(features(400), target=gt.ErrorTarget(max_error=0.1)))
    assert [int(name) for name in job.ids] == list(range(60, 400))
    before, after = same.manifest(), same.output(job)
    assert [after[row].text for row in range(60)] == [before[row].text for row in range(60)]
    assert after.labels("pet").is_labeled[60:].any()


@pytest.mark.parametrize("form", ["list", "frame", "csr"])
def test_a_pool_of_all_lines_is_cut_to_those_to_be_labelled_in_any_form(place, form):
    request = labelled(place).chain("pets-2")
    pool = features(400)
    if form == "frame":
        pool = pytest.importorskip("pandas").DataFrame(pool)
    elif form == "csr":
        pool = pytest.importorskip("scipy.sparse").csr_matrix(pool)
    else:
        pool = pool.tolist()
    assert request.start(pool).n_items == 340


def test_a_clone_has_the_same_input_and_a_subset_some_of_its_lines(place):
    request = read(place)
    clone = request.clone("pets-b", n_workers=3)
    assert (clone.name, clone.manifest_path, clone.n_workers) == ("pets-b", request.manifest_path, 3)
    assert request.subset([5, 3]).rows().tolist() == [3, 5]
    share = request.subset(share=0.25, seed=1)
    assert len(share.rows()) == 100
    assert share.rows().tolist() == request.subset(share=0.25, seed=1).rows().tolist()
    for wrong in ({"rows": [400]}, {"share": 0.0}, {}, {"rows": [1], "share": 0.5}):
        with pytest.raises(gt.InvalidArgument):
            request.subset(**wrong)


def test_a_subset_takes_a_mask_and_nothing_but_rows(place):
    request = read(place)
    assert request.subset(np.arange(400) % 100 == 7).rows().tolist() == [7, 107, 207, 307]
    assert request.subset([]).rows().tolist() == []
    with pytest.raises(gt.InvalidArgument, match="expected 400, one per line"):
        request.subset([True, False])
    for wrong in ({"rows": [1.5]}, {"rows": ["1"]}, {"rows": 3}, {"rows": [[1], [2]]}, {"share": "x"}, {"share": True}):
        with pytest.raises(gt.InvalidType, match=next(iter(wrong))):
            request.subset(**wrong)


@pytest.mark.parametrize("attribute", ["source", "source-ref", "n", "pet-metadata"])
def test_labels_never_replace_another_key_of_a_line(place, attribute):
    request = read(place, LabelAttributeName=attribute)
    job = finish(read(place).start(features(400)))
    for refused in (lambda: request.start(features(400)), lambda: request.output(job), lambda: request.write(job)):
        with pytest.raises(gt.InvalidArgument, match=r"LabelAttributeName: .*expected"):
            refused()
    assert not request.output_manifest_path.exists()


def test_a_line_with_metadata_of_the_name_alone_is_named(place):
    manifest = read(place).manifest()
    manifest.set(6, "pet-metadata", None)
    gt.formats.write_manifest(manifest, place / "data/pets.manifest")
    with pytest.raises(gt.InvalidArgument, match=r"pets\.manifest, line 7 has 'pet-metadata'"):
        read(place).start(features(400))


def test_a_clone_says_what_it_was_changed_to_as_a_request_would(place):
    request = read(place)
    changes = {
        "attribute": "pet-b",
        "n_workers": 3,
        "batch_size": None,
        "task_seconds": 60,
        "price_per_answer": 1.234,
        "max_human_items": 7,
        "max_share": 0.5,
        "is_automatic": False,
    }
    clone = request.clone("pets-b", **changes)
    described = clone.describe()
    assert described["HumanTaskConfig"]["NumberOfHumanWorkersPerDataObject"] == 3
    assert described["StoppingConditions"] == {
        "MaxHumanLabeledObjectCount": 7,
        "MaxPercentageOfInputDatasetLabeled": 50,
    }
    path = place / "clone.json"
    path.write_text(json.dumps(clone.content))
    again = gt.formats.read_job_request(path, buckets={"acme-data": place / "data", "acme-out": place / "out"})
    assert {name: getattr(again, name) for name in changes} == changes
    assert request.content == request_json()
    assert read(place, StoppingConditions=None).clone("c", max_human_items=7).max_human_items == 7


def test_arguments_of_a_wrong_kind_are_named(place):
    request = read(place)
    for refused, complaint in (
        (lambda: request.start(features(400), classes="cat"), "classes: 'cat' given"),
        (lambda: request.describe("x"), "job: str given"),
        (lambda: request.clone("x", foo=1), "foo: is no field"),
        (lambda: request.clone("x", content={}), "content: is no field"),
        (lambda: request.clone(5), "name: 5 given"),
    ):
        with pytest.raises(gt.InvalidType, match=complaint):
            refused()


def test_writing_again_keeps_the_dates_of_labels_that_stay(place):
    request = read(place)
    job = finish(request.start(features(400)))
    before = request.write(job).read_bytes()
    assert request.write(job).read_bytes() == before
    changed = gt.formats.read_manifest(request.output_manifest_path)
    row = int(job.labels().id[0])
    label = changed[row].label("pet")
    label.human_annotated = not label.human_annotated
    changed.set_label(row, "pet", label)
    gt.formats.write_manifest(changed, request.output_manifest_path)
    lines = list(zip(request.write(job).read_bytes().splitlines(), before.splitlines(), strict=True))
    assert [number for number, (new, old) in enumerate(lines) if new != old] == [row]
    request.output_manifest_path.write_bytes(b"{")
    assert len(gt.formats.read_manifest(request.write(job))) == 400


def test_a_share_of_the_data_is_labelled_if_so_asked(place):
    request = read(place, StoppingConditions={"MaxPercentageOfInputDatasetLabeled": 30})
    assert request.rows().tolist() == list(range(120))


def test_people_verify_labels_and_leave_them_as_they_are(place):
    request = labelled(place).verification("pets-check", "pet-check")
    assert request.rows().tolist() == list(range(60))
    assert len(request.failed_rows()) == 340
    job = request.start(features(400), target=gt.ConfidenceThreshold(1.0))
    while (batch := job.next_batch()) is not None:
        wrong = [int(name) % 10 == 0 for name in job.ids[batch.items]]
        job.submit(batch.items, ["incorrect" if is_wrong else "correct" for is_wrong in wrong])
    output = request.output(job)
    assert output[0]["pet-check"] == "1"
    assert output[0]["pet-check-metadata"]["class-name"] == "incorrect"
    assert output[1]["pet-check-metadata"]["type"] == "groundtruth/label-verification"
    assert output.labels("pet").label[:60].tolist() == request.manifest().labels("pet").label[:60].tolist()
    assert request.describe(job)["LabelCounters"]["FailedNonRetryableError"] == 340
    assert gt.formats.lint.lint_bytes(output.to_bytes()).is_clean


def test_people_adjust_labels_and_it_is_said_which(place):
    request = labelled(place).adjustment("pets-mend", "pet-mended")
    job = finish(request.start(features(400), target=gt.ConfidenceThreshold(1.0)))
    output = request.output(job)
    status = [output[row]["pet-mended-metadata"]["adjustment-status"] for row in range(60)]
    assert status == ["adjusted" if row % 10 == 0 else "unadjusted" for row in range(60)]
    assert output.labels("pet-mended").label[:3].tolist() == ["cat", "dog", "cat"]


def test_limits_of_ground_truth_are_warnings(place):
    request = read(
        place,
        LabelingJobName="a_job",
        LabelAttributeName="pet-ref",
        TaskTitle="",
        NumberOfHumanWorkersPerDataObject=12,
        TaskTimeLimitInSeconds=36000,
        MaxConcurrentTaskCount=6000,
        StoppingConditions={"MaxPercentageOfInputDatasetLabeled": 101},
        Tags=[{}] * 51,
        TaskKeywords=["x" * 31] * 6,
    )
    text = "\n".join(request.warnings)
    for part in (
        "LabelingJobName: 'a_job'",
        "may not end in -ref",
        "TaskTitle: 0 characters",
        "NumberOfHumanWorkersPerDataObject: 12, Ground Truth takes 1 to 9",
        "at most 8 hours",
        "MaxConcurrentTaskCount: 6000",
        "MaxPercentageOfInputDatasetLabeled: 101",
        "Tags: 51",
    ):
        assert part in text
    assert request.n_workers == 12


def test_addresses_are_paths_file_uris_or_buckets_with_a_folder(place):
    manifest = {"DataSource": {"S3DataSource": {"ManifestS3Uri": (place / "data/pets.manifest").as_uri()}}}
    assert len(read(place, InputConfig=manifest).manifest()) == 400
    manifest["DataSource"]["S3DataSource"]["ManifestS3Uri"] = "data/pets.manifest"
    assert len(read(place, InputConfig=manifest).manifest()) == 400
    for wrong, what in (
        ("s3://other/pets.manifest", r"request\.json: .* buckets=\{'other': FOLDER\}"),
        ("https://acme.com/pets.manifest", "expected a local file"),
    ):
        manifest["DataSource"]["S3DataSource"]["ManifestS3Uri"] = wrong
        with pytest.raises(gt.InvalidArgument, match=what):
            read(place, InputConfig=manifest)


def test_no_address_leaves_its_bucket_and_no_name_the_output_folder(place):
    (place / "secret.manifest").write_text('{"source":"secret"}\n')
    outside = {"DataSource": {"S3DataSource": {"ManifestS3Uri": "s3://acme-data/../secret.manifest"}}}
    with pytest.raises(gt.InvalidArgument, match="leaves its bucket"):
        read(place, InputConfig=outside)
    with pytest.raises(gt.InvalidArgument, match="leaves its bucket"):
        read(place, OutputConfig={"S3OutputPath": "s3://acme-out/jobs/../../esc"})
    for name in ("../../../esc", "..", "a/b"):
        with pytest.raises(gt.InvalidArgument, match="LabelingJobName"):
            read(place, LabelingJobName=name)
        with pytest.raises(gt.InvalidArgument, match="LabelingJobName"):
            read(place).chain(name)


def test_a_job_in_the_store_of_its_request_is_known_again(place):
    request = read(place)
    job = request.start(features(400), store=request.store_path)
    job.close()
    assert check_request(request) == check_request(request, CLASSES) == []
    later = read(place, NumberOfHumanWorkersPerDataObject=2, StoppingConditions={"MaxHumanLabeledObjectCount": 9})
    workers, limit = check_request(later)
    assert workers.startswith("NumberOfHumanWorkersPerDataObject: 2 given, but the job in ")
    assert limit.endswith("began with 150, which it keeps")
    for change in ({"LabelAttributeName": "other"}, {"InputConfig": {**MANIFEST_ELSEWHERE}}):
        with pytest.raises(gt.InvalidArgument, match="or another LabelingJobName"):
            check_request(read(place, **change))
    with pytest.raises(gt.InvalidArgument, match=r"classes: \['dog', 'cat'\] given"):
        check_request(request, CLASSES[::-1])
    started = request.store_path.with_name("started.json")
    for content in (b"[]", b"{", b"\xff"):
        started.write_bytes(content)
        with pytest.raises(gt.FormatError, match=r"started\.json"):
            check_request(request)
    started.unlink()
    assert check_request(request) == []
    with pytest.raises(gt.InvalidArgument, match=r"classes: \['dog', 'cat'\] given"):
        check_request(request, CLASSES[::-1])


def test_the_output_manifest_is_replaced_as_a_whole(place):
    request = read(place)
    job = finish(request.start(features(400)))
    path = request.write(job)
    before = path.stat().st_ino
    assert request.write(job) == path
    assert path.stat().st_ino != before  # another file has taken its place
    assert [file.name for file in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{",
        b"{}",
        b'{"LabelingJobName": 1}',
        b'{"LabelingJobName": "a", "LabelAttributeName": "b"}',
        b"\xff",
    ],
)
def test_what_is_no_request_is_refused(tmp_path, content):
    path = tmp_path / "request.json"
    path.write_bytes(content)
    with pytest.raises(gt.FormatError, match=r"request\.json"):
        gt.formats.read_job_request(path)


def test_files_that_cannot_be_read_are_named(place):
    with pytest.raises(gt.ArchiveError, match="none"):
        gt.formats.read_job_request(place / "none")
    (place / "data/classes.json").unlink()
    with pytest.raises(gt.FormatError, match=r"LabelCategoryConfigS3Uri: .*classes\.json"):
        read(place)


def test_fields_of_a_wrong_kind_are_named(place):
    with pytest.raises(gt.FormatError, match="MaxConcurrentTaskCount is 'many'"):
        read(place, MaxConcurrentTaskCount="many")
    (place / "data/classes.json").write_text("[]")
    with pytest.raises(gt.FormatError, match="LabelCategoryConfigS3Uri"):
        read(place)
    (place / "data/classes.json").write_text('{"labels": [{"label": "cat"}, {"label": "dog"}]}')
    with pytest.raises(gt.InvalidArgument, match="one class per item"):
        read(place, PreHumanTaskLambdaArn="arn:aws:lambda:us-west-2:1:function:PRE-BoundingBox").start(features(400))
    with pytest.raises(gt.InvalidArgument, match="expected 400"):
        read(place).start(features(7))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"PublicWorkforceTaskPrice": {"AmountInUsd": {"Cents": -3}}}, "Cents is -3"),
        ({"PublicWorkforceTaskPrice": {"AmountInUsd": {"Dollars": "1"}}}, "Dollars is '1'"),
        ({"PublicWorkforceTaskPrice": {"AmountInUsd": {"Dollars": True}}}, "Dollars is True"),
        ({"PublicWorkforceTaskPrice": {"AmountInUsd": 1}}, "AmountInUsd is 1"),
        ({"PublicWorkforceTaskPrice": [1]}, r"PublicWorkforceTaskPrice is \[1\]"),
        ({"StoppingConditions": "x"}, "StoppingConditions is 'x'"),
        ({"AnnotationConsolidationConfig": "x"}, "AnnotationConsolidationConfig is 'x'"),
    ],
)
def test_a_price_or_limit_that_cannot_be_read_is_not_taken_for_none(place, change, complaint):
    with pytest.raises(gt.FormatError, match=rf"request\.json: {complaint}, expected"):
        read(place, **change)


def test_a_human_task_that_is_no_object_is_named(place):
    path = place / "request.json"
    path.write_text(json.dumps({**request_json(), "HumanTaskConfig": []}))
    with pytest.raises(gt.FormatError, match=r"HumanTaskConfig is \[\], expected an object"):
        gt.formats.read_job_request(path, buckets={"acme-data": place / "data", "acme-out": place / "out"})


def test_pre_annotation_functions_get_the_event_of_the_service():
    manifest = Manifest([{"source": "a", "n": 1}, {"source": "b", "n": 2}, {"source": "c", "n": 3}])
    events = []

    def handler(event, context):
        events.append((event, context))
        needed = {1: {}, 2: {"isHumanAnnotationRequired": False}, 3: {"humanAnnotationRequired": "true"}}
        return {"taskInput": {"text": event["dataObject"]["source"]}, **needed[event["dataObject"]["n"]]}

    tasks = gt.formats.prepare_tasks(manifest, handler, "arn:job")
    assert events[0] == (
        {"version": "2018-10-16", "labelingJobArn": "arn:job", "dataObject": {"source": "a", "n": 1}},
        None,
    )
    assert [task.task_input["text"] for task in tasks] == ["a", "b", "c"]
    assert [task.needs_people for task in tasks] == [True, False, True]
    with pytest.raises(gt.FormatError, match="line 1, expected taskInput"):
        gt.formats.prepare_tasks(manifest, lambda event, context: {})


def test_post_annotation_functions_get_the_event_of_the_service_and_their_labels_are_written():
    job = LabelingJobFolder(manifest=Manifest([{"source": "a"}, {"source": "b"}]))
    for item, label in enumerate(CLASSES):
        answers = [WorkerAnswer("w", {"crowd-classifier": {"label": label}})]
        job.responses.append(WorkerResponse.from_answers(item, 1, answers))

    def handler(event, context):
        assert event["version"] == "2018-10-16"
        assert event["labelAttributeName"] == "pet"
        assert event["labelCategories"] == CLASSES
        assert event["payload"]["s3Uri"].startswith("file:")
        with open(event["payload"]["s3Uri"][len("file://") :]) as file:
            request = json.load(file)
        said = [json.loads(entry["annotations"][0]["annotationData"]["content"]) for entry in request]
        labels = [content["crowd-classifier"]["label"] for content in said]
        return [
            {"datasetObjectId": entry["datasetObjectId"], "consolidatedAnnotation": {"content": {"pet": label}}}
            for entry, label in zip(request, labels, strict=True)
        ][:1]

    labels = gt.formats.consolidate_with(handler, job.consolidation_request(), "pet", categories=CLASSES)
    assert labels == {0: {"pet": "cat"}}
    gt.formats.apply_consolidation(job.manifest, labels, "pet", "pets", "2024-03-05T10:11:12.131415")
    assert job.manifest[0]["pet"] == "cat"
    assert job.manifest[0].label("pet").type == "groundTruth/custom"
    assert dict(job.manifest[1]) == {"source": "b"}
    assert gt.formats.lint.lint_bytes(job.manifest.to_bytes()).is_clean
    for wrong in (None, [{}], [{"datasetObjectId": "x", "consolidatedAnnotation": {"content": {}}}]):
        with pytest.raises(gt.FormatError, match="post-annotation function"):
            gt.formats.consolidate_with(lambda event, context, wrong=wrong: wrong, [], "pet")
    with pytest.raises(gt.InvalidArgument, match="datasetObjectId: 9"):
        gt.formats.apply_consolidation(job.manifest, {9: {"pet": "cat"}}, "pet", "pets", "")
