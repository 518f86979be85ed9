"""Sound files of every format that Python reads, changed at random: each is read, or refused by an error of gtlabel.

    python tests/fuzz/parser_mutations.py [--seconds 600] [--seed 0] [--parser NAME ...]

The same seed repeats the inputs (but for the times in an audit trail). An input that fails is kept, and its error is
shown; the exit code is 1.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import copy
import io
import json
import logging
import random
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import gtlabel as gt
import numpy as np
from gtlabel import formats, raw_items
from gtlabel.formats import (
    Annotations,
    Answer,
    Box,
    BoxLabel,
    Choice,
    Item,
    LabelingJobFolder,
    Manifest,
    ManifestBox,
    ManifestClass,
    ManifestLabel,
    Mask,
    MaskClass,
    MaskLabel,
    MultiClassLabel,
    Polygon,
    Span,
    SpanLabel,
    TextSpan,
    WorkerAnswer,
    WorkerResponse,
)

Files = dict[str, bytes]
"""Contents by path within a folder."""


@dataclass(frozen=True)
class Parser:
    """A reader, and sound files for it."""

    name: str
    sound: list[Files]
    read: Callable[[Path], Any]
    """Of the folder with the files."""


# --- sound files ---

PHOTO = {"image": "a.png", "width": 6, "height": 4}
BOX = Box("cat", 1, 1, 5, 3, id=3)
SQUARE = ((1.0, 1.0), (4.0, 1.0), (4.0, 3.0))
MASK = Mask.from_array("dog", np.eye(4, 6, dtype=bool))
CHOICES = Annotations.of([Item("a", (Answer((Choice("x", 0.5),)),)), Item("b", (Answer((Choice("y"),)),))])
PEOPLE = Annotations.of(
    [Item("a", (Answer((Choice("x"),), worker="ann", seconds=2.0), Answer((), worker="bob", special="skip")))]
)
MARKS = Annotations.of(
    [
        Item("a", (Answer((BOX, Polygon("cat", (SQUARE,)), MASK)),), **PHOTO),
        Item("b", (Answer(),), image="b.png", width=6, height=4),
    ]
)
BOXES = Annotations.of(
    [Item("a", (Answer((BOX,)),), **PHOTO), Item("b", (Answer(),), image="b.png", width=6, height=4)]
)
SPANS = Annotations.of(
    [
        Item(
            0,
            (
                Answer(
                    (Span("PER", 0, 3), Span("LOC", 10, 14)),
                ),
            ),
            text="Ada is in Oslo",
        )
    ]
)
ALL = Annotations.of(
    [*MARKS.items, Item("t", (*PEOPLE.items[0].answers, Answer((Span("PER", 0, 3),), "ann")), text="Ada is in Oslo")]
)


def files_below(folder: Path) -> Files:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def written(write: Callable[[Path], Any]) -> Files:
    """What a writer leaves in a folder."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder))
        return files_below(Path(folder))


def json_file(content: Any, name: str = "x.json") -> Files:
    return {name: json.dumps(content).encode()}


def said(worker: str, content: Any, widget: str) -> WorkerAnswer:
    return WorkerAnswer(worker, {widget: content}, "2024-03-05T10:10:09.500Z", "2024-03-05T10:10:00.000Z", 8.7)


def png(color: tuple[int, int, int, int]) -> bytes:
    from PIL import Image

    image = Image.new("RGBA", (6, 4), (0, 0, 0, 0))
    image.paste(color, (0, 1, 6, 3))
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def drawn() -> dict[str, Any]:
    return {
        "labelMappings": {"path": {"color": "#2ca02c"}},
        "labeledImage": {"pngImageData": base64.b64encode(png((0x2C, 0xA0, 0x2C, 255))).decode()},
    }


