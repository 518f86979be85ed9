"""Texts, images, tables and files become features; what was computed before is not computed again."""

import contextlib
import io
import sqlite3

import gtlabel as gt
import numpy as np
import pytest
from gtlabel.raw_items import (
    FeatureCache,
    default_cache_folder,
    image_features,
    read_features,
    table_features,
    text_features,
)
from hypothesis import given, settings
from hypothesis import strategies as st

TEXTS = ["the cat sat", "the dog sat", "a cat and a dog", "", "nothing of it"]


@pytest.fixture
def cache(tmp_path):
    cache = FeatureCache(tmp_path / "cache")
    yield cache
    cache.close()


def test_texts_become_sparse_rows_of_length_1_and_empty_ones_of_length_0():
    pytest.importorskip("sklearn")
    features = text_features(TEXTS)
    assert features.dtype == np.float32
    lengths = np.sqrt(np.asarray(features.multiply(features).sum(axis=1)).ravel())
    np.testing.assert_allclose(lengths, [1, 1, 1, 0, 0], atol=1e-6)


def test_texts_that_share_no_word_still_have_features_and_texts_without_words_are_refused():
    pytest.importorskip("sklearn")
    assert text_features(["one", "two"]).nnz == 2
    with pytest.raises(gt.InvalidArgument, match="no words in the 2 texts"):
        text_features(["", "!"])
    with pytest.raises(gt.InvalidType, match="row 1 is float, expected str"):
        text_features(["one", float("nan")])


def test_texts_of_before_come_from_the_cache_to_the_bit(cache, monkeypatch):
    sklearn_text = pytest.importorskip("sklearn.feature_extraction.text")
    first = text_features(TEXTS, cache=cache)
    monkeypatch.setattr(sklearn_text, "TfidfVectorizer", None)
    again = text_features(TEXTS, cache=cache)
    assert (first != again).nnz == 0
    with pytest.raises(TypeError):  # another content has another key
        text_features([*TEXTS, "more"], cache=cache)


def test_a_damaged_cache_is_none(cache, tmp_path, caplog):
    pytest.importorskip("sklearn")
    text_features(TEXTS, cache=cache)
    with sqlite3.connect(tmp_path / "cache/features.sqlite") as connection:
        connection.execute("UPDATE features SET content = ?", (b"nonsense",))
    connection.close()
    assert text_features(TEXTS, cache=cache).nnz > 0
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad/features.sqlite").write_bytes(b"no database" * 100)
    broken = FeatureCache(tmp_path / "bad")
    assert text_features(TEXTS, cache=broken).nnz > 0
    assert "is not used" in caplog.text


def test_the_cache_is_where_the_platform_has_such_things(monkeypatch, tmp_path):
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache_folder() == tmp_path / "gtlabel"


def test_a_table_keeps_numbers_marks_what_is_missing_and_spreads_categories():
    columns = {"age": ["1", "2", "", "9"], "size": [1.5, 2, 3, 4], "kind": ["b", "a", "b", None]}
    features, names = table_features(columns)
    assert names == ["age", "age is missing", "size", "kind=", "kind=a", "kind=b"]
    expected = [[1, 0, 1.5, 0, 0, 1], [2, 0, 2, 0, 1, 0], [2, 1, 3, 0, 0, 1], [9, 0, 4, 1, 0, 0]]
    np.testing.assert_array_equal(features, np.array(expected, dtype=np.float32))


def test_a_column_of_names_is_no_category():
    with pytest.raises(gt.InvalidArgument, match="column 'name': 300 different values in 300 rows"):
        table_features({"name": [f"n{row}" for row in range(300)]})
    with pytest.raises(gt.InvalidArgument, match="row 1 is 1e\\+60"):
        table_features({"huge": ["1", "1e60"]})


@settings(max_examples=50, deadline=None)
@given(numbers=st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=9))
def test_numbers_as_texts_are_the_same_numbers(numbers):
    texts, _ = table_features({"x": [repr(number) for number in numbers]})
    np.testing.assert_array_equal(texts[:, 0], np.array(numbers, dtype=np.float32))


