#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <optional>
#include <string>
#include <unordered_set>

#include "formats/line_members.hpp"
#include "formats/lint_report.hpp"
#include "formats/task_type.hpp"

namespace gtlabel::formats {
namespace {

using Member = std::optional<JsonValue>;

constexpr std::string_view kBadLabel = "ERROR_INVALID_LABEL_ATTRIBUTE_FORMAT";
constexpr std::string_view kBadMetadata = "ERROR_INVALID_LABEL_ATTRIBUTE_METADATA_FORMAT";
constexpr std::size_t kLongestClassName = 256;

std::string quoted(std::string_view text) { return "'" + shown(text) + "'"; }

bool is_image_task(TaskType type) {
  return type == TaskType::image_class || type == TaskType::image_multi_class || type == TaskType::boxes ||
         type == TaskType::mask;
}
bool is_text_task(TaskType type) {
  return type == TaskType::text_class || type == TaskType::text_multi_class || type == TaskType::spans;
}
/// What Rekognition Custom Labels trains on.
bool is_for_rekognition(TaskType type) { return type == TaskType::image_class || type == TaskType::boxes; }

bool has_extension(std::string_view address, std::initializer_list<std::string_view> extensions) {
  const std::string_view path = address.substr(0, address.find_first_of("?#"));
  const std::size_t dot = path.rfind('.');
  std::string extension(dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1));
  for (char& c : extension) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return std::find(extensions.begin(), extensions.end(), extension) != extensions.end();
}

/// The checks of one label attribute in one line.
class LabelLint {
 public:
  LabelLint(std::string name, JsonValue key_holder, const LineFacts& facts, FileMemory& memory, LintReport& report)
      : name_(std::move(name)), key_(key_holder), facts_(facts), memory_(memory.attributes[name_]), report_(report) {}

  /// @return the task type, as far as it is known.
  std::optional<TaskType> run(JsonValue label, JsonValue metadata) {
    if (!metadata.is_object()) {
      report_.error("metadata-not-object", metadata.begin_offset(),
                    name_ + "-metadata is " + shown(metadata) + ", expected an object",
                    "write {\"type\": ..., \"job-name\": ..., \"human-annotated\": \"yes\", ...}", kBadMetadata);
      return std::nullopt;
    }
    metadata_ = metadata;
    lint_spelling();
    const std::optional<TaskType> type = lint_type();
    lint_common(type);
    if (!type) return type;
    lint_name(*type);
    lint_source_of(*type);
    lint_value(label, *type);
    return type;
  }

 private:
  [[nodiscard]] JsonValue metadata() const { return *metadata_; }
  [[nodiscard]] Member described(std::string_view key) const {
    std::string other(key);
    std::replace(other.begin(), other.end(), '-', '_');
    return metadata().find(key, other);
  }
  [[nodiscard]] std::size_t metadata_offset() const { return metadata().begin_offset(); }

  // --- what all types have in common ---------------------------------------------------------------------------------

  /// Custom jobs and 3D object detection write some keys with underscores; elsewhere they are slips.
  void lint_spelling() {
    const Member type = metadata().find("type");
    const std::optional<TaskType> kind = type && type->is_string() ? task_type_of(*type->string()) : std::nullopt;
    for (const std::string_view key : {"job_name", "creation_date", "class_map", "human_annotated", "class_name",
                                       "confidence_map", "adjustment_status", "worker_feedback"}) {
      const Member found = metadata().find(key);
      if (!found) continue;
      const bool is_usual = (kind == TaskType::custom && (key == "job_name" || key == "creation_date")) ||
                            (kind == TaskType::cuboids && key == "class_map");
      std::string meant(key);
      std::replace(meant.begin(), meant.end(), '_', '-');
      if (!is_usual) {
        report_.warning("underscore-key", found->key_offset(), "the key " + quoted(key) + ", expected '" + meant + "'",
                        "write \"" + meant + "\"", kBadMetadata);
      }
    }
  }

  std::optional<TaskType> lint_type() {
    const Member type = metadata().find("type");
    if (!type) {
      report_.error("missing-type", metadata_offset(), name_ + "-metadata has no type",
                    "add \"type\": \"groundtruth/<task type>\"", kBadMetadata);
      return std::nullopt;
    }
    if (!type->is_string()) {
      report_.error("type-not-text", type->begin_offset(), "type is " + shown(*type) + ", expected a text",
                    "write \"groundtruth/<task type>\"", kBadMetadata);
      return std::nullopt;
    }
    const std::string given = *type->string();
    const std::optional<TaskType> kind = task_type_of(given);
    if (!kind) {
      report_.error("unknown-type", type->begin_offset(), "type is " + shown(*type) + ", which is no task type",
                    "write one of those that docs/ground_truth.md lists, such as groundtruth/image-classification",
                    "ERROR_UNSUPPORTED_USE_CASE_TYPE");
      return std::nullopt;
    }
    if (given != canonical_type(*kind)) {
      report_.warning("odd-type-spelling", type->begin_offset(),
                      "type is " + shown(*type) + ", expected \"" + std::string(canonical_type(*kind)) + "\"",
                      "write \"" + std::string(canonical_type(*kind)) + "\"");
    }
    lint_same_type(given, type->begin_offset());
    return kind;
  }

  void lint_same_type(const std::string& given, std::size_t offset) {
    if (memory_.type_line == 0) {
      memory_.type = given;
      memory_.type_line = report_.line_number();
    } else if (task_type_of(memory_.type) != task_type_of(given)) {
      report_.warning("mixed-types", offset,
                      quoted(name_) + " is " + quoted(given) + " here and " + quoted(memory_.type) + " in line " +
                          std::to_string(memory_.type_line),
                      "give labels of another task type another attribute name");
    }
  }

