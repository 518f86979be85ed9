#include "arrays.hpp"

#include <algorithm>
#include <limits>

#include "gtlabel/core/error.hpp"

namespace gtlabel::python {
namespace {

bool is_finalizing() {
#if PY_VERSION_HEX >= 0x030D0000
  return Py_IsFinalizing() != 0;
#else
  return _Py_IsFinalizing() != 0;
#endif
}

std::string type_name(const py::object& object) { return py::str(py::type::of(object).attr("__name__")); }

bool is_number(const py::dtype& dtype) { return std::string_view("fiub").find(dtype.kind()) != std::string_view::npos; }

void require_number(const py::array& array, const std::string& name) {
  if (is_number(array.dtype())) return;
  throw InvalidType(name + ": dtype " + std::string(py::str(array.dtype())) + " given, expected real numbers");
}

template <class Count>
void require_two_dimensions(Count given, const std::string& name) {
  if (given == 2) return;
  throw InvalidArgument(name + ": " + std::to_string(given) + " dimensions given, expected 2",
                        ErrorCode::shape_mismatch);
}

bool is_aligned(const py::array& array) { return reinterpret_cast<std::uintptr_t>(array.data()) % alignof(float) == 0; }

py::array_t<float> convert_to_float(const py::array& array, const char* on_overflow) {
  const py::object convert =
      py::module_::import("numpy").attr("errstate")("over"_a = on_overflow)(array.attr("astype"));
  return py::array_t<float>(convert("float32", "order"_a = "C"));
}

/// The array as adjacent float32: itself if it is that already.
/// @param place  says in the caller's words where the value at a flat index stands: "X: row 2, column 1".
/// @throws InvalidArgument  a finite value that float32 cannot hold. (numpy before 1.24 tells of none: they are
/// infinite.)
template <class Place>
py::array_t<float> to_float(const py::array& array, const Place& place) {
  if (py::isinstance<py::array_t<float, py::array::c_style>>(array) && is_aligned(array)) return array;
  try {
    return convert_to_float(array, "raise");
  } catch (py::error_already_set& error) {
    if (!error.matches(PyExc_FloatingPointError)) throw;
  }
  const auto numpy = py::module_::import("numpy");
  const py::object is_lost = numpy.attr("isinf")(convert_to_float(array, "ignore")) & numpy.attr("isfinite")(array);
  const auto index = is_lost.attr("argmax")().cast<py::ssize_t>();
  const std::string value = py::str(array.attr("flat")[py::int_(index)]);
  throw InvalidArgument(place(index) + " is " + value + ", too large for float32, expected at most 3.4e+38 either way",
                        ErrorCode::not_finite);
}

/// The place of a value of a matrix, for `to_float`.
auto place_in_rows(const char* name, py::ssize_t cols) {
  return [name, cols](py::ssize_t index) {
    return std::string(name) + ": row " + std::to_string(index / cols) + ", column " + std::to_string(index % cols);
  };
}

/// The array as float32 whose columns are adjacent: itself if it is that already.
py::array_t<float> as_float_rows(const py::array& array, const char* name) {
  const bool is_borrowable = py::isinstance<py::array_t<float>>(array) && array.strides(1) == sizeof(float) &&
                             array.strides(0) % static_cast<py::ssize_t>(sizeof(float)) == 0 && is_aligned(array);
  if (is_borrowable) return py::reinterpret_borrow<py::array_t<float>>(array);
  return to_float(array, place_in_rows(name, array.shape(1)));
}

/// numpy.asarray would show what lies behind the mask.
void require_unmasked(const py::object& X) {
  const auto masked = py::module_::import("numpy").attr("ma");
  if (!py::isinstance(X, masked.attr("MaskedArray")) || !masked.attr("is_masked")(X).cast<bool>()) return;
  throw InvalidArgument("X: has masked values, expected a finite number everywhere", ErrorCode::not_finite);
}

/// numpy only says that rows are of unequal lengths; this says which.
void require_equal_lengths(const py::object& rows, const std::string& name) {
  if (!py::isinstance<py::list>(rows) && !py::isinstance<py::tuple>(rows)) return;
  const py::sequence sequence = rows;
  for (std::size_t row = 0; row < sequence.size() && py::hasattr(sequence[row], "__len__"); ++row) {
    const std::size_t given = py::len(sequence[row]), expected = py::len(sequence[0]);
    if (given == expected) continue;
    throw InvalidArgument(name + ": row " + std::to_string(row) + " has " + std::to_string(given) +
                              " values, expected " + std::to_string(expected) + " as in row 0",
                          ErrorCode::shape_mismatch);
  }
}

/// What numpy makes of an object. @throws InvalidArgument  lists that are no matrix.
py::array array_from(const py::object& values, const std::string& name) {
  try {
    return py::module_::import("numpy").attr("asarray")(values);
  } catch (py::error_already_set& error) {
    if (!error.matches(PyExc_ValueError)) throw;
    require_equal_lengths(values, name);
    throw InvalidArgument(name + ": not a rectangular matrix: " + std::string(py::str(error.value())),
                          ErrorCode::shape_mismatch);
  }
}

Features dense_features(const py::array& array) {
  require_number(array, "X");
  require_two_dimensions(array.ndim(), "X");
  const py::array_t<float> rows = array.shape(0) == 0 || array.shape(1) == 0
                                      ? py::array_t<float>({array.shape(0), array.shape(1)})
                                      : as_float_rows(array, "X");
  const MatrixView<const float> view(rows.data(), rows.shape(0), rows.shape(1),
                                     rows.strides(0) / static_cast<py::ssize_t>(sizeof(float)));
  auto owner = owner_of(rows);
  const py::gil_scoped_release release;
  return Features::borrow(view, std::move(owner));
}

/// A CSR index array as `Index`, borrowed where the type fits and narrowed after a range check where it does not.
template <class Index>
py::array_t<Index> index_array(const py::object& given, const char* name) {
  const auto array = py::array::ensure(given);
  if (!array || std::string_view("iu").find(array.dtype().kind()) == std::string_view::npos) {
    throw InvalidType(std::string("X.") + name + ": expected integers");
  }
  if (py::isinstance<py::array_t<Index>>(array)) return py::array_t<Index, py::array::c_style>::ensure(array);
  const auto wide = py::array_t<std::int64_t, py::array::c_style | py::array::forcecast>::ensure(array);
  for (const std::int64_t value : span_of<std::int64_t>(wide)) {
    if (value < 0 || value > std::numeric_limits<Index>::max()) {
      throw InvalidArgument(std::string("X.") + name + ": " + std::to_string(value) + " is out of range");
    }
  }
  return py::array_t<Index, py::array::c_style | py::array::forcecast>::ensure(wide);
}

py::array_t<float> sparse_values(const py::array& values, std::span<const std::int64_t> indptr,
                                 std::span<const std::int32_t> indices) {
  require_number(values, "X.data");
  return to_float(values, [&](py::ssize_t entry) {
    const auto e = static_cast<std::size_t>(entry);
    if (e >= indices.size()) return "X.data: entry " + std::to_string(entry);
    const auto row = std::upper_bound(indptr.begin(), indptr.end(), entry) - indptr.begin() - 1;
    return "X: row " + std::to_string(row) + ", column " + std::to_string(indices[e]);
  });
}

Features sparse_features(const py::object& X) {
  const py::tuple shape = X.attr("shape");
  require_two_dimensions(shape.size(), "X");
  const auto indptr = index_array<std::int64_t>(X.attr("indptr"), "indptr");
  const auto indices = index_array<std::int32_t>(X.attr("indices"), "indices");
  CsrView<const float> view;
  view.indptr = span_of<std::int64_t>(indptr);
  view.indices = span_of<std::int32_t>(indices);
  view.cols = shape[1].cast<std::ptrdiff_t>();
  // scipy allows room for further entries behind the last row.
  const std::size_t n_values = view.indptr.empty() ? 0 : static_cast<std::size_t>(view.indptr.back());
  if (n_values < view.indices.size()) view.indices = view.indices.first(n_values);
  py::array given = X.attr("data");
  if (n_values < static_cast<std::size_t>(given.size()))
    given = given[py::slice(0, static_cast<py::ssize_t>(n_values), 1)];
  const py::array_t<float> values = sparse_values(given, view.indptr, view.indices);
  view.values = span_of<float>(values);
  auto owner = owner_of(py::make_tuple(indptr, indices, values));
  const py::gil_scoped_release release;
  return Features::borrow(view, std::move(owner));
}

template <class T>
py::array read_only_view(std::span<const T> values, const py::capsule& owner) {
  py::array_t<T> array(static_cast<py::ssize_t>(values.size()), values.data(), owner);
  array.attr("flags").attr("writeable") = false;
  return array;
}

}  // namespace

std::shared_ptr<const void> owner_of(py::object object) {
  PyObject* pointer = object.release().ptr();
  return {pointer, [](const void* kept) {
            if (Py_IsInitialized() == 0) return;
            const py::gil_scoped_acquire acquire;
            Py_DECREF(static_cast<PyObject*>(const_cast<void*>(kept)));
          }};
}

Features features_from(const py::object& X) {
  const bool is_csr = py::hasattr(X, "indptr") && py::hasattr(X, "format") && py::str("csr").equal(X.attr("format"));
  if (is_csr) return sparse_features(X);
  if (py::hasattr(X, "tocsr")) return sparse_features(X.attr("tocsr")());
  require_unmasked(X);
  return dense_features(array_from(X, "X"));
}

py::object features_to_python(const Features& features) {
  auto kept = std::make_unique<Features>(features);
  const py::capsule owner(kept.release(), [](void* pointer) { delete static_cast<Features*>(pointer); });
  if (!features.is_sparse()) {
    const auto rows = features.dense();
    py::array_t<float> array(
        {rows.rows, rows.cols},
        {rows.row_stride * static_cast<py::ssize_t>(sizeof(float)), static_cast<py::ssize_t>(sizeof(float))}, rows.data,
        owner);
    array.attr("flags").attr("writeable") = false;
    return array;
  }
  const auto rows = features.sparse();
  const auto parts = py::make_tuple(read_only_view(std::span<const float>(rows.values), owner),
                                    read_only_view(rows.indices, owner), read_only_view(rows.indptr, owner));
  return py::module_::import("scipy.sparse")
      .attr("csr_matrix")(parts, "shape"_a = py::make_tuple(rows.rows(), rows.cols), "copy"_a = false);
}

py::array_t<ItemIndex> indices_from(const py::object& indices, const char* name) {
  const auto array = py::array::ensure(indices);
  if (!array || array.ndim() != 1) {
    PyErr_Clear();
    throw InvalidType(std::string(name) + ": " + type_name(indices) + " given, expected a sequence of integers");
  }
  const bool is_empty_list = array.size() == 0;
  if (!is_empty_list && std::string_view("iu").find(array.dtype().kind()) == std::string_view::npos) {
    throw InvalidType(std::string(name) + ": dtype " + std::string(py::str(array.dtype())) +
                      " given, expected integers");
  }
  return py::array_t<ItemIndex, py::array::c_style | py::array::forcecast>::ensure(array);
}

py::array_t<float> float_vector_from(const py::object& values, const char* name) {
  const auto array = py::array::ensure(values);
  if (!array || array.ndim() != 1) {
    PyErr_Clear();
    throw InvalidType(std::string(name) + ": " + type_name(values) + " given, expected a sequence of numbers");
  }
  require_number(array, name);
  return to_float(array, [name](py::ssize_t index) { return std::string(name) + ": row " + std::to_string(index); });
}

py::array_t<float> float_matrix_from(const py::object& values, const char* name) {
  const py::array array = array_from(values, name);
  require_number(array, name);
  require_two_dimensions(array.ndim(), name);
  return to_float(array, place_in_rows(name, array.shape(1)));
}

std::shared_ptr<Executor> make_executor(std::size_t n_threads) {
  return std::make_shared<ThreadPool>(n_threads, check_signals);
}

void check_signals() {
  // The interpreter ends a daemon thread that asks for the GIL by then, which C++ frames take for a crash.
  if (is_finalizing()) return;
  const py::gil_scoped_acquire acquire;
  if (PyErr_CheckSignals() != 0) throw py::error_already_set();
}

}  // namespace gtlabel::python
