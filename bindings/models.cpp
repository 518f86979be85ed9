#include <utility>

#include "gtlabel/core/error.hpp"
#include "gtlabel/models/committee.hpp"
#include "gtlabel/models/fixed_probabilities.hpp"
#include "gtlabel/models/forest_model.hpp"
#include "gtlabel/models/graph_model.hpp"
#include "gtlabel/models/incremental_model.hpp"
#include "gtlabel/models/kernel_model.hpp"
#include "gtlabel/models/latent_model.hpp"
#include "gtlabel/models/softmax_regression.hpp"
#include "gtlabel/storage/snapshot.hpp"
#include "registers.hpp"
#include "trampolines.hpp"

namespace gtlabel::python {
namespace {

constexpr const char* kSnapshotKind = "model";

/// Class indices (one per item) or a matrix of probabilities, as target rows.
py::array_t<float> targets_from(const py::object& targets, int n_classes) {
  const auto array = py::array::ensure(targets);
  if (!array || array.ndim() != 1) return float_matrix_from(targets, "targets");
  const auto labels = indices_from(targets, "targets");
  Matrix<float> rows(labels.size(), n_classes);
  for (py::ssize_t i = 0; i < labels.size(); ++i) {
    const ItemIndex label = labels.at(i);
    if (label < 0 || label >= n_classes) {
      throw UnknownClass("targets: row " + std::to_string(i) + " is class " + std::to_string(label) +
                         ", expected 0 to " + std::to_string(n_classes - 1));
    }
    rows(i, static_cast<std::ptrdiff_t>(label)) = 1.0F;
  }
  return to_array(std::move(rows));
}

void attach(IncrementalModel& model, const py::object& X, int n_classes, std::size_t n_threads) {
  const Features features = features_from(X);
  auto executor = make_executor(n_threads);
  const py::gil_scoped_release release;
  model.attach(features, n_classes, std::move(executor));
}

void extend(IncrementalModel& model, const py::object& X) {
  const Features longer = features_from(X);
  const py::gil_scoped_release release;
  model.extend(longer);
}

void update(IncrementalModel& model, const py::object& items, const py::object& targets, const py::object& weights) {
  if (!model.is_attached()) throw NotFitted("model '" + model.kind() + "': update before attach");
  const auto indices = indices_from(items, "items");
  const auto rows = targets_from(targets, model.n_classes());
  py::array_t<float> row_weights(py::ssize_t{0});
  if (!weights.is_none()) row_weights = float_vector_from(weights, "weights");
  const auto item_span = span_of<ItemIndex>(indices);
  const auto target_view = view_of<float>(rows);
  const auto weight_span = span_of<float>(row_weights);
  const py::gil_scoped_release release;
  model.update(item_span, target_view, weight_span);
}

using Predict = void (IncrementalModel::*)(std::span<const ItemIndex>, MatrixView<float>) const;

template <Predict predict>
py::array_t<float> predict_with(const IncrementalModel& model, const py::object& items) {
  const auto indices = indices_from(items, "items");
  const auto item_span = span_of<ItemIndex>(indices);
  Matrix<float> out(indices.size(), model.n_classes());
  {
    const py::gil_scoped_release release;
    (model.*predict)(item_span, out);
  }
  return to_array(std::move(out));
}

/// What a pickled built-in model holds: its constructor's arguments, the pool if attached, and its snapshot.
py::tuple state_of(const IncrementalModel& model, const py::object& arguments) {
  if (!model.is_attached()) return py::make_tuple(arguments, py::none(), 0, py::bytes());
  SnapshotWriter writer;
  model.save(writer);
  return py::make_tuple(arguments, features_to_python(model.attached_pool()), model.n_classes(),
                        py::bytes(writer.finish(kSnapshotKind)));
}

void restore_state(IncrementalModel& model, const py::tuple& state) {
  if (state[1].is_none()) return;
  attach(model, state[1], state[2].cast<int>(), 0);
  const std::string bytes = state[3].cast<py::bytes>();
  SnapshotReader reader(bytes, kSnapshotKind);
  const py::gil_scoped_release release;
  model.load(reader);
}

/// How a model whose constructor takes nothing is pickled.
template <class Model>
auto pickle_of() {
  return py::pickle([](const Model& model) { return state_of(model, py::none()); },
                    [](const py::tuple& state) {
                      auto model = std::make_shared<Model>();
                      restore_state(*model, state);
                      return model;
                    });
}

}  // namespace

void register_models(py::module_& m) {
  // dynamic_attr: Python subclasses keep their own attributes.
  py::class_<IncrementalModel, PyIncrementalModel, std::shared_ptr<IncrementalModel>>(
      m, "IncrementalModel", py::dynamic_attr(),
      R"(A classifier of one pool that learns from labels as they come.

To write one in Python, subclass and define

- ``attach(self, X, n_classes)``: X is the pool as a read-only float32 array or CSR matrix;
- ``update(self, items, targets, weights)``: new labels; ``targets`` has one row of class probabilities per item; a label
  given again replaces the old one;
- ``predict_proba(self, items)``: an array (items, classes) whose rows sum to 1;
- ``clone(self)``: an untrained copy (not needed if the class can be made without arguments);
- optionally ``predict_out_of_fold(self, items)``; the default refits clones on folds;
- optionally ``extend(self, X)``: items have joined, X is the longer pool; labels and fit are kept, and if it raises, the
  model is as it was. The default is ``attach(X, n_classes)`` and ``update`` with all labels;
- optionally the property ``kind``, a short name; the default is the name of the class.

An ``__init__`` or ``__setstate__`` has to call ``super().__init__()``. Pass the object as ``model=`` of a LabelingJob, or
as a member of a Committee: they call its methods and check what comes back, and exceptions come back as themselves. A
method called directly is plain Python.)")
      .def(py::init<>())
      .def("attach", &attach, "X"_a, "n_classes"_a, "n_threads"_a = 0,
           R"(Binds the model to a pool; what was learned before is forgotten.

X: (n_items, n_features) float32 array or scipy CSR matrix (borrowed), or other numbers (converted once).
n_threads: 0 for all cores; results do not depend on it.)")
      .def(
          "extend", &extend, "X"_a,
          R"(Items have joined: binds the model to a longer pool, the one so far with others behind. Labels are kept.)")
      .def("update", &update, "items"_a, "targets"_a, "weights"_a = py::none(),
           R"(Teaches labels and retrains from the current state. A label given again replaces the old one.

items: indices into the pool. targets: one class index per item, or (items, classes) probabilities.
weights: positive, one per item; default all 1.)")
      .def("predict_proba", &predict_with<&IncrementalModel::predict_proba>, "items"_a,
           "Class probabilities of items: float32 array (items, classes), rows sum to 1.")
      .def("predict_out_of_fold", &predict_with<&IncrementalModel::predict_out_of_fold>, "items"_a,
           "Class probabilities of labelled items, each predicted without its own label.")
      .def("clone", &IncrementalModel::clone, "An unattached, untrained model with the same parameters.")
      .def_property_readonly("kind", &IncrementalModel::kind, "A short name of the model.")
      .def_property_readonly("is_attached", &IncrementalModel::is_attached)
      .def_property_readonly("is_fitted", &IncrementalModel::is_fitted)
      .def_property_readonly("n_classes", &IncrementalModel::n_classes)
      .def(py::pickle(
          [](const py::object& self) { return py::dict(self.attr("__dict__")); },
          [](const py::dict& state) { return std::make_pair(std::make_shared<PyIncrementalModel>(), state); }));

  py::class_<SoftmaxRegression, IncrementalModel, std::shared_ptr<SoftmaxRegression>>(
      m, "SoftmaxRegression", py::is_final(),
      R"(Multinomial logistic regression, dense and sparse, warm-started. Best on text.

l2: strength of the penalty on rows scaled to mean squared norm 1; 0: chosen out of fold.)")
      .def(py::init([](double l2) { return std::make_shared<SoftmaxRegression>(SoftmaxRegressionOptions{l2}); }),
           py::kw_only(), "l2"_a = SoftmaxRegressionOptions{}.l2)
      .def_property_readonly("l2", &SoftmaxRegression::l2,
                             "The strength in use: the one given or the last choice; 0 before the first update.")
      .def(
          "__repr__",
          [](const SoftmaxRegression& model) { return py::str("SoftmaxRegression(l2={})").format(model.options().l2); })
      .def(py::pickle([](const SoftmaxRegression& model) { return state_of(model, py::float_(model.options().l2)); },
                      [](const py::tuple& state) {
                        auto model =
                            std::make_shared<SoftmaxRegression>(SoftmaxRegressionOptions{state[0].cast<double>()});
                        restore_state(*model, state);
                        return model;
                      }));

  py::class_<GraphModel, IncrementalModel, std::shared_ptr<GraphModel>>(
      m, "GraphModel", py::is_final(),
      "Label propagation on the pool's graph of nearest neighbours. Best where the pool has shape: images, embeddings.")
      .def(py::init([] { return std::make_shared<GraphModel>(); }))
      .def("__repr__", [](const GraphModel&) { return "GraphModel()"; })
      .def(pickle_of<GraphModel>());

  py::class_<ForestModel, IncrementalModel, std::shared_ptr<ForestModel>>(
      m, "ForestModel", py::is_final(),
      R"(Extremely randomised trees. Best on tables, whose columns may have any scale and meaning.

n_trees: a multiple of 5, at most 1000; every fifth tree predicts a labelled item out of fold.
seed: of the trees' random numbers.)")
      .def(py::init([](int n_trees, std::uint64_t seed) {
             return std::make_shared<ForestModel>(ForestModelOptions{n_trees, seed});
           }),
           py::kw_only(), "n_trees"_a = ForestModelOptions{}.n_trees, "seed"_a = ForestModelOptions{}.seed)
      .def_property_readonly("n_trees", [](const ForestModel& model) { return model.options().n_trees; })
      .def_property_readonly("seed", [](const ForestModel& model) { return model.options().seed; })
      .def("__repr__",
           [](const ForestModel& model) {
             return py::str("ForestModel(n_trees={}, seed={})").format(model.options().n_trees, model.options().seed);
           })
      .def(py::pickle(
          [](const ForestModel& model) {
            return state_of(model, py::make_tuple(model.options().n_trees, model.options().seed));
          },
          [](const py::tuple& state) {
            const py::tuple arguments = state[0];
            auto model = std::make_shared<ForestModel>(
                ForestModelOptions{arguments[0].cast<int>(), arguments[1].cast<std::uint64_t>()});
            restore_state(*model, state);
            return model;
          }));

  py::class_<KernelModel, IncrementalModel, std::shared_ptr<KernelModel>>(
      m, "KernelModel", py::is_final(),
      R"(Least-squares classification with a Gaussian kernel. Best on dense pools of images, measurements and tables.

Sparse pools: every item gets the shares of the classes among the labels.)")
      .def(py::init([] { return std::make_shared<KernelModel>(); }))
      .def("__repr__", [](const KernelModel&) { return "KernelModel()"; })
      .def(pickle_of<KernelModel>());

  py::class_<LatentModel, IncrementalModel, std::shared_ptr<LatentModel>>(
      m, "LatentModel", py::is_final(),
      R"(Another model, taught on vectors of a sparse pool's words: which other words they stand beside.

inner: a model; default a SoftmaxRegression. A dense pool goes to it as it is.)")
      .def(py::init([](const py::object& inner) {
             return std::make_shared<LatentModel>(inner.is_none() ? nullptr : model_from(inner));
           }),
           "inner"_a = py::none())
      .def_property_readonly("inner", &LatentModel::inner)
      .def("__repr__", [](const LatentModel& model) { return py::str("LatentModel({!r})").format(model.inner()); })
      .def(py::pickle([](const LatentModel& model) { return state_of(model, py::cast(model.inner())); },
                      [](const py::tuple& state) {
                        auto model = std::make_shared<LatentModel>(model_from(py::object(state[0])));
                        restore_state(*model, state);
                        return model;
                      }));

  py::class_<FixedProbabilities, IncrementalModel, std::shared_ptr<FixedProbabilities>>(
      m, "FixedProbabilities", py::is_final(),
      R"(Somebody else's probabilities: the pool's columns are those of the classes, and labels change nothing.

A job of them asks people, audits and certifies as any other. The pool's labels must not have been used to make them.)")
      .def(py::init([] { return std::make_shared<FixedProbabilities>(); }))
      .def("__repr__", [](const FixedProbabilities&) { return "FixedProbabilities()"; })
      .def(pickle_of<FixedProbabilities>());

  py::class_<Committee, IncrementalModel, std::shared_ptr<Committee>>(
      m, "Committee", py::is_final(),
      R"(Several models whose votes are weighed by their out-of-fold predictions; the default model of a job.

members: models; default a SoftmaxRegression, a GraphModel and a ForestModel; with a sparse pool the graph is in a
LatentModel, together with a second SoftmaxRegression.)")
      .def(py::init([](const py::iterable& members) {
             std::vector<std::shared_ptr<IncrementalModel>> models;
             for (const auto& member : members)
               models.push_back(model_from(py::reinterpret_borrow<py::object>(member)));
             return std::make_shared<Committee>(std::move(models));
           }),
           "members"_a = py::tuple())
      .def_property_readonly(
          "weights", [](const Committee& model) { return to_array(model.weights()); },
          "One weight per member, of the last update.")
      .def_property_readonly("members", &Committee::members)
      .def("__repr__", [](const Committee& model) { return py::str("Committee({!r})").format(model.members()); })
      .def(py::pickle(
          [](const Committee& model) {
            return state_of(model, model.has_default_members() ? py::object(py::tuple()) : py::cast(model.members()));
          },
          [](const py::tuple& state) {
            std::vector<std::shared_ptr<IncrementalModel>> members;
            for (const auto& member : state[0])
              members.push_back(model_from(py::reinterpret_borrow<py::object>(member)));
            auto model = std::make_shared<Committee>(std::move(members));
            restore_state(*model, state);
            return model;
          }));
}

}  // namespace gtlabel::python
