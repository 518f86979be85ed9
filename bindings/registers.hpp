#pragma once

#include "pybind.hpp"

namespace gtlabel::python {

void register_errors(py::module_& m);
void register_models(py::module_& m);
void register_routing(py::module_& m);
void register_metrics(py::module_& m);
void register_formats(py::module_& m);
void register_consolidation(py::module_& m);
void register_structured_consolidation(py::module_& m);
void register_workforce(py::module_& m);
void register_jobs(py::module_& m);

}  // namespace gtlabel::python
