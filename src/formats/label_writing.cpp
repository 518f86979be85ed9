#include <algorithm>
#include <cmath>

#include "formats/json_tree.hpp"
#include "formats/task_type.hpp"
#include "gtlabel/core/error.hpp"
#include "gtlabel/formats/manifest_label.hpp"
#include "support/json.hpp"

namespace gtlabel {
namespace {

using formats::TaskType;
using Json = nlohmann::ordered_json;
using ClassMap = std::vector<std::pair<std::int64_t, std::string>>;

/// JSON that the caller gave as a text.
Json parsed(const std::string& json, const std::string& where) {
  Json value = Json::parse(json, nullptr, false);
  if (value.is_discarded()) throw InvalidArgument("label: " + where + " is '" + json + "', expected JSON");
  return value;
}

/// Adds members that are not there yet.
void add_others(const OtherMembers& others, const char* where, Json& object) {
  for (const auto& [key, json] : others) {
    if (!object.contains(key)) object[key] = parsed(json, std::string(where) + " '" + key + "'");
  }
}

/// A number; whole ones without a point, as Ground Truth writes pixels.
Json plain_number(double value) {
  if (!std::isfinite(value)) {
    throw InvalidArgument("label: a number that is not finite given, which JSON cannot hold", ErrorCode::not_finite);
  }
  constexpr double kLargest = 9007199254740992.0;
  if (std::floor(value) == value && std::abs(value) < kLargest) return static_cast<std::int64_t>(value);
  return value;
}

Json real_number(double value) {
  (void)plain_number(value);
  return value;
}

/// Lists of confidences beside lists of boxes: an empty object where there is none.
Json confidence_object(const std::optional<double>& confidence, const OtherMembers& others) {
  Json object = Json::object();
  if (confidence) object["confidence"] = real_number(*confidence);
  add_others(others, "the metadata of a part", object);
  return object;
}

/// The classes of the map, and those that parts name besides.
class ClassMapJson {
 public:
  explicit ClassMapJson(const ClassMap& given) {
    for (const auto& [index, name] : given) map_[std::to_string(index)] = name;
  }
  void add(const ManifestClass& one) {
    const std::string key = std::to_string(one.class_index);
    if (!map_.contains(key)) map_[key] = one.class_name;
  }
  [[nodiscard]] const Json& json() const { return map_; }

