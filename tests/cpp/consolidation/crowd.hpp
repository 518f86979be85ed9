#pragma once

#include <cstdint>
#include <vector>

#include "gtlabel/core/random.hpp"
#include "gtlabel/dataset/vote_table.hpp"

/// Simulated workers whose truth is known.
struct Crowd {
  std::vector<std::int32_t> items, workers, answers, truth;
  std::int32_t n_classes = 0;

  [[nodiscard]] gtlabel::VoteTable votes() const { return {items, workers, answers, n_classes}; }
};

/// Each item is answered by `n_votes` random workers; worker w is right with probability accuracies[w], else says any
/// other class.
inline Crowd make_crowd(std::int32_t n_items, std::int32_t n_votes, std::int32_t n_classes,
                        const std::vector<double>& accuracies, std::uint64_t seed = 0) {
  gtlabel::RandomStream random(seed, gtlabel::RandomPurpose::user);
  Crowd crowd;
  crowd.n_classes = n_classes;
  for (std::int32_t i = 0; i < n_items; ++i) {
    crowd.truth.push_back(static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(n_classes))));
    for (std::int32_t v = 0; v < n_votes; ++v) {
      const auto worker = i == 0 && v == 0 ? accuracies.size() - 1 : random.below(accuracies.size());
      std::int32_t answer = crowd.truth.back();
      if (random.uniform() >= accuracies[worker]) {
        const auto shift = 1 + random.below(static_cast<std::uint64_t>(n_classes - 1));
        answer = static_cast<std::int32_t>((static_cast<std::uint64_t>(answer) + shift) %
                                           static_cast<std::uint64_t>(n_classes));
      }
      crowd.items.push_back(i);
      crowd.workers.push_back(static_cast<std::int32_t>(worker));
      crowd.answers.push_back(answer);
    }
  }
  return crowd;
}

inline double accuracy(const std::vector<gtlabel::ClassIndex>& labels, const Crowd& crowd) {
  double right = 0.0;
  for (std::size_t i = 0; i < labels.size(); ++i) right += labels[i] == crowd.truth[i];
  return right / static_cast<double>(labels.size());
}
