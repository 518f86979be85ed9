// A job that lives in a store: what was acknowledged is there whatever happens, and the job goes on as if nothing had.

#include <doctest/doctest.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "gtlabel/core/error.hpp"
#include "gtlabel/jobs/labeling_job.hpp"
#include "gtlabel/models/softmax_regression.hpp"
#include "gtlabel/storage/snapshot.hpp"
#include "gtlabel/storage/store_summary.hpp"
#include "jobs/job_driving.hpp"
#include "storage/failing_files.hpp"

using namespace gtlabel;
using namespace gtlabel_test;

namespace {

std::string numbered(std::string text, std::int64_t number) { return text.append(std::to_string(number)); }

/// A directory that goes with the test.
class Directory {
 public:
  Directory()
      : path_(std::filesystem::temp_directory_path() /
              numbered(numbered("gtlabel-store-", ::getpid()).append("-"), count_++)) {
    std::filesystem::create_directories(path_);
  }
  ~Directory() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::string store() const { return (path_ / "job.gtl").string(); }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  static inline int count_ = 0;
  std::filesystem::path path_;
};

LabelingJobOptions stored(const std::string& store, LabelingJobOptions options = with_centroids()) {
  options.store = store;
  return options;
}

ErrorCode refusal(const std::function<void()>& call) {
  try {
    call();
  } catch (const ArchiveError& error) {
    return error.code();
  }
  FAIL("accepted");
  return ErrorCode::invalid_state;
}

std::string message(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  FAIL("accepted");
  return {};
}

/// Goes on as after a crash: nothing of the object is used.
void reopen(std::unique_ptr<LabelingJob>& job, const std::string& store, const GaussianPool& pool,
            LabelingJobOptions options = with_centroids()) {
  job.reset();
  options.n_threads = 1;
  job = std::make_unique<LabelingJob>(LabelingJob::open(store, pool.features(), std::move(options)));
}

/// Answers batch by batch, in two portions, reopened after every call.
template <class MakeOptions>
Course interrupted_course(const GaussianPool& pool, const std::string& store, MakeOptions options) {
  auto job = std::make_unique<LabelingJob>(make_job(pool, stored(store, options())));
  Course course;
  for (;;) {
    reopen(job, store, pool, options());
    auto batch = job->next_batch();
    if (!batch) break;
    reopen(job, store, pool, options());
    REQUIRE(is_same(*job->next_batch(), *batch));
    const auto half = batch->items.begin() + std::ssize(batch->items) / 2;
    answer(*job, Items(batch->items.begin(), half), pool.classes);
    reopen(job, store, pool, options());
    answer(*job, Items(half, batch->items.end()), pool.classes);
    course.batches.push_back(std::move(*batch));
  }
  course.end = sight_of(*job);
  return course;
}

std::string ask_text(const std::string& store, const std::string& question) {
  sqlite3* connection = nullptr;
  REQUIRE(sqlite3_open_v2(store.c_str(), &connection, SQLITE_OPEN_READWRITE, nullptr) == SQLITE_OK);
  sqlite3_stmt* statement = nullptr;
  REQUIRE(sqlite3_prepare_v2(connection, question.c_str(), -1, &statement, nullptr) == SQLITE_OK);
  const int code = sqlite3_step(statement);
  REQUIRE((code == SQLITE_ROW || code == SQLITE_DONE));
  const auto* text = code == SQLITE_ROW ? sqlite3_column_text(statement, 0) : nullptr;
  std::string answer = text != nullptr ? reinterpret_cast<const char*>(text) : "";
  sqlite3_finalize(statement);
  sqlite3_close(connection);
  return answer;
}

std::int64_t ask(const std::string& store, const std::string& question) {
  return std::stoll(ask_text(store, question));
}

std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_bytes(const std::filesystem::path& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary).write(bytes.data(), std::ssize(bytes));
}

}  // namespace

TEST_CASE("LabelingJob store: a job reopened after every call takes the course of one that never was") {
  const GaussianPool pool(900, 3, 4.0);
  SUBCASE("plain") {
    const Directory directory;
    const Course expected = run(make_job(pool, with_centroids()), pool.classes);
    CHECK(interrupted_course(pool, directory.store(), [] { return with_centroids(); }) == expected);
    CHECK(read_store(directory.store()).certificate.has_value());
  }
  SUBCASE("with a model that learns from where it was") {
    const Directory directory;
    const auto options = [] {
      LabelingJobOptions made;
      made.model = std::make_shared<SoftmaxRegression>();
      return made;
    };
    const Course expected = run(make_job(pool, options()), pool.classes);
    CHECK(interrupted_course(pool, directory.store(), options) == expected);
  }
  SUBCASE("with an exact audit at the end") {
    const Directory directory;
    const auto options = [] {
      auto made = with_centroids();
      made.commit = CommitMode::final;
      return made;
    };
    const Course expected = run(make_job(pool, options()), pool.classes);
    CHECK(interrupted_course(pool, directory.store(), options) == expected);
  }
  SUBCASE("with a budget, and every class by itself") {
    const Directory directory;
    const auto options = [] {
      auto made = with_centroids();
      made.target = ErrorTarget{0.1, 0.1, ErrorScope::auto_labels, true};
      made.budget.max_answers = 400;
      return made;
    };
    const Course expected = run(make_job(pool, options()), pool.classes);
    CHECK(interrupted_course(pool, directory.store(), options) == expected);
  }
}

