"""gtlabel run: from a table to labels, whoever answers."""

import builtins
import json
import os
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest

WIDE = ("--target", "10%", "--seed", "1", "-q")


@pytest.fixture
def person(monkeypatch):
    """Somebody at the terminal who replies by a function of what was printed before the prompt."""

    def sit_down(reply):
        printed = []
        really_print = builtins.print

        def listen(*words, **rest):
            printed.append(words)
            really_print(*words, **rest)

        monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
        monkeypatch.setattr(builtins, "print", listen)
        monkeypatch.setattr(builtins, "input", lambda: reply(printed))

    return sit_down


def asked_item(printed):
    """The item that was printed last: '[7] i123'."""
    heads = [words[0] for words in printed if words and str(words[0]).startswith("\n[")]
    return int(heads[-1].split("] i")[1])


def test_a_simulation_writes_labels_and_report_and_says_what_is_proved(command, items_csv, read_csv, tmp_path, pool):
    ended = command("run", items_csv, "--truth", "kind", *WIDE, "-o", "labels.csv", "-o", "report.html")
    assert ended.code == 0, ended.err
    assert "With probability at least 95 %" in ended.out
    labels = read_csv("labels.csv")
    assert [row["id"] for row in labels] == [f"i{item}" for item in range(400)]
    assert np.mean([row["label"] == name for row, name in zip(labels, pool.names, strict=True)]) > 0.97
    assert {row["source"] for row in labels} == {"human", "auto"}
    page = (tmp_path / "report.html").read_text()
    assert "With probability at least 95 %" in page
    assert "<svg" in page


def test_the_truth_is_no_feature(command, write_csv):
    noise = np.random.default_rng(0).normal(size=300)
    kinds = np.random.default_rng(1).choice(["x", "y"], size=300)
    table = write_csv("noise.csv", [["a", "kind"], *zip(noise.tolist(), kinds.tolist(), strict=True)])
    ended = command("run", table, "--truth", "kind", *WIDE, "--json")
    assert ended.document["n_human"] == 300


def test_json_is_one_document_with_the_reports_fields_and_the_files(command, items_csv):
    ended = command("run", items_csv, "--truth", "kind", *WIDE, "--json")
    document = ended.document
    assert document["n_human"] + document["n_auto"] == document["n_items"] == 400
    assert document["written"] == ["items.labels.csv"]
    assert document["certificate"]["max_error"] == 0.1
    assert document["exit_code"] == ended.code == 0


def test_json_has_what_is_proved_of_every_class(command, items_csv):
    ended = command("run", items_csv, "--truth", "kind", *WIDE, "--per-class", "--json")
    proved = ended.document["certificate"]["by_class"]
    assert [entry["class_index"] for entry in proved] == [0, 1]
    assert all(entry["bound"] <= 0.1 for entry in proved)


def test_gold_is_planted_and_bounds_the_error_against_the_truth(command, items_csv, write_csv, read_csv, pool):
    gold = write_csv("gold.csv", [["item", "answer"], *([f"i{item}", pool.names[item]] for item in range(0, 400, 4))])
    ended = command("run", items_csv, "--truth", "kind", *WIDE, "--gold", gold, "--gold-rate", "50%", "--json")
    assert ended.code == 0, ended.err
    assert ended.document["gold"]["n_given"] == 100
    assert ended.document["gold"]["n_asked"] > 10
    assert ended.document["certificate"]["truth"]["n_gold"] == ended.document["gold"]["n_asked"]
    labels = read_csv("items.labels.csv")
    assert [labels[item]["label"] for item in range(0, 400, 4)] == [pool.names[item] for item in range(0, 400, 4)]


@pytest.mark.parametrize(
    ("rows", "options", "message"),
    [
        ([["i7", "none"]], (), "gold.csv:2: 'none' is none of the classes"),
        ([["i999", "x"]], (), "gold.csv:2: no item 'i999' in the input"),
        ([["i7", ""]], (), "gold.csv names no item"),
        ([["i7", "class 0"], ["i7", "class 1"]], (), "gold.csv:3: 'i7' is 'class 1', and 'class 0' before"),
        (None, ("--gold-rate", "10%"), "--gold-rate: given without --gold"),
    ],
)
def test_gold_that_does_not_fit_is_refused_by_its_place(command, items_csv, write_csv, rows, options, message):
    if rows is not None:
        options = ("--gold", write_csv("gold.csv", [["item", "answer"], *rows]))
    ended = command("run", items_csv, "--truth", "kind", *WIDE, *options)
    assert ended.code == 2
    assert message in ended.err


