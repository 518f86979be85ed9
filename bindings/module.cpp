#include "gtlabel/version.hpp"
#include "registers.hpp"

PYBIND11_MODULE(_core, m) {
  m.doc() = "The compiled core of gtlabel. Use the package gtlabel, which re-exports what is public.";
  m.attr("__version__") = GTLABEL_VERSION;
  gtlabel::python::register_errors(m);
  gtlabel::python::register_models(m);
  gtlabel::python::register_routing(m);
  gtlabel::python::register_metrics(m);
  gtlabel::python::register_formats(m);
  gtlabel::python::register_consolidation(m);
  gtlabel::python::register_structured_consolidation(m);
  gtlabel::python::register_workforce(m);
  gtlabel::python::register_jobs(m);
}
