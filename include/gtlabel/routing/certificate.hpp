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

}  // namespace gtlabel
