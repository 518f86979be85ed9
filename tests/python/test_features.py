"""Pools: what is borrowed, what is converted, and what is refused."""

import gc
import weakref

import gtlabel as gt
import numpy as np
import pytest

sparse = pytest.importorskip("scipy.sparse")

CLASSES = ["a", "b"]


class Keeper(gt.IncrementalModel):
    """Keeps the pool that it is given; knows nothing."""

    def __init__(self):
        super().__init__()
        self.X = None

    def attach(self, X, n_classes):
        self.X = X

    def update(self, items, targets, weights):
        pass

    def predict_proba(self, items):
        return np.full((len(items), 2), 0.5)


def received(X):
    """The pool as a job sees it."""
    keeper = Keeper()
    gt.LabelingJob(X, CLASSES, model=keeper)
    return keeper.X


def predictions(model, X, n_labelled=20):
    """What a model says about a pool after a few labels."""
    truth = np.arange(n_labelled) % 2
    model.attach(X, 2)
    model.update(np.arange(n_labelled), truth)
    return model.predict_proba(np.arange(X.shape[0] if hasattr(X, "shape") else len(X)))


@pytest.fixture(scope="module")
def whole_numbers():
    """40 x 6 values that every numeric type can hold."""
    X = np.random.default_rng(1).integers(0, 2, size=(40, 6)).astype(np.float32)
    X[:, 0] = np.arange(40) % 2
    return X


def unaligned(X):
    memory = np.empty(X.nbytes + 1, dtype=np.uint8)
    view = memory[1:].view(np.float32).reshape(X.shape)
    view[...] = X
    return view


def columns_apart(X):
    wide = np.zeros((X.shape[0], 2 * X.shape[1]), dtype=np.float32)
    wide[:, ::2] = X
    return wide[:, ::2]


def rows_two_apart(X):
    tall = np.zeros((2 * X.shape[0], X.shape[1]), dtype=np.float32)
    tall[::2] = X
    return tall[::2]


def inside_of_wider(X):
    wide = np.zeros((X.shape[0], X.shape[1] + 3), dtype=np.float32)
    wide[:, 1 : 1 + X.shape[1]] = X
    return wide[:, 1 : 1 + X.shape[1]]


def read_only(X):
    X = X.copy()
    X.flags.writeable = False
    return X


def mapped(X, tmp_path):
    path = tmp_path / "pool.npy"
    np.save(path, X)
    return np.load(path, mmap_mode="r")


BORROWED = {
    "C order": np.copy,
    "every second row": rows_two_apart,
    "rows backwards": lambda X: X[::-1].copy()[::-1],
    "columns of a wider array": inside_of_wider,
    "read-only": read_only,
}
CONVERTED = {
    "float64": lambda X: X.astype(np.float64),
    "float16": lambda X: X.astype(np.float16),
    "longdouble": lambda X: X.astype(np.longdouble),
    "int8": lambda X: X.astype(np.int8),
    "int64": lambda X: X.astype(np.int64),
    "uint16": lambda X: X.astype(np.uint16),
    "bool": lambda X: X.astype(bool),
    "Fortran order": np.asfortranarray,
    "transposed": lambda X: np.ascontiguousarray(X.T).T,
    "foreign byte order": lambda X: X.astype(X.dtype.newbyteorder()),
    "foreign byte order float64": lambda X: X.astype(np.dtype(np.float64).newbyteorder()),
    "unaligned": unaligned,
    "columns apart": columns_apart,
    "list of lists": lambda X: X.tolist(),
    "tuple of arrays": tuple,
}
SPARSE_FORMATS = ["csc", "coo", "bsr", "lil", "dok", "dia"]


@pytest.mark.parametrize("layout", BORROWED)
def test_float32_rows_are_borrowed_without_a_copy(whole_numbers, layout):
    X = BORROWED[layout](whole_numbers)
    seen = received(X)
    assert np.shares_memory(seen, X)
    assert seen.__array_interface__["data"][0] == X.__array_interface__["data"][0]
    assert seen.strides == X.strides
    np.testing.assert_array_equal(seen, whole_numbers)


def test_a_memory_mapped_file_is_borrowed(whole_numbers, tmp_path):
    X = mapped(whole_numbers, tmp_path)
    seen = received(X)
    assert np.shares_memory(seen, X)
    np.testing.assert_array_equal(seen, whole_numbers)


def test_equal_rows_that_share_memory_are_borrowed():
    X = np.broadcast_to(np.arange(6, dtype=np.float32), (30, 6))
    seen = received(X)
    assert seen.strides == (0, 4)
    np.testing.assert_array_equal(seen, X)


def test_a_model_cannot_write_into_the_pool(whole_numbers):
    seen = received(whole_numbers)
    with pytest.raises(ValueError, match="read-only"):
        seen[0, 0] = 1.0
    assert whole_numbers.flags.writeable


