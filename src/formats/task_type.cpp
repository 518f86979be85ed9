#include "formats/task_type.hpp"

#include <array>
#include <chrono>
#include <string>
#include <utility>

namespace gtlabel::formats {
namespace {

constexpr std::array<std::pair<std::string_view, TaskType>, 15> kTypes{{
    {"groundtruth/image-classification", TaskType::image_class},
    {"groundtruth/text-classification", TaskType::text_class},
    {"groundtruth/video-classification", TaskType::video_class},
    {"groundtruth/image-classification-multilabel", TaskType::image_multi_class},
    {"groundtruth/text-classification-multilabel", TaskType::text_multi_class},
    {"groundtruth/object-detection", TaskType::boxes},
    {"groundtruth/semantic-segmentation", TaskType::mask},
    {"groundtruth/label-verification", TaskType::verification},
    {"groundtruth/text-span", TaskType::spans},
    {"groundtruth/video-object-detection", TaskType::video_objects},
    {"groundtruth/video-object-tracking", TaskType::video_tracks},
    {"groundtruth/point_cloud_object_detection", TaskType::cuboids},
    {"groundtruth/point_cloud_object_tracking", TaskType::cuboid_tracks},
    {"groundtruth/point_cloud_single_frame_semantic_segmentation", TaskType::point_mask},
    {"groundTruth/custom", TaskType::custom},
}};

char folded(char c) {
  if (c >= 'A' && c <= 'Z') return static_cast<char>(c - 'A' + 'a');
  return c == '_' ? '-' : c;
}

bool is_same_type(std::string_view one, std::string_view other) {
  if (one.size() != other.size()) return false;
  for (std::size_t i = 0; i < one.size(); ++i) {
    if (folded(one[i]) != folded(other[i])) return false;
  }
  return true;
}

/// `count` digits at the front as a number, taken off; -1 without them.
int take_digits(std::string_view& text, std::size_t count) {
  if (text.size() < count) return -1;
  int number = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    number = 10 * number + (text[i] - '0');
  }
  text.remove_prefix(count);
  return number;
}

bool take(std::string_view& text, std::string_view choices) {
  if (text.empty() || choices.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

/// Digits behind the point as microseconds; -1 if there is something else.
std::int64_t take_fraction(std::string_view& text) {
  if (text.empty() || text.front() != '.') return 0;
  text.remove_prefix(1);
  std::int64_t value = 0, unit = 100'000;
  std::size_t n_digits = 0;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    value += (text.front() - '0') * unit;
    unit /= 10;
    ++n_digits;
    text.remove_prefix(1);
  }
  return n_digits >= 1 && n_digits <= 9 ? value : -1;
}

}  // namespace

std::optional<TaskType> task_type_of(std::string_view type) {
  for (const auto& [name, kind] : kTypes) {
    if (type == name) return kind;
  }
  for (const auto& [name, kind] : kTypes) {
    if (is_same_type(type, name)) return kind;
  }
  return std::nullopt;
}

std::string_view canonical_type(TaskType type) {
  for (const auto& [name, kind] : kTypes) {
    if (kind == type) return name;
  }
  return {};
}

bool needs_ref(TaskType type) { return is_mask(type) || is_sequence(type); }

TaskType guessed_task_type(JsonValue label, std::optional<JsonValue> metadata) {
  const auto has = [&](std::string_view key, std::string_view other) {
    return metadata && metadata->find(key, other).has_value();
  };
  if (label.is_array()) return TaskType::image_multi_class;
  if (label.is_object()) {
    const std::optional<JsonValue> annotations = label.find("annotations");
    if (annotations && annotations->is_object()) return TaskType::spans;
    if (label.find("image_size")) return TaskType::boxes;
    if (annotations && annotations->is_array() && annotations->size() > 0 && (*annotations->begin()).find("center-x")) {
      return TaskType::cuboids;
    }
    return annotations && annotations->is_array() ? TaskType::boxes : TaskType::custom;
  }
  if (has("internal-color-map", "color-map")) return TaskType::mask;
  if (has("class-name", "class_name") || label.is_number()) return TaskType::image_class;
  return label.is_string() && has("class-map", "class_map") ? TaskType::video_objects : TaskType::custom;
}

std::optional<std::int64_t> microseconds_of(std::string_view date) {
  namespace chrono = std::chrono;
  const int year = take_digits(date, 4);
  bool is_sound = take(date, "-");
  const int month = take_digits(date, 2);
  is_sound = is_sound && take(date, "-");
  const int day = take_digits(date, 2);
  is_sound = is_sound && take(date, "T ");
  const int hour = take_digits(date, 2);
  is_sound = is_sound && take(date, ":");
  const int minute = take_digits(date, 2);
  is_sound = is_sound && take(date, ":");
  const int second = take_digits(date, 2);
  if (!is_sound || year < 0 || month < 1 || day < 1 || hour < 0 || hour > 23 || minute < 0 || minute > 59 ||
      second < 0 || second > 60) {
    return std::nullopt;
  }
  const std::int64_t fraction = take_fraction(date);
  if (!date.empty() && date.front() == 'Z') date.remove_prefix(1);
  const chrono::year_month_day ymd{chrono::year(year), chrono::month(static_cast<unsigned>(month)),
                                   chrono::day(static_cast<unsigned>(day))};
  if (fraction < 0 || !date.empty() || !ymd.ok()) return std::nullopt;
  const std::int64_t days = chrono::sys_days(ymd).time_since_epoch().count();
  return (((days * 24 + hour) * 60 + minute) * 60 + second) * 1'000'000 + fraction;
}

}  // namespace gtlabel::formats
