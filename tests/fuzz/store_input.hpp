#pragma once

#include <sqlite3.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "gaussian_pool.hpp"
#include "gtlabel/jobs/labeling_job.hpp"
#include "models/centroid_model.hpp"

namespace gtlabel_test {

inline const GaussianPool& store_pool() {
  static const GaussianPool pool(60, 3, 4.0);
  return pool;
}

inline gtlabel::LabelingJobOptions store_options() {
  gtlabel::LabelingJobOptions options;
  options.model = std::make_shared<CentroidModel>();
  options.n_threads = 1;
  return options;
}

/// A place for one store, in memory where the system has such a place; gone with the process's end.
class StorePlace {
 public:
  StorePlace() : folder_(root() / std::string("gtlabel-fuzz-").append(std::to_string(::getpid()))) {
    std::filesystem::create_directories(folder_);
  }
  ~StorePlace() {
    std::error_code none;
    std::filesystem::remove_all(folder_, none);
  }
  StorePlace(const StorePlace&) = delete;
  StorePlace& operator=(const StorePlace&) = delete;

  [[nodiscard]] std::string path() const { return (folder_ / "job.gtl").string(); }
  void clear() const {
    for (const char* part : {"", "-wal", "-shm", "-journal", ".lock"}) ::unlink((path() + part).c_str());
  }

 private:
  static std::filesystem::path root() {
    return ::access("/dev/shm", W_OK) == 0 ? "/dev/shm" : std::filesystem::temp_directory_path();
  }
  std::filesystem::path folder_;
};

inline void write_part(const std::string& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

inline std::string read_part(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline constexpr std::size_t kLengthSize = 4;

/// An input of the fuzz target: the file, its write-ahead log, and the log's length in four bytes.
inline std::string store_input(std::string_view file, std::string_view log) {
  std::string input(file);
  input += log;
  for (std::size_t i = 0; i < kLengthSize; ++i) input += static_cast<char>(log.size() >> (8 * i));
  return input;
}

/// Puts an input where a store would be. Whatever its last bytes say, all the rest is used.
inline void place_store(const StorePlace& place, std::string_view input) {
  place.clear();
  std::size_t log_size = 0;
  if (input.size() >= kLengthSize) {
    for (std::size_t i = 0; i < kLengthSize; ++i) {
      log_size |= std::size_t{static_cast<unsigned char>(input[input.size() - kLengthSize + i])} << (8 * i);
    }
    input.remove_suffix(kLengthSize);
  }
  if (log_size > input.size()) log_size = 0;
  write_part(place.path(), input.substr(0, input.size() - log_size));
  if (log_size > 0) write_part(place.path() + "-wal", input.substr(input.size() - log_size));
}

/// Runs SQL as anybody could in the sqlite3 shell. @return whether SQLite took it.
inline bool run_sql(const std::string& path, const std::string& statements) {
  sqlite3* connection = nullptr;
  bool is_taken = sqlite3_open_v2(path.c_str(), &connection, SQLITE_OPEN_READWRITE, nullptr) == SQLITE_OK;
  is_taken = is_taken && sqlite3_exec(connection, statements.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK;
  sqlite3_close(connection);
  return is_taken;
}

/// A job in the midst of its work: two people per item, leases, classes that changed, answers since the last snapshot.
inline void begin_job(const std::string& path) {
  const GaussianPool& pool = store_pool();
  auto options = store_options();
  options.target = gtlabel::ErrorTarget{0.3, 0.3};
  options.batch_size = 8;
  options.overlap = {1, 2, 0.7};
  options.store = path;
  for (int i = 0; i < 60; ++i) options.ids.push_back(std::to_string(i).append("th"));
  gtlabel::LabelingJob job(pool.features(), {"a", "b", "c"}, options);
  for (int i = 0; i < 3; ++i) {
    const auto batch = job.next_batch();
    if (!batch) throw std::logic_error("the job of the corpus has ended");
    std::vector<gtlabel::ClassIndex> said;
    std::vector<std::string> ids;
    for (const auto item : batch->items) {
      said.push_back(pool.classes[static_cast<std::size_t>(item)]);
      ids.push_back(std::to_string(i) + "-" + std::to_string(item));
    }
    job.submit(batch->items, said, std::vector<std::string>(said.size(), "ann"), {}, {}, ids);
    if (i == 0) job.rename_class("a", "A");
    if (i == 1) job.merge_classes("c", "b");
  }
  (void)job.next_batch("bob", 3);
}

/// Pages as small as they can be, so that most bytes of the file mean something.
inline void shrink(const std::string& path) {
  if (!run_sql(path, "PRAGMA journal_mode = DELETE; PRAGMA page_size = 512; VACUUM; PRAGMA journal_mode = WAL")) {
    throw std::logic_error("the store of the corpus cannot be made smaller");
  }
}

/// A store that was closed, and one whose writer crashed.
inline std::vector<std::string> valid_stores(const StorePlace& place) {
  place.clear();
  begin_job(place.path());
  shrink(place.path());
  std::vector<std::string> stores = {store_input(read_part(place.path()), {})};
  auto job = gtlabel::LabelingJob::open(place.path(), store_pool().features(), store_options());
  const gtlabel::ItemIndex items[] = {1, 2, 3};
  const gtlabel::ClassIndex said[] = {0, gtlabel::kUnsure, gtlabel::kSkip};
  job.submit(items, said);
  stores.push_back(store_input(read_part(place.path()), read_part(place.path() + "-wal")));
  return stores;
}

}  // namespace gtlabel_test
