#include "jobs/gold_items.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "gtlabel/routing/sample_bound.hpp"
#include "gtlabel/storage/snapshot.hpp"

namespace gtlabel::detail {

GoldItems::GoldItems(std::span<const GoldLabel> gold, double rate, std::uint64_t seed)
    : rate_(rate), seed_(seed), places_(seed, RandomPurpose::gold) {
  for (const GoldLabel& of : gold) items_[of.item].label = of.class_index;
  for (const auto& [item, of] : items_) waiting_.push_back(item);  // whatever the order given
  places_.shuffle(waiting_);
}

bool GoldItems::is_open(ItemIndex item) const {
  const auto place = items_.find(item);
  return place != items_.end() && place->second.is_planted && place->second.verdict == kNoClass;
}

std::vector<ItemIndex> GoldItems::open_items() const {
  std::vector<ItemIndex> open;
  for (const ItemIndex item : planted_) {
    if (items_.at(item).verdict == kNoClass) open.push_back(item);
  }
  return open;
}

void GoldItems::plant_among(std::vector<ItemIndex>& items, std::size_t room) {
  owed_ += rate_ * static_cast<double>(items.size());
  const auto n = std::min({static_cast<std::size_t>(owed_), waiting_.size(), room});
  owed_ -= std::floor(owed_);  // what there was no room for is not made up: later batches would be full of it
  const bool is_sorted = std::is_sorted(items.begin(), items.end());
  for (std::size_t i = 0; i < n; ++i) {
    const ItemIndex item = waiting_.back();
    waiting_.pop_back();
    planted_.push_back(item);
    items_.at(item).is_planted = true;
    const auto place = is_sorted ? std::upper_bound(items.begin(), items.end(), item)
                                 : items.begin() + static_cast<std::ptrdiff_t>(places_.below(items.size() + 1));
    items.insert(place, item);
  }
}

void GoldItems::note_answer(ItemIndex item) {
  if (items_.at(item).is_planted || std::erase(waiting_, item) == 0) return;
  is_sample_ = false;  // what is left of it was chosen by whoever answered
}

void GoldItems::settle(ItemIndex item, ClassIndex verdict) {
  if (items_.at(item).is_planted) items_.at(item).verdict = verdict;
}

void GoldItems::take_back(ItemIndex item) {
  if (std::erase(planted_, item) == 0) return;
  items_.at(item).is_planted = false;
  waiting_.push_back(item);
}

void GoldItems::relabel(ItemIndex item, ClassIndex label) {
  if (label != kNoClass) {
    items_.at(item).label = label;
    return;
  }
  items_.erase(item);
  std::erase(waiting_, item);
  std::erase(planted_, item);
}

void GoldItems::go_on_from(const GoldItems& earlier) {
  const auto is_known = [&](const std::vector<ItemIndex>& items) {
    std::vector<ItemIndex> known;
    std::copy_if(items.begin(), items.end(), std::back_inserter(known), [&](ItemIndex i) { return contains(i); });
    return known;
  };
  waiting_ = is_known(earlier.waiting_);
  planted_ = is_known(earlier.planted_);
  for (const ItemIndex item : planted_) items_.at(item).is_planted = true;
  owed_ = earlier.owed_;
  places_ = earlier.places_;
}

GoldRecord GoldItems::record(std::int64_t n_items, double failure_probability) const {
  GoldRecord record{.n_given = std::ssize(items_),
                    .n_asked = std::ssize(planted_),
                    .n_wrong = 0,
                    .people_wrong_at_most = n_items,
                    .failure_probability = failure_probability};
  // An answer that is not there yet counts as wrong: the bound then holds at any moment, not only at the end.
  std::vector<std::uint8_t> is_wrong;
  for (const ItemIndex item : planted_) {
    const Item& of = items_.at(item);
    is_wrong.push_back(of.verdict != of.label ? 1 : 0);
    record.n_wrong += is_wrong.back();
  }
  if (tells_about_pool()) record.people_wrong_at_most = max_wrong_in_pool(is_wrong, n_items, failure_probability);
  return record;
}

void GoldItems::save(SnapshotWriter& writer) const {
  writer.section("gold_items", 1);
  std::vector<ItemIndex> settled;
  std::vector<ClassIndex> verdicts;
  for (const auto& [item, of] : items_) {
    if (of.verdict == kNoClass) continue;
    settled.push_back(item);
    verdicts.push_back(of.verdict);
  }
  writer.write(std::span<const ItemIndex>(waiting_));
  writer.write(std::span<const ItemIndex>(planted_));
  writer.write(std::span<const ItemIndex>(settled));
  writer.write(std::span<const ClassIndex>(verdicts));
  writer.write(owed_);
  writer.write(places_.position());
  writer.write(is_sample_);
}

void GoldItems::load(SnapshotReader& reader) {
  reader.section("gold_items", 1);
  reader.read(waiting_);
  reader.read(planted_);
  const auto settled = reader.get<std::vector<ItemIndex>>();
  const auto verdicts = reader.get<std::vector<ClassIndex>>();
  reader.read(owed_);
  const auto position = reader.get<std::uint64_t>();
  reader.read(is_sample_);
  places_ = RandomStream(seed_, RandomPurpose::gold, position);
  std::vector<ItemIndex> all = waiting_;
  all.insert(all.end(), planted_.begin(), planted_.end());
  std::sort(all.begin(), all.end());
  require_sound(std::adjacent_find(all.begin(), all.end()) == all.end() &&
                    std::all_of(all.begin(), all.end(), [&](ItemIndex item) { return contains(item); }),
                "gold: an item that is none, or twice");
  for (const ItemIndex item : planted_) items_.at(item).is_planted = true;
  require_sound(settled.size() == verdicts.size() && owed_ >= 0.0 && owed_ <= 1.0, "gold: answers of people");
  for (std::size_t i = 0; i < settled.size(); ++i) {
    require_sound(contains(settled[i]) && items_.at(settled[i]).is_planted && verdicts[i] != kNoClass,
                  "gold: an answer about an item that nobody was asked about");
    items_.at(settled[i]).verdict = verdicts[i];
  }
}

}  // namespace gtlabel::detail