  void lint_common(std::optional<TaskType> type) {
    const Member job = described("job-name");
    if (!job) {
      report_.warning("missing-job-name", metadata_offset(), name_ + "-metadata has no job-name",
                      "add \"job-name\": \"labeling-job/<name>\"", kBadMetadata);
    } else if (!job->is_string() || job->raw_string().empty()) {
      report_.error("bad-job-name", job->begin_offset(), "job-name is " + shown(*job) + ", expected a text",
                    "write \"labeling-job/<name>\"", kBadMetadata);
    }
    const Member human = described("human-annotated");
    if (!human) {
      report_.error("missing-human-annotated", metadata_offset(), name_ + "-metadata has no human-annotated",
                    "add \"human-annotated\": \"yes\" or \"no\"", kBadMetadata);
    } else if (!human->string_is("yes") && !human->string_is("no")) {
      report_.error("bad-human-annotated", human->begin_offset(),
                    "human-annotated is " + shown(*human) + ", expected \"yes\" or \"no\"",
                    "write \"yes\" or \"no\", in quotes", kBadMetadata);
    }
    lint_date();
    const Member status = described("adjustment-status");
    if (status && !status->string_is("adjusted") && !status->string_is("unadjusted")) {
      report_.error("bad-adjustment-status", status->begin_offset(),
                    "adjustment-status is " + shown(*status) + ", expected \"adjusted\" or \"unadjusted\"",
                    "write \"adjusted\" or \"unadjusted\"");
    }
    if (type && !is_class(*type) && !is_multi_class(*type)) return;
    lint_worker_feedback();
  }

  void lint_date() {
    const Member date = described("creation-date");
    if (!date) {
      report_.error("missing-creation-date", metadata_offset(), name_ + "-metadata has no creation-date",
                    "add \"creation-date\": \"YYYY-MM-DDTHH:MM:SS.ffffff\"", kBadMetadata);
      return;
    }
    const std::string text = date->string().value_or("");
    if (!microseconds_of(text)) {
      report_.error("bad-creation-date", date->begin_offset(),
                    "creation-date is " + shown(*date) + ", expected \"YYYY-MM-DDTHH:MM:SS.ffffff\"",
                    "write the time as 2024-03-05T10:11:12.131415", kBadMetadata);
    } else if (text.ends_with('Z') || text[10] != 'T') {
      report_.warning("odd-date-spelling", date->begin_offset(),
                      "creation-date is " + shown(*date) + ", expected a T and no zone",
                      "write the time as 2024-03-05T10:11:12.131415");
    }
  }

  void lint_worker_feedback() {
    const Member feedback = described("worker-feedback");
    if (!feedback) return;
    if (!feedback->is_array()) {
      report_.error("bad-worker-feedback", feedback->begin_offset(),
                    "worker-feedback is " + shown(*feedback) + ", expected a list",
                    "write [{\"comment\": \"<text>\"}]");
      return;
    }
    for (const JsonValue entry : *feedback) {
      const Member comment = entry.find("comment");
      if (comment && comment->is_string()) continue;
      report_.error("bad-worker-feedback", entry.begin_offset(), shown(entry) + " has no comment",
                    "write {\"comment\": \"<text>\"}");
    }
  }

  void lint_name(TaskType type) {
    const bool is_ref = name_.ends_with("-ref");
    if (needs_ref(type) && !is_ref) {
      report_.error("name-needs-ref", key_.key_offset(),
                    quoted(name_) + " has labels in files of their own, expected a name that ends in -ref",
                    "rename the attribute to " + name_ + "-ref");
    }
    if (!needs_ref(type) && is_ref) {
      report_.error("name-may-not-end-in-ref", key_.key_offset(),
                    quoted(name_) + " ends in -ref, which is for labels in files of their own",
                    "rename the attribute to " + name_.substr(0, name_.size() - 4));
    }
  }

  void lint_source_of(TaskType type) {
    const bool wants_text = is_text_task(type);
    const bool wants_address = is_image_task(type) || type == TaskType::video_class || is_sequence(type) ||
                               type == TaskType::cuboids || type == TaskType::point_mask;
    if ((wants_text && facts_.has_address && !facts_.has_text) || (wants_address && facts_.has_text)) {
      report_.error("source-of-wrong-kind", facts_.source_offset,
                    std::string(wants_text ? "source-ref" : "source") + " for a label of the type " +
                        quoted(canonical_type(type)),
                    wants_text ? "put the text into the line, as source" : "name the file by source-ref");
      return;
    }
    if (!facts_.has_address || facts_.source.empty()) return;
    if (is_image_task(type) && !has_extension(facts_.source, {"jpg", "jpeg", "png"})) {
      report_.error("image-format", facts_.source_offset, quoted(facts_.source) + ", expected .jpg, .jpeg or .png",
                    "convert the image", "ERROR_INVALID_IMAGE");
    }
    if (type == TaskType::video_class && !has_extension(facts_.source, {"mp4", "ogg", "webm"})) {
      report_.error("video-format", facts_.source_offset, quoted(facts_.source) + ", expected .mp4, .ogg or .webm",
                    "convert the clip");
    }
    if (is_for_rekognition(type) && !facts_.source.starts_with("s3:") && !facts_.source.starts_with("S3:")) {
      report_.rekognition("source-ref-not-s3", facts_.source_offset,
                          quoted(facts_.source) + ", expected an address that begins with s3://",
                          "upload the image and write s3://<bucket>/<key>", "ERROR_INVALID_SOURCE_REF_FORMAT");
    }
  }

