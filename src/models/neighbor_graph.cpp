#include "gtlabel/models/neighbor_graph.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <utility>

#include "gtlabel/core/error.hpp"
#include "models/approximate_neighbors.hpp"
#include "models/nearest_candidates.hpp"
#include "models/projection.hpp"
#include "models/sparse_neighbors.hpp"
#include "support/eigen.hpp"

namespace gtlabel {
namespace {

using detail::BestCandidates;
using detail::RowMatrix;
using detail::SearchRows;
using detail::write_nearest;
using std::ptrdiff_t;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr ptrdiff_t kRowBlock = 128;
constexpr ptrdiff_t kColumnBlock = 512;
// Candidates beyond k: the blocked products round, the final order is by exact distances.
constexpr int kSpareCandidates = 6;
// The local scale of an item is at least this share of the pool's median: repeated items have distance 0.
constexpr float kSmallestScaleShare = 1e-3F;
// How fast weights fall with distance. Measured on six pools of images and tables: 1 and 2 are worse nearly everywhere,
// 8 gains a little on digits and loses much coverage on noisy tables.
constexpr float kSharpness = 4.0F;

float squared_distance(const RowMatrix& rows, ptrdiff_t a, ptrdiff_t b) {
  double sum = 0.0;
  for (ptrdiff_t c = 0; c < rows.cols(); ++c) {
    const double difference = static_cast<double>(rows(a, c)) - rows(b, c);
    sum += difference * difference;
  }
  return static_cast<float>(sum);
}

/// Exact neighbours of dense rows: blocks of products, scanned against each row's worst candidate.
void find_dense_neighbors(const Features& pool, Executor& executor, MatrixView<std::int32_t> neighbors,
                          MatrixView<float> distances) {
  const RowMatrix rows = SearchRows(pool, executor).all(executor);
  const ptrdiff_t n = rows.rows();
  const Eigen::VectorXf half_norms = rows.rowwise().squaredNorm() / 2.0F;
  const auto capacity = static_cast<std::size_t>(neighbors.cols + kSpareCandidates);
  for_chunks(executor, static_cast<std::size_t>(n), kRowBlock, [&](std::size_t begin, std::size_t end) {
    const auto first = static_cast<ptrdiff_t>(begin), size = static_cast<ptrdiff_t>(end - begin);
    std::vector<BestCandidates> best(static_cast<std::size_t>(size));
    for (auto& candidates : best) candidates.reset(capacity);
    RowMatrix products(size, kColumnBlock);
    for (ptrdiff_t left = 0; left < n; left += kColumnBlock) {
      const ptrdiff_t width = std::min(kColumnBlock, n - left);
      products.leftCols(width).noalias() = rows.middleRows(first, size) * rows.middleRows(left, width).transpose();
      for (ptrdiff_t r = 0; r < size; ++r) {
        const float* product = products.data() + r * kColumnBlock;
        auto& candidates = best[static_cast<std::size_t>(r)];
        for (ptrdiff_t c = 0; c < width; ++c) {
          const float value = half_norms[left + c] - product[c];
          if (value < candidates.limit() && left + c != first + r) candidates.add(value, left + c);
        }
      }
    }
    for (ptrdiff_t r = 0; r < size; ++r) {
      auto& items = best[static_cast<std::size_t>(r)].items();
      for (auto& candidate : items) candidate.value = squared_distance(rows, first + r, candidate.item);
      write_nearest(items, neighbors.row(first + r), distances.row(first + r));
    }
  });
}

/// The distance of each item to its farthest neighbour, bounded below; see kSmallestScaleShare.
std::vector<float> local_scales(const Matrix<float>& distances) {
  std::vector<float> scales(static_cast<std::size_t>(distances.rows), 0.0F), positive;
  for (ptrdiff_t i = 0; i < distances.rows; ++i) {
    for (const float distance : distances.row(i)) {
      if (std::isfinite(distance)) scales[static_cast<std::size_t>(i)] = distance;
    }
    if (scales[static_cast<std::size_t>(i)] > 0.0F) positive.push_back(scales[static_cast<std::size_t>(i)]);
  }
  if (positive.empty()) return std::vector<float>(scales.size(), 1.0F);
  const auto middle = positive.begin() + static_cast<ptrdiff_t>(positive.size() / 2);
  std::nth_element(positive.begin(), middle, positive.end());
  for (float& scale : scales) scale = std::max(scale, kSmallestScaleShare * *middle);
  return scales;
}

struct Edge {
  std::int32_t to;
  float weight;
};

}  // namespace

void NeighborGraph::set_edges(Executor& executor) {
  constexpr float kOneSided = 0.5F;
  constexpr float kSmallestWeight = 1e-6F;
  constexpr std::size_t kChunk = 4096;
  const ptrdiff_t n = neighbors_.rows;
  const auto scales = local_scales(distances_);
  // Both ends of every proposed edge, an edge that both propose twice at each end; rows as in CSR.
  std::vector<std::int64_t> begins(static_cast<std::size_t>(n) + 1, 0);
  const auto for_proposals = [&](auto&& use) {
    for (ptrdiff_t i = 0; i < n; ++i) {
      for (ptrdiff_t k = 0; k < neighbors_.cols && neighbors_(i, k) >= 0; ++k) use(i, k, neighbors_(i, k));
    }
  };
  for_proposals([&](ptrdiff_t i, ptrdiff_t, std::int32_t j) {
    ++begins[i + 1];
    ++begins[j + 1];
  });
  std::partial_sum(begins.begin(), begins.end(), begins.begin());
  std::vector<Edge> edges(static_cast<std::size_t>(begins.back()));
  auto next = begins;
  for_proposals([&](ptrdiff_t i, ptrdiff_t k, std::int32_t j) {
    const float ratio = (distances_(i, k) / scales[i]) * (distances_(i, k) / scales[j]);
    const float weight = kOneSided * std::max(kSmallestWeight, std::exp(-kSharpness * ratio));
    edges[next[i]++] = {j, weight};
    edges[next[j]++] = {static_cast<std::int32_t>(i), weight};
  });
  // Merges each row in place; `next` becomes its end.
  degrees_.assign(static_cast<std::size_t>(n), 0.0F);
  for_chunks(executor, static_cast<std::size_t>(n), kChunk, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      const auto first = edges.begin() + begins[i], last = edges.begin() + begins[i + 1];
      std::stable_sort(first, last, [](const Edge& a, const Edge& b) { return a.to < b.to; });
      double degree = 0.0;
      auto merged = first;
      for (auto edge = first; edge != last; ++edge) {
        degree += edge->weight;
        if (merged != first && edge->to == (merged - 1)->to) {
          (merged - 1)->weight += edge->weight;
        } else {
          *merged++ = *edge;
        }
      }
      next[i] = merged - edges.begin();
      degrees_[i] = static_cast<float>(degree);
    }
  });
  offsets_.assign(static_cast<std::size_t>(n) + 1, 0);
  for (std::size_t i = 0; i < degrees_.size(); ++i) offsets_[i + 1] = offsets_[i] + (next[i] - begins[i]);
  columns_.resize(static_cast<std::size_t>(offsets_.back()));
  weights_.resize(columns_.size());
  for_chunks(executor, static_cast<std::size_t>(n), kChunk, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      for (std::int64_t e = 0; e < offsets_[i + 1] - offsets_[i]; ++e) {
        const Edge& edge = edges[static_cast<std::size_t>(begins[i] + e)];
        columns_[static_cast<std::size_t>(offsets_[i] + e)] = edge.to;
        weights_[static_cast<std::size_t>(offsets_[i] + e)] = edge.weight;
      }
    }
  });
}

