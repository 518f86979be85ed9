"""Label Studio as the people of a job: the protocol over real HTTP, and Label Studio itself where it is installed."""

import http.server
import json
import os
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from contextlib import contextmanager

import gtlabel as gt
import numpy as np
import pytest
from gtlabel.label_studio_backend import LabelStudioBackend, LabelStudioProject

LABEL_STUDIO = os.environ.get("GTLABEL_TEST_LABEL_STUDIO")


def call(url, content=None, headers=None, timeout=60):
    """(status, what came back); POST if there is something to send."""
    body = None if content is None else content if isinstance(content, bytes) else json.dumps(content).encode()
    request = urllib.request.Request(url, data=body, headers=headers or {})
    request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=timeout) as response:
            return response.status, json.loads(response.read() or b"null")
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read() or b"null")


@pytest.fixture
def texts(pool):
    return [{"text": f"a text of {name}"} for name in pool.names]


@pytest.fixture
def job(pool):
    return pool.job(ids=[f"text {item}" for item in range(len(pool.X))])


@pytest.fixture
def backend(job, texts):
    return LabelStudioBackend(job, texts)


@pytest.fixture
def url(backend):
    with backend.serving() as url:
        yield url


def choice(name):
    return {"type": "choices", "from_name": "label", "to_name": "item", "value": {"choices": [name]}}


def event(task, number, name, worker=1, action="ANNOTATION_CREATED", **others):
    """As Label Studio sends it."""
    annotation = {"id": number, "completed_by": worker, "lead_time": 1.5, "result": [choice(name)] if name else []}
    return {"action": action, "annotation": annotation | others, "task": {"id": number, **task}, "project": {"id": 1}}


# --- the protocol ---


def test_a_job_is_driven_to_its_end_by_what_label_studio_sends(pool, job, backend, url):
    tasks = backend.tasks()
    assert tasks[3]["data"] == {"text": f"a text of {pool.names[3]}", "item": 3, "item_id": "text 3"}
    number = 0
    while not job.is_finished:
        _, said = call(f"{url}/predict", {"tasks": tasks, "label_config": backend.label_config(), "project": "1.2"})
        scores = [result["score"] for result in said["results"]]
        asked = [row for row in sorted(range(len(tasks)), key=scores.__getitem__) if scores[row] < 1]
        if job.is_finished:
            break
        assert asked == job.next_batch().items.tolist(), "in the order of the batch"
        assert all(result["result"] == [] for result in said["results"]), "nobody sees what the machine says"
        for row in asked:
            number += 1
            status, told = call(f"{url}/webhook", event(tasks[row], number, pool.names[row]))
            assert (status, told) == (201, {"submitted": 1})
    report = job.report()
    assert report.n_human == number < len(tasks)
    assert job.certificate() is not None
    assert set(job.answers()["worker"].tolist()) == {"1"}
    assert set(job.answers()["seconds"].tolist()) == {1.5}
    _, said = call(f"{url}/predict", {"tasks": tasks, "label_config": backend.label_config()})
    labels = job.labels()
    for row, result in enumerate(said["results"]):
        assert result["result"] == [choice(labels.label[row])], "in the end all is shown"
        assert result["score"] == pytest.approx(labels.confidence[row])


def test_an_event_that_comes_twice_is_one_answer_and_a_changed_one_replaces_it(job, backend, url):
    [task] = backend.tasks([7])
    assert call(f"{url}/webhook", event(task, 1, "class 0")) == (201, {"submitted": 1})
    assert call(f"{url}/webhook", event(task, 1, "class 0")) == (201, {"submitted": 0})
    assert len(job.answers()["item"]) == 1
    assert call(f"{url}/webhook", event(task, 1, "class 1", action="ANNOTATION_UPDATED")) == (201, {"submitted": 1})
    assert job.labels().label.tolist() == ["class 1"]


def test_an_annotation_that_is_changed_back_is_what_it_was(job, backend, url):
    [task] = backend.tasks([7])
    for name in ("class 0", "class 1", "class 0"):
        assert call(f"{url}/webhook", event(task, 1, name, action="ANNOTATION_UPDATED")) == (201, {"submitted": 1})
    assert job.labels().label.tolist() == ["class 0"]


