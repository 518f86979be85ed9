#include "jobs/job_recorder.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iterator>
#include <utility>

#include "gtlabel/version.hpp"
#include "jobs/report_text.hpp"
#include "support/sha256.hpp"

namespace gtlabel::detail {
namespace {

constexpr const char* kGoldPurpose = "gold";

using Settings = std::vector<std::pair<std::string, std::string>>;

std::string hexadecimal(std::uint64_t number) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(number));
  return text;
}

/// Binds the job to what its audits' coins follow from, without telling it.
std::string commitment_to(std::uint64_t coin_seed) { return sha256_hex(hexadecimal(coin_seed)); }

Settings settings_of(const JobDescription& job, const LabelingLoop& loop) {
  return {{"gtlabel_version", GTLABEL_VERSION},
          {"target", describe(loop.setup().target)},
          {"commit", loop.setup().commit == CommitMode::final ? "final" : "eager"},
          {"model", loop.model().kind()},
          {"price", describe(loop.setup().price)},
          {"n_features", std::to_string(job.pool.n_features())},
          {"pool_fingerprint", hexadecimal(job.fingerprint)}};
}

/// The store tells the host what the batch does not tell people.
StoreChange::Batch stored(const Batch& batch, const GoldItems& gold) {
  StoreChange::Batch stored{.round = batch.round, .items = {}};
  for (std::size_t i = 0; i < batch.items.size(); ++i) {
    stored.items.emplace_back(batch.items[i],
                              gold.contains(batch.items[i]) ? kGoldPurpose : to_string(batch.purposes[i]));
  }
  return stored;
}

StoreChange::Round stored(const RoundRecord& round) {
  return {.round = round.round,
          .n_items = round.n_items,
          .n_human = round.n_human,
          .n_auto = round.n_auto,
          .n_audited = round.n_audited,
          .errors_found = round.errors_found,
          .estimated_error = round.estimated_error,
          .bounded_error = round.bounded_error,
          .accuracy = round.accuracy,
          .seconds = round.seconds};
}

StoreChange::Certificate stored(const Certificate& certificate) {
  return {.max_error = certificate.max_error,
          .failure_probability = certificate.failure_probability,
          .bound = certificate.bound,
          .delivered = certificate.delivered,
          .audited = certificate.audited,
          .errors_found = certificate.errors_found,
          .statement = certificate.statement};
}

std::vector<StoreChange::ClassChange> all_added(const ClassList& classes) {
  std::vector<StoreChange::ClassChange> added;
  for (std::size_t c = 0; c < classes.size(); ++c) {
    added.push_back({.class_index = static_cast<ClassIndex>(c), .kind = "added", .name = classes.names()[c]});
  }
  return added;
}

}  // namespace

double system_seconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

JobRecorder JobRecorder::create(const std::string& path, const JobDescription& job, const LabelingLoop& loop,
                                const std::string& snapshot) {
  StoreChange first;
  first.kind = "created";
  first.detail = "coins " + commitment_to(job.coin_seed);
  first.settings = settings_of(job, loop);
  first.n_joined = loop.n_items();
  first.joined_ids = job.ids;
  first.class_changes = all_added(job.classes);
  for (const GoldLabel& gold : loop.setup().gold) first.labels.push_back({gold.item, gold.class_index, 1.0F, 0, true});
  first.progress.n_items = loop.n_items();
  first.progress.n_human = loop.n_human();
  first.snapshot = snapshot;
  return {JobStore::create(path, first, system_seconds()), loop};
}

JobRecorder::JobRecorder(JobStore store, const LabelingLoop& loop) : store_(std::move(store)) { accept(loop); }

bool JobRecorder::is_current(const LabelingLoop& loop) const {
  if (revision_ != loop.revision() || !class_changes_.empty()) return false;
  // At the end corrections change labels though nothing is asked any more.
  return !loop.is_finished() || n_answers_ == std::ssize(loop.answers().table().answers());
}

void JobRecorder::record(const JobDescription& job, const LabelingLoop& loop,
                         const std::function<std::string()>& snapshot) {
  auto settings = settings_of(job, loop);
  StoreChange change = change_of(job, loop, settings);
  change.snapshot = snapshot();
  store_.write(change, system_seconds());
  class_changes_.clear();
  settings_ = std::move(settings);
  accept(loop);
}

StoreChange JobRecorder::change_of(const JobDescription& job, const LabelingLoop& loop,
                                   const Settings& settings) const {
  StoreChange change;
  change.n_joined = loop.n_items() - n_items_;
  change.class_changes = class_changes_;
  if (!class_changes_.empty()) {
    change.kind = "classes";
    change.detail = "coins " + commitment_to(job.coin_seed);
  } else if (change.n_joined > 0) {
    change.kind = "extended";
  } else {
    change.kind = loop.is_finished() ? "finished" : "batch";
    if (loop.is_finished()) change.detail = loop.outcome();
  }
  std::copy_if(settings.begin(), settings.end(), std::back_inserter(change.settings), [&](const auto& setting) {
    return std::find(settings_.begin(), settings_.end(), setting) == settings_.end();
  });
  if (!job.ids.empty()) change.joined_ids.assign(job.ids.begin() + n_items_, job.ids.end());
  const bool may_ask_others = revision_ != loop.revision();
  if (auto batch = loop.outstanding_batch(); batch && may_ask_others) change.batch = stored(*batch, loop.gold());
  change.model = loop.model().kind();
  // Another list of classes begins its history anew.
  const auto& history = loop.history();
  for (std::size_t r = n_rounds_ <= history.size() ? n_rounds_ : 0; r < history.size(); ++r) {
    change.rounds.push_back(stored(history[r]));
  }
  add_labels(change, loop);
  if (const auto certificate = loop.certificate()) change.certificate = stored(*certificate);
  change.progress = {.round = loop.round(),
                     .n_items = loop.n_items(),
                     .n_human = loop.n_human(),
                     .n_auto = loop.ledgers().n_delivered(),
                     .n_audited = loop.ledgers().n_audited(),
                     .is_finished = loop.is_finished()};
  return change;
}

void JobRecorder::add_labels(StoreChange& change, const LabelingLoop& loop) const {
  const ItemColumns& items = loop.items();
  const auto known = [](const std::vector<ClassIndex>& column, std::size_t item) {
    return item < column.size() ? column[item] : kNoClass;
  };
  for (std::size_t i = 0; i < items.human.size(); ++i) {
    const auto item = static_cast<ItemIndex>(i);
    if (const ClassIndex human = items.human[i]; human != known(human_, i)) {
      change.labels.push_back(
          {item, human, items.human_confidence[i], items.human_round[i], loop.gold().contains(item)});
    }
    const ClassIndex before = known(automatic_, i), now = items.automatic[i];
    if (before == now) continue;
    if (before != kNoClass) change.withdrawals.push_back(item);
    if (now != kNoClass) change.commits.push_back({item, now, items.confidence[i], items.automatic_round[i]});
  }
  if (!change.batch) return;
  for (const auto& [item, purpose] : change.batch->items) {
    const auto i = static_cast<std::size_t>(item);
    if (purpose == to_string(Purpose::audit)) change.audits.push_back({item, items.automatic[i]});
  }
}

void JobRecorder::accept(const LabelingLoop& loop) {
  revision_ = loop.revision();
  n_answers_ = std::ssize(loop.answers().table().answers());
  n_items_ = loop.n_items();
  n_rounds_ = loop.history().size();
  human_ = loop.items().human;
  automatic_ = loop.items().automatic;
}

}  // namespace gtlabel::detail