  // --- confidences and classes ---------------------------------------------------------------------------------------

  void lint_confidence(const Member& holder, std::size_t offset, const std::string& where,
                       std::string_view rekognition = kBadMetadata) {
    const Member confidence = holder ? holder->find("confidence") : std::nullopt;
    if (!confidence) {
      report_.error("missing-confidence", offset, where + " has no confidence", "add \"confidence\": <0 to 1>",
                    rekognition);
      return;
    }
    lint_confidence_value(*confidence, where, rekognition);
  }

  void lint_confidence_value(JsonValue confidence, const std::string& where,
                             std::string_view rekognition = kBadMetadata) {
    const std::optional<double> number = confidence.number();
    if (!number) {
      report_.error("confidence-not-number", confidence.begin_offset(),
                    where + ": confidence is " + shown(confidence) + ", expected a number",
                    "write a number from 0 to 1, without quotes", rekognition);
    } else if (*number < 0 || *number > 1) {
      report_.error("confidence-out-of-range", confidence.begin_offset(),
                    where + ": confidence is " + shown(confidence) + ", expected 0 to 1",
                    "divide by 100 if it is a percentage", rekognition);
    }
  }

  /// A class name as a text of some length. @return false: it is none.
  bool lint_class_name(JsonValue name) {
    const std::optional<std::string> text = name.string();
    if (!text) {
      report_.error("class-name-not-text", name.begin_offset(), "a class name is " + shown(name) + ", expected a text",
                    "put the name in double quotes", kBadMetadata);
      return false;
    }
    if (text->empty()) {
      report_.error("empty-class-name", name.begin_offset(), "a class name is empty", "write the name of the class",
                    "ERROR_INVALID_LABEL_NAME_LENGTH");
      return false;
    }
    if (text->size() > kLongestClassName && characters_before(*text, text->size()) > kLongestClassName) {
      report_.error("class-name-too-long", name.begin_offset(), "a class name with more than 256 characters",
                    "shorten the name", "ERROR_INVALID_LABEL_NAME_LENGTH");
      return false;
    }
    return true;
  }

  /// The same number has the same name in all lines, and the other way round.
  void lint_class(std::int64_t index, const std::string& name, std::size_t offset) {
    const std::int64_t line = report_.line_number();
    const auto [known, is_new] = memory_.name_of.try_emplace(index, name, line);
    if (!is_new && known->second.first != name) {
      report_.error("class-renamed", offset,
                    "class " + std::to_string(index) + " is " + quoted(name) + " here and " +
                        quoted(known->second.first) + " in line " + std::to_string(known->second.second),
                    "use one name for a class");
      return;
    }
    const auto [place, is_first] = memory_.index_of.try_emplace(name, index, line);
    if (!is_first && place->second.first != index) {
      report_.error("class-renumbered", offset,
                    quoted(name) + " is class " + std::to_string(index) + " here and " +
                        std::to_string(place->second.first) + " in line " + std::to_string(place->second.second),
                    "use one number for a class");
    }
  }

  /// A class number: whole, not negative, not in quotes (which is read).
  std::optional<std::int64_t> lint_index(JsonValue value, const std::string& what, bool may_be_text = false) {
    const std::optional<std::int64_t> index = value.whole_number();
    if (!index) {
      report_.error("label-not-index", value.begin_offset(), what + " is " + shown(value) + ", expected a whole number",
                    "write the number of the class; its name goes into the metadata", kBadLabel);
      return std::nullopt;
    }
    if (*index < 0) {
      report_.error("negative-index", value.begin_offset(), what + " is " + shown(value) + ", expected 0 or more",
                    "number the classes from 0", kBadLabel);
      return std::nullopt;
    }
    if (value.is_string() && !may_be_text) {
      report_.warning("index-as-text", value.begin_offset(), what + " is " + shown(value) + ", expected a number",
                      "write it without quotes", kBadLabel);
    }
    if (value.is_number() && value.text().find_first_of(".eE") != std::string_view::npos) {
      report_.warning("index-as-real", value.begin_offset(), what + " is " + shown(value) + ", expected a whole number",
                      "write it without point or exponent", kBadLabel);
    }
    return index;
  }

  using ClassIds = std::optional<std::unordered_set<std::string>>;

  /// class-map: number in quotes -> name. @return the numbers; nothing if it is missing or no object.
  ClassIds lint_class_map() {
    const Member map = described("class-map");
    if (!map) {
      report_.error("missing-class-map", metadata_offset(), name_ + "-metadata has no class-map",
                    "add \"class-map\": {\"0\": \"<name>\", ...}", kBadMetadata);
      return std::nullopt;
    }
    if (!map->is_object()) {
      report_.error("class-map-not-object", map->begin_offset(), "class-map is " + shown(*map) + ", expected an object",
                    "write {\"0\": \"<name>\", ...}", kBadMetadata);
      return std::nullopt;
    }
    std::unordered_set<std::string> seen;
    for (const JsonValue entry : *map) {
      const std::string key = entry.key();
      if (!seen.insert(key).second) {
        report_.error("duplicate-class-map-id", entry.key_offset(),
                      "the id " + quoted(key) + " a second time in class-map", "leave one of them", kBadMetadata);
      }
      const bool is_number =
          !key.empty() && key.size() < 10 && key.find_first_not_of("0123456789") == std::string::npos;
      if (!is_number) {
        report_.error("bad-class-map-id", entry.key_offset(),
                      "the id " + quoted(key) + " in class-map, expected a number",
                      "write the number of the class, in quotes", kBadMetadata);
      }
      if (lint_class_name(entry) && is_number) lint_class(std::stoll(key), *entry.string(), entry.begin_offset());
    }
    return seen;
  }

