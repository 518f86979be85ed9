"""Measures a round of a job, and its peak memory, against the number of items, of classes and the width.

One of the three is varied at a time. The pools are mixtures of two normal clusters per class. A round is what happens
between the answers to one batch and the next batch: the model's update, its score of all items without an answer, and
what follows (calibration, routes, selection). The default model is timed from within the job. Times are seconds of
processor time over all threads, which other load disturbs least; a round's wall-clock time stands beside them. Every
point is measured in a process of its own. With --out the plot goes to docs/scaling.svg, the figures to
docs/scaling.json and a section to docs/benchmarks.md.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

import gtlabel
import numpy as np
from document import DOCUMENT, write_section
from measure import with_peak_memory

ITEMS = (1_000, 3_000, 10_000, 30_000, 100_000, 300_000)
CLASSES = (2, 5, 10, 30, 100, 300, 1_000)
WIDTHS = (8, 32, 128, 512, 2_048)
BASE = {"items": 10_000, "classes": 10, "width": 32}
PARTS = ("update", "score", "route and select")
COMMAND = "./dev bench scaling --out"
N_ROUNDS = 6
N_WARM = 2  # rounds that are not counted: the seeds' and the first update, which starts cold
CPU_SECONDS = 60  # no further round once a point has taken them


class Stopwatch(gtlabel.IncrementalModel):
    """The default model; counts the seconds that its calls take."""

    def __init__(self):
        super().__init__()
        self.model = gtlabel.Committee()
        self.seconds = dict.fromkeys(("update", "score"), 0.0)

    def _timed(self, part, call, *arguments):
        start = time.process_time()
        result = call(*arguments)
        self.seconds[part] += time.process_time() - start
        return result

    def attach(self, X, n_classes):
        self.model.attach(X, n_classes)

    def update(self, items, targets, weights):
        self._timed("update", self.model.update, items, targets, weights)

    def predict_proba(self, items):
        return self._timed("score", self.model.predict_proba, items)

    def predict_out_of_fold(self, items):
        return self._timed("score", self.model.predict_out_of_fold, items)


def mixture(n_items, n_classes, width):
    random = np.random.default_rng(0)
    y = random.integers(0, n_classes, n_items)
    centers = random.normal(0.0, 4.0 / np.sqrt(width), (2 * n_classes, width))
    X = random.normal(0.0, 1.0, (n_items, width)).astype(np.float32) / np.sqrt(width) * 2.0
    X += centers[2 * y + random.integers(0, 2, n_items)]
    return X.astype(np.float32), y


def measure_point(n_items, n_classes, width):
    X, y = mixture(n_items, n_classes, width)
    names = [f"class {c}" for c in range(n_classes)]

    def rounds():
        model = Stopwatch()
        cpu_start = time.process_time()
        job = gtlabel.LabelingJob(X, names, model=model)
        measured = []
        while len(measured) < N_ROUNDS and time.process_time() - cpu_start < CPU_SECONDS:
            before = dict(model.seconds)
            start, wall_start = time.process_time(), time.perf_counter()
            batch = job.next_batch()
            seconds, wall = time.process_time() - start, time.perf_counter() - wall_start
            if batch is None:
                break
            parts = {part: model.seconds[part] - before[part] for part in ("update", "score")}
            measured.append(
                {**parts, "route and select": seconds - sum(parts.values()), "round": seconds, "wall": wall}
            )
            job.submit(batch.items, y[batch.items])
        return measured, time.process_time() - cpu_start

    (measured, cpu), peak = with_peak_memory(rounds)
    counted = measured[N_WARM:] or measured[-1:]
    return {
        "items": n_items,
        "classes": n_classes,
        "width": width,
        **{part: statistics.median(r[part] for r in counted) for part in (*PARTS, "round", "wall")},
        "cpu_seconds": cpu,
        "peak_bytes": peak,
        "feature_bytes": X.nbytes,
    }


def points():
    for name, values in (("items", ITEMS), ("width", WIDTHS), ("classes", CLASSES)):
        for value in values:
            yield name, {**BASE, name: value}


def measure_in_a_process(point):
    arguments = [str(point[name]) for name in ("items", "classes", "width")]
    done = subprocess.run(
        [sys.executable, __file__, "--point", *arguments], check=True, stdout=subprocess.PIPE, text=True
    )
    return json.loads(done.stdout)


def exponent(results, varied, quantity):
    """Of the growth between the last three points: 1 is proportional."""
    x = np.log([r[varied] for r in results[-3:]])
    return float(np.polyfit(x, np.log([max(r[quantity], 1e-6) for r in results[-3:]]), 1)[0])


def table(figures):
    names = ("varied", "value", "round, wall ms", "round, CPU ms", "update", "score", "route, select")
    header = "| " + " | ".join((*names, "peak MB", "features MB")) + " |"
    lines = [header, "|---|" + "---:|" * 8]
    for varied, results in figures.items():
        for r in results:
            milliseconds = " | ".join(f"{1e3 * r[part]:.1f}" for part in ("wall", "round", *PARTS))
            megabytes = f"{r['peak_bytes'] / 1e6:.0f} | {r['feature_bytes'] / 1e6:.1f}"
            lines.append(f"| {varied} | {r[varied]:,} | {milliseconds} | {megabytes} |")
    return "\n".join(lines)


def growth(figures):
    lines = []
    for varied, results in figures.items():
        grown = ", ".join(
            f"{name} {exponent(results, varied, key):.2f}"
            for name, key in (*((part, part) for part in ("round", *PARTS)), ("memory", "peak_bytes"))
        )
        lines.append(f"- by {varied}, exponents over the last three points: {grown}")
    return "\n".join(lines)


def draw(figures, path):
    import matplotlib as mpl

    mpl.use("Agg")
    mpl.rcParams["svg.hashsalt"] = "gtlabel"  # the same picture from the same figures
    mpl.rcParams["svg.fonttype"] = "none"
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(2, 3, figsize=(12, 6.4), sharex="col")
    colours = {"round": "black", "update": "#1f77b4", "score": "#ff7f0e", "route and select": "#2ca02c"}
    for column, (varied, results) in enumerate(figures.items()):
        x = [r[varied] for r in results]
        above, below = axes[0][column], axes[1][column]
        for part, colour in colours.items():
            width = 2.2 if part == "round" else 1.4
            above.plot(x, [1e3 * r[part] for r in results], "o-", color=colour, label=part, lw=width, ms=4)
        below.plot(x, [r["peak_bytes"] / 1e6 for r in results], "o-", color="#9467bd", label="peak of the job", ms=4)
        below.plot(x, [r["feature_bytes"] / 1e6 for r in results], "--", color="grey", label="features alone")
        fixed = ", ".join(f"{value:,} {name}" for name, value in BASE.items() if name != varied)
        above.set_title(fixed.replace("32 width", "width 32"), fontsize=10)
        below.set_xlabel(varied)
        for axis in (above, below):
            axis.set_xscale("log")
            axis.set_yscale("log")
            axis.grid(which="major", alpha=0.3)
        # A line in proportion to the number that is varied, for the eye.
        top = results[-1]["round"] * 1e3
        above.plot(x, [top * value / x[-1] for value in x], ":", color="grey", lw=1, label="proportional")
    axes[0][0].set_ylabel("one round, CPU ms")
    axes[1][0].set_ylabel("memory, MB")
    axes[0][0].legend(fontsize=8)
    axes[1][0].legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def circumstances():
    return {
        "command": COMMAND,
        "gtlabel": gtlabel.__version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "date": time.strftime("%Y-%m-%d"),
    }


def section(figures, around):
    return f"""\
