#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "gtlabel/core/export.hpp"

namespace gtlabel {

/// Members of an object that its kind does not know: key and JSON.
using OtherMembers = std::vector<std::pair<std::string, std::string>>;

/// One class of a manifest: Ground Truth's number for it, its name ("" where the file does not say), and how sure.
struct ManifestClass {
  std::int64_t class_index = -1;
  std::string class_name;
  std::optional<double> confidence;
  bool operator==(const ManifestClass&) const = default;
};

/// Image, text and clip classification with one class, and label verification.
struct ClassLabel {
  ManifestClass chosen;
  std::vector<std::string> comments;  ///< worker-feedback of a verification
  bool operator==(const ClassLabel&) const = default;
};

/// Classification with several classes, in the order of the file.
struct MultiClassLabel {
  std::vector<ManifestClass> classes;
  bool operator==(const MultiClassLabel&) const = default;
};

/// One rectangle, in pixels from the upper left corner.
struct ManifestBox {
  ManifestClass object;
  double left = 0, top = 0, width = 0, height = 0;
  OtherMembers other_members, other_metadata;  ///< of the annotation, and of its entry in `objects`
  bool operator==(const ManifestBox&) const = default;
};

/// Bounding boxes of one image. `class_map` may name classes that no box has.
struct BoxLabel {
  std::int64_t image_width = 0, image_height = 0, image_depth = 0;  ///< 0: the file does not say
  std::vector<ManifestBox> boxes;
  std::vector<std::pair<std::int64_t, std::string>> class_map;
  OtherMembers other_members;  ///< of the label
  bool operator==(const BoxLabel&) const = default;
};

/// A class of a mask and its colour, such as "#2ca02c"; "" in maps of 2019.
struct MaskClass {
  ManifestClass region;
  std::string hex_color;
  bool operator==(const MaskClass&) const = default;
};

/// Semantic segmentation of images and of points: the mask is a file of its own (PNG; zlib of a byte per point).
struct MaskLabel {
  std::string mask_ref;
  std::vector<MaskClass> classes;
  bool operator==(const MaskLabel&) const = default;
};

/// A named part of a text, from `start` to before `end`, in characters.
struct TextSpan {
  std::string label;
  std::int64_t start = 0, end = 0;
  std::optional<double> confidence;
  OtherMembers other_members, other_metadata;  ///< of the entity, and of its entry in the metadata's `entities`
  bool operator==(const TextSpan&) const = default;
};

/// Named entities of a text, with the labels there were to choose from: name and short name.
struct SpanLabel {
  std::vector<TextSpan> spans;
  std::vector<std::pair<std::string, std::string>> labels;
  OtherMembers other_members;  ///< of the label
  bool operator==(const SpanLabel&) const = default;
};

/// Labels of many frames in a file of their own (SeqLabel.json): objects and tracks in videos, tracks in point clouds.
struct SequenceLabel {
  std::string sequence_ref;
  std::vector<std::pair<std::int64_t, std::string>> class_map;
  bool operator==(const SequenceLabel&) const = default;
};

/// A box in space: centre, size, and rotation in radians.
struct Cuboid {
  ManifestClass object;
  std::string object_name;
  double center_x = 0, center_y = 0, center_z = 0;
  double length = 0, width = 0, height = 0;
  double roll = 0, pitch = 0, yaw = 0;
  OtherMembers attributes;                     ///< label-category-attributes
  OtherMembers other_members, other_metadata;  ///< of the annotation, and of its entry in `objects`
  bool operator==(const Cuboid&) const = default;
};

/// Objects of one point cloud.
struct CuboidLabel {
  std::vector<Cuboid> cuboids;
  std::vector<std::pair<std::int64_t, std::string>> class_map;
  OtherMembers other_members;  ///< of the label
  bool operator==(const CuboidLabel&) const = default;
};

/// A label of a custom task, or of a type that this version does not know: JSON as it stands.
struct CustomLabel {
  std::string json = "{}";
  std::string worker_response_ref;
  bool operator==(const CustomLabel&) const = default;
};

/// The label of one line under one label attribute name: what all have in common, and the value of its task type.
struct ManifestLabel {
  std::string type;      ///< such as "groundtruth/image-classification"; "" if the line does not say
  std::string job_name;  ///< such as "labeling-job/animals"
  std::optional<bool> human_annotated;
  std::string creation_date;      ///< as it stands: YYYY-MM-DDTHH:MM:SS.ffffff
  std::string adjustment_status;  ///< "adjusted", "unadjusted", or ""
  OtherMembers other_metadata;    ///< what the task type does not know
  std::variant<ClassLabel, MultiClassLabel, BoxLabel, MaskLabel, SpanLabel, SequenceLabel, CuboidLabel, CustomLabel>
      value;
  bool operator==(const ManifestLabel&) const = default;
};

/// A label as the two members that stand for it in a line.
struct ManifestLabelText {
  std::string label;     ///< JSON of `<name>`
  std::string metadata;  ///< JSON of `<name>-metadata`
};

/// Reads a label of any task type in any spelling that Ground Truth has written (docs/ground_truth.md). The task type
/// is that of the metadata, or what the label looks like; what does not fit its type is read as far as it does.
/// @param metadata  "" where the line has none.
/// @throws FormatError  if one of them is not JSON.
[[nodiscard]] GTLABEL_EXPORT ManifestLabel read_manifest_label(std::string_view label, std::string_view metadata);

/// Writes a label in the form that Ground Truth writes now, without blanks.
/// @throws InvalidArgument  for texts that are not UTF-8, JSON that is none, and numbers that are not finite.
[[nodiscard]] GTLABEL_EXPORT ManifestLabelText write_manifest_label(const ManifestLabel& label);

}  // namespace gtlabel