std::shared_ptr<const NeighborGraph> NeighborGraph::build(const Features& pool, const NeighborGraphOptions& options,
                                                          Executor& executor) {
  if (options.n_neighbors < 1) {
    throw InvalidArgument("n_neighbors: " + std::to_string(options.n_neighbors) + " given, expected at least 1");
  }
  const std::shared_ptr<NeighborGraph> graph(new NeighborGraph);
  const ptrdiff_t n = pool.n_items();
  const ptrdiff_t k = std::min<ptrdiff_t>(options.n_neighbors, n - 1);
  graph->neighbors_ = Matrix<std::int32_t>(n, k, -1);
  graph->distances_ = Matrix<float>(n, k, kInfinity);
  auto& neighbors = graph->neighbors_;
  auto& distances = graph->distances_;
  if (n > kMaxExactItems) {
    graph->locality_ =
        pool.is_sparse()
            ? detail::find_approximate_sparse_neighbors(pool, executor, neighbors, distances)
            : detail::find_approximate_neighbors(SearchRows(pool, executor), executor, neighbors, distances);
  } else if (k > 0) {
    const auto find_exact = pool.is_sparse() ? detail::find_sparse_neighbors : find_dense_neighbors;
    find_exact(pool, executor, neighbors, distances);
  }
  graph->set_edges(executor);
  return graph;
}

}  // namespace gtlabel