 private:
  Json map_ = Json::object();
};

struct Written {
  Json label, metadata = Json::object();
};

Written write(const ClassLabel& label, TaskType type) {
  Written written;
  if (type == TaskType::verification) {
    written.label = std::to_string(label.chosen.class_index);
  } else {
    written.label = label.chosen.class_index;
  }
  written.metadata["class-name"] = label.chosen.class_name;
  if (label.chosen.confidence) written.metadata["confidence"] = real_number(*label.chosen.confidence);
  return written;
}

Written write(const MultiClassLabel& label, TaskType) {
  Written written;
  written.label = Json::array();
  Json map = Json::object(), confidences = Json::object();
  for (const ManifestClass& one : label.classes) {
    const std::string key = std::to_string(one.class_index);
    written.label.push_back(one.class_index);
    map[key] = one.class_name;
    if (one.confidence) confidences[key] = real_number(*one.confidence);
  }
  written.metadata["class-map"] = std::move(map);
  written.metadata["confidence-map"] = std::move(confidences);
  return written;
}

Written write(const BoxLabel& label, TaskType) {
  Written written;
  Json size = Json::object();
  if (label.image_width != 0) size["width"] = label.image_width;
  if (label.image_height != 0) size["height"] = label.image_height;
  if (label.image_depth != 0) size["depth"] = label.image_depth;
  if (!size.empty()) written.label["image_size"] = Json::array({std::move(size)});
  Json annotations = Json::array(), objects = Json::array();
  ClassMapJson map(label.class_map);
  for (const ManifestBox& box : label.boxes) {
    Json annotation = Json::object();
    annotation["class_id"] = box.object.class_index;
    annotation["left"] = plain_number(box.left);
    annotation["top"] = plain_number(box.top);
    annotation["width"] = plain_number(box.width);
    annotation["height"] = plain_number(box.height);
    add_others(box.other_members, "a box's member", annotation);
    annotations.push_back(std::move(annotation));
    objects.push_back(confidence_object(box.object.confidence, box.other_metadata));
    map.add(box.object);
  }
  written.label["annotations"] = std::move(annotations);
  add_others(label.other_members, "the label's member", written.label);
  written.metadata["objects"] = std::move(objects);
  written.metadata["class-map"] = map.json();
  return written;
}

Written write(const MaskLabel& label, TaskType type) {
  Written written;
  written.label = label.mask_ref;
  Json map = Json::object();
  for (const MaskClass& one : label.classes) {
    Json entry = Json::object();
    entry["class-name"] = one.region.class_name;
    if (!one.hex_color.empty()) entry["hex-color"] = one.hex_color;
    if (one.region.confidence) entry["confidence"] = real_number(*one.region.confidence);
    map[std::to_string(one.region.class_index)] = std::move(entry);
  }
  written.metadata[type == TaskType::point_mask ? "color-map" : "internal-color-map"] = std::move(map);
  return written;
}

Written write(const SpanLabel& label, TaskType) {
  Written written;
  Json labels = Json::array(), entities = Json::array(), confidences = Json::array();
  for (const auto& [name, short_name] : label.labels) {
    Json entry = Json::object();
    entry["label"] = name;
    if (!short_name.empty()) entry["shortDisplayName"] = short_name;
    labels.push_back(std::move(entry));
  }
  for (const TextSpan& span : label.spans) {
    Json entity = Json::object();
    entity["label"] = span.label;
    entity["startOffset"] = span.start;
    entity["endOffset"] = span.end;
    add_others(span.other_members, "a span's member", entity);
    entities.push_back(std::move(entity));
    confidences.push_back(confidence_object(span.confidence, span.other_metadata));
  }
  written.label["annotations"]["labels"] = std::move(labels);
  written.label["annotations"]["entities"] = std::move(entities);
  add_others(label.other_members, "the label's member", written.label);
  written.metadata["entities"] = std::move(confidences);
  return written;
}

Written write(const SequenceLabel& label, TaskType) {
  Written written;
  written.label = label.sequence_ref;
  written.metadata["class-map"] = ClassMapJson(label.class_map).json();
  return written;
}

Json attributes_json(const Cuboid& cuboid) {
  Json attributes = Json::object();
  for (const auto& [key, value] : cuboid.attributes) {
    attributes[key] = parsed(value, "the attribute '" + key + "' of a cuboid");
  }
  return attributes;
}

Written write(const CuboidLabel& label, TaskType) {
  Written written;
  Json annotations = Json::array(), objects = Json::array();
  ClassMapJson map(label.class_map);
  bool has_objects = false;
  for (const Cuboid& one : label.cuboids) {
    Json annotation = Json::object();
    annotation["label-category-attributes"] = attributes_json(one);
    annotation["object-name"] = one.object_name;
    annotation["class-id"] = one.object.class_index;
    const std::pair<const char*, double> places[] = {
        {"center-x", one.center_x}, {"center-y", one.center_y}, {"center-z", one.center_z},
        {"length", one.length},     {"width", one.width},       {"height", one.height},
        {"roll", one.roll},         {"pitch", one.pitch},       {"yaw", one.yaw}};
    for (const auto& [key, value] : places) annotation[key] = plain_number(value);
    add_others(one.other_members, "a cuboid's member", annotation);
    annotations.push_back(std::move(annotation));
    objects.push_back(confidence_object(one.object.confidence, one.other_metadata));
    has_objects = has_objects || !objects.back().empty();
    map.add(one.object);
  }
  written.label["annotations"] = std::move(annotations);
  add_others(label.other_members, "the label's member", written.label);
  written.metadata["objects"] = has_objects ? std::move(objects) : Json::array();
  written.metadata["class_map"] = map.json();  // the one type that is written with an underscore
  return written;
}

Written write(const CustomLabel& label, TaskType) {
  Written written;
  written.label = parsed(label.json, "the value");
  return written;
}

TaskType type_of(const ManifestLabel& label) {
  if (const auto type = formats::task_type_of(label.type)) return *type;
  constexpr TaskType kTypes[] = {
      TaskType::image_class, TaskType::image_multi_class, TaskType::boxes,   TaskType::mask,
      TaskType::spans,       TaskType::video_objects,     TaskType::cuboids, TaskType::custom};
  return kTypes[label.value.index()];
}

void write_common(const ManifestLabel& label, TaskType type, Json& metadata) {
  metadata["type"] =
      formats::task_type_of(label.type) || label.type.empty() ? std::string(canonical_type(type)) : label.type;
  const bool is_custom = type == TaskType::custom;  // written with underscores by Ground Truth itself
  if (!label.job_name.empty()) metadata[is_custom ? "job_name" : "job-name"] = label.job_name;
  if (label.human_annotated) metadata["human-annotated"] = *label.human_annotated ? "yes" : "no";
  if (!label.creation_date.empty()) metadata[is_custom ? "creation_date" : "creation-date"] = label.creation_date;
  if (!label.adjustment_status.empty()) metadata["adjustment-status"] = label.adjustment_status;
}

void write_behind(const ManifestLabel& label, TaskType type, Json& metadata) {
  if (const auto* custom = std::get_if<CustomLabel>(&label.value)) {
    if (!custom->worker_response_ref.empty()) metadata["worker-response-ref"] = custom->worker_response_ref;
  }
  const auto* chosen = std::get_if<ClassLabel>(&label.value);
  if (chosen == nullptr || (type != TaskType::verification && chosen->comments.empty())) return;
  if (chosen->comments.empty()) return;
  Json feedback = Json::array();
  for (const std::string& comment : chosen->comments) feedback.push_back({{"comment", comment}});
  metadata["worker-feedback"] = std::move(feedback);
}

}  // namespace

ManifestLabelText write_manifest_label(const ManifestLabel& label) {
  const TaskType type = type_of(label);
  try {
    Written written = std::visit([type](const auto& value) { return write(value, type); }, label.value);
    write_common(label, type, written.metadata);
    write_behind(label, type, written.metadata);
    add_others(label.other_metadata, "metadata", written.metadata);
    return {written.label.dump(), written.metadata.dump()};
  } catch (const Json::exception&) {
    throw InvalidArgument("label: a text that is not UTF-8 given, expected UTF-8");
  }
}

}  // namespace gtlabel
