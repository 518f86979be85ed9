#include <benchmark/benchmark.h>

#include <cstdint>
#include <memory>
#include <numeric>
#include <vector>

#include "gtlabel/core/executor.hpp"
#include "gtlabel/dataset/features.hpp"
#include "gtlabel/models/softmax_regression.hpp"
#include "synthetic_pool.hpp"

namespace {

using gtlabel_bench::kClasses;

constexpr std::int64_t kFirstLabels = 500;
constexpr std::int64_t kNewLabels = 50;

/// Teaches the items first .. first + n - 1.
void teach(gtlabel::SoftmaxRegression& model, std::int64_t first, std::int64_t n) {
  std::vector<gtlabel::ItemIndex> items(static_cast<std::size_t>(n));
  std::iota(items.begin(), items.end(), first);
  gtlabel::Matrix<float> targets(n, kClasses);
  for (std::int64_t row = 0; row < n; ++row) targets(row, (first + row) % kClasses) = 1.0F;
  model.update(items, targets);
}

/// One round of a job: 50 labels more on a model that has 500, the out-of-fold fits included. Features.
void softmax_update(benchmark::State& state) {
  const auto rows = gtlabel_bench::synthetic_pool(kFirstLabels + kNewLabels, state.range(0));
  const auto pool = gtlabel::Features::borrow(rows.view());
  const auto threads = std::make_shared<gtlabel::ThreadPool>();
  for (auto _ : state) {
    state.PauseTiming();
    gtlabel::SoftmaxRegression model;
    model.attach(pool, kClasses, threads);
    teach(model, 0, kFirstLabels);
    state.ResumeTiming();
    teach(model, kFirstLabels, kNewLabels);
  }
}

BENCHMARK(softmax_update)->Arg(64)->Arg(784)->UseRealTime()->Unit(benchmark::kMillisecond)->Iterations(20);

}  // namespace
