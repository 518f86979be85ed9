#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "gtlabel/core/executor.hpp"
#include "gtlabel/core/random.hpp"
#include "gtlabel/dataset/features.hpp"
#include "gtlabel/models/incremental_model.hpp"
#include "gtlabel/models/training_set.hpp"

namespace gtlabel::detail {

/// The columns of a pool that trees look at: all of a dense one; of a sparse one those that most labelled rows use.
class TreeColumns {
 public:
  TreeColumns() = default;
  TreeColumns(const Features& pool, std::span<const ItemIndex> labelled, std::ptrdiff_t most_sparse);

  [[nodiscard]] std::ptrdiff_t size() const noexcept { return size_; }
  /// Values that row() writes to its scratch: at least one where it writes any, because trees always read a column.
  [[nodiscard]] std::size_t scratch_size() const noexcept { return scratch_size_; }
  /// One row of the pool as trees read it: dense rows where they lie, sparse rows in `scratch`.
  [[nodiscard]] const float* row(const Features& pool, ItemIndex item, float* scratch) const;

 private:
  std::ptrdiff_t size_ = 0;
  std::size_t scratch_size_ = 0;
  std::vector<std::int32_t> place_;  // of each sparse column, or -1
};

/// What trees are grown from. An entry is the mass of one class in one labelled row: a hard label is one entry, a soft
/// one several. Ascending by class, so that the entries of a class stay together in every node.
struct TreeSamples {
  TreeSamples(const Features& pool, const TrainingSet& training, const TreeColumns& columns, Executor& executor);

  std::ptrdiff_t n_rows, n_columns;
  std::vector<float> values;          // n_columns x n_rows
  std::vector<std::int32_t> varying;  // the columns that are not constant
  std::vector<std::int32_t> rows, classes;
  std::vector<float> masses;
  std::vector<std::int8_t> folds;  // of the entries
  double mean_weight = 1.0;        // of a row
  bool is_unit = true;             // every mass is 1
};

/// 16 bytes. A value above the cut goes to child + 1, else to child. A leaf is its own child, with an infinite cut, so
/// that rows which have arrived may go on stepping while others walk.
struct TreeNode {
  float cut;
  std::int32_t column, child, leaf;
};

/// An extremely randomised tree. Leaf l mixes the shares [offsets[l], offsets[l + 1]) with prior_shares[l] of the
/// prior.
struct RandomTree {
  std::vector<TreeNode> nodes;
  std::vector<std::int32_t> offsets = {0};
  std::vector<std::int32_t> classes;
  std::vector<float> shares;
  std::vector<float> prior_shares;
};

/// Grows a tree from the entries outside `fold`, n_candidates columns a node; `prior_mass` is what the prior weighs in
/// a leaf.
RandomTree grow_tree(const TreeSamples& samples, int fold, std::ptrdiff_t n_candidates, double prior_mass,
                     RandomStream random);

/// Rows that walk a tree together, which hides the latency of memory.
inline constexpr std::size_t kRowsAtOnce = 16;

/// The leaf of each of kRowsAtOnce rows.
std::array<std::int32_t, kRowsAtOnce> find_leaves(const RandomTree& tree, const float* const* rows) noexcept;

}  // namespace gtlabel::detail
