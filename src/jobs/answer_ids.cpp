#include "jobs/answer_ids.hpp"

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "gtlabel/storage/snapshot.hpp"

namespace gtlabel::detail {

std::int64_t AnswerIds::find(const std::string& id) const {
  const auto place = rows_.find(id);
  return place == rows_.end() ? -1 : place->second;
}

void AnswerIds::save(SnapshotWriter& writer) const {
  std::vector<std::pair<std::int64_t, std::string>> sorted;  // the same state, the same bytes
  for (const auto& [id, row] : rows_) sorted.emplace_back(row, id);
  std::sort(sorted.begin(), sorted.end());
  std::vector<std::int64_t> rows;
  std::vector<std::string> ids;
  for (auto& [row, id] : sorted) {
    rows.push_back(row);
    ids.push_back(std::move(id));
  }
  writer.write(std::span<const std::int64_t>(rows));
  writer.write(ids);
}

void AnswerIds::load(SnapshotReader& reader, std::int64_t n_rows) {
  const auto rows = reader.get<std::vector<std::int64_t>>();
  const auto ids = reader.get<std::vector<std::string>>();
  require_sound(rows.size() == ids.size(), "ids of answers: sizes do not agree");
  rows_.clear();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    require_sound(rows[i] >= 0 && rows[i] < n_rows && !ids[i].empty(), "ids of answers: of no answer");
    rows_.emplace(ids[i], rows[i]);
  }
  require_sound(rows_.size() == rows.size(), "ids of answers: one twice");
}

}  // namespace gtlabel::detail
