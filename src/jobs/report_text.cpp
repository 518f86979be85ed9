#include "jobs/report_text.hpp"

#include <cstdio>
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

std::string describe(const Price& price) {
  const auto in_words = [](double amount) {
    char text[32];
    std::snprintf(text, sizeof text, "%.10g", amount);
    return std::string(text);
  };
  std::string words = in_words(price.per_answer) + " " + price.currency + " an answer";
  for (const auto& [worker, own] : price.per_worker) words += ", " + in_words(own) + " of " + worker;
  return words;
}

}  // namespace gtlabel::detail
