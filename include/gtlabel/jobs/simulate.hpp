#pragma once

#include <cstdint>
#include <span>

#include "gtlabel/core/export.hpp"
#include "gtlabel/core/ids.hpp"
#include "gtlabel/jobs/job_report.hpp"

namespace gtlabel {

class LabelingJob;
class SimulatedWorkforce;

/// Drives a job to its end with made-up people: each leases items, takes his time, answers, and comes for more.
/// Deterministic: people take turns by their simulated time.
/// @param truth  class of each item of the pool.
/// @param batch_size  items that a worker takes at a time; 0: as next_batch chooses.
/// @throws InvalidArgument  truths of another number; InvalidState  an item of which nobody is left to ask: fewer
///         workers than the overlap needs.
GTLABEL_EXPORT JobReport simulate(LabelingJob& job, const SimulatedWorkforce& workforce,
                                  std::span<const ClassIndex> truth, std::int64_t batch_size = 0);

}  // namespace gtlabel
