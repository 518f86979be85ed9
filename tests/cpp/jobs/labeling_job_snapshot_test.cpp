// A job that is saved and loaded, or damaged on the way.

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "gtlabel/core/error.hpp"
#include "gtlabel/core/random.hpp"
#include "gtlabel/jobs/labeling_job.hpp"
#include "gtlabel/models/committee.hpp"
#include "gtlabel/models/softmax_regression.hpp"
#include "gtlabel/storage/snapshot.hpp"
#include "jobs/job_driving.hpp"
#include "storage/framing.hpp"

namespace {

using namespace gtlabel;
using gtlabel_test::answer;
using gtlabel_test::answers_to;
using gtlabel_test::contains;
using gtlabel_test::Course;
using gtlabel_test::Frame;
using gtlabel_test::framed;
using gtlabel_test::GaussianPool;
using gtlabel_test::is_same;
using gtlabel_test::Items;
using gtlabel_test::make_job;
using gtlabel_test::ModelHooks;
using gtlabel_test::payload_of;
using gtlabel_test::run;
using gtlabel_test::sight_of;
using gtlabel_test::with_centroids;

constexpr const char* kKind = "labeling_job";

/// The code of the ArchiveError that `call` must throw; anything else fails the test.
template <class Call>
ErrorCode refusal(Call call) {
  try {
    call();
  } catch (const ArchiveError& error) {
    return error.code();
  }
  FAIL("nothing was refused");
  return {};
}

/// A path of this test's own, removed at the end.
class File {
 public:
  explicit File(const std::string& name)
      : path_((std::filesystem::temp_directory_path() / (name + std::to_string(getpid()))).string()) {}
  ~File() { std::filesystem::remove(path_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// Saves a job and goes on with what is loaded, which must look the same and save to the same bytes.
template <class MakeOptions>
LabelingJob interrupted(const LabelingJob& job, const GaussianPool& pool, MakeOptions options) {
  const auto bytes = job.snapshot();
  LabelingJobOptions given = options();
  given.n_threads = 1;
  auto loaded = LabelingJob::restore(bytes, pool.features(), given);
  CHECK(sight_of(loaded) == sight_of(job));
  CHECK(loaded.classes() == job.classes());
  CHECK(loaded.answers().workers() == job.answers().workers());
  CHECK(loaded.snapshot() == bytes);
  return loaded;
}

/// The course of a job that is saved and loaded at every possible moment.
template <class MakeOptions>
Course interrupted_course(LabelingJob job, const GaussianPool& pool, MakeOptions options) {
  Course course;
  job = interrupted(job, pool, options);
  while (auto batch = job.next_batch()) {
    course.batches.push_back(*batch);
    job = interrupted(job, pool, options);
    CHECK(is_same(job.next_batch(), batch));
    const auto middle = batch->items.begin() + static_cast<std::ptrdiff_t>(batch->items.size() / 2);
    answer(job, Items(batch->items.begin(), middle), pool.classes);
    job = interrupted(job, pool, options);
    answer(job, Items(middle, batch->items.end()), pool.classes);
    job = interrupted(job, pool, options);
  }
  job = interrupted(job, pool, options);
  CHECK_FALSE(job.next_batch().has_value());
  course.end = sight_of(job);
  return course;
}

TEST_CASE("LabelingJob snapshot: a job interrupted at every moment takes the course of one that never was") {
  const GaussianPool pool(600, 2, 3.5);
  for (const Target& target : {Target(ErrorTarget{0.1, 0.1}), Target(ErrorTarget{0.05, 0.2, ErrorScope::dataset}),
                               Target(ConfidenceThreshold{0.9})}) {
    const auto options = [&] { return LabelingJobOptions{.target = target, .batch_size = 40, .seed = 3}; };
    const Course expected = run(make_job(pool, options()), pool.classes);
    CHECK(expected.batches.size() > 2);
    CHECK(interrupted_course(make_job(pool, options()), pool, [] { return LabelingJobOptions{}; }) == expected);
  }
}

TEST_CASE("LabelingJob snapshot: a job with a user's model goes on with a model of the same kind") {
  const GaussianPool pool(900, 3, 3.5);
  const Course expected = run(make_job(pool, with_centroids()), pool.classes);
  CHECK(interrupted_course(make_job(pool, with_centroids()), pool, [] { return with_centroids(); }) == expected);
}

TEST_CASE("LabelingJob snapshot: jobs that give up, or are too small to begin, are restored too") {
  const GaussianPool noise(300, 2, 0.0), small(30, 2, 5.0);
  for (const GaussianPool* pool : {&noise, &small}) {
    const auto options = [] {
      auto made = with_centroids();
      made.batch_size = 50;
      return made;
    };
    const Course expected = run(make_job(*pool, options()), pool->classes);
    CHECK(interrupted_course(make_job(*pool, options()), *pool, options) == expected);
  }
}

TEST_CASE("LabelingJob snapshot: corrections, free answers and workers survive") {
  const GaussianPool pool(400, 2, 3.5);
  auto job = make_job(pool, with_centroids());
  const auto batch = *job.next_batch();
  const std::vector<std::string> workers = {"ann", "", "ann\nbob \xC3\xA9"};
  const Items items = {batch.items[0], batch.items[0], batch.items[0] == 7 ? 8 : 7};
  job.submit(items, gtlabel_test::Classes{0, 1, 1}, workers);
  auto loaded = interrupted(job, pool, [] { return with_centroids(); });
  CHECK(loaded.answers().workers() == workers);
  CHECK(run(loaded, pool.classes) == run(job, pool.classes));
}

TEST_CASE("LabelingJob snapshot: of the options only model, threads, poll and ids are read") {
  const GaussianPool pool(600, 2, 4.0);
  const auto original = [] { return LabelingJobOptions{.target = ErrorTarget{0.1, 0.1}, .batch_size = 30, .seed = 4}; };
  const Course expected = run(make_job(pool, original()), pool.classes);
  auto job = make_job(pool, original());
  answer(job, job.next_batch()->items, pool.classes);
  for (const std::size_t n_threads : {1U, 2U, 7U}) {
    auto loaded =
        LabelingJob::restore(job.snapshot(), pool.features(),
                             {.target = ConfidenceThreshold{0.5}, .batch_size = 3, .seed = 99, .n_threads = n_threads});
    CHECK(std::get<ErrorTarget>(loaded.target()).max_error == 0.1);
    CHECK(run(loaded, pool.classes).end == expected.end);
  }
}

TEST_CASE("LabelingJob snapshot: ids are in it, and others may be given in their place") {
  const GaussianPool pool(60, 2, 4.0);
  std::vector<std::string> ids, others;
  for (int item = 0; item < 60; ++item) {
    ids.push_back("photo " + std::to_string(item) + "\n\xC3\xA9");
    others.push_back(std::to_string(item));
  }
  auto options = with_centroids();
  options.ids = ids;
  const auto job = make_job(pool, options);
  CHECK(job.ids() == ids);
  CHECK(interrupted(job, pool, [] { return with_centroids(); }).ids() == ids);
  options = with_centroids();
  options.ids = others;
  CHECK(LabelingJob::restore(job.snapshot(), pool.features(), options).ids() == others);
  CHECK(make_job(pool, with_centroids()).ids().empty());

  options = with_centroids();
  options.ids = std::vector<std::string>(59, "x");
  for (const bool is_restored : {false, true}) {
    try {
      (void)(is_restored ? LabelingJob::restore(job.snapshot(), pool.features(), options) : make_job(pool, options));
      FAIL("accepted");
    } catch (const InvalidArgument& error) {
      CHECK(error.code() == ErrorCode::shape_mismatch);
      CHECK(contains(error.what(), "ids: 59 given, expected 60"));
    }
  }
}

TEST_CASE(
    "LabelingJob snapshot: one of an older version, the first without ids, is read, and ids of another number are "
    "not") {
  const GaussianPool pool(60, 2, 4.0);
  auto job = make_job(pool, with_centroids());
  answer(job, job.next_batch()->items, pool.classes);
  const auto head = [&](std::uint32_t version, std::size_t n_ids) {
    SnapshotWriter writer;
    writer.section(kKind, version);
    writer.write(job.n_items());
    writer.write(pool.features().fingerprint());
    writer.write(job.classes());
    if (version >= 2) writer.write(std::vector<std::string>(n_ids, "x"));
    if (version >= 4) writer.write(std::span<const std::int32_t>(std::vector<std::int32_t>{0, 1}));
    std::string payload = payload_of(writer.finish(kKind), kKind);
    payload.pop_back();  // its end of line
    return payload;
  };
  const std::string payload = payload_of(job.snapshot(), kKind);
  REQUIRE(payload.starts_with(head(6, 0)));
  // Leases came with version 3: the last field but one, 3600 seconds in bits, and what follows.
  const auto leases = payload.rfind("4660134898793709568");
  REQUIRE(leases != std::string::npos);
  // Of an empty book of leases four numbers; then what came with version 4, and one number more with version 5.
  std::size_t coins = leases;
  for (int field = 0; field < 4; ++field) coins = payload.find(' ', coins + 1);
  const std::size_t time = payload.find_last_of(" \n", payload.size() - 2);
  const auto restore = [&](std::uint32_t version, std::size_t n_ids) {
    const std::size_t begin = head(6, 0).size();
    const std::size_t end = version >= 5 ? payload.size() : version >= 4 ? time : version >= 3 ? coins : leases;
    return LabelingJob::restore(
        framed({.kind = kKind, .payload = head(version, n_ids) + payload.substr(begin, end - begin)}), pool.features(),
        with_centroids());
  };
  for (const std::uint32_t version : {1, 2, 3, 4, 5, 6}) {
    auto old = restore(version, 0);
    CHECK(old.ids().empty());
    CHECK(old.snapshot() == job.snapshot());
  }
  CHECK(restore(6, 60).ids().size() == 60);
  CHECK(refusal([&] { (void)restore(5, 59); }) == ErrorCode::archive_damaged);
}

TEST_CASE("LabelingJob snapshot: a seed of the system's is saved too") {
  const GaussianPool pool(600, 2, 4.0);
  auto options = with_centroids();
  options.seed.reset();
  auto job = make_job(pool, options);
  auto loaded = interrupted(job, pool, [] { return with_centroids(); });
  CHECK(run(loaded, pool.classes) == run(job, pool.classes));
}

TEST_CASE("LabelingJob snapshot: after a call that failed the job can be saved, and goes on to the same end") {
  const GaussianPool pool(600, 2, 4.0);
  const Course expected = run(make_job(pool, with_centroids()), pool.classes);
  for (const bool in_update : {true, false}) {
    const auto hooks = std::make_shared<ModelHooks>();
    auto job = make_job(pool, with_centroids(hooks));
    Course course;
    while (true) {
      if (in_update) {
        hooks->before_update = [] { throw std::runtime_error("no memory"); };
      } else {
        hooks->after_predict = [](MatrixView<float>) { throw std::runtime_error("no memory"); };
      }
      std::optional<Batch> batch;
      try {
        batch = job.next_batch();
        *hooks = {};
      } catch (const std::runtime_error&) {
        *hooks = {};
        job = interrupted(job, pool, [&] { return with_centroids(hooks); });
        batch = job.next_batch();
      }
      if (!batch) break;
      course.batches.push_back(*batch);
      answer(job, batch->items, pool.classes);
    }
    course.end = sight_of(job);
    CHECK(course == expected);
  }
}

TEST_CASE("LabelingJob snapshot: files are the same bytes; a file that cannot be read or written is named") {
  const GaussianPool pool(200, 2, 4.0);
  auto job = make_job(pool);
  answer(job, job.next_batch()->items, pool.classes);
  const File file("gtlabel_job_snapshot_test_");
  job.save(file.path());
  std::ifstream stream(file.path(), std::ios::binary);
  CHECK(std::string(std::istreambuf_iterator<char>(stream), {}) == job.snapshot());
  auto loaded = LabelingJob::load(file.path(), pool.features(), {.n_threads = 1});
  CHECK(run(loaded, pool.classes) == run(job, pool.classes));
  CHECK(refusal([&] { (void)LabelingJob::load("/nowhere/at/all", pool.features()); }) == ErrorCode::file_access);
  CHECK(refusal([&] { job.save("/nowhere/at/all"); }) == ErrorCode::file_access);
  try {
    job.save("/nowhere/at/all");
  } catch (const ArchiveError& error) {
    CHECK(contains(error.what(), "/nowhere/at/all"));
  }
}

TEST_CASE("LabelingJob snapshot: another pool is refused: of other size, other values or other order") {
  const GaussianPool pool(200, 2, 4.0), longer(201, 2, 4.0), other(200, 2, 4.0, 2);
  GaussianPool swapped = pool;
  std::swap_ranges(swapped.values.begin(), swapped.values.begin() + 2, swapped.values.begin() + 2);
  GaussianPool changed = pool;
  changed.values[123] += 1e-3F;
  auto job = make_job(pool);
  answer(job, job.next_batch()->items, pool.classes);
  const auto bytes = job.snapshot();
  for (const GaussianPool* wrong : std::vector<const GaussianPool*>{&longer, &other, &swapped, &changed}) {
    CHECK(refusal([&] { (void)LabelingJob::restore(bytes, wrong->features()); }) == ErrorCode::archive_mismatch);
  }
  const GaussianPool equal = pool;  // equal values elsewhere in memory are the same pool
  CHECK_NOTHROW((void)LabelingJob::restore(bytes, equal.features()));
}

TEST_CASE("LabelingJob snapshot: another kind of model than the saved one is refused") {
  const GaussianPool pool(200, 2, 4.0);
  auto standard = make_job(pool), custom = make_job(pool, with_centroids());
  for (LabelingJob* job : {&standard, &custom}) {
    for (int i = 0; i < 2; ++i) {
      if (const auto batch = job->next_batch()) answer(*job, batch->items, pool.classes);
    }
  }
  const auto restore = [&](const LabelingJob& job, std::shared_ptr<IncrementalModel> model) {
    return refusal([&] { (void)LabelingJob::restore(job.snapshot(), pool.features(), {.model = std::move(model)}); });
  };
  CHECK(restore(custom, nullptr) == ErrorCode::archive_mismatch);
  CHECK(restore(standard, with_centroids().model) == ErrorCode::archive_mismatch);
  CHECK(restore(standard, std::make_shared<SoftmaxRegression>()) == ErrorCode::archive_mismatch);
}

TEST_CASE("LabelingJob snapshot: other objects' snapshots and newer ones are refused as what they are") {
  const GaussianPool pool(100, 2, 4.0);
  const auto restore = [&](const std::string& bytes) {
    return refusal([&] { (void)LabelingJob::restore(bytes, pool.features()); });
  };
  const auto written = [](const char* kind, const char* section, std::uint32_t version) {
    SnapshotWriter writer;
    writer.section(section, version);
    return writer.finish(kind);
  };
  CHECK(restore(written("audit_ledger", "audit_ledger", 1)) == ErrorCode::archive_mismatch);
  CHECK(restore(written(kKind, kKind, 1000)) == ErrorCode::archive_too_new);
  CHECK(restore(written(kKind, "audit_ledger", 1)) == ErrorCode::archive_damaged);
  const std::string payload = payload_of(make_job(pool).snapshot(), kKind);
  CHECK_NOTHROW((void)LabelingJob::restore(framed({.kind = kKind, .payload = payload}), pool.features()));
  CHECK(restore(framed({.frame_version = 1000, .kind = kKind, .payload = payload})) == ErrorCode::archive_too_new);
  CHECK(restore(framed({.kind = kKind, .minimum_reader = 999'000'000, .writer = 999'000'000, .payload = payload})) ==
        ErrorCode::archive_too_new);
  CHECK(restore(framed({.magic = "GTLX", .kind = kKind, .payload = payload})) == ErrorCode::archive_damaged);
  CHECK(restore(framed({.kind = "another", .payload = payload})) == ErrorCode::archive_mismatch);
}

TEST_CASE("LabelingJob snapshot: numbers changed behind a sound frame are refused, or give a job that can be asked") {
  const GaussianPool pool(400, 2, 4.0);
  auto eager = with_centroids(), final = with_centroids(), shared = with_centroids();
  final.commit = CommitMode::final;
  shared.overlap = {.min = 1, .max = 3};
  shared.budget.max_answers = 900;
  shared.lease_seconds = 1e9;
  RandomStream random(5, RandomPurpose::user);
  for (const auto& options : {eager, final, shared}) {
    auto job = make_job(pool, options);
    while (job.report().n_audited < 20) {
      const auto batch = job.next_batch();
      REQUIRE(batch.has_value());
      // The last audits stay out.
      const bool is_half = batch->purposes.front() == Purpose::audit && job.report().n_audited == 0;
      const auto n = is_half ? std::max<std::ptrdiff_t>(20, std::ssize(batch->items) / 2) : std::ssize(batch->items);
      answer(job, {batch->items.begin(), batch->items.begin() + std::min(n, std::ssize(batch->items))}, pool.classes);
    }
    if (options.overlap.max > 1) (void)job.next_batch("ann", 5);
    const std::string payload = payload_of(job.snapshot(), kKind);
    int n_restored = 0;
    for (int trial = 0; trial < 700; ++trial) {
      std::string changed = payload;
      std::size_t place = 0;
      do place = random.below(changed.size());
      while (changed[place] < '0' || changed[place] > '9');
      // A number made another, or -1, which stands for "none" in many columns.
      if (random.below(2) == 0) {
        changed[place] = static_cast<char>('0' + random.below(10));
      } else {
        changed.replace(place, 1, "-1");
      }
      try {
        auto restored =
            LabelingJob::restore(framed({.kind = kKind, .payload = changed}), pool.features(), with_centroids());
        ++n_restored;
        const auto report = restored.report();
        REQUIRE(report.n_human + report.n_auto <= report.n_items);
        REQUIRE(std::ssize(restored.labels().item) == report.n_human + report.n_auto);
        (void)sight_of(restored);
        (void)restored.plan();
        (void)restored.workers();
        (void)restored.next_batch();
      } catch (const gtlabel::Error&) {
      }
    }
    CHECK(n_restored > 0);
  }
}

TEST_CASE("LabelingJob snapshot: bytes changed, missing or added are refused") {
  const GaussianPool pool(100, 2, 4.0);
  auto job = make_job(pool, with_centroids());
  answer(job, job.next_batch()->items, pool.classes);
  const auto bytes = job.snapshot();
  const auto restore = [&](const std::string& damaged) {
    return refusal([&] { (void)LabelingJob::restore(damaged, pool.features(), with_centroids()); });
  };
  const std::size_t n_header = 32 + std::string(kKind).size();
  for (std::size_t i = 0; i < bytes.size(); i += i < n_header ? 1 : 37) {
    std::string changed = bytes;
    changed[i] = static_cast<char>(changed[i] ^ 0x10);
    // A header may seem to be a newer one; the payload cannot.
    const ErrorCode code = restore(changed);
    if (i >= n_header) CHECK(code == ErrorCode::archive_damaged);
  }
  for (std::size_t n = 0; n < bytes.size(); n += n < 2 * n_header ? 1 : 101) {
    CHECK(restore(bytes.substr(0, n)) == ErrorCode::archive_damaged);
  }
  CHECK(restore(bytes + "x") == ErrorCode::archive_damaged);
}

TEST_CASE("LabelingJob snapshot: forged bytes are refused, or give a job that can be asked and answered") {
  const GaussianPool pool(60, 2, 3.0);
  LabelingJobOptions options{.target = ErrorTarget{0.3, 0.3}, .batch_size = 10};
  SUBCASE("plain") {}
  SUBCASE("with gold, several people per item and prices of workers") {
    options.overlap.max = 2;
    options.price.per_worker = {{"ann", 0.2}};
    for (ItemIndex item = 0; item < 60; item += 6)
      options.gold.push_back({item, pool.classes[static_cast<std::size_t>(item)]});
    options.gold_rate = 0.5;
  }
  auto job = make_job(pool, options);
  RandomStream random(11, RandomPurpose::user);
  int n_refused = 0, n_restored = 0;
  while (const auto batch = job.next_batch()) {
    answer(job, {batch->items.front()}, pool.classes);
    const std::string payload = payload_of(job.snapshot(), kKind);
    for (int trial = 0; trial < 200; ++trial) {
      std::string forged = payload;
      for (std::uint64_t i = 0; i <= random.below(2); ++i) {
        char& letter = forged[random.below(forged.size())];
        // Digits and base64 letters become others, so that most forgeries are well formed.
        if (letter >= '0' && letter <= '9') {
          letter = static_cast<char>('0' + random.below(10));
        } else if (letter != '\n' && letter != ' ') {
          letter = static_cast<char>('A' + random.below(26));
        }
      }
      try {
        auto restored =
            LabelingJob::restore(framed({.kind = kKind, .payload = forged}), pool.features(), {.n_threads = 1});
        ++n_restored;
        (void)sight_of(restored);
        for (int i = 0; i < 3; ++i) {
          const auto next = restored.next_batch();
          if (!next) break;
          for (const ItemIndex item : next->items) {
            REQUIRE(item >= 0);
            REQUIRE(item < 60);
          }
          answer(restored, next->items, pool.classes);
        }
        (void)sight_of(restored);
      } catch (const Error&) {
        ++n_refused;
      }
    }
    answer(job, Items(batch->items.begin() + 1, batch->items.end()), pool.classes);
  }
  CHECK(n_refused > 0);
  CHECK(n_restored > 0);
}

}  // namespace
