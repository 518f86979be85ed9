"""gtlabel run on manifests and tables of images, wherever their files are."""

import json

import numpy as np
import pytest

Image = pytest.importorskip("PIL.Image")

WIDE = ("--target", "10%", "--seed", "1", "-q")


@pytest.fixture
def stripes(tmp_path):
    """150 noisy images of horizontal or vertical stripes in the folder shots; what each is."""
    random = np.random.default_rng(2)
    (tmp_path / "shots").mkdir()
    kinds = random.choice(["across", "down"], size=150)
    for number, kind in enumerate(kinds):
        pixels = np.tile(np.repeat([40, 200], 4), 4)[:, None] + random.normal(0, 20, (32, 32))
        pixels = pixels if kind == "across" else pixels.T
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(tmp_path / f"shots/{number}.png")
    return kinds


def write_manifest(path, addresses, kinds):
    lines = [{"source-ref": address, "kind": kind} for address, kind in zip(addresses, kinds.tolist(), strict=True)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


@pytest.mark.parametrize("kind_of_address", ["relative", "file", "s3"])
def test_images_are_found_by_path_uri_and_bucket(command, stripes, tmp_path, kind_of_address):
    names = [f"{number}.png" for number in range(150)]
    start = {"relative": "shots/", "file": (tmp_path / "shots").as_uri() + "/", "s3": "s3://acme/day 1/"}
    write_manifest(tmp_path / "in.manifest", [start[kind_of_address] + name for name in names], stripes)
    (tmp_path / "bucket").mkdir()
    (tmp_path / "bucket/day 1").symlink_to(tmp_path / "shots")
    bucket = ("--bucket", "acme=bucket") if kind_of_address == "s3" else ()
    ended = command("run", "in.manifest", "--truth", "kind", *bucket, *WIDE, "--json")
    assert ended.code == 0, ended.err
    assert ended.document["savings"] > 0.3


@pytest.mark.parametrize(
    ("address", "complaint"),
    [
        (
            "s3://acme/1.png",
            "in.manifest:1: s3://acme/1.png is far away; say where its files are: --bucket acme=FOLDER",
        ),
        ("s3://known/../../etc/passwd", "in.manifest:1: s3://known/../../etc/passwd leaves its bucket"),
        ("https://acme.example/1.png", "is far away, expected a local file"),
        ("absent.png", "in.manifest:1: absent.png is not there"),
        (7, "'source-ref' is 7, expected the address of an image"),
    ],
)
def test_an_image_that_cannot_be_had_is_named_by_line(command, tmp_path, address, complaint):
    write_manifest(tmp_path / "in.manifest", [address, address], np.array(["a", "b"]))
    ended = command("run", "in.manifest", "--truth", "kind", "--bucket", "known=.", *WIDE)
    assert ended.code == 2
    assert complaint in ended.err


def test_a_bucket_is_a_name_and_a_folder(command, stripes, tmp_path):
    write_manifest(tmp_path / "in.manifest", ["s3://a/1.png"], np.array(["a"]))
    assert "expected NAME=FOLDER" in command("run", "in.manifest", "--truth", "kind", "--bucket", "acme").err
