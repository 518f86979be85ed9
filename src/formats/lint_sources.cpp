#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "formats/lint_report.hpp"

namespace gtlabel::formats {
namespace {

using Member = std::optional<JsonValue>;

/// The key without case and separators: `Source_Ref` is meant to be `source-ref`.
std::string folded(std::string_view key) {
  std::string result;
  for (const char c : key) {
    if (c == '-' || c == '_' || c == ' ') continue;
    result += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return result;
}

void lint_missing_source(JsonValue line, LintReport& report) {
  for (const JsonValue member : line) {
    const std::string key = folded(member.key());
    if (key != "source" && key != "sourceref") continue;
    const std::string meant = key == "source" ? "source" : "source-ref";
    report.error("misspelled-key", member.key_offset(),
                 "the key '" + shown(member.key()) + "', expected '" + meant + "'", "write \"" + meant + "\"",
                 "ERROR_MISSING_SOURCE_REF");
    return;
  }
  report.error("no-source", line.begin_offset(), "neither source nor source-ref",
               "add \"source\": \"<text>\" or \"source-ref\": \"s3://<bucket>/<key>\"", "ERROR_MISSING_SOURCE_REF");
}

void lint_source_value(JsonValue value, bool is_text, LineFacts& facts, FileMemory& memory, LintReport& report) {
  const std::string key = is_text ? "source" : "source-ref";
  facts.source_offset = value.begin_offset();
  if (!value.is_string()) {
    report.error(is_text ? "source-not-text" : "source-ref-not-text", value.begin_offset(),
                 key + " is " + shown(value) + ", expected a text", "put the value in double quotes",
                 is_text ? "" : "ERROR_INVALID_SOURCE_REF_FORMAT");
    return;
  }
  facts.source = *value.string();
  const bool is_blank = facts.source.find_first_not_of(" \t\r\n") == std::string::npos;
  if (is_blank) {
    report.error(is_text ? "empty-source" : "empty-source-ref", value.begin_offset(), key + " has nothing in it",
                 is_text ? "write the text, or take the line out" : "write the address, or take the line out",
                 is_text ? "" : "ERROR_INVALID_SOURCE_REF_FORMAT");
    return;
  }
  if (!is_text && facts.source.find_first_of(" \t\r\n") == 0) {
    report.warning("blank-in-source-ref", value.begin_offset(), "source-ref begins with a blank",
                   "take the blank away");
  }
  const std::size_t scheme = facts.source.find(':');
  if (!is_text && facts.source.starts_with("s3:") && !facts.source.starts_with("s3://")) {
    report.error("bad-s3-uri", value.begin_offset(), "source-ref is " + shown(value) + ", expected s3://<bucket>/<key>",
                 "write s3://<bucket>/<key>", "ERROR_INVALID_SOURCE_REF_FORMAT");
  } else if (!is_text && facts.source.starts_with("s3://")) {
    const std::size_t slash = facts.source.find('/', 5);
    if (slash == 5 || slash == std::string::npos || slash + 1 == facts.source.size()) {
      report.error("bad-s3-uri", value.begin_offset(), "source-ref is " + shown(value) + ", without bucket or key",
                   "write s3://<bucket>/<key>", "ERROR_INVALID_SOURCE_REF_FORMAT");
    }
  } else if (!is_text && scheme != std::string::npos && facts.source.starts_with("S3://")) {
    report.warning("bad-s3-uri", value.begin_offset(), "source-ref begins with S3://, expected s3://", "write s3://");
  }
  const auto [place, is_new] = memory.sources.try_emplace(value.text(), report.line_number());
  if (!is_new) {
    report.warning("duplicate-source", value.begin_offset(),
                   "the same " + key + " as in line " + std::to_string(place->second),
                   "take one of the lines out, or the item is labelled and paid twice");
  }
}

void lint_number(JsonValue object, std::string_view key, std::string_view rule, std::string_view where,
                 LintReport& report) {
  const Member value = object.find(key);
  if (value && value->number()) return;
  report.error(rule, value ? value->begin_offset() : object.begin_offset(),
               std::string(where) + ": " + std::string(key) +
                   (value ? " is " + shown(*value) : std::string(" is missing")) + ", expected a number",
               "write \"" + std::string(key) + "\": <number>");
}

void lint_vector(JsonValue parent, std::string_view key, std::initializer_list<std::string_view> parts,
                 std::string_view where, LintReport& report) {
  const Member vector = parent.find(key);
  if (!vector || !vector->is_object()) {
    report.error("bad-pose", vector ? vector->begin_offset() : parent.begin_offset(),
                 std::string(where) + ": " + std::string(key) + " is no object of numbers",
                 "write \"" + std::string(key) + "\": {\"" + std::string(*parts.begin()) + "\": <number>, ...}");
    return;
  }
  for (const std::string_view part : parts) lint_number(*vector, part, "bad-pose", where, report);
}

void lint_cameras(JsonValue described, LintReport& report) {
  const Member images = described.find("images");
  if (!images) return;
  if (!images->is_array()) {
    report.error("bad-camera", images->begin_offset(), "images is " + shown(*images) + ", expected a list",
                 "write \"images\": [{\"image-path\": ...}, ...]");
    return;
  }
  for (const JsonValue image : *images) {
    const Member path = image.find("image-path");
    if (!path || !path->is_string()) {
      report.error("bad-camera", image.begin_offset(), "an image without image-path", "add \"image-path\": \"<file>\"");
    }
    for (const std::string_view key : {"unix-timestamp", "fx", "fy", "cx", "cy"}) {
      lint_number(image, key, "bad-camera", "an image", report);
    }
  }
}

/// What describes one point cloud: of a single frame, or of a frame in a sequence.
void lint_point_cloud(JsonValue described, LintReport& report) {
  static constexpr std::array<std::string_view, 8> kFormats{"binary/xyz",     "binary/xyzi", "binary/xyzrgb",
                                                            "binary/xyzirgb", "text/xyz",    "text/xyzi",
                                                            "text/xyzrgb",    "text/xyzirgb"};
  if (!described.is_object()) {
    report.error("bad-point-cloud", described.begin_offset(),
                 "source-ref-metadata is " + shown(described) + ", expected an object",
                 "write \"source-ref-metadata\": {\"unix-timestamp\": <seconds>, ...}");
    return;
  }
  const Member format = described.find("format");
  if (format && std::none_of(kFormats.begin(), kFormats.end(),
                             [&](std::string_view known) { return format->string_is(known); })) {
    report.error("bad-point-format", format->begin_offset(),
                 "format is " + shown(*format) + ", expected binary/ or text/ and xyz, xyzi, xyzrgb or xyzirgb",
                 "write \"format\": \"binary/xyzi\" or what the file is");
  }
  lint_number(described, "unix-timestamp", "bad-point-cloud", "source-ref-metadata", report);
  if (const Member pose = described.find("ego-vehicle-pose")) {
    lint_vector(*pose, "position", {"x", "y", "z"}, "ego-vehicle-pose", report);
    lint_vector(*pose, "heading", {"qx", "qy", "qz", "qw"}, "ego-vehicle-pose", report);
  }
  lint_cameras(described, report);
}

void lint_object_id(JsonValue line, FileMemory& memory, LintReport& report) {
  constexpr std::size_t kLongestName = 140, kLongestId = 1024;
  const Member name = line.find("dataset-objectid-attribute-name");
  if (!name) return;
  const std::optional<std::string> key = name->string();
  if (!key) {
    report.error("bad-object-id-name", name->begin_offset(),
                 "dataset-objectid-attribute-name is " + shown(*name) + ", expected the name of a key",
                 "write the name of the key that has the id");
    return;
  }
  if (key->size() > kLongestName) {
    report.error("bad-object-id-name", name->begin_offset(), "the name of a key with more than 140 characters",
                 "give the key a shorter name");
  }
  const Member id = line.find(*key);
  if (!id) {
    report.error("missing-object-id", name->begin_offset(), "the key '" + shown(*key) + "' is not in the line",
                 "add \"" + shown(*key) + "\": \"<id>\"");
    return;
  }
  if (id->is_string() && id->string()->size() > kLongestId) {
    report.error("object-id-too-long", id->begin_offset(), "an id with more than 1024 characters", "shorten the id");
  }
  const auto [place, is_new] = memory.object_ids.try_emplace(std::string(id->text()), report.line_number());
  if (!is_new) {
    report.error("duplicate-object-id", id->begin_offset(),
                 "the id " + shown(*id) + " of line " + std::to_string(place->second) + " again",
                 "give every item an id of its own; the service drops the second");
  }
}

void lint_frame(JsonValue frame, double& last_time, LintReport& report) {
  const Member file = frame.find("frame");
  if (!file || !file->is_string() || file->raw_string().empty()) {
    report.error("frame-without-file", frame.begin_offset(), "a frame without the name of its file",
                 "add \"frame\": \"<file>\"");
  }
  const Member number = frame.find("frame-no");
  if (number && !number->whole_number()) {
    report.error("bad-frame-no", number->begin_offset(), "frame-no is " + shown(*number) + ", expected a whole number",
                 "number the frames from 0 or 1");
  }
  const Member time = frame.find("unix-timestamp");
  const std::optional<double> seconds = time ? time->number() : std::nullopt;
  if (time && !seconds) {
    report.error("bad-timestamp", time->begin_offset(), "unix-timestamp is " + shown(*time) + ", expected a number",
                 "write seconds since 1970");
  }
  if (seconds && *seconds <= last_time) {
    report.error("timestamps-fall", time->begin_offset(), "unix-timestamp is not above that of the frame before",
                 "sort the frames by time; frames between are interpolated by it");
  }
  if (seconds) last_time = *seconds;
}

}  // namespace

LineFacts lint_source(JsonValue line, FileMemory& memory, LintReport& report) {
  LineFacts facts;
  const Member text = line.find("source"), address = line.find("source-ref");
  facts.has_text = text.has_value();
  facts.has_address = address.has_value();
  if (!text && !address) lint_missing_source(line, report);
  if (text && address) {
    report.error("two-sources", std::max(text->key_offset(), address->key_offset()), "both source and source-ref",
                 "leave one: source for a text in the line, source-ref for a file");
  }
  if (address) lint_source_value(*address, false, facts, memory, report);
  if (text) lint_source_value(*text, true, facts, memory, report);
  if (const Member described = line.find("source-ref-metadata")) lint_point_cloud(*described, report);
  lint_object_id(line, memory, report);
  return facts;
}

void lint_sequence(JsonValue line, LintReport& report) {
  constexpr std::size_t kMostFrames = 2000;
  const Member number = line.find("seq-no");
  if (!number || !number->whole_number()) {
    report.error("bad-seq-no", number ? number->begin_offset() : line.begin_offset(),
                 number ? "seq-no is " + shown(*number) + ", expected a whole number" : "a sequence without seq-no",
                 "add \"seq-no\": <number>");
  }
  const Member prefix = line.find("prefix");
  if (!prefix || !prefix->is_string()) {
    report.error("missing-prefix", line.begin_offset(), "a sequence without prefix",
                 "add \"prefix\": \"s3://<bucket>/<folder>/\"");
  } else if (!prefix->raw_string().ends_with('/')) {
    report.error("prefix-without-slash", prefix->begin_offset(),
                 "prefix is " + shown(*prefix) + ", expected a / at the end", "end the prefix with /");
  }
  const Member frames = line.find("frames");
  if (!frames || !frames->is_array()) {
    report.error("frames-not-list", frames ? frames->begin_offset() : line.begin_offset(), "frames is no list",
                 "write \"frames\": [{\"frame\": \"<file>\"}, ...]");
    return;
  }
  const Member count = line.find("number-of-frames");
  if (!count || count->whole_number() != static_cast<std::int64_t>(frames->size())) {
    report.error("frame-count", count ? count->begin_offset() : line.begin_offset(),
                 "number-of-frames is " + (count ? shown(*count) : std::string("missing")) + ", the list has " +
                     std::to_string(frames->size()),
                 "write \"number-of-frames\": " + std::to_string(frames->size()));
  }
  if (frames->size() > kMostFrames) {
    report.error("too-many-frames", frames->begin_offset(),
                 std::to_string(frames->size()) + " frames, expected at most 2000", "split the sequence");
  }
  double last_time = -HUGE_VAL;
  for (const JsonValue frame : *frames) lint_frame(frame, last_time, report);
}

}  // namespace gtlabel::formats
