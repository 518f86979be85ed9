#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gtlabel/core/export.hpp"

namespace gtlabel {

/// What a store tells about its job without the pool.
struct StoreSummary {
  std::string path;
  std::int32_t version = 0;     ///< of the tables
  std::string gtlabel_version;  ///< that made the store
  double created = 0.0;         ///< seconds since 1970
  double last_change = 0.0;
  std::vector<std::string> classes;
  std::string target;
  std::string model;
  std::int64_t n_items = 0;
  std::int64_t n_answers = 0;  ///< rows, skips and corrections included
  std::int64_t n_human = 0;    ///< items with a label of people at the last batch
  std::int64_t n_auto = 0;     ///< automatic labels delivered at the last batch
  std::int64_t n_audited = 0;
  std::int64_t n_batches = 0;
  std::int64_t n_outstanding = 0;  ///< items of the last batch without an answer since
  std::int32_t round = 0;
  bool is_finished = false;
  /// The last certificate's statement; nothing if none holds.
  std::optional<std::string> certificate = {};
};

/// Reads a store that may be in use; changes nothing, not even after a crash of its writer. Cost: some passes over the
/// tables (a million answers: below a second). Thread-safe.
/// @throws ArchiveError  no store, damaged, too new, or file_access.
[[nodiscard]] GTLABEL_EXPORT StoreSummary read_store(const std::string& path);

}  // namespace gtlabel
