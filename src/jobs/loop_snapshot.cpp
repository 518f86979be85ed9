#include <algorithm>

#include "gtlabel/storage/snapshot.hpp"
#include "jobs/labeling_loop.hpp"

namespace gtlabel::detail {
namespace {

template <class Column>
void save_column(SnapshotWriter& writer, const Column& column) {
  writer.write(std::span<const typename Column::value_type>(column));
}

/// One entry per item, each satisfying `is_valid`.
template <class Column, class Valid>
void load_column(SnapshotReader& reader, Column& column, Valid is_valid, const char* what) {
  Column loaded;
  reader.read(loaded);
  require_sound(loaded.size() == column.size() && std::all_of(loaded.begin(), loaded.end(), is_valid), what);
  column = std::move(loaded);
}

void save_record(SnapshotWriter& writer, const RoundRecord& record) {
  writer.write(record.round);
  for (const std::int64_t count : {record.n_human, record.n_auto, record.n_audited, record.errors_found}) {
    writer.write(count);
  }
  for (const double value : {record.coverage, record.human_share, record.expected_human_share, record.estimated_error,
                             record.bounded_error, record.accuracy, record.seconds}) {
    writer.write(value);
  }
}

RoundRecord load_record(SnapshotReader& reader) {
  RoundRecord record;
  reader.read(record.round);
  for (std::int64_t* count : {&record.n_human, &record.n_auto, &record.n_audited, &record.errors_found})
    reader.read(*count);
  for (double* value : {&record.coverage, &record.human_share, &record.expected_human_share, &record.estimated_error,
                        &record.bounded_error, &record.accuracy, &record.seconds}) {
    reader.read(*value);
  }
  return record;
}

}  // namespace

void LabelingLoop::save(SnapshotWriter& writer) const {
  writer.section("labeling_loop", 5);
  save_column(writer, items_.human);
  save_column(writer, items_.human_round);
  save_column(writer, items_.automatic);
  save_column(writer, items_.automatic_round);
  save_column(writer, items_.confidence);
  save_column(writer, items_.is_random);
  automatic_.save(writer);
  writer.write(seed_random_.position());
  writer.write(query_random_.position());
  writer.write(static_cast<std::int32_t>(phase_));
  writer.write(round_);
  save_column(writer, batch_.items);
  std::vector<std::int32_t> purposes;
  for (const Purpose purpose : batch_.purposes) purposes.push_back(static_cast<std::int32_t>(purpose));
  save_column(writer, purposes);
  writer.write(batch_.round);
  save_column(writer, asked_);
  save_column(writer, untaught_);
  writer.write(outcome_);
  writer.write(seconds_);
  writer.write(static_cast<std::int64_t>(history_.size()));
  for (const RoundRecord& record : history_) save_record(writer, record);
  model_->save(writer);
  writer.write(n_sampled_);
  std::vector<std::int64_t> sizes;
  for (const RoundRecord& record : history_) sizes.push_back(record.n_items);
  save_column(writer, sizes);
  save_column(writer, items_.human_confidence);  // since version 3
  answers_.save(writer);
  std::vector<std::int64_t> paid;
  for (const RoundRecord& record : history_) paid.push_back(record.n_paid);
  save_column(writer, paid);
  gold_.save(writer);  // since version 4
  std::vector<double> costs;
  for (const RoundRecord& record : history_) costs.push_back(record.cost);
  save_column(writer, costs);
  save_column(writer, items_.guess);  // since version 5
}

void LabelingLoop::load(SnapshotReader& reader) {
  const auto version = reader.section("labeling_loop", 5);
  const auto is_class = [&](ClassIndex c) { return c >= kNoClass && c < model_->n_classes(); };
  const auto is_round = [](std::int32_t round) { return round >= 0; };
  const auto is_item = [&](ItemIndex item) { return item >= 0 && item < n_items(); };
  const auto is_label = [&](ClassIndex c) { return is_class(c) || c == kNoneOfThese; };
  const auto is_probability = [](float p) { return p >= 0.0F && p <= 1.0F; };
  load_column(reader, items_.human, is_label, "human labels");
  load_column(reader, items_.human_round, is_round, "rounds of human labels");
  load_column(reader, items_.automatic, is_class, "automatic labels");
  load_column(reader, items_.automatic_round, is_round, "rounds of automatic labels");
  load_column(reader, items_.confidence, is_probability, "confidence");
  load_column(
      reader, items_.is_random, [](std::uint8_t flag) { return flag <= 1; }, "random draws");
  automatic_.load(reader, items_);
  seed_random_ = RandomStream(setup_.seed, RandomPurpose::seed_sample, reader.get<std::uint64_t>());
  query_random_ = RandomStream(setup_.seed, RandomPurpose::query, reader.get<std::uint64_t>());
  const auto phase = reader.get<std::int32_t>();
  require_sound(phase >= 0 && phase <= static_cast<std::int32_t>(Phase::finished), "an unknown phase");
  phase_ = static_cast<Phase>(phase);
  reader.read(round_);
  reader.read(batch_.items);
  const auto purposes = reader.get<std::vector<std::int32_t>>();
  require_sound(
      purposes.size() == batch_.items.size() && std::all_of(batch_.items.begin(), batch_.items.end(), is_item),
      "batch");
  batch_.purposes.clear();
  for (const std::int32_t purpose : purposes) {
    require_sound(purpose >= 0 && purpose <= static_cast<std::int32_t>(Purpose::review), "an unknown purpose");
    batch_.purposes.push_back(static_cast<Purpose>(purpose));
  }
  reader.read(batch_.round);
  require_sound(round_ >= 0 && batch_.round >= 0 && batch_.round <= round_, "round");
  load_column(
      reader, asked_, [](std::uint8_t flag) { return flag <= 1; }, "outstanding items");
  reader.read(untaught_);
  require_sound(std::all_of(untaught_.begin(), untaught_.end(), is_item), "untaught items");
  for (const ItemIndex item : untaught_) require_sound(items_.human[item] != kNoClass, "untaught items");
  reader.read(outcome_);
  reader.read(seconds_);
  require_sound(seconds_ >= 0.0, "seconds");
  const auto n_records = reader.get<std::int64_t>();
  require_sound(n_records >= 0, "history");
  history_.clear();
  for (std::int64_t i = 0; i < n_records; ++i) history_.push_back(load_record(reader));
  n_human_ = n_items() - std::count(items_.human.begin(), items_.human.end(), kNoClass);
  n_outstanding_ = 0;
  for (const ItemIndex item : batch_.items) n_outstanding_ += asked_[item];
  require_sound(n_outstanding_ == std::count(asked_.begin(), asked_.end(), std::uint8_t{1}), "outstanding items");
  model_->load(reader);
  for (const ItemIndex item : model_->training().items())
    require_sound(items_.human[item] != kNoClass, "model: taught an item without a label");
  // Before version 2 no items joined.
  std::vector<std::int64_t> sizes(history_.size(), n_items());
  n_sampled_ = phase_ == Phase::sampling && batch_.items.empty() ? 0 : n_items();
  if (version >= 2) {
    reader.read(n_sampled_);
    reader.read(sizes);
  }
  const auto is_size = [&](std::int64_t n) { return n >= 1 && n <= n_items(); };
  require_sound(n_sampled_ >= 0 && n_sampled_ <= n_items() && (n_sampled_ == n_items() || phase_ == Phase::sampling),
                "sampled items");
  require_sound(sizes.size() == history_.size() && std::all_of(sizes.begin(), sizes.end(), is_size),
                "sizes of the pool");
  for (std::size_t i = 0; i < sizes.size(); ++i) history_[i].n_items = sizes[i];
  if (version >= 3) {
    load_column(reader, items_.human_confidence, is_probability, "confidence of people");
    answers_.load(reader);
    const auto paid = reader.get<std::vector<std::int64_t>>();
    require_sound(paid.size() == history_.size(), "paid answers of rounds");
    for (std::size_t i = 0; i < paid.size(); ++i) history_[i].n_paid = paid[i];
  } else {
    std::fill(items_.human_confidence.begin(), items_.human_confidence.end(), 1.0F);  // one answer was enough
    for (RoundRecord& record : history_) record.n_paid = record.n_human;
  }
  for (RoundRecord& record : history_) record.cost = static_cast<double>(record.n_paid) * setup_.price.per_answer;
  if (version < 4) return;
  gold_.load(reader);
  for (const GoldLabel& gold : setup_.gold) {
    require_sound(!gold_.contains(gold.item) || items_.human[gold.item] == gold_.label(gold.item),
                  "gold: an item with another label");
    require_sound(items_.automatic[gold.item] == kNoClass || !gold_.contains(gold.item),
                  "gold: an item with an automatic label");
  }
  const auto costs = reader.get<std::vector<double>>();
  require_sound(costs.size() == history_.size() &&
                    std::all_of(costs.begin(), costs.end(), [](double cost) { return cost >= 0.0; }),
                "costs of rounds");
  for (std::size_t i = 0; i < costs.size(); ++i) history_[i].cost = costs[i];
  if (version >= 5) load_column(reader, items_.guess, is_class, "guesses");
}

}  // namespace gtlabel::detail
