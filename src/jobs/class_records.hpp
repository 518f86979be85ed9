#pragma once

#include <string>
#include <vector>

#include "gtlabel/jobs/job_report.hpp"
#include "gtlabel/routing/audit_ledgers.hpp"
#include "jobs/item_columns.hpp"

namespace gtlabel::detail {

/// What became of each class. O(items).
std::vector<ClassRecord> class_records(const ItemColumns& items, const AuditLedgers& ledgers, std::size_t n_classes);

/// What a finished job's automatic labels leave open about its classes, in words; nothing if there is nothing to say.
std::string class_notes(const std::vector<ClassRecord>& records, const std::vector<std::string>& classes,
                        bool per_class);

}  // namespace gtlabel::detail
