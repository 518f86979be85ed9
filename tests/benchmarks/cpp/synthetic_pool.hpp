#pragma once

#include <cstdint>

#include "gtlabel/core/random.hpp"
#include "gtlabel/core/views.hpp"

namespace gtlabel_bench {

inline constexpr int kClasses = 10;

/// Ten overlapping clouds around random centres; item i belongs to class i % kClasses.
inline gtlabel::Matrix<float> synthetic_pool(std::int64_t n_items, std::int64_t n_features) {
  gtlabel::RandomStream random(1, gtlabel::RandomPurpose::user);
  gtlabel::Matrix<float> centers(kClasses, n_features);
  for (float& value : centers.values) value = static_cast<float>(random.uniform());
  gtlabel::Matrix<float> rows(n_items, n_features);
  for (std::int64_t item = 0; item < n_items; ++item) {
    const auto center = centers.row(item % kClasses);
    auto row = rows.row(item);
    for (std::size_t c = 0; c < row.size(); ++c) row[c] = center[c] + 2.0F * static_cast<float>(random.uniform());
  }
  return rows;
}

}  // namespace gtlabel_bench