A round of the default model in a job, and how far the job raised the resident memory, against the number of items,
classes and the width; the median of {N_ROUNDS - N_WARM} rounds after the first update, which starts cold and builds the
neighbour graph (where that takes a minute of processor time, it alone). CPU: over all threads. Both scales are
logarithmic; the dotted line is in proportion. Memory that making the pool had left free is used first and not counted,
which shows by width. A seed sample has two items per class, so by classes the labels grow too: the fit of the
regression, labels times classes times width, is then quadratic in the classes.

![One round and peak memory by items, classes and width](scaling.svg)

```
{COMMAND}
```

{table(figures)}

{growth(figures)}
- gtlabel {around["gtlabel"]}, Python {around["python"]}, numpy {around["numpy"]}, {around["cores"]} cores, load average
  {around["load"]}, {around["date"]}; figures in docs/scaling.json
"""


def main():
    options = parse_arguments()
    if options.point:
        print(json.dumps(measure_point(*options.point)))
        return
    figures = {"items": [], "width": [], "classes": []}
    known = json.loads(options.json.read_text()) if options.json and options.json.is_file() else []
    for varied, point in points():
        result = next((r for r in known if all(r[name] == value for name, value in point.items())), None)
        if result is None:
            result = measure_in_a_process(point)
            known.append(result)
            print(f"measured {varied} = {point[varied]:,}: {result['cpu_seconds']:.0f} s", file=sys.stderr, flush=True)
            if options.json:
                options.json.write_text(json.dumps(known, indent=1) + "\n")
        figures[varied].append(result)
    print(table(figures), growth(figures), sep="\n\n")
    if options.out:
        around = circumstances()
        folder = DOCUMENT.parent
        (folder / "scaling.json").write_text(json.dumps({**around, **figures}, indent=1) + "\n")
        draw(figures, folder / "scaling.svg")
        write_section(DOCUMENT, "Scaling", section(figures, around))


def parse_arguments():
    parser = argparse.ArgumentParser(
        prog="./dev bench scaling", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--out", action="store_true", help="write plot, figures and section to docs/")
    parser.add_argument(
        "--json", type=Path, help="keep each point's figures there; what is there is not measured again"
    )
    parser.add_argument("--point", type=int, nargs=3, metavar=("ITEMS", "CLASSES", "WIDTH"), help="this one alone")
    return parser.parse_args()


if __name__ == "__main__":
    main()
