#include "gtlabel/core/random.hpp"

#include <random>
#include <utility>

namespace gtlabel {

std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                        std::array<std::uint32_t, 2> key) noexcept {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t product0 = std::uint64_t{0xD2511F53u} * counter[0];
    const std::uint64_t product1 = std::uint64_t{0xCD9E8D57u} * counter[2];
    counter = {static_cast<std::uint32_t>(product1 >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(product1),
               static_cast<std::uint32_t>(product0 >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(product0)};
    key[0] += 0x9E3779B9u;
    key[1] += 0xBB67AE85u;
  }
  return counter;
}

RandomStream::RandomStream(std::uint64_t seed, RandomPurpose purpose, std::uint64_t position) noexcept
    : seed_(seed), purpose_(static_cast<std::uint32_t>(purpose)), position_(position) {}

std::uint64_t RandomStream::next() noexcept {
  const auto words =
      philox4x32({static_cast<std::uint32_t>(position_), static_cast<std::uint32_t>(position_ >> 32), 0u, purpose_},
                 {static_cast<std::uint32_t>(seed_), static_cast<std::uint32_t>(seed_ >> 32)});
  ++position_;
  return (std::uint64_t{words[1]} << 32) | words[0];
}

double RandomStream::uniform() noexcept { return (static_cast<double>(next() >> 11) + 0.5) * 0x1.0p-53; }

std::uint64_t RandomStream::below(std::uint64_t n) noexcept {
  const std::uint64_t unbiased = n * (~std::uint64_t{0} / n);
  std::uint64_t bits = next();
  while (bits >= unbiased) bits = next();
  return bits % n;
}

void RandomStream::shuffle(std::span<ItemIndex> items) noexcept {
  for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
}

std::uint64_t random_seed() {
  std::random_device source;
  return (std::uint64_t{source()} << 32) | source();
}

}  // namespace gtlabel
