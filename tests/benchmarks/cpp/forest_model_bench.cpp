#include <benchmark/benchmark.h>

#include <cstdint>
#include <memory>
#include <numeric>
#include <vector>

#include "gtlabel/core/executor.hpp"
#include "gtlabel/dataset/features.hpp"
#include "gtlabel/models/forest_model.hpp"
#include "synthetic_pool.hpp"

namespace {

using gtlabel_bench::kClasses;

constexpr std::int64_t kItems = 10'000;
constexpr std::int64_t kLabels = 1000;

std::vector<gtlabel::ItemIndex> first_items(std::int64_t n) {
  std::vector<gtlabel::ItemIndex> items(static_cast<std::size_t>(n));
  std::iota(items.begin(), items.end(), 0);
  return items;
}

void teach(gtlabel::ForestModel& model) {
  gtlabel::Matrix<float> targets(kLabels, kClasses);
  for (std::int64_t row = 0; row < kLabels; ++row) targets(row, row % kClasses) = 1.0F;
  model.update(first_items(kLabels), targets);
}

/// One round of a job: all trees on 1000 labels. Features.
void forest_update(benchmark::State& state) {
  const auto rows = gtlabel_bench::synthetic_pool(kItems, state.range(0));
  gtlabel::ForestModel model;
  model.attach(gtlabel::Features::borrow(rows.view()), kClasses, std::make_shared<gtlabel::ThreadPool>());
  for (auto _ : state) teach(model);
}

/// A pool of 10,000 items, after 1000 labels. Features.
void forest_predict(benchmark::State& state) {
  const auto rows = gtlabel_bench::synthetic_pool(kItems, state.range(0));
  gtlabel::ForestModel model;
  model.attach(gtlabel::Features::borrow(rows.view()), kClasses, std::make_shared<gtlabel::ThreadPool>());
  teach(model);
  const auto items = first_items(kItems);
  gtlabel::Matrix<float> out(kItems, kClasses);
  for (auto _ : state) model.predict_proba(items, out);
}

BENCHMARK(forest_update)->Arg(16)->Arg(784)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(forest_predict)->Arg(16)->Arg(784)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
