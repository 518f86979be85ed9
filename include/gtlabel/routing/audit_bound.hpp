#pragma once

#include <cstdint>

#include "gtlabel/core/export.hpp"

namespace gtlabel {

/// The arithmetic of the audit ledger (docs/certificate.md derives it). Items are committed with private coins uniform
/// on (0, 1); those with a coin at or below the audit level are checked. With F errors found and U wrong labels
/// unfound,
///     M_b = b^F ((1 - level b) / (1 - level))^U,   0 <= b < 1,
/// is a non-negative martingale from 1, and so is the mixture M over b = 0, 0.05, .., 0.8 with weights (1 - b) / 10.2
/// that is used here; by Ville's inequality M < 1 / failure_probability at all times at once, except with that
/// probability.
/// Related: sequential audits of elections (Stark, ALPHA, 2021) and of means without replacement (Waudby-Smith and
/// Ramdas, 2020), which have one fixed population; here it grows while it is audited.

/// Natural logarithm of the mixture M. Real-valued counts are allowed, for planning.
/// @param errors_found  F >= 0.  @param level  in [0, 1).  @param wrong_unfound  U >= 0.
/// Cost: 17 exponentials (under a microsecond). Thread-safe.
[[nodiscard]] GTLABEL_EXPORT double log_audit_martingale(double errors_found, double level,
                                                         double wrong_unfound) noexcept;

/// The largest U that is still believed: max{U : M < 1 / failure_probability}. At level 0 nothing is known: the largest
/// int64. Cost: some 60 evaluations of M, microseconds. Thread-safe.
[[nodiscard]] GTLABEL_EXPORT std::int64_t max_wrong_unfound(std::int64_t errors_found, double level,
                                                            double failure_probability) noexcept;

}  // namespace gtlabel
