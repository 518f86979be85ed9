#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "gtlabel/dataset/answer_table.hpp"
#include "jobs/labeling_loop.hpp"

namespace gtlabel::detail {

// The sections of a job's snapshot beside the loop's own. Loading throws ArchiveError for values that make no sense.

void save_setup(SnapshotWriter& writer, const LabelingLoop::Setup& setup);
LabelingLoop::Setup load_setup(SnapshotReader& reader, std::int64_t n_items, std::size_t n_classes);

/// @throws InvalidArgument, UnknownClass  gold of items or classes that there are not, an item twice, a rate out of
/// range; naming the row.
void require_gold(std::span<const GoldLabel> gold, double rate, std::int64_t n_items, std::size_t n_classes);

void save_answers(SnapshotWriter& writer, const AnswerTable& table);
AnswerTable load_answers(SnapshotReader& reader, std::int64_t n_items, std::size_t n_classes);

}  // namespace gtlabel::detail
