#include "jobs/report_text.hpp"

#include <cstdio>
#include <variant>

namespace gtlabel::detail {

std::string describe(const Target& target) {
  char text[160];
  if (const auto* error = std::get_if<ErrorTarget>(&target)) {
    std::snprintf(text, sizeof text, "at most %.3g %% of %s wrong, with probability %.3g %%", 100.0 * error->max_error,
                  error->of == ErrorScope::dataset ? "all labels" : "the automatic labels",
                  100.0 * (1.0 - error->failure_probability));
  } else {
    std::snprintf(text, sizeof text, "confidence of at least %.3g (not certified)",
                  std::get<ConfidenceThreshold>(target).confidence);
  }
  return text;
}

}  // namespace gtlabel::detail
