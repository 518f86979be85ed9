#include "jobs/outcome_text.hpp"

#include <cmath>

#include "gtlabel/routing/commit_plan.hpp"
#include "support/percent.hpp"

namespace gtlabel::detail {

std::string too_small(bool is_whole) {
  return std::string(is_whole ? "The pool is" : "What people have not labelled yet is") +
         " too small for automatic labels: auditing them would cost as many people as labelling them.";
}

std::string not_proved(const AutomaticLabels::Withdrawal& withdrawal) {
  const double bound = static_cast<double>(withdrawal.wrong_at_most) / static_cast<double>(withdrawal.items.size());
  return "The audits did not prove the target: of " + std::to_string(withdrawal.n_audited) +
         " automatic labels checked " + std::to_string(withdrawal.n_wrong) + " were wrong, so of the others at most " +
         percent(bound) +
         " were proved to be. They were withdrawn: to prove more would have cost as many people as labelling them.";
}

std::string budget_spent(std::int64_t n_paid, std::int64_t n_answered, std::int64_t n_left, std::int64_t n_delivered,
                         bool is_certified) {
  return "The budget is spent: " + std::to_string(n_paid) + " answers about " + std::to_string(n_answered) +
         " items. " +
         (n_delivered == 0 ? "No automatic label is proved, so none is delivered."
          : is_certified   ? std::string(kCertified)
                           : "The automatic labels follow the plain confidence rule.") +
         (n_left > 0 ? " Without a label: " + std::to_string(n_left) + " items." : "");
}

std::string by_threshold(std::int64_t n_delivered, double expected_wrong) {
  const ErrorTarget target;
  const double audits = expected_audits(n_delivered, expected_wrong / static_cast<double>(n_delivered), target);
  return "The automatic labels follow the plain confidence rule; nothing is certified. " +
         (audits < 0.0 ? "No audit is expected to certify them at " + percent(target.max_error) + "."
                       : "Certifying them at " + percent(target.max_error) + " is expected to cost " +
                             std::to_string(std::llround(audits)) + " audits.");
}

}  // namespace gtlabel::detail
