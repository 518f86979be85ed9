"""gtlabel consolidate, agreement and plan say what the functions of the package say."""

import csv
import io

import gtlabel as gt
import numpy as np
import pytest


@pytest.fixture
def crowd(write_csv):
    random = np.random.default_rng(5)
    truth = random.choice(["cat", "dog", "fox"], size=60)
    rows = []
    for item, name in enumerate(truth):
        for worker in range(4):
            is_right = random.random() < (0.9 if worker else 0.4)
            rows.append([f"p{item}", f"w{worker}", name if is_right else random.choice(["cat", "dog", "fox"])])
    write_csv("crowd.csv", [["item", "worker", "answer"], *rows])
    write_csv("gold.csv", [["item", "answer"], *([f"p{item}", truth[item]] for item in range(20)), ["other", "cat"]])
    return [list(column) for column in zip(*rows, strict=True)]


@pytest.mark.parametrize("method", ["consolidate", "majority_vote", "dawid_skene", "glad", "mace", "ebcc"])
def test_consolidate_prints_the_labels_of_the_method(command, crowd, method):
    ended = command("consolidate", "crowd.csv", "--method", method)
    assert ended.code == 0
    rows = list(csv.DictReader(io.StringIO(ended.out)))
    expected = getattr(gt, method)(*crowd)
    assert [row["label"] for row in rows] == expected.labels_.tolist()
    assert [float(row["confidence"]) for row in rows] == pytest.approx(expected.confidence_.tolist())


def test_masks_of_a_job_without_any_are_refused(command, tmp_path):
    texts = gt.formats.Manifest([{"source": "a"}])
    texts.set_class_labels("mood", ["bad"], classes=["bad", "good"], confidence=0.9)
    job = gt.formats.LabelingJobFolder(manifest=texts)
    said = [gt.formats.WorkerAnswer("w", {"crowd-classifier": {"label": "bad"}})]
    job.responses.append(gt.formats.WorkerResponse.from_answers(0, 1, said))
    gt.formats.write_labeling_job(job, tmp_path / "job")
    for options, complaint in (
        (("-o", "new.manifest"), "--masks: 'mood' has no masks"),
        ((), "--masks: given without -o"),
    ):
        ended = command("reconsolidate", "job", "--masks", "masks", *options)
        assert (ended.code, complaint in ended.err) == (2, True)
    assert not (tmp_path / "new.manifest").exists()


def test_gold_that_says_an_item_twice_is_refused(command, crowd, write_csv):
    write_csv("twice.csv", [["item", "answer"], ["p0", "cat"], ["p1", "cat"], ["p0", "dog"]])
    ended = command("consolidate", "crowd.csv", "--gold", "twice.csv")
    assert (ended.code, "twice.csv:4: the item 'p0' again, first in line 2" in ended.err) == (2, True)


def test_consolidate_with_gold_compares_with_majority_vote_on_it(command, crowd, read_csv):
    ended = command(
        "consolidate", "crowd.csv", "--gold", "gold.csv", "-o", "labels.csv", "--workers", "w.csv", "--json"
    )
    document = ended.document
    assert document["n_gold"] == 20
    assert document["n_gold_without_answers"] == 1
    assert 0.5 < document["majority_vote_accuracy_on_gold"] <= 1
    assert 0.5 < document["accuracy_on_gold"] <= 1
    accuracy = {row["worker"]: float(row["accuracy"]) for row in read_csv("w.csv")}
    assert accuracy["w0"] < min(accuracy["w1"], accuracy["w2"], accuracy["w3"])
    assert len(read_csv("labels.csv")) == 60


def test_consolidate_as_ground_truth_did(command, crowd):
    ended = command("consolidate", "crowd.csv", "--method", "ground_truth_compat", "--json")
    expected = gt.ground_truth_compat(*crowd)
    assert [row["label"] for row in ended.document["labels"]] == expected.labels_.tolist()


def test_columns_of_other_names_are_named_by_options(command, write_csv):
    write_csv("other.csv", [["photo", "who", "said"], ["p", "a", "x"], ["p", "b", "y"], ["p", "c", "x"]])
    assert "name it by --item" in command("consolidate", "other.csv").err
    names = ("--item", "photo", "--worker", "who", "--answer", "said")
    assert command("consolidate", "other.csv", *names, "--json").document["labels"][0]["label"] == "x"


def test_agreement_is_the_packages(command, crowd):
    document = command("agreement", "crowd.csv", "--pairs", "--json").document
    assert document["krippendorff_alpha"] == gt.krippendorff_alpha(*crowd)._asdict()
    assert document["fleiss_kappa"] == gt.fleiss_kappa(*crowd)._asdict()
    kappa = {tuple(pair["workers"]): pair["value"] for pair in document["cohen_kappa"]}
    assert kappa == {pair: value.value for pair, value in gt.cohen_kappa(*crowd, min_common=10).items()}
    text = command("agreement", "crowd.csv").out
    assert "240 answers, 60 items, 4 workers" in text
    assert "Krippendorff's alpha" in text


def test_agreement_of_numbers_needs_numbers(command, crowd, write_csv):
    ended = command("agreement", "crowd.csv", "--scale", "interval")
    assert ended.code == 2
    assert "expected numbers on the interval scale" in ended.err
    rows = [[item, worker, item + worker / 10] for item in range(9) for worker in range(3)]
    write_csv("ratings.csv", [["item", "worker", "answer"], *rows])
    assert (
        command("agreement", "ratings.csv", "--scale", "interval", "--json").document["krippendorff_alpha"]["value"]
        > 0.9
    )


def test_plan_is_the_packages_and_counts_the_items_of_a_file(command, items_csv):
    document = command("plan", items_csv, "--classes", 2, "--target", "10%", "--price", "0.5", "--json").document
    expected = gt.plan_labeling(400, 2, gt.ErrorTarget(max_error=0.1), gt.Price(0.5))
    assert (document["n_human"], document["cost"]) == (expected.n_human, expected.cost)
    assert str(gt.plan_labeling(1000, 3)) in command("plan", "--items", 1000, "--classes", 3).out
    assert command("plan", "--classes", 3).code == 2


@pytest.mark.parametrize("share", ["10", "0", "1", "100%", "nan", "x%", "-5%"])
def test_a_share_is_a_percentage_or_a_fraction(command, share):
    ended = command("plan", "--items", 10, "--classes", 2, f"--target={share}")
    assert ended.code == 2
    assert "such as 10% or 0.1" in ended.err
