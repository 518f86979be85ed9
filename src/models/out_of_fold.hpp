#pragma once

#include <algorithm>
#include <cstddef>
#include <span>

#include "gtlabel/core/ids.hpp"
#include "gtlabel/core/views.hpp"
#include "gtlabel/models/training_set.hpp"
#include "support/eigen.hpp"

namespace gtlabel::detail {

/// Out-of-fold predictions of labelled items from those that a model kept at its last fit, one row per label.
/// @param predict  (items, out): for labels that came with an update which failed. No fit has seen them.
template <class Predict>
void copy_out_of_fold(const TrainingSet& training, const RowMatrix& kept, std::span<const ItemIndex> items,
                      MatrixView<float> out, const Predict& predict) {
  for (std::size_t i = 0; i < items.size(); ++i) {
    const std::ptrdiff_t position = training.position(items[i]);
    const auto row = out.row(static_cast<std::ptrdiff_t>(i));
    if (position < kept.rows()) {
      std::copy_n(kept.data() + position * out.cols, out.cols, row.begin());
    } else {
      predict(items.subspan(i, 1), MatrixView<float>(row.data(), 1, out.cols));
    }
  }
}

}  // namespace gtlabel::detail