  void lint_in_class_map(const ClassIds& map, std::optional<std::int64_t> index, std::size_t offset) {
    if (!map || !index || map->contains(std::to_string(*index))) return;
    report_.error("missing-class-map-id", offset, "class " + std::to_string(*index) + " is not in class-map",
                  "add \"" + std::to_string(*index) + "\": \"<name>\" to class-map", "ERROR_MISSING_CLASS_MAP_ID");
  }

  // --- values by type ------------------------------------------------------------------------------------------------

  void lint_value(JsonValue label, TaskType type) {
    if (is_class(type)) {
      lint_one_class(label, type);
    } else if (is_multi_class(type)) {
      lint_classes(label, type);
    } else if (type == TaskType::boxes) {
      lint_boxes(label);
    } else if (is_mask(type)) {
      lint_mask(label, type);
    } else if (type == TaskType::spans) {
      lint_spans(label);
    } else if (is_sequence(type)) {
      lint_sequence_ref(label);
    } else if (type == TaskType::cuboids) {
      lint_cuboids(label);
    } else {
      lint_custom();
    }
  }

  void lint_one_class(JsonValue label, TaskType type) {
    const bool is_verification = type == TaskType::verification;
    const auto index = lint_index(label, "the label", is_verification);
    if (is_verification && label.is_number()) {
      report_.warning("verification-not-text", label.begin_offset(),
                      "the verdict is " + shown(label) + ", expected a number in quotes",
                      "write \"" + std::string(label.text()) + "\"");
    }
    const Member name = described("class-name");
    if (!name) {
      report_.error("missing-class-name", metadata_offset(), name_ + "-metadata has no class-name",
                    "add \"class-name\": \"<name>\"", kBadMetadata);
    } else if (lint_class_name(*name) && index) {
      lint_class(*index, *name->string(), name->begin_offset());
    }
    lint_confidence(metadata(), metadata_offset(), name_ + "-metadata");
  }

  void lint_classes(JsonValue label, TaskType type) {
    constexpr std::size_t kMostLabels = 50;
    if (!label.is_array()) {
      report_.error("labels-not-list", label.begin_offset(), "the label is " + shown(label) + ", expected a list",
                    "write the numbers of the classes as [0, 2]");
      return;
    }
    if (label.size() == 0) {
      report_.warning("no-labels", label.begin_offset(), "a list without classes, which Ground Truth never writes",
                      "use a class of its own for \"none of these\"");
    }
    if (label.size() > kMostLabels) {
      report_.error("too-many-labels", label.begin_offset(),
                    std::to_string(label.size()) + " classes, expected at most 50", "drop the least sure ones");
    }
    const ClassIds map = lint_class_map();
    const Member confidence_map = described("confidence-map");
    std::optional<MemberIndex> confidences;
    if (confidence_map && confidence_map->is_object()) {
      confidences.emplace(*confidence_map);
    } else {
      report_.error("missing-confidence-map", confidence_map ? confidence_map->begin_offset() : metadata_offset(),
                    name_ + "-metadata has no confidence-map of numbers",
                    "add \"confidence-map\": {\"0\": <0 to 1>, ...}");
    }
    std::unordered_set<std::int64_t> seen;
    for (const JsonValue entry : label) {
      const auto index = lint_index(entry, "a class");
      if (!index) continue;
      if (!seen.insert(*index).second) {
        report_.error("duplicate-label", entry.begin_offset(), "class " + std::to_string(*index) + " a second time",
                      "leave one of them");
      }
      lint_in_class_map(map, index, entry.begin_offset());
      if (!confidences) continue;
      const Member confidence = confidences->find(std::to_string(*index), "");
      if (!confidence) {
        report_.error("missing-confidence-map-id", entry.begin_offset(),
                      "class " + std::to_string(*index) + " is not in confidence-map",
                      "add \"" + std::to_string(*index) + "\": <0 to 1> to confidence-map");
      } else {
        lint_confidence_value(*confidence, "class " + std::to_string(*index), "");
      }
    }
    if (type == TaskType::image_multi_class) {
      report_.rekognition("rekognition-multi-label", label.begin_offset(),
                          "several classes under one attribute, which Rekognition does not read",
                          "write an attribute of the type groundtruth/image-classification for each class",
                          "ERROR_NO_VALID_LABEL_ATTRIBUTES");
    }
  }

  struct ImageSize {
    std::optional<double> width, height;
  };

  ImageSize lint_image_size(JsonValue label) {
    ImageSize size;
    const Member list = label.find("image_size", "image-size");
    if (!list) {
      report_.error("missing-image-size", label.begin_offset(), "the label has no image_size",
                    "add \"image_size\": [{\"width\": <w>, \"height\": <h>, \"depth\": 3}]", kBadLabel);
      return size;
    }
    if (!list->is_array() || list->size() != 1 || !(*list->begin()).is_object()) {
      report_.error("bad-image-size", list->begin_offset(),
                    "image_size is " + shown(*list) + ", expected a list of one object",
                    "write [{\"width\": <w>, \"height\": <h>, \"depth\": 3}]", kBadLabel);
      return size;
    }
    const JsonValue given = *list->begin();
    size.width = lint_dimension(given, "width");
    size.height = lint_dimension(given, "height");
    const Member depth = given.find("depth");
    if (!depth) {
      report_.rekognition("missing-image-depth", given.begin_offset(), "image_size has no depth", "add \"depth\": 3",
                          kBadLabel);
    } else if (!depth->is_number() || depth->whole_number().value_or(0) < 1) {
      report_.error("bad-image-size", depth->begin_offset(), "depth is " + shown(*depth) + ", expected 1, 3 or 4",
                    "write the number of channels", kBadLabel);
    }
    return size;
  }

