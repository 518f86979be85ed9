#include <string>
#include <utility>

#include "arrays.hpp"
#include "gtlabel/consolidation/consolidate_boxes.hpp"
#include "gtlabel/consolidation/consolidate_masks.hpp"
#include "gtlabel/consolidation/consolidate_multi_label.hpp"
#include "gtlabel/consolidation/consolidate_spans.hpp"
#include "registers.hpp"

namespace gtlabel::python {
namespace {

template <class T>
using Column = py::array_t<T, py::array::c_style | py::array::forcecast>;
using Codes = Column<std::int32_t>;

template <class T>
std::span<const T> span_over(const Column<T>& column) {
  return {column.data(), static_cast<std::size_t>(column.size())};
}

MarkColumns mark_columns(const Codes& items, const Codes& workers, const Codes& classes, const Codes& empty_items,
                         const Codes& empty_workers) {
  return {span_over(items), span_over(workers), span_over(classes), span_over(empty_items), span_over(empty_workers)};
}

py::dict multi_label(const Codes& items, const Codes& workers, const Column<std::int64_t>& ends, const Codes& labels,
                     std::int32_t n_labels, std::size_t n_threads) {
  const LabelSetAnswers answers{span_over(items), span_over(workers), span_over(ends), span_over(labels)};
  const auto executor = make_executor(n_threads);
  MultiLabelConsolidation result;
  {
    const py::gil_scoped_release release;
    result = consolidate_multi_label(answers, n_labels, executor);
  }
  py::dict columns;
  columns["label_sets"] = py::cast(result.label_sets);
  columns["probabilities"] = to_array(std::move(result.probabilities));
  columns["worker_counts"] = to_array(std::move(result.worker_counts))
                                 .reshape({py::ssize_t{-1}, py::ssize_t{n_labels}, py::ssize_t{2}, py::ssize_t{2}});
  columns["worker_recall"] = to_array(std::move(result.worker_recall));
  columns["worker_precision"] = to_array(std::move(result.worker_precision));
  return columns;
}

py::dict boxes(const Codes& items, const Codes& workers, const Column<double>& boxes, const Codes& classes,
               const Codes& empty_items, const Codes& empty_workers, std::int32_t n_classes, double min_overlap,
               double min_existence, std::size_t n_threads) {
  const auto marks = mark_columns(items, workers, classes, empty_items, empty_workers);
  const MatrixView<const double> coordinates(boxes.data(), boxes.shape(0), boxes.shape(1));
  const BoxConsolidationOptions options{min_overlap, min_existence, make_executor(n_threads)};
  BoxConsolidation result;
  {
    const py::gil_scoped_release release;
    result = consolidate_boxes(marks, coordinates, n_classes, options);
  }
  py::dict columns;
  columns["items"] = to_array(std::move(result.items));
  columns["boxes"] = to_array(std::move(result.boxes));
  columns["classes"] = to_array(std::move(result.classes));
  columns["existences"] = to_array(std::move(result.existences));
  columns["confidences"] = to_array(std::move(result.confidences));
  columns["n_workers"] = to_array(std::move(result.n_workers));
  columns["objects"] = to_array(std::move(result.objects));
  columns["worker_recall"] = to_array(std::move(result.worker_recall));
  columns["worker_precision"] = to_array(std::move(result.worker_precision));
  columns["worker_error"] = to_array(std::move(result.worker_error));
  return columns;
}

py::dict spans(const Codes& items, const Codes& workers, const Codes& starts, const Codes& ends, const Codes& classes,
               const Codes& empty_items, const Codes& empty_workers, const Codes& lengths, std::int32_t n_classes,
               const std::string& method, std::size_t n_threads) {
  const auto marks = mark_columns(items, workers, classes, empty_items, empty_workers);
  const SpanConsolidationOptions options{method == "tokens" ? SpanMethod::tokens : SpanMethod::spans,
                                         make_executor(n_threads)};
  const auto from = span_over(starts), to = span_over(ends), of_items = span_over(lengths);
  SpanConsolidation result;
  {
    const py::gil_scoped_release release;
    result = consolidate_spans(marks, from, to, of_items, n_classes, options);
  }
  py::dict columns;
  columns["items"] = to_array(std::move(result.items));
  columns["starts"] = to_array(std::move(result.starts));
  columns["ends"] = to_array(std::move(result.ends));
  columns["classes"] = to_array(std::move(result.classes));
  columns["confidences"] = to_array(std::move(result.confidences));
  columns["n_workers"] = to_array(std::move(result.n_workers));
  columns["worker_recall"] = to_array(std::move(result.worker_recall));
  columns["worker_precision"] = to_array(std::move(result.worker_precision));
  return columns;
}

py::dict masks(const Codes& items, const Codes& workers, const std::vector<Column<std::uint8_t>>& masks,
               std::int32_t n_classes, const std::string& method, double smoothness, std::size_t n_threads) {
  std::vector<MatrixView<const std::uint8_t>> views;
  for (const auto& mask : masks) views.emplace_back(mask.data(), mask.shape(0), mask.shape(1));
  const MaskConsolidationOptions options{method == "staple" ? MaskMethod::staple : MaskMethod::one_accuracy, smoothness,
                                         make_executor(n_threads)};
  const auto item_codes = span_over(items), worker_codes = span_over(workers);
  MaskConsolidation result;
  {
    const py::gil_scoped_release release;
    result = consolidate_masks(item_codes, worker_codes, views, n_classes, options);
  }
  py::list answers, probabilities;
  for (std::size_t i = 0; i < result.masks.size(); ++i) {
    const auto height = result.masks[i].rows, width = result.masks[i].cols;
    answers.append(to_array(std::move(result.masks[i])));
    probabilities.append(
        to_array(std::move(result.probabilities[i])).reshape({height, width, std::ptrdiff_t{n_classes}}));
  }
  py::dict columns;
  columns["masks"] = answers;
  columns["probabilities"] = probabilities;
  columns["confidences"] = to_array(std::move(result.confidences));
  columns["n_workers"] = to_array(std::move(result.n_workers));
  columns["worker_counts"] = to_array(std::move(result.worker_counts))
                                 .reshape({py::ssize_t{-1}, py::ssize_t{n_classes}, py::ssize_t{n_classes}});
  columns["worker_accuracy"] = to_array(std::move(result.worker_accuracy));
  return columns;
}

}  // namespace

void register_structured_consolidation(py::module_& m) {
  m.def("_consolidate_multi_label", &multi_label, "items"_a, "workers"_a, "ends"_a, "labels"_a, "n_labels"_a,
        "n_threads"_a);
  m.def("_consolidate_boxes", &boxes, "items"_a, "workers"_a, "boxes"_a, "classes"_a, "empty_items"_a,
        "empty_workers"_a, "n_classes"_a, "min_overlap"_a, "min_existence"_a, "n_threads"_a);
  m.def("_consolidate_spans", &spans, "items"_a, "workers"_a, "starts"_a, "ends"_a, "classes"_a, "empty_items"_a,
        "empty_workers"_a, "lengths"_a, "n_classes"_a, "method"_a, "n_threads"_a);
  m.def("_consolidate_masks", &masks, "items"_a, "workers"_a, "masks"_a, "n_classes"_a, "method"_a, "smoothness"_a,
        "n_threads"_a);
}

}  // namespace gtlabel::python