def test_an_annotation_of_nobody_is_one_answer_in_the_next_run_of_the_program_too(job, backend, texts):
    tasks = [{**backend.tasks([7])[0], "annotations": [event({}, 1, "class 0", completed_by=None)["annotation"]]}]
    assert backend.submit_tasks(tasks) == 1
    assert LabelStudioBackend(job, texts).submit_tasks(tasks) == 0
    assert len(job.answers()["item"]) == 1


def test_a_second_annotation_of_the_same_person_is_another_answer(job, backend):
    [task] = backend.tasks([7])
    for number, n_submitted in ((1, 1), (2, 1), (1, 0), (2, 0)):
        annotation = event({}, number, None, was_cancelled=True)["annotation"]
        assert backend.submit_tasks([{**task, "annotations": [annotation]}]) == n_submitted
    assert job.answers()["label"].tolist() == ["skip", "skip"]


def test_a_skipped_task_is_a_skip_and_an_empty_one_is_no_answer(job, backend, url):
    first, second = backend.tasks([7, 8])
    assert call(f"{url}/webhook", event(first, 1, None, was_cancelled=True))[1] == {"submitted": 1}
    assert call(f"{url}/webhook", event(second, 2, None))[1] == {"submitted": 0}
    assert job.answers()["label"].tolist() == ["skip"]


def test_what_was_annotated_while_nobody_listened_is_caught_up(job, backend, url, texts):
    tasks = [
        {**task, "annotations": [event(task, row, "class 0")["annotation"]]} for row, task in enumerate(backend.tasks())
    ]
    assert call(f"{url}/train", {"annotations": tasks[:5], "project": "1.2"}) == (201, {"submitted": 5})
    assert call(f"{url}/train", {"annotations": tasks[:6]}) == (201, {"submitted": 1})
    assert LabelStudioBackend(job, texts).submit_tasks(tasks[:7]) == 1, "another process knows what the job was told"
    assert job.answers()["item"].tolist() == list(range(7))


def test_other_events_and_questions_are_answered(backend, url):
    for path in ("", "/health", "/health/"):
        assert call(url + path)[1]["status"] == "UP"
    assert call(f"{url}/is_training?project=1") == (200, {"is_training": False})
    assert call(f"{url}/versions") == (200, {"versions": ["gtlabel"]})
    assert call(f"{url}/setup", {"project": "1.2", "schema": backend.label_config()}) == (
        200,
        {"model_version": "gtlabel"},
    )
    assert call(f"{url}/webhook", {"action": "START_TRAINING", "project": {}}) == (201, {"submitted": 0})
    assert call(f"{url}/webhook", {"action": "TASKS_CREATED", "tasks": [{"id": 1}]}) == (201, {"submitted": 0})