@pytest.mark.parametrize("name", ["x.npy", "x.npz", "named.npz", "sparse.npz"])
def test_feature_files_are_read_as_they_were_written(name, tmp_path):
    sparse = pytest.importorskip("scipy.sparse")
    features = np.eye(4, 3, dtype=np.float32)
    path = tmp_path / name
    if name == "x.npy":
        np.save(path, features)
    elif name == "x.npz":
        np.savez(path, features)
    elif name == "named.npz":
        np.savez(path, X=features, y=np.arange(4))
    else:
        sparse.save_npz(path, sparse.csr_matrix(features))
    read = read_features(path)
    np.testing.assert_array_equal(read.toarray() if sparse.issparse(read) else read, features)


@settings(max_examples=100, deadline=None)
@given(position=st.integers(0, 10_000), byte=st.integers(0, 255), as_npz=st.booleans())
def test_a_feature_file_with_a_changed_byte_is_features_or_an_error_of_gtlabel(
    position, byte, as_npz, tmp_path_factory
):
    file = io.BytesIO()
    (np.savez if as_npz else np.save)(file, np.eye(3, dtype=np.float32))
    content = bytearray(file.getvalue())
    content[position % len(content)] = byte
    path = tmp_path_factory.mktemp("features") / ("x.npz" if as_npz else "x.npy")
    path.write_bytes(content)
    with contextlib.suppress(gt.InvalidArgument):
        assert read_features(path).ndim == 2