  std::optional<double> lint_dimension(JsonValue size, std::string_view key) {
    constexpr double kLeast = 64, kMost = 4096;
    const Member value = size.find(key);
    if (!value || !value->is_number() || value->whole_number().value_or(0) < 1) {
      report_.error("bad-image-size", value ? value->begin_offset() : size.begin_offset(),
                    std::string(key) + " is " + (value ? shown(*value) : std::string("missing")) +
                        ", expected pixels, at least 1",
                    "write the size of the image in pixels", kBadLabel);
      return std::nullopt;
    }
    const double pixels = *value->number();
    if (pixels < kLeast || pixels > kMost) {
      report_.rekognition("image-dimension", value->begin_offset(),
                          std::string(key) + " is " + shown(*value) + ", expected 64 to 4096 pixels",
                          "scale the image and its boxes", "ERROR_INVALID_IMAGE_DIMENSION");
    }
    return pixels;
  }

  /// The list of annotations; nothing if there is none.
  Member lint_annotations(JsonValue label) {
    if (!label.is_object()) {
      report_.error("label-not-object", label.begin_offset(), "the label is " + shown(label) + ", expected an object",
                    "write {\"annotations\": [...], ...}", kBadLabel);
      return std::nullopt;
    }
    const Member annotations = label.find("annotations");
    if (annotations && annotations->is_array()) return annotations;
    report_.error("missing-annotations", annotations ? annotations->begin_offset() : label.begin_offset(),
                  "the label has no list of annotations", "add \"annotations\": [...]; without objects: []", kBadLabel);
    return std::nullopt;
  }

  void lint_boxes(JsonValue label) {
    constexpr std::size_t kMostBoxes = 50;
    const Member annotations = lint_annotations(label);
    const ClassIds map = lint_class_map();
    if (!label.is_object()) return;
    const ImageSize size = lint_image_size(label);
    if (!annotations) return;
    for (const JsonValue box : *annotations) lint_box(box, size, map);
    lint_objects(*annotations);
    if (annotations->size() > kMostBoxes) {
      report_.rekognition("too-many-boxes", annotations->begin_offset(),
                          std::to_string(annotations->size()) + " boxes, expected at most 50", "leave out some boxes",
                          "ERROR_TOO_MANY_BOUNDING_BOXES");
    }
    if (annotations->size() == 0) {
      report_.rekognition("no-boxes", annotations->begin_offset(), "no boxes: the line is not trained on",
                          "nothing, if the image has no objects", "WARNING_NO_ANNOTATIONS");
    }
  }

  void lint_box(JsonValue box, const ImageSize& size, const ClassIds& map) {
    if (!box.is_object()) {
      report_.error("box-not-object", box.begin_offset(), "a box is " + shown(box) + ", expected an object",
                    "write {\"class_id\": 0, \"left\": 0, \"top\": 0, \"width\": 9, \"height\": 9}", kBadLabel);
      return;
    }
    const Member id = box.find("class_id", "class-id");
    if (!id) {
      report_.error("missing-class-id", box.begin_offset(), "a box without class_id", "add \"class_id\": <number>",
                    kBadLabel);
    } else {
      if (box.find("class-id") && !box.find("class_id")) {
        report_.warning("hyphen-in-class-id", id->key_offset(), "the key 'class-id', expected 'class_id' in boxes",
                        "write \"class_id\"", kBadLabel);
      }
      lint_in_class_map(map, lint_index(*id, "class_id"), id->begin_offset());
    }
    lint_box_sides(box, size);
  }

  std::optional<double> lint_side(JsonValue box, std::string_view key) {
    const Member value = box.find(key);
    if (!value) {
      report_.error("missing-box-side", box.begin_offset(), "a box without " + std::string(key),
                    "add \"" + std::string(key) + "\": <pixels>", kBadLabel);
      return std::nullopt;
    }
    const std::optional<double> number = value->number();
    if (!number) {
      report_.error("box-side-not-number", value->begin_offset(),
                    std::string(key) + " is " + shown(*value) + ", expected a number of pixels",
                    "write the number without quotes", kBadLabel);
      return std::nullopt;
    }
    const bool is_place = key == "left" || key == "top";
    if (is_place && *number < 0) {
      report_.error("negative-box", value->begin_offset(),
                    std::string(key) + " is " + shown(*value) + ", expected 0 or more",
                    "cut the box at the edge of the image", "ERROR_INVALID_BOUNDING_BOX");
      return std::nullopt;
    }
    if (!is_place && *number <= 0) {
      report_.error("empty-box", value->begin_offset(),
                    std::string(key) + " is " + shown(*value) + ", expected more than 0",
                    "take the box out, with its entry in objects", "ERROR_BOUNDING_BOX_TOO_SMALL");
      return std::nullopt;
    }
    if (!is_place && *number <= 1) {
      report_.rekognition("box-too-small", value->begin_offset(),
                          std::string(key) + " is " + shown(*value) + ", expected more than 1 pixel",
                          "take the box out, with its entry in objects", "ERROR_BOUNDING_BOX_TOO_SMALL");
    }
    return number;
  }

