#include "models/sparse_neighbors.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <memory>
#include <vector>

#include "gtlabel/core/random.hpp"
#include "gtlabel/models/neighbor_graph.hpp"

namespace {

using namespace gtlabel;

/// Texts of one of 40 topics with 30 words each, two of ten words from anywhere; every hundredth text is empty.
struct Texts {
  static constexpr std::int32_t kTopics = 40, kWordsOfTopic = 30;
  std::vector<std::int64_t> indptr{0};
  std::vector<std::int32_t> indices;
  std::vector<float> values;
  std::ptrdiff_t n;

  explicit Texts(std::ptrdiff_t n_) : n(n_) {
    RandomStream random(11, RandomPurpose::user);
    for (std::ptrdiff_t i = 0; i < n; ++i) {
      const auto topic = static_cast<std::int32_t>(random.below(kTopics));
      for (int w = 0; w < 10 && i % 100 != 0; ++w) {
        const auto own = topic * kWordsOfTopic + static_cast<std::int32_t>(random.below(kWordsOfTopic));
        indices.push_back(w < 8 ? own : static_cast<std::int32_t>(random.below(kTopics * kWordsOfTopic)));
        values.push_back(static_cast<float>(0.5 + random.uniform()));
      }
      indptr.push_back(static_cast<std::int64_t>(indices.size()));
    }
  }
  [[nodiscard]] Features pool() const {
    return Features::borrow(CsrView<const float>{indptr, indices, values, kTopics * kWordsOfTopic});
  }
};

struct Found {
  Matrix<std::int32_t> neighbors;
  Matrix<float> distances;
};

Found found_by(bool is_exact, const Texts& texts, Executor& executor) {
  Found found{Matrix<std::int32_t>(texts.n, 10, -1), Matrix<float>(texts.n, 10, INFINITY)};
  if (is_exact) {
    detail::find_sparse_neighbors(texts.pool(), executor, found.neighbors, found.distances);
  } else {
    detail::find_approximate_sparse_neighbors(texts.pool(), executor, found.neighbors, found.distances);
  }
  return found;
}

TEST_CASE("approximate sparse neighbours: hardly farther than the nearest, with their true distances") {
  const Texts texts(4000);
  ThreadPool executor(2);
  const Found exact = found_by(true, texts, executor), found = found_by(false, texts, executor);
  double of_exact = 0.0, of_found = 0.0;
  std::ptrdiff_t n_missing = 0, n_nearer = 0;
  for (std::ptrdiff_t i = 0; i < texts.n; ++i) {
    for (std::ptrdiff_t k = 0; k < 10; ++k) {
      n_missing += (found.neighbors(i, k) < 0) != (exact.neighbors(i, k) < 0) ? 1 : 0;
      if (found.neighbors(i, k) < 0) continue;
      n_nearer += found.distances(i, k) < exact.distances(i, k) - 1e-5F ? 1 : 0;
      of_exact += exact.distances(i, k);
      of_found += found.distances(i, k);
    }
  }
  CHECK(n_missing == 0);
  CHECK(n_nearer == 0);
  MESSAGE("mean distance over the nearest's: ", of_found / of_exact);
  CHECK(of_found < 1.1 * of_exact);
}

TEST_CASE("approximate sparse neighbours: the same bits for any executor") {
  const Texts texts(3000);
  SerialExecutor serial;
  ThreadPool threads(3);
  const Found one = found_by(false, texts, serial), other = found_by(false, texts, threads);
  CHECK(one.neighbors.values == other.neighbors.values);
  CHECK(one.distances.values == other.distances.values);
}

TEST_CASE("NeighborGraph: in large sparse pools rows without words have no neighbours, the others have theirs") {
  const Texts texts(NeighborGraph::kMaxExactItems + 1000);
  ThreadPool executor(2);
  const auto graph = NeighborGraph::build(texts.pool(), {}, executor);
  std::ptrdiff_t n_alone = 0, n_surprising = 0;
  for (std::ptrdiff_t i = 0; i < texts.n; ++i) {
    const bool is_empty = i % 100 == 0;
    n_surprising += (graph->neighbors()(i, 0) < 0) != is_empty ? 1 : 0;
    n_alone += graph->degrees()[static_cast<std::size_t>(i)] == 0.0F ? 1 : 0;
  }
  CHECK(n_surprising == 0);
  CHECK(n_alone == (texts.n + 99) / 100);
  CHECK(std::ssize(graph->locality()) == texts.n);
}

}  // namespace
