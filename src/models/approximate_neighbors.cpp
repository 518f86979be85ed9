#include "models/approximate_neighbors.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "gtlabel/core/random.hpp"
#include "models/nearest_candidates.hpp"
#include "support/eigen.hpp"

namespace gtlabel::detail {
namespace {

using std::ptrdiff_t;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr ptrdiff_t kListSize = 256;     // rows per list, on average
constexpr ptrdiff_t kLongestList = 512;  // longer ones are halved
constexpr ptrdiff_t kSamplePerList = 32;
constexpr int kMeansSteps = 5;
constexpr ptrdiff_t kProbes = 24;  // lists that a list is compared with
constexpr ptrdiff_t kSpareCandidates = 6;
constexpr ptrdiff_t kChunk = 256;
constexpr ptrdiff_t kColumnBlock = 512;

/// Half the squared norms; infinity for rows of zeros that are nobody's neighbours.
Eigen::VectorXf half_norms(const RowMatrix& rows, bool skip_zeros) {
  Eigen::VectorXf half = rows.rowwise().squaredNorm() / 2.0F;
  if (skip_zeros) half = (half.array() > 0.0F).select(half, kInfinity);
  return half;
}

/// The nearest centre of each of the first `size` rows.
void nearest_centers(const RowMatrix& rows, ptrdiff_t size, const RowMatrix& centers, const Eigen::VectorXf& half,
                     std::int32_t* nearest) {
  std::vector<float> best(static_cast<std::size_t>(size), kInfinity);
  std::fill_n(nearest, size, 0);
  RowMatrix products(size, kColumnBlock);
  for (ptrdiff_t left = 0; left < centers.rows(); left += kColumnBlock) {
    const ptrdiff_t width = std::min(kColumnBlock, centers.rows() - left);
    products.leftCols(width).noalias() = rows.topRows(size) * centers.middleRows(left, width).transpose();
    for (ptrdiff_t r = 0; r < size; ++r) {
      const float* product = products.data() + r * kColumnBlock;
      for (ptrdiff_t c = 0; c < width; ++c) {
        const float value = half[left + c] - product[c];
        if (value >= best[static_cast<std::size_t>(r)]) continue;
        best[static_cast<std::size_t>(r)] = value;
        nearest[r] = static_cast<std::int32_t>(left + c);
      }
    }
  }
}

/// Reorders centres so that each is followed by the nearest of those not yet placed: lists near each other in space are
/// so in memory.
void chain(RowMatrix& centers) {
  Eigen::VectorXf half = half_norms(centers, false), distances;
  for (ptrdiff_t i = 0; i + 1 < centers.rows(); ++i) {
    const ptrdiff_t left = centers.rows() - i - 1;
    distances.noalias() = half.tail(left) - centers.bottomRows(left) * centers.row(i).transpose();
    ptrdiff_t nearest = 0;
    distances.minCoeff(&nearest);
    centers.row(i + 1).swap(centers.row(i + 1 + nearest));
    std::swap(half[i + 1], half[i + 1 + nearest]);
  }
}

/// The centres of a k-means of a random sample of the pool (Lloyd).
RowMatrix list_centers(const SearchRows& source, ptrdiff_t n_lists, Executor& executor) {
  const ptrdiff_t n = source.n_items(), sample_size = std::min(n, kSamplePerList * n_lists);
  RandomStream random(1, RandomPurpose::query);
  std::vector<ptrdiff_t> sampled(static_cast<std::size_t>(sample_size));
  for (ptrdiff_t& item : sampled) item = static_cast<ptrdiff_t>(random.below(static_cast<std::uint64_t>(n)));
  RowMatrix sample(sample_size, source.n_columns());
  for_chunks(executor, sampled.size(), kChunk, [&](std::size_t begin, std::size_t end) {
    RowMatrix rows(kChunk, source.n_columns());
    const auto size = static_cast<ptrdiff_t>(end - begin);
    source.gather(
        size, [&](ptrdiff_t r) { return sampled[begin + static_cast<std::size_t>(r)]; }, rows);
    sample.middleRows(static_cast<ptrdiff_t>(begin), size) = rows.topRows(size);
  });
  RowMatrix centers = sample.topRows(n_lists);
  std::vector<std::int32_t> nearest(sampled.size());
  for (int step = 0; step < kMeansSteps; ++step) {
    const auto half = half_norms(centers, false);
    for_chunks(executor, sampled.size(), kChunk, [&](std::size_t begin, std::size_t end) {
      const auto size = static_cast<ptrdiff_t>(end - begin);
      const RowMatrix rows = sample.middleRows(static_cast<ptrdiff_t>(begin), size);
      nearest_centers(rows, size, centers, half, nearest.data() + begin);
    });
    RowMatrix sums = RowMatrix::Zero(centers.rows(), centers.cols());
    Eigen::VectorXf counts = Eigen::VectorXf::Zero(n_lists);
    for (ptrdiff_t r = 0; r < sample_size; ++r) {
      sums.row(nearest[static_cast<std::size_t>(r)]) += sample.row(r);
      counts[nearest[static_cast<std::size_t>(r)]] += 1.0F;
    }
    for (ptrdiff_t c = 0; c < n_lists; ++c) {
      if (counts[c] > 0.0F) centers.row(c) = sums.row(c) / counts[c];
    }
  }
  chain(centers);
  return centers;
}

/// All rows in the order of their lists.
struct Lists {
  RowMatrix rows;
  std::vector<std::int32_t> items;   // of each row
  std::vector<std::int32_t> begins;  // of each list, and the end of the last
  Eigen::VectorXf half;              // see half_norms
  [[nodiscard]] ptrdiff_t size() const noexcept { return std::ssize(begins) - 1; }
  [[nodiscard]] ptrdiff_t begin(ptrdiff_t list) const noexcept { return begins[static_cast<std::size_t>(list)]; }
  [[nodiscard]] ptrdiff_t end(ptrdiff_t list) const noexcept { return begins[static_cast<std::size_t>(list) + 1]; }
};

/// Halves positions [begin, end) of `order` (into `rows`) at medians of the widest column until no part is too long.
void halve(const RowMatrix& rows, std::span<std::int32_t> order, std::int32_t offset,
           std::vector<std::int32_t>& begins) {
  if (std::ssize(order) <= kLongestList) {
    begins.push_back(offset);
    return;
  }
  Eigen::RowVectorXf low = rows.row(order[0]), high = low;
  for (const std::int32_t r : order) {
    low = low.cwiseMin(rows.row(r));
    high = high.cwiseMax(rows.row(r));
  }
  ptrdiff_t widest = 0;
  (high - low).maxCoeff(&widest);
  const std::size_t middle = order.size() / 2;
  std::nth_element(order.begin(), order.begin() + static_cast<ptrdiff_t>(middle), order.end(),
                   [&](std::int32_t a, std::int32_t b) {
                     const float x = rows(a, widest), y = rows(b, widest);
                     return x < y || (x == y && a < b);
                   });
  halve(rows, order.first(middle), offset, begins);
  halve(rows, order.subspan(middle), offset + static_cast<std::int32_t>(middle), begins);
}

Lists make_lists(const SearchRows& source, Executor& executor) {
  const ptrdiff_t n = source.n_items();
  const auto most = static_cast<ptrdiff_t>(4.0 * std::sqrt(static_cast<double>(n)));
  const ptrdiff_t n_lists = std::max<ptrdiff_t>(1, std::min(n / kListSize, most));
  std::vector<std::int32_t> nearest(static_cast<std::size_t>(n));
  {
    const RowMatrix centers = list_centers(source, n_lists, executor);
    const auto half = half_norms(centers, false);
    for_chunks(executor, nearest.size(), kChunk, [&](std::size_t begin, std::size_t end) {
      RowMatrix rows(kChunk, source.n_columns());
      const auto first = static_cast<ptrdiff_t>(begin), size = static_cast<ptrdiff_t>(end - begin);
      source.gather(
          size, [&](ptrdiff_t r) { return first + r; }, rows);
      nearest_centers(rows, size, centers, half, nearest.data() + begin);
    });
  }
  std::vector<std::int32_t> places(static_cast<std::size_t>(n_lists) + 1, 0);
  for (const std::int32_t list : nearest) ++places[static_cast<std::size_t>(list) + 1];
  std::partial_sum(places.begin(), places.end(), places.begin());
  Lists lists;
  lists.items.resize(nearest.size());
  {
    auto next = places;
    for (ptrdiff_t i = 0; i < n; ++i) {
      const auto place =
          static_cast<std::size_t>(next[static_cast<std::size_t>(nearest[static_cast<std::size_t>(i)])]++);
      lists.items[place] = static_cast<std::int32_t>(i);
    }
  }
  lists.rows.resize(n, source.n_columns());
  std::vector<std::vector<std::int32_t>> begins(static_cast<std::size_t>(n_lists));
  executor.run(begins.size(), [&](std::size_t list) {
    const ptrdiff_t first = places[list], size = places[list + 1] - first;
    if (size == 0) return;
    RowMatrix rows(size, source.n_columns());
    source.gather(
        size, [&](ptrdiff_t r) { return lists.items[static_cast<std::size_t>(first + r)]; }, rows);
    std::vector<std::int32_t> order(static_cast<std::size_t>(size));
    std::iota(order.begin(), order.end(), 0);
    halve(rows, order, places[list], begins[list]);
    std::vector<std::int32_t> items(order.size());
    for (ptrdiff_t r = 0; r < size; ++r) {
      const std::int32_t from = order[static_cast<std::size_t>(r)];
      lists.rows.row(first + r) = rows.row(from);
      items[static_cast<std::size_t>(r)] = lists.items[static_cast<std::size_t>(first + from)];
    }
    std::copy(items.begin(), items.end(), lists.items.begin() + first);
  });
  for (const auto& part : begins) lists.begins.insert(lists.begins.end(), part.begin(), part.end());
  lists.begins.push_back(static_cast<std::int32_t>(n));
  lists.half = half_norms(lists.rows, source.skips_zeros());
  return lists;
}

/// The nearest lists of each list by their means, itself first.
Matrix<std::int32_t> nearest_lists(const Lists& lists, Executor& executor) {
  const ptrdiff_t n = lists.size(), probes = std::min(kProbes, n);
  RowMatrix means(n, lists.rows.cols());
  for (ptrdiff_t l = 0; l < n; ++l) {
    means.row(l) = lists.rows.middleRows(lists.begin(l), lists.end(l) - lists.begin(l)).colwise().mean();
  }
  const auto half = half_norms(means, false);
  Matrix<std::int32_t> nearest(n, probes);
  for_chunks(executor, static_cast<std::size_t>(n), 64, [&](std::size_t begin, std::size_t end) {
    const auto first = static_cast<ptrdiff_t>(begin), size = static_cast<ptrdiff_t>(end - begin);
    const RowMatrix products = means.middleRows(first, size) * means.transpose();
    std::vector<Candidate> all(static_cast<std::size_t>(n));
    for (ptrdiff_t r = 0; r < size; ++r) {
      for (ptrdiff_t l = 0; l < n; ++l) {
        all[static_cast<std::size_t>(l)] = {half[l] - products(r, l), static_cast<std::int32_t>(l)};
      }
      all[static_cast<std::size_t>(first + r)].value = -kInfinity;
      std::partial_sort(all.begin(), all.begin() + probes, all.end());
      for (ptrdiff_t p = 0; p < probes; ++p) nearest(first + r, p) = all[static_cast<std::size_t>(p)].item;
    }
  });
  return nearest;
}

float squared_distance(const RowMatrix& rows, ptrdiff_t a, ptrdiff_t b) {
  return (rows.row(a) - rows.row(b)).squaredNorm();
}

/// Row positions and squared distances of the nearest found so far, `capacity` for each row, unused ones at infinity.
struct Found {
  Matrix<std::int32_t> positions;
  Matrix<float> squares;

