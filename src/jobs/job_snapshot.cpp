#include "jobs/job_snapshot.hpp"

#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "gtlabel/core/error.hpp"
#include "gtlabel/storage/snapshot.hpp"
#include "jobs/answer_check.hpp"

namespace gtlabel::detail {

void save_setup(SnapshotWriter& writer, const LabelingLoop::Setup& setup) {
  writer.section("setup", 4);
  const auto* error = std::get_if<ErrorTarget>(&setup.target);
  writer.write(error != nullptr);
  writer.write(error != nullptr ? error->max_error : std::get<ConfidenceThreshold>(setup.target).confidence);
  writer.write(error != nullptr ? error->failure_probability : 0.0);
  writer.write(error != nullptr && error->of == ErrorScope::dataset);
  writer.write(setup.batch_size);
  writer.write(setup.seed);
  writer.write(error != nullptr && error->per_class);  // since version 2
  writer.write(setup.overlap.min);                     // since version 3
  writer.write(setup.overlap.max);
  writer.write(setup.overlap.until_confidence);
  writer.write(setup.price.per_answer);
  writer.write(setup.price.currency);
  writer.write(setup.budget.max_answers.value_or(0));
  writer.write(setup.budget.max_cost.value_or(0.0));
  writer.write(setup.budget.max_items.value_or(0));
  writer.write(setup.commit == CommitMode::final);  // since version 3
  std::vector<std::string> workers;                 // what follows since version 4
  std::vector<double> prices;
  for (const auto& [worker, price] : setup.price.per_worker) {
    workers.push_back(worker);
    prices.push_back(price);
  }
  writer.write(workers);
  writer.write(std::span<const double>(prices));
  std::vector<ItemIndex> gold_items;
  std::vector<ClassIndex> gold_classes;
  for (const GoldLabel& gold : setup.gold) {
    gold_items.push_back(gold.item);
    gold_classes.push_back(gold.class_index);
  }
  writer.write(std::span<const ItemIndex>(gold_items));
  writer.write(std::span<const ClassIndex>(gold_classes));
  writer.write(setup.gold_rate);
}

void require_gold(std::span<const GoldLabel> gold, double rate, std::int64_t n_items, std::size_t n_classes) {
  if (!(rate >= 0.0 && rate <= 1.0)) {
    throw InvalidArgument("gold_rate: " + std::to_string(rate) + " given, expected 0 to 1");
  }
  std::unordered_set<ItemIndex> items;
  for (std::size_t row = 0; row < gold.size(); ++row) {
    const std::string which = "gold: row " + std::to_string(row) + ", item " + std::to_string(gold[row].item);
    if (gold[row].item < 0 || gold[row].item >= n_items) {
      throw InvalidArgument(which + ", expected 0 to " + std::to_string(n_items - 1), ErrorCode::item_out_of_range);
    }
    if (!items.insert(gold[row].item).second) throw InvalidArgument(which + " came before, expected each item once");
    if (gold[row].class_index >= 0 && static_cast<std::size_t>(gold[row].class_index) < n_classes) continue;
    throw UnknownClass(which + " is class " + std::to_string(gold[row].class_index) + ", expected 0 to " +
                       std::to_string(n_classes - 1));
  }
}

namespace {

/// Prices of workers, and gold: what version 4 of the setup brought.
void load_people(SnapshotReader& reader, LabelingLoop::Setup& setup, std::int64_t n_items, std::size_t n_classes) {
  const auto workers = reader.get<std::vector<std::string>>();
  const auto prices = reader.get<std::vector<double>>();
  require_sound(workers.size() == prices.size(), "setup: prices of workers");
  for (std::size_t w = 0; w < workers.size(); ++w) setup.price.per_worker[workers[w]] = prices[w];
  const auto items = reader.get<std::vector<ItemIndex>>();
  const auto classes = reader.get<std::vector<ClassIndex>>();
  reader.read(setup.gold_rate);
  require_sound(items.size() == classes.size(), "setup: gold");
  for (std::size_t i = 0; i < items.size(); ++i) setup.gold.push_back({items[i], classes[i]});
  try {
    require_gold(setup.gold, setup.gold_rate, n_items, n_classes);
  } catch (const Error& error) {
    require_sound(false, std::string("setup: ") + error.what());
  }
}

}  // namespace

LabelingLoop::Setup load_setup(SnapshotReader& reader, std::int64_t n_items, std::size_t n_classes) {
  const auto version = reader.section("setup", 4);
  const bool is_error_target = reader.get<bool>();
  const auto value = reader.get<double>();
  const auto failure_probability = reader.get<double>();
  const bool of_dataset = reader.get<bool>();
  LabelingLoop::Setup setup{};
  reader.read(setup.batch_size);
  reader.read(setup.seed);
  const bool per_class = version >= 2 && reader.get<bool>();
  if (version >= 3) {
    reader.read(setup.overlap.min);
    reader.read(setup.overlap.max);
    reader.read(setup.overlap.until_confidence);
    reader.read(setup.price.per_answer);
    reader.read(setup.price.currency);
    if (const auto limit = reader.get<std::int64_t>(); limit != 0) setup.budget.max_answers = limit;
    if (const auto limit = reader.get<double>(); limit != 0.0) setup.budget.max_cost = limit;
    if (const auto limit = reader.get<std::int64_t>(); limit != 0) setup.budget.max_items = limit;
    setup.commit = reader.get<bool>() ? CommitMode::final : CommitMode::eager;
  }
  if (version >= 4) load_people(reader, setup, n_items, n_classes);
  if (is_error_target) {
    const ErrorScope of = of_dataset ? ErrorScope::dataset : ErrorScope::auto_labels;
    setup.target = ErrorTarget{value, failure_probability, of, per_class};
  } else {
    setup.target = ConfidenceThreshold{value};
  }
  try {
    validate(setup.target);
    validate(setup.overlap);
    validate(setup.budget, setup.price);
  } catch (const InvalidArgument& error) {
    require_sound(false, std::string("setup: ") + error.what());
  }
  require_sound(setup.batch_size >= 0, "batch size: negative");
  return setup;
}

void save_answers(SnapshotWriter& writer, const AnswerTable& table) {
  writer.section("answer_table", 2);
  std::vector<std::int64_t> items;
  std::vector<std::int32_t> classes, workers, rounds;
  std::vector<float> certainties, seconds;
  for (const Answer& answer : table.answers()) {
    certainties.push_back(answer.certainty);
    seconds.push_back(answer.seconds);
    items.push_back(answer.item);
    classes.push_back(answer.class_index);
    workers.push_back(answer.worker);
    rounds.push_back(answer.round);
  }
  writer.write(table.workers());
  writer.write(std::span<const std::int64_t>(items));
  writer.write(std::span<const std::int32_t>(classes));
  writer.write(std::span<const std::int32_t>(workers));
  writer.write(std::span<const std::int32_t>(rounds));
  writer.write(std::span<const float>(certainties));  // since version 2
  writer.write(std::span<const float>(seconds));
}

AnswerTable load_answers(SnapshotReader& reader, std::int64_t n_items, std::size_t n_classes) {
  const auto version = reader.section("answer_table", 2);
  const auto names = reader.get<std::vector<std::string>>();
  const auto items = reader.get<std::vector<std::int64_t>>();
  const auto classes = reader.get<std::vector<std::int32_t>>();
  const auto workers = reader.get<std::vector<std::int32_t>>();
  const auto rounds = reader.get<std::vector<std::int32_t>>();
  std::vector<float> certainties(items.size(), 1.0F), seconds(items.size(), 0.0F);
  if (version >= 2) {
    reader.read(certainties);
    reader.read(seconds);
  }
  require_sound(classes.size() == items.size() && workers.size() == items.size() && rounds.size() == items.size() &&
                    certainties.size() == items.size() && seconds.size() == items.size(),
                "answer table: sizes do not agree");
  AnswerTable table;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const Answer answer{.item = items[i],
                        .class_index = classes[i],
                        .round = rounds[i],
                        .certainty = certainties[i],
                        .seconds = seconds[i]};
    require_sound_answer(answer, n_items, n_classes, "answer table");
    require_sound(workers[i] >= 0 && static_cast<std::size_t>(workers[i]) < names.size(),
                  "answer table: an unknown worker");
    table.add(items[i], classes[i], names[static_cast<std::size_t>(workers[i])], rounds[i], certainties[i], seconds[i]);
  }
  return table;
}

}  // namespace gtlabel::detail