  void lint_box_sides(JsonValue box, const ImageSize& size) {
    const auto left = lint_side(box, "left"), top = lint_side(box, "top");
    const auto width = lint_side(box, "width"), height = lint_side(box, "height");
    if (left && width && size.width && *left + *width > *size.width) {
      report_.error("box-outside-image", box.find("left")->begin_offset(),
                    "left + width is above the " + std::to_string(static_cast<std::int64_t>(*size.width)) +
                        " pixels of the image",
                    "cut the box at the edge of the image", "ERROR_INVALID_BOUNDING_BOX");
    }
    if (top && height && size.height && *top + *height > *size.height) {
      report_.error("box-outside-image", box.find("top")->begin_offset(),
                    "top + height is above the " + std::to_string(static_cast<std::int64_t>(*size.height)) +
                        " pixels of the image",
                    "cut the box at the edge of the image", "ERROR_INVALID_BOUNDING_BOX");
    }
  }

  void lint_objects(JsonValue annotations) {
    constexpr std::string_view kNoConfidence = "ERROR_MISSING_BOUNDING_BOX_CONFIDENCE";
    const Member objects = metadata().find("objects");
    if (!objects || !objects->is_array()) {
      report_.error("missing-objects", objects ? objects->begin_offset() : metadata_offset(),
                    name_ + "-metadata has no list of objects", "add \"objects\": [{\"confidence\": <0 to 1>}, ...]",
                    kNoConfidence);
      return;
    }
    if (objects->size() != annotations.size()) {
      report_.error("object-count", objects->begin_offset(),
                    std::to_string(objects->size()) + " objects for " + std::to_string(annotations.size()) +
                        " annotations, expected one each",
                    "write one {\"confidence\": <0 to 1>} per annotation, in their order", kNoConfidence);
    }
    for (const JsonValue object : *objects) {
      lint_confidence(object, object.begin_offset(), "an entry of objects", kNoConfidence);
    }
  }

  void lint_mask(JsonValue label, TaskType type) {
    const bool is_points = type == TaskType::point_mask;
    if (!label.is_string() || label.raw_string().empty()) {
      report_.error("mask-not-text", label.begin_offset(), "the mask is " + shown(label) + ", expected an address",
                    "write the address of the mask's file");
    } else if (!has_extension(*label.string(), {is_points ? "zlib" : "png"})) {
      report_.error(is_points ? "point-mask-format" : "mask-format", label.begin_offset(),
                    "the mask is " + shown(label) + ", expected a file ." + (is_points ? "zlib" : "png"),
                    is_points ? "write one byte a point, compressed by zlib" : "write the mask as PNG");
    }
    const std::string key = is_points ? "color-map" : "internal-color-map";
    const Member map = metadata().find(key);
    if (!map || !map->is_object()) {
      report_.error("missing-color-map", map ? map->begin_offset() : metadata_offset(),
                    name_ + "-metadata has no " + key,
                    "add \"" + key + "\": {\"0\": {\"class-name\": ..., \"hex-color\": ..., \"confidence\": ...}}");
      return;
    }
    std::unordered_map<std::string, std::string> color_of;
    for (const JsonValue entry : *map) lint_color(entry, color_of);
  }

  void lint_color(JsonValue entry, std::unordered_map<std::string, std::string>& color_of) {
    const std::string key = entry.key();
    if (key.empty() || key.size() > 3 || key.find_first_not_of("0123456789") != std::string::npos ||
        std::stoi(key) > 255) {
      report_.error("color-map-key", entry.key_offset(), "the key " + quoted(key) + ", expected a pixel value 0 to 255",
                    "write the pixel value of the class, in quotes");
    }
    const Member name = entry.find("class-name", "class_name");
    if (!name) {
      report_.error("missing-class-name", entry.begin_offset(), "a colour without class-name",
                    "add \"class-name\": \"<name>\"");
    } else {
      lint_class_name(*name);
    }
    lint_confidence(entry, entry.begin_offset(), "class " + quoted(key), "");
    const Member color = entry.find("hex-color");
    if (!color) {
      report_.error("missing-hex-color", entry.begin_offset(),
                    "a class without hex-color, which jobs that verify or adjust refuse",
                    "add \"hex-color\": \"#2ca02c\"");
      return;
    }
    const std::string hex = color->string().value_or("");
    if (hex.size() != 7 || hex[0] != '#' || hex.find_first_not_of("0123456789abcdefABCDEF", 1) != std::string::npos) {
      report_.error("bad-hex-color", color->begin_offset(), "hex-color is " + shown(*color) + ", expected #rrggbb",
                    "write the colour as \"#2ca02c\"");
      return;
    }
    const auto [other, is_new] = color_of.try_emplace(hex, key);
    if (!is_new) {
      report_.error("duplicate-color", color->begin_offset(),
                    "the colour " + hex + " of class " + other->second + " again",
                    "give every class a colour of its own");
    }
  }

  void lint_spans(JsonValue label) {
    const Member annotations = label.find("annotations");
    const Member entities = annotations ? annotations->find("entities") : std::nullopt;
    if (!entities || !entities->is_array()) {
      report_.error("missing-entities", entities ? entities->begin_offset() : label.begin_offset(),
                    "the label has no annotations.entities",
                    "write {\"annotations\": {\"labels\": [...], \"entities\": [...]}}");
      return;
    }
    std::unordered_set<std::string> known;
    const Member labels = annotations->find("labels");
    if (!labels || !labels->is_array()) {
      report_.error("missing-span-labels", labels ? labels->begin_offset() : annotations->begin_offset(),
                    "the label has no annotations.labels", "add \"labels\": [{\"label\": \"<name>\"}, ...]");
    } else {
      for (const JsonValue entry : *labels) lint_span_name(entry, known);
    }
    const bool is_complete = labels && labels->is_array();
    const std::size_t n_characters = characters_before(facts_.source, facts_.source.size());
    for (const JsonValue entity : *entities) lint_span(entity, is_complete ? &known : nullptr, n_characters);
    lint_span_confidences(*entities);
  }

