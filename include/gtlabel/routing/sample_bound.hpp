#pragma once

#include <cstdint>
#include <span>

#include "gtlabel/core/export.hpp"

namespace gtlabel {

/// How many items of a pool are wrong at most, by a random sample of it that may be looked at after every draw. With K
/// wrong of N, the share of wrong ones among what is left before draw t is p_t, known but for K, and
///     M_b = product over draws of (b if the draw was wrong, else (1 - b p_t) / (1 - p_t)),   0 <= b < 1,
/// is a non-negative martingale from 1, and so is the mixture over b that audits use (audit_bound.hpp). By Ville's
/// inequality M stays below 1 / failure_probability at all times at once, except with that probability. M grows with K,
/// so the largest K for which it does is an upper bound.
/// @param is_wrong  per item drawn, in the order of the draws: whether it was wrong. Drawn at random without putting
///                  back.
/// @param n_pool    items of the pool, the drawn ones included.
/// @param failure_probability  in (0, 1).
/// @return drawn and other items together; n_pool if nothing is drawn.
/// Cost: draws x 17 x log2(n_pool). Thread-safe. @throws InvalidArgument  more draws than items, a probability out of
/// range.
/// Related: Waudby-Smith and Ramdas, "Confidence sequences for sampling without replacement" (2020).
[[nodiscard]] GTLABEL_EXPORT std::int64_t max_wrong_in_pool(std::span<const std::uint8_t> is_wrong, std::int64_t n_pool,
                                                            double failure_probability);

}  // namespace gtlabel
