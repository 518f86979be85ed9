#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "gtlabel/core/ids.hpp"

namespace gtlabel::detail {

/// What one worker said of an item.
struct SharedWord {
  std::int32_t worker = 0;
  std::int32_t answer = 0;
};

/// Looks for workers who agree more often than people do who make the mistakes that they make and work alone.
///
/// How often a worker gives each answer where the class is another is learned from all answers, and drawn to his
/// accuracy and to the mistakes of all. For each item that a pair has answered, the answers of all others then say how
/// probable each class is, and so how probable it is that two who work alone say what these two said; and how probable
/// it is if one of them repeats the other in a share c of the items. The product of the ratios over the items, averaged
/// over c = 0.55, 0.7, 0.85 and 1, is set against the largest for c up to 0.4: people who misunderstand alike, or are
/// right where most others are wrong, seem to repeat each other in so many. For a pair that does no more the quotient
/// has expectation 1 at most (an e-value; Shafer 2021), so that it reaches x with probability at most 1 / x (Markov).
/// Agreement on what others say weighs little, agreement on what nobody else says much; what misleads the others too is
/// no evidence, nor is a class that a worker names always. Items that only the two have answered tell nothing and are
/// left out.
class CopyingSearch {
 public:
  /// @param accuracy   per worker.
  /// @param n_classes  answers are 0 to n_classes - 1; at least 2.
  CopyingSearch(std::vector<double> accuracy, std::int32_t n_classes);

  /// One item's words, of different workers.  @param known  its class, if it is known beforehand.  O(words).
  void add_item(std::span<const SharedWord> words, ClassIndex known = kNoClass);

  /// Per worker the one with whom he agrees beyond explanation, -1: nobody; of several the one with whom most. Among
  /// people who all work alone, and as described, the probability that anybody is named is at most `false_alarm`
  /// (Bonferroni over all pairs that have answered an item together).
  /// Cost: words times the different answers about their item. Of items with more than 24 words, 24 that are drawn,
  /// whatever was said, are compared pair by pair.
  [[nodiscard]] std::vector<std::int32_t> partners(double false_alarm) const;

 private:
  struct Item {
    std::size_t begin = 0, end = 0;  ///< of words_
    ClassIndex known = kNoClass;
  };
  [[nodiscard]] std::span<const SharedWord> words_of(const Item& item) const {
    return std::span(words_).subspan(item.begin, item.end - item.begin);
  }

  std::vector<double> accuracy_;
  std::int32_t n_classes_;
  std::vector<SharedWord> words_;
  std::vector<Item> items_;
};

}  // namespace gtlabel::detail
