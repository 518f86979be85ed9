#include <benchmark/benchmark.h>

#include <cstdint>
#include <memory>
#include <numeric>
#include <vector>

#include "gtlabel/core/executor.hpp"
#include "gtlabel/dataset/features.hpp"
#include "gtlabel/models/kernel_model.hpp"
#include "synthetic_pool.hpp"

namespace {

using gtlabel_bench::kClasses;

constexpr std::int64_t kPoolSize = 10'000;
constexpr std::int64_t kNewLabels = 50;

/// Teaches the items first .. first + n - 1.
void teach(gtlabel::KernelModel& model, std::int64_t first, std::int64_t n) {
  std::vector<gtlabel::ItemIndex> items(static_cast<std::size_t>(n));
  std::iota(items.begin(), items.end(), first);
  gtlabel::Matrix<float> targets(n, kClasses);
  for (std::int64_t row = 0; row < n; ++row) targets(row, (first + row) % kClasses) = 1.0F;
  model.update(items, targets);
}

/// A model with labels, that has chosen its parameters lately: the next update only fits.
void teach_first(gtlabel::KernelModel& model, std::int64_t n) {
  teach(model, 0, n - kNewLabels);
  teach(model, n - kNewLabels, kNewLabels);
}

/// One round of a job: 50 labels more, the leave-one-out predictions included. Labels before.
void kernel_update(benchmark::State& state) {
  const auto rows = gtlabel_bench::synthetic_pool(kPoolSize, 784);
  const auto pool = gtlabel::Features::borrow(rows.view());
  gtlabel::KernelModel model;
  for (auto _ : state) {
    state.PauseTiming();
    model.attach(pool, kClasses, std::make_shared<gtlabel::ThreadPool>());
    teach_first(model, state.range(0));
    state.ResumeTiming();
    teach(model, state.range(0), kNewLabels);
  }
}

/// Predictions of a pool of 10,000. Labels.
void kernel_predict(benchmark::State& state) {
  const auto rows = gtlabel_bench::synthetic_pool(kPoolSize, 784);
  gtlabel::KernelModel model;
  model.attach(gtlabel::Features::borrow(rows.view()), kClasses, std::make_shared<gtlabel::ThreadPool>());
  teach_first(model, state.range(0));
  std::vector<gtlabel::ItemIndex> items(static_cast<std::size_t>(kPoolSize));
  std::iota(items.begin(), items.end(), 0);
  gtlabel::Matrix<float> out(kPoolSize, kClasses);
  for (auto _ : state) model.predict_proba(items, out);
}

BENCHMARK(kernel_update)->Arg(1000)->Arg(5000)->UseRealTime()->Unit(benchmark::kMillisecond)->Iterations(5);
BENCHMARK(kernel_predict)->Arg(1000)->UseRealTime()->Unit(benchmark::kMillisecond)->Iterations(5);

}  // namespace
