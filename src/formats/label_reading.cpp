#include <algorithm>
#include <array>
#include <unordered_map>

#include "formats/json_tree.hpp"
#include "formats/line_members.hpp"
#include "formats/task_type.hpp"
#include "gtlabel/core/error.hpp"
#include "gtlabel/formats/manifest_label.hpp"

namespace gtlabel {
namespace {

using formats::JsonTree;
using formats::JsonValue;
using formats::TaskType;
using ClassMap = std::vector<std::pair<std::int64_t, std::string>>;
using Member = std::optional<JsonValue>;

std::string string_of(const Member& value) { return value ? value->string().value_or("") : ""; }

double number_of(JsonValue object, std::string_view key) {
  const Member value = object.find(key);
  return value ? value->number().value_or(0.0) : 0.0;
}

std::int64_t whole_of(const Member& value, std::int64_t otherwise) {
  return value ? value->whole_number().value_or(otherwise) : otherwise;
}

std::optional<double> confidence_of(const Member& object) {
  const Member value = object ? object->find("confidence") : std::nullopt;
  return value ? value->number() : std::nullopt;
}

/// The i-th of a list, in lists that are walked side by side.
class ListWalk {
 public:
  explicit ListWalk(const Member& list) {
    if (list && list->is_array()) {
      next_ = list->begin();
      end_ = list->end();
    }
  }
  Member take() {
    if (next_ == end_) return std::nullopt;
    const JsonValue value = *next_;
    ++next_;
    return value;
  }

 private:
  JsonValue::Iterator next_{nullptr, 0}, end_{nullptr, 0};
};

/// The members of an object that are not `known`; those are given with `-`, for which `_` may stand.
OtherMembers others_of(const Member& object, std::initializer_list<std::string_view> known) {
  OtherMembers others;
  if (!object || !object->is_object()) return others;
  for (const JsonValue member : *object) {
    std::string spelled = member.key();
    std::replace(spelled.begin(), spelled.end(), '_', '-');
    const bool is_known = std::find(known.begin(), known.end(), spelled) != known.end();
    if (!is_known) others.emplace_back(member.key(), member.text());
  }
  return others;
}

ClassMap class_map_of(const Member& metadata) {
  ClassMap map;
  const Member given = metadata ? metadata->find("class-map", "class_map") : std::nullopt;
  if (!given || !given->is_object()) return map;
  for (const JsonValue member : *given) {
    const std::string key = member.key();
    JsonTree number;
    if (!number.parse(key)) continue;
    if (const auto index = number.root().whole_number()) map.emplace_back(*index, member.string().value_or(""));
  }
  return map;
}

/// The names of a class map by number; of several the first.
class ClassNames {
 public:
  explicit ClassNames(const ClassMap& map) {
    for (const auto& [index, name] : map) names_.emplace(index, name);
  }
  [[nodiscard]] std::string of(std::int64_t index) const {
    const auto found = names_.find(index);
    return std::string(found == names_.end() ? std::string_view() : found->second);
  }

