#include "jobs/class_list.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "gtlabel/core/error.hpp"
#include "gtlabel/storage/snapshot.hpp"

namespace gtlabel::detail {

ClassList::ClassList(std::vector<std::string> names) : names_(std::move(names)) {
  if (names_.size() < 2) {
    throw InvalidArgument("classes: " + std::to_string(names_.size()) + " given, expected at least 2");
  }
  for (const std::string& name : names_) {
    if (!index_.emplace(name, static_cast<ClassIndex>(meanings_.size())).second) {
      throw InvalidArgument("classes: '" + name + "' is given twice, expected distinct names");
    }
    meanings_.push_back(static_cast<ClassIndex>(meanings_.size()));
  }
}

ClassIndex ClassList::find(const std::string& name) const {
  const auto place = index_.find(name);
  return place == index_.end() ? kNoClass : place->second;
}

ClassIndex ClassList::require(const std::string& name) const {
  const auto place = index_.find(name);
  if (place != index_.end() && is_active(place->second)) return place->second;
  throw UnknownClass("class: '" + name + "' given, " +
                     (place == index_.end() ? "which is none of the job's classes"
                                            : "which was merged or retired, expected one that is in use"));
}

void ClassList::require_new(const std::string& name) const {
  if (index_.contains(name)) {
    throw InvalidArgument("class: '" + name + "' is or was a class of this job, expected a name of its own");
  }
}

void ClassList::require_spare() const {
  ClassIndex n_active = 0;
  for (std::size_t c = 0; c < size(); ++c) n_active += is_active(static_cast<ClassIndex>(c)) ? 1 : 0;
  if (n_active > 2) return;
  throw InvalidArgument("class: only 2 classes are in use, expected a third to remain with the other");
}

ClassIndex ClassList::add(const std::string& name) {
  require_new(name);
  const auto index = static_cast<ClassIndex>(size());
  names_.push_back(name);
  meanings_.push_back(index);
  index_.emplace(name, index);
  return index;
}

void ClassList::rename(ClassIndex index, const std::string& name) {
  require_new(name);
  std::string& present = names_[static_cast<std::size_t>(index)];
  index_.erase(present);
  index_.emplace(name, index);
  present = name;
}

void ClassList::merge(ClassIndex from, ClassIndex into) {
  if (from == into) throw InvalidArgument("class: to be merged into itself, expected another");
  require_spare();
  std::replace(meanings_.begin(), meanings_.end(), from, into);
}

void ClassList::retire(ClassIndex index) {
  require_spare();
  std::replace(meanings_.begin(), meanings_.end(), index, kUnsure);
}

void ClassList::save(SnapshotWriter& writer) const { writer.write(std::span<const std::int32_t>(meanings_)); }

void ClassList::load(SnapshotReader& reader) {
  const auto meanings = reader.get<std::vector<std::int32_t>>();
  require_sound(meanings.size() == size(), "classes: meanings of another number");
  for (const ClassIndex meaning : meanings) {
    const bool is_class = meaning >= 0 && static_cast<std::size_t>(meaning) < size() &&
                          meanings[static_cast<std::size_t>(meaning)] == meaning;
    require_sound(is_class || meaning == kUnsure, "classes: a meaning that is no class in use");
  }
  meanings_ = meanings;
}

}  // namespace gtlabel::detail