def test_a_pickle_is_refused(tmp_path):
    np.save(tmp_path / "x.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(gt.InvalidArgument, match="not a file of features"):
        read_features(tmp_path / "x.npy")


@pytest.fixture
def pictures(tmp_path):
    """Six images: horizontal and vertical stripes, and one of each in other sizes and modes."""
    image = pytest.importorskip("PIL.Image")
    rows = np.tile(np.repeat([0, 255], 8), 8)[:, None] * np.ones(128)
    paths = []
    for number, (mode, side) in enumerate([("L", 128), ("RGB", 100), ("P", 64), ("L", 40), ("RGBA", 128), ("1", 128)]):
        pixels = rows if number % 2 == 0 else rows.T
        path = tmp_path / f"{number}.png"
        image.fromarray(pixels.astype(np.uint8)).resize((side, side)).convert(mode).save(path)
        paths.append(path)
    return paths


def test_images_that_look_alike_are_near_whatever_their_size_and_mode(pictures):
    features = image_features(pictures)
    assert features.dtype == np.float32
    distance = np.linalg.norm(features[:, None] - features, axis=2)
    is_like = np.arange(6)[:, None] % 2 == np.arange(6) % 2
    assert distance[is_like].max() < 0.5 * distance[~is_like].min()


@pytest.mark.parametrize(
    ("ending", "kind", "factor"),
    [
        ("png", np.uint16, 257),
        ("tif", ">u2", 16),
        ("pgm", np.uint16, 257),
        ("tif", np.int32, 7),
        ("tif", np.float32, 1 / 255),
    ],
)
def test_deep_images_have_the_features_of_their_8_bits(tmp_path, ending, kind, factor):
    image = pytest.importorskip("PIL.Image")
    down, across = np.mgrid[:80, :64]
    shallow = (down * 255 // 79 * (across > 20)).astype(np.uint8)  # all of 0 to 255
    deep = (shallow * factor).astype(kind) if factor < 1 else (shallow.astype(np.int64) * factor).astype(kind)
    image.fromarray(shallow).save(tmp_path / "shallow.png")
    if kind == ">u2":
        image.frombytes("I;16B", (64, 80), deep.tobytes()).save(tmp_path / f"deep.{ending}")
    else:
        image.fromarray(deep).save(tmp_path / f"deep.{ending}")
    with image.open(tmp_path / f"deep.{ending}") as opened:
        assert opened.mode[0] in "IF"
    features = image_features([tmp_path / "shallow.png", tmp_path / f"deep.{ending}"])
    assert np.ptp(features[0]) > 0.1
    np.testing.assert_allclose(features[1], features[0], atol=1e-6)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("values", [np.full((9, 9), np.nan), np.full((9, 9), 7.0), [[np.inf, 1.0], [np.nan, -np.inf]]])
def test_floats_that_are_no_numbers_make_no_features_that_are_none(tmp_path, values):
    image = pytest.importorskip("PIL.Image")
    image.fromarray(np.asarray(values, dtype=np.float32)).save(tmp_path / "odd.tif")
    assert np.isfinite(image_features([tmp_path / "odd.tif"])).all()


def test_images_of_before_come_from_the_cache_and_new_ones_are_added(pictures, cache, monkeypatch):
    first = image_features(pictures[:4], cache=cache)
    decoded = []
    from gtlabel.raw_items import images

    pixels = images._pixels
    monkeypatch.setattr(images, "_pixels", lambda path, *rest: decoded.append(path) or pixels(path, *rest))
    again = image_features(pictures, cache=cache)
    assert decoded == pictures[4:]
    np.testing.assert_array_equal(again[:4], first)


def test_what_is_no_image_is_named(pictures, tmp_path):
    (tmp_path / "note.png").write_bytes(b"not a picture")
    with pytest.raises(gt.InvalidArgument, match=r"note\.png: not an image that can be read"):
        image_features([pictures[0], tmp_path / "note.png"])
    (tmp_path / "half.png").write_bytes(pictures[0].read_bytes()[:60])
    with pytest.raises(gt.InvalidArgument, match=r"half\.png: not an image that can be read"):
        image_features([tmp_path / "half.png"])
    with pytest.raises(FileNotFoundError):
        image_features([tmp_path / "absent.png"])


@pytest.fixture
def onnx_model(tmp_path):
    """Mean colours of images of 8 x 8: (n, 3, 8, 8) -> (n, 3, 1, 1)."""
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    floats, helper = onnx.TensorProto.FLOAT, onnx.helper
    taken = helper.make_tensor_value_info("pixels", floats, ["n", 3, 8, 8])
    given = helper.make_tensor_value_info("means", floats, ["n", 3, 1, 1])
    graph = helper.make_graph([helper.make_node("GlobalAveragePool", ["pixels"], ["means"])], "g", [taken], [given])
    opset = [helper.make_opsetid("", 13)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), tmp_path / "means.onnx")
    return tmp_path / "means.onnx"


def test_a_network_makes_the_features_of_images(onnx_model, pictures, cache, tmp_path):
    image = pytest.importorskip("PIL.Image")
    image.new("RGB", (20, 30), (255, 0, 51)).save(tmp_path / "red.png")
    scales = {"unit": [1, 0, 0.2], "symmetric": [1, -1, -0.6], "imagenet": [2.2489, -2.0357, -0.9165]}
    for scale, expected in scales.items():
        features = image_features([tmp_path / "red.png"], onnx_model=onnx_model, onnx_scale=scale, cache=cache)
        np.testing.assert_allclose(features, [expected], atol=1e-3)
    assert image_features(pictures, onnx_model=onnx_model).shape == (6, 3)


def test_what_is_no_network_for_images_is_named(pictures, tmp_path, onnx_model):
    (tmp_path / "bad.onnx").write_bytes(b"nonsense")
    with pytest.raises(gt.InvalidArgument, match=r"bad\.onnx: not an ONNX model"):
        image_features(pictures, onnx_model=tmp_path / "bad.onnx")


def test_a_missing_package_is_named_with_what_to_type(monkeypatch, pictures):
    monkeypatch.setitem(__import__("sys").modules, "PIL.Image", None)
    with pytest.raises(ImportError, match=r"pip install 'gtlabel\[images\]'"):
        image_features(pictures)