  Found(ptrdiff_t n, ptrdiff_t capacity) : positions(n, capacity, -1), squares(n, capacity, kInfinity) {}
  /// Takes the candidates, whose values are squared distances, by rising distance.
  void set(ptrdiff_t row, std::vector<Candidate>& candidates) {
    std::sort(candidates.begin(), candidates.end(), [&](const Candidate& a, const Candidate& b) {
      const auto after = [&](std::int32_t position) {
        return position > row ? position - row : position - row + positions.rows;
      };
      return a.value < b.value || (a.value == b.value && after(a.item) < after(b.item));
    });
    for (std::size_t c = 0; c < candidates.size(); ++c) {
      positions.row(row)[c] = candidates[c].item;
      squares.row(row)[c] = candidates[c].value;
    }
  }
};

void scan(const float* product, const Eigen::VectorXf& half, ptrdiff_t first, ptrdiff_t from, ptrdiff_t to,
          BestCandidates& best) {
  for (ptrdiff_t c = from; c < to; ++c) {
    const float value = half[first + c] - product[c];
    if (value < best.limit()) best.add(value, first + c);
  }
}

/// The nearest of each row in the lists around its own.
Found search_lists(const Lists& lists, ptrdiff_t capacity, Executor& executor) {
  const auto probes = nearest_lists(lists, executor);
  Found found(lists.rows.rows(), capacity);
  executor.run(static_cast<std::size_t>(lists.size()), [&](std::size_t list) {
    const auto own = static_cast<ptrdiff_t>(list);
    const ptrdiff_t first = lists.begin(own), size = lists.end(own) - first;
    std::vector<BestCandidates> best(static_cast<std::size_t>(size));
    for (auto& candidates : best) candidates.reset(static_cast<std::size_t>(capacity));
    RowMatrix products(size, kLongestList);
    for (const std::int32_t other : probes.view().row(own)) {
      const ptrdiff_t left = lists.begin(other), width = lists.end(other) - left;
      products.leftCols(width).noalias() =
          lists.rows.middleRows(first, size) * lists.rows.middleRows(left, width).transpose();
      for (ptrdiff_t r = 0; r < size; ++r) {
        const float* product = products.data() + r * kLongestList;
        auto& candidates = best[static_cast<std::size_t>(r)];
        const ptrdiff_t self = other == own ? r : width;
        scan(product, lists.half, left, std::min(self + 1, width), width, candidates);
        scan(product, lists.half, left, 0, self, candidates);
      }
    }
    for (ptrdiff_t r = 0; r < size; ++r) {
      if (std::isinf(lists.half[first + r])) continue;
      auto& items = best[static_cast<std::size_t>(r)].items();
      for (auto& candidate : items) candidate.value = squared_distance(lists.rows, first + r, candidate.item);
      found.set(first + r, items);
    }
  });
  return found;
}

/// Up to `capacity` rows that name each row as a neighbour; those that come first in the lists.
Matrix<std::int32_t> reverse_neighbors(const Matrix<std::int32_t>& positions) {
  Matrix<std::int32_t> reverse(positions.rows, positions.cols, -1);
  std::vector<std::int32_t> counts(static_cast<std::size_t>(positions.rows), 0);
  for (ptrdiff_t k = 0; k < positions.cols; ++k) {
    for (ptrdiff_t i = 0; i < positions.rows; ++i) {
      const std::int32_t j = positions(i, k);
      if (j < 0) continue;
      auto& count = counts[static_cast<std::size_t>(j)];
      if (count < positions.cols) reverse(j, count++) = static_cast<std::int32_t>(i);
    }
  }
  return reverse;
}

/// Offers each row the neighbours, both ways, of its neighbours both ways.
Found refine(const Lists& lists, const Found& found, Executor& executor) {
  const ptrdiff_t n = found.positions.rows, capacity = found.positions.cols;
  const auto reverse = reverse_neighbors(found.positions);
  Found better(n, capacity);
  for_chunks(executor, static_cast<std::size_t>(n), kChunk, [&](std::size_t begin, std::size_t end) {
    std::vector<std::int32_t> near, offered;
    BestCandidates best;
    for (auto i = static_cast<ptrdiff_t>(begin); i < static_cast<ptrdiff_t>(end); ++i) {
      if (std::isinf(lists.half[i])) continue;
      best.reset(static_cast<std::size_t>(capacity));
      near.clear();
      offered.clear();
      for (ptrdiff_t k = 0; k < capacity; ++k) {
        const std::int32_t j = found.positions.view().row(i)[static_cast<std::size_t>(k)];
        if (j >= 0) {
          near.push_back(j);
          best.add(found.squares.view().row(i)[static_cast<std::size_t>(k)], j);
        }
      }
      const std::size_t n_known = near.size();
      for (const std::int32_t j : reverse.view().row(i)) {
        if (j >= 0) near.push_back(j);
      }
      const auto offer = [&](std::span<const std::int32_t> positions) {
        for (const std::int32_t j : positions) {
          if (j >= 0 && j != i) offered.push_back(j);
        }
      };
      offer({near.data() + n_known, near.size() - n_known});
      for (const std::int32_t j : near) {
        offer(found.positions.view().row(j));
        offer(reverse.view().row(j));
      }
      std::sort(offered.begin(), offered.end());
      offered.erase(std::unique(offered.begin(), offered.end()), offered.end());
      std::sort(near.begin(), near.begin() + static_cast<ptrdiff_t>(n_known));
      for (const std::int32_t j : offered) {
        if (std::binary_search(near.begin(), near.begin() + static_cast<ptrdiff_t>(n_known), j)) continue;
        const float square = squared_distance(lists.rows, i, j);
        if (square < best.limit()) best.add(square, j);
      }
      better.set(i, best.items());
    }
  });
  return better;
}

}  // namespace

std::vector<std::int32_t> find_approximate_neighbors(const SearchRows& source, Executor& executor,
                                                     MatrixView<std::int32_t> neighbors, MatrixView<float> distances) {
  Lists lists = make_lists(source, executor);
  const Found found = refine(lists, search_lists(lists, neighbors.cols + kSpareCandidates, executor), executor);
  for_chunks(executor, lists.items.size(), kChunk, [&](std::size_t begin, std::size_t end) {
    for (auto i = static_cast<ptrdiff_t>(begin); i < static_cast<ptrdiff_t>(end); ++i) {
      const ptrdiff_t item = lists.items[static_cast<std::size_t>(i)];
      for (ptrdiff_t k = 0; k < neighbors.cols; ++k) {
        const std::int32_t position = found.positions(i, k);
        neighbors(item, k) = position < 0 ? -1 : lists.items[static_cast<std::size_t>(position)];
        distances(item, k) = std::sqrt(found.squares(i, k));
      }
    }
  });
  return std::move(lists.items);
}

}  // namespace gtlabel::detail
