#include "workforce/lease_book.hpp"

#include <cmath>
#include <cstddef>
#include <vector>

#include "gtlabel/storage/snapshot.hpp"

namespace gtlabel::detail {

void LeaseBook::expire(double now) {
  std::erase_if(leases_, [now](const auto& entry) { return entry.second.until <= now; });
}

void LeaseBook::lease(ItemIndex item, std::string_view worker, double until) {
  leases_[item] = {std::string(worker), until};
}

void LeaseBook::release(ItemIndex item, std::string_view worker) {
  const auto place = leases_.find(item);
  if (place != leases_.end() && place->second.worker == worker) leases_.erase(place);
}

std::string_view LeaseBook::holder(ItemIndex item) const {
  const auto place = leases_.find(item);
  return place == leases_.end() ? std::string_view{} : std::string_view(place->second.worker);
}

void LeaseBook::save(SnapshotWriter& writer) const {
  writer.section("lease_book", 1);
  std::vector<std::int64_t> items;
  std::vector<std::string> workers;
  std::vector<double> ends;
  for (const auto& [item, lease] : leases_) {
    items.push_back(item);
    workers.push_back(lease.worker);
    ends.push_back(lease.until);
  }
  writer.write(std::span<const std::int64_t>(items));
  writer.write(workers);
  writer.write(std::span<const double>(ends));
}

void LeaseBook::load(SnapshotReader& reader, std::int64_t n_items) {
  reader.section("lease_book", 1);
  const auto items = reader.get<std::vector<std::int64_t>>();
  const auto workers = reader.get<std::vector<std::string>>();
  const auto ends = reader.get<std::vector<double>>();
  require_sound(workers.size() == items.size() && ends.size() == items.size(), "leases: sizes do not agree");
  leases_.clear();
  for (std::size_t i = 0; i < items.size(); ++i) {
    require_sound(items[i] >= 0 && items[i] < n_items, "leases: an item outside the pool");
    require_sound(!workers[i].empty() && std::isfinite(ends[i]), "leases: without a worker or an end");
    leases_[items[i]] = {workers[i], ends[i]};
  }
}

}  // namespace gtlabel::detail
