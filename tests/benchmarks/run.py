"""Measures whole labelling jobs on real pools, and a rival beside them.

Every job has nothing set but its target and its seed; people answer at once and rightly. One row of
the table is one pool at one target, mean and standard deviation over the seeds, measured in a
process of its own. Ends with 1 if more jobs missed their target than the certificate allows.
"""

import argparse
import json
import math
import os
import platform
import shlex
import statistics
import subprocess
import sys
from datetime import date
from pathlib import Path

import gtlabel
import numpy as np
import pools
import sklearn
from document import DOCUMENT, sections_after_first

ROOT = Path(__file__).resolve().parents[2]
COLUMNS = (
    "pool",
    "items",
    "target",
    "seeds",
    "human %",
    "error %",
    "certified",
    "above",
    "s/job",
    "CPU s/job",
    "ms/round",
    "peak MB",
    "features MB",
)
RIVAL_COLUMNS = (
    "rival human %",
    "rival error %",
    "rival above",
    "rival s/job",
    "rival CPU s/job",
    "times faster",
)
CONFIDENCE_OF_CHECK = 0.95
EXPLANATION = """\
# Benchmarks

Whole labelling jobs on real pools with known labels. Written by `tests/benchmarks/run.py`; not to
be edited by hand. The [rate of violations](#violations) and [scaling](#scaling) follow below, each by its own command.

- A job has nothing set but its target and its seed. People are simulated: they answer at once and
  rightly, so what costs is how often they are asked.
- **human %**: items that a person was asked about, of all items; training, audits and whatever was
  left to people at the end included. Mean and standard deviation over the seeds.
- **error %**: wrong ones among the automatic labels, by the true labels. **above**: jobs in which
  that exceeds the target. **certified**: jobs that ended with a certificate.
- **s/job**: wall-clock seconds from making the job to its end, the neighbour graph included, on all
  cores. **CPU s/job**: the same in seconds of processor time, which other load disturbs less.
  **ms/round**: median over the rounds of all jobs.
- **peak MB**: how far the first job of a process raised its resident memory; **features MB**: what
  the features alone take, which are there before. Each row is measured in a process of its own.
- **rival**: the loop that SageMaker Ground Truth publicly describes, on scikit-learn's
  `LogisticRegression`, with the same seeds, in turn with the jobs in the same process
  (`tests/benchmarks/ground_truth_loop.py` says which rules are AWS's and which are filled in; the
  service itself may add margins). Its validation items, training items and the rest are all counted
  as human. It runs on one BLAS thread, with which it is fastest, and scaling its features is not
  charged to it. **times faster**: its wall-clock time for all jobs over that of gtlabel; below 1 the
  rival is the faster one.
"""


def main():
    options = parse_arguments()
    known = known_rows(options.json)
    rows = []
    for name in options.pools:
        reason = pools.missing(name)
        if reason is not None:
            print(f"skipped {name}: {reason}")
            continue
        for target in options.targets:
            key = (name, target, options.seeds, options.rival, options.commit, revision())
            rows.append(known.get(key) or measure_apart(name, target, options.seeds, options.rival, options.commit))
            print(f"measured {name} at {target}", file=sys.stderr)
            if options.json:
                known[key] = rows[-1]
                options.json.write_text(json.dumps(list(known.values()), indent=1) + "\n")
    if not rows:
        return "nothing was measured"
    table = aligned_table(rows, options.rival)
    is_kept, findings = check_targets(rows, options.rival)
    findings += circumstances()
    print(table, *findings, sep="\n")
    if options.out:
        others = sections_after_first(options.out)
        options.out.write_text(document(table, findings) + others)
    return 0 if is_kept else 1


