#include <benchmark/benchmark.h>

#include <cstdint>
#include <numeric>
#include <vector>

#include "gtlabel/routing/audit_bound.hpp"
#include "gtlabel/routing/audit_ledger.hpp"

namespace {

/// The bound after that many errors found, at an audit level of 5 %.
void audit_bound(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(gtlabel::max_wrong_unfound(state.range(0), 0.05, 0.05));
}

BENCHMARK(audit_bound)->Arg(0)->Arg(10)->Arg(1'000);

/// Commits a pool, draws 5 % of it for audit, and records every twentieth audit as wrong.
void audit_of_a_pool(benchmark::State& state) {
  std::vector<gtlabel::ItemIndex> items(static_cast<std::size_t>(state.range(0)));
  std::iota(items.begin(), items.end(), 0);
  for (auto _ : state) {
    gtlabel::AuditLedger ledger(0.05, 1);
    ledger.commit(items);
    const auto due = ledger.raise_level(0.05);
    for (std::size_t i = 0; i < due.size(); ++i) ledger.record(due[i], i % 20 == 0);
    benchmark::DoNotOptimize(ledger.wrong_at_most());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

BENCHMARK(audit_of_a_pool)->Arg(10'000)->Arg(1'000'000)->Unit(benchmark::kMillisecond);

}  // namespace
