#pragma once

#include <cstdint>
#include <vector>

#include "gtlabel/core/ids.hpp"
#include "gtlabel/core/views.hpp"

namespace gtlabel::detail {

/// Tags of tokens: O, and B and I of each class.
inline constexpr std::int32_t kOutside = 0;
[[nodiscard]] constexpr std::int32_t begin_tag(ClassIndex c) noexcept { return 1 + 2 * c; }
[[nodiscard]] constexpr std::int32_t inside_tag(ClassIndex c) noexcept { return 2 + 2 * c; }
[[nodiscard]] constexpr std::int32_t n_tags(std::int32_t n_classes) noexcept { return 1 + 2 * n_classes; }

struct TaggedSpan {
  std::int32_t start = 0, end = 0;
  ClassIndex class_index = 0;
  double confidence = 0.0;
};

/// Spans of the most probable sequence in which I follows B or I of its class, from (tokens x tags) probabilities.
std::vector<TaggedSpan> most_probable_spans(MatrixView<const double> probabilities);

}  // namespace gtlabel::detail