def parse_arguments():
    parser = argparse.ArgumentParser(
        prog="./dev bench", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "--pools",
        type=comma_separated(pool_name),
        default=list(pools.NAMES),
        help="comma-separated; default all that are there: " + ", ".join(pools.NAMES),
    )
    parser.add_argument("--seeds", type=positive, default=5, help="jobs a row; default 5")
    parser.add_argument(
        "--targets",
        type=comma_separated(share),
        default=[0.05, 0.02],
        help="comma-separated shares of wrong automatic labels; default 0.05,0.02",
    )
    parser.add_argument(
        "--rival",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="run the loop of SageMaker Ground Truth beside; default yes",
    )
    parser.add_argument(
        "--commit",
        default="eager",
        choices=["eager", "final"],
        help="when the jobs label automatically; default eager",
    )
    parser.add_argument(
        "--out",
        type=Path,
        nargs="?",
        const=DOCUMENT,
        help="write table and command as Markdown; without a path to docs/benchmarks.md",
    )
    parser.add_argument(
        "--json",
        type=Path,
        help="write the figures of every job, row by row; rows of this commit that are there\n"
        "already are not measured again",
    )
    return parser.parse_args()


def comma_separated(kind):
    def parse(text):
        return [kind(part) for part in text.split(",")]

    return parse


def pool_name(text):
    if text not in pools.NAMES:
        raise argparse.ArgumentTypeError(f"{text}: expected one of {', '.join(pools.NAMES)}")
    return text


def positive(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text}: expected 1 or more")
    return number


def share(text):
    number = float(text)
    if not 0 < number < 1:
        raise argparse.ArgumentTypeError(f"{text}: expected a share between 0 and 1")
    return number


def known_rows(path):
    """The rows of a file that an earlier run has written, by what was measured; none of a tree with
    changes, which nothing tells apart from other changes."""
    rows = json.loads(path.read_text()) if path and path.is_file() else []
    return {
        (
            *(row["pool"], row["max_error"], len(row["gtlabel"]), bool(row["rival"])),
            *(row["commit"], row["revision"]),
        ): row
        for row in rows
        if not row["revision"].endswith("with changes")
    }


def measure_apart(name, target, n_seeds, with_rival, commit="eager"):
    """One row, measured in a process of its own."""
    command = [sys.executable, str(Path(__file__).with_name("measure.py")), name, str(target)]
    command += [str(n_seeds), "--commit", commit, *(["--rival"] if with_rival else [])]
    finished = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return {**json.loads(finished.stdout), "commit": commit, "revision": revision()}


def aligned_table(rows, with_rival):
    """A Markdown table that can be read as it stands."""
    columns = COLUMNS + (RIVAL_COLUMNS if with_rival else ())
    cells = [columns, *(row_cells(row, with_rival) for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(columns))]
    rule = ["-" * (width - 1) + (":" if i else "-") for i, width in enumerate(widths)]
    lines = []
    for line in [cells[0], rule, *cells[1:]]:
        padded = [line[0].ljust(widths[0])]
        padded += [cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)]
        lines.append("| " + " | ".join(padded) + " |")
    return "\n".join(lines)


def row_cells(row, with_rival):
    jobs = row["gtlabel"]
    cells = [
        row["pool"],
        str(row["n_items"]),
        f"{100 * row['max_error']:g} %",
        str(len(jobs)),
        human_shares(row, jobs),
        errors_in_percent(jobs),
        f"{sum(job['is_certified'] for job in jobs)}/{len(jobs)}",
        f"{n_above(row, jobs)}/{len(jobs)}",
        mean_and_spread([job["seconds"] for job in jobs], 2),
        f"{statistics.fmean(job['cpu_seconds'] for job in jobs):.2f}",
        f"{1000 * statistics.median(s for job in jobs for s in job['round_seconds']):.1f}",
        "-" if row["peak_bytes"] is None else f"{row['peak_bytes'] / 1e6:.1f}",
        f"{row['feature_bytes'] / 1e6:.1f}",
    ]
    return cells + (rival_cells(row) if with_rival else [])


