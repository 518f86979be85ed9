#include "formats/label_columns.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace gtlabel::formats {
namespace {

constexpr double kNoNumber = std::numeric_limits<double>::quiet_NaN();

/// The members of metadata that columns are made of, in one pass over them.
struct Described {
  std::optional<JsonValue> class_name, confidence, human_annotated, creation_date, type, job_name;
};

/// Compares with `_` for `-`.
bool is_key(std::string_view key, std::string_view name) {
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (key[i] != name[i] && !(name[i] == '-' && key[i] == '_')) return false;
  }
  return true;
}

Described described_by(JsonValue metadata) {
  Described found;
  if (!metadata.is_object()) return found;
  for (const JsonValue member : metadata) {
    const std::string_view key = member.raw_key();
    switch (key.size()) {
      case 4:
        if (is_key(key, "type")) found.type = member;
        break;
      case 8:
        if (is_key(key, "job-name")) found.job_name = member;
        break;
      case 10:
        if (is_key(key, "class-name")) found.class_name = member;
        if (is_key(key, "confidence")) found.confidence = member;
        break;
      case 13:
        if (is_key(key, "creation-date")) found.creation_date = member;
        break;
      case 15:
        if (is_key(key, "human-annotated")) found.human_annotated = member;
        break;
      default: break;
    }
  }
  return found;
}

/// The list whose length says how many parts a label has.
std::optional<JsonValue> parts_of(JsonValue label, TaskType type) {
  if (is_multi_class(type)) return label;
  const auto annotations = label.find("annotations");
  return annotations && type == TaskType::spans ? annotations->find("entities") : annotations;
}

double lowest_confidence(JsonValue metadata, TaskType type) {
  double lowest = kNoNumber;
  const auto regard = [&](const std::optional<JsonValue>& value) {
    const auto number = value ? value->number() : std::nullopt;
    if (number && !(lowest <= *number)) lowest = *number;
  };
  const char* key = is_multi_class(type)           ? "confidence-map"
                    : type == TaskType::spans      ? "entities"
                    : type == TaskType::mask       ? "internal-color-map"
                    : type == TaskType::point_mask ? "color-map"
                                                   : "objects";
  const auto list = metadata.find(key);
  if (!list) return lowest;
  for (const JsonValue part : *list) regard(part.is_object() ? part.find("confidence") : part);
  return lowest;
}

}  // namespace

std::int32_t TextColumnWriter::code_of(JsonValue text) {
  if (!text.is_string()) return -1;
  const std::string kept = text.has_escapes() ? *text.string() : std::string();
  const std::string_view value = text.has_escapes() ? std::string_view(kept) : text.raw_string();
  if (last_ >= 0 && column_->values[last_] == value) return last_;
  const auto known = codes_.find(value);
  if (known != codes_.end()) return last_ = known->second;
  last_ = static_cast<std::int32_t>(column_->values.size());
  column_->values.emplace_back(value);
  codes_.emplace(value, last_);
  return last_;
}

LabelColumnsWriter::LabelColumnsWriter(ManifestLabelColumns& columns) : columns_(&columns) {
  names_.column_ = &columns.label;
  types_.column_ = &columns.type;
  jobs_.column_ = &columns.job_name;
}

void LabelColumnsWriter::extend(std::size_t n_rows) {
  if (columns_->class_index.size() >= n_rows) return;
  columns_->label.codes.resize(n_rows, -1);
  columns_->class_index.resize(n_rows, -1);
  columns_->confidence.resize(n_rows, kNoNumber);
  columns_->human_annotated.resize(n_rows, -1);
  columns_->n_parts.resize(n_rows, -1);
  columns_->type.codes.resize(n_rows, -1);
  columns_->job_name.codes.resize(n_rows, -1);
  columns_->creation_date.resize(n_rows, kNoDate);
}

void LabelColumnsWriter::clear(std::size_t row) {
  columns_->label.codes[row] = -1;
  columns_->class_index[row] = -1;
  columns_->confidence[row] = kNoNumber;
  columns_->human_annotated[row] = -1;
  columns_->n_parts[row] = -1;
  columns_->type.codes[row] = -1;
  columns_->job_name.codes[row] = -1;
  columns_->creation_date[row] = kNoDate;
}

void LabelColumnsWriter::set(std::size_t row, JsonValue label, JsonValue metadata) {
  clear(row);
  const Described found = described_by(metadata);
  if (found.type) columns_->type.codes[row] = types_.code_of(*found.type);
  if (found.job_name) columns_->job_name.codes[row] = jobs_.code_of(*found.job_name);
  if (found.human_annotated) {
    if (found.human_annotated->string_is("yes")) columns_->human_annotated[row] = 1;
    if (found.human_annotated->string_is("no")) columns_->human_annotated[row] = 0;
  }
  if (found.creation_date && found.creation_date->is_string()) {
    columns_->creation_date[row] = microseconds_of(found.creation_date->raw_string()).value_or(kNoDate);
  }
  const std::int32_t code = columns_->type.codes[row];
  if (code != last_type_code_ || code < 0) {
    last_type_code_ = code;
    last_type_ = code < 0 ? std::optional<TaskType>(guessed_task_type(label, metadata))
                          : task_type_of(columns_->type.values[code]);
  }
  const TaskType type = last_type_.value_or(TaskType::custom);
  if (!is_class(type)) {
    set_parts(row, label, metadata, type);
    return;
  }
  columns_->n_parts[row] = 1;
  const std::int64_t index = label.whole_number().value_or(-1);
  if (index >= 0 && index <= std::numeric_limits<std::int32_t>::max()) {
    columns_->class_index[row] = static_cast<std::int32_t>(index);
  }
  if (found.class_name) columns_->label.codes[row] = names_.code_of(*found.class_name);
  if (found.confidence) columns_->confidence[row] = found.confidence->number().value_or(kNoNumber);
}

void LabelColumnsWriter::set_parts(std::size_t row, JsonValue label, JsonValue metadata, TaskType type) {
  const auto parts = parts_of(label, type);
  const bool is_whole = is_mask(type) || is_sequence(type) || type == TaskType::custom;
  columns_->n_parts[row] = is_whole ? 1 : parts && parts->is_array() ? static_cast<std::int32_t>(parts->size()) : 0;
  columns_->confidence[row] = lowest_confidence(metadata, type);
}

}  // namespace gtlabel::formats