def test_gold_without_its_columns_is_told_their_names_and_no_option_that_run_lacks(command, items_csv, write_csv):
    gold = write_csv("gold.csv", [["thing", "answer"], ["i7", "x"]])
    ended = command("run", items_csv, "--truth", "kind", *WIDE, "--gold", gold)
    assert ended.code == 2
    assert "no column of the item in thing, answer; expected one of item, task, id, item_id" in ended.err
    assert "--item" not in ended.err


def test_a_stored_job_refuses_other_gold_than_it_was_made_with(command, items_csv, write_csv, pool):
    gold = write_csv("gold.csv", [["item", "answer"], ["i7", pool.names[7]], ["i9", pool.names[9]]])
    less = write_csv("less.csv", [["item", "answer"], ["i7", pool.names[7]]])
    call = ("run", items_csv, "--classes", ",".join(sorted(set(pool.names))), *WIDE, "--store", "j.gtlabel")
    call = (*call, "--ask", "asks.csv")
    assert command(*call, "--gold", gold).code == 3
    assert command(*call, "--gold", gold).code == 3
    ended = command(*call, "--gold", less)
    assert ended.code == 2
    assert "not the gold that the job was made with (2 items)" in ended.err


def test_the_same_seed_gives_the_same_labels(command, items_csv, tmp_path):
    for name in ("one.csv", "two.csv"):
        command("run", items_csv, "--truth", "kind", *WIDE, "-o", name)
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()


def test_texts_of_a_manifest_become_features(command, tmp_path):
    random = np.random.default_rng(3)
    words = {"good": ["fine", "lovely", "great"], "bad": ["dull", "awful", "poor"]}
    kinds = random.choice(["good", "bad"], size=400)
    lines = [{"source": " ".join([*random.choice(words[kind], 3), "film"]), "truth": str(kind)} for kind in kinds]
    (tmp_path / "reviews.manifest").write_text("".join(json.dumps(line) + "\n" for line in lines))
    ended = command("run", "reviews.manifest", "--truth", "truth", *WIDE, "--json")
    assert ended.code == 0
    assert ended.document["savings"] > 0.3
    assert list((tmp_path / "user-cache/gtlabel").iterdir())


def test_a_csv_becomes_a_manifest_without_a_fault(command, write_csv, tmp_path):
    random = np.random.default_rng(3)
    words = {"good": ["fine", "lovely", "great"], "bad": ["dull", "awful", "poor"]}
    kinds = random.choice(["good", "bad"], size=300).tolist()
    rows = [[number, f"{' '.join(random.choice(words[kind], 3))} {number}", kind] for number, kind in enumerate(kinds)]
    table = write_csv("reviews.csv", [["id", "review", "kind"], *rows])
    options = ("--text", "review", "--truth", "kind", *WIDE, "-o", "out.manifest", "--attribute", "mood")
    assert command("run", table, *options).code == 0
    lines = [json.loads(line) for line in (tmp_path / "out.manifest").read_bytes().splitlines()]
    assert [line["source"] for line in lines] == [text for _, text, _ in rows]
    assert {line["mood-metadata"]["class-name"] for line in lines} == {"good", "bad"}
    assert command("lint", "out.manifest", "--for", "ground-truth", "--strict").code == 0


@pytest.mark.parametrize(("option", "name"), [("--text", "source"), ("--image", "source-ref")])
def test_two_columns_of_one_name_in_a_manifest_are_refused(command, write_csv, tmp_path, option, name):
    rows = [[f"word {number}", "web", "xy"[number % 2]] for number in range(20)]
    table = write_csv("two.csv", [["about", name, "kind"], *rows])
    ended = command("run", table, option, "about", "--truth", "kind", *WIDE, "-o", "out.manifest")
    assert ended.code == 2
    assert f"two.csv has the columns 'about' and '{name}'" in ended.err
    assert not (tmp_path / "out.manifest").exists()


