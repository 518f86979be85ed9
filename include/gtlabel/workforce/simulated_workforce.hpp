#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "gtlabel/core/export.hpp"
#include "gtlabel/core/ids.hpp"
#include "gtlabel/core/views.hpp"

namespace gtlabel {

/// Somebody who answers in a simulation.
struct SimulatedWorker {
  std::string name;        ///< not empty
  double accuracy = 0.85;  ///< 0 to 1; mistakes fall on the other classes alike. 1 / classes: a spammer
  /// (classes x classes): row t holds the probabilities of the answers where the truth is t. In place of accuracy;
  /// empty: none.
  Matrix<double> confusion = {};
  double seconds = 5.0;     ///< per answer, on average; above 0
  std::string copies = {};  ///< name of the worker whose answers he gives as his own; "": nobody's. Not of a copier
};

/// People made up for tests, plans and measurements. What a worker says of an item depends on the seed, the worker, the
/// item and its truth alone: asked again, he says the same. Immutable, so thread-safe.
class GTLABEL_EXPORT SimulatedWorkforce {
 public:
  /// @param n_classes   at least 2.
  /// @param workers     at least one, of distinct names.
  /// @param difficulty  one per item, 0 (as the worker is) to 1 (everybody guesses); empty: all 0.
  /// @throws InvalidArgument
  SimulatedWorkforce(int n_classes, std::vector<SimulatedWorker> workers, std::uint64_t seed = 0,
                     std::vector<double> difficulty = {});

  [[nodiscard]] const std::vector<SimulatedWorker>& workers() const noexcept { return workers_; }
  [[nodiscard]] int n_classes() const noexcept { return n_classes_; }

  /// What a worker says. O(classes). @throws InvalidArgument  a worker, item or class that there is not.
  [[nodiscard]] ClassIndex answer(std::size_t worker, ItemIndex item, ClassIndex truth) const;
  /// How long it takes him, exponentially distributed. Constant time.
  [[nodiscard]] double seconds(std::size_t worker, ItemIndex item) const;

 private:
  [[nodiscard]] std::size_t source_of(std::size_t worker) const;
  [[nodiscard]] double draw(std::size_t worker, ItemIndex item, std::uint64_t which) const;

  int n_classes_;
  std::vector<SimulatedWorker> workers_;
  std::vector<std::size_t> sources_;  // per worker: whose answers he gives
  std::uint64_t seed_;
  std::vector<double> difficulty_;
};

}  // namespace gtlabel
