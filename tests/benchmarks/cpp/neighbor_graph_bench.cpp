#include <benchmark/benchmark.h>

#include "gtlabel/core/executor.hpp"
#include "gtlabel/dataset/features.hpp"
#include "gtlabel/models/neighbor_graph.hpp"
#include "synthetic_pool.hpp"

namespace {

/// Items x features; more than kMaxExactColumns features are projected first, of more than kMaxExactItems items the
/// neighbours are approximate. On all cores, as in a job.
void neighbor_graph(benchmark::State& state) {
  const auto rows = gtlabel_bench::synthetic_pool(state.range(0), state.range(1));
  const auto pool = gtlabel::Features::borrow(rows.view());
  gtlabel::ThreadPool threads;
  for (auto _ : state) benchmark::DoNotOptimize(gtlabel::NeighborGraph::build(pool, {}, threads));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

BENCHMARK(neighbor_graph)
    ->Args({2'000, 64})
    ->Args({10'000, 64})
    ->Args({10'000, 784})
    ->Args({100'000, 64})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
