#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "arrays.hpp"
#include "gtlabel/core/error.hpp"
#include "gtlabel/jobs/labeling_job.hpp"
#include "gtlabel/storage/snapshot.hpp"
#include "gtlabel/storage/store_summary.hpp"
#include "registers.hpp"
#include "trampolines.hpp"

namespace gtlabel::python {
namespace {

py::array purpose_names(const Batch& batch) {
  py::list names;
  for (const Purpose purpose : batch.purposes) names.append(to_string(purpose));
  return py::module_::import("numpy").attr("array")(names, "dtype"_a = "<U6");
}

LabelingJobOptions options_from(const py::object& model, std::vector<std::string> ids, std::size_t n_threads) {
  LabelingJobOptions options;
  options.ids = std::move(ids);
  if (!model.is_none()) options.model = model_from(model);
  options.n_threads = n_threads;
  options.poll = check_signals;
  return options;
}

/// An empty name: as the job thinks best.
std::optional<CommitMode> commit_mode_from(const std::string& name) {
  if (name.empty()) return std::nullopt;
  if (name == "eager") return CommitMode::eager;
  if (name == "final") return CommitMode::final;
  throw InvalidArgument("commit: '" + name + "' given, expected 'eager' or 'final'");
}

/// Pickled, because people may be asked by another process.
py::tuple batch_state(const Batch& batch) {
  std::vector<std::uint8_t> purposes;
  for (const Purpose purpose : batch.purposes) purposes.push_back(static_cast<std::uint8_t>(purpose));
  return py::make_tuple(batch.items, purposes, batch.round);
}

Batch batch_from(const py::tuple& state) {
  Batch batch{state[0].cast<std::vector<ItemIndex>>(), {}, state[2].cast<std::int32_t>()};
  for (const auto purpose : state[1].cast<std::vector<std::uint8_t>>()) {
    if (purpose > static_cast<std::uint8_t>(Purpose::review)) throw InvalidArgument("batch: an unknown purpose");
    batch.purposes.push_back(static_cast<Purpose>(purpose));
  }
  return batch;
}

using Clock = std::optional<std::function<double()>>;

void set_clock(LabelingJobOptions& options, const Clock& now) {
  if (now) options.now = *now;
}

std::unique_ptr<LabelingJob> make_job(const py::object& X, std::vector<std::string> classes,
                                      std::vector<std::string> ids, Target target, const py::object& model,
                                      std::int64_t batch_size, std::optional<std::uint64_t> seed, std::size_t n_threads,
                                      const Overlap& overlap, double per_answer, const std::string& currency,
                                      const std::map<std::string, double>& per_worker,
                                      std::optional<std::int64_t> max_answers, std::optional<double> max_cost,
                                      std::optional<std::int64_t> max_items, double lease_seconds, const Clock& now,
                                      const std::string& commit, const std::string& store, const py::object& gold_items,
                                      const std::vector<ClassIndex>& gold_classes, double gold_rate) {
  const Features features = features_from(X);
  LabelingJobOptions options = options_from(model, std::move(ids), n_threads);
  options.target = target;
  options.batch_size = batch_size;
  options.seed = seed;
  options.overlap = overlap;
  options.price = {per_answer, currency, {per_worker.begin(), per_worker.end()}};
  options.budget = {max_answers, max_cost, max_items};
  options.lease_seconds = lease_seconds;
  set_clock(options, now);
  options.commit = commit_mode_from(commit);
  options.store = store;
  const auto golden = indices_from(gold_items, "gold");
  const auto items = span_of<ItemIndex>(golden);
  for (std::size_t i = 0; i < items.size(); ++i) options.gold.push_back({items[i], gold_classes.at(i)});
  options.gold_rate = gold_rate;
  const py::gil_scoped_release release;
  return std::make_unique<LabelingJob>(features, std::move(classes), std::move(options));
}

std::unique_ptr<LabelingJob> restore_job(const py::bytes& snapshot, const py::object& X, std::vector<std::string> ids,
                                         const py::object& model, std::size_t n_threads, const Clock& now) {
  const std::string bytes = snapshot;
  const Features features = features_from(X);
  LabelingJobOptions options = options_from(model, std::move(ids), n_threads);
  set_clock(options, now);
  const py::gil_scoped_release release;
  return std::make_unique<LabelingJob>(LabelingJob::restore(bytes, features, std::move(options)));
}

std::unique_ptr<LabelingJob> open_job(const std::string& store, const py::object& X, std::vector<std::string> ids,
                                      const py::object& model, std::size_t n_threads, const Clock& now) {
  const Features features = features_from(X);
  LabelingJobOptions options = options_from(model, std::move(ids), n_threads);
  set_clock(options, now);
  const py::gil_scoped_release release;
  return std::make_unique<LabelingJob>(LabelingJob::open(store, features, std::move(options)));
}

void extend(LabelingJob& job, const py::object& X, std::vector<std::string> ids) {
  const Features more = features_from(X);
  const py::gil_scoped_release release;
  job.extend(more, std::move(ids));
}

/// One class index per item, kNoClass where there is no answer. Those rows are left out only after all items were
/// checked, so that a message names the row as the caller counts it.
Submission submit(LabelingJob& job, const py::object& items, const py::array_t<ClassIndex>& answers,
                  const std::vector<std::string>& workers, const std::vector<float>& seconds,
                  const std::vector<float>& certainties, const std::vector<std::string>& answer_ids) {
  const auto indices = indices_from(items, "items");
  const auto given_items = span_of<ItemIndex>(indices);
  const auto given_answers = span_of<ClassIndex>(answers);
  const auto is_one_each = [&](std::size_t n) { return n == 0 || n == given_items.size(); };
  if (given_answers.size() != given_items.size() || !is_one_each(workers.size()) || !is_one_each(seconds.size()) ||
      !is_one_each(certainties.size()) || !is_one_each(answer_ids.size())) {
    throw InvalidArgument("submit: " + std::to_string(given_items.size()) + " items, " +
                              std::to_string(given_answers.size()) + " answers, " + std::to_string(workers.size()) +
                              " workers, " + std::to_string(seconds.size()) + " seconds and " +
                              std::to_string(answer_ids.size()) +
                              " answer_ids given, expected equally many (or none of the last three)",
                          ErrorCode::shape_mismatch);
  }
  const py::gil_scoped_release release;
  std::vector<ItemIndex> answered;
  std::vector<ClassIndex> classes;
  std::vector<std::string> names, ids;
  std::vector<float> times, sure;
  for (std::size_t row = 0; row < given_items.size(); ++row) {
    if (given_items[row] < 0 || given_items[row] >= job.n_items()) {
      throw InvalidArgument("items: row " + std::to_string(row) + " is " + std::to_string(given_items[row]) +
                                ", expected 0 to " + std::to_string(job.n_items() - 1),
                            ErrorCode::item_out_of_range);
    }
    if (given_answers[row] == kNoClass) continue;
    answered.push_back(given_items[row]);
    classes.push_back(given_answers[row]);
    if (!workers.empty()) names.push_back(workers[row]);
    if (!seconds.empty()) times.push_back(seconds[row]);
    if (!certainties.empty()) sure.push_back(certainties[row]);
    if (!answer_ids.empty()) ids.push_back(answer_ids[row]);
  }
  return job.submit(answered, std::span<const ClassIndex>(classes), names, times, sure, ids);
}

/// numpy columns by name.
py::dict label_columns(const LabelingJob& job) {
  LabelSet labels;
  {
    const py::gil_scoped_release release;
    labels = job.labels();
  }
  std::vector<std::uint8_t> source;
  source.reserve(labels.source.size());
  for (const LabelSource value : labels.source) source.push_back(static_cast<std::uint8_t>(value));
  return py::dict("item"_a = to_array(std::move(labels.item)),
                  "class_index"_a = to_array(std::move(labels.class_index)), "source"_a = to_array(std::move(source)),
                  "confidence"_a = to_array(std::move(labels.confidence)),
                  "round"_a = to_array(std::move(labels.round)));
}

py::dict answer_columns(const LabelingJob& job) {
  AnswerTable table;
  {
    const py::gil_scoped_release release;
    table = job.answers();
  }
  std::vector<ItemIndex> items;
  std::vector<std::int32_t> classes, workers, rounds;
  std::vector<float> certainties, seconds;
  for (const Answer& answer : table.answers()) {
    items.push_back(answer.item);
    classes.push_back(answer.class_index);
    workers.push_back(answer.worker);
    rounds.push_back(answer.round);
    certainties.push_back(answer.certainty);
    seconds.push_back(answer.seconds);
  }
  return py::dict("item"_a = to_array(std::move(items)), "class_index"_a = to_array(std::move(classes)),
                  "worker"_a = to_array(std::move(workers)), "round"_a = to_array(std::move(rounds)),
                  "certainty"_a = to_array(std::move(certainties)), "seconds"_a = to_array(std::move(seconds)),
                  "workers"_a = table.workers());
}

py::dict prediction_columns(const LabelingJob& job) {
  Predictions predictions;
  {
    const py::gil_scoped_release release;
    predictions = job.predictions();
  }
  return py::dict("item"_a = to_array(std::move(predictions.item)),
                  "class_index"_a = to_array(std::move(predictions.class_index)),
                  "confidence"_a = to_array(std::move(predictions.confidence)));
}

py::list history_rows(const LabelingJob& job, ItemIndex item) {
  std::vector<ItemEvent> history;
  {
    const py::gil_scoped_release release;
    history = job.explain(item);
  }
  py::list rows;
  for (const ItemEvent& event : history) {
    rows.append(py::make_tuple(event.event, event.at, event.kind, event.detail, event.worker, event.class_index,
                               event.confidence, event.round));
  }
  return rows;
}

py::dict summary_fields(const std::string& path) {
  StoreSummary summary;
  {
    const py::gil_scoped_release release;
    summary = read_store(path);
  }
  return py::dict("path"_a = summary.path, "version"_a = summary.version, "gtlabel_version"_a = summary.gtlabel_version,
                  "created"_a = summary.created, "last_change"_a = summary.last_change, "classes"_a = summary.classes,
                  "target"_a = summary.target, "model"_a = summary.model, "n_items"_a = summary.n_items,
                  "n_answers"_a = summary.n_answers, "n_human"_a = summary.n_human, "n_auto"_a = summary.n_auto,
                  "n_audited"_a = summary.n_audited, "n_batches"_a = summary.n_batches,
                  "n_outstanding"_a = summary.n_outstanding, "round"_a = summary.round,
                  "is_finished"_a = summary.is_finished, "certificate"_a = summary.certificate);
}

py::dict record_fields(const RoundRecord& record) {
  return py::dict("round"_a = record.round, "n_items"_a = record.n_items, "n_human"_a = record.n_human,
                  "n_auto"_a = record.n_auto, "n_audited"_a = record.n_audited, "errors_found"_a = record.errors_found,
                  "coverage"_a = record.coverage, "human_share"_a = record.human_share,
                  "expected_human_share"_a = record.expected_human_share, "estimated_error"_a = record.estimated_error,
                  "bounded_error"_a = record.bounded_error, "accuracy"_a = record.accuracy,
                  "seconds"_a = record.seconds, "n_paid"_a = record.n_paid, "cost"_a = record.cost);
}

py::list worker_rows(const LabelingJob& job) {
  std::vector<WorkerRecord> records;
  {
    const py::gil_scoped_release release;
    records = job.workers();
  }
  py::list rows;
  for (const WorkerRecord& record : records) {
    rows.append(py::make_tuple(record.worker, record.n_answers, record.n_skipped, record.accuracy,
                               record.accuracy_interval.low, record.accuracy_interval.high, record.agreement,
                               record.seconds, record.cost, record.is_spam, record.n_gold, record.n_gold_right,
                               record.copying_with));
  }
  return rows;
}

py::dict spending_columns(const LabelingJob& job) {
  std::vector<Spending> spending;
  {
    const py::gil_scoped_release release;
    spending = job.spending();
  }
  std::vector<std::int32_t> rounds;
  std::vector<std::string> workers;
  std::vector<std::int64_t> paid;
  std::vector<double> costs;
  for (Spending& of : spending) {
    rounds.push_back(of.round);
    workers.push_back(std::move(of.worker));
    paid.push_back(of.n_paid);
    costs.push_back(of.cost);
  }
  return py::dict("round"_a = to_array(std::move(rounds)), "worker"_a = workers, "n_paid"_a = to_array(std::move(paid)),
                  "cost"_a = to_array(std::move(costs)));
}

py::dict gold_fields(const GoldRecord& gold) {
  return py::dict("n_given"_a = gold.n_given, "n_asked"_a = gold.n_asked, "n_wrong"_a = gold.n_wrong,
                  "people_wrong_at_most"_a = gold.people_wrong_at_most,
                  "failure_probability"_a = gold.failure_probability);
}

py::dict fields_of(const QueryRecord& query) {
  return py::dict("n_chosen"_a = query.n_chosen, "chosen_wrong"_a = query.chosen_wrong, "n_control"_a = query.n_control,
                  "control_wrong"_a = query.control_wrong, "lift"_a = query.lift, "lift_low"_a = query.lift_low,
                  "lift_high"_a = query.lift_high);
}

py::dict fields_of(const LabelingPlan& plan) {
  return py::dict("n_items"_a = plan.n_items, "n_asked"_a = plan.n_asked, "n_human"_a = plan.n_human,
                  "n_human_low"_a = plan.n_human_low, "n_human_high"_a = plan.n_human_high, "basis"_a = plan.basis,
                  "answers_per_item"_a = plan.answers_per_item, "n_gold_unasked"_a = plan.n_gold_unasked,
                  "gold_rate"_a = plan.gold_rate);
}

py::dict plan_fields(const LabelingJob& job) {
  LabelingPlan plan;
  {
    const py::gil_scoped_release release;
    plan = job.plan();
  }
  return fields_of(plan);
}

py::dict class_fields(const ClassRecord& record, const std::string& label) {
  return py::dict("label"_a = label, "class_index"_a = record.class_index, "n_human"_a = record.n_human,
                  "n_auto"_a = record.n_auto, "n_audited"_a = record.n_audited, "errors_found"_a = record.errors_found,
                  "n_missed"_a = record.n_missed);
}

py::dict report_fields(const LabelingJob& job) {
  JobReport report;
  std::vector<std::string> classes;
  {
    const py::gil_scoped_release release;
    report = job.report();
    classes = job.classes();
  }
  py::list history;
  for (const RoundRecord& record : report.history) history.append(record_fields(record));
  py::list by_class;
  for (const ClassRecord& record : report.by_class) {
    by_class.append(class_fields(record, classes[static_cast<std::size_t>(record.class_index)]));
  }
  return py::dict("n_items"_a = report.n_items, "n_human"_a = report.n_human, "n_auto"_a = report.n_auto,
                  "n_audited"_a = report.n_audited, "n_answers"_a = report.n_answers, "n_paid"_a = report.n_paid,
                  "cost"_a = report.cost, "currency"_a = report.currency, "savings"_a = report.savings,
                  "rounds"_a = report.rounds, "is_finished"_a = report.is_finished, "model"_a = report.model,
                  "target"_a = report.target, "outcome"_a = report.outcome, "seconds"_a = report.seconds,
                  "certificate"_a = report.certificate, "plan"_a = fields_of(report.plan),
                  "gold"_a = gold_fields(report.gold), "query"_a = fields_of(report.query), "by_class"_a = by_class,
                  "history"_a = history);
}

}  // namespace

void register_jobs(py::module_& m) {
  py::class_<Batch>(m, "Batch", "Items to send to people together.")
      .def_property_readonly(
          "items", [](const Batch& batch) { return to_array(batch.items); }, "int64 item indices.")
      .def_property_readonly("purposes", &purpose_names, "'seed', 'query', 'audit' or 'review' per item.")
      .def_readonly("round", &Batch::round)
      .def("__len__", [](const Batch& batch) { return batch.items.size(); })
      .def("__repr__",
           [](const Batch& batch) {
             return py::str("Batch(round={}, {} items)").format(batch.round, batch.items.size());
           })
      .def(py::pickle(&batch_state, &batch_from));
  py::class_<Submission>(m, "Submission", "What submit did.")
      .def_readonly("n_answers", &Submission::n_answers, "Answers taken.")
      .def_readonly("n_free", &Submission::n_free, "Of those, about items that nobody had asked about.")
      .def_readonly("n_replaced", &Submission::n_replaced, "Of those, about items answered before; the later counts.")
      .def_readonly("n_skipped", &Submission::n_skipped, "Skips: the items are asked again.")
      .def_readonly("n_repeated", &Submission::n_repeated, "Known already: nothing was changed.")
      .def("__repr__", [](const Submission& s) {
        return py::str("Submission(n_answers={}, n_free={}, n_replaced={}, n_skipped={}, n_repeated={})")
            .format(s.n_answers, s.n_free, s.n_replaced, s.n_skipped, s.n_repeated);
      });
  m.attr("_SKIP") = kSkip;
  m.attr("_UNSURE") = kUnsure;
  m.attr("_NONE_OF_THESE") = kNoneOfThese;

  m.def(
      "read_file",
      [](const std::string& path) {
        std::string bytes;
        {
          const py::gil_scoped_release release;
          bytes = read_file(path);
        }
        return py::bytes(bytes);
      },
      "path"_a, "The bytes of a file that save wrote; raises ArchiveError.");

  m.def("read_store", &summary_fields, "path"_a);

  m.def(
      "plan_fields",
      [](std::int64_t n_items, int n_classes, const Target& target) {
        return fields_of(plan_labeling(n_items, n_classes, target));
      },
      "n_items"_a, "n_classes"_a, "target"_a);

  const LabelingJobOptions defaults;
  py::class_<LabelingJob>(m, "LabelingJob", "The compiled half of gtlabel.LabelingJob.")
      .def(py::init(&make_job), "X"_a, "classes"_a, "ids"_a = defaults.ids, "target"_a = defaults.target,
           "model"_a = py::none(), "batch_size"_a = defaults.batch_size, "seed"_a = defaults.seed,
           "n_threads"_a = defaults.n_threads, "overlap"_a = defaults.overlap,
           "per_answer"_a = defaults.price.per_answer, "currency"_a = defaults.price.currency,
           "per_worker"_a = std::map<std::string, double>{}, "max_answers"_a = defaults.budget.max_answers,
           "max_cost"_a = defaults.budget.max_cost, "max_items"_a = defaults.budget.max_items,
           "lease_seconds"_a = defaults.lease_seconds, "now"_a = py::none(), "commit"_a = "",
           "store"_a = defaults.store, "gold_items"_a = py::tuple(), "gold_classes"_a = std::vector<ClassIndex>{},
           "gold_rate"_a = defaults.gold_rate)
      .def_static("open", &open_job, "store"_a, "X"_a, "ids"_a = defaults.ids, "model"_a = py::none(),
                  "n_threads"_a = defaults.n_threads, "now"_a = py::none())
      .def_static("restore", &restore_job, "snapshot"_a, "X"_a, "ids"_a = defaults.ids, "model"_a = py::none(),
                  "n_threads"_a = defaults.n_threads, "now"_a = py::none())
      .def("next_batch", py::overload_cast<>(&LabelingJob::next_batch), py::call_guard<py::gil_scoped_release>())
      .def("next_batch_for", py::overload_cast<const std::string&, std::int64_t>(&LabelingJob::next_batch), "worker"_a,
           "size"_a, py::call_guard<py::gil_scoped_release>())
      .def("worker_rows", &worker_rows)
      .def("spending_columns", &spending_columns)
      .def("extend", &extend, "X"_a, "ids"_a)
      .def("submit", &submit, "items"_a, "answers"_a, "workers"_a, "seconds"_a, "certainties"_a, "answer_ids"_a)
      .def("add_class", &LabelingJob::add_class, "name"_a, py::call_guard<py::gil_scoped_release>())
      .def("rename_class", &LabelingJob::rename_class, "name"_a, "new_name"_a, py::call_guard<py::gil_scoped_release>())
      .def("merge_classes", &LabelingJob::merge_classes, "name"_a, "into"_a, py::call_guard<py::gil_scoped_release>())
      .def("retire_class", &LabelingJob::retire_class, "name"_a, py::call_guard<py::gil_scoped_release>())
      .def("history_rows", &history_rows, "item"_a)
      .def("model", &LabelingJob::model, py::call_guard<py::gil_scoped_release>())
      .def("pool",
           [](const LabelingJob& job) {
             Features pool = [&] {
               const py::gil_scoped_release release;
               return job.pool();
             }();
             return features_to_python(pool);
           })
      .def("close", &LabelingJob::close, py::call_guard<py::gil_scoped_release>())
      .def("label_columns", &label_columns)
      .def("answer_columns", &answer_columns)
      .def("prediction_columns", &prediction_columns)
      .def("report_fields", &report_fields)
      .def("plan_fields", &plan_fields)
      .def("certificate", &LabelingJob::certificate, py::call_guard<py::gil_scoped_release>())
      .def("snapshot",
           [](const LabelingJob& job) {
             std::string bytes;
             {
               const py::gil_scoped_release release;
               bytes = job.snapshot();
             }
             return py::bytes(bytes);
           })
      .def("save", &LabelingJob::save, "path"_a, py::call_guard<py::gil_scoped_release>())
      .def_property_readonly("is_finished",
                             [](const LabelingJob& job) {
                               const py::gil_scoped_release release;
                               return job.is_finished();
                             })
      .def_property_readonly("classes",
                             [](const LabelingJob& job) {
                               const py::gil_scoped_release release;
                               return job.classes();
                             })
      .def_property_readonly("active_classes",
                             [](const LabelingJob& job) {
                               const py::gil_scoped_release release;
                               return job.active_classes();
                             })
      .def_property_readonly("store",
                             [](const LabelingJob& job) {
                               std::string path;
                               {
                                 const py::gil_scoped_release release;
                                 path = job.store();
                               }
                               return py::bytes(path);
                             })
      .def_property_readonly("ids",
                             [](const LabelingJob& job) {
                               const py::gil_scoped_release release;
                               return job.ids();
                             })
      .def_property_readonly("n_items", &LabelingJob::n_items)
      .def_property_readonly("price",
                             [](const LabelingJob& job) {
                               const Price& price = job.price();
                               return py::make_tuple(
                                   price.per_answer, price.currency,
                                   std::map<std::string, double>(price.per_worker.begin(), price.per_worker.end()));
                             })
      .def_property_readonly("target", &LabelingJob::target);
}

}  // namespace gtlabel::python