@pytest.mark.parametrize(
    ("path", "content", "status", "message"),
    [
        ("/nothing", {}, 404, "POST /nothing is not part of the protocol"),
        ("/webhook", b"{", 400, "JSONDecodeError"),
        ("/webhook", b"[" * 100_000, 400, "RecursionError"),
        ("/webhook", [1], 422, "list given, expected an object"),
        ("/webhook", {"action": "ANNOTATION_CREATED"}, 400, ""),
        (
            "/predict",
            {"tasks": [{"data": {"item_id": "gone"}}]},
            422,
            "item_id 'gone' given, expected one of the job's 400",
        ),
        ("/predict", {"tasks": [{"id": 1}]}, 422, "no data given"),
        ("/predict", {"tasks": [{"data": {"item_id": []}}]}, 400, "unhashable"),
        ("/setup", {"schema": "<View/>"}, 422, "0 <Choices> given, expected one"),
        ("/setup", {"schema": "<View><Choices><Choice value='x'/></Choices></View>"}, 422, "expected the classes"),
        ("/setup", {"schema": "<!DOCTYPE x><View/>"}, 422, "a DTD, expected none"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused_with_a_reason(url, path, content, status, message):
    given, said = call(url + path, content)
    assert given == status
    assert message in said["error"]


def test_an_answer_that_is_no_class_is_refused_and_changes_nothing(job, backend, url):
    [task] = backend.tasks([7])
    status, said = call(f"{url}/webhook", event(task, 1, "bird"))
    assert status == 422
    assert "'bird', which is none of the job's 2 classes" in said["error"]
    two = event(task, 1, None, result=[choice("class 0"), choice("class 1")])
    assert "chosen, expected one class" in call(f"{url}/webhook", two)[1]["error"]
    assert len(job.answers()["item"]) == 0


class Failing(gt.IncrementalModel):
    """Fails while it is told to, and so do its clones."""

    fails = True

    def attach(self, X, n_classes):
        self.width = n_classes

    def update(self, items, targets, weights):
        if Failing.fails:
            raise RuntimeError("out of luck")

    def predict_proba(self, items):
        return np.full((len(items), self.width), 1 / self.width)


def test_a_model_that_raises_is_told_and_the_job_goes_on(pool, texts, monkeypatch):
    job = pool.job(model=Failing())
    backend = LabelStudioBackend(job, texts)
    for row in job.next_batch().items.tolist():
        backend.submit_tasks(
            [{**backend.tasks([row])[0], "annotations": [event({}, row, pool.names[row])["annotation"]]}]
        )
    with backend.serving() as url:
        assert call(f"{url}/predict", {"tasks": backend.tasks([0])}) == (500, {"error": "RuntimeError: out of luck"})
        assert call(f"{url}/health")[0] == 200
        monkeypatch.setattr(Failing, "fails", False)
        assert call(f"{url}/predict", {"tasks": backend.tasks([0])})[0] == 200


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), -1, "2", None])
def test_times_that_are_none_are_not_told(job, backend, seconds):
    [task] = backend.tasks([7])
    annotation = event({}, 1, "class 0")["annotation"] | {"lead_time": seconds}
    assert backend.submit_tasks([{**task, "annotations": [annotation]}]) == 1
    assert job.answers()["seconds"].tolist() == [0]


def test_names_of_the_controls_are_those_of_the_projects_interface(pool, texts):
    job = pool.job()
    job.run(pool.annotate)
    backend = LabelStudioBackend(job, texts)
    config = '<View><Text name="t" value="$text"/><Choices name="kind" toName="t">'
    config += '<Choice value="class 0"/><Choice value="first" alias="class 1"/></Choices></View>'
    with backend.serving() as url:
        _, said = call(f"{url}/predict", {"tasks": backend.tasks([0]), "label_config": config})
    [result] = said["results"][0]["result"]
    assert (result["from_name"], result["to_name"]) == ("kind", "t")


def test_contents_have_to_fit_the_job(job, texts):
    with pytest.raises(gt.InvalidArgument, match="contents: 3 given for 400 items"):
        LabelStudioBackend(job, texts[:3])
    with pytest.raises(gt.InvalidArgument, match="without 'item'"):
        LabelStudioBackend(job, [{"item": 1}] * 400)


# --- a project that batches are sent to ---


class Studio(http.server.BaseHTTPRequestHandler):
    """The two calls of Label Studio's API that are needed, and what it was sent."""

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/api/token/refresh":
            return self.reply(200, {"access": f"access for {body['refresh']}"})
        self.server.tokens.append(self.headers["Authorization"])
        if self.path != "/api/projects/5/import":
            return self.reply(404, {"detail": "not found"})
        if self.server.n_failures > 0:
            self.server.n_failures -= 1
            return self.reply(502, {"detail": "down"})
        self.server.tasks += body
        return self.reply(201, {"task_count": len(body)})

    def do_GET(self):
        self.reply(200, self.server.exported)

    def reply(self, status, content):
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(content).encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def studio():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Studio) as server:
        server.tasks, server.tokens, server.exported, server.n_failures = [], [], [], 0
        server.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def wait_until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def test_each_batch_is_sent_when_the_one_before_is_answered(pool, job, texts, studio):
    backend = LabelStudioBackend(job, texts, LabelStudioProject(studio.url, 5, "secret"))
    first = backend.start()
    assert first == len(studio.tasks) > 0
    assert backend.start() == 0, "what is there is not sent again"
    n_answered = 0
    with backend.serving() as url:
        while not job.is_finished:
            wait_until(lambda n=n_answered: len(studio.tasks) > n or job.is_finished)
            for task in studio.tasks[n_answered:]:
                n_answered += 1
                call(f"{url}/webhook", event(task, n_answered, pool.names[task["data"]["item"]]))
    assert n_answered == job.report().n_human == len({task["data"]["item"] for task in studio.tasks})
    assert set(studio.tokens) == {"Token secret"}


