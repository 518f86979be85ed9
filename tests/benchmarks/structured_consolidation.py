"""Measures the consolidation of label sets, spans, boxes and masks beside majorities and medians.

The crowds are read from the folder that GTLABEL_TEST_DATA names; those that are absent are skipped. All answers are of
real people except those of bccd and camvid, whose boxes and masks are real and whose workers are simulated: no crowd
with several boxes or several classes of pixels an item and known truth was found.
"""

import argparse
import csv
import gzip
import json
import os
import time
from pathlib import Path

import gtlabel as gt
import numpy as np

CELLS = ("cells_rabbit", "cells_melanoma_lu")
SMALL_CLASSES = (2, 6, 7, 8, 9, 10)  # of camvid: poles, signs, fences, cars, pedestrians, bicyclists


def main():
    argparse.ArgumentParser(
        prog="./dev bench structured_consolidation", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    ).parse_args()
    for section in (multi_label_lines, span_lines, box_lines, mask_lines):
        print(*section(), sep="\n")


# --- the crowds -------------------------------------------------------------------------------------------------------
def folder_of(name):
    """None if the set is absent."""
    folder = Path(os.environ.get("GTLABEL_TEST_DATA", "/nowhere")) / name
    return folder if folder.exists() else None


def rows_of(path):
    with gzip.open(path, "rt") if path.suffix == ".gz" else open(path) as lines:
        if path.name.endswith(".tsv.gz"):
            return [line.rstrip("\n").split("\t") for line in lines][1:]
        return list(csv.reader(lines))[1:]


def spans_of(tags):
    """(start, end, label) of a sequence of BIO tags; an I without a B begins a span."""
    spans, start, label = [], None, None
    for place, tag in enumerate([*tags, "O"]):
        if start is not None and (tag[0] in "OB" or tag[2:] != label):
            spans.append((start, place, label))
            start = None
        if tag != "O" and start is None:
            start, label = place, tag[2:]
    return spans


def load_conll(folder):
    """Documents -> gold tags, documents -> starts of sentences, rows (document, worker, tags)."""
    documents = rows_of(folder / "docs.tsv.gz")
    gold = {item: tags.split() for item, _, _, tags in documents}
    starts = {item: [int(start) for start in listed.split()] for item, listed, _, _ in documents}
    answers = [(item, worker, tags.split()) for item, worker, tags in rows_of(folder / "answers.tsv.gz")]
    return gold, starts, answers


def span_columns(answers):
    """items, workers, starts, ends, labels; and who marked nothing."""
    rows = [(item, worker, *span) for item, worker, tags in answers for span in spans_of(tags)]
    return list(zip(*rows, strict=True)), [(item, worker) for item, worker, tags in answers if not spans_of(tags)]


def load_cells(folder):
    """items, workers, masks; item -> gold mask. A worker is a person in an image: who is who over images is unknown."""
    sizes = {item: (int(width), int(height)) for item, width, height in rows_of(folder / "items.csv")}
    items, workers, masks, gold = [], [], [], {}
    for item, worker, rle in rows_of(folder / "masks.csv.gz"):
        runs = np.array(rle.split(), dtype=int)
        mask = np.repeat(np.arange(len(runs)) % 2 == 1, runs).reshape(sizes[item]).T
        if worker == "gold":
            gold[item] = mask
        else:
            items.append(item)
            workers.append((item, worker))
            masks.append(mask)
    return (items, workers, masks), gold


def load_cell_boxes(folder):
    """items, workers, boxes, labels; item -> [(box, label)]."""
    rows = rows_of(folder / "boxes.csv")
    columns = (
        [row[0] for row in rows],
        [(row[0], row[1]) for row in rows],
        np.array([corners(*map(float, row[3:])) for row in rows]),
        [row[2] for row in rows],
    )
    truth = {row[0]: [(np.array(corners(*map(float, row[2:]))), row[1])] for row in rows_of(folder / "truth_boxes.csv")}
    return columns, truth


def corners(x, y, width, height):
    return x, y, x + width, y + height


