#include "gtlabel/models/training_set.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "gtlabel/core/error.hpp"
#include "gtlabel/core/random.hpp"
#include "gtlabel/storage/snapshot.hpp"
#include "statistics.hpp"
#include "storage/framing.hpp"

namespace {

using namespace gtlabel;
using Items = std::vector<ItemIndex>;
using Floats = std::vector<float>;

MatrixView<const float> rows_of(const Floats& values, std::ptrdiff_t cols) {
  return {values.data(), static_cast<std::ptrdiff_t>(values.size()) / cols, cols};
}

Floats row_of(const TrainingSet& set, std::ptrdiff_t position) {
  const auto row = set.targets().row(position);
  return {row.begin(), row.end()};
}

Items items_of(const TrainingSet& set) { return {set.items().begin(), set.items().end()}; }
Floats weights_of(const TrainingSet& set) { return {set.weights().begin(), set.weights().end()}; }

void check_same(const TrainingSet& a, const TrainingSet& b) {
  CHECK(a.n_classes() == b.n_classes());
  CHECK(items_of(a) == items_of(b));
  CHECK(weights_of(a) == weights_of(b));
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    const auto p = static_cast<std::ptrdiff_t>(i);
    CHECK(row_of(a, p) == row_of(b, p));
    CHECK(a.position(b.items()[i]) == p);
  }
}

TrainingSet three_items() {
  TrainingSet set(2);
  const Floats targets = {1.0F, 0.0F, 0.25F, 0.75F, 0.0F, 1.0F};
  set.merge(Items{70, 3, 12}, rows_of(targets, 2), Floats{1.0F, 2.0F, 0.5F});
  return set;
}

/// The bytes of a training set as its writer lays them out, free to be wrong.
struct Fields {
  std::int32_t n_classes = 2;
  Items items = {70, 3};
  Floats targets = {1.0F, 0.0F, 0.25F, 0.75F};
  Floats weights = {1.0F, 2.0F};
  std::uint32_t version = 1;
  std::string section = "training_set";

  [[nodiscard]] std::string bytes() const {
    SnapshotWriter writer;
    writer.section(section, version);
    writer.write(n_classes);
    writer.write(std::span<const std::int64_t>(items));
    writer.write(std::span<const float>(targets));
    writer.write(std::span<const float>(weights));
    return writer.finish("training_set");
  }
};

TrainingSet loaded(const std::string& bytes) {
  SnapshotReader reader(bytes, "training_set");
  return TrainingSet::load(reader);
}

std::string bytes_of(const TrainingSet& set) {
  SnapshotWriter writer;
  set.save(writer);
  return writer.finish("training_set");
}

/// What loading throws; a load that succeeds fails the test.
ErrorCode refusal(const Fields& fields) {
  try {
    static_cast<void>(loaded(fields.bytes()));
  } catch (const ArchiveError& error) {
    return error.code();
  }
  FAIL("nothing was refused");
  return {};
}

TEST_CASE("TrainingSet: is empty at first and knows its number of classes") {
  const TrainingSet set(3);
  CHECK(set.n_classes() == 3);
  CHECK(set.size() == 0);
  CHECK(set.position(0) == -1);
  CHECK(set.targets().rows == 0);
}

TEST_CASE("TrainingSet: keeps items in the order in which they were first labelled, with their rows and weights") {
  const auto set = three_items();
  CHECK(items_of(set) == Items{70, 3, 12});
  CHECK(weights_of(set) == Floats{1.0F, 2.0F, 0.5F});
  CHECK(row_of(set, 1) == Floats{0.25F, 0.75F});
  CHECK(set.position(70) == 0);
  CHECK(set.position(12) == 2);
  CHECK(set.position(4) == -1);
}

TEST_CASE("TrainingSet: a label given again replaces the old one in place, weight included") {
  auto set = three_items();
  const Floats targets = {0.5F, 0.5F, 1.0F, 0.0F};
  set.merge(Items{3, 99}, rows_of(targets, 2), Floats{4.0F, 5.0F});
  CHECK(items_of(set) == Items{70, 3, 12, 99});
  CHECK(weights_of(set) == Floats{1.0F, 4.0F, 0.5F, 5.0F});
  CHECK(row_of(set, 0) == Floats{1.0F, 0.0F});
  CHECK(row_of(set, 1) == Floats{0.5F, 0.5F});
  CHECK(row_of(set, 2) == Floats{0.0F, 1.0F});
  CHECK(row_of(set, 3) == Floats{1.0F, 0.0F});
}

TEST_CASE("TrainingSet: an item that stands twice in one merge keeps the later row") {
  TrainingSet set(2);
  const Floats targets = {1.0F, 0.0F, 0.0F, 1.0F};
  set.merge(Items{5, 5}, rows_of(targets, 2), {});
  CHECK(set.size() == 1);
  CHECK(row_of(set, 0) == Floats{0.0F, 1.0F});
}

TEST_CASE("TrainingSet: without weights each item weighs 1, also one that weighed more before") {
  auto set = three_items();
  const Floats targets = {0.0F, 1.0F};
  set.merge(Items{3}, rows_of(targets, 2), {});
  CHECK(weights_of(set) == Floats{1.0F, 1.0F, 0.5F});
}

TEST_CASE("TrainingSet: rows may lie further apart than their columns") {
  TrainingSet set(2);
  const Floats strided = {1.0F, 0.0F, 9.0F, 0.25F, 0.75F, 9.0F};
  set.merge(Items{1, 2}, MatrixView<const float>(strided.data(), 2, 2, 3), {});
  CHECK(row_of(set, 0) == Floats{1.0F, 0.0F});
  CHECK(row_of(set, 1) == Floats{0.25F, 0.75F});
}