def test_features_of_a_file_are_taken_and_must_fit(command, write_csv, tmp_path, pool):
    table = write_csv("kinds.csv", [["kind"], *([name] for name in pool.names)])
    np.save(tmp_path / "x.npy", pool.X)
    assert command("run", table, "--truth", "kind", "--features", "x.npy", *WIDE, "--json").document["savings"] > 0.3
    np.save(tmp_path / "short.npy", pool.X[:7])
    ended = command("run", table, "--truth", "kind", "--features", "short.npy", *WIDE)
    assert ended.code == 2
    assert "short.npy: 7 rows for the 400 items of kinds.csv, expected one each" in ended.err


def test_a_command_answers_json_lines_in_any_order_and_is_not_told_why(command, items_csv, tmp_path):
    (tmp_path / "answer.py").write_text(
        textwrap.dedent("""
        import csv, json, sys
        truth = {row["id"]: row["kind"] for row in csv.DictReader(open("items.csv"))}
        for line in reversed(sys.stdin.readlines()):
            asked = json.loads(line)
            assert asked["classes"] == ["class 0", "class 1"]
            assert set(asked) == {"item", "id", "classes", "a", "b", "c", "d", "kind"}, asked
            print(json.dumps({"item": asked["item"], "answer": truth[asked["id"]], "worker": "program", "seconds": 1}))
        """)
    )
    program = f"{sys.executable} answer.py"
    classes = ("--classes", "class 0,class 1", "--columns", "a,b,c,d")
    ended = command("run", items_csv, *classes, "--answers-from", program, *WIDE, "--json")
    assert ended.code == 0, ended.err
    assert ended.document["savings"] > 0.3


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ('{"item": 0', "line 1 of its output"),
        ('{"item": -1, "answer": "x"}', "item -1 was not asked about"),
        ('{"item": 0, "answer": "zebra"}', "'zebra' is none of the classes x, y"),
        ('{"item": 0, "answer": "x", "seconds": -1}', "seconds -1, expected a number of at least 0"),
        ('{"item": 0, "answer": "x", "probability": 7}', "probability: 7 given, expected between 0 and 1"),
        ('{"item": 0, "answer": ["x"]}', "expected texts"),
        ("[]", "list given, expected a JSON object"),
    ],
)
def test_what_a_command_says_wrongly_is_named(command, write_csv, tmp_path, said, complaint):
    table = write_csv("few.csv", [["a"], *([number] for number in range(20))])
    (tmp_path / "said").write_text(said)
    ended = command("run", table, "--classes", "x,y", "--answers-from", "cat said", *WIDE)
    assert ended.code == 2
    assert complaint in ended.err


def test_a_command_that_fails_is_named_with_its_exit_code(command, items_csv):
    ended = command("run", items_csv, "--classes", "x,y", "--columns", "a", "--answers-from", "exit 7", *WIDE)
    assert ended.code == 2
    assert "'exit 7' ended with exit code 7" in ended.err


def test_a_person_answers_by_number_name_and_beginning_and_can_go_back(command, items_csv, read_csv, pool, person):
    replies = []

    def reply(printed):
        item = asked_item(printed)
        replies.append(item)
        if len(replies) == 1:
            return str(2 - pool.truth[item])  # wrong, on purpose
        if len(replies) == 2:
            return "b"
        kinds = pool.names[item], str(pool.truth[item] + 1), f"CLASS {pool.truth[item]}"
        return kinds[len(replies) % 3]

    person(reply)
    classes = ("--classes", "class 0,class 1", "--columns", "a,b,c,d")
    ended = command("run", items_csv, *classes, "--worker", "ann", *WIDE, "-o", "labels.csv", "--json")
    assert ended.code == 0
    assert ended.document["is_finished"]
    assert replies[2] == replies[0] != replies[1]
    labels = read_csv("labels.csv")
    assert labels[replies[0]]["label"] == pool.names[replies[0]]
    assert len({row["id"] for row in labels}) == 400


