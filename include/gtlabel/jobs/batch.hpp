#pragma once

#include <cstdint>
#include <vector>

#include "gtlabel/core/export.hpp"
#include "gtlabel/core/ids.hpp"

namespace gtlabel {

/// Why people are asked about an item. Whoever answers must not see the machine's label, whatever the purpose: an
/// answer to any item may become evidence of the audit. Items of gold have the purpose of those that they are among.
enum class Purpose : std::uint8_t {
  seed = 0,    ///< random sample of the pool, or of items that joined
  query = 1,   ///< the model learns most from it
  audit = 2,   ///< blind check of an automatic label, drawn by coin
  review = 3,  ///< left to people, or a doubtful label: an automatic one, or answers that settle nothing
};

/// "seed", "query", "audit", "review".
[[nodiscard]] GTLABEL_EXPORT const char* to_string(Purpose purpose) noexcept;

/// Items to send to people together.
struct Batch {
  std::vector<ItemIndex> items;   ///< distinct
  std::vector<Purpose> purposes;  ///< one per item
  std::int32_t round = 0;         ///< counts the updates of the model, from 0
};

}  // namespace gtlabel
