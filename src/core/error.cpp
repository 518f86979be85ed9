#include "gtlabel/core/error.hpp"

namespace gtlabel {

const char* to_string(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::invalid_argument: return "invalid_argument";
    case ErrorCode::invalid_type: return "invalid_type";
    case ErrorCode::shape_mismatch: return "shape_mismatch";
    case ErrorCode::not_finite: return "not_finite";
    case ErrorCode::unknown_class: return "unknown_class";
    case ErrorCode::item_out_of_range: return "item_out_of_range";
    case ErrorCode::not_fitted: return "not_fitted";
    case ErrorCode::invalid_state: return "invalid_state";
    case ErrorCode::model_contract: return "model_contract";
    case ErrorCode::archive_damaged: return "archive_damaged";
    case ErrorCode::archive_too_new: return "archive_too_new";
    case ErrorCode::archive_mismatch: return "archive_mismatch";
    case ErrorCode::file_access: return "file_access";
    case ErrorCode::store_in_use: return "store_in_use";
    case ErrorCode::format_fault: return "format_fault";
  }
  return "unknown";
}

Error::Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
Error::~Error() = default;

InvalidArgument::InvalidArgument(const std::string& message, ErrorCode code) : Error(code, message) {}
InvalidArgument::~InvalidArgument() = default;

InvalidType::InvalidType(const std::string& message) : Error(ErrorCode::invalid_type, message) {}
InvalidType::~InvalidType() = default;

UnknownClass::UnknownClass(const std::string& message) : Error(ErrorCode::unknown_class, message) {}
UnknownClass::~UnknownClass() = default;

NotFitted::NotFitted(const std::string& message) : Error(ErrorCode::not_fitted, message) {}
NotFitted::~NotFitted() = default;

InvalidState::InvalidState(const std::string& message) : Error(ErrorCode::invalid_state, message) {}
InvalidState::~InvalidState() = default;

ModelError::ModelError(const std::string& message) : Error(ErrorCode::model_contract, message) {}
ModelError::~ModelError() = default;

ArchiveError::ArchiveError(ErrorCode code, const std::string& message) : Error(code, message) {}
ArchiveError::~ArchiveError() = default;

FormatError::FormatError(const std::string& message) : Error(ErrorCode::format_fault, message) {}
FormatError::~FormatError() = default;

}  // namespace gtlabel