TEST_CASE("LabelingJob store: with gold and prices of workers it goes on too, and tells what was gold") {
  const GaussianPool pool(900, 3, 4.0);
  const auto options = [&] {
    auto made = with_centroids();
    for (ItemIndex i = 0; i < 900; i += 6) made.gold.push_back({i, pool.classes[static_cast<std::size_t>(i)]});
    made.gold_rate = 0.2;
    made.price = {.per_answer = 0.1, .per_worker = {{"ann", 0.3}}};
    return made;
  };
  const Directory directory;
  const Course expected = run(make_job(pool, options()), pool.classes);
  CHECK(interrupted_course(pool, directory.store(), options) == expected);
  auto job = LabelingJob::open(directory.store(), pool.features(), with_centroids());
  CHECK(job.price().of("ann") == 0.3);
  CHECK(job.report().gold.n_asked > 5);
  std::int64_t n_asked = 0;
  for (ItemIndex item = 0; item < 60; ++item) {
    const auto history = job.explain(item);
    const bool is_gold = item % 6 == 0;
    CHECK((history[1].kind == "label" && history[1].detail == "gold") == is_gold);
    for (const auto& event : history) {
      if (event.kind != "asked") continue;
      CHECK((event.detail == "gold") == is_gold);
      n_asked += is_gold ? 1 : 0;
    }
  }
  CHECK(n_asked > 0);
  CHECK(ask(directory.store(), "SELECT count(*) FROM labels WHERE kind = 'gold'") == 150);
  CHECK(ask(directory.store(), "SELECT count(DISTINCT item) FROM batch_items WHERE purpose = 'gold'") ==
        job.report().gold.n_asked);
}

TEST_CASE("LabelingJob store: a job whose last batch is cut by its budget can be reopened") {
  const GaussianPool pool(900, 3, 1.5);
  for (const std::int64_t limit : {35, 47, 62, 80, 131}) {
    CAPTURE(limit);
    const auto options = [&] {
      auto made = with_centroids();
      made.budget.max_answers = limit;
      return made;
    };
    const Directory directory;
    const Course expected = run(make_job(pool, options()), pool.classes);
    CHECK(interrupted_course(pool, directory.store(), options) == expected);
  }
}

TEST_CASE("LabelingJob store: several people per item, leases and skips go on after a crash") {
  const GaussianPool pool(300, 2, 4.0);
  double time = 1000.0;
  const auto options = [&] {
    auto made = with_centroids();
    made.overlap = {2, 3, 0.95};
    made.now = [&time] { return time; };
    made.lease_seconds = 50.0;
    return made;
  };
  const auto course = [&](bool is_interrupted) {
    time = 1000.0;
    const Directory directory;
    auto job = std::make_unique<LabelingJob>(make_job(pool, stored(directory.store(), options())));
    std::vector<Items> given;
    for (int step = 0; step < 4000; ++step) {
      if (is_interrupted && step % 7 == 0) reopen(job, directory.store(), pool, options());
      const std::string worker = numbered("w", step % 4);
      const auto batch = job->next_batch(worker, 6);
      if (!batch) break;
      given.push_back(batch->items);
      time += 7.0;
      if (step % 5 == 0 || batch->items.empty()) continue;  // walks away with the lease
      auto answers = answers_to(batch->items, pool.classes);
      if (step % 11 == 0) answers.front() = kSkip;
      if (step % 13 == 0) answers.back() = kUnsure;
      const std::vector<std::string> workers(batch->items.size(), worker);
      job->submit(batch->items, answers, workers);
    }
    return std::pair(given, sight_of(*job));
  };
  const auto [expected_items, expected_end] = course(false);
  const auto [items, end] = course(true);
  CHECK(items == expected_items);
  CHECK(end == expected_end);
}

