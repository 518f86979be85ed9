#include "gtlabel/core/executor.hpp"

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace gtlabel {

Executor::~Executor() = default;
SerialExecutor::~SerialExecutor() = default;

void SerialExecutor::run(std::size_t n_tasks, const std::function<void(std::size_t)>& task) {
  for (std::size_t i = 0; i < n_tasks; ++i) task(i);
}

namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kPollInterval = std::chrono::milliseconds(100);

/// One call of ThreadPool::run: tasks are handed out by a counter, the first exception wins.
struct Run {
  const std::function<void(std::size_t)>& task;
  std::size_t n_tasks;
  std::atomic<std::size_t> next{0};
  std::mutex failure_mutex{};
  std::exception_ptr failure{};

  void fail() {
    const std::lock_guard lock(failure_mutex);
    if (!failure) failure = std::current_exception();
    next.store(n_tasks);
  }

  template <class BetweenTasks>
  void work(BetweenTasks between_tasks) {
    try {
      for (std::size_t i = next.fetch_add(1); i < n_tasks; i = next.fetch_add(1)) {
        task(i);
        between_tasks();
      }
    } catch (...) {
      fail();
    }
  }
};

}  // namespace

struct ThreadPool::State {
  std::size_t n_threads = 1;
  std::function<void()> poll;
  Clock::time_point last_poll = Clock::now();
  const pid_t process = getpid();
  std::mutex run_mutex;  // one run at a time
  std::mutex mutex;
  std::condition_variable wake, done;
  std::vector<std::thread> threads;
  Run* current = nullptr;
  std::size_t generation = 0;
  std::size_t working = 0;
  bool stop = false;

  void poll_now_and_then() {
    if (!poll) return;
    const auto now = Clock::now();
    if (now - last_poll < kPollInterval) return;
    last_poll = now;
    poll();
  }

  void worker() {
    std::size_t seen = 0;
    std::unique_lock lock(mutex);
    while (true) {
      wake.wait(lock, [&] { return stop || generation != seen; });
      if (stop) return;
      seen = generation;
      Run* run = current;
      if (run == nullptr) continue;
      ++working;
      lock.unlock();
      run->work([] {});
      lock.lock();
      if (--working == 0) done.notify_all();
    }
  }

  void start_threads() {
    threads.reserve(n_threads - 1);
    while (threads.size() + 1 < n_threads) threads.emplace_back([this] { worker(); });
  }

  void finish(Run& run) {
    std::unique_lock lock(mutex);
    current = nullptr;
    // Cancellation is answered even while the last tasks of other threads are still running.
    while (!done.wait_for(lock, kPollInterval, [&] { return working == 0; })) {
      lock.unlock();
      try {
        poll_now_and_then();
      } catch (...) {
        run.fail();
      }
      lock.lock();
    }
  }
};

ThreadPool::ThreadPool(std::size_t n_threads, std::function<void()> poll) : state_(std::make_unique<State>()) {
  const std::size_t cores = std::thread::hardware_concurrency();
  state_->n_threads = n_threads != 0 ? n_threads : (cores != 0 ? cores : 1);
  state_->poll = std::move(poll);
}

ThreadPool::~ThreadPool() {
  if (state_->process != getpid()) {
    // A forked child: the threads exist only in the parent, so they can be neither joined nor destroyed.
    static_cast<void>(state_.release());
    return;
  }
  {
    const std::lock_guard lock(state_->mutex);
    state_->stop = true;
  }
  state_->wake.notify_all();
  for (std::thread& thread : state_->threads) thread.join();
}

std::size_t ThreadPool::n_threads() const noexcept { return state_->n_threads; }

void ThreadPool::run(std::size_t n_tasks, const std::function<void(std::size_t)>& task) {
  if (n_tasks == 0) return;
  State& state = *state_;
  if (state.process != getpid()) {  // a forked child, where the threads do not exist
    for (std::size_t i = 0; i < n_tasks; ++i) task(i);
    return;
  }
  const std::lock_guard run_lock(state.run_mutex);
  Run run{task, n_tasks};
  const bool parallel = n_tasks > 1 && state.n_threads > 1;
  if (parallel) {
    const std::lock_guard lock(state.mutex);
    if (state.threads.empty()) state.start_threads();
    state.current = &run;
    ++state.generation;
    state.wake.notify_all();
  }
  run.work([&] { state.poll_now_and_then(); });
  if (parallel) state.finish(run);
  if (run.failure) std::rethrow_exception(run.failure);
}

}  // namespace gtlabel