@pytest.mark.parametrize("layout", CONVERTED)
def test_other_numbers_are_converted_to_the_same_pool(whole_numbers, layout):
    X = CONVERTED[layout](whole_numbers)
    seen = received(X)
    assert seen.dtype == np.float32
    assert seen.dtype.isnative
    assert seen.flags.c_contiguous
    assert seen.flags.aligned
    np.testing.assert_array_equal(seen, whole_numbers)
    if isinstance(X, np.ndarray):
        assert not np.shares_memory(seen, X)


@pytest.mark.parametrize("layout", BORROWED | CONVERTED)
@pytest.mark.parametrize("model", [gt.SoftmaxRegression, gt.GraphModel])
def test_the_layout_of_a_pool_changes_no_prediction(whole_numbers, model, layout):
    X = (BORROWED | CONVERTED)[layout](whole_numbers)
    np.testing.assert_array_equal(predictions(model(), X), predictions(model(), whole_numbers))


def test_a_pandas_frame_is_a_pool(whole_numbers):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(whole_numbers, columns=list("uvwxyz"), index=[f"row {i}" for i in range(40)])
    frame["u"] = frame["u"].astype(np.int32)
    frame["v"] = frame["v"].astype(bool).astype(np.float64)
    np.testing.assert_array_equal(received(frame), whole_numbers)


def test_a_masked_array_that_masks_nothing_is_a_pool(whole_numbers):
    np.testing.assert_array_equal(received(np.ma.masked_array(whole_numbers)), whole_numbers)


def test_a_pool_is_converted_once(whole_numbers):
    class Counted:
        n_conversions = 0

        def __array__(self, dtype=None, copy=None):
            Counted.n_conversions += 1
            return whole_numbers.astype(np.float64)

    keepers = [Keeper(), Keeper()]
    job = gt.LabelingJob(Counted(), CLASSES, model=gt.Committee(keepers))
    job.run(lambda batch: np.zeros(len(batch), dtype=int))
    assert Counted.n_conversions == 1
    assert np.shares_memory(keepers[0].X, keepers[1].X)


def test_the_pool_outlives_its_last_python_reference_and_no_longer(whole_numbers):
    X = whole_numbers.copy()
    expected = predictions(gt.SoftmaxRegression(), whole_numbers)
    alive = weakref.ref(X)
    model = gt.SoftmaxRegression()
    model.attach(X, 2)
    del X
    gc.collect()
    assert alive() is not None
    model.update(np.arange(20), np.arange(20) % 2)
    np.testing.assert_array_equal(model.predict_proba(np.arange(40)), expected)
    del model
    gc.collect()
    assert alive() is None


def test_the_array_that_a_model_got_keeps_the_pool_alive(whole_numbers):
    X = whole_numbers.copy()
    alive = weakref.ref(X)
    seen = received(X)
    del X
    gc.collect()
    assert alive() is not None
    np.testing.assert_array_equal(seen, whole_numbers)
    del seen
    gc.collect()
    assert alive() is None


def test_the_converted_copy_is_not_tied_to_the_original(whole_numbers):
    X = whole_numbers.astype(np.float64)
    model = gt.SoftmaxRegression()
    model.attach(X, 2)
    X[...] = np.nan
    model.update(np.arange(20), np.arange(20) % 2)
    np.testing.assert_array_equal(
        model.predict_proba(np.arange(40)), predictions(gt.SoftmaxRegression(), whole_numbers)
    )


# --- sparse ---


@pytest.mark.parametrize("make", [sparse.csr_matrix, sparse.csr_array])
def test_a_float32_csr_matrix_is_borrowed(whole_numbers, make):
    X = make(whole_numbers)
    X.indices, X.indptr = X.indices.astype(np.int32), X.indptr.astype(np.int32)
    seen = received(X)
    assert seen.format == "csr"
    assert np.shares_memory(seen.data, X.data)
    assert np.shares_memory(seen.indices, X.indices)
    np.testing.assert_array_equal(seen.toarray(), whole_numbers)
    with pytest.raises(ValueError, match="read-only"):
        seen.data[0] = 2.0


def test_csr_with_int64_indices_is_the_same_pool(whole_numbers):
    X = sparse.csr_matrix(whole_numbers)
    wide = X.copy()
    wide.indices, wide.indptr = wide.indices.astype(np.int64), wide.indptr.astype(np.int64)
    seen = received(wide)
    assert np.shares_memory(seen.data, wide.data)
    np.testing.assert_array_equal(seen.toarray(), whole_numbers)
    for model in (gt.SoftmaxRegression, gt.GraphModel):
        np.testing.assert_array_equal(predictions(model(), wide), predictions(model(), X))


