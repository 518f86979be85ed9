#include "gtlabel/routing/certificate.hpp"

#include <algorithm>

#include "gtlabel/core/error.hpp"
#include "support/percent.hpp"

namespace gtlabel {
namespace {

using detail::percent;

std::string evidence_of(const Certificate& certificate) {
  return "Evidence: " + std::to_string(certificate.audited) +
         " labels drawn by coin were checked by people, wrong ones found: " + std::to_string(certificate.errors_found) +
         ".";
}

constexpr std::string_view kOutside = " Mistakes of the people themselves are outside this statement.";

std::string statement_about_truth(const TruthBound& truth, ErrorScope of) {
  return " Against the truth: of " + std::to_string(truth.n_gold) +
         " items whose class was known beforehand people's answer was wrong for " + std::to_string(truth.n_gold_wrong) +
         ". If those are a random sample of the pool, then, with probability at least " +
         percent(1.0 - truth.failure_probability) + " for all of this together, people would be wrong about at most " +
         std::to_string(truth.people_wrong_at_most) + " items, so at most " + std::to_string(truth.wrong_at_most) +
         (of == ErrorScope::dataset ? " labels (" + percent(truth.bound) + " of the dataset)"
                                    : " automatic labels (" + percent(truth.bound) + ")") +
         " are wrong.";
}

std::string statement_of(const Certificate& certificate, std::string_view reference) {
  const bool whole_dataset = certificate.of == ErrorScope::dataset;
  return "With probability at least " + percent(1.0 - certificate.failure_probability) + ", at most " +
         std::to_string(certificate.wrong_at_most) + " of the " + std::to_string(certificate.delivered) +
         " automatic labels (" + percent(certificate.bound) + (whole_dataset ? " of the dataset" : "") + ")" +
         " differ from " + std::string(reference) + "; the target was " + percent(certificate.max_error) + ". " +
         evidence_of(certificate);
}

std::string statement_by_class(const Certificate& certificate, std::string_view reference) {
  const auto worst = std::max_element(certificate.by_class.begin(), certificate.by_class.end(),
                                      [](const auto& a, const auto& b) { return a.bound < b.bound; });
  const std::size_t n = certificate.by_class.size();
  return "With probability at least " + percent(1.0 - certificate.failure_probability) +
         ", of the automatic labels of " +
         (n == 1 ? "the one class that has any" : "each of the " + std::to_string(n) + " classes that have any") +
         " at most " + percent(worst->bound) + " differ from " + std::string(reference) + "; the target was " +
         percent(certificate.max_error) + " of each class. " + evidence_of(certificate);
}

void require_at_least(double failure_probability, const ErrorTarget& target) {
  validate(target);
  if (failure_probability <= target.failure_probability) return;
  throw InvalidArgument("failure_probability: the ledger keeps " + std::to_string(failure_probability) +
                        ", the target asks for " + std::to_string(target.failure_probability));
}

/// What one or several ledgers have to say together, whether it meets the target or not.
template <class Ledger>
Certificate account_of(const Ledger& ledger, const ErrorTarget& target, std::int64_t n_items) {
  require_at_least(ledger.failure_probability(), target);
  Certificate account{.max_error = target.max_error,
                      .failure_probability = ledger.failure_probability(),
                      .of = target.of,
                      .delivered = ledger.n_delivered(),
                      .audited = ledger.n_audited(),
                      .errors_found = ledger.errors_found(),
                      .wrong_at_most = ledger.wrong_at_most(),
                      .bound = 1.0,
                      .by_class = {},
                      .truth = {},
                      .statement = {}};
  if (n_items < account.delivered) {
    throw InvalidArgument("n_items: " + std::to_string(n_items) + " given, expected at least the " +
                          std::to_string(account.delivered) + " labels delivered");
  }
  const auto scope = static_cast<double>(target.of == ErrorScope::dataset ? n_items : account.delivered);
  if (scope > 0.0) account.bound = static_cast<double>(account.wrong_at_most) / scope;
  return account;
}

bool meets(std::int64_t wrong, double scope, const ErrorTarget& target) {
  return static_cast<double>(wrong) <= target.max_error * scope;
}

template <class Ledger>
std::optional<Certificate> certify_together(const Ledger& ledger, const ErrorTarget& target, std::int64_t n_items,
                                            std::string_view reference) {
  Certificate account = account_of(ledger, target, n_items);
  const auto scope = static_cast<double>(target.of == ErrorScope::dataset ? n_items : account.delivered);
  if (account.delivered == 0 || !meets(account.wrong_at_most, scope, target)) return std::nullopt;
  account.statement = statement_of(account, reference) + std::string(kOutside);
  return account;
}

std::optional<Certificate> certify_by_class(const AuditLedgers& ledgers, const ErrorTarget& target,
                                            std::int64_t n_items, std::string_view reference) {
  Certificate account = account_of(ledgers, target, n_items);
  if (account.delivered == 0) return std::nullopt;
  for (std::size_t c = 0; c < ledgers.size(); ++c) {
    const AuditLedger& ledger = ledgers[c];
    if (ledger.n_delivered() == 0) continue;
    const auto delivered = static_cast<double>(ledger.n_delivered());
    const std::int64_t wrong = ledger.wrong_at_most();
    if (!meets(wrong, delivered, target)) return std::nullopt;
    account.by_class.push_back({static_cast<ClassIndex>(c), ledger.n_delivered(), ledger.n_audited(),
                                ledger.errors_found(), wrong, static_cast<double>(wrong) / delivered});
  }
  account.statement = statement_by_class(account, reference) + std::string(kOutside);
  return account;
}

}  // namespace

std::optional<Certificate> certify(const AuditLedger& ledger, const ErrorTarget& target, std::int64_t n_items,
                                   std::string_view reference) {
  if (target.per_class) throw InvalidArgument("per_class: asked of one ledger, expected AuditLedgers, one per class");
  return certify_together(ledger, target, n_items, reference);
}

std::optional<Certificate> certify(const AuditLedgers& ledgers, const ErrorTarget& target, std::int64_t n_items,
                                   std::string_view reference) {
  if (!target.per_class) return certify_together(ledgers, target, n_items, reference);
  if (ledgers.size() == 1) throw InvalidArgument("per_class: asked of one ledger, expected one per class");
  return certify_by_class(ledgers, target, n_items, reference);
}

void add_truth(Certificate& certificate, std::int64_t n_gold, std::int64_t n_gold_wrong,
               std::int64_t people_wrong_at_most, double failure_probability, std::int64_t n_items) {
  if (n_items < certificate.delivered) {
    throw InvalidArgument("n_items: " + std::to_string(n_items) + " given, expected at least the " +
                          std::to_string(certificate.delivered) + " labels delivered");
  }
  // Any of the items that people get wrong may be among the delivered ones; in a dataset people's own labels count too.
  const std::int64_t scope = certificate.of == ErrorScope::dataset ? n_items : certificate.delivered;
  const std::int64_t wrong = std::min(scope, certificate.wrong_at_most + people_wrong_at_most);
  const double bound = scope > 0 ? static_cast<double>(wrong) / static_cast<double>(scope) : 0.0;
  certificate.truth = TruthBound{n_gold, n_gold_wrong, people_wrong_at_most, wrong, bound, failure_probability};
  if (certificate.statement.ends_with(kOutside)) {
    certificate.statement.resize(certificate.statement.size() - kOutside.size());
  }
  certificate.statement += statement_about_truth(*certificate.truth, certificate.of);
}

}  // namespace gtlabel
