#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

namespace gtlabel {

/// Ids of any type as consecutive numbers: code i stands for ids[i], in the order of first appearance.
template <class Id>
struct IdCodes {
  std::vector<Id> ids;
  std::vector<std::int32_t> codes;  ///< one per value given
};

/// Numbers the distinct values of a column. Id needs std::hash and ==; a string_view borrows what it points to.
/// O(values) time; at most 2^31 - 1 distinct ids. Thread-safe.
template <class Id>
[[nodiscard]] IdCodes<Id> encode_ids(std::span<const Id> values) {
  IdCodes<Id> result;
  result.codes.reserve(values.size());
  std::unordered_map<Id, std::int32_t> known;
  for (const Id& value : values) {
    const auto [place, is_new] = known.try_emplace(value, static_cast<std::int32_t>(result.ids.size()));
    if (is_new) result.ids.push_back(value);
    result.codes.push_back(place->second);
  }
  return result;
}

}  // namespace gtlabel