  void lint_span_name(JsonValue entry, std::unordered_set<std::string>& known) {
    const Member name = entry.find("label");
    if (!name) {
      report_.error("bad-span-label", entry.begin_offset(), shown(entry) + " has no label",
                    "write {\"label\": \"<name>\", \"shortDisplayName\": \"<abc>\"}");
    } else if (lint_class_name(*name) && !known.insert(*name->string()).second) {
      report_.error("duplicate-span-label", name->begin_offset(), "the label " + shown(*name) + " a second time",
                    "leave one of them");
    }
  }

  std::optional<std::int64_t> lint_offset(JsonValue entity, std::string_view key) {
    const Member value = entity.find(key);
    if (value && value->is_number() && value->whole_number().value_or(-1) >= 0) return value->whole_number();
    report_.error("bad-offset", value ? value->begin_offset() : entity.begin_offset(),
                  std::string(key) + " is " + (value ? shown(*value) : std::string("missing")) +
                      ", expected a number of characters",
                  "count characters from the start of the text, from 0");
    return std::nullopt;
  }

  void lint_span(JsonValue entity, const std::unordered_set<std::string>* known, std::size_t n_characters) {
    const auto start = lint_offset(entity, "startOffset"), end = lint_offset(entity, "endOffset");
    if (start && end && *end <= *start) {
      report_.error("empty-span", entity.find("endOffset")->begin_offset(),
                    "a span from " + std::to_string(*start) + " to " + std::to_string(*end) +
                        ", expected an end behind the start",
                    "the end is behind the last character of the span");
    } else if (end && facts_.has_text && *end > static_cast<std::int64_t>(n_characters)) {
      report_.error(
          "span-outside-text", entity.find("endOffset")->begin_offset(),
          "a span to " + std::to_string(*end) + ", the text has " + std::to_string(n_characters) + " characters",
          "count characters, not bytes");
    }
    const Member name = entity.find("label");
    if (!name || !name->is_string()) {
      report_.error("span-without-label", entity.begin_offset(), "a span without label", "add \"label\": \"<name>\"");
    } else if (known != nullptr && !known->contains(*name->string())) {
      report_.error("unknown-span-label", name->begin_offset(),
                    "the label " + shown(*name) + " is not in annotations.labels", "add it to annotations.labels");
    }
  }

  void lint_span_confidences(JsonValue entities) {
    const Member confidences = metadata().find("entities");
    if (!confidences || !confidences->is_array()) {
      report_.error("missing-span-confidences", confidences ? confidences->begin_offset() : metadata_offset(),
                    name_ + "-metadata has no list of entities", "add \"entities\": [{\"confidence\": <0 to 1>}, ...]");
      return;
    }
    if (confidences->size() != entities.size()) {
      report_.error("entity-count", confidences->begin_offset(),
                    std::to_string(confidences->size()) + " confidences for " + std::to_string(entities.size()) +
                        " spans, expected one each",
                    "write one {\"confidence\": <0 to 1>} per span, in their order");
    }
    for (const JsonValue entry : *confidences) lint_confidence(entry, entry.begin_offset(), "an entry of entities", "");
  }

  void lint_sequence_ref(JsonValue label) {
    if (!label.is_string() || label.raw_string().empty()) {
      report_.error("sequence-ref-not-text", label.begin_offset(),
                    "the label is " + shown(label) + ", expected an address", "write the address of SeqLabel.json");
    } else if (!has_extension(*label.string(), {"json"})) {
      report_.error("sequence-ref-format", label.begin_offset(),
                    "the label is " + shown(label) + ", expected a file .json", "write the address of SeqLabel.json");
    }
    (void)lint_class_map();
  }

  void lint_cuboids(JsonValue label) {
    const Member annotations = lint_annotations(label);
    const ClassIds map = lint_class_map();
    if (!annotations) return;
    for (const JsonValue cuboid : *annotations) {
      const Member id = cuboid.find("class-id", "class_id");
      if (!id) {
        report_.error("missing-class-id", cuboid.begin_offset(), "a cuboid without class-id",
                      "add \"class-id\": <number>");
      } else {
        lint_in_class_map(map, lint_index(*id, "class-id", true), id->begin_offset());
      }
      if (!cuboid.find("object-name")) {
        report_.warning("missing-object-name", cuboid.begin_offset(), "a cuboid without object-name",
                        "add \"object-name\": \"<class>:<number>\"");
      }
      lint_cuboid_numbers(cuboid);
    }
  }

  void lint_cuboid_numbers(JsonValue cuboid) {
    for (const std::string_view key :
         {"center-x", "center-y", "center-z", "length", "width", "height", "roll", "pitch", "yaw"}) {
      const Member value = cuboid.find(key);
      const std::optional<double> number = value ? value->number() : std::nullopt;
      const bool is_size = key == "length" || key == "width" || key == "height";
      if (!number) {
        report_.error(
            "bad-cuboid-number", value ? value->begin_offset() : cuboid.begin_offset(),
            std::string(key) + " is " + (value ? shown(*value) : std::string("missing")) + ", expected a number",
            "write metres and radians as numbers");
      } else if (is_size && *number <= 0) {
        report_.error("flat-cuboid", value->begin_offset(),
                      std::string(key) + " is " + shown(*value) + ", expected more than 0", "take the cuboid out");
      }
    }
  }