def job_folder(name: str, value: Any, contents: list[Any], widget: str, source: str = "source") -> Files:
    """A job of one item with the answers of two people."""
    job = LabelingJobFolder(manifest=Manifest([{source: "Ada is in Oslo"}]))
    date = "2024-03-05T10:11:12.131415"
    label = ManifestLabel(value, job_name="labeling-job/x", human_annotated=True, creation_date=date)
    job.manifest.set_label(0, name, label)
    answers = [said(f"w{number}", content, widget) for number, content in enumerate(contents)]
    job.responses.append(WorkerResponse.from_answers(0, 1, answers, datetime(2024, 3, 5, 10, 11, 12)))
    files = written(lambda folder: formats.write_labeling_job(job, folder))
    place = "annotations/consolidated-annotation/consolidation-{}/iteration-1/2024-03-05_10:11:12.json"
    files[place.format("request")] = json.dumps(job.consolidation_request()).encode()
    reply = [{"datasetObjectId": "0", "consolidatedAnnotation": {"content": dict(job.manifest[0])}}]
    files[place.format("response")] = json.dumps(reply).encode()
    return files


def job_folders() -> list[Files]:
    cat, box = ManifestClass(0, "cat", 0.9), {"label": "cat", "left": 1, "top": 1, "width": 4, "height": 2}
    entity = {"label": "PER", "startOffset": 0, "endOffset": 3}
    mask = MaskLabel(
        "s3://a/0.png",
        [MaskClass(ManifestClass(0, "BACKGROUND"), "#ffffff"), MaskClass(ManifestClass(1, "path"), "#2ca02c")],
    )
    return [
        job_folder("x", formats.ClassLabel(cat), [{"label": "cat"}, {"label": "dog"}], "crowd-classifier"),
        job_folder("x", MultiClassLabel([cat]), [{"labels": ["cat"]}, {"labels": []}], "crowd-classifier-multi-select"),
        job_folder(
            "x",
            BoxLabel(6, 4, 3, [ManifestBox(cat, 1, 1, 4, 2)]),
            [{"boundingBoxes": [box]}] * 2,
            "crowd-bounding-box",
            "source-ref",
        ),
        job_folder(
            "x",
            SpanLabel([TextSpan("PER", 0, 3, 0.9)], [("PER", "")]),
            [{"entities": [entity]}] * 2,
            "crowd-entity-annotation",
        ),
        job_folder("x-ref", mask, [drawn()] * 2, "crowd-semantic-segmentation", "source-ref"),
    ]


REQUEST = {
    "LabelingJobName": "pets",
    "LabelAttributeName": "pet",
    "InputConfig": {"DataSource": {"S3DataSource": {"ManifestS3Uri": "s3://a/in.manifest"}}},
    "OutputConfig": {"S3OutputPath": "s3://a/out"},
    "RoleArn": "arn:aws:iam::1:role/x",
    "LabelCategoryConfigS3Uri": "classes.json",
    "StoppingConditions": {"MaxHumanLabeledObjectCount": 9, "MaxPercentageOfInputDatasetLabeled": 50},
    "LabelingJobAlgorithmsConfig": {"LabelingJobAlgorithmSpecificationArn": "x", "InitialActiveLearningModelArn": "y"},
    "HumanTaskConfig": {
        "PreHumanTaskLambdaArn": "arn:aws:lambda:us-west-2:1:function:PRE-TextMultiClass",
        "AnnotationConsolidationConfig": {"AnnotationConsolidationLambdaArn": "arn:ACS-TextMultiClass"},
        "NumberOfHumanWorkersPerDataObject": 3,
        "TaskTimeLimitInSeconds": 300,
        "TaskKeywords": ["a"],
        "TaskTitle": "t",
        "MaxConcurrentTaskCount": 4,
        "PublicWorkforceTaskPrice": {"AmountInUsd": {"Dollars": 0, "Cents": 3, "TenthFractionsOfACent": 6}},
    },
    "Tags": [{"Key": "a", "Value": "b"}],
}
REQUEST_FILES = {
    **json_file(REQUEST, "request.json"),
    **json_file({"labels": [{"label": "cat"}, {"label": "dog"}], "auditLabelAttributeName": "old"}, "classes.json"),
    "in.manifest": b'{"source":"a","old":0,"old-metadata":{"class-name":"cat","type":"groundtruth/text-classification"'
    b',"job-name":"x","human-annotated":"yes","creation-date":"2024-03-05T10:11:12.131415"}}\n{"source":"b"}\n',
}
VIEW = (
    "<View><Text name='i' value='$text'/><Choices name='l' toName='i'><Choice value='cat'/><Choice value='dog'/>"
    "</Choices></View>"
)
TASK = {
    "id": 5,
    "data": {"item": 3, "text": "a"},
    "annotations": [
        {"id": 9, "completed_by": 1, "lead_time": 1.5, "result": [{"type": "choices", "value": {"choices": ["cat"]}}]}
    ],
}
EVENT = {"action": "ANNOTATION_CREATED", "annotation": TASK["annotations"][0], "task": TASK, "project": {"id": 1}}
MIN = [
    {
        "id": 1,
        "annotator": 1,
        "annotation_id": 2,
        "label": "x",
        "boxes": [
            {
                "x": 1,
                "y": 1,
                "width": 5,
                "height": 5,
                "rectanglelabels": ["a"],
                "original_width": 9,
                "original_height": 9,
            }
        ],
    }
]
SEQUENCE = {
    "tracking-annotations": [
        {
            "frame-no": 0,
            "frame": "a.jpg",
            "frame-attributes": {"l": "d"},
            "annotations": [
                {
                    "left": 1,
                    "top": 2,
                    "width": 3,
                    "height": 4,
                    "class-id": "0",
                    "object-id": "o",
                    "object-name": "car:1",
                }
            ],
        }
    ]
}
FRAMES = {"seq-no": 1, "prefix": "s3://a/", "number-of-frames": 1, "frames": [{"frame-no": 1, "frame": "a.jpg"}]}


