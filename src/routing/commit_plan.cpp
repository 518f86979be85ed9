#include "gtlabel/routing/commit_plan.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "gtlabel/routing/audit_bound.hpp"

namespace gtlabel {
namespace {

constexpr double kLevelStep = 1.08;
constexpr double kHighestLevel = 0.95;
constexpr int kPrefixes = 100;

/// The audit of a would-be commit: `n_commit` more items of which `wrong` are expected to be wrong.
class Forecast {
 public:
  Forecast(const AuditState& state, const ErrorTarget& target, std::int64_t n_items)
      : state_(state),
        target_(target),
        n_items_(static_cast<double>(n_items)),
        limit_(-std::log(target.failure_probability)) {}

  /// Delivered labels left after auditing up to `level`.
  [[nodiscard]] double delivered(double n_commit, double level) const {
    return static_cast<double>(state_.delivered) * (1.0 - newly_audited(level)) + n_commit * (1.0 - level);
  }

  [[nodiscard]] double audits(double n_commit, double level) const {
    return static_cast<double>(state_.delivered) * newly_audited(level) + n_commit * level;
  }

  /// Wrong labels expected over those allowed.
  [[nodiscard]] double error_ratio(double n_commit, double wrong) const {
    const double allowed = std::max(1.0, target_.max_error * scope_of(n_commit));
    return (wrong + state_.expected_wrong) / allowed;
  }

  [[nodiscard]] bool certifies(double n_commit, double wrong, double level, const AuditPrior& prior) const {
    const double scope = target_.of == ErrorScope::dataset ? n_items_ : delivered(n_commit, level);
    const double allowed = std::floor(target_.max_error * scope) + static_cast<double>(state_.known_wrong);
    const double found =
        static_cast<double>(state_.errors_found) + wrong * level + state_.expected_wrong * newly_audited(level);
    return level > 0.0 && log_audit_martingale(found, level, allowed + 1.0, prior) >= limit_;
  }

  /// The lowest level, from the present one up, at which the expected findings certify.
  [[nodiscard]] std::optional<double> lowest_level(double n_commit, double wrong) const {
    // Too many expected errors: no level will do, and most prefixes that fail do so here.
    if (wrong + state_.expected_wrong >
        target_.max_error * scope_of(n_commit) + static_cast<double>(state_.known_wrong))
      return std::nullopt;
    const AuditPrior prior = state_.prior ? *state_.prior : AuditPrior(error_ratio(n_commit, wrong));
    for (double level = std::max(state_.level, first_level(n_commit)); level < kHighestLevel; level *= kLevelStep) {
      if (certifies(n_commit, wrong, level, prior)) return level;
    }
    return std::nullopt;
  }

 private:
  [[nodiscard]] double scope_of(double n_commit) const {
    return target_.of == ErrorScope::dataset ? n_items_ : static_cast<double>(state_.delivered) + n_commit;
  }

  /// Share of the delivered items that become due when the level rises.
  [[nodiscard]] double newly_audited(double level) const { return (level - state_.level) / (1.0 - state_.level); }

  /// With no error found, -ln(1 - level) = ln(1/delta) / allowed certifies, and no lower level ever does.
  [[nodiscard]] double first_level(double n_commit) const {
    const double allowed = target_.max_error * scope_of(n_commit) + static_cast<double>(state_.known_wrong) + 1.0;
    return 1.0 - std::exp(-limit_ / allowed);
  }

  AuditState state_;
  ErrorTarget target_;
  double n_items_;
  double limit_;
};

}  // namespace

CommitPlan plan_commit(std::span<const double> risks, const AuditState& state, const ErrorTarget& target,
                       std::int64_t n_items) {
  const Forecast forecast(state, target, n_items);
  const auto n_undecided = static_cast<std::int64_t>(risks.size());
  std::vector<double> wrong(risks.size() + 1, 0.0);
  for (std::size_t i = 0; i < risks.size(); ++i) wrong[i + 1] = wrong[i] + risks[i];

  // Without a certificate everything goes to people, what was committed included.
  CommitPlan best{.n_commit = 0,
                  .level = state.level,
                  .expected_humans = static_cast<double>(n_undecided + (state.is_certified ? 0 : state.delivered)),
                  .expected_wrong = 0.0,
                  .certifies = state.is_certified};
  std::int64_t last = -1;
  for (int step = 0; step <= kPrefixes; ++step) {
    const std::int64_t n_commit = n_undecided * step / kPrefixes;
    if (n_commit == last || n_commit + state.delivered == 0) continue;
    last = n_commit;
    const auto k = static_cast<double>(n_commit);
    const double k_wrong = wrong[static_cast<std::size_t>(n_commit)];
    const auto level = forecast.lowest_level(k, k_wrong);
    if (!level) continue;
    const double humans = static_cast<double>(n_undecided - n_commit) + forecast.audits(k, *level);
    if (humans < best.expected_humans)
      best = {n_commit, *level, humans, k_wrong, forecast.error_ratio(k, k_wrong), true};
  }
  return best;
}

double expected_audits(std::int64_t n_items, double error_rate, const ErrorTarget& target) {
  const auto n = static_cast<double>(n_items);
  const Forecast forecast(AuditState{}, target, n_items);
  const auto level = forecast.lowest_level(n, n * error_rate);
  return level ? forecast.audits(n, *level) : -1.0;
}

}  // namespace gtlabel