TEST_CASE("LabelingJob store: items that join are there after a crash, and the pool must be the longer one") {
  const GaussianPool pool(800, 2, 4.0);
  const Features head = pool.part(0, 500);
  const Directory directory;
  LabelingJob plain(head, class_names(2), with_centroids());
  auto job = std::make_unique<LabelingJob>(head, class_names(2), stored(directory.store()));
  for (LabelingJob* one : {&plain, job.get()}) {
    run(*one, pool.classes);
    one->extend(pool.part(500, 800));
  }
  CHECK(refusal([&] {
          auto other = with_centroids();
          job.reset();
          (void)LabelingJob::open(directory.store(), head, other);
        }) == ErrorCode::archive_mismatch);
  reopen(job, directory.store(), pool);
  CHECK(run(*job, pool.classes) == run(plain, pool.classes));
  CHECK(ask(directory.store(), "SELECT count(*) FROM items") == 800);
  CHECK(ask(directory.store(), "SELECT count(*) FROM events WHERE kind = 'extended'") == 1);
}

TEST_CASE("LabelingJob store: wrong or reordered features are refused, and nothing is changed") {
  const GaussianPool pool(60, 2, 4.0), other(60, 2, 4.0, 77);
  const Directory directory;
  { auto job = make_job(pool, stored(directory.store())); }
  const auto before = bytes_of(directory.store());
  CHECK(refusal([&] { (void)LabelingJob::open(directory.store(), other.features(), with_centroids()); }) ==
        ErrorCode::archive_mismatch);
  CHECK(bytes_of(directory.store()) == before);
}

TEST_CASE("LabelingJob store: what cannot be written is not taken, what was acknowledged is never lost") {
  const GaussianPool pool(120, 2, 5.0);
  const Course expected = run(make_job(pool, with_centroids()), pool.classes);
  std::int64_t n_failed = 0;
  for (const Failure failure : {Failure::disk_full, Failure::io_error, Failure::short_write}) {
    for (std::int64_t n = 1; n <= 150; n += failure == Failure::io_error ? 1 : 3) {
      CAPTURE(n);
      const Directory directory;
      FailingFiles files;
      Items acknowledged;
      files.arm(n, failure);
      std::unique_ptr<LabelingJob> job;
      try {
        job = std::make_unique<LabelingJob>(make_job(pool, stored(directory.store())));
        while (const auto batch = job->next_batch()) {
          for (const ItemIndex item : batch->items) {
            answer(*job, {item}, pool.classes);
            acknowledged.push_back(item);
          }
        }
      } catch (const ArchiveError& error) {
        CHECK(error.code() == ErrorCode::file_access);
        ++n_failed;
      }
      files.disarm();
      // Either the process goes on when there is room again, or another takes over.
      if (!job) {
        CHECK(acknowledged.empty());
        job = std::make_unique<LabelingJob>(make_job(pool, stored(directory.store())));
      } else if (n % 2 == 0) {
        reopen(job, directory.store(), pool);
      }
      const auto known = job->answers();
      Items stored_items;
      for (const Answer& row : known.answers()) stored_items.push_back(row.item);
      // What failed may be there all the same; what succeeded must be.
      REQUIRE(stored_items.size() <= acknowledged.size() + 1);
      REQUIRE(std::equal(acknowledged.begin(), acknowledged.end(), stored_items.begin()));
      run(*job, pool.classes);
      CHECK(sight_of(*job) == expected.end);
      reopen(job, directory.store(), pool);
      CHECK(sight_of(*job) == expected.end);
      CHECK(ask_text(directory.store(), "PRAGMA integrity_check") == "ok");
      CHECK(ask(directory.store(), "SELECT count(*) FROM pragma_foreign_key_check") == 0);
    }
  }
  CHECK(n_failed > 100);
}

TEST_CASE("LabelingJob store: a second writer is refused and told who the first is; readers are not") {
  const GaussianPool pool(60, 2, 4.0);
  const Directory directory;
  auto job = make_job(pool, stored(directory.store()));
  answer(job, job.next_batch()->items, pool.classes);
  const std::string me = numbered("process ", ::getpid()) + " on ";
  for (const bool opens : {true, false}) {
    const auto second = [&] {
      if (opens) {
        (void)LabelingJob::open(directory.store(), pool.features(), with_centroids());
      } else {
        (void)make_job(pool, stored(directory.store()));
      }
    };
    CHECK(refusal(second) == ErrorCode::store_in_use);
    CHECK(contains(message(second), "is being written by " + me));
  }
  const auto summary = read_store(directory.store());
  CHECK(summary.n_items == 60);
  CHECK(summary.n_answers == job.report().n_answers);
  CHECK_FALSE(summary.is_finished);
}