def test_an_item_that_was_skipped_or_is_asked_again_is_a_task_again(pool, texts, studio):
    job = pool.job(overlap=gt.Overlap(min=2, max=2))
    backend = LabelStudioBackend(job, texts, LabelStudioProject(studio.url, 5, "a.b.c"))
    n_sent = backend.start()
    for number, task in enumerate(list(studio.tasks)):
        backend._submit(task["data"], event(task, number, pool.names[task["data"]["item"]], worker="ann")["annotation"])
    assert backend.start() == n_sent, "the second person"
    sent = [task["data"]["item"] for task in studio.tasks]
    assert sorted(sent[:n_sent]) == sorted(sent[n_sent:])
    assert set(studio.tokens) == {"Bearer access for a.b.c"}


def test_the_address_of_a_project_is_one_of_the_web():
    with pytest.raises(gt.InvalidArgument, match="expected one with http:// or https://"):
        LabelStudioProject("file:///etc", 1, "token")


def test_the_answers_of_a_project_are_fetched(job, texts, studio):
    backend = LabelStudioBackend(job, texts, LabelStudioProject(studio.url, 5, "secret"))
    studio.exported = [{**backend.tasks([3])[0], "annotations": [event({}, 1, "class 0")["annotation"]]}]
    assert (backend.catch_up(), backend.catch_up()) == (1, 0)


def test_what_label_studio_refuses_is_told_and_sent_again_later(job, texts, studio):
    wrong = LabelStudioBackend(job, texts, LabelStudioProject(studio.url, 6, "secret"))
    for _ in range(2):
        with pytest.raises(gt.InvalidArgument, match=r"/api/projects/6/import: 404 Not Found: .*not found"):
            wrong.start()


def test_a_batch_that_could_not_be_sent_is_sent_when_label_studio_is_back(job, texts, studio, monkeypatch):
    monkeypatch.setattr("gtlabel.label_studio_backend._FIRST_PAUSE_SECONDS", 0.01)
    studio.n_failures = 3
    backend = LabelStudioBackend(job, texts, LabelStudioProject(studio.url, 5, "secret"))
    with backend.serving() as url:
        assert call(f"{url}/webhook", {"action": "PROJECT_UPDATED"}) == (201, {"submitted": 0})
        wait_until(lambda: studio.tasks)
    assert backend.start() == 0, "it was sent once"
    assert [task["data"]["item"] for task in studio.tasks] == job.next_batch().items.tolist()


def test_the_next_run_of_the_program_sends_no_task_a_second_time(pool, job, texts, studio):
    project = LabelStudioProject(studio.url, 5, "secret")
    n_sent = LabelStudioBackend(job, texts, project).start()
    strange = [{"id": 1, "data": {"text": "of another job"}}]
    studio.exported = strange + [{**task, "annotations": []} for task in studio.tasks]
    for number, task in enumerate(studio.exported[1:4]):
        task["annotations"] = [event({}, number, pool.names[task["data"]["item"]])["annotation"]]
    assert LabelStudioBackend(job, texts, project).start() == 0
    assert len(job.answers()["item"]) == 3, "what was annotated in the meantime is known"
    del studio.exported[-1]
    assert LabelStudioBackend(job, texts, project).start() == 1, "a task that is gone is sent again"
    assert len(studio.tasks) == n_sent + 1


def test_what_is_deleted_in_label_studio_is_told_and_its_open_tasks_are_sent_again(job, texts, studio, caplog):
    backend = LabelStudioBackend(job, texts, LabelStudioProject(studio.url, 5, "secret"))
    n_sent = backend.start()
    with backend.serving() as url:
        call(f"{url}/webhook", {"action": "TASKS_DELETED", "tasks": [{"id": 1}]})
        wait_until(lambda: len(studio.tasks) == 2 * n_sent)
    assert "TASKS_DELETED in Label Studio: the job keeps the answers" in caplog.text


# --- Label Studio itself ---


TOKEN = "secret-token"  # of more than five characters, or Label Studio passes it over


