#include "gtlabel/models/neighbor_graph.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>
#include <vector>

#include "gtlabel/core/error.hpp"
#include "gtlabel/core/random.hpp"

namespace {

using namespace gtlabel;

std::vector<float> random_values(std::size_t n, std::uint64_t seed) {
  RandomStream random(seed, RandomPurpose::user);
  std::vector<float> values(n);
  for (float& value : values) value = static_cast<float>(random.uniform());
  return values;
}

Features dense(const std::vector<float>& values, std::ptrdiff_t rows) {
  return Features::borrow(
      MatrixView<const float>(values.data(), rows, static_cast<std::ptrdiff_t>(values.size()) / rows));
}

std::shared_ptr<const NeighborGraph> build(const Features& pool, int k, std::size_t threads = 1) {
  ThreadPool executor(threads);
  return NeighborGraph::build(pool, {k}, executor);
}

/// The k nearest of each item among (distance, item) pairs given by `distance(i, j)`.
template <class Distance>
std::vector<std::vector<std::pair<double, int>>> brute_force(int n, int k, Distance distance) {
  std::vector<std::vector<std::pair<double, int>>> all(static_cast<std::size_t>(n));
  for (int i = 0; i < n; ++i) {
    auto& row = all[static_cast<std::size_t>(i)];
    for (int j = 0; j < n; ++j) {
      if (i != j) row.emplace_back(distance(i, j), j);
    }
    std::sort(row.begin(), row.end());
    row.resize(static_cast<std::size_t>(k));
  }
  return all;
}

void check_sound(const NeighborGraph& graph) {
  const auto weights = graph.weights();
  std::map<std::pair<std::int64_t, std::int64_t>, float> entries;
  for (std::ptrdiff_t i = 0; i < weights.rows(); ++i) {
    double degree = 0.0;
    for (std::int64_t e = weights.indptr[i]; e < weights.indptr[i + 1]; ++e) {
      REQUIRE(weights.indices[e] != i);
      REQUIRE(weights.values[e] > 0.0F);
      REQUIRE(weights.values[e] <= 1.0F);
      REQUIRE(entries.emplace(std::pair(i, weights.indices[e]), weights.values[e]).second);
      degree += weights.values[e];
    }
    REQUIRE(graph.degrees()[i] == doctest::Approx(degree));
  }
  for (const auto& [edge, weight] : entries) REQUIRE(entries.at({edge.second, edge.first}) == weight);
}

TEST_CASE("NeighborGraph: dense neighbours equal brute force") {
  constexpr int n = 700, d = 5, k = 8;  // more than one block of rows and of columns
  const auto values = random_values(n * d, 1);
  const auto graph = build(dense(values, n), k);
  check_sound(*graph);
  const auto expected = brute_force(n, k, [&](int a, int b) {
    double sum = 0.0;
    for (int c = 0; c < d; ++c) sum += std::pow(static_cast<double>(values[a * d + c]) - values[b * d + c], 2);
    return sum;
  });
  for (int i = 0; i < n; ++i) {
    for (int m = 0; m < k; ++m) REQUIRE(graph->neighbors()(i, m) == expected[i][m].second);
  }
}

TEST_CASE("NeighborGraph: sparse neighbours equal brute force by cosine, with rare and frequent columns") {
  constexpr int n = 300, d = 40, k = 5;
  const auto noise = random_values(n * d, 2);
  std::vector<std::int64_t> indptr = {0};
  std::vector<std::int32_t> indices;
  std::vector<float> values;
  std::vector<double> full(n * d, 0.0);
  for (int i = 0; i < n; ++i) {
    for (int c = 0; c < d; ++c) {
      const float chance = c < 4 ? 0.6F : 0.02F;  // the first columns are in most rows
      if (noise[i * d + c] > chance && c != i % d) continue;
      indices.push_back(c);
      values.push_back(1.0F + noise[i * d + c]);
      full[i * d + c] = values.back();
    }
    indptr.push_back(static_cast<std::int64_t>(indices.size()));
  }
  const auto graph = build(Features::borrow(CsrView<const float>{indptr, indices, values, d}), k);
  check_sound(*graph);
  const auto dot = [&](int a, int b) {
    double sum = 0.0;
    for (int c = 0; c < d; ++c) sum += full[a * d + c] * full[b * d + c];
    return sum;
  };
  const auto expected = brute_force(n, k, [&](int a, int b) {
    return std::sqrt(std::max(0.0, 2.0 - 2.0 * dot(a, b) / std::sqrt(dot(a, a) * dot(b, b))));
  });
  for (int i = 0; i < n; ++i) {
    for (int m = 0; m < k; ++m) {
      if (graph->neighbors()(i, m) < 0) {
        REQUIRE(expected[i][m].first == doctest::Approx(std::sqrt(2.0)));  // no common column
      } else {
        REQUIRE(graph->distances()(i, m) == doctest::Approx(expected[i][m].first).epsilon(1e-3));
      }
    }
  }
}

TEST_CASE("NeighborGraph: the same bits for 1, 2 and 7 threads, with and without projection") {
  for (const int d : {6, 150}) {
    const auto values = random_values(static_cast<std::size_t>(600 * d), 3);
    const auto expected = build(dense(values, 600), 7);
    for (const std::size_t threads : {2U, 7U}) {
      const auto graph = build(dense(values, 600), 7, threads);
      const auto a = graph->weights(), b = expected->weights();
      CHECK(std::equal(a.values.begin(), a.values.end(), b.values.begin(), b.values.end()));
      CHECK(std::equal(a.indices.begin(), a.indices.end(), b.indices.begin(), b.indices.end()));
    }
  }
}

TEST_CASE("NeighborGraph: many columns of low rank are projected without loss") {
  constexpr int n = 200, d = 300, rank = 4, k = 5;
  const auto low = random_values(n * rank, 4), mix = random_values(rank * d, 5);
  std::vector<float> values(n * d, 0.0F);
  for (int i = 0; i < n; ++i) {
    for (int c = 0; c < d; ++c) {
      for (int r = 0; r < rank; ++r) values[i * d + c] += low[i * rank + r] * (mix[r * d + c] - 0.5F);
    }
  }
  const auto graph = build(dense(values, n), k);
  const auto expected = brute_force(n, k, [&](int a, int b) {
    double sum = 0.0;
    for (int c = 0; c < d; ++c) sum += std::pow(static_cast<double>(values[a * d + c]) - values[b * d + c], 2);
    return sum;
  });
  for (int i = 0; i < n; ++i) {
    for (int m = 0; m < k; ++m) REQUIRE(graph->neighbors()(i, m) == expected[i][m].second);
  }
}

TEST_CASE("NeighborGraph: identical items have weights of at most 1, never NaN, the lower index first") {
  std::vector<float> values(200, 1.0F);
  for (int i = 100; i < 200; ++i) values[i] = static_cast<float>(i);
  const auto graph = build(dense(values, 200), 5);
  check_sound(*graph);
  CHECK(graph->neighbors()(0, 0) == 1);
  CHECK(graph->neighbors()(50, 0) == 0);
  check_sound(*build(dense(std::vector<float>(64, 3.0F), 64), 5));  // nothing but identical items
}

TEST_CASE("NeighborGraph: a pool smaller than k + 1 items has all as neighbours") {
  const std::vector<float> values = {0, 1, 3};
  const auto graph = build(dense(values, 3), 10);
  check_sound(*graph);
  CHECK(graph->neighbors().cols == 2);
  CHECK(graph->weights().indices.size() == 6);
  CHECK(build(dense({1.0F}, 1), 10)->weights().indices.empty());
}

TEST_CASE("NeighborGraph: empty sparse rows stay without neighbours") {
  const std::vector<std::int64_t> indptr = {0, 1, 2, 2, 2};
  const std::vector<std::int32_t> indices = {0, 0};
  const std::vector<float> values = {1, 2};
  const auto graph = build(Features::borrow(CsrView<const float>{indptr, indices, values, 2}), 2);
  check_sound(*graph);
  CHECK(graph->neighbors()(0, 0) == 1);
  CHECK(graph->degrees()[2] == 0.0F);
}

/// Rows around 50 centres; from `n_different` on repeated from the beginning.
std::vector<float> clusters(int n, int d, int n_different) {
  const auto centres = random_values(static_cast<std::size_t>(50 * d), 4);
  auto values = random_values(static_cast<std::size_t>(n * d), 5);
  for (int i = 0; i < n; ++i) {
    for (int c = 0; c < d; ++c) {
      float& value = values[i * d + c];
      value = i < n_different ? 3.0F * centres[i % 50 * d + c] + value : values[i % 2 * d + c];
    }
  }
  return values;
}

/// The share of the true k nearest of every `step`-th item that the graph has.
double recall(const NeighborGraph& graph, const std::vector<float>& values, int step) {
  const auto n = static_cast<int>(graph.n_items()), d = static_cast<int>(values.size()) / n;
  const auto k = static_cast<int>(graph.neighbors().cols);
  int n_found = 0, n_asked = 0;
  for (int i = 0; i < n; i += step) {
    std::vector<std::pair<double, int>> all;
    for (int j = 0; j < n; ++j) {
      double sum = 0.0;
      for (int c = 0; c < d; ++c) sum += std::pow(static_cast<double>(values[i * d + c]) - values[j * d + c], 2);
      if (j != i) all.emplace_back(sum, j);
    }
    std::partial_sort(all.begin(), all.begin() + k, all.end());
    const auto found = graph.neighbors().row(i);
    for (int m = 0; m < k; ++m) {
      n_found += std::find(found.begin(), found.end(), all[m].second) != found.end() ? 1 : 0;
    }
    n_asked += k;
  }
  return static_cast<double>(n_found) / n_asked;
}

TEST_CASE("NeighborGraph: beyond kMaxExactItems nearly all neighbours are right, the same for 1, 2 and 7 threads") {
  constexpr int n = 21'000, k = 5;
  const auto values = clusters(n, 12, n);
  const auto expected = build(dense(values, n), k);
  CHECK(recall(*expected, values, 100) > 0.98);
  for (const std::size_t threads : {2U, 7U}) {
    const auto graph = build(dense(values, n), k, threads);
    const auto a = graph->weights(), b = expected->weights();
    CHECK(std::equal(a.values.begin(), a.values.end(), b.values.begin(), b.values.end()));
    CHECK(std::equal(a.indices.begin(), a.indices.end(), b.indices.begin(), b.indices.end()));
  }
}

TEST_CASE("NeighborGraph: beyond kMaxExactItems thousands of repeated rows are neighbours and make no hubs") {
  constexpr int n = 21'000, d = 4, k = 5, n_different = 9'000;
  const auto values = clusters(n, d, n_different);
  const auto graph = build(dense(values, n), k);
  check_sound(*graph);
  const auto weights = graph->weights();
  for (int i = n_different; i < n; ++i) {  // items 0 and 1 and their 12,000 copies
    for (int m = 0; m < k; ++m) REQUIRE(graph->distances()(i, m) == 0.0F);
    REQUIRE(weights.indptr[i + 1] - weights.indptr[i] < 200);
  }
  check_sound(*build(dense(std::vector<float>(static_cast<std::size_t>(n), 3.0F), n), k));  // nothing but one row
}

TEST_CASE("NeighborGraph: fewer than one neighbour is refused") {
  const std::vector<float> values = {0, 1, 3};
  CHECK_THROWS_AS((void)build(dense(values, 3), 0), InvalidArgument);
}

}  // namespace
