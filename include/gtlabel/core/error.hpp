#pragma once

#include <stdexcept>
#include <string>

#include "gtlabel/core/export.hpp"

namespace gtlabel {

/// Stable identity of an error; docs/errors.md lists cause and cure of each. Numbers are never reused.
enum class ErrorCode {
  invalid_argument = 1,   ///< a value outside its documented range
  invalid_type = 2,       ///< a value of a type that has no meaning here
  shape_mismatch = 3,     ///< sizes that do not fit together
  not_finite = 4,         ///< NaN or infinity where a number was expected
  unknown_class = 5,      ///< a class name or index that the job does not have
  item_out_of_range = 6,  ///< an item index outside the pool
  not_fitted = 7,         ///< a model asked for predictions before it was trained
  invalid_state = 8,      ///< a call that the object's state does not allow
  model_contract = 9,     ///< a user's model returned something that is not a probability matrix
  archive_damaged = 10,   ///< bytes that are not a whole, unchanged snapshot
  archive_too_new = 11,   ///< a snapshot written by a newer gtlabel
  archive_mismatch = 12,  ///< a sound snapshot of something else: another kind, pool or model
  file_access = 13,       ///< a file that could not be read or written
  store_in_use = 14,      ///< a store that another process or job writes
  format_fault = 15,      ///< a file of another system that is not in its format
};

/// The identifier of a code as documented, e.g. "not_finite". Never throws; constant time.
[[nodiscard]] GTLABEL_EXPORT const char* to_string(ErrorCode code) noexcept;

/// Root of every exception that gtlabel throws by itself. What user code throws (a model, a callback) passes through as
/// it is. The message says what was wrong, what was given, what was expected and where.
class GTLABEL_EXPORT Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message);
  ~Error() override;
  [[nodiscard]] ErrorCode code() const noexcept { return code_; }

 private:
  ErrorCode code_;
};

/// A bad value, shape or index in a call. Python: gtlabel.InvalidArgument, a ValueError.
class GTLABEL_EXPORT InvalidArgument : public Error {
 public:
  explicit InvalidArgument(const std::string& message, ErrorCode code = ErrorCode::invalid_argument);
  ~InvalidArgument() override;
};

/// A value of a wrong type. Python: gtlabel.InvalidType, a TypeError.
class GTLABEL_EXPORT InvalidType : public Error {
 public:
  explicit InvalidType(const std::string& message);
  ~InvalidType() override;
};

/// A class that the job does not have. Python: gtlabel.UnknownClass, a KeyError.
class GTLABEL_EXPORT UnknownClass : public Error {
 public:
  explicit UnknownClass(const std::string& message);
  ~UnknownClass() override;
};

/// A model used before `attach` or `update`. Python: gtlabel.NotFitted, a ValueError and AttributeError.
class GTLABEL_EXPORT NotFitted : public Error {
 public:
  explicit NotFitted(const std::string& message);
  ~NotFitted() override;
};

/// A call that the object's state does not allow. Python: gtlabel.InvalidState, a ValueError.
class GTLABEL_EXPORT InvalidState : public Error {
 public:
  explicit InvalidState(const std::string& message);
  ~InvalidState() override;
};

/// A model broke its contract: wrong shape, NaN, rows that do not sum to 1. Python: gtlabel.ModelError, a ValueError.
class GTLABEL_EXPORT ModelError : public Error {
 public:
  explicit ModelError(const std::string& message);
  ~ModelError() override;
};

/// A snapshot that cannot be read: damaged, too new, or of something else. Python: gtlabel.ArchiveError, a ValueError.
class GTLABEL_EXPORT ArchiveError : public Error {
 public:
  ArchiveError(ErrorCode code, const std::string& message);
  ~ArchiveError() override;
};

/// A file of another system that is not in its format; the message names file, line and column. Python:
/// gtlabel.FormatError, a ValueError.
class GTLABEL_EXPORT FormatError : public Error {
 public:
  explicit FormatError(const std::string& message);
  ~FormatError() override;
};

}  // namespace gtlabel
