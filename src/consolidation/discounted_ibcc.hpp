#pragma once

#include "gtlabel/consolidation/consolidation.hpp"
#include "gtlabel/dataset/vote_table.hpp"

namespace gtlabel::detail {

/// ibcc whose final log odds are discounted for mistakes that people share, as the members of consolidate are: what
/// structured answers are decided by, part by part. Options have to be sound.
Consolidation discounted_ibcc(const VoteTable& votes, const ConsolidationOptions& options);

}  // namespace gtlabel::detail
