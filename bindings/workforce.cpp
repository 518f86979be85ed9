#include <optional>
#include <string>

#include "arrays.hpp"
#include "gtlabel/core/error.hpp"
#include "gtlabel/jobs/labeling_job.hpp"
#include "gtlabel/jobs/simulate.hpp"
#include "gtlabel/workforce/overlap.hpp"
#include "gtlabel/workforce/simulated_workforce.hpp"
#include "registers.hpp"

namespace gtlabel::python {
namespace {

Overlap make_overlap(std::int32_t min, std::int32_t max, double until_confidence) {
  const Overlap overlap{min, max, until_confidence};
  validate(overlap);
  return overlap;
}

std::string repr(const Overlap& overlap) {
  return py::str("Overlap(min={}, max={}, until_confidence={})")
      .format(overlap.min, overlap.max, overlap.until_confidence);
}

/// @param confusions  workers x classes x classes, or None.
SimulatedWorkforce make_workforce(int n_classes, const std::vector<std::string>& names,
                                  const std::vector<double>& accuracies, const std::vector<double>& seconds,
                                  const std::vector<std::string>& copies,
                                  const std::optional<py::array_t<double, py::array::c_style>>& confusions,
                                  std::uint64_t seed, std::vector<double> difficulty) {
  std::vector<SimulatedWorker> workers;
  for (std::size_t w = 0; w < names.size(); ++w) {
    workers.push_back({.name = names[w],
                       .accuracy = accuracies.at(w),
                       .confusion = {},
                       .seconds = seconds.at(w),
                       .copies = copies.at(w)});
    if (!confusions) continue;
    Matrix<double>& confusion = workers.back().confusion;
    confusion = Matrix<double>(n_classes, n_classes);
    for (py::ssize_t t = 0; t < n_classes; ++t) {
      for (py::ssize_t a = 0; a < n_classes; ++a) {
        confusion(t, a) = confusions->at(static_cast<py::ssize_t>(w), t, a);
      }
    }
  }
  return SimulatedWorkforce(n_classes, std::move(workers), seed, std::move(difficulty));
}

py::array answers(const SimulatedWorkforce& workforce, const std::vector<std::size_t>& workers, const py::object& items,
                  const py::array_t<ClassIndex>& truth) {
  const auto indices = indices_from(items, "items");
  const auto given = span_of<ItemIndex>(indices);
  const auto classes = span_of<ClassIndex>(truth);
  std::vector<ClassIndex> said;
  for (std::size_t i = 0; i < given.size(); ++i) said.push_back(workforce.answer(workers.at(i), given[i], classes[i]));
  return to_array(std::move(said));
}

}  // namespace

void register_workforce(py::module_& m) {
  const Overlap defaults;
  py::class_<Overlap>(
      m, "Overlap",
      R"(How many people are asked about an item: ``min`` to ``max``, and in between again as long as its most probable
class has a lower probability than ``until_confidence``, by the answers so far, each weighed by how good its worker is.)")
      .def(py::init(&make_overlap), "min"_a = defaults.min, "max"_a = defaults.max,
           "until_confidence"_a = defaults.until_confidence)
      .def_readonly("min", &Overlap::min)
      .def_readonly("max", &Overlap::max)
      .def_readonly("until_confidence", &Overlap::until_confidence)
      .def("__repr__", &repr)
      .def("__eq__",
           [](const Overlap& a, const py::object& b) {
             return py::isinstance<Overlap>(b) && repr(a) == repr(b.cast<Overlap>());
           })
      .def("__hash__", [](const Overlap& overlap) { return py::hash(py::str(repr(overlap))); })
      .def(py::pickle([](const Overlap& o) { return py::make_tuple(o.min, o.max, o.until_confidence); },
                      [](const py::tuple& state) {
                        return make_overlap(state[0].cast<std::int32_t>(), state[1].cast<std::int32_t>(),
                                            state[2].cast<double>());
                      }));
  py::class_<SimulatedWorkforce>(m, "_SimulatedWorkforce", "The compiled half of gtlabel.SimulatedWorkforce.")
      .def(py::init(&make_workforce), "n_classes"_a, "names"_a, "accuracies"_a, "seconds"_a, "copies"_a, "confusions"_a,
           "seed"_a, "difficulty"_a)
      .def("answers", &answers, "workers"_a, "items"_a, "truth"_a);
  m.def(
      "_simulate",
      [](LabelingJob& job, const SimulatedWorkforce& workforce, const py::array_t<ClassIndex>& truth,
         std::int64_t batch_size) {
        const auto classes = span_of<ClassIndex>(truth);
        const py::gil_scoped_release release;
        simulate(job, workforce, classes, batch_size);
      },
      "job"_a, "workforce"_a, "truth"_a, "batch_size"_a);
}

}  // namespace gtlabel::python
