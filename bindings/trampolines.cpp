#include "trampolines.hpp"

#include <algorithm>

#include "gtlabel/core/error.hpp"

namespace gtlabel::python {
namespace {

/// Copies for Python to keep: the C++ side's memory is only lent for the call.
template <class T>
py::array_t<T> copy_of(std::span<const T> values) {
  return to_array(std::vector<T>(values.begin(), values.end()));
}

py::array_t<float> copy_of(MatrixView<const float> rows) {
  Matrix<float> copy(rows.rows, rows.cols);
  for (std::ptrdiff_t r = 0; r < rows.rows; ++r) std::copy(rows.row(r).begin(), rows.row(r).end(), copy.row(r).begin());
  return to_array(std::move(copy));
}

}  // namespace

std::shared_ptr<IncrementalModel> model_from(py::object model) {
  const std::string name = py::str(py::type::of(model).attr("__name__"));
  if (!py::isinstance<IncrementalModel>(model)) {
    throw InvalidType(
        "model: " + name +
        " given, expected an IncrementalModel (a classifier of scikit-learn: EstimatorModel(classifier))");
  }
  try {
    // Through the holder, because a plain pointer would be given for an object without its C++ half, too.
    auto* pointer = model.cast<std::shared_ptr<IncrementalModel>>().get();
    return {pointer, [owner = owner_of(std::move(model))](IncrementalModel*) {}};
  } catch (const py::cast_error&) {
    throw InvalidType("model: this " + name + " was made without a call of IncrementalModel.__init__ (a __setstate__ " +
                      "has to make it, too)");
  }
}

py::function PyIncrementalModel::required_override(const char* name) const {
  py::function override = py::get_override(static_cast<const IncrementalModel*>(this), name);
  if (override) return override;
  const py::object self = py::cast(static_cast<const IncrementalModel*>(this));
  throw InvalidType("model " + std::string(py::str(py::type::of(self).attr("__name__"))) + " does not define " + name);
}

void PyIncrementalModel::copy_probabilities(const py::object& returned, const char* method,
                                            MatrixView<float> out) const {
  const auto array = py::array::ensure(returned);
  if (!array) PyErr_Clear();
  if (!array || std::string_view("fiub").find(array.dtype().kind()) == std::string_view::npos || array.ndim() != 2 ||
      array.shape(0) != out.rows || array.shape(1) != out.cols) {
    throw ModelError(
        std::string(method) + " of model '" + kind() + "' returned " +
        (array
             ? "shape " + std::string(py::str(array.attr("shape"))) + " of dtype " + std::string(py::str(array.dtype()))
             : std::string(py::str(py::type::of(returned)))) +
        ", expected numbers of shape (" + std::to_string(out.rows) + ", " + std::to_string(out.cols) + ")");
  }
  const auto values = py::array_t<float, py::array::c_style | py::array::forcecast>::ensure(array);
  for (std::ptrdiff_t r = 0; r < out.rows; ++r) {
    const auto row = view_of<float>(values).row(r);
    std::copy(row.begin(), row.end(), out.row(r).begin());
  }
}

std::string PyIncrementalModel::kind() const {
  const py::gil_scoped_acquire acquire;
  const py::object self = py::cast(static_cast<const IncrementalModel*>(this));
  const py::object type = py::type::of(self);
  const bool is_overridden = !type.attr("kind").is(py::type::of<IncrementalModel>().attr("kind"));
  return py::str(is_overridden ? self.attr("kind") : type.attr("__name__"));
}

void PyIncrementalModel::do_attach() {
  const py::gil_scoped_acquire acquire;
  // All at once: a job would miss the others only after people have answered its first batch.
  for (const char* name : {"update", "predict_proba"}) static_cast<void>(required_override(name));
  required_override("attach")(features_to_python(pool()), n_classes());
}

void PyIncrementalModel::do_extend(std::ptrdiff_t n_known) {
  {
    const py::gil_scoped_acquire acquire;
    if (py::function override = py::get_override(static_cast<const IncrementalModel*>(this), "extend")) {
      override(features_to_python(pool()));
      return;
    }
  }
  IncrementalModel::do_extend(n_known);
}

void PyIncrementalModel::do_update(std::span<const ItemIndex> items, MatrixView<const float> targets,
                                   std::span<const float> weights) {
  const py::gil_scoped_acquire acquire;
  const auto filled = weights.empty() ? to_array(std::vector<float>(items.size(), 1.0F)) : copy_of(weights);
  required_override("update")(copy_of(items), copy_of(targets), filled);
}

void PyIncrementalModel::do_predict_proba(std::span<const ItemIndex> items, MatrixView<float> out) const {
  const py::gil_scoped_acquire acquire;
  copy_probabilities(required_override("predict_proba")(copy_of(items)), "predict_proba", out);
}

void PyIncrementalModel::do_predict_out_of_fold(std::span<const ItemIndex> items, MatrixView<float> out) const {
  {
    const py::gil_scoped_acquire acquire;
    if (py::function override = py::get_override(static_cast<const IncrementalModel*>(this), "predict_out_of_fold")) {
      copy_probabilities(override(copy_of(items)), "predict_out_of_fold", out);
      return;
    }
  }
  IncrementalModel::do_predict_out_of_fold(items, out);
}

std::shared_ptr<IncrementalModel> PyIncrementalModel::do_clone() const {
  const py::gil_scoped_acquire acquire;
  if (py::function override = py::get_override(static_cast<const IncrementalModel*>(this), "clone"))
    return model_from(override());
  // A class whose constructor needs no arguments needs no clone method either.
  const py::object self = py::cast(static_cast<const IncrementalModel*>(this));
  try {
    return model_from(py::type::of(self)());
  } catch (py::error_already_set& error) {
    if (!error.matches(PyExc_TypeError)) throw;
    throw InvalidType("model " + kind() + " cannot be made without arguments (" + error.what() +
                      "): define clone(self), returning an untrained copy");
  }
}

}  // namespace gtlabel::python
