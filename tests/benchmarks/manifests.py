"""Measures how fast a manifest of a million classification lines is read, beside Python's json.

The lines are made up, of the length that Ground Truth writes. Memory is what reading raised the peak of the process by;
"over the result" is that without what the manifest keeps: the text of the file. Python's json parses every line and
keeps of it source, class, confidence, source of the label and date, which is less than the columns of a manifest.
"""

import argparse
import gc
import json
import tempfile
import time
from pathlib import Path

import gtlabel
import numpy as np
from measure import with_peak_memory

CLASSES = [f"species-{number:03d}" for number in range(100)]


def main():
    options = parse_arguments()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "output.manifest"
        write_lines(path, options.lines)
        megabytes = path.stat().st_size / 1e6
        print(f"{options.lines} lines, {megabytes:.0f} MB\n")
        print("| reader | seconds | MB/s | lines/s | peak MB | over the result MB |")
        print("|---|---:|---:|---:|---:|---:|")
        for name, read in (("gtlabel", read_by_gtlabel), ("Python's json", read_by_json)):
            times, peak, kept = [], None, 0.0
            for trial in range(options.trials):
                gc.collect()
                if trial == 0:
                    (seconds, kept), peak = with_peak_memory(lambda read=read: read(path))
                else:
                    seconds, _ = read(path)
                times.append(seconds)
            print(row(name, min(times), megabytes, options.lines, peak, kept), flush=True)
        print(f"\nlint: {megabytes / lint_seconds(path):.0f} MB/s")
        print(f"written unchanged, to the byte: {is_identical(path)}")


def parse_arguments():
    parser = argparse.ArgumentParser(
        prog="./dev bench manifests", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--trials", type=int, default=3, help="the best counts; default 3")
    return parser.parse_args()


def write_lines(path, n_lines):
    random = np.random.default_rng(0)
    classes = random.integers(0, len(CLASSES), n_lines).tolist()
    confidences = random.integers(30, 96, n_lines).tolist()
    with open(path, "w") as file:
        for number, (index, confidence) in enumerate(zip(classes, confidences, strict=True)):
            file.write(
                f'{{"source-ref":"s3://birds-open-images/all_data/{number:016x}.jpg","birds":{index},"birds-metadata":'
                f'{{"confidence":0.{confidence},"job-name":"labeling-job/birds","class-name":"{CLASSES[index]}",'
                f'"human-annotated":"{"yes" if confidence < 60 else "no"}","creation-date":"2024-04-18T16:'
                f'{number // 60 % 60:02d}:{number % 60:02d}.217995","type":"groundtruth/image-classification"}}}}\n'
            )


def read_by_gtlabel(path):
    """Seconds, and MB that the result keeps anyway: the text."""
    start = time.perf_counter()
    manifest = gtlabel.formats.read_manifest(path)
    seconds = time.perf_counter() - start
    assert manifest.labels("birds").n_parts.min() == 1
    return seconds, path.stat().st_size / 1e6


def read_by_json(path):
    start = time.perf_counter()
    sources, labels, confidences, by, dates = [], [], [], [], []
    with open(path) as file:
        for line in file:
            content = json.loads(line)
            metadata = content["birds-metadata"]
            sources.append(content["source-ref"])
            labels.append(metadata["class-name"])
            confidences.append(metadata["confidence"])
            by.append(metadata["human-annotated"] == "yes")
            dates.append(metadata["creation-date"])
    return time.perf_counter() - start, 0.0


def lint_seconds(path):
    start = time.perf_counter()
    assert gtlabel.formats.lint_manifest(path, consumers=["rekognition"]).n_lines
    return time.perf_counter() - start


def is_identical(path):
    copy = path.with_suffix(".copy")
    gtlabel.formats.write_manifest(gtlabel.formats.read_manifest(path), copy)
    return copy.read_bytes() == path.read_bytes()


def row(name, seconds, megabytes, n_lines, peak, kept):
    memory = ["-", "-"] if peak is None else [f"{peak / 1e6:.0f}", f"{peak / 1e6 - kept:.0f}" if kept else "-"]
    speed = [f"{seconds:.2f}", f"{megabytes / seconds:.0f}", f"{n_lines / seconds:,.0f}"]
    return "| " + " | ".join([name, *speed, *memory]) + " |"


if __name__ == "__main__":
    main()