# --- readers ---


def read_job_folder(folder: Path) -> None:
    job = formats.read_labeling_job(folder)
    with contextlib.suppress(gt.Error):
        job.answers()
    with contextlib.suppress(gt.Error):
        job.consolidation_batches()
    with contextlib.suppress(gt.Error):
        job.consolidation_request()
    result = gt.reconsolidate(job)
    result.summary()
    with tempfile.TemporaryDirectory() as masks:
        result.manifest(masks)


def read_job_request(folder: Path) -> None:
    request = formats.read_job_request(folder / "request.json", {"a": folder})
    request.rows()
    request.describe()
    job = request.start(np.eye(2, 3, dtype=np.float32))
    request.output(job)


def read_manifest(folder: Path) -> None:
    formats.lint_manifest(folder / "x.manifest")
    manifest = formats.read_manifest(folder / "x.manifest")
    for attribute in manifest.attributes:
        for call in (manifest.labels, manifest.typed_labels, manifest.unlabeled):
            with contextlib.suppress(gt.Error):
                call(attribute)
        with contextlib.suppress(gt.Error):
            formats.annotations_of_manifest(manifest, attribute)
    for row in manifest:
        manifest.column(next(iter(row), "source"))


def returned_json(folder: Path) -> Any:
    """What a user's function returns, which is no text; for a text that is no JSON there is nothing to test."""
    try:
        return json.loads((folder / "x.json").read_bytes())
    except (ValueError, RecursionError):
        return None


def call_pre_function(folder: Path) -> None:
    returned = returned_json(folder)
    formats.prepare_tasks(Manifest([{"source": "a"}]), lambda event, context: returned)


def call_post_function(folder: Path) -> None:
    returned = returned_json(folder)
    labels = formats.consolidate_with(lambda event, context: returned, [], "x")
    manifest = Manifest([{"source": "a"}])
    formats.apply_consolidation(manifest, labels, "x", "job", "2024-03-05T10:11:12.131415")