def simulated_bccd(folder, seed=0, n_workers=12, n_answers=5):
    """Five of twelve workers an image: of their own rates of missing (5 to 40 %), of inventing (0.1 to 3 boxes an
    image), of confusing classes (0 to 20 %) and of their own error (1 to 10 % of a side, Laplace)."""
    random = np.random.default_rng(seed)
    coco = json.loads((folder / "annotations.json").read_text())
    truth = {image["id"]: [] for image in coco["images"]}
    for mark in coco["annotations"]:
        if min(mark["bbox"][2:]) > 0:
            truth[mark["image_id"]].append((np.array(corners(*mark["bbox"])), mark["category_id"]))
    classes = [category["id"] for category in coco["categories"]]
    missing, inventing, confusing, error = (
        random.permutation(np.geomspace(low, high, n_workers))
        for low, high in ((0.05, 0.4), (0.1, 3), (0.01, 0.2), (0.01, 0.1))
    )
    rows, empty = [], []
    for image in coco["images"]:
        for worker in random.choice(n_workers, n_answers, replace=False):
            before = len(rows)
            for box, label in truth[image["id"]]:
                if random.random() < missing[worker]:
                    continue
                sides = np.tile(box[2:] - box[:2], 2)
                drawn = box + sides * np.clip(random.laplace(size=4) * error[worker], -0.45, 0.45)
                is_confused = random.random() < confusing[worker]
                rows.append((image["id"], worker, drawn, random.choice(classes) if is_confused else label))
            for _ in range(random.poisson(inventing[worker])):
                corner = random.random(2) * (image["width"] - 40, image["height"] - 40)
                rows.append((image["id"], worker, np.concatenate([corner, corner + 40]), random.choice(classes)))
            if len(rows) == before:
                empty.append((image["id"], worker))
    items, workers, boxes, labels = zip(*rows, strict=True)
    return (items, workers, np.array(boxes), labels), empty, truth