TEST_CASE("TrainingSet: a subset has the given positions in their order, and is independent") {
  auto set = three_items();
  auto part = set.subset(std::vector<std::ptrdiff_t>{2, 0});
  CHECK(part.n_classes() == 2);
  CHECK(items_of(part) == Items{12, 70});
  CHECK(weights_of(part) == Floats{0.5F, 1.0F});
  CHECK(row_of(part, 0) == Floats{0.0F, 1.0F});
  CHECK(part.position(12) == 0);
  CHECK(part.position(3) == -1);
  const Floats other = {0.5F, 0.5F};
  part.merge(Items{12}, rows_of(other, 2), {});
  CHECK(row_of(set, 2) == Floats{0.0F, 1.0F});
  CHECK(set.subset({}).size() == 0);
}

TEST_CASE("TrainingSet: save and load give the same set, empty or not, which takes labels as before") {
  check_same(loaded(bytes_of(TrainingSet(4))), TrainingSet(4));
  auto set = three_items();
  auto copy = loaded(bytes_of(set));
  check_same(copy, set);
  const Floats targets = {0.5F, 0.5F, 1.0F, 0.0F};
  for (TrainingSet* s : {&set, &copy}) s->merge(Items{3, 99}, rows_of(targets, 2), {});
  check_same(copy, set);
  CHECK(bytes_of(copy) == bytes_of(set));
}

TEST_CASE("TrainingSet: bytes whose sizes do not agree are refused") {
  CHECK_NOTHROW(static_cast<void>(loaded(Fields{}.bytes())));
  CHECK(refusal({.n_classes = 3}) == ErrorCode::archive_damaged);
  CHECK(refusal({.n_classes = -2}) == ErrorCode::archive_damaged);
  CHECK(refusal({.n_classes = std::numeric_limits<std::int32_t>::max()}) == ErrorCode::archive_damaged);
  CHECK(refusal({.items = {}}) == ErrorCode::archive_damaged);
  CHECK(refusal({.items = {70, 3, 5}}) == ErrorCode::archive_damaged);
  CHECK(refusal({.targets = {1.0F, 0.0F}}) == ErrorCode::archive_damaged);
  CHECK(refusal({.targets = {1.0F, 0.0F, 1.0F, 0.0F, 1.0F}}) == ErrorCode::archive_damaged);
  CHECK(refusal({.weights = {1.0F}}) == ErrorCode::archive_damaged);
}

TEST_CASE("TrainingSet: bytes with values that no label can have are refused") {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN(), kInfinity = std::numeric_limits<float>::infinity();
  for (const float bad : {kNan, kInfinity, -0.1F, 2.0F}) {
    CHECK(refusal({.targets = {1.0F, 0.0F, bad, 0.75F}}) == ErrorCode::archive_damaged);
  }
  for (const float bad : {kNan, kInfinity, -1.0F, 0.0F}) {
    CHECK(refusal({.weights = {1.0F, bad}}) == ErrorCode::archive_damaged);
  }
  CHECK(refusal({.items = {70, 70}}) == ErrorCode::archive_damaged);
}

TEST_CASE("TrainingSet: a newer section is refused as too new, another one as damaged") {
  CHECK(refusal({.version = 1000}) == ErrorCode::archive_too_new);
  CHECK(refusal({.section = "setup"}) == ErrorCode::archive_damaged);
}

TEST_CASE("TrainingSet: payloads of random damage load or are refused, and never do anything else") {
  RandomStream random(3, RandomPurpose::user);
  const gtlabel_test::Frame frame{.kind = "training_set",
                                  .payload = gtlabel_test::payload_of(bytes_of(three_items()), "training_set")};
  REQUIRE(loaded(gtlabel_test::framed(frame)).size() == 3);
  std::int64_t n_refused = 0;
  for (int trial = 0; trial < 2000; ++trial) {
    auto damaged = frame;
    for (std::uint64_t i = 0; i <= random.below(3); ++i) {
      damaged.payload[random.below(damaged.payload.size())] = static_cast<char>(random.below(256));
    }
    try {
      const auto set = loaded(gtlabel_test::framed(damaged));
      CHECK(set.position(set.size() == 0 ? 0 : set.items().back()) == static_cast<std::ptrdiff_t>(set.size()) - 1);
    } catch (const ArchiveError&) {
      ++n_refused;
    }
  }
  CHECK(n_refused > 0);
}

TEST_CASE("fold_of: an item's fold is one of the folds and always the same; folds are about equally large") {
  std::vector<std::int64_t> sizes(5, 0);
  for (ItemIndex item = 0; item < 50'000; ++item) {
    const int fold = fold_of(item, 5);
    REQUIRE(fold >= 0);
    REQUIRE(fold < 5);
    ++sizes[static_cast<std::size_t>(fold)];
  }
  CHECK(gtlabel_test::chi_square(sizes) < gtlabel_test::chi_square_limit(4));
  CHECK(fold_of(12'345, 5) == fold_of(12'345, 5));
  CHECK(fold_of(std::numeric_limits<ItemIndex>::max(), 1) == 0);
}

TEST_CASE("fold_of: items that stand at regular distances are spread over all folds too") {
  for (const ItemIndex stride : {2, 5, 10, 100, 1024}) {
    std::vector<std::int64_t> sizes(5, 0);
    for (ItemIndex i = 0; i < 5000; ++i) ++sizes[static_cast<std::size_t>(fold_of(i * stride, 5))];
    CHECK(gtlabel_test::chi_square(sizes) < gtlabel_test::chi_square_limit(4));
  }
}

}  // namespace
