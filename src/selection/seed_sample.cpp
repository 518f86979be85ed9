#include "gtlabel/selection/seed_sample.hpp"

#include <algorithm>
#include <utility>

namespace gtlabel {

std::vector<ItemIndex> seed_sample(std::span<const ItemIndex> candidates, std::size_t n, RandomStream& random) {
  std::vector<ItemIndex> items(candidates.begin(), candidates.end());
  n = std::min(n, items.size());
  for (std::size_t i = 0; i < n; ++i) std::swap(items[i], items[i + random.below(items.size() - i)]);
  items.resize(n);
  return items;
}

}  // namespace gtlabel
