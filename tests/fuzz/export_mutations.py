"""Changes what a job exports at random: audit trails and files of labels. What reads them must read or refuse.

    export_mutations.py [n_inputs [seed]]

Of an audit trail every change of what a line says must be found. A fault is an exception that is not gtlabel's.
"""

import json
import random
import resource
import sys
import tempfile
import warnings
from pathlib import Path

import gtlabel as gt
import gtlabel.formats
import numpy as np

PIECES = [b"\x00", b"\xff", b"\n", b'"', b",", b"{", b"}", b"[" * 2000, b"1" * 5000, b"1e999", b"NaN", b"null", b"-1"]


def make_exports(folder):
    """A trail and the labels of a small job in every form. @return their bytes by name."""
    truth = np.arange(120) % 2
    X = np.random.default_rng(0).normal(size=(120, 3)).astype(np.float32)
    X[:, 0] += 5 * truth
    target = gt.ErrorTarget(max_error=0.3, failure_probability=0.3)
    model = gt.SoftmaxRegression()
    job = gt.LabelingJob(X, ["a,b", "c\nd"], target=target, model=model, store=folder / "job.gtl")
    job.run(lambda batch: {"answers": truth[batch.items], "workers": "ann"})
    job.write_audit_trail(folder / "trail.jsonl")
    names = ["trail.jsonl"]
    for ending in ("csv", "jsonl", "parquet"):
        try:
            job.export(folder / f"labels.{ending}")
        except ImportError:  # no pyarrow
            continue
        names.append(f"labels.{ending}")
    return {name: (folder / name).read_bytes() for name in names}


def changed(content, chance):
    """One to three changes: bytes, parts left out or doubled, lines exchanged, pieces that are hard to read put in."""
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(content) + 1)
        how = chance.randrange(6)
        if how == 0:
            content = content[:at] + bytes([chance.randrange(256)]) + content[at + 1 :]
        elif how == 1:
            content = content[:at] + content[at + chance.randint(1, 40) :]
        elif how == 2:
            content = content[:at] + content[at - chance.randint(0, 40) : at] + content[at:]
        elif how == 3:
            lines = content.splitlines(keepends=True) or [b""]
            one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
            lines[one], lines[other] = lines[other], lines[one]
            content = b"".join(lines)
        elif how == 4:
            content = content[:at] + chance.choice(PIECES) + content[at:]
        else:
            content = content[:at]
    return content


def says(content):
    """What a reader of JSON Lines takes from a trail, or None if it is none."""
    try:
        return [json.loads(line) for line in content.split(b"\n") if line]
    except (ValueError, RecursionError):
        return None


def check_trail(path, content, original):
    path.write_bytes(content)
    check = gt.verify_audit_trail(path)
    if check.is_intact and says(content) != says(original):
        raise AssertionError("an audit trail was changed, and it was not found")
    if check.problem is not None and not check.problem.startswith("line "):
        raise AssertionError(check.problem)
    return check.is_intact


def check_labels(path, content):
    path.write_bytes(content)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            gt.formats.read_labels(path)
    except gt.Error:
        return False
    return True


def mutate(folder, n_inputs, seed=0):
    """@return how many of the inputs were read, and how many refused."""
    chance = random.Random(seed)
    exports = make_exports(folder)
    names = sorted(exports)
    counts = {"read": 0, "refused": 0}
    for number in range(n_inputs):
        name = names[number % len(names)]
        content = changed(exports[name], chance)
        path = folder / f"changed-{name}"
        try:
            is_read = check_trail(path, content, exports[name]) if name[0] == "t" else check_labels(path, content)
        except Exception:
            print(f"input {number} of seed {seed}, kept as fault-{name}", file=sys.stderr)
            Path(f"fault-{name}").write_bytes(content)
            raise
        counts["read" if is_read else "refused"] += 1
    return counts


def main():
    n_inputs, seed = (int(word) for word in [*sys.argv[1:], *["2000", "0"][len(sys.argv) - 1 :]])
    with tempfile.TemporaryDirectory() as folder:
        counts = mutate(Path(folder), n_inputs, seed)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{n_inputs} inputs: {counts['read']} read, {counts['refused']} refused; peak memory {peak:.0f} MB")


if __name__ == "__main__":
    main()
