#include "jobs/report_text.hpp"

#include <variant>

#include "support/percent.hpp"

namespace gtlabel::detail {

std::string describe(const Target& target) {
  if (const auto* error = std::get_if<ErrorTarget>(&target)) {
    return "at most " + percent(error->max_error) + " of " +
           (error->of == ErrorScope::dataset ? "all labels" : "the automatic labels") +
           (error->per_class ? " of each class" : "") + " wrong, with probability " +
           percent(1.0 - error->failure_probability);
  }
  return "confidence of at least " + percent(std::get<ConfidenceThreshold>(target).confidence) + ", not certified";
}

}  // namespace gtlabel::detail
