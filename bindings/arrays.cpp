#include "arrays.hpp"

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

/// The array as adjacent float32: itself if it is that already. A value that overflows becomes infinite without numpy's
/// warning, because it is refused by name later.
py::array_t<float> to_float(const py::array& array) {
  if (py::isinstance<py::array_t<float, py::array::c_style>>(array) && is_aligned(array)) return array;
  const py::object quietly = py::module_::import("numpy").attr("errstate")("over"_a = "ignore");
  return py::array_t<float>(quietly(array.attr("astype"))("float32", "order"_a = "C"));
}

/// The array as float32 whose columns are adjacent: itself if it is that already.
py::array_t<float> as_float_rows(const py::array& array) {
  const bool is_borrowable = py::isinstance<py::array_t<float>>(array) && array.strides(1) == sizeof(float) &&
                             array.strides(0) % static_cast<py::ssize_t>(sizeof(float)) == 0 && is_aligned(array);
  if (is_borrowable) return py::reinterpret_borrow<py::array_t<float>>(array);
  return to_float(array);
}

/// numpy.asarray would show what lies behind the mask.
void require_unmasked(const py::object& X) {
  const auto masked = py::module_::import("numpy").attr("ma");
  if (!py::isinstance(X, masked.attr("MaskedArray")) || !masked.attr("is_masked")(X).cast<bool>()) return;
  throw InvalidArgument("X: has masked values, expected a finite number everywhere", ErrorCode::not_finite);
}

Features dense_features(const py::array& array) {
  require_number(array, "X");
  require_two_dimensions(array.ndim(), "X");
  const py::array_t<float> rows = array.shape(0) == 0 || array.shape(1) == 0
                                      ? py::array_t<float>({array.shape(0), array.shape(1)})
                                      : as_float_rows(array);
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

Features sparse_features(const py::object& X) {
  const py::tuple shape = X.attr("shape");
  require_two_dimensions(shape.size(), "X");
  const py::array values_given = X.attr("data");
  require_number(values_given, "X.data");
  const py::array_t<float> values = to_float(values_given);
  const auto indptr = index_array<std::int64_t>(X.attr("indptr"), "indptr");
  const auto indices = index_array<std::int32_t>(X.attr("indices"), "indices");
  CsrView<const float> view;
  view.indptr = span_of<std::int64_t>(indptr);
  view.indices = span_of<std::int32_t>(indices);
  view.values = span_of<float>(values);
  view.cols = shape[1].cast<std::ptrdiff_t>();
  // scipy allows room for further entries behind the last row.
  const std::size_t n_values = view.indptr.empty() ? 0 : static_cast<std::size_t>(view.indptr.back());
  if (n_values < view.indices.size()) view.indices = view.indices.first(n_values);
  if (n_values < view.values.size()) view.values = view.values.first(n_values);
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
  py::array array;
  try {
    array = py::module_::import("numpy").attr("asarray")(X);
  } catch (py::error_already_set& error) {
    if (!error.matches(PyExc_ValueError)) throw;
    throw InvalidArgument(std::string("X: not a rectangular matrix: ") + error.what(), ErrorCode::shape_mismatch);
  }
  return dense_features(array);
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
  return to_float(array);
}

py::array_t<float> float_matrix_from(const py::object& values, const char* name) {
  const auto array = py::array::ensure(values);
  if (!array) {
    PyErr_Clear();
    throw InvalidType(std::string(name) + ": " + type_name(values) + " given, expected a matrix of numbers");
  }
  require_number(array, name);
  require_two_dimensions(array.ndim(), name);
  return to_float(array);
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
