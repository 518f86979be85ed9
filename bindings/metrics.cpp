#include "arrays.hpp"
#include "gtlabel/core/error.hpp"
#include "gtlabel/dataset/vote_table.hpp"
#include "gtlabel/metrics/agreement.hpp"
#include "gtlabel/metrics/wilson_interval.hpp"
#include "registers.hpp"

namespace gtlabel::python {
namespace {

using Codes = py::array_t<std::int32_t, py::array::c_style | py::array::forcecast>;
using Numbers = py::array_t<double, py::array::c_style | py::array::forcecast>;

py::tuple wilson_intervals(const Numbers& successes, const Numbers& trials, double confidence) {
  if (successes.size() != trials.size()) {
    throw InvalidArgument(
        "trials: " + std::to_string(trials.size()) + " given for " + std::to_string(successes.size()) + " successes",
        ErrorCode::shape_mismatch);
  }
  Numbers low(successes.request().shape), high(successes.request().shape);
  for (py::ssize_t i = 0; i < successes.size(); ++i) {
    const Interval interval = wilson_interval(successes.data()[i], trials.data()[i], confidence);
    low.mutable_data()[i] = interval.low;
    high.mutable_data()[i] = interval.high;
  }
  return py::make_tuple(low, high);
}

py::tuple to_python(const Agreement& agreement) {
  return py::make_tuple(agreement.value, agreement.interval.low, agreement.interval.high);
}

VoteTable votes_from(const Codes& items, const Codes& workers, const Codes& answers, std::int32_t n_classes) {
  const auto span = [](const Codes& codes) {
    return std::span<const std::int32_t>(codes.data(), static_cast<std::size_t>(codes.size()));
  };
  return {span(items), span(workers), span(answers), n_classes};
}

AgreementOptions options_from(int n_resamples, double confidence, std::uint64_t seed) {
  return {n_resamples, confidence, seed, make_executor(0)};
}

AnswerScale scale_from(const std::string& scale) {
  if (scale == "nominal") return AnswerScale::nominal;
  if (scale == "ordinal") return AnswerScale::ordinal;
  if (scale == "interval") return AnswerScale::interval;
  throw InvalidArgument("scale: '" + scale + "' given, expected 'nominal', 'ordinal' or 'interval'");
}

py::tuple alpha(const Codes& items, const Codes& workers, const Codes& answers, std::int32_t n_classes,
                const std::string& scale, const std::vector<double>& values, int n_resamples, double confidence,
                std::uint64_t seed) {
  const VoteTable votes = votes_from(items, workers, answers, n_classes);
  const AgreementOptions options = options_from(n_resamples, confidence, seed);
  const AnswerScale answer_scale = scale_from(scale);
  Agreement agreement;
  {
    const py::gil_scoped_release release;
    agreement = krippendorff_alpha(votes, answer_scale, values, options);
  }
  return to_python(agreement);
}

py::list alpha_per_class(const Codes& items, const Codes& workers, const Codes& answers, std::int32_t n_classes,
                         int n_resamples, double confidence, std::uint64_t seed) {
  const VoteTable votes = votes_from(items, workers, answers, n_classes);
  const AgreementOptions options = options_from(n_resamples, confidence, seed);
  std::vector<Agreement> agreements;
  {
    const py::gil_scoped_release release;
    agreements = krippendorff_alpha_per_class(votes, options);
  }
  py::list list;
  for (const Agreement& agreement : agreements) list.append(to_python(agreement));
  return list;
}

py::tuple kappa_of_all(const Codes& items, const Codes& workers, const Codes& answers, std::int32_t n_classes,
                       int n_resamples, double confidence, std::uint64_t seed) {
  const VoteTable votes = votes_from(items, workers, answers, n_classes);
  const AgreementOptions options = options_from(n_resamples, confidence, seed);
  Agreement agreement;
  {
    const py::gil_scoped_release release;
    agreement = fleiss_kappa(votes, options);
  }
  return to_python(agreement);
}

py::list kappa_of_pairs(const Codes& items, const Codes& workers, const Codes& answers, std::int32_t n_classes,
                        std::int64_t min_common, int n_resamples, double confidence, std::uint64_t seed) {
  const VoteTable votes = votes_from(items, workers, answers, n_classes);
  const AgreementOptions options = options_from(n_resamples, confidence, seed);
  std::vector<WorkerAgreement> agreements;
  {
    const py::gil_scoped_release release;
    agreements = cohen_kappa(votes, min_common, options);
  }
  py::list list;
  for (const WorkerAgreement& pair : agreements) {
    list.append(py::make_tuple(pair.first, pair.second, pair.n_common, to_python(pair.kappa)));
  }
  return list;
}

}  // namespace

void register_metrics(py::module_& m) {
  m.def("wilson_interval", &wilson_intervals, "successes"_a, "trials"_a, "confidence"_a = 0.95,
        "Wilson's score interval of shares: arrays (low, high) in the shape of `successes`; 0 to 1 without trials.");
  m.def("_krippendorff_alpha", &alpha, "items"_a, "workers"_a, "answers"_a, "n_classes"_a, "scale"_a, "values"_a,
        "n_resamples"_a, "confidence"_a, "seed"_a);
  m.def("_krippendorff_alpha_per_class", &alpha_per_class, "items"_a, "workers"_a, "answers"_a, "n_classes"_a,
        "n_resamples"_a, "confidence"_a, "seed"_a);
  m.def("_fleiss_kappa", &kappa_of_all, "items"_a, "workers"_a, "answers"_a, "n_classes"_a, "n_resamples"_a,
        "confidence"_a, "seed"_a);
  m.def("_cohen_kappa", &kappa_of_pairs, "items"_a, "workers"_a, "answers"_a, "n_classes"_a, "min_common"_a,
        "n_resamples"_a, "confidence"_a, "seed"_a);
}

}  // namespace gtlabel::python
