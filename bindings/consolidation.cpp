#include <map>
#include <optional>
#include <string_view>

#include "arrays.hpp"
#include "gtlabel/consolidation/consolidate.hpp"
#include "gtlabel/consolidation/ground_truth_compat.hpp"
#include "gtlabel/core/error.hpp"
#include "gtlabel/dataset/id_codes.hpp"
#include "registers.hpp"

namespace gtlabel::python {
namespace {

using Codes = py::array_t<std::int32_t, py::array::c_style | py::array::forcecast>;
using Numbers = py::array_t<double, py::array::c_style | py::array::forcecast>;
using Method = Consolidation (*)(const VoteTable&, const ConsolidationOptions&);

Method method_named(const std::string& name) {
  static const std::map<std::string, Method> methods = {{"consolidate", &consolidate},
                                                        {"majority_vote", &majority_vote},
                                                        {"dawid_skene", &dawid_skene},
                                                        {"fast_dawid_skene", &fast_dawid_skene},
                                                        {"one_coin", &one_coin},
                                                        {"glad", &glad},
                                                        {"mace", &mace},
                                                        {"ibcc", &ibcc},
                                                        {"ebcc", &ebcc}};
  return methods.at(name);
}

template <class T>
std::span<const T> span_over(const py::array& array) {
  return {static_cast<const T*>(array.data()), static_cast<std::size_t>(array.size())};
}

Matrix<double> matrix_from(const std::optional<Numbers>& array) {
  if (!array) return {};
  Matrix<double> matrix;
  matrix.rows = array->shape(0);
  matrix.cols = array->shape(1);
  matrix.values.assign(array->data(), array->data() + array->size());
  return matrix;
}

/// Row of the first appearance of each distinct value, and the number of the value per row.
template <class Id>
py::tuple first_rows_and_codes(std::span<const Id> values) {
  std::vector<std::int64_t> first_rows;
  std::vector<std::int32_t> codes;
  {
    const py::gil_scoped_release release;
    codes = encode_ids(values).codes;
    for (std::size_t row = 0; row < codes.size(); ++row) {
      if (codes[row] == std::ssize(first_rows)) first_rows.push_back(static_cast<std::int64_t>(row));
    }
  }
  return py::make_tuple(to_array(std::move(first_rows)), to_array(std::move(codes)));
}

/// Of 64-bit numbers, or of text and bytes of fixed width, whose equality is that of their bytes.
py::tuple encode(const py::array& values) {
  const auto rows = static_cast<std::size_t>(values.size());
  const auto width = static_cast<std::size_t>(values.itemsize());
  const auto* bytes = static_cast<const char*>(values.data());
  if (width == sizeof(std::int64_t)) return first_rows_and_codes(span_over<std::int64_t>(values));
  std::vector<std::string_view> views;
  views.reserve(rows);
  for (std::size_t row = 0; row < rows; ++row) views.emplace_back(bytes + row * width, width);
  return first_rows_and_codes(std::span<const std::string_view>(views));
}

py::dict to_python(Consolidation result) {
  py::dict columns;
  columns["labels"] = to_array(std::move(result.labels));
  columns["probabilities"] = to_array(std::move(result.probabilities));
  const auto k = result.worker_counts.cols;
  columns["worker_counts"] = to_array(std::move(result.worker_counts)).reshape({py::ssize_t{-1}, k, k});
  columns["worker_accuracy"] = to_array(std::move(result.worker_accuracy));
  columns["difficulty"] = to_array(std::move(result.difficulty));
  columns["log_likelihoods"] = to_array(std::move(result.log_likelihoods));
  columns["left_out_loss"] = result.left_out_loss;
  columns["member_weights"] = to_array(std::move(result.member_weights));
  return columns;
}

py::dict consolidate_by(const std::string& method, const Codes& items, const Codes& workers, const Codes& answers,
                        std::int32_t n_classes, const std::optional<Codes>& gold, const std::optional<Numbers>& history,
                        const std::optional<Numbers>& model_probabilities, int max_iterations, double tolerance,
                        std::uint64_t seed, std::size_t n_threads) {
  ConsolidationOptions options;
  if (gold) options.gold.assign(gold->data(), gold->data() + gold->size());
  options.history = matrix_from(history);
  options.model_probabilities = matrix_from(model_probabilities);
  options.max_iterations = max_iterations;
  options.tolerance = tolerance;
  options.seed = seed;
  options.executor = make_executor(n_threads);
  const Method run = method_named(method);
  const auto item_codes = span_over<std::int32_t>(items), worker_codes = span_over<std::int32_t>(workers);
  const auto answer_codes = span_over<std::int32_t>(answers);
  Consolidation result;
  {
    const py::gil_scoped_release release;
    result = run(VoteTable(item_codes, worker_codes, answer_codes, n_classes), options);
  }
  return to_python(std::move(result));
}

py::tuple ground_truth(const Codes& items, const Codes& workers, const Codes& answers, std::int32_t n_classes) {
  const VoteTable batch(span_over<std::int32_t>(items), span_over<std::int32_t>(workers),
                        span_over<std::int32_t>(answers), n_classes);
  auto result = ground_truth_compat(batch);
  return py::make_tuple(to_array(std::move(result.labels)), to_array(std::move(result.confidences)));
}

}  // namespace

void register_consolidation(py::module_& m) {
  const ConsolidationOptions defaults;
  m.def("_encode", &encode, "values"_a);
  m.def("_consolidate", &consolidate_by, "method"_a, "items"_a, "workers"_a, "answers"_a, "n_classes"_a,
        "gold"_a = py::none(), "history"_a = py::none(), "model_probabilities"_a = py::none(),
        "max_iterations"_a = defaults.max_iterations, "tolerance"_a = defaults.tolerance, "seed"_a = defaults.seed,
        "n_threads"_a = 0);
  m.def("_ground_truth_compat", &ground_truth, "items"_a, "workers"_a, "answers"_a, "n_classes"_a);
}

}  // namespace gtlabel::python
