#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gtlabel/core/export.hpp"

namespace gtlabel {

/// One fault of a manifest.
struct ManifestFinding {
  std::int64_t line = 0;    ///< from 1
  std::int64_t column = 0;  ///< from 1, in characters
  std::string rule;
  bool is_error = true;        ///< else a warning: the line is read, but hardly as meant
  std::string message;         ///< what is there, and what was expected
  std::string mend;            ///< what to write instead
  std::string consumer;        ///< "ground-truth" or "rekognition": whose rule it is
  std::string consumer_error;  ///< Rekognition's name for it; "" without one
};

/// All faults of a manifest, by line and column.
struct ManifestLint {
  std::int64_t n_lines = 0;
  std::vector<ManifestFinding> findings;
};

/// A rule: its id and what it asks.
struct LintRule {
  std::string_view id;
  std::string_view demand;
};

/// Checks the content of a manifest, or of a sequence file, against everything that Ground Truth and Rekognition Custom
/// Labels ask of it (docs/ground_truth.md). Never stops at a fault, never fails: any bytes give findings; lines longer
/// than 1 MB are not looked into. Linear time in the number of lines; memory for the distinct classes and sources.
/// Thread-safe.
[[nodiscard]] GTLABEL_EXPORT ManifestLint lint_manifest(std::string_view content);

/// Every rule there is, in alphabetical order.
[[nodiscard]] GTLABEL_EXPORT std::span<const LintRule> lint_rules();

}  // namespace gtlabel
