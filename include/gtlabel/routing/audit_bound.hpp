#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "gtlabel/core/export.hpp"

namespace gtlabel {

/// The weights of the mixture below over b = 0, 0.05, .., 0.95. Any are valid that are fixed before the first coin is
/// looked at; the better they foresee how many labels are wrong, the fewer audits are needed. The best single b is
/// about the number of wrong labels over the number that the target allows.
class GTLABEL_EXPORT AuditPrior {
 public:
  /// Nothing is expected: weights 1 - b up to b = 0.8.
  AuditPrior() noexcept;
  /// 0.3 of those, and 0.7 around b = error_ratio: normal in the logarithm, with a standard deviation of 0.5.
  /// @param error_ratio  the expected wrong labels over those that the target allows; below 0.1 it counts as 0.1, above
  /// 0.95 as 0.95. @throws InvalidArgument  negative or NaN.
  explicit AuditPrior(double error_ratio);

  static constexpr int kSize = 20;
  static constexpr double kStep = 0.05;
  /// -infinity where a b has no weight.
  [[nodiscard]] const std::array<double, kSize>& log_weights() const noexcept { return log_weights_; }
  [[nodiscard]] std::optional<double> error_ratio() const noexcept { return error_ratio_; }

 private:
  std::array<double, kSize> log_weights_;
  std::optional<double> error_ratio_;
};

/// The arithmetic of the audit ledger (docs/certificate.md derives it). Items are committed with private coins uniform
/// on (0, 1); those with a coin at or below the audit level are checked. With F errors found and U wrong labels
/// unfound,
///     M_b = b^F ((1 - level b) / (1 - level))^U,   0 <= b < 1,
/// is a non-negative martingale from 1, and so is the mixture M over b with the weights of a prior; by Ville's
/// inequality M < 1 / failure_probability at all times at once, except with that probability.
/// Related: sequential audits of elections (Stark, ALPHA, 2021) and of means without replacement (Waudby-Smith and
/// Ramdas, 2020), which have one fixed population; here it grows while it is audited.

/// Natural logarithm of the mixture M. Real-valued counts are allowed, for planning.
/// @param errors_found  F >= 0.  @param level  in [0, 1).  @param wrong_unfound  U >= 0.
/// Cost: 20 exponentials (under a microsecond). Thread-safe.
[[nodiscard]] GTLABEL_EXPORT double log_audit_martingale(double errors_found, double level, double wrong_unfound,
                                                         const AuditPrior& prior = {}) noexcept;

/// The largest U that is still believed: max{U : M < 1 / failure_probability}. At level 0 nothing is known: the largest
/// int64. Cost: some 60 evaluations of M, microseconds. Thread-safe.
[[nodiscard]] GTLABEL_EXPORT std::int64_t max_wrong_unfound(std::int64_t errors_found, double level,
                                                            double failure_probability,
                                                            const AuditPrior& prior = {}) noexcept;

}  // namespace gtlabel
