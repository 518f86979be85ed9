"""Label Studio as the people of a job: its protocol for machine-learning backends, on the standard library alone."""

from __future__ import annotations

import json
import logging
import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from xml.sax.saxutils import quoteattr

from gtlabel._core import Error, InvalidArgument, InvalidType
from gtlabel.answers import SKIP
from gtlabel.formats.xml_files import parse_xml

if TYPE_CHECKING:
    from gtlabel.labeling_job import LabelingJob

_log = logging.getLogger(__name__)
_MOST_BYTES = 1 << 28  # of a request: Label Studio sends whole projects to /train
_SECONDS_FOR_LABEL_STUDIO = 60.0
_POLL_SECONDS = 0.02  # how long it takes to stop serving
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 1.0, 60.0  # before what could not be sent is tried again
_ANSWER_EVENTS = ("ANNOTATION_CREATED", "ANNOTATIONS_CREATED", "ANNOTATION_UPDATED")
_DELETION_EVENTS = ("ANNOTATIONS_DELETED", "TASKS_DELETED")


class LabelStudioProject:
    """A project of a running Label Studio, to send tasks to and to fetch answers from.

    ``token``: a personal or a legacy access token of a user.
    """

    def __init__(self, url: str, project: int, token: str) -> None:
        if not url.startswith(("http://", "https://")):
            raise InvalidArgument(f"url: {url!r} given, expected one with http:// or https://")
        self._url = url.rstrip("/")
        self._project = project
        self._token = token

    def import_tasks(self, tasks: list[dict[str, Any]]) -> None:
        """Adds tasks to the project."""
        self._call(f"/api/projects/{self._project}/import", tasks)

    def export(self) -> list[dict[str, Any]]:
        """The tasks of the project that have answers."""
        return self._exported("")

    def tasks(self) -> list[dict[str, Any]]:
        """All tasks of the project, with their answers."""
        return self._exported("&download_all_tasks=true")

    def _exported(self, option: str) -> list[dict[str, Any]]:
        found = self._call(f"/api/projects/{self._project}/export?exportType=JSON{option}")
        if not isinstance(found, list):
            raise InvalidArgument(f"{self._url}: no list of tasks exported, but {str(found)[:100]}")
        return found

    def _call(self, path: str, content: Any = None) -> Any:
        return _json_of(Request(self._url + path, headers={"Authorization": self._authorization()}), content)

    def _authorization(self) -> str:
        if self._token.count(".") != 2:
            return f"Token {self._token}"
        # A personal token is good for another one, which lives for minutes.
        found = _json_of(Request(f"{self._url}/api/token/refresh"), {"refresh": self._token})
        return f"Bearer {found['access']}"


def _json_of(request: Request, content: Any) -> Any:
    if content is not None:
        request.data = json.dumps(content).encode()
        request.add_header("Content-Type", "application/json")
    try:
        with urlopen(request, timeout=_SECONDS_FOR_LABEL_STUDIO) as response:
            return json.loads(response.read() or b"null")
    except HTTPError as error:
        text = error.read(500).decode(errors="replace")
        raise InvalidArgument(f"{request.full_url}: {error.code} {error.reason}: {text}") from None


