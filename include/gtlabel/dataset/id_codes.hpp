#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <type_traits>
#include <unordered_map>
#include <vector>

namespace gtlabel {

/// Ids of any type as consecutive numbers: code i stands for ids[i], in the order of first appearance.
template <class Id>
struct IdCodes {
  std::vector<Id> ids;
  std::vector<std::int32_t> codes;  ///< one per value given
};

namespace detail {

/// Integers that lie so close that a table from the least to the largest is no larger than the column: no hashing.
template <class Id>
[[nodiscard]] bool encode_close_ids(std::span<const Id> values, IdCodes<Id>& result) {
  if (values.empty()) return false;
  const auto [least, largest] = std::minmax_element(values.begin(), values.end());
  const auto place_of = [first = static_cast<std::uint64_t>(*least)](Id value) {
    return static_cast<std::size_t>(static_cast<std::uint64_t>(value) - first);
  };
  if (place_of(*largest) >= values.size()) return false;
  std::vector<std::int32_t> known(place_of(*largest) + 1, -1);
  result.codes.resize(values.size());
  for (std::size_t row = 0; row < values.size(); ++row) {
    std::int32_t& code = known[place_of(values[row])];
    if (code < 0) {
      code = static_cast<std::int32_t>(result.ids.size());
      result.ids.push_back(values[row]);
    }
    result.codes[row] = code;
  }
  return true;
}

}  // namespace detail

/// Numbers the distinct values of a column. Id needs std::hash and ==; a string_view borrows what it points to.
/// O(values) time; at most 2^31 - 1 distinct ids. Thread-safe.
template <class Id>
[[nodiscard]] IdCodes<Id> encode_ids(std::span<const Id> values) {
  IdCodes<Id> result;
  result.codes.reserve(values.size());
  if constexpr (std::is_integral_v<Id>) {
    if (detail::encode_close_ids(values, result)) return result;
  }
  std::unordered_map<Id, std::int32_t> known;
  for (const Id& value : values) {
    const auto [place, is_new] = known.try_emplace(value, static_cast<std::int32_t>(result.ids.size()));
    if (is_new) result.ids.push_back(value);
    result.codes.push_back(place->second);
  }
  return result;
}

}  // namespace gtlabel