@pytest.mark.parametrize("form", SPARSE_FORMATS)
@pytest.mark.parametrize("kind", ["matrix", "array"])
def test_other_sparse_formats_are_converted(whole_numbers, form, kind):
    X = getattr(sparse, f"{form}_{kind}")(whole_numbers)
    assert X.format == form
    np.testing.assert_array_equal(received(X).toarray(), whole_numbers)


@pytest.mark.parametrize("dtype", [np.float64, np.int32, np.bool_])
def test_sparse_values_of_other_types_are_converted(whole_numbers, dtype):
    X = sparse.csr_matrix(whole_numbers.astype(dtype))
    seen = received(X)
    assert seen.dtype == np.float32
    np.testing.assert_array_equal(seen.toarray(), whole_numbers)


def test_room_behind_the_last_row_is_not_part_of_the_pool(whole_numbers):
    X = sparse.csr_matrix(whole_numbers)
    X.data = np.append(X.data, np.float32([np.nan, 7]))
    X.indices = np.append(X.indices, np.int32([99, 0]))
    np.testing.assert_array_equal(received(X).toarray(), whole_numbers)
    X.data = np.append(X.data[:-2].astype(np.float64), [1e300, 7])
    np.testing.assert_array_equal(received(X).toarray(), whole_numbers)


@pytest.mark.parametrize("model", [gt.SoftmaxRegression, gt.GraphModel])
def test_columns_in_any_order_and_stored_twice_count_as_their_sum(whole_numbers, model):
    X = sparse.csr_matrix(whole_numbers + 0.5)
    halves = np.repeat(X.data / 2, 2)
    columns = np.repeat(X.indices, 2)
    starts = 2 * X.indptr
    for row in range(X.shape[0]):  # backwards within the row: 5 5 4 4 ...
        columns[starts[row] : starts[row + 1]] = columns[starts[row] : starts[row + 1]][::-1]
        halves[starts[row] : starts[row + 1]] = halves[starts[row] : starts[row + 1]][::-1]
    messy = sparse.csr_matrix((halves, columns, starts), shape=X.shape)
    assert not messy.has_canonical_format
    np.testing.assert_array_equal(messy.toarray(), X.toarray())
    np.testing.assert_allclose(predictions(model(), messy), predictions(model(), X), atol=1e-4)
    assert messy.nnz == 2 * X.nnz, "the caller's matrix is not changed"


@pytest.mark.parametrize("model", [gt.SoftmaxRegression, gt.GraphModel])
def test_rows_without_entries_and_stored_zeros_are_rows_of_zeros(whole_numbers, model):
    dense = whole_numbers.copy()
    dense[30:] = 0.0
    X = sparse.csr_matrix(dense)
    assert X.indptr[-1] == X.indptr[30]
    stored = sparse.csr_matrix(np.ones_like(dense))
    stored.data[...] = dense.ravel()
    np.testing.assert_allclose(predictions(model(), stored), predictions(model(), X), atol=1e-4)


# --- refused ---


def with_value(value, row, column, dtype=np.float32):
    X = np.zeros((5, 3), dtype=dtype)
    X[row, column] = value
    return X


def tampered_csr(**parts):
    X = sparse.csr_matrix(np.eye(4, dtype=np.float32))
    for name, (position, value) in parts.items():
        getattr(X, name)[position] = value
    return X


def structured():
    return np.zeros(5, dtype=[("height", "f4"), ("width", "f4")])