def rival_cells(row):
    rivals = row["rival"]
    ratio = sum(job["seconds"] for job in rivals) / sum(job["seconds"] for job in row["gtlabel"])
    return [
        human_shares(row, rivals),
        errors_in_percent(rivals),
        f"{n_above(row, rivals)}/{len(rivals)}",
        mean_and_spread([job["seconds"] for job in rivals], 2),
        f"{statistics.fmean(job['cpu_seconds'] for job in rivals):.2f}",
        f"{ratio:.1f}",
    ]


def human_shares(row, jobs):
    return mean_and_spread([100 * job["n_human"] / row["n_items"] for job in jobs], 1)


def errors_in_percent(jobs):
    """Over the jobs that have automatic labels."""
    return mean_and_spread([100 * error_of(job) for job in jobs if job["n_auto"]], 2)


def mean_and_spread(values, digits):
    """Mean +- standard deviation; nothing stands for no values, no deviation for one."""
    if not values:
        return "-"
    mean = f"{statistics.fmean(values):.{digits}f}"
    return mean if len(values) == 1 else f"{mean} ± {statistics.stdev(values):.{digits}f}"


def error_of(job):
    """Share of wrong ones among the automatic labels of a job; 0 if there are none."""
    return job["n_auto_wrong"] / max(job["n_auto"], 1)


def n_above(row, jobs):
    return sum(error_of(job) > row["max_error"] for job in jobs)


def most_allowed(n_jobs, probability, confidence):
    """How many of n independent jobs may fail, each with at most that probability, before one can
    be so confident that the probability is higher."""
    below = 0.0
    for count in range(n_jobs):
        below += math.comb(n_jobs, count) * probability**count * (1 - probability) ** (n_jobs - count)
        if below >= confidence:
            return count
    return n_jobs


def check_targets(rows, with_rival):
    """Whether gtlabel kept its promise over all jobs, and the lines that say so."""
    n_jobs = sum(len(row["gtlabel"]) for row in rows)
    missed = sum(n_above(row, row["gtlabel"]) for row in rows)
    certified = sum(job["is_certified"] for row in rows for job in row["gtlabel"])
    probability = rows[0]["failure_probability"]
    allowed = most_allowed(n_jobs, probability, CONFIDENCE_OF_CHECK)
    verdict = "kept" if missed <= allowed else "BROKEN"
    lines = [
        f"above target, gtlabel: {missed} of {n_jobs} jobs; up to {allowed} agree with a failure "
        f"probability of {probability:g} ({100 * CONFIDENCE_OF_CHECK:g} % of the binomial): "
        f"{verdict}",
        f"certified, gtlabel: {certified} of {n_jobs} jobs",
    ]
    if with_rival:
        rival_missed = sum(n_above(row, row["rival"]) for row in rows)
        lines.append(f"above target, rival: {rival_missed} of {n_jobs} jobs")
    return missed <= allowed, lines


def circumstances():
    """What ran where."""
    load = f", load average {os.getloadavg()[0]:.1f} at the end" if hasattr(os, "getloadavg") else ""
    return [
        f"gtlabel {gtlabel.__version__} ({revision()}), Python {platform.python_version()}, "
        f"numpy {np.__version__}, scikit-learn {sklearn.__version__}",
        f"{processor()}, {os.cpu_count()} cores{load}, {date.today().isoformat()}",
    ]


def revision():
    """The commit that the tree is at."""

    def git(*arguments):
        return subprocess.run(
            ["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=True
        ).stdout.strip()

    try:
        revision = git("rev-parse", "--short", "HEAD")
        return f"commit {revision}" + (" with changes" if git("status", "--porcelain") else "")
    except (OSError, subprocess.CalledProcessError):
        return "no commit"


def processor():
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def document(table, findings):
    command = shlex.join(["./dev", "bench", *sys.argv[1:]])
    parts = [
        EXPLANATION,
        f"```\n{command}\n```\n",
        f"{table}\n",
        "\n".join(f"- {line}" for line in findings) + "\n",
    ]
    return "\n".join(parts)


if __name__ == "__main__":
    sys.exit(main())