  void lint_custom() {
    const Member response = described("worker-response-ref");
    if (response && !response->is_string()) {
      report_.error("bad-worker-response-ref", response->begin_offset(),
                    "worker-response-ref is " + shown(*response) + ", expected an address",
                    "write the address of the worker response's file");
    }
  }

  std::string name_;
  JsonValue key_;
  const LineFacts& facts_;
  AttributeMemory& memory_;
  LintReport& report_;
  Member metadata_;
};

/// @return false: the name belongs to the item, and there is no label to look at.
bool lint_attribute_name(const std::string& name, JsonValue metadata, LintReport& report) {
  constexpr std::size_t kLongest = 127;
  const std::size_t offset = metadata.key_offset();
  if (name == "source" || name == "source-ref") {
    report.error("reserved-name", offset,
                 quoted(name) + " as the name of a label attribute, which is taken by the item",
                 "give the attribute another name");
    return false;
  }
  if (name.ends_with("-metadata") || name == "metadata") {
    report.error("name-ends-in-metadata", offset, quoted(name) + " as the name of a label attribute",
                 "give the attribute a name that does not end in -metadata");
    return true;
  }
  const auto is_letter_or_digit = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  const bool is_sound =
      is_letter_or_digit(name.front()) && is_letter_or_digit(name.back()) &&
      std::all_of(name.begin(), name.end(), [&](char c) { return is_letter_or_digit(c) || c == '-'; });
  if (!is_sound) {
    report.error("bad-name", offset,
                 quoted(name) + " as the name of a label attribute, expected letters, digits and hyphens",
                 "rename the attribute, and its -metadata");
  }
  if (name.size() > kLongest) {
    report.error("name-too-long", offset, "the name of a label attribute with more than 127 characters",
                 "give the attribute a shorter name");
  }
  return true;
}

/// A key that is a label elsewhere in the file, and has no metadata here.
/// @return how many there are.
std::size_t lint_lone_labels(JsonValue line, const MemberIndex& members, const FileMemory& memory, LintReport& report) {
  std::size_t n_found = 0;
  for (const JsonValue member : line) {
    const std::string key = member.key();
    if (attribute_of_key(key)) continue;
    const std::string stem = key.ends_with("-ref") ? key.substr(0, key.size() - 4) : key;
    if (!memory.attributes.contains(key) || members.find(key, kMetadata) || members.find(stem, kMetadata)) continue;
    if (members.find(key, "_metadata")) continue;  // misspelled, and said to be
    ++n_found;
    report.error("label-without-metadata", member.key_offset(), quoted(key) + " has no " + key + "-metadata here",
                 "add \"" + shown(key) + "-metadata\": {...}, or take the label out", "ERROR_NO_LABEL_ATTRIBUTES");
  }
  return n_found;
}

/// @return how many there are.
std::size_t lint_misspelled_metadata(JsonValue line, const MemberIndex& members, LintReport& report) {
  std::size_t n_found = 0;
  constexpr std::string_view kUnderscored = "_metadata";
  for (const JsonValue member : line) {
    const std::string key = member.key();
    if (!key.ends_with(kUnderscored) || !member.is_object()) continue;
    const std::string name = key.substr(0, key.size() - kUnderscored.size());
    if (!members.find(name, "")) continue;
    ++n_found;
    report.error("misspelled-key", member.key_offset(),
                 "the key " + quoted(key) + ", expected '" + shown(name) + "-metadata'",
                 "write \"" + shown(name) + "-metadata\"", "ERROR_NO_LABEL_ATTRIBUTES");
  }
  return n_found;
}

}  // namespace

void lint_labels(JsonValue line, const LineFacts& facts, FileMemory& memory, LintReport& report) {
  const MemberIndex members(line);
  std::size_t n_labels = 0;
  for (const JsonValue metadata : line) {
    const std::string key = metadata.key();
    const auto found = attribute_of_key(key);
    if (!found) continue;
    std::string name(*found);
    ++n_labels;
    if (!lint_attribute_name(name, metadata, report)) continue;
    Member label = members.find(name, "");
    if (!label && members.find(name, "-ref")) {
      label = members.find(name, "-ref");
      name += "-ref";
      report.warning("old-ref-metadata", metadata.key_offset(),
                     "the key " + quoted(key) + " beside '" + shown(name) + "', as in files of 2019",
                     "write \"" + shown(name) + "-metadata\"");
    }
    if (!label) {
      report.error("metadata-without-label", metadata.key_offset(),
                   "the key " + quoted(key) + " without " + quoted(name),
                   "add \"" + shown(name) + "\": <label>, or take the metadata out", "ERROR_NO_LABEL_ATTRIBUTES");
      continue;
    }
    LabelLint(name, *label, facts, memory, report).run(*label, metadata);
  }
  n_labels += lint_lone_labels(line, members, memory, report);
  n_labels += lint_misspelled_metadata(line, members, report);
  const bool has_labels_elsewhere = !memory.attributes.empty();
  if (n_labels == 0 && has_labels_elsewhere && facts.has_address) {
    report.rekognition("unlabeled-line", line.begin_offset(),
                       "no label, while other lines have one: it is not trained on",
                       "label the item, or take the line out", "WARNING_UNANNOTATED_RECORD");
  }
}

}  // namespace gtlabel::formats
