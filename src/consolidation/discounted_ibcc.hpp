#pragma once

#include "gtlabel/consolidation/consolidation.hpp"
#include "gtlabel/dataset/vote_table.hpp"

namespace gtlabel::detail {

/// ibcc whose log odds are in the end discounted for mistakes that people share, as those of the members of consolidate
/// are: what answers with parts are decided by, part by part. What it says of the workers is not discounted.
Consolidation discounted_ibcc(const VoteTable& votes, const ConsolidationOptions& options);

}  // namespace gtlabel::detail
