// libFuzzer's entry: a file from a stranger is a store that a job can go on with, or ends in an error of ours.
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "gtlabel/core/error.hpp"
#include "gtlabel/storage/store_summary.hpp"
#include "store_input.hpp"

namespace {

void require(bool holds) {
  if (!holds) __builtin_trap();
}

void go_on(gtlabel::LabelingJob& job) {
  const auto report = job.report();
  require(report.n_human + report.n_auto <= report.n_items);
  (void)job.labels();
  (void)job.answers();
  (void)job.workers();
  (void)job.explain(1);
  for (int i = 0; i < 2; ++i) {
    const auto batch = job.next_batch();
    if (!batch) return;
    std::vector<gtlabel::ClassIndex> said(batch->items.size(), 0);
    for (const auto item : batch->items) require(item >= 0 && item < job.n_items());
    job.submit(batch->items, said);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const gtlabel_test::StorePlace place;
  gtlabel_test::place_store(place, {reinterpret_cast<const char*>(bytes), size});
  try {
    (void)gtlabel::read_store(place.path());
  } catch (const gtlabel::Error&) {
  }
  try {
    auto job =
        gtlabel::LabelingJob::open(place.path(), gtlabel_test::store_pool().features(), gtlabel_test::store_options());
    go_on(job);
  } catch (const gtlabel::Error&) {
  }
  place.clear();
  return 0;
}