class LabelStudioBackend:
    """A machine-learning backend by which people answer a job's questions in Label Studio.

    Connect it in the project's settings ("Model"), or by its API; Label Studio then sends each annotation here, and it
    is submitted to the job at once. What to annotate next comes from the job:

    - with a ``project``, each batch is sent there as tasks when the one before is answered (``start``);
    - otherwise import ``tasks()`` yourself and let Label Studio order them by "Uncertainty sampling": predictions have
      low scores for the items of the batch, in its order, and 1 for all others.

    Labels are shown in Label Studio only when the job is finished: who audits must not see what the machine says.

    Parameters
    ----------
    job
        A ``LabelingJob``; give it a store, or save it, so that it outlives the process.
    contents
        What the annotators see, one mapping per item, such as ``{"text": ...}`` or ``{"image": ...}``.
    project
        Where batches are sent.

    The object is a WSGI application; ``serve`` and ``serving`` run it on the standard library's server, which is meant
    for a trusted network: whoever reaches it can answer.
    """

    def __init__(
        self, job: LabelingJob, contents: Sequence[Mapping[str, Any]], project: LabelStudioProject | None = None
    ) -> None:
        if len(contents) != job.n_items:
            raise InvalidArgument(f"contents: {len(contents)} given for {job.n_items} items, expected one each")
        kinds = {tuple(sorted(content)) for content in contents}
        if not kinds or any(set(kind) & {"item", "item_id"} for kind in kinds):
            raise InvalidArgument("contents: expected mappings without 'item' and 'item_id', which tell items apart")
        self._job = job
        self._contents = contents
        self._project = project
        self._lock = threading.RLock()
        self._seen: dict[Any, Any] = {}  # annotations by id: the same may come several times
        self._sending = threading.Lock()
        self._sent: set[tuple[int, int]] = set()  # items, with the number of answers they had
        self._has_read_project = False
        self._sender: threading.Thread | None = None
        self._is_due = False  # of the next batch: the sender has to look whether there is one
        self._sender_lock = threading.Lock()
        self._row_of = {name: row for row, name in enumerate([] if job.ids is None else job.ids.tolist())}
        self._from_name, self._to_name = "label", "item"

    # --- what Label Studio is given ---

    def label_config(self) -> str:
        """A labelling interface for the project: the first of the contents' fields, and the classes to choose from."""
        name = next(iter(self._contents[0]))
        tag = "Image" if name == "image" else "Text"
        choices = "".join(f"<Choice value={quoteattr(label)}/>" for label in self._job.classes)
        shown = f'<{tag} name="item" value={quoteattr("$" + name)}/>'
        return f'<View>{shown}<Choices name="label" toName="item" choice="single">{choices}</Choices></View>'

    def tasks(self, items: Iterable[int] | None = None) -> list[dict[str, Any]]:
        """Tasks to import, of all items by default."""
        rows = range(self._job.n_items) if items is None else items
        return [{"data": self._data(int(row))} for row in rows]

    def _data(self, row: int) -> dict[str, Any]:
        ids = self._job.ids
        return dict(self._contents[row]) | {"item": row} | ({} if ids is None else {"item_id": str(ids[row])})

    def start(self) -> int:
        """Sends the items of the job's batch to the project that are not there yet; their number, 0 in the end too.

        The first time, and after a failure, it reads the project before: what was annotated there while this program
        did not run is submitted, and tasks that wait for an answer are not sent again.
        """
        if self._project is None:
            raise InvalidArgument("start: no project given, expected project=LabelStudioProject(...)")
        with self._sending:
            if not self._has_read_project:
                self._read_project(self._project)
            keys = [key for key in self._keys_of_batch() if key not in self._sent]
            if keys:
                try:
                    self._project.import_tasks(self.tasks(row for row, _ in keys))
                except BaseException:
                    self._has_read_project = False  # the tasks may have arrived all the same
                    raise
            self._sent.update(keys)
        return len(keys)

    def _read_project(self, project: LabelStudioProject) -> None:
        waiting = []
        for task in project.tasks():
            try:
                self.submit_tasks([task])
                if not task.get("annotations"):
                    waiting.append(self._row(task.get("data")))
            except Error as error:  # must not keep the job from going on
                _log.warning("task %s of the project is passed over: %s", task.get("id"), error)
        with self._lock:
            n_answers = self._n_answers()
        self._sent = {(row, n_answers.get(row, 0)) for row in waiting}
        self._has_read_project = True

    def _keys_of_batch(self) -> list[tuple[int, int]]:
        with self._lock:
            batch = self._job.next_batch()
            n_answers = self._n_answers()
        return [] if batch is None else [(row, n_answers.get(row, 0)) for row in batch.items.tolist()]

    def _n_answers(self) -> dict[int, int]:
        """Of each item: one that is asked about again is a task again."""
        counts: dict[int, int] = {}
        for row in self._job.answers()["item"].tolist():
            counts[row] = counts.get(row, 0) + 1
        return counts

    # --- what Label Studio gives ---

    def submit_tasks(self, tasks: Iterable[Mapping[str, Any]]) -> int:
        """Submits the annotations of exported tasks that have not been submitted; their number.

        For what was annotated while this program did not run. What the job has been told already is passed over.
        """
        return sum(
            self._submit(task.get("data"), annotation) for task in tasks for annotation in task.get("annotations") or []
        )

    def catch_up(self) -> int:
        """``submit_tasks`` of all that is in the project."""
        if self._project is None:
            raise InvalidArgument("catch_up: no project given, expected project=LabelStudioProject(...)")
        return self.submit_tasks(self._project.export())

    def _submit(self, data: Any, annotation: Mapping[str, Any]) -> int:
        row, answer = self._row(data), self._answer(annotation)
        if answer is None:
            return 0
        key, worker = annotation.get("id"), _worker(annotation.get("completed_by"))
        seconds = _seconds(annotation.get("lead_time"))
        said = "skip" if answer is SKIP else answer
        with self._lock:
            before = self._seen.get(key)
            if key is not None and before == (row, said, worker):
                return 0

            def submit(ids: list[str] | None) -> int:
                done = self._job.submit([row], [answer], workers=worker, seconds=[seconds], answer_ids=ids)
                return 1 - done.n_repeated

            # The job remembers the id, also in the next run of this program.
            n_submitted = submit(None if key is None else [f"annotation {key}: {said}"])
            if not n_submitted and before is not None:  # changed back to what it was at first
                n_submitted = submit(None)
            self._seen[key] = (row, said, worker)
        return n_submitted

    def _row(self, data: Any) -> int:
        """The item of a task."""
        if not isinstance(data, Mapping):
            raise InvalidArgument("task: no data given, expected that of tasks()")
        name, row = data.get("item_id"), data.get("item")
        if self._row_of:
            row = self._row_of.get(name)
        if isinstance(row, bool) or not isinstance(row, int) or not 0 <= row < self._job.n_items:
            given = f"item {data.get('item')!r} and item_id {name!r}"
            raise InvalidArgument(f"task: {given} given, expected one of the job's {self._job.n_items} items")
        return row

    def _answer(self, annotation: Mapping[str, Any]) -> Any:
        """A class, SKIP, or None where nothing was chosen."""
        if annotation.get("was_cancelled"):
            return SKIP
        results = [result for result in annotation.get("result") or [] if result.get("type") == "choices"]
        chosen = [name for result in results for name in result["value"]["choices"]]
        if not chosen:
            return None
        if len(chosen) > 1:
            raise InvalidArgument(f"annotation: {chosen} chosen, expected one class")
        return chosen[0]

    # --- the protocol ---

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        """The WSGI application."""
        try:
            status, content = self._respond(environ["REQUEST_METHOD"], environ.get("PATH_INFO", ""), environ)
        except Error as error:
            status, content = HTTPStatus.UNPROCESSABLE_ENTITY, {"error": str(error)}
        except (AttributeError, KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
            _log.warning("a request that is none of Label Studio's", exc_info=True)
            status, content = HTTPStatus.BAD_REQUEST, {"error": f"{type(error).__name__}: {error}"}
        except Exception as error:  # of a user's model: the job is as before, and the next request tries again
            _log.exception("the job could not go on")
            status, content = HTTPStatus.INTERNAL_SERVER_ERROR, {"error": f"{type(error).__name__}: {error}"}
        body = json.dumps(content).encode()
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        start_response(f"{status.value} {status.phrase}", headers)
        return [body]

    def _respond(self, method: str, path: str, environ: Mapping[str, Any]) -> tuple[HTTPStatus, Any]:
        calls = self._gets() if method == "GET" else self._posts() if method == "POST" else {}
        call = calls.get(path.rstrip("/") or "/")
        if call is None:
            return HTTPStatus.NOT_FOUND, {"error": f"{method} {path} is not part of the protocol"}
        length = int(environ.get("CONTENT_LENGTH") or 0)
        if not 0 <= length <= _MOST_BYTES:
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE, {
                "error": f"{length} bytes given, expected {_MOST_BYTES} at most"
            }
        content = json.loads(environ["wsgi.input"].read(length) or b"{}") if method == "POST" else {}
        if not isinstance(content, dict):
            raise InvalidType(f"request: {type(content).__name__} given, expected an object")
        return call(content)

    def _gets(self) -> dict[str, Callable[[Any], tuple[HTTPStatus, Any]]]:
        return {
            "/": self._health,
            "/health": self._health,
            "/versions": lambda _: (HTTPStatus.OK, {"versions": [self._version()]}),
            "/is_training": lambda _: (HTTPStatus.OK, {"is_training": False}),
        }

    def _posts(self) -> dict[str, Callable[[Any], tuple[HTTPStatus, Any]]]:
        return {
            "/setup": self._setup,
            "/predict": self._predict,
            "/train": self._train,
            "/webhook": self._webhook,
            "/versions": lambda _: (HTTPStatus.OK, {"versions": [self._version()]}),
        }

    def _version(self) -> str:
        """Without the lock: a health check must not wait for training."""
        return "gtlabel"

    def _health(self, _: Any) -> tuple[HTTPStatus, Any]:
        return HTTPStatus.OK, {"status": "UP", "model_class": "gtlabel.LabelingJob"}

    def _setup(self, content: Mapping[str, Any]) -> tuple[HTTPStatus, Any]:
        self._read_config(content.get("schema"))
        return HTTPStatus.OK, {"model_version": self._version()}

    def _read_config(self, config: Any) -> None:
        """Names of the controls; and the choices have to be the job's classes."""
        if not isinstance(config, str) or not config.strip():
            return
        controls = list(parse_xml("the labelling interface", config).iter("Choices"))
        if len(controls) != 1:
            raise InvalidArgument(f"the labelling interface: {len(controls)} <Choices> given, expected one")
        names = [choice.get("alias") or choice.get("value") or "" for choice in controls[0].iter("Choice")]
        unknown = [name for name in names if name not in self._job.classes]
        missing = [name for name in self._job.classes if name not in names]
        if unknown or missing:
            raise InvalidArgument(
                f"the labelling interface: choices {names} given, expected the classes {self._job.classes}"
            )
        self._from_name = controls[0].get("name") or self._from_name
        self._to_name = controls[0].get("toName") or self._to_name

    def _predict(self, content: Mapping[str, Any]) -> tuple[HTTPStatus, Any]:
        self._read_config(content.get("label_config"))
        rows = [self._row(task.get("data")) for task in content.get("tasks") or []]
        with self._lock:
            batch = self._job.next_batch()
            if batch is None:
                results = self._final_predictions(rows)
            else:
                places = {row: place for place, row in enumerate(batch.items.tolist())}
                results = [
                    {"result": [], "score": places[row] / (2 * len(places)) if row in places else 1.0} for row in rows
                ]
        version = self._version()
        return HTTPStatus.OK, {
            "results": [{**result, "model_version": version} for result in results],
            "model_version": version,
        }

    def _final_predictions(self, rows: list[int]) -> list[dict[str, Any]]:
        labels = self._job.labels()
        place_of = {row: place for place, row in enumerate(labels.item.tolist())}
        found = []
        for row in rows:
            place = place_of.get(row)
            if place is None or labels.class_index[place] < 0:
                found.append({"result": [], "score": 1.0})
                continue
            value = {"choices": [str(labels.label[place])]}
            result = {"from_name": self._from_name, "to_name": self._to_name, "type": "choices", "value": value}
            found.append({"result": [result], "score": float(labels.confidence[place])})
        return found

    def _train(self, content: Mapping[str, Any]) -> tuple[HTTPStatus, Any]:
        n_submitted = self.submit_tasks(content.get("annotations") or [])
        self._go_on()
        return HTTPStatus.CREATED, {"submitted": n_submitted}

    def _webhook(self, content: Mapping[str, Any]) -> tuple[HTTPStatus, Any]:
        action, n_submitted = content.get("action"), 0
        if action in _ANSWER_EVENTS:
            pairs = zip(_listed(content.get("task")), _listed(content.get("annotation")), strict=True)
            n_submitted = sum(self._submit(task.get("data"), annotation) for task, annotation in pairs)
        elif action in _DELETION_EVENTS:
            _log.warning("%s in Label Studio: the job keeps the answers that it has been given", action)
            self._has_read_project = False  # an item that somebody has to look at may have lost its task
        self._go_on()  # after START_TRAINING too, although the job trains by itself, when a batch is answered
        return HTTPStatus.CREATED, {"submitted": n_submitted}

    def _go_on(self) -> None:
        """In a thread: Label Studio waits for one second after each annotation; training may take longer."""
        if self._project is None:
            return
        with self._sender_lock:
            self._is_due = True
            if self._sender is None:
                self._sender = threading.Thread(target=self._send, daemon=True)
                self._sender.start()

    def _send(self) -> None:
        """Sends what is due until nothing is, however often it takes."""
        pause = _FIRST_PAUSE_SECONDS
        while True:
            with self._sender_lock:
                if not self._is_due:
                    self._sender = None
                    return
                self._is_due = False
            try:
                self.start()
                pause = _FIRST_PAUSE_SECONDS
            except Exception:
                _log.exception("the next batch could not be sent to Label Studio; again in %g seconds", pause)
                self._is_due = True
                time.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    # --- a server ---

    def serve(self, host: str = "127.0.0.1", port: int = 9090) -> None:
        """Answers until it is interrupted."""
        with make_server(host, port, self, _Server, _QuietRequests) as server:
            server.serve_forever()

    @contextmanager
    def serving(self, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
        """Serves from a thread of its own inside of a ``with``, whose value is the address. ``port=0``: a free one."""
        with make_server(host, port, self, _Server, _QuietRequests) as server:
            thread = threading.Thread(target=server.serve_forever, args=(_POLL_SECONDS,), daemon=True)
            thread.start()
            try:
                yield f"http://{host}:{server.server_port}"
            finally:
                server.shutdown()
                thread.join()


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _QuietRequests(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        _log.debug(format, *args)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _worker(completed_by: Any) -> str:
    if isinstance(completed_by, Mapping):
        completed_by = completed_by.get("email", completed_by.get("id"))
    return "" if completed_by is None else str(completed_by)


def _seconds(lead_time: Any) -> float:
    """0 where it is not told."""
    is_told = isinstance(lead_time, int | float) and math.isfinite(lead_time) and lead_time >= 0
    return float(lead_time) if is_told else 0.0
