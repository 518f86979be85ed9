#include "gtlabel/jobs/batch.hpp"

namespace gtlabel {

const char* to_string(Purpose purpose) noexcept {
  switch (purpose) {
    case Purpose::seed: return "seed";
    case Purpose::query: return "query";
    case Purpose::audit: return "audit";
    case Purpose::review: return "review";
  }
  return "unknown";
}

}  // namespace gtlabel
