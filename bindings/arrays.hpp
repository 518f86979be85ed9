#pragma once

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "gtlabel/core/executor.hpp"
#include "gtlabel/core/ids.hpp"
#include "gtlabel/core/views.hpp"
#include "gtlabel/dataset/features.hpp"
#include "pybind.hpp"

namespace gtlabel::python {

/// Keeps a Python object alive for C++; released under the GIL, whichever thread drops the last copy.
std::shared_ptr<const void> owner_of(py::object object);

/// X as Features: float32 with adjacent columns and scipy CSR float32 are borrowed; other numbers and other sparse
/// formats are converted once.
/// @throws InvalidType  naming the dtype; InvalidArgument.
Features features_from(const py::object& X);

/// The pool as numpy array or scipy CSR matrix, without a copy, read-only; keeps the pool alive.
py::object features_to_python(const Features& features);

/// Indices from any integer array or sequence. @throws InvalidType for floats, bools and the like.
py::array_t<ItemIndex> indices_from(const py::object& indices, const char* name);

/// A float32 vector from anything that numpy can make one of.
py::array_t<float> float_vector_from(const py::object& values, const char* name);

/// A float32 matrix (rows x cols) from anything that numpy can make one of.
py::array_t<float> float_matrix_from(const py::object& values, const char* name);

/// A thread pool that answers Ctrl-C.
std::shared_ptr<Executor> make_executor(std::size_t n_threads);
/// Raises a pending signal's exception (KeyboardInterrupt); to be called without the GIL.
void check_signals();

template <class T>
std::span<const T> span_of(const py::array_t<T>& array) {
  return {array.data(), static_cast<std::size_t>(array.size())};
}

template <class T>
MatrixView<const T> view_of(const py::array_t<T>& array) {
  return {array.data(), array.shape(0), array.shape(1)};
}

/// Moves a vector's memory into a numpy array, without a copy.
template <class T>
py::array_t<T> to_array(std::vector<T> values) {
  auto kept = std::make_unique<std::vector<T>>(std::move(values));
  const auto* data = kept->data();
  const auto size = static_cast<py::ssize_t>(kept->size());
  py::capsule owner(kept.release(), [](void* pointer) { delete static_cast<std::vector<T>*>(pointer); });
  return py::array_t<T>(size, data, owner);
}

template <class T>
py::array_t<T> to_array(Matrix<T> matrix) {
  const auto rows = matrix.rows, cols = matrix.cols;
  return to_array(std::move(matrix.values)).reshape({rows, cols});
}

}  // namespace gtlabel::python
