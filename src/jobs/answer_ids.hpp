#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "gtlabel/core/ids.hpp"
#include "gtlabel/dataset/answer_table.hpp"

namespace gtlabel {
class SnapshotReader;
class SnapshotWriter;
}  // namespace gtlabel

namespace gtlabel::detail {

/// Which answers came with an id, so that one sent twice is known again.
class AnswerIds {
 public:
  /// Row of the answer with this id; -1: none.
  [[nodiscard]] std::int64_t find(const std::string& id) const;
  void add(const std::string& id, std::int64_t row) { rows_.emplace(id, row); }

  void save(SnapshotWriter& writer) const;
  /// @throws ArchiveError
  void load(SnapshotReader& reader, std::int64_t n_rows);

 private:
  std::unordered_map<std::string, std::int64_t> rows_;
};

}  // namespace gtlabel::detail
