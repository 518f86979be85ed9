#include "gtlabel/core/executor.hpp"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace gtlabel;
using namespace std::chrono_literals;

struct Cancelled {
  int reason;
};

std::vector<std::unique_ptr<Executor>> all_executors() {
  std::vector<std::unique_ptr<Executor>> executors;
  executors.push_back(std::make_unique<SerialExecutor>());
  for (const std::size_t n : {1u, 2u, 7u}) executors.push_back(std::make_unique<ThreadPool>(n));
  return executors;
}

/// Whether each of the tasks runs exactly once.
bool runs_each_once(Executor& executor, std::size_t n_tasks) {
  std::vector<std::atomic<int>> calls(n_tasks);
  executor.run(n_tasks, [&](std::size_t i) { ++calls[i]; });
  return std::all_of(calls.begin(), calls.end(), [](const auto& count) { return count.load() == 1; });
}

TEST_CASE("Executor: every task runs exactly once, also in many runs one after the other") {
  for (const auto& executor : all_executors()) {
    for (const std::size_t n_tasks : {0u, 1u, 2u, 3u, 1000u}) CHECK(runs_each_once(*executor, n_tasks));
    bool all = true;
    for (int run = 0; run < 300; ++run) all = runs_each_once(*executor, 5) && all;
    CHECK(all);
  }
}

TEST_CASE("ThreadPool: says how many threads it has; 0 means at least one") {
  CHECK(ThreadPool(3).n_threads() == 3);
  CHECK(ThreadPool(0).n_threads() >= 1);
  CHECK(SerialExecutor().n_threads() == 1);
}

TEST_CASE("ThreadPool: tasks run at the same time") {
  ThreadPool pool(2);
  std::atomic<int> waiting{0};
  // Each task waits for the other: serially this would never end.
  pool.run(2, [&](std::size_t) {
    ++waiting;
    while (waiting.load() < 2) std::this_thread::yield();
  });
  CHECK(waiting.load() == 2);
}

TEST_CASE("ThreadPool: the calling thread works too") {
  ThreadPool pool(2);
  std::atomic<bool> here{false};
  const auto caller = std::this_thread::get_id();
  std::atomic<int> waiting{0};
  pool.run(2, [&](std::size_t) {
    if (std::this_thread::get_id() == caller) here = true;
    ++waiting;
    while (waiting.load() < 2) std::this_thread::yield();
  });
  CHECK(here.load());
}

TEST_CASE("Executor: the exception of a task reaches the caller unchanged and drops what was not begun") {
  for (const auto& executor : all_executors()) {
    std::atomic<int> begun{0};
    int reason = 0;
    try {
      executor->run(100000, [&](std::size_t i) {
        ++begun;
        if (i == 3) throw Cancelled{42};
        std::this_thread::sleep_for(100us);  // seconds in all, for the exception to arrive on a busy machine
      });
    } catch (const Cancelled& cancelled) {
      reason = cancelled.reason;
    }
    CHECK(reason == 42);
    CHECK(begun.load() < 100000);
    CHECK(runs_each_once(*executor, 50));  // and can be used again
  }
}

TEST_CASE("ThreadPool: of several exceptions the first is carried") {
  ThreadPool pool(2);
  std::atomic<bool> first_thrown{false};
  std::string message;
  try {
    pool.run(2, [&](std::size_t i) {
      if (i == 1) {
        first_thrown = true;
        throw std::runtime_error("first");
      }
      while (!first_thrown.load()) std::this_thread::yield();
      std::this_thread::sleep_for(50ms);
      throw std::runtime_error("second");
    });
  } catch (const std::runtime_error& error) {
    message = error.what();
  }
  CHECK(message == "first");
}

