#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gtlabel/core/export.hpp"
#include "gtlabel/core/ids.hpp"
#include "gtlabel/routing/audit_ledger.hpp"
#include "gtlabel/routing/audit_ledgers.hpp"
#include "gtlabel/routing/target.hpp"

namespace gtlabel {

/// What is certified of the automatic labels that name one class.
struct ClassCertificate {
  ClassIndex class_index = 0;
  std::int64_t delivered = 0;
  std::int64_t audited = 0;
  std::int64_t errors_found = 0;
  std::int64_t wrong_at_most = 0;
  double bound = 0.0;  ///< wrong_at_most over delivered, <= max_error
};

/// What is known of the automatic labels' error against the truth, by items of which the host knows it.
struct TruthBound {
  std::int64_t n_gold = 0;                ///< such items that people were asked about, unseen among the others
  std::int64_t n_gold_wrong = 0;          ///< of those, where people's answer was wrong
  std::int64_t people_wrong_at_most = 0;  ///< items of the pool for which it would be
  std::int64_t wrong_at_most = 0;         ///< labels in scope (of = dataset: people's too) that differ from the truth
  double bound = 0.0;                     ///< wrong_at_most over the labels in scope
  double failure_probability = 0.0;       ///< that this or the certificate is false, both together
};

/// The statement that delivered automatic labels meet an ErrorTarget.
struct Certificate {
  double max_error = 0.0;            ///< the target
  double failure_probability = 0.0;  ///< of the statement, over the audit's coins
  ErrorScope of = ErrorScope::auto_labels;
  std::int64_t delivered = 0;      ///< automatic labels that it speaks about
  std::int64_t audited = 0;        ///< committed labels that humans checked
  std::int64_t errors_found = 0;   ///< of those, wrong (now corrected by the human answer)
  std::int64_t wrong_at_most = 0;  ///< upper bound on wrong labels among the delivered
  double bound = 0.0;              ///< wrong_at_most over the labels in scope: the certified error rate, <= max_error
  std::vector<ClassCertificate> by_class;  ///< with per_class: the classes that have automatic labels, ascending
  std::optional<TruthBound> truth;         ///< with gold that is a random sample of the pool
  std::string statement;                   ///< the above in plain words, with what "wrong" means
};

/// What an automatic label is compared with, in the words of a certificate's statement.
inline constexpr std::string_view kOneAnswer = "the answer that the job's own people would have given";

/// The certificate that a ledger supports now, or nothing if its bound does not meet the target or nothing is
/// delivered.
/// @param n_items    size of the pool, the denominator of ErrorScope::dataset.
/// @param reference  what "wrong" differs from, for the statement.
/// @throws InvalidArgument  a target that asks for a smaller failure probability than the ledger's, or of one ledger
/// for every class by itself; fewer items than are delivered.
[[nodiscard]] GTLABEL_EXPORT std::optional<Certificate> certify(const AuditLedger& ledger, const ErrorTarget& target,
                                                                std::int64_t n_items,
                                                                std::string_view reference = kOneAnswer);
/// The same of several ledgers. With per_class each that delivers has to meet the target by itself; without, all
/// together.
[[nodiscard]] GTLABEL_EXPORT std::optional<Certificate> certify(const AuditLedgers& ledgers, const ErrorTarget& target,
                                                                std::int64_t n_items,
                                                                std::string_view reference = kOneAnswer);

/// Adds to a certificate what gold tells: an automatic label that is not the truth differs from people's answer, or
/// that answer is wrong; so wrong labels are at most those of the certificate and the items that people would get
/// wrong.
/// @param failure_probability  that one of both is false: of the certificate's ledgers and of people_wrong_at_most.
/// @throws InvalidArgument  fewer items than are delivered.
GTLABEL_EXPORT void add_truth(Certificate& certificate, std::int64_t n_gold, std::int64_t n_gold_wrong,
                              std::int64_t people_wrong_at_most, double failure_probability, std::int64_t n_items);

}  // namespace gtlabel
