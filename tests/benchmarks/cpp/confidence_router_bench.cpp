#include <benchmark/benchmark.h>

#include <cstdint>

#include "gtlabel/core/random.hpp"
#include "gtlabel/core/views.hpp"
#include "gtlabel/routing/confidence_router.hpp"

namespace {

/// Rows whose most probable class has a confidence that is uniform on (0.5, 1).
gtlabel::Matrix<float> spread_probabilities(std::int64_t n_items, int n_classes) {
  gtlabel::RandomStream random(1, gtlabel::RandomPurpose::user);
  gtlabel::Matrix<float> probabilities(n_items, n_classes);
  for (std::int64_t item = 0; item < n_items; ++item) {
    const double confidence = 0.5 + 0.5 * random.uniform();
    for (float& value : probabilities.row(item)) value = static_cast<float>((1.0 - confidence) / (n_classes - 1));
    probabilities(item, item % n_classes) = static_cast<float>(confidence);
  }
  return probabilities;
}

void route(benchmark::State& state, const gtlabel::Target& target) {
  const auto probabilities = spread_probabilities(state.range(0), 10);
  const gtlabel::ConfidenceRouter router(target);
  for (auto _ : state) benchmark::DoNotOptimize(router.route(probabilities));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

BENCHMARK_CAPTURE(route, confidence_threshold, gtlabel::ConfidenceThreshold{})->Arg(10'000)->Arg(1'000'000);
BENCHMARK_CAPTURE(route, error_target, gtlabel::ErrorTarget{})->Arg(10'000)->Arg(1'000'000);

}  // namespace
