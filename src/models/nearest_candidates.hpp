#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace gtlabel::detail {

struct Candidate {
  float value;  // smaller is nearer
  std::int32_t item;
  bool operator<(const Candidate& other) const noexcept {
    return value < other.value || (value == other.value && item < other.item);
  }
};

/// The `capacity` best candidates seen so far: a heap with the worst on top.
class BestCandidates {
 public:
  void reset(std::size_t capacity) {
    capacity_ = capacity;
    heap_.clear();
    limit_ = std::numeric_limits<float>::infinity();
  }
  /// Only values below this are worth adding.
  [[nodiscard]] float limit() const noexcept { return limit_; }
  void add(float value, std::ptrdiff_t item) {
    if (heap_.size() == capacity_) {
      std::pop_heap(heap_.begin(), heap_.end());
      heap_.pop_back();
    }
    heap_.push_back({value, static_cast<std::int32_t>(item)});
    std::push_heap(heap_.begin(), heap_.end());
    if (heap_.size() == capacity_) limit_ = heap_.front().value;
  }
  [[nodiscard]] std::vector<Candidate>& items() noexcept { return heap_; }

 private:
  std::size_t capacity_ = 0;
  std::vector<Candidate> heap_;
  float limit_ = std::numeric_limits<float>::infinity();
};

/// Writes the k nearest of the candidates, whose values are exact squared distances by now.
inline void write_nearest(std::vector<Candidate>& candidates, std::span<std::int32_t> neighbors,
                          std::span<float> distances) {
  std::sort(candidates.begin(), candidates.end());
  for (std::size_t k = 0; k < neighbors.size(); ++k) {
    const bool found = k < candidates.size();
    neighbors[k] = found ? candidates[k].item : -1;
    distances[k] = found ? std::sqrt(std::max(0.0F, candidates[k].value)) : std::numeric_limits<float>::infinity();
  }
}

}  // namespace gtlabel::detail
