#include "gtlabel/routing/target.hpp"

#include <string>

#include "gtlabel/core/error.hpp"

namespace gtlabel {
namespace {

void require_open_unit(const char* name, double value) {
  if (value > 0.0 && value < 1.0) return;
  throw InvalidArgument(std::string(name) + ": " + std::to_string(value) + " given, expected above 0 and below 1");
}

}  // namespace

void validate(const Target& target) {
  if (const auto* error = std::get_if<ErrorTarget>(&target)) {
    require_open_unit("max_error", error->max_error);
    require_open_unit("failure_probability", error->failure_probability);
    if (error->per_class && error->of == ErrorScope::dataset) {
      throw InvalidArgument("per_class: given with of = dataset, expected with auto_labels");
    }
    return;
  }
  const double confidence = std::get<ConfidenceThreshold>(target).confidence;
  if (confidence > 0.0 && confidence <= 1.0) return;
  throw InvalidArgument("confidence: " + std::to_string(confidence) + " given, expected above 0 and at most 1");
}

}  // namespace gtlabel