def test_a_person_who_quits_leaves_exit_code_3_and_the_labels_so_far(command, items_csv, read_csv, person):
    replies = iter(["nonsense", "?", "", "class", "1", "s", "u", "n", "2", "q"])
    person(lambda printed: next(replies))
    classes = ("--classes", "class 0,class 1", "--columns", "a,b,c,d")
    ended = command("run", items_csv, *classes, *WIDE, "-o", "labels.csv")
    assert ended.code == 3
    assert "The job lives in items.gtlabel" in ended.err
    assert "'class' could be class 0, class 1" in ended.err
    assert "not finished" in ended.out
    assert {row["label"] for row in read_csv("labels.csv")} >= {"class 0", "class 1"}


def test_control_characters_of_a_text_do_not_reach_the_terminal(command, write_csv, person):
    table = write_csv("texts.csv", [["text"], *([f"\x1b[2Jnumber {number}"] for number in range(30))])
    person(lambda printed: "q")
    ended = command("run", table, "--classes", "x,y", *WIDE)
    assert ended.code == 3
    assert "number" in ended.err
    assert "\x1b" not in ended.err


def test_answers_far_away_come_in_rounds_of_files(command, items_csv, read_csv, write_csv, pool):
    """The file of what to ask is filled in and appended to the answers until the job is finished."""
    answers = [["item", "worker", "answer"]]
    base = ("run", items_csv, "--classes", "class 0,class 1", "--columns", "a,b,c,d", *WIDE, "--ask", "ask.csv")
    assert command(*base).code == 3
    assert len(read_csv("ask.csv")) > 0
    for _ in range(60):
        write_csv("answers.csv", [*answers, ["i0", "", ""]])
        ended = command(*base, "--answers", "answers.csv", "-o", "labels.csv")
        if ended.code != 3:
            break
        asked = read_csv("ask.csv")
        assert list(asked[0]) == ["item", "id", "a", "b", "c", "d", "kind", "worker", "answer"]
        answers += [[row["item"], "far", pool.names[int(row["item"][1:])]] for row in asked]
    assert ended.code == 0, ended.err
    assert len(read_csv("labels.csv")) == 400


def test_answers_that_do_not_fit_are_named_by_line(command, items_csv, write_csv):
    base = ("run", items_csv, "--classes", "class 0,class 1", "--columns", "a", *WIDE, "--answers", "answers.csv")
    write_csv("answers.csv", [["item", "answer"], ["i1", "class 0"], ["i2", "class 7"]])
    ended = command(*base)
    assert ended.code == 2
    assert "answers.csv:3: 'class 7' is none of the classes class 0, class 1" in ended.err
    write_csv("answers.csv", [["item", "answer"], ["nobody", "class 0"]])
    assert "answers.csv:2: no item 'nobody' in the input" in command(*base).err


def test_what_to_ask_must_be_the_same_at_the_next_call(command, items_csv):
    base = ("run", items_csv, "--classes", "a,b", "--columns", "a", "--ask", "ask.csv")
    assert "expected --store (or --seed) too" in command(*base).err
    assert "holds the answers" in command(*base, "--seed", "1", "--answers", "ask.csv").err


def test_a_command_that_only_skips_does_not_go_on_for_ever(command, write_csv):
    table = write_csv("few.csv", [["a"], *([number] for number in range(20))])
    skip = 'sed \'s/.*"item": \\([0-9]*\\).*/{"item": \\1, "answer": "skip"}/\''
    ended = command("run", table, "--classes", "x,y", "--answers-from", skip, *WIDE)
    assert ended.code == 3


def test_several_people_per_item_are_asked_from_a_file(command, items_csv, write_csv, pool):
    rows = [[f"i{item}", worker, pool.names[item]] for item in range(400) for worker in ("ann", "bob", "cid")]
    write_csv("answers.csv", [["item", "worker", "answer"], *rows])
    base = ("run", items_csv, "--classes", "class 0,class 1", "--columns", "a,b,c,d", *WIDE)
    ended = command(*base, "--answers", "answers.csv", "--overlap", "2-3", "--price", "0.5", "--json")
    document = ended.document
    assert document["n_paid"] >= 2 * document["n_human"]
    assert document["cost"] == document["n_paid"] * 0.5