TEST_CASE("ThreadPool: poll is called on the calling thread, at most ten times a second") {
  for (const std::size_t n_threads : {1u, 2u}) {
    const auto caller = std::this_thread::get_id();
    std::atomic<int> calls{0}, elsewhere{0};
    ThreadPool pool(n_threads, [&] { ++(std::this_thread::get_id() == caller ? calls : elsewhere); });
    const auto begin = std::chrono::steady_clock::now();
    pool.run(60, [&](std::size_t) { std::this_thread::sleep_for(10ms); });
    const auto taken = std::chrono::steady_clock::now() - begin;
    CHECK(calls.load() >= 1);
    CHECK(calls.load() <= taken / 100ms + 1);
    CHECK(elsewhere.load() == 0);
  }
}

TEST_CASE("ThreadPool: what poll throws cancels the run, and the pool works on afterwards") {
  for (const std::size_t n_threads : {1u, 2u}) {
    bool cancel = true;
    ThreadPool pool(n_threads, [&] {
      if (cancel) throw Cancelled{7};
    });
    std::atomic<int> begun{0};
    CHECK_THROWS_AS(pool.run(1000,
                             [&](std::size_t) {
                               ++begun;
                               std::this_thread::sleep_for(10ms);
                             }),
                    Cancelled);
    CHECK(begun.load() < 1000);
    cancel = false;
    CHECK(runs_each_once(pool, 100));
  }
}

TEST_CASE("ThreadPool: poll is asked also while only another thread is still working") {
  const auto caller = std::this_thread::get_id();
  std::atomic<bool> polled{false}, begun_elsewhere{false};
  ThreadPool pool(2, [&] { polled = true; });
  pool.run(2, [&](std::size_t) {
    if (std::this_thread::get_id() == caller) {
      while (!begun_elsewhere.load()) std::this_thread::yield();
      return;
    }
    begun_elsewhere = true;
    while (!polled.load()) std::this_thread::sleep_for(1ms);  // ends only because poll is called
  });
  CHECK(polled.load());
}

TEST_CASE("ThreadPool: runs of many threads take turns, each complete") {
  ThreadPool pool(3);
  std::atomic<int> inside{0}, complete{0};
  std::atomic<bool> overlapped{false};
  std::vector<std::thread> callers;
  for (int c = 0; c < 4; ++c) {
    callers.emplace_back([&, c] {
      for (int run = 0; run < 50; ++run) {
        std::atomic<int> mine{0};
        pool.run(20, [&](std::size_t) {
          int expected = 0;
          // `inside` names the caller whose run is on, as long as one of its tasks is.
          if (!inside.compare_exchange_strong(expected, c + 1) && expected != c + 1) overlapped = true;
          if (++mine == 20) inside = 0;
        });
        if (mine == 20) ++complete;
      }
    });
  }
  for (auto& caller : callers) caller.join();
  CHECK(complete.load() == 200);
  CHECK_FALSE(overlapped.load());
}

TEST_CASE("ThreadPool: a forked child works serially, and may destroy the pool") {
  auto pool = std::make_unique<ThreadPool>(4);
  CHECK(runs_each_once(*pool, 100));  // the threads exist now, in the parent
  const pid_t child = fork();
  if (child == 0) {
    const bool sound = runs_each_once(*pool, 100);
    pool.reset();
    _exit(sound ? 0 : 1);
  }
  int status = -1;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  CHECK(runs_each_once(*pool, 100));
}

TEST_CASE("for_chunks: covers the range without overlap, in the same chunks for any executor") {
  for (const auto& executor : all_executors()) {
    for (const std::size_t n : {0u, 1u, 9u, 10u, 11u, 1000u}) {
      std::vector<std::atomic<int>> covered(n);
      std::atomic<bool> as_promised{true};
      for_chunks(*executor, n, 10, [&](std::size_t begin, std::size_t end) {
        if (begin % 10 != 0 || end != std::min(begin + 10, n)) as_promised = false;
        for (std::size_t i = begin; i < end; ++i) ++covered[i];
      });
      CHECK(as_promised.load());
      CHECK(std::all_of(covered.begin(), covered.end(), [](const auto& count) { return count.load() == 1; }));
    }
  }
}

}  // namespace
