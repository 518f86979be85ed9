#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "gtlabel/core/ids.hpp"

namespace gtlabel::detail {

/// What is known of each item; one entry per item in every column.
struct ItemColumns {
  explicit ItemColumns(std::size_t n_items)
      : human(n_items, kNoClass),
        human_round(n_items, 0),
        human_confidence(n_items, 0.0F),
        automatic(n_items, kNoClass),
        automatic_round(n_items, 0),
        confidence(n_items, 0.0F),
        is_random(n_items, 0),
        guess(n_items, kNoClass) {}

  std::vector<ClassIndex> human;  ///< what people's answers amount to: a class or kNoneOfThese
  std::vector<std::int32_t> human_round;
  std::vector<float> human_confidence;
  std::vector<ClassIndex> automatic;  ///< the committed machine label; a human answer goes before it
  std::vector<std::int32_t> automatic_round;
  std::vector<float> confidence;        ///< of the machine label when it was committed
  std::vector<std::uint8_t> is_random;  ///< 1: asked because of a random draw, not because it is hard
  std::vector<ClassIndex> guess;        ///< what the model thought when a query asked; else kNoClass

  [[nodiscard]] ItemIndex size() const noexcept { return static_cast<ItemIndex>(human.size()); }

  /// Room for items that have joined, of which nothing is known.
  void resize(std::size_t n_items) {
    human.resize(n_items, kNoClass);
    human_round.resize(n_items, 0);
    human_confidence.resize(n_items, 0.0F);
    automatic.resize(n_items, kNoClass);
    automatic_round.resize(n_items, 0);
    confidence.resize(n_items, 0.0F);
    is_random.resize(n_items, 0);
    guess.resize(n_items, kNoClass);
  }

  /// Items without a human answer, ascending.
  [[nodiscard]] std::vector<ItemIndex> without_human() const {
    std::vector<ItemIndex> items;
    for (std::size_t item = 0; item < human.size(); ++item) {
      if (human[item] == kNoClass) items.push_back(static_cast<ItemIndex>(item));
    }
    return items;
  }
};

}  // namespace gtlabel::detail
