#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "gtlabel/core/export.hpp"

namespace gtlabel {

/// Runs independent tasks, perhaps in parallel. The library never makes threads behind the caller's back: parallelism
/// comes only through an executor. Results never depend on it: work is cut into the same chunks for any thread count.
class GTLABEL_EXPORT Executor {
 public:
  virtual ~Executor();

  /// Calls task(0) .. task(n_tasks - 1), each once, and returns when all are done. The first exception that a task
  /// throws is rethrown here; tasks not yet begun are then dropped. A task must not call `run` of the same executor.
  virtual void run(std::size_t n_tasks, const std::function<void(std::size_t)>& task) = 0;

  /// How many tasks may run at once, at least 1.
  [[nodiscard]] virtual std::size_t n_threads() const noexcept = 0;
};

/// Runs every task on the calling thread.
class GTLABEL_EXPORT SerialExecutor final : public Executor {
 public:
  ~SerialExecutor() override;
  void run(std::size_t n_tasks, const std::function<void(std::size_t)>& task) override;
  [[nodiscard]] std::size_t n_threads() const noexcept override { return 1; }
};

/// A fixed set of threads; the calling thread works too. `poll` is called on the calling thread between tasks, at most
/// ten times a second; what it throws ends the run and reaches the caller: this is how a host cancels (Python: Ctrl-C).
/// Threads start at the first parallel run. `run` may be called from many threads: the runs take turns.
/// After fork(), where the threads do not exist, the child works serially, with the same results.
class GTLABEL_EXPORT ThreadPool final : public Executor {
 public:
  /// @param n_threads  0: as many as the machine has cores.
  explicit ThreadPool(std::size_t n_threads = 0, std::function<void()> poll = {});
  ~ThreadPool() override;
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  void run(std::size_t n_tasks, const std::function<void(std::size_t)>& task) override;
  [[nodiscard]] std::size_t n_threads() const noexcept override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Calls body(begin, end) over [0, n) in chunks of `chunk` (the last may be shorter). The chunks depend on `n` and
/// `chunk` alone, so a body that writes only its own range gives the same bits for any executor.
inline void for_chunks(Executor& executor, std::size_t n, std::size_t chunk,
                       const std::function<void(std::size_t begin, std::size_t end)>& body) {
  const std::size_t n_chunks = (n + chunk - 1) / chunk;
  executor.run(n_chunks, [&](std::size_t i) { body(i * chunk, i + 1 == n_chunks ? n : (i + 1) * chunk); });
}

}  // namespace gtlabel
