#include "gtlabel/models/fixed_probabilities.hpp"

#include <algorithm>
#include <cstddef>
#include <string>

#include "core/distributions.hpp"
#include "gtlabel/core/error.hpp"

namespace gtlabel {

std::string FixedProbabilities::kind() const { return "fixed_probabilities"; }

void FixedProbabilities::do_attach() {
  if (pool().is_sparse()) throw InvalidArgument("probabilities: sparse rows given, expected dense ones");
  if (pool().n_features() != n_classes()) {
    throw InvalidArgument("probabilities: " + std::to_string(pool().n_features()) + " columns given, expected " +
                              std::to_string(n_classes()) + ", one per class",
                          ErrorCode::shape_mismatch);
  }
  detail::require_distributions("probabilities", pool().dense());
}

void FixedProbabilities::do_extend(std::ptrdiff_t n_known) {
  const auto rows = pool().dense();
  detail::require_distributions("probabilities", MatrixView<const float>(rows.row(n_known).data(), rows.rows - n_known,
                                                                         rows.cols, rows.row_stride));
}

void FixedProbabilities::do_update(std::span<const ItemIndex>, MatrixView<const float>, std::span<const float>) {}

void FixedProbabilities::do_predict_proba(std::span<const ItemIndex> items, MatrixView<float> out) const {
  const auto rows = pool().dense();
  for (std::size_t i = 0; i < items.size(); ++i) {
    const auto row = rows.row(items[i]);
    std::copy(row.begin(), row.end(), out.row(static_cast<std::ptrdiff_t>(i)).begin());
  }
}

void FixedProbabilities::do_predict_out_of_fold(std::span<const ItemIndex> items, MatrixView<float> out) const {
  do_predict_proba(items, out);
}

std::shared_ptr<IncrementalModel> FixedProbabilities::do_clone() const {
  return std::make_shared<FixedProbabilities>();
}

}  // namespace gtlabel
