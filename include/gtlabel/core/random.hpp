#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "gtlabel/core/export.hpp"
#include "gtlabel/core/ids.hpp"

namespace gtlabel {

/// What a random stream is for. Streams of one seed with different purposes are independent, so that no purpose can
/// foresee another's numbers: above all, nothing but the audit ledger reads `audit_coins`. Values are part of the
/// snapshot format and never reused.
enum class RandomPurpose : std::uint32_t {
  seed_sample = 1,
  query = 2,
  audit_coins = 3,
  trees = 4,
  consolidation = 5,
  bootstrap = 6,
  workforce = 7,
  gold = 8,
  user = 100
};

/// A counter-based random stream: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC
/// 2011), with distributions of our own, because those of the standard library differ between implementations. The
/// whole state is (seed, purpose, position), so a job can be repeated and resumed exactly. Not thread-safe; copies go
/// on independently.
class GTLABEL_EXPORT RandomStream {
 public:
  RandomStream(std::uint64_t seed, RandomPurpose purpose, std::uint64_t position = 0) noexcept;

  /// The next 64 uniform random bits. Constant time.
  std::uint64_t next() noexcept;
  /// Uniform on the open interval (0, 1), 53 bits.
  double uniform() noexcept;
  /// Uniform integer in [0, n), n >= 1, without modulo bias.
  std::uint64_t below(std::uint64_t n) noexcept;
  /// Fisher-Yates shuffle in place. O(n).
  void shuffle(std::span<ItemIndex> items) noexcept;
  /// How many numbers `next` has given; pass it to the constructor to go on from there.
  [[nodiscard]] std::uint64_t position() const noexcept { return position_; }

 private:
  std::uint64_t seed_;
  std::uint32_t purpose_;
  std::uint64_t position_;
};

/// The four output words of Philox4x32-10 for one counter and key; the published test vectors hold. Constant time.
[[nodiscard]] GTLABEL_EXPORT std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                                                     std::array<std::uint32_t, 2> key) noexcept;

/// A seed from the operating system's random source.
[[nodiscard]] GTLABEL_EXPORT std::uint64_t random_seed();

}  // namespace gtlabel
