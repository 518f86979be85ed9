#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "gtlabel/core/executor.hpp"
#include "gtlabel/core/export.hpp"
#include "gtlabel/core/views.hpp"
#include "gtlabel/dataset/features.hpp"

namespace gtlabel {

struct NeighborGraphOptions {
  int n_neighbors = 10;  ///< edges that each item proposes, at least 1
};

/// The k-nearest-neighbour graph of a pool with similarity weights, symmetric, as sparse rows. Immutable, hence safe to
/// share between models and threads.
///
/// Distances: dense pools, Euclidean on scaled columns (column_scaling), beyond kMaxExactColumns columns on their
/// projection to the kProjectedColumns principal directions, which is faster and less noisy. Sparse pools: Euclidean
/// between rows scaled to norm 1, i.e. sqrt(2 - 2 cosine); rows without a common column are never neighbours.
/// Neighbours are exact in that space, and equal distances go to the lower index; in pools of more than kMaxExactItems
/// items nearly all are (found in inverted lists, then among the neighbours of neighbours; of sparse pools on the
/// leading singular directions, and the nearest by words among four times as many are taken), and of repeated items
/// each has others as neighbours. Weights: exp(-4 d(i,j)^2 / (s_i s_j)), s_i the distance to the k-th neighbour
/// (Zelnik-Manor and Perona, "Self-tuning spectral clustering", NIPS 2004, section 3; the factor 4 is ours, measured),
/// bounded below by a share of the pool's median so that repeated items get weight 1, never NaN. An edge that both ends
/// propose weighs twice as much as one proposed by one end alone.
///
/// Cost: n^2 d multiplications in blocks (d at most kMaxExactColumns); beyond kMaxExactItems about n x (6,000 +
/// 4 sqrt(n)) x d, d = kProjectedColumns for sparse pools. Memory: n x (12 k + d) numbers for dense pools; n x threads
/// x 64 besides the postings for sparse ones, beyond kMaxExactItems n x (25 k + d); n x n never stands in memory. The
/// same bits for any executor.
class GTLABEL_EXPORT NeighborGraph {
 public:
  /// @throws InvalidArgument  fewer than 1 neighbour.
  static std::shared_ptr<const NeighborGraph> build(const Features& pool, const NeighborGraphOptions& options,
                                                    Executor& executor);

  /// n_items x n_items, symmetric, weights in (0, 1], no diagonal, columns ascending within a row.
  [[nodiscard]] CsrView<const float> weights() const noexcept {
    return {offsets_, columns_, weights_, static_cast<std::ptrdiff_t>(degrees_.size())};
  }
  /// Sum of the weights of each item's edges; may be 0 (an item without neighbours).
  [[nodiscard]] std::span<const float> degrees() const noexcept { return degrees_; }
  /// n_items x min(k, n_items - 1): the nearest first; -1 where a sparse item has fewer.
  [[nodiscard]] MatrixView<const std::int32_t> neighbors() const noexcept { return neighbors_.view(); }
  /// Distances to neighbors(); infinity where there is none.
  [[nodiscard]] MatrixView<const float> distances() const noexcept { return distances_.view(); }
  /// All items, each near its neighbours, for passes over a graph that is larger than a processor's cache; empty for
  /// pools of at most kMaxExactItems items.
  [[nodiscard]] std::span<const std::int32_t> locality() const noexcept { return locality_; }
  [[nodiscard]] std::ptrdiff_t n_items() const noexcept { return static_cast<std::ptrdiff_t>(degrees_.size()); }

  static constexpr std::ptrdiff_t kMaxExactItems = 20'000;
  static constexpr std::ptrdiff_t kMaxExactColumns = 128;
  static constexpr std::ptrdiff_t kProjectedColumns = 64;

 private:
  NeighborGraph() = default;
  void set_edges(Executor& executor);

  Matrix<std::int32_t> neighbors_;
  Matrix<float> distances_;
  std::vector<std::int64_t> offsets_;
  std::vector<std::int32_t> columns_;
  std::vector<float> weights_;
  std::vector<float> degrees_;
  std::vector<std::int32_t> locality_;
};

}  // namespace gtlabel
