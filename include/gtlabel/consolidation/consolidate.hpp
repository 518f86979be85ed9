#pragma once

#include "gtlabel/consolidation/consolidation.hpp"
#include "gtlabel/core/export.hpp"
#include "gtlabel/dataset/vote_table.hpp"

/// Many answers per item -> one label with its probability, and the quality of each worker.
///
/// All but majority_vote are expectation-maximisation from the shares of votes: items' classes from workers' qualities,
/// workers' qualities from items' classes. One iteration takes O(votes x classes) time (ebcc: three times that);
/// memory O(votes + (items + workers x classes) x classes). All are deterministic, the same bits for any executor,
/// thread-safe, and throw InvalidArgument for options that do not fit the votes. All work with logarithms: thousands
/// of votes per item are no trouble.
namespace gtlabel {

/// The default: a weighted mean of one_coin, fast_dawid_skene, ibcc and ebcc (of three starts the likeliest after 30
/// iterations). Weights fall with the loss on left-out votes, gently: no model of people is best everywhere, and the
/// one that predicts votes best does not always know the truth best. Members are sharpened less by many votes than they
/// say: their log odds are divided by 1 + r (n - 1) for n votes (Kish's design effect), because people share mistakes:
/// what a model counts as n independent opinions is seldom that. r, up to 0.7, is twice the root of the correlation
/// with which people are right or wrong about the same items, as ibcc has it; with few votes it is drawn towards 0.35.
/// docs/consolidation.md has measurements.
[[nodiscard]] GTLABEL_EXPORT Consolidation consolidate(const VoteTable& votes,
                                                       const ConsolidationOptions& options = {});

/// Share of votes. History and model are not used; gold is.
[[nodiscard]] GTLABEL_EXPORT Consolidation majority_vote(const VoteTable& votes,
                                                         const ConsolidationOptions& options = {});

/// A confusion matrix per worker (Dawid and Skene, Applied Statistics 1979), with 0.01 added to every count.
[[nodiscard]] GTLABEL_EXPORT Consolidation dawid_skene(const VoteTable& votes,
                                                       const ConsolidationOptions& options = {});

/// The same with hard assignments (Sinha, Rao and Balasubramanian, "Fast Dawid-Skene", 2018).
[[nodiscard]] GTLABEL_EXPORT Consolidation fast_dawid_skene(const VoteTable& votes,
                                                            const ConsolidationOptions& options = {});

/// One accuracy per worker, errors spread evenly (ZenCrowd: Demartini et al., WWW 2012), with a prior of 2 right and 1
/// wrong answers.
[[nodiscard]] GTLABEL_EXPORT Consolidation one_coin(const VoteTable& votes, const ConsolidationOptions& options = {});

/// Ability per worker times ease per item (GLAD: Whitehill et al., NIPS 2009), with standard normal priors around 1
/// and, for the logarithm of the ease, around 0; Newton steps instead of conjugate gradients.
/// Only votes and gold are used. @throws InvalidArgument  with a history or a model.
[[nodiscard]] GTLABEL_EXPORT Consolidation glad(const VoteTable& votes, const ConsolidationOptions& options = {});

/// Each worker knows or spams (MACE: Hovy et al., NAACL 2013), from the shares of votes instead of random starts, by
/// plain EM with pseudo-counts: 0.5 for knowing and for spamming, 10 / classes for each answer of the spam. @throws
/// InvalidArgument  with a model.
[[nodiscard]] GTLABEL_EXPORT Consolidation mace(const VoteTable& votes, const ConsolidationOptions& options = {});

/// Confusion matrices with a prior, by variational Bayes (IBCC: Kim and Ghahramani, AISTATS 2012; Simpson et al. 2013),
/// 4 on the diagonal and 1 beside it.
[[nodiscard]] GTLABEL_EXPORT Consolidation ibcc(const VoteTable& votes, const ConsolidationOptions& options = {});

/// ibcc with three hidden kinds of item per class, so that workers may share mistakes (EBCC: Li, Rubinstein and Cohn,
/// ICML 2019). From one random start, where the authors take the best of forty. Ends at a tenth of the tolerance.
[[nodiscard]] GTLABEL_EXPORT Consolidation ebcc(const VoteTable& votes, const ConsolidationOptions& options = {});

}  // namespace gtlabel
