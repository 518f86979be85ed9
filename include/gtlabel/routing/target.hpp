#pragma once

#include <variant>

#include "gtlabel/core/export.hpp"

namespace gtlabel {

/// What an error target speaks about.
enum class ErrorScope {
  auto_labels,  ///< at most max_error of the delivered automatic labels are wrong
  dataset,      ///< wrong automatic labels are at most max_error of the whole pool (weaker: human labels dilute it)
};

/// The certified target: with probability at least 1 - failure_probability over the audit's own coins, at most
/// max_error of the labels in scope are wrong, where "wrong" means: differs from what the job's own human answer would
/// be.
struct ErrorTarget {
  double max_error = 0.05;            ///< in (0, 1)
  double failure_probability = 0.05;  ///< in (0, 1)
  ErrorScope of = ErrorScope::auto_labels;
  /// Of the labels that name a class at most max_error are wrong, for every class at once; only with auto_labels. A
  /// class whose labels do not pay for a certificate of their own gets no automatic ones. It speaks of labels that name
  /// the class, not of items that belong to it: docs/certificate.md.
  bool per_class = false;
};

/// The plain rule: label automatically where the confidence is at or above a value. Nothing is certified.
struct ConfidenceThreshold {
  double confidence = 0.9;  ///< in (0, 1]
};

using Target = std::variant<ErrorTarget, ConfidenceThreshold>;

/// @throws InvalidArgument  a value outside its range, naming it; per_class of the whole dataset.
GTLABEL_EXPORT void validate(const Target& target);

}  // namespace gtlabel