def simulated_camvid(folder, seed=0, n_workers=5, n_images=12):
    """items, workers, masks; item -> gold mask. Each worker outlines by a smooth displacement of his own size (0.5 to
    2.5 pixels) and overlooks 5 to 40 % of the small objects, which he gives the class around them."""
    import matplotlib.image
    from scipy import ndimage

    random = np.random.default_rng(seed)
    sizes, overlooked, smooth = (random.uniform(*ends, n_workers) for ends in ((0.5, 2.5), (0.05, 0.4), (2, 8)))
    paths = sorted((folder / "masks").glob("*.png"))
    items, workers, masks, gold = [], [], [], {}
    for path in paths[:: len(paths) // n_images]:
        truth = np.rint(255 * matplotlib.image.imread(path)).astype(np.uint8)
        gold[path.stem] = truth
        places = np.indices(truth.shape)
        limits = np.reshape(truth.shape, (2, 1, 1)) - 1
        for worker in range(n_workers):
            shift = np.array(
                [ndimage.gaussian_filter(random.standard_normal(truth.shape), smooth[worker]) for _ in "yx"]
            )
            shift *= sizes[worker] / shift.std(axis=(1, 2), keepdims=True)
            mask = truth[tuple(np.clip(np.rint(places + shift).astype(int), 0, limits))]
            for class_index in SMALL_CLASSES:
                objects, n_objects = ndimage.label(mask == class_index)
                is_overlooked = np.isin(objects, 1 + np.flatnonzero(random.random(n_objects) < overlooked[worker]))
                around = ndimage.distance_transform_edt(is_overlooked, return_distances=False, return_indices=True)
                mask = mask[tuple(around)]
            items.append(path.stem)
            workers.append(worker)
            masks.append(mask)
    return (items, workers, masks), gold


# --- label sets -------------------------------------------------------------------------------------------------------
def sentence_label_sets(gold, starts, answers):
    """Which kinds of names a sentence has: items, workers, label sets; item -> true set."""
    sentences = {
        item: list(zip(of_item, [*of_item[1:], len(gold[item])], strict=True)) for item, of_item in starts.items()
    }
    kinds = {}
    items, workers, sets = [], [], []
    for item, of_item in sentences.items():
        kinds |= {(item, begin): {tag[2:] for tag in gold[item][begin:end] if tag != "O"} for begin, end in of_item}
    for item, worker, tags in answers:
        for begin, end in sentences[item]:
            items.append((item, begin))
            workers.append(worker)
            sets.append({tag[2:] for tag in tags[begin:end] if tag != "O"})
    return (items, workers, sets), kinds


def set_scores(found, truth):
    """micro F1 and share of sets that are right, of item -> set."""
    hits = sum(len(found[item] & truth[item]) for item in found)
    f1 = 2 * hits / (sum(map(len, found.values())) + sum(len(truth[item]) for item in found))
    return f1, np.mean([found[item] == truth[item] for item in found])


def majority_sets(items, workers, sets):
    labels = sorted(set().union(*sets))
    found = {item: set() for item in items}
    for label in labels:
        result = gt.majority_vote(items, workers, [label in of_row for of_row in sets], classes=[False, True])
        for item, is_given in zip(result.items_, result.labels_, strict=True):
            if is_given:
                found[tuple(item)].add(label)
    return found


def multi_label_lines():
    folder = folder_of("ner/conll_mturk")
    if folder is None:
        yield "skipped label sets: ner/conll_mturk is not in the folder that GTLABEL_TEST_DATA names"
        return
    columns, truth = sentence_label_sets(*load_conll(folder))
    start = time.perf_counter()
    result = gt.consolidate_multi_label(*columns)
    seconds = time.perf_counter() - start
    found = dict(zip(map(tuple, result.items_), map(set, result.label_sets_), strict=True))
    is_true = np.array([[label in truth[tuple(item)] for label in result.labels_] for item in result.items_])
    yield "\n| kinds of names in a sentence | micro F1 | right sets | calibration error |\n|---|---:|---:|---:|"
    f1, right = set_scores(majority_sets(*columns), truth)
    yield f"| majority per label | {f1:.3f} | {right:.3f} | |"
    f1, right = set_scores(found, truth)
    error = calibration_error(
        np.maximum(result.probabilities_, 1 - result.probabilities_), (result.probabilities_ > 0.5) == is_true
    )
    yield f"| consolidate_multi_label, {seconds:.2f} s | {f1:.3f} | {right:.3f} | {error:.3f} |"


def calibration_error(confidence, is_right, n_bins=10):
    confidence, is_right = np.ravel(confidence), np.ravel(is_right).astype(float)
    bins = np.minimum((confidence * n_bins).astype(int), n_bins - 1)
    return sum(
        abs(confidence[bins == b].mean() - is_right[bins == b].mean()) * np.mean(bins == b) for b in np.unique(bins)
    )


# --- spans ------------------------------------------------------------------------------------------------------------
def span_scores(found, gold):
    """Precision, recall, F1 of exact spans, of item -> set of (start, end, label)."""
    truth = {item: set(spans_of(tags)) for item, tags in gold.items()}
    hits = sum(len(found[item] & truth[item]) for item in truth)
    precision, recall = hits / sum(map(len, found.values())), hits / sum(map(len, truth.values()))
    return precision, recall, 2 * precision * recall / (precision + recall)


def majority_spans(gold, answers):
    rows = [((item, place), worker, tag) for item, worker, tags in answers for place, tag in enumerate(tags)]
    result = gt.majority_vote(*zip(*rows, strict=True))
    tags = {item: ["O"] * len(of_item) for item, of_item in gold.items()}
    for (item, place), tag in zip(result.items_, result.labels_, strict=True):
        tags[item][int(place)] = tag
    return {item: set(spans_of(of_item)) for item, of_item in tags.items()}


def found_spans(result, gold):
    found = {item: set() for item in gold}
    for item, *span in zip(result.items_, result.starts_, result.ends_, result.labels_, strict=True):
        found[item].add(tuple(span))
    return found


def span_lines():
    folder = folder_of("ner/conll_mturk")
    if folder is None:
        yield "skipped spans: ner/conll_mturk is not in the folder that GTLABEL_TEST_DATA names"
        return
    gold, _, answers = load_conll(folder)
    columns, empty = span_columns(answers)
    yield "\n| spans of conll_mturk | precision | recall | F1 | calibration error |\n|---|---:|---:|---:|---:|"
    yield "| token majority | {:.3f} | {:.3f} | {:.3f} | |".format(*span_scores(majority_spans(gold, answers), gold))
    for method in ("tokens", "spans"):
        start = time.perf_counter()
        result = gt.consolidate_spans(*columns, lengths=gold, empty_answers=empty, method=method)
        seconds = time.perf_counter() - start
        truth = {item: set(spans_of(tags)) for item, tags in gold.items()}
        rows = zip(result.items_, result.starts_, result.ends_, result.labels_, strict=True)
        error = calibration_error(result.confidence_, [tuple(span) in truth[item] for item, *span in rows])
        scores = "{:.3f} | {:.3f} | {:.3f}".format(*span_scores(found_spans(result, gold), gold))
        yield f"| consolidate_spans, {method}, {seconds:.2f} s | {scores} | {error:.3f} |"


# --- boxes ------------------------------------------------------------------------------------------------------------
def overlaps(boxes, others):
    """(boxes, others) intersections over unions."""
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    common = np.prod(np.maximum(high - low, 0), axis=2)
    areas = [np.prod(of[:, 2:] - of[:, :2], axis=1) for of in (boxes, others)]
    return common / (areas[0][:, None] + areas[1][None, :] - common)


def box_scores(found, truth, thresholds=(0.5, 0.8)):
    """Mean overlap of matched boxes, F1 at each threshold (boxes of one class, matched greedily), whether each is right
    at 0.5; of item -> [(box, label)]."""
    hits, matched, is_right = np.zeros(len(thresholds)), [], {}
    for item, of_item in truth.items():
        answers = found.get(item, [])
        is_right[item] = np.zeros(len(answers), dtype=bool)
        if not answers or not of_item:
            continue
        overlap = overlaps(np.array([box for box, _ in answers]), np.array([box for box, _ in of_item]))
        overlap[[[label != other for _, other in of_item] for _, label in answers]] = 0
        while overlap.max() > 0:
            best = np.unravel_index(overlap.argmax(), overlap.shape)
            hits += overlap[best] >= np.array(thresholds)
            if overlap[best] >= thresholds[0]:
                matched.append(overlap[best])
                is_right[item][best[0]] = True
            overlap[best[0]] = overlap[:, best[1]] = 0
    total = sum(map(len, found.values())) + sum(map(len, truth.values()))
    return np.mean(matched), 2 * hits / total, is_right


def by_item(result, boxes=None):
    found = {}
    for row, item in enumerate(result.items_.tolist()):
        box = result.boxes_[row] if boxes is None else boxes[row]
        found.setdefault(item, []).append((box, result.labels_[row]))
    return found


def majority_boxes(columns, n_answers):
    """The same clusters; an object where more than half of the people marked one; median sides, most frequent label."""
    _, _, boxes, labels = columns
    clusters = gt.consolidate_boxes(*columns, min_existence=0)
    found = {}
    for row, item in enumerate(clusters.items_.tolist()):
        if 2 * clusters.n_workers_[row] <= n_answers[item]:
            continue
        members = np.flatnonzero(clusters.objects_ == row)
        names, counts = np.unique([labels[m] for m in members], return_counts=True)
        found.setdefault(item, []).append((np.median(boxes[members], axis=0), names[counts.argmax()]))
    return found


def people_per_item(columns, empty):
    pairs = {*zip(columns[0], columns[1], strict=True), *empty}
    counts = {}
    for item, _ in pairs:
        counts[item] = counts.get(item, 0) + 1
    return counts


def box_lines():
    yield "\n| boxes | overlap | F1 at 0.5 | F1 at 0.8 | calibration error |\n|---|---:|---:|---:|---:|"
    for name in (*CELLS, "bccd"):
        folder = folder_of(("detection/" if name == "bccd" else "segmentation/") + name)
        if folder is None:
            yield f"skipped {name}: not in the folder that GTLABEL_TEST_DATA names"
            continue
        empty = []
        if name == "bccd":
            columns, empty, truth = simulated_bccd(folder)
        else:
            columns, truth = load_cell_boxes(folder)
        overlap, f1, _ = box_scores(majority_boxes(columns, people_per_item(columns, empty)), truth)
        yield f"| {name}, majority and median | {overlap:.4f} | {f1[0]:.4f} | {f1[1]:.4f} | |"
        start = time.perf_counter()
        result = gt.consolidate_boxes(*columns, empty_answers=empty)
        seconds = time.perf_counter() - start
        overlap, f1, is_right = box_scores(by_item(result), truth)
        error = calibration_error(
            result.confidence_, np.concatenate([is_right[i] for i in dict.fromkeys(result.items_.tolist())])
        )
        how = f"consolidate_boxes, {seconds:.2f} s"
        yield f"| {name}, {how} | {overlap:.4f} | {f1[0]:.4f} | {f1[1]:.4f} | {error:.3f} |"


# --- masks ------------------------------------------------------------------------------------------------------------
def mask_overlap(mask, gold):
    return (mask & gold).sum() / max(1, (mask | gold).sum())


def class_overlaps(found, gold):
    """Of each class over all items together; of item -> mask of classes."""
    masks = np.stack([np.stack([found[item], gold[item]]) for item in gold], axis=1)
    return np.array([mask_overlap(*(masks == class_index)) for class_index in np.unique(masks[1])])


def majority_masks(items, masks):
    """Of equals the lowest class."""
    found = {}
    for item, mask in zip(items, masks, strict=True):
        found.setdefault(item, []).append(mask)
    n_classes = max(int(np.max(mask)) for mask in masks) + 1
    counts = {item: [np.sum(np.equal(of_item, c), axis=0) for c in range(n_classes)] for item, of_item in found.items()}
    return {item: np.argmax(of_item, axis=0).astype(masks[0].dtype) for item, of_item in counts.items()}


def mask_lines():
    yield "\n| masks | overlap | expected overlap |\n|---|---:|---:|"
    for name in (*CELLS, "camvid"):
        folder = folder_of(f"segmentation/{name}")
        if folder is None:
            yield f"skipped {name}: not in the folder that GTLABEL_TEST_DATA names"
        elif name == "camvid":
            seeds = [simulated_camvid(folder, seed) for seed in range(3)]
            yield from lines_of_masks(name, seeds, lambda found, gold: class_overlaps(found, gold).mean())
        else:
            yield from lines_of_masks(
                name, [load_cells(folder)], lambda found, gold: np.mean([mask_overlap(found[i], gold[i]) for i in gold])
            )


def lines_of_masks(name, crowds, score):
    majority = [score(majority_masks(columns[0], columns[2]), gold) for columns, gold in crowds]
    yield f"| {name}, pixel majority | {np.mean(majority):.4f} | |"
    for options in ({}, {"smoothness": 0.0}, {"method": "staple"}):
        start = time.perf_counter()
        results = [gt.consolidate_masks(*columns, **options) for columns, _ in crowds]
        seconds = (time.perf_counter() - start) / len(crowds)
        overlaps = [
            score(dict(zip(result.items_.tolist(), result.masks_, strict=True)), gold)
            for result, (_, gold) in zip(results, crowds, strict=True)
        ]
        how = ", ".join(f"{key}={value}" for key, value in options.items()) or "defaults"
        expected = np.mean([result.confidence_.mean() for result in results])
        yield f"| {name}, consolidate_masks, {how}, {seconds:.2f} s | {np.mean(overlaps):.4f} | {expected:.4f} |"


if __name__ == "__main__":
    main()