@contextmanager
def label_studio(folder):
    """A running Label Studio with a user and a token, in a folder of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # It refuses to talk to its own machine unless it is told that it may.
    switched_off = ("ML_BLOCK_LOCAL_IP", "SSRF_PROTECTION_ENABLED", "LATEST_VERSION_CHECK", "COLLECT_ANALYTICS")
    environment = os.environ | dict.fromkeys(switched_off, "false")
    command = [LABEL_STUDIO, "start", "--no-browser", "--data-dir", str(folder), "--port", str(port), "--init"]
    command += ["--username", "ann@example.org", "--password", "a password"]
    command += ["--user-token", TOKEN, "--enable-legacy-api-token"]
    url = f"http://127.0.0.1:{port}"
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    try:
        wait_until(lambda: process.poll() is not None or is_up(url), 400)
        assert process.poll() is None, (folder / "log").read_text()[-2000:]
        yield url
    finally:
        process.terminate()
        process.wait(30)


def is_up(url):
    try:
        return call(f"{url}/health")[0] == 200
    except OSError:
        return False


class Project:
    """What the test does in the place of annotators and their project's owner."""

    def __init__(self, url, config):
        self.url, self.headers = url, {"Authorization": f"Token {TOKEN}"}
        self.id = self.call("/api/projects", {"title": "a job", "label_config": config})["id"]

    def call(self, path, content=None):
        # It asks for predictions one task after the other; on a busy machine that takes minutes.
        status, said = call(self.url + path, content, self.headers, timeout=600)
        assert status in (200, 201), said
        return said

    def tasks(self):
        found = self.call(f"/api/tasks?project={self.id}&page_size=500&fields=all")["tasks"]
        return sorted(found, key=lambda task: task["id"])

    def annotate(self, task, name):
        self.call(f"/api/tasks/{task['id']}/annotations", {"result": [choice(name)], "lead_time": 2.0})

    def retrieve_predictions(self):
        action = f"/api/dm/actions?id=retrieve_tasks_predictions&project={self.id}"
        self.call(action, {"selectedItems": {"all": True, "excluded": []}})


@pytest.mark.skipif(LABEL_STUDIO is None, reason="GTLABEL_TEST_LABEL_STUDIO names no label-studio: see CONTRIBUTING.md")
def test_label_studio_itself_is_the_interface_of_a_job(blobs, tmp_path):
    pool = blobs(n_items=200)
    job = pool.job(target=gt.ErrorTarget(max_error=0.25))
    texts = [{"text": f"a text of {name}"} for name in pool.names]
    with label_studio(tmp_path) as url:
        project = Project(url, LabelStudioBackend(job, texts).label_config())
        backend = LabelStudioBackend(job, texts, LabelStudioProject(url, project.id, TOKEN))
        with backend.serving() as address:
            connected = project.call("/api/ml", {"url": address, "project": project.id, "title": "gtlabel"})
            assert connected["state"] == "CO", connected
            n_answered = backend.start() - len(project.tasks())
            assert n_answered == 0
            while not job.is_finished:
                for task in project.tasks()[n_answered:]:
                    project.annotate(task, pool.names[task["data"]["item"]])
                    n_answered += 1
                time.sleep(0.5)
            assert job.report().n_human == n_answered
            rest = sorted(set(range(200)) - set(job.answers()["item"].tolist()))
            project.call(f"/api/projects/{project.id}/import", backend.tasks(rest))
            project.retrieve_predictions()
            shown = {task["data"]["item"]: task["predictions"][0]["result"] for task in project.tasks()}
        exported = {
            kind: project.call(f"/api/projects/{project.id}/export?exportType={kind}") for kind in ("JSON", "JSON_MIN")
        }
    labels = job.labels()
    assert shown == {row: [choice(label)] for row, label in zip(labels.item.tolist(), labels.label, strict=True)}
    said = dict(zip(job.answers()["item"].tolist(), job.answers()["label"].tolist(), strict=True))
    for kind, tasks in exported.items():
        (tmp_path / f"{kind}.json").write_text(json.dumps(tasks))
        people = gt.formats.read_label_studio(tmp_path / f"{kind}.json")
        chosen = {item.fields["item"]: item.answers[0].marks[0].label for item in people.items}
        assert chosen == said, kind