TEST_CASE("LabelingJob store: a forked child may not write to its parent's store") {
  const GaussianPool pool(60, 2, 4.0);
  const Directory directory;
  auto job = make_job(pool, stored(directory.store()));
  const auto batch = job.next_batch();
  const pid_t child = ::fork();
  if (child == 0) {
    int code = 1;
    try {
      job.submit(batch->items, answers_to(batch->items, pool.classes));
    } catch (const InvalidState&) {
      code = 0;
    } catch (...) {
      code = 2;
    }
    ::_exit(code);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  answer(job, batch->items, pool.classes);
  CHECK(read_store(directory.store()).n_answers == std::ssize(batch->items));
}

TEST_CASE("LabelingJob store: forked children do not keep what their parent has let go of, or lost") {
  const GaussianPool pool(60, 2, 4.0);
  const Directory directory;
  for (const bool is_closed : {true, false}) {
    CAPTURE(is_closed);
    int end[2], begun[2];
    REQUIRE(::pipe(end) == 0);
    REQUIRE(::pipe(begun) == 0);
    const auto wait_for_end = [&] {
      ::close(end[1]);
      (void)!::write(begun[1], "x", 1);
      char none = 0;
      (void)!::read(end[0], &none, 1);
      ::_exit(0);
    };
    if (is_closed) {
      auto job = make_job(pool, stored(directory.store()));
      if (::fork() == 0) wait_for_end();
      job.close();
    } else {
      const pid_t parent = ::fork();
      if (parent == 0) {
        const auto job = LabelingJob::open(directory.store(), pool.features(), with_centroids());
        if (::fork() == 0) wait_for_end();
        ::_exit(0);  // without closing anything
      }
      ::waitpid(parent, nullptr, 0);
    }
    char has_begun = 0;  // before it runs, a child cannot let go of anything
    REQUIRE(::read(begun[0], &has_begun, 1) == 1);
    CHECK_NOTHROW((void)LabelingJob::open(directory.store(), pool.features(), with_centroids()));
    for (const int descriptor : {end[1], end[0], begun[1], begun[0]}) ::close(descriptor);
    if (is_closed) ::wait(nullptr);
  }
}

TEST_CASE("LabelingJob store: a child that deletes its copy of the job does not touch the store") {
  const GaussianPool pool(60, 2, 4.0);
  const Directory directory;
  auto job = std::make_unique<LabelingJob>(make_job(pool, stored(directory.store())));
  const auto batch = job->next_batch();
  answer(*job, {batch->items[0]}, pool.classes);
  const auto log = bytes_of(directory.store() + "-wal");
  const pid_t child = ::fork();
  if (child == 0) {
    job.reset();
    ::_exit(0);
  }
  ::waitpid(child, nullptr, 0);
  CHECK(bytes_of(directory.store() + "-wal") == log);
  CHECK(std::filesystem::exists(directory.store() + ".lock"));
  answer(*job, {batch->items[1]}, pool.classes);
  reopen(job, directory.store(), pool);
  CHECK(job->report().n_human == 2);
}

TEST_CASE("LabelingJob store: a file that was removed or replaced is noticed, and the job can be saved elsewhere") {
  const GaussianPool pool(60, 2, 4.0);
  const Directory directory;
  auto job = make_job(pool, stored(directory.store()));
  const auto batch = job.next_batch();
  answer(job, {batch->items[0]}, pool.classes);
  std::filesystem::remove(directory.store());
  const auto submit = [&] { answer(job, {batch->items[1]}, pool.classes); };
  CHECK(refusal(submit) == ErrorCode::file_access);
  CHECK(contains(message(submit), "removed or replaced"));
  CHECK(job.report().n_human == 1);
  job.save((directory.path() / "rescued").string());
  auto rescued = LabelingJob::load((directory.path() / "rescued").string(), pool.features(), with_centroids());
  CHECK(rescued.report().n_human == 1);
}

TEST_CASE("LabelingJob store: a write-ahead log that was removed is noticed before anything is acknowledged") {
  const GaussianPool pool(60, 2, 4.0);
  const Directory directory;
  auto job = make_job(pool, stored(directory.store()));
  const auto batch = job.next_batch();
  answer(job, {batch->items[0]}, pool.classes);
  std::filesystem::remove(directory.store() + "-wal");
  for (const bool has_another : {false, true}) {
    if (has_another) write_bytes(directory.store() + "-wal", "");
    CHECK(refusal([&] { answer(job, {batch->items[1]}, pool.classes); }) == ErrorCode::file_access);
    CHECK(job.report().n_human == 1);
  }
}

TEST_CASE("LabelingJob store: other names of one file are one store") {
  const GaussianPool pool(60, 2, 4.0);
  const Directory directory;
  std::filesystem::create_directory(directory.path() / "elsewhere");
  const std::string link = (directory.path() / "elsewhere" / "link.gtl").string();
  std::filesystem::create_symlink(directory.store(), link);
  auto job = std::make_unique<LabelingJob>(make_job(pool, stored(directory.store())));
  const auto open_link = [&] { (void)LabelingJob::open(link, pool.features(), with_centroids()); };
  CHECK(refusal(open_link) == ErrorCode::store_in_use);
  job.reset();
  open_link();
  CHECK(std::filesystem::is_symlink(link));
}

TEST_CASE("LabelingJob store: a new store takes nothing from the remains of another") {
  const GaussianPool pool(60, 2, 4.0), other(200, 2, 4.0);
  const Directory directory;
  auto old = make_job(other, stored(directory.store()));
  answer(old, old.next_batch()->items, other.classes);
  const std::string log = bytes_of(directory.store() + "-wal");
  REQUIRE_FALSE(log.empty());
  old.close();
  std::filesystem::remove(directory.store());
  write_bytes(directory.store() + "-wal", log);
  std::unique_ptr<LabelingJob> job = std::make_unique<LabelingJob>(make_job(pool, stored(directory.store())));
  CHECK(job->report().n_answers == 0);
  reopen(job, directory.store(), pool);
  CHECK(job->report().n_answers == 0);
}

TEST_CASE("LabelingJob store: rows that make no sense are refused before they are used") {
  const GaussianPool pool(60, 2, 4.0);
  for (const std::string row :
       {"1, 'class', -100000000, 1.0", "1, 'class', NULL, 1.0", "1, 'class', 1, 7.0", "1, 'class', 1, 0.0"}) {
    CAPTURE(row);
    const Directory directory;
    { auto job = make_job(pool, stored(directory.store())); }
    // Without the keys' help, as a forger would.
    ask_text(directory.store(),
             "INSERT INTO answers (event, item, worker, kind, class, certainty, seconds) "
             "SELECT 9, 3, NULL, kind, class, certainty, 0.0 FROM (SELECT " +
                 row.substr(3, row.find(',', 3) - 3) + " AS kind, " +
                 row.substr(row.find(',', 3) + 1, row.rfind(',') - row.find(',', 3) - 1) + " AS class, " +
                 row.substr(row.rfind(',') + 1) + " AS certainty)");
    CHECK(refusal([&] { (void)LabelingJob::open(directory.store(), pool.features(), with_centroids()); }) ==
          ErrorCode::archive_damaged);
  }
}

TEST_CASE("LabelingJob store: a closed job can be read, not changed, and its store is free") {
  const GaussianPool pool(60, 2, 4.0);
  const Directory directory;
  auto job = make_job(pool, stored(directory.store()));
  const auto batch = job.next_batch();
  answer(job, {batch->items[0]}, pool.classes);
  job.close();
  job.close();
  CHECK(job.report().n_human == 1);
  CHECK_THROWS_AS((void)job.next_batch(), InvalidState);
  CHECK_THROWS_AS(answer(job, {batch->items[1]}, pool.classes), InvalidState);
  CHECK_THROWS_AS(job.add_class("new"), InvalidState);
  auto again = LabelingJob::open(directory.store(), pool.features(), with_centroids());
  CHECK(again.report().n_human == 1);
}

TEST_CASE("LabelingJob store: what is no store, or a newer one, or not ours, is refused by name") {
  const GaussianPool pool(60, 2, 4.0);
  const Directory directory;
  const auto open = [&] { (void)LabelingJob::open(directory.store(), pool.features(), with_centroids()); };
  const auto make = [&] { (void)make_job(pool, stored(directory.store())); };
  CHECK(refusal(open) == ErrorCode::file_access);
  CHECK_FALSE(std::filesystem::exists(directory.store()));
  write_bytes(directory.store(), "these are somebody's notes, not a store\n" + std::string(5000, 'x'));
  CHECK(refusal(open) == ErrorCode::archive_damaged);
  CHECK(refusal(make) == ErrorCode::file_access);
  CHECK(refusal([&] { (void)read_store(directory.store()); }) == ErrorCode::archive_damaged);
  CHECK(contains(bytes_of(directory.store()), "somebody's notes"));
  // A creation that was cut short leaves no tables: the file can be used.
  write_bytes(directory.store(), "");
  make();
  open();
  CHECK(refusal(make) == ErrorCode::file_access);
  for (const std::string change :
       {"CREATE TRIGGER t AFTER INSERT ON answers BEGIN SELECT 1; END", "CREATE UNIQUE INDEX i ON answers (item)",
        "CREATE INDEX i ON answers (length(zeroblob(item)))", "CREATE INDEX i ON answers (item) WHERE abs(item) > 3",
        "CREATE TABLE mine (event REFERENCES Snapshots ON DELETE CASCADE)", "CREATE VIRTUAL TABLE mine USING fts5(x)",
        "ALTER TABLE answers ADD COLUMN more TEXT", "DROP VIEW answers_by_name", "PRAGMA application_id = 7"}) {
    CAPTURE(change);
    const auto before = bytes_of(directory.store());
    ask_text(directory.store(), change);
    CHECK(refusal(open) == ErrorCode::archive_damaged);
    std::filesystem::remove(directory.store() + "-wal");
    std::filesystem::remove(directory.store() + "-shm");
    write_bytes(directory.store(), before);
    open();
  }
  ask_text(directory.store(), "PRAGMA user_version = 99");
  CHECK(refusal(open) == ErrorCode::archive_too_new);
  CHECK(contains(message(open), "version 99"));
}

TEST_CASE("LabelingJob store: what people add and tidy up in the sqlite3 shell does no harm") {
  const GaussianPool pool(300, 2, 4.0);
  const Course expected = run(make_job(pool, with_centroids()), pool.classes);
  const Directory directory;
  Course course;
  auto job = std::make_unique<LabelingJob>(make_job(pool, stored(directory.store())));
  const std::vector<std::string> changes = {"ANALYZE",
                                            "VACUUM",
                                            "REINDEX",
                                            "PRAGMA optimize",
                                            "CREATE TABLE notes (item INTEGER PRIMARY KEY, note TEXT UNIQUE)",
                                            "CREATE INDEX note_length ON notes (length(note))",
                                            "CREATE VIEW sure AS SELECT * FROM answers WHERE certainty = 1",
                                            "CREATE INDEX answers_by_item ON answers (item, worker)",
                                            "ANALYZE"};
  for (const std::string& change : changes) {
    job.reset();
    ask_text(directory.store(), change);
    reopen(job, directory.store(), pool);
    CHECK_NOTHROW((void)read_store(directory.store()));
    const auto batch = job->next_batch();
    if (!batch) break;
    answer(*job, batch->items, pool.classes);
    course.batches.push_back(*batch);
  }
  for (const Batch& batch : run(*job, pool.classes).batches) course.batches.push_back(batch);
  course.end = sight_of(*job);
  CHECK(course == expected);
}

TEST_CASE("LabelingJob store: reading a store that is closed leaves nothing beside it") {
  const GaussianPool pool(60, 2, 4.0);
  const Directory directory;
  std::filesystem::create_directory(directory.path() / "100%?#");
  const auto path = directory.path() / "100%?#" / "job.gtl";
  {
    auto job = make_job(pool, stored(path.string()));
    answer(job, job.next_batch()->items, pool.classes);
  }
  const std::string before = bytes_of(path);
  CHECK(read_store(path.string()).n_answers > 0);
  CHECK(bytes_of(path) == before);
  CHECK(std::distance(std::filesystem::directory_iterator(path.parent_path()), {}) == 1);
}

TEST_CASE("LabelingJob store: leases do not go back in time with the clock after a crash") {
  const GaussianPool pool(300, 2, 4.0);
  const Directory directory;
  double time = 1000.0;
  const auto options = [&] {
    auto made = with_centroids();
    made.now = [&time] { return time; };
    made.lease_seconds = 50.0;
    return made;
  };
  auto job = std::make_unique<LabelingJob>(make_job(pool, stored(directory.store(), options())));
  REQUIRE(job->next_batch("ann", 2)->items.size() == 2);
  time = 1030.0;
  REQUIRE(job->next_batch("bob", 2)->items.size() == 2);
  time = 0.0;
  for (const bool is_saved : {false, true}) {
    CAPTURE(is_saved);
    if (is_saved) {
      job = std::make_unique<LabelingJob>(LabelingJob::restore(job->snapshot(), pool.features(), options()));
    } else {
      reopen(job, directory.store(), pool, options());
    }
    const auto given = job->next_batch(is_saved ? "dee" : "cy", 3)->items;
    time = 1040.0;
    const auto others = job->next_batch("eve", 300);
    for (const ItemIndex item : others->items) {
      CHECK(std::find(given.begin(), given.end(), item) == given.end());
    }
    time = 0.0;
  }
}

TEST_CASE("LabelingJob store: items that the store cannot be told of have not joined") {
  const GaussianPool pool(800, 2, 4.0);
  const Features head = pool.part(0, 500);
  const auto is_custom = [](bool is) {
    auto options = with_centroids();
    if (!is) options.model = std::make_shared<SoftmaxRegression>();
    options.n_threads = 1;
    return options;
  };
  for (const bool custom : {true, false}) {
    CAPTURE(custom);
    LabelingJob plain(head, class_names(2), is_custom(custom));
    const Directory directory;
    FailingFiles files;
    auto job = std::make_unique<LabelingJob>(head, class_names(2), stored(directory.store(), is_custom(custom)));
    for (LabelingJob* one : {&plain, job.get()}) {
      for (int i = 0; i < 3; ++i) answer(*one, one->next_batch()->items, pool.classes);
    }
    const auto before = sight_of(*job);
    std::int64_t n = 1;
    for (bool has_joined = false; !has_joined; n += 3) {
      files.arm(n, Failure::disk_full);
      try {
        job->extend(pool.part(500, 800));
        has_joined = true;
      } catch (const ArchiveError&) {
        CHECK(sight_of(*job) == before);
        CHECK(job->n_items() == 500);
        CHECK(job->pool().n_items() == 500);
      }
      files.disarm();
    }
    CHECK(n > 10);
    plain.extend(pool.part(500, 800));
    if (custom) reopen(job, directory.store(), pool, is_custom(custom));
    CHECK(run(*job, pool.classes) == run(plain, pool.classes));
    reopen(job, directory.store(), pool, is_custom(custom));
    CHECK(sight_of(*job) == sight_of(plain));
  }
}

TEST_CASE("LabelingJob store: a snapshot that is longer than a value may be is kept in parts") {
  const GaussianPool pool(900, 3, 4.0);
  const Course expected = run(make_job(pool, with_centroids()), pool.classes);
  const ShortValues limit(20'000);
  const Directory directory;
  CHECK(interrupted_course(pool, directory.store(), [] { return with_centroids(); }) == expected);
  CHECK(ask(directory.store(), "SELECT count(*) FROM snapshots") > 1);
}

#ifdef __linux__  // elsewhere flock cannot be made to fail
TEST_CASE("LabelingJob store: where the file system has no locks, that is said, and nothing is made") {
  const GaussianPool pool(60, 2, 4.0);
  for (const int error : {ENOLCK, ENOSYS, EOPNOTSUPP}) {
    const Directory directory;
    const auto make = [&] { (void)make_job(pool, stored(directory.store())); };
    {
      const FailingLocks locks(error);
      CHECK(refusal(make) == ErrorCode::file_access);
      CHECK(contains(message(make), "keep the store on a local disk"));
      CHECK(std::filesystem::is_empty(directory.path()));
    }
    make();
    const FailingLocks locks(error);
    const auto open = [&] { (void)LabelingJob::open(directory.store(), pool.features(), with_centroids()); };
    CHECK(refusal(open) == ErrorCode::file_access);
    CHECK(contains(message(open), "no locks that work"));
  }
  // A reader of a store that was not closed.
  const Directory directory;
  const auto job = make_job(pool, stored(directory.store()));
  const std::string copy = directory.store() + "-copy";
  for (const std::string part : {"", "-wal"}) std::filesystem::copy_file(directory.store() + part, copy + part);
  const FailingLocks locks(ENOSYS);
  const auto read = [&] { (void)read_store(copy); };
  CHECK(refusal(read) == ErrorCode::file_access);
  CHECK(contains(message(read), "keep it on a local disk"));
}
#endif

TEST_CASE("LabelingJob store: an answer sent twice changes nothing and is counted as known") {
  const GaussianPool pool(100, 2, 4.0);
  const Directory directory;
  auto job = std::make_unique<LabelingJob>(make_job(pool, stored(directory.store())));
  const auto batch = job->next_batch();
  const auto answers = answers_to(batch->items, pool.classes);
  std::vector<std::string> ids;
  for (const ItemIndex item : batch->items) ids.push_back(numbered("answer-", item));
  const std::span<const ClassIndex> given = answers;
  const auto n = std::ssize(answers);
  CHECK(job->submit(batch->items, given, {}, {}, {}, ids).n_answers == n);
  for (const bool has_crashed : {false, true}) {
    if (has_crashed) reopen(job, directory.store(), pool);
    for (const bool has_ids : {true, false}) {
      const auto again = has_ids ? job->submit(batch->items, given, {}, {}, {}, ids) : job->submit(batch->items, given);
      CHECK(again.n_repeated == n);
      CHECK(again.n_answers == 0);
      CHECK(again.n_replaced == 0);
    }
    CHECK(job->report().n_answers == n);
    CHECK(ask(directory.store(), "SELECT count(*) FROM answers") == n);
    // An id stands for one answer; another with it is a mistake, and nothing of the call is taken.
    const std::vector<ClassIndex> others = {answers[0], answers[1] == 0 ? 1 : 0};
    const Items two(batch->items.begin(), batch->items.begin() + 2);
    const std::vector<std::string> new_and_old = {"new", ids[1]};
    const auto wrong = [&] { job->submit(two, std::span<const ClassIndex>(others), {}, {}, {}, new_and_old); };
    CHECK_THROWS_AS(wrong(), InvalidArgument);
    CHECK(contains(message(wrong), "row 1, '" + ids[1] + "'"));
    CHECK(job->report().n_answers == n);
  }
  // A correction is no repetition, nor is going back to what was said first.
  const Items one = {batch->items[0]};
  const ClassIndex first = answers[0], second = first == 0 ? 1 : 0;
  for (const ClassIndex said : {second, first, second}) {
    CHECK(job->submit(one, std::span<const ClassIndex>(&said, 1)).n_replaced == 1);
  }
}

TEST_CASE("LabelingJob store: whoever has no name may be somebody else, where several are asked") {
  const GaussianPool pool(100, 2, 4.0);
  auto options = with_centroids();
  options.overlap = {2, 3, 0.95};
  auto job = make_job(pool, options);
  const Items one = {3};
  const std::vector<ClassIndex> said = {1};
  const std::span<const ClassIndex> given = said;
  CHECK(job.submit(one, given).n_repeated == 0);
  CHECK(job.submit(one, given).n_repeated == 0);
  const std::vector<std::string> ann = {"ann"};
  CHECK(job.submit(one, given, ann).n_repeated == 0);
  CHECK(job.submit(one, given, ann).n_repeated == 1);
  CHECK(job.report().n_answers == 3);
}

TEST_CASE("LabelingJob store: any thread may submit, and every answer is stored once") {
  const GaussianPool pool(400, 2, 4.0);
  const Directory directory;
  auto job = std::make_unique<LabelingJob>(make_job(pool, stored(directory.store())));
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (ItemIndex item = t; item < 200; item += 4) {
        const ClassIndex said = pool.classes[static_cast<std::size_t>(item)];
        job->submit(std::span<const ItemIndex>(&item, 1), std::span<const ClassIndex>(&said, 1));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto snapshot = job->snapshot();
  reopen(job, directory.store(), pool);
  CHECK(job->snapshot() == snapshot);
  CHECK(job->report().n_human == 200);
}

TEST_CASE("LabelingJob store: every label can be traced to what it rests on") {
  const GaussianPool pool(900, 3, 5.0);
  const Directory directory;
  auto job = make_job(pool, stored(directory.store()));
  run(job, pool.classes);
  const auto labels = job.labels();
  std::int64_t n_committed = 0, n_audited = 0;
  for (std::size_t i = 0; i < labels.item.size(); i += 7) {
    const auto history = job.explain(labels.item[i]);
    REQUIRE(history.front().kind == "joined");
    const auto last = std::find_if(history.rbegin(), history.rend(), [](const ItemEvent& event) {
      return event.kind == "label" || event.kind == "commit";
    });
    REQUIRE(last != history.rend());
    CHECK(last->class_index == labels.class_index[i]);
    CHECK(last->confidence == doctest::Approx(labels.confidence[i]));
    CHECK(last->round == labels.round[i]);
    const bool is_human = labels.source[i] == LabelSource::human;
    CHECK(last->kind == (is_human ? "label" : "commit"));
    CHECK((history.back().kind == "certificate") == !is_human);
    if (!is_human) CHECK(last->detail == "custom");
    n_committed += is_human ? 0 : 1;
    const auto has = [&](const char* kind) {
      return std::any_of(history.begin(), history.end(), [&](const ItemEvent& event) { return event.kind == kind; });
    };
    CHECK(has("asked") == is_human);
    CHECK(has("answer") == is_human);
    n_audited += has("audit") ? 1 : 0;
    CHECK(std::is_sorted(history.begin(), history.end(),
                         [](const ItemEvent& a, const ItemEvent& b) { return a.at < b.at; }));
  }
  CHECK(n_committed > 0);
  CHECK(n_audited > 0);
  const auto count = [&](const std::string& question) { return ask(directory.store(), question); };
  CHECK(count("SELECT count(*) FROM audits") == job.report().n_audited);
  CHECK(count("SELECT count(*) FROM commits") - count("SELECT count(*) FROM withdrawals") ==
        job.report().n_auto + job.report().n_audited);
  CHECK(count("SELECT count(*) FROM rounds") == std::ssize(job.report().history));
  CHECK_THROWS_AS((void)make_job(pool, with_centroids()).explain(0), InvalidState);
  CHECK_THROWS_AS((void)job.explain(900), InvalidArgument);
}

TEST_CASE("LabelingJob store: changed bytes are refused or read, but never lead astray") {
  const GaussianPool pool(60, 2, 4.0);
  const Directory directory;
  {
    auto job = make_job(pool, stored(directory.store()));
    const auto batch = job.next_batch();
    answer(job, Items(batch->items.begin(), batch->items.begin() + 30), pool.classes);
  }
  const std::string sound = bytes_of(directory.store());
  std::mt19937 random(5);
  std::int64_t n_refused = 0;
  constexpr int kTries = 600;
  for (int i = 0; i < kTries; ++i) {
    std::string bytes = sound;
    const std::size_t within = i % 3 == 0 ? 100 : bytes.size();  // the header as often as all the rest
    for (std::uint32_t change = 0; change <= random() % 3; ++change) {
      bytes[random() % within] = static_cast<char>(random());
    }
    if (i % 17 == 0) bytes.resize(random() % bytes.size());
    for (const char* beside : {"-wal", "-shm"}) std::filesystem::remove(directory.store() + beside);
    write_bytes(directory.store(), bytes);
    try {
      (void)read_store(directory.store());
      auto job = LabelingJob::open(directory.store(), pool.features(), with_centroids());
      run(job, pool.classes);
    } catch (const Error&) {
      ++n_refused;
    }
  }
  MESSAGE("refused " << n_refused << " of " << kTries);
  CHECK(n_refused > 50);
}
