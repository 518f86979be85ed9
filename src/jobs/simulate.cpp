#include "gtlabel/jobs/simulate.hpp"

#include <functional>
#include <queue>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "gtlabel/core/error.hpp"
#include "gtlabel/jobs/labeling_job.hpp"
#include "gtlabel/workforce/simulated_workforce.hpp"

namespace gtlabel {
namespace {

class Simulation {
 public:
  Simulation(LabelingJob& job, const SimulatedWorkforce& workforce, std::span<const ClassIndex> truth,
             std::int64_t batch_size)
      : job_(job), workforce_(workforce), truth_(truth), batch_size_(batch_size), work_(workforce.workers().size()) {}

  void run() {
    for (std::size_t w = 0; w < work_.size(); ++w) turns_.emplace(0.0, order_++, w);
    while (!turns_.empty()) {
      const auto [now, order, worker] = turns_.top();
      turns_.pop();
      if (hand_in(worker, now)) continue;
      if (!take_work(worker, now)) return;
      if (turns_.empty() && !idle_.empty()) {
        throw InvalidState("simulate: nobody is left to ask: expected more workers than the overlap's max");
      }
    }
  }

 private:
  /// @return whether there was something; he then queues behind those who wait already.
  bool hand_in(std::size_t worker, double now) {
    const Batch work = std::exchange(work_[worker], {});
    if (work.items.empty()) return false;
    std::vector<ClassIndex> answers;
    std::vector<float> seconds;
    for (const ItemIndex item : work.items) {
      answers.push_back(workforce_.answer(worker, item, truth_[static_cast<std::size_t>(item)]));
      seconds.push_back(static_cast<float>(workforce_.seconds(worker, item)));
    }
    const std::vector<std::string> names(work.items.size(), workforce_.workers()[worker].name);
    job_.submit(work.items, std::span<const ClassIndex>(answers), names, seconds);
    for (const std::size_t other : std::exchange(idle_, {})) turns_.emplace(now, order_++, other);
    turns_.emplace(now, order_++, worker);
    return true;
  }

  /// @return false when the job is finished.
  bool take_work(std::size_t worker, double now) {
    auto batch = job_.next_batch(workforce_.workers()[worker].name, batch_size_);
    if (!batch) return false;
    if (batch->items.empty()) {
      idle_.push_back(worker);
      return true;
    }
    double end = now;
    for (const ItemIndex item : batch->items) end += workforce_.seconds(worker, item);
    work_[worker] = std::move(*batch);
    turns_.emplace(end, order_++, worker);
    return true;
  }

  using Turn = std::tuple<double, std::int64_t, std::size_t>;  // time, who waits longest, worker
  LabelingJob& job_;
  const SimulatedWorkforce& workforce_;
  std::span<const ClassIndex> truth_;
  std::int64_t batch_size_;
  std::vector<Batch> work_;  // per worker
  std::vector<std::size_t> idle_;
  std::int64_t order_ = 0;
  std::priority_queue<Turn, std::vector<Turn>, std::greater<>> turns_;
};

}  // namespace

JobReport simulate(LabelingJob& job, const SimulatedWorkforce& workforce, std::span<const ClassIndex> truth,
                   std::int64_t batch_size) {
  if (std::ssize(truth) != job.n_items()) {
    throw InvalidArgument("truth: " + std::to_string(truth.size()) + " given, expected " +
                              std::to_string(job.n_items()) + ", one per item",
                          ErrorCode::shape_mismatch);
  }
  Simulation(job, workforce, truth, batch_size).run();
  return job.report();
}

}  // namespace gtlabel