def test_a_spent_budget_is_exit_code_1_and_says_how_many_have_no_label(command, items_csv):
    ended = command("run", items_csv, "--truth", "kind", *WIDE, "--max-items", "30", "--json")
    assert ended.code == 1
    assert ended.document["n_human"] <= 30
    assert ended.document["n_unlabelled"] == 400 - ended.document["n_human"] - ended.document["n_auto"] > 0


def test_a_threshold_asks_for_no_proof(command, items_csv):
    ended = command("run", items_csv, "--truth", "kind", "--threshold", "0.9", "--seed", "1", "--json")
    assert ended.code == 0
    assert ended.document["certificate"] is None
    assert ended.document["n_auto"] > 0


def test_truth_with_gaps_leaves_the_job_unfinished(command, write_csv, pool):
    rows = [[*pool.X[item].tolist(), pool.names[item] if item < 50 else ""] for item in range(400)]
    table = write_csv("gaps.csv", [["a", "b", "c", "d", "kind"], *rows])
    ended = command("run", table, "--truth", "kind", *WIDE, "--ask", "ask.csv")
    assert ended.code == 3


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--truth", "kind", "-o", "labels.txt"], "labels.txt given, expected a name that ends in .csv, .jsonl"),
        (["--truth", "kind", "-o", "items.csv"], "items.csv is an input too"),
        (["--truth", "kind", "-o", "nowhere/labels.csv"], "expected a file in a folder that is there"),
        (["--truth", "kind", "-o", "x.manifest", "--attribute", "kind"], "items.csv has 'kind' already"),
        (["--truth", "kind", "-o", "x.manifest", "--attribute", "a-ref"], "'a-ref' given, expected letters, digits"),
        (["--truth", "truth"], "no column 'truth' (given by --truth), expected one of: id, a, b, c, d, kind"),
        (["--truth", "kind", "--id", "kind"], "again, first in line"),
        (["--truth", "kind", "--columns", "kind"], "'kind' is the id or the truth"),
        (["--truth", "kind", "--columns", "a", "--text", "b"], "--text: given beside --columns"),
        (["--truth", "kind", "--threshold", "0.9", "--target", "5%"], "--threshold: given beside a target"),
        (["--truth", "kind", "--until-confidence", "0.9"], "--until-confidence: given without --overlap"),
        (["--truth", "kind", "--max-cost", "7"], "max_cost"),
        (["--truth", "kind", "--features", "absent.npy"], "absent.npy: No such file or directory"),
        (["--answers", "absent.csv"], "absent.csv: No such file or directory"),
        (["--answers-from", "true"], "--classes: not given"),
        (["--classes", "a,b"], "nobody sits at the terminal"),
        (["--truth", "kind", "--onnx", "m.onnx"], "--onnx: given without images"),
    ],
)
def test_a_users_mistake_is_one_line_and_exit_code_2(command, items_csv, options, complaint):
    ended = command("run", items_csv, *options)
    assert ended.code == 2
    assert complaint in ended.err
    assert ended.err.startswith("gtlabel: ")
    assert ended.err.count("\n") == 1
    assert ended.out == ""


def test_a_package_that_the_output_needs_is_missed_before_anybody_is_asked(command, items_csv, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    ended = command("run", items_csv, "--truth", "kind", *WIDE, "-o", "labels.parquet")
    assert ended.code == 2
    assert "pip install 'gtlabel[arrow]'" in ended.err


def test_a_mistake_under_json_is_a_document_too(command):
    ended = command("run", "absent.csv", "--truth", "kind", "--json")
    assert ended.code == 2
    assert ended.document["error"] == {"code": "file_access", "message": "absent.csv: No such file or directory"}


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_ctrl_c_ends_with_130_without_a_trace(items_csv, tmp_path, heed_ctrl_c):
    argv = [sys.executable, "-m", "gtlabel", "run", items_csv, "--classes", "x,y", "--columns", "a"]
    argv += ["--answers-from", "echo started >&2; exec sleep 60"]
    in_group = {"start_new_session": True, "preexec_fn": heed_ctrl_c, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(argv, cwd=tmp_path, **in_group) as process:
        assert process.stderr.readline() == "started\n"
        os.killpg(process.pid, signal.SIGINT)
        assert process.stderr.read() == "gtlabel: interrupted\n"
    assert process.returncode == 130
