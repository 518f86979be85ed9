#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "gtlabel/core/ids.hpp"

namespace gtlabel {
class SnapshotReader;
class SnapshotWriter;
}  // namespace gtlabel

namespace gtlabel::detail {

/// The classes of a job. An index never changes and is never used again, whatever becomes of its class: it may get
/// another name, be merged into another class, or be retired.
class ClassList {
 public:
  /// @throws InvalidArgument  fewer than 2 names, or one twice.
  explicit ClassList(std::vector<std::string> names);

  [[nodiscard]] const std::vector<std::string>& names() const noexcept { return names_; }
  [[nodiscard]] std::size_t size() const noexcept { return names_.size(); }
  /// What answers of a class count as now: itself, the class that it was merged into, or kUnsure if it is retired.
  [[nodiscard]] const std::vector<ClassIndex>& meanings() const noexcept { return meanings_; }
  [[nodiscard]] bool is_active(ClassIndex index) const { return meanings_[static_cast<std::size_t>(index)] == index; }
  /// The class of this name, be it in use or not; kNoClass: none.
  [[nodiscard]] ClassIndex find(const std::string& name) const;

  // @throws InvalidArgument, UnknownClass; nothing is changed then.
  ClassIndex add(const std::string& name);
  void rename(ClassIndex index, const std::string& name);
  void merge(ClassIndex from, ClassIndex into);
  void retire(ClassIndex index);
  /// The index of an active class. @throws UnknownClass
  [[nodiscard]] ClassIndex require(const std::string& name) const;

  void save(SnapshotWriter& writer) const;
  /// After the names. @throws ArchiveError
  void load(SnapshotReader& reader);

 private:
  void require_new(const std::string& name) const;
  void require_spare() const;

  std::vector<std::string> names_;
  std::vector<ClassIndex> meanings_;
  std::unordered_map<std::string, ClassIndex> index_;
};

}  // namespace gtlabel::detail