 private:
  std::unordered_map<std::int64_t, std::string_view> names_;
};

ClassLabel read_class(JsonValue label, const Member& metadata) {
  ClassLabel result;
  result.chosen.class_index = label.whole_number().value_or(-1);
  if (!metadata) return result;
  result.chosen.class_name = string_of(metadata->find("class-name", "class_name"));
  result.chosen.confidence = confidence_of(metadata);
  if (const Member feedback = metadata->find("worker-feedback", "worker_feedback"); feedback && feedback->is_array()) {
    for (const JsonValue entry : *feedback) result.comments.push_back(string_of(entry.find("comment")));
  }
  return result;
}

MultiClassLabel read_classes(JsonValue label, const Member& metadata) {
  MultiClassLabel result;
  if (!label.is_array()) return result;
  const ClassMap map = class_map_of(metadata);
  const ClassNames names(map);
  const Member given = metadata ? metadata->find("confidence-map", "confidence_map") : std::nullopt;
  std::optional<formats::MemberIndex> confidences;
  if (given && given->is_object()) confidences.emplace(*given);
  for (const JsonValue entry : label) {
    ManifestClass one;
    one.class_index = entry.whole_number().value_or(-1);
    one.class_name = names.of(one.class_index);
    const Member confidence = confidences ? confidences->find(std::to_string(one.class_index), "") : std::nullopt;
    if (confidence) one.confidence = confidence->number();
    result.classes.push_back(std::move(one));
  }
  return result;
}

BoxLabel read_boxes(JsonValue label, const Member& metadata) {
  BoxLabel result;
  result.class_map = class_map_of(metadata);
  if (const Member size = ListWalk(label.find("image_size", "image-size")).take()) {
    result.image_width = whole_of(size->find("width"), 0);
    result.image_height = whole_of(size->find("height"), 0);
    result.image_depth = whole_of(size->find("depth"), 0);
  }
  result.other_members = others_of(label, {"image-size", "annotations"});
  const ClassNames names(result.class_map);
  ListWalk annotations(label.find("annotations"));
  ListWalk objects(metadata ? metadata->find("objects") : std::nullopt);
  while (const Member annotation = annotations.take()) {
    ManifestBox box;
    box.object.class_index = whole_of(annotation->find("class_id", "class-id"), -1);
    box.object.class_name = names.of(box.object.class_index);
    const Member object = objects.take();
    box.object.confidence = confidence_of(object);
    box.left = number_of(*annotation, "left");
    box.top = number_of(*annotation, "top");
    box.width = number_of(*annotation, "width");
    box.height = number_of(*annotation, "height");
    box.other_members = others_of(annotation, {"class-id", "left", "top", "width", "height"});
    box.other_metadata = others_of(object, {"confidence"});
    result.boxes.push_back(std::move(box));
  }
  return result;
}

MaskLabel read_mask(JsonValue label, const Member& metadata) {
  MaskLabel result;
  result.mask_ref = label.string().value_or("");
  const Member map = metadata ? metadata->find("internal-color-map", "color-map") : std::nullopt;
  if (!map || !map->is_object()) return result;
  for (const JsonValue member : *map) {
    MaskClass one;
    JsonTree number;
    const std::string key = member.key();
    if (number.parse(key)) one.region.class_index = number.root().whole_number().value_or(-1);
    one.region.class_name = string_of(member.find("class-name", "class_name"));
    one.region.confidence = confidence_of(member);
    one.hex_color = string_of(member.find("hex-color", "hex_color"));
    result.classes.push_back(std::move(one));
  }
  return result;
}

SpanLabel read_spans(JsonValue label, const Member& metadata) {
  SpanLabel result;
  const Member annotations = label.find("annotations");
  result.other_members = others_of(label, {"annotations"});
  if (!annotations) return result;
  ListWalk labels(annotations->find("labels"));
  while (const Member name = labels.take()) {
    result.labels.emplace_back(string_of(name->find("label")), string_of(name->find("shortDisplayName")));
  }
  ListWalk entities(annotations->find("entities"));
  ListWalk confidences(metadata ? metadata->find("entities") : std::nullopt);
  while (const Member entity = entities.take()) {
    const Member described = confidences.take();
    result.spans.push_back({string_of(entity->find("label")), whole_of(entity->find("startOffset"), 0),
                            whole_of(entity->find("endOffset"), 0), confidence_of(described),
                            others_of(entity, {"label", "startOffset", "endOffset"}),
                            others_of(described, {"confidence"})});
  }
  return result;
}

CuboidLabel read_cuboids(JsonValue label, const Member& metadata) {
  CuboidLabel result;
  result.class_map = class_map_of(metadata);
  result.other_members = others_of(label, {"annotations"});
  const ClassNames names(result.class_map);
  ListWalk annotations(label.find("annotations"));
  ListWalk objects(metadata ? metadata->find("objects") : std::nullopt);
  while (const Member annotation = annotations.take()) {
    Cuboid one;
    one.object.class_index = whole_of(annotation->find("class-id", "class_id"), -1);
    one.object.class_name = names.of(one.object.class_index);
    const Member object = objects.take();
    one.object.confidence = confidence_of(object);
    one.object_name = string_of(annotation->find("object-name", "object_name"));
    const std::pair<std::string_view, double*> places[] = {
        {"center-x", &one.center_x}, {"center-y", &one.center_y}, {"center-z", &one.center_z},
        {"length", &one.length},     {"width", &one.width},       {"height", &one.height},
        {"roll", &one.roll},         {"pitch", &one.pitch},       {"yaw", &one.yaw}};
    for (const auto& [key, place] : places) *place = number_of(*annotation, key);
    const Member attributes = annotation->find("label-category-attributes", "label_category_attributes");
    if (attributes && attributes->is_object()) {
      for (const JsonValue attribute : *attributes) one.attributes.emplace_back(attribute.key(), attribute.text());
    }
    one.other_members =
        others_of(annotation, {"class-id", "object-name", "label-category-attributes", "center-x", "center-y",
                               "center-z", "length", "width", "height", "roll", "pitch", "yaw"});
    one.other_metadata = others_of(object, {"confidence"});
    result.cuboids.push_back(std::move(one));
  }
  return result;
}

void read_common(const JsonValue& metadata, ManifestLabel& label) {
  label.type = string_of(metadata.find("type"));
  label.job_name = string_of(metadata.find("job-name", "job_name"));
  label.creation_date = string_of(metadata.find("creation-date", "creation_date"));
  label.adjustment_status = string_of(metadata.find("adjustment-status", "adjustment_status"));
  if (const Member human = metadata.find("human-annotated", "human_annotated")) {
    if (human->string_is("yes")) label.human_annotated = true;
    if (human->string_is("no")) label.human_annotated = false;
  }
}

/// The members that `read_common` and the reader of the type take, besides.
bool is_known(std::string_view key, const ManifestLabel& label) {
  std::string spelled(key);
  std::replace(spelled.begin(), spelled.end(), '_', '-');
  for (const std::string_view common : {"type", "job-name", "human-annotated", "creation-date", "adjustment-status"}) {
    if (spelled == common) return true;
  }
  static constexpr std::array<std::array<std::string_view, 3>, 8> kOfType{{
      {"class-name", "confidence", "worker-feedback"},
      {"class-map", "confidence-map", ""},
      {"objects", "class-map", ""},
      {"internal-color-map", "color-map", ""},
      {"entities", "", ""},
      {"class-map", "", ""},
      {"objects", "class-map", ""},
      {"worker-response-ref", "", ""},
  }};
  const auto& of_type = kOfType[label.value.index()];
  return std::find(of_type.begin(), of_type.end(), spelled) != of_type.end();
}

void parse_or_refuse(JsonTree& tree, std::string_view text, const char* name) {
  if (tree.parse(text)) return;
  throw FormatError(std::string(name) + ": character " +
                    std::to_string(formats::characters_before(text, tree.fault().offset) + 1) + ": " +
                    tree.fault().what + ", expected JSON");
}

}  // namespace

ManifestLabel read_manifest_label(std::string_view label, std::string_view metadata) {
  JsonTree label_tree, metadata_tree;
  parse_or_refuse(label_tree, label, "label");
  Member described;
  if (!metadata.empty()) {
    parse_or_refuse(metadata_tree, metadata, "metadata");
    if (metadata_tree.root().is_object()) described = metadata_tree.root();
  }
  const JsonValue given = label_tree.root();
  ManifestLabel result;
  if (described) read_common(*described, result);
  const TaskType type = formats::task_type_of(result.type)
                            .value_or(result.type.empty() ? guessed_task_type(given, described) : TaskType::custom);
  if (is_class(type)) {
    result.value = read_class(given, described);
  } else if (is_multi_class(type)) {
    result.value = read_classes(given, described);
  } else if (is_mask(type)) {
    result.value = read_mask(given, described);
  } else if (is_sequence(type)) {
    result.value = SequenceLabel{given.string().value_or(""), class_map_of(described)};
  } else if (type == TaskType::boxes) {
    result.value = read_boxes(given, described);
  } else if (type == TaskType::spans) {
    result.value = read_spans(given, described);
  } else if (type == TaskType::cuboids) {
    result.value = read_cuboids(given, described);
  } else {
    const Member response = described ? described->find("worker-response-ref", "worker_response_ref") : std::nullopt;
    result.value = CustomLabel{std::string(given.text()), string_of(response)};
  }
  if (described) {
    for (const JsonValue member : *described) {
      const std::string key = member.key();
      if (!is_known(key, result)) result.other_metadata.emplace_back(key, member.text());
    }
  }
  return result;
}

}  // namespace gtlabel