FAULTS = {
    "NaN": (lambda: with_value(np.nan, 3, 1), gt.InvalidArgument, "not_finite", ["row 3", "column 1", "NaN"]),
    "NaN in float64": (
        lambda: with_value(np.nan, 4, 0, np.float64),
        gt.InvalidArgument,
        "not_finite",
        ["row 4", "column 0"],
    ),
    "infinity": (lambda: with_value(np.inf, 0, 2), gt.InvalidArgument, "not_finite", ["row 0", "column 2"]),
    "minus infinity": (lambda: with_value(-np.inf, 1, 1), gt.InvalidArgument, "not_finite", ["row 1", "column 1"]),
    "beyond float32": (
        lambda: with_value(1e300, 2, 1, np.float64),
        gt.InvalidArgument,
        "not_finite",
        ["row 2, column 1 is 1e+300, too large for float32"],
    ),
    "beyond float32, behind an infinity": (
        lambda: np.array([[np.inf, 1.0], [1.0, -1e39]]),
        gt.InvalidArgument,
        "not_finite",
        ["row 1, column 1 is -1e+39, too large for float32"],
    ),
    "infinity in float64": (
        lambda: with_value(np.inf, 2, 1, np.float64),
        gt.InvalidArgument,
        "not_finite",
        ["row 2, column 1 is infinite"],
    ),
    "NaN in a strided slice": (
        lambda: with_value(np.nan, 4, 2)[::2],
        gt.InvalidArgument,
        "not_finite",
        ["row 2", "column 2"],
    ),
    "masked": (
        lambda: np.ma.masked_array(np.zeros((2, 2)), [[False, False], [True, False]]),
        gt.InvalidArgument,
        "not_finite",
        ["masked"],
    ),
    "ragged": (
        lambda: [[1.0, 2.0], [3.0, 4.0], [5.0]],
        gt.InvalidArgument,
        "shape_mismatch",
        ["row 2 has 1 values, expected 2 as in row 0"],
    ),
    "numbers beside rows": (lambda: [[1.0, 2.0], 3.0], gt.InvalidArgument, "shape_mismatch", ["rectangular"]),
    "no items": (lambda: np.zeros((0, 3)), gt.InvalidArgument, "shape_mismatch", ["0 items", "3 features"]),
    "no features": (lambda: np.zeros((3, 0)), gt.InvalidArgument, "shape_mismatch", ["3 items", "0 features"]),
    "empty list": (list, gt.InvalidArgument, "shape_mismatch", ["1 dimensions", "expected 2"]),
    "one number": (lambda: 3.0, gt.InvalidArgument, "shape_mismatch", ["0 dimensions"]),
    "one dimension": (lambda: np.zeros(5), gt.InvalidArgument, "shape_mismatch", ["1 dimensions"]),
    "three dimensions": (lambda: np.zeros((5, 2, 2)), gt.InvalidArgument, "shape_mismatch", ["3 dimensions"]),
    "objects": (lambda: np.array([[1, None]], dtype=object), gt.InvalidType, "invalid_type", ["object"]),
    "complex": (lambda: np.zeros((3, 2), dtype=complex), gt.InvalidType, "invalid_type", ["complex128"]),
    "strings": (lambda: [["1", "2"]], gt.InvalidType, "invalid_type", ["<U1"]),
    "bytes": (lambda: np.zeros((3, 2), dtype="S3"), gt.InvalidType, "invalid_type", ["S3"]),
    "dates": (lambda: np.zeros((3, 2), dtype="M8[s]"), gt.InvalidType, "invalid_type", ["datetime64"]),
    "records": (structured, gt.InvalidType, "invalid_type", ["height"]),
    "None": (lambda: None, gt.InvalidType, "invalid_type", ["X: ", "given, expected"]),
    "sparse NaN": (
        lambda: tampered_csr(data=(2, np.nan)),
        gt.InvalidArgument,
        "not_finite",
        ["row 2", "column 2", "NaN"],
    ),
    "sparse beyond float32": (
        lambda: sparse.csr_matrix(np.array([[1.0, 0.0], [0.0, 0.0], [0.5, 1e300]])),
        gt.InvalidArgument,
        "not_finite",
        ["row 2, column 1 is 1e+300, too large for float32"],
    ),
    "sparse complex": (
        lambda: sparse.csr_matrix(np.eye(3, dtype=complex)),
        gt.InvalidType,
        "invalid_type",
        ["complex128"],
    ),
    "sparse column too large": (
        lambda: tampered_csr(indices=(1, 4)),
        gt.InvalidArgument,
        "shape_mismatch",
        ["row 1", "column index 4"],
    ),
    "sparse column negative": (
        lambda: tampered_csr(indices=(3, -1)),
        gt.InvalidArgument,
        "shape_mismatch",
        ["row 3", "column index -1"],
    ),
    "sparse rows out of order": (
        lambda: tampered_csr(indptr=(1, 3)),
        gt.InvalidArgument,
        "shape_mismatch",
        ["row 1", "indptr"],
    ),
    "sparse without items": (lambda: sparse.csr_matrix((0, 3)), gt.InvalidArgument, "shape_mismatch", ["0 items"]),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_no_pool_is_refused_by_name(fault):
    make, error, code, fragments = FAULTS[fault]
    for use in (lambda X: gt.LabelingJob(X, CLASSES), lambda X: gt.SoftmaxRegression().attach(X, 2)):
        with pytest.raises(error) as caught:
            use(make())
        assert caught.value.code == code
        assert isinstance(caught.value, gt.Error)
        assert isinstance(caught.value, TypeError if error is gt.InvalidType else ValueError)
        for fragment in fragments:
            assert fragment in str(caught.value)


def test_an_int64_column_index_beyond_int32_is_refused():
    X = sparse.csr_matrix(np.eye(3, dtype=np.float32))
    X.indices = X.indices.astype(np.int64)
    X.indices[1] = 2**40
    with pytest.raises(gt.InvalidArgument, match=str(2**40)):
        gt.LabelingJob(X, CLASSES)


def test_what_a_pool_raises_while_it_is_read_comes_back_as_itself():
    class Broken:
        def __array__(self, dtype=None, copy=None):
            raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        gt.LabelingJob(Broken(), CLASSES)
