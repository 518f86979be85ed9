#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "gtlabel/core/ids.hpp"
#include "gtlabel/core/random.hpp"
#include "gtlabel/jobs/job_report.hpp"
#include "gtlabel/workforce/gold_label.hpp"

namespace gtlabel {
class SnapshotReader;
class SnapshotWriter;
}  // namespace gtlabel

namespace gtlabel::detail {

/// One in so many parts of a job's failure probability is kept for what gold tells about people; the audits have the
/// rest. The people needed in all hardly depend on it, and audits are what a job cannot do without.
inline constexpr double kGoldParts = 5.0;

/// Items whose class the host knows: which of them were planted among the items that people are asked about, and what
/// people's answers about those amount to. An item is planted once: whoever sees it twice knows it.
class GoldItems {
 public:
  GoldItems() = default;
  /// @param rate  items planted per item asked.
  /// Drawn at random by a stream of their own, so that jobs without gold are as ever.
  GoldItems(std::span<const GoldLabel> gold, double rate, std::uint64_t seed);

  [[nodiscard]] bool empty() const noexcept { return items_.empty(); }
  [[nodiscard]] bool contains(ItemIndex item) const { return items_.contains(item); }
  [[nodiscard]] ClassIndex label(ItemIndex item) const { return items_.at(item).label; }
  /// Planted, and its answers are not settled.
  [[nodiscard]] bool is_open(ItemIndex item) const;
  [[nodiscard]] std::vector<ItemIndex> open_items() const;

  /// Puts some, at most `room`, among items that people are asked about for the first time. They cannot be told from
  /// the others by their place.
  void plant_among(std::vector<ItemIndex>& items, std::size_t room);
  /// Somebody has said something of it, which has to be gold. What had not been planted by then is not any more, and
  /// what is left is no random sample.
  void note_answer(ItemIndex item);
  /// What people's answers about it amount to; nothing if it was not planted.
  void settle(ItemIndex item, ClassIndex verdict);
  /// Its batch is no more, and nobody has answered.
  void take_back(ItemIndex item);

  /// The class is another now, or (kNoClass) not known any more.
  void relabel(ItemIndex item, ClassIndex label);
  /// What was planted in an earlier part of the job, of which nothing is settled here.
  void go_on_from(const GoldItems& earlier);
  /// Gold is no sample of the present pool and classes any more: nothing can be said of items beyond it.
  void end_sample() noexcept { is_sample_ = false; }

  /// Items planted per item asked from now on.
  [[nodiscard]] double planting_rate() const noexcept { return waiting_.empty() ? 0.0 : rate_; }

  /// @param failure_probability  of the bound.
  [[nodiscard]] GoldRecord record(std::int64_t n_items, double failure_probability) const;
  /// Whether the record's bound says something.
  [[nodiscard]] bool tells_about_pool() const noexcept { return is_sample_ && !planted_.empty(); }

  void save(SnapshotWriter& writer) const;
  /// Into gold made of the same labels. @throws ArchiveError
  void load(SnapshotReader& reader);

 private:
  struct Item {
    ClassIndex label = kNoClass;
    ClassIndex verdict = kNoClass;  ///< of people; none before it is settled
    bool is_planted = false;
  };

  std::map<ItemIndex, Item> items_;
  std::vector<ItemIndex> waiting_;  ///< the next to be planted last
  std::vector<ItemIndex> planted_;  ///< in their order
  double rate_ = 0.0;
  double owed_ = 0.0;  ///< items to be planted, by the rate; a fraction stays
  std::uint64_t seed_ = 0;
  RandomStream places_{0, RandomPurpose::gold};
  bool is_sample_ = true;
};

}  // namespace gtlabel::detail
