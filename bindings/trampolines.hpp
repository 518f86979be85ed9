#pragma once

#include <memory>

#include "arrays.hpp"
#include "gtlabel/models/incremental_model.hpp"
#include "pybind.hpp"

namespace gtlabel::python {

/// A model as C++ keeps it: owns the Python object, so that a Python subclass lives on when its last Python reference
/// is dropped (a plain shared_ptr of pybind11 would keep only the C++ half). Used wherever C++ stores a model.
/// @throws InvalidType  something else, or an object whose class does not call IncrementalModel.__init__.
std::shared_ptr<IncrementalModel> model_from(py::object model);

/// Lets Python classes be models: do_attach calls `attach(X, n_classes)`, and so on. Called with or without the GIL.
class PyIncrementalModel final : public IncrementalModel {
 public:
  PyIncrementalModel() = default;
  [[nodiscard]] std::string kind() const override;

 private:
  void do_attach() override;
  void do_extend(std::ptrdiff_t n_known) override;
  void do_update(std::span<const ItemIndex> items, MatrixView<const float> targets,
                 std::span<const float> weights) override;
  void do_predict_proba(std::span<const ItemIndex> items, MatrixView<float> out) const override;
  void do_predict_out_of_fold(std::span<const ItemIndex> items, MatrixView<float> out) const override;
  std::shared_ptr<IncrementalModel> do_clone() const override;

  [[nodiscard]] py::function required_override(const char* name) const;
  void copy_probabilities(const py::object& returned, const char* method, MatrixView<float> out) const;
};

}  // namespace gtlabel::python
