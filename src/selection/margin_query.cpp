#include "gtlabel/selection/margin_query.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "gtlabel/core/error.hpp"
#include "gtlabel/selection/seed_sample.hpp"

namespace gtlabel {
namespace {

constexpr std::size_t kCandidateFactor = 2;

float margin_of(std::span<const float> row) noexcept {
  float first = 0.0F, second = 0.0F;
  for (const float p : row) {
    if (p > first) {
      second = std::exchange(first, p);
    } else if (p > second) {
      second = p;
    }
  }
  return first - second;
}

}  // namespace

std::vector<ItemIndex> margin_query(std::span<const ItemIndex> items, MatrixView<const float> probabilities,
                                    std::size_t n, RandomStream& random) {
  if (probabilities.rows != static_cast<std::ptrdiff_t>(items.size())) {
    throw InvalidArgument("probabilities: " + std::to_string(probabilities.rows) + " rows given for " +
                              std::to_string(items.size()) + " items",
                          ErrorCode::shape_mismatch);
  }
  std::vector<std::pair<float, ItemIndex>> ranking;
  ranking.reserve(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    ranking.emplace_back(margin_of(probabilities.row(static_cast<std::ptrdiff_t>(i))), items[i]);
  }
  const auto n_uncertain = static_cast<std::ptrdiff_t>(std::min(items.size(), kCandidateFactor * n));
  std::nth_element(ranking.begin(), ranking.begin() + n_uncertain, ranking.end());
  // nth_element leaves the order of the front open; sorted, the draw depends on the items alone.
  std::sort(ranking.begin(), ranking.begin() + n_uncertain);
  std::vector<ItemIndex> uncertain;
  for (std::ptrdiff_t i = 0; i < n_uncertain; ++i) uncertain.push_back(ranking[static_cast<std::size_t>(i)].second);
  return seed_sample(uncertain, n, random);
}

}  // namespace gtlabel
