#include "gtlabel/routing/certificate.hpp"

#include "gtlabel/core/error.hpp"
#include "support/percent.hpp"

namespace gtlabel {
namespace {

using detail::percent;

std::string statement_of(const Certificate& certificate) {
  const bool whole_dataset = certificate.of == ErrorScope::dataset;
  return "With probability at least " + percent(1.0 - certificate.failure_probability) + ", at most " +
         std::to_string(certificate.wrong_at_most) + " of the " + std::to_string(certificate.delivered) +
         " automatic labels (" + percent(certificate.bound) + (whole_dataset ? " of the dataset" : "") +
         ") differ from the answer that the job's own people would have given; the target was " +
         percent(certificate.max_error) + ". Evidence: " + std::to_string(certificate.audited) +
         " labels drawn by coin were checked by people, wrong ones found: " + std::to_string(certificate.errors_found) +
         ". Mistakes of the people themselves are outside this statement.";
}

}  // namespace

std::optional<Certificate> certify(const AuditLedger& ledger, const ErrorTarget& target, std::int64_t n_items) {
  validate(target);
  if (ledger.failure_probability() > target.failure_probability) {
    throw InvalidArgument("failure_probability: the ledger keeps " + std::to_string(ledger.failure_probability()) +
                          ", the target asks for " + std::to_string(target.failure_probability));
  }
  const std::int64_t delivered = ledger.n_delivered();
  if (n_items < delivered) {
    throw InvalidArgument("n_items: " + std::to_string(n_items) + " given, expected at least the " +
                          std::to_string(delivered) + " labels delivered");
  }
  const std::int64_t wrong = ledger.wrong_at_most();
  const auto scope = static_cast<double>(target.of == ErrorScope::dataset ? n_items : delivered);
  if (delivered == 0 || static_cast<double>(wrong) > target.max_error * scope) return std::nullopt;
  Certificate certificate{.max_error = target.max_error,
                          .failure_probability = ledger.failure_probability(),
                          .of = target.of,
                          .delivered = delivered,
                          .audited = ledger.n_audited(),
                          .errors_found = ledger.errors_found(),
                          .wrong_at_most = wrong,
                          .bound = static_cast<double>(wrong) / scope,
                          .statement = {}};
  certificate.statement = statement_of(certificate);
  return certificate;
}

}  // namespace gtlabel
