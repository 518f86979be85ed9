#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "gtlabel/core/executor.hpp"
#include "gtlabel/core/export.hpp"
#include "gtlabel/dataset/vote_table.hpp"
#include "gtlabel/metrics/wilson_interval.hpp"

/// How far people agree beyond chance: 1 is full agreement, 0 what chance gives, below 0 is worse than chance. NaN
/// where it is not defined: nobody answered what another did, or all answers are of one class. None says whether people
/// are right. Intervals are percentiles of the bootstrap over items (Efron 1979), undefined resamples left
/// out; they are the same bits for any executor. O(resamples x pairs of classes within items). Thread-safe.
namespace gtlabel {

/// What distance there is between answers.
enum class AnswerScale {
  nominal,   ///< equal or not
  ordinal,   ///< by rank; classes are in order
  interval,  ///< by the difference of their values
};

struct AgreementOptions {
  int n_resamples = 500;     ///< of the bootstrap, 0: no intervals
  double confidence = 0.95;  ///< of the intervals; above 0, below 1
  std::uint64_t seed = 0;
  std::shared_ptr<Executor> executor = {};  ///< null: the calling thread
};

struct Agreement {
  double value = 0.0;
  Interval interval;  ///< NaN without resamples
};

/// Krippendorff's alpha ("Computing Krippendorff's alpha-reliability", 2011): any number of answers per item; items
/// with one answer count for nothing.
/// @param values  of interval: a number per class; empty: the class index. Else empty.
/// @throws InvalidArgument  options out of range; values of another number than classes or not finite.
[[nodiscard]] GTLABEL_EXPORT Agreement krippendorff_alpha(const VoteTable& votes,
                                                          AnswerScale scale = AnswerScale::nominal,
                                                          std::span<const double> values = {},
                                                          const AgreementOptions& options = {});

/// Alpha of "this class or another", per class: which of the classes people tell apart. As above.
[[nodiscard]] GTLABEL_EXPORT std::vector<Agreement> krippendorff_alpha_per_class(const VoteTable& votes,
                                                                                 const AgreementOptions& options = {});

/// Fleiss' kappa (Psychological Bulletin 1971), for the same number of answers about each item, at least 2.
/// @throws InvalidArgument  naming the first item with another number; options out of range.
[[nodiscard]] GTLABEL_EXPORT Agreement fleiss_kappa(const VoteTable& votes, const AgreementOptions& options = {});

/// Cohen's kappa (1960) of two workers.
struct WorkerAgreement {
  std::int32_t first = 0, second = 0;  ///< workers, first < second
  std::int64_t n_common = 0;           ///< items that both answered; the last answer of each counts
  Agreement kappa;
};

/// Of every pair of workers with at least `min_common` common items, by first and second.
/// O(sum over items of votes squared) time and memory, before resampling.
/// @throws InvalidArgument  min_common below 1; options out of range.
[[nodiscard]] GTLABEL_EXPORT std::vector<WorkerAgreement> cohen_kappa(const VoteTable& votes,
                                                                      std::int64_t min_common = 1,
                                                                      const AgreementOptions& options = {});

}  // namespace gtlabel
