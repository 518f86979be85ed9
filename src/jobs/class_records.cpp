#include "jobs/class_records.hpp"

#include <algorithm>

namespace gtlabel::detail {
namespace {

constexpr std::size_t kNamed = 8;  // a sentence is no table; the report has one

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kNamed); ++i) text += (i > 0 ? ", " : "") + names[i];
  if (names.size() > kNamed) text += " and " + std::to_string(names.size() - kNamed) + " more";
  return text;
}

}  // namespace

std::vector<ClassRecord> class_records(const ItemColumns& items, const AuditLedgers& ledgers, std::size_t n_classes) {
  std::vector<ClassRecord> records(n_classes);
  for (std::size_t c = 0; c < n_classes; ++c) records[c].class_index = static_cast<ClassIndex>(c);
  for (std::size_t i = 0; i < items.human.size(); ++i) {
    const ClassIndex human = items.human[i], automatic = items.automatic[i];
    if (human >= 0) ++records[human].n_human;
    if (automatic == kNoClass) continue;
    const auto item = static_cast<ItemIndex>(i);
    const AuditLedger& ledger = ledgers[ledgers.index_of(automatic)];
    if (ledger.is_delivered(item)) ++records[automatic].n_auto;
    if (!ledger.is_audited(item)) continue;
    ++records[automatic].n_audited;
    if (human == automatic) continue;
    ++records[automatic].errors_found;
    if (ledger.n_delivered() > 0 && human >= 0) ++records[human].n_missed;
  }
  return records;
}

std::string class_notes(const std::vector<ClassRecord>& records, const std::vector<std::string>& classes,
                        bool per_class) {
  std::vector<std::string> untried, unproved, unseen;
  for (const ClassRecord& record : records) {
    if (record.n_auto > 0) continue;
    const std::string name = "'" + classes[static_cast<std::size_t>(record.class_index)] + "'";
    if (per_class && record.n_audited == 0) untried.push_back(name);
    if (per_class && record.n_audited > 0) {
      unproved.push_back(name + " (" + std::to_string(record.errors_found) + " of " + std::to_string(record.n_audited) +
                         " checked were wrong)");
    }
    if (record.n_missed > 0 || (!per_class && record.n_human > 0)) {
      unseen.push_back(name + " (" + std::to_string(record.n_human) + ", " + std::to_string(record.n_missed) +
                       " of them by audits of other labels)");
    }
  }
  std::string notes;
  if (!untried.empty()) notes += " Too few automatic labels to certify, so none is delivered: " + listed(untried) + ".";
  if (!unproved.empty()) notes += " Not proved, so none is delivered: " + listed(unproved) + ".";
  if (!unseen.empty()) {
    notes += " Beware: people found items of classes that no automatic label names: " + listed(unseen) +
             ". Others may be among the automatic labels of other classes.";
  }
  return notes;
}

}  // namespace gtlabel::detail
