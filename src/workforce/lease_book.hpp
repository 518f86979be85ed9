#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "gtlabel/core/ids.hpp"

namespace gtlabel {
class SnapshotReader;
class SnapshotWriter;
}  // namespace gtlabel

namespace gtlabel::detail {

/// Which item is with whom, and until when. One worker at a time has an item. Times in seconds, of any clock.
class LeaseBook {
 public:
  /// Forgets the leases that have run out.
  void expire(double now);
  void lease(ItemIndex item, std::string_view worker, double until);
  /// The worker has skipped it; nothing if it is not his.
  void release(ItemIndex item, std::string_view worker);
  /// It is answered, whoever has it.
  void release(ItemIndex item) { leases_.erase(item); }
  /// Who has the item; "": nobody.
  [[nodiscard]] std::string_view holder(ItemIndex item) const;

  void save(SnapshotWriter& writer) const;
  /// @throws ArchiveError
  void load(SnapshotReader& reader, std::int64_t n_items);

 private:
  struct Lease {
    std::string worker;
    double until;
  };
  std::map<ItemIndex, Lease> leases_;
};

}  // namespace gtlabel::detail