class Backend:
    """Label Studio's requests, which are answered with a status below 500."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __call__(self, folder: Path) -> None:
        from gtlabel.label_studio_backend import LabelStudioBackend

        job = gt.LabelingJob(np.eye(8, 3, dtype=np.float32), ["cat", "dog"])
        backend = LabelStudioBackend(job, [{"text": str(item)} for item in range(8)])
        body = (folder / "x.json").read_bytes()
        environ = {"REQUEST_METHOD": "POST", "PATH_INFO": self._path, "CONTENT_LENGTH": str(len(body))}
        status: list[str] = []
        [answer] = backend({**environ, "wsgi.input": io.BytesIO(body)}, lambda told, headers: status.append(told))
        if status[0] >= "5":
            raise AssertionError(f"{status[0]}: {answer.decode()}")


def read_table(name: str) -> Callable[[Path], Any]:
    def read(folder: Path) -> None:
        from gtlabel.cli.answer_columns import read_answers
        from gtlabel.cli.tables import read_table

        read_table(folder / name)
        read_answers(str(folder / name), None, None, None)

    return read


def parsers() -> list[Parser]:
    """All of them."""
    found = [
        Parser(
            "annotations",
            [written(lambda f: formats.write_annotations(ALL, f / "x.jsonl"))],
            lambda f: formats.read_annotations(f / "x.jsonl"),
        ),
        Parser(
            "coco",
            [written(lambda f: formats.write_coco(MARKS, f / "x.json"))],
            lambda f: formats.read_coco(f / "x.json"),
        ),
        Parser(
            "label_studio",
            [written(lambda f: formats.write_label_studio(ALL, f / "x.json")), json_file([TASK]), json_file(MIN)],
            lambda f: formats.read_label_studio(f / "x.json"),
        ),
        Parser("yolo", [written(lambda f: formats.write_yolo(BOXES, f / "y"))], lambda f: formats.read_yolo(f / "y")),
        Parser(
            "pascal_voc",
            [written(lambda f: formats.write_pascal_voc(BOXES, f / "v"))],
            lambda f: formats.read_pascal_voc(f / "v"),
        ),
        Parser(
            "conll",
            [written(lambda f: formats.write_conll(SPANS, f / "x.conll"))],
            lambda f: formats.read_conll(f / "x.conll"),
        ),
        Parser(
            "cvat",
            [written(lambda f: formats.write_cvat(MARKS, f / "x.xml"))],
            lambda f: formats.read_cvat(f / "x.xml"),
        ),
        Parser(
            "manifest",
            [
                {"x.manifest": REQUEST_FILES["in.manifest"]},
                *({"x.manifest": files["manifests/output/output.manifest"]} for files in job_folders()),
            ],
            read_manifest,
        ),
        Parser("job_folder", job_folders(), read_job_folder),
        Parser("job_request", [REQUEST_FILES], read_job_request),
        Parser(
            "pre_function", [json_file({"taskInput": {"a": 1}, "isHumanAnnotationRequired": "true"})], call_pre_function
        ),
        Parser(
            "post_function",
            [json_file([{"datasetObjectId": "0", "consolidatedAnnotation": {"content": {"x": 1}}}])],
            call_post_function,
        ),
        Parser("webhook", [json_file(EVENT), json_file({**EVENT, "action": "TASKS_DELETED"})], Backend("/webhook")),
        Parser(
            "predict",
            [
                json_file(
                    {
                        "tasks": [TASK],
                        "label_config": VIEW,
                    }
                )
            ],
            Backend("/predict"),
        ),
        Parser(
            "setup",
            [json_file({"schema": VIEW})],
            Backend("/setup"),
        ),
        Parser("train", [json_file({"annotations": [TASK]})], Backend("/train")),
        Parser("sequence_labels", [json_file(SEQUENCE)], lambda f: formats.read_sequence_labels(f / "x.json").tracks()),
        Parser("frame_sequence", [json_file(FRAMES)], lambda f: formats.read_frame_sequence(f / "x.json").addresses),
        Parser(
            "mask",
            [{"x.png": png((1, 2, 3, 255))}],
            lambda f: formats.read_mask(
                f / "x.png",
                MaskLabel(
                    "", [MaskClass(ManifestClass(1, "a"), "#010203"), MaskClass(ManifestClass(0, "b"), "#000000")]
                ),
            ),
        ),
        Parser(
            "point_mask",
            [written(lambda f: formats.write_point_mask(np.arange(9), f / "x.zlib"))],
            lambda f: formats.read_point_mask(f / "x.zlib"),
        ),
        Parser("audit_trail", [audit_trail()], lambda f: gt.verify_audit_trail(f / "x.jsonl")),
        Parser(
            "features",
            [written(lambda f: np.save(f / "x.npy", np.eye(3)))],
            lambda f: raw_items.read_features(f / "x.npy"),
        ),
        *table_parsers(),
    ]
    return found


def audit_trail() -> Files:
    def write(folder: Path) -> None:
        job = gt.LabelingJob(np.eye(8, 3, dtype=np.float32), ["cat", "dog"], store=folder / "store")
        batch = job.next_batch()
        assert batch is not None
        job.submit(batch.items, ["cat"] * len(batch.items))
        job.write_audit_trail(folder / "x.jsonl")
        job.close()

    return {"x.jsonl": written(write)["x.jsonl"]}


def table_parsers() -> Iterator[Parser]:
    for kind in ("csv", "jsonl", "parquet"):
        for name, content in (("labels", CHOICES), ("answers", PEOPLE)):
            form = formats.FORMATS[f"{name}_{kind}"]
            path = f"x.{kind}"
            files = written(lambda folder, form=form, path=path, of=content: form.write(of, folder / path, folder))  # type: ignore[misc]
            yield Parser(form.id, [files], lambda folder, form=form, path=path: form.read(folder / path))  # type: ignore[misc]
            if kind != "parquet":
                yield Parser(f"cli_{form.id}", [files], read_table(path))


# --- changes ---

TOKENS = [
    b"", b"\0", b"\xff", b"\xed\xa0\x80", b'"', b"'", b"<", b">", b"&", b"{", b"}", b"[", b"]", b",", b";", b":", b"\n",
    b"\r", b"\t", b" ", b"-", b"-1", b"0", b"1e999", b"-1e999", b"NaN", b"Infinity", b"null", b"true", b"9" * 20,
    b"9" * 5000, b"4294967296", b"2147483647", b"0.5", b"\\ud800", b"\\u0000", b'"a"', b"[[", b"<!DOCTYPE a>", b"&lol;",
    b"<!ENTITY a SYSTEM 'file:///etc/passwd'>", "é".encode(), "🦊".encode(), b"\xef\xbb\xbf", b"*a", b"&a [*a]", b"!!x",
]  # fmt: skip
DEEP = [b"[" * 100_000, b'{"a":' * 50_000, b"<a>" * 20_000]
VALUES: list[Any] = [
    None, True, False, 0, -1, 1, 2**31, 2**63, 2**64, 10**400, 0.5, -0.5, 1e300, float("nan"), float("inf"), "", "x",
    "0", "-1", "1", "²", "\0", "\ud800", "../x", "/", "x" * 300, "1e5", [], [[]], {}, {"": None}, [None], [1, 2], ["x"],
    {"x": 1}, [{}], [[1, 2], [3]], "s3://a/b", "#12345", "#gggggg", "groundtruth/x", "cat",
]  # fmt: skip


def changed_bytes(content: bytes, others: list[bytes], draw: random.Random) -> bytes:
    if draw.random() < 0.01:
        return content + draw.choice(DEEP)
    for _ in range(draw.randint(1, 4)):
        start = draw.randint(0, len(content))
        end = min(len(content), start + draw.choice([0, 1, 1, 2, 4, 16, 64]))
        kind = draw.randrange(5)
        if kind == 0:
            piece = draw.choice(TOKENS)
        elif kind == 1:
            piece = bytes([draw.randrange(256)])
        elif kind == 2:
            piece = content[start:end] * 2
        elif kind == 3:
            other = draw.choice(others)
            at = draw.randint(0, len(other))
            piece = other[at : at + draw.choice([1, 8, 64])]
        else:
            piece = b""
        content = content[:start] + piece + content[end:]
    return content


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield from places(part, (*path, key))


def changed_value(value: Any, draw: random.Random) -> Any:
    """One place of a JSON value is another, is gone, is there twice, or has another name."""
    found = [path for path in places(value) if path]
    if not found:
        return draw.choice(VALUES)
    value = copy.deepcopy(value)
    path = draw.choice(found)
    holder = value
    for key in path[:-1]:
        holder = holder[key]
    kind, key = draw.randrange(6), path[-1]
    if kind == 0:
        del holder[key]
    elif kind == 1 and isinstance(holder, list):
        holder.append(holder[key])
    elif kind == 1:
        holder[draw.choice(["x", "", "id", "label", "-metadata"])] = holder.pop(key)
    elif kind == 2:
        holder[key] = [holder[key]] if draw.random() < 0.5 else {"x": holder[key]}
    else:
        holder[key] = draw.choice(VALUES)
    return value


def changed_json(content: bytes, draw: random.Random) -> bytes | None:
    """JSON, or lines of JSON, with values changed; None: it is neither."""
    lines = content.split(b"\n")
    for candidates in ([content], lines):
        row = draw.randrange(len(candidates))
        with contextlib.suppress(ValueError, RecursionError):
            value = json.loads(candidates[row])
            for _ in range(draw.randint(1, 3)):
                value = changed_value(value, draw)
            candidates[row] = json.dumps(value).encode()
            return b"\n".join(candidates)
    return None


def changed(parser: Parser, draw: random.Random) -> Files:
    """One of the sound inputs with something changed in one of its files."""
    files = dict(draw.choice(parser.sound))
    name = draw.choice(sorted(files))
    if len(files) > 1 and draw.random() < 0.05:
        del files[name]
        return files
    new = changed_json(files[name], draw) if draw.random() < 0.6 else None
    others = [content for sound in parser.sound for content in sound.values()]
    files[name] = changed_bytes(files[name], others, draw) if new is None else new
    return files


# --- runs ---


def write_files(files: Files, folder: Path) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def error_of(parser: Parser, files: Files) -> Exception | None:
    """What the reader raises."""
    with tempfile.TemporaryDirectory() as name, warnings.catch_warnings():
        write_files(files, Path(name))
        warnings.simplefilter("error")
        try:
            parser.read(Path(name))
        except Exception as error:
            return error
    return None


def fault(parser: Parser, files: Files) -> str | None:
    """The error that should not have been; None: read, or refused as it should be."""
    error = error_of(parser, files)
    if error is None or isinstance(error, gt.Error):
        return None
    # As documented, where the change took a file away or named another.
    if isinstance(error, FileNotFoundError) and is_missing_allowed(parser, files):
        return None
    return "".join(traceback.format_exception(error))


def is_missing_allowed(parser: Parser, files: Files) -> bool:
    return parser.name == "yolo" or all(set(files) != set(sound) for sound in parser.sound)


def run(
    parser: Parser, n_inputs: int, seed: int, until: float | None = None
) -> tuple[int, float, list[tuple[Files, str]]]:
    """How many inputs were tried, how long the slowest took, and those that failed."""
    draw = random.Random(f"{parser.name} {seed}")
    failed: list[tuple[Files, str]] = []
    slowest, n_tried = 0.0, 0
    while n_tried < n_inputs and len(failed) < 5 and (until is None or time.monotonic() < until):
        files = changed(parser, draw)
        began = time.monotonic()
        told = fault(parser, files)
        slowest = max(slowest, time.monotonic() - began)
        n_tried += 1
        if told is not None:
            failed.append((files, told))
    return n_tried, slowest, failed


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--seconds", type=float, default=600, help="over all parsers together (default: 600)")
    arguments.add_argument("--inputs", type=int, default=sys.maxsize, help="at most, of each parser")
    arguments.add_argument("--seed", type=int, default=0)
    arguments.add_argument("--parser", action="append", help="default: all")
    given = arguments.parse_args()
    logging.disable()  # the backend logs each request that it refuses
    chosen = [parser for parser in parsers() if given.parser is None or parser.name in given.parser]
    n_failed = 0
    for parser in chosen:
        for files in parser.sound:
            if error := error_of(parser, files):
                print(f"{parser.name}: a sound input is refused: {error!r}")
                return 1
    for parser in chosen:
        until = time.monotonic() + given.seconds / len(chosen)
        n_inputs, slowest, failed = run(parser, given.inputs, given.seed, until)
        print(f"{parser.name:20} {n_inputs:8,} inputs, {len(failed)} faults, the slowest {slowest:.2f} s", flush=True)
        for files, told in failed:
            n_failed += 1
            kept = Path(tempfile.mkdtemp(prefix=f"gtlabel-{parser.name}-"))
            write_files(files, kept)
            print(f"  {kept}\n{told}", flush=True)
    return int(n_failed > 0)


if __name__ == "__main__":
    sys.exit(main())
